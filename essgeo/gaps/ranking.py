"""Where each target neighbourhood falls furthest behind its territory."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import pandas as pd

from essgeo.access import travel_cost
from essgeo.gaps.activity import activity_odds
from essgeo.gaps.areas import gather_areas
from essgeo.gaps.assessment import assess_gaps
from essgeo.gaps.nearest import nearest_structure, population_centre
from essgeo.gaps.themes import THEMES, theme_bits, unpack_themes
from essgeo.structures import counted_on

if TYPE_CHECKING:
    from essgeo.access import CostMatrix, WalkNetwork

LONGEST = 4
"""Trips of up to so many walks are measured, so that access poverty knows how far the far are."""
NEAREST = ["nearest_structure_id", "nearest_name", "nearest_city", "nearest_minutes"]
COLUMNS = (
    "neighbourhood_id", "neighbourhood", "rank", "theme_kind", "theme", "minutes", "residents",
    "out_of_reach", "out_of_reach_low", "out_of_reach_high", "share", "territory_share", "gap_points", "gap_residents",
    "structures", *NEAREST, "method",
)  # fmt: skip


def rank_gaps(
    table: pd.DataFrame, demand: gpd.GeoDataFrame, structures: gpd.GeoDataFrame, cost: CostMatrix, *, minutes: int
) -> pd.DataFrame:
    """Return, for each target neighbourhood, its themes from the widest gap to the narrowest.

    The gap is the number of residents out of reach beyond what the territory's own share would leave:

    .. math:: g = P_n (s_T - s_n)

    with *P* the residents of the neighbourhood and *s* the shares within reach there and in the whole territory.

    Parameters
    ----------
    table
        From :func:`essgeo.coverage`, over the territory and its neighbourhoods.
    demand, structures, cost
        What it was computed from.
    minutes
        The walk to rank.

    Returns
    -------
    DataFrame
        One row a neighbourhood and theme. ``out_of_reach``, ``out_of_reach_low``, ``out_of_reach_high`` and
        ``gap_residents`` in persons, ``gap_points`` in percentage points, ``nearest_minutes`` on foot from the
        population-weighted centre, ``rank`` 1 for the widest gap among sectors and challenges (0 for the whole ESS).

    Examples
    --------
    >>> from essgeo.gaps import Areas, coverage
    >>> from scipy.sparse import csr_matrix
    >>> demand = gpd.GeoDataFrame({"population": [60.0, 40.0], "neighbourhood_id": ["", "n"], "method": "grid"},
    ...                           geometry=gpd.points_from_xy([0, 5000], [0, 0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"name": ["Vélo"], "city": ["Bondy"], "sectors": ["mobilite"], "challenges": [""],
    ...                          "status": ["active"], "geo_radius_m": [0.0]}, index=["velo"],
    ...                         geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> zones = pd.DataFrame({"level": ["territory", "neighbourhood"], "zone_id": ["t", "n"], "zone_name": ["T", "N"],
    ...                       "vintage": "", "residents": [100.0, 40.0]})
    >>> cost = travel_cost(demand, shop)
    >>> shares = coverage(demand, cost, shop, Areas(zones, csr_matrix([[60.0, 40.0], [0.0, 40.0]])), draws=0)
    >>> gaps = rank_gaps(shares, demand, shop, cost, minutes=15)
    >>> gaps.loc[gaps["rank"] == 1, ["theme", "out_of_reach", "gap_points", "gap_residents"]].values.tolist()
    [['mobilite', 40.0, 60.0, 24.0]]
    """
    walk = table[table["minutes"] == minutes]
    territory = walk[walk["level"] == "territory"].set_index("theme")["share"]
    rows = walk[walk["level"] == "neighbourhood"].reset_index(drop=True)
    offers = unpack_themes(theme_bits(structures)).astype(bool)
    column = {theme: position for position, theme in enumerate(THEMES["theme"])}
    centres = {zone: population_centre(demand[demand["neighbourhood_id"] == zone]) for zone in rows["zone_id"].unique()}
    pace = {"speed_kmh": cost.speed_kmh, "detour": cost.detour}
    nearest = [
        nearest_structure(centres[zone], structures, offers[:, column[theme]], **pace)
        for zone, theme in zip(rows["zone_id"], rows["theme"], strict=True)
    ]
    gaps = pd.concat([rows, pd.DataFrame(nearest, columns=NEAREST)], axis=1).rename(
        columns={"zone_id": "neighbourhood_id", "zone_name": "neighbourhood"}
    )
    gaps["territory_share"] = gaps["theme"].map(territory).astype(float)
    gaps["gap_points"] = 100 * (gaps["territory_share"] - gaps["share"])
    gaps["gap_residents"] = gaps["residents"] * (gaps["territory_share"] - gaps["share"])
    for name, share in (
        ("out_of_reach", "share"),
        ("out_of_reach_low", "share_high"),
        ("out_of_reach_high", "share_low"),
    ):
        gaps[name] = gaps["residents"] * (1 - gaps[share])
    ranked = gaps[gaps["theme_kind"] != "all"]
    ties = ranked.sort_values(["gap_residents", "out_of_reach", "theme"], ascending=[False, False, True])
    gaps["rank"] = (ties.groupby("neighbourhood_id").cumcount() + 1).reindex(gaps.index, fill_value=0)
    gaps["order"] = gaps["neighbourhood_id"].map({zone: position for position, zone in enumerate(centres)})
    return gaps.sort_values(["order", "rank"], ignore_index=True)[list(COLUMNS)]


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
    gaps = assess_gaps(
        demand,
        cost,
        counted,
        gather_areas(demand, territory="all", **layers),
        within_minutes=within_minutes,
        odds=activity_odds(structures),
        as_of=day,
        draws=draws,
        seed=seed,
    )
    outlines = pd.concat([layer.geometry for layer in layers.values()])
    return gpd.GeoDataFrame(gaps, geometry=outlines.loc[gaps["neighbourhood_id"]].to_numpy(), crs=neighbourhoods.crs)
