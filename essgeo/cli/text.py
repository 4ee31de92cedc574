"""Frames as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from essgeo.words.formats import number

if TYPE_CHECKING:
    import pandas as pd


def echo_table(table: pd.DataFrame) -> None:
    """Print a table with aligned columns, numbers to the right.

    Examples
    --------
    >>> import pandas as pd
    >>> echo_table(pd.DataFrame({"place": ["A", "Bondy"], "residents": ["9", "7,688"]}))
    place  residents
    A              9
    Bondy      7,688
    """
    cells = [[harmless(str(value)) for value in row] for row in [list(table.columns), *table.to_numpy().tolist()]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(table.columns))]
    right = [
        all(not value or value[0] in "0123456789-[" for value in column) for column in zip(*cells[1:], strict=True)
    ]
    for row in cells:
        padded = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ]
        click.echo("  ".join(padded).rstrip())


def harmless(text: str) -> str:
    r"""Return a text without the characters that steer a terminal or turn the direction of a line.

    Examples
    --------
    >>> harmless("Café \x1b[31mrouge\u202e!")
    'Café  [31mrouge !'
    """
    return "".join(character if character.isprintable() else " " for character in text)


def persons(value: float) -> str:
    """Return a number of persons.

    Examples
    --------
    >>> persons(12345.6)
    '12,346'
    """
    return number(value, "en")


def counted(count: int, noun: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> counted(1, "row"), counted(20_004, "row")
    ('1 row', '20,004 rows')
    """
    return f"{persons(count)} {noun}{'s' * (count != 1)}"


def by_status(rows: pd.DataFrame) -> str:
    """Return how many rows have each ``geo_status``, the most first.

    Examples
    --------
    >>> import pandas as pd
    >>> by_status(pd.DataFrame({"geo_status": ["located", "outside", "located"]}))
    '2 located, 1 outside'
    """
    return ", ".join(f"{persons(count)} {status}" for status, count in rows["geo_status"].value_counts().items())


def interval(low: float, high: float) -> str:
    """Return an interval of persons.

    Examples
    --------
    >>> interval(10, 1200)
    '[10 to 1,200]'
    """
    ends = persons(low), persons(high)
    return "stable" if ends[0] == ends[1] else "[{} to {}]".format(*ends)
