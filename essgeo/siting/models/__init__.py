"""Exact models of location, one a file; all but set covering are one covering problem with diminishing returns."""

from essgeo.siting.models.coverage_over_time import coverage_over_time, coverage_over_time_problem
from essgeo.siting.models.covering import Covering, Solution, next_weight, reached_times, worth
from essgeo.siting.models.expected_covering import expected_covering, expected_covering_problem
from essgeo.siting.models.heuristics import gains_of, greedy, in_order_of_gain, interchange
from essgeo.siting.models.maximal_covering import maximal_covering, maximal_covering_problem
from essgeo.siting.models.maximise import maximise
from essgeo.siting.models.p_median import p_median, p_median_problem
from essgeo.siting.models.set_covering import set_covering

__all__ = [
    "Covering",
    "Solution",
    "coverage_over_time",
    "coverage_over_time_problem",
    "expected_covering",
    "expected_covering_problem",
    "gains_of",
    "greedy",
    "in_order_of_gain",
    "interchange",
    "maximal_covering",
    "maximal_covering_problem",
    "maximise",
    "next_weight",
    "p_median",
    "p_median_problem",
    "reached_times",
    "set_covering",
    "worth",
]
