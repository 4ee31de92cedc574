"""The way from a register to the structures that coverage counts, one line a kind of position."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from essgeo.structures import OUTSIDE, located_here
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

    ``listed`` is the sum of the four others.
    """

    position: str
    listed: int
    unplaced: int
    outside: int
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
        ``geo_status`` where there is none; ``outside`` are those that are placed out of the territory, ``inactive`` those
        that are placed in it but closed or moved on the day of the study, ``counted`` the others.
    total
        The sum of the lines, ``position`` empty.

    Examples
    --------
    >>> lines, total = tally(study_est_ensemble().structures)
    >>> lines[0].position, total.listed == sum(total[2:])
    ('door', True)
    """
    placed = structures.geometry.notna()
    precision = structures["geo_precision"].map(_PLACED).fillna("other")
    kinds = precision.where(placed, structures["geo_status"])
    outside, counted = placed & (structures["geo_status"] == OUTSIDE), located_here(structures)
    inactive = placed & ~outside & ~counted
    became = {"listed": True, "unplaced": ~placed, "outside": outside, "inactive": inactive, "counted": counted}
    sums = pd.DataFrame(became).astype(int).groupby(kinds).sum()
    ordered = sums.loc[[kind for kind in _ORDER if kind in sums.index]]
    lines = [Line(*row) for row in ordered.itertuples(name=None)]
    return lines, Line("", *sums.sum(axis="index").tolist())
