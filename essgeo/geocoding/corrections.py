"""Addresses to review, and the corrections that come back from a review."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.errors import InputWarning, SchemaError
from essgeo.files.tables import read_table
from essgeo.geocoding.communes import city_key
from essgeo.geocoding.engines import MAX_CANDIDATES, QUERY_COLUMNS, queries_of
from essgeo.geocoding.spelling import fold, street_key
from essgeo.messages import tell
from essgeo.schema.columns import TABLES, in_names
from essgeo.schema.validate import raise_faults, row_label, validate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from essgeo.geocoding.engines import Engine
    from essgeo.schema.validate import Fault


SETTLED = ("located", "corrected", "masked", "outside")
"""Statuses that are not to review; nobody may settle where a masked row is."""

NOT_COVERED = "commune_not_covered"
"""A reason that a file of addresses settles, not a human."""

_HEADS = ("candidate", *(f"candidate_{rank}" for rank in range(2, MAX_CANDIDATES + 1)))

_SHOWN = {"label": "label", "score": "score", "precision": "precision", "lon": "longitude", "lat": "latitude"}
"""What a sheet shows of a candidate: columns of an engine, and what stands behind the name of the candidate."""


def review(geocoded: pd.DataFrame, engines: Sequence[Engine] = ()) -> pd.DataFrame:
    """Return a sheet to fill in: one row for each structure or address that a human should settle, with candidates.

    Write the number of a candidate in ``choice``, or degrees in ``lon`` and ``lat``: the file is then a corrections
    file (:func:`read_corrections`). Masked rows are not in it: nobody may settle where they are. Nor are those that
    merely lie outside, and those of communes that the address files given do not cover.

    Parameters
    ----------
    geocoded
        From :func:`essgeo.geocode`, or ``study.structures``.
    engines
        Who is asked for candidates: the three best of all are shown. Without any, the best match is the only candidate.

    Returns
    -------
    DataFrame
        RangeIndex; ``structure_id`` (``""`` unless the index is named so: rows are then of an address), ``name`` where
        all that stand there have the same, ``address``, ``postcode``, ``city``, ``citycode``, ``geo_status``,
        ``reason``, ``rows`` (of the list with that address), ``choice``, ``lon``, ``lat`` (empty), then
        ``candidate_label``, ``candidate_score`` (0 to 1), ``candidate_precision``, ``candidate_longitude``,
        ``candidate_latitude`` (degrees) and the same of ``candidate_2`` and ``candidate_3``.

    Examples
    --------
    >>> from essgeo import geocode
    >>> table = pd.DataFrame({"address": ["1 rue A", "1 rue A"], "city": ["Bondy"] * 2})
    >>> review(geocode(table))[["address", "rows", "choice"]].values.tolist()
    [['1 rue A', 2, '']]
    """
    named = geocoded.index.name == "structure_id"
    queries = queries_of(geocoded)
    open_rows = ~geocoded["geo_status"].isin(SETTLED) & (geocoded["geo_reason"] != NOT_COVERED)
    to_review = open_rows & ((queries["address"] != "") | named)
    best, asked = geocoded[to_review], queries[to_review]
    names = best["name"].astype(object).fillna("").tolist() if "name" in best else [""] * len(best)
    labels = best.index.astype(str).tolist() if named else [""] * len(best)
    # The rows of each place, in order. Without identifiers a row is of a place: it has a name where all that stand
    # there have the same.
    there: dict[tuple[str, ...], list[int]] = {}
    for row, place in enumerate(zip(labels, *(asked[name] for name in QUERY_COLUMNS), strict=True)):
        there.setdefault(place, []).append(row)
    called = [names[rows[0]] if len({names[row] for row in rows}) == 1 else "" for rows in there.values()]
    best = best.iloc[[rows[0] for rows in there.values()]].reset_index(drop=True)
    sheet = pd.DataFrame(list(there), columns=["structure_id", *QUERY_COLUMNS], dtype=object).assign(
        structure_id=lambda sheet: sheet["structure_id"].astype("str"),
        name=pd.Series(called, dtype=object),
        geo_status=best["geo_status"],
        reason=best["geo_reason"],
        rows=np.array([len(rows) for rows in there.values()], dtype=np.int64),
        choice="",
        lon=float("nan"),
        lat=float("nan"),
    )
    if engines:
        of_each = [engine.candidates(sheet[list(QUERY_COLUMNS)]) for engine in engines]
        # pandas 2 warns of an empty table: its columns have no type of their own.
        found = pd.concat([table for table in of_each if len(table)] or of_each[:1], ignore_index=True)
        found = found.sort_values(["query", "score"], ascending=[True, False], kind="stable")
        # Engines may name the same address; two former communes may share a label, hence the identifier.
        found = found.drop_duplicates(["query", "label", "ban_id"])
        found = found.assign(rank=found.groupby("query").cumcount() + 1)
    else:
        shown = {"geo_label": "label", "geo_score": "score", "geo_precision": "precision"}
        found = best.rename(columns=shown | {"candidate_longitude": "lon", "candidate_latitude": "lat"})
        found = found.assign(query=found.index, rank=1)[found["lon"].notna()]
    for rank, head in enumerate(_HEADS, start=1):
        one = found[found["rank"] == rank].set_index("query")[list(_SHOWN)].rename(columns=_SHOWN)
        sheet = sheet.join(one.add_prefix(f"{head}_"))
    return sheet[[column.name for column in TABLES["review"].columns]]


_KEYS = ("structure_id", *QUERY_COLUMNS)


def read_corrections(path: Path | str) -> pd.DataFrame:
    r"""Return the corrections that a file holds.

    Parameters
    ----------
    path
        A table with ``structure_id``, or ``address`` and ``city`` (or ``citycode`` or ``postcode``), and either
        ``lon`` and ``lat`` (degrees) or ``choice``: the number of a candidate, in a file made from
        :func:`essgeo.geocoding.corrections.review`. In such a file rows where nothing is filled in are left out.
        Other columns, such as ``note``, are free.

    Returns
    -------
    DataFrame
        ``structure_id``, ``address``, ``postcode``, ``city``, ``citycode`` (text, ``""`` where not given), ``lon``,
        ``lat`` (degrees), ``precision`` (``housenumber``, or that of the candidate chosen), and ``name`` where the file
        has it: it must then be that of the structure.

    Raises
    ------
    SchemaError
        A column is missing, or a row lacks its key, a coordinate, or the candidate it names.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "corrections.csv"
    ...     _ = path.write_text("structure_id,lon,lat\nsimplon,2.43,48.85\n")
    ...     read_corrections(path)[["structure_id", "lon"]].values.tolist()
    [['simplon', 2.43]]
    """
    path = Path(path)
    table = read_table(path)
    table = table.rename(columns=in_names(list(table.columns)))
    reviewed = "choice" in table
    if not ({"lon", "lat"} <= set(table.columns) or reviewed) or not {"structure_id", "address"} & set(table.columns):
        raise SchemaError(tell("corrections_columns", name=path.name, columns=", ".join(table.columns)))
    table = table.assign(**{name: table.get(name, "") for name in (*_KEYS, "choice", "lon", "lat")})
    table = table[(table[["choice", "lon", "lat"]] != "").any(axis=1)].assign(precision="housenumber")
    # A candidate that is chosen gives its point and precision, where no degrees are typed.
    free = (table["lon"] == "") & (table["lat"] == "")
    for number, head in enumerate(_HEADS, start=1):
        chosen = free & (table["choice"] == str(number))
        for name in ("lon", "lat", "precision"):
            column = f"{head}_{_SHOWN[name]}"
            if column in table:
                table[name] = table[name].mask(chosen, table[column])
    checked = validate(table.assign(correction_id=table.index.astype(str)), "corrections", source=path.name)
    raise_faults(path.name, list(_key_faults(checked)))
    kept = [*_KEYS, "lon", "lat", "precision"] if reviewed else ["structure_id", "address", "city", "lon", "lat"]
    return checked.reset_index()[[*kept, *(["name"] if "name" in checked else [])]]


def _key_faults(corrections: pd.DataFrame) -> Iterator[Fault]:
    """Yield the rows that name no structure and no whole address, and those that settle again what another settles."""
    first: dict[object, str] = {}
    for row, name, place in zip(corrections.index, corrections["structure_id"], _places(corrections), strict=True):
        key = name or place
        if not name and not (place[1] and place[2]):
            yield (row_label(row), "structure_id", tell("is_no_key"))
        elif key in first:
            yield row_label(row), "structure_id, address", tell("is_settled", row=first[key])
        else:
            first[key] = row


def corrected_points(structure_ids: pd.Index, queries: pd.DataFrame, corrections: pd.DataFrame) -> pd.DataFrame:
    """Return ``lon``, ``lat`` and ``precision`` of the rows of ``queries`` that have a correction (:func:`settle`).

    >>> queries = pd.DataFrame({"address": "3 bd Chanzy", "postcode": "", "city": "Montreuil", "citycode": ""}, ["a"])
    >>> corrections = pd.DataFrame({"structure_id": [""], "address": ["3 Boulevard de Chanzy"], "city": ["Montreuil"],
    ...                             "lon": [2.43], "lat": [48.85], "precision": ["housenumber"]})
    >>> corrected_points(queries.index, queries, corrections)["lon"].to_dict()
    {'a': 2.43}
    """
    values = corrections[["lon", "lat"]].assign(precision=corrections.get("precision", "housenumber"))
    rows = settle(structure_ids, queries, corrections)
    found = rows >= 0
    return values.iloc[rows[found]].set_axis(queries.index[found])


def settle(structure_ids: pd.Index, queries: pd.DataFrame, corrections: pd.DataFrame) -> NDArray[np.int64]:
    """Return which correction, by position, each row of ``queries`` has; -1 for none.

    A correction of a structure (``structure_ids``, as text, row for row) comes before one of its address; of two of one
    place the last counts. Where both sides have a ``name``, it must be the same: an identifier that has passed to
    another structure takes no position with it. An identifier that is not in the list, or is another's now, leaves the
    name and address to tell.
    """
    named = (corrections["structure_id"] != "").to_numpy()
    by_id = dict(zip(corrections["structure_id"][named], np.flatnonzero(named), strict=True))
    places = _places(corrections)
    # Of one place those without an identifier come last: they are of every structure there.
    whole = [row for row in [*np.flatnonzero(named), *np.flatnonzero(~named)] if places[row][1] and places[row][2]]
    # Later rows replace earlier ones, so that a correction without an identifier wins its place.
    by_place = {places[row]: row for row in whole}
    settled, asked = (list(_names(table)) for table in (corrections, queries))

    def same(row: int, correction: int) -> bool:
        return not settled[correction] or not asked[row] or settled[correction] == asked[row]

    found = np.full(len(queries), -1, dtype=np.int64)
    rest = []
    for row, name in enumerate(structure_ids):
        correction = by_id.get(str(name), -1)
        if correction >= 0 and same(row, correction):
            found[row] = correction
        else:
            rest.append(row)
    if by_place:
        known = set(map(str, structure_ids))
        for row, place in zip(rest, _places(queries.iloc[rest]), strict=True):
            correction = by_place.get(place, -1)
            if correction < 0 or not queries["address"].iloc[row] or not same(row, correction):
                continue
            # A correction that names a structure of this very list is of that one, whoever shares its address.
            alike = settled[correction] and asked[row]
            if alike or not named[correction] or corrections["structure_id"].iloc[correction] not in known:
                found[row] = correction
    return found


def unmatched(structures: pd.DataFrame, corrections: pd.DataFrame) -> list[str]:
    """Return the corrections that are of no structure, by identifier or address; masked rows have none.

    >>> from essgeo import geocode
    >>> corrections = pd.DataFrame({"structure_id": ["a", "gone"], "lon": 2.4, "lat": 48.9, "address": "", "city": ""})
    >>> unmatched(geocode(pd.DataFrame({"address": ""}, index=["a"])), corrections)
    ['gone']
    """
    open_rows = structures[structures["geo_status"] != "masked"]
    used = set(settle(open_rows.index, with_names(open_rows), corrections).tolist())
    told = corrections.reindex(columns=["structure_id", "address", "city"]).fillna("")
    return [
        name or f"{address}, {city}"
        for position, (name, address, city) in enumerate(told.itertuples(index=False))
        if position not in used
    ]


MAX_NAMED = 10


def warn_unmatched(structures: pd.DataFrame, corrections: pd.DataFrame | None) -> None:
    """Warn of the corrections that are of no structure: a position settled by hand must not vanish in silence."""
    lost = unmatched(structures, corrections) if corrections is not None else []
    if lost and corrections is not None:
        more = tell("and_more", count=len(lost) - MAX_NAMED) if len(lost) > MAX_NAMED else ""
        named = "; ".join(lost[:MAX_NAMED]) + more
        message = tell("unmatched", applied=len(corrections) - len(lost), count=len(corrections), named=named)
        warnings.warn(message, InputWarning, stacklevel=3)


def with_names(table: pd.DataFrame) -> pd.DataFrame:
    """Return the queries of a table, with the name of each row where it has one."""
    queries = queries_of(table)
    return queries.assign(name=table["name"].astype(object).fillna("")) if "name" in table else queries


def _names(table: pd.DataFrame) -> Iterator[str]:
    """Yield the name of each row as it is compared, ``""`` where there is none."""
    return map(fold, table["name"].astype(str)) if "name" in table else iter([""] * len(table))


def _places(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return the key of the place of each row: its address, with its city, else citycode, else postcode."""
    filled = table.reindex(columns=list(QUERY_COLUMNS), fill_value="")
    towns = filled["city"]
    for name in ("citycode", "postcode"):
        towns = towns.where(towns != "", filled[name])
    pairs = list(zip(filled["address"], towns, strict=True))
    keys = {pair: place_key(*pair) for pair in set(pairs)}
    return [keys[pair] for pair in pairs]


_NUMBERS = re.compile(r"((?:\d+ ?(?:bis\b|ter\b|quater\b|[a-z](?= ))?[ ,;/&+-]*)*)(.*)")


def place_key(address: str, city: str) -> tuple[str, str, str]:
    """Return the key under which two writings of one address are the same: house numbers, street, commune.

    >>> place_key("3, bd Chanzy", "Montreuil") == place_key("3 Boulevard de Chanzy", "MONTREUIL")
    True
    """
    match = _NUMBERS.match(fold(address).strip())
    numbers, street = (" ".join(re.findall(r"[a-z0-9]+", part)) for part in (match.groups() if match else ("", "")))
    return numbers.replace(" ", "-"), street_key(street).words, city_key(city)
