"""The sites and stations of a territory as their publishers give them today."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import geopandas as gpd
import pandas as pd

from essgeo.layers import LAYERS
from essgeo.sources.catalogue import find_source
from essgeo.sources.layers import own_layer
from essgeo.sources.live.ask import Live, also, take
from essgeo.sources.readers import (
    read_cartofriches,
    read_stations,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import shapely


def live_sites(live: Live) -> gpd.GeoDataFrame:
    """Return the territory's own sites, if it has some, and the brownfield sites of Cartofriches.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> len(live_sites(Live(load_territory("est-ensemble"), fetch=unreachable)))
    22
    """
    here = live.territory

    def friches(files: Mapping[str, list[Path]]) -> gpd.GeoDataFrame:
        (path,) = files["cartofriches"]
        return read_cartofriches(path, find_source("cartofriches"), communes=here.communes, crs=here.crs)

    found = take(
        live,
        "sites",
        ["cartofriches"],
        friches,
        lambda: own_layer(here, "sites"),
        nothing=lambda: empty_layer("sites", here.crs),
    )
    also(live, "sites")
    return _joined(own_layer(here, "sites"), found) if here.declares("sites") else found


def live_stations(live: Live, *, within: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return the stations that are open, and those that the territory's own file says are planned.

    Parameters
    ----------
    live
        How sources are asked.
    within
        The territory, in its CRS.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> len(live_stations(Live(load_territory("est-ensemble"), fetch=unreachable), within=None))
    68
    """
    here = live.territory

    def stations(files: Mapping[str, list[Path]]) -> gpd.GeoDataFrame:
        (path,) = files["stations"]
        return read_stations(path, find_source("stations"), crs=here.crs, within=within)

    found = take(
        live,
        "stations",
        ["stations"],
        stations,
        lambda: own_layer(here, "stations"),
        nothing=lambda: empty_layer("stations", here.crs),
    )
    also(live, "stations")
    if not here.declares("stations"):
        return found
    own = own_layer(here, "stations")
    return _joined(found, own[own["status"] == "planned"])


def empty_layer(name: str, crs: str) -> gpd.GeoDataFrame:
    """Return a layer without rows.

    Examples
    --------
    >>> empty_layer("stations", "EPSG:2154").index.name
    'station_id'
    """
    contract = LAYERS[name]
    fields = [field for field in contract.fields if field.name not in {"lon", "lat"}]
    kinds = {field.name: pd.Series(dtype=float if field.kind == "number" else object) for field in fields}
    return gpd.GeoDataFrame(kinds, geometry=[], crs=crs).rename_axis(contract.index)


def _joined(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if not len(second):
        return first
    fresh = second[~second.index.isin(first.index)]
    joined = pd.concat([first, fresh])
    text = [name for name in joined if joined[name].dtype == object and name != joined.geometry.name]
    return cast("gpd.GeoDataFrame", joined.assign(**{name: joined[name].fillna("") for name in text}))
