"""Candidate streets of readings: the same key, then the most alike of the commune, then of the city."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from rapidfuzz import fuzz, process

from essgeo.geocoding.ngrams import nearest, ngrams, weigh
from essgeo.geocoding.pairs import spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from essgeo.geocoding.address import Readings
    from essgeo.geocoding.communes import Evidence
    from essgeo.geocoding.department import Department

    Found = tuple[NDArray[np.int64], NDArray[np.int64]]

Text = TypeVar("Text", str, tuple[int, str])
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
    keys = [readings.streets[row] for row in asked.reading.tolist()]
    words = department.by_words.find([key.words for key in keys], asked.city)
    compact = department.by_compact.find([key.compact for key in keys], asked.city)
    left = np.ones(len(keys), dtype=bool)
    left[words[0]] = left[compact[0]] = False
    rest = np.flatnonzero(left)
    bare = department.by_bare.find([keys[row].bare for row in rest.tolist()], asked.city[rest])
    whole = department.by_bare.find([keys[row].words for row in rest.tolist()], asked.city[rest])
    found = [words[0], compact[0], rest[bare[0]], rest[whole[0]]]
    return np.concatenate(found), np.concatenate([words[1], compact[1], bare[1], whole[1]])


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
        words = [readings.streets[row].words for row in asked.reading[members].tolist()]
        for row, street in _most_alike(words, [name for first, last in ranges for name in names[first:last]]):
            found.append(members[row])
            streets.append(pool[street])
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


def _distinct(texts: Sequence[Text]) -> tuple[list[Text], NDArray[np.int64]]:
    """Return each of the texts once, and the place of every one among them."""
    places: dict[Text, int] = {}
    position = np.array([places.setdefault(text, len(places)) for text in texts], dtype=np.int64)
    return list(places), position


def _most_alike(words: Sequence[str], names: Sequence[str]) -> Iterator[Found]:
    texts, position = _distinct(words)
    count = min(MOST_ALIKE, len(names))
    for start in range(0, len(texts), CHUNK):
        ratio = process.cdist(texts[start : start + CHUNK], names, scorer=fuzz.ratio, dtype=np.uint8)
        top = np.argpartition(ratio, len(names) - count, axis=1)[:, -count:]
        value = np.take_along_axis(ratio, top, axis=1).astype(np.int64)
        good = value >= np.maximum(LEAST_RATIO, value.max(axis=1, keepdims=True) - NEXT_RATIO)
        rows = np.flatnonzero((position >= start) & (position < start + CHUNK))
        chosen = good[position[rows] - start]
        yield np.repeat(rows, chosen.sum(axis=1)), top[position[rows] - start][chosen]


def alike_in_city(department: Department, readings: Readings, asked: Asked) -> Found:
    """Return the pairs (position in ``asked``, street) most alike in the whole city of each reading."""
    bare = [readings.streets[row].bare for row in asked.reading.tolist()]
    distinct, position = _distinct(list(zip(asked.city.tolist(), bare, strict=True)))
    first = np.empty(len(distinct), dtype=np.int64)
    first[position] = np.arange(len(position))
    city = asked.city[first]
    found, streets = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    grams, weight = department.grams
    for value in np.unique(city):
        inside = np.flatnonzero(city == value)
        low, high = (0, len(department.city)) if value < 0 else np.searchsorted(department.city, [value, value + 1])
        query, street = nearest(weigh(ngrams([bare[row] for row in first[inside].tolist()]), weight), grams[low:high])
        found.append(inside[query])
        streets.append(street + low)
    row, street = np.concatenate(found), np.concatenate(streets)
    order = np.argsort(row, kind="stable")
    row, street = row[order], street[order]
    low = np.searchsorted(row, position)
    who, which = spread(low, np.searchsorted(row, position, side="right") - low)
    return who, street[which]
