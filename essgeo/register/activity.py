"""What counts on a day, and how likely it still does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    import pandas as pd


COUNTED_STATUSES = ("active", "unknown")

OUTSIDE = "outside"
"""``geo_status`` of a structure whose position lies out of the territory, farther than its radius."""


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


def located_here(structures: gpd.GeoDataFrame) -> pd.Series:
    """Return which structures count, have a position, and lie in the territory.

    Parameters
    ----------
    structures
        ``counted``, ``geo_status`` (``outside``: not in the territory) and points, some of them missing.

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
    placed: pd.Series = structures.geometry.notna()
    found: pd.Series = placed & structures["counted"].astype(bool) & (structures["geo_status"] != OUTSIDE)
    return found


PRIOR = 0.5
"""Jeffreys' prior: half a structure found active and half a structure found gone."""


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
