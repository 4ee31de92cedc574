"""Who lives where, and how many minutes away things are."""

from essgeo.access.cost import CostMatrix, nearest_minutes
from essgeo.access.demand import demand_points
from essgeo.access.walking import travel_cost

__all__ = ["CostMatrix", "demand_points", "nearest_minutes", "travel_cost"]
