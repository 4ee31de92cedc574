"""Points in zones when the position of a point is uncertain, counts with an interval, and zones of two vintages."""

from essgeo.zoning.count import count_in
from essgeo.zoning.crosswalk import carry_projects, crosswalk
from essgeo.zoning.locate import locate_in

__all__ = ["carry_projects", "count_in", "crosswalk", "locate_in"]
