"""The layers of a territory as official sources publish them today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.sources.layers import communes_of
from essgeo.sources.live.census import live_iris
from essgeo.sources.live.places import live_sites, live_stations
from essgeo.sources.live.zones import live_neighbourhoods, live_qpv
from essgeo.sources.zones import read_zones

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from essgeo.sources.live.ask import Live


def live_layers(live: Live, *, vintage: str, qpv: Path | str | None = None) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of :func:`essgeo.sources.read_layers` but ``npnru``, from official files.

    Parameters
    ----------
    live
        How sources are asked; it keeps inputs and notes.
    vintage
        Vintage of the QPV.
    qpv
        A file with the QPV of that vintage, instead of the official one.

    Returns
    -------
    dict of GeoDataFrame
        ``iris``, ``communes``, ``neighbourhoods``, ``qpv``, ``sites`` and ``stations``, in the CRS of the territory.

    Raises
    ------
    SourceError, InputError
        IRIS or QPV can be had neither from their source nor from a file of the territory.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> from essgeo.sources.live import Live
    >>> live = Live(load_territory("est-ensemble"), fetch=unreachable)
    >>> {name: len(layer) for name, layer in live_layers(live, vintage="2024").items()}
    {'iris': 161, 'communes': 9, 'neighbourhoods': 4, 'qpv': 21, 'sites': 22, 'stations': 68}
    """
    iris = live_iris(live)
    communes = communes_of(iris)
    whole = communes.union_all()
    if qpv is not None:
        zones = read_zones(qpv, crs=live.territory.crs, vintage=vintage, within=whole)
    else:
        zones = live_qpv(live, vintage=vintage, within=whole)
    return {
        "iris": iris,
        "communes": communes,
        "neighbourhoods": live_neighbourhoods(live, iris, zones, communes),
        "qpv": zones,
        "sites": live_sites(live),
        "stations": live_stations(live, within=whole),
    }
