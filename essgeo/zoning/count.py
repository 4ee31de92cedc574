"""The zones of a study: structures laid over them, and counted in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.errors import InputError
from essgeo.messages import tell
from essgeo.schema.validate import require_columns
from essgeo.zoning.locate import locate_in, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray


COLUMNS = ("zone_id", "relation", "probability")

ZONE_METHOD = "expected_in_radius"


def count_in(
    membership: pd.DataFrame,
    *,
    weights: pd.Series | None = None,
    by: Sequence[str] = ("zone_id", "vintage"),
    level: float = 0.9,
) -> pd.DataFrame:
    r"""Count the points of each zone, with the interval that uncertain positions leave.

    The number of points in a zone is a sum of independent draws, each 1 with the probability :math:`p_i` that the
    point lies in it: a Poisson-binomial variable. Its distribution is exact, the convolution of
    :math:`(1 - p_i, p_i)` over the points, with a step of :math:`w_i` where points have weights.

    Parameters
    ----------
    membership
        Rows of :func:`locate_in`; its first column names the point.
    weights
        What each point counts for, a whole number of 0 or more indexed by point (jobs, places, members). Default 1.
    by
        Columns of ``membership`` that make a group; a point stands at most once in a group.
    level
        Level of the interval.

    Returns
    -------
    DataFrame
        Indexed by ``by``, one row for each group that ``membership`` names: a zone near no point has no row. Columns:

        - ``certain``: the count of points that are surely in;
        - ``undetermined``: the count of points that may be in or out;
        - ``expected``: the sum of p;
        - ``low``, ``high``: quantiles at ``(1 - level) / 2`` and ``(1 + level) / 2``, the least count whose
          cumulative probability is at least that;
        - ``within_300m``, ... as in ``membership``: the count of points whose zone is that near.

        All are weighted where ``weights`` are given. Points without position are in no zone and in no count.

    Raises
    ------
    SchemaError
        A column is missing; a point without weight, or with one that is negative or not whole.
    InputError
        A point stands twice in a group, so that draws would not be independent; a level outside ]0, 1[.

    References
    ----------
    Y. H. Wang (1993), "On the number of successes in independent trials", *Statistica Sinica* 3, 295-312.
    Y. Hong (2013), "On computing the distribution function for the Poisson binomial distribution", *Computational
    Statistics & Data Analysis* 59, 41-51.

    Examples
    --------
    >>> membership = pd.DataFrame({"structure_id": ["a", "b", "c"], "zone_id": "QN1", "vintage": "2024",
    ...     "relation": ["in", "undetermined", "undetermined"], "probability": [1, 0.5, 0.5], "within_300m": True})
    >>> count_in(membership).reset_index(drop=True)
       certain  undetermined  expected  low  high  within_300m
    0        1             2       2.0    1     3            3
    """
    keys = list(by)
    advice = "Give the result of locate_in, and names of its columns."
    require_columns(("membership", membership, dict.fromkeys((*COLUMNS, *keys), advice)))
    if not 0 < level < 1:
        message = tell("level_between", level=level)
        raise InputError(message)
    point = membership.columns[0]
    rows = membership[membership["zone_id"].notna()]
    twice = rows.duplicated([point, *keys])
    if twice.any():
        name = rows.loc[twice, point].iloc[0]
        message = tell("membership_twice", point=point, name=name, keys=", ".join(keys))
        raise InputError(message)

    weight = pd.Series(1, index=rows.index) if weights is None else _weights(rows[point], weights)
    near = [str(name) for name in membership.columns if str(name).startswith("within_")]
    # Each row of a point and a zone with what it adds to each count; the counts are the sums by group.
    terms = rows[keys].assign(
        certain=weight.where(rows["relation"] == "in", 0),
        undetermined=weight.where(rows["relation"] == "undetermined", 0),
        expected=weight * rows["probability"],
        **{name: weight.where(rows[name].astype(bool), 0) for name in near},
    )
    counts = terms.groupby(keys, sort=True, observed=True).sum()
    # The interval of what is undetermined, by group: (0, 0) where nothing is; the certain are added to both ends.
    tails = ((1 - level) / 2, (1 + level) / 2)
    open_ = rows.assign(weight=weight)[rows["relation"] == "undetermined"]
    ends = {
        key: _quantiles(group["probability"].to_numpy(dtype=np.float64), group["weight"].to_numpy(dtype=np.intp), tails)
        for key, group in open_.groupby(keys, observed=True)
    }
    # Groups over a list of columns are named by tuples, also where the list holds one column, whose index is flat.
    spread = [ends.get(key if counts.index.nlevels > 1 else (key,), (0, 0)) for key in counts.index]
    low, high = np.array(spread, dtype=np.int64).reshape(-1, 2).T
    counts = counts.assign(low=counts["certain"] + low, high=counts["certain"] + high)
    return counts[["certain", "undetermined", "expected", "low", "high", *near]]


def _weights(points: pd.Series, weights: pd.Series) -> pd.Series:
    """Return the weight of each row's point as whole numbers."""
    found = points.map(weights)
    value = pd.to_numeric(found, errors="coerce")
    wrong = (value.isna() | (value < 0) | (value % 1 != 0)).to_numpy()
    advice = "is not a weight; give every point a whole number, 0 or more"
    check = (str(weights.name or "weights"), wrong, lambda i: f"'{found.iloc[i]}' {advice}")
    refuse("weights", pd.Index(points), check)
    return value.astype(np.int64)


def _quantiles(
    probability: NDArray[np.float64], weight: NDArray[np.intp], tails: tuple[float, float]
) -> tuple[int, int]:
    """Return the quantiles of the sum of weighted, independent draws."""
    mass = np.ones(1)  # mass[n]: the probability that the draws so far add up to n
    for p, w in zip(probability, weight, strict=True):
        longer = np.zeros(len(mass) + w)
        longer[: len(mass)] = mass * (1 - p)
        longer[w:] += mass * p
        mass = longer
    # Rounding must not push a quantile past a value whose cumulative probability is exactly the level.
    low, high = np.searchsorted(np.cumsum(mass), np.array(tails) - 1e-12)
    return int(low), int(high)


def zone_layers(layers: Mapping[str, gpd.GeoDataFrame], *, iris_vintage: str) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers that structures are laid over, each with ``programme``, ``interest`` and ``vintage``."""
    bare = {"programme": "", "interest": "", "vintage": iris_vintage}
    return {
        "qpv": layers["qpv"],
        "npnru": layers["npnru"],
        "neighbourhood": layers["neighbourhoods"].assign(**bare),
        "commune": layers["communes"].assign(**bare),
    }


def overlay(
    structures: gpd.GeoDataFrame, zones: Mapping[str, gpd.GeoDataFrame], *, near_m: Sequence[int]
) -> pd.DataFrame:
    """Return the rows of :func:`locate_in` over every layer: ``structure_id``, ``layer``, then its other columns."""
    tables = [locate_in(structures, layer, near_m=near_m).assign(layer=name) for name, layer in zones.items()]
    table = pd.concat(tables, ignore_index=True)
    return table[list(dict.fromkeys(["structure_id", "layer", *table.columns]))]


def count_zones(
    zones: Mapping[str, gpd.GeoDataFrame],
    rows: pd.DataFrame,
    areas: pd.DataFrame,
    *,
    near_m: Sequence[int],
    level: float,
    listed: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Return how many structures each zone holds, surely, perhaps and on average.

    ``rows`` is the overlay of the structures that count, ``areas`` has ``level``, ``zone_id`` and ``residents`` of each
    zone. One row a zone: ``layer``, ``zone_id``, its name, vintage and programme, ``residents``, ``area_ha``, and the
    counts of :func:`count_in` as ``structures_in`` and so on; ``method``. QPV that are only ``listed`` have no figures,
    and why as their method.
    """
    named = ("undetermined", "expected", "low", "high", *(f"within_{m}m" for m in near_m))
    renamed = {"certain": "structures_in"} | {name: f"structures_{name}" for name in named}
    tables = []
    for name, layer in zones.items():
        counts = count_in(rows[rows["layer"] == name], by=["zone_id"], level=level)
        residents = areas[areas["level"] == name].set_index("zone_id")["residents"]
        described = pd.DataFrame(layer[["name", "vintage", "programme", "interest"]]).assign(
            residents=residents.reindex(layer.index), area_ha=layer.area / 10_000
        )
        counted = described.join(counts.reindex(layer.index, fill_value=0).rename(columns=renamed))
        tables.append(counted.rename_axis("zone_id").reset_index().assign(layer=name, method=ZONE_METHOD))
    if listed is not None and len(listed):
        described = pd.DataFrame(listed[["name", "vintage"]]).assign(
            programme="", interest="", area_ha=listed.area / 10_000, layer="qpv", method=listed["note"]
        )
        tables.append(described.rename_axis("zone_id").reset_index())
    table = pd.concat(tables, ignore_index=True)
    return table[list(dict.fromkeys(["layer", *table.columns]))]


def residents_of(demand: gpd.GeoDataFrame, npnru: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the residents of each renewal perimeter, as rows of the table of :class:`essgeo.gaps.Areas`."""
    # One entry a pair of a demand point and a perimeter that holds it: a point in two perimeters lives in both.
    point, zone = npnru.sindex.query(demand.geometry, predicate="intersects")
    held = np.bincount(zone, weights=demand["population"].to_numpy()[point], minlength=len(npnru))
    return pd.DataFrame({"level": "npnru", "zone_id": npnru.index, "residents": held})
