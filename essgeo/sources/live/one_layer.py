"""One layer of a territory: from its own file, or as its official source publishes it today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.errors import SourceUnavailableError
from essgeo.sources.layers import communes_of, own_layer, renewal_zones
from essgeo.sources.live.ask import Live
from essgeo.sources.live.census import live_iris
from essgeo.sources.live.places import live_sites, live_stations
from essgeo.sources.live.zones import (
    RENEWAL_VINTAGE,
    live_neighbourhoods,
    live_perimeters,
    live_projects,
    live_qpv,
)

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from essgeo.territory import Territory

OFFICIAL = ("iris", "communes", "qpv", "npnru", "neighbourhoods", "sites", "stations")


def read_layer(
    territory: Territory, layer: str, *, vintage: str | None = None, offline: bool = True
) -> gpd.GeoDataFrame | pd.DataFrame:
    """Return a layer of a territory, checked against its contract.

    Parameters
    ----------
    territory
        From :func:`essgeo.load_territory`.
    layer
        ``iris``, ``communes``, ``qpv``, ``npnru``, ``neighbourhoods``, ``structures``, ``addresses``, ``stations``,
        ``sites``, ``qpv_indicators`` or ``seed_figures``.
    vintage
        For ``qpv`` and ``npnru``: ``2024`` or ``2015``; by default that of the territory.
    offline
        Read the territory's own file. Otherwise fetch the official one; where that cannot be had, the last good copy or
        the territory's own file stands in; ``frame.attrs["notes"]`` says so, and ``frame.attrs["faults"]`` what
        went wrong, in full.

    Returns
    -------
    GeoDataFrame or DataFrame
        Indexed by identifier; geometry in the CRS of the territory (metres). ``structures``, ``addresses``,
        ``qpv_indicators`` and ``seed_figures`` are plain tables.

    Raises
    ------
    SourceUnavailableError
        The territory has no such layer or vintage, its file is missing, or no official source holds that layer.
    SchemaError
        The file breaks the contract of the layer.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> territory = load_territory("est-ensemble")
    >>> read_layer(territory, "communes").loc["93010", "name"]
    'Bondy'
    >>> int(read_layer(territory, "iris")["population"].sum())
    438552
    """
    if offline:
        return own_layer(territory, layer, vintage=vintage)
    if layer not in OFFICIAL:
        message = f"no official source holds the layer {layer!r} alone; known: {', '.join(OFFICIAL)}."
        raise SourceUnavailableError(message)
    live = Live(territory)
    found = _official(live, layer, vintage or territory.vintage)
    found.attrs["notes"] = [*live.notes, *(source.note for source in live.inputs if source.note)]
    found.attrs["faults"] = live.faults
    return found


def _official(live: Live, layer: str, vintage: str) -> gpd.GeoDataFrame:
    if layer == "sites":
        return live_sites(live)
    iris = live_iris(live)
    communes = communes_of(iris)
    if layer in {"iris", "communes"}:
        return iris if layer == "iris" else communes
    whole = communes.union_all()
    if layer == "stations":
        return live_stations(live, within=whole)
    perimeters = live_perimeters(live, within=whole) if layer == "npnru" else None
    if perimeters is not None:
        return perimeters
    qpv = live_qpv(live, vintage=vintage, within=whole)
    if layer == "npnru":
        projects, qpv_2015 = live_projects(live, within=whole)
        if qpv_2015 is not None and vintage != RENEWAL_VINTAGE:
            message = (
                f"the official list of renewal projects names QPV of {RENEWAL_VINTAGE} only: read that vintage, or "
                f"carry the projects over to {vintage} with essgeo.zoning.carry_projects."
            )
            raise SourceUnavailableError(message)
        return renewal_zones(projects, qpv, vintage=vintage)
    return qpv if layer == "qpv" else live_neighbourhoods(live, iris, qpv, communes)
