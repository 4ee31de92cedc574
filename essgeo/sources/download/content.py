"""What a file holds beyond its header: that it was not cut, and that it has a row. Opens no connection."""

from __future__ import annotations

import gzip
import re
import zlib
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pyogrio

from essgeo.sources.download.archive import MOST_RATIO
from essgeo.sources.download.header import HEAD_BYTES

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = 1 << 20
_LISTS = {"geojson": b"features", "json": b"results"}
_NO_ROW = "it holds no row"


def shortfall_of(path: Path, form: str) -> str:
    r"""Return what a file whose header is right lacks all the same, ``""`` if nothing.

    A compressed table is read to its end, whose sum is checked; of JSON, only that the last bracket is there.

    Parameters
    ----------
    path
        The file, out of its archive.
    form
        A format of the catalogue.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "a"
    ...     for content in (b"IRIS;COM\n", b"IRIS;COM\n1;2\n"):
    ...         _ = path.write_bytes(content)
    ...         shortfall_of(path, "csv")
    'it holds no row'
    ''
    """
    if form == "csv.gz":
        return _gzip_fault(path) or _table_fault(path, form)
    if form == "csv":
        return _table_fault(path, form)
    if form in _LISTS:
        return _json_fault(path, _LISTS[form])
    if form == "parquet":
        return "" if pq.read_metadata(path).num_rows else _NO_ROW
    if form in {"gpkg", "shapefile"}:
        return "" if pyogrio.read_info(path)["features"] else _NO_ROW
    return ""


def _gzip_fault(path: Path) -> str:
    left = MOST_RATIO * path.stat().st_size + HEAD_BYTES
    try:
        with gzip.open(path) as stream:
            while block := stream.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    return "more comes out of it than a table gives"
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        return f"it was cut or is damaged ({error})"
    return ""


def _table_fault(path: Path, form: str) -> str:
    with gzip.open(path) if form == "csv.gz" else path.open("rb") as stream:
        _, _, rows = stream.read(HEAD_BYTES).lstrip().partition(b"\n")
    return "" if rows.strip() else _NO_ROW


def _json_fault(path: Path, name: bytes) -> str:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        stream.seek(max(0, path.stat().st_size - HEAD_BYTES))
        end = stream.read().rstrip()
    if not end.endswith((b"}", b"]")):
        return "it was cut"
    first = re.search(rb'"%b"\s*:\s*\[\s*(\S)' % name, head)
    return _NO_ROW if first and first[1] == b"]" else ""
