"""Where two streets meet, for addresses that name a corner instead of a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from essgeo.geocoding.index import METRES_PER_DEGREE, SIDE_BITS
from essgeo.geocoding.search import INTERSECTION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.geocoding.address import Readings
    from essgeo.geocoding.index import AddressIndex, Department
    from essgeo.geocoding.search import Pairs


MIN_SCORE = 0.93
"""Both streets are surely those that are named."""

WIDEST_M = 150.0
"""Streets whose nearest houses lie farther apart do not meet."""


def with_corners(index: AddressIndex, readings: Readings, pairs: Pairs) -> Pairs:
    """Return the candidates of each query; of one that says it lies between two streets, where these meet.

    That is midway between their two nearest houses.
    """
    side = readings.corner[pairs.reading]
    good = np.flatnonzero((side > 0) & (pairs.score >= MIN_SCORE))
    if not len(good):
        return pairs
    keep = np.ones(len(side), dtype=bool)
    pairs = pairs.take(keep)
    for query in np.unique(pairs.query[good]).tolist():
        rows = good[pairs.query[good] == query]
        # Homonyms in several communes: the two streets that come nearest to each other are meant.
        meetings = [
            (*_meeting(index.department(int(pairs.department[one])), *pairs.street[[one, other]].tolist()), one, other)
            for one in rows[side[rows] == 1].tolist()
            for other in rows[side[rows] == 2].tolist()  # noqa: PLR2004 (the second street)
            if pairs.department[one] == pairs.department[other]
        ]
        apart, lon, lat, one, other = min(meetings, default=(np.inf, 0.0, 0.0, 0, 0))
        if apart <= WIDEST_M:
            pairs.lon[one], pairs.lat[one], pairs.spread_m[one] = lon, lat, apart / 2
            pairs.precision[one], pairs.row[one] = INTERSECTION, pairs.street[other]
            pairs.score[one] = pairs.score[[one, other]].min()
            keep[pairs.query == query] = False
            keep[one] = True
    return pairs.take(keep)


def _meeting(department: Department, one: int, other: int) -> tuple[float, float, float]:
    """Return how near the houses of two streets come to each other, metres, and the point between the nearest two."""
    here, there = _houses(department, one), _houses(department, other)
    if not len(here) or not len(there):
        return np.inf, 0.0, 0.0
    shrink = np.array([np.cos(np.radians(here[0, 1])), 1.0]) * METRES_PER_DEGREE
    found = cKDTree(there * shrink).query(here * shrink)
    apart, nearest = np.asarray(found[0]), np.asarray(found[1])
    at = int(apart.argmin())
    return (float(apart[at]), *((here[at] + there[nearest[at]]) / 2).tolist())


def _houses(department: Department, street: int) -> NDArray[np.float64]:
    """Return the houses of a street: a row each, degrees."""
    street = int(department.of[street])
    first, last = np.searchsorted(department.slots, [street << (SIDE_BITS + 1), (street + 1) << (SIDE_BITS + 1)])
    return department.points(np.arange(first, last)).T
