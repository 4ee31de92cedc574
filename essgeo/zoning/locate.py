"""Which zones a point lies in or near, and how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
import shapely

from essgeo.crs import require_metric, require_same_crs
from essgeo.errors import InputError, SchemaError
from essgeo.messages import tell
from essgeo.schema.validate import require_columns, with_known_names
from essgeo.uncertainty import WIDEST, discs_of, on_street
from essgeo.zoning.boundary import contains, disc_share, distance_to, nearest_zone, trace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.zoning.boundary import Boundary, Floats, Ints

    Check: TypeAlias = tuple[str, NDArray[np.bool_], str | Callable[[int], str]]


MOST_FAULTS_SHOWN = 20

RELATIONS = ("in", "out", "undetermined", "unknown")

SURE = 1e-9

STEP_M = 1e-7

MIN_RADIUS_M = 0.01

RESIDENTS = "Give the residents of each row."

VINTAGE = "A figure on a zone means nothing without it; add the year of the zones."


def locate_in(
    points: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    *,
    radius_m: str | float = "geo_radius_m",
    near_m: Sequence[float] = (300, 500),
) -> pd.DataFrame:
    r"""Return the zones that each point lies in or near, with the probability that it lies in them.

    The true position lies evenly in one of the discs *d* of :data:`essgeo.uncertainty.DISCS`, which hold nine in ten
    within the radius (of ``STREET_DISCS`` where a street is all that is known), with odds *w*:
    :math:`p = \sum_d w_d \, \mathrm{area}(d \cap zone) / \mathrm{area}(d)`, computed exactly. The worlds
    of a study are drawn from the same distribution.

    Parameters
    ----------
    points
        Points in a metric CRS, uniquely indexed; a geometry may be missing or empty. A column ``geo_precision``, where
        there is one, says of which a street is all that is known.
    zones
        Valid (Multi)Polygons in the same CRS, indexed by zone, with a column ``vintage``. They may overlap.
    radius_m
        Radius of the uncertainty of a position, in metres: a column of ``points``, or one number. Missing, 0 or less
        than a centimetre means an exact position.
    near_m
        Distances in metres for which a column tells whether the zone is that near.

    Returns
    -------
    DataFrame
        One row for every point and zone that are within ``max(near_m)`` of each other or whose discs reach the zone;
        else one row with the nearest zone (the first of ``zones`` where several tie). In the order of ``points``, then
        by distance. Columns:

        - the name of the index of ``points``, or ``point_id``;
        - ``zone_id`` and ``vintage`` of the zone;
        - ``relation``: ``in``, ``out``, ``undetermined`` (0 < p < 1), or ``unknown`` for a point without geometry;
        - ``probability``: p; with an exact position 1 in the zone or on its boundary, else 0;
        - ``distance_m``: from the point to the boundary of the zone, in metres, negative inside;
        - ``within_300m``, ... for each of ``near_m``: whether ``distance_m`` is at most that; NA where unknown.

        A point without geometry has one row without zone and figures. With no zones at all a point has one row:
        ``out``, probability 0, no zone, no distance.

    Raises
    ------
    SchemaError
        ``zones`` without ``vintage``; a zone that is empty, invalid (the message names it; repair on reading) or not
        polygonal; a geometry that is not a Point; no column of that name; a radius or a distance that is negative or
        infinite; an identifier that is missing or stands twice.
    InputError
        A name of the index of ``points`` that is also a name of a column of the result; a wrong ``near_m``.
    MissingCRSError, CRSMismatchError
        A layer without CRS, not in metres, or two different CRS.

    Notes
    -----
    Candidate pairs come from the boxes of the zones; distances are those to the edges themselves, found through a k-d
    tree of samples of the boundary that only bounds the search. On a boundary common to two zones an exact position
    is in both.

    Examples
    --------
    >>> import geopandas as gpd
    >>> points = gpd.GeoDataFrame({"geo_radius_m": [20, 20, 20]}, index=["a", "b", "c"], crs=2154,
    ...                           geometry=gpd.points_from_xy([50, 100, 450], [50, 50, 50]))
    >>> zones = gpd.GeoDataFrame({"vintage": ["2024"]}, index=["QN1"], geometry=[shapely.box(0, 0, 100, 100)], crs=2154)
    >>> locate_in(points, zones)[["point_id", "zone_id", "relation", "probability", "distance_m", "within_300m"]]
      point_id zone_id      relation  probability  distance_m  within_300m
    0        a     QN1            in          1.0       -50.0         True
    1        b     QN1  undetermined          0.5         0.0         True
    2        c     QN1           out          0.0       350.0        False
    """
    require_same_crs(points, zones, ("points", "zones"))
    zones = with_known_names(zones, "qpv")
    advice = "Name the column of the radius, or give a number of metres."
    radius_column = {radius_m: advice} if isinstance(radius_m, str) else {}
    require_columns(("points", points, radius_column), ("zones", zones, {"vintage": VINTAGE}))
    polygons, shapes = zone_polygons(zones, "zones"), checked_points(points, "points")
    radius = _radii(points, radius_m)
    if not all(0 <= m < np.inf for m in near_m) or len(set(near_m)) < len(near_m):
        message = tell("near_m_wrong", near_m=tuple(near_m))
        raise InputError(message)
    label = str(points.index.name or "point_id")
    if label in {"zone_id", "vintage", "relation", "probability", "distance_m", *(f"within_{m}m" for m in near_m)}:
        message = tell("points_index_name", label=label)
        raise InputError(message)

    # Parallel arrays, one entry a row of the result: positions of a point and of a zone (-1: none), the signed distance
    # and the probability (both NaN for a point without a place).
    absent = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    placed, missing = np.flatnonzero(~absent), np.flatnonzero(absent)
    point, zone, distance, probability = _pairs(
        shapes[placed], radius[placed], on_street(points)[placed], polygons, max(near_m, default=0.0)
    )
    point = np.append(placed[point], missing)
    zone = np.append(zone, np.full(len(missing), -1))
    distance, probability = (np.append(values, np.full(len(missing), np.nan)) for values in (distance, probability))
    order = _order(point, distance, zone)
    point, zone, distance, probability = point[order], zone[order], distance[order], probability[order]

    unknown = np.isnan(probability)
    relation = np.select([probability >= 1, probability <= 0, ~unknown], [0, 1, 2], 3)
    columns = {
        label: points.index.take(point),
        "zone_id": values_at(zones.index.to_series(), zone),
        "vintage": values_at(zones["vintage"], zone),
        "relation": pd.Series(RELATIONS).take(relation).array,
        "probability": probability,
        "distance_m": distance,
    }
    columns |= {f"within_{m}m": pd.arrays.BooleanArray(distance <= m, unknown.copy()) for m in near_m}
    return pd.DataFrame(columns)


def zone_polygons(zones: gpd.GeoDataFrame, name: str) -> NDArray[np.object_]:
    """Return the polygons of zones in canonical form (shells clockwise, holes not), or refuse the layer, every fault.

    >>> import geopandas as gpd
    >>> bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    >>> zone_polygons(gpd.GeoDataFrame({"vintage": ["2024"]}, index=["QN1"], geometry=[bow], crs=2154), "qpv")
    Traceback (most recent call last):
    essgeo.errors.SchemaError: qpv: 1 fault.
      QN1, field geometry: is not valid (Self-intersection[1 1]); repair it on reading, for example with make_valid
    """
    require_metric(zones, name)
    require_columns((name, zones, {"vintage": VINTAGE}))
    shapes = np.asarray(zones.geometry.array, dtype=object)
    absent = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    kinds = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    polygonal = np.isin(shapely.get_type_id(shapes), kinds)
    invalid = ~absent & polygonal & ~shapely.is_valid(shapes)
    repair = "repair it on reading, for example with make_valid"
    refuse(
        name,
        zones.index,
        *unique(zones.index),
        ("vintage", zones["vintage"].isna().to_numpy(), "is empty"),
        ("geometry", absent, "is empty; drop the zone or give it one"),
        ("geometry", ~absent & ~polygonal, lambda i: f"is a {shapes[i].geom_type}; Polygon or MultiPolygon expected"),
        ("geometry", invalid, lambda i: f"is not valid ({shapely.is_valid_reason(shapes[i])}); {repair}"),
    )
    canonical: NDArray[np.object_] = shapely.normalize(shapes)
    return canonical


def checked_points(points: gpd.GeoDataFrame, name: str) -> NDArray[np.object_]:
    """Return the geometries of uniquely indexed points (a Point, an empty Point or None), or refuse the layer."""
    require_metric(points, name)
    shapes = np.asarray(points.geometry.array, dtype=object)
    other = ~np.isin(shapely.get_type_id(shapes), (-1, shapely.GeometryType.POINT))
    kinds = points.geom_type
    wrong = ("geometry", other, lambda i: f"is a {kinds.iloc[i]}; Point expected")
    refuse(name, points.index, *unique(points.index), wrong)
    return shapes


def owners_of(points: NDArray[np.object_], shapes: NDArray[np.object_]) -> tuple[Ints, Ints]:
    """Return which points lie in a shape or on its border, and the first shape that each lies in.

    >>> squares = np.array([shapely.box(x, 0, x + 2, 2) for x in (4, 2, 0)])
    >>> [found.tolist() for found in owners_of(shapely.points([2, 9, 5], 1), squares)]
    [[0, 2], [1, 0]]
    """
    # The tree answers point by point, but the shapes that hold one come in the order of its branches.
    point, shape = shapely.STRtree(shapes).query(points, predicate="intersects")
    order = np.lexsort((shape, point))
    held, first = np.unique(point[order], return_index=True)
    return held, shape[order[first]]


def grid_in(shapes: NDArray[np.object_], spacing_m: float) -> tuple[NDArray[np.object_], Ints]:
    """Return the centres of the squares of a grid that lie in shapes, and the first shape that each lies in.

    Squares are as wide as their distance, and begin at its multiples.

    >>> points, owner = grid_in(np.array([shapely.box(0, 0, 20, 10)]), 10)
    >>> shapely.get_coordinates(points).tolist(), owner.tolist()
    ([[5.0, 5.0], [15.0, 5.0]], [0, 0])
    """
    left, bottom, right, top = shapely.total_bounds(shapes)
    xs = (np.arange(np.floor(left / spacing_m), np.ceil(right / spacing_m)) + 0.5) * spacing_m
    ys = (np.arange(np.floor(bottom / spacing_m), np.ceil(top / spacing_m)) + 0.5) * spacing_m
    centres = np.asarray(shapely.points(*(axis.ravel() for axis in np.meshgrid(xs, ys))))
    held, owner = owners_of(centres, shapes)
    return centres[held], owner


def residents(frame: pd.DataFrame, name: str) -> Floats:
    """Return the ``population`` of each row, or ask for it, or refuse what is not a number of residents."""
    frame = with_known_names(frame, "iris")
    require_columns((name, frame, {"population": RESIDENTS}))
    given = frame["population"]
    people: Floats = pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~(np.isfinite(people) & (people >= 0))
    advice = "is not a population; give a number, 0 or more, or drop the row"
    refuse(name, frame.index, ("population", wrong, lambda i: f"'{given.iloc[i]}' {advice}"))
    return people


def unique(index: pd.Index[Any]) -> tuple[Check, Check]:
    """Return the checks of identifiers: each there, each once."""
    label = str(index.name or "index")
    twice = np.asarray(index.duplicated(), dtype=bool)
    return (label, twice, "stands twice; identifiers are unique"), (label, np.asarray(index.isna()), "is empty")


def refuse(name: str, index: pd.Index[Any], *checks: Check) -> None:
    """Raise one error that lists the rows that fail a check (field, which rows fail, what is wrong), or nothing."""
    absent = index.isna()
    lines = [
        f"  {f'row {i}' if absent[i] else index[i]}, field {field}: {what if isinstance(what, str) else what(i)}"
        for field, wrong, what in checks
        for i in np.flatnonzero(wrong).tolist()
    ]
    if not lines:
        return
    more = [f"  ... and {len(lines) - MOST_FAULTS_SHOWN} more."] if len(lines) > MOST_FAULTS_SHOWN else []
    first = f"{name}: {len(lines)} fault{'s' * (len(lines) > 1)}."
    raise SchemaError("\n".join([first, *lines[:MOST_FAULTS_SHOWN], *more]))


def values_at(values: pd.Series, rows: NDArray[np.intp]) -> pd.Series:
    """Return the values at some positions, missing at -1; whole numbers stay whole.

    >>> values_at(pd.Series([2015, 2024]), np.array([1, -1])).tolist()
    [2024, <NA>]
    """
    whole = values.astype("Int64") if pd.api.types.is_integer_dtype(values) else values
    return whole.reset_index(drop=True).reindex(rows).reset_index(drop=True)


def _radii(points: gpd.GeoDataFrame, radius_m: str | float) -> Floats:
    """Return one radius per point, 0 where the position is exact."""
    field = radius_m if isinstance(radius_m, str) else "radius_m"
    values = points[radius_m] if isinstance(radius_m, str) else pd.Series(float(radius_m), index=points.index)
    radius = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    # A cell that is empty is an exact position; one that holds something else than a number is a fault.
    wrong = (np.isnan(radius) & values.notna().to_numpy()) | (radius < 0) | np.isinf(radius)
    advice = "is not a radius; give metres, 0 or more"
    refuse("points", points.index, (field, wrong, lambda i: f"'{values.iloc[i]}' {advice}"))
    return np.where(radius >= MIN_RADIUS_M, radius, 0.0)


def _order(point: Ints, distance: Floats, zone: Ints) -> Ints:
    """Return the order of rows by point, distance and zone; only points with several rows need sorting."""
    count = np.bincount(point)  # rows a point; every point has one at least
    several = count[point] > 1
    order = np.empty(len(point), dtype=np.intp)
    # The rows of point i fill the places from the sum of the counts before it.
    order[(np.cumsum(count) - count)[point[~several]]] = np.flatnonzero(~several)
    rows = np.flatnonzero(several)
    order[np.repeat(count > 1, count)] = rows[np.lexsort((zone[rows], distance[rows], point[rows]))]
    return order


def _pairs(
    shapes: NDArray[np.object_], radius: Floats, street: NDArray[np.bool_], polygons: NDArray[np.object_], near: float
) -> tuple[Ints, Ints, Floats, Floats]:
    """Return point, zone, signed distance and probability of the pairs within reach, and of the nearest zone else."""
    if not len(polygons):
        return np.arange(len(shapes)), np.full(len(shapes), -1), np.full(len(shapes), np.nan), np.zeros(len(shapes))
    boundary = trace(polygons)
    xy = shapely.get_coordinates(shapes)
    reach = np.maximum(WIDEST * radius, near)
    point, zone = _candidates(shapes, reach, shapely.bounds(polygons))
    distance = distance_to(boundary, xy[point], zone)
    signed = np.where(contains(boundary, xy[point], zone), -distance, distance) + 0.0  # no -0.0 on a boundary
    # Candidates were chosen by the boxes of zones: those whose boundary is farther are none.
    kept = signed <= reach[point]
    point, zone, signed = point[kept], zone[kept], signed[kept]
    # Pairs x discs x 2: radius, and how often it is that disc.
    discs = discs_of(street[point])
    discs[..., 0] *= radius[point, None]
    probability = _probability(boundary, xy[point], discs, zone, signed)

    # Points that no zone comes within reach of have one row, with the nearest zone and probability 0.
    alone = np.ones(len(xy), dtype=bool)
    alone[point] = False
    far = np.flatnonzero(alone)
    far_distance, far_zone = nearest_zone(boundary, xy[far])
    return (
        np.append(point, far),
        np.append(zone, far_zone),
        np.append(signed, far_distance),
        np.append(probability, np.zeros(len(far))),
    )


def _candidates(shapes: NDArray[np.object_], reach: Floats, boxes: Floats) -> tuple[Ints, Ints]:
    """Return the pairs whose zone has its box within reach of the point, by zone.

    Points are taken by classes of reach, each class at most twice as far as the last, so that one vague position does
    not widen the search of all.
    """
    # Class k holds the points of a reach up to 2**k metres; the boxes of the zones are grown by the widest of the
    # class, and a tree of them is asked for the points.
    doubling = np.ceil(np.log2(np.maximum(reach, MIN_RADIUS_M)))
    found = [np.empty((2, 0), dtype=np.intp)]
    for level in np.unique(doubling):
        members = np.flatnonzero(doubling == level)
        widest = reach[members].max()
        tree = shapely.STRtree(shapely.box(*(boxes + widest * np.array([-1, -1, 1, 1])).T))
        member, zone = tree.query(shapes[members])
        found.append(np.stack([members[member], zone]))
    point, zone = np.concatenate(found, axis=1)
    by_zone = np.argsort(zone, kind="stable")
    return point[by_zone], zone[by_zone]


def _probability(boundary: Boundary, xy: Floats, discs: Floats, zone: Ints, signed: Floats) -> Floats:
    """Return how likely each point is in its zone; discs that no boundary crosses are 0 or 1."""
    by_disc = discs.transpose(1, 2, 0)  # discs x 2 x pairs: the radii and the odds of each disc over all pairs
    probability = sum(odds * _disc_share(boundary, xy, radius, zone, signed) for radius, odds in by_disc)
    return np.where(probability < SURE, 0.0, np.where(probability > 1 - SURE, 1.0, probability))


def _disc_share(boundary: Boundary, xy: Floats, radius: Floats, zone: Ints, signed: Floats) -> Floats:
    """Return the share of each disc in its zone."""
    # A boundary farther than the radius leaves the whole disc on the side of its centre; only the others are cut.
    probability = (signed <= 0).astype(np.float64)
    cut = np.flatnonzero(np.abs(signed) < radius)
    centre, radius, zone, inside = xy[cut], radius[cut], zone[cut], signed[cut] <= 0
    # A vertex at the very centre has no direction: such a disc is moved by a tenth of a micrometre.
    on_edge = np.abs(signed[cut]) < STEP_M / 2
    centre[on_edge] += STEP_M * np.array([np.cos(1.0), np.sin(1.0)])
    inside[on_edge] = contains(boundary, centre[on_edge], zone[on_edge])
    probability[cut] = disc_share(boundary, centre, radius, zone, inside)
    return probability
