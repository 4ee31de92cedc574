"""A walking network: junctions, the ways between them, and their drawn shape."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from essgeo.access.osm import UNITS_PER_DEGREE, Ways, read_ways
from essgeo.access.pedestrian import STEPS_FACTOR
from essgeo.crs import GEOGRAPHIC, require_metric
from essgeo.errors import InputError

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

LICENCE = "ODbL 1.0"
SOURCE = "OpenStreetMap contributors"


@dataclass(frozen=True)
class WalkNetwork:
    """A walking network in a metric CRS.

    An edge runs between two nodes and bends at its segments. Lengths are in metres on the flat: a metre of steps counts
    as :data:`essgeo.access.pedestrian.STEPS_FACTOR` of them.

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


def read_network(
    path: Path | str, area: gpd.GeoDataFrame, *, buffer_m: float = 1000, min_component_m: float = 2000
) -> WalkNetwork:
    """Return the walking network of an OpenStreetMap file within an area and around it.

    Ways are split where they meet. Parts of the network that are not connected to each other are kept if they are long
    enough to matter, such as the other bank of a river; short ones, often a drawing left unfinished, are dropped and
    reported, so that nobody starts on an island of a few metres.

    Parameters
    ----------
    path
        ``.pbf``, ``.osm``, or ``.json`` and ``.geojson`` of Overpass, see :func:`essgeo.access.osm.read_ways`.
    area
        Polygons of the territory, metric CRS.
    buffer_m
        Ways this close to the area are kept, whole up to the next junction.
    min_component_m
        Connected parts shorter than that altogether are dropped.

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
    place = area.geometry.buffer(buffer_m).union_all()
    outline = gpd.GeoSeries([place], crs=crs)
    ways = read_ways(path, tuple(outline.to_crs(GEOGRAPHIC).total_bounds))
    network = build_network(ways, crs, min_component_m=min_component_m, within=outline)
    if not len(network.edges):
        message = (
            f"{Path(path).name}: no walkable way within {buffer_m:g} m of the area. "
            "Give an extract that covers the territory."
        )
        raise InputError(message)
    return network


def build_network(
    ways: Ways, crs: pyproj.CRS, *, min_component_m: float = 0, within: gpd.GeoSeries | None = None
) -> WalkNetwork:
    """Return the network of ways, split at every vertex that two of them share.

    Parameters
    ----------
    ways
        From :func:`essgeo.access.osm.read_ways`.
    crs
        Metric CRS of the network.
    min_component_m
        Connected parts shorter than that are dropped.
    within
        One polygon in ``crs``; edges with no vertex in it are left out.

    Returns
    -------
    WalkNetwork
        Empty where nothing is left.

    Examples
    --------
    >>> import pyproj
    >>> cross = np.array([[0, 0], [1, 0], [2, 0], [1, 1], [1, 0]], dtype=np.int64) * 10_000 + [24_800_000, 489_000_000]
    >>> ways = Ways(cross, np.array([0, 0, 0, 1, 1]), np.array([False, True]), "2024-01-01")
    >>> network = build_network(ways, pyproj.CRS(2154))
    >>> len(network.xy), len(network.edges), network.length_m.round().tolist()
    (4, 3, [73.0, 73.0, 222.0])
    """
    places, vertex = np.unique(ways.vertices, axis=0, return_inverse=True)
    vertex = vertex.ravel()
    points = gpd.GeoSeries(gpd.points_from_xy(*(places / UNITS_PER_DEGREE).T), crs=GEOGRAPHIC).to_crs(crs)
    xy = np.column_stack([points.x, points.y])
    inside = np.ones(len(places), dtype=bool) if within is None else points.within(within.iloc[0]).to_numpy()

    start = np.flatnonzero((ways.way[1:] == ways.way[:-1]) & (vertex[1:] != vertex[:-1]))
    first = np.diff(ways.way, prepend=-1) != 0
    joint = first | np.r_[first[1:], True] | (np.bincount(vertex)[vertex] > 1) if len(vertex) else first
    edge = np.cumsum(joint)[start]
    inside_edge = np.zeros(len(vertex) + 1, dtype=bool)
    np.logical_or.at(inside_edge, edge, inside[vertex[start]] | inside[vertex[start + 1]])
    start, edge = start[inside_edge[edge]], edge[inside_edge[edge]]

    ends = xy[vertex[start[:, None] + [0, 1]]]
    factor = np.where(ways.steps[ways.way[start]], STEPS_FACTOR, 1.0)
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T) * factor
    _, opening, edge = np.unique(edge, return_index=True, return_inverse=True)
    closing = np.append(opening, len(start))[1:] - 1
    edges = np.column_stack([vertex[start[opening]], vertex[start[closing] + 1]])
    return _largest_parts(xy, edges, (edge, ends, length), crs, date=ways.date, min_component_m=min_component_m)


def _largest_parts(
    xy: NDArray[np.float64],
    edges: NDArray[np.intp],
    segments: tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]],
    crs: pyproj.CRS,
    *,
    date: str,
    min_component_m: float,
) -> WalkNetwork:
    """Return the network without its short connected parts, its nodes in an order that keeps neighbours close."""
    edge, ends, length = segments
    edge_length = np.bincount(edge, weights=length, minlength=len(edges)).astype(np.float64)
    links = sparse.coo_array((np.ones(len(edges)), tuple(edges.T)), shape=(len(xy), len(xy)))
    _, part = connected_components(links, directed=False)
    part_of_edge = part[edges[:, 0]]
    part_length = np.bincount(part_of_edge, weights=edge_length)
    kept_part = part_length >= min_component_m
    real = part_length > 0
    kept = kept_part[part_of_edge]
    kept_segment = kept[edge]

    used = np.unique(edges[kept])
    along_curve = gpd.GeoSeries(gpd.points_from_xy(*xy[used].T)).hilbert_distance() if len(used) else used
    nodes = used[np.argsort(along_curve, kind="stable")]
    position = np.zeros(len(xy), dtype=np.int32)
    position[nodes] = np.arange(len(nodes))
    begins = np.cumsum(length) - length
    opening = np.searchsorted(edge, np.arange(len(edges)))
    new_edge = np.cumsum(kept) - 1
    return WalkNetwork(
        xy=xy[nodes],
        edges=position[edges[kept]],
        length_m=edge_length[kept],
        segment_edge=new_edge[edge[kept_segment]].astype(np.int32),
        segment_xy=ends[kept_segment],
        segment_from_m=(begins - begins[opening][edge])[kept_segment],
        segment_length_m=length[kept_segment],
        crs=crs,
        date=date,
        components=int((kept_part & real).sum()),
        dropped_components=int((~kept_part & real).sum()),
        dropped_m=float(part_length[~kept_part].sum()),
    )
