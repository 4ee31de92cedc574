"""Who is out of reach, of what, and how sure that is."""

from essgeo.gaps.activity import activity_odds
from essgeo.gaps.areas import Areas, gather_areas, iris_areas
from essgeo.gaps.assessment import assess_gaps
from essgeo.gaps.coverage import area_coverage, coverage
from essgeo.gaps.dependence import dependence
from essgeo.gaps.ranking import find_gaps, rank_gaps
from essgeo.gaps.support_chain import support_chain

__all__ = [
    "Areas",
    "activity_odds",
    "area_coverage",
    "assess_gaps",
    "coverage",
    "dependence",
    "find_gaps",
    "gather_areas",
    "iris_areas",
    "rank_gaps",
    "support_chain",
]
