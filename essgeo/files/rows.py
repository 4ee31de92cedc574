"""From rows of cells to a table: where its header stands, and sheets or layers of one file as one list."""

from __future__ import annotations

import datetime as dt
import io
import math
import warnings
from itertools import chain, islice
from typing import TYPE_CHECKING

import pandas as pd

from essgeo.errors import InputError, InputWarning
from essgeo.files.encodings import LOST, undouble
from essgeo.files.limits import refuse_width
from essgeo.messages import tell
from essgeo.schema.columns import HEADERS
from essgeo.schema.headers import guess_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

SEPARATORS = ",;\t|"

MAX_ROWS, MIN_NAMES = 10, 2
"""Rows that are looked at for a header, blank ones aside, and columns of it that must be known by their name."""

_CHUNK = 10_000
"""Rows that are read at a time."""


def cell_text(value: object) -> str:
    """Return a cell as text, what is missing as ``""``, a whole number and a day without what a spreadsheet adds."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return str(value).replace("\x00", "").strip()


def unique_names(names: list[str]) -> list[str]:
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


def as_frame(path: Path, rows: Iterable[list[str]], *, sheet: str = "") -> pd.DataFrame:
    """Return rows of cells as a frame; a blank line is no row, unless the file has one column only."""
    rows, part = iter(rows), f", sheet {sheet}" * bool(sheet)
    place, head = _head_of(path, part, rows)
    header = head[place]
    while not header[-1].strip():
        header = header[:-1]
    width = len(header)
    refuse_width(path, width)
    numbers: list[int] = []
    parts: list[pd.DataFrame] = []
    texts: list[dict[str, str]] = [{} for _ in range(width)]  # of each column, its distinct texts, cleaned once
    odd: set[str] = set()
    numbered = enumerate(chain(head[place + 1 :], rows), start=place + 2)
    # A chunk at a time: rows as lists take several times the memory of the columns that they become.
    while chunk := list(islice(numbered, _CHUNK)):
        kept = [(number, row) for number, row in chunk if row or width == 1]
        for number, row in kept:
            if len(row) > width and any(map(str.strip, row[width:])):
                message = tell(
                    "part_row_too_long", path=path, part=part, number=number, place=place + 1, row=len(row), width=width
                )
                raise InputError(message)
        numbers += [number for number, _ in kept]
        cells = [row if len(row) == width else (row + [""] * width)[:width] for _, row in kept]
        if cells:
            columns = [
                _clean(column, known, odd) for column, known in zip(zip(*cells, strict=True), texts, strict=True)
            ]
            parts.append(pd.DataFrame(dict(enumerate(columns)), dtype="object"))
    for key in sorted(odd):
        warnings.warn(tell(key, file=f"{path.name}{part}"), InputWarning, stacklevel=2)
    frame = pd.concat(parts) if parts else pd.DataFrame(columns=range(width), dtype="object")
    return frame.set_axis(pd.Index(numbers, dtype="int64")).set_axis(header, axis=1)


def _head_of(path: Path, part: str, rows: Iterator[list[str]]) -> tuple[int, list[list[str]]]:
    """Return the place of the header and the first rows, which are taken from those given."""
    head: list[list[str]] = []
    filled = 0
    while filled <= MAX_ROWS and (row := next(rows, None)) is not None:
        head.append(row)
        filled += any(map(str.strip, row))
    found = header_of(head)
    if found is None:
        message = tell("part_empty", path=path, part=part)
        raise InputError(message)
    place, below = found
    if below:
        message = tell("part_header_row", name=path.name, part=part, place=place + 1)
        warnings.warn(message, InputWarning, stacklevel=3)
    return place, head


def _clean(column: Sequence[str], known: dict[str, str], odd: set[str]) -> list[str]:
    """Return a column without NUL characters and blanks around its texts, each distinct one kept once in memory.

    ``odd`` gets what is to be said of its letters.
    """
    if len(known) > _CHUNK:
        known.clear()
    for text in set(column).difference(known):
        clean = text.replace("\x00", "").strip()
        known[text] = clean
        if not clean.isascii():
            known[text] = undouble(clean)
            odd |= {"letters_doubled"} if known[text] != clean else set()
            odd |= {"letters_lost"} if LOST in clean else set()
    return [known[text] for text in column]
