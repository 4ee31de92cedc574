"""Who is out of reach of the social and solidarity economy, and where the next place would do most good."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from essgeo.access import accessibility, demand_points, read_network, travel_cost
    from essgeo.files import read_premises, read_structures
    from essgeo.gaps import coverage, find_gaps, gather_areas, needs, support_chain
    from essgeo.geocoding import Places, geocode, read_corrections, reverse_geocode
    from essgeo.geocoding.match import Local
    from essgeo.geocoding.service import Client, Service
    from essgeo.maps import build_maps
    from essgeo.maps.build import build_siting
    from essgeo.maps.explore import explore
    from essgeo.official.live_layers import read_layer
    from essgeo.publish import export
    from essgeo.results import Comparison, Study
    from essgeo.siting import (
        Assumptions,
        Requirements,
        Scenario,
        choose_sites,
        compare_scenarios,
        search_areas,
        site_candidates,
    )
    from essgeo.study import compare_studies, publish_comparison, publish_study, read_study, run_study
    from essgeo.territory import Territory, load_territory
    from essgeo.text.notebook import show_gaps
    from essgeo.zoning import crosswalk, locate_in

__all__ = [
    "Assumptions",
    "Client",
    "Comparison",
    "Local",
    "Places",
    "Requirements",
    "Scenario",
    "Service",
    "Study",
    "Territory",
    "accessibility",
    "build_maps",
    "build_siting",
    "choose_sites",
    "compare_scenarios",
    "compare_studies",
    "coverage",
    "crosswalk",
    "demand_points",
    "explore",
    "export",
    "find_gaps",
    "gather_areas",
    "geocode",
    "load_territory",
    "locate_in",
    "needs",
    "publish_comparison",
    "publish_study",
    "read_corrections",
    "read_layer",
    "read_network",
    "read_premises",
    "read_structures",
    "read_study",
    "reverse_geocode",
    "run_study",
    "search_areas",
    "show_gaps",
    "site_candidates",
    "support_chain",
    "travel_cost",
]

_ROOMS = {
    "access": ("accessibility", "demand_points", "read_network", "travel_cost"),
    "text.notebook": ("show_gaps",),
    "publish": ("export",),
    "files": ("read_premises", "read_structures"),
    "gaps": ("coverage", "find_gaps", "gather_areas", "needs", "support_chain"),
    "geocoding": ("Places", "geocode", "read_corrections", "reverse_geocode"),
    "geocoding.match": ("Local",),
    "geocoding.service": ("Client", "Service"),
    "maps": ("build_maps",),
    "maps.explore": ("explore",),
    "maps.build": ("build_siting",),
    "results": ("Comparison", "Study"),
    "siting": (
        *("Assumptions", "Requirements", "Scenario", "choose_sites", "compare_scenarios", "search_areas"),
        "site_candidates",
    ),
    "official.live_layers": ("read_layer",),
    "study": ("compare_studies", "publish_comparison", "publish_study", "read_study", "run_study"),
    "territory": ("Territory", "load_territory"),
    "zoning": ("crosswalk", "locate_in"),
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that ``essgeo --help`` does not wait for geopandas."""
    room = next((room for room, names in _ROOMS.items() if name in names), None)
    if room is None:
        message = f"module 'essgeo' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"essgeo.{room}"), name)


def __dir__() -> list[str]:
    return __all__
