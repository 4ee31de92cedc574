"""Who is out of reach, of what, and how sure that is."""

from essgeo.gaps.areas import Areas, gather_areas, iris_areas, stacked
from essgeo.gaps.coverage import area_coverage, coverage, dependence
from essgeo.gaps.filieres import concentrations, cooperations, near_each_other
from essgeo.gaps.find import assess_gaps, find_gaps
from essgeo.gaps.needs import challenge_reach, iris_supply, needs, needs_supply
from essgeo.gaps.ranks import standing
from essgeo.gaps.reach import LEAST_LOCATED, horizon
from essgeo.gaps.shares import Drawn, draw
from essgeo.gaps.support_chain import support_chain, support_offers

__all__ = [
    "LEAST_LOCATED",
    "Areas",
    "Drawn",
    "area_coverage",
    "assess_gaps",
    "challenge_reach",
    "concentrations",
    "cooperations",
    "coverage",
    "dependence",
    "draw",
    "find_gaps",
    "gather_areas",
    "horizon",
    "iris_areas",
    "iris_supply",
    "near_each_other",
    "needs",
    "needs_supply",
    "stacked",
    "standing",
    "support_chain",
    "support_offers",
]
