"""Streets and houses of an index that an address could mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rapidfuzz import fuzz, process

from essgeo.geocoding.department import NUMBER_BITS, REPETITION_BITS, distance_m, distinct_pairs, pack, spread
from essgeo.geocoding.spelling import nearest, ngrams, weigh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from essgeo.geocoding.address import Readings
    from essgeo.geocoding.communes import Evidence
    from essgeo.geocoding.department import Department

    Found = tuple[NDArray[np.int64], NDArray[np.int64]]


MOST_ALIKE, MOST_IN_COMMUNE = 6, 1500

LEAST_RATIO, NEXT_RATIO = 55, 15

CHUNK = 2048


class Asked(NamedTuple):
    """Readings to look for in a department: each with a city (-1: any), or several times with several."""

    reading: NDArray[np.int64]
    city: NDArray[np.int64]


def asked_cities(department: Department, readings: Readings, rows: NDArray[np.int64], evidence: Evidence) -> Asked:
    """Return the readings of ``rows`` with each city of the department that they may lie in."""
    city_of = department.communes["city"].to_numpy()
    cities = int(city_of.max()) + 2
    stated = np.unique(evidence.place * cities + city_of[evidence.commune])
    silent = np.flatnonzero(evidence.anywhere) * cities + cities - 1
    packed = np.sort(np.concatenate([stated, silent]))
    place = readings.place[rows]
    low = np.searchsorted(packed, place * cities)
    row, position = spread(low, np.searchsorted(packed, (place + 1) * cities) - low)
    city = packed[position] % cities
    return Asked(rows[row], np.where(city == cities - 1, -1, city))


def same_streets(department: Department, readings: Readings, asked: Asked) -> Found:
    """Return the pairs (position in ``asked``, street) of the same name, or the same but for its kind of way."""
    distinct, which = np.unique(readings.street[asked.reading], return_inverse=True)
    keys = [readings.streets[street] for street in distinct.tolist()]
    words = [key.words for key in keys]
    same = department.by_words.find(words, which, asked.city)
    joined = department.by_compact.find([key.compact for key in keys], which, asked.city)
    left = np.ones(len(which), dtype=bool)
    left[same[0]] = left[joined[0]] = False
    rest = np.flatnonzero(left)
    bare = department.by_bare.find([key.bare for key in keys], which[rest], asked.city[rest])
    whole = department.by_bare.find(words, which[rest], asked.city[rest])
    position = np.concatenate([same[0], joined[0], rest[bare[0]], rest[whole[0]]])
    return distinct_pairs(position, np.concatenate([same[1], joined[1], bare[1], whole[1]]))[:2]


def alike_in_commune(department: Department, readings: Readings, asked: Asked, evidence: Evidence) -> Found:
    """Return the pairs (position in ``asked``, street) most alike in the communes that agree best with each place."""
    best = np.zeros(len(evidence.anywhere))
    np.maximum.at(best, evidence.place, evidence.agreement)
    keep = evidence.agreement >= best[evidence.place]
    where, commune = evidence.place[keep], evidence.commune[keep]
    place = readings.place[asked.reading]
    found, streets = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    starts, names = department.commune_starts.tolist(), department.words
    for communes, rows in _blocks(place, where, commune).items():
        ranges = [(starts[row], starts[row + 1]) for row in communes]
        if not 0 < sum(last - first for first, last in ranges) <= MOST_IN_COMMUNE:
            continue
        pool = np.concatenate([np.arange(*bounds) for bounds in ranges])
        members = np.concatenate(rows)
        distinct, which = np.unique(readings.street[asked.reading[members]], return_inverse=True)
        words = [readings.streets[street].words for street in distinct.tolist()]
        one, street = _most_alike(words, [name for first, last in ranges for name in names[first:last]])
        row, position = _every(one, which)
        found.append(members[row])
        streets.append(pool[street[position]])
    return np.concatenate(found), np.concatenate(streets)


def _blocks(
    place: NDArray[np.int64], where: NDArray[np.int64], commune: NDArray[np.int64]
) -> dict[tuple[int, ...], list[NDArray[np.int64]]]:
    """Return the rows of each set of communes."""
    blocks: dict[tuple[int, ...], list[NDArray[np.int64]]] = {}
    order = np.argsort(place, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(place[order])) + 1):
        low, high = np.searchsorted(where, [place[rows[0]], place[rows[0]] + 1])
        blocks.setdefault(tuple(commune[low:high].tolist()), []).append(rows)
    return blocks


def _every(one: NDArray[np.int64], which: NDArray[np.int64]) -> Found:
    """Return the pairs (row, position in ``one``) of the rows that ask for each of ``one``, which is sorted."""
    low = np.searchsorted(one, which)
    return spread(low, np.searchsorted(one, which, side="right") - low)


def _most_alike(texts: Sequence[str], names: Sequence[str]) -> Found:
    """Return the pairs (text, name) of the names most alike each text."""
    count = min(MOST_ALIKE, len(names))
    found, alike = [], []
    for start in range(0, len(texts), CHUNK):
        ratio = process.cdist(texts[start : start + CHUNK], names, scorer=fuzz.ratio, dtype=np.uint8)
        top = np.argpartition(ratio, len(names) - count, axis=1)[:, -count:]
        value = np.take_along_axis(ratio, top, axis=1).astype(np.int64)
        good = value >= np.maximum(LEAST_RATIO, value.max(axis=1, keepdims=True) - NEXT_RATIO)
        found.append(np.nonzero(good)[0] + start)
        alike.append(top[good])
    return np.concatenate(found), np.concatenate(alike)


def alike_in_city(department: Department, readings: Readings, asked: Asked) -> Found:
    """Return the pairs (position in ``asked``, street) most alike in the whole city of each reading."""
    city, distinct, which = distinct_pairs(asked.city + 1, readings.street[asked.reading])
    city -= 1
    found, streets = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for value in np.unique(city).tolist():
        inside = np.flatnonzero(city == value)
        bare = [readings.streets[street].bare for street in distinct[inside].tolist()]
        first, grams = department.grams_of(value)
        query, street = nearest(weigh(ngrams(bare), department.gram_weights), grams)
        found.append(inside[query])
        streets.append(street + first)
    row, position = _every(np.concatenate(found), which)
    return row, np.concatenate(streets)[position]


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
