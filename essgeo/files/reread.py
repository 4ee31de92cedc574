"""What essgeo wrote, handed in again: the results of a run become what a list says of its structures."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import geopandas as gpd
import pandas as pd

from essgeo.crs import GEOGRAPHIC
from essgeo.schema.columns import in_names
from essgeo.schema.vocabulary import GEO_STATUSES

if TYPE_CHECKING:
    from typing import TypeGuard

Frame = TypeVar("Frame", bound=pd.DataFrame)

ADDED = (
    "geo_status", "geo_precision", "geo_score", "geo_margin", "geo_radius_m", "geo_label", "geo_ban_id", "geo_citycode",
    "geo_engine", "geo_reason", "longitude", "latitude",
)  # fmt: skip
"""Columns that a geocoded file has more than the file it was made from."""

OF_ZONES = ("qpv", "qpv_name", "qpv_relation", "qpv_probability", "qpv_distance_m", "qpv_vintage", "counted")
"""Columns that a study adds to its structures: they are found anew."""

_GIVEN = {
    "lon": "longitude", "lat": "latitude", "coord_precision": "geo_precision", "coord_radius_m": "geo_radius_m",
}  # fmt: skip
"""What a list gives, and the result that says it."""

_NUMBERS = ("geo_score", "geo_margin", "geo_radius_m")


def is_result(table: object) -> TypeGuard[pd.DataFrame]:
    """Return whether a table says of each row what essgeo found of its position.

    >>> is_result(pd.DataFrame({"nom": ["A"], "geo_status": ["located"], "geo_precision": ["place"]}))
    True
    >>> is_result(pd.DataFrame({"nom": ["A"], "geo_status": ["ok"], "geo_precision": ["place"]}))
    False
    """
    if not isinstance(table, pd.DataFrame) or not {"geo_status", "geo_precision"} <= set(table.columns):
        return False
    return bool(table["geo_status"].fillna("").isin(["", *GEO_STATUSES]).all())


def reread(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table that essgeo wrote as a list that gives positions, each with its precision, radius and status.

    Parameters
    ----------
    table
        What ``geocode``, ``study`` or :func:`essgeo.geocode` made, as text or not. Any other table comes back as it is.

    Returns
    -------
    DataFrame
        The rows that hold more than results, under the same index; ``lon``, ``lat``, ``coord_precision`` and
        ``coord_radius_m`` are the position found. ``geo_status`` is that of the geocoding: whether a structure lies
        outside depends on the territory. Rows that are masked say so in ``diffusion``.

    Examples
    --------
    >>> table = pd.DataFrame({"nom": ["A", ""], "geo_status": ["located", "not_found"], "geo_precision": ["street", ""],
    ...                       "geo_radius_m": ["130,0", ""], "longitude": ["2,48", ""], "latitude": ["48,9", ""]})
    >>> reread(table)[["nom", "lon", "coord_precision", "coord_radius_m"]].values.tolist()
    [['A', '2,48', 'street', '130,0']]
    """
    table = in_code(table)
    if not is_result(table):
        return table
    found = pd.DataFrame(table.drop(columns=[name for name in OF_ZONES if name in table]))
    if isinstance(table, gpd.GeoDataFrame) and table.active_geometry_name:
        found = found.drop(columns=table.active_geometry_name)
        if "longitude" not in found:
            points = table.geometry.to_crs(GEOGRAPHIC).representative_point()
            found = found.assign(lon=points.x, lat=points.y)
    own = found.drop(columns=[name for name in (*ADDED, "structure_id") if name in found])
    found = found[(own.notna() & (own.astype(object) != "")).any(axis=1)].copy()
    ruled = found["geo_status"].astype(object).fillna("") != ""
    for name, result in _GIVEN.items():
        if result in found:
            # A row of another list beside it, or one that was added since, keeps what it gives itself.
            found[name] = found[result].where(ruled, found[name]) if name in found else found[result]
    found = found.drop(columns=["longitude", "latitude"], errors="ignore")
    for name in _NUMBERS:
        if name in found and not pd.api.types.is_numeric_dtype(found[name]):
            found[name] = pd.to_numeric(found[name].astype(str).str.replace(",", "."), errors="coerce")
    masked = found["geo_status"] == "masked"
    if masked.any():
        found["diffusion"] = found.get("diffusion", pd.Series("", found.index)).mask(masked, "P")
    return found.assign(geo_status=_of_geocoding(found))


def in_code(table: Frame) -> Frame:
    """Return a table that essgeo wrote with headers in words under the names of its columns."""
    words = in_names([str(name) for name in table.columns])
    return table.rename(columns=words) if "geo_status" in words.values() else table


def ask_again(register: pd.DataFrame) -> pd.DataFrame:
    """Return structures of which those without a position are to be looked up, whatever an earlier run says of them."""
    if not is_result(register):
        return register
    return register.assign(geo_status=register["geo_status"].where(register["lon"].notna(), ""))


def _of_geocoding(found: pd.DataFrame) -> pd.Series:
    """Return the status before the structures were laid over a territory."""
    texts = found.reindex(columns=["geo_engine", "geo_reason"]).astype(object).fillna("").astype(str)
    inside = pd.Series("located", found.index, dtype=object)
    inside = inside.mask(texts["geo_reason"] == "vague_coordinates", "imprecise")
    inside = inside.mask(texts["geo_engine"] == "correction", "corrected")
    status = found["geo_status"].astype(object).fillna("")
    return status.mask(status == "outside", inside)
