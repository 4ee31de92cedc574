"""The register as a file: what a town opens, and what a study reads back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from essgeo.crs import GEOGRAPHIC
from essgeo.geocoding.chain import SIRENE, SURE

if TYPE_CHECKING:
    import geopandas as gpd

_DROPPED = ("candidate_longitude", "candidate_latitude", "longitude", "latitude")
_FIRST = (
    *("structure_id", "name", "aliases", "address", "postcode", "city", "citycode", "lon", "lat", "coord_precision"),
    *("coord_radius_m", "coord_source"),
)
DEGREE_DECIMALS = 6


def as_table(register: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a register as it is written: positions in degrees, in columns that :func:`read_structures` takes back.

    Parameters
    ----------
    register
        From :func:`essgeo.register.build_register`, or any result of :func:`essgeo.geocode`.

    Returns
    -------
    GeoDataFrame
        RangeIndex; the columns of the register with ``lon``, ``lat``, ``coord_precision``, ``coord_radius_m`` and
        ``coord_source`` in place of the working columns, and points in degrees. A position that was found counts as
        found when it is read again: a street so short that it is a position is then ``place``.

    Examples
    --------
    >>> import pandas as pd
    >>> from essgeo import geocode
    >>> found = geocode(pd.DataFrame({"name": "A", "address": "", "lon": [2.48], "lat": [48.9]}, index=["a"]))
    >>> as_table(found)[["lon", "lat", "coord_precision", "coord_radius_m"]].values.tolist()
    [[2.48, 48.9, 'place', 200.0]]
    """
    placed = register.geometry.notna()
    sure = register["geo_status"].isin(["located", "corrected"])
    precision = register["geo_precision"].where(~sure | register["geo_precision"].isin(SURE), "place")
    table = register.drop(columns=list(_DROPPED)).assign(
        lon=register["longitude"].round(DEGREE_DECIMALS),
        lat=register["latitude"].round(DEGREE_DECIMALS),
        coord_precision=precision.where(placed, ""),
        coord_radius_m=register["geo_radius_m"],
        coord_source=np.where(register["geo_engine"] == SIRENE, SIRENE, ""),
    )
    table = table.rename_axis("structure_id").reset_index().to_crs(GEOGRAPHIC)
    first = [name for name in _FIRST if name in table]
    return table[[*first, *(name for name in table.columns if name not in first)]]
