"""The lists that the register rests on, by theme, and as of when; and a list beside it, structure by structure."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd

from essgeo.register.activity import located_here
from essgeo.schema.headers import simplify
from essgeo.schema.vocabulary import THEMES, split_codes

if TYPE_CHECKING:
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


SIREN_DIGITS = 9


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
