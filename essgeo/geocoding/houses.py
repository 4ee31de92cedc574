"""Where a house number lies on a street: at its house, between its neighbours, or where two streets meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from essgeo.geocoding.index import METRES_PER_DEGREE, NUMBER_BITS, SIDE_BITS, distance_m, number_of, pack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.geocoding.address import Readings
    from essgeo.geocoding.index import AddressIndex, Department
    from essgeo.geocoding.search import Pairs

HOUSENUMBER, INTERPOLATED, STREET, LOCALITY, MUNICIPALITY, INTERSECTION = range(6)

PRECISIONS = ("housenumber", "interpolated", "street", "locality", "municipality", "intersection")

WIDEST_GAP, WIDEST_M, FARTHEST, FEW = 40, 400.0, 6, 10
"""A number that a street lacks is put between two neighbours, if they are no farther apart than the first (in numbers)
and the second (in metres); else at one neighbour, if it is within the third; else beside houses of the other side, if
its own side has no more houses than the fourth.

Of houses of Paris put beside those of the other side, by the number of houses on their own, 90 % lie within 52 m (up to
2), 46 m (to 5), 50 m (to 10), 79 m (to 30), 190 m (more)."""

FOUND, SAME_NUMBER, BETWEEN, NEAR, UNKNOWN = 1.0, 0.97, 0.93, 0.91, 0.78
"""Factors of the score: the house or no number asked; its number with another repetition; put between two
neighbours; at one; none of these."""


class Houses(NamedTuple):
    """Where house numbers are, one row a pair of street and numbers.

    Attributes
    ----------
    precision, factor
        One of :data:`PRECISIONS` by position, and the factor of the score.
    row, column
        The address found (-1: none), and by which of the numbers asked; of an intersection the other street.
    lon, lat
        Degrees: of the house, of a point between neighbours, or of the middle of the street.
    spread_m
        How far that is from the ends of a range or list of numbers; 0 for one number.
    """

    precision: NDArray[np.int8]
    factor: NDArray[np.float64]
    row: NDArray[np.int64]
    column: NDArray[np.int8]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    spread_m: NDArray[np.float64]


def find_houses(
    department: Department,
    street: NDArray[np.int64],
    numbers: NDArray[np.int32],
    repetitions: NDArray[np.object_],
    *,
    complete: bool = True,
) -> Houses:
    """Return the position of house numbers on streets; of a range or list, midway from its first to its last number."""
    # Arrays of pairs; `numbers` and `repetitions` are pairs x numbers of a range or list, from the left. A street that
    # bears a second name has its houses under the row of the first.
    slots, size = department.slots, len(street)
    street = department.of[street]
    # The first and the last address found of each range or list (rows of the addresses), -1 while none is.
    first, final = np.full((2, size), -1, dtype=np.int64)
    column = np.zeros(size, dtype=np.int8)
    precision = np.where(department.locality[street], LOCALITY, STREET).astype(np.int8)
    factor = np.full(size, FOUND)
    point = department.lon_lat[:, street]
    spread = np.zeros(size)
    if not len(slots):
        return Houses(precision, factor, first, column, point[0], point[1], spread)
    # Every column of numbers at once for all rows: a slot is looked for by bisection among the sorted slots. A
    # repetition that the department has nowhere is searched for as none, and not found.
    codes = {text: code for code, text in enumerate(department.repetitions)}
    asked = (numbers >= 0) & (numbers < 1 << NUMBER_BITS)
    for position in range(numbers.shape[1]):
        rows = np.flatnonzero(asked[:, position])
        if not len(rows):
            break
        code = np.array([codes.get(text, -1) for text in repetitions[rows, position].tolist()], dtype=np.int64)
        wanted = pack(street[rows], numbers[rows, position].astype(np.int64), np.maximum(code, 0))
        at = np.minimum(np.searchsorted(slots, wanted), len(slots) - 1)
        known = (slots[at] == wanted) & (code >= 0)
        final[rows[known]] = at[known]
        new = rows[known & (first[rows] < 0)]
        first[new], column[new] = final[new], position
    found = first >= 0
    precision[found] = HOUSENUMBER
    point[:, found] = department.points(first[found])
    rest = np.flatnonzero(asked[:, 0] & ~found)
    if complete:
        precision[rest], factor[rest], point[:, rest] = _interpolate(
            department, street[rest], numbers[rest, 0].astype(np.int64), point[:, rest]
        )
    else:
        factor[rest] = UNKNOWN
    # Ranges and lists: midway between the two ends.
    rows = np.flatnonzero(found & (numbers[:, 1] >= 0))
    ends = np.stack([department.points(first[rows]), department.points(final[rows])])
    if complete and len(rows):
        # The last number of a range that the index lacks lies between its neighbours, as a single one does.
        last = (numbers[rows] >= 0).sum(axis=1) - 1
        number = numbers[rows, np.where(column[rows] > 0, 0, last)].astype(np.int64)
        lacks = first[rows] == final[rows]
        ends[1][:, lacks] = _interpolate(department, street[rows[lacks]], number[lacks], ends[0][:, lacks])[2]
    point[:, rows] = ends.mean(axis=0)
    spread[rows] = distance_m(*ends[0], *ends[1]) / 2
    return Houses(precision, factor, first, column, point[0], point[1], spread)


def _interpolate(
    department: Department, street: NDArray[np.int64], number: NDArray[np.int64], point: NDArray[np.float64]
) -> tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]:
    """Return precision, factor and point (two rows) of numbers that a street lacks, by its houses next to them.

    Houses of the same side come first; where they tell nothing, one near on the other side.
    """
    slots, last = department.slots, len(department.slots) - 1
    precision, factor = np.full(len(street), STREET, dtype=np.int8), np.full(len(street), UNKNOWN)
    if not len(street):
        return precision, factor, point
    left = np.ones(len(street), dtype=bool)  # not placed yet
    none = 1 << NUMBER_BITS
    for other_side in (False, True):
        # The slots around the one that the number would have; on the other side that of the number beside it (12 for
        # 13, 13 for 12). On another street or side they are no neighbours: their number is then far below or above any.
        wanted = pack(street, number ^ 1 if other_side else number, np.zeros_like(street))
        after = np.searchsorted(slots, wanted)
        before, after = np.maximum(after - 1, 0), np.minimum(after, last)
        above = (slots[after] >= wanted) & (slots[after] >> SIDE_BITS == wanted >> SIDE_BITS)
        below = (slots[before] < wanted) & (slots[before] >> SIDE_BITS == wanted >> SIDE_BITS)
        high, low = np.where(above, number_of(slots[after]), none), np.where(below, number_of(slots[before]), -none)
        ahead, behind = department.points(after), department.points(before)
        # By pair: its number with another repetition; two neighbours near enough to each other; one near enough.
        same = left & (high == number)
        between = left & ~same & (high - low <= WIDEST_GAP) & (distance_m(*ahead, *behind) <= WIDEST_M)
        near = left & ~same & ~between & (np.minimum(high - number, number - low) <= FARTHEST)
        closest = np.where(high - number <= number - low, ahead, behind)
        if other_side:
            # A number between two houses of the other side stays unknown, unless its own side has few; one near the
            # last of them does not.
            # The slots of its own side run from `own`, its lowest one, to before the lowest of the next side.
            own = pack(street, number, np.zeros_like(street)) >> SIDE_BITS << SIDE_BITS
            few = np.searchsorted(slots, own + (1 << SIDE_BITS)) - np.searchsorted(slots, own) <= FEW
            near |= between & few & (np.minimum(np.abs(high - number), number - low) <= FARTHEST)
            point = np.where(near, closest, point)
            between[:] = False
        else:
            # In proportion to the numbers: 14 lies half way from 12 to 16.
            share = (number - low) / np.maximum(high - low, 1)
            point = np.where(left & (above | below), closest, point)
            point = np.where(between, behind + (ahead - behind) * share, point)
        for mask, value in ((same, SAME_NUMBER), (between, BETWEEN), (near, NEAR)):
            precision[mask], factor[mask] = INTERPOLATED, value
        left &= ~(same | between | near)
    return precision, factor, point


CORNER_SCORE = 0.93
"""Both streets are surely those that are named."""

CORNER_M = 150.0
"""Streets whose nearest houses lie farther apart do not meet."""


def with_corners(index: AddressIndex, readings: Readings, pairs: Pairs) -> Pairs:
    """Return the candidates of each query; of one that says it lies between two streets, where these meet.

    That is midway between their two nearest houses.
    """
    # For each candidate which of two streets it stands for, 0 where the reading says nothing of a corner.
    side = readings.corner[pairs.reading]
    good = np.flatnonzero((side > 0) & (pairs.score >= CORNER_SCORE))
    if not len(good):
        return pairs
    keep = np.ones(len(side), dtype=bool)
    pairs = pairs.take(keep)  # a copy, for its columns are written to below
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
        if apart <= CORNER_M:
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
    # Degrees of longitude are made as long as those of latitude, so that the tree measures metres.
    shrink = np.array([np.cos(np.radians(here[0, 1])), 1.0]) * METRES_PER_DEGREE
    found = cKDTree(there * shrink).query(here * shrink)
    apart, nearest = np.asarray(found[0]), np.asarray(found[1])
    at = int(apart.argmin())
    return (float(apart[at]), *((here[at] + there[nearest[at]]) / 2).tolist())


def _houses(department: Department, street: int) -> NDArray[np.float64]:
    """Return the houses of a street: a row each, degrees."""
    # Both sides of a street stand one after the other: one bit more than those of a side.
    street = int(department.of[street])
    first, last = np.searchsorted(department.slots, [street << (SIDE_BITS + 1), (street + 1) << (SIDE_BITS + 1)])
    return department.points(np.arange(first, last)).T
