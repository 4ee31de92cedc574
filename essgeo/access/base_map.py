"""The base of the maps: streets, water, parks and names of a file of OpenStreetMap, rail of a territory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import geopandas as gpd
import shapely

from essgeo.access.network import flat_tags
from essgeo.crs import GEOGRAPHIC
from essgeo.errors import InputError
from essgeo.messages import tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from essgeo.files.provenance import Input

    Element: TypeAlias = tuple[Mapping[str, str], shapely.Geometry]

AROUND_M = 1000.0
"""How far beyond its communes the base of a territory goes."""

LEAST_AREA_M2 = 2000.0
"""Parks and waters that are smaller are left out: 45 m a side, a few pixels of a map of a neighbourhood."""

_AREAS = {
    ("natural", "water"): "water",
    ("waterway", "riverbank"): "water",
    ("landuse", "basin"): "water",
    ("landuse", "reservoir"): "water",
    ("leisure", "park"): "park",
    ("leisure", "garden"): "park",
    ("leisure", "nature_reserve"): "park",
    ("landuse", "forest"): "park",
    ("landuse", "cemetery"): "park",
    ("natural", "wood"): "park",
}

_LINES = {
    **{("highway", kind + link): "road" for kind in ("motorway", "trunk", "primary") for link in ("", "_link")},
    **{("highway", kind + link): "street" for kind in ("secondary", "tertiary") for link in ("", "_link")},
    **{("highway", kind): "lane" for kind in ("residential", "unclassified", "living_street", "pedestrian", "road")},
    ("railway", "rail"): "train",
    ("railway", "light_rail"): "train",
    ("railway", "subway"): "metro",
    ("railway", "tram"): "tramway",
    ("waterway", "river"): "waterway",
    ("waterway", "canal"): "waterway",
}

_NAMES = {("place", kind): "place" for kind in ("suburb", "quarter", "neighbourhood", "hamlet", "village")}

_ALL = [*_LINES, *_AREAS, *_NAMES]

MIN_RING = 3

_MODES = {"metro": "metro", "tramway": "tramway"}
"""Kinds of the lines of a territory by their mode: all others are trains."""


@dataclass(frozen=True)
class BaseLayer:
    """What one file gives to the base of the maps.

    Attributes
    ----------
    name
        ``rail`` of the territory, or ``network``, the streets that the study walks on.
    shapes
        Lines, areas and points with ``kind`` (``road``, ``street``, ``lane``, ``train``, ``metro``, ``tramway``,
        ``waterway``, ``water``, ``park``, ``place``) and ``name``, in the metric CRS of the study.
    source
        The file they are from.
    """

    name: str
    shapes: gpd.GeoDataFrame
    source: Input


def base_of_rail(lines: gpd.GeoDataFrame, source: Input) -> BaseLayer:
    """Return the rail lines of a territory as a layer of the base.

    Examples
    --------
    >>> from essgeo.files.provenance import Input
    >>> lines = gpd.GeoDataFrame(
    ...     {"mode": ["rer"], "line": ["RER E"]}, geometry=[shapely.LineString([(0, 0), (9, 9)])], crs=2154
    ... )
    >>> base_of_rail(lines, Input("rail", "rail.geojson", "", "", "", "", "")).shapes["kind"].tolist()
    ['train']
    """
    kinds = lines["mode"].map(_MODES).fillna("train")
    shapes = gpd.GeoDataFrame({"kind": kinds, "name": lines["line"]}, geometry=lines.geometry)
    return BaseLayer("rail", shapes.reset_index(drop=True), source)


def base_of_streets(file: Path, within: gpd.GeoSeries, source: Input, *, rail: bool = True) -> BaseLayer:
    """Return what a file of OpenStreetMap gives to the base of the maps around polygons in a metric CRS.

    Its rail is left out without ``rail``: where the territory has its own.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    around = shapely.box(*within.total_bounds).buffer(AROUND_M, cap_style="square")
    box = gpd.GeoSeries([around], crs=within.crs).to_crs(GEOGRAPHIC).iloc[0]
    shapely.prepare(box)
    try:
        read = _json_elements(file) if file.suffix in {".json", ".geojson"} else _osmium_elements(file)
        found = [
            (kind, tags.get("name", ""), shape)
            for tags, shape in read
            if (kind := _kind(tags, shape)) and (rail or "railway" not in tags) and box.intersects(shape)
        ]
    except (RuntimeError, KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        message = tell("osm_unreadable_kind", name=file.name, name_2=type(error).__name__, error=error)
        raise InputError(message) from error
    kinds, names, shapes = zip(*found, strict=True) if found else ((), (), ())
    frame = gpd.GeoDataFrame({"kind": kinds, "name": names}, geometry=list(shapes), crs=GEOGRAPHIC).to_crs(within.crs)
    small = frame["kind"].isin(["water", "park"]) & (frame.area < LEAST_AREA_M2)
    return BaseLayer("network", frame[~small].reset_index(drop=True), source)


def _kind(tags: Mapping[str, str], shape: shapely.Geometry) -> str:
    """Return what a shape is in the base, "" where it is nothing of it: tracks of yards and sidings are not."""
    kinds = (_NAMES, _LINES, _AREAS)[int(shapely.get_dimensions(shape))]
    if kinds is _LINES and tags.get("service") in {"yard", "siding", "spur", "crossover"} and "railway" in tags:
        return ""
    return next((kind for (key, value), kind in kinds.items() if tags.get(key) == value), "")


def _osmium_elements(file: Path) -> Iterator[Element]:
    import osmium  # noqa: PLC0415 - slow to import, and only these files need it

    areas = osmium.filter.TagFilter(*_AREAS)
    processor = osmium.FileProcessor(str(file)).with_areas(areas).with_filter(osmium.filter.TagFilter(*_ALL))
    polygons = osmium.geom.WKBFactory()
    for item in processor:
        if isinstance(item, osmium.osm.Node):
            yield dict(item.tags), shapely.Point(item.location.lon, item.location.lat)
        elif isinstance(item, osmium.osm.Area):
            yield dict(item.tags), shapely.from_wkb(polygons.create_multipolygon(item))
        elif isinstance(item, osmium.osm.Way):
            nodes = [(node.lon, node.lat) for node in item.nodes if node.location.valid()]
            if len(nodes) > 1:
                yield dict(item.tags), shapely.LineString(nodes)


def _json_elements(file: Path) -> Iterator[Element]:
    content = json.loads(file.read_text(encoding="utf-8"))
    if "features" in content:
        for feature in content["features"]:
            if feature["geometry"]:
                yield (
                    flat_tags(feature["properties"] or {}),
                    shapely.force_2d(shapely.geometry.shape(feature["geometry"])),
                )
        return
    nodes = {item["id"]: (item["lon"], item["lat"]) for item in content["elements"] if item["type"] == "node"}
    for item in content["elements"]:
        tags = item.get("tags", {})
        if item["type"] == "node" and tags:
            yield tags, shapely.Point(nodes[item["id"]])
        elif item["type"] == "way":
            line = _vertices(item) or [nodes[node] for node in item.get("nodes", []) if node in nodes]
            ring = len(line) > MIN_RING and line[0] == line[-1] and any(tags.get(key) == value for key, value in _AREAS)
            if len(line) > 1:
                yield tags, shapely.Polygon(line) if ring else shapely.LineString(line)
        elif item["type"] == "relation":
            outer, inner = (
                shapely.union_all(shapely.get_parts(shapely.polygonize([shapely.LineString(line) for line in lines])))
                for lines in (_lines_of(item, "outer"), _lines_of(item, "inner"))
            )
            yield tags, shapely.difference(outer, inner)


def _lines_of(relation: Mapping[str, Any], role: str) -> list[list[tuple[float, float]]]:
    lines = [_vertices(member) for member in relation.get("members", []) if member.get("role") == role]
    return [line for line in lines if len(line) > 1]


def _vertices(item: Mapping[str, Any]) -> list[tuple[float, float]]:
    return [(point["lon"], point["lat"]) for point in item.get("geometry", []) if point]
