"""Places by name: stations, town halls, what an OpenStreetMap extract names, the structures of a list."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.crs import GEOGRAPHIC
from essgeo.errors import InputError
from essgeo.files.tables import read_table, require_file
from essgeo.geocoding.communes import city_key, read_place
from essgeo.geocoding.engines import CANDIDATE_COLUMNS, MATCH_COLUMNS, MAX_CANDIDATES, no_matches
from essgeo.geocoding.index import distance_m
from essgeo.geocoding.reverse import reverse_geocode
from essgeo.geocoding.spelling import HEADS, INNER, STOP_WORDS, WAY_WORDS, fold, street_key
from essgeo.messages import tell
from essgeo.schema.cells import point_of
from essgeo.schema.columns import HEADERS
from essgeo.schema.names import guess_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Self

    from essgeo.geocoding.match import Local

    Key = tuple[str, tuple[str, ...]]


ONE_PLACE_M = 300.0
"""Points of one name that lie no farther apart are one place: the entrances and platforms of a station."""

COMMUNE_M = 500.0
"""A place without a commune is in that of an address no farther away."""

STATION, TOWN_HALL = "gare", "mairie"

_STATION_WORDS = frozenset(
    ["gare", "station", "metro", "rer", "tram", "tramway", "sncf", "ratp", "transilien", "arret", "halte"]
)

# Ways: an address on one is no place, whatever bears its name.
_STREETS = WAY_WORDS - {
    "cite", "clos", "domaine", "escalier", "faubourg", "galerie", "hameau", "ilot", "jardin", "mail", "marche", "parc",
    "plaine", "pont", "port", "porte", "quartier", "residence", "rotonde", "terrasse", "villa", "village", "zone",
}  # fmt: skip

_OSM_STATIONS = {"railway": {"station", "halt", "tram_stop"}, "public_transport": {"station"}, "aerialway": {"station"}}

_NO_PLACE = ("highway", "route", "boundary", "waterway", "admin_level", "power", "restriction")
"""Tags of what has a name and is no place: streets, lines, communes, rivers."""

_TAGS = ("city", "addr:city", "citycode", "amenity", "railway", "public_transport", "aerialway", "mode")

_NAMES = ("name", "official_name", "alt_name", "short_name", "old_name", "aliases", "nom_gares", "nom_gare")


def place_key(name: str, city: str = "", kind: str = "") -> Key:
    """Return the comparable form of the name of a place: its kind, unless given, and its words without its commune.

    >>> place_key("Gare RER de Bondy"), place_key("Hôtel de Ville"), place_key("La Cité Fertile")
    (('gare', ('bondy',)), ('mairie', ()), ('', ('cite', 'fertile')))
    >>> place_key("Mairie de Bondy", "Bondy") == place_key("Hôtel de ville", "Bondy")
    True
    """
    plain = re.sub(r"[^a-z0-9]+", " ", fold(name))
    words = re.sub(r"(?<=\b[a-z]) (?=[a-z]\b)", "", plain).split()
    words = [INNER.get(word, word) for word in words if word not in STOP_WORDS]
    if words[:1] == ["mairie"] or words[:2] == ["hotel", "ville"]:
        kind, words = TOWN_HALL, words[1 if words[0] == "mairie" else 2 :]
    elif words and words[0] in _STATION_WORDS:
        kind, words = STATION, [word for word in words if word not in _STATION_WORDS]
    town = city_key(city).split()
    if town and len(words) >= len(town) and (kind or len(words) > len(town)):
        words = words[: -len(town)] if words[-len(town) :] == town else words
    return kind, tuple(words)


@dataclass(frozen=True, eq=False)
class Places:
    """Named places as an engine: what is asked by its whole name, in its commune, is located with class ``place``.

    Parameters
    ----------
    table
        RangeIndex; ``name``, ``kind`` (``gare``, ``mairie`` or ``""``), ``city``, ``citycode``, ``lon``, ``lat``
        (degrees), ``radius_m`` (NaN: that of a place).
    """

    table: pd.DataFrame
    name: str = "places"

    @classmethod
    def of(cls, places: pd.DataFrame, near: Local | None = None) -> Self:
        """Return the engine of a layer or table of places.

        Parameters
        ----------
        places
            Points or shapes in any CRS, or ``lon`` and ``lat``; ``name``, and where known ``city``, ``citycode`` and
            tags of OpenStreetMap. Other names in ``alt_name``, ``official_name``, ``aliases`` (separated by ``|`` or
            ``;``). Without a name, a town hall is one by its tag.
        near
            BAN, which tells the commune of places that do not say theirs.

        Examples
        --------
        >>> places = Places.of(pd.DataFrame({"name": ["Mairie"], "city": ["Bondy"], "lon": [2.48], "lat": [48.9]}))
        >>> asked = {"address": ["Hôtel de ville de Bondy"], "postcode": "", "city": "Bondy", "citycode": ""}
        >>> places.match(pd.DataFrame(asked))[["label", "precision"]].values.tolist()
        [['Mairie, Bondy', 'place']]
        """
        rows = [row for row in _rows(places) if row["names"] or row["kind"]]
        names = [name for row in rows for name in row["names"] or [row["kind"].capitalize()]]
        # A row a name: a place of three names stands three times, one that has a kind alone once, called after it.
        each = np.repeat(np.arange(len(rows)), [max(1, len(row["names"])) for row in rows])
        table = pd.DataFrame(rows, columns=["kind", "city", "citycode", "lon", "lat", "radius_m"]).iloc[each]
        table = table.reset_index(drop=True).assign(name=names)
        unsaid = (table["city"] == "") & (table["citycode"] == "")
        if near is not None and unsaid.any():
            there = reverse_geocode(table.loc[unsaid, ["lon", "lat"]], using=near, max_m=COMMUNE_M)
            table.loc[unsaid, "citycode"] = there["geo_citycode"]
            communes = near.index.table.drop_duplicates("citycode").set_index("citycode")["name"]
            table.loc[unsaid, "city"] = there["geo_citycode"].map(communes).fillna("")
        return cls(table)

    @classmethod
    def read(cls, files: Sequence[Path | str], near: Local | None = None) -> Self:
        """Return the engine of files: layers and tables, or OpenStreetMap (``.pbf``, ``.osm``, Overpass JSON).

        Raises
        ------
        InputError
            A file is missing, is none of these, or names nothing that has a position.
        """
        engines = [cls.of(read_named(Path(path)), near) for path in files]
        for path, engine in zip(files, engines, strict=True):
            if engine.table.empty:
                raise InputError(tell("places_unnamed", name=Path(path).name))
        return cls(pd.concat([engine.table for engine in engines], ignore_index=True))

    @property
    def version(self) -> str:
        """Identifies the content."""
        content = pd.util.hash_pandas_object(self.table, index=False).to_numpy()
        return hashlib.sha256(np.ascontiguousarray(content).tobytes()).hexdigest()[:16]

    def match(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return the place of each query that is the whole name of one (:class:`essgeo.geocoding.engines.Engine`)."""
        matches = no_matches(queries.index, "street_unknown")
        for label, found in self._found(queries):
            # Points of one name that lie together are one place, at their middle and that much wider; the first of
            # several places has no margin before the others.
            spread = self._spread(found)
            best, margin = found.iloc[0], float(not spread > ONE_PLACE_M)
            middle = found[["lon", "lat"]].mean() if margin else best[["lon", "lat"]]
            reason = "" if best["agrees"] else "other_city"
            radius = best["radius_m"] + spread / 2 if margin else best["radius_m"]
            matches.loc[label, list(MATCH_COLUMNS)] = [
                "place", best["label"], "", best["citycode"], reason, 1.0, margin, middle["lon"], middle["lat"], radius,
            ]  # fmt: skip
        return matches

    def candidates(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return up to three candidates of each query."""
        parts = [
            found.head(MAX_CANDIDATES).assign(query=label, rank=range(1, min(len(found), MAX_CANDIDATES) + 1))
            for label, found in self._found(queries)
        ]
        frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(self.table.columns))
        return frame.assign(score=1.0, precision="place", ban_id="").reindex(columns=list(CANDIDATE_COLUMNS))

    @staticmethod
    def _spread(found: pd.DataFrame) -> float:
        """Return how far apart places of one name are, metres."""
        first = found.iloc[0]
        return float(distance_m(found["lon"].to_numpy(), found["lat"].to_numpy(), first["lon"], first["lat"]).max())

    def _found(self, queries: pd.DataFrame) -> Iterator[tuple[Any, pd.DataFrame]]:
        """Yield the label of each query that names places, and these, those of its commune first."""
        # The rows of each comparable name, with its commune in it and without: `Mairie de Bondy` is asked as `mairie`,
        # too.
        known: dict[Key, list[int]] = defaultdict(list)
        for row, (name, kind, city) in enumerate(self.table[["name", "kind", "city"]].itertuples(index=False)):
            for key in {place_key(name, kind=kind), place_key(name, city, kind)}:
                known[key].append(row)
        for label, *cells in queries[["address", "postcode", "city", "citycode"]].itertuples(name=None):
            address, place = cells[0], read_place(*cells[1:])
            if not _is_name(address):
                continue
            keys = dict.fromkeys((place_key(address), place_key(address, place.city)))
            rows = sorted({row for key in keys if key[0] or key[1] for row in known.get(key, ())})
            found = self.table.iloc[rows]
            agrees = [self._agrees(row, place, address) for row in found.itertuples()]
            if any(agrees):
                found = found[agrees]
            if rows:
                titles = [
                    name if place_key(name)[0] else f"{kind.capitalize()} {name}" if kind else name
                    for name, kind in zip(found["name"], found["kind"], strict=True)
                ]
                labels = [", ".join(filter(None, pair)) for pair in zip(titles, found["city"], strict=True)]
                yield label, found.assign(label=labels, agrees=any(agrees))

    @staticmethod
    def _agrees(row: Any, place: Any, address: str) -> bool:  # noqa: ANN401 (a row of the table)
        """Return whether a place lies in the commune that is asked, by its code, its name or the name of the place."""
        if place.citycode and row.citycode:
            return bool(place.citycode == row.citycode)
        here, asked = city_key(row.city), city_key(place.city)
        if here and asked:
            return here == asked
        return bool((here or asked) and f" {here or asked} " in f" {' '.join(re.findall('[a-z0-9]+', fold(address)))} ")


def _is_name(address: str) -> bool:
    """Return whether a text may be the name of a place: no house number, no way."""
    words = re.sub(r"[^a-z0-9]+", " ", fold(address)).strip()
    return (
        bool(words)
        and not words[0].isdecimal()
        and (street_key(words).way or HEADS.get(words.split()[0])) not in _STREETS
    )


def _rows(places: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield names, kind, commune and position of each place that has a position."""
    tagged = [name for name in _NO_PLACE if name in places]
    places = places[(places[tagged].fillna("") == "").all(axis=1)]
    plain = pd.DataFrame(places)
    metres = np.zeros(len(plain))
    if isinstance(places, gpd.GeoDataFrame) and places.active_geometry_name is not None:
        shapes = places.geometry.to_crs(GEOGRAPHIC)
        # Half the diagonal of its box is how far any door of a place may be from its point.
        points, box = shapes.representative_point(), shapes.bounds
        metres = distance_m(*(box[name].to_numpy() for name in ("minx", "miny", "maxx", "maxy"))) / 2
        plain = plain.drop(columns=places.active_geometry_name).assign(lon=points.x, lat=points.y)
    own = guess_columns(map(str, plain.columns), HEADERS["structures"])
    wanted = {"name", "city", "citycode", "lon", "lat", "aliases"}
    plain = plain.rename(columns={given: name for given, name in own.items() if name not in plain and name in wanted})
    if "geo_point_2d" in plain and "lon" not in plain:
        pairs = [point_of(str(cell)) or (np.nan, np.nan) for cell in plain["geo_point_2d"]]
        plain = plain.assign(lon=[pair[0] for pair in pairs], lat=[pair[1] for pair in pairs])
    degrees = plain.reindex(columns=["lon", "lat"]).astype("str").apply(lambda column: column.str.replace(",", "."))
    degrees = degrees.apply(pd.to_numeric, errors="coerce")
    texts = plain.reindex(columns=[*_NAMES, *_TAGS]).astype("object")
    records = texts.where(texts.notna(), "").astype("str").to_dict("records")
    for tags, lon, lat, size in zip(records, degrees["lon"], degrees["lat"], metres, strict=True):
        if not np.isfinite(lon + lat):
            continue
        names = [part.strip() for name in _NAMES for part in re.split(r"[|;]", tags[name])]
        yield {
            "names": list(dict.fromkeys(filter(None, names))), "kind": _kind(tags), "lon": lon, "lat": lat,
            "city": tags["city"] or tags["addr:city"], "citycode": tags["citycode"],
            "radius_m": max(size, 200.0) if size > 0 else np.nan,
        }  # fmt: skip


def _kind(tags: Mapping[Any, Any]) -> str:
    if tags.get("amenity") == "townhall":
        return TOWN_HALL
    station = any(tags.get(name) in values for name, values in _OSM_STATIONS.items())
    return STATION if station or tags.get("mode") or tags.get("nom_gares") else ""


def read_named(path: Path) -> pd.DataFrame:
    """Return the tags and points of what a file of places or of OpenStreetMap names; see :meth:`Places.read`."""
    require_file(path)
    if path.name.endswith((".pbf", ".osm", ".osm.gz", ".osm.bz2")):
        return pd.DataFrame(_osm(path))
    if path.suffix == ".json":
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict) and isinstance(content.get("elements"), list):
            return pd.DataFrame(_overpass(content["elements"]))
    return read_table(path)


def _osm(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the tags and a point of what a file of OpenStreetMap names."""
    import osmium  # noqa: PLC0415 - slow to import, and only these files need it

    try:
        for item in osmium.FileProcessor(str(path)).with_locations().with_filter(osmium.filter.EmptyTagFilter()):
            if isinstance(item, osmium.osm.Node):
                yield {**dict(item.tags), "lon": item.location.lon, "lat": item.location.lat}
            elif isinstance(item, osmium.osm.Way) and ("name" in item.tags or item.tags.get("amenity") == "townhall"):
                nodes = np.array([(node.lon, node.lat) for node in item.nodes if node.location.valid()])
                if len(nodes):
                    lon, lat = nodes.mean(axis=0)
                    yield {**dict(item.tags), "lon": lon, "lat": lat}
    except RuntimeError as error:
        raise InputError(tell("osm_unreadable", name=path.name, error=error)) from error


def _overpass(elements: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield the tags and a point of the elements of an answer of Overpass."""
    for item in elements:
        spots = [item, item.get("center") or {}, *(point for point in item.get("geometry") or () if point)]
        points = [(spot["lon"], spot["lat"]) for spot in spots if "lon" in spot]
        if item.get("tags") and points:
            lon, lat = np.mean(points, axis=0)
            yield {**item["tags"], "lon": lon, "lat": lat}
