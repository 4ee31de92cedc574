"""Who lives where, how many minutes away things are, and who has how much access."""

from essgeo.access.accessibility import accessibility
from essgeo.access.cost import CostMatrix, nearest_minutes
from essgeo.access.demand import demand_points, grid_points
from essgeo.access.detour import Detour, WalkingComparison, compare_walking, estimate_detour
from essgeo.access.network import WalkNetwork, read_network
from essgeo.access.walking import travel_cost

__all__ = [
    "CostMatrix",
    "Detour",
    "WalkNetwork",
    "WalkingComparison",
    "accessibility",
    "compare_walking",
    "demand_points",
    "estimate_detour",
    "grid_points",
    "nearest_minutes",
    "read_network",
    "travel_cost",
]
