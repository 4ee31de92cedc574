"""The chain that locates structures: a human's correction, then known coordinates, then an index of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.crs import GEOGRAPHIC
from essgeo.geocoding.corrections import correction_keys, place_key
from essgeo.geocoding.extract import match_addresses
from essgeo.geocoding.precision import RADIUS_M

if TYPE_CHECKING:
    from collections.abc import Hashable

MASK = "[ND]"
SURE = ("housenumber", "place")
_COLUMNS = (
    "geo_status", "geo_precision", "geo_score", "geo_margin", "geo_radius_m", "geo_label", "geo_engine", "geo_reason",
    "longitude", "latitude", "candidate_longitude", "candidate_latitude",
)  # fmt: skip


def geocode(
    table: pd.DataFrame,
    *,
    using: pd.DataFrame | None = None,
    corrections: pd.DataFrame | None = None,
    crs: str = "EPSG:2154",
) -> gpd.GeoDataFrame:
    """Return the structures with a position, or with the reason why they have none.

    Parameters
    ----------
    table
        Structures: ``address`` and ``city``, and where known ``citycode``, ``lon``, ``lat`` (degrees) and
        ``coord_precision``.
    using
        Known addresses (the ``addresses`` layer).
    corrections
        From :func:`essgeo.geocoding.read_corrections`.
    crs
        Metric CRS of the result.

    Returns
    -------
    GeoDataFrame
        The same index and columns without ``lon`` and ``lat``, points in ``crs`` (none where not located) and:

        - ``geo_status``: ``located``, ``corrected``, ``imprecise``, ``not_found`` or ``masked``;
        - ``geo_precision``: ``housenumber``, ``street``, ``place``, ``municipality`` or ``""``;
        - ``geo_score`` and ``geo_margin``: 0 to 1, of the match or best candidate, NaN for given coordinates;
        - ``geo_radius_m``: metres meant to hold 90 % of true positions, NaN where not located;
        - ``geo_label``, ``geo_engine``, ``geo_reason``: address found or best candidate, who found it, why not;
        - ``longitude``, ``latitude``, ``candidate_longitude``, ``candidate_latitude``: degrees.

        Masked rows lose their address, postcode and coordinates.

    Examples
    --------
    >>> table = pd.DataFrame({"address": ["1 rue A", ""], "city": ["Bondy"] * 2, "lon": [2.48, None],
    ...                       "lat": [48.9, None], "coord_precision": ["housenumber", ""]}, index=["a", "b"])
    >>> geocode(table)["geo_status"].to_dict()
    {'a': 'located', 'b': 'not_found'}
    """
    result = table.drop(columns=["lon", "lat"], errors="ignore").copy()
    found = pd.DataFrame({name: _empty(name, len(table)) for name in _COLUMNS}, index=table.index)
    masked = _masked(table)
    open_rows = ~masked
    settled = _settled(table, corrections)
    corrected = settled["lon"].notna() & open_rows
    _fill(found, settled[corrected], "corrected", "housenumber", "correction")
    if {"lon", "lat"} <= set(table.columns):
        known = table["lon"].notna() & table["lat"].notna() & open_rows & ~corrected
        precision = table.loc[known, "coord_precision"].replace("", "place") if "coord_precision" in table else "place"
        _fill(found, table.loc[known, ["lon", "lat"]], "located", precision, "register")
        vague = known & ~found["geo_precision"].isin(SURE)
        found.loc[vague, ["geo_status", "geo_reason"]] = ["imprecise", "vague_coordinates"]
    waiting = (found["geo_status"] == "") & open_rows
    _search(found, table[waiting], using)
    found["geo_radius_m"] = found["geo_precision"].map(RADIUS_M)
    found.loc[masked, "geo_status"] = "masked"
    found.loc[masked, "geo_reason"] = "masked"
    for name in ("address", "postcode"):
        if name in result:
            result.loc[masked, name] = ""
    points = gpd.GeoSeries(gpd.points_from_xy(found["longitude"], found["latitude"]), index=table.index, crs=GEOGRAPHIC)
    placed = points.where(found["longitude"].notna(), None).to_crs(crs)
    return gpd.GeoDataFrame(pd.concat([result, found], axis=1), geometry=placed)


def _empty(name: str, rows: int) -> np.ndarray[tuple[int], np.dtype[np.float64]] | list[str]:
    text = name in {"geo_status", "geo_precision", "geo_label", "geo_engine", "geo_reason"}
    return [""] * rows if text else np.full(rows, np.nan)


def _masked(table: pd.DataFrame) -> pd.Series:
    columns = [name for name in ("name", "address", "postcode", "city") if name in table]
    hidden = [table[name].astype("object").fillna("").astype(str).str.contains(MASK, regex=False) for name in columns]
    return pd.concat(hidden, axis=1).any(axis=1) if hidden else pd.Series(data=False, index=table.index)


def _keys(table: pd.DataFrame) -> list[object]:
    cities = table["city"] if "city" in table else [""] * len(table)
    return [place_key(address, city) for address, city in zip(table["address"], cities, strict=True)]


def _settled(table: pd.DataFrame, corrections: pd.DataFrame | None) -> pd.DataFrame:
    """Return the point that a correction gives to each row, by its identifier or else its address; NaN for none."""
    lookup = {}
    if corrections is not None:
        points = zip(corrections["lon"], corrections["lat"], strict=True)
        lookup = dict(zip(correction_keys(corrections), points, strict=True))
    nothing = (float("nan"), float("nan"))
    found = [
        lookup.get(str(identifier), lookup.get(key, nothing))
        for identifier, key in zip(table.index, _keys(table), strict=True)
    ]
    return pd.DataFrame(found, index=table.index, columns=["lon", "lat"], dtype=float)


def _fill(found: pd.DataFrame, points: pd.DataFrame, status: str, precision: pd.Series | str, engine: str) -> None:
    rows = points.index
    found.loc[rows, ["longitude", "latitude"]] = points[["lon", "lat"]].to_numpy(dtype=float)
    found.loc[rows, "geo_status"] = status
    found.loc[rows, "geo_precision"] = precision
    found.loc[rows, "geo_engine"] = engine


def _search(found: pd.DataFrame, table: pd.DataFrame, using: pd.DataFrame | None) -> None:
    rows = table.index
    if table.empty:
        return
    if using is None:
        found.loc[rows, "geo_status"] = "not_found"
        found.loc[rows, "geo_reason"] = np.where(table["address"] == "", "no_address", "no_index")
        return
    matched = match_addresses(table, using)
    exact: list[Hashable] = matched.index[matched["exact"]].tolist()
    _fill(found, matched.loc[exact], "located", "housenumber", "extract")
    found.loc[rows, ["geo_label", "geo_score", "geo_reason"]] = matched[["label", "score", "reason"]].to_numpy()
    rest = matched[~matched["exact"]]
    near = rest["reason"].isin({"number_missing", "number_unknown"})
    found.loc[rest.index, "geo_status"] = np.where(near, "imprecise", "not_found")
    found.loc[rest.index, ["candidate_longitude", "candidate_latitude"]] = rest[["lon", "lat"]].to_numpy(dtype=float)
