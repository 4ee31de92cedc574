"""A table of addresses in, the same table with positions out."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from essgeo.geocoding.chain import points_of
from essgeo.sources.aliases import DIFFUSION, STRUCTURES, guess_columns, simplify
from essgeo.sources.diffusion import SHOWN, emptied, unnamed

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


def with_results(table: pd.DataFrame, geocoded: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a table with the results beside its own columns, and points in degrees.

    A column of the table that has the name of a result (``longitude``) is kept as ``input_longitude``. Of a masked row
    nothing is kept but what :data:`essgeo.sources.diffusion.SHOWN` lists, whatever else the file says of it.

    Parameters
    ----------
    table
        The file.
    geocoded
        From :func:`essgeo.geocode`, row for row.

    Examples
    --------
    >>> from essgeo import geocode
    >>> from essgeo.geocoding.columns import AddressColumns, addresses_of
    >>> table = pd.DataFrame({"rue": ["1 rue A"], "n": [7]})
    >>> found = geocode(addresses_of(table, AddressColumns(("rue",))))
    >>> with_results(table, found)[["rue", "n", "geo_status"]].values.tolist()
    [['1 rue A', 7, 'not_found']]
    """
    own = pd.DataFrame(table.drop(columns=table.geometry.name)) if isinstance(table, gpd.GeoDataFrame) else table
    results = geocoded[list(ADDED)].set_axis(own.index)
    masked = pd.Series(results["geo_status"] == "masked", index=own.index)
    names = [str(name) for name in own.columns]
    fields = guess_columns(names, STRUCTURES)
    identifiers = [name for name, field in fields.items() if field == "structure_id"]
    own = own.assign(**{name: unnamed(own[name], masked) for name in identifiers}) if masked.any() else own
    shown = {name for name, field in fields.items() if field in SHOWN}
    own = emptied(own, masked, shown=shown.union(name for name in names if simplify(name) in DIFFUSION))
    kept = own.rename(columns={name: f"input_{name}" for name in ADDED if name in own})
    return gpd.GeoDataFrame(pd.concat([kept, results], axis=1), geometry=points_of(results))
