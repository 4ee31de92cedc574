"""Candidate streets of readings: the same key, then the most alike of the commune, then of the city."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rapidfuzz import fuzz, process

from essgeo.geocoding.ngrams import nearest, ngrams, weigh
from essgeo.geocoding.pairs import distinct_pairs, spread

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
