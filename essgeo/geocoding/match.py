"""The local engine: the best match of each address in an index, behind the contract of every engine."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from essgeo.geocoding.address import read_addresses
from essgeo.geocoding.ban import build_department, load_index
from essgeo.geocoding.communes import NAME_CLOSE, evidence_of
from essgeo.geocoding.engines import CANDIDATE_COLUMNS, MAX_CANDIDATES, QUERY_COLUMNS, default_cache
from essgeo.geocoding.houses import HOUSENUMBER, INTERPOLATED, INTERSECTION, NEAR, PRECISIONS, find_houses, with_corners
from essgeo.geocoding.index import AddressIndex, distance_m
from essgeo.geocoding.precision import near, radii
from essgeo.geocoding.search import (
    Asked,
    Pairs,
    alike_in_city,
    alike_in_commune,
    asked_cities,
    distinct_pairs,
    rank_in,
    same_streets,
)
from essgeo.geocoding.spelling import JOINED, likeness
from essgeo.geocoding.verdict import chances, evidence, reasons

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Self

    from numpy.typing import NDArray

    from essgeo.geocoding.address import Readings
    from essgeo.geocoding.communes import Evidence
    from essgeo.geocoding.index import Department


ENOUGH, ENOUGH_IN_COMMUNE = 0.945, 0.8
"""Scores from which no further streets are looked for: beyond the same name, beyond the commune."""

MIN_LIKENESS = 0.62

TWO_FAULTS = 0.95
"""Factor for a street that is only alike in a commune that agrees only in part."""

APART_M = 100.0
"""Two candidates are two places when they are farther apart."""


class Search(NamedTuple):
    """What every step of the search in a department needs."""

    department: Department
    position: int
    readings: Readings
    evidence: Evidence
    complete: bool


def match(index: AddressIndex, queries: pd.DataFrame) -> pd.DataFrame:
    """Return the best match of each address, and how sure it is.

    Parameters
    ----------
    index
        From :func:`essgeo.geocoding.ban.load_index`.
    queries
        Text columns ``address``, ``postcode``, ``city``, ``citycode`` (``""`` where missing); no label twice.

    Returns
    -------
    DataFrame
        The index of ``queries``: ``score`` (the probability that the position is right), ``margin`` (to the best
        candidate elsewhere), ``precision``, ``label``, ``ban_id``, ``citycode``, ``lon``, ``lat`` (degrees),
        ``radius_m``, ``reason``.
    """
    readings, pairs, known = _find(index, queries)
    size = len(queries)
    # Flags of each query: whether anything was read of it, and whether one of its readings names no commune. They give
    # the reason of a query without a candidate; where there is one, the best replaces it below.
    read, silent = np.zeros((2, size), dtype=bool)
    read[readings.query] = True
    away = "commune_not_covered" if index.complete else "city_unknown"
    unsaid = np.array([not any(place) for place in readings.places], dtype=bool)
    silent[readings.query[unsaid[readings.place]]] = not index.communes.alone
    reason = np.select([~read, silent, known], ["no_address", "no_city", "street_unknown"], away).astype(object)
    texts = {name: np.full(size, "", dtype=object) for name in ("precision", "label", "ban_id", "citycode")}
    score, margin = np.zeros(size), np.ones(size)
    lon, lat, radius = np.full((3, size), np.nan)
    if pairs is not None and len(pairs.query):
        # Pairs stand query by query, the best first; `first` is the best of the query of each. The chances of
        # candidates at one place add up, those of the others speak against it.
        rank = rank_in(pairs.query)
        first = np.arange(len(rank)) - rank
        apart = distance_m(pairs.lon, pairs.lat, pairs.lon[first], pairs.lat[first]) > APART_M
        best, others = pairs.take(rank == 0), pairs.take(apart)
        # One value a query with candidates, as those of `best`.
        chance = _totals(pairs.take(~apart), size)[best.query]
        elsewhere = _totals(others, size)[best.query]
        sure = near(index, best)
        score[best.query], lon[best.query], lat[best.query] = chance * sure, best.lon, best.lat
        margin[best.query] = (chance - _best_scores(others, size)[best.query]) * sure
        radius[best.query] = radii(index, best)
        for name, column in _described(index, readings, best).items():
            texts[name][best.query] = column
        reason[best.query] = reasons(index, readings, best, chance, elsewhere)
    numbers = {"score": score, "margin": margin, "lon": lon, "lat": lat, "radius_m": radius}
    return pd.DataFrame({**numbers, **texts, "reason": reason}, index=queries.index)


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
    kept = pairs.take(rank_in(pairs.query) < MAX_CANDIDATES)
    frame = pd.DataFrame(
        {"query": queries.index[kept.query], "rank": rank_in(kept.query) + 1, **_described(index, readings, kept)}
    )
    return frame.assign(score=kept.score, lon=kept.lon, lat=kept.lat)[list(CANDIDATE_COLUMNS)]


def _find(index: AddressIndex, queries: pd.DataFrame) -> tuple[Readings, Pairs | None, NDArray[np.bool_]]:
    """Return what was read of queries, what stands for each, and whether the index knows the commune of each."""
    # Communes are numbered through all departments; each is given its own part of what places say, numbered from 0.
    readings = read_addresses(queries, index.communes)
    said = evidence_of(index.communes, readings.places)
    blocks = []
    for position, (first, last) in enumerate(pairwise(index.bounds)):
        local = said.part(first, last)
        # Flags of the places that may lie in this department, then the readings that name one of these.
        concerned = local.anywhere.copy()
        concerned[local.place] = True
        rows = np.flatnonzero(concerned[readings.place])
        if len(rows):
            search = Search(index.department(position), position, readings, local, index.complete)
            blocks.append(_find_in(search, rows))
    found = _own_sides(index, _ranked(blocks)) if blocks else None
    pairs = _judged(index, readings, with_corners(index, readings, found)) if found else None
    # A query whose commune the index knows, or that names none, and yet has no street: the reason told differs.
    stated = said.anywhere.copy()
    stated[said.place[said.agreement > 0]] = True
    known = np.zeros(len(queries), dtype=bool)
    known[readings.query[stated[readings.place]]] = True
    return readings, pairs, known


def _find_in(search: Search, rows: NDArray[np.int64]) -> Pairs:
    """Return what stands for readings in a department: of the same name, and if that is poor, of names alike."""
    department, readings = search.department, search.readings
    asked = asked_cities(department, readings, rows, search.evidence)
    size = int(readings.query.max()) + 1
    found = [_rated(search, asked, same_streets(department, readings, asked))]
    # The dearer searches, first in the communes named and then in their whole cities, are for the readings of queries
    # whose best candidate so far, of any reading, is poor.
    for enough in (ENOUGH, ENOUGH_IN_COMMUNE):
        best = np.max([_best_scores(pairs, size) for pairs in found], axis=0)  # queries
        poor = best[readings.query[asked.reading]] < enough
        if poor.any():
            part = Asked(asked.reading[poor], asked.city[poor])
            alike = (
                alike_in_commune(department, readings, part, search.evidence)
                if enough == ENOUGH
                else alike_in_city(department, readings, part)
            )
            found.append(_rated(search, part, alike))
    return _ranked(found)


def _rated(search: Search, asked: Asked, found: tuple[NDArray[np.int64], NDArray[np.int64]]) -> Pairs:
    """Return pairs (position in ``asked``, street) with their scores and points, names too different left out."""
    department, readings = search.department, search.readings
    reading, street = asked.reading[found[0]], found[1]
    # Names are compared once for each pair of names, however many rows ask for it.
    one, other, pair = distinct_pairs(readings.street[reading], street)
    alike = likeness([readings.streets[row] for row in one.tolist()], [department.keys[row] for row in other.tolist()])
    alike = alike[pair]
    keep = alike >= MIN_LIKENESS
    reading, street, alike = reading[keep], street[keep], alike[keep]
    agreement = search.evidence.agreement_of(readings.place[reading], department.commune[street].astype(np.int64))
    houses = find_houses(
        department, street, readings.numbers[reading], readings.repetitions[reading], complete=search.complete
    )
    score = alike * agreement * houses.factor
    score = np.where((alike < JOINED) & (agreement < NAME_CLOSE), score * TWO_FAULTS, score)
    return Pairs(
        readings.query[reading], reading, np.full(len(reading), search.position), street, alike, agreement, score,
        houses.precision, houses.factor, houses.row, houses.column, houses.lon, houses.lat, houses.spread_m,
    )  # fmt: skip


def _ranked(parts: list[Pairs]) -> Pairs:
    """Return the best pairs of each query, the best first, each street once."""
    pairs = Pairs(*map(np.concatenate, zip(*parts, strict=True)))
    # lexsort sorts by its last key first: by query, then by falling score; the others break ties the same way each
    # time.
    order = np.lexsort((pairs.reading, pairs.street, pairs.department, -pairs.score, pairs.query))
    pairs = pairs.take(order)
    # A query with a street of a department is one integer, kept where it comes first.
    departments, streets = (int(column.max(initial=0)) + 1 for column in (pairs.department, pairs.street))
    packed = (pairs.query * departments + pairs.department) * streets + pairs.street
    pairs = pairs.take(np.sort(np.unique(packed, return_index=True)[1]))
    # One more than are shown, for a later step may leave one out.
    return pairs.take(rank_in(pairs.query) <= MAX_CANDIDATES)


def _own_sides(index: AddressIndex, pairs: Pairs) -> Pairs:
    """Leave out numbers put beside houses that are not next to them, where the street goes on with such in its city.

    One side of a street may be in one arrondissement, and the other in the next.
    """
    # Few candidates are put beside houses: a loop over them. `parts` are the streets where the same query has its
    # number or two neighbours of it, in the same city; one of the same words is the rest of this street.
    beside = (pairs.precision == INTERPOLATED) & (pairs.factor <= NEAR)
    keep = np.ones(len(beside), dtype=bool)
    for row in np.flatnonzero(beside).tolist():
        department = index.department(int(pairs.department[row]))
        others = (pairs.query == pairs.query[row]) & (pairs.precision <= INTERPOLATED) & ~beside
        street, parts = pairs.street[row], pairs.street[others & (pairs.department == pairs.department[row])]
        parts = parts[department.city[parts] == department.city[street]]
        keep[row] = all(department.keys[part].words != department.keys[street].words for part in parts.tolist())
    return pairs.take(keep)


def _judged(index: AddressIndex, readings: Readings, pairs: Pairs) -> Pairs:
    """Return the candidates of each query by their chance, which becomes their score; a corner stays the first."""
    chance = chances(evidence(index, readings, pairs), pairs.query)
    order = np.lexsort((-chance, pairs.precision != INTERSECTION, pairs.query))
    return pairs._replace(score=chance).take(order)


def _totals(pairs: Pairs, size: int) -> NDArray[np.float64]:
    """Return the sum of the scores of each query."""
    return np.asarray(np.bincount(pairs.query, pairs.score, size), dtype=np.float64)


def _best_scores(pairs: Pairs, size: int) -> NDArray[np.float64]:
    """Return the highest score of each query, 0 where it has none."""
    best = np.zeros(size)
    np.maximum.at(best, pairs.query, pairs.score)
    return best


def _described(index: AddressIndex, readings: Readings, pairs: Pairs) -> dict[str, NDArray[np.object_]]:
    """Return precision, label, identifier and commune of pairs."""
    label, ban_id, citycode = (np.full(len(pairs.query), "", dtype=object) for _ in range(3))
    for position in np.unique(pairs.department).tolist():
        department = index.department(position)
        here = np.flatnonzero(pairs.department == position)
        part = pairs.take(here)
        # The number asked, of a range or list the one that was found. A house that the index has is labelled with the
        # repetition of the file (`bis`), a number put between others with that of the query (`b`).
        number, repetition = (column[part.reading, part.column] for column in (readings.numbers, readings.repetitions))
        exact, housed = part.precision == HOUSENUMBER, part.precision <= INTERPOLATED
        rows = part.row[exact]
        repetition[exact] = np.array(department.writings, dtype=object)[department.written[rows]]
        title = department.titles[part.street]
        houses = zip(number[housed].tolist(), repetition[housed].tolist(), title[housed].tolist(), strict=True)
        title[housed] = [f"{number}{repetition} {street}" for number, repetition, street in houses]
        for row in np.flatnonzero(part.precision == INTERSECTION).tolist():
            title[row] = f"{department.streets['name'][int(part.street[row])]} / {department.titles[part.row[row]]}"
        label[here] = title
        citycode[here] = department.communes["citycode"].to_numpy(dtype=object)[department.commune[part.street]]
        if len(rows):
            ban_id[here[exact]] = department.ban_ids.take(pa.array(rows)).to_pylist()
    return {
        "precision": np.array(PRECISIONS, dtype=object)[pairs.precision],
        "label": label,
        "ban_id": ban_id,
        "citycode": citycode,
    }


_HOUSE = re.compile(
    r"^\s*(?P<numero>\d{1,5})\s*(?:(?P<rep>bis|ter|quater|[A-Za-z])\b)?(?:\s*[-/,]\s*\d+\w*)*[\s,]+(?P<nom_voie>\S.*)$"
)


@lru_cache(maxsize=4)
def _extract(texts: tuple[tuple[str, ...], ...], places: tuple[tuple[float, float], ...]) -> AddressIndex:
    """Return the index of a small table, built once: its addresses (:data:`QUERY_COLUMNS`), and the degrees of each."""
    if not texts:
        names = ["citycode", "old_name", "postcode", "name", "old_code", "department"]
        return AddressIndex(
            (), (), pd.DataFrame(columns=names, dtype=object).astype({"department": int}), complete=False
        )
    address, postcode, city, citycode = zip(*texts, strict=True)
    houses = [_HOUSE.match(text) for text in address]
    lon, lat = zip(*places, strict=True)
    none = [""] * len(texts)
    columns = {
        "id": [f"extract-{place}" for place in range(len(texts))],
        "numero": pa.array([int(house["numero"]) if house else None for house in houses], type=pa.int32()),
        "rep": [(house["rep"] or "").lower() if house else "" for house in houses],
        "nom_voie": [house["nom_voie"] if house else text for house, text in zip(houses, address, strict=True)],
        "code_postal": postcode,
        "code_insee": citycode,
        "nom_commune": city,
        "code_insee_ancienne_commune": none,
        "nom_ancienne_commune": none,
        "type_position": none,
        "lon": lon,
        "lat": lat,
    }
    department = build_department(pa.table(columns))
    return AddressIndex((), (department,), department.communes.assign(department=0), complete=False)


@dataclass(frozen=True)
class Local:
    """An index as an engine. It opens no connection.

    Parameters
    ----------
    index
        Of BAN files (:meth:`read`), or :meth:`of` a small table.
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
        texts = zip(*(addresses[name].tolist() for name in QUERY_COLUMNS), strict=True)
        places = zip(*(addresses[name].to_numpy(dtype=float).tolist() for name in ("lon", "lat")), strict=True)
        index = _extract(tuple(texts), tuple(places))
        content = pd.util.hash_pandas_object(addresses[[*QUERY_COLUMNS, "lon", "lat"]], index=False).to_numpy()
        return cls(index, hashlib.sha256(np.ascontiguousarray(content).tobytes()).hexdigest()[:16])

    @classmethod
    def read(cls, files: Sequence[Path | str], folder: Path | str | None = None) -> Self:
        """Return the engine of BAN files of departments, whose index is built once for each content of a file.

        Parameters
        ----------
        files
            Official files, ``adresses-93.csv.gz``.
        folder
            Where indexes are kept; in the user's cache folder unless given.

        Raises
        ------
        SourceChangedError, InputError
            A file is missing, damaged, or no file of BAN.
        """
        index = load_index(files, folder or default_cache().with_name("ban"))
        return cls(index, "+".join(folder.name for folder in index.folders))

    @property
    def name(self) -> str:
        """``ban``, or ``extract`` for a small table."""
        return "ban" if self.index.complete else "extract"

    def match(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return the best match of each query (:meth:`essgeo.geocoding.engines.Engine.match`)."""
        return match(self.index, queries)

    def candidates(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return up to three candidates of each query (:meth:`essgeo.geocoding.engines.Engine.candidates`)."""
        return candidates(self.index, queries)
