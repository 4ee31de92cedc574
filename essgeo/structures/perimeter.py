"""Whether an establishment belongs to the ESS, by which rule, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.structures.nomenclatures import nomenclature

if TYPE_CHECKING:
    from collections.abc import Collection

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
        ``siren``, ``legal_category`` (four digits), ``naf`` of the establishment in the NAF rev. 2 (``94.99Z``; ``""``
        where that is not known) and ``ess``, the flag of SIRENE (``O``, ``N`` or ``""``), as text.
    listed
        Family that the ESS France list names, ``""`` where it names none, indexed by SIREN.

    Returns
    -------
    DataFrame
        The index of ``table``: ``ess_rule`` (:data:`ESS_RULES`), ``ess_certainty`` and ``family``.
        ``sure``: a rule without a doubt; ``unsure``: a category or activity whose place in the field was not read in a
        source, a flag that says ``N`` against the category, or a category alone where the activity, and so rule 3,
        could not be checked; ``unknown``: no rule; ``excluded``: rule 3.

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
    activities = nomenclature("ess_excluded_activities").set_index("naf")["certainty"]
    named = {} if listed is None else dict(zip(listed.index, listed, strict=True))
    family = table["legal_category"].map(categories["family"]).fillna("unknown")
    by_category = ~family.isin(["unknown", COMMERCIAL])
    excluded = table["naf"].map(activities).fillna("")
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


def ess_categories() -> Collection[str]:
    """Return the legal categories that are of the ESS by themselves.

    Examples
    --------
    >>> "9220" in ess_categories(), "5710" in ess_categories()
    (True, False)
    """
    table = nomenclature("ess_legal_categories")
    return frozenset(table.loc[table["family"] != COMMERCIAL, "code"])
