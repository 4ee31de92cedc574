"""Which themes each resident reaches, in the mean and world by world."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.schema.vocabulary import CHALLENGES, SECTORS, split_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from scipy import sparse

    from essgeo.access import CostMatrix


THEME_ROWS = pd.DataFrame(
    [("all", "all"), *(("sector", code) for code in SECTORS), *(("challenge", code) for code in CHALLENGES)],
    columns=["theme_kind", "theme"],
)
"""Every theme, in the order of tables: ``theme_kind`` and ``theme``. There are fewer than 64."""


def theme_bits(structures: pd.DataFrame) -> NDArray[np.uint64]:
    """Return, for each structure, a 64-bit mask with bit *i* set where it offers theme *i* of :data:`THEME_ROWS`.

    A mask makes "which themes does one of these structures offer" a single bitwise or.

    Parameters
    ----------
    structures
        Columns ``sectors`` and ``challenges``, codes joined by ``|``.

    Returns
    -------
    ndarray of uint64
        One mask a structure.

    Examples
    --------
    >>> bits = theme_bits(pd.DataFrame({"sectors": ["mobilite", ""], "challenges": ["", ""]}))
    >>> [THEME_ROWS["theme"][unpack_themes(bits)[row].nonzero()[0]].tolist() for row in (0, 1)]
    [['all', 'mobilite'], ['all']]
    """
    position = {theme: row for row, theme in enumerate(THEME_ROWS["theme"])}
    masks = []
    for sectors, challenges in zip(structures["sectors"], structures["challenges"], strict=True):
        codes = ["all", *split_codes(sectors), *split_codes(challenges)]
        masks.append(sum(1 << position[code] for code in dict.fromkeys(codes)))
    return np.array(masks, dtype=np.uint64)


def unpack_themes(masks: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return masks as an array of 0 and 1, one row a mask and one column a theme.

    Examples
    --------
    >>> unpack_themes(np.array([5], dtype=np.uint64))[0, :4].tolist()
    [1, 0, 1, 0]
    """
    octets = np.ascontiguousarray(masks, dtype="<u8").view(np.uint8).reshape(len(masks), 8)
    return np.unpackbits(octets, axis=1, count=len(THEME_ROWS), bitorder="little")


SHARE_WITHIN_RADIUS = 0.9


@dataclass(frozen=True)
class Spread:
    """How far the assumptions of walking may lie from the truth: half-widths of symmetric triangular distributions.

    Attributes
    ----------
    speed
        Share of the walking speed. Comfortable speeds of adults run from about 4.6 to 5.3 km/h and lower with age
        (Bohannon 1997); 0.15 around 4.5 km/h spans 3.8 to 5.2.
    detour
        Share of the detour factor; 0.12 around 1.3 spans 1.14 to 1.46.
    """

    speed: float = 0.15
    detour: float = 0.12


def reached_themes(
    cost: CostMatrix, bits: NDArray[np.uint64], within_minutes: float, minutes: NDArray[np.floating] | None = None
) -> NDArray[np.uint64]:
    """Return, for each origin, the mask of the themes that a destination within reach offers.

    Parameters
    ----------
    cost
        Travel times, sorted by origin.
    bits
        Mask of each destination; 0 for one that does not count.
    within_minutes
        Longest walk.
    minutes
        Other minutes for the same pairs, from :func:`drawn_minutes`.

    Returns
    -------
    ndarray of uint64
        One mask an origin.

    Examples
    --------
    >>> import pandas as pd
    >>> from essgeo.access import CostMatrix
    >>> cost = CostMatrix(pd.Index([0, 1]), pd.Index(["a", "b"]), np.array([0, 0], dtype=np.int32),
    ...     np.array([0, 1], dtype=np.int32), np.array([7, 3], dtype=np.float32), 30, "walk", "", 4.5, 1.3)
    >>> reached_themes(cost, np.array([1, 2], dtype=np.uint64), 5).tolist()
    [2, 0]
    """
    masks = np.zeros(len(cost.origin_ids), dtype=np.uint64)
    near = np.flatnonzero((cost.minutes if minutes is None else minutes) <= within_minutes)
    if len(near):
        origin = cost.origin[near]
        starts = np.flatnonzero(np.diff(origin, prepend=-1))
        masks[origin[starts]] = np.bitwise_or.reduceat(bits[cost.destination[near]], starts)
    return masks


def drawn_minutes(
    cost: CostMatrix,
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame,
    *,
    draws: int,
    seed: int,
    spread: Spread | None = None,
) -> Iterator[NDArray[np.float32]]:
    r"""Yield travel times as they would be if positions, speed and detour were drawn anew.

    A destination moves by an isotropic normal error with 90 % of moves within its ``geo_radius_m``:
    :math:`\sigma = r / \sqrt{2 \ln 10}`. Its walk grows or shrinks by what it moved away or closer in a straight
    line, times the detour. Speed and detour follow triangular distributions around their values, the same for all pairs
    of a draw.

    Parameters
    ----------
    cost
        Travel times between them.
    origins, destinations
        Points, in the order of ``cost``; destinations with ``geo_radius_m`` in metres (NaN or 0: exact).
    draws, seed
        How many, and from which seed.
    spread
        Half-widths of the distributions.

    Yields
    ------
    ndarray of float32
        Minutes for each pair of ``cost``.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> home = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"geo_radius_m": [0.0]}, geometry=gpd.points_from_xy([300], [0]), crs=2154)
    >>> cost = travel_cost(home, shop)
    >>> exact = drawn_minutes(cost, home, shop, draws=1, seed=0, spread=Spread(0, 0))
    >>> [[round(float(m), 2) for m in drawn] for drawn in exact]
    [[5.2]]
    """
    spread = spread or Spread()
    random = np.random.default_rng(seed)
    radius = np.nan_to_num(destinations["geo_radius_m"].to_numpy(dtype=float))
    sigma = radius / np.sqrt(-2 * np.log(1 - SHARE_WITHIN_RADIUS))
    minutes_per_metre = cost.detour / (cost.speed_kmh * METRES_PER_MINUTE_AT_1_KMH)
    from_x, from_y = (
        (
            getattr(destinations.geometry, axis).to_numpy()[cost.destination]
            - getattr(origins.geometry, axis).to_numpy()[cost.origin]
        ).astype(np.float32)
        for axis in "xy"
    )
    straight = np.sqrt(from_x**2 + from_y**2)
    for _ in range(draws):
        moves = (sigma * random.standard_normal((2, len(sigma)))).astype(np.float32)
        moved = np.sqrt((from_x + moves[0][cost.destination]) ** 2 + (from_y + moves[1][cost.destination]) ** 2)
        pace = _triangular(random, spread.detour) / _triangular(random, spread.speed)
        yield (cost.minutes + (moved - straight) * np.float32(minutes_per_metre)) * np.float32(pace)


def _triangular(random: np.random.Generator, half_width: float) -> float:
    return random.triangular(1 - half_width, 1, 1 + half_width) if half_width else 1.0


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
        From :func:`essgeo.register.activity.activity_odds`.
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
    shares = np.empty((draws, len(within_minutes), weights.shape[0], len(THEME_ROWS)))
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
    random = np.random.default_rng([seed, len(THEME_ROWS)])
    for minutes in drawn_minutes(cost, demand, structures, draws=draws, seed=seed, spread=spread):
        gone = np.zeros(len(structures), dtype=bool)
        gone[unknown[random.random(len(unknown)) >= random.beta(*odds)]] = True
        yield minutes, gone
