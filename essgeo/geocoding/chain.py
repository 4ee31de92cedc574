"""Addresses of a table found by its corrections, its own coordinates, and engines asked in turn."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
from essgeo.geocoding.engines import MATCH_COLUMNS, QUERY_COLUMNS, distinct, no_matches, queries_of
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
    queries = with_names(rows[~masked])
    queries["city"] = queries["city"].mask((queries[["postcode", "city", "citycode"]] == "").all(axis=1), city_default)
    none = {name: pd.Series(float("nan") if name in _NUMBERS else "", index=rows.index) for name in _RESULTS}
    found = pd.DataFrame(none)
    found.loc[masked, ["geo_status", "geo_reason"]] = "masked"
    if corrections is not None:
        points = corrected_points(table.index[~masked], queries, corrections)
        _place(found, points.assign(engine="correction"), "corrected")
        queries = queries.drop(points.index)
    known = _known_points(rows.loc[queries.index])
    queries = queries[list(QUERY_COLUMNS)]
    _place(found, known, "located")
    vague = known.index[~known["precision"].isin(SURE)]
    found.loc[vague, ["geo_status", "geo_reason"]] = ["imprecise", "vague_coordinates"]
    before = _earlier(rows.loc[queries.index])
    found.loc[before.index, before.columns] = before
    queries = queries.drop(known.index.union(before.index))
    _search(found, queries, _engines(using), cache, progress=progress)
    given = rows.reindex(columns=["lon", "lat"]).to_numpy(dtype=float, na_value=np.nan)
    no_place = np.isinf(given).any(axis=1) | (rows.get("coord_precision") == NO_PLACE)
    found.loc[no_place & (found["geo_reason"] == "no_address"), "geo_reason"] = "bad_coordinates"
    _search_names(found, rows, queries)
    radius = found["geo_radius_m"].fillna(found["geo_precision"].map(RADIUS_M))
    found["geo_radius_m"] = radius.where(found["longitude"].notna())
    found.loc[known.index, "geo_radius_m"] = known["radius_m"].fillna(found["geo_radius_m"])
    kept = redact(rows.drop(columns=["lon", "lat", *_RESULTS], errors="ignore"), masked)
    frame = gpd.GeoDataFrame(pd.concat([kept, found], axis=1), geometry=points_of(found).to_crs(crs))
    return frame.set_axis(table.index)


_STREET = ("address", "postcode", "city", "citycode")
"""Fields that columns of other cells may make."""

_POSITION = ("lon", "lat", "point")


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


def _known_points(table: pd.DataFrame) -> pd.DataFrame:
    """Return the coordinates that a table has: ``lon``, ``lat``, ``precision``, ``radius_m``, ``engine``."""
    given = table.reindex(columns=["lon", "lat", "coord_precision", "coord_radius_m", "coord_source"])
    degrees = given[["lon", "lat"]].to_numpy(dtype=float, na_value=np.nan)
    known: pd.DataFrame = given[np.isfinite(degrees).all(axis=1)]
    return known[["lon", "lat"]].assign(
        precision=known["coord_precision"].astype("object").replace("", None).fillna("place"),
        radius_m=pd.to_numeric(known["coord_radius_m"]),
        engine=known["coord_source"].where(known["coord_source"] == SIRENE, "register"),
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


def _earlier(table: pd.DataFrame) -> pd.DataFrame:
    """Return what an earlier run found of rows, but where nobody was asked or the point was added or taken since."""
    if not is_result(table):
        return pd.DataFrame(index=table.index[:0])
    table = table.reindex(columns=["lon", "lat", *_KEPT])
    placed = table["lon"].notna() & table["lat"].notna()
    found = table["geo_status"].isin(["located", "corrected"])
    # A point stands for a row that was found, none for one that was not: where that is no longer so, somebody changed
    # it.
    kept = np.where(placed, found | (table["geo_status"] == "imprecise"), ~found & (table["geo_status"] != ""))
    results = table.loc[kept & (table["geo_reason"] != "no_index"), list(_KEPT)]
    texts = [name for name in _KEPT if name not in _NUMBERS]
    return results.assign(**{name: results[name].astype(object).fillna("") for name in texts})


def _place(found: pd.DataFrame, points: pd.DataFrame, status: str) -> None:
    rows = points.index
    found.loc[rows, ["longitude", "latitude"]] = points[["lon", "lat"]].to_numpy(dtype=float)
    for name in ("precision", "engine"):
        found.loc[rows, f"geo_{name}"] = points[name]
    found.loc[rows, "geo_status"] = status


def _search(
    found: pd.DataFrame, queries: pd.DataFrame, engines: Sequence[Engine], cache: Cache | None, *, progress: bool
) -> None:
    """Ask the engines in order for each distinct address, and write the best that is known of it on its rows."""
    empty = queries.index[queries["address"] == ""]
    found.loc[empty, ["geo_status", "geo_reason"]] = ["not_found", "no_address"]
    asked, keys = distinct(queries.drop(empty))
    best = no_matches(asked.index, "no_index").assign(status="not_found", engine="")
    for engine in engines:
        waiting = asked[~best["status"].isin(["located", "ambiguous"])]
        matches = _answers(engine, waiting, cache, progress=progress)
        matches = matches.assign(status=statuses(matches), engine=engine.name)
        before = best.loc[matches.index]
        # A later engine replaces an earlier one only by a better status; of equals the first one stays.
        better = (matches["status"].map(_RANK) < before["status"].map(_RANK)) | (before["engine"] == "")
        best.loc[matches.index[better]] = matches.loc[better, best.columns]
    best.loc[best["lon"].isna(), ["score", "margin"]] = float("nan")
    _write(found, best.loc[keys].set_axis(keys.index))


def _write(found: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Write matches with their status and engine, by row."""
    for name in _MATCHED:
        found.loc[rows.index, f"geo_{name}"] = rows[name]
    located = rows["status"] == "located"
    for head, which in (("", located), ("candidate_", ~located)):
        points = rows.loc[which, ["lon", "lat"]]
        found.loc[points.index, [f"{head}longitude", f"{head}latitude"]] = points.to_numpy()


def _search_names(found: pd.DataFrame, rows: pd.DataFrame, queries: pd.DataFrame) -> None:
    """Locate what is addressed by the name of a structure of the same table that has a position."""
    if "name" not in rows:
        return
    lost = found.loc[queries.index, "geo_status"].isin(["not_found", "imprecise"]).to_numpy()
    waiting = queries[lost & ~queries["address"].str.match(r"\s*\d|\s*$").to_numpy(dtype=bool)]
    # Only structures that share the last word of such an address are compared with it.
    words = {text.split()[-1] for text in fold_all(waiting["address"].unique().tolist()) if text.split()}
    there = rows.loc[found["longitude"].notna(), "name"].astype(str)
    names = there[[not words.isdisjoint(text.split()) for text in fold_all(there.tolist())]] if words else there[:0]
    if names.empty:
        return
    columns = {"lon": found["longitude"], "lat": found["latitude"], "citycode": found["geo_citycode"]}
    places = Places.of(
        rows.reindex(columns=["city"], fill_value="").assign(**columns).loc[names.index].assign(name=names)
    )
    matches = places.match(waiting)
    matches = matches.assign(status=statuses(matches), engine=places.name)
    _write(found, matches[matches["status"] == "located"])
    found.loc[matches.index[matches["status"] == "located"], ["candidate_longitude", "candidate_latitude"]] = np.nan


def _answers(engine: Engine, queries: pd.DataFrame, cache: Cache | None, *, progress: bool) -> pd.DataFrame:
    """Return the matches of an engine: from the cache, then batch by batch, each kept as soon as it is there."""
    known = cache.get(engine, queries.index) if cache else no_matches(queries.index[:0])
    waiting = queries[~queries.index.isin(known.index)]
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
    return pd.concat(parts) if parts else known
