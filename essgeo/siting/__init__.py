"""Which site to open: candidates, requirements, exact models, and how sure the answer is."""

from essgeo.siting.candidates import Requirements, default_candidates, search_areas, site_candidates
from essgeo.siting.choose import Assumptions, choose_sites, default_scenarios
from essgeo.siting.scenario import Scenario, compare_scenarios

__all__ = [
    "Assumptions",
    "Requirements",
    "Scenario",
    "choose_sites",
    "compare_scenarios",
    "default_candidates",
    "default_scenarios",
    "search_areas",
    "site_candidates",
]
