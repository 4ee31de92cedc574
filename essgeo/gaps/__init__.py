"""Who is out of reach, of what, and how sure that is."""

from essgeo.gaps.areas import Areas, gather_areas, iris_areas
from essgeo.gaps.coverage import area_coverage, coverage, dependence
from essgeo.gaps.find import Drawn, assess_gaps, draw, find_gaps
from essgeo.gaps.ranks import standing
from essgeo.gaps.reach import horizon
from essgeo.gaps.support_chain import support_chain

__all__ = [
    "Areas",
    "Drawn",
    "area_coverage",
    "assess_gaps",
    "coverage",
    "dependence",
    "draw",
    "find_gaps",
    "gather_areas",
    "horizon",
    "iris_areas",
    "standing",
    "support_chain",
]
