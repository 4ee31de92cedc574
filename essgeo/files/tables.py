"""Read any file that holds a table, as text, whatever its separator and encoding."""

from __future__ import annotations

import csv
import json
import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.crs import require_crs
from essgeo.errors import InputError, SchemaError
from essgeo.files.encodings import UTF16_MARKS, encoding_of
from essgeo.files.geographic import LAYERED, flat, read_geographic
from essgeo.files.guard import refuse_width
from essgeo.files.parquet import read_parquet
from essgeo.files.rows import as_frame, cell_text, first_rows, header_of, separator_of, unique_names
from essgeo.files.sheets import read_sheets
from essgeo.messages import tell
from essgeo.schema.validate import ROW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RESULTS = "results"
"""Where an interface that answers by JSON puts its records."""

WEB_PAGE = (b"<!doctype", b"<html")
"""How a web page begins, in lower case."""

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""How JSON writes half of a character beyond the first 65,536: two of these make one."""

_MAX_DIGITS = 300
"""A longer number is beyond those of any format; Python reads none of more than 4,300."""

_DOS_END = "\x1a"
"""What DOS writes at the end of a text."""

_HEAD = 1 << 16
"""Characters of a CSV that tell its separator."""

_SIGNATURES = {
    b"PK\x03\x04": (".xlsx", ".xlsm"),
    b"\xd0\xcf\x11\xe0": (".xls",),
    b"PAR1": (".parquet", ".geoparquet"),
    b"SQLite format 3\x00": (".gpkg",),
}


def read_table(
    path: Path | str, *, as_is: bool = False, min_rows: int = 1, sheet: str | None = None, layer: str | None = None
) -> pd.DataFrame:
    r"""Return the table a file holds, every cell as text, so that postcodes and identifiers keep their zeros.

    Parameters
    ----------
    path
        A CSV (any of ``, ; tab |``, UTF-8, UTF-16 with its mark, or Windows-1252), XLSX, Parquet, GeoParquet,
        GeoJSON, GeoPackage, Shapefile or DBF; or JSON, a list of objects. Of a workbook or a GeoPackage, every visible
        sheet or layer that lists structures is read, see :func:`essgeo.files.sheets.choose_parts`.
    as_is
        Keep blank rows, and the types of a file that has types.
    min_rows
        Refuse a file with fewer rows.
    sheet, layer
        The one sheet of a workbook, hidden or not, or layer of a GeoPackage to read.

    Returns
    -------
    DataFrame or GeoDataFrame
        Text columns, missing values as ``""``, in the order of the file, blank rows left out, and what stands above the
        header (with a warning). The index, named ``row``, is the number of the row as a spreadsheet shows it, the
        header and blank rows counted; records of other files are numbered from 1. Where several sheets or layers are
        read, a column ``sheet`` or ``layer`` says which, and rows are named after it: ``Bondy!5``. A geographic
        file gives a GeoDataFrame with its geometry and CRS.

    Raises
    ------
    InputError
        There is no such file, its suffix is not known, it is not what its suffix says, is empty, or cannot be decoded.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "mine.csv"
    ...     _ = path.write_bytes("nom;ville\n\nCaf\xe9;Les Lilas\n".encode("cp1252"))
    ...     read_table(path).to_dict("index")
    {3: {'nom': 'Café', 'ville': 'Les Lilas'}}
    """
    path = Path(path)
    suffix = checked_suffix(path)
    for kind, named, holders in (("sheet", sheet, BOOKS), ("layer", layer, LAYERED)):
        if named is not None and suffix not in holders:
            raise InputError(tell("part_option", path=path, kind=kind, named=named, holders=", ".join(sorted(holders))))
    frame = _READERS[suffix](path, sheet or layer) if sheet or layer else _READERS[suffix](path)
    if suffix in _SHEETS and not as_is:
        filled = np.zeros(len(frame), dtype=bool)
        for name, texts in frame.items():  # the first columns mostly tell
            if not filled.all() and name != "sheet":
                filled |= (texts != "").to_numpy()
        frame = frame if filled.all() else frame[filled]
    if len(frame) < min_rows:
        raise InputError(tell("no_row", path=path))
    frame = frame.rename_axis(ROW)
    frame.columns = pd.Index(unique_names([str(name) for name in frame.columns]))
    return frame if as_is or suffix in _SHEETS else as_text(frame)  # cells of sheets are text already


def read_outlines(path: Path, *, min_rows: int = 1) -> gpd.GeoDataFrame:
    """Return a geographic file with its geometry in the column ``geometry``; refuse one without geometry or CRS."""
    frame = read_table(path, min_rows=min_rows)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise SchemaError(tell("file_without_geometry", name=path.name))
    require_crs(frame, path.name)
    return frame if frame.geometry.name == "geometry" else frame.rename_geometry("geometry")


def checked_suffix(path: Path) -> str:
    """Return the suffix of a file in lower case, if its first bytes are those of such a file; else refuse it."""
    require_file(path)
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        message = tell(
            "cannot_read_suffix",
            path=path,
            suffix=suffix or tell("word_no_suffix"),
            readers=", ".join(sorted(_READERS)),
        )
        raise InputError(message)
    try:
        with path.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        raise InputError(tell("cannot_open", path=path, strerror=error.strerror)) from error
    if fault := _fault_of(head, suffix):
        message = f"{path}: {fault}"
        raise InputError(message)
    return suffix


def require_file(path: Path) -> None:
    """Refuse a path where there is nothing, or a folder."""
    if not path.is_file():
        message = tell("no_such_path", path=path, said=tell("word_is_folder" if path.is_dir() else "word_no_such_file"))
        raise InputError(message)


def _fault_of(head: bytes, suffix: str) -> str:
    """Return what is wrong with the first bytes of a file of that suffix, or nothing."""
    looks = next((suffixes for signature, suffixes in _SIGNATURES.items() if head.startswith(signature)), ())
    faults = {
        tell("head_empty"): not head.strip(),
        tell("head_looks", suffix=suffix, looks="".join(looks[:1])): (looks and suffix not in looks),
        tell("head_not", suffix=suffix): (not looks and suffix in {*BOOKS, ".parquet", ".geoparquet", ".gpkg"}),
        tell("head_web"): (suffix in _TEXT and head.lstrip().lower().startswith(WEB_PAGE)),
        tell("head_binary", suffix=suffix): (
            suffix in _TEXT and head.count(b"\x00") > len(head) // 10 and not head.startswith(UTF16_MARKS)
        ),
    }
    return next((fault for fault, found in faults.items() if found), "")


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame with every cell as text but its geometry, missing values as ``""``.

    Examples
    --------
    >>> as_text(pd.DataFrame({"surface": [312.0, None]}))["surface"].tolist()
    ['312', '']
    """
    geometry = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) and frame.active_geometry_name else None
    text = frame.copy()
    for name in text.columns:
        if name != geometry:
            text[name] = text[name].astype("object").map(cell_text)
    return text


def _read_csv(path: Path) -> pd.DataFrame:
    encoding = encoding_of(path)
    with path.open(encoding=encoding.codec, errors=encoding.errors, newline="") as stream:
        separator = separator_of(stream.read(_HEAD))
        stream.seek(0)
        rows = _cells(path, csv.reader(stream, delimiter=separator, strict=True))
        head = first_rows(rows)
        if all(len(row) == 1 and separator in row[0] for row in filter(None, head)):
            # Each line is one quoted cell, as an export of a list that was pasted into one column.
            rows = _cells(path, csv.reader(("".join(row) for row in chain(head, rows)), delimiter=separator))
            head = first_rows(rows)
        return as_frame(path, chain(head, rows), header_of(head), escaped=True)


def _cells(path: Path, reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield the rows of a CSV as they are read, so that a file is never in memory as text and as a table."""
    number = 0
    try:
        for number, row in enumerate(reader, start=1):  # noqa: B007 (said where the next row cannot be read)
            yield [] if row == [_DOS_END] else row
    except csv.Error as error:
        raise InputError(tell("csv_row_unreadable", path=path, number=number + 1, error=error)) from error


def _read_parquet(path: Path) -> pd.DataFrame:
    return _numbered(flat(read_parquet(path), path))


def _read_json(path: Path) -> pd.DataFrame:
    """Return the records of a JSON list, or the features of a map; what is nested in a cell stays JSON."""
    try:
        encoding = encoding_of(path)
        text = path.read_text(encoding=encoding.codec, errors=encoding.errors)
        held = json.loads(text, parse_int=_integer)
        if _HALF.search(text):  # half a character, which no file holds
            # Two halves that belong together become one character on the way through UTF-16, a half alone the sign of
            # what is lost.
            whole = json.dumps(held, ensure_ascii=False).encode("utf-16", "surrogatepass")
            held = json.loads(whole.decode("utf-16", "replace"), parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise InputError(tell("not_json", path=path, error=error)) from error
    items = held.get(RESULTS) if isinstance(held, dict) else held
    if not isinstance(items, list):
        return read_geographic(path)
    wrong = [str(number) for number, item in enumerate(items, start=1) if not isinstance(item, dict)]
    if wrong:
        raise InputError(tell("record_no_object", path=path, wrong=", ".join(wrong[:5])))

    def cell(value: object) -> object:
        return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value

    refuse_width(path, len({key for item in items for key in item}))
    rows = [{key: cell(value) for key, value in item.items()} for item in items]
    return _numbered(pd.DataFrame(rows, dtype="object"))


def _integer(digits: str) -> int | str:
    """Return a whole number, or its digits where they are more than any cell of a table holds."""
    return int(digits) if len(digits) <= _MAX_DIGITS else digits


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_axis(pd.RangeIndex(1, len(frame) + 1))


_TEXT: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".txt": _read_csv,
    ".tsv": _read_csv,
    ".geojson": read_geographic,
    ".json": _read_json,
}

BOOKS = {".xlsx", ".xlsm"}

_SHEETS = {".csv", ".txt", ".tsv", *BOOKS}

_GEOGRAPHIC = {".geojson", ".gpkg", ".shp", ".dbf"}

_READERS: dict[str, Callable[..., pd.DataFrame]] = {
    **_TEXT,
    ".parquet": _read_parquet,
    ".geoparquet": _read_parquet,
    **dict.fromkeys(BOOKS, read_sheets),
    **dict.fromkeys(_GEOGRAPHIC, read_geographic),
}
