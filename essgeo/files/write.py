"""Write a table or layer in the format that its name asks for: one writer a format."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import pandas as pd
from pandas.api.types import is_bool_dtype, is_object_dtype, is_string_dtype
from xlsxwriter import Workbook

from essgeo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet


_NOT_FOR_FILES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def writable(text: str) -> str:
    r"""Return text without the characters no XML, workbook or UTF-8 file holds: control characters, half surrogates.

    Tabs and line ends stay.

    Examples
    --------
    >>> writable("a\x00b\tc")
    'ab\tc'
    """
    return _NOT_FOR_FILES.sub("", text)


FORMULA_STARTS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"

# A cell begins at the start of the text, and after ; or a line end where a spreadsheet splits on ; whatever the quotes.
_CELL = r"(?:^|(?<=[;\r\n]))"

_FORMULA = re.compile(f"{_CELL}('*[{re.escape(FORMULA_STARTS)}])")

_NEUTRALISED = re.compile(f"{_CELL}'('*[{re.escape(FORMULA_STARTS)}])")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    r"""Write a table as CSV: UTF-8, comma, ``\n``, header, columns in the order of the frame, ``true`` and ``false``.

    There is no byte order mark: data.gouv.fr and Table Schema tools expect none, and Excel users have ``study.xlsx``.
    Text that a spreadsheet would execute gets an apostrophe (:func:`neutralised`); numbers, negative ones too, stay.

    Parameters
    ----------
    frame
        A table of a :class:`essgeo.publish.release.Release`.
    path
        File to write.

    Examples
    --------
    >>> import pandas as pd, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "table.csv"
    ...     write_csv(pd.DataFrame({"name": ["=1+1"], "distance_m": [-2.5], "inside": [True]}), path)
    ...     path.read_text(encoding="utf-8")
    "name,distance_m,inside\n'=1+1,-2.5,true\n"
    """
    safe = frame.copy()
    for name, dtype in frame.dtypes.items():
        if is_object_dtype(dtype) or is_string_dtype(dtype):
            safe[name] = frame[name].map({text: neutralised(text) for text in frame[name].unique()})
        elif is_bool_dtype(dtype):
            safe[name] = frame[name].map({True: "true", False: "false"})
    safe.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def neutralised(text: str) -> str:
    r"""Return text that no spreadsheet takes for a formula: an apostrophe before a leading = + - @ tab or CR.

    Excel set to French splits a comma-separated file on ``;`` and line ends, even between quotes; what follows one of
    these is treated as the beginning of a cell. :func:`restored` undoes it exactly.

    Examples
    --------
    >>> neutralised("=1+1"), neutralised("rue A;=1+1"), neutralised("12 rue d'A-B")
    ("'=1+1", "rue A;'=1+1", "12 rue d'A-B")
    """
    return _FORMULA.sub(r"'\1", text)


def restored(text: str) -> str:
    """Return the text that :func:`neutralised` was given.

    Examples
    --------
    >>> restored(neutralised("'=1+1"))
    "'=1+1"
    """
    return _NEUTRALISED.sub(r"\1", text)


LONGEST_TEXT = 32_767
_ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")

_MARKUP = ("<r>", "</r>")


class TextFormats(NamedTuple):
    """How a workbook shows a text: by whether it is bold, and by what is in it.

    Attributes
    ----------
    bold
        A heading.
    quoted
        What a spreadsheet would execute, were it typed in.
    lines
        Several lines, of which the first is shown.
    """

    bold: Format
    quoted: Format
    lines: Format


def text_formats(book: Workbook) -> TextFormats:
    """Return the formats that :func:`write_text` needs, added to a workbook."""
    return TextFormats(*map(book.add_format, ({"bold": True}, {"quote_prefix": True}, {"valign": "top"})))


def write_text(sheet: Worksheet, at: tuple[int, int], text: str, formats: TextFormats, *, bold: bool = False) -> None:
    """Write a text that stays a text: Excel would read ``=`` as a formula, the library ``<r>`` as markup of its own.

    Parameters
    ----------
    sheet
        The sheet.
    at
        Row and column, from 0.
    text
        Text; control characters are left out, and longer than 32,767 characters, it is cut. What begins with ``<r>``
        and ends with ``</r>`` gets a space at the end. No cell where it is empty.
    formats
        Of the same workbook.
    bold
        Write it in bold.

    Examples
    --------
    >>> import io
    >>> import openpyxl
    >>> with Workbook(written := io.BytesIO()) as book:
    ...     write_text(book.add_worksheet(), (0, 0), "=1+1", text_formats(book))
    >>> cell = openpyxl.load_workbook(written).active["A1"]
    >>> cell.value, cell.data_type, cell.quotePrefix
    ('=1+1', 's', True)
    """
    kept = writable(text)[:LONGEST_TEXT]
    if not kept:
        return
    if kept.startswith(_MARKUP[0]) and kept.endswith(_MARKUP[1]):
        kept = f"{kept[: LONGEST_TEXT - 1]} "
    executable = kept[0] in FORMULA_STARTS or kept in _ERRORS
    shown = formats.quoted if executable else formats.bold if bold else formats.lines if "\n" in kept else None
    sheet.write_string(*at, kept, shown)


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
