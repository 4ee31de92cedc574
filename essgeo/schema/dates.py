"""Dates as people write them, months as whole numbers, and the period a question is about."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from essgeo.errors import InputError
from essgeo.messages import tell
from essgeo.schema.cells import known, without_decimals
from essgeo.schema.names import WORDS, simplify

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_MONTHS = {name: number for number, names in enumerate(WORDS["months"], 1) for name in names}

_EXCEL = dt.date(1899, 12, 30)

_SERIALS = range(15_000, 80_000)
"""Days since the end of 1899 that a spreadsheet may write in the place of a date: 1941 to 2119."""

_CENTURY = 50
"""The first year of two digits that is of the last century."""

_LATE = 22
"""From this hour on, UTC says the day before that of France."""


def iso_date(text: str) -> str | None:
    """Return a date in any usual form as ``2027``, ``2027-12`` or ``2027-12-31``; None where it is none.

    Examples
    --------
    >>> iso_date("1/09/2024"), iso_date("09/2024"), iso_date("2024"), iso_date("2020-01-02 13:30:00")
    ('2024-09-01', '2024-09', '2024', '2020-01-02')
    >>> iso_date("02-01-2020"), iso_date("45000"), iso_date("1er mai 2015"), iso_date("le 32 mai"), iso_date("N/A")
    ('2020-01-02', '2023-03-15', '2015-05-01', None, '')
    """
    plain = without_decimals(known(text))
    if not plain.strip("0-/.: T"):
        return ""
    day, late = _without_time(plain)
    tries = (_of_spreadsheet(day), _year_first(day, late=late), _year_last(day, late=late), _with_month_name(day))
    return next((found for found in tries if found is not None), None)


def _of_spreadsheet(day: str) -> str | None:
    """Return a date that a spreadsheet counts in days, or that is written as ``20240930``."""
    if re.fullmatch(r"\d{5}([.,]\d+)?", day) and int(day[:5]) in _SERIALS:
        return (_EXCEL + dt.timedelta(days=int(day[:5]))).isoformat()
    return _checked(day[:4], day[4:6], day[6:]) if re.fullmatch(r"(19|20)\d{6}", day) else None


def _year_first(day: str, *, late: bool) -> str | None:
    found = re.fullmatch(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?", day)
    if found and found[1].startswith("0"):  # the year 1, with which databases say that there is no date
        return ""
    return _checked(found[1], found[2], found[3], late=late) if found else None


def _year_last(day: str, *, late: bool) -> str | None:
    """Return a date that ends with its year; of two digits only where a day and a month stand before it."""
    found = re.fullmatch(r"(?:(\d{1,2})[-/. ])?(\d{1,2})[-/. ](\d{4})|(\d{1,2})[-/. ](\d{1,2})[-/. ](\d\d)", day)
    if not found:
        return None
    first, second, year = found.group(1, 2, 3) if found[3] else found.group(4, 5, 6)
    if not found[3]:
        year = f"{'19' if int(year) >= _CENTURY else '20'}{year}"
    return _checked(year, second, first, late=late) or _checked(year, first, second)


def _with_month_name(day: str) -> str | None:
    named = simplify(day).replace("_", " ")
    found = re.fullmatch(r"(?:le |depuis |en )*(?:(\d{1,2})(?:er|st|nd|rd|th)? )?([a-z]{3,9}) (\d{4})", named)
    month = next((number for name, number in _MONTHS.items() if found and found[2].startswith(name)), None)
    return _checked(found[3], str(month), found[1]) if found and month else None


def _without_time(text: str) -> tuple[str, bool]:
    """Return a date without its time, and whether that time is UTC and of the next day in France."""
    found = re.fullmatch(r"(.*?\d)(?:T| +)(\d{1,2})[:h]\d{0,2}(?::[\d.,]*)?\s*(Z|UTC|[+-]\d\d:?\d\d)?", text)
    return (found[1].strip(), found[3] == "Z" and int(found[2]) >= _LATE) if found else (text, False)


def _checked(year: str, month: str | None, day: str | None, *, late: bool = False) -> str | None:
    """Return a date, the next day where it is late; None where there is no such day."""
    try:
        found = dt.date(int(year), int(month or 1), int(day or 1)) + dt.timedelta(days=int(late and day is not None))
    except (ValueError, OverflowError):
        return None
    return f"{found.isoformat()[: 4 if not month else 7 if not day else 10]}"


ALWAYS_FROM, ALWAYS_TO = -(10**6), 10**6

_YEAR = 12


@dataclass(frozen=True)
class Period:
    """Months from the first to the last, both included, as ``YYYY-MM``."""

    first: str
    last: str

    def __post_init__(self) -> None:
        """Refuse what is not two months in order."""
        for month in (self.first, self.last):
            if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
                raise InputError(tell("not_a_month", month=month))
        if self.last < self.first:
            raise InputError(tell("period_backwards", last=self.last, first=self.first))

    @property
    def months(self) -> NDArray[np.int64]:
        """The months as numbers, see :func:`month_number`.

        Examples
        --------
        >>> Period("2027-11", "2028-02").months.tolist()
        [24334, 24335, 24336, 24337]
        """
        return np.arange(month_number(self.first, last=False), month_number(self.last, last=True) + 1)


def month_number(text: str, *, last: bool) -> int:
    """Return a date as a number of months, counted from year 0; a year alone is its first month or its last.

    Parameters
    ----------
    text
        ``2027``, ``2027-06``, ``2027-06-30``, or ``""`` where it is not known.
    last
        The end of something, rather than its start.

    Returns
    -------
    int
        A number before or after every month where the text is empty.

    Examples
    --------
    >>> month_number("2027", last=True) - month_number("2027-03-15", last=False)
    9
    """
    if not text:
        return ALWAYS_TO if last else ALWAYS_FROM
    year, month = int(text[:4]), text[5:7]
    return year * _YEAR + (int(month) - 1 if month else (_YEAR - 1 if last else 0))


def available_months(candidates: pd.DataFrame, period: Period) -> NDArray[np.bool_]:
    """Return in which months of a period each candidate is available; a start or end that is not known does not bind.

    Parameters
    ----------
    candidates
        ``available_from`` and ``available_to``.
    period
        The months.

    Returns
    -------
    ndarray of bool
        Candidates x months.

    Examples
    --------
    >>> import pandas as pd
    >>> halls = pd.DataFrame({"available_from": ["2027-02", ""], "available_to": ["", "2027-01"]})
    >>> available_months(halls, Period("2027-01", "2027-03")).tolist()
    [[False, True, True], [True, False, False]]
    """
    opens = np.array([month_number(text, last=False) for text in candidates["available_from"]], dtype=np.int64)
    closes = np.array([month_number(text, last=True) for text in candidates["available_to"]], dtype=np.int64)
    months = period.months
    # Candidates in rows, months in columns.
    available: NDArray[np.bool_] = (opens[:, None] <= months) & (months <= closes[:, None])
    return available
