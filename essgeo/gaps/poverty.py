"""Poverty of access: how far residents lie beyond the median walk of their territory, with its draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from essgeo.access import nearest_minutes
from essgeo.access.accessibility import proximity
from essgeo.gaps.reach import HORIZON_MIN, THEME_ROWS, kept_trips, theme_bits, unpack_themes
from essgeo.uncertainty import as_flags, street_metres
from essgeo.uncertainty.counting import MOVE_DETOUR
from essgeo.uncertainty.streets import LONGEST_Z, STEPS

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix
    from essgeo.uncertainty import Homes, Places, Worlds


ALPHAS = (0, 1, 2)

POVERTY_WORLDS, MOST_PAIRS = (32, 128), 40_000_000
"""Poverty of access takes longer than all the rest of a world: it is drawn in so many, fewer where there are many pairs
of a cell and a structure."""

PAIRS = 1 << 16
"""So many pairs of a cell and a structure are looked at together: more would not stay in the cache."""


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
    >>> theme_poverty(shop, everybody, np.ones(3), travel_cost(homes, shop, detour=1.3))[0, 0].round(3).tolist()
    [0.333, 0.167, 0.083]
    """
    near = kept_trips(cost, cost.minutes <= HORIZON_MIN)
    offers = unpack_themes(theme_bits(structures)).astype(bool)
    indices = np.full((weights.shape[0], len(THEME_ROWS), len(ALPHAS)), np.nan)
    for theme in np.flatnonzero(offers.any(axis=0)):  # one at a time: all at once would hold themes x points x alpha
        indices[:, [theme]] = _indices(nearest_minutes(near, offers[:, theme])[None], weights, people)
    return indices


def drawn_poverty(
    homes: Homes,
    places: Places,
    worlds: Worlds,
    holds: NDArray[np.float32],
    *,
    streets: sparse.csr_array | None,
    metres_per_minute: float,
) -> NDArray[np.float64]:
    """Return the indices of :func:`theme_poverty` in worlds: areas x themes x alpha x worlds.

    ``holds`` are areas x groups, 1 where the homes of a group belong to the area. Each world has its own line. One
    demand point stands for its cell; of many structures fewer worlds are drawn.
    """
    # The point nearest to the middle of each cell stands for it.
    cell = worlds.cell
    size = np.bincount(cell)
    middle = np.column_stack([np.bincount(cell, weights=axis) / size for axis in homes.xy.T])
    order = np.lexsort((np.hypot(*(homes.xy - middle[cell]).T), cell))
    chosen = order[np.flatnonzero(np.diff(cell[order], prepend=-1))]
    parts, xy = homes.parts(cell), homes.xy[chosen].astype(np.float32)
    # Areas x cells: the share of a cell that belongs to an area.
    belongs = np.stack([np.bincount(parts.cell, weights=of[parts.group] * parts.share) for of in holds])
    count = min(worlds.count, int(np.clip(MOST_PAIRS // max(len(chosen) * len(places.xy), 1), *POVERTY_WORLDS)))
    alive = as_flags(worlds.alive)[:, :count].astype(bool)
    offers = unpack_themes(places.themes).astype(bool)
    measured = None if streets is None else streets[chosen].toarray().astype(np.float32)  # cells x structures, metres
    indices = np.full((len(holds), len(THEME_ROWS), len(ALPHAS), count), np.nan)
    for world in range(count):
        there = np.flatnonzero(alive[:, world])
        nearest = np.empty((len(THEME_ROWS), len(chosen)))
        step = max(PAIRS // max(len(there), 1), 1)
        for start in range(0, len(chosen), step):
            some = slice(start, start + step)
            # Cells x structures.
            straight = np.hypot(xy[some, :1] - worlds.x[there, world], xy[some, 1:] - worlds.y[there, world])
            z = (worlds.field[worlds.part[chosen[some]], world][:, None] + worlds.own[there, world]) / STEPS
            walked = street_metres(straight, z - 2 * LONGEST_Z)
            if measured is not None:
                metres = measured[some, there]
                # Where a structure is known to stand, in a straight line.
                known = np.hypot(*(homes.xy[chosen[some]][:, None] - places.xy[there]).transpose(2, 0, 1))
                over = np.where(metres > 0, metres + MOVE_DETOUR * (straight - known), np.inf)
                walked = np.where(places.located[there], over, walked)
            minutes = walked / metres_per_minute
            nearest[:, some] = [minutes[:, among].min(axis=1, initial=np.inf) for among in offers[there].T]
        nearest[nearest > HORIZON_MIN] = np.nan
        # Each area weighs cells by its part of their residents in this world; the line is that of the territory.
        people = worlds.people[:, world].astype(np.float64) * belongs[0]  # of the territory, the first of the areas
        held = belongs * people
        total = held.sum(axis=1, keepdims=True)
        weights = sparse.csr_array(np.divide(held, total, out=np.zeros_like(held), where=total > 0))
        indices[..., world] = _indices(nearest, weights, people)
    return indices


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
    # NaN where a theme has no line: it stays NaN through the sums of all areas. Points first, so that one product of
    # matrices weighs themes and powers together.
    powers = np.stack([np.where(np.isnan(short), np.nan, short > 0), short, short**2], axis=-1)  # themes x points x 3
    table = np.asarray(weights @ powers.transpose(1, 0, 2).reshape(nearest.shape[1], -1)).reshape(shape)
    table[np.diff(weights.indptr) == 0] = np.nan
    return table
