"""Siting models: a question, whether it can be asked, and the covering problem that each model makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from essgeo.crs import require_metric, require_same_crs
from essgeo.errors import InputError
from essgeo.gaps.areas import need_weights
from essgeo.gaps.reach import THEME_ROWS
from essgeo.messages import tell
from essgeo.siting.covering import Covering
from essgeo.siting.exact import maximise, set_covering

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from essgeo.schema.months import Period
    from essgeo.siting.covering import Solution


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
        return set_covering(_reach(question), time_limit=time_limit)
    return maximise(problem_of(question), question.count, time_limit=time_limit)


def problem_of(question: Question) -> Covering:
    r"""Return the covering problem of a question.

    Maximal covering, weighted or not, is the shape itself; set covering has no problem of its own here and is taken as
    that. In maximal expected covering sites close independently and with the same probability *q* (the model, not a
    finding): the *k*-th site in reach is worth :math:`w_i (1 - q) q^{k-1}`. The other two have
    more rows than demand has.

    Examples
    --------
    >>> pairs = np.array([0, 0, 1], dtype=np.int32), np.array([0, 1, 1], dtype=np.int32), np.array([4.0, 12.0, 5.0])
    >>> question = Question(*pairs, np.array([np.inf, 13.0]), np.array([2.0, 3.0]), 2, 10, 30, "median", 1, 0)
    >>> maximise(problem_of(question), 1).value
    60.0
    >>> problem_of(replace(question, objective="coverage")).reach.toarray().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if question.objective == "median":
        return saved_minutes(
            sparse.csr_array(
                (question.minutes, (question.row, question.candidate)),
                shape=(len(question.present), question.candidates),
            ),
            np.minimum(question.present, question.longest_minutes),
            question.weights,
        )
    reach = _reach(question)
    if question.objective == "person_months" and question.available is not None:
        return covered_months(reach, question.weights, question.available)
    if question.objective == "expected":
        levels = (1 - question.closing) * question.closing ** np.arange(question.count)
        return Covering(reach, question.weights[:, None] * levels)
    return Covering(reach, question.weights[:, None])


def as_coverage(question: Question, residents: NDArray[np.float64]) -> Question:
    """Return the same walks as a question of how many people are within reach."""
    return replace(question, objective="coverage", weights=residents)


def _reach(question: Question) -> sparse.csr_array:
    """Return which candidates each row reaches that reaches no place today: ones, rows x candidates."""
    lacking = question.present > question.within_minutes
    near = (question.minutes <= question.within_minutes) & lacking[question.row]
    pairs = (np.ones(int(near.sum())), (question.row[near], question.candidate[near]))
    return sparse.csr_array(pairs, shape=(len(question.present), question.candidates))


def saved_minutes(minutes: sparse.csr_array, present: NDArray[np.float64], weights: NDArray[np.float64]) -> Covering:
    r"""Return the p-median with the places of today already open (Hakimi 1964; ReVelle & Swain 1970) as covering.

    .. math:: \max_{|S| = p} \sum_i w_i \max\left(0,\; t_i^0 - \min_{j \in S} t_{ij}\right)

    ``minutes`` are rows x candidates, what is not stored is too far; ``present`` are those to the nearest place of
    today, finite. A person saves a minute for each whole minute (rounded up) between the two: that is one row of
    covering for each row of demand and whole minute (Cornuéjols, Nemhauser & Wolsey 1980; Elloumi 2010).

    Examples
    --------
    >>> walks = sparse.csr_array(np.array([[2.0, 8.0], [0.0, 3.0]]))
    >>> maximise(saved_minutes(walks, np.array([10.0, 10.0]), np.array([1.0, 1.0])), 1)
    Solution(chosen=(1,), value=9.0, bound=9.0)
    """
    demand, site = np.repeat(np.arange(minutes.shape[0]), np.diff(minutes.indptr)), minutes.indices
    walk, today = np.ceil(minutes.data).astype(np.int64), np.ceil(present).astype(np.int64)
    # Row ``first[i] + m`` is the minute from m to m + 1 of demand i; a pair covers those from its walk up to today's.
    saved = np.maximum(today[demand] - walk, 0)
    first = np.cumsum(today) - today
    pair = np.repeat(np.arange(len(saved)), saved)
    step = np.arange(len(pair)) - np.repeat(np.cumsum(saved) - saved, saved)  # 0, 1, ... within each pair
    row = first[demand[pair]] + walk[pair] + step
    reach = sparse.csr_array((np.ones(len(row)), (row, site[pair])), shape=(int(today.sum()), minutes.shape[1]))
    return Covering(reach, np.repeat(weights, today)[:, None])


def covered_months(reach: sparse.csr_array, weights: NDArray[np.float64], available: NDArray[np.bool_]) -> Covering:
    r"""Return maximal covering with time as a further dimension of the demand (Gunawardane 1982).

    .. math:: \max \sum_m \sum_i w_i y_{im} \quad y_{im} \le \sum_j a_{ij} o_{jm} x_j, \; \sum_j x_j \le p

    with :math:`o_{jm}` 1 where site *j* is ``available`` (candidates x months) in month *m*. A site is taken for the
    whole period or not at all. Months with the same sites available are one block of rows.

    Examples
    --------
    >>> reach = sparse.csr_array(np.array([[1.0, 0.0], [0.0, 1.0]]))
    >>> available = np.array([[True, False, False], [True, True, True]])
    >>> maximise(covered_months(reach, np.array([20.0, 10.0]), available), 1)
    Solution(chosen=(1,), value=30.0, bound=30.0)
    """
    patterns, months = np.unique(available, axis=1, return_counts=True)
    layers = [reach @ sparse.diags_array(pattern.astype(float)) for pattern in patterns.T]
    stacked = sparse.csr_array(sparse.vstack(layers, format="csr"))
    stacked.eliminate_zeros()
    return Covering(stacked, np.concatenate([weights * lasting for lasting in months])[:, None])


def weights_of(demand: pd.DataFrame, objective: str) -> NDArray[np.float64]:
    """Return what the residents of each row weigh: by need, none outside target neighbourhoods, or one each.

    Examples
    --------
    >>> import pandas as pd
    >>> demand = pd.DataFrame({"population": [3.0, 5.0], "income": [1.0, 1.0], "neighbourhood_id": ["noue", ""]})
    >>> weights_of(demand, "targets").tolist(), weights_of(demand, "coverage").tolist()
    ([3.0, 0.0], [3.0, 5.0])
    """
    residents: NDArray[np.float64] = demand["population"].to_numpy(dtype=float)
    if objective == "need":
        return residents * need_weights(demand)
    if objective == "targets":
        return residents * (demand["neighbourhood_id"] != "").to_numpy()
    return residents


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
    """Refuse a question that makes no sense, with all its faults in one message."""
    require_metric(demand, "demand")
    require_same_crs(demand, candidates, ("demand", "candidates"))
    people = demand["population"]
    targets = "neighbourhood_id" in demand and bool(people[demand["neighbourhood_id"] != ""].sum())
    verdicts = (
        (
            sector in set(THEME_ROWS["theme"]),
            tell("sector_unknown", sector=sector, known=", ".join(THEME_ROWS["theme"])),
        ),
        (objective in OBJECTIVES, tell("objective_unknown", objective=objective, known=", ".join(OBJECTIVES))),
        (objective != "person_months" or period is not None, tell("objective_period")),
        (
            objective != "targets" or targets,
            tell("objective_targets"),
        ),
        (count >= 1, tell("count_positive", count=count)),
        (within_minutes > 0, tell("minutes_positive", within_minutes=within_minutes)),
        (len(candidates) > 0, tell("no_candidate")),
        (
            bool((people >= 0).all()) and people.sum() > 0,
            tell("no_resident"),
        ),
    )
    faults = [fault for fine, fault in verdicts if not fine]
    if faults:
        raise InputError("; ".join(faults) + ".")
