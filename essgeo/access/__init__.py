"""Who lives where, how many minutes away things are, and who has how much access."""

from essgeo.access.accessibility import (
    accessibility,
    concentration_index,
    coverage_share,
    gini,
    nearest_k,
    nearest_minutes,
)
from essgeo.access.demand import demand_points, grid_points
from essgeo.access.detour import Detour, WalkingComparison, compare_walking, estimate_detour
from essgeo.access.network import WalkNetwork, read_network
from essgeo.access.walking import CostMatrix, travel_cost

__all__ = [
    "CostMatrix",
    "Detour",
    "WalkNetwork",
    "WalkingComparison",
    "accessibility",
    "compare_walking",
    "concentration_index",
    "coverage_share",
    "demand_points",
    "estimate_detour",
    "gini",
    "grid_points",
    "nearest_k",
    "nearest_minutes",
    "read_network",
    "travel_cost",
]
