"""Options, tables and sentences that commands share."""

from __future__ import annotations

import calendar
import datetime as dt
import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from essgeo.messages import language, plural, tell
from essgeo.schema.vocabulary import GEO_STATUSES, SPEEDS_KMH
from essgeo.text.languages import MISSING, number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd


_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def _day(_context: click.Context, _option: click.Parameter, value: str | None) -> dt.date | None:
    """Return the last day of a year or month, or the day itself."""
    if value is None:
        return None
    message = tell("bad_day", value=value)
    found = _DAY.fullmatch(value)
    if found is None:
        raise click.BadParameter(message)
    year, month = int(found[1]), int(found[2] or 12)
    try:
        return dt.date(year, month, int(found[3] or calendar.monthrange(year, month)[1]))
    except (ValueError, calendar.IllegalMonthError) as error:
        raise click.BadParameter(message) from error


as_of = click.option("--as-of", callback=_day, metavar="YYYY-MM")

corrections = click.option("--corrections", type=click.Path())

ban = click.option("--ban", multiple=True, type=click.Path(path_type=Path))
columns = click.option("--columns", multiple=True, metavar="FIELD=COLUMN,...")

excel = click.option("--excel", is_flag=True)

sheet = click.option("--sheet", metavar="NAME")

layer = click.option("--layer", metavar="NAME")


def _pairs(_context: click.Context, _option: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    """Return what stands before and behind the ``=`` of each text."""
    parts = [text.partition("=") for text in given]
    if wrong := [name for name, sign, path in parts if not sign or not path]:
        raise click.BadParameter(tell("recode_form", given=", ".join(wrong)))
    return {name.strip(): path.strip() for name, _, path in parts}


recode = click.option("--recode", multiple=True, metavar="FIELD=FILE", callback=_pairs)

as_json = click.option("--json", "as_json", is_flag=True)

_OF_A_STUDY = {
    "structures": click.option(
        "--structures",
        multiple=True,
        type=click.Path(),
    ),
    "sheet": sheet,
    "layer": layer,
    "decisions": click.option("--decisions", type=click.Path()),
    "suggestions": click.option("--suggestions", type=click.Path()),
    "columns": columns,
    "recode": recode,
    "corrections": corrections,
    "ban": ban,
    "excel": excel,
    "qpv": click.option("--qpv", type=click.Path()),
    "npnru": click.option(
        "--npnru",
        type=click.Path(),
    ),
    "network": click.option(
        "--network",
        type=click.Path(),
    ),
    "needs": click.option("--needs", type=click.Path()),
    "premises": click.option("--premises", type=click.Path()),
    "vintage": click.option("--vintage", metavar="YEAR"),
    "walk_minutes": click.option(
        "--walk-minutes",
        type=click.IntRange(1, 120),
        default=15,
        show_default=True,
    ),
    "profile": click.option("--profile", type=click.Choice(list(SPEEDS_KMH)), default="adult", show_default=True),
    "speed_kmh": click.option("--speed-kmh", type=click.FloatRange(0.5, 15)),
    "as_of": as_of,
    "live": click.option("--live", is_flag=True),
    "offline": click.option("--offline", is_flag=True),
    "lang": click.option(
        "--lang", type=click.Choice(["fr", "en"]), default=lambda: click.get_current_context().obj or "fr"
    ),
}


def of_study(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command these options of a study; it takes them as one :class:`essgeo.study.Options`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**given: object) -> None:
            from essgeo.study import Options

            chosen: dict[str, Any] = {name: given.pop(name) for name in names}
            chosen.setdefault("lang", language.get())
            command(**given, options=Options(**chosen))

        for name in reversed(names):
            run = _OF_A_STUDY[name](run)
        return run

    return decorate


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
    return number(value, language.get())


def counted(count: int, noun: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> counted(1, "row"), counted(20_004, "row")
    ('1 row', '20,004 rows')
    """
    return plural(noun, count, count=persons(count))


def by_status(rows: pd.DataFrame) -> str:
    """Return how many rows have each ``geo_status``, the most first.

    Examples
    --------
    >>> import pandas as pd
    >>> by_status(pd.DataFrame({"geo_status": ["located", "outside", "located"]}))
    '2 located, 1 outside'
    """
    counts = rows["geo_status"].value_counts().items()
    return ", ".join(f"{persons(count)} {_status(str(status))}" for status, count in counts)


def _status(code: str) -> str:
    """Return a status in words: in English its code is the word."""
    return GEO_STATUSES[code]["fr"].lower() if language.get() == "fr" and code in GEO_STATUSES else code


def interval(low: float, high: float) -> str:
    """Return an interval of persons.

    Examples
    --------
    >>> interval(10, 1200)
    '[10 to 1,200]'
    """
    ends = persons(low), persons(high)
    if MISSING in ends:
        return MISSING
    return tell("both_ends" if ends[0] == ends[1] else "interval", low=ends[0], high=ends[1])


def check_outputs(outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | str | None]) -> None:
    """Refuse, by their options, files that cannot be written, are two outputs in one, or are read by the command.

    Only that of ``-o`` has positions.
    """
    from essgeo.files.guard import refuse_overwrite
    from essgeo.files.write import check_writable

    for option, path in outputs.items():
        if path is not None:
            check_writable(path, points=option == "-o")
    refuse_overwrite(outputs, inputs)
