"""The gaps of neighbourhoods, from layers alone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.access import travel_cost
from essgeo.gaps.areas import area_weights, gather_areas
from essgeo.gaps.assessment import assess_gaps
from essgeo.gaps.poverty import drawn_poverty
from essgeo.gaps.reach import drawn_shares
from essgeo.register import counted_on
from essgeo.register.activity import activity_odds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from essgeo.access import CostMatrix, WalkNetwork
    from essgeo.gaps.areas import Areas


POVERTY_DRAWS = 100
"""Poverty of access is drawn in the first hundred worlds only: it takes as long as all the rest of a world."""


class Drawn(NamedTuple):
    """What random draws show.

    Attributes
    ----------
    shares
        Shares within reach, draws x walks x rows x themes; the rows are the areas, then the areas weighted by need.
    poverty
        How far the indices of access poverty move, draws (:data:`POVERTY_DRAWS` at most) x areas x themes x alpha.
    """

    shares: NDArray[np.float64]
    poverty: NDArray[np.float64]


def draw(
    demand: gpd.GeoDataFrame,
    cost: CostMatrix,
    structures: gpd.GeoDataFrame,
    areas: Areas,
    *,
    within_minutes: Sequence[int],
    odds: tuple[float, float],
    draws: int = 500,
    seed: int = 0,
) -> Drawn:
    """Return what coverage and gaps become in worlds drawn at random.

    Parameters
    ----------
    demand, cost, structures
        Demand points, their minutes to the structures that count, and these.
    areas
        From :func:`essgeo.gather_areas`.
    within_minutes
        Walks.
    odds
        From :func:`essgeo.register.activity_odds`, over the whole register.
    draws, seed
        How many, and from which seed.

    Returns
    -------
    Drawn
        For :func:`essgeo.coverage` and :func:`essgeo.gaps.assess_gaps`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> from essgeo.gaps.areas import iris_areas
    >>> home = gpd.GeoDataFrame({"iris_code": ["a"], "population": [10.0], "income": [20e3]},
    ...                         geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": [""], "challenges": [""], "status": ["active"], "geo_radius_m": [0.0]},
    ...                         geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> drawn = draw(home, travel_cost(home, shop), shop, iris_areas(home), within_minutes=[15], odds=(9, 1),
    ...              draws=4)
    >>> drawn.shares.shape, drawn.poverty.shape
    ((4, 1, 2, 21), (4, 1, 21, 3))
    """
    weights = area_weights(demand, areas)
    everybody = np.asarray(areas.residents[[0]].todense(), dtype=float).ravel()
    people = weights[: len(areas.table)]
    return Drawn(
        drawn_shares(
            demand, cost, structures, weights, within_minutes=within_minutes, odds=odds, draws=draws, seed=seed
        ),
        drawn_poverty(
            demand, cost, structures, people, everybody, odds=odds, draws=min(draws, POVERTY_DRAWS), seed=seed
        ),
    )


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
        The day on which they must be active, see :func:`essgeo.register.counted_on`; by default today.
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
