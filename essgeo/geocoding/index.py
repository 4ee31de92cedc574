"""The index of addresses: built from the BAN files of departments, kept, opened."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tempfile
import zlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from essgeo.errors import InputError, SourceChangedError
from essgeo.files.tables import require_file
from essgeo.geocoding.communes import CITIES, Communes
from essgeo.geocoding.department import Department, distance_m, pack
from essgeo.geocoding.spelling import REPETITIONS, StreetKey, fold_all, street_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


COLUMNS = (
    "id", "numero", "rep", "nom_voie", "code_postal", "code_insee", "nom_commune", "nom_ancienne_commune",
    "lon", "lat", "type_position",
)  # fmt: skip
"""The columns read, of the 23 that the official files have."""


def read_ban(path: Path | str) -> pa.Table:
    r"""Return the addresses of a department file (``adresses-DD.csv`` or ``.csv.gz``).

    Parameters
    ----------
    path
        An official file of the Base Adresse Nationale: UTF-8, ``;`` between columns.

    Returns
    -------
    pyarrow.Table
        :data:`COLUMNS` as text, ``lon`` and ``lat`` in degrees, ``numero`` as int32; rows without position left out.

    Raises
    ------
    SourceChangedError
        A column is missing or renamed, or holds something else than it should.
    InputError
        No file there, or no right to read it; the file is empty, cut short, or not a table of text.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "adresses-93.csv"
    ...     _ = path.write_text(";".join(COLUMNS) + "\n93010_1_1;1;bis;Rue A;93140;93010;Bondy;;2.48;48.9;entrée\n")
    ...     read_ban(path)["rep"].to_pylist()
    ['bis']
    """
    path = Path(path)
    content = _content(path)
    header = (
        content[: content.find(b"\n") if b"\n" in content else None].decode("utf-8-sig", "replace").strip().split(";")
    )
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        message = (
            f"{path.name}: no column {', '.join(missing)}. A BAN department file (adresses-DD.csv) has them; "
            f"columns seen: {', '.join(header)[:300]}. Download the file again, or rename its columns."
        )
        raise SourceChangedError(message)
    types = dict.fromkeys(COLUMNS, pa.string()) | {"lon": pa.float64(), "lat": pa.float64(), "numero": pa.int32()}
    try:
        table = csv.read_csv(
            io.BytesIO(content),
            read_options=csv.ReadOptions(use_threads=False),
            parse_options=csv.ParseOptions(delimiter=";", newlines_in_values=False),
            convert_options=csv.ConvertOptions(column_types=types, include_columns=list(COLUMNS), null_values=[""]),
        )
    except pa.ArrowInvalid as error:
        message = f"{path.name}: not a BAN department file ({str(error)[:200]}). Download it again."
        raise SourceChangedError(message) from error
    placed = table.filter(pa.compute.and_(pa.compute.is_valid(table["lon"]), pa.compute.is_valid(table["lat"])))
    if not placed.num_rows:
        message = f"{path.name}: no address with a position. Download the file again."
        raise InputError(message)
    return placed


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        message = f"{path.name}: the compressed file is cut short or damaged ({error}). Download it again."
        raise InputError(message) from error
    except OSError as error:
        message = (
            f"{path}: cannot be read ({error.strerror or error}). Give the path of a BAN file, adresses-DD.csv.gz."
        )
        raise InputError(message) from error
    if not content.strip().partition(b"\n")[2]:
        message = f"{path.name}: the file is empty, it holds no address. Download it again."
        raise InputError(message)
    return content


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

_PART = ["code_insee", "nom_ancienne_commune"]

NO_NUMBER = 99_999
"""What a file writes for a place without house number."""


def build_department(table: pa.Table) -> Department:
    """Return the index of a table from :func:`essgeo.geocoding.index.read_ban`."""
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
    known = pd.MultiIndex.from_frame(communes[["citycode", "old_name"]])
    streets["commune"] = known.get_indexer(pd.MultiIndex.from_frame(streets[_PART])).astype("int32")
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
    """Return the communes; those made of former communes in as many rows, for streets there have homonyms."""
    group = streets.groupby(_PART, sort=True)
    table = pd.DataFrame(
        {
            "name": group["nom_commune"].first(),
            "postcodes": group["code_postal"].agg(lambda codes: "|".join(sorted(set(codes) - {""}))),
        }
    )
    table = table.rename_axis(["citycode", "old_name"]).reset_index()
    order = (table["citycode"].map(_owner) + table["citycode"]).argsort(kind="stable")
    table = table.iloc[order].reset_index(drop=True)
    owner = [_owner(code) for code in table["citycode"]]
    return table.assign(city=pd.factorize(np.array(owner, dtype=object))[0].astype("int32"))


def _owner(code: str) -> str:
    """Return the commune that an arrondissement is part of, or the commune itself."""
    return next((city for city, (start, _) in CITIES.items() if code.startswith(start)), code)


FORMAT = "6"
"""Changes with the layout of the files or the normalisation, so that an old index is built again."""


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
        departments = self.table["department"].to_numpy()
        return np.searchsorted(departments, np.arange(departments.max() + 2)).tolist()  # type: ignore[no-any-return]

    @cached_property
    def communes(self) -> Communes:
        """The communes, by code, name and postcode."""
        return Communes(self.table)


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


def _build(path: Path, target: Path) -> None:
    """Make the index of a file, whole or not at all, also where another process makes it at the same time."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=target.parent) as folder:
        part = Path(folder) / target.name
        save_department(build_department(read_ban(path)), part)
        try:
            part.rename(target)
        except OSError:
            if not target.exists():
                raise


def load_index(files: Sequence[Path | str], folder: Path | str) -> AddressIndex:
    """Return the index of BAN department files, built once for each content of a file."""
    folders = []
    for path in map(Path, files):
        require_file(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        target = Path(folder) / f"{digest}-{FORMAT}"
        if not target.exists():
            _build(path, target)
        folders.append(target)
    communes = [
        pa.ipc.open_file(pa.memory_map(str(target / "communes.arrow")))
        .read_all()
        .to_pandas()
        .assign(department=position)
        for position, target in enumerate(folders)
    ]
    return AddressIndex(tuple(folders), (), pd.concat(communes, ignore_index=True))
