"""What a file holds: its format, its columns, its rows."""

from __future__ import annotations

import csv
import gzip
import json
import re
import zlib
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from essgeo.errors import SourceChangedError
from essgeo.files.geographic import describe_features
from essgeo.files.rows import SEPARATORS
from essgeo.files.tables import WEB_PAGE
from essgeo.messages import tell
from essgeo.official.archives import MAX_RATIO
from essgeo.official.archives import SIGNATURE as ZIP
from essgeo.official.catalogue import absent_columns

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.official.catalogue import Source


PARQUET, GZIP = b"PAR1", b"\x1f\x8b"

HEAD_BYTES = 1 << 18

_LOCAL_HEAD_BYTES = 1 << 24

_DBF_FIELD_BYTES = 32

_SIGNATURES = {
    "csv.gz": (GZIP,),
    "dbf": (b"\x03",),
    "geojson": (b"{",),
    "gpkg": (b"SQLite format 3\x00",),
    "json": (b"{", b"["),
    "parquet": (PARQUET,),
    "shapefile": (b"\x00\x00\x27\x0a",),
    "xlsx": (ZIP,),
}

SUFFIXES = {"shapefile": ".shp"}
"""Suffix of a file of a format, where it is not the name of the format."""

_BLOCK = 1 << 20

_LISTS = {"geojson": b"features", "json": b"results"}


def fault_of(head: bytes, form: str, *, archive: bool = False) -> str:
    """Return what is wrong with the first bytes of a file of a format, or of its ``archive``; ``""`` if nothing.

    Examples
    --------
    >>> fault_of(b"<!DOCTYPE html><title>Maintenance", "csv"), fault_of(b"a;b", "csv"), fault_of(b"", "csv")
    ('it is a web page, not csv', '', 'it is empty')
    >>> fault_of(b"a;b", "parquet"), fault_of(b"PAR1....", "csv")
    ('it is not parquet (its first bytes say so)', 'it is not csv (its first bytes say so)')
    """
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        return tell("form_empty")
    if text[:64].lower().startswith(WEB_PAGE):
        return tell("form_web_page", form=form)
    if archive and head.startswith(ZIP):
        return ""
    if form == "osm.pbf":
        right = b"OSMHeader" in head[:64]
    elif form in _SIGNATURES:
        right = (
            text.startswith(_SIGNATURES[form]) if form in {"geojson", "json"} else head.startswith(_SIGNATURES[form])
        )
    else:
        right = b"\x00" not in head[:4096] and not head.startswith((PARQUET, ZIP, GZIP))
    return "" if right else tell("form_other", form=form)


def missing_part(head: bytes, end: bytes) -> str:
    """Return what a JSON answer says of a part of it that did not come, ``""`` if nothing.

    Examples
    --------
    >>> missing_part(b'{"count": 900, "next": "https://a.fr/?page=2", "results": [', b"]}")
    'it is one page of several'
    >>> missing_part(b'{"type": "FeatureCollection"', b'], "numberMatched": 6000, "numberReturned": 5000}')
    'it holds 5000 of 6000 features'
    >>> missing_part(b'{"count": 9, "next": null, "results": [', b"]}")
    ''
    """
    if re.match(rb'[^\[]*"next"\s*:\s*"', head):
        return tell("form_one_page")
    said = {}
    for name, number in re.findall(rb'"(numberMatched|numberReturned)"\s*:\s*(\d+)', head[:1000] + end):
        said[name] = int(number)
    matched, returned = said.get(b"numberMatched", 0), said.get(b"numberReturned", 0)
    return tell("form_part", returned=returned, matched=matched) if returned < matched else ""


def columns_of(path: Path, form: str) -> list[str] | None:
    """Return the columns of a file on the disk, read from its header; None for a format that has none."""
    try:
        if form == "parquet":
            return list(pq.read_schema(path).names)
        if form in {"gpkg", "shapefile"}:
            return [str(name) for name in describe_features(path)["fields"]]
        with path.open("rb") as stream:
            return columns_in(stream.read(_LOCAL_HEAD_BYTES), form)
    except (pa.ArrowException, ValueError, zlib.error) as error:
        raise SourceChangedError(tell("header_unreadable", name=path.name, error=error)) from error


def absent_in(path: Path, source: Source) -> list[str]:
    """Return the optional columns that a file of a source should have and has not, by their official names.

    A file of a user may be of another format than that of the publisher; nothing is said of one that cannot be read.
    """
    form = {".csv": "csv", ".gz": "csv.gz", ".parquet": "parquet"}.get(path.suffix.lower(), source.format)
    try:
        columns = columns_of(path, form)
    except (SourceChangedError, OSError):
        return []
    return [] if columns is None else absent_columns(columns, source)


def columns_in(head: bytes, form: str) -> list[str] | None:
    """Return the columns that the first bytes of a file name; None where they cannot tell.

    Examples
    --------
    >>> columns_in(b'{"type": "FeatureCollection", "features": [{"properties": {"code_qp": 1}, "geo', "geojson")
    ['code_qp']
    >>> columns_in(b'{"count": 1, "results": [{"siret": "1", "type": "EI"}, {"si', "json")
    ['siret', 'type']
    """
    if form == "csv.gz":
        head = zlib.decompressobj(wbits=31).decompress(head, _LOCAL_HEAD_BYTES)
    if form in {"csv", "csv.gz"}:
        return _csv_columns(head)
    if form == "geojson":
        return _first_object(head, b'"features"', b'"properties"')
    if form == "dbf":
        return _dbf_columns(head)
    if form == "json":
        return _first_object(head, b'"results"') or _first_object(head)
    return None


def _dbf_columns(head: bytes) -> list[str]:
    """Return the fields of a dBASE table, the one beside a Shapefile: 32 bytes each, after 32 of a header."""
    fields = head[_DBF_FIELD_BYTES : int.from_bytes(head[8:10], "little") - 1]
    starts = range(0, len(fields) - _DBF_FIELD_BYTES + 1, _DBF_FIELD_BYTES)
    return [fields[start : start + 11].split(b"\x00")[0].decode("latin-1") for start in starts]


def _csv_columns(head: bytes) -> list[str]:
    line = head.lstrip(b"\r\n").split(b"\n", 1)[0]
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = line.decode("cp1252", errors="replace")
    return [name.strip() for name in next(csv.reader([text], delimiter=max(SEPARATORS, key=text.count)), [])]


def _first_object(head: bytes, *landmarks: bytes) -> list[str] | None:
    """Return the keys of the first object after landmarks, each looked for after the one before."""
    place = 0
    for landmark in landmarks:
        place = head.find(landmark, place)
        if place < 0:
            return None
        place += len(landmark)
    opening = head.find(b"{", place)
    try:
        found, _ = json.JSONDecoder().raw_decode(head[opening:].decode("utf-8", errors="replace"))
    except ValueError:
        return None
    return list(found) if opening >= 0 and isinstance(found, dict) else None


def shortfall_of(path: Path, form: str) -> str:
    """Return what a file whose header is right lacks all the same, ``""`` if nothing.

    A compressed table is read to its end, whose sum is checked; of JSON, only that the last bracket is there.
    """
    if form == "csv.gz":
        return _gzip_fault(path) or _table_fault(path, form)
    if form == "csv":
        return _table_fault(path, form)
    if form in _LISTS:
        return _json_fault(path, _LISTS[form])
    if form == "parquet":
        return "" if pq.read_metadata(path).num_rows else tell("form_no_row")
    if form in {"gpkg", "shapefile"}:
        return "" if describe_features(path)["features"] else tell("form_no_row")
    return ""


def _gzip_fault(path: Path) -> str:
    left = MAX_RATIO * path.stat().st_size + HEAD_BYTES
    try:
        with gzip.open(path) as stream:
            while block := stream.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    return tell("form_too_much")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        return tell("form_damaged", error=error)
    return ""


def _table_fault(path: Path, form: str) -> str:
    with gzip.open(path) if form == "csv.gz" else path.open("rb") as stream:
        _, _, rows = stream.read(HEAD_BYTES).lstrip().partition(b"\n")
    return "" if rows.strip() else tell("form_no_row")


def _json_fault(path: Path, name: bytes) -> str:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        stream.seek(max(0, path.stat().st_size - HEAD_BYTES))
        end = stream.read().rstrip()
    if not end.endswith((b"}", b"]")):
        return tell("form_cut")
    first = re.search(rb'"%b"\s*:\s*\[\s*(\S)' % name, head)
    return tell("form_no_row") if first and first[1] == b"]" else ""
