"""What the register rests on, by theme, and what stands beside it: other lists, and the figures of documents."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.register.activity import located_here
from essgeo.schema.codes import SIREN_DIGITS
from essgeo.schema.names import simplify
from essgeo.schema.vocabulary import FAMILIES, THEMES, split_codes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd


_HOST = re.compile(r"(?:https?://)?(?:www\.)?((?:[\w-]+\.)+[a-z]{2,})(?:/.*)?")

MAIN = 5
"""Lists of a theme that are named, those with most structures first."""


def list_of(source: str) -> str:
    """Return the list or site that a source names, without the page and without remarks.

    Examples
    --------
    >>> [list_of(text) for text in ("https://www.a.fr/b/c", "siae.csv (ACI, 2021-02)", "actu.fr/x (2020)", "")]
    ['a.fr', 'siae.csv', 'actu.fr', '']
    """
    text = re.split(r"\s*[(;,]", source.strip(), maxsplit=1)[0]
    found = _HOST.fullmatch(text) if "/" in text else None
    return found[1] if found else text


def register_lists(structures: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return, by theme, the structures that count, those located, and the lists they come from.

    Returns
    -------
    DataFrame
        One row a theme that the register has: ``theme``, ``structures``, ``structures_located``, ``lists`` (how many),
        ``main_lists`` (the five with most structures, joined by ``|``), ``first_as_of``, ``last_as_of`` (years, ``""``
        where none is known) and ``undated`` (structures whose source has no date).

    Examples
    --------
    >>> import geopandas as gpd
    >>> shops = gpd.GeoDataFrame({"sectors": "mobilite", "challenges": "", "source": ["siae.csv (EI)", "siae.csv"],
    ...                           "as_of": ["2021", ""], "counted": True, "geo_status": "located"},
    ...                          geometry=gpd.points_from_xy([0, 1], [0, 0]))
    >>> register_lists(shops).head(1).values.tolist()
    [['all', 2, 2, 1, 'siae.csv', '2021', '2021', 1]]
    """
    counted = structures[structures["counted"].astype("boolean").fillna(value=False)]
    placed = located_here(counted).to_numpy(dtype=bool)
    themes = [
        {"all", *split_codes(sectors), *split_codes(challenges)}
        for sectors, challenges in zip(counted["sectors"], counted["challenges"], strict=True)
    ]
    years = counted["as_of"].astype(str).str.extract(r"^(\d{4})")[0].fillna("").tolist()
    sources = [list_of(str(source)) for source in counted["source"]]
    rows = []
    for theme in THEMES:
        own = [place for place, codes in enumerate(themes) if theme in codes]
        lists = Counter(sources[place] for place in own if sources[place])
        dated = sorted(years[place] for place in own if years[place])
        main = "|".join(name for name, _ in lists.most_common(MAIN))
        ends = (dated[0], dated[-1]) if dated else ("", "")
        rows.append((theme, len(own), int(placed[own].sum()), len(lists), main, *ends, len(own) - len(dated)))
    columns = [
        "theme",
        "structures",
        "structures_located",
        "lists",
        "main_lists",
        "first_as_of",
        "last_as_of",
        "undated",
    ]
    table = pd.DataFrame(rows, columns=columns)
    return table[table["structures"] > 0].reset_index(drop=True)


def beside_register(listed: pd.DataFrame, structures: pd.DataFrame) -> pd.DataFrame:
    """Return a list of associations by SIRET with the structure of the register that each is, ``""`` where it has none.

    The same SIREN makes them one, or the same name, aliases included, with or without ``association`` before it.

    Examples
    --------
    >>> known = pd.DataFrame({"name": ["Le Fait-Tout", "B"], "aliases": "", "siren": ["", "302388087"], "siret": ""},
    ...                      index=["fait-tout", "b"])
    >>> listed = pd.DataFrame({"name": ["ASSOC LE FAIT TOUT", "RUES", "C"]},
    ...                       index=["82339840900024", "30238808700074", "39758222200055"])
    >>> beside_register(listed, known)["structure_id"].tolist()
    ['fait-tout', 'b', '']
    """
    numbers: dict[str, str] = {}
    names: dict[str, str] = {}
    for code, siren, siret, name, aliases in zip(
        structures.index, *(structures[column] for column in ("siren", "siret", "name", "aliases")), strict=True
    ):
        numbers |= {number[:SIREN_DIGITS]: code for number in (siren, siret) if number}
        names |= {_bare(own): code for own in (name, *split_codes(aliases)) if own}
    found = [
        numbers.get(str(siret)[:SIREN_DIGITS]) or names.get(_bare(name), "")
        for siret, name in zip(listed.index, listed["name"], strict=True)
    ]
    return listed.rename_axis("siret").reset_index().assign(structure_id=found)


def _bare(name: str) -> str:
    """Return a name without what only says that it is an association."""
    return re.sub("^(association|assoc|asso|ass)_", "", simplify(name))


FAMILY_KEYS = {"ess_entreprises": "total"} | {f"ess_{family}s": family for family in FAMILIES if family != "unknown"}
"""The family that a figure of enterprises is of."""

EMPLOYEE_KEYS = {"ess_salaries": "total"} | {f"ess_salaries_{family}s": family for family in FAMILIES}

COLUMNS = ("figure_id", "key", "year", "value", "unit", "seed_file", "now_low", "now_high", "now_year", "now_note")


def beside_today(
    seed_figures: pd.DataFrame,
    now: Mapping[str, tuple[float, float, str, str]],
    portrait: pd.DataFrame,
    *,
    scope: str,
    year: str,
    sample: bool,
) -> pd.DataFrame:
    """Return the figures of the documents about a territory, each with that of today.

    Parameters
    ----------
    seed_figures
        The ``seed_figures`` layer.
    now
        By key, what is counted today: the least and the most, the year it is of, and a code of ``[methods]`` for what
        keeps the two apart (``""`` for none).
    portrait
        From :func:`essgeo.register.portrait`.
    scope
        Name of the territory in ``seed_figures``.
    year
        The year of the register.
    sample
        The register is a list of some, and not that of SIRENE.

    Returns
    -------
    DataFrame
        One row a figure: ``figure_id``, ``key``, ``year``, ``value`` and ``unit`` as the document writes them,
        ``seed_file``, ``now_low`` and ``now_high`` (NaN where nothing counts it today, the same where it is sure),
        ``now_year``, ``now_note``.

    Examples
    --------
    >>> then = pd.DataFrame({"key": ["population", "taux_chomage"], "value": ["418000", "18"], "unit": "",
    ...                      "scope": "T", "year": "2018", "seed_file": "d"}, index=["a", "b"])
    >>> nobody = pd.DataFrame({"family": []})
    >>> counted = {"population": (441045, 441045, "2022", "")}
    >>> table = beside_today(then, counted, nobody, scope="T", year="2026", sample=True)
    >>> table[["key", "now_low", "now_year"]].values.tolist()
    [['population', 441045.0, '2022'], ['taux_chomage', nan, '']]
    """
    own = portrait.set_index("family")
    counts = {name: column.astype(float).to_dict() for name, column in own.filter(like="register_").items()}
    known: dict[str, tuple[float, float, str, str]] = dict(now)
    for key, family in FAMILY_KEYS.items():
        if family in own.index:
            count = counts["register_enterprises"][family]
            known.setdefault(key, (count, count, year, "then_sample" if sample else "then_sirene"))
    for key, family in EMPLOYEE_KEYS.items():
        if family in own.index and not np.isnan(counts["register_employees_low"][family]):
            low, high = (counts[f"register_employees_{end}"][family] for end in ("low", "high"))
            known.setdefault(key, (low, high, year, "then_employees"))
    rows = seed_figures[seed_figures["scope"] == scope]
    found = [known.get(key, (np.nan, np.nan, "", "")) for key in rows["key"]]
    today = pd.DataFrame(found, columns=["now_low", "now_high", "now_year", "now_note"], index=rows.index)
    return rows.join(today).rename_axis("figure_id").reset_index().reindex(columns=[*COLUMNS])
