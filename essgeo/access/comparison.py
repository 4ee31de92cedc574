"""A walking network beside the straight lines it replaces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from essgeo.access.cost import nearest_minutes
from essgeo.access.detour import Detour, estimate_detour
from essgeo.access.measures import coverage_share
from essgeo.access.paths import snap
from essgeo.access.walking import MAX_SNAP_M, travel_cost
from essgeo.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access.network import WalkNetwork


@dataclass(frozen=True)
class WalkingComparison:
    """What a network changes against straight lines with a detour, for the same residents and structures.

    Attributes
    ----------
    within_minutes
        The walk.
    share_straight, share_network
        Share of the residents near the network within that walk of a structure near it.
    residents, residents_away
        Residents within :data:`essgeo.access.walking.MAX_SNAP_M` of the network, and farther: these reach nothing on
        it.
    structures, structures_away
        The same for structures.
    detour
        The factor the network shows beside the one assumed; ``None`` where no trip is long enough to say.
    network_date
        Day of the network, ISO; ``unknown`` where its file does not say.
    """

    within_minutes: float
    share_straight: float
    share_network: float
    residents: float
    residents_away: float
    structures: int
    structures_away: int
    detour: Detour | None
    network_date: str


def compare_walking(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    network: WalkNetwork,
    *,
    within_minutes: float = 15,
    speed_kmh: float = 4.5,
    detour: float = 1.3,
) -> WalkingComparison:
    """Return how far walks over a network and in straight lines agree.

    Parameters
    ----------
    demand
        From :func:`essgeo.demand_points`.
    structures
        Located structures that count, in the same CRS.
    network
        From :func:`essgeo.read_network`.
    within_minutes
        The walk.
    speed_kmh, detour
        As for :func:`essgeo.travel_cost`.

    Returns
    -------
    WalkingComparison
        Over the residents and structures that are near the network, so that one that covers part of a territory is
        judged on that part.

    Raises
    ------
    InputError
        No resident or no structure is near the network.

    Examples
    --------
    >>> import pyproj
    >>> import geopandas as gpd
    >>> from essgeo.access.network import build_network
    >>> from essgeo.access.osm import Ways
    >>> corner = np.array([[24_800_000, 489_000_000], [24_800_000, 489_030_000], [24_845_000, 489_030_000]])
    >>> network = build_network(Ways(corner, np.zeros(3, dtype=int), np.array([False]), ""), pyproj.CRS(2154))
    >>> home, shop = (gpd.GeoDataFrame({"population": [10.0]}, geometry=gpd.points_from_xy(*xy[:, None]), crs=2154)
    ...               for xy in network.xy)
    >>> found = compare_walking(home, shop, network, within_minutes=8.5)
    >>> found.share_straight, found.share_network
    (1.0, 0.0)
    """
    home, place = _near(demand, network), _near(structures, network)
    for name, near in (("resident", home), ("structure", place)):
        if not near.any():
            message = f"no {name} lies within {MAX_SNAP_M:g} m of the walking network: there is nothing to compare."
            raise InputError(message)
    residents = demand["population"].to_numpy(dtype=float)
    walk = partial(
        travel_cost,
        demand[home],
        structures[place],
        max_minutes=within_minutes,
        speed_kmh=speed_kmh,
        detour=detour,
    )
    straight, streets = (
        coverage_share(nearest_minutes(cost), residents[home], [within_minutes])[0]
        for cost in (walk(), walk(network=network))
    )
    return WalkingComparison(
        within_minutes=within_minutes,
        share_straight=float(straight),
        share_network=float(streets),
        residents=float(residents[home].sum()),
        residents_away=float(residents[~home].sum()),
        structures=int(place.sum()),
        structures_away=int((~place).sum()),
        detour=_detour(demand[home], structures[place], network, detour),
        network_date=network.date or "unknown",
    )


def _near(points: gpd.GeoDataFrame, network: WalkNetwork) -> NDArray[np.bool_]:
    xy = np.column_stack([points.geometry.x, points.geometry.y])
    near: NDArray[np.bool_] = snap(network, xy, max_snap_m=MAX_SNAP_M).edge >= 0
    return near


def _detour(
    demand: gpd.GeoDataFrame, structures: gpd.GeoDataFrame, network: WalkNetwork, assumed: float
) -> Detour | None:
    try:
        return estimate_detour(demand, structures, network, assumed=assumed)
    except InputError:
        return None
