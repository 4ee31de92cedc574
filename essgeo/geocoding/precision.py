"""Where a match is: a corner between two streets, how far the true position may lie, and how often it lies near."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from essgeo.geocoding.index import METRES_PER_DEGREE, SIDE_BITS
from essgeo.geocoding.search import HOUSENUMBER, INTERSECTION, LOCALITY, PRECISIONS, STREET
from essgeo.schema.codes import department_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.geocoding.address import Readings
    from essgeo.geocoding.index import AddressIndex, Department
    from essgeo.geocoding.search import Pairs


MIN_SCORE = 0.93
"""Both streets are surely those that are named."""

WIDEST_M = 150.0
"""Streets whose nearest houses lie farther apart do not meet."""


def with_corners(index: AddressIndex, readings: Readings, pairs: Pairs) -> Pairs:
    """Return the candidates of each query; of one that says it lies between two streets, where these meet.

    That is midway between their two nearest houses.
    """
    side = readings.corner[pairs.reading]
    good = np.flatnonzero((side > 0) & (pairs.score >= MIN_SCORE))
    if not len(good):
        return pairs
    keep = np.ones(len(side), dtype=bool)
    pairs = pairs.take(keep)
    for query in np.unique(pairs.query[good]).tolist():
        rows = good[pairs.query[good] == query]
        # Homonyms in several communes: the two streets that come nearest to each other are meant.
        meetings = [
            (*_meeting(index.department(int(pairs.department[one])), *pairs.street[[one, other]].tolist()), one, other)
            for one in rows[side[rows] == 1].tolist()
            for other in rows[side[rows] == 2].tolist()  # noqa: PLR2004 (the second street)
            if pairs.department[one] == pairs.department[other]
        ]
        apart, lon, lat, one, other = min(meetings, default=(np.inf, 0.0, 0.0, 0, 0))
        if apart <= WIDEST_M:
            pairs.lon[one], pairs.lat[one], pairs.spread_m[one] = lon, lat, apart / 2
            pairs.precision[one], pairs.row[one] = INTERSECTION, pairs.street[other]
            pairs.score[one] = pairs.score[[one, other]].min()
            keep[pairs.query == query] = False
            keep[one] = True
    return pairs.take(keep)


def _meeting(department: Department, one: int, other: int) -> tuple[float, float, float]:
    """Return how near the houses of two streets come to each other, metres, and the point between the nearest two."""
    here, there = _houses(department, one), _houses(department, other)
    if not len(here) or not len(there):
        return np.inf, 0.0, 0.0
    shrink = np.array([np.cos(np.radians(here[0, 1])), 1.0]) * METRES_PER_DEGREE
    found = cKDTree(there * shrink).query(here * shrink)
    apart, nearest = np.asarray(found[0]), np.asarray(found[1])
    at = int(apart.argmin())
    return (float(apart[at]), *((here[at] + there[nearest[at]]) / 2).tolist())


def _houses(department: Department, street: int) -> NDArray[np.float64]:
    """Return the houses of a street: a row each, degrees."""
    street = int(department.of[street])
    first, last = np.searchsorted(department.slots, [street << (SIDE_BITS + 1), (street + 1) << (SIDE_BITS + 1)])
    return department.points(np.arange(first, last)).T


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
"""Radius of a house: so many metres, and the square of the way to the fifth nearest address divided by the second, for
the larger the plots the farther a door may be from the point; that way counts up to the third (1 % of rows lie beyond).

Quantile regression of several forms on the 777 rows. It holds 90.9 % of them (93.9 and 83.8 % of the two files); fitted
on other postcodes, a tenth of them left out in turn, 90.2 % (93.4 and 83.0 %). By the gaps between the numbers of the
street instead it held 81.3 % of the second file, with the same median of 40 m.
"""

STREET_M, STREET_SHARE = 20.0, 1.0
"""Radius of a street: so many metres, and this share of the distance that holds 90 % of its houses. 20 + 1.1 held
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
