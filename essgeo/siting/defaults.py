"""The questions that every study answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.siting.candidates import ENOUGH_PREMISES, UNUSABLE, search_areas, site_candidates
from essgeo.siting.choose import Assumptions, choose_sites

if TYPE_CHECKING:
    import geopandas as gpd

    from essgeo.access import WalkNetwork
    from essgeo.results import Parameters
    from essgeo.siting.scenario import Scenario


SECTOR, COUNT, MINUTES = "alimentation_agriculture", 2, 10


def default_candidates(sites: gpd.GeoDataFrame, iris: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the premises of a territory, or search areas where fewer than ten of them are usable and located.

    Parameters
    ----------
    sites, iris
        Layers of the territory.

    Returns
    -------
    GeoDataFrame
        See :func:`essgeo.read_premises`.

    Examples
    --------
    >>> from essgeo import load_territory, read_layer
    >>> here = load_territory("est-ensemble")
    >>> default_candidates(read_layer(here, "sites"), read_layer(here, "iris"))["kind"].unique().tolist()
    ['search_area']
    """
    premises = site_candidates(sites)
    usable = premises.geometry.notna() & ~premises["state"].isin(list(UNUSABLE))
    return premises if usable.sum() >= ENOUGH_PREMISES else search_areas(iris)


def default_scenario(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    iris: gpd.GeoDataFrame,
    parameters: Parameters,
    *,
    network: WalkNetwork | None = None,
    objective: str = "coverage",
) -> Scenario:
    """Return where two places of food and farming would bring most residents within ten minutes' walk.

    Parameters
    ----------
    demand, structures, sites, iris
        Layers of a study.
    parameters
        Of the study: walking, draws, seed, level.
    network
        The streets to walk on; straight lines with a detour where ``None``.
    objective
        What the sites seek, as for :func:`essgeo.choose_sites`.

    Returns
    -------
    Scenario
        See :func:`essgeo.choose_sites`.

    Examples
    --------
    >>> from essgeo import demand_points, geocode, load_territory, read_layer
    >>> from essgeo.results import Parameters
    >>> here = load_territory("est-ensemble")
    >>> sites, iris = read_layer(here, "sites"), read_layer(here, "iris")
    >>> register = geocode(read_layer(here, "structures"))
    >>> demand = demand_points(iris, spacing_m=200)
    >>> scenario = default_scenario(demand, register, sites, iris, Parameters("2024", siting_draws=5))
    >>> len(scenario.sites), scenario.proven
    (2, True)
    """
    assumptions = Assumptions(
        speed_kmh=parameters.speed_kmh,
        detour=parameters.detour,
        network=network,
        draws=parameters.siting_draws,
        seed=parameters.seed,
        level=parameters.level,
    )
    return choose_sites(
        demand,
        default_candidates(sites, iris),
        count=COUNT,
        sector=SECTOR,
        within_minutes=MINUTES,
        objective=objective,
        structures=structures,
        assumptions=assumptions,
    )


def default_scenarios(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    iris: gpd.GeoDataFrame,
    parameters: Parameters,
    *,
    network: WalkNetwork | None = None,
) -> list[Scenario]:
    """Return :func:`default_scenario` for all residents, then for those of target neighbourhoods where there are any.

    The first seeks most residents and may pass every target neighbourhood by; the second says what serving these would
    take, with the same number of sites.

    Parameters
    ----------
    demand, structures, sites, iris, parameters, network
        As for :func:`default_scenario`.

    Examples
    --------
    >>> from essgeo.results import Parameters
    >>> study = study_est_ensemble()
    >>> layers = study.demand, study.structures, study.sites, study.iris
    >>> most, targets = default_scenarios(*layers, Parameters("2024", siting_draws=0))
    >>> most.newly_reached > targets.newly_reached
    True
    """
    objectives = ["coverage", "targets"] if (demand["neighbourhood_id"] != "").any() else ["coverage"]
    return [
        default_scenario(demand, structures, sites, iris, parameters, network=network, objective=objective)
        for objective in objectives
    ]
