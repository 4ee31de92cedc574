"""Who is out of reach, of what, and how sure that is."""

from essgeo.gaps.activity import activity_odds
from essgeo.gaps.areas import Areas, gather_areas, iris_areas
from essgeo.gaps.assessment import assess_gaps
from essgeo.gaps.chance import Drawn, draw
from essgeo.gaps.coverage import area_coverage, coverage
from essgeo.gaps.dependence import dependence
from essgeo.gaps.find import LONGEST, find_gaps
from essgeo.gaps.sentences import standing
from essgeo.gaps.support_chain import support_chain

__all__ = [
    "LONGEST",
    "Areas",
    "Drawn",
    "activity_odds",
    "area_coverage",
    "assess_gaps",
    "coverage",
    "dependence",
    "draw",
    "find_gaps",
    "gather_areas",
    "iris_areas",
    "standing",
    "support_chain",
]
