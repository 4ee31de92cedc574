"""Minutes on foot, over a walking network or in a straight line that is lengthened as streets lengthen it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from essgeo.crs import require_metric, require_same_crs
from essgeo.errors import CRSMismatchError, InputError
from essgeo.messages import tell
from essgeo.text.languages import method_code
from essgeo.uncertainty import straight_metres, street_metres
from essgeo.zoning.locate import refuse

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from essgeo.access.network import WalkNetwork


BATCH = 32

METRES_PER_MINUTE_AT_1_KMH = 1000 / 60

MAX_SNAP_M = 200.0
"""Points farther than that from every edge of a network reach nothing over it."""


@dataclass(frozen=True)
class CostMatrix:
    """Travel times between origins and destinations; pairs beyond ``max_minutes`` are left out.

    Attributes
    ----------
    origin_ids, destination_ids
        Index of the origins and of the destinations.
    origin, destination
        For each pair, positions in ``origin_ids`` and ``destination_ids``; sorted by origin, then destination.
    minutes
        For each pair, minutes of travel (float32).
    max_minutes
        Longest trip kept.
    mode
        ``walk``.
    method
        How minutes were found, in words; every result shows it.
    speed_kmh, detour
        Speed, and walked metres for one metre in a straight line where a constant stands for streets.
    network_date
        Day of the walking network, ISO, ``unknown`` where its file does not say; ``""`` for straight lines.
    unit
        ``minutes``.
    """

    origin_ids: pd.Index
    destination_ids: pd.Index
    origin: NDArray[np.int32]
    destination: NDArray[np.int32]
    minutes: NDArray[np.float32]
    max_minutes: float
    mode: str
    method: str
    speed_kmh: float
    detour: float | None = None
    network_date: str = ""
    unit: str = "minutes"


@dataclass(frozen=True)
class Snapped:
    """Points tied to the nearest place of a network.

    Attributes
    ----------
    xy
        The points themselves, shape (points, 2), metres.
    edge
        Their edge; -1 for a point too far from any.
    along_m
        Metres from the first node of the edge.
    aside_m
        Metres from the point to the edge.
    """

    xy: NDArray[np.float64]
    edge: NDArray[np.intp]
    along_m: NDArray[np.float64]
    aside_m: NDArray[np.float64]

    def __getitem__(self, rows: slice | NDArray[np.integer]) -> Snapped:
        """Return some of the points."""
        return Snapped(self.xy[rows], self.edge[rows], self.along_m[rows], self.aside_m[rows])


def travel_cost(
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame,
    *,
    mode: str = "walk",
    network: WalkNetwork | None = None,
    max_minutes: float = 30,
    speed_kmh: float = 4.5,
    detour: float | None = None,
    max_snap_m: float = MAX_SNAP_M,
) -> CostMatrix:
    r"""Return the minutes on foot between origins and destinations.

    Over a network, the shortest walk: straight from the point to the nearest place of an edge, along the network, and
    straight to the other point. Without one, the median walk over streets for the distance *d* in a straight line,

    .. math:: t = \frac{1.15\, d + 132 \,(d / 300)^{0.4}}{\text{speed}}

    fitted on the streets of Bondy (:mod:`essgeo.uncertainty.streets`), the walk that the draws behind intervals vary;
    or ``detour`` times *d*, where a constant is given. :func:`essgeo.access.estimate_detour` measures it where there
    is a network.

    Parameters
    ----------
    origins, destinations
        Points in the same metric CRS. Those without a point reach nothing.
    mode
        ``walk``, the only one.
    network
        From :func:`essgeo.access.read_network`; straight lines where ``None``.
    max_minutes
        Longer trips are left out.
    speed_kmh
        Walking speed.
    detour
        Walked metres for one metre in a straight line, at least 1; by default as streets lengthen it.
    max_snap_m
        Points farther than that from every edge of the network reach nothing; ``method`` says how many there are.

    Returns
    -------
    CostMatrix
        Pairs within ``max_minutes``, labelled with the method and the date of the network. A pair that is not there is
        not reachable; a trip from a point to itself takes 0 minutes.

    Raises
    ------
    SchemaError
        A geometry that is not a point.
    InputError
        Unknown mode, a speed, detour or time that makes no sense, or a network that no origin or no destination is
        near.
    MissingCRSError, CRSMismatchError
        No CRS, not a metric one, or not the same.

    Examples
    --------
    >>> import geopandas as gpd
    >>> home = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shop = gpd.GeoDataFrame(geometry=gpd.points_from_xy([300, 9000], [0, 0]), crs=2154)
    >>> [round(float(m), 2) for m in travel_cost(home, shop).minutes]
    [6.36]
    >>> [round(float(m), 2) for m in travel_cost(home, shop, detour=1.3).minutes]
    [5.2]
    """
    if mode != "walk":
        message = tell("mode_unknown", mode=mode)
        raise InputError(message)
    if not (speed_kmh > 0 and (detour is None or detour >= 1) and max_minutes > 0):
        message = tell("walk_positive", speed_kmh=speed_kmh, max_minutes=max_minutes, detour=detour)
        raise InputError(message)
    require_metric(origins, "origins")
    require_metric(destinations, "destinations")
    require_same_crs(origins, destinations, ("origins", "destinations"))
    metres_per_minute = speed_kmh * METRES_PER_MINUTE_AT_1_KMH
    max_m = max_minutes * metres_per_minute
    (from_, start), (to, end) = _located(origins, "origins"), _located(destinations, "destinations")
    if network is None:
        walks = _straight_metres(start, end, reach_m(max_minutes, speed_kmh, detour))
        minutes = walked_minutes(walks.data, speed_kmh, detour)
        constant = {} if detour is None else {"detour": detour}
        method = method_code("straight_line" if constant else "straight_line_median", **constant, speed_kmh=speed_kmh)
    else:
        if network.crs != origins.crs:
            message = tell("network_crs", crs=network.crs.to_string(), crs_2=origins.crs.to_string())
            raise CRSMismatchError(message)
        walks, away = _walks_over(network, start, end, max_m=max_m, max_snap_m=max_snap_m)
        minutes = walks.data / metres_per_minute
        dated = {"date": network.date} if network.date else {}
        method = method_code("network" if dated else "network_undated", **dated, speed_kmh=speed_kmh) + away
    # walks has one row a located origin and one column a located destination: from_ and to lead back to all of them.
    return CostMatrix(
        origin_ids=origins.index,
        destination_ids=destinations.index,
        origin=np.repeat(from_, np.diff(walks.indptr)).astype(np.int32),
        destination=to[walks.indices].astype(np.int32),
        minutes=minutes.astype(np.float32),
        max_minutes=max_minutes,
        mode=mode,
        method=method,
        speed_kmh=speed_kmh,
        detour=detour,
        network_date="" if network is None else network.date or "unknown",
    )


def walked_minutes(
    straight_m: NDArray[np.floating], speed_kmh: float, detour: float | None = None
) -> NDArray[np.float64]:
    """Return the minutes on foot for metres in a straight line, where nothing is known of the streets.

    >>> walked_minutes(np.array([0.0, 300.0]), 4.5).round(2).tolist()
    [0.0, 6.36]
    """
    walked = street_metres(straight_m) if detour is None else detour * np.asarray(straight_m, dtype=np.float64)
    minutes: NDArray[np.float64] = walked / (speed_kmh * METRES_PER_MINUTE_AT_1_KMH)
    return minutes


def reach_m(minutes: float, speed_kmh: float, detour: float | None = None) -> float:
    """Return how far in a straight line a walk of so many minutes leads: what :func:`walked_minutes` undoes.

    >>> round(reach_m(5.2, 4.5, 1.3)), round(reach_m(6.36, 4.5))
    (300, 300)
    """
    walked = minutes * speed_kmh * METRES_PER_MINUTE_AT_1_KMH
    return float(straight_metres(walked)) if detour is None else walked / detour


def _located(points: gpd.GeoDataFrame, name: str) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the positions of the points that have a place, and their coordinates, shape (located, 2)."""
    other = shapely.get_type_id(points.geometry.array) > 0  # -1 is no geometry, 0 a point
    wrong = ("geometry", other, lambda i: f"is a {points.geom_type.iloc[i]}; Point expected, such as its centroid")
    refuse(name, points.index, wrong)
    positions = np.flatnonzero(points.geometry.notna() & ~points.geometry.is_empty)
    kept = points.geometry.iloc[positions]
    return positions, np.column_stack([kept.x, kept.y])


def _straight_metres(origins: NDArray[np.float64], destinations: NDArray[np.float64], max_m: float) -> sparse.csr_array:
    """Return origins x destinations, the metres of pairs up to ``max_m`` apart; a stored 0 is a walk of 0 m."""
    shape = (len(origins), len(destinations))
    if not all(shape):
        return sparse.csr_array(shape)
    pairs = KDTree(origins).sparse_distance_matrix(KDTree(destinations), max_m, output_type="ndarray")
    walks = sparse.csr_array((pairs["v"], (pairs["i"], pairs["j"])), shape=shape)
    walks.sort_indices()
    return walks


def _walks_over(
    network: WalkNetwork,
    origins: NDArray[np.float64],
    destinations: NDArray[np.float64],
    *,
    max_m: float,
    max_snap_m: float,
) -> tuple[sparse.csr_array, str]:
    """Return the walks, metres, and how many points are too far from the network, in words."""
    tied = snap(network, np.concatenate([origins, destinations]), max_snap_m=max_snap_m)
    sides = {"origins": tied[: len(origins)], "destinations": tied[len(origins) :]}
    lost = {name: int((points.edge < 0).sum()) for name, points in sides.items()}
    for name, points in sides.items():
        if lost[name] and lost[name] == len(points.edge):
            message = tell("points_off_network", name=name, lost=lost[name], max_snap_m=max_snap_m)
            raise InputError(message)
    away = f"; {method_code('far_from_network', **lost)}" if any(lost.values()) else ""
    return network_metres(network, *sides.values(), max_m=max_m), away


def near_network(points: gpd.GeoDataFrame, network: WalkNetwork | None) -> NDArray[np.bool_]:
    """Return which points are at most :data:`MAX_SNAP_M` from a network; all of them where there is none."""
    if network is None:
        return np.ones(len(points), dtype=bool)
    near: NDArray[np.bool_] = (
        snap(network, np.column_stack([points.geometry.x, points.geometry.y]), max_snap_m=MAX_SNAP_M).edge >= 0
    )
    return near


def snap(network: WalkNetwork, xy: NDArray[np.float64], *, max_snap_m: float) -> Snapped:
    """Return the nearest place of the network, on an edge and not only at its nodes, of points of shape (points, 2)."""
    segments = np.asarray(shapely.linestrings(network.segment_xy))
    points = shapely.points(xy)
    # found and nearest: positions of a point and of its nearest segment; a point too far away has no pair.
    found, nearest = shapely.STRtree(segments).query_nearest(points, max_distance=max_snap_m, all_matches=False)
    # Found points x 2: along the segment, and from where it begins to the point, whose foot on it is the place.
    begin, end = network.segment_xy[nearest, 0], network.segment_xy[nearest, 1]
    course, gone = end - begin, xy[found] - begin
    part = np.clip((gone * course).sum(axis=1) / (course**2).sum(axis=1), 0, 1)  # of the segment, before the place
    edge, along, aside = np.full(len(xy), -1), np.zeros(len(xy)), np.zeros(len(xy))
    edge[found] = network.segment_edge[nearest]
    walked = network.segment_from_m[nearest] + part * network.segment_length_m[nearest]
    # No farther than its edge is long, which rounding may add: what is left to the other node is never negative.
    along[found] = np.minimum(walked, network.length_m[network.segment_edge[nearest]])
    aside[found] = np.hypot(*(gone - part[:, None] * course).T)
    return Snapped(xy, edge, along, aside)


def network_metres(network: WalkNetwork, origins: Snapped, destinations: Snapped, *, max_m: float) -> sparse.csr_array:
    """Return the shortest walks between snapped points up to ``max_m``: origins x destinations, metres.

    Two points of one edge may stay on it; points at the same coordinates are at 0 m, and a stored 0 is such a walk.
    Columns are sorted in each row.

    Dijkstra's algorithm (scipy.sparse.csgraph) runs from the side with fewer points, over a batch of sources at a time.
    Measured on 40,000 nodes and walks of 2,250 m, in processor time: 1.2 ms a source. pandana 0.8 takes 8 ms a source
    by range queries after 18 s of preparation; its point-to-point queries take 0.04 ms a pair, a quarter of an hour for
    20 million pairs.
    """
    if len(origins.edge) < len(destinations.edge):
        return _search(network, origins, destinations, max_m)
    return sparse.csr_array(_search(network, destinations, origins, max_m).T)


def _search(network: WalkNetwork, sources: Snapped, targets: Snapped, max_m: float) -> sparse.csr_array:
    """Return sources x targets."""
    # Positions of the points that the network is near; the graph has a node of its own for each start, in this order.
    tied, reachable = np.flatnonzero(sources.edge >= 0), np.flatnonzero(targets.edge >= 0)
    starts, ends = sources[tied], targets[reachable]
    graph = _graph(network, starts)
    # A walk comes to a target over the head or over the tail of its edge: metres from either node to the target.
    head, tail = network.edges[ends.edge].T
    by_head, by_tail = ends.along_m + ends.aside_m, network.length_m[ends.edge] - ends.along_m + ends.aside_m
    direct = _along_one_edge(starts, ends)
    counts = np.zeros(len(sources.edge) + 1, dtype=np.int32)  # walks a source, shifted by one: their sum is indptr
    columns, metres = [np.empty(0, dtype=np.int32)], [np.empty(0)]
    for begin in range(0, len(tied), BATCH):
        source = tied[begin : begin + BATCH]
        # field: sources of the batch x nodes, metres, infinite beyond max_m.
        field = dijkstra(graph, indices=len(network.xy) + begin + np.arange(len(source)), limit=max_m)
        # walks: sources of the batch x targets. Both ways are added in place: these arrays are the large ones.
        walks = np.take(field, head, axis=1)
        walks += by_head
        other = np.take(field, tail, axis=1)
        other += by_tail
        np.minimum(walks, other, out=walks)
        same = direct[begin : begin + BATCH].tocoo()
        walks[same.coords] = np.minimum(walks[same.coords], same.data)
        # Row by row and then by column, which is the order of a CSR matrix: the batches are only laid end to end.
        near = np.flatnonzero(walks <= max_m)
        row, column = np.divmod(near, len(reachable))
        counts[source + 1] = np.bincount(row, minlength=len(source))
        columns.append(reachable[column].astype(np.int32))
        metres.append(walks.ravel()[near])
    pairs = (np.concatenate(metres), np.concatenate(columns), np.cumsum(counts, dtype=np.int32))
    return sparse.csr_array(pairs, shape=(len(sources.edge), len(targets.edge)))


def _along_one_edge(starts: Snapped, ends: Snapped) -> sparse.csr_array:
    """Return the walks between points of the same edge that stay on it, starts x ends."""
    edges = max(starts.edge.max(initial=-1), ends.edge.max(initial=-1)) + 1
    # Points x edges, a 1 where the point lies on the edge: their product has an entry where two points share one.
    of_start, of_end = (
        sparse.csr_array((np.ones(len(edge)), edge, np.arange(len(edge) + 1)), shape=(len(edge), edges))
        for edge in (starts.edge, ends.edge)
    )
    pairs = sparse.coo_array(of_start @ of_end.T)  # its values do not count, only where it has any
    one, other = starts[pairs.coords[0]], ends[pairs.coords[1]]
    along = np.abs(one.along_m - other.along_m) + one.aside_m + other.aside_m
    identical = (one.xy == other.xy).all(axis=1)
    return sparse.csr_array((np.where(identical, 0.0, along), pairs.coords), shape=pairs.shape)


def _graph(network: WalkNetwork, starts: Snapped) -> sparse.csr_array:
    """Return the network with one more node a source, from which edges lead out but none back."""
    nodes = len(network.xy)
    head, tail = network.edges.T
    added = nodes + np.arange(len(starts.edge), dtype=np.int32)
    to_head, to_tail = starts.along_m + starts.aside_m, network.length_m[starts.edge] - starts.along_m + starts.aside_m
    start = np.concatenate([head, tail, added, added])
    end = np.concatenate([tail, head, head[starts.edge], tail[starts.edge]])
    length = np.concatenate([network.length_m, network.length_m, to_head, to_tail])
    # A sparse matrix adds up what stands twice: of parallel edges only the shortest stays.
    order = np.lexsort((length, end, start))
    start, end, length = start[order], end[order], length[order]
    shortest = np.ones(len(start), dtype=bool)
    shortest[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    size = nodes + len(added)
    return sparse.csr_array((length[shortest], (start[shortest], end[shortest])), shape=(size, size))
