"""Where a match is: how far the true position may lie, and how often it lies near."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from essgeo.geocoding.houses import HOUSENUMBER, LOCALITY, PRECISIONS, STREET
from essgeo.schema.codes import department_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.geocoding.index import AddressIndex
    from essgeo.geocoding.search import Pairs


RADIUS_M = {
    "housenumber": 45.0,
    "interpolated": 50.0,
    "street": 130.0,
    "locality": 200.0,
    "intersection": 30.0,
    "place": 200.0,
    "municipality": 2500.0,
}
"""Radius in metres meant to hold 90 % of true positions, of a point of which nothing but its precision is known.

Measured on the 777 located houses of Paris and Bondy in two truth files (schools, health, stations, post offices,
stops; fuel stations are known to 100 m only and left out), their coordinates not derived from BAN:

============= ==== ====== ====== ====== ======== ====== ======== =====================================================
kind          rows median   80 %   90 % in 100 m   held   radius how
============= ==== ====== ====== ====== ======== ====== ======== =====================================================
housenumber    777   12 m   27 m   45 m   97.0 % 90.9 %     40 m as located
interpolated   776   14 m   32 m   48 m   96.9 %               - the number taken out of the index
short street   297   55 m  106 m  137 m   75.4 % 91.9 %    111 m its number left out, on a street of SHORT_M or less
street         480  246 m  479 m  650 m   19.6 % 90.8 %    494 m its number left out, on a longer one
============= ==== ====== ====== ====== ======== ====== ======== =====================================================

``benchmarks/calibrate.py`` prints this table, with what :func:`radii` holds (its median beside). Of real rows without a
number, 10 are located and 8 of them held: so few tell little. BAN has one kind of position for Paris ("parcelle"), so
that kinds could not be told apart. ``locality``, ``intersection``, ``place`` and ``municipality`` are assumptions.
"""

HOUSE_M, ROOM_M, WIDEST_ROOM_M = 24.0, 40.0, 60.0
"""Radius of a house: the first, and the square of the way to the fifth nearest address divided by the second, for
the larger the plots the farther a door may be from the point; that way counts up to the third (1 % of rows lie beyond).

Quantile regression of several forms on the 777 rows. It holds 90.9 % of them (93.9 and 83.8 % of the two files); fitted
on other postcodes, a tenth of them left out in turn, 90.2 % (93.4 and 83.0 %). By the gaps between the numbers of the
street instead it held 81.3 % of the second file, with the same median of 40 m.
"""

STREET_M, STREET_SHARE = 20.0, 1.0
"""Radius of a street: the first, and this share of the distance that holds 90 % of its houses. 20 + 1.1 held
95.7 % of houses whose number was left out, 20 + 1.0 91.2 %, 10 + 1.0 88.2 %."""

NEAR = {"housenumber": 0.97, "interpolated": 0.97}
"""Share of the houses found that lie within 100 m of the truth: the last thing that no likeness of names can tell."""

OF_ANY = 0.9
"""How often the point of anything else lies where its radius says."""

CALIBRATED = frozenset(["75", "93"])
"""Departments where this was measured: Paris and Bondy."""

ELSEWHERE_WIDER, ELSEWHERE_NEAR = 1.5, 0.95
"""Beyond them the radius is wider by this factor and the chance of a right position lower by that one: a choice, since
no truth was at hand there, so that neither looks surer than it is."""


def radii(index: AddressIndex, pairs: Pairs) -> NDArray[np.float64]:
    """Return the radius of each candidate, metres, meant to hold 90 % of true positions.

    A house by the spacing of the addresses around it, a street by the extent of its own houses, anything else by its
    precision; a range or list of numbers holds both ends.
    """
    # That of the precision first, replaced below for houses and for streets, whose own surroundings tell more.
    radius = np.array([RADIUS_M[name] for name in PRECISIONS])[pairs.precision]
    for position in np.unique(pairs.department).tolist():
        department = index.department(position)
        here = pairs.department == position
        rows = np.flatnonzero(here & (pairs.precision == HOUSENUMBER) & index.complete)
        radius[rows] = HOUSE_M + np.minimum(department.room_m[pairs.row[rows]], WIDEST_ROOM_M) ** 2 / ROOM_M
        rows = np.flatnonzero(here & np.isin(pairs.precision, (STREET, LOCALITY)))
        radius[rows] = STREET_M + STREET_SHARE * department.reach_m[pairs.street[rows]]
    return np.where(calibrated(index, pairs), radius, radius * ELSEWHERE_WIDER) + pairs.spread_m


def near(index: AddressIndex, pairs: Pairs) -> NDArray[np.float64]:
    """Return how often the point of a candidate lies near the truth where street and number are right."""
    share = np.array([NEAR.get(name, OF_ANY) for name in PRECISIONS])[pairs.precision]
    return np.where(calibrated(index, pairs), share, share * ELSEWHERE_NEAR)


def calibrated(index: AddressIndex, pairs: Pairs) -> NDArray[np.bool_]:
    """Return whether candidates lie where the figures were measured."""
    known = np.zeros(len(pairs.query), dtype=bool)
    for position in np.unique(pairs.department).tolist():
        department = index.department(position)
        inside = np.array([department_of(code) in CALIBRATED for code in department.communes["citycode"].tolist()])
        here = pairs.department == position
        known[here] = inside[department.commune[pairs.street[here]]]
    return known
