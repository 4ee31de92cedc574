"""The local engine: an index of addresses behind the contract of every engine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from essgeo.geocoding.address import read_addresses
from essgeo.geocoding.communes import NAME_CLOSE, Evidence, evidence_of
from essgeo.geocoding.department import Pairs, best_of, distance_m, distinct_pairs, rank_in
from essgeo.geocoding.engines import CANDIDATE_COLUMNS, MOST_CANDIDATES
from essgeo.geocoding.index import AddressIndex, build_department
from essgeo.geocoding.search import Asked, alike_in_city, alike_in_commune, asked_cities, find_houses, same_streets
from essgeo.geocoding.spelling import JOINED, likeness
from essgeo.geocoding.verdict import described, reasons

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from numpy.typing import NDArray

    from essgeo.geocoding.address import Readings
    from essgeo.geocoding.department import Department


ENOUGH, ENOUGH_IN_COMMUNE = 0.945, 0.8
"""Scores from which no further streets are looked for: beyond the same name, beyond the commune."""

LEAST_LIKENESS = 0.62

TWO_FAULTS = 0.95
"""Factor for a street that is only alike in a commune that agrees only in part."""

APART_M = 100.0
"""Two candidates are two places when they are farther apart."""

NEAR_KM, NEAR_SHARE = 10.0, 0.2


class Search(NamedTuple):
    """What every step of the search in a department needs."""

    department: Department
    position: int
    readings: Readings
    evidence: Evidence
    near: NDArray[np.float64] | None
    complete: bool


class Found(NamedTuple):
    """What was read of queries, what stands for each, and whether the index knows the commune of each."""

    readings: Readings
    pairs: Pairs | None
    known: NDArray[np.bool_]


def match(index: AddressIndex, queries: pd.DataFrame) -> pd.DataFrame:
    """Return the best match of each address.

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
    DataFrame
        The index of ``queries``: ``score``, ``margin`` (to the best candidate elsewhere, 1 if none), ``precision``,
        ``label``, ``ban_id``, ``citycode``, ``lon``, ``lat`` (degrees), ``reason``.
    """
    return _matches(index, queries, _find(index, queries))


def candidates(index: AddressIndex, queries: pd.DataFrame) -> pd.DataFrame:
    """Return up to three candidates of each address.

    Parameters
    ----------
    index, queries
        As for :func:`match`.

    Returns
    -------
    DataFrame
        RangeIndex; ``query`` (index of the query), ``rank`` (from 1), ``label``, ``score``, ``precision``, ``ban_id``,
        ``citycode``, ``lon``, ``lat``.
    """
    readings, pairs, _ = _find(index, queries)
    if pairs is None:
        return pd.DataFrame(columns=list(CANDIDATE_COLUMNS))
    kept = pairs.take(rank_in(pairs.query) < MOST_CANDIDATES)
    frame = pd.DataFrame(
        {"query": queries.index[kept.query], "rank": rank_in(kept.query) + 1, **described(index, readings, kept)}
    )
    return frame.assign(score=kept.score, lon=kept.lon, lat=kept.lat)[list(CANDIDATE_COLUMNS)]


def _find(index: AddressIndex, queries: pd.DataFrame) -> Found:
    readings = read_addresses(queries, index.communes)
    evidence = evidence_of(index.communes, readings.places)
    near = _near(queries)
    blocks = []
    for position, (first, last) in enumerate(pairwise(index.bounds)):
        local = evidence.within(first, last)
        concerned = local.anywhere.copy()
        concerned[local.place] = True
        rows = np.flatnonzero(concerned[readings.place])
        if len(rows):
            search = Search(index.department(position), position, readings, local, near, index.complete)
            blocks.append(_candidates(search, rows))
    pairs = _ranked(Pairs(*map(np.concatenate, zip(*blocks, strict=True)))) if blocks else None
    said = evidence.anywhere.copy()
    said[evidence.place[evidence.agreement > 0]] = True
    known = np.zeros(len(queries), dtype=bool)
    known[readings.query[said[readings.place]]] = True
    return Found(readings, pairs, known)


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
    asked, known, pair = distinct_pairs(readings.street[reading], street)
    alike = likeness(
        [readings.streets[row] for row in asked.tolist()], [department.keys[row] for row in known.tolist()]
    )[pair]
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
    order = np.lexsort((pairs.reading, pairs.street, pairs.department, -pairs.score, pairs.query))
    query, department, street = pairs.query[order], pairs.department[order], pairs.street[order]
    place = (query * (int(department.max(initial=0)) + 1) + department) * (int(street.max(initial=0)) + 1) + street
    order = order[np.sort(np.unique(place, return_index=True)[1])]
    return pairs.take(order[rank_in(pairs.query[order]) <= MOST_CANDIDATES])


def _matches(index: AddressIndex, queries: pd.DataFrame, found: Found) -> pd.DataFrame:
    readings, pairs, known = found
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
        for name, column in described(index, readings, best).items():
            texts[name][best.query] = column
        reason[best.query] = reasons(index, readings, best)
    return pd.DataFrame(
        {"score": score, "margin": margin, **texts, "lon": lon, "lat": lat, "reason": reason}, index=queries.index
    )


_HOUSE = (
    r"^\s*(?P<numero>\d{1,5})\s*(?:(?P<rep>bis|ter|quater|[A-Za-z])\b)?(?:\s*[-/,]\s*\d+\w*)*[\s,]+(?P<nom_voie>\S.*)$"
)


@dataclass(frozen=True)
class Local:
    """An index as an engine. It opens no connection.

    Parameters
    ----------
    index
        From :func:`essgeo.geocoding.index.load_index`, or :meth:`of` a small table.
    version
        Identifies the content of the index.
    """

    index: AddressIndex
    version: str

    @classmethod
    def of(cls, addresses: pd.DataFrame) -> Self:
        """Return the engine of a small table of known addresses, which lacks most house numbers of its streets.

        Parameters
        ----------
        addresses
            ``address``, ``postcode``, ``city``, ``citycode``, ``lon``, ``lat`` (degrees).

        Examples
        --------
        >>> known = pd.DataFrame({"address": ["18 rue Saint-Antoine"], "postcode": ["93100"], "city": ["Montreuil"],
        ...                       "citycode": ["93048"], "lon": [2.45], "lat": [48.86]})
        >>> wanted = {"address": ["18, r. de Saint Antoine"], "postcode": "", "city": "Montreuil", "citycode": ""}
        >>> Local.of(known).match(pd.DataFrame(wanted))["precision"].tolist()
        ['housenumber']
        """
        parts = addresses["address"].str.extract(_HOUSE)
        named = parts["nom_voie"].where(parts["nom_voie"].notna(), addresses["address"])
        columns = {
            "id": [f"extract-{place}" for place in range(len(addresses))],
            "numero": pa.array(pd.to_numeric(parts["numero"]), type=pa.int32(), from_pandas=True),
            "rep": parts["rep"].fillna("").str.lower().tolist(),
            "nom_voie": named.tolist(),
            "code_postal": addresses["postcode"].tolist(),
            "code_insee": addresses["citycode"].tolist(),
            "nom_commune": addresses["city"].tolist(),
            "nom_ancienne_commune": [""] * len(addresses),
            "type_position": [""] * len(addresses),
            "lon": addresses["lon"].to_numpy(dtype=float),
            "lat": addresses["lat"].to_numpy(dtype=float),
        }
        department = build_department(pa.table(columns))
        content = pd.util.hash_pandas_object(addresses[["address", "city", "lon", "lat"]], index=False).to_numpy()
        index = AddressIndex((), (department,), department.communes.assign(department=0), complete=False)
        return cls(index, hashlib.sha256(np.ascontiguousarray(content).tobytes()).hexdigest()[:16])

    @classmethod
    def on_disk(cls, index: AddressIndex) -> Self:
        """Return the engine of an index on disk, whose folders are named by their content."""
        return cls(index, "+".join(folder.name for folder in index.folders))

    @property
    def name(self) -> str:
        """``ban``, or ``extract`` for a small table."""
        return "ban" if self.index.complete else "extract"

    def match(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return the best match of each query (:meth:`essgeo.geocoding.engines.Engine.match`).

        Between the few numbers that a small table knows of a street nothing is interpolated: the street is all that
        is known.
        """
        matches = match(self.index, queries)
        guessed = (matches["precision"] == "interpolated") & (not self.index.complete)
        return matches.assign(
            precision=matches["precision"].mask(guessed, "street"),
            reason=matches["reason"].mask(guessed, "number_unknown"),
        )

    def candidates(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return up to three candidates of each query (:meth:`essgeo.geocoding.engines.Engine.candidates`)."""
        return candidates(self.index, queries)
