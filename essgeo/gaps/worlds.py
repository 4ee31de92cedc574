"""Worlds drawn at random: where structures stand, how fast people walk, and which structures are gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.gaps.reach import THEME_ROWS, kept_trips, reached_themes, theme_bits, weighted_shares

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from scipy import sparse

    from essgeo.access import CostMatrix


SHARE_WITHIN_RADIUS = 0.9
"""A structure lies within its ``geo_radius_m`` nine times in ten."""

REACH_OF_MOVES = 2.0
"""A structure moves beyond twice its radius once in 10,000 draws; farther trips are not looked at."""


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


def triangular(random: np.random.Generator, half_width: float) -> float:
    """Return a number drawn around 1; exactly 1, and without a draw, where the half-width is 0."""
    return random.triangular(1 - half_width, 1, 1 + half_width) if half_width else 1.0


def drawn_minutes(
    cost: CostMatrix,
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame,
    *,
    draws: int,
    seed: int,
    spread: Spread | None = None,
) -> Iterator[NDArray[np.float32]]:
    r"""Yield the minutes of each trip as they would be if positions, speed and detour were drawn anew.

    A destination moves by an isotropic normal error with 90 % of moves within its ``geo_radius_m`` (NaN or 0: exact):
    :math:`\sigma = r / \sqrt{2 \ln 10}`. Its walk grows or shrinks by what it moved away or closer in a straight
    line, times the detour. Speed and detour follow triangular distributions around their values, the same for all trips
    of a draw.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> home = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"geo_radius_m": [0.0]}, geometry=gpd.points_from_xy([300], [0]), crs=2154)
    >>> exact = drawn_minutes(travel_cost(home, shop), home, shop, draws=1, seed=0, spread=Spread(0, 0))
    >>> [[round(float(m), 2) for m in drawn] for drawn in exact]
    [[5.2]]
    """
    spread = spread or Spread()
    random = np.random.default_rng(seed)
    radius = np.nan_to_num(destinations["geo_radius_m"].to_numpy(dtype=float))
    sigma = radius / np.sqrt(-2 * np.log(1 - SHARE_WITHIN_RADIUS))  # one a destination, metres
    minutes_per_metre = np.float32(cost.detour / (cost.speed_kmh * METRES_PER_MINUTE_AT_1_KMH))
    # One value a trip from here on. 32 bits: the minutes of a cost matrix hold no more, and trips are millions.
    from_x, from_y = (
        (
            getattr(destinations.geometry, axis).to_numpy()[cost.destination]
            - getattr(origins.geometry, axis).to_numpy()[cost.origin]
        ).astype(np.float32)
        for axis in "xy"
    )
    straight = np.sqrt(from_x**2 + from_y**2)
    for _ in range(draws):
        moves = (sigma * random.standard_normal((2, len(sigma)))).astype(np.float32)  # x and y x destinations
        moved = np.sqrt((from_x + moves[0][cost.destination]) ** 2 + (from_y + moves[1][cost.destination]) ** 2)
        pace = triangular(random, spread.detour) / triangular(random, spread.speed)
        # Only the difference is drawn, so that over a network the rest of the walk stays what its streets make it.
        yield (cost.minutes + (moved - straight) * minutes_per_metre) * np.float32(pace)


def drawn_worlds(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    cost: CostMatrix,
    *,
    odds: tuple[float, float],
    draws: int,
    seed: int,
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    """Yield the minutes of each trip, and a flag for each structure that is gone, world after world.

    Over a network the detour is measured and not drawn. A structure of unknown activity is active with a probability
    drawn from ``odds``. The same structures and seed give the same worlds, whatever the demand points.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> home = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"status": ["active"], "geo_radius_m": [0.0]},
    ...                         geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> [gone.tolist() for _, gone in drawn_worlds(home, shop, travel_cost(home, shop), odds=(1, 9), draws=2, seed=0)]
    [[False], [False]]
    """
    spread = Spread(detour=0.0) if cost.network_date else Spread()
    unknown = np.flatnonzero(structures["status"] != "active")
    random = np.random.default_rng([seed, len(THEME_ROWS)])
    for minutes in drawn_minutes(cost, demand, structures, draws=draws, seed=seed, spread=spread):
        gone = np.zeros(len(structures), dtype=bool)
        gone[unknown[random.random(len(unknown)) >= random.beta(*odds)]] = True
        yield minutes, gone


def drawn_shares(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    weights: sparse.csr_array,
    cost: CostMatrix,
    *,
    within_minutes: Sequence[float],
    odds: tuple[float, float],
    draws: int,
    seed: int,
) -> NDArray[np.float64]:
    """Return the weighted shares within reach of each theme: draws x walks x areas x themes, 0 to 1.

    ``weights`` are areas x demand points, each row summing to 1 or empty. The same seed draws the same worlds, whatever
    the walks.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from scipy import sparse
    >>> from essgeo.access import travel_cost
    >>> home = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": [""], "challenges": [""], "status": ["unknown"], "geo_radius_m": [0.0]},
    ...                         geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> everybody = sparse.csr_array(np.ones((1, 1)))
    >>> drawn = drawn_shares(home, shop, everybody, travel_cost(home, shop), within_minutes=[15],
    ...                      odds=(80.0, 20.0), draws=200, seed=0)
    >>> bool(0.7 < drawn[:, 0, 0, 0].mean() < 0.9)
    True
    """
    # A trip is looked at if it is short enough for the fastest world, with its structure moved as near as can be.
    widest = Spread()
    moves_m = REACH_OF_MOVES * np.nan_to_num(structures["geo_radius_m"].to_numpy(dtype=float))
    moves_min = moves_m * cost.detour / (cost.speed_kmh * METRES_PER_MINUTE_AT_1_KMH)
    farthest = max(within_minutes) * (1 + widest.speed) / (1 - widest.detour) + moves_min
    near = kept_trips(cost, cost.minutes <= farthest[cost.destination])
    bits = theme_bits(structures)
    shares = np.empty((draws, len(within_minutes), weights.shape[0], len(THEME_ROWS)))
    for world, (minutes, gone) in enumerate(drawn_worlds(demand, structures, near, odds=odds, draws=draws, seed=seed)):
        alive = np.where(gone, np.uint64(0), bits)
        for walk, longest in enumerate(within_minutes):
            shares[world, walk] = weighted_shares(weights, reached_themes(near, alive, longest, minutes))
    return shares
