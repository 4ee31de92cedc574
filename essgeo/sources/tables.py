"""Read any file that holds a table, as text, whatever its separator and encoding."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pyarrow as pa

from essgeo.errors import InputError, SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

SEPARATORS = ",;\t|"
_SIGNATURES = {
    b"PK\x03\x04": (".xlsx",),
    b"PAR1": (".parquet", ".geoparquet"),
    b"SQLite format 3\x00": (".gpkg",),
}
_BINARY = {suffix for suffixes in _SIGNATURES.values() for suffix in suffixes}


def read_table(path: Path | str) -> pd.DataFrame:
    """Return the table a file holds, every cell as text, so that postcodes and identifiers keep their zeros.

    Parameters
    ----------
    path
        A CSV (any of ``, ; tab |``, UTF-8 or Windows-1252), XLSX, Parquet, GeoParquet, GeoJSON or GeoPackage file.

    Returns
    -------
    DataFrame or GeoDataFrame
        Text columns, missing values as ``""``, in the order of the file, RangeIndex. A geographic file gives a
        GeoDataFrame with its geometry and CRS.

    Raises
    ------
    SourceUnavailableError
        There is no such file.
    InputError
        The suffix is not known, the file is not what its suffix says, is empty, or cannot be decoded.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "mine.csv"
    ...     _ = path.write_bytes("nom;ville\\nCaf\\xe9;Les Lilas\\n".encode("cp1252"))
    ...     read_table(path).to_dict("records")
    [{'nom': 'Café', 'ville': 'Les Lilas'}]
    """
    path = Path(path)
    if not path.is_file():
        message = f"{path}: no such file."
        raise SourceUnavailableError(message)
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        message = f"{path}: cannot read a {suffix or 'file without suffix'}; give one of {', '.join(sorted(_READERS))}."
        raise InputError(message)
    if path.stat().st_size == 0:
        message = f"{path}: the file is empty."
        raise InputError(message)
    _check_signature(path, suffix)
    frame = _READERS[suffix](path)
    if len(frame) == 0:
        message = f"{path}: the file has columns but no row."
        raise InputError(message)
    return _as_text(frame)


def _check_signature(path: Path, suffix: str) -> None:
    with path.open("rb") as stream:
        head = stream.read(512)
    for signature, suffixes in _SIGNATURES.items():
        if head.startswith(signature) and suffix not in suffixes:
            message = f"{path}: the file is not a {suffix} but looks like a {suffixes[0]}; rename it or save it again as {suffix}."
            raise InputError(message)
    if suffix in _BINARY and not any(head.startswith(s) for s, suffixes in _SIGNATURES.items() if suffix in suffixes):
        message = f"{path}: the file is not a {suffix} (its first bytes say so); rename it or save it again as {suffix}."
        raise InputError(message)
    if suffix not in _BINARY and b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = f"{path}: the file is binary, not the text a {suffix} holds; save it again as {suffix}."
        raise InputError(message)
    if suffix in {".csv", ".txt", ".tsv"} and head.lstrip().lower().startswith((b"<!doctype", b"<html")):
        message = f"{path}: the file is a web page, not a table; download the table itself."
        raise InputError(message)


def _decode(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _read_csv(path: Path) -> pd.DataFrame:
    text = _decode(path).replace("\x00", "")
    header = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(SEPARATORS, key=header.count)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        message = f"{path}: the file is empty."
        raise InputError(message)
    columns, width = _unique(rows[0]), len(rows[0])
    long = [number for number, row in enumerate(rows[1:], start=2) if len(row) > width and any(row[width:])]
    if long:
        message = (
            f"{path}: row {long[0]} has more cells than the header ({len(rows[long[0] - 1])} against {width}); "
            f"a {separator!r} inside a cell needs quotes."
        )
        raise InputError(message)
    return pd.DataFrame([(row + [""] * width)[:width] for row in rows[1:]], columns=columns, dtype="object")


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    unique = []
    for position, name in enumerate(names, start=1):
        clean = name.strip() or f"column_{position}"
        seen[clean] = seen.get(clean, 0) + 1
        unique.append(clean if seen[clean] == 1 else f"{clean}_{seen[clean]}")
    return unique


def _read_xlsx(path: Path) -> pd.DataFrame:
    try:
        return pd.read_excel(path, dtype=str, keep_default_na=False, engine="openpyxl")
    except Exception as error:
        message = f"{path}: the workbook cannot be read ({error}); save it again as .xlsx."
        raise InputError(message) from error


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return gpd.read_parquet(path)
    except ValueError:
        return pd.read_parquet(path)
    except (OSError, pa.ArrowException) as error:
        message = f"{path}: the Parquet file cannot be read ({error})."
        raise InputError(message) from error


def _read_geographic(path: Path) -> pd.DataFrame:
    try:
        return gpd.read_file(path)
    except Exception as error:
        message = f"{path}: the geographic file cannot be read ({error})."
        raise InputError(message) from error


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    text = frame.reset_index(drop=True)
    text.columns = _unique([str(name) for name in text.columns])
    for name in text.columns:
        if name != getattr(text, "_geometry_column_name", None):
            column = text[name].astype("object")
            text[name] = column.map(_cell)
    return text


def _cell(value: object) -> str:
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124 (NaN is the only value unlike itself)
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".txt": _read_csv,
    ".tsv": _read_csv,
    ".xlsx": _read_xlsx,
    ".parquet": _read_parquet,
    ".geoparquet": _read_parquet,
    ".geojson": _read_geographic,
    ".json": _read_geographic,
    ".gpkg": _read_geographic,
    ".shp": _read_geographic,
}
