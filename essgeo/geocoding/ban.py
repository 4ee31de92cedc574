"""Department files of the Base Adresse Nationale."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from essgeo.errors import InputError, SourceChangedError

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
