"""Shares within reach, drawn anew for positions, speed, detour and activity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.gaps.reach import Spread, drawn_minutes, reached_themes
from essgeo.gaps.themes import THEMES, theme_bits, unpack_themes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from scipy import sparse

    from essgeo.access import CostMatrix


SPREAD = Spread()
REACH_OF_MOVES = 2.0
"""A structure moves beyond twice its radius once in 10,000 draws; farther trips are not looked at."""


def kept_trips(cost: CostMatrix, kept: NDArray[np.bool_]) -> CostMatrix:
    """Return a cost matrix with some of its trips.

    Examples
    --------
    >>> import pandas as pd
    >>> from essgeo.access import CostMatrix
    >>> cost = CostMatrix(pd.Index([0]), pd.Index(["a", "b"]), np.array([0, 0], dtype=np.int32),
    ...     np.array([0, 1], dtype=np.int32), np.array([7, 3], dtype=np.float32), 30, "walk", "", 4.5, 1.3)
    >>> kept_trips(cost, cost.minutes < 5).minutes.tolist()
    [3.0]
    """
    return replace(cost, origin=cost.origin[kept], destination=cost.destination[kept], minutes=cost.minutes[kept])


def drawn_shares(
    demand: gpd.GeoDataFrame,
    cost: CostMatrix,
    structures: gpd.GeoDataFrame,
    weights: sparse.csr_array,
    *,
    within_minutes: Sequence[float],
    odds: tuple[float, float],
    draws: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return the weighted shares within reach of each theme, for each draw and walk.

    Positions, speed and detour are drawn as :func:`essgeo.gaps.reach.drawn_minutes` says; over a network, the detour is
    measured and not drawn. A structure of unknown activity is active with a probability drawn from ``odds``.

    Parameters
    ----------
    demand, cost, structures
        Demand points, their minutes to the structures that count (up to twice the longest walk or more), and these.
    weights
        Areas x demand points; each row sums to 1, or is empty.
    within_minutes
        Walks.
    odds
        From :func:`essgeo.gaps.activity.activity_odds`.
    draws, seed
        How many, and from which seed.

    Returns
    -------
    ndarray of float64
        Draws x walks x areas x themes, 0 to 1. The same seed draws the same worlds, whatever the walks.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from scipy import sparse
    >>> from essgeo.access import travel_cost
    >>> home = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": [""], "challenges": [""], "status": ["unknown"], "geo_radius_m": [0.0]},
    ...                         geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> everybody = sparse.csr_array(np.ones((1, 1)))
    >>> drawn = drawn_shares(home, travel_cost(home, shop), shop, everybody, within_minutes=[15],
    ...                      odds=(80.0, 20.0), draws=200, seed=0)
    >>> bool(0.7 < drawn[:, 0, 0, 0].mean() < 0.9)
    True
    """
    slowest = (1 + SPREAD.speed) / (1 - SPREAD.detour)
    moves_m = REACH_OF_MOVES * np.nan_to_num(structures["geo_radius_m"].to_numpy(dtype=float))
    farthest = max(within_minutes) * slowest + moves_m * cost.detour / (cost.speed_kmh * METRES_PER_MINUTE_AT_1_KMH)
    near = kept_trips(cost, cost.minutes <= farthest[cost.destination])
    bits = theme_bits(structures)
    shares = np.empty((draws, len(within_minutes), weights.shape[0], len(THEMES)))
    for row, (minutes, gone) in enumerate(drawn_worlds(demand, near, structures, odds=odds, draws=draws, seed=seed)):
        alive = np.where(gone, np.uint64(0), bits)
        for walk, longest in enumerate(within_minutes):
            masks = reached_themes(near, alive, longest, minutes)
            shares[row, walk] = weights @ unpack_themes(masks).astype(np.float64)
    clipped: NDArray[np.float64] = np.clip(shares, 0, 1, out=shares)
    return clipped


def drawn_worlds(
    demand: gpd.GeoDataFrame,
    cost: CostMatrix,
    structures: gpd.GeoDataFrame,
    *,
    odds: tuple[float, float],
    draws: int,
    seed: int,
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """Yield worlds drawn at random: minutes of each trip, and which structures are gone.

    Parameters
    ----------
    demand, cost, structures, odds, draws, seed
        As for :func:`drawn_shares`. The same structures and seed give the same worlds, whatever the demand points.

    Yields
    ------
    tuple of ndarray
        Minutes, one a trip, and a flag for each structure.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> home = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"status": ["active"], "geo_radius_m": [0.0]},
    ...                         geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> [gone.tolist() for _, gone in drawn_worlds(home, travel_cost(home, shop), shop, odds=(1, 9), draws=2, seed=0)]
    [[False], [False]]
    """
    spread = Spread(detour=0.0) if cost.network_date else SPREAD
    unknown = np.flatnonzero(structures["status"] != "active")
    random = np.random.default_rng([seed, len(THEMES)])
    for minutes in drawn_minutes(cost, demand, structures, draws=draws, seed=seed, spread=spread):
        gone = np.zeros(len(structures), dtype=bool)
        gone[unknown[random.random(len(unknown)) >= random.beta(*odds)]] = True
        yield minutes, gone
