"""The first sheet of a workbook, as rows of values."""

from __future__ import annotations

import re
import warnings
import zipfile
from typing import TYPE_CHECKING

import openpyxl
from openpyxl.utils import get_column_letter

from essgeo.errors import InputError, InputWarning

if TYPE_CHECKING:
    from pathlib import Path

Row = tuple[object, ...]

_FORMULA = re.compile(rb"<f[ />]")


def sheet_rows(path: Path) -> list[Row]:
    """Return the rows of the first sheet of a workbook, formulas by the value that the file keeps of them.

    A column of formulas without a value, as programs write that compute nothing, is warned of.

    Raises
    ------
    InputError
        The workbook cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "mine.xlsx"
    ...     book = openpyxl.Workbook()
    ...     book.active.append(["nom", 93100])
    ...     book.save(path)
    ...     sheet_rows(path)
    [('nom', 93100)]
    """
    try:
        rows = _rows(path, values=True)
        formulas = _rows(path, values=False) if _has_formulas(path) else []
    except Exception as error:
        message = f"{path}: the workbook cannot be read ({error}); save it again as .xlsx."
        raise InputError(message) from error
    unknown = _columns_without_value(rows, formulas)
    if unknown:
        message = (
            f"{path.name}: column {', '.join(unknown)} holds formulas without their values, read as empty. "
            "Open the file in a spreadsheet and save it again, or paste the values."
        )
        warnings.warn(message, InputWarning, stacklevel=2)
    return rows


def _rows(path: Path, *, values: bool) -> list[Row]:
    book = openpyxl.load_workbook(path, read_only=True, data_only=values)
    try:
        return list(book.worksheets[0].iter_rows(values_only=True))
    finally:
        book.close()


def _has_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as book:
        sheets = (book.read(name) for name in book.namelist() if name.startswith("xl/worksheets/sheet"))
        return any(_FORMULA.search(sheet) for sheet in sheets)


def _columns_without_value(rows: list[Row], formulas: list[Row]) -> list[str]:
    """Return the letters of the columns whose formulas all lack a value."""
    known: dict[int, bool] = {}
    for values, written in zip(rows, formulas, strict=False):
        for column, (value, text) in enumerate(zip(values, written, strict=False), start=1):
            if isinstance(text, str) and text.startswith("=") and value != text:
                known[column] = known.get(column, False) or value is not None
    return [get_column_letter(column) for column, some in known.items() if not some]
