"""What a match is worth: status, reasons, radius."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.geocoding.communes import NAME_CLOSE
from essgeo.geocoding.department import distinct_pairs
from essgeo.geocoding.search import HOUSENUMBER, INTERPOLATED, LOCALITY, PRECISIONS, STREET
from essgeo.geocoding.spelling import OTHER_NAME, OTHER_WAY, SAME_NAME, differences

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.geocoding.address import Readings
    from essgeo.geocoding.department import Pairs
    from essgeo.geocoding.index import AddressIndex


RADIUS_M = {
    "housenumber": 85.0,
    "interpolated": 90.0,
    "street": 130.0,
    "locality": 200.0,
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
beyond 900 m, where the truth file puts the same street in two places): so few say little. ``locality``, ``place`` and
``municipality`` are assumptions, for no row tells. A radius only widens intervals: it never moves a point.
"""


LEAST_SCORE = 0.8

LEAST_MARGIN = 0.06

HOUSES = ("housenumber", "interpolated")

NAMED = ("street", "locality")

NEAR_MISS = ("number_missing", "number_unknown")

_WRONG = ("street_unknown", "other_city", "city_unknown", "no_address")


def statuses(matches: pd.DataFrame) -> pd.Series:
    """Return ``located``, ``ambiguous``, ``imprecise`` or ``not_found`` for each match.

    - ``not_found``: no position, a score below 0.8, another commune, or a street that is not the one asked for;
    - ``ambiguous``: good, but the best candidate elsewhere is less than 0.06 behind;
    - ``imprecise``: the right street or commune, but no house number;
    - ``located``: the house, a point between its neighbours, or a street so short that it is a position
      (the engine gives no ``reason`` against it).

    Examples
    --------
    >>> match = {"score": 0.9, "margin": 0.5, "precision": "housenumber", "reason": "", "lon": 2.4}
    >>> others = [{"margin": 0.01}, {"precision": "street", "reason": "number_missing"}, {"reason": "other_city"}]
    >>> statuses(pd.DataFrame([match] + [match | other for other in others])).tolist()
    ['located', 'ambiguous', 'imprecise', 'not_found']
    """
    reason = matches["reason"]
    near = reason.isin(NEAR_MISS)
    found = matches["lon"].notna() & ((matches["score"] >= LEAST_SCORE) | near) & ~reason.isin(_WRONG)
    clear = matches["margin"] >= LEAST_MARGIN
    sure = matches["precision"].isin([*HOUSES, *NAMED]) & (reason == "")
    chosen = np.select([~found, ~sure, ~clear], ["not_found", "imprecise", "ambiguous"], "located")
    return pd.Series(chosen, index=matches.index)


SHORT_M = 200.0
"""A street whose addresses all lie this close to its middle is a position, also without a number."""

LEAST_AGREEMENT = 0.86

MOST_FAULTS = 1
"""A position may have one doubt against it, of its street, its commune or its number: two make it another place."""


def reasons(index: AddressIndex, readings: Readings, best: Pairs) -> NDArray[np.object_]:
    """Return why a match is not a position, ``""`` where it is one."""
    short = np.zeros(len(best.query), dtype=bool)
    differ = np.full(len(best.query), SAME_NAME, dtype=np.int8)
    for position in np.unique(best.department).tolist():
        department = index.department(position)
        here = np.flatnonzero((best.department == position) & (best.likeness < 1))
        street = best.street[here]
        asked, known, pair = distinct_pairs(readings.street[best.reading[here]], street)
        differ[here] = differences(
            [readings.streets[row] for row in asked.tolist()], [department.keys[row] for row in known.tolist()]
        )[pair]
        sure = department.alone[street] & (best.agreement[here] == 1) & (best.precision[here] == HOUSENUMBER)
        differ[here[(differ[here] == OTHER_WAY) & ~sure]] = OTHER_NAME
        if index.complete:
            here = np.flatnonzero(best.department == position)
            short[here] = department.reach_m[best.street[here]] <= SHORT_M
    place = np.isin(best.precision, (STREET, LOCALITY))
    numbered = readings.numbers[best.reading, 0] >= 0
    faults = (
        (differ > SAME_NAME).astype(np.int8)
        + (best.agreement < NAME_CLOSE)
        + ((best.precision == INTERPOLATED) | (place & numbered))
    )
    doubtful = faults > MOST_FAULTS
    misread = (differ > SAME_NAME) & (doubtful | (not index.complete))
    return np.select(
        [
            misread | (differ == OTHER_NAME),
            best.agreement < LEAST_AGREEMENT,
            doubtful | (place & numbered),
            place & ~short,
        ],
        ["street_unknown", "other_city", "number_unknown", "number_missing"],
        "",
    ).astype(object)


def described(index: AddressIndex, readings: Readings, pairs: Pairs) -> dict[str, NDArray[np.object_]]:
    """Return precision, label, identifier and commune of pairs."""
    size = len(pairs.query)
    texts = {name: np.full(size, "", dtype=object) for name in ("label", "ban_id", "citycode")}
    for position in np.unique(pairs.department).tolist():
        department = index.department(position)
        here = np.flatnonzero(pairs.department == position)
        street = pairs.street[here]
        title, precision = department.titles[street], pairs.precision[here]
        number, repetition = (
            column[pairs.reading[here], pairs.column[here]] for column in (readings.numbers, readings.repetitions)
        )
        exact = precision == HOUSENUMBER
        rows = pairs.row[here[exact]]
        repetition[exact] = department.writing[department.written[rows]]
        housed = precision <= INTERPOLATED
        title[housed] = [
            f"{n}{r} {text}"
            for n, r, text in zip(
                number[housed].tolist(), repetition[housed].tolist(), title[housed].tolist(), strict=True
            )
        ]
        texts["label"][here] = title
        texts["citycode"][here] = department.citycode[department.commune[street]]
        texts["ban_id"][here[exact]] = department.identifiers(rows)
    return {"precision": _PRECISIONS[pairs.precision], **texts}


_PRECISIONS = np.array(PRECISIONS, dtype=object)
