"""The streets of an index that an address may mean: of the same name, or of names alike."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from rapidfuzz import fuzz, process
from scipy import sparse

from essgeo.geocoding.spelling import SHORT_WORD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from essgeo.geocoding.address import Readings
    from essgeo.geocoding.communes import Evidence
    from essgeo.geocoding.index import Department

    Found = tuple[NDArray[np.int64], NDArray[np.int64]]


def spread(low: NDArray[np.int64], count: NDArray[np.int64]) -> Found:
    """Return the pairs (row, position) of ranges that begin at ``low`` and hold ``count`` positions.

    >>> rows, positions = spread(np.array([5, 0]), np.array([2, 1]))
    >>> rows.tolist(), positions.tolist()
    ([0, 0, 1], [5, 6, 0])
    """
    rows = np.repeat(np.arange(len(count)), count)
    return rows, low[rows] + rank_in(rows)


def rank_in(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rank of each row within its group; equal groups stand together.

    >>> rank_in(np.array([3, 3, 7])).tolist()
    [0, 1, 0]
    """
    # Where each group begins: the rank of a row is its place less that of the first row of its group.
    new = np.flatnonzero(np.diff(groups, prepend=groups[:1] - 1))
    return np.arange(len(groups)) - np.repeat(new, np.diff(np.append(new, len(groups))))


def distinct_pairs(
    left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return each pair once, in order, and the place of every pair among them.

    >>> [column.tolist() for column in distinct_pairs(np.array([2, 1, 2]), np.array([7, 0, 7]))]
    [[1, 2], [0, 7], [1, 0, 1]]
    """
    width = int(right.max(initial=0)) + 1
    packed, place = np.unique(left * width + right, return_inverse=True)
    return packed // width, packed % width, place


class Pairs(NamedTuple):
    """Candidates as columns, one row a candidate.

    Attributes
    ----------
    query, reading
        Position of the address, and of the reading of it.
    department, street
        Where the candidate is in the index.
    likeness, agreement, score
        How alike the street and how well the commune agrees, and the score made of these and of the number; 0 to 1.
    precision, factor, row, column, lon, lat, spread_m
        As in :class:`Houses`.
    """

    query: NDArray[np.int64]
    reading: NDArray[np.int64]
    department: NDArray[np.int64]
    street: NDArray[np.int64]
    likeness: NDArray[np.float64]
    agreement: NDArray[np.float64]
    score: NDArray[np.float64]
    precision: NDArray[np.int8]
    factor: NDArray[np.float64]
    row: NDArray[np.int64]
    column: NDArray[np.int8]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    spread_m: NDArray[np.float64]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Pairs:
        """Return some of the pairs."""
        columns: list[Any] = [column[rows] for column in self]
        return Pairs(*columns)


class Lookup(NamedTuple):
    """Streets found by a key within a city: ``codes`` (key and city as one integer) sorted, ``order`` their streets."""

    known: dict[str, int]
    cities: int
    codes: NDArray[np.int64]
    order: NDArray[np.int64]

    def find(self, keys: Sequence[str], which: NDArray[np.int64], city: NDArray[np.int64]) -> Found:
        """Return the pairs (position in ``which``, street) of the key asked, in the city asked; city -1 is any."""
        # The streets of a key in one city stand in one range of the sorted codes, from the code of both to itself; in
        # all cities, from that of the first city to that of the last. A key that is not known has an empty range.
        code = np.array([self.known.get(key, -1) for key in keys], dtype=np.int64)[which]
        first = code * self.cities + np.maximum(city, 0)
        last = code * self.cities + np.where(city < 0, self.cities - 1, city)
        low = np.searchsorted(self.codes, first, side="left")
        count = np.where(code < 0, 0, np.searchsorted(self.codes, last, side="right") - low)
        rows, positions = spread(low, count)
        return rows, self.order[positions]


def _lookup(keys: Sequence[str], city: NDArray[np.int32]) -> Lookup:
    # Key and city as one integer, key by key and city by city within each.
    known = {key: code for code, key in enumerate(dict.fromkeys(keys))}
    cities = int(city.max(initial=0)) + 1
    codes = np.array([known[key] for key in keys], dtype=np.int64) * cities + city
    order = np.argsort(codes, kind="stable")
    return Lookup(known, cities, codes[order], order)


class Names(NamedTuple):
    """The street names of a department, ready to be looked up.

    Attributes
    ----------
    by_words, by_compact, by_bare
        Streets by their words, by these written as one, by these without the kind of way.
    alone
        Shape (streets,): whether no other street of the city has the same name, whatever its kind of way.
    vocabulary
        Words that streets are named with.
    """

    by_words: Lookup
    by_compact: Lookup
    by_bare: Lookup
    alone: NDArray[np.bool_]
    vocabulary: frozenset[str]


@lru_cache(maxsize=4)
def names_of(department: Department) -> Names:
    """Return the street names of a department, ready to be looked up."""
    words, compact, bare = (_lookup([key[form] for key in department.keys], department.city) for form in range(3))
    # The codes of `bare` are in its order, the flags in that of the streets.
    _, group, size = np.unique(bare.codes, return_inverse=True, return_counts=True)
    alone = np.empty(len(group), dtype=bool)
    alone[bare.order] = size[group] == 1
    vocabulary = frozenset(word for key in department.keys for word in key.bare.split() if len(word) > SHORT_WORD)
    return Names(words, compact, bare, alone, vocabulary)


class Asked(NamedTuple):
    """Readings to look for in a department: each with a city (-1: any), or several times with several."""

    reading: NDArray[np.int64]
    city: NDArray[np.int64]


def asked_cities(department: Department, readings: Readings, rows: NDArray[np.int64], evidence: Evidence) -> Asked:
    """Return the readings of ``rows`` with each city of the department that they may lie in."""
    city_of = department.communes["city"].to_numpy()
    # A pair of place and city is one integer; the city after the last stands for any.
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
    names = names_of(department)
    distinct, which = np.unique(readings.street[asked.reading], return_inverse=True)
    keys = [readings.streets[street] for street in distinct.tolist()]
    words = [key.words for key in keys]
    same = names.by_words.find(words, which, asked.city)
    joined = names.by_compact.find([key.compact for key in keys], which, asked.city)
    # Only rows that neither form finds are looked for without a kind of way: of the one asked, of the street, of both.
    left = np.ones(len(which), dtype=bool)
    left[same[0]] = left[joined[0]] = False
    rest = np.flatnonzero(left)
    without = names.by_bare.find([key.bare for key in keys], which[rest], asked.city[rest])
    whole = names.by_bare.find(words, which[rest], asked.city[rest])
    twice = names.by_words.find([key.bare for key in keys], which[rest], asked.city[rest])
    position = np.concatenate([same[0], joined[0], *(rest[part[0]] for part in (without, whole, twice))])
    return distinct_pairs(position, np.concatenate([part[1] for part in (same, joined, without, whole, twice)]))[:2]


MAX_ALIKE, MAX_IN_COMMUNE = 6, 1500
"""Streets kept of those alike in a commune, and streets of the communes that are compared one by one."""

MIN_RATIO, RATIO_BEHIND = 55, 15
"""Ratio (0 to 100) of a street alike, and how far it may be behind the best."""

CHUNK = 2048


def alike_in_commune(department: Department, readings: Readings, asked: Asked, evidence: Evidence) -> Found:
    """Return the pairs (position in ``asked``, street) most alike in the communes that agree best with each place."""
    # The best agreement of each place, then the pairs (place, commune) that come up to it.
    best = np.zeros(len(evidence.anywhere))
    np.maximum.at(best, evidence.place, evidence.agreement)
    keep = evidence.agreement >= best[evidence.place]
    # With a part of a commune, told by its postcode, the others are looked through as well: the postcode may be wrong.
    # `code` numbers the whole communes, one value a row of `communes`; `few`: those with few enough streets; `whole`: a
    # place and a whole commune as one integer.
    code = department.communes["citycode"].factorize()[0]
    few = np.bincount(code[department.commune], minlength=len(code)) <= MAX_IN_COMMUNE
    whole = evidence.place * len(code) + code[evidence.commune]
    keep |= np.isin(whole, whole[keep]) & few[code[evidence.commune]]
    where, commune = evidence.place[keep], evidence.commune[keep]
    # Readings of one set of communes are compared at once with the streets there, which stand commune by commune.
    # `where` ascends, as evidence stands place by place: the communes of a place are one range of it.
    place = readings.place[asked.reading]
    blocks: dict[tuple[int, ...], list[NDArray[np.int64]]] = {}
    order = np.argsort(place, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(place[order])) + 1):
        low, high = np.searchsorted(where, [place[rows[0]], place[rows[0]] + 1])
        blocks.setdefault(tuple(commune[low:high].tolist()), []).append(rows)
    starts = np.searchsorted(department.commune, np.arange(len(department.communes) + 1)).tolist()
    found, streets = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for communes, parts in blocks.items():
        pool = np.array([street for row in communes for street in range(starts[row], starts[row + 1])], dtype=np.int64)
        if not 0 < len(pool) <= MAX_IN_COMMUNE:
            continue
        members = np.concatenate(parts)
        distinct, which = np.unique(readings.street[asked.reading[members]], return_inverse=True)
        words = [readings.streets[street].words for street in distinct.tolist()]
        one, alike = _most_alike(words, department.words[pool].tolist())
        row, position = _every(one, which)
        found.append(members[row])
        streets.append(pool[alike[position]])
    return np.concatenate(found), np.concatenate(streets)


def _every(one: NDArray[np.int64], which: NDArray[np.int64]) -> Found:
    """Return the pairs (row, position in ``one``) of the rows that ask for each of ``one``, which is sorted."""
    low = np.searchsorted(one, which)
    return spread(low, np.searchsorted(one, which, side="right") - low)


def _most_alike(texts: Sequence[str], names: Sequence[str]) -> Found:
    """Return the pairs (text, name) of the names most alike each text."""
    count = min(MAX_ALIKE, len(names))
    found, alike = [], []
    for start in range(0, len(texts), CHUNK):
        # (texts, names): the likeness of each pair; `top` holds the columns of the best of each row, in no order.
        ratio = process.cdist(texts[start : start + CHUNK], names, scorer=fuzz.ratio, dtype=np.uint8)
        top = np.argpartition(ratio, len(names) - count, axis=1)[:, -count:]
        value = np.take_along_axis(ratio, top, axis=1).astype(np.int64)
        good = value >= np.maximum(MIN_RATIO, value.max(axis=1, keepdims=True) - RATIO_BEHIND)
        found.append(np.nonzero(good)[0] + start)
        alike.append(top[good])
    return np.concatenate(found), np.concatenate(alike)


def alike_in_city(department: Department, readings: Readings, asked: Asked) -> Found:
    """Return the pairs (position in ``asked``, street) most alike in the whole city of each reading, by n-grams."""
    # City 0 is any, as -1 is in `asked`. A name is compared once for each city, however many readings ask for it.
    # Distinct pairs stand city by city, so that `found`, their places, ascends as `_every` needs it.
    city, distinct, which = distinct_pairs(asked.city + 1, readings.street[asked.reading])
    grams = _grams_of(department)
    found, streets = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for value in np.unique(city).tolist():
        inside = np.flatnonzero(city == value)
        bare = [readings.streets[street].bare for street in distinct[inside].tolist()]
        first, last = (0, len(department.city)) if not value else np.searchsorted(department.city, [value - 1, value])
        if value not in grams.of_city:
            grams.of_city[value] = grams.streets[first:last].T.tocsr()
        query, street = _nearest(_weigh(_ngrams(bare), grams.weight), grams.of_city[value])
        found.append(inside[query])
        streets.append(street + first)
    row, position = _every(np.concatenate(found), which)
    return row, np.concatenate(streets)[position]


LETTERS = 38
"""Codes of a letter: 0 for a space or the end, 1 to 36 for letters and digits."""

GRAMS = LETTERS**2 + LETTERS**3
"""Pairs of letters, then triples, each by its code in base :data:`LETTERS`."""

MIN_COMMON, COMMON_SHARE = 40, 0.06
"""An n-gram of more streets than that, and of more than this share of them, says nothing."""

MIN_COSINE, NEXT_SHARE, MAX_NEAREST, GRAM_CHUNK = 0.2, 0.6, 12, 4096

_CODES = np.zeros(256, dtype=np.int64)

_CODES[np.frombuffer(b"abcdefghijklmnopqrstuvwxyz0123456789", dtype=np.uint8)] = np.arange(1, 37)


class Grams(NamedTuple):
    """N-grams of the street names of a department without their kind of way.

    Attributes
    ----------
    weight
        Shape (:data:`GRAMS`,): weight of each n-gram (:func:`_weights`).
    streets
        Shape (streets, :data:`GRAMS`): weighed n-grams of each name, rows of length one.
    of_city
        The same of the streets of each city asked so far (from 1; 0: all), a column a street.
    """

    weight: NDArray[np.float32]
    streets: sparse.csr_array
    of_city: dict[int, sparse.csr_array]


@lru_cache(maxsize=4)
def _grams_of(department: Department) -> Grams:
    counts = _ngrams([key.bare for key in department.keys])
    weight = _weights(counts)
    return Grams(weight, _weigh(counts, weight), {})


def _ngrams(texts: Sequence[str]) -> sparse.csr_array:
    """Return the counts of pairs and triples of letters: a row a text, a column a pair or a triple."""
    # All texts are one array of letter codes, with two spaces around each: a pair and a triple begin at every letter,
    # and each text has as many as it has letters, plus two.
    letters = _CODES[np.frombuffer(("  " + "  ".join(texts) + "  ").encode("ascii", "replace"), dtype=np.uint8)]
    pairs = letters[1:-1] * LETTERS + letters[2:]
    triples = LETTERS**2 + letters[:-2] * LETTERS**2 + pairs
    sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 2
    total = int(sizes.sum())
    codes = np.stack([pairs[:total], triples[:total]], axis=1).ravel()
    pointer = np.concatenate([[0], np.cumsum(sizes * 2)])
    matrix = sparse.csr_array((np.ones(total * 2, dtype=np.float32), codes, pointer), shape=(len(texts), GRAMS))
    matrix.sum_duplicates()
    return matrix


def _weights(matrix: sparse.csr_array) -> NDArray[np.float32]:
    """Return the weight of each n-gram: the log of its rarity, nothing for those of the most common."""
    count = np.bincount(matrix.indices, minlength=GRAMS)
    weight = np.log1p(matrix.shape[0] / (1.0 + count)).astype(np.float32)
    weight[count > max(MIN_COMMON, matrix.shape[0] * COMMON_SHARE)] = 0
    return weight


def _weigh(matrix: sparse.csr_array, weight: NDArray[np.float32]) -> sparse.csr_array:
    """Return the rows weighed, n-grams without weight left out, each of length one, so that a product is a cosine."""
    # In CSR the values of all rows stand one after the other: `rows` is the row of each, and the pointer is made again
    # of how many are kept.
    data = matrix.data * weight[matrix.indices]
    keep = data > 0
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))[keep]
    data = data[keep]
    length = np.sqrt(np.bincount(rows, data * data, minlength=matrix.shape[0]))
    pointer = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=matrix.shape[0]))])
    return sparse.csr_array(
        ((data / length[rows]).astype(np.float32), matrix.indices[keep], pointer), shape=matrix.shape
    )


def _nearest(queries: sparse.csr_array, streets: sparse.csr_array) -> Found:
    """Return the pairs (query, street) of the streets most alike each query, by cosine: a street is a column."""
    rows, columns = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for start in range(0, queries.shape[0], GRAM_CHUNK):
        # Queries x streets, sparse: only pairs that share an n-gram are stored. `row` is the query of each.
        alike = queries[start : start + GRAM_CHUNK] @ streets
        keep = alike.data >= MIN_COSINE
        row = np.repeat(np.arange(alike.shape[0]), np.diff(alike.indptr))[keep]
        column, value = alike.indices[keep].astype(np.int64), alike.data[keep]
        order = np.lexsort((column, -value, row))
        row, column, value = row[order], column[order], value[order]
        # Sorted by query, the best first: what is near enough to the best of its query is kept, up to a dozen.
        rank = rank_in(row)
        best = (rank < MAX_NEAREST) & (value >= NEXT_SHARE * value[np.arange(len(row)) - rank])
        rows.append(row[best] + start)
        columns.append(column[best])
    return np.concatenate(rows), np.concatenate(columns)
