"""Which site to open: candidates, requirements, exact models, and how sure the answer is."""

from essgeo.siting.candidates import Requirements, default_candidates, search_areas, site_candidates
from essgeo.siting.choose import choose_sites, default_scenarios
from essgeo.siting.conditions import Assumptions
from essgeo.siting.scenario import Scenario, compare_scenarios
from essgeo.siting.what_if import Gains, gains_by_cell

__all__ = [
    "Assumptions",
    "Gains",
    "Requirements",
    "Scenario",
    "choose_sites",
    "compare_scenarios",
    "default_candidates",
    "default_scenarios",
    "gains_by_cell",
    "search_areas",
    "site_candidates",
]
