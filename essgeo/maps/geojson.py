"""Layers as GeoJSON for the pages: longitude and latitude, lighter outlines, nothing but what is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import geopandas as gpd
import shapely

from essgeo.crs import GEOGRAPHIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Collection: TypeAlias = dict[str, Any]

OUTLINE_DIGITS = 5
POINT_DIGITS = 6
TOLERANCE_M = 5.0


def outlines(layer: gpd.GeoDataFrame, *, tolerance_m: float = TOLERANCE_M) -> gpd.GeoSeries:
    """Return the polygons of a layer, simplified and in longitude and latitude.

    An edge that two polygons share is simplified once, so that neighbours stay glued.

    Parameters
    ----------
    layer
        Polygons in a metric CRS.
    tolerance_m
        Detail that may be lost: a corner goes where the triangle it makes is smaller than the square of it, in metres.

    Returns
    -------
    GeoSeries
        EPSG:4326, five decimals (about 1 m), the index of `layer`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> squares = gpd.GeoDataFrame(geometry=[box(652000, 6863000, 653000, 6864000)], crs="EPSG:2154")
    >>> [round(value, 3) for value in outlines(squares).total_bounds.tolist()]
    [2.346, 48.865, 2.359, 48.874]
    """
    simple = shapely.coverage_simplify(layer.geometry.to_numpy(), tolerance_m)
    return gpd.GeoSeries(simple, index=layer.index, crs=layer.crs).to_crs(GEOGRAPHIC)


def collection(geometry: gpd.GeoSeries, properties: Sequence[Mapping[str, Any]]) -> Collection:
    """Return a GeoJSON feature collection; rows without a geometry are left out.

    Parameters
    ----------
    geometry
        Geometries in EPSG:4326.
    properties
        One mapping a row.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> points = gpd.GeoSeries([Point(2.4382461234, 48.9), None], crs="EPSG:4326")
    >>> collection(points, [{"title": "a"}, {"title": "b"}])["features"][0]["geometry"]
    {'type': 'Point', 'coordinates': [2.438246, 48.9]}
    """
    features = [
        {"type": "Feature", "properties": dict(row), "geometry": _rounded(shape.__geo_interface__)}
        for shape, row in zip(geometry, properties, strict=True)
        if shape is not None and not shape.is_empty
    ]
    return {"type": "FeatureCollection", "features": features}


def _rounded(geometry: Mapping[str, Any]) -> dict[str, Any]:
    digits = POINT_DIGITS if geometry["type"] == "Point" else OUTLINE_DIGITS
    return {"type": geometry["type"], "coordinates": _round(geometry["coordinates"], digits)}


def _round(coordinates: Any, digits: int) -> Any:  # noqa: ANN401 - nested as deep as the geometry type
    if isinstance(coordinates, float):
        return round(coordinates, digits)
    return [_round(part, digits) for part in coordinates]
