"""Which rows of two lists may be one structure: suggestions with a score and a reason, never a merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process
from scipy.spatial import cKDTree

from essgeo.crs import require_same_crs
from essgeo.sources.aliases import simplify
from essgeo.sources.diffusion import MASK

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

NEAR_M = 300.0
"""Two places farther from each other than this are one structure only by their SIRET."""
LEAST_NAME = 0.7
"""Likeness of names below which rows are not suggested."""
SAME_SIREN = 0.1
"""What a common SIREN adds to a score."""
_CODE = {"siret": 14, "siren": 9}
COLUMNS = ("left", "right", "score", "reason", "name_likeness", "distance_m", "left_name", "right_name")
CHOICES = ("decision", "keep", "note")


def suggest_duplicates(
    structures: gpd.GeoDataFrame,
    others: gpd.GeoDataFrame,
    *,
    near_m: float = NEAR_M,
    least_name: float = LEAST_NAME,
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
    least_name
        Least likeness of names, 0 to 1: the token-sort ratio of rapidfuzz on names and aliases without case, accents
        and punctuation.
    decisions
        From :func:`essgeo.structures.read_decisions`; pairs that a human settled are not suggested again.

    Returns
    -------
    DataFrame
        RangeIndex; ``left`` and ``right`` (identifiers in ``structures`` and ``others``), ``score``, ``reason``
        (``siret``, ``name and place`` or ``name, place and siren``), ``name_likeness``, ``distance_m`` (NaN where one
        has no place), both names, then ``decision``, ``keep`` and ``note``, empty, for a human to fill in.

    Raises
    ------
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
    left, right = _facts(structures), _facts(others)
    pairs = pd.concat([_of_siret(left, right), _of_place(left, right, near_m)]).drop_duplicates(["i", "j"])
    i, j = pairs["i"].to_numpy(dtype=int), pairs["j"].to_numpy(dtype=int)
    by_siret = _same(left, right, i, j, "siret")
    same_siren = _same(left, right, i, j, "siren")
    given = (left["siret"].to_numpy()[i] != "") & (right["siret"].to_numpy()[j] != "")
    likeness = _likeness(left["names"].to_numpy()[i], right["names"].to_numpy()[j])
    distance = np.hypot(*(left[axis].to_numpy()[i] - right[axis].to_numpy()[j] for axis in ("x", "y")))
    near = (distance <= near_m) & (likeness >= least_name) & ~(given & same_siren & ~by_siret)
    score = np.minimum(likeness * (1 - distance / (2 * near_m)) + SAME_SIREN * same_siren, 0.99)
    table = pd.DataFrame(
        {
            "left": left.index[i],
            "right": right.index[j],
            "score": np.where(by_siret, 1.0, score).round(4),
            "reason": np.select([by_siret, same_siren], ["siret", "name, place and siren"], "name and place"),
            "name_likeness": likeness.round(4),
            "distance_m": distance.round(1),
            "left_name": left["name"].to_numpy()[i],
            "right_name": right["name"].to_numpy()[j],
        }
    )[by_siret | near]
    table[list(CHOICES)] = ""
    if decisions is not None:
        settled = pd.MultiIndex.from_frame(decisions[["left", "right"]].astype(str))
        table = table[~pd.MultiIndex.from_frame(table[["left", "right"]].astype(str)).isin(settled)]
    ranked = table.sort_values(by=["score", "left", "right"], ascending=[False, True, True])
    return pd.DataFrame(ranked).reset_index(drop=True)


def _facts(structures: gpd.GeoDataFrame) -> pd.DataFrame:
    shown = structures[structures["name"] != MASK]
    codes = {name: _code(shown, name, length) for name, length in _CODE.items()}
    codes["siren"] = codes["siren"].where(codes["siren"] != "", codes["siret"].str.slice(0, _CODE["siren"]))
    aliases = shown["aliases"] if "aliases" in shown else pd.Series("", index=shown.index)
    names = [
        tuple(dict.fromkeys(filter(None, (simplify(part).replace("_", " ") for part in f"{name}|{more}".split("|")))))
        for name, more in zip(shown["name"], aliases.fillna(""), strict=True)
    ]
    places = {"x": shown.geometry.x.to_numpy(), "y": shown.geometry.y.to_numpy()}
    return pd.DataFrame({"name": shown["name"], "names": names, **codes, **places}, index=shown.index)


def _code(structures: pd.DataFrame, name: str, length: int) -> pd.Series:
    if name not in structures:
        return pd.Series("", index=structures.index, dtype="object")
    digits = structures[name].fillna("").astype(str).str.replace(r"\D", "", regex=True)
    return digits.where(digits.str.len() == length, "")


def _same(
    left: pd.DataFrame, right: pd.DataFrame, i: NDArray[np.int_], j: NDArray[np.int_], name: str
) -> NDArray[np.bool_]:
    one, two = left[name].to_numpy()[i], right[name].to_numpy()[j]
    return np.asarray((one == two) & (one != ""), dtype=bool)


def _of_siret(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    one, two = (
        pd.DataFrame({"siret": side["siret"].to_numpy(), place: np.arange(len(side))}).query("siret != ''")
        for side, place in ((left, "i"), (right, "j"))
    )
    return one.merge(two, on="siret")[["i", "j"]]


def _of_place(left: pd.DataFrame, right: pd.DataFrame, near_m: float) -> pd.DataFrame:
    at_left, at_right = (np.flatnonzero(side["x"].notna()) for side in (left, right))
    if not (len(at_left) and len(at_right)):
        return pd.DataFrame({"i": [], "j": []}, dtype=int)
    tree = cKDTree(right[["x", "y"]].to_numpy()[at_right])
    near = tree.query_ball_point(left[["x", "y"]].to_numpy()[at_left], near_m)
    lengths = [len(found) for found in near]
    chosen = np.concatenate([np.asarray(found, dtype=int) for found in near])
    return pd.DataFrame({"i": np.repeat(at_left, lengths), "j": at_right[chosen]})


def _likeness(one: NDArray[np.object_], two: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return, pair by pair, the best likeness between the names of one and those of the other."""
    sizes = [len(a) * len(b) for a, b in zip(one, two, strict=True)]
    if not sum(sizes):
        return np.zeros(len(one))
    first = [name for a, b in zip(one, two, strict=True) for name in a for _ in b]
    second = [name for a, b in zip(one, two, strict=True) for _ in a for name in b]
    ratios = process.cpdist(first, second, scorer=fuzz.token_sort_ratio, dtype=np.float64) / 100
    best = np.zeros(len(one))
    np.maximum.at(best, np.repeat(np.arange(len(one)), sizes), ratios)
    return best
