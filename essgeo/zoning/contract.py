"""What the functions of this room ask of their layers; every fault of a layer is collected before one error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from essgeo.crs import require_metric
from essgeo.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    from numpy.typing import NDArray

MOST_FAULTS_SHOWN = 20


def zone_polygons(zones: gpd.GeoDataFrame, name: str) -> NDArray[np.object_]:
    """Return the polygons of a layer of zones in canonical form, or refuse the layer.

    Parameters
    ----------
    zones
        Valid Polygons or MultiPolygons in a metric CRS, uniquely indexed, each with its ``vintage``.
    name
        What the message calls the layer.

    Returns
    -------
    ndarray
        One new geometry per zone, in its order: shells clockwise, holes counter-clockwise.

    Raises
    ------
    SchemaError
        No ``vintage`` column, a zone without vintage, an identifier that stands twice or is missing, a geometry that
        is missing, not polygonal or not valid.
    MissingCRSError, CRSMismatchError
        No CRS, or not in metres.

    Examples
    --------
    >>> import geopandas as gpd
    >>> bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    >>> zone_polygons(gpd.GeoDataFrame({"vintage": ["2024"]}, index=["QN1"], geometry=[bow], crs=2154), "qpv")
    Traceback (most recent call last):
    essgeo.errors.SchemaError: qpv: 1 fault.
      QN1, field geometry: is not valid (Self-intersection[1 1]); repair it on reading, for example with make_valid
    """
    require_metric(zones, name)
    if "vintage" not in zones.columns:
        message = (
            f"{name}: missing column vintage. A figure on a zone means nothing without it; add the year of the zones."
        )
        raise SchemaError(message)
    shapes = np.asarray(zones.geometry.array, dtype=object)
    types = shapely.get_type_id(shapes)
    polygonal = np.isin(types, (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    absent = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    invalid = ~absent & polygonal & ~shapely.is_valid(shapes)
    reasons = pd.Series(shapely.is_valid_reason(shapes[invalid]), index=np.flatnonzero(invalid), dtype=object)
    repair = "repair it on reading, for example with make_valid"
    raise_faults(
        name,
        [
            *index_faults(zones.index),
            *((zones.index[i], "vintage", "is empty") for i in np.flatnonzero(zones["vintage"].isna())),
            *((zones.index[i], "geometry", "is empty; drop the zone or give it one") for i in np.flatnonzero(absent)),
            *(
                (zones.index[i], "geometry", f"is a {shapes[i].geom_type}; Polygon or MultiPolygon expected")
                for i in np.flatnonzero(~absent & ~polygonal)
            ),
            *((zones.index[i], "geometry", f"is not valid ({reason}); {repair}") for i, reason in reasons.items()),
        ],
    )
    canonical: NDArray[np.object_] = shapely.normalize(shapes)
    return canonical


def checked_points(points: gpd.GeoDataFrame, name: str) -> NDArray[np.object_]:
    """Return the geometries of a layer of points, or refuse the layer.

    Parameters
    ----------
    points
        Points in a metric CRS, uniquely indexed; a geometry may be missing or empty.
    name
        What the message calls the layer.

    Returns
    -------
    ndarray
        One geometry per point, in its order: a Point, an empty Point or None.

    Raises
    ------
    SchemaError
        A geometry that is not a Point, an identifier that stands twice or is missing.
    MissingCRSError, CRSMismatchError
        No CRS, or not in metres.

    Examples
    --------
    >>> import geopandas as gpd
    >>> checked_points(gpd.GeoDataFrame(geometry=[shapely.Point(3, 4), None], crs=2154), "structures")
    array([<POINT (3 4)>, None], dtype=object)
    """
    require_metric(points, name)
    shapes = np.asarray(points.geometry.array, dtype=object)
    other = np.flatnonzero(~np.isin(shapely.get_type_id(shapes), (-1, shapely.GeometryType.POINT)))
    wrong = ((points.index[i], "geometry", f"is a {shapes[i].geom_type}; Point expected") for i in other)
    raise_faults(name, [*index_faults(points.index), *wrong])
    return shapes


def values_at(values: pd.Series, rows: NDArray[np.intp]) -> pd.Series:
    """Return the values at some positions, missing at -1; whole numbers stay whole.

    Examples
    --------
    >>> values_at(pd.Series([2015, 2024]), np.array([1, -1])).tolist()
    [2024, <NA>]
    """
    whole = values.astype("Int64") if pd.api.types.is_integer_dtype(values) else values
    return whole.reset_index(drop=True).reindex(rows).reset_index(drop=True)


def index_faults(index: pd.Index[Any]) -> Iterable[tuple[object, str, str]]:
    """Yield a fault for every identifier that is missing or stands twice.

    Examples
    --------
    >>> list(index_faults(pd.Index(["a", "a"])))
    [('a', 'index', 'stands twice; identifiers are unique')]
    """
    label = str(index.name or "index")
    yield from ((value, label, "stands twice; identifiers are unique") for value in index[index.duplicated()])
    yield from ((f"row {i}", label, "is empty") for i in np.flatnonzero(index.isna()))


def raise_faults(name: str, faults: list[tuple[object, str, str]]) -> None:
    """Raise one error that lists the faults of a layer: identifier, field, what is wrong.

    Raises
    ------
    SchemaError
        There is at least one fault.

    Examples
    --------
    >>> raise_faults("qpv", [])
    """
    if not faults:
        return
    lines = [f"{name}: {len(faults)} fault{'s' * (len(faults) > 1)}."]
    lines += [f"  {identifier}, field {field}: {what}" for identifier, field, what in faults[:MOST_FAULTS_SHOWN]]
    if len(faults) > MOST_FAULTS_SHOWN:
        lines.append(f"  ... and {len(faults) - MOST_FAULTS_SHOWN} more.")
    raise SchemaError("\n".join(lines))
