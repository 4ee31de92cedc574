"""Whether a siting question can be asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from essgeo.crs import require_metric, require_same_crs
from essgeo.errors import InputError
from essgeo.gaps.reach import THEME_ROWS
from essgeo.siting.models import (
    coverage_over_time_problem,
    expected_covering_problem,
    maximal_covering_problem,
    maximise,
    p_median_problem,
    set_covering,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.schema.months import Period
    from essgeo.siting.covering import Covering, Solution


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


_DEMAND = ("population", "income")

_CANDIDATES = ("name", "kind", "city", "surface_m2", "available_from", "available_to", "ground_floor", "state")


def check_question(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    *,
    count: int,
    sector: str,
    within_minutes: float,
    objective: str,
    period: Period | None,
) -> None:
    """Refuse a question that makes no sense, with all its faults in one message.

    Raises
    ------
    InputError
        Columns are missing, or a value cannot be used.
    MissingCRSError, CRSMismatchError
        A layer without CRS, not metric, or in another CRS.
    """
    require_metric(demand, "demand")
    require_same_crs(demand, candidates, ("demand", "candidates"))
    for frame, name, columns in ((demand, "demand", _DEMAND), (candidates, "candidates", _CANDIDATES)):
        missing = [column for column in columns if column not in frame]
        if missing:
            message = f"{name}: missing column{'s' * (len(missing) > 1)} {', '.join(missing)}."
            raise InputError(message)
    people = demand["population"]
    peopled = bool((people >= 0).all()) and people.sum() > 0
    verdicts = (
        (
            sector in set(THEME_ROWS["theme"]),
            f"sector {sector!r} is not known; known: {', '.join(THEME_ROWS['theme'])}",
        ),
        (objective in OBJECTIVES, f"objective {objective!r} is not known; known: {', '.join(OBJECTIVES)}"),
        (objective != "person_months" or period is not None, "objective 'person_months' needs a period"),
        (
            objective != "targets"
            or ("neighbourhood_id" in demand and bool(people[demand["neighbourhood_id"] != ""].sum())),
            "objective 'targets' needs residents with a neighbourhood_id in demand",
        ),
        (count >= 1, f"count must be at least 1, not {count}"),
        (within_minutes > 0, f"within_minutes must be positive, not {within_minutes}"),
        (len(candidates) > 0, "there is no candidate"),
        (peopled, "demand: no resident, or a population that is negative or missing"),
    )
    faults = [fault for fine, fault in verdicts if not fine]
    if faults:
        raise InputError("; ".join(faults) + ".")
