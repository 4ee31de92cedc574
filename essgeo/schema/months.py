"""Months as whole numbers, and the period a question is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from essgeo.errors import InputError
from essgeo.messages import tell

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


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
                message = tell("not_a_month", month=month)
                raise InputError(message)
        if self.last < self.first:
            message = tell("period_backwards", last=self.last, first=self.first)
            raise InputError(message)

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
    available: NDArray[np.bool_] = (opens[:, None] <= months) & (months <= closes[:, None])
    return available
