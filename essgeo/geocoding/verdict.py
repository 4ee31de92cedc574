"""What a match is worth: the evidence for it, the reasons against it, its status and its radius."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from essgeo.geocoding.communes import NAME_CLOSE, SILENT
from essgeo.geocoding.search import HOUSENUMBER, INTERPOLATED, LOCALITY, STREET, distinct_pairs, names_of
from essgeo.geocoding.spelling import OTHER_NAME, OTHER_WAY, SAME_NAME, differences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.geocoding.address import Readings
    from essgeo.geocoding.index import AddressIndex
    from essgeo.geocoding.search import Pairs


RADIUS_M = {
    "housenumber": 85.0,
    "interpolated": 90.0,
    "street": 130.0,
    "locality": 200.0,
    "intersection": 30.0,
    "place": 200.0,
    "municipality": 2500.0,
}
"""Radius in metres meant to hold 90 % of true positions, by precision of a located point.

Calibrated on the 378 addresses of Paris and Bondy among places whose coordinates were not derived from BAN (FINESS,
fuel stations, schools). A third of the fuel stations are known to about 100 m only: the radius holds that error too.

============= ==== ======== ======== ======== ===================================================================
precision     rows   median     80 %     90 % how
============= ==== ======== ======== ======== ===================================================================
housenumber    340     17 m     51 m     81 m as located
interpolated   338     17 m     52 m     85 m the number taken out of the index, where neighbours give a point
street         145     51 m     95 m    129 m 127 located houses without their number, 18 rows that have none
============= ==== ======== ======== ======== ===================================================================

``benchmarks/calibrate.py`` prints this table, and what the radius of one half of the rows holds of the other half, over
200 draws: 89.4 ± 3.2 % of houses, 89.7 ± 3.4 % of interpolated points, 88.8 ± 4.8 % of streets. A radius is the next
5 m above the last column. Of the 18 rows without a number, 14 lie within 104 m and four beyond 200 m (three of those
beyond 900 m, where the truth file puts the same street in two places): so few say little. ``locality``,
``intersection``, ``place`` and ``municipality`` are assumptions, for no row tells. A radius only widens intervals: it
never moves a point.
"""

SHORT_M = 200.0
"""A street whose addresses all lie this close to its middle is a position, also without a number."""

MIN_AGREEMENT = 0.86
"""How well a commune must agree with what an address says of it."""

MAX_FAULTS = 1
"""A position may have one doubt against it, of its street, its commune or its number: two make it another place."""


class Features(NamedTuple):
    """What is known of matches that speaks for or against each: arrays of one value a match.

    Attributes
    ----------
    difference
        How the street differs from the one asked (:func:`essgeo.geocoding.spelling.differences`).
    agreement
        How well the commune agrees, 0 to 1.
    precision
        One of :data:`essgeo.geocoding.search.PRECISIONS`, by position.
    numbered
        Whether a house number was asked.
    short
        Whether the street is so short that it is a position.
    called
        Whether a place is named, and the match is a way that is only called after it.
    complete
        Whether the index has every street and number: of an extract only the very name counts.
    """

    difference: NDArray[np.int8]
    agreement: NDArray[np.float64]
    precision: NDArray[np.int8]
    numbered: NDArray[np.bool_]
    short: NDArray[np.bool_]
    called: NDArray[np.bool_]
    complete: bool


def features(index: AddressIndex, readings: Readings, best: Pairs) -> Features:
    """Return what is known of matches."""
    short, called = np.zeros((2, len(best.query)), dtype=bool)
    differ = np.full(len(best.query), SAME_NAME, dtype=np.int8)
    for position in np.unique(best.department).tolist():
        department = index.department(position)
        here = best.department == position
        if index.complete:
            short[here] = department.reach_m[best.street[here]] <= SHORT_M
        # Names are compared once for each pair of names, and only where they are not the same.
        rows = np.flatnonzero(here & (best.likeness < 1))
        street = best.street[rows]
        asked, known, pair = distinct_pairs(readings.street[best.reading[rows]], street)
        keys = [readings.streets[row] for row in asked.tolist()], [department.keys[row] for row in known.tolist()]
        differ[rows] = differences(*keys)[pair]
        other = np.array(
            [bool(name.way) and name.words != text.words for text, name in zip(*keys, strict=True)], dtype=bool
        )
        called[rows] = other[pair] & readings.named[best.reading[rows]]
        # Another kind of way is the same street where the city has one of that name, and the house is there.
        sure = names_of(department).alone[street] & (best.agreement[rows] == 1) & (best.precision[rows] == HOUSENUMBER)
        differ[rows[(differ[rows] == OTHER_WAY) & ~sure]] = OTHER_NAME
    numbered = readings.numbers[best.reading, 0] >= 0
    return Features(differ, best.agreement, best.precision, numbered, short, called, index.complete)


def reasons(seen: Features) -> NDArray[np.object_]:
    """Return why matches are no positions, ``""`` where they are."""
    place = np.isin(seen.precision, (STREET, LOCALITY))
    other_name = seen.difference > SAME_NAME
    no_house = (seen.precision == INTERPOLATED) | (place & seen.numbered)
    doubtful = other_name.astype(np.int8) + (seen.agreement < NAME_CLOSE) + no_house > MAX_FAULTS
    misread = other_name & (doubtful | (not seen.complete))
    return np.select(
        [
            seen.agreement == SILENT,
            seen.called & (seen.agreement >= MIN_AGREEMENT),
            misread | (seen.difference == OTHER_NAME),
            seen.agreement < MIN_AGREEMENT,
            doubtful | (place & seen.numbered),
            place & ~seen.short,
        ],
        ["no_city", "place_name", "street_unknown", "other_city", "number_unknown", "number_missing"],
        "",
    ).astype(object)


MIN_SCORE, MIN_MARGIN = 0.8, 0.06

HOUSES = ("housenumber", "interpolated")

STREETS = ("street", "locality")


def statuses(matches: pd.DataFrame) -> pd.Series:
    """Return ``located``, ``ambiguous``, ``imprecise`` or ``not_found`` for each match of an engine.

    - ``not_found``: no position, a score below 0.8, another commune, or a street that is not the one asked for;
    - ``ambiguous``: good, but the best candidate elsewhere is less than 0.06 behind;
    - ``imprecise``: the right street or commune, but no house number;
    - ``located``: the house, a point between its neighbours, or a street so short that it is a position
      (the engine gives no ``reason`` against it).

    >>> match = {"score": 0.9, "margin": 0.5, "precision": "housenumber", "reason": "", "lon": 2.4}
    >>> others = [{"margin": 0.01}, {"precision": "street", "reason": "number_missing"}, {"reason": "other_city"}]
    >>> statuses(pd.DataFrame([match] + [match | other for other in others])).tolist()
    ['located', 'ambiguous', 'imprecise', 'not_found']
    """
    reason = matches["reason"]
    good = (matches["score"] >= MIN_SCORE) | reason.isin(["number_missing", "number_unknown"])
    wrong = reason.isin(
        ["street_unknown", "other_city", "no_city", "city_unknown", "commune_not_covered", "no_address"]
    )
    sure = matches["precision"].isin([*HOUSES, *STREETS, "intersection", "place"]) & (reason == "")
    clear = matches["margin"] >= MIN_MARGIN
    found = matches["lon"].notna() & good & ~wrong
    chosen = np.select([~found, ~sure, ~clear], ["not_found", "imprecise", "ambiguous"], "located")
    return pd.Series(chosen, index=matches.index)
