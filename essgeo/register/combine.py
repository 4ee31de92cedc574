"""Several lists of one territory as one: rows that are the same merged, likely ones suggested, decisions kept."""

from __future__ import annotations

import itertools
import warnings
from typing import TYPE_CHECKING, cast

import pandas as pd
from rapidfuzz import fuzz

from essgeo.errors import InputWarning
from essgeo.files.entries import NO_PLACE
from essgeo.files.redact import MASK
from essgeo.messages import plural, tell
from essgeo.register.duplicates import MIN_NAME, suggest_duplicates
from essgeo.schema.columns import LAYERS
from essgeo.schema.names import simplify
from essgeo.schema.vocabulary import split_codes

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

LIST = "list"
"""The column that says which list a row was first in."""

SAID = 3
"""Likely duplicates that a warning names."""

_ADDRESS = ("address", "postcode", "city", "citycode")

_PLACE = (*_ADDRESS, "lon", "lat")


def combine_lists(lists: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return several lists of structures as one, with a warning that says how many rows were the same.

    A row is the same as one of an earlier list where both have one SIRET and names that are alike, or one name and one
    address in one commune: the earlier one stays, the later one fills what it leaves empty, and sectors, challenges,
    roles and stages are those of both. Nothing else is merged: :func:`suggest_pairs` names what is likely.

    Parameters
    ----------
    lists
        Of each list, the name that ``source`` gives its rows, and the structures, from
        :func:`essgeo.read_structures`.

    Returns
    -------
    DataFrame
        As each list; an identifier that stands in an earlier list gets the name of its own before it. ``list`` says
        which list a row comes from, ``source`` says that too, and every list of a row that stands in several.

    Examples
    --------
    >>> one = pd.DataFrame({"name": ["Le Fournil"], "address": ["1 rue A"], "city": ["Bondy"], "source": [""]}, ["f"])
    >>> two = pd.DataFrame({"name": ["LE FOURNIL", "La Roue"], "address": ["1, rue A", ""], "city": ["Bondy", ""],
    ...                     "source": ""}, ["f", "r"])
    >>> with warnings.catch_warnings(action="ignore"):
    ...     combine_lists({"one.csv": one, "two.csv": two})["source"].to_dict()
    {'f': 'one.csv ; two.csv', 'r': 'two.csv'}
    """
    (first, frame), *others = lists.items()
    whole = _marked(first, frame)
    for name, frame in others:
        rows = _marked(name, frame)
        clash = rows.index.isin(whole.index)
        slug = simplify(name).replace("_", "-")
        rows = rows.set_axis(rows.index.where(~clash, slug + "-" + rows.index.astype(str)))
        same = same_rows(whole, rows)
        whole = _completed(whole, rows.loc[list(same)], same)
        new = rows[~rows.index.isin(list(same))]
        whole = pd.concat([whole, new]).rename_axis(index=str(frame.index.name))
        if same:
            message = tell("lists_merged", rows=plural("row", len(same), count=len(same)), list=name)
            warnings.warn(message, InputWarning, stacklevel=2)
    texts = [name for name in whole.columns if any(isinstance(cell, str) for cell in whole[name].head(1000))]
    return whole.assign(**{name: whole[name].fillna("") for name in texts})


def suggest_pairs(structures: gpd.GeoDataFrame, decisions: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the pairs of rows of different lists that may be one structure, as :func:`suggest_duplicates` does."""
    lists = [cast("gpd.GeoDataFrame", rows) for _, rows in structures.groupby(LIST, sort=False)]
    pairs = [suggest_duplicates(one, two, decisions=decisions) for one, two in itertools.combinations(lists, 2)]
    ranked = pd.concat(pairs).sort_values("score", ascending=False, kind="stable")
    return pd.DataFrame(ranked).reset_index(drop=True)


def settle(structures: gpd.GeoDataFrame, decisions: pd.DataFrame | None) -> gpd.GeoDataFrame:
    """Return the structures without those that a human called the same as another; warn of likely ones left open."""
    if decisions is not None:
        there = decisions["left"].isin(structures.index) & decisions["right"].isin(structures.index)
        same = decisions[there & (decisions["decision"] == "same")]
        dropped = [row["right" if row["keep"] == "left" else "left"] for row in same.to_dict("records")]
        structures = structures[~structures.index.isin(dropped)]
    pairs = suggest_pairs(structures, decisions)
    if len(pairs):
        shown = "; ".join(f"{row.left_name} / {row.right_name}" for row in pairs.head(SAID).itertuples())
        named = shown + " ..." * (len(pairs) > SAID)
        message = tell("lists_alike", pairs=plural("pair", len(pairs), count=len(pairs)), named=named)
        warnings.warn(message, InputWarning, stacklevel=2)
    return structures


def _marked(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    sources = frame["source"].astype(str)
    return frame.assign(source=(sources + " ; " + name).where(sources != "", name), **{LIST: name})


def same_rows(whole: pd.DataFrame, rows: pd.DataFrame) -> dict[str, str]:
    """Return, by the identifier of a row, that of the row before it that is the same; each is so once."""
    by_siret = _first(_texts(whole, "siret"))
    by_place = _first(_keys(whole))
    before = whole["name"].map(_plain).to_dict()
    found: dict[str, str] = {}
    used: set[str] = set()
    for row, name, siret, key in zip(
        map(str, rows.index), rows["name"], _texts(rows, "siret"), _keys(rows), strict=True
    ):
        if name == MASK:
            continue
        same = by_siret.get(siret) if siret else None
        if same is None or fuzz.token_sort_ratio(before[same], _plain(name)) < 100 * MIN_NAME:
            same = by_place.get(key) if key else None
        if same is not None and same not in used:
            found[row] = same
            used.add(same)
    return found


def _first(texts: pd.Series) -> dict[str, str]:
    """Return, by text, the identifier of the first row that says it."""
    said = texts[(texts != "") & ~texts.duplicated()]
    return dict(zip(said.astype(str), said.index.astype(str), strict=True))


def _texts(rows: pd.DataFrame, name: str) -> pd.Series:
    return rows[name].fillna("").astype(str) if name in rows else pd.Series("", index=rows.index)


def _plain(text: object) -> str:
    return simplify(str(text)).replace("_", " ")


def _keys(rows: pd.DataFrame) -> pd.Series:
    """Return name, address and commune of each row in simple letters, nothing where name or address lacks."""
    parts = [_texts(rows, name).map(_plain) for name in ("name", "address", "city")]
    whole = (parts[0] != "") & (parts[1] != "") & (rows["name"] != MASK)
    return (parts[0] + "|" + parts[1] + "|" + parts[2]).where(whole, "")


def _completed(whole: pd.DataFrame, rows: pd.DataFrame, same: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows before with what later rows of the same structures add: where they say nothing, and to lists."""
    whole = whole.copy()
    many = [field.name for field in LAYERS["structures"].fields if field.many]
    for row, before in same.items():
        later, now = rows.loc[row], whole.loc[before]
        # A place is taken whole or not at all: the address of one list never goes with the point of another.
        places = [name for name in _PLACE if name in whole]
        placed = any(_says(now[name]) for name in ("lon", "address") if name in whole)
        for name in rows.columns.intersection(whole.columns):
            if name in many:
                codes = [*split_codes(str(now[name] or "")), *split_codes(str(later[name] or ""))]
                whole.loc[before, name] = "|".join(dict.fromkeys(filter(None, codes)))
            elif name == "source":
                whole.loc[before, name] = f"{now[name]} ; {later[name]}"
            elif name != LIST and not _says(now[name]) and _says(later[name]) and not (name in places and placed):
                whole.loc[before, name] = later.to_dict()[name]
    return whole


def _says(cell: object) -> bool:
    return not (pd.isna(cell) or str(cell) in ("", "unknown", NO_PLACE))  # type: ignore[call-overload]
