"""Who is out of reach, of what, and how sure that is."""

from essgeo.gaps.activity import activity_odds
from essgeo.gaps.areas import Areas, gather_areas, iris_areas
from essgeo.gaps.assessment import assess_gaps
from essgeo.gaps.coverage import area_coverage, coverage
from essgeo.gaps.dependence import dependence
from essgeo.gaps.draws import drawn_shares
from essgeo.gaps.find import LONGEST, find_gaps
from essgeo.gaps.need import area_weights
from essgeo.gaps.sentences import standing
from essgeo.gaps.support_chain import support_chain

__all__ = [
    "LONGEST",
    "Areas",
    "activity_odds",
    "area_coverage",
    "area_weights",
    "assess_gaps",
    "coverage",
    "dependence",
    "drawn_shares",
    "find_gaps",
    "gather_areas",
    "iris_areas",
    "standing",
    "support_chain",
]
