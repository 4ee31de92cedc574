"""From the BAN file of a department to its index: read, built once for each content, and kept on the disk."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv
from scipy.spatial import cKDTree

from essgeo.errors import InputError, SourceChangedError
from essgeo.files.guard import refuse_size
from essgeo.files.tables import require_file
from essgeo.geocoding.index import METRES_PER_DEGREE, AddressIndex, Department, distance_m, open_table, pack
from essgeo.geocoding.spelling import REPETITIONS, StreetKey, fold_all, street_key
from essgeo.messages import tell
from essgeo.schema.codes import city_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


COLUMNS = (
    "id", "numero", "rep", "nom_voie", "code_postal", "code_insee", "nom_commune", "code_insee_ancienne_commune",
    "nom_ancienne_commune", "lon", "lat", "type_position",
)  # fmt: skip
"""The columns read, of the 23 that the official files have."""

OPTIONAL = "code_insee_ancienne_commune"
"""A column that cut files may lack."""

_GZIP, _BLOCK = b"\x1f\x8b", 1 << 20


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
    ...     _ = path.write_text(";".join(COLUMNS) + "\n93010_1_1;1;bis;Rue A;93140;93010;Bondy;;;2.48;48.9;entrée\n")
    ...     read_ban(path)["rep"].to_pylist()
    ['bis']
    """
    path = Path(path)
    content = _content(path)
    types = dict.fromkeys(COLUMNS, pa.string()) | {"lon": pa.float64(), "lat": pa.float64(), "numero": pa.int32()}
    try:
        table = csv.read_csv(
            io.BytesIO(content),
            read_options=csv.ReadOptions(use_threads=False),
            parse_options=csv.ParseOptions(delimiter=";", newlines_in_values=False),
            convert_options=csv.ConvertOptions(
                column_types=types, include_columns=list(COLUMNS), include_missing_columns=True, null_values=[""]
            ),
        )
    except pa.ArrowException as error:
        raise SourceChangedError(tell("ban_no_file", name=path.name, error=str(error)[:200])) from error
    placed = table.filter(pa.compute.and_(pa.compute.is_valid(table["lon"]), pa.compute.is_valid(table["lat"])))
    if not placed.num_rows:
        raise InputError(tell("ban_without_position", name=path.name))
    return placed


def _content(path: Path) -> bytes:
    """Return the bytes of a file, unpacked no further than they are addresses, and as many as these may be."""
    blocks: list[bytes] = []
    size = 0
    try:
        with path.open("rb") as packed, gzip.open(packed) if packed.peek(2)[:2] == _GZIP else packed as stream:
            while block := stream.read(_BLOCK):
                if not blocks and block.strip():
                    _check_header(path, block)
                blocks.append(block)
                size += len(block)
                refuse_size(path, size)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(tell("ban_cut", name=path.name, error=error)) from error
    except SourceChangedError:
        raise
    except OSError as error:
        raise InputError(tell("ban_unreadable", path=path, strerror=error.strerror or error)) from error
    content = b"".join(blocks)
    if not content.strip().partition(b"\n")[2]:
        raise InputError(tell("ban_empty", name=path.name))
    return content


def _check_header(path: Path, block: bytes) -> None:
    header = block.partition(b"\n")[0].decode("utf-8-sig", "replace").strip().split(";")
    missing = [name for name in COLUMNS if name not in header and name != OPTIONAL]
    if missing:
        message = tell("ban_columns", name=path.name, missing=", ".join(missing), header=", ".join(header)[:300])
        raise SourceChangedError(message)


PREFERRED = (
    "entrée", "délivrance postale", "bâtiment", "cage d'escalier", "logement", "parcelle", "service technique", "",
    "segment",
)  # fmt: skip
"""Kinds of position (BAN ``type_position``), the nearest to a front door first."""

NO_NUMBER = 99_999
"""What a file writes for a place without house number."""

_PART = ["code_insee", "nom_ancienne_commune", "code_postal"]

_NAMED = ["nom_commune", "code_insee_ancienne_commune"]


# Where the second of two names begins: Quai de la Corse - Pasquale Paoli, Parvis Notre-Dame Place Jean-Paul II.
_SECOND_NAME = re.compile(
    r" [-/] |(?<! de)(?<! du)(?<! la)(?<! des)(?<! les)(?<! et)(?<!^Grande)(?<!^Vieille)(?<=[a-zà-ÿ]{2}) "
    r"(?=(?:Rue|Avenue|Boulevard|Place|Esplanade|Parvis|Quai|Square|Promenade) [A-Zd])"
)

FAR_M, FAR_FROM_STREET_M, FAR_TIMES = 50_000.0, 5_000.0, 20.0
"""An address is misplaced where it lies the first distance from the middle of its commune, or as the only one the
second from that of its street, and most others are nearer by the third as a factor."""


def _placed(frame: pd.DataFrame, street: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which addresses lie where others of their street and commune do: a file may put one at 0, 0."""

    def misplaced(group: NDArray[np.int64], least_m: float) -> NDArray[np.bool_]:
        # Medians, so that what is misplaced does not move the middle that it is measured from.
        points = frame[["lon", "lat"]]
        middle = points.groupby(group).transform("median")
        off = pd.Series(distance_m(*(table[name].to_numpy() for table in (points, middle) for name in ("lon", "lat"))))
        usual = off.groupby(group).transform("median").to_numpy()
        return np.asarray(off.to_numpy() > np.maximum(least_m, FAR_TIMES * usual))

    # Far from a street counts only of a single address: two that lie together elsewhere may be a street in two parts.
    lost, alone = misplaced(frame["code_insee"].factorize()[0], FAR_M), misplaced(street, FAR_FROM_STREET_M)
    return np.asarray(~(lost | (alone & (np.bincount(street, alone)[street] == 1))))


def build_department(table: pa.Table) -> Department:
    """Return the index of a table from :func:`read_ban`."""
    frame = table.to_pandas()
    frame = frame if OPTIONAL in frame else frame.assign(**{OPTIONAL: ""})
    texts = [name for name in COLUMNS if name not in {"numero", "lon", "lat"}]
    frame[texts] = frame[texts].fillna("")
    number = frame["numero"].fillna(-1).astype("int64").to_numpy()
    number = np.where(number < NO_NUMBER, number, -1)
    parts = [*_PART, "nom_voie"]
    # The street of each address by number, in the order of its parts; `rank` leads from there to its row in the index.
    found = frame.groupby(parts, sort=True, observed=True).ngroup().to_numpy()
    placed = _placed(frame, found)
    if not placed.all():
        return build_department(table.filter(pa.array(placed)))
    streets, communes, rank = _streets(frame[[*parts, *_NAMED]].assign(street=found))
    # From here on, arrays with an element an address, in the order of the file.
    street = rank[found]
    lon, lat = (np.round(frame[name].to_numpy() * 1e6).astype(np.int32) for name in ("lon", "lat"))
    written, writings = pd.factorize(frame["rep"].str.strip().str.lower(), sort=True)
    letters = [REPETITIONS.get(text, text) for text in fold_all(writings.tolist())]
    repetitions = ["", *sorted(set(letters) - {""})]
    code = np.array([repetitions.index(letter) for letter in letters], dtype=np.int64)[written]
    slots = pack(street, np.maximum(number, 0), code)
    # Of the rows of one house, the point nearest to its door is kept; rows without number only place their street.
    kinds = {kind: place for place, kind in enumerate(PREFERRED)}
    best = frame["type_position"].map(kinds).fillna(len(PREFERRED)).to_numpy()
    order = np.lexsort((frame["id"].to_numpy(), best, slots))
    order = order[number[order] >= 0]
    order = order[np.unique(slots[order], return_index=True)[1]]
    # The middle of each commune, from its addresses, in degrees.
    centre = pd.DataFrame({"lon": lon, "lat": lat}).groupby(streets["commune"].to_numpy()[street]).median() / 1e6
    columns: dict[str, Any] = {"name": streets["nom_voie"]} | {name: streets[name] for name in StreetKey._fields}
    columns |= {"postcode": streets["code_postal"], "commune": streets["commune"], "city": streets["city"]}
    middles = _middles(street, lon, lat)
    columns |= {name: middles.loc[streets["of"], name] for name in ("lon", "lat", "reach_m")} | {"of": streets["of"]}
    arrays = {
        name: column.to_numpy() if column.dtype.kind in "if" else column.tolist() for name, column in columns.items()
    }
    return Department(
        pa.table({name: pa.array(column) for name, column in arrays.items()}),
        slots[order],
        lon[order],
        lat[order],
        _room(lon[order] / 1e6, lat[order] / 1e6),
        pa.chunked_array([pa.array(frame["id"].to_numpy()[order].tolist(), type=pa.string())]),
        written[order].astype(np.uint16),
        repetitions,
        writings.tolist(),
        communes.assign(lon=centre["lon"], lat=centre["lat"]),
    )  # fmt: skip


NEAREST = 5


def _room(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return how far the address is from each that is the fifth nearest, in metres; inf where there are fewer."""
    if not len(lon):
        return np.empty(0, dtype=np.float32)
    # Metres on a plane about the middle of the department; each address is its own nearest, hence one neighbour more.
    places = np.column_stack([lon * np.cos(np.radians(np.median(lat))), lat]) * METRES_PER_DEGREE
    return np.asarray(cKDTree(places).query(places, k=[NEAREST + 1])[0], dtype=np.float32)[:, 0]


def _streets(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[np.int64]]:
    """Return streets and communes in the order of the index, and the place there of each ``street`` of the rows."""
    streets = rows.drop_duplicates("street").sort_values("street").drop(columns="street").reset_index(drop=True)
    # Names are spelt once for all: `spelt` holds each title followed by its second names, `of` the street of each of
    # them, `own` whether it is the title itself. A second name without a kind of way is none.
    titles = streets["nom_voie"].tolist()
    parts = [[part for part in _SECOND_NAME.split(title) if part != title] for title in titles]
    # A street of two names has a row more for each: `of` is the row of the street itself.
    of = np.repeat(np.arange(len(titles)), [1 + len(names) for names in parts])
    spelt = [name for title, names in zip(titles, parts, strict=True) for name in (title, *names)]
    keys = [street_key(re.sub(r"[^a-z0-9]+", " ", name).strip()) for name in fold_all(spelt)]
    own = np.diff(of, prepend=-1) > 0
    kept = np.flatnonzero([bool(mine or key.way) for mine, key in zip(own, keys, strict=True)])
    streets = streets.iloc[of[kept]].reset_index(drop=True).assign(of=of[kept])
    streets[list(StreetKey._fields)] = [keys[row] for row in kept.tolist()]
    communes = _communes(streets)
    known = pd.MultiIndex.from_frame(communes[["citycode", "old_name", "postcode"]])
    streets["commune"] = known.get_indexer(pd.MultiIndex.from_frame(streets[_PART])).astype("int32")
    streets["city"] = communes["city"].to_numpy()[streets["commune"]]
    # From here on streets stand as the index has them; rank[i] is the new row of what was row i.
    order = np.lexsort((streets["nom_voie"], streets["words"], streets["commune"], streets["city"]))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    # Of the rows of one street only that of its title is led to, so that `rank` has one place a street.
    rank, streets = rank[own[kept]], streets.iloc[order].reset_index(drop=True)
    return streets.assign(of=rank[streets["of"]]), communes, rank


def _communes(streets: pd.DataFrame) -> pd.DataFrame:
    """Return the communes; those of former communes or several postcodes in as many rows: streets have homonyms."""
    table = streets.groupby(_PART, sort=True)[_NAMED].first().reset_index()
    table = table.set_axis(["citycode", "old_name", "postcode", "name", "old_code"], axis=1)
    city = table["citycode"].map(city_of)
    order = (city + table["citycode"]).argsort(kind="stable")
    table = table.iloc[order].reset_index(drop=True)
    return table.assign(city=pd.factorize(city.iloc[order].to_numpy(dtype=object))[0].astype("int32"))


def _middles(street: NDArray[np.int64], lon: NDArray[np.int32], lat: NDArray[np.int32]) -> pd.DataFrame:
    """Return the address nearest to the mean of each street, and how near 90 % of the others lie to it."""
    frame = pd.DataFrame({"street": street, "lon": lon / 1e6, "lat": lat / 1e6})

    def off(points: pd.DataFrame) -> NDArray[np.float64]:
        return distance_m(*(table[name].to_numpy() for table in (frame, points) for name in ("lon", "lat")))

    # Metres of each address from the mean of its street, which may lie beside it; then from the address nearest to
    # that, the middle. Position breaks ties, so that the order of the file does not count.
    frame["off"] = off(frame.groupby("street")[["lon", "lat"]].transform("mean"))
    nearest = frame.sort_values(["street", "off", "lon", "lat"]).drop_duplicates("street")
    middle = nearest.set_index("street")[["lon", "lat"]]
    frame["off"] = off(middle.loc[street])
    return middle.assign(reach_m=frame.groupby("street")["off"].quantile(0.9))


FORMAT = "9"
"""Changes with the layout of the files or the normalisation, so that an old index is built again."""


def save_department(department: Department, folder: Path) -> None:
    """Write a department as Arrow files that load by memory map."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"slot": "slots", "lon": "lon", "lat": "lat", "room_m": "room_m", "ban_id": "ban_ids", "written": "written"}
    addresses = pa.table({column: getattr(department, name) for column, name in names.items()})
    tables = {
        "streets": department.streets,
        "addresses": addresses.replace_schema_metadata(
            {"repetitions": json.dumps([department.repetitions, department.writings])}
        ),
        "communes": pa.Table.from_pandas(department.communes, preserve_index=False),
    }
    for name, table in tables.items():
        with pa.OSFile(str(folder / f"{name}.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table.combine_chunks(), max_chunksize=1 << 30)


def load_index(files: Sequence[Path | str], folder: Path | str) -> AddressIndex:
    """Return the index of BAN department files, built once for each content of a file.

    Parameters
    ----------
    files
        Files of departments (:func:`read_ban`).
    folder
        Where indexes are kept, each in a folder named by the content of its file.

    Raises
    ------
    SourceChangedError, InputError
        As :func:`read_ban`.
    """
    folders = []
    for path in map(Path, files):
        require_file(path)
        target = Path(folder) / f"{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}-{FORMAT}"
        if not target.exists():
            _build(path, target)
        folders.append(target)
    tables = [
        open_table(target, "communes").to_pandas().assign(department=place) for place, target in enumerate(folders)
    ]
    return AddressIndex(tuple(folders), (), pd.concat(tables, ignore_index=True))


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
