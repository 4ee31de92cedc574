"""Read any file that holds a table, as text, whatever its separator and encoding."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import math
import re
import warnings
import zipfile
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pyarrow as pa

from essgeo.crs import require_crs
from essgeo.errors import InputError, InputWarning, SchemaError
from essgeo.files.encodings import UTF16_MARKS, encoding_of
from essgeo.schema.columns import HEADERS
from essgeo.schema.headers import guess_columns
from essgeo.schema.validate import ROW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

SEPARATORS = ",;\t|"

MAX_ROWS, MIN_NAMES = 10, 2
"""Rows that are looked at for a header, blank ones aside, and columns of it that must be known by their name."""

RESULTS = "results"
"""Where an interface that answers by JSON puts its records."""

WEB_PAGE = (b"<!doctype", b"<html")
"""How a web page begins, in lower case."""

_SIGNATURES = {
    b"PK\x03\x04": (".xlsx",),
    b"\xd0\xcf\x11\xe0": (".xls",),
    b"PAR1": (".parquet", ".geoparquet"),
    b"SQLite format 3\x00": (".gpkg",),
}

_HEAD, _CHUNK = 1 << 16, 10_000
"""Characters that tell the separator, and rows that are read at a time."""

_FORMULA = re.compile(rb"<f[ />]")


def read_table(path: Path | str, *, as_is: bool = False, min_rows: int = 1) -> pd.DataFrame:
    r"""Return the table a file holds, every cell as text, so that postcodes and identifiers keep their zeros.

    Parameters
    ----------
    path
        A CSV (any of ``, ; tab |``, UTF-8, UTF-16 with its mark, or Windows-1252), XLSX (its first sheet), Parquet,
        GeoParquet, GeoJSON, GeoPackage or Shapefile; or JSON, a list of objects.
    as_is
        Keep blank rows, and the types of a file that has types.
    min_rows
        Refuse a file with fewer rows.

    Returns
    -------
    DataFrame or GeoDataFrame
        Text columns, missing values as ``""``, in the order of the file, blank rows left out, and what stands above the
        header (with a warning). The index, named ``row``, is the number of the row as a spreadsheet shows it, the
        header and blank rows counted; records of other files are numbered from 1. A geographic file gives a
        GeoDataFrame with its geometry and CRS.

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
    frame = _READERS[suffix](path)
    if suffix in _SHEETS and not as_is:
        frame = frame[(frame != "").any(axis=1)]
    if len(frame) < min_rows:
        message = f"{path}: the file has columns but no row."
        raise InputError(message)
    frame = frame.rename_axis(ROW)
    frame.columns = pd.Index(_unique([str(name) for name in frame.columns]))
    return frame if as_is else as_text(frame)


def read_outlines(path: Path) -> gpd.GeoDataFrame:
    """Return a geographic file with its geometry in the column ``geometry``; refuse one without geometry or CRS."""
    frame = read_table(path)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        message = f"{path.name}: no geometry; give a GeoJSON, GeoPackage, GeoParquet or Shapefile."
        raise SchemaError(message)
    require_crs(frame, path.name)
    return frame if frame.geometry.name == "geometry" else frame.rename_geometry("geometry")


def checked_suffix(path: Path) -> str:
    """Return the suffix of a file in lower case, if its first bytes are those of such a file; else refuse it."""
    require_file(path)
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        message = f"{path}: cannot read a {suffix or 'file without suffix'}; give one of {', '.join(sorted(_READERS))}."
        raise InputError(message)
    try:
        with path.open("rb") as stream:
            head = stream.read(512)
    except OSError as error:
        message = f"{path}: cannot be opened ({error.strerror})."
        raise InputError(message) from error
    if fault := _fault_of(head, suffix):
        message = f"{path}: {fault}"
        raise InputError(message)
    return suffix


def require_file(path: Path) -> None:
    """Refuse a path where there is nothing, or a folder."""
    if not path.is_file():
        message = f"{path}: {'is a folder; give a file' if path.is_dir() else 'no such file'}."
        raise InputError(message)


def _fault_of(head: bytes, suffix: str) -> str:
    """Return what is wrong with the first bytes of a file of that suffix, or nothing."""
    looks = next((suffixes for signature, suffixes in _SIGNATURES.items() if head.startswith(signature)), ())
    faults = {
        "the file is empty.": not head.strip(),
        f"the file is not a {suffix} but looks like a {''.join(looks[:1])}; rename it or save it again as {suffix}.": (
            looks and suffix not in looks
        ),
        f"the file is not a {suffix} (its first bytes say so); rename it or save it again as {suffix}.": (
            not looks and suffix in {".xlsx", ".parquet", ".geoparquet", ".gpkg"}
        ),
        "the file is a web page, not a table; download the table itself.": (
            suffix in _TEXT and head.lstrip().lower().startswith(WEB_PAGE)
        ),
        f"the file is binary, not the text a {suffix} holds; save it again as {suffix}, in UTF-8.": (
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
            text[name] = text[name].astype("object").map(_text)
    return text


def _text(value: object) -> str:
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return str(value).replace("\x00", "").strip()


def _unique(names: list[str]) -> list[str]:
    """Return a name for each column: blank ones by their position, repeated ones with a number that is free."""
    clean = [name.strip() or f"column_{position}" for position, name in enumerate(names, start=1)]
    unique: list[str] = []
    for name in clean:
        free = (f"{name}_{number}" for number in range(2, len(names) + 2))
        unique.append(name if name not in unique else next(other for other in free if other not in {*unique, *clean}))
    return unique


def separator_of(text: str) -> str:
    r"""Return what separates the cells of a CSV: the commonest in its header.

    Examples
    --------
    >>> separator_of("Structures de Bondy, Pantin\nNom;Adresse\n")
    ';'
    """
    lines = list(islice(filter(str.strip, io.StringIO(text, newline=None)), MAX_ROWS))
    separators = [max(SEPARATORS, key=line.count) for line in lines]
    named = (mark for line, mark in zip(lines, separators, strict=True) if _names_columns(line.split(mark)))
    return next(named, separators[0] if separators else SEPARATORS[0])


def header_of(rows: Sequence[Sequence[str]]) -> tuple[int, bool] | None:
    """Return the position of the row that names the columns, and whether it stands below others.

    It is the first that is not blank, unless a row further down has at least two names that are known, no number, and
    more cells filled than each row above it.

    Examples
    --------
    >>> header_of([["Structures 2024", "", ""], [], ["Nom", "Adresse", "Téléphone"], ["Le Fournil", "1 rue A", ""]])
    (2, True)
    >>> header_of([["who", "where"], ["a", "b"]]), header_of([["", ""]])
    ((0, False), None)
    """
    filled = ((place, [cell for cell in row if cell.strip()]) for place, row in enumerate(rows))
    seen = list(islice(((place, cells) for place, cells in filled if cells), MAX_ROWS))
    widest = 0
    for place, cells in seen:
        if len(cells) > widest and _names_columns(cells):
            return place, place != seen[0][0]
        widest = max(widest, len(cells))
    return (seen[0][0], False) if seen else None


def _names_columns(cells: Sequence[str]) -> bool:
    known = guess_columns(cells, HEADERS["structures"])
    return len(known) >= MIN_NAMES and not any(cell.strip().isdigit() for cell in cells)


def _read_csv(path: Path) -> pd.DataFrame:
    encoding = encoding_of(path)
    with path.open(encoding=encoding.codec, errors=encoding.errors, newline="") as stream:
        separator = separator_of(stream.read(_HEAD))
        stream.seek(0)
        return _framed(path, _cells(path, csv.reader(stream, delimiter=separator, strict=True)))


def _cells(path: Path, reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield the rows of a CSV as they are read, so that a file is never in memory as text and as a table."""
    number = 0
    try:
        for number, row in enumerate(reader, start=1):  # noqa: B007 (said where the next row cannot be read)
            yield row
    except csv.Error as error:
        message = f"{path}: row {number + 1} cannot be read ({error}); look for a quote that is not closed or doubled."
        raise InputError(message) from error


def _read_xlsx(path: Path) -> pd.DataFrame:
    """Return the first sheet of a workbook, formulas by the value that the file keeps of them.

    A column of formulas without a value, as programs write that compute nothing, is warned of.
    """
    try:
        rows = _rows(path, values=True)
        with zipfile.ZipFile(path) as book:
            sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
            formulas = any(_FORMULA.search(book.read(name)) for name in sheets)
        unknown = _columns_without_value(rows, _rows(path, values=False)) if formulas else []
    except Exception as error:
        message = f"{path}: the workbook cannot be read ({error}); save it again as .xlsx."
        raise InputError(message) from error
    if unknown:
        message = (
            f"{path.name}: column {', '.join(unknown)} holds formulas without their values, read as empty. "
            "Open the file in a spreadsheet and save it again, or paste the values."
        )
        warnings.warn(message, InputWarning, stacklevel=2)
    return _framed(path, [[_text(value) for value in row] for row in rows])


def _rows(path: Path, *, values: bool) -> list[tuple[object, ...]]:
    import openpyxl  # noqa: PLC0415 - slow to import, and only workbooks need it

    book = openpyxl.load_workbook(path, read_only=True, data_only=values)
    try:
        return list(book.worksheets[0].iter_rows(values_only=True))
    finally:
        book.close()


def _columns_without_value(rows: list[tuple[object, ...]], formulas: list[tuple[object, ...]]) -> list[str]:
    """Return the letters of the columns whose formulas all lack a value."""
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 - as in _rows

    known: dict[int, bool] = {}
    for values, written in zip(rows, formulas, strict=False):
        for column, (value, text) in enumerate(zip(values, written, strict=False), start=1):
            if isinstance(text, str) and text.startswith("=") and value != text:
                known[column] = known.get(column, False) or value is not None
    return [get_column_letter(column) for column, some in known.items() if not some]


def _framed(path: Path, rows: Iterable[list[str]]) -> pd.DataFrame:
    """Return rows of cells as a frame; a blank line is no row, unless the file has one column only."""
    rows = iter(rows)
    head: list[list[str]] = []
    filled = 0
    while filled <= MAX_ROWS and (row := next(rows, None)) is not None:
        head.append(row)
        filled += any(map(str.strip, row))
    found = header_of(head)
    if found is None:
        message = f"{path}: the file is empty."
        raise InputError(message)
    place, below = found
    if below:
        message = f"{path.name}: row {place + 1} was taken as the header; the rows above it are not read."
        warnings.warn(message, InputWarning, stacklevel=2)
    header = head[place]
    while not header[-1].strip():
        header = header[:-1]
    width = len(header)
    numbers: list[int] = []
    parts: list[pd.DataFrame] = []
    texts: list[dict[str, str]] = [{} for _ in range(width)]  # of each column, its distinct texts, cleaned once
    numbered = enumerate(chain(head[place + 1 :], rows), start=place + 2)
    # A chunk at a time: rows as lists take several times the memory of the columns that they become.
    while chunk := list(islice(numbered, _CHUNK)):
        kept = [(number, row) for number, row in chunk if row or width == 1]
        for number, row in kept:
            if len(row) > width and any(map(str.strip, row[width:])):
                message = (
                    f"{path}: row {number} has more cells than row {place + 1}, the header ({len(row)} against "
                    f"{width}); quote a cell that holds the separator, name every column, or delete the rows above "
                    "the header."
                )
                raise InputError(message)
        numbers += [number for number, _ in kept]
        cells = [row if len(row) == width else (row + [""] * width)[:width] for _, row in kept]
        if cells:
            columns = map(_clean, zip(*cells, strict=True), texts)
            parts.append(pd.DataFrame(dict(enumerate(columns)), dtype="object"))
    frame = pd.concat(parts) if parts else pd.DataFrame(columns=range(width), dtype="object")
    return frame.set_axis(pd.Index(numbers, dtype="int64")).set_axis(header, axis=1)


def _clean(column: Sequence[str], known: dict[str, str]) -> list[str]:
    """Return a column without NUL characters and blanks around its texts, each distinct one kept once in memory."""
    if len(known) > _CHUNK:
        known.clear()
    for text in set(column).difference(known):
        known[text] = text.replace("\x00", "").strip()
    return [known[text] for text in column]


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        try:
            frame: pd.DataFrame = gpd.read_parquet(path)
        except ValueError:
            frame = pd.read_parquet(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        message = f"{path}: the Parquet file cannot be read ({error})."
        raise InputError(message) from error
    return _numbered(frame)


def _read_geographic(path: Path) -> pd.DataFrame:
    try:
        return _numbered(gpd.read_file(path))
    except Exception as error:
        message = f"{path}: the geographic file cannot be read ({error})."
        raise InputError(message) from error


def _read_json(path: Path) -> pd.DataFrame:
    """Return the records of a JSON list, or the features of a map; what is nested in a cell stays JSON."""
    try:
        held = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        message = f"{path}: the file is not JSON in UTF-8 ({error})."
        raise InputError(message) from error
    items = held.get(RESULTS) if isinstance(held, dict) else held
    if not isinstance(items, list):
        return _read_geographic(path)
    wrong = [str(number) for number, item in enumerate(items, start=1) if not isinstance(item, dict)]
    if wrong:
        message = f"{path}: record {', '.join(wrong[:5])} is no object; give a list of objects, a key a column."
        raise InputError(message)

    def cell(value: object) -> object:
        return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else value

    rows = [{key: cell(value) for key, value in item.items()} for item in items]
    return _numbered(pd.DataFrame(rows, dtype="object"))


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_axis(pd.RangeIndex(1, len(frame) + 1))


_TEXT: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".txt": _read_csv,
    ".tsv": _read_csv,
    ".geojson": _read_geographic,
    ".json": _read_json,
}

_SHEETS = {".csv", ".txt", ".tsv", ".xlsx"}

_READERS = _TEXT | {
    ".xlsx": _read_xlsx,
    ".parquet": _read_parquet,
    ".geoparquet": _read_parquet,
    ".gpkg": _read_geographic,
    ".shp": _read_geographic,
}
