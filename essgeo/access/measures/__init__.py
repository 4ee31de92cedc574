"""Measures of access: arrays in, arrays out, every person counted once."""

from essgeo.access.measures.decay import decay_weights
from essgeo.access.measures.floating import balanced_catchment, two_step_catchment
from essgeo.access.measures.inequality import concentration_index, gini, lorenz
from essgeo.access.measures.nearest import coverage_share, nearest_k
from essgeo.access.measures.potential import potential
from essgeo.access.measures.poverty import access_poverty, proximity, weighted_median

__all__ = [
    "access_poverty",
    "balanced_catchment",
    "concentration_index",
    "coverage_share",
    "decay_weights",
    "gini",
    "lorenz",
    "nearest_k",
    "potential",
    "proximity",
    "two_step_catchment",
    "weighted_median",
]
