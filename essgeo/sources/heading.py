"""Which row of a list names its columns: people write a title above it."""

from __future__ import annotations

import io
from itertools import islice
from typing import TYPE_CHECKING

from essgeo.sources.aliases import STRUCTURES, guess_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

SEPARATORS = ",;\t|"
MOST_ROWS, LEAST_NAMES = 10, 2
"""Rows that are looked at, blank ones aside, and columns of a header that must be known by their name."""


def separator_of(text: str) -> str:
    r"""Return what separates the cells of a CSV: the commonest in its header.

    Examples
    --------
    >>> separator_of("Structures de Bondy, Pantin\nNom;Adresse\n")
    ';'
    """
    lines = list(islice(filter(str.strip, io.StringIO(text, newline=None)), MOST_ROWS))
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
    seen = list(islice(((place, cells) for place, cells in filled if cells), MOST_ROWS))
    widest = 0
    for place, cells in seen:
        if len(cells) > widest and _names_columns(cells):
            return place, place != seen[0][0]
        widest = max(widest, len(cells))
    return (seen[0][0], False) if seen else None


def _names_columns(cells: Sequence[str]) -> bool:
    return len(guess_columns(cells, STRUCTURES)) >= LEAST_NAMES and not any(cell.strip().isdigit() for cell in cells)
