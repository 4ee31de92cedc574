"""The way from a register to the structures that coverage counts, one line a kind of position."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from essgeo.words.vocabulary import GEO_STATUSES

if TYPE_CHECKING:
    import geopandas as gpd

_PLACED = {
    "housenumber": "door",
    "interpolated": "door",
    "place": "site",
    "street": "street",
    "locality": "area",
    "municipality": "area",
}
_ORDER = ("door", "site", "street", "area", "other", *GEO_STATUSES)


class Line(NamedTuple):
    """A kind of position: how many structures are listed with it, and what becomes of them.

    ``listed`` is the sum of the three others.
    """

    position: str
    listed: int
    unplaced: int
    inactive: int
    counted: int


def tally(structures: gpd.GeoDataFrame) -> tuple[list[Line], Line]:
    """Return the lines and their total.

    Parameters
    ----------
    structures
        With ``geo_status``, ``geo_precision``, ``counted`` and points, some of them missing.

    Returns
    -------
    lines
        By the precision of the position (``door``, ``site``, ``street``, ``area``, ``other``) where there is one, by
        ``geo_status`` where there is none; ``inactive`` are those that are placed but closed or moved on the day of the
        study.
    total
        The sum of the lines, ``position`` empty.

    Examples
    --------
    >>> lines, total = tally(study_est_ensemble().structures)
    >>> lines[0].position, total.listed == total.unplaced + total.inactive + total.counted
    ('door', True)
    """
    placed = structures.geometry.notna()
    precision = structures["geo_precision"].map(_PLACED).fillna("other")
    kinds = precision.where(placed, structures["geo_status"])
    counted = structures["counted"].astype(bool)
    became = {"listed": True, "unplaced": ~placed, "inactive": placed & ~counted, "counted": placed & counted}
    sums = pd.DataFrame(became).astype(int).groupby(kinds).sum()
    ordered = sums.loc[[kind for kind in _ORDER if kind in sums.index]]
    lines = [Line(*row) for row in ordered.itertuples(name=None)]
    return lines, Line("", *sums.sum(axis="index").tolist())
