"""The index of addresses: the streets and houses of departments as sorted arrays."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from essgeo.geocoding.communes import Communes
from essgeo.geocoding.spelling import StreetKey

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray


METRES_PER_DEGREE = 111_195.0


def distance_m(
    lon_a: NDArray[np.float64], lat_a: NDArray[np.float64], lon_b: NDArray[np.float64], lat_b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return distances in metres between points in degrees, on a sphere seen as flat (good to 0.5 % below 50 km)."""
    east = (lon_a - lon_b) * np.cos(np.radians((lat_a + lat_b) / 2))
    return np.hypot(east, lat_a - lat_b) * METRES_PER_DEGREE


# A house is one integer of 64 bits, a slot: street (34 bits), side (parity, 1), number (17), repetition (12). Slots in
# order stand street by street and side by side, so that a house is found by bisection and its neighbours stand beside.
NUMBER_BITS, REPETITION_BITS = 17, 12

SIDE_BITS = NUMBER_BITS + REPETITION_BITS


def pack(street: NDArray[np.int64], number: NDArray[np.int64], repetition: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the slots of houses."""
    return (((street << 1 | number & 1) << NUMBER_BITS | number) << REPETITION_BITS) | repetition


def number_of(slots: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the house numbers of slots."""
    return (slots >> REPETITION_BITS) & ((1 << NUMBER_BITS) - 1)


def street_of(slots: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the streets of slots."""
    return slots >> (SIDE_BITS + 1)


_ARRONDISSEMENT = re.compile(r" \d+(?:er|e) Arrondissement$")


@dataclass(frozen=True, eq=False)
class Department:
    """The streets and addresses of one file.

    Attributes
    ----------
    streets
        In order of city, commune and words: ``name``, ``words``, ``compact``, ``bare``, ``way``, ``postcode``,
        ``commune`` (row of ``communes``), ``city`` (from 0: a commune, or all arrondissements of one), ``lon``, ``lat``
        (the middle address), ``reach_m`` (90 % of its addresses lie as near to that), ``of`` (the row of the street:
        one of two names, ``Parvis Notre-Dame - Place Jean-Paul II``, stands under each of them too).
    slots
        Sorted: street, side, number and repetition of each address (:func:`pack`).
    lon, lat
        Degrees times a million, as BAN has six decimals.
    ban_ids
        Identifiers of the addresses.
    room_m
        How far the fifth nearest other address is from each (:data:`essgeo.geocoding.ban.NEAREST`): how large the
        plots are there.
    written
        How the file writes the repetition of each address: a place in ``writings``.
    repetitions
        Repetitions by code, as one letter where they have one; ``""`` is 0.
    writings
        Repetitions as written.
    communes
        ``citycode``, ``name``, ``old_code``, ``old_name`` (of a former commune) and ``postcode``, a row each, ``city``,
        ``lon``, ``lat``.
    """

    streets: pa.Table
    slots: NDArray[np.int64]
    lon: NDArray[np.int32]
    lat: NDArray[np.int32]
    room_m: NDArray[np.float32]
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
    def of(self) -> NDArray[np.int64]:
        """The row under which each street has its addresses."""
        return np.asarray(self.streets["of"].to_numpy())

    @cached_property
    def keys(self) -> list[StreetKey]:
        """Comparable forms of the street names."""
        return list(map(StreetKey, *(self.streets[name].to_pylist() for name in StreetKey._fields)))

    @cached_property
    def words(self) -> NDArray[np.object_]:
        """Words of each street."""
        return np.array([key.words for key in self.keys], dtype=object)

    @cached_property
    def locality(self) -> NDArray[np.bool_]:
        """Whether a name is without a kind of way, as those of hamlets."""
        return np.array([key.way == "" for key in self.keys], dtype=bool)

    @cached_property
    def lon_lat(self) -> NDArray[np.float64]:
        """Middle address of each street, degrees: two rows."""
        return np.stack([self.streets[name].to_numpy() for name in ("lon", "lat")])

    @cached_property
    def reach_m(self) -> NDArray[np.float64]:
        """How near 90 % of the addresses of each street lie to its middle."""
        return np.asarray(self.streets["reach_m"].to_numpy())

    @cached_property
    def titles(self) -> NDArray[np.object_]:
        """Streets as BAN labels them, without a number."""
        city = self.communes["name"].str.replace(_ARRONDISSEMENT, "", regex=True).tolist()
        columns = zip(*(self.streets[name].to_pylist() for name in ("name", "postcode", "commune")), strict=True)
        return np.array([f"{name} {postcode} {city[commune]}" for name, postcode, commune in columns], dtype=object)

    def points(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the points of addresses, degrees: two rows."""
        return np.stack([self.lon[rows], self.lat[rows]]) / 1e6


@dataclass(frozen=True)
class AddressIndex:
    """An index of addresses, department by department.

    Attributes
    ----------
    folders
        Where the departments are on disk.
    loaded
        Departments kept in memory instead.
    table
        The communes of all departments; ``department`` is the position of theirs.
    complete
        False where only some numbers of a street are known, as in an extract.
    """

    folders: tuple[Path, ...]
    loaded: tuple[Department, ...]
    table: pd.DataFrame
    complete: bool = True

    def department(self, position: int) -> Department:
        """Return a department, by memory map where it is on disk."""
        return self.loaded[position] if self.loaded else open_department(self.folders[position])

    @cached_property
    def bounds(self) -> list[int]:
        """First commune of each department, and the number of communes."""
        departments = self.table["department"].to_numpy()  # ascending: the communes stand department by department
        return np.searchsorted(departments, np.arange(departments.max(initial=-1) + 2)).tolist()  # type: ignore[no-any-return]

    @cached_property
    def communes(self) -> Communes:
        """The communes, by code, name and postcode."""
        return Communes(self.table, complete=self.complete)


def open_table(folder: Path, name: str) -> pa.Table:
    """Return a table of a department by memory map."""
    return pa.ipc.open_file(pa.memory_map(str(folder / f"{name}.arrow"))).read_all()


@lru_cache(maxsize=4)
def open_department(folder: Path) -> Department:
    """Return a department that is kept on the disk, its arrays read from there as they are needed."""
    addresses = open_table(folder, "addresses")
    slots, lon, lat, room, written = (
        addresses[name].to_numpy() for name in ("slot", "lon", "lat", "room_m", "written")
    )
    repetitions, writings = json.loads(addresses.schema.metadata[b"repetitions"])
    streets, communes = open_table(folder, "streets"), open_table(folder, "communes").to_pandas()
    return Department(streets, slots, lon, lat, room, addresses["ban_id"], written, repetitions, writings, communes)
