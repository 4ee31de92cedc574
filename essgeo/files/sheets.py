"""Read the sheets of a workbook: every visible one that lists something, whatever it declares of its size."""

from __future__ import annotations

import re
import warnings
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

from essgeo.errors import InputError, InputWarning
from essgeo.files.limits import refuse_size
from essgeo.files.parts import Part, choose_parts, join_parts
from essgeo.files.rows import MAX_ROWS, as_frame, cell_text, first_rows, header_of, sample_of
from essgeo.messages import tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pandas as pd

    Cells = tuple[object, ...]
    Sheet = Any  # a sheet that is read row by row: types-openpyxl knows it in part

_FORMULA = re.compile(rb"<(?:\w+:)?f[ />]")

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"')

_BLOCK, _OVERLAP, _CELL_BYTES = 1 << 20, 100, 8


class _Merged(NamedTuple):
    """Cells that are merged: columns and rows from 1, both ends included, and how a spreadsheet writes them."""

    left: int
    top: int
    right: int
    bottom: int
    written: str


def read_sheets(path: Path, sheet: str | None = None) -> pd.DataFrame:
    """Return the sheets of a workbook as one table, formulas by the value that the file keeps of them.

    What merged cells say below the header holds for each row that they cover, with a warning. A column of formulas
    without a value, as programs write that compute nothing, is warned of.
    """
    import openpyxl  # noqa: PLC0415 - slow to import, and only workbooks need it

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="openpyxl")
        try:
            with zipfile.ZipFile(path) as packed:
                refuse_size(path, sum(member.file_size for member in packed.infolist()))
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            written = openpyxl.load_workbook(path, read_only=True)
            sheets: dict[str, Sheet] = {one.title: one for one in book.worksheets}
            parts = [_part(path, one) for one in sheets.values()]
            chosen = choose_parts(path, "sheet", parts, sheet)
            frames = {name: _read(path, sheets[name], written[name], several=len(chosen) > 1) for name in chosen}
            book.close()
            written.close()
        except (InputError, MemoryError):
            raise
        except Exception as error:
            message = tell("workbook_unreadable", path=path, error=error)
            raise InputError(message) from error
    return join_parts(path, "sheet", frames)


def _part(path: Path, sheet: Sheet) -> Part:
    head = first_rows([cell_text(value) for value in row] for row in _rows(path, sheet))
    header = header_of(head)
    table = sample_of(header.names, head[header.end :]) if header else None
    return Part(sheet.title, table, hidden=sheet.sheet_state != "visible")


def _rows(path: Path, sheet: Sheet) -> Iterator[Cells]:
    """Yield the rows that a sheet holds; the size that it declares is not trusted."""
    sheet.reset_dimensions()
    cells = 0
    for row in sheet.iter_rows(values_only=True):
        cells += len(row)  # one cell far to the right makes a row of 16,384
        refuse_size(path, cells * _CELL_BYTES)
        yield row


def _read(path: Path, sheet: Sheet, written: Sheet, *, several: bool) -> pd.DataFrame:
    formulas, merged = _marks(path, sheet)
    where = f"{path.name}, {tell('word_sheet')} {sheet.title}" if several else path.name
    if formulas and (unknown := _columns_without_value(_rows(path, sheet), _rows(path, written))):
        message = tell("part_formulas", where=where, unknown=", ".join(unknown))
        warnings.warn(message, InputWarning, stacklevel=2)
    header = header_of(first_rows(_filled(_rows(path, sheet), merged, across=True)))
    below = [block for block in merged if header and block.top > header.end]
    wide = {each.top: each for each in below if header and 2 * (each.right - each.left + 1) >= len(header.names)}
    titles: dict[int, str] = {}
    down = sorted(block for block in below if block.bottom > block.top)
    rows = _filled(_without_titles(_rows(path, sheet), wide, titles), down)
    frame = as_frame(path, rows, header, sheet=sheet.title if several else "")
    if down := [block for block in down if block.top not in titles]:
        cells = ", ".join(block.written for block in down[:MAX_ROWS]) + " ..." * (len(down) > MAX_ROWS)
        warnings.warn(tell("merged_cells", where=where, cells=cells), InputWarning, stacklevel=2)
    if titles:
        told = ", ".join(f"{number} ({text})" for number, text in titles.items())
        warnings.warn(tell("merged_titles", where=where, rows=told), InputWarning, stacklevel=2)
    return frame


def _without_titles(rows: Iterator[Cells], wide: Mapping[int, _Merged], titles: dict[int, str]) -> Iterator[Cells]:
    """Yield rows, blank where all that they say is merged across the table: titles of what is below, told apart."""
    for number, row in enumerate(rows, start=1):
        block, texts = wide.get(number), [*filter(None, map(cell_text, row))] if number in wide else []
        if block and block.right > block.left and len(texts) == 1:
            titles[number] = texts[0]
        yield () if number in titles else row


def _marks(path: Path, sheet: Sheet) -> tuple[bool, list[_Merged]]:
    """Return whether a sheet holds formulas, and its merged cells, which a sheet that is read row by row hides."""
    from openpyxl.utils import range_boundaries  # noqa: PLC0415 - as in read_sheets

    formulas, found, tail = False, set(), b""
    with zipfile.ZipFile(path) as book, book.open(sheet._worksheet_path) as stream:  # noqa: SLF001 (it has no other)
        while block := stream.read(_BLOCK):
            text = tail + block
            formulas = formulas or _FORMULA.search(text) is not None
            found.update(_MERGED.findall(text))
            tail = text[-_OVERLAP:]
    merged = []
    for written in sorted(each.decode() for each in found):
        left, top, right, bottom = (int(bound or 1) for bound in range_boundaries(written))
        merged.append(_Merged(left, top, right, bottom, written))
    return formulas, merged


def _filled(rows: Iterator[Cells], merged: list[_Merged], *, across: bool = False) -> Iterator[list[str]]:
    """Yield rows as text; a cell below the first of some that are merged says what that says, in rows that say any.

    ``across``: those beside it do too, as where a header names several columns.
    """
    starts: dict[int, list[_Merged]] = {}
    for block in merged:
        starts.setdefault(block.top, []).append(block)
    open_blocks: list[tuple[_Merged, str]] = []
    for number, row in enumerate(rows, start=1):
        cells = [cell_text(value) for value in row]
        open_blocks = [(block, text) for block, text in open_blocks if block.bottom >= number]
        new = [(block, cells[block.left - 1]) for block in starts.get(number, ()) if block.left <= len(cells)]
        open_blocks += new
        if any(cells):
            for block, text in open_blocks if across else open_blocks[: len(open_blocks) - len(new)]:
                places = range(block.left - 1, block.right if across else block.left)
                cells += [""] * (places.stop - len(cells))
                for place in places:
                    cells[place] = text
        yield cells


def _columns_without_value(rows: Iterator[Cells], formulas: Iterator[Cells]) -> list[str]:
    """Return the letters of the columns whose formulas all lack a value."""
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 - as in read_sheets

    known: dict[int, bool] = {}
    for values, written in zip(rows, formulas, strict=False):
        for column, (value, text) in enumerate(zip(values, written, strict=False), start=1):
            if isinstance(text, str) and text.startswith("=") and value != text:
                known[column] = known.get(column, False) or value is not None
    return [get_column_letter(column) for column, some in known.items() if not some]
