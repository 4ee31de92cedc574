"""Addresses of a table found by its corrections, its own coordinates, and engines asked in turn."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from essgeo.crs import GEOGRAPHIC, require_crs
from essgeo.errors import InputWarning
from essgeo.files.addresses import is_result, points_of, require_address, reread
from essgeo.files.entries import NO_PLACE, take, take_positions, with_faults, without_persons
from essgeo.files.recognise import parse_columns, recognise
from essgeo.files.redact import redact, restricted_rows
from essgeo.geocoding.communes import city_key
from essgeo.geocoding.corrections import corrected_points, with_names
from essgeo.geocoding.engines import MATCH_COLUMNS, distinct, no_matches, queries_of
from essgeo.geocoding.match import Local
from essgeo.geocoding.places import Places
from essgeo.geocoding.precision import RADIUS_M
from essgeo.geocoding.spelling import fold_all
from essgeo.geocoding.verdict import statuses
from essgeo.messages import plural, tell
from essgeo.schema.cells import FRANCE_LAT, FRANCE_LON
from essgeo.schema.codes import department_of
from essgeo.schema.columns import ADDED, LAYERS
from essgeo.schema.validate import warn_faults

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from essgeo.geocoding.engines import Cache, Engine


SURE = ("housenumber", "interpolated", "intersection", "place")
"""Precisions that make given coordinates a position."""

SIRENE = "sirene"
"""``coord_source`` of a position that INSEE gives, and then the ``geo_engine``."""

TABLE = "table"
"""What a table of a notebook is called in messages."""

BATCH_ROWS = 20_000
"""Queries that an engine is given at once, unless it says otherwise (``batch_rows``)."""

_RANK = {"located": 0, "ambiguous": 1, "imprecise": 2, "not_found": 3}

_MATCHED = ("status", "precision", "score", "margin", "radius_m", "label", "ban_id", "citycode", "engine", "reason")
"""Columns of a match that become results with ``geo_`` before their name."""

_RESULTS = (*ADDED, "candidate_longitude", "candidate_latitude")

_KEPT = tuple(f"geo_{name}" for name in _MATCHED)

_NUMBERS = ("geo_score", "geo_margin", "geo_radius_m", *_RESULTS[-4:])

Found: TypeAlias = dict[str, "NDArray[Any]"]
"""Results by their column, an array with an element a row: texts as objects, ``""`` and NaN where there is none."""


def geocode(
    table: pd.DataFrame,
    *,
    using: pd.DataFrame | Path | str | Engine | Sequence[Path | str | Engine] | None = None,
    columns: Mapping[str, str | Sequence[str]] | str | Iterable[str] | None = None,
    corrections: pd.DataFrame | None = None,
    crs: str = "EPSG:2154",
    city_default: str = "",
    progress: bool = False,
    cache: Cache | None = None,
) -> gpd.GeoDataFrame:
    """Return the structures with a position, or with the reason why they have none.

    Each distinct address is asked once. A correction wins over coordinates that the table has, these over the cache,
    and the cache over the engines. What an engine has not located, nor found ambiguous, goes to the next one; what none
    has, and is the name of a structure of the table that has a position, is there.

    Parameters
    ----------
    table
        Structures; columns are recognised as those of a file are (:func:`essgeo.read_structures`), several may make an
        address: ``address`` and, where known, ``postcode``, ``city``, ``citycode``, ``lon``, ``lat`` (degrees;
        exchanged ones are put in order, and Lambert-93 is read, with a warning),
        ``coord_precision``, ``coord_radius_m`` (metres, in place of the radius of that precision) and ``coord_source``
        (``sirene`` for the positions of :mod:`essgeo.official.sirene`). Rows of an earlier result keep what it found,
        and why it found nothing: they are asked again only where nobody was asked, or where ``geo_status`` is emptied.
        The points of a GeoDataFrame are kept, as coordinates that it has.
    using
        Engines in order (an index of BAN, a service, :class:`essgeo.geocoding.places.Places`, the path of a BAN file),
        or a small table of known addresses (the ``addresses`` layer).
        Without a service no connection is opened.
    columns
        Which column holds what, where it is not recognised: ``{"address": ["N°", "Voie"]}`` or ``"address=N°+Voie"``.
    corrections
        From :func:`essgeo.geocoding.read_corrections`.
    crs
        Metric CRS of the result.
    city_default
        Commune of the addresses that name none.
    progress
        Show the pace and the time that remains, where standard error is a terminal.
    cache
        Where answers are looked up and kept. Masked rows never come near it.

    Returns
    -------
    GeoDataFrame
        The same index and columns, those recognised under their English names, without ``lon`` and ``lat`` and without
        columns about persons, points in ``crs`` (none where not located) and:

        - ``geo_status``: ``located``, ``corrected``, ``ambiguous``, ``imprecise``, ``not_found`` or ``masked``;
        - ``geo_precision``: ``housenumber``, ``interpolated``, ``intersection``, ``street``, ``locality``, ``place``,
          ``municipality`` or ``""``;
        - ``geo_score`` and ``geo_margin``: 0 to 1, of the match or best candidate, NaN for given coordinates;
        - ``geo_radius_m``: metres meant to hold 90 % of true positions, and both ends of a range of numbers, NaN where
          not located;
        - ``geo_label``, ``geo_ban_id``, ``geo_citycode``, ``geo_engine``, ``geo_reason``: address found or best
          candidate, its identifier in BAN and commune, who found it, why it is not located;
        - ``longitude``, ``latitude``, ``candidate_longitude``, ``candidate_latitude``: degrees.

        Rows that the law restricts (:func:`essgeo.files.redact.restricted_rows`) are emptied.

    Raises
    ------
    GeocoderError, RateLimitedError
        A service refuses, or does not answer; what it answered before is in the cache.
    InputError
        No column holds an address or a position, or one that is named is not there; the cache cannot be used.

    Examples
    --------
    >>> table = pd.DataFrame({"address": ["1 rue A", ""], "city": "Bondy", "lon": [2.48, None], "lat": [48.9, None],
    ...                       "coord_precision": ["housenumber", ""]}, index=["a", "b"])
    >>> geocode(table)["geo_status"].to_dict()
    {'a': 'located', 'b': 'not_found'}
    """
    table = _plain(reread(table), columns, settled=corrections is not None)
    # From here to the end rows are known by their place: the index of the user may repeat labels. `queries` shrinks as
    # rows are settled: masked, corrected, given a point, found by an earlier run; the rest is searched.
    rows = table.reset_index(drop=True)
    masked = restricted_rows(rows)
    queries = with_names(rows)[~masked]
    if city_default:
        nowhere = (queries[["postcode", "city", "citycode"]] == "").all(axis=1)
        queries["city"] = queries["city"].mask(nowhere, city_default)
    found = _nothing(_RESULTS, len(rows))
    found["geo_status"][masked] = found["geo_reason"][masked] = "masked"
    if corrections is not None:
        points = corrected_points(table.index[~masked], queries, corrections)
        _place(found, points.assign(engine="correction"), "corrected")
        queries = queries.drop(points.index)
    known = _known_points(rows, queries.index)
    _place(found, known, "located")
    vague = known.index[[precision not in SURE for precision in known["precision"]]]
    found["geo_status"][vague], found["geo_reason"][vague] = "imprecise", "vague_coordinates"
    before = _earlier(rows, queries.index)
    for name, column in before.items():
        found[str(name)][before.index] = column.to_numpy()
    queries = queries.drop(known.index.union(before.index))
    _search(found, queries, _engines(using), cache, progress=progress)
    wrong = np.isinf(_degrees(rows)).any(axis=1)
    if "coord_precision" in rows:
        wrong |= (rows["coord_precision"] == NO_PLACE).to_numpy(dtype=bool)
    found["geo_reason"][wrong & (found["geo_reason"] == "no_address")] = "bad_coordinates"
    _search_names(found, rows, queries)
    usual = np.array([RADIUS_M.get(precision, np.nan) for precision in found["geo_precision"]], dtype=float)
    radius = np.where(np.isnan(found["geo_radius_m"]), usual, found["geo_radius_m"])
    radius[np.isnan(found["longitude"])] = np.nan
    radius[known.index] = np.where(known["radius_m"].isna(), radius[known.index], known["radius_m"])
    found["geo_radius_m"] = radius
    texts = {name: pd.array(found[name], dtype="str") for name in found if name not in _NUMBERS}
    results = pd.DataFrame(found | texts)
    kept = redact(rows.drop(columns=["lon", "lat", *_RESULTS], errors="ignore"), masked)
    frame = gpd.GeoDataFrame(pd.concat([kept, results], axis=1), geometry=points_of(results).to_crs(crs))
    return frame.set_axis(table.index)


def _nothing(names: Iterable[str], size: int) -> Found:
    """Return results of rows of which nothing is known."""
    return {name: np.full(size, np.nan) if name in _NUMBERS else np.full(size, "", dtype=object) for name in names}


def _degrees(table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the coordinates that a table has, of shape (rows, 2), NaN where there are none."""
    return table.reindex(columns=["lon", "lat"]).to_numpy(dtype=float, na_value=np.nan)


_STREET = ("address", "postcode", "city", "citycode")
"""Fields that columns of other cells may make."""

_POSITION = ("lon", "lat", "point")

_NO_NAME = re.compile(r"\s*\d|\s*$")
"""How an address begins that is no name of a place."""


def _plain(
    table: pd.DataFrame, columns: Mapping[str, str | Sequence[str]] | str | Iterable[str] | None, *, settled: bool
) -> pd.DataFrame:
    """Return a table of structures under English names, the points of its geometry as ``lon`` and ``lat``.

    ``settled``: corrections may place rows that have neither an address nor a position.
    """
    layer = isinstance(table, gpd.GeoDataFrame) and table.active_geometry_name is not None
    own = pd.DataFrame(table.drop(columns=table.geometry.name)) if layer else pd.DataFrame(table)
    reading = recognise(own, source=TABLE, named=parse_columns(columns))
    if not layer and not settled:
        require_address(own, reading, source=TABLE)
    if any((name,) != made for name, made in reading.fields.items()):
        reading.tell(TABLE)
    # A precision of another maker may be a score: ours is known by its own name alone.
    fields = {field.name for field in LAYERS["structures"].fields} - {*own, "coord_precision"}
    alone = {made[0]: name for name, made in reading.fields.items() if len(made) == 1 and name in fields}
    taken = take(own, reading)
    named = without_persons(own, reading).rename(columns=alone)
    made = {name: taken[name] for name in _STREET if name in taken and (name not in own or name in reading.fields)}
    named = named.assign(**made)
    if not {*reading.fields}.isdisjoint(_POSITION):
        positions, faults = take_positions(taken, own.index)
        hidden = {*own.index[restricted_rows(named)]}
        warn_faults(TABLE, [fault for fault in faults if fault[0] not in hidden])
        positions = with_faults(positions, faults, own.index)
        named = named.assign(lon=positions["lon"], lat=positions["lat"])
    if not layer:
        return named
    require_crs(table, TABLE)
    points = table.geometry.to_crs(GEOGRAPHIC).representative_point()
    given = named.reindex(columns=["lon", "lat"])
    return _with_places(named.assign(lon=points.x.fillna(given["lon"]), lat=points.y.fillna(given["lat"])))


def _with_places(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose points are places: what is exchanged or metric is read so, what is none is infinite."""
    lon, lat = (table[name].to_numpy(dtype=float, na_value=np.nan, copy=True) for name in ("lon", "lat"))
    given = np.isfinite(lon) & np.isfinite(lat)
    in_france = (lon > FRANCE_LON[0]) & (lon < FRANCE_LON[1]) & (lat > FRANCE_LAT[0]) & (lat < FRANCE_LAT[1])
    odd = given & ~in_france  # few: overseas, abroad, or none
    if not odd.any():
        return table
    texts = pd.DataFrame({"lon": [repr(float(x)) for x in lon[odd]], "lat": [repr(float(y)) for y in lat[odd]]})
    places, faults = take_positions(texts, pd.RangeIndex(1, len(table) + 1)[odd])
    warn_faults(TABLE, faults)
    nothing = (lon[odd] == 0) & (lat[odd] == 0)
    for name, values in (("lon", lon), ("lat", lat)):
        found = places[name].to_numpy()
        values[odd] = np.where(np.isnan(found) & ~nothing, np.inf, found)
    return table.assign(lon=lon, lat=lat)


def _engines(using: pd.DataFrame | Path | str | Engine | Sequence[Path | str | Engine] | None) -> list[Engine]:
    """Return the engines to ask in order; a path is that of a BAN file, a table holds known addresses."""
    if using is None:
        return []
    if isinstance(using, pd.DataFrame):
        return [Local.of(using)]
    asked = list(using) if isinstance(using, Sequence) and not isinstance(using, str) else [using]
    return [Local.read([one]) if isinstance(one, str | Path) else one for one in asked]


def _known_points(table: pd.DataFrame, rows: pd.Index) -> pd.DataFrame:
    """Return the coordinates that some rows have: ``lon``, ``lat``, ``precision``, ``radius_m``, ``engine``."""
    degrees = _degrees(table)
    known = rows[np.flatnonzero(np.isfinite(degrees[rows]).all(axis=1))]
    given = table.reindex(index=known, columns=["coord_precision", "coord_radius_m", "coord_source"])
    precision = given["coord_precision"]
    return pd.DataFrame(
        {
            "lon": degrees[known, 0],
            "lat": degrees[known, 1],
            "precision": [
                "place" if missing or not text else text
                for text, missing in zip(precision.tolist(), precision.isna(), strict=True)
            ],
            "radius_m": pd.to_numeric(given["coord_radius_m"]).to_numpy(dtype=float, na_value=np.nan),
            "engine": [SIRENE if source == SIRENE else "register" for source in given["coord_source"].tolist()],
        },
        index=known,
    )


MAX_NAMED = 10


def warn_uncovered(found: pd.DataFrame, *, live: bool = False) -> None:
    """Warn of the communes that the address files do not cover, by name and count; ``live`` files are fetched."""
    rows = queries_of(found[found["geo_reason"] == "commune_not_covered"])
    if rows.empty:
        return
    names = rows["city"].where(rows["city"] != "", rows["postcode"]).where(lambda name: name != "", rows["citycode"])
    counts = (
        names.groupby(names.map(city_key)).agg(["first", "size"]).sort_values("size", ascending=False, kind="stable")
    )
    named = [f"{name} ({size})" for name, size in counts.head(MAX_NAMED).itertuples(index=False)]
    more = tell("and_more", count=len(counts) - MAX_NAMED) if len(counts) > MAX_NAMED else ""
    what = tell("uncovered_fetch", areas=_areas(rows)) if live else tell("uncovered_give")
    message = plural("uncovered", len(rows), count=len(rows), named=", ".join(named) + more, what=what)
    warnings.warn(message, InputWarning, stacklevel=3)


def _areas(rows: pd.DataFrame) -> str:
    """Return the departments of addresses as options of a command; postcodes of Corsica do not tell its two apart."""
    codes = rows["citycode"].where(rows["citycode"] != "", rows["postcode"])
    found = sorted({department_of(code) for code in codes if code} - {"20"})
    return " ".join(f"--area {code}" for code in found) or "--area DEP"


def _earlier(table: pd.DataFrame, rows: pd.Index) -> pd.DataFrame:
    """Return what an earlier run found of rows, but where nobody was asked or the point was added or taken since."""
    if not is_result(table):
        return pd.DataFrame(index=rows[:0])
    table = table.reindex(index=rows, columns=["lon", "lat", *_KEPT])
    placed = table["lon"].notna() & table["lat"].notna()
    found = table["geo_status"].isin(["located", "corrected"])
    # A point stands for a row that was found, none for one that was not: where that is no longer so, somebody changed
    # it.
    kept = np.where(placed, found | (table["geo_status"] == "imprecise"), ~found & (table["geo_status"] != ""))
    results = table.loc[kept & (table["geo_reason"] != "no_index"), list(_KEPT)]
    texts = [name for name in _KEPT if name not in _NUMBERS]
    return results.assign(**{name: results[name].astype(object).fillna("") for name in texts})


def _place(found: Found, points: pd.DataFrame, status: str) -> None:
    columns = {"longitude": "lon", "latitude": "lat", "geo_precision": "precision", "geo_engine": "engine"}
    for name, own in columns.items():
        found[name][points.index] = points[own].to_numpy()
    found["geo_status"][points.index] = status


def _search(
    found: Found, queries: pd.DataFrame, engines: Sequence[Engine], cache: Cache | None, *, progress: bool
) -> None:
    """Ask the engines in order for each distinct address, and write the best that is known of it on its rows."""
    empty = (queries["address"] == "").to_numpy()
    nowhere = queries.index[empty]
    found["geo_status"][nowhere], found["geo_reason"][nowhere] = "not_found", "no_address"
    asked, keys = distinct(queries[~empty])
    # Arrays with an element a distinct address: the best match so far, and the rank of its status.
    best, rank = _nothing((*_KEPT, "longitude", "latitude"), len(asked)), np.full(len(asked), len(_RANK))
    best["geo_status"][:], best["geo_reason"][:] = "not_found", "no_index"
    for engine in engines:
        matches = _answers(engine, asked[rank > _RANK["ambiguous"]], cache, progress=progress)
        status, at = statuses(matches), asked.index.get_indexer(matches.index)
        ranks = status.map(_RANK).to_numpy()
        # A later engine replaces an earlier one only by a better status; of equals the first one stays.
        better = ranks < rank[at]
        rank[at[better]] = ranks[better]
        _write(best, at[better], matches[better].assign(status=status[better], engine=engine.name))
    for name in ("geo_score", "geo_margin"):
        best[name][np.isnan(best["longitude"])] = np.nan
    of_row = asked.index.get_indexer(pd.Index(keys))
    for name in _KEPT:
        found[name][keys.index] = best[name][of_row]
    located = best["geo_status"][of_row] == "located"
    for head, which in (("", located), ("candidate_", ~located)):
        for name in ("longitude", "latitude"):
            found[f"{head}{name}"][keys.index[which]] = best[name][of_row[which]]


def _write(found: Found, rows: NDArray[np.int64], matches: pd.DataFrame) -> None:
    """Write matches with their status and engine on rows."""
    for name in _MATCHED:
        found[f"geo_{name}"][rows] = matches[name].to_numpy()
    found["longitude"][rows], found["latitude"][rows] = matches["lon"].to_numpy(), matches["lat"].to_numpy()


def _search_names(found: Found, rows: pd.DataFrame, queries: pd.DataFrame) -> None:
    """Locate what is addressed by the name of a structure of the same table that has a position."""
    lost = np.isin(found["geo_status"][queries.index], ["not_found", "imprecise"])
    named = [not _NO_NAME.match(address) for address in queries["address"].tolist()]
    waiting = queries[lost & np.array(named, dtype=bool)]
    # Only structures that share the last word of such an address are compared with it.
    words = {text.split()[-1] for text in fold_all(waiting["address"].unique().tolist()) if text.split()}
    if not words or "name" not in rows:
        return
    there = np.flatnonzero(~np.isnan(found["longitude"]))
    names = rows["name"].astype(str).to_numpy()[there]
    shared = np.array([not words.isdisjoint(text.split()) for text in fold_all(names.tolist())], dtype=bool)
    there, names = there[shared], names[shared]
    if not len(there):
        return
    columns = {"lon": "longitude", "lat": "latitude", "citycode": "geo_citycode"}
    own = {name: found[result][there] for name, result in columns.items()}
    city = rows["city"].to_numpy()[there] if "city" in rows else ""
    places = Places.of(pd.DataFrame(own | {"name": names, "city": city}))
    matches = places.match(waiting)
    matches = matches.assign(status=statuses(matches), engine=places.name)
    matches = matches[matches["status"] == "located"]
    _write(found, matches.index.to_numpy(), matches)
    for name in ("candidate_longitude", "candidate_latitude"):
        found[name][matches.index] = np.nan


def _answers(engine: Engine, queries: pd.DataFrame, cache: Cache | None, *, progress: bool) -> pd.DataFrame:
    """Return the matches of an engine: from the cache, then batch by batch, each kept as soon as it is there."""
    known = cache.get(engine, queries.index) if cache else no_matches(queries.index[:0])
    waiting = queries[~queries.index.isin(known.index)] if len(known) else queries
    size = getattr(engine, "batch_rows", BATCH_ROWS)
    parts = [known] if len(known) else []
    with tqdm(
        total=len(queries), initial=len(known), desc=engine.name, unit=" addresses", disable=None if progress else True
    ) as bar:
        for start in range(0, len(waiting), size):
            batch = waiting.iloc[start : start + size]
            answered = engine.match(batch)[list(MATCH_COLUMNS)]
            if cache:
                cache.put(engine, answered)
            parts.append(answered)
            bar.update(len(batch))
    return pd.concat(parts) if len(parts) > 1 else parts[0] if parts else known
