"""Guards on coordinate reference systems: distances are only measured in metres, and never across systems."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from essgeo.errors import CRSMismatchError, InputError, MissingCRSError
from essgeo.messages import tell

if TYPE_CHECKING:
    import geopandas as gpd


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


def require_crs(frame: gpd.GeoDataFrame, name: str) -> CRS:
    """Return the CRS of a layer, or refuse a layer that has none.

    Parameters
    ----------
    frame
        Any layer.
    name
        What the message calls it: a layer name or a file name.

    Returns
    -------
    CRS
        The CRS of the layer.

    Raises
    ------
    InputError
        The table has no geometry.
    MissingCRSError
        The layer has no CRS, or one that is nowhere on Earth, as that of a plan; its coordinates could mean anything.

    Examples
    --------
    >>> import geopandas as gpd
    >>> require_crs(gpd.GeoDataFrame(geometry=[], crs=4326), "points").to_epsg()
    4326
    """
    if not hasattr(frame, "crs"):
        raise InputError(tell("no_geometry", name=name))
    crs: CRS | None = frame.crs
    if crs is None or not _is_on_earth(crs):
        raise MissingCRSError(tell("no_crs", name=name))
    return crs


@cache
def _is_on_earth(crs: CRS) -> bool:
    """Return whether coordinates can be put in degrees: not those of a drawing, nor heights alone."""
    try:
        Transformer.from_crs(crs, GEOGRAPHIC)
    except ProjError:
        return False
    return bool(crs.is_geographic or crs.is_projected)


def require_metric(frame: gpd.GeoDataFrame, name: str) -> CRS:
    """Return the CRS of a layer, or refuse a layer whose coordinates are not metres.

    Parameters
    ----------
    frame
        Any layer.
    name
        What the message calls it.

    Returns
    -------
    CRS
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
        raise CRSMismatchError(tell("not_in_metres", name=name, crs=crs.to_string()))
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
        message = tell(
            "crs_differ", names=names[0], first=first.to_string(), names_2=names[1], second=second.to_string()
        )
        raise CRSMismatchError(message)
