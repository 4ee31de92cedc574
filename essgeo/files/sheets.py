"""Sheets of a workbook and layers of a GeoPackage: which are read, and how they make one list."""

from __future__ import annotations

import re
import warnings
import zipfile
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import pandas as pd

from essgeo.crs import require_crs
from essgeo.errors import InputError, InputWarning
from essgeo.files.guard import refuse_size
from essgeo.files.recognise import recognise
from essgeo.files.rows import MAX_ROWS, as_frame, cell_text, first_rows, header_of, sample_of
from essgeo.messages import plural, tell
from essgeo.schema.columns import in_names
from essgeo.schema.names import simplify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

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
            raise InputError(tell("workbook_unreadable", path=path, error=error)) from error
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
        warnings.warn(tell("part_formulas", where=where, unknown=", ".join(unknown)), InputWarning, stacklevel=2)
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
    # Blocks are opened at their top row and carried down until their last: as the rows, they are read once, from above.
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


OWN = "structures"
"""The sheet and the layer that essgeo writes structures into: read alone where it has their identifier."""

PLACES = frozenset({"address", "lon"})
"""Fields that say where a structure is: a part with its name and one of these is a list."""


class Part(NamedTuple):
    """A sheet or a layer: its name, its first rows (none where it is blank), whether it holds points, and is hidden."""

    name: str
    table: pd.DataFrame | None
    points: bool = False
    hidden: bool = False

    def columns(self) -> list[str]:
        """Return the names of its columns."""
        return [] if self.table is None else [str(name) for name in self.table.columns]


def choose_parts(path: Path, kind: str, parts: Sequence[Part], named: str | None) -> list[str]:
    """Return the names of the sheets or layers to read, with a warning that says which these are and which not.

    The one that is named; else what essgeo wrote; else every visible one that lists structures, with a name and an
    address or a point, or has the same columns as one that does; else the first that holds anything.

    Parameters
    ----------
    path
        The file.
    kind
        ``sheet`` or ``layer``: what the parts are called, and the option that names one.
    parts
        In the order of the file.
    named
        The one that the user wants, whatever the case of its letters.
    """
    names = [part.name for part in parts]
    if named is not None:
        found = [name for name in names if name == named] or [
            name for name in names if simplify(name) == simplify(named)
        ]
        if not found:
            raise InputError(tell("no_part", path=path, kind=tell(f"word_{kind}"), named=named, names=", ".join(names)))
        return found[:1]
    filled = [part for part in parts if part.columns()]
    visible = [part for part in filled if not part.hidden]
    fields = {part.name: {*recognise(part.table, source="").fields} for part in filled if part.table is not None}
    wrote = [part for part in visible if simplify(part.name) == OWN]
    own = [part for part in wrote if "structure_id" in fields[part.name] | set(in_names(part.columns()).values())]
    lists = [part for part in visible if "name" in fields[part.name] and (part.points or fields[part.name] & PLACES)]
    chosen = own[:1] or lists or visible[:1]
    headers = {part.name: (part.points, {*map(simplify, part.columns())}) for part in visible}
    if not own:
        known = [headers[part.name] for part in chosen]
        chosen = [part for part in visible if headers[part.name] in known]
    if not chosen:
        raise InputError(tell("no_part_to_read" if filled else "file_empty", path=path, kind=kind))
    left = [tell("part_hidden", name=part.name) if part.hidden else part.name for part in filled if part not in chosen]
    if left or len(chosen) > 1:
        read = ", ".join(part.name for part in chosen)
        others = tell("parts_left", names=", ".join(left)) if left else ""
        warnings.warn(tell(f"{kind}_parts_read", name=path.name, read=read, others=others), InputWarning, stacklevel=2)
    return [part.name for part in chosen]


def join_parts(path: Path, kind: str, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return sheets or layers as one table; where there are several, a column named after them says which.

    Columns of one meaning get the name they have in the first part. A row that stands whole in an earlier part, as in a
    sheet of everything beside a sheet for each commune, is read once, with a warning. Rows are numbered as a
    spreadsheet names them, ``Bondy!5``.
    """
    first, *others = frames.items()
    if not others:
        return first[1]
    taken = {field: column for column, field in _meanings(first[1]).items()}
    joined = [_marked(*first, kind)]
    for name, frame in others:
        named = frame.rename(columns={column: taken.get(field, column) for column, field in _meanings(frame).items()})
        named = named if named.columns.is_unique else frame
        taken = {field: column for column, field in _meanings(named).items()} | taken
        if isinstance(named, gpd.GeoDataFrame) and isinstance(first[1], gpd.GeoDataFrame):
            require_crs(first[1], f"{path.name}, {tell(f'word_{kind}')} {first[0]}")
            require_crs(named, f"{path.name}, {tell(f'word_{kind}')} {name}")
            shapes = first[1].geometry.name
            named = named if named.geometry.name == shapes else named.rename_geometry(shapes)
            named = named.to_crs(first[1].crs)
        joined.append(_new_rows(path, kind, _marked(name, named, kind), joined))
    whole = pd.concat(joined)
    # What a part lacks is empty text where the others have text.
    lacking = {name for part in joined for name in whole.columns.difference(part.columns)}
    texts = [name for name in lacking if all(isinstance(cell, str) for cell in whole[name].dropna())]
    return whole.assign(**{name: whole[name].fillna("") for name in texts})


def _meanings(frame: pd.DataFrame) -> Mapping[str, str]:
    return recognise(frame, source="").meanings


def _marked(name: str, frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return a part with its name in a column, and its rows numbered as a spreadsheet names them."""
    column = kind if kind not in frame.columns else f"{kind}_name"
    return frame.assign(**{column: name}).set_axis([f"{name}!{row}" for row in frame.index])


def _new_rows(path: Path, kind: str, frame: pd.DataFrame, before: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of a part that do not stand whole, in the columns that both have, in one before it."""
    # Rows are compared as tuples of text, in the columns that both parts have, if these are most of the columns.
    known = pd.Series(data=False, index=frame.index)
    for other in before:
        shared = [name for name in frame.columns if name in other.columns and name not in (kind, f"{kind}_name")]
        if len(shared) * 2 <= len(frame.columns):
            continue
        mine, theirs = (pd.MultiIndex.from_frame(part[shared].astype(str)) for part in (frame, other))
        known |= mine.isin(theirs)
    known &= (frame.drop(columns=[kind], errors="ignore").astype(str) != "").any(axis=1)
    if known.any():
        count, part = int(known.sum()), frame[kind].iloc[0]
        message = plural("rows_of_before", count, name=path.name, count=count, part=part)
        warnings.warn(message, InputWarning, stacklevel=2)
    return frame[~known]
