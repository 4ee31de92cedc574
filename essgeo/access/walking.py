"""Minutes on foot, over a walking network or in a straight line with a detour factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from essgeo.access.cost import CostMatrix
from essgeo.crs import require_metric, require_same_crs
from essgeo.errors import CRSMismatchError, InputError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access.network import WalkNetwork


BATCH = 32


@dataclass(frozen=True)
class Snapped:
    """Points tied to the nearest place of a network.

    Attributes
    ----------
    xy
        The points themselves.
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


def snap(network: WalkNetwork, xy: NDArray[np.float64], *, max_snap_m: float) -> Snapped:
    """Return the nearest place of the network, on an edge and not only at its nodes, for each point.

    Parameters
    ----------
    network
        The network.
    xy
        Points, metres, shape (points, 2).
    max_snap_m
        Points farther than that from every edge stay untied.

    Returns
    -------
    Snapped
        In the order of ``xy``.

    Examples
    --------
    >>> import pyproj
    >>> from essgeo.access.network import build_network
    >>> from essgeo.access.network import Ways
    >>> street = np.array([[24_800_000, 489_000_000], [24_800_000, 489_010_000]])
    >>> network = build_network(Ways(street, np.array([0, 0]), np.array([False]), ""), pyproj.CRS(2154))
    >>> beside = snap(network, network.xy.mean(axis=0)[None] + [5, 0], max_snap_m=50)
    >>> beside.along_m.round().tolist(), beside.aside_m.round().tolist()
    ([56.0], [5.0])
    """
    segments = np.asarray(shapely.linestrings(network.segment_xy))
    points = shapely.points(xy)
    found, nearest = shapely.STRtree(segments).query_nearest(points, max_distance=max_snap_m, all_matches=False)
    begin, end = network.segment_xy[nearest, 0], network.segment_xy[nearest, 1]
    course, gone = end - begin, xy[found] - begin
    part = np.clip((gone * course).sum(axis=1) / (course**2).sum(axis=1), 0, 1)
    edge, along, aside = np.full(len(xy), -1), np.zeros(len(xy)), np.zeros(len(xy))
    edge[found] = network.segment_edge[nearest]
    walked = network.segment_from_m[nearest] + part * network.segment_length_m[nearest]
    along[found] = np.minimum(walked, network.length_m[network.segment_edge[nearest]])
    aside[found] = np.hypot(*(gone - part[:, None] * course).T)
    return Snapped(xy, edge, along, aside)


def split(points: Snapped, first: int) -> tuple[Snapped, Snapped]:
    """Return the first points, and the others.

    Examples
    --------
    >>> one, others = split(Snapped(np.zeros((3, 2)), np.arange(3), np.zeros(3), np.zeros(3)), 1)
    >>> others.edge.tolist()
    [1, 2]
    """
    parts = zip(
        *(np.split(array, [first]) for array in (points.xy, points.edge, points.along_m, points.aside_m)), strict=True
    )
    one, others = (Snapped(*part) for part in parts)
    return one, others


def network_metres(network: WalkNetwork, origins: Snapped, destinations: Snapped, *, max_m: float) -> sparse.csr_array:
    """Return the shortest walks between snapped points, metres.

    A walk goes straight from the point to its edge, along the network, and straight to the other point; between two
    points of one edge it may stay on it. Points at the same coordinates are at 0 m.

    Dijkstra's algorithm (scipy.sparse.csgraph) runs from the side with fewer points, up to ``max_m``, over a batch of
    sources at a time. Measured on 40,000 nodes and walks of 2,250 m, in processor time: 1.2 ms a source. pandana 0.8
    takes 8 ms a source by range queries after 18 s of preparation; its point-to-point queries take 0.04 ms a pair, a
    quarter of an hour for 20 million pairs. Nodes in an order that keeps neighbours close halve the time of the search.

    Parameters
    ----------
    network
        The network.
    origins, destinations
        From :func:`snap`.
    max_m
        Longest walk kept.

    Returns
    -------
    csr_array
        Origins x destinations, metres, stored where within reach (a stored 0 is a walk of 0 m); sorted by destination
        in each row.

    Examples
    --------
    >>> import pyproj
    >>> from essgeo.access.network import build_network
    >>> from essgeo.access.network import Ways
    >>> street = np.array([[24_800_000, 489_000_000], [24_800_000, 489_010_000]])
    >>> network = build_network(Ways(street, np.array([0, 0]), np.array([False]), ""), pyproj.CRS(2154))
    >>> ends = snap(network, network.xy, max_snap_m=50)
    >>> network_metres(network, ends, ends, max_m=1000).toarray().round().tolist()
    [[0.0, 111.0], [111.0, 0.0]]
    """
    if len(origins.edge) < len(destinations.edge):
        return _search(network, origins, destinations, max_m)
    return sparse.csr_array(_search(network, destinations, origins, max_m).T)


def _search(network: WalkNetwork, sources: Snapped, targets: Snapped, max_m: float) -> sparse.csr_array:
    """Return sources x targets."""
    tied, reachable = np.flatnonzero(sources.edge >= 0), np.flatnonzero(targets.edge >= 0)
    graph = _graph(network, sources, tied)
    edge, along, aside = targets.edge[reachable], targets.along_m[reachable], targets.aside_m[reachable]
    head, tail = network.edges[edge].T
    by_head, by_tail = along + aside, network.length_m[edge] - along + aside
    direct = _along_one_edge(sources, targets, tied, reachable)
    counts = np.zeros(len(sources.edge) + 1, dtype=np.int32)
    columns, metres = [np.empty(0, dtype=np.int32)], [np.empty(0)]
    for begin in range(0, len(tied), BATCH):
        source = tied[begin : begin + BATCH]
        field = dijkstra(graph, indices=len(network.xy) + begin + np.arange(len(source)), limit=max_m)
        walks = np.take(field, head, axis=1)
        walks += by_head
        other = np.take(field, tail, axis=1)
        other += by_tail
        np.minimum(walks, other, out=walks)
        same = direct[begin : begin + BATCH].tocoo()
        walks[same.coords] = np.minimum(walks[same.coords], same.data)
        near = np.flatnonzero(walks <= max_m)
        row, column = np.divmod(near, len(reachable))
        counts[source + 1] = np.bincount(row, minlength=len(source))
        columns.append(reachable[column].astype(np.int32))
        metres.append(walks.ravel()[near])
    pairs = (np.concatenate(metres), np.concatenate(columns), np.cumsum(counts, dtype=np.int32))
    return sparse.csr_array(pairs, shape=(len(sources.edge), len(targets.edge)))


def _along_one_edge(
    sources: Snapped, targets: Snapped, tied: NDArray[np.intp], reachable: NDArray[np.intp]
) -> sparse.csr_array:
    """Return the walks between points of the same edge that stay on it, tied sources x reachable targets."""
    edges = max(sources.edge.max(initial=-1), targets.edge.max(initial=-1)) + 1
    on_source = _incidence(sources.edge[tied], edges)
    pairs = sparse.coo_array(on_source @ _incidence(targets.edge[reachable], edges).T)
    one, other = tied[pairs.coords[0]], reachable[pairs.coords[1]]
    along = np.abs(sources.along_m[one] - targets.along_m[other]) + sources.aside_m[one] + targets.aside_m[other]
    identical = (sources.xy[one] == targets.xy[other]).all(axis=1)
    return sparse.csr_array((np.where(identical, 0.0, along), pairs.coords), shape=pairs.shape)


def _incidence(edge: NDArray[np.intp], edges: int) -> sparse.csr_array:
    return sparse.csr_array((np.ones(len(edge)), edge, np.arange(len(edge) + 1)), shape=(len(edge), edges))


def _graph(network: WalkNetwork, sources: Snapped, tied: NDArray[np.intp]) -> sparse.csr_array:
    """Return the network with one more node a source, from which edges lead out but none back."""
    nodes = len(network.xy)
    head, tail = network.edges.T
    edge, along, aside = sources.edge[tied], sources.along_m[tied], sources.aside_m[tied]
    added = nodes + np.arange(len(tied), dtype=np.int32)
    start = np.concatenate([head, tail, added, added])
    end = np.concatenate([tail, head, head[edge], tail[edge]])
    length = np.concatenate([network.length_m, network.length_m, along + aside, network.length_m[edge] - along + aside])
    order = np.lexsort((length, end, start))
    start, end, length = start[order], end[order], length[order]
    shortest = np.ones(len(start), dtype=bool)
    shortest[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    size = nodes + len(tied)
    return sparse.csr_array((length[shortest], (start[shortest], end[shortest])), shape=(size, size))


METRES_PER_MINUTE_AT_1_KMH = 1000 / 60

MAX_SNAP_M = 200.0
"""Points farther than that from every edge of a network reach nothing over it."""


def travel_cost(
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame,
    *,
    mode: str = "walk",
    network: WalkNetwork | None = None,
    max_minutes: float = 30,
    speed_kmh: float = 4.5,
    detour: float = 1.3,
    max_snap_m: float = MAX_SNAP_M,
) -> CostMatrix:
    r"""Return the minutes on foot between origins and destinations.

    Over a network, the shortest walk from the nearest place of its edges, see :func:`essgeo.access.network_metres`.
    Without one,

    .. math:: t = \frac{\text{detour} \cdot d}{\text{speed}}

    where *d* is the distance in a straight line. The detour factor stands for streets, crossings and fences; 1.3 is
    usual for dense European streets (Boscoe, Henry & Zdeb 2012 find 1.4 for drives in the United States) and is an
    assumption here; :func:`essgeo.access.estimate_detour` measures it where there is a network.

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
        Walked metres for one metre in a straight line, at least 1.
    max_snap_m
        Points farther than that from every edge of the network reach nothing; ``method`` says how many there are.

    Returns
    -------
    CostMatrix
        Pairs within ``max_minutes``, labelled with the method and the date of the network. A pair that is not there is
        not reachable; a trip from a point to itself takes 0 minutes.

    Raises
    ------
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
    [5.2]
    """
    if mode != "walk":
        message = f"mode {mode!r} is not known; only 'walk' is."
        raise InputError(message)
    if not (speed_kmh > 0 and detour >= 1 and max_minutes > 0):
        message = (
            f"speed_kmh ({speed_kmh}) and max_minutes ({max_minutes}) must be positive, detour ({detour}) at least 1."
        )
        raise InputError(message)
    for frame, name in ((origins, "origins"), (destinations, "destinations")):
        require_metric(frame, name)
    require_same_crs(origins, destinations, ("origins", "destinations"))
    metres_per_minute = speed_kmh * METRES_PER_MINUTE_AT_1_KMH
    max_m = max_minutes * metres_per_minute
    from_, to = _located(origins), _located(destinations)
    if network is None:
        walks = _straight_metres(_xy(origins, from_), _xy(destinations, to), max_m / detour)
        minutes = walks.data * detour / metres_per_minute
        method = f"straight line x {detour:g} at {speed_kmh:g} km/h"
    else:
        walks, away = _over(network, origins, destinations, max_m, max_snap_m)
        minutes = walks.data / metres_per_minute
        method = f"walking network of {network.date or 'unknown date'} at {speed_kmh:g} km/h{away}"
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


def _straight_metres(origins: NDArray[np.float64], destinations: NDArray[np.float64], max_m: float) -> sparse.csr_array:
    shape = (len(origins), len(destinations))
    if not all(shape):
        return sparse.csr_array(shape)
    pairs = KDTree(origins).sparse_distance_matrix(KDTree(destinations), max_m, output_type="ndarray")
    walks = sparse.csr_array((pairs["v"], (pairs["i"], pairs["j"])), shape=shape)
    walks.sort_indices()
    return walks


def _over(
    network: WalkNetwork, origins: gpd.GeoDataFrame, destinations: gpd.GeoDataFrame, max_m: float, max_snap_m: float
) -> tuple[sparse.csr_array, str]:
    """Return the walks, metres, and how many points are too far from the network, in words."""
    if network.crs != origins.crs:
        message = (
            f"the network is in {network.crs.to_string()}, the points in {origins.crs.to_string()}: read it again."
        )
        raise CRSMismatchError(message)
    places = {
        name: _xy(frame, _located(frame)) for name, frame in (("origins", origins), ("destinations", destinations))
    }
    tied = split(snap(network, np.concatenate(list(places.values())), max_snap_m=max_snap_m), len(places["origins"]))
    for (name, xy), points in zip(places.items(), tied, strict=True):
        if len(xy) and not (points.edge >= 0).any():
            message = (
                f"{name}: none of the {len(xy)} points lies within {max_snap_m:g} m of the walking network. "
                "Give a network that covers the territory, or none, to measure in straight lines."
            )
            raise InputError(message)
    lost = [int((points.edge < 0).sum()) for points in tied]
    away = f"; too far from it: {lost[0]} origins, {lost[1]} destinations" if any(lost) else ""
    return network_metres(network, *tied, max_m=max_m), away


def _located(points: gpd.GeoDataFrame) -> NDArray[np.intp]:
    return np.flatnonzero(points.geometry.notna() & ~points.geometry.is_empty)


def _xy(points: gpd.GeoDataFrame, positions: NDArray[np.intp]) -> NDArray[np.float64]:
    kept = points.geometry.iloc[positions]
    return np.column_stack([kept.x, kept.y])
