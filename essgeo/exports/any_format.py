"""Write one table in the format that its user asks for: CSV, XLSX, Parquet, GeoJSON or GeoPackage."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
from xlsxwriter import Workbook

from essgeo.errors import InputError
from essgeo.exports.csv_tables import neutralised
from essgeo.exports.text import writable
from essgeo.exports.workbook import text_formats, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST_XLSX_ROWS = 1_048_575


def write_file(frame: pd.DataFrame, path: Path) -> None:
    r"""Write a table to a file of the format its suffix names, whole or not at all.

    Text that a spreadsheet would execute gets an apostrophe in CSV and is written as text in XLSX.

    Raises
    ------
    InputError
        The suffix is not known, the folder is not there or cannot be written, or the table is too long for a workbook.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "out.csv"
    ...     write_file(pd.DataFrame({"a": ["=1+1"], "b": [2]}), path)
    ...     path.read_text()
    "a,b\n'=1+1,2\n"
    """
    write = _writer(path)
    plain = pd.DataFrame(frame.drop(columns=frame.geometry.name)) if isinstance(frame, gpd.GeoDataFrame) else frame
    with whole(path) as staged:
        if write in {_write_geojson, _write_gpkg}:
            staged.unlink()
            write(frame, staged)
        else:
            write(frame if write is _write_parquet else plain, staged)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a file to write, which takes its place at the end, or is gone where anything fails.

    Raises
    ------
    InputError
        The file cannot be written.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder, whole(Path(folder) / "out.txt") as staged:
    ...     _ = staged.write_text("all of it")
    """
    staged = path
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        staged = Path(name)
        yield staged
        staged.chmod(0o644)
        staged.replace(path)
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror or error})."
        raise InputError(message) from error
    finally:
        if staged != path:
            staged.unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """Refuse a file that could not be written, before the work is done.

    Raises
    ------
    InputError
        The suffix is not known, or the folder does not exist.

    Examples
    --------
    >>> check_writable(Path("out.doc"))
    Traceback (most recent call last):
    ...
    essgeo.errors.InputError: out.doc: cannot write a .doc; give one of .csv, .geojson, .gpkg, .parquet, .xlsx.
    """
    _writer(path)


def _writer(path: Path) -> Callable[[pd.DataFrame, Path], None]:
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        message = (
            f"{path}: cannot write a {suffix or 'file without suffix'}; give one of {', '.join(sorted(_WRITERS))}."
        )
        raise InputError(message)
    if not path.parent.is_dir() or path.is_dir():
        message = f"{path}: cannot be written; its folder does not exist, or it is a folder."
        raise InputError(message)
    return _WRITERS[suffix]


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]):
            safe[name] = _mapped(safe[name], _harmless)
    safe.columns = pd.Index([_harmless(str(name)) for name in safe.columns])
    safe.to_csv(path, index=False, lineterminator="\n", encoding="utf-8", errors="replace")


def _harmless(text: str) -> str:
    return neutralised(writable(text))


def _write_xlsx(frame: pd.DataFrame, path: Path) -> None:
    if len(frame) > MOST_XLSX_ROWS:
        message = (
            f"{path}: a workbook holds {MOST_XLSX_ROWS} rows, the table has {len(frame)}; write a .csv or .parquet."
        )
        raise InputError(message)
    texts = {name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])}
    blank = frame.isna().to_numpy()
    with Workbook(path, {"constant_memory": True}) as book:
        sheet, formats = book.add_worksheet("addresses"), text_formats(book)
        for column, name in enumerate(frame.columns):
            write_text(sheet, (0, column), str(name), formats)
        for number, row in enumerate(frame.itertuples(index=False, name=None)):
            for column, (name, value) in enumerate(zip(frame.columns, row, strict=True)):
                if blank[number, column]:
                    continue
                if name in texts:
                    write_text(sheet, (number + 1, column), str(value), formats)
                else:
                    sheet.write(number + 1, column, value)


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    frame.reset_index(drop=True).to_parquet(path)


def _write_geojson(frame: pd.DataFrame, path: Path) -> None:
    _plain(frame).to_file(path, driver="GeoJSON", engine="pyogrio")


def _write_gpkg(frame: pd.DataFrame, path: Path) -> None:
    _plain(frame).to_file(path, driver="GPKG", layer="addresses", engine="pyogrio")


def _plain(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    safe = frame.reset_index(drop=True)
    for name in safe.columns.drop("geometry"):
        if not pd.api.types.is_numeric_dtype(safe[name]):
            safe[name] = _mapped(safe[name], writable)
    return gpd.GeoDataFrame(safe)


def _mapped(column: pd.Series, change: Callable[[str], str]) -> pd.Series:
    """Return a column with its texts changed, each distinct one once; pandas' own hashing stops at a NUL."""
    changed = {text: change(text) for text in dict.fromkeys(column) if isinstance(text, str)}
    values = [changed[value] if isinstance(value, str) else value for value in column]
    return pd.Series(values, column.index, dtype=object).where(column.notna(), None)


_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
    ".parquet": _write_parquet,
    ".geojson": _write_geojson,
    ".gpkg": _write_gpkg,
}
