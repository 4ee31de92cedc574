"""Minutes on foot, over a walking network or in a straight line with a detour factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.spatial import KDTree

from essgeo.access.cost import CostMatrix
from essgeo.access.paths import network_metres, snap, split
from essgeo.crs import require_metric, require_same_crs
from essgeo.errors import CRSMismatchError, InputError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access.network import WalkNetwork

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
