"""Points in zones when the position of a point is uncertain, counts with an interval, and zones of two vintages."""

from essgeo.zoning.count import count_in
from essgeo.zoning.crosswalk import crosswalk
from essgeo.zoning.locate import locate_in
from essgeo.zoning.renewal import carry_projects

__all__ = ["carry_projects", "count_in", "crosswalk", "locate_in"]
