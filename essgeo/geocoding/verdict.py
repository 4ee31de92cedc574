"""What a candidate is called, and why it may be no position."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from essgeo.geocoding.communes import NAME_CLOSE
from essgeo.geocoding.names import OTHER_NAME, OTHER_WAY, SAME_NAME, differences
from essgeo.geocoding.numbers import HOUSENUMBER, INTERPOLATED, LOCALITY, PRECISIONS, STREET
from essgeo.geocoding.pairs import distinct_pairs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.geocoding.address import Readings
    from essgeo.geocoding.index import AddressIndex
    from essgeo.geocoding.pairs import Pairs

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
