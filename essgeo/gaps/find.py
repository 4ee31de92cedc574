"""The gaps of neighbourhoods, from layers alone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import pandas as pd

from essgeo.access import travel_cost
from essgeo.gaps.activity import activity_odds
from essgeo.gaps.areas import gather_areas
from essgeo.gaps.assessment import assess_gaps
from essgeo.gaps.chance import draw
from essgeo.structures import counted_on

if TYPE_CHECKING:
    from essgeo.access import WalkNetwork

LONGEST = 4
"""Trips of up to so many walks are measured, so that access poverty knows how far the far are."""


def find_gaps(
    neighbourhoods: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    *,
    qpv: gpd.GeoDataFrame | None = None,
    communes: gpd.GeoDataFrame | None = None,
    network: WalkNetwork | None = None,
    within_minutes: int = 15,
    as_of: dt.date | None = None,
    draws: int = 500,
    seed: int = 0,
) -> gpd.GeoDataFrame:
    """Return the gaps of neighbourhoods against all of the demand, with their intervals.

    Parameters
    ----------
    neighbourhoods
        The ``neighbourhoods`` layer.
    demand
        From :func:`essgeo.access.demand_points` with these neighbourhoods.
    structures
        From :func:`essgeo.geocode`. Those without a point do not count.
    qpv, communes
        Further layers whose gaps are wanted.
    network
        From :func:`essgeo.access.read_network`; straight lines with a detour where ``None``.
    within_minutes
        The walk.
    as_of
        The day on which they must be active, see :func:`essgeo.structures.counted_on`; by default today.
    draws, seed
        Random draws behind the intervals.

    Returns
    -------
    GeoDataFrame
        The columns of :func:`essgeo.gaps.assess_gaps`, with the outline of the neighbourhood.

    Examples
    --------
    >>> from essgeo import geocode, load_territory, read_layer
    >>> from essgeo.access import demand_points
    >>> here = load_territory("est-ensemble")
    >>> targets = read_layer(here, "neighbourhoods")
    >>> demand = demand_points(read_layer(here, "iris"), neighbourhoods=targets, spacing_m=100)
    >>> gaps = find_gaps(targets, demand, geocode(read_layer(here, "structures")), draws=10)
    >>> gaps["neighbourhood_id"].nunique(), bool((gaps["out_of_reach"] <= gaps["residents"]).all())
    (4, True)
    """
    day = as_of or dt.date.today()  # noqa: DTZ011 (the day where the user is)
    counted = cast("gpd.GeoDataFrame", structures[structures.geometry.notna() & counted_on(structures, day)])
    cost = travel_cost(demand, counted, network=network, max_minutes=LONGEST * within_minutes)
    nobody = neighbourhoods.iloc[:0].assign(vintage="")
    layers = {
        "communes": nobody if communes is None else communes,
        "neighbourhoods": neighbourhoods,
        "qpv": nobody if qpv is None else qpv,
    }
    areas = gather_areas(demand, territory="all", **layers)
    drawn = draw(
        demand,
        cost,
        counted,
        areas,
        within_minutes=[within_minutes],
        odds=activity_odds(structures),
        draws=draws,
        seed=seed,
    )
    gaps = assess_gaps(demand, cost, counted, areas, drawn=drawn, as_of=day, within_minutes=within_minutes)
    outlines = pd.concat([layer.geometry for layer in layers.values()])
    return gpd.GeoDataFrame(gaps, geometry=outlines.loc[gaps["neighbourhood_id"]].to_numpy(), crs=neighbourhoods.crs)
