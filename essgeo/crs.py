"""Guards on coordinate reference systems: distances are only measured in metres, and never across systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.errors import CRSMismatchError, InputError, MissingCRSError

if TYPE_CHECKING:
    import geopandas as gpd
    import pyproj


GEOGRAPHIC = "EPSG:4326"

METROPOLE = "EPSG:2154"

OVERSEAS = {"971": "EPSG:5490", "972": "EPSG:5490", "973": "EPSG:2972", "974": "EPSG:2975", "976": "EPSG:4471"}
"""The legal metric CRS of each overseas department (décret 2000-1276): metropolitan France has Lambert-93."""


def legal_crs(department: str) -> str:
    """Return the metric CRS that maps of a department are legally drawn in.

    Parameters
    ----------
    department
        Code, such as ``93`` or ``974``.

    Examples
    --------
    >>> legal_crs("93"), legal_crs("974")
    ('EPSG:2154', 'EPSG:2975')
    """
    return OVERSEAS.get(department, METROPOLE)


def require_crs(frame: gpd.GeoDataFrame, name: str) -> pyproj.CRS:
    """Return the CRS of a layer, or refuse a layer that has none.

    Parameters
    ----------
    frame
        Any layer.
    name
        What the message calls it: a layer name or a file name.

    Returns
    -------
    pyproj.CRS
        The CRS of the layer.

    Raises
    ------
    InputError
        The table has no geometry.
    MissingCRSError
        The layer has no CRS; its coordinates could mean anything.

    Examples
    --------
    >>> import geopandas as gpd
    >>> require_crs(gpd.GeoDataFrame(geometry=[], crs=4326), "points").to_epsg()
    4326
    """
    if not hasattr(frame, "crs"):
        message = f"{name}: no geometry. Give a GeoDataFrame, for example of geopandas.points_from_xy(x, y, crs=...)."
        raise InputError(message)
    crs: pyproj.CRS | None = frame.crs
    if crs is None:
        message = (
            f"{name}: no coordinate reference system. Save the file with its CRS, "
            "or set it with frame.set_crs(...) if you know which one it is."
        )
        raise MissingCRSError(message)
    return crs


def require_metric(frame: gpd.GeoDataFrame, name: str) -> pyproj.CRS:
    """Return the CRS of a layer, or refuse a layer whose coordinates are not metres.

    Parameters
    ----------
    frame
        Any layer.
    name
        What the message calls it.

    Returns
    -------
    pyproj.CRS
        A projected CRS in metres.

    Raises
    ------
    MissingCRSError
        The layer has no CRS.
    CRSMismatchError
        The CRS is geographic, or its unit is not the metre.

    Examples
    --------
    >>> import geopandas as gpd
    >>> require_metric(gpd.GeoDataFrame(geometry=[], crs=2154), "points").to_epsg()
    2154
    """
    crs = require_crs(frame, name)
    if not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info[:2]):
        message = (
            f"{name}: {crs.to_string()} is not in metres. Reproject it to the CRS of the territory, "
            'for example frame.to_crs("EPSG:2154") in metropolitan France.'
        )
        raise CRSMismatchError(message)
    return crs


def require_same_crs(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame, names: tuple[str, str]) -> None:
    """Refuse two layers that are not in the same CRS.

    Parameters
    ----------
    one, other
        The two layers.
    names
        What the message calls them.

    Raises
    ------
    MissingCRSError
        One of them has no CRS.
    CRSMismatchError
        Their CRS differ.

    Examples
    --------
    >>> import geopandas as gpd
    >>> layer = gpd.GeoDataFrame(geometry=[], crs=2154)
    >>> require_same_crs(layer, layer, ("points", "zones"))
    """
    first, second = require_crs(one, names[0]), require_crs(other, names[1])
    if first != second:
        message = (
            f"{names[0]} is in {first.to_string()} and {names[1]} in {second.to_string()}. "
            f"Reproject one of them with frame.to_crs(...) before comparing them."
        )
        raise CRSMismatchError(message)
