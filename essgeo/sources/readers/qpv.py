"""The QPV of all France, of either vintage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.sources.readers.official import official_outlines
from essgeo.sources.zones import clip_zones

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import shapely

    from essgeo.sources.catalogue import Source


def read_qpv(path: Path, source: Source, *, crs: str, within: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return the QPV of the official file that lie in a territory; a territory may have none.

    Parameters
    ----------
    path
        The file.
    source
        ``qpv_2024`` or ``qpv_2015`` of the catalogue, whose vintage is written on every row.
    crs
        CRS of the result.
    within
        The territory, in ``crs``.

    Returns
    -------
    GeoDataFrame
        As :func:`essgeo.sources.read_zones`, with the same ``attrs``.

    Raises
    ------
    SourceChangedError
        A column stands under none of its names.
    SchemaError, InputError
        The file cannot be read, or a code stands twice.

    Examples
    --------
    >>> from essgeo import load_territory, read_layer
    >>> from essgeo.sources.catalogue import find_source
    >>> here = load_territory("est-ensemble")
    >>> whole = read_layer(here, "communes").union_all()
    >>> len(read_qpv(here.file("qpv").path, find_source("qpv_2024"), crs=here.crs, within=whole))
    21
    """
    zones = official_outlines(path, source)
    return clip_zones(zones, file=path.name, crs=crs, vintage=source.vintage, within=within)
