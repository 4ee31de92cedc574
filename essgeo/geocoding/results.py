"""A table of addresses in, the same table with positions out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from essgeo.geocoding.chain import points_of

if TYPE_CHECKING:
    from essgeo.geocoding.columns import AddressColumns

ADDED = (
    "geo_status", "geo_precision", "geo_score", "geo_margin", "geo_radius_m", "geo_label", "geo_ban_id", "geo_citycode",
    "geo_engine", "geo_reason", "longitude", "latitude",
)  # fmt: skip
"""Columns that a geocoded file has more than the file it was made from."""


def without_results(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without the columns and points of an earlier run, if it comes from one.

    Examples
    --------
    >>> without_results(pd.DataFrame({"adresse": [""], "geo_status": [""], "longitude": [""]})).columns.tolist()
    ['adresse']
    """
    if "geo_status" not in table:
        return table
    own = table.drop(columns=[name for name in ADDED if name in table])
    if isinstance(own, gpd.GeoDataFrame) and own.active_geometry_name and "geo_engine" in table:
        own.geometry = own.geometry.where(table["geo_engine"] == "register", None)
    return own


def with_results(table: pd.DataFrame, columns: AddressColumns, geocoded: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a table with the results beside its own columns, and points in degrees.

    A column of the table that has the name of a result (``longitude``) is kept as ``input_longitude``. Masked rows
    lose their address, postcode, coordinates and shape.

    Parameters
    ----------
    table
        The file.
    columns
        Its address columns.
    geocoded
        From :func:`essgeo.geocode`, row for row.

    Examples
    --------
    >>> from essgeo import geocode
    >>> from essgeo.geocoding.columns import AddressColumns, addresses_of
    >>> columns = AddressColumns(("rue",))
    >>> table = pd.DataFrame({"rue": ["1 rue A"], "n": [7]})
    >>> with_results(table, columns, geocode(addresses_of(table, columns)))[["rue", "n", "geo_status"]].values.tolist()
    [['1 rue A', 7, 'not_found']]
    """
    own = pd.DataFrame(table.drop(columns=table.geometry.name)) if isinstance(table, gpd.GeoDataFrame) else table
    results = geocoded[list(ADDED)].set_axis(own.index)
    masked = (results["geo_status"] == "masked").to_numpy()
    if masked.any():
        own = own.copy()
        for name in (*columns.address, columns.postcode, columns.lon, columns.lat):
            if name:
                own[name] = own[name].astype("object").mask(masked, "" if own[name].dtype == object else None)
    kept = own.rename(columns={name: f"input_{name}" for name in ADDED if name in own})
    return gpd.GeoDataFrame(pd.concat([kept, results], axis=1), geometry=points_of(results))
