"""Whether a structure counts on a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

COUNTED_STATUSES = ("active", "unknown")


def counted_on(structures: pd.DataFrame, day: dt.date) -> pd.Series:
    """Return which structures count on a day.

    Closed and moved structures do not. Those whose activity is not verified do. A period leaves out what has not begun
    or has ended: ``2024`` begins on 1 January and ends on 31 December, ``2024-09`` ends with September.

    Parameters
    ----------
    structures
        Columns ``status``, ``active_from``, ``active_to`` (``2024``, ``2024-09``, ``2024-09-30`` or ``""``).
    day
        The day.

    Returns
    -------
    Series of bool
        The index of ``structures``.

    Examples
    --------
    >>> import datetime as dt
    >>> import pandas as pd
    >>> table = pd.DataFrame({"status": ["active", "unknown", "closed"], "active_from": ["2025-09", "", ""],
    ...                       "active_to": ["", "2019", ""]})
    >>> counted_on(table, dt.date(2025, 9, 1)).tolist()
    [True, False, False]
    """
    today = day.isoformat()
    begun = structures["active_from"].map(lambda start: today[: len(start)] >= start)
    lasting = structures["active_to"].map(lambda end: not end or today[: len(end)] <= end)
    return structures["status"].isin(COUNTED_STATUSES) & begun.astype(bool) & lasting.astype(bool)
