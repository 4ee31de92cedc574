"""How far walks over streets are from straight lines."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from essgeo.access.accessibility import coverage_share, nearest_minutes
from essgeo.access.walking import MAX_SNAP_M, METRES_PER_MINUTE_AT_1_KMH, near_network, travel_cost
from essgeo.errors import InputError
from essgeo.messages import tell
from essgeo.uncertainty import street_metres
from essgeo.zoning.locate import residents

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access.network import WalkNetwork


MIN_STRAIGHT_M = 100.0

RESAMPLES = 500


@dataclass(frozen=True)
class Detour:
    """Walked metres for one metre in a straight line, measured over a network.

    Attributes
    ----------
    factor
        Median over trips.
    low, high
        Interval of that median: trips of one destination resemble each other, so whole destinations are drawn again.
    slope
        Total of walked metres by total of straight ones: the regression through the origin where the error grows with
        the distance.
    trip_low, trip_high
        Between these lie the factors of single trips.
    trips
        How many trips it rests on.
    assumed
        The factor that straight lines assume: a constant, or the median over the same trips.
    level
        Level of both intervals.
    network_date
        Day of the network.
    """

    factor: float
    low: float
    high: float
    slope: float
    trip_low: float
    trip_high: float
    trips: int
    assumed: float
    level: float
    network_date: str


def estimate_detour(
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame,
    network: WalkNetwork,
    *,
    max_minutes: float = 30,
    assumed: float | None = None,
    level: float = 0.9,
    seed: int = 0,
) -> Detour:
    r"""Return the detour factor that a network shows, beside the one assumed without it.

    .. math:: \text{detour} = \operatorname{median}_{ij} \frac{d^{\text{network}}_{ij}}{d^{\text{straight}}_{ij}}

    over trips of at least 100 m in a straight line; shorter ones say more of the front door than of the streets.

    Parameters
    ----------
    origins, destinations
        Points in the CRS of the network.
    network
        From :func:`essgeo.access.read_network`.
    max_minutes
        Longest trip looked at.
    assumed
        The factor to compare with; by default what :func:`essgeo.travel_cost` assumes of these trips, in the median.
    level
        Level of the intervals.
    seed
        Of the resampling.

    Returns
    -------
    Detour
        The factor, its interval and what it rests on.

    Raises
    ------
    InputError
        No trip is long enough, or the network is elsewhere.

    Examples
    --------
    >>> import numpy as np, pyproj
    >>> import geopandas as gpd
    >>> from essgeo.access.network import Ways, build_network
    >>> corner = np.array([[24_800_000, 489_000_000], [24_800_000, 489_030_000], [24_845_000, 489_030_000]])
    >>> network = build_network(Ways(corner, np.zeros(3, dtype=int), np.array([False]), ""), pyproj.CRS(2154))
    >>> ends = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*network.xy.T), crs=2154)
    >>> round(estimate_detour(ends, ends, network).factor, 2)
    1.41
    """
    cost = travel_cost(origins, destinations, network=network, max_minutes=max_minutes)
    start, end = origins.geometry.iloc[cost.origin], destinations.geometry.iloc[cost.destination]
    straight = np.hypot(start.x.to_numpy() - end.x.to_numpy(), start.y.to_numpy() - end.y.to_numpy())
    long = straight >= MIN_STRAIGHT_M
    if not long.any():
        message = tell("no_trip", min_straight_m=MIN_STRAIGHT_M)
        raise InputError(message)
    walked = cost.minutes[long] * (cost.speed_kmh * METRES_PER_MINUTE_AT_1_KMH)
    ratio = walked / straight[long]
    tails = ((1 - level) / 2, (1 + level) / 2)
    low, high = np.quantile(_resampled_medians(ratio, cost.destination[long], seed), tails)
    trip_low, trip_high = np.quantile(ratio, tails)
    factor = float(np.median(ratio))
    return Detour(
        factor=factor,
        low=min(float(low), factor),
        high=max(float(high), factor),
        slope=float(walked.sum() / straight[long].sum()),
        trip_low=float(trip_low),
        trip_high=float(trip_high),
        trips=len(ratio),
        assumed=float(np.median(street_metres(straight[long]) / straight[long])) if assumed is None else assumed,
        level=level,
        network_date=cost.network_date,
    )


def _resampled_medians(ratio: NDArray[np.floating], destination: NDArray[np.int32], seed: int) -> list[float]:
    """Return the median of the ratios with whole destinations drawn with replacement."""
    random = np.random.default_rng(seed)
    # Trips from the smallest ratio to the largest, sorted once for all the draws; group: the destination of each.
    order = np.argsort(ratio, kind="stable")
    ratio = ratio[order]
    groups, group = np.unique(destination[order], return_inverse=True)
    medians = []
    for _ in range(RESAMPLES):
        # times: how often each destination was drawn. The median stands where half of all the drawn trips are passed.
        times = np.bincount(random.integers(0, len(groups), len(groups)), minlength=len(groups))
        cumulated = np.cumsum(times[group])
        medians.append(float(ratio[np.searchsorted(cumulated, cumulated[-1] / 2)]))
    return medians


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
    detour: float | None = None,
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
    SchemaError
        ``demand`` has no ``population``, or one that is no number.
    InputError
        No resident or no structure is near the network.

    Examples
    --------
    >>> import pyproj
    >>> import geopandas as gpd
    >>> from essgeo.access.network import Ways, build_network
    >>> corner = np.array([[24_800_000, 489_000_000], [24_800_000, 489_030_000], [24_845_000, 489_030_000]])
    >>> network = build_network(Ways(corner, np.zeros(3, dtype=int), np.array([False]), ""), pyproj.CRS(2154))
    >>> home, shop = (gpd.GeoDataFrame({"population": [10.0]}, geometry=gpd.points_from_xy(*xy[:, None]), crs=2154)
    ...               for xy in network.xy)
    >>> found = compare_walking(home, shop, network, within_minutes=8.5, detour=1.3)
    >>> found.share_straight, found.share_network
    (1.0, 0.0)
    """
    people = residents(demand, "demand")
    near = {}
    for name, points in (("resident", demand), ("structure", structures)):
        near[name] = near_network(points, network)
        if not near[name].any():
            message = tell("none_near_network", name=name, max_snap_m=MAX_SNAP_M)
            raise InputError(message)
    home, place = near.values()
    homes, places = demand[home], structures[place]
    walk = partial(travel_cost, homes, places, max_minutes=within_minutes, speed_kmh=speed_kmh, detour=detour)
    straight, streets = (
        coverage_share(nearest_minutes(cost), people[home], [within_minutes])[0]
        for cost in (walk(), walk(network=network))
    )
    measured = None
    with suppress(InputError):  # no trip is long enough to say
        measured = estimate_detour(homes, places, network, assumed=detour)
    return WalkingComparison(
        within_minutes=within_minutes,
        share_straight=float(straight),
        share_network=float(streets),
        residents=float(people[home].sum()),
        residents_away=float(people[~home].sum()),
        structures=int(place.sum()),
        structures_away=int((~place).sum()),
        detour=measured,
        network_date=network.date or "unknown",
    )
