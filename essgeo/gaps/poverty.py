"""Poverty of access: how far residents lie beyond the median walk of their territory, with its draws."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from essgeo.access import nearest_minutes
from essgeo.access.accessibility import proximity
from essgeo.gaps.reach import HORIZON_MIN, THEME_ROWS, kept_trips, theme_bits, unpack_themes
from essgeo.gaps.worlds import drawn_worlds

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix


ALPHAS = (0, 1, 2)

CELL_M = 200.0
"""Draws look at one demand point a cell of that side and set of areas, which stands for the others of the cell."""


def theme_poverty(
    structures: gpd.GeoDataFrame, weights: sparse.csr_array, people: NDArray[np.float64], cost: CostMatrix
) -> NDArray[np.float64]:
    r"""Return the Foster-Greer-Thorbecke indices of each area and theme, against the territory's median.

    The line is the median walk *T* of the residents of the territory (``people``) to their nearest structure of the
    theme; who walks longer is poor, and falls short by :math:`1 - T / t`, wholly where nothing is within
    :data:`essgeo.gaps.reach.HORIZON_MIN`. See :func:`essgeo.access.accessibility.access_poverty`.

    Areas x themes x alpha (0, 1, 2); NaN where the median resident reaches no structure of the theme, or nobody lives.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0, 150, 300], [0, 0, 0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": [""], "challenges": [""]}, geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> everybody = sparse.csr_array(np.full((1, 3), 1 / 3))
    >>> theme_poverty(shop, everybody, np.ones(3), travel_cost(homes, shop))[0, 0].round(3).tolist()
    [0.333, 0.167, 0.083]
    """
    near = kept_trips(cost, cost.minutes <= HORIZON_MIN)
    offers = unpack_themes(theme_bits(structures)).astype(bool)
    indices = np.full((weights.shape[0], len(THEME_ROWS), len(ALPHAS)), np.nan)
    for theme in np.flatnonzero(offers.any(axis=0)):  # one at a time: all at once would hold themes x points x alpha
        indices[:, [theme]] = _indices(nearest_minutes(near, offers[:, theme])[None], weights, people)
    return indices


def drawn_poverty(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    weights: sparse.csr_array,
    people: NDArray[np.float64],
    cost: CostMatrix,
    *,
    odds: tuple[float, float],
    draws: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return how far the indices of :func:`theme_poverty` move in each draw: draws x areas x themes x alpha.

    Worlds are those of :func:`essgeo.gaps.worlds.drawn_worlds`, and each has its own line. One demand point stands for
    its 200 m cell; since only differences are returned (0 where there is no index), what that rounds off cancels out.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0, 450, 900], [0, 0, 0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": [""], "challenges": [""], "status": ["active"], "geo_radius_m": [200.0]},
    ...                         geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> everybody = sparse.csr_array(np.full((1, 3), 1 / 3))
    >>> moved = drawn_poverty(homes, shop, everybody, np.ones(3), travel_cost(homes, shop), odds=(8.5, 1.5), draws=50,
    ...                       seed=0)
    >>> moved.shape, bool(moved[:, 0, 0, 1].std() > 0)
    ((50, 1, 21, 3), True)
    """
    # One point a cell stands for all of it: its column of ``coarse`` (areas x cells) is the sum of theirs.
    chosen, cell = _representatives(demand, weights)
    into_cells = sparse.csr_array((np.ones(len(cell)), (np.arange(len(cell)), cell)), shape=(len(cell), len(chosen)))
    coarse = sparse.csr_array(weights @ into_cells)
    residents = np.bincount(cell, weights=people, minlength=len(chosen)).astype(np.float64)
    near = _from_origins(kept_trips(cost, cost.minutes <= HORIZON_MIN), chosen)

    # The trips that matter to each theme, theme after theme and by origin within one: their places in ``near``. A run
    # of one theme and origin starts at each of ``starts``; its smallest value is the walk to the nearest. The order is
    # the same in every world, so it is found once.
    offers = unpack_themes(theme_bits(structures)).astype(bool)
    by_theme = [np.flatnonzero(offers[near.destination, theme]) for theme in range(len(THEME_ROWS))]
    trips = np.concatenate(by_theme)
    theme = np.repeat(np.arange(len(by_theme)), [len(some) for some in by_theme])
    starts = np.flatnonzero(np.diff(theme * len(chosen) + near.origin[trips], prepend=-1))
    cells = theme[starts], near.origin[trips[starts]]

    def indices(minutes: NDArray[np.floating]) -> NDArray[np.float64]:
        nearest = np.full((len(THEME_ROWS), len(chosen)), np.nan)
        if len(trips):
            found = np.minimum.reduceat(minutes[trips], starts).astype(np.float64)
            nearest[cells] = np.where(np.isinf(found), np.nan, found)
        return _indices(nearest, coarse, residents)

    measured = indices(near.minutes)
    moves = np.zeros((draws, *measured.shape))
    worlds = drawn_worlds(demand.iloc[chosen], structures, near, odds=odds, draws=draws, seed=seed)
    for world, (minutes, gone) in enumerate(worlds):
        moves[world] = indices(np.where(gone[near.destination], np.float32(np.inf), minutes)) - measured
    return np.nan_to_num(moves)


def _representatives(demand: gpd.GeoDataFrame, weights: sparse.csr_array) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return one demand point a cell and set of areas, the nearest to the middle of its group, and the group of each.

    The set of areas of a point is told by the sum of a random number for each of them.
    """
    xy = np.column_stack([demand.geometry.x, demand.geometry.y])
    label = np.random.default_rng(0).random(weights.shape[0]) @ (weights > 0).astype(np.float64)
    keys = np.column_stack([np.floor(xy / CELL_M), np.asarray(label).round(9)])
    group = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
    size = np.bincount(group)
    middle = np.column_stack([np.bincount(group, weights=axis) / size for axis in xy.T])
    order = np.lexsort((np.hypot(*(xy - middle[group]).T), group))
    return order[np.flatnonzero(np.diff(group[order], prepend=-1))], group


def _from_origins(cost: CostMatrix, chosen: NDArray[np.intp]) -> CostMatrix:
    """Return the trips from some origins, which take the positions that they have in ``chosen``."""
    position = np.full(len(cost.origin_ids), -1, dtype=np.int32)
    position[chosen] = np.arange(len(chosen), dtype=np.int32)
    kept = np.flatnonzero(position[cost.origin] >= 0)
    kept = kept[np.argsort(position[cost.origin[kept]], kind="stable")]
    return replace(kept_trips(cost, kept), origin_ids=cost.origin_ids[chosen], origin=position[cost.origin[kept]])


def _indices(
    nearest: NDArray[np.floating], weights: sparse.csr_array, people: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the indices, areas x themes x alpha, from the nearest minutes, themes x points (NaN: none in reach)."""
    shape = (weights.shape[0], len(nearest), len(ALPHAS))
    if not people.sum() > 0:
        return np.full(shape, np.nan)
    near = proximity(nearest)  # themes x points, one over minutes: 0 where nothing is in reach
    # The weighted median of each row: points from the farthest on, up to the one where half of the people are reached.
    order = np.argsort(near, axis=1, kind="stable")
    running = people[order].cumsum(axis=1)
    middle = (running < running[:, -1:] / 2).sum(axis=1, keepdims=True)
    line = np.take_along_axis(near, np.take_along_axis(order, middle, axis=1), axis=1)  # themes x 1
    line = np.where(line > 0, line, np.nan)
    short = np.clip(1 - near / line, 0, 1)
    powers = np.stack([np.where(np.isnan(short), np.nan, short > 0), short, short**2], axis=-1)  # themes x points x 3
    table = np.asarray(weights @ powers.transpose(1, 0, 2).reshape(nearest.shape[1], -1)).reshape(shape)
    table[np.diff(weights.indptr) == 0] = np.nan
    return table
