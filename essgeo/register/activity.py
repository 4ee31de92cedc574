"""Which structures count on a day, and how likely one that nobody verified still exists."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.errors import InputError
from essgeo.messages import tell
from essgeo.schema.vocabulary import ALLY

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray


COUNTED_STATUSES = ("active", "unknown", "")

OUTSIDE = "outside"
"""``geo_status`` of a structure whose position lies out of the territory, farther than its radius."""

PRIOR = 0.5
"""Jeffreys' prior: half a structure found active and half a structure found gone."""

_DAY = re.compile(r"(?P<y>\d{4})(-(?P<m>\d\d?)(-(?P<d>\d\d?))?)?|((?P<day>\d\d?)/)?(?P<month>\d\d?)/(?P<year>\d{4})")


def as_day(day: dt.date | str | None) -> dt.date | None:
    """Return a day that may be text; a month or a year stands for its last day.

    Raises
    ------
    InputError
        The text is no day.

    Examples
    --------
    >>> [as_day(text).isoformat() for text in ("2026-09-30", "30/09/2026", "2026-09", "2026")]
    ['2026-09-30', '2026-09-30', '2026-09-30', '2026-12-31']
    """
    if not isinstance(day, str):
        return day.date() if isinstance(day, dt.datetime) else day
    try:
        if found := _DAY.fullmatch(day.strip()):
            year, month = int(found["y"] or found["year"]), int(found["m"] or found["month"] or 12)
            last = calendar.monthrange(year, month)[1]
            return dt.date(year, month, int(found["d"] or found["day"] or last))
    except (ValueError, calendar.IllegalMonthError):
        pass
    raise InputError(tell("bad_day", value=day))


def counted_on(structures: pd.DataFrame, day: dt.date | str | None = None) -> pd.Series:
    """Return which structures count on a day.

    Closed and moved structures do not. Those whose activity is not verified do. A period leaves out what has not begun
    or has ended: ``2024`` begins on 1 January and ends on 31 December, ``2024-09`` ends with September. Nor does a
    company count that is an ally and nothing else (``roles``).

    A study writes what counts on its day as the column ``counted``. That column is the answer where no day is asked
    for, and where nothing in the table tells of another day.

    Parameters
    ----------
    structures
        ``status``, ``active_from`` and ``active_to`` (``2024``, ``2024-09``, ``2024-09-30`` or ``""``), or ``counted``.
        A column that is not there, like an empty cell, leaves nothing out.
    day
        The day; by default that of ``counted``, else today.

    Returns
    -------
    Series of bool
        The index of ``structures``.

    Raises
    ------
    InputError
        A date or a flag that cannot be read.

    Examples
    --------
    >>> import datetime as dt
    >>> import pandas as pd
    >>> table = pd.DataFrame({"status": ["active", "unknown", "closed"], "active_from": ["2025-09", "", ""],
    ...                       "active_to": ["", "2019", ""]})
    >>> counted_on(table, dt.date(2025, 9, 1)).tolist()
    [True, False, False]
    >>> counted_on(table.assign(counted=[False, True, False])).tolist()
    [False, True, False]
    """
    day = as_day(day)
    dated = not {"status", "active_from", "active_to"}.isdisjoint(structures.columns)
    if "counted" in structures and not (dated and day):
        flags = [text.lower() for text in _texts(structures, "counted")]
        _refuse(structures, "counted", flags, r"true|false|[01](\.0)?|", "True, False")
        return pd.Series([flag in {"true", "1", "1.0"} for flag in flags], structures.index, dtype=bool)
    today = (day or dt.date.today()).isoformat()  # noqa: DTZ011 (the day where the user is)
    dates = {name: _days(structures, name) for name in ("active_from", "active_to")}
    for name, days in dates.items():
        _refuse(structures, name, days, r"(\d{4}(-\d\d(-\d\d)?)?)?", "2024, 2024-09, 2024-09-30")
    # A date is compared with as much of the day as it tells: "2024-09" with "2024-09" of "2024-09-15". A company that
    # is an ally, and nothing else, offers nothing of the ESS.
    rows = zip(_texts(structures, "status"), _texts(structures, "roles"), *dates.values(), strict=True)
    counted = [
        status in COUNTED_STATUSES and role != ALLY and start <= today[: len(start)] and today[: len(end)] <= end
        for status, role, start, end in rows
    ]
    return pd.Series(counted, structures.index, dtype=bool)


def _texts(structures: pd.DataFrame, name: str) -> list[str]:
    """Return a column as text, ``""`` where it says nothing or is not there."""
    if name not in structures:
        return [""] * len(structures)
    column = structures[name]
    return ["" if missing else str(value) for value, missing in zip(column.tolist(), column.isna(), strict=True)]


def _days(structures: pd.DataFrame, name: str) -> list[str]:
    """Return a column of days as text: one of years with an empty cell holds 2024.0, one of days a midnight."""
    return [text.removesuffix(".0").removesuffix(" 00:00:00") for text in _texts(structures, name)]


def _refuse(structures: pd.DataFrame, name: str, texts: list[str], form: str, example: str) -> None:
    unread = {text for text in set(texts) if not re.fullmatch(form, text, re.ASCII)}
    if unread:
        rows = [row for row, text in enumerate(texts) if text in unread]
        named = ", ".join(map(str, structures.index[rows[:5]]))
        message = tell("activity_values", name=name, iloc=texts[rows[0]], wrong=len(rows), rows=named, example=example)
        raise InputError(message)


def located_here(structures: gpd.GeoDataFrame) -> pd.Series:
    """Return which structures count, have a position, and lie in the territory.

    Parameters
    ----------
    structures
        Points, some of them missing; what :func:`counted_on` reads; ``geo_status`` (``outside``: not in the territory).

    Returns
    -------
    Series of bool
        The index of ``structures``.

    Examples
    --------
    >>> import geopandas as gpd
    >>> table = {"counted": [True, True, False], "geo_status": ["located", "outside", "located"]}
    >>> located_here(gpd.GeoDataFrame(table, geometry=gpd.points_from_xy([0, 9, 0], [0, 9, 0]))).tolist()
    [True, False, False]
    """
    here = np.array([status != OUTSIDE for status in _texts(structures, "geo_status")], dtype=bool)
    placed: pd.Series = structures.geometry.notna() & here
    return placed & counted_on(structures)


def activity_odds(structures: pd.DataFrame) -> tuple[float, float]:
    r"""Return the Beta distribution of the probability that a structure of unknown activity is active.

    .. math:: p \sim \operatorname{Beta}(n_\text{active} + \tfrac12,\; n_\text{closed} + n_\text{moved} + \tfrac12)

    from the structures of the same register whose activity has been verified. It takes the others to be like them;
    those that nobody could verify are more often gone than that, so the interval leans to the hopeful side.

    Parameters
    ----------
    structures
        The whole register, closed and moved structures included: ``status``.

    Returns
    -------
    tuple of float
        The two parameters; the mean is the first by their sum.

    Examples
    --------
    >>> import pandas as pd
    >>> activity_odds(pd.DataFrame({"status": ["active"] * 8 + ["closed", "unknown"]}))
    (8.5, 1.5)
    """
    status = structures["status"]
    return float((status == "active").sum() + PRIOR), float(status.isin(["closed", "moved"]).sum() + PRIOR)


def last_seen(structures: pd.DataFrame, day: dt.date) -> NDArray[np.float64]:
    """Return the years from the last evidence of each structure (``as_of``) to a day, 0 at least.

    A year or a month stands for its middle. One without a date takes the median of those that have one; where none has,
    the list itself is the evidence, and is of the day.

    Examples
    --------
    >>> import datetime as dt
    >>> import pandas as pd
    >>> last_seen(pd.DataFrame({"as_of": ["2021", "2024-05", "", "2026-01-01"]}), dt.date(2026, 1, 1)).round(1).tolist()
    [4.5, 1.6, 1.6, 0.0]
    """
    texts = pd.Series(_days(structures, "as_of"), dtype="str")
    parts = texts.str.extract(r"^(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?$").astype(float)
    year, month, of_month = parts.to_numpy(dtype=float).T
    # As years with a fraction: a year alone at its middle, a month alone at its 16th.
    known = np.where(np.isnan(month), year + 1 / 2, year + (month - 1 + np.nan_to_num(of_month - 1, nan=15) / 31) / 12)
    years = np.maximum(day.year + (day.month - 1 + (day.day - 1) / 31) / 12 - known, 0)
    middle = float(np.nanmedian(years)) if np.isfinite(years).any() else 0.0
    return np.nan_to_num(years, nan=middle)
