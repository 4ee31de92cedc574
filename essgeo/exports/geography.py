"""GeoPackage, GeoJSON and GeoParquet files of the published layers."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyogrio

from essgeo.crs import GEOGRAPHIC
from essgeo.exports.styles import POINTS
from essgeo.words.tables import TABLES

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import geopandas as gpd

    from essgeo.words.vocabulary import Lang

GEOPACKAGE = "1.2"
"""Version of the format: QGIS has read it without a warning since 3.0."""


def write_geopackage(layers: Mapping[str, gpd.GeoDataFrame], path: Path, *, lang: Lang, day: dt.date) -> None:
    """Write layers into one GeoPackage, in their CRS, each named and titled.

    Parameters
    ----------
    layers
        Layers by name; each name is one of :data:`essgeo.words.tables.TABLES`.
    path
        File to write; it must not exist.
    lang
        Language of the titles.
    day
        The date the file bears, so that the same study gives the same bytes.

    Examples
    --------
    >>> import datetime as dt, geopandas as gpd, pathlib, pyogrio, tempfile
    >>> sites = gpd.GeoDataFrame({"site_id": ["a"]}, geometry=gpd.points_from_xy([661000], [6862000]), crs=2154)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "layers.gpkg"
    ...     write_geopackage({"sites": sites}, path, lang="fr", day=dt.date(2025, 3, 1))
    ...     pyogrio.list_layers(path).tolist()
    [['sites', 'Point']]
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
                geometry_type="Point" if name in POINTS else "MultiPolygon",
                promote_to_multi=name not in POINTS,
                dataset_options={"VERSION": GEOPACKAGE},
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

    Examples
    --------
    >>> import geopandas as gpd, json, pathlib, tempfile
    >>> layer = gpd.GeoDataFrame({"site_id": ["a"]}, geometry=gpd.points_from_xy([661000], [6862000]), crs=2154)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "sites.geojson"
    ...     write_geojson(layer, path, key="site_id")
    ...     json.loads(path.read_text(encoding="utf-8"))["features"][0]["geometry"]["coordinates"]
    [2.468468, 48.856856]
    """
    pyogrio.write_dataframe(
        layer.to_crs(GEOGRAPHIC).assign(id=layer[key]),
        path,
        driver="GeoJSON",
        layer_options={"RFC7946": "YES", "COORDINATE_PRECISION": 6, "ID_FIELD": "id", "WRITE_NAME": "NO"},
    )


def write_geoparquet(layer: gpd.GeoDataFrame, path: Path) -> None:
    """Write a layer as GeoParquet 1.1 in its CRS, with a bounding box a row so that readers need only fetch a part.

    Parameters
    ----------
    layer
        A layer in any CRS.
    path
        File to write.

    Examples
    --------
    >>> import geopandas as gpd, pathlib, tempfile
    >>> layer = gpd.GeoDataFrame({"site_id": ["a"]}, geometry=gpd.points_from_xy([661000], [6862000]), crs=2154)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_geoparquet(layer, pathlib.Path(folder) / "sites.parquet")
    ...     gpd.read_parquet(pathlib.Path(folder) / "sites.parquet").crs.to_epsg()
    2154
    """
    layer.to_parquet(path, index=False, schema_version="1.1.0", write_covering_bbox=True)


@contextmanager
def _dated(day: dt.date) -> Iterator[None]:
    """Date what GDAL writes, and do not wait for the disk: a file of a run that dies is thrown away."""
    options = {"OGR_CURRENT_DATE": f"{day:%Y-%m-%d}T00:00:00.000Z", "OGR_SQLITE_SYNCHRONOUS": "OFF"}
    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)
