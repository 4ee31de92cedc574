"""Who is out of reach, of what, and how sure that is."""

from essgeo.gaps.areas import Areas, gather_areas, iris_areas
from essgeo.gaps.assessment import assess_gaps, dependence, standing
from essgeo.gaps.coverage import area_coverage, coverage
from essgeo.gaps.find import LONGEST, Drawn, draw, find_gaps
from essgeo.gaps.support_chain import support_chain

__all__ = [
    "LONGEST",
    "Areas",
    "Drawn",
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
