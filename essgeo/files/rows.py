"""From rows of cells to a table: where its header stands, and its cells as clean text."""

from __future__ import annotations

import datetime as dt
import io
import json
import math
import warnings
from array import array
from itertools import count, islice
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from essgeo.errors import InputError, InputWarning
from essgeo.files.encodings import LOST, undouble
from essgeo.files.guard import MAX_COLUMNS, refuse_width, restored
from essgeo.files.recognise import recognise
from essgeo.messages import tell
from essgeo.schema.validate import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

SEPARATORS = ",;\t|"

MAX_ROWS, MIN_NAMES = 20, 2
"""Rows that are looked at for a header, blank ones aside, and columns of it that must be known."""

_BLOCK, _PARTS, _BLANK = 2_000, 25, 100
"""Rows that are read at a time, such blocks that are joined, and rows that may be blank for each that is looked at."""


def cell_text(value: object) -> str:
    """Return a cell as text, what is missing as ``""``, a whole number and a day without what a spreadsheet adds.

    What is nested in a cell is JSON.
    """
    if isinstance(value, dict | list | np.ndarray):
        return json.dumps(value.tolist() if isinstance(value, np.ndarray) else value, ensure_ascii=False, default=str)
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.year <= dt.MAXYEAR and value.time() == dt.time():
        return value.date().isoformat()
    return str(value).replace("\x00", "").strip()


def unique_names(names: list[str]) -> list[str]:
    """Return a name for each column: blank ones by their position, repeated ones with a number that is free."""
    clean = [name.strip() or f"column_{position}" for position, name in enumerate(names, start=1)]
    unique: dict[str, None] = {}
    taken = set(clean)
    numbers: dict[str, Iterator[int]] = {}
    for name in clean:
        own = name
        if name in unique:
            free = (f"{name}_{number}" for number in numbers.setdefault(name, count(2)))
            own = next(other for other in free if other not in taken)
        unique[own] = None
        taken.add(own)
    return [*unique]


def separator_of(text: str) -> str:
    r"""Return what separates the cells of a CSV: the commonest in its header.

    Examples
    --------
    >>> separator_of("Structures de Bondy, Pantin\nNom;Adresse\n")
    ';'
    """
    lines = list(islice(filter(str.strip, io.StringIO(text, newline=None)), MAX_ROWS))
    separators = [max(SEPARATORS, key=line.count) for line in lines]
    if len({*separators}) == 1:
        return separators[0]
    known = [_tried(line.split(mark), [], 0, 1)[0] for line, mark in zip(lines, separators, strict=True)]
    return separators[known.index(max(known)) if max(known) >= MIN_NAMES else 0] if lines else SEPARATORS[0]


class Header(NamedTuple):
    """The names of the columns, and the rows that hold them: ``start`` to before ``end``, from 0."""

    names: list[str]
    start: int
    end: int


def header_of(rows: Sequence[Sequence[str]]) -> Header | None:
    """Return where a table names its columns, and how; None where there is nothing.

    That is its first row that is not blank, unless more columns are known, by their names and by what stands below, of
    a row further down with no number and more different cells than each row above it, or of two rows together, of
    which the first names groups of columns.

    Examples
    --------
    >>> header_of([["Structures 2024", "", ""], [], ["Nom", "Adresse", "Téléphone"], ["Le Fournil", "1 rue A", ""]])
    Header(names=['Nom', 'Adresse', 'Téléphone'], start=2, end=3)
    >>> header_of([["Structure", "Adresse", ""], ["", "N°", "Voie"], ["Le Fournil", "1", "rue A"]]).names
    ['Structure', 'N°', 'Voie']
    >>> header_of([["who", "where"], ["a", "b"]]).start, header_of([["", ""]])
    (0, None)
    """
    filled = [(place, [cell.strip() for cell in row]) for place, row in enumerate(rows) if any(map(str.strip, row))]
    seen = filled[:MAX_ROWS]
    if not seen:
        return None
    found: list[tuple[int, Header]] = []
    widest = 0
    for (place, cells), (next_place, below) in zip(seen, [*filled[1:], (-1, [])], strict=False):
        width = len({*filter(None, cells)})
        if width > widest:
            groups = next_place == place + 1 and width > 1 and _names_groups(cells, below)
            if groups:
                found.append(_tried(_joined(cells, below), rows, place, place + 2))
            if not (groups and _tried(below, rows, next_place, next_place + 1)[0] >= MIN_NAMES):
                found.append(_tried(cells, rows, place, place + 1))
        widest = max(widest, width)
    sure = [(known, header) for known, header in found if known >= MIN_NAMES]
    # The most columns that are known; of as many the one row, and the first.
    best = max(sure, key=lambda each: (each[0], each[1].start - each[1].end), default=None)
    return best[1] if best else _tried(seen[0][1], rows, seen[0][0], seen[0][0] + 1)[1]


def _tried(names: list[str], rows: Sequence[Sequence[str]], start: int, end: int) -> tuple[int, Header]:
    """Return how many columns are known under some names, 0 where one is a number, and these names as a header."""
    names = names[: max((place for place, name in enumerate(names, start=1) if name), default=0)]
    numbered = any(name.isdigit() for name in names)
    some = names[:MAX_COLUMNS]  # of more the file is refused, but not here
    known = 0 if numbered else len(some) - len(recognise(sample_of(some, rows[end:]), source="").unused)
    return known, Header(names, start, end)


def sample_of(names: Sequence[str], rows: Iterable[Sequence[str]] = ()) -> pd.DataFrame:
    """Return rows below a header as a table."""
    cells = [[*row[: len(names)], *[""] * (len(names) - len(row))] for row in rows]
    return pd.DataFrame(cells, columns=unique_names([*names]), dtype="object")


def _names_groups(cells: Sequence[str], below: Sequence[str]) -> bool:
    """Return whether a row leaves blank, or repeats, what the row below it names."""
    again = (not cell or cell in cells[:place] for place, cell in enumerate(cells))
    return any(group and name for group, name in zip(again, below, strict=False))


def _joined(groups: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return names of columns with that of their group before them, where this is better known: ``Contact Nom``."""
    width = max(len(groups), len(names))
    groups, names = ([*texts, *[""] * (width - len(texts))] for texts in (groups, names))
    joined, group = [], ""
    for own, name in zip(groups, names, strict=True):
        group = own or (group if name else "")
        joined.append(name if name == group else f"{group} {name}".strip())
    unknown = {*recognise(sample_of(joined), source="").unused}
    return [name if name and whole in unknown else whole for name, whole in zip(names, joined, strict=True)]


def first_rows(rows: Iterable[list[str]]) -> list[list[str]]:
    """Return the first rows, until enough are filled to tell the header."""
    head: list[list[str]] = []
    filled = 0
    for row in islice(rows, _BLANK * MAX_ROWS):
        head.append(row)
        filled += any(map(str.strip, row))
        if filled > MAX_ROWS:
            break
    return head


def as_frame(
    path: Path, rows: Iterable[list[str]], header: Header | None, *, sheet: str = "", escaped: bool = False
) -> pd.DataFrame:
    """Return rows of cells, header included, as a frame of text that Arrow holds.

    A blank line is no row, unless there is one column only. ``escaped``: what :func:`essgeo.files.write.neutralised`
    guarded from a spreadsheet is as it was before.
    """
    part = f", {tell('word_sheet')} {sheet}" * bool(sheet)
    rows = iter(rows)
    if header is None:
        raise InputError(tell("part_empty", path=path, part=part))
    above = [row for row in islice(rows, header.end) if any(map(str.strip, row))]
    if len(above) > header.end - header.start:
        places = " + ".join(map(str, range(header.start + 1, header.end + 1)))
        warnings.warn(tell("part_header_row", name=path.name, part=part, place=places), InputWarning, stacklevel=2)
    width = len(header.names)
    refuse_width(path, width)
    numbers = array("q")
    whole: list[pa.Table] = []
    parts: list[pa.Table] = []
    texts: list[dict[str, str]] = [{} for _ in range(width)]  # of each column, texts that were cleaned before
    odd: set[str] = set()
    numbered = enumerate(rows, start=header.end + 1)
    # A block at a time: rows as lists take several times the memory of the columns that they become.
    while block := list(islice(numbered, _BLOCK)):
        kept = [(number, row) for number, row in block if row or width == 1]
        for number, row in kept:
            if len(row) > width and any(map(str.strip, row[width:])):
                message = tell(
                    "part_row_too_long",
                    path=path,
                    part=part,
                    number=number,
                    place=header.end,
                    row=len(row),
                    width=width,
                )
                raise InputError(message)
        numbers.extend(number for number, _ in kept)
        cells = [row if len(row) == width else (row + [""] * width)[:width] for _, row in kept]
        columns = zip(*cells, strict=True) if cells else [()] * width
        clean = [_clean(column, known, odd, escaped=escaped) for column, known in zip(columns, texts, strict=True)]
        parts.append(pa.Table.from_arrays([pa.array(column, pa.large_string()) for column in clean], _numbers(width)))
        if len(parts) == _PARTS:  # what grew row by row holds room that it does not need; what is joined does not
            whole.append(pa.concat_tables(parts).combine_chunks())
            parts.clear()
    for key in sorted(odd):
        warnings.warn(tell(key, file=f"{path.name}{part}"), InputWarning, stacklevel=2)
    schema = pa.schema([(name, pa.large_string()) for name in _numbers(width)])
    held = pa.concat_tables([schema.empty_table(), *whole, *parts])
    arrays = {place: pd.array(column, dtype=TEXT) for place, column in enumerate(held.columns)}
    names = [restored(name) if escaped else name for name in header.names]
    return pd.DataFrame(arrays, index=pd.Index(numbers, dtype="int64"), copy=False).set_axis(names, axis=1)


def _numbers(width: int) -> list[str]:
    return [str(number) for number in range(width)]


def _clean(column: Sequence[str], known: dict[str, str], odd: set[str], *, escaped: bool) -> list[str]:
    """Return a column without NUL characters and blanks around its texts, nor what guards them from a spreadsheet.

    ``odd`` gets what is to be said of its letters.
    """
    if len(known) > _BLOCK:
        known.clear()
    for text in set(column).difference(known):
        clean = text.replace("\x00", "").strip()
        clean = restored(clean) if escaped and "'" in clean else clean
        known[text] = clean
        if not clean.isascii():
            known[text] = undouble(clean)
            odd |= {"letters_doubled"} if known[text] != clean else set()
            odd |= {"letters_lost"} if LOST in clean else set()
    return [known[text] for text in column]
