"""Minutes on foot, in a straight line with a detour factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import KDTree

from essgeo.access.cost import CostMatrix
from essgeo.crs import require_metric, require_same_crs
from essgeo.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

METRES_PER_MINUTE_AT_1_KMH = 1000 / 60


def travel_cost(
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame,
    *,
    mode: str = "walk",
    max_minutes: float = 30,
    speed_kmh: float = 4.5,
    detour: float = 1.3,
) -> CostMatrix:
    r"""Return the minutes on foot between origins and destinations.

    .. math:: t = \frac{\text{detour} \cdot d}{\text{speed}}

    where *d* is the distance in a straight line. The detour factor stands for streets, crossings and fences; 1.3 is
    usual for dense European streets (Boscoe, Henry & Zdeb 2012 find 1.4 for drives in the United States) and is an
    assumption here.

    Parameters
    ----------
    origins, destinations
        Points in the same metric CRS. Those without a point reach nothing.
    mode
        ``walk``, the only one.
    max_minutes
        Longer trips are left out.
    speed_kmh
        Walking speed.
    detour
        Walked metres for one metre in a straight line, at least 1.

    Returns
    -------
    CostMatrix
        Pairs within ``max_minutes``, labelled with the method.

    Raises
    ------
    InputError
        Unknown mode, or a speed, detour or time that makes no sense.
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
    minutes_per_metre = detour / (speed_kmh * METRES_PER_MINUTE_AT_1_KMH)
    from_, to = _located(origins), _located(destinations)
    pairs = np.empty(0, dtype=[("i", np.intp), ("j", np.intp), ("v", np.float64)])
    if len(from_) and len(to):
        tree, other = KDTree(_xy(origins, from_)), KDTree(_xy(destinations, to))
        pairs = tree.sparse_distance_matrix(other, max_minutes / minutes_per_metre, output_type="ndarray")
    origin, destination = from_[pairs["i"]], to[pairs["j"]]
    order = np.lexsort((destination, origin))
    return CostMatrix(
        origin_ids=origins.index,
        destination_ids=destinations.index,
        origin=origin[order].astype(np.int32),
        destination=destination[order].astype(np.int32),
        minutes=(pairs["v"][order] * minutes_per_metre).astype(np.float32),
        max_minutes=max_minutes,
        mode=mode,
        method=f"straight line x {detour:g} at {speed_kmh:g} km/h",
        speed_kmh=speed_kmh,
        detour=detour,
    )


def _located(points: gpd.GeoDataFrame) -> NDArray[np.intp]:
    return np.flatnonzero(points.geometry.notna() & ~points.geometry.is_empty)


def _xy(points: gpd.GeoDataFrame, positions: NDArray[np.intp]) -> NDArray[np.float64]:
    kept = points.geometry.iloc[positions]
    return np.column_stack([kept.x, kept.y])
