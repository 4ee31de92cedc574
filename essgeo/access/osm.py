"""Ways for people on foot, read from files of OpenStreetMap."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from essgeo.access.pedestrian import steps, walkable
from essgeo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

UNITS_PER_DEGREE = 10_000_000
DAY = slice(0, len("2024-01-31"))

Line: TypeAlias = tuple["Mapping[str, str]", list[tuple[int, int]]]


@dataclass(frozen=True)
class Ways:
    """Walkable ways as they are drawn.

    Attributes
    ----------
    vertices
        Longitude and latitude of all vertices, way after way, in 1e-7 degrees: what OpenStreetMap stores, so that
        vertices with the same numbers are the same place.
    way
        For each vertex, the position of its way.
    steps
        For each way, whether it is a flight of steps.
    date
        Day of the data, ISO; ``""`` where the file does not say.
    """

    vertices: NDArray[np.int64]
    way: NDArray[np.intp]
    steps: NDArray[np.bool_]
    date: str


def read_ways(path: Path | str, bounds: tuple[float, float, float, float] | None = None) -> Ways:
    """Return the walkable ways of a file.

    Parameters
    ----------
    path
        ``.pbf``, ``.osm`` (also ``.osm.gz``, ``.osm.bz2``), or ``.json`` and ``.geojson`` as Overpass writes them. In
        GeoJSON, the outline of a square is a way around it.
    bounds
        West, south, east and north, degrees; ways with no vertex inside are left out.

    Returns
    -------
    Ways
        The ways that :func:`essgeo.access.pedestrian.walkable` keeps.

    Raises
    ------
    InputError
        The file is missing, is none of these, or cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> street = {"type": "way", "tags": {"highway": "footway"}, "geometry": [{"lon": 2.48, "lat": 48.9}] * 2}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "streets.json"
    ...     _ = file.write_text(json.dumps({"elements": [street]}))
    ...     read_ways(file).vertices[0].tolist()
    [24800000, 489000000]
    """
    file = Path(path)
    if not file.is_file():
        message = f"{file}: no such file. Give an OpenStreetMap extract: .pbf, .osm, .json or .geojson."
        raise InputError(message)
    lines, date = _json_lines(file) if file.suffix in {".json", ".geojson"} else _osmium_lines(file)
    box = np.array(bounds if bounds is not None else (-180, -90, 180, 90)) * UNITS_PER_DEGREE
    vertices, counts, flights = [], [], []
    try:
        for tags, line in lines:
            xy = np.array(line, dtype=np.int64).reshape(-1, 2)
            if len(xy) > 1 and ((xy >= box[:2]) & (xy <= box[2:])).all(axis=1).any():
                vertices.append(xy)
                counts.append(len(xy))
                flights.append(steps(tags))
    except (RuntimeError, KeyError, TypeError, AttributeError) as error:
        message = f"{file.name}: not a readable OpenStreetMap file ({type(error).__name__}: {error})."
        raise InputError(message) from error
    return Ways(
        vertices=np.concatenate(vertices) if vertices else np.empty((0, 2), dtype=np.int64),
        way=np.repeat(np.arange(len(counts)), counts),
        steps=np.array(flights, dtype=bool),
        date=date,
    )


def _osmium_lines(file: Path) -> tuple[Iterator[Line], str]:
    import osmium  # noqa: PLC0415 - slow to import, and only streets need it

    try:
        processor = (
            osmium.FileProcessor(str(file))
            .with_locations()
            .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
            .with_filter(osmium.filter.KeyFilter("highway"))
        )
        date = processor.header.get("osmosis_replication_timestamp", "")[DAY]
    except RuntimeError as error:
        message = f"{file.name}: not a readable OpenStreetMap file ({error}). Give a .pbf, .osm, .json or .geojson."
        raise InputError(message) from error
    lines = (
        (tags, [(node.x, node.y) for node in way.nodes if node.location.valid()])
        for way in processor
        if isinstance(way, osmium.osm.Way) and walkable(tags := dict(way.tags))
    )
    return lines, date


def _json_lines(file: Path) -> tuple[Iterator[Line], str]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        message = f"{file.name}: not JSON ({error}). Save the answer of Overpass again."
        raise InputError(message) from error
    if isinstance(content, dict) and isinstance(content.get("features"), list):
        return _geojson_lines(content["features"]), str(content.get("timestamp", ""))[DAY]
    if isinstance(content, dict) and isinstance(content.get("elements"), list):
        date = content.get("osm3s", {}).get("timestamp_osm_base", "")
        return _overpass_lines(content["elements"]), str(date)[DAY]
    message = f"{file.name}: neither GeoJSON ('features') nor an answer of Overpass ('elements')."
    raise InputError(message)


def _geojson_lines(features: list[Any]) -> Iterator[Line]:
    for feature in features:
        tags, shape = feature["properties"] or {}, feature["geometry"] or {"type": ""}
        if not walkable(tags):
            continue
        if shape["type"] == "LineString":
            yield tags, [_units(*point[:2]) for point in shape["coordinates"]]
        elif shape["type"] in {"Polygon", "MultiLineString"}:
            for ring in shape["coordinates"]:
                yield tags, [_units(*point[:2]) for point in ring]


def _overpass_lines(elements: list[Any]) -> Iterator[Line]:
    nodes = {item["id"]: _units(item["lon"], item["lat"]) for item in elements if item["type"] == "node"}
    for item in elements:
        tags = item.get("tags", {})
        if item["type"] != "way" or not walkable(tags):
            continue
        if "geometry" in item:
            yield tags, [_units(point["lon"], point["lat"]) for point in item["geometry"] if point]
        else:
            yield tags, [nodes[node] for node in item.get("nodes", []) if node in nodes]


def _units(longitude: float, latitude: float) -> tuple[int, int]:
    return round(longitude * UNITS_PER_DEGREE), round(latitude * UNITS_PER_DEGREE)
