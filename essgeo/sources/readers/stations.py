"""Stations of Île-de-France, of Île-de-France Mobilités."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from essgeo.crs import GEOGRAPHIC
from essgeo.sources.aliases import simplify
from essgeo.sources.readers.official import official_outlines
from essgeo.validation import validate

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import shapely

    from essgeo.sources.catalogue import Source

AROUND_M = 500.0
"""Stations as far as this from a territory serve it."""


def read_stations(path: Path, source: Source, *, crs: str, within: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return the stations in a territory or within 500 m of it; all are open, and the file has no opening date.

    Parameters
    ----------
    path
        The GeoJSON of Île-de-France Mobilités: one point a station and line.
    source
        ``stations`` of the catalogue.
    crs
        CRS of the result.
    within
        The territory, in ``crs``.

    Returns
    -------
    GeoDataFrame
        The ``stations`` layer; ``station_id`` is that of the publisher with the line, as one station has several.

    Raises
    ------
    SourceChangedError, InputError
        The file cannot be read, or a column stands under none of its names.

    Examples
    --------
    >>> import pathlib, shapely, tempfile
    >>> import geopandas as gpd
    >>> from essgeo.sources.catalogue import find_source
    >>> given = {"id_gares": [7], "nom_gares": ["Bondy"], "mode": ["RER"], "res_com": ["RER E"]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "gares.geojson"
    ...     gpd.GeoDataFrame(given, geometry=[shapely.Point(2.48, 48.89)], crs=4326).to_file(path)
    ...     here = shapely.box(650_000, 6_860_000, 670_000, 6_870_000)
    ...     read_stations(path, find_source("stations"), crs="EPSG:2154", within=here).index.tolist()
    ['7-rer-e']
    """
    frame = official_outlines(path, source)
    placed = frame[frame.geometry.notna() & ~frame.geometry.is_empty].to_crs(crs)
    near = placed[placed.distance(within) <= AROUND_M]
    degrees = near.geometry.to_crs(GEOGRAPHIC)
    lines = near["line"].map(simplify).str.replace("_", "-")
    described = near.assign(
        station_id=near["station_id"] + "-" + lines, status="open", open_date="", lon=degrees.x, lat=degrees.y
    )
    kept = described[["station_id", "name", "mode", "line", "status", "open_date", "lon", "lat", "geometry"]]
    layer = validate(kept, "stations", source=path.name)
    return cast("gpd.GeoDataFrame", layer.drop(columns=["lon", "lat"]).sort_index())
