"""The streets and addresses of a department as sorted arrays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from essgeo.geocoding.spelling import StreetKey, ngrams, weigh, weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import NDArray
    from scipy import sparse


METRES_PER_DEGREE = 111_195.0


def distance_m(
    lon_a: NDArray[np.float64], lat_a: NDArray[np.float64], lon_b: NDArray[np.float64], lat_b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return distances in metres between points in degrees, on a sphere seen as flat (good to 0.5 % below 50 km)."""
    east = (lon_a - lon_b) * np.cos(np.radians((lat_a + lat_b) / 2))
    return np.hypot(east, lat_a - lat_b) * METRES_PER_DEGREE


class Pairs(NamedTuple):
    """Candidates as columns: who asks, which street and house, how good, where."""

    query: NDArray[np.int64]
    reading: NDArray[np.int64]
    street: NDArray[np.int64]
    likeness: NDArray[np.float64]
    agreement: NDArray[np.float64]
    score: NDArray[np.float64]
    precision: NDArray[np.int8]
    row: NDArray[np.int64]
    column: NDArray[np.int8]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    department: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Pairs:
        """Return some of the pairs."""
        columns: list[Any] = [column[rows] for column in self]
        return Pairs(*columns)


def spread(low: NDArray[np.int64], count: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs (row, position) of ranges that begin at ``low`` and hold ``count`` positions.

    Examples
    --------
    >>> rows, positions = spread(np.array([5, 0]), np.array([2, 1]))
    >>> rows.tolist(), positions.tolist()
    ([0, 0, 1], [5, 6, 0])
    """
    rows = np.repeat(np.arange(len(count)), count)
    return rows, low[rows] + rank_in(rows)


def distinct_pairs(
    left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return each pair once, in order, and the place of every pair among them.

    Examples
    --------
    >>> [column.tolist() for column in distinct_pairs(np.array([2, 1, 2]), np.array([7, 0, 7]))]
    [[1, 2], [0, 7], [1, 0, 1]]
    """
    width = int(right.max(initial=0)) + 1
    packed, place = np.unique(left * width + right, return_inverse=True)
    return packed // width, packed % width, place


def rank_in(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rank of each row within its group; equal groups stand together.

    Examples
    --------
    >>> rank_in(np.array([3, 3, 7])).tolist()
    [0, 1, 0]
    """
    new = np.flatnonzero(np.diff(groups, prepend=groups[:1] - 1))
    return np.arange(len(groups)) - np.repeat(new, np.diff(np.append(new, len(groups))))


def best_of(groups: NDArray[np.int64], values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the highest value of each group, 0 where it has none.

    Examples
    --------
    >>> best_of(np.array([1, 1]), np.array([0.2, 0.5]), 2).tolist()
    [0.0, 0.5]
    """
    best = np.zeros(size)
    np.maximum.at(best, groups, values)
    return best


NUMBER_BITS, REPETITION_BITS = 17, 12

_ARRONDISSEMENT = re.compile(r" \d+(?:er|e) Arrondissement$")


@dataclass(frozen=True)
class Department:
    """The streets and addresses of one file.

    Attributes
    ----------
    streets
        ``name``, ``words``, ``compact``, ``bare``, ``way``, ``postcode``, ``commune`` (row of ``communes``),
        ``city`` (from 0: a commune, or all arrondissements of one), ``lon``, ``lat`` (the middle address), ``reach_m``
        (90 % of its addresses lie as near to that).
    slots
        Sorted: street, side, number and repetition of each address, packed in 64 bits (:func:`pack`).
    lon, lat
        Degrees times a million, as BAN has six decimals.
    ban_ids
        Identifiers of the addresses.
    written
        How the file writes the repetition of each address: a place in ``writings``.
    repetitions
        Repetitions by code, as one letter where they have one; ``""`` is 0.
    writings
        Repetitions as written.
    communes
        ``citycode``, ``name``, ``old_name`` (of a former commune, a row each), ``postcodes``, ``city``, ``lon``,
        ``lat``.
    """

    streets: pa.Table
    slots: NDArray[np.int64]
    lon: NDArray[np.int32]
    lat: NDArray[np.int32]
    ban_ids: pa.ChunkedArray
    written: NDArray[np.uint16]
    repetitions: list[str]
    writings: list[str]
    communes: pd.DataFrame

    @cached_property
    def commune(self) -> NDArray[np.int32]:
        """Row of ``communes`` of each street."""
        return np.asarray(self.streets["commune"].to_numpy(), dtype=np.int32)

    @cached_property
    def city(self) -> NDArray[np.int32]:
        """City of each street."""
        return np.asarray(self.streets["city"].to_numpy(), dtype=np.int32)

    @cached_property
    def keys(self) -> list[StreetKey]:
        """Comparable forms of the street names."""
        columns = (self.streets[name].to_pylist() for name in StreetKey._fields)
        return list(map(StreetKey, *columns))

    @cached_property
    def words(self) -> list[str]:
        """Words of the street names."""
        return [key.words for key in self.keys]

    @cached_property
    def lon_lat(self) -> NDArray[np.float64]:
        """Middle address of each street, degrees: two rows."""
        return np.stack([self.streets[name].to_numpy() for name in ("lon", "lat")])

    @cached_property
    def reach_m(self) -> NDArray[np.float64]:
        """How near 90 % of the addresses of each street lie to its middle."""
        return np.asarray(self.streets["reach_m"].to_numpy())

    @cached_property
    def citycode(self) -> NDArray[np.object_]:
        """Code of each commune."""
        return self.communes["citycode"].to_numpy(dtype=object)

    @cached_property
    def writing(self) -> NDArray[np.object_]:
        """Repetitions as the file writes them."""
        return np.array(self.writings, dtype=object)

    def identifiers(self, rows: NDArray[np.int64]) -> list[str]:
        """Return the identifiers of addresses."""
        return list(self.ban_ids.chunk(0).take(pa.array(rows)).to_pylist()) if len(rows) else []

    @cached_property
    def alone(self) -> NDArray[np.bool_]:
        """Whether no other street of the city has the same name, whatever its kind of way."""
        _, group, size = np.unique(self.by_bare.codes, return_inverse=True, return_counts=True)
        alone = np.empty(len(self.keys), dtype=bool)
        alone[self.by_bare.order] = size[group] == 1
        return alone

    @cached_property
    def locality(self) -> NDArray[np.bool_]:
        """Whether a name is without a kind of way, as those of hamlets."""
        return np.array([key.way == "" for key in self.keys], dtype=bool)

    @cached_property
    def gram_counts(self) -> sparse.csr_array:
        """Pairs and triples of letters of the street names, as :func:`essgeo.geocoding.spelling.ngrams` counts them."""
        return ngrams([key.bare for key in self.keys])

    @cached_property
    def gram_weights(self) -> NDArray[np.float32]:
        """Weight of each pair and triple of letters."""
        return weights(self.gram_counts)

    @cached_property
    def grams_of(self) -> Callable[[int], tuple[int, sparse.csr_array]]:
        """First street of a city (-1: any), and the weighed n-grams of its streets: a column each."""
        grams = weigh(self.gram_counts, self.gram_weights)

        @lru_cache(maxsize=1024)
        def of(city: int) -> tuple[int, sparse.csr_array]:
            low, high = (0, len(self.city)) if city < 0 else np.searchsorted(self.city, [city, city + 1]).tolist()
            return low, grams[low:high].T.tocsr()

        return of

    @cached_property
    def titles(self) -> NDArray[np.object_]:
        """Streets as BAN labels them, without a number."""
        city = self.communes["name"].str.replace(_ARRONDISSEMENT, "", regex=True).tolist()
        columns = zip(*(self.streets[name].to_pylist() for name in ("name", "postcode", "commune")), strict=True)
        return np.array([f"{name} {postcode} {city[commune]}" for name, postcode, commune in columns], dtype=object)

    @cached_property
    def repetition_codes(self) -> dict[str, int]:
        """Code of each repetition of the file."""
        return {text: code for code, text in enumerate(self.repetitions)}

    @cached_property
    def commune_starts(self) -> NDArray[np.int64]:
        """First street of each commune, and the number of streets: streets are in order of commune."""
        return np.searchsorted(self.commune, np.arange(len(self.communes) + 1))

    @cached_property
    def by_words(self) -> Lookup:
        """Streets by their words."""
        return Lookup.of([key.words for key in self.keys], self.city)

    @cached_property
    def by_compact(self) -> Lookup:
        """Streets by their words written as one."""
        return Lookup.of([key.compact for key in self.keys], self.city)

    @cached_property
    def by_bare(self) -> Lookup:
        """Streets by their words without the kind of way."""
        return Lookup.of([key.bare for key in self.keys], self.city)


@dataclass(frozen=True)
class Lookup:
    """Streets found by a key within a city."""

    known: dict[str, int]
    cities: int
    codes: NDArray[np.int64]
    order: NDArray[np.int64]

    @classmethod
    def of(cls, keys: Sequence[str], city: NDArray[np.int32]) -> Lookup:
        """Return the lookup of streets by their keys and cities."""
        known = {key: code for code, key in enumerate(dict.fromkeys(keys))}
        codes = np.array([known[key] for key in keys], dtype=np.int64)
        cities = int(city.max(initial=0)) + 1
        packed = codes * cities + city
        order = np.argsort(packed, kind="stable")
        return cls(known, cities, packed[order], order)

    def find(
        self, keys: Sequence[str], which: NDArray[np.int64], city: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pairs (position in ``which``, street) of the key asked, in the city asked; city -1 is any."""
        code = np.array([self.known.get(key, -1) for key in keys], dtype=np.int64)[which]
        anywhere = city < 0
        first = code * self.cities + np.where(anywhere, 0, city)
        last = code * self.cities + np.where(anywhere, self.cities - 1, city)
        low = np.searchsorted(self.codes, first, side="left")
        count = np.where(code < 0, 0, np.searchsorted(self.codes, last, side="right") - low)
        rows, positions = spread(low, count)
        return rows, self.order[positions]


def pack(street: NDArray[np.int64], number: NDArray[np.int64], repetition: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return addresses as sortable integers: by street, then side (parity), number, repetition."""
    side = number & 1
    return (((street << 1 | side) << NUMBER_BITS | number) << REPETITION_BITS) | repetition
