"""Match many addresses with an index: the same names first, then what looks alike, department by department."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from essgeo.geocoding.address import read_addresses
from essgeo.geocoding.communes import NAME_CLOSE, Evidence, evidence_of
from essgeo.geocoding.flat import distance_m
from essgeo.geocoding.likeness import JOINED, likeness
from essgeo.geocoding.numbers import HOUSENUMBER, INTERPOLATED, LOCALITY, PRECISIONS, STREET, find_houses
from essgeo.geocoding.pairs import best_of, rank_in
from essgeo.geocoding.streets import Asked, alike_in_city, alike_in_commune, asked_cities, same_streets

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from essgeo.geocoding.address import Readings
    from essgeo.geocoding.index import AddressIndex, Department

ENOUGH, ENOUGH_IN_COMMUNE = 0.945, 0.8
"""Scores from which no further streets are looked for: beyond the same name, beyond the commune."""
LEAST_LIKENESS, SAME_STREET = 0.62, 0.82
TWO_FAULTS = 0.95
"""Factor for a street that is only alike in a commune that agrees only in part."""
APART_M = 100.0
"""Two candidates are two places when they are farther apart."""
NEAR_KM, NEAR_SHARE = 10.0, 0.2
SHORT_M = 200.0
"""A street whose addresses all lie this close to its middle is a position, also without a number."""
MOST_CANDIDATES = 3
LEAST_AGREEMENT = 0.86


class Pairs(NamedTuple):
    """Candidates as columns: who asks, which street and house, how good, where."""

    query: NDArray[np.int64]
    reading: NDArray[np.int64]
    street: NDArray[np.int64]
    likeness: NDArray[np.float64]
    agreement: NDArray[np.float64]
    score: NDArray[np.float64]
    precision: NDArray[np.int8]
    row: NDArray[np.int64]
    column: NDArray[np.int8]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    department: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Pairs:
        """Return some of the pairs."""
        columns: list[Any] = [column[rows] for column in self]
        return Pairs(*columns)


class Search(NamedTuple):
    """What every step of the search in a department needs."""

    department: Department
    position: int
    readings: Readings
    evidence: Evidence
    near: NDArray[np.float64] | None
    complete: bool


def match(index: AddressIndex, queries: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the best match of each address, and up to three candidates of each.

    The score is the product of three: how alike the street is, how well the commune agrees, what became of the number.

    Parameters
    ----------
    index
        From :func:`essgeo.geocoding.index.load_index`.
    queries
        Text columns ``address``, ``postcode``, ``city``, ``citycode`` (``""`` where missing); no label twice. With
        ``near_lon`` and ``near_lat`` (degrees, NaN for none), what lies near is preferred.

    Returns
    -------
    tuple
        Matches, with the index of ``queries``: ``score``, ``margin`` (to the best candidate elsewhere, 1 if none),
        ``precision``, ``label``, ``ban_id``, ``citycode``, ``lon``, ``lat`` (degrees), ``reason``. Candidates:
        ``query``, ``rank``, ``label``, ``score``, ``precision``, ``ban_id``, ``citycode``, ``lon``, ``lat``.
    """
    readings = read_addresses(queries, index.communes)
    evidence = evidence_of(index.communes, readings.places)
    near = _near(queries)
    bounds = np.searchsorted(index.table["department"], np.arange(index.table["department"].max() + 2))
    blocks = []
    for position, (first, last) in enumerate(pairwise(bounds)):
        local = evidence.within(int(first), int(last))
        concerned = local.anywhere.copy()
        concerned[local.place] = True
        rows = np.flatnonzero(concerned[readings.place])
        if len(rows):
            search = Search(index.department(position), position, readings, local, near, index.complete)
            blocks.append(_candidates(search, rows))
    pairs = _ranked(Pairs(*map(np.concatenate, zip(*blocks, strict=True)))) if blocks else None
    known = np.zeros(len(queries), dtype=bool)
    known[
        readings.query[
            (best_of(evidence.place, evidence.agreement, len(readings.places)) > 0)[readings.place]
            | evidence.anywhere[readings.place]
        ]
    ] = True
    return _matches(index, queries, readings, pairs, known), _candidate_frame(index, queries, readings, pairs)


def _near(queries: pd.DataFrame) -> NDArray[np.float64] | None:
    if "near_lon" not in queries:
        return None
    return queries[["near_lon", "near_lat"]].to_numpy(dtype=float)


def _candidates(search: Search, rows: NDArray[np.int64]) -> Pairs:
    department, readings, evidence = search.department, search.readings, search.evidence
    asked = asked_cities(department, readings, rows, evidence)
    size = int(readings.query.max()) + 1

    def rated(part: Asked, found: tuple[NDArray[np.int64], NDArray[np.int64]]) -> Pairs:
        return _rated(search, part.reading[found[0]], found[1])

    pairs = [rated(asked, same_streets(department, readings, asked))]
    best = best_of(pairs[0].query, pairs[0].score, size)
    steps: list[tuple[float, Callable[[Asked], tuple[NDArray[np.int64], NDArray[np.int64]]]]] = [
        (ENOUGH, lambda part: alike_in_commune(department, readings, part, evidence)),
        (ENOUGH_IN_COMMUNE, lambda part: alike_in_city(department, readings, part)),
    ]
    for enough, look in steps:
        poor = best[readings.query[asked.reading]] < enough
        if poor.any():
            part = Asked(asked.reading[poor], asked.city[poor])
            pairs.append(rated(part, look(part)))
            best = np.maximum(best, best_of(pairs[-1].query, pairs[-1].score, size))
    return _ranked(Pairs(*map(np.concatenate, zip(*pairs, strict=True))))


def _rated(search: Search, reading: NDArray[np.int64], street: NDArray[np.int64]) -> Pairs:
    department, readings, near = search.department, search.readings, search.near
    alike = likeness(
        [readings.streets[row] for row in reading.tolist()], [department.keys[row] for row in street.tolist()]
    )
    keep = alike >= LEAST_LIKENESS
    reading, street, alike = reading[keep], street[keep], alike[keep]
    query = readings.query[reading]
    agreement = search.evidence.agreement_of(readings.place[reading], department.commune[street].astype(np.int64))
    houses = find_houses(
        department, street, readings.numbers[reading], readings.repetitions[reading], complete=search.complete
    )
    score = alike * agreement * houses.factor
    score = np.where((alike < JOINED) & (agreement < NAME_CLOSE), score * TWO_FAULTS, score)
    if near is not None:
        metres = distance_m(near[query, 0], near[query, 1], houses.lon, houses.lat)
        score = np.where(np.isnan(metres), score, score * (1 - NEAR_SHARE * np.minimum(metres / 1000 / NEAR_KM, 1)))
    return Pairs(
        query, reading, street, alike, agreement, score, houses.precision, houses.row, houses.column,
        houses.lon, houses.lat,
        np.full(len(query), search.position),
    )  # fmt: skip


def _ranked(pairs: Pairs) -> Pairs:
    """Return the best pairs of each query, the best first, each street once."""
    order = np.lexsort((pairs.reading, pairs.street, pairs.department, pairs.query))
    pairs = pairs.take(order)
    order = np.lexsort((-pairs.score, pairs.street, pairs.department, pairs.query))
    pairs = pairs.take(order)
    new = np.ones(len(order), dtype=bool)
    new[1:] = (np.diff(pairs.query) != 0) | (np.diff(pairs.department) != 0) | (np.diff(pairs.street) != 0)
    pairs = pairs.take(new)
    pairs = pairs.take(np.lexsort((pairs.street, pairs.department, -pairs.score, pairs.query)))
    return pairs.take(rank_in(pairs.query) <= MOST_CANDIDATES)


def _matches(
    index: AddressIndex, queries: pd.DataFrame, readings: Readings, pairs: Pairs | None, known: NDArray[np.bool_]
) -> pd.DataFrame:
    size = len(queries)
    read = np.zeros(size, dtype=bool)
    read[readings.query] = True
    reason = np.where(read, np.where(known, "street_unknown", "city_unknown"), "no_address").astype(object)
    texts = {name: np.full(size, "", dtype=object) for name in ("precision", "label", "ban_id", "citycode")}
    score, margin = np.zeros(size), np.ones(size)
    lon, lat = np.full(size, np.nan), np.full(size, np.nan)
    if pairs is not None and len(pairs.query):
        rank = rank_in(pairs.query)
        top = np.flatnonzero(rank == 0)
        first = np.repeat(top, np.diff(np.append(top, len(rank))))
        apart = distance_m(pairs.lon, pairs.lat, pairs.lon[first], pairs.lat[first]) > APART_M
        best = pairs.take(top)
        runner = best_of(pairs.query[apart], pairs.score[apart], size)
        score[best.query], lon[best.query], lat[best.query] = best.score, best.lon, best.lat
        margin[best.query] = np.where(runner[best.query] > 0, best.score - runner[best.query], 1.0)
        described = _described(index, readings, best)
        for name, column in texts.items():
            column[best.query] = described[name]
        reason[best.query] = _reasons(index, readings, best)
    return pd.DataFrame(
        {"score": score, "margin": margin, **texts, "lon": lon, "lat": lat, "reason": reason}, index=queries.index
    )


def _reasons(index: AddressIndex, readings: Readings, best: Pairs) -> NDArray[np.object_]:
    """Return why a match is not a position, ``""`` where it is one."""
    short = np.zeros(len(best.query), dtype=bool)
    if index.complete:
        for position in np.unique(best.department):
            here = best.department == position
            short[here] = index.department(int(position)).streets["reach_m"].to_numpy()[best.street[here]] <= SHORT_M
    place = np.isin(best.precision, (STREET, LOCALITY))
    numbered = readings.numbers[best.reading, 0] >= 0
    least = SAME_STREET if index.complete else 0.98
    return np.select(
        [best.likeness < least, best.agreement < LEAST_AGREEMENT, place & numbered, place & ~short],
        ["street_unknown", "other_city", "number_unknown", "number_missing"],
        "",
    ).astype(object)


def _described(index: AddressIndex, readings: Readings, pairs: Pairs) -> dict[str, NDArray[np.object_]]:
    """Return precision, label, identifier and commune of pairs."""
    size = len(pairs.query)
    texts = {name: np.full(size, "", dtype=object) for name in ("label", "ban_id", "citycode")}
    for position in np.unique(pairs.department):
        department = index.department(int(position))
        here = np.flatnonzero(pairs.department == position)
        street, which = np.unique(pairs.street[here], return_inverse=True)
        titles = np.array(department.titles(street), dtype=object)[which]
        number, repetition = (
            column[pairs.reading[here], pairs.column[here]] for column in (readings.numbers, readings.repetitions)
        )
        housed = pairs.precision[here] <= INTERPOLATED
        exact = pairs.precision[here] == HOUSENUMBER
        rows = pairs.row[here[exact]]
        repetition[exact] = np.array(department.writings, dtype=object)[department.written[rows]]
        texts["label"][here] = [
            f"{n}{r} {title}" if house else title
            for n, r, title, house in zip(
                number.tolist(), repetition.tolist(), titles.tolist(), housed.tolist(), strict=True
            )
        ]
        texts["citycode"][here] = department.communes["citycode"].to_numpy(dtype=object)[
            department.commune[pairs.street[here]]
        ]
        texts["ban_id"][here[exact]] = department.ban_ids.take(rows).to_pylist()
    return {"precision": np.array(PRECISIONS, dtype=object)[pairs.precision], **texts}


def _candidate_frame(
    index: AddressIndex, queries: pd.DataFrame, readings: Readings, pairs: Pairs | None
) -> pd.DataFrame:
    columns = ["query", "rank", "label", "score", "precision", "ban_id", "citycode", "lon", "lat"]
    if pairs is None:
        return pd.DataFrame(columns=columns)
    kept = pairs.take(rank_in(pairs.query) < MOST_CANDIDATES)
    frame = pd.DataFrame(
        {"query": queries.index[kept.query], "rank": rank_in(kept.query) + 1, **_described(index, readings, kept)}
    )
    return frame.assign(score=kept.score, lon=kept.lon, lat=kept.lat)[columns]
