"""The same structure twice: suggested pairs, and what a human decides of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process
from scipy.spatial import cKDTree

from essgeo.crs import require_same_crs
from essgeo.errors import SchemaError
from essgeo.files.redact import MASK
from essgeo.files.tables import read_table
from essgeo.messages import tell
from essgeo.schema.columns import in_names
from essgeo.schema.names import simplify
from essgeo.schema.validate import raise_faults, require_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from essgeo.schema.validate import Fault


NEAR_M = 300.0
"""Two places farther from each other than this are one structure only by their SIRET."""

MIN_NAME = 0.7
"""Likeness of names below which rows are not suggested."""

SAME_SIREN = 0.1
"""What a common SIREN adds to a score."""

CHOICES = ("decision", "keep", "note")

DECISIONS = ("same", "different")

SIDES = ("left", "right")

_KEYS = (*SIDES, "decision")


def suggest_duplicates(
    structures: gpd.GeoDataFrame,
    others: gpd.GeoDataFrame,
    *,
    near_m: float = NEAR_M,
    min_name: float = MIN_NAME,
    decisions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    r"""Return the pairs of rows of two lists that may be one structure, likeliest first.

    A common SIRET makes a pair of score 1. Else both must have a place, at most ``near_m`` apart, and names that are
    alike; the score is :math:`s = l\,(1 - d / (2\,near)) + 0.1\,[same SIREN]`, at most 0.99, with :math:`l` the
    likeness of the names and :math:`d` the distance. Two different SIRET of one SIREN are two establishments, and are
    not suggested. Rows that the law masks are in no pair.

    Parameters
    ----------
    structures, others
        From :func:`essgeo.geocode`, uniquely indexed, points in one metric CRS: ``name``, ``aliases``, ``siret`` and
        ``siren`` where known.
    near_m
        Most metres between two places.
    min_name
        Least likeness of names, 0 to 1: the token-sort ratio of rapidfuzz on names and aliases without case, accents
        and punctuation.
    decisions
        From :func:`essgeo.register.read_decisions`; pairs that a human settled are not suggested again.

    Returns
    -------
    DataFrame
        RangeIndex; ``left`` and ``right`` (identifiers in ``structures`` and ``others``), ``score``, ``reason``
        (``siret``, ``name and place`` or ``name, place and siren``), ``name_likeness``, ``distance_m`` (NaN where one
        has no place), both names, then ``decision``, ``keep`` and ``note``, empty, for a human to fill in.

    Raises
    ------
    SchemaError
        A list has no ``name``.
    CRSMismatchError, MissingCRSError
        The two lists are not in one CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> points = gpd.points_from_xy([0, 0], [0, 5000], crs=2154)
    >>> one = gpd.GeoDataFrame({"name": ["Café Le Fournil", "AMAP"]}, geometry=points, index=["a", "b"])
    >>> two = gpd.GeoDataFrame({"name": ["LE FOURNIL CAFE"]}, geometry=points[:1].translate(30), index=["x"])
    >>> suggest_duplicates(one, two)[["left", "right", "score", "reason"]].values.tolist()
    [['a', 'x', 0.95, 'name and place']]
    """
    require_same_crs(structures, others, ("structures", "others"))
    wanted = {"name": "Names tell which rows may be one structure."}
    require_columns(("structures", structures, wanted), ("others", others, wanted))
    left, right = _facts(structures), _facts(others)
    # Candidates: rows of one SIRET, and rows whose places are near. From here on one row a pair, i in left and j in
    # right, and every array below has one entry a pair.
    by_code = left.loc[left["siret"] != "", ["siret", "at"]].merge(right[["siret", "at"]], on="siret")
    pairs = pd.concat([by_code[["at_x", "at_y"]].set_axis(["i", "j"], axis=1), _near(left, right, near_m)])
    i, j = pairs.drop_duplicates().to_numpy(dtype=int).T
    one, two = left.iloc[i].reset_index(drop=True), right.iloc[j].reset_index(drop=True)
    # Of one unit (SIREN), but two establishments by their SIRET: a branch is no duplicate, however alike the names.
    same = {code: ((one[code] == two[code]) & (one[code] != "")).to_numpy() for code in ("siret", "siren")}
    two_places = same["siren"] & ~same["siret"] & (one["siret"] != "").to_numpy() & (two["siret"] != "").to_numpy()
    likeness = _likeness(one["names"].tolist(), two["names"].tolist())
    distance = np.hypot(*(one[axis].to_numpy() - two[axis].to_numpy() for axis in ("x", "y")))
    near = (distance <= near_m) & (likeness >= min_name) & ~two_places
    away = distance / (2 * near_m) if near_m else np.zeros(len(distance))  # 0 m: only places that are one are near
    score = np.minimum(likeness * (1 - away) + SAME_SIREN * same["siren"], 0.99)
    reasons = ["siret", "name, place and siren"]
    table = pd.DataFrame(
        {
            "left": left.index[i],
            "right": right.index[j],
            "score": np.where(same["siret"], 1.0, score).round(4),
            "reason": np.select([same["siret"], same["siren"]], reasons, "name and place"),
            "name_likeness": likeness.round(4),
            "distance_m": distance.round(1),
            "left_name": one["name"],
            "right_name": two["name"],
        }
    )[same["siret"] | near]
    table[list(CHOICES)] = ""
    if decisions is not None:
        asked, settled = (pd.MultiIndex.from_frame(rows[list(SIDES)].astype(str)) for rows in (table, decisions))
        table = table[~asked.isin(settled)]
    ranked = table.sort_values(by=["score", "left", "right"], ascending=[False, True, True])
    return pd.DataFrame(ranked).reset_index(drop=True)


def _facts(structures: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return what tells a structure from another: its position, names in simple letters, codes and place."""
    shown = structures[structures["name"] != MASK]
    texts = shown.reindex(columns=["name", "aliases", "siret", "siren"]).astype(object).fillna("").astype(str)
    names = [
        tuple(dict.fromkeys(filter(None, (simplify(part).replace("_", " ") for part in f"{name}|{more}".split("|")))))
        for name, more in zip(texts["name"], texts["aliases"], strict=True)
    ]
    # Codes by their digits, "" where these are too many or too few; a SIRET begins with its SIREN.
    digits = {code: texts[code].str.replace(r"\D", "", regex=True) for code in ("siret", "siren")}
    siret = digits["siret"].where(digits["siret"].str.len() == len("00558011300011"), "")
    siren = digits["siren"].where(digits["siren"].str.len() == len("005580113"), siret.str.slice(0, len("005580113")))
    facts = {"at": np.arange(len(shown)), "name": shown["name"], "names": names, "siret": siret, "siren": siren}
    return pd.DataFrame(facts | {"x": shown.geometry.x, "y": shown.geometry.y}, index=shown.index)


def _near(left: pd.DataFrame, right: pd.DataFrame, near_m: float) -> pd.DataFrame:
    """Return the pairs of positions whose places are at most ``near_m`` apart."""
    placed = [side[side["x"].notna()] for side in (left, right)]
    if placed[0].empty or placed[1].empty:
        return pd.DataFrame({"i": [], "j": []}, dtype=int)
    trees = [cKDTree(side[["x", "y"]].to_numpy()) for side in placed]
    # A list of positions in the second tree for each point of the first, laid end to end as pairs.
    found = trees[0].query_ball_tree(trees[1], near_m)
    columns = np.concatenate([np.asarray(near, dtype=int) for near in found])
    rows = np.repeat(placed[0]["at"].to_numpy(), [len(near) for near in found])
    return pd.DataFrame({"i": rows, "j": placed[1]["at"].to_numpy()[columns]})


def _likeness(one: list[tuple[str, ...]], two: list[tuple[str, ...]]) -> NDArray[np.float64]:
    """Return, pair by pair, the best likeness between the names of one and those of the other."""
    best = np.zeros(len(one))
    # Every name of one with every name of the other, compared in one call; owner is the pair that they belong to.
    crossed = [(at, a, b) for at, names in enumerate(zip(one, two, strict=True)) for a in names[0] for b in names[1]]
    if crossed:
        owner, first, second = zip(*crossed, strict=True)
        ratios = process.cpdist(first, second, scorer=fuzz.token_sort_ratio, dtype=np.float64) / 100
        np.maximum.at(best, np.array(owner), ratios)
    return best


def read_decisions(path: Path | str) -> pd.DataFrame:
    r"""Return the decisions that a file holds.

    Parameters
    ----------
    path
        A table with ``left`` and ``right`` (identifiers in the two lists), ``decision`` (``same`` or ``different``)
        and, for ``same``, ``keep`` (``left`` or ``right``; ``left`` where empty). Rows without a decision, as in a
        fresh file of suggestions, are left out; other columns are free.

    Returns
    -------
    DataFrame
        RangeIndex; ``left``, ``right``, ``decision``, ``keep`` (``""`` for ``different``).

    Raises
    ------
    SchemaError
        A column is missing, a value is not known, a pair is settled twice, or one row is the same as two that are kept.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "decisions.csv"
    ...     _ = path.write_text("left,right,decision,keep\na,x,same,\nb,x,different,\nc,y,,\n")
    ...     read_decisions(path).values.tolist()
    [['a', 'x', 'same', 'left'], ['b', 'x', 'different', '']]
    """
    path = Path(path)
    table = _rows_of(path)
    missing = [name for name in _KEYS if name not in table]
    if missing:
        message = tell(
            "decisions_column_missing", name=path.name, missing=", ".join(missing), columns=", ".join(table.columns)
        )
        raise SchemaError(message)
    rows = table.assign(keep=table.get("keep", ""))
    rows = rows[rows["decision"] != ""]
    raise_faults(path.name, list(_faults(rows)))
    kept = rows["keep"].replace("", "left").where(rows["decision"] == "same", "")
    return rows.assign(keep=kept)[[*_KEYS, "keep"]].reset_index(drop=True)


def settled_rows(path: Path | str) -> pd.DataFrame:
    """Return the rows of a file of suggestions that a human settled, as text and with every column they have."""
    read_decisions(path)
    table = _rows_of(path)
    return table[table["decision"] != ""].reset_index(drop=True)


def _rows_of(path: Path | str) -> pd.DataFrame:
    """Return the rows of a file of suggestions or decisions, whose columns may be called in words."""
    table = read_table(path, min_rows=0)
    return table.rename(columns=in_names(list(table.columns)))


def join_decisions(*parts: pd.DataFrame) -> pd.DataFrame:
    """Return decisions of several files as one.

    Raises
    ------
    SchemaError
        Two files settle one pair otherwise.

    """
    joined = pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)
    twice = joined[joined.duplicated(["left", "right"])]
    if len(twice):
        left, right = twice.iloc[0][["left", "right"]]
        raise SchemaError(tell("decisions_differ", left=left, right=right))
    return joined


def _faults(rows: pd.DataFrame) -> Iterator[Fault]:
    settled: dict[tuple[str, str], int] = {}
    merged: dict[tuple[str, str], int] = {}
    for number, row in zip(rows.index.tolist(), rows.itertuples(index=False), strict=True):
        pair = (str(row.left), str(row.right))
        if not all(pair):
            yield number, "left, right", tell("name_both")
        if row.decision not in DECISIONS:
            yield number, "decision", tell("is_none_of", value=row.decision, known=", ".join(DECISIONS))
        if row.keep not in ("", *SIDES):
            yield number, "keep", tell("is_none_of", value=row.keep, known=", ".join(SIDES))
        if pair in settled:
            yield number, "left, right", tell("are_settled", row=settled[pair])
        settled.setdefault(pair, number)
        if row.decision != "same":
            continue
        for side in zip(SIDES, pair, strict=True):
            if side in merged:
                yield number, side[0], tell("is_same_as_another", value=side[1], row=merged[side])
            merged.setdefault(side, number)


def apply_decisions(
    structures: gpd.GeoDataFrame, others: gpd.GeoDataFrame, decisions: pd.DataFrame | None
) -> gpd.GeoDataFrame:
    """Return both lists as one: of two rows that a human called the same, the one to keep.

    Nothing else is merged. A decision about a row that is no longer there does nothing, and stays in its file for the
    day the row comes back: decisions hold over refreshes as long as identifiers do (SIRET, or that of the list).

    Parameters
    ----------
    structures, others
        The two lists, uniquely indexed, in one CRS.
    decisions
        From :func:`read_decisions`.

    Returns
    -------
    GeoDataFrame
        The rows of ``structures``, then those of ``others``, without those that were not kept; ``same_as`` names the
        row that one stands for (``""``: none). An identifier of ``others`` that stands in ``structures`` too gets
        ``other-`` before it.

    Examples
    --------
    >>> one = gpd.GeoDataFrame({"name": ["A", "B"]}, geometry=[None, None], crs=2154, index=["a", "b"])
    >>> two = gpd.GeoDataFrame({"name": ["a'", "C"]}, geometry=[None, None], crs=2154, index=["x", "b"])
    >>> settled = pd.DataFrame({"left": ["a"], "right": ["x"], "decision": "same", "keep": "right"})
    >>> apply_decisions(one, two, settled)["same_as"].to_dict()
    {'b': '', 'x': 'a', 'other-b': ''}
    """
    lists = {"left": structures.assign(same_as=""), "right": others.assign(same_as="")}
    if decisions is not None:
        names = {side: table.index.astype(str) for side, table in lists.items()}
        there = decisions["left"].isin(names["left"]) & decisions["right"].isin(names["right"])
        same = decisions[there & (decisions["decision"] == "same")]
        for side, other in (("left", "right"), ("right", "left")):
            # A row of this side that is kept says whom it stands for; one that is not kept goes.
            stands_for = dict(zip(same[side], same[other], strict=True))
            lists[side]["same_as"] = [stands_for.get(name, "") for name in names[side]]
            lists[side] = lists[side][~names[side].isin(same.loc[same["keep"] == other, side])]
    one, two = lists.values()
    two = two.set_axis(two.index.where(~two.index.isin(one.index), "other-" + two.index.astype(str)))
    return gpd.GeoDataFrame(pd.concat([one, two]).rename_axis(structures.index.name), crs=structures.crs)
