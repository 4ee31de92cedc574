"""A walking network: junctions, the ways between them, and their drawn shape."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import geopandas as gpd
import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from essgeo.crs import GEOGRAPHIC, require_metric
from essgeo.errors import InputError
from essgeo.messages import tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyproj
    from numpy.typing import NDArray

    Line: TypeAlias = tuple[Mapping[str, str], list[tuple[int, int]]]


WALKABLE = frozenset(
    {
        "bridleway", "corridor", "crossing", "elevator", "footway", "living_street", "path", "pedestrian", "platform",
        "primary", "primary_link", "residential", "road", "secondary", "secondary_link", "service", "steps", "tertiary",
        "tertiary_link", "track", "unclassified",
    }
)  # fmt: skip
"""Values of ``highway`` that are walkable unless a tag forbids it."""

NEVER = frozenset({"abandoned", "construction", "motorway", "motorway_link", "planned", "proposed", "raceway", "razed"})
"""Values of ``highway`` that no tag opens to people on foot."""

ALLOWED = frozenset({"yes", "designated", "permissive"})

CLOSED_ON_FOOT = frozenset({"no", "private", "use_sidepath"})

CLOSED = frozenset({"no", "private", "military"})


STEPS_FACTOR = 2.0
"""Metres on the flat that take as long as one metre of steps, measured along the ground. People climb a long stairway
at 0.4 to 0.5 m/s and a short one about twice as fast ("Upstairs walking speed distributions on a long stairway", Safety
Science, 2008): 1.3 to 3 times slower than 1.25 m/s on the flat. 2 is a choice within that range."""

UNITS_PER_DEGREE = 10_000_000

DAY = slice(0, len("2024-01-31"))

_HSTORE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*=>\s*"((?:[^"\\]|\\.)*)"')

LICENCE = "ODbL 1.0"

SOURCE = "OpenStreetMap contributors"


@dataclass(frozen=True)
class WalkNetwork:
    """A walking network in a metric CRS.

    An edge runs between two nodes and bends at its segments. Lengths are in metres on the flat: a metre of steps counts
    as :data:`essgeo.access.network.STEPS_FACTOR` of them.

    Attributes
    ----------
    xy
        Nodes: junctions and ends of ways, metres, shape (nodes, 2); neighbours lie close to each other in the array.
    edges
        The two nodes of each edge, shape (edges, 2).
    length_m
        Length of each edge.
    segment_edge
        For each straight segment, its edge.
    segment_xy
        Its two ends, metres, shape (segments, 2, 2), in the direction of the edge.
    segment_from_m, segment_length_m
        Length along the edge where it begins, and its own.
    crs
        CRS of all coordinates.
    date
        Day of the data, ISO; ``""`` where the file does not say.
    components
        Connected parts kept; no walk leads from one to another.
    dropped_components, dropped_m
        Connected parts left out because they are short, and their length altogether.
    source, licence
        Whose data they are, and under which licence.
    """

    xy: NDArray[np.float64]
    edges: NDArray[np.int32]
    length_m: NDArray[np.float64]
    segment_edge: NDArray[np.int32]
    segment_xy: NDArray[np.float64]
    segment_from_m: NDArray[np.float64]
    segment_length_m: NDArray[np.float64]
    crs: pyproj.CRS
    date: str
    components: int
    dropped_components: int
    dropped_m: float
    source: str = SOURCE
    licence: str = LICENCE


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


def read_network(
    path: Path | str,
    area: gpd.GeoDataFrame,
    *,
    buffer_m: float = 1000,
    min_component_m: float = 2000,
    steps: bool = True,
) -> WalkNetwork:
    """Return the walking network of an OpenStreetMap file within an area and around it.

    Ways are split where they meet. Parts of the network that are not connected to each other are kept if they are long
    enough to matter, such as the other bank of a river; short ones, often a drawing left unfinished, are dropped and
    reported, so that nobody starts on an island of a few metres.

    Parameters
    ----------
    path
        ``.pbf``, ``.osm`` (also ``.osm.gz``, ``.osm.bz2``), or ``.json`` and ``.geojson`` as Overpass writes them. In
        GeoJSON, the outline of a square is a way around it.
    area
        Polygons of the territory, metric CRS.
    buffer_m
        Ways this close to the area are kept, whole up to the next junction.
    min_component_m
        Connected parts shorter than that altogether are dropped.
    steps
        Whether flights of steps are walked.

    Returns
    -------
    WalkNetwork
        In the CRS of ``area``.

    Raises
    ------
    InputError
        The file cannot be read, or no walkable way of it touches the area.
    MissingCRSError, CRSMismatchError
        ``area`` has no CRS, or not a metric one.

    Examples
    --------
    >>> import json, pathlib, shapely, tempfile
    >>> here = gpd.GeoDataFrame(geometry=[shapely.Point(2.48, 48.9)], crs=4326).to_crs(2154)
    >>> street = {"type": "way", "tags": {"highway": "footway"},
    ...           "geometry": [{"lon": 2.48, "lat": 48.9}, {"lon": 2.48, "lat": 48.909}]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder) / "streets.json"
    ...     _ = file.write_text(json.dumps({"elements": [street]}))
    ...     read_network(file, here.buffer(10).to_frame(), min_component_m=0).length_m.round().tolist()
    [1001.0]
    """
    crs = require_metric(area, "area")
    outline = gpd.GeoSeries([area.geometry.buffer(buffer_m).union_all()], crs=crs)
    ways = read_ways(path, tuple(outline.to_crs(GEOGRAPHIC).total_bounds))
    if not steps:
        kept = ~ways.steps[ways.way]
        _, way = np.unique(ways.way[kept], return_inverse=True)
        ways = replace(ways, vertices=ways.vertices[kept], way=way, steps=ways.steps[~ways.steps])
    network = build_network(ways, crs, min_component_m=min_component_m, within=outline)
    if not len(network.edges):
        message = tell("no_walkable_way", name=Path(path).name, buffer_m=buffer_m)
        raise InputError(message)
    return network


def walkable(tags: Mapping[str, str]) -> bool:
    """Return whether people on foot may use a way.

    ``foot`` wins over ``access``, which wins over the kind of way. Trunk roads, cycleways and busways are walkable only
    where ``foot`` says so; motorways never. Roads with a separate sidewalk stay: where that sidewalk is not drawn to
    the next crossing, the network would fall apart without them.

    >>> walkable({"highway": "trunk"}), walkable({"highway": "trunk", "foot": "designated"})
    (False, True)
    """
    kind = tags.get("highway", "")
    if not kind or kind in NEVER or tags.get("foot") in CLOSED_ON_FOOT:
        return False
    if tags.get("foot") in ALLOWED:
        return True
    return kind in WALKABLE and tags.get("access") not in CLOSED and tags.get("motorroad") != "yes"


def read_ways(path: Path | str, bounds: tuple[float, float, float, float] | None = None) -> Ways:
    """Return the walkable ways of a file with a vertex inside west, south, east and north (degrees)."""
    file = Path(path)
    if not file.is_file():
        message = tell("no_osm_file", file=file)
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
                flights.append(tags.get("highway") == "steps")
    except (RuntimeError, KeyError, TypeError, AttributeError, ValueError, OverflowError, IndexError) as error:
        message = tell("osm_unreadable_kind", name=file.name, name_2=type(error).__name__, error=error)
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
        message = tell("osm_unreadable", name=file.name, error=error)
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
    except (ValueError, RecursionError) as error:
        message = tell("overpass_not_json", name=file.name, error=error)
        raise InputError(message) from error
    if isinstance(content, dict) and isinstance(content.get("features"), list):
        return _geojson_lines(content["features"]), str(content.get("timestamp", ""))[DAY]
    if isinstance(content, dict) and isinstance(content.get("elements"), list):
        date = content.get("osm3s", {}).get("timestamp_osm_base", "")
        return _overpass_lines(content["elements"]), str(date)[DAY]
    message = tell("overpass_neither", name=file.name)
    raise InputError(message)


def _geojson_lines(features: list[Any]) -> Iterator[Line]:
    for feature in features:
        tags, shape = flat_tags(feature["properties"] or {}), feature["geometry"] or {"type": ""}
        if not walkable(tags):
            continue
        if shape["type"] == "LineString":
            yield tags, [_units(*point[:2]) for point in shape["coordinates"]]
        elif shape["type"] in {"Polygon", "MultiLineString"}:
            for ring in shape["coordinates"]:
                yield tags, [_units(*point[:2]) for point in ring]


def flat_tags(tags: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a way with those that ogr2ogr and QGIS put into ``other_tags``: an HSTORE, or JSON."""
    others = tags.get("other_tags") or {}
    if isinstance(others, str):
        if others.lstrip().startswith("{"):
            others = json.loads(others)
        else:
            others = {name: re.sub(r"\\(.)", r"\1", value) for name, value in _HSTORE.findall(others)}
    return {**others, **{name: value for name, value in tags.items() if value is not None}}


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


def build_network(
    ways: Ways, crs: pyproj.CRS, *, min_component_m: float = 0, within: gpd.GeoSeries | None = None
) -> WalkNetwork:
    """Return the network of ways, split at every vertex that two of them share; empty where nothing is left.

    ``within`` is one polygon in ``crs``: edges with no vertex in it are left out.

    >>> import pyproj
    >>> cross = np.array([[0, 0], [1, 0], [2, 0], [1, 1], [1, 0]], dtype=np.int64) * 10_000 + [24_800_000, 489_000_000]
    >>> ways = Ways(cross, np.array([0, 0, 0, 1, 1]), np.array([False, True]), "2024-01-01")
    >>> network = build_network(ways, pyproj.CRS(2154))
    >>> len(network.xy), len(network.edges), network.length_m.round().tolist()
    (4, 3, [73.0, 73.0, 222.0])
    """
    # places: each distinct vertex once, shape (places, 2); vertex: for each vertex of a way, its place.
    places, vertex = np.unique(ways.vertices, axis=0, return_inverse=True)
    vertex = vertex.ravel()
    points = gpd.GeoSeries(gpd.points_from_xy(*(places / UNITS_PER_DEGREE).T), crs=GEOGRAPHIC).to_crs(crs)
    xy = np.column_stack([points.x, points.y])
    inside = np.ones(len(places), dtype=bool) if within is None else points.within(within.iloc[0]).to_numpy()

    # A segment runs from the vertex at start to the next one of the same way; those of no length are left out.
    start = np.flatnonzero((ways.way[1:] == ways.way[:-1]) & (vertex[1:] != vertex[:-1]))
    # A joint is the first or last vertex of a way, or one whose place several vertices share: there an edge ends.
    first = np.diff(ways.way, prepend=-1) != 0
    joint = first | np.r_[first[1:], True] | (np.bincount(vertex)[vertex] > 1) if len(vertex) else first
    # Segments between the same two joints have the same number: they are one edge.
    edge = np.cumsum(joint)[start]
    # An edge with any vertex inside is kept whole; a flag a number, of which there are no more than vertices.
    inside_edge = np.zeros(len(vertex) + 1, dtype=bool)
    np.logical_or.at(inside_edge, edge, inside[vertex[start]] | inside[vertex[start + 1]])
    start, edge = start[inside_edge[edge]], edge[inside_edge[edge]]

    ends = xy[vertex[start[:, None] + [0, 1]]]  # segments x two ends x (x, y)
    factor = np.where(ways.steps[ways.way[start]], STEPS_FACTOR, 1.0)
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T) * factor
    # Edges are numbered from 0, in the order of their segments: opening and closing are their first and last segment.
    _, opening, edge = np.unique(edge, return_index=True, return_inverse=True)
    closing = np.append(opening, len(start))[1:] - 1
    edges = np.column_stack([vertex[start[opening]], vertex[start[closing] + 1]])
    edge_length = np.bincount(edge, weights=length, minlength=len(edges)).astype(np.float64)

    # Connected parts that are long enough stay, with their edges and segments. A node without an edge is a part of
    # no length, and no part in the count.
    links = sparse.coo_array((np.ones(len(edges)), tuple(edges.T)), shape=(len(xy), len(xy)))
    _, part = connected_components(links, directed=False)
    part_of_edge = part[edges[:, 0]]
    part_length = np.bincount(part_of_edge, weights=edge_length)
    kept_part, real = part_length >= min_component_m, part_length > 0
    kept = kept_part[part_of_edge]
    kept_segment = kept[edge]

    # Nodes along a space-filling curve: neighbours lie close to each other, which halves the time of a search.
    used = np.unique(edges[kept])
    along_curve = gpd.GeoSeries(gpd.points_from_xy(*xy[used].T)).hilbert_distance() if len(used) else used
    nodes = used[np.argsort(along_curve, kind="stable")]
    position = np.zeros(len(xy), dtype=np.int32)
    position[nodes] = np.arange(len(nodes))
    # Where each segment begins: metres from the first of all; less those of the first of its edge, along the edge.
    # Edges that stay are numbered anew: cumsum(kept) - 1.
    begins = np.cumsum(length) - length
    return WalkNetwork(
        xy=xy[nodes],
        edges=position[edges[kept]],
        length_m=edge_length[kept],
        segment_edge=(np.cumsum(kept) - 1)[edge[kept_segment]].astype(np.int32),
        segment_xy=ends[kept_segment],
        segment_from_m=(begins - begins[opening][edge])[kept_segment],
        segment_length_m=length[kept_segment],
        crs=crs,
        date=ways.date,
        components=int((kept_part & real).sum()),
        dropped_components=int((~kept_part & real).sum()),
        dropped_m=float(part_length[~kept_part].sum()),
    )
