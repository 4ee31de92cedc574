"""Which site to open: candidates, requirements, exact models, and how sure the answer is."""

from essgeo.siting.assumptions import Assumptions
from essgeo.siting.candidates import read_candidates, search_areas, site_candidates
from essgeo.siting.choose import choose_sites
from essgeo.siting.default import default_candidates, default_scenario, default_scenarios
from essgeo.siting.filters import Requirements
from essgeo.siting.months import Period
from essgeo.siting.scenario import Scenario, compare

__all__ = [
    "Assumptions",
    "Period",
    "Requirements",
    "Scenario",
    "choose_sites",
    "compare",
    "default_candidates",
    "default_scenario",
    "default_scenarios",
    "read_candidates",
    "search_areas",
    "site_candidates",
]
