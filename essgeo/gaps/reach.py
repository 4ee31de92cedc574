"""Which themes each demand point reaches, for travel times as measured or as drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix

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
