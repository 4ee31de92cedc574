"""Addresses on disk by department, loaded by memory map."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from essgeo.geocoding.ban import read_ban
from essgeo.geocoding.communes import CITIES, Communes
from essgeo.geocoding.flat import distance_m
from essgeo.geocoding.ngrams import ngrams, weigh, weights
from essgeo.geocoding.pairs import spread
from essgeo.geocoding.words import REPETITIONS, StreetKey, fold_all, street_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy import sparse

FORMAT = "3"
"""Changes with the layout of the files or the normalisation, so that an old index is built again."""

PREFERRED = (
    "entrée",
    "délivrance postale",
    "bâtiment",
    "cage d'escalier",
    "logement",
    "parcelle",
    "service technique",
    "",
    "segment",
)
"""Kinds of position (BAN ``type_position``), the nearest to a front door first."""

NUMBER_BITS, REPETITION_BITS = 17, 12
NO_NUMBER = 99_999
"""What a file writes for a place without house number."""
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
        ``citycode``, ``name``, ``old_names``, ``postcodes``, ``city``, ``lon``, ``lat``.
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
    def locality(self) -> NDArray[np.bool_]:
        """Whether a name is without a kind of way, as those of hamlets."""
        return np.array([key.way == "" for key in self.keys], dtype=bool)

    @cached_property
    def grams(self) -> tuple[sparse.csr_array, NDArray[np.float32]]:
        """Pairs and triples of letters of the street names, and the weight of each."""
        counts = ngrams([key.bare for key in self.keys])
        weight = weights(counts)
        return weigh(counts, weight), weight

    def titles(self, street: NDArray[np.int64]) -> list[str]:
        """Return streets as BAN labels them, without a number."""
        columns = self.streets.select(["name", "postcode"]).take(street)
        city = (
            self.communes["name"]
            .str.replace(_ARRONDISSEMENT, "", regex=True)
            .to_numpy(dtype=object)[self.commune[street]]
        )
        return [
            " ".join(parts)
            for parts in zip(columns["name"].to_pylist(), columns["postcode"].to_pylist(), city.tolist(), strict=True)
        ]

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

    keys: pd.Index
    cities: int
    codes: NDArray[np.int64]
    order: NDArray[np.int64]

    @classmethod
    def of(cls, keys: Sequence[str], city: NDArray[np.int32]) -> Lookup:
        """Return the lookup of streets by their keys and cities."""
        codes, known = pd.factorize(np.array(keys, dtype=object))
        cities = int(city.max(initial=0)) + 1
        packed = codes * cities + city
        order = np.argsort(packed, kind="stable")
        return cls(pd.Index(known, dtype=object), cities, packed[order], order)

    def find(self, keys: Sequence[str], city: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pairs (position in ``keys``, street) with the same key in the same city; city -1 is any."""
        code = self.keys.get_indexer(pd.Index(keys, dtype=object)) if len(keys) else np.empty(0, dtype=np.int64)
        anywhere = city < 0
        first = code * self.cities + np.where(anywhere, 0, city)
        last = code * self.cities + np.where(anywhere, self.cities - 1, city)
        low = np.searchsorted(self.codes, first, side="left")
        count = np.where(code < 0, 0, np.searchsorted(self.codes, last, side="right") - low)
        rows, positions = spread(low, count)
        return rows, self.order[positions]


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
    def communes(self) -> Communes:
        """The communes, by code, name and postcode."""
        return Communes(self.table)


def pack(street: NDArray[np.int64], number: NDArray[np.int64], repetition: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return addresses as sortable integers: by street, then side (parity), number, repetition."""
    side = number & 1
    return (((street << 1 | side) << NUMBER_BITS | number) << REPETITION_BITS) | repetition


def build_department(table: pa.Table) -> Department:
    """Return the index of a table from :func:`essgeo.geocoding.ban.read_ban`."""
    frame = table.to_pandas()
    text = [
        "id",
        "rep",
        "nom_voie",
        "code_postal",
        "code_insee",
        "nom_commune",
        "nom_ancienne_commune",
        "type_position",
    ]
    frame[text] = frame[text].fillna("")
    number = frame["numero"].fillna(-1).astype("int64")
    frame["number"] = number.where((number >= 0) & (number < NO_NUMBER), -1)
    parts = ["code_insee", "nom_ancienne_commune", "code_postal", "nom_voie"]
    group = frame.groupby(parts, sort=True, observed=True)
    frame["street"] = group.ngroup()
    streets = frame.drop_duplicates("street").sort_values("street")[[*parts, "nom_commune"]].reset_index(drop=True)
    keys = [street_key(_only_words(name)) for name in fold_all(streets["nom_voie"].tolist())]
    communes = _communes(streets)
    rows = {code: row for row, code in enumerate(communes["citycode"])}
    streets["commune"] = streets["code_insee"].map(rows).astype("int32")
    streets["city"] = communes["city"].to_numpy()[streets["commune"]]
    streets[list(StreetKey._fields)] = keys
    order = np.lexsort((streets["nom_voie"], streets["words"], streets["commune"], streets["city"]))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    streets = streets.iloc[order].reset_index(drop=True)
    written, writings = pd.factorize(frame["rep"].str.strip().str.lower(), sort=True)
    short = [REPETITIONS.get(text, text) for text in fold_all(writings.tolist())]
    repetition = np.array(short, dtype=object)[written]
    repetitions = ["", *sorted(set(repetition) - {""})]
    coded = pd.Series(repetition).map({text: code for code, text in enumerate(repetitions)}).to_numpy(dtype=np.int64)
    street = rank[frame["street"].to_numpy()]
    lon, lat = (np.round(frame[name].to_numpy() * 1e6).astype(np.int32) for name in ("lon", "lat"))
    middle = _middles(street, lon, lat)
    numbered = (frame["number"] >= 0).to_numpy()
    best = (
        frame["type_position"]
        .map({kind: place for place, kind in enumerate(PREFERRED)})
        .fillna(len(PREFERRED))
        .to_numpy()
    )
    slots = pack(street, np.maximum(frame["number"].to_numpy(), 0), coded)
    order = np.lexsort((frame["id"].to_numpy(), best, slots))
    order = order[numbered[order]]
    order = order[np.unique(slots[order], return_index=True)[1]]
    place = communes.assign(lon=0.0, lat=0.0)
    centre = (
        pd.DataFrame({"commune": streets["commune"].to_numpy()[street], "lon": lon, "lat": lat})
        .groupby("commune")
        .median()
    )
    place["lon"], place["lat"] = centre["lon"] / 1e6, centre["lat"] / 1e6
    columns = {
        "name": pa.array(streets["nom_voie"].tolist()), "words": pa.array(streets["words"].tolist()),
        "compact": pa.array(streets["compact"].tolist()), "bare": pa.array(streets["bare"].tolist()),
        "way": pa.array(streets["way"].tolist()),
        "postcode": pa.array(streets["code_postal"].tolist()), "commune": pa.array(streets["commune"].to_numpy()),
        "city": pa.array(streets["city"].to_numpy(dtype=np.int32)),
        "lon": pa.array(middle["lon"].to_numpy()), "lat": pa.array(middle["lat"].to_numpy()),
        "reach_m": pa.array(middle["reach_m"].to_numpy()),
    }  # fmt: skip
    ids = pa.chunked_array([pa.array(frame["id"].to_numpy()[order].tolist(), type=pa.string())])
    return Department(
        pa.table(columns),
        slots[order],
        lon[order],
        lat[order],
        ids,
        written[order].astype(np.uint16),
        repetitions,
        writings.tolist(),
        place,
    )


def _middles(street: NDArray[np.int64], lon: NDArray[np.int32], lat: NDArray[np.int32]) -> pd.DataFrame:
    """Return the address nearest to the mean of each street, and how near 90 % of the others lie to it."""
    frame = pd.DataFrame({"street": street, "lon": lon / 1e6, "lat": lat / 1e6})
    mean = frame.groupby("street")[["lon", "lat"]].transform("mean")
    frame["off"] = distance_m(
        frame["lon"].to_numpy(), frame["lat"].to_numpy(), mean["lon"].to_numpy(), mean["lat"].to_numpy()
    )
    middle = (
        frame.sort_values(["street", "off", "lon", "lat"]).drop_duplicates("street").set_index("street")[["lon", "lat"]]
    )
    at = middle.loc[street]
    frame["reach_m"] = distance_m(
        frame["lon"].to_numpy(), frame["lat"].to_numpy(), at["lon"].to_numpy(), at["lat"].to_numpy()
    )
    return middle.assign(reach_m=frame.groupby("street")["reach_m"].quantile(0.9))


def _only_words(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name).strip()


def _communes(streets: pd.DataFrame) -> pd.DataFrame:
    group = streets.groupby("code_insee", sort=True)
    table = pd.DataFrame(
        {
            "name": group["nom_commune"].first(),
            "old_names": group["nom_ancienne_commune"].agg(lambda names: "|".join(sorted(set(names) - {""}))),
            "postcodes": group["code_postal"].agg(lambda codes: "|".join(sorted(set(codes) - {""}))),
        }
    )
    table = table.rename_axis("citycode").reset_index()
    table = table.sort_values("citycode", key=lambda codes: codes.map(_owner) + codes).reset_index(drop=True)
    owner = [_owner(code) for code in table["citycode"]]
    return table.assign(city=pd.factorize(np.array(owner, dtype=object))[0].astype("int32"))


def _owner(code: str) -> str:
    """Return the commune that an arrondissement is part of, or the commune itself."""
    return next((city for city, (start, _) in CITIES.items() if code.startswith(start)), code)


def save_department(department: Department, folder: Path) -> None:
    """Write a department as Arrow files that load by memory map."""
    folder.mkdir(parents=True, exist_ok=True)
    addresses = pa.table(
        {
            "slot": department.slots,
            "lon": department.lon,
            "lat": department.lat,
            "ban_id": department.ban_ids,
            "written": department.written,
        }
    ).replace_schema_metadata({"repetitions": json.dumps([department.repetitions, department.writings])})
    tables = {
        "streets": department.streets,
        "addresses": addresses,
        "communes": pa.Table.from_pandas(department.communes, preserve_index=False),
    }
    for name, table in tables.items():
        with pa.OSFile(str(folder / f"{name}.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table.combine_chunks(), max_chunksize=1 << 30)


@lru_cache(maxsize=4)
def open_department(folder: Path) -> Department:
    """Return a department written by :func:`save_department`, its arrays read from the disk as they are needed."""
    tables = {
        name: pa.ipc.open_file(pa.memory_map(str(folder / f"{name}.arrow"))).read_all()
        for name in ("streets", "addresses", "communes")
    }
    addresses = tables["addresses"]
    repetitions, writings = json.loads(addresses.schema.metadata[b"repetitions"])
    return Department(
        tables["streets"], addresses["slot"].to_numpy(), addresses["lon"].to_numpy(), addresses["lat"].to_numpy(),
        addresses["ban_id"], addresses["written"].to_numpy(),
        repetitions, writings, tables["communes"].to_pandas(),
    )  # fmt: skip


def load_index(files: Sequence[Path | str], folder: Path | str) -> AddressIndex:
    """Return the index of BAN department files, built once for each content of a file."""
    folders = []
    for path in map(Path, files):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        target = Path(folder) / f"{digest}-{FORMAT}"
        if not target.exists():
            part = target.with_name(target.name + ".part")
            save_department(build_department(read_ban(path)), part)
            part.rename(target)
        folders.append(target)
    communes = [
        pa.ipc.open_file(pa.memory_map(str(target / "communes.arrow")))
        .read_all()
        .to_pandas()
        .assign(department=position)
        for position, target in enumerate(folders)
    ]
    return AddressIndex(tuple(folders), (), pd.concat(communes, ignore_index=True))
