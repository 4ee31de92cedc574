"""Who is in the ESS by law, and what an establishment does: legal categories, activities (NAF), sectors.

INSEE's reference for activities is the NAF 2025 from 1 January 2027; since December 2025 SIRENE carries codes of both
it and the NAF rév. 2, which the tables of the ESS speak.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.schema.names import simplify
from essgeo.territory import data_folder
from essgeo.text.languages import words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from essgeo.messages import Lang


NAF_REV2, NAF_2025 = "NAFRev2", "NAF2025"
"""The nomenclature of a code, as ``naf_version`` tells it."""

NOT_KNOWN = "not known"
"""What a code of the NAF 2025 is in the NAF rév. 2 where nothing tells it."""

SEVERAL = "+"
"""Between codes of the NAF rév. 2 that a code of the NAF 2025 holds a part of each."""

_BARE = re.compile(r"(\d\d)(\d\d[A-Z])")


@cache
def nomenclature(name: str) -> pd.DataFrame:
    """Return a table of ``data/nomenclatures``, every cell as text; it is shared: nobody may change it."""
    return pd.read_csv(data_folder() / "nomenclatures" / f"{name}.csv", dtype=str, keep_default_na=False)


def activities(establishments: pd.DataFrame, naf_2025: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return the activity of establishments: the code that SIRENE gives, its nomenclature, and what it is in the other.

    Whichever code is there is read: that of the NAF rév. 2, else that of the NAF 2025, in whichever of the two columns.

    Parameters
    ----------
    establishments
        Text columns ``naf``, ``naf_version`` and ``naf_2025``.
    naf_2025
        Codes of the NAF rév. 2 by code of the NAF 2025, from :func:`essgeo.official.readers.read_naf_2025`. Without it,
        and for a code that is not in it, the divisions that are the same in both nomenclatures count
        (``data/nomenclatures/naf_2025_divisions.csv``).

    Returns
    -------
    DataFrame
        The index of ``establishments``. ``naf``, the code as SIRENE gives it; ``naf_version``: ``NAFRev2``,
        ``NAF2025``, or what SIRENE says; ``naf_rev2``: its code or division in the NAF rév. 2, several joined by ``+``,
        ``not known`` where nothing tells it, ``""`` where there is no code of either nomenclature.

    Examples
    --------
    >>> rows = pd.DataFrame({"naf": ["94.99Z", "", "9020Y", ""], "naf_version": ["NAFRev2", "", "NAF2025", ""],
    ...                      "naf_2025": ["94.99Y", "88.91G", "", "94.92Y"]})
    >>> activities(rows, {"88.91G": "88.91A"})["naf_rev2"].tolist()
    ['94.99Z', '88.91A', '90', 'not known']
    """
    given, version, other = (establishments[name].str.strip() for name in ("naf", "naf_version", "naf_2025"))
    given, other = (codes.str.upper().replace(_BARE, r"\1.\2", regex=True) for codes in (given, other))
    # Series of codes, "" where there is none: of the NAF rév. 2, and of the NAF 2025 from whichever column holds it.
    # The old one is told where there is one, for the tables of the ESS speak it.
    old = given.where(version == NAF_REV2, "")
    new = given.where(version.str.contains("25"), other)
    code = old.where(old != "", new.where(new != "", given))
    told = version.mask((old == "") & (new != ""), NAF_2025)
    by_code = {each: in_rev2(each, naf_2025 or {}) for each in new.unique()}
    return pd.DataFrame({"naf": code, "naf_version": told, "naf_rev2": old.where(old != "", new.map(by_code))})


def unknown_activities(register: pd.DataFrame, lang: Lang) -> str:
    """Return that structures of a register have no activity that is known, and what to do; ``""`` if each has one.

    Examples
    --------
    >>> rows = pd.DataFrame({"naf_version": ["NAFRev2", "NAF2025", ""], "naf_rev2": ["94.99Z", "not known", ""]})
    >>> print(unknown_activities(rows, "en"))
    2 of the 3 structures of the register have no activity that is known: ... 1 of them have a code of the NAF 2025 ...
    """
    untold = register["naf_rev2"].isin(["", NOT_KNOWN])
    new = int((untold & (register["naf_version"] == NAF_2025)).sum())
    said = words(lang)["notes"]
    counts = {"count": int(untold.sum()), "total": len(register), "new": new}
    told = [said["activities_unknown"]] * bool(counts["count"]) + [said["activities_of_2025"]] * bool(new)
    return " ".join(sentence.format(**counts) for sentence in told)


def in_rev2(code: str, naf_2025: Mapping[str, str]) -> str:
    """Return what a code of the NAF 2025 is in the NAF rév. 2, as INSEE tells it, else by a division that both share.

    >>> in_rev2("86.97Y", {}), in_rev2("86.10Y", {}), in_rev2("", {})
    ('not known', '86', '')
    """
    if not code:
        return ""
    if code in naf_2025:
        return naf_2025[code]
    shared = nomenclature("naf_2025_divisions")
    fitting = [row for row in zip(shared["naf_2025"], shared["naf"], strict=True) if code.startswith(row[0])]
    _, division = max(fitting, key=lambda row: len(row[0]), default=("", ""))
    return division or NOT_KNOWN


def employees(bands: pd.Series) -> pd.DataFrame:
    """Return ``employees_low`` and ``employees_high`` of bands of SIRENE: ``NN``, ``00``, ``01`` (1 or 2), ... ``53``.

    NaN where the band is not known; the highest band has no upper end.

    >>> employees(pd.Series(["02", "NN", "", "53"])).values.tolist()
    [[3.0, 5.0], [0.0, 0.0], [nan, nan], [10000.0, nan]]
    """
    table = nomenclature("sirene_employee_bands").set_index("code")[["low", "high"]].apply(pd.to_numeric)
    return pd.DataFrame({f"employees_{end}": bands.map(table[end]).astype("float64") for end in ("low", "high")})


def sectors(naf: pd.Series, name: pd.Series) -> pd.DataFrame:
    """Return ``sectors``, ``challenges`` and the ``sector_rule`` that gave them, each ``|``-separated codes.

    The longest activity code of ``data/nomenclatures/naf_sectors.csv`` that begins the code of a row gives its sector;
    every row of ``name_sectors.csv`` whose words stand in the name adds its own. Both tables are judgements of this
    project. Where neither says anything, the sector is not known. A rule is ``naf:`` or ``name:`` and what it found.
    ``naf`` is in the NAF rév. 2 (:func:`activities`): of several codes joined by ``+`` each has to
    give the same sector.

    >>> names = pd.Series(["Les Lutins", "Vélo Montreuil", "Ensemble"])
    >>> found = sectors(pd.Series(["88.91A", "94.99Z", "94.99Z"]), names)
    >>> found["sectors"].tolist(), found["sector_rule"].tolist()
    (['petite_enfance', 'mobilite', ''], ['naf:88.91A', 'name:velo', ''])
    """
    # found: the rules of each row, (sector, challenges, rule) each. A code is looked up once, a pattern in all names.
    code_at, code = naf.factorize()  # for each row the position of its code, -1 where it is missing; each code once
    by_code = [_of_code(str(value)) for value in code]
    words = pd.Series([simplify(str(value)).replace("_", " ") for value in name], index=name.index)
    found: list[list[tuple[str, str, str]]] = [[by_code[at]] if at >= 0 and by_code[at][2] else [] for at in code_at]
    for row in nomenclature("name_sectors").itertuples():
        hits = words.str.extract(rf"\b({row.words})\b", expand=False)
        for place in hits.notna().to_numpy().nonzero()[0].tolist():
            found[place].append((str(row.sector), str(row.challenges), f"name:{hits.iloc[place]}"))
    columns = list(zip(*(_joined(rules) for rules in found), strict=True)) or [(), (), ()]
    return pd.DataFrame(dict(zip(("sectors", "challenges", "sector_rule"), columns, strict=True)), index=naf.index)


def _of_code(code: str) -> tuple[str, str, str]:
    found = {_sector_of(each) for each in code.split(SEVERAL)}
    if len(found) > 1 or found == {("", "")}:
        return "", "", ""
    return *found.pop(), f"naf:{code}"


def _sector_of(code: str) -> tuple[str, str]:
    rows = nomenclature("naf_sectors").itertuples()
    known = [(len(str(row.naf)), str(row.sector), str(row.challenges)) for row in rows if code.startswith(str(row.naf))]
    return max(known, default=(0, "", ""))[1:]


def _joined(rules: Iterable[tuple[str, str, str]]) -> tuple[str, str, str]:
    parts = list(zip(*rules, strict=True)) or [(), (), ()]
    one, two, three = ("|".join(dict.fromkeys(filter(None, "|".join(part).split("|")))) for part in parts)
    return one, two, three


COMMERCIAL = "entreprise_commerciale_ess"
"""Family of a company that is ESS by its statutes: its legal category says nothing of it."""

ESS_RULES = ("flag", "list", "legal_category", "excluded_activity", "none")

ESS_CERTAINTIES = ("sure", "unsure", "unknown", "excluded")

IN_ESS = ("sure", "unsure")


def perimeter(table: pd.DataFrame, *, listed: pd.Series | None = None) -> pd.DataFrame:
    """Return which rule puts an establishment into the ESS, how sure that is, and its family.

    The first of these rules that fires counts:

    1. ``flag``: SIRENE says that the unit is of the ESS (``economieSocialeSolidaireUniteLegale`` is ``O``);
    2. ``list``: it is in the list of ESS France;
    3. ``excluded_activity``: its legal category is of the ESS, but the activity of the establishment is out of the
       field that INSEE uses (administrations, employers' and workers' organisations, churches, parties);
    4. ``legal_category``: associations, foundations, mutuals and cooperatives by their codes;
    5. ``none``.

    A company is never declared not to be ESS from its category alone: nothing then says that it is, nor that it is not,
    and its certainty is ``unknown``.

    Parameters
    ----------
    table
        ``siren``, ``legal_category`` (four digits), ``naf`` of the establishment in the NAF rev. 2 (``94.99Z``;
        several joined by ``+``, or ``not known``, where SIRENE tells the NAF 2025; ``""`` where it tells nothing) and
        ``ess``, the flag of SIRENE (``O``, ``N`` or ``""``), as text.
    listed
        Family that the ESS France list names, ``""`` where it names none, indexed by SIREN.

    Returns
    -------
    DataFrame
        The index of ``table``: ``ess_rule`` (:data:`ESS_RULES`), ``ess_certainty`` and ``family``.
        ``sure``: a rule without a doubt; ``unsure``: a category or activity whose place in the field was not read in a
        source, a flag that says ``N`` against the category, or a category alone where SIRENE tells no activity, so that
        rule 3 could not be checked; ``unknown``: no rule; ``excluded``: rule 3. An activity that is ``not known``,
        because nothing translates its code of the NAF 2025, leaves a category as sure as it is: that is said beside the
        register (:func:`unknown_activities`).

    Notes
    -----
    The categories and activities are ``data/nomenclatures/ess_legal_categories.csv`` and
    ``ess_excluded_activities.csv``. INSEE says that its field is a list of legal categories less some activities, not
    which (insee.fr, "L'économie sociale", 2012). The exclusions were read in a sentence of a regional observatory:
    those that the sentence leaves open are ``unsure``, and exclude nothing. INSEE also counts "other private non-profit
    bodies" since Flores, and no commercial company of the ESS (insee.fr/fr/statistiques/7636531): which categories the
    former are is not said there, and rule 1 counts the latter.

    Examples
    --------
    >>> table = pd.DataFrame({"siren": ["1", "2", "3", "4"], "legal_category": ["9220", "9220", "5710", "5710"],
    ...                       "naf": ["94.99Z", "94.92Z", "62.01Z", "62.01Z"], "ess": ["", "", "N", "O"]})
    >>> perimeter(table)[["ess_rule", "ess_certainty"]].values.tolist()
    [['legal_category', 'sure'], ['excluded_activity', 'excluded'], ['none', 'unknown'], ['flag', 'sure']]
    """
    categories = nomenclature("ess_legal_categories").set_index("code")
    excluding = nomenclature("ess_excluded_activities").set_index("naf")["certainty"]
    named = {} if listed is None else dict(zip(listed.index, listed, strict=True))
    family = table["legal_category"].map(categories["family"]).fillna("unknown")
    by_category = ~family.isin(["unknown", COMMERCIAL])
    excluded = table["naf"].map({code: _exclusion(code, excluding) for code in table["naf"].unique()})
    # Rules and their certainties stand in the order in which they count: the first that fires is told.
    flag, in_list = table["ess"] == "O", table["siren"].isin(list(named))
    rules = [flag, in_list, by_category & (excluded == "sure"), by_category]
    rule = np.select(rules, ["flag", "list", "excluded_activity", "legal_category"], "none")
    doubtful = table["legal_category"].map(categories["certainty"]).ne("sure") | (excluded == "unsure")
    doubtful |= (table["ess"] == "N") | (table["naf"] == "")
    certainty = np.select(
        [flag | in_list, rule == "excluded_activity", by_category & doubtful, by_category],
        ["sure", "excluded", "unsure", "sure"],
        "unknown",
    )
    told = table["siren"].map(lambda siren: named.get(siren, ""))
    known = np.select([by_category, told != "", flag | in_list], [family, told, COMMERCIAL], "unknown")
    return pd.DataFrame({"ess_rule": rule, "ess_certainty": certainty, "family": known}, index=table.index)


def _exclusion(code: str, excluding: pd.Series) -> str:
    """Return how surely an activity is out of the field: ``sure``, ``unsure`` where only a part of it is, or ``""``."""
    found = {excluding.get(each, "") for each in code.split(SEVERAL)}
    return found.pop() if len(found) == 1 else "unsure"


def ess_categories() -> Collection[str]:
    """Return the legal categories that are of the ESS by themselves."""
    table = nomenclature("ess_legal_categories")
    return frozenset(table.loc[table["family"] != COMMERCIAL, "code"])
