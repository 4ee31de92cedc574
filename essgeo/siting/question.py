"""A siting question as arrays: who walks how long to which candidate, and what a model makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from essgeo.siting.models import (
    Covering,
    Solution,
    coverage_over_time_problem,
    expected_covering_problem,
    maximal_covering_problem,
    maximise,
    p_median_problem,
    set_covering,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

OBJECTIVES = {
    "coverage": "maximal covering (Church & ReVelle 1974)",
    "need": "maximal covering weighted by need (Church & ReVelle 1974)",
    "targets": "maximal covering of the residents of target neighbourhoods (Church & ReVelle 1974)",
    "median": "p-median (Hakimi 1964; ReVelle & Swain 1970)",
    "set": "location set covering (Toregas et al. 1971)",
    "expected": "maximal expected covering (Daskin 1983)",
    "person_months": "coverage over time (Gunawardane 1982)",
}
"""The models a scenario may rest on."""


@dataclass(frozen=True)
class Question:
    """Minutes between rows of demand and candidates, and what the model needs.

    Attributes
    ----------
    row, candidate, minutes
        Pairs, in any order.
    present
        Minutes from each row to the nearest place of today, infinite where there is none.
    weights
        Residents of each row, as the objective weighs them.
    candidates
        How many there are.
    within_minutes
        The walk.
    longest_minutes
        The walk that the p-median counts where there is no place today.
    objective
        One of :data:`OBJECTIVES`.
    count
        Number of sites.
    closing
        Probability that a site closes early.
    available
        Candidates x months, where time counts.
    """

    row: NDArray[np.integer]
    candidate: NDArray[np.integer]
    minutes: NDArray[np.floating]
    present: NDArray[np.floating]
    weights: NDArray[np.float64]
    candidates: int
    within_minutes: float
    longest_minutes: float
    objective: str
    count: int
    closing: float
    available: NDArray[np.bool_] | None = None


def reach_of(question: Question) -> sparse.csr_array:
    """Return which candidates each row reaches that reaches no place today: ones in a sparse matrix.

    Examples
    --------
    >>> pairs = np.array([0, 0, 1], dtype=np.int32), np.array([0, 1, 1], dtype=np.int32), np.array([4.0, 12.0, 5.0])
    >>> question = Question(*pairs, np.array([np.inf, 3.0]), np.ones(2), 2, 10, 30, "coverage", 1, 0)
    >>> reach_of(question).toarray().tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    lacking = question.present > question.within_minutes
    near = (question.minutes <= question.within_minutes) & lacking[question.row]
    return _matrix(question, near, np.ones(int(near.sum())))


def problem_of(question: Question) -> Covering:
    """Return the covering problem of a question; set covering has none of its own, and is taken as maximal covering.

    Examples
    --------
    >>> pairs = np.array([0, 0, 1], dtype=np.int32), np.array([0, 1, 1], dtype=np.int32), np.array([4.0, 12.0, 5.0])
    >>> question = Question(*pairs, np.array([np.inf, 13.0]), np.array([2.0, 3.0]), 2, 10, 30, "median", 1, 0)
    >>> maximise(problem_of(question), 1).value
    60.0
    """
    if question.objective == "median":
        return p_median_problem(
            _matrix(question, np.ones(len(question.row), dtype=bool), question.minutes),
            np.minimum(question.present, question.longest_minutes),
            question.weights,
        )
    reach = reach_of(question)
    if question.objective == "expected":
        return expected_covering_problem(reach, question.weights, question.count, closing=question.closing)
    if question.objective == "person_months" and question.available is not None:
        return coverage_over_time_problem(reach, question.weights, question.available)
    return maximal_covering_problem(reach, question.weights)


def solve(question: Question, *, time_limit: float) -> Solution:
    """Return the best set of candidates for a question, with its proof.

    Examples
    --------
    >>> pairs = np.array([0, 0, 1], dtype=np.int32), np.array([0, 1, 1], dtype=np.int32), np.array([4.0, 9.0, 5.0])
    >>> question = Question(*pairs, np.array([np.inf, np.inf]), np.array([2.0, 3.0]), 2, 10, 30, "set", 2, 0)
    >>> solve(question, time_limit=10).chosen
    (1,)
    """
    if question.objective == "set":
        return set_covering(reach_of(question), time_limit=time_limit)
    return maximise(problem_of(question), question.count, time_limit=time_limit)


def as_coverage(question: Question, weights: NDArray[np.float64]) -> Question:
    """Return the same walks as a question of how many people are within reach.

    Examples
    --------
    >>> pairs = np.array([0], dtype=np.int32), np.array([0], dtype=np.int32), np.array([4.0])
    >>> question = Question(*pairs, np.array([np.inf]), np.ones(1), 1, 10, 30, "median", 1, 0)
    >>> as_coverage(question, np.array([7.0])).objective
    'coverage'
    """
    return replace(question, objective="coverage", weights=weights)


def _matrix(question: Question, kept: NDArray[np.bool_], values: NDArray[np.floating]) -> sparse.csr_array:
    pairs = (question.row[kept], question.candidate[kept])
    return sparse.csr_array((values, pairs), shape=(len(question.present), question.candidates))
