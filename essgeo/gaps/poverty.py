"""Poverty of access, with its draws."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from essgeo.access.accessibility import nearest_k, proximity, weighted_median
from essgeo.gaps.reach import THEME_ROWS, drawn_worlds, theme_bits, unpack_themes

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix


ALPHAS = (0, 1, 2)

CELL_M = 200.0
"""Draws look at one demand point a cell of that side and set of areas, which stands for the others of the cell."""


def theme_poverty(
    cost: CostMatrix, structures: gpd.GeoDataFrame, weights: sparse.csr_array, population: NDArray[np.float64]
) -> NDArray[np.float64]:
    r"""Return the Foster-Greer-Thorbecke indices of each area and theme, against the territory's median.

    The line is the median walk *T* of the residents of the territory to their nearest structure of the theme; who walks
    longer is poor, and falls short by :math:`1 - T / t`, wholly where nothing is within ``cost.max_minutes``. See
    :func:`essgeo.access.accessibility.access_poverty`.

    Parameters
    ----------
    cost, structures
        Minutes from demand points to the structures that count, and these.
    weights
        Areas x demand points; each row sums to 1, or is empty.
    population
        Residents of the territory at each demand point.

    Returns
    -------
    ndarray of float64
        Areas x themes x alpha (0, 1, 2); NaN where the median resident reaches no structure of the theme.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from scipy import sparse
    >>> from essgeo.access import travel_cost
    >>> homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0, 150, 300], [0, 0, 0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": [""], "challenges": [""]}, geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> everybody = sparse.csr_array(np.full((1, 3), 1 / 3))
    >>> theme_poverty(travel_cost(homes, shop), shop, everybody, np.ones(3))[0, 0].round(3).tolist()
    [0.333, 0.167, 0.083]
    """
    offers = unpack_themes(theme_bits(structures)).astype(bool)
    indices = np.full((weights.shape[0], len(THEME_ROWS), len(ALPHAS)), np.nan)
    for theme in np.flatnonzero(offers.any(axis=0)):
        near = proximity(nearest_k(cost, 1, offers[:, theme])[:, 0])
        line = weighted_median(near, population)
        if not line > 0:
            continue
        short = np.clip(1 - near / line, 0, 1)
        powers = np.column_stack([(short > 0).astype(np.float64), short, short**2])
        indices[:, theme] = weights @ powers
    indices[np.asarray(weights.sum(axis=1)).ravel() == 0] = np.nan
    return indices


def drawn_poverty(
    demand: gpd.GeoDataFrame,
    cost: CostMatrix,
    structures: gpd.GeoDataFrame,
    weights: sparse.csr_array,
    population: NDArray[np.float64],
    *,
    odds: tuple[float, float],
    draws: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return how far the indices of :func:`theme_poverty` move in each draw.

    Worlds are drawn as :func:`essgeo.gaps.reach.drawn_shares` does, and each has its own line. One demand point stands
    for its 200 m cell; since only differences are returned, what that rounds off cancels out.

    Parameters
    ----------
    demand, cost, structures, weights, population
        As for :func:`theme_poverty`, with the points themselves.
    odds, draws, seed
        As for :func:`essgeo.gaps.reach.drawn_shares`.

    Returns
    -------
    ndarray of float64
        Draws x areas x themes x alpha: index in the draw less the index as measured; 0 where there is none.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0, 450, 900], [0, 0, 0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": [""], "challenges": [""], "status": ["active"], "geo_radius_m": [200.0]},
    ...                         geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> everybody = sparse.csr_array(np.full((1, 3), 1 / 3))
    >>> moved = drawn_poverty(homes, travel_cost(homes, shop), shop, everybody, np.ones(3), odds=(8.5, 1.5), draws=50,
    ...                       seed=0)
    >>> moved.shape, bool(moved[:, 0, 0, 1].std() > 0)
    ((50, 1, 21, 3), True)
    """
    chosen, group = _representatives(demand, weights)
    summed = sparse.csr_array((np.ones(len(group)), (np.arange(len(group)), group)), shape=(len(group), len(chosen)))
    near = _between(cost, chosen)
    trips = _trips(near, theme_bits(structures))
    coarse, people = sparse.csr_array(weights @ summed), np.bincount(group, weights=population).astype(np.float64)
    measured = _indices(trips, near.minutes, coarse, people)
    moves = np.zeros((draws, *measured.shape))
    worlds = drawn_worlds(demand.iloc[chosen], near, structures, odds=odds, draws=draws, seed=seed)
    for row, (minutes, gone) in enumerate(worlds):
        times = np.where(gone[near.destination], np.float32(np.inf), minutes)
        moves[row] = _indices(trips, times, coarse, people) - measured
    return np.nan_to_num(moves)


class _Trips(NamedTuple):
    """Pairs by theme, then origin: their place in the cost matrix, and where each theme and origin starts."""

    pair: NDArray[np.intp]
    start: NDArray[np.intp]
    theme: NDArray[np.intp]
    origin: NDArray[np.intp]
    origins: int


def _representatives(demand: gpd.GeoDataFrame, weights: sparse.csr_array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return one point a group, the nearest to its middle, and the group of each point."""
    xy = np.column_stack([demand.geometry.x, demand.geometry.y])
    label = np.random.default_rng(0).random(weights.shape[0]) @ (weights > 0).astype(np.float64)
    cells = np.column_stack([np.floor(xy / CELL_M), np.asarray(label).round(9)])
    _, group = np.unique(cells, axis=0, return_inverse=True)
    group = group.ravel()
    size = np.bincount(group)
    middle = np.column_stack([np.bincount(group, weights=axis) / size for axis in xy.T])
    order = np.lexsort((np.hypot(*(xy - middle[group]).T), group))
    first = np.flatnonzero(np.diff(group[order], prepend=-1))
    return order[first], group


def _between(cost: CostMatrix, chosen: NDArray[np.intp]) -> CostMatrix:
    """Return the trips of some origins, sorted by origin."""
    position = np.full(len(cost.origin_ids), -1, dtype=np.int32)
    position[chosen] = np.arange(len(chosen), dtype=np.int32)
    kept = np.flatnonzero(position[cost.origin] >= 0)
    kept = kept[np.argsort(position[cost.origin[kept]], kind="stable")]
    return replace(
        cost,
        origin_ids=cost.origin_ids[chosen],
        origin=position[cost.origin[kept]],
        destination=cost.destination[kept],
        minutes=cost.minutes[kept],
    )


def _trips(cost: CostMatrix, bits: NDArray[np.uint64]) -> _Trips:
    offers = unpack_themes(bits).astype(bool)
    pairs = [np.flatnonzero(offers[cost.destination, theme]) for theme in range(offers.shape[1])]
    pair = np.concatenate(pairs)
    theme = np.repeat(np.arange(len(pairs)), [len(some) for some in pairs])
    origin = cost.origin[pair].astype(np.intp)
    key = theme * len(cost.origin_ids) + origin
    start = np.flatnonzero(np.diff(key, prepend=-1))
    return _Trips(pair, start, theme[start], origin[start], len(cost.origin_ids))


def _indices(
    trips: _Trips, minutes: NDArray[np.floating], weights: sparse.csr_array, people: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the indices of each area and theme; NaN where the median resident reaches nothing."""
    nearest = np.full((len(THEME_ROWS), trips.origins), np.nan)
    if len(trips.pair):
        found = np.minimum.reduceat(minutes[trips.pair], trips.start).astype(np.float64)
        nearest[trips.theme, trips.origin] = np.where(np.isinf(found), np.nan, found)
    near = proximity(nearest)
    order = np.argsort(near, axis=1, kind="stable")
    reached = people[order].cumsum(axis=1)
    middle = (reached < reached[:, -1:] / 2).sum(axis=1)
    line = np.take_along_axis(near, order, axis=1)[np.arange(len(near)), np.minimum(middle, trips.origins - 1)]
    line = np.where(line > 0, line, np.nan)
    short = np.clip(1 - near / line[:, None], 0, 1)
    powers = np.stack([np.where(np.isnan(short), np.nan, short > 0), short, short**2], axis=-1)
    table = np.asarray(weights @ powers.transpose(1, 0, 2).reshape(trips.origins, -1))
    return table.reshape(weights.shape[0], len(THEME_ROWS), len(ALPHAS))
