"""GeoPackage and GeoJSON files of the published layers."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyogrio

from essgeo.crs import GEOGRAPHIC
from essgeo.tables import TABLES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import geopandas as gpd

    from essgeo.vocabulary import Lang

_POINTS = {"structures", "stations", "sites"}


def write_geopackage(layers: Mapping[str, gpd.GeoDataFrame], path: Path, *, lang: Lang, day: dt.date) -> None:
    """Write layers into one GeoPackage, in their CRS, each named and titled.

    Parameters
    ----------
    layers
        Layers by name; each name is one of :data:`essgeo.tables.TABLES`.
    path
        File to write; it must not exist.
    lang
        Language of the titles.
    day
        The date the file bears, so that the same study gives the same bytes.
    """
    with _dated(day):
        for name, layer in layers.items():
            title = TABLES[name].title[lang]
            pyogrio.write_dataframe(
                layer,
                path,
                layer=name,
                driver="GPKG",
                append=path.exists(),
                geometry_type="Point" if name in _POINTS else "MultiPolygon",
                promote_to_multi=name not in _POINTS,
                layer_options={"IDENTIFIER": title, "DESCRIPTION": title, "GEOMETRY_NAME": "geom"},
            )


def write_geojson(layer: gpd.GeoDataFrame, path: Path, *, key: str) -> None:
    """Write a layer as RFC 7946 GeoJSON: longitude and latitude at 6 decimals, right-hand rule, the key as feature id.

    A row without a geometry has a null geometry.

    Parameters
    ----------
    layer
        A layer in any CRS.
    path
        File to write.
    key
        Column that identifies a row: the ``id`` of its feature, and still a property.
    """
    pyogrio.write_dataframe(
        layer.to_crs(GEOGRAPHIC).assign(id=layer[key]),
        path,
        driver="GeoJSON",
        layer_options={"RFC7946": "YES", "COORDINATE_PRECISION": 6, "ID_FIELD": "id", "WRITE_NAME": "NO"},
    )


@contextmanager
def _dated(day: dt.date) -> Iterator[None]:
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{day:%Y-%m-%d}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
