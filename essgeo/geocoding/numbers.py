"""House numbers: the one asked for, or a point between its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from essgeo.geocoding.department import NUMBER_BITS, REPETITION_BITS, pack
from essgeo.geocoding.flat import distance_m

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.geocoding.department import Department

WIDEST_GAP, WIDEST_M, FARTHEST = 40, 400.0, 6
"""A number is put between neighbours at most so many numbers and metres apart, or at one so many numbers away."""

HOUSENUMBER, INTERPOLATED, STREET, LOCALITY, MUNICIPALITY = range(5)
PRECISIONS = ("housenumber", "interpolated", "street", "locality", "municipality")
FACTORS = {"found": 1.0, "same": 0.97, "between": 0.93, "near": 0.91, "unknown": 0.78, "none": 1.0}


class Houses(NamedTuple):
    """Where house numbers are, how sure, at which address (``row``, -1: none), by which of the numbers (``column``)."""

    precision: NDArray[np.int8]
    factor: NDArray[np.float64]
    row: NDArray[np.int64]
    column: NDArray[np.int8]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


def find_houses(
    department: Department,
    street: NDArray[np.int64],
    numbers: NDArray[np.int32],
    repetitions: NDArray[np.object_],
    *,
    complete: bool = True,
) -> Houses:
    """Return the position of house numbers on streets; of a range or list, midway from its first to its last known."""
    slots, size = department.slots, len(street)
    codes = department.repetition_codes
    row, final = np.full((2, size), -1, dtype=np.int64)
    column = np.zeros(size, dtype=np.int8)
    precision = np.where(department.locality[street], LOCALITY, STREET).astype(np.int8)
    factor = np.full(size, FACTORS["none"])
    lon, lat = department.lon_lat[:, street]
    last = len(slots) - 1
    if last < 0:
        return Houses(precision, factor, row, column, lon, lat)
    asked = (numbers[:, 0] >= 0) & (numbers[:, 0] < 1 << NUMBER_BITS)
    for position in range(numbers.shape[1]):
        number = numbers[:, position].astype(np.int64)
        rows = np.flatnonzero((number >= 0) & (number < 1 << NUMBER_BITS))
        if not len(rows):
            break
        code = np.array([codes.get(text, -1) for text in repetitions[rows, position].tolist()], dtype=np.int64)
        wanted = pack(street[rows], number[rows], np.maximum(code, 0))
        at = np.minimum(np.searchsorted(slots, wanted), last)
        found = (slots[at] == wanted) & (code >= 0)
        final[rows[found]] = at[found]
        first = rows[found & (row[rows] < 0)]
        row[first] = final[first]
        column[first] = position
    found = row >= 0
    precision[found] = HOUSENUMBER
    lon[found] = (department.lon[row[found]] + department.lon[final[found]]) / 2e6
    lat[found] = (department.lat[row[found]] + department.lat[final[found]]) / 2e6
    rest = np.flatnonzero(asked & ~found)
    if len(rest) and not complete:
        factor[rest] = FACTORS["unknown"]
    elif len(rest):
        precision[rest], factor[rest], lon[rest], lat[rest] = _interpolate(
            department, street[rest], numbers[rest, 0].astype(np.int64), lon[rest], lat[rest]
        )
    return Houses(precision, factor, row, column, lon, lat)


def _interpolate(
    department: Department,
    street: NDArray[np.int64],
    number: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
) -> tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    slots, last = department.slots, len(department.slots) - 1
    precision = np.full(len(street), STREET, dtype=np.int8)
    factor = np.full(len(street), FACTORS["unknown"])
    lon, lat = lon.copy(), lat.copy()
    done = np.zeros(len(street), dtype=bool)
    for other_side in (0, 1):
        asked = number ^ other_side if other_side else number
        wanted = pack(street, asked, np.zeros(len(street), dtype=np.int64))
        side = wanted >> (NUMBER_BITS + REPETITION_BITS)
        after = np.searchsorted(slots, wanted)
        before = after - 1
        has_after = (after <= last) & (slots[np.minimum(after, last)] >> (NUMBER_BITS + REPETITION_BITS) == side)
        has_before = (before >= 0) & (slots[np.maximum(before, 0)] >> (NUMBER_BITS + REPETITION_BITS) == side)
        after, before = np.minimum(after, last), np.maximum(before, 0)
        high = np.where(has_after, (slots[after] >> REPETITION_BITS) & ((1 << NUMBER_BITS) - 1), 1 << NUMBER_BITS)
        low = np.where(has_before, (slots[before] >> REPETITION_BITS) & ((1 << NUMBER_BITS) - 1), -(1 << NUMBER_BITS))
        lon_a, lat_a = department.lon[after] / 1e6, department.lat[after] / 1e6
        lon_b, lat_b = department.lon[before] / 1e6, department.lat[before] / 1e6
        metres = distance_m(lon_a, lat_a, lon_b, lat_b)
        same = has_after & (high == number) & ~done
        between = has_after & has_before & (high - low <= WIDEST_GAP) & (metres <= WIDEST_M) & ~done & ~same
        share = np.where(between, (number - low) / np.maximum(high - low, 1), 0.0)
        nearest_after = high - number <= number - low
        gap = np.minimum(high - number, number - low)
        near = (gap <= FARTHEST) & ~done & ~same & ~between
        if other_side:
            same, between = np.zeros_like(same), np.zeros_like(between)
        point_lon = np.where(nearest_after, lon_a, lon_b)
        point_lat = np.where(nearest_after, lat_a, lat_b)
        rest = ~done & ~same & ~between & ~near & (has_after | has_before)
        for mask, kind, name in (
            (same, INTERPOLATED, "same"),
            (between, INTERPOLATED, "between"),
            (near, INTERPOLATED, "near"),
        ):
            precision[mask], factor[mask] = kind, FACTORS[name]
        lon[same], lat[same] = lon_a[same], lat_a[same]
        lon[between] = (lon_b + (lon_a - lon_b) * share)[between]
        lat[between] = (lat_b + (lat_a - lat_b) * share)[between]
        lon[near], lat[near] = point_lon[near], point_lat[near]
        if not other_side:
            lon[rest], lat[rest] = point_lon[rest], point_lat[rest]
        done |= same | between | near
    return precision, factor, lon, lat
