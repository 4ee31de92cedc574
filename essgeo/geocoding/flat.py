"""Distances between points that are near each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

METRES_PER_DEGREE = 111_195.0


def distance_m(
    lon_a: NDArray[np.float64], lat_a: NDArray[np.float64], lon_b: NDArray[np.float64], lat_b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return distances in metres between points in degrees, on a sphere seen as flat (good to 0.5 % below 50 km)."""
    east = (lon_a - lon_b) * np.cos(np.radians((lat_a + lat_b) / 2))
    return np.hypot(east, lat_a - lat_b) * METRES_PER_DEGREE
