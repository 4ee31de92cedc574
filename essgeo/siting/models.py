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
from essgeo.siting.covering import Covering, Limits, gains_of, reached_times, worth
from essgeo.siting.exact import maximise, set_covering, with_capacities

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from essgeo.schema.dates import Period
    from essgeo.siting.covering import Solution


OBJECTIVES = {
    "targets": "residents of target neighbourhoods first, then need (maximal covering, Church & ReVelle 1974)",
    "need": "maximal covering weighted by need (Church & ReVelle 1974)",
    "coverage": "maximal covering (Church & ReVelle 1974)",
    "backup": "backup coverage (Hogan & ReVelle 1986)",
    "median": "p-median (Hakimi 1964; ReVelle & Swain 1970)",
    "set": "location set covering (Toregas et al. 1971)",
    "expected": "maximal expected covering (Daskin 1983)",
    "person_months": "coverage over time (Gunawardane 1982)",
}
"""The models a scenario may rest on."""

EQUAL = 1e-9
"""Sets closer than that share are worth as much."""


@dataclass(frozen=True)
class Question:
    """Minutes between rows of demand and candidates, and what the model needs.

    A *choice* is a candidate and one of the themes that it may host: choice ``c * len(themes) + t``.

    Attributes
    ----------
    row, candidate, minutes
        Pairs, in any order.
    present
        Minutes from each row to the nearest place of today, infinite where there is none; for the p-median.
    gains
        What one more site in reach of a row is worth, then a further one: rows x levels, one array a theme. Residents
        as the objective weighs them, times how likely they still lack one.
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
    available
        Candidates x months, where time counts.
    people
        Residents of each row who lack one, one array a theme, where sites have a capacity.
    capacities
        How many residents each candidate has room for.
    costs, budget
        What each candidate costs, and what all chosen ones may.
    fixed
        Choices that every set holds.
    """

    row: NDArray[np.integer]
    candidate: NDArray[np.integer]
    minutes: NDArray[np.floating]
    present: NDArray[np.floating]
    gains: Sequence[NDArray[np.float64]]
    candidates: int
    within_minutes: float
    longest_minutes: float
    objective: str
    count: int
    available: NDArray[np.bool_] | None = None
    people: Sequence[NDArray[np.float64]] = ()
    capacities: NDArray[np.float64] | None = None
    costs: NDArray[np.float64] | None = None
    budget: float | None = None
    fixed: tuple[int, ...] = ()

    @property
    def limits(self) -> Limits | None:
        """What a set of choices must keep to: the budget, and one activity a site where there are several."""
        # Limits x choices: a row for the budget, where a choice costs what its candidate does, then a row a candidate,
        # with a 1 for each of its choices.
        themes, parts, most = len(self.gains), list[sparse.csr_array](), list[float]()
        if self.costs is not None and self.budget is not None:
            parts.append(sparse.csr_array(np.repeat(self.costs, themes)[None, :]))
            most.append(self.budget)
        if themes > 1:
            parts.append(sparse.csr_array(sparse.kron(sparse.eye_array(self.candidates), np.ones((1, themes)))))
            most += [1.0] * self.candidates
        return Limits(sparse.csr_array(sparse.vstack(parts)), np.array(most)) if parts else None


def solve(question: Question, *, time_limit: float) -> Solution:
    """Return the best set of choices for a question, with its proof.

    Examples
    --------
    >>> pairs = np.array([0, 0, 1], dtype=np.int32), np.array([0, 1, 1], dtype=np.int32), np.array([4.0, 9.0, 5.0])
    >>> question = Question(*pairs, np.full(2, np.inf), [np.array([[2.0], [3.0]])], 2, 10, 30, "set", 2)
    >>> solve(question, time_limit=10).chosen
    (1,)
    """
    problem = problem_of(question)
    if question.objective == "set":
        wanted = problem.reach[problem.weights[:, 0] > 0]
        return set_covering(sparse.csr_array(wanted), fixed=question.fixed, time_limit=time_limit)
    if question.capacities is not None:
        return with_capacities(
            problem,
            np.concatenate(question.people),
            np.repeat(question.capacities, len(question.gains)),
            question.count,
            limits=question.limits,
            fixed=question.fixed,
            time_limit=time_limit,
        )
    return maximise(problem, question.count, limits=question.limits, fixed=question.fixed, time_limit=time_limit)


def problem_of(question: Question) -> Covering:
    r"""Return the covering problem of a question: rows of each theme, choices as columns.

    In maximal expected covering sites close independently and with the same probability *q* (the model, not a
    finding): the *k*-th site in reach is worth :math:`w_i (1 - q) q^{k-1}`. In backup coverage a first and a second
    place in reach are worth as much. Where candidates are free for part of the period a resident counts for the share
    of months in reach. The p-median has more rows than demand has.

    Examples
    --------
    >>> pairs = np.array([0, 0, 1], dtype=np.int32), np.array([0, 1, 1], dtype=np.int32), np.array([4.0, 12.0, 5.0])
    >>> gains = [np.array([[2.0], [3.0]])]
    >>> question = Question(*pairs, np.array([np.inf, 13.0]), gains, 2, 10, 30, "median", 1)
    >>> maximise(problem_of(question), 1).value
    60.0
    >>> problem_of(replace(question, objective="coverage")).reach.toarray().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    themes, rows = len(question.gains), len(question.present)
    if question.objective == "median":
        walks = (question.minutes, (question.row, question.candidate))
        problem = saved_minutes(
            sparse.csr_array(walks, shape=(rows, question.candidates)),
            np.minimum(question.present, question.longest_minutes),
            question.gains[0][:, 0],
        )
    else:
        near = question.minutes <= question.within_minutes
        row, site = question.row[near].astype(np.int64), question.candidate[near].astype(np.int64)
        # Rows are those of the first theme, then those of the second; each theme has a column of every candidate.
        pairs = (
            np.concatenate([row + theme * rows for theme in range(themes)]),
            np.concatenate([site * themes + theme for theme in range(themes)]),
        )
        shape = (rows * themes, question.candidates * themes)
        reach = sparse.csr_array((np.ones(len(pairs[0])), pairs), shape=shape)
        problem = Covering(reach, np.concatenate(question.gains))
    if question.available is None or (question.available.all() and question.objective != "person_months"):
        return problem
    timed = covered_months(problem, np.repeat(question.available, themes, axis=0))
    months = 1 if question.objective == "person_months" else question.available.shape[1]
    return replace(timed, weights=timed.weights / months)


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
    # Demand, site and walk of each pair of the matrix; today, one value a row of demand: whole minutes.
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


def covered_months(problem: Covering, available: NDArray[np.bool_]) -> Covering:
    r"""Return covering with time as a further dimension of the demand (Gunawardane 1982).

    .. math:: \max \sum_m \sum_i w_i y_{im} \quad y_{im} \le \sum_j a_{ij} o_{jm} x_j, \; \sum_j x_j \le p

    with :math:`o_{jm}` 1 where column *j* is ``available`` (columns x months) in month *m*. A site is taken for the
    whole period or not at all. Months with the same sites available are one block of rows.

    Examples
    --------
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 0.0], [0.0, 1.0]])), np.array([[20.0], [10.0]]))
    >>> available = np.array([[True, False, False], [True, True, True]])
    >>> maximise(covered_months(problem, available), 1)
    Solution(chosen=(1,), value=30.0, bound=30.0)
    """
    # patterns: columns x kinds of month; months: how many are of each kind. A layer has the reach of the columns that
    # are free in its months.
    patterns, months = np.unique(available, axis=1, return_counts=True)
    layers = [problem.reach @ sparse.diags_array(pattern.astype(float)) for pattern in patterns.T]
    stacked = sparse.csr_array(sparse.vstack(layers, format="csr"))
    stacked.eliminate_zeros()
    return Covering(stacked, np.concatenate([problem.weights * lasting for lasting in months]))


def weights_of(demand: pd.DataFrame, objective: str, most: float = 0.0) -> NDArray[np.float64]:
    """Return what a resident of each row weighs: by need, in a target neighbourhood first, or all alike.

    With ``targets`` one resident of a target neighbourhood weighs more than all others whom a set may reach: ``most``,
    weighted by need.

    Examples
    --------
    >>> import pandas as pd
    >>> demand = pd.DataFrame({"population": [3.0, 5.0], "income": [1.0, 1.0], "neighbourhood_id": ["noue", ""]})
    >>> weights_of(demand, "targets", 9).tolist(), weights_of(demand, "coverage").tolist()
    ([1.0, 0.1], [1.0, 1.0])
    """
    if objective not in {"need", "targets"}:
        return np.ones(len(demand))
    need = need_weights(demand)
    return need if objective == "need" else np.where(demand["neighbourhood_id"] != "", 1.0, need / (1 + most))


def check_question(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    *,
    count: int,
    sectors: Sequence[str],
    within_minutes: float,
    objective: str,
    period: Period | None,
) -> None:
    """Refuse a question that makes no sense, with all its faults in one message."""
    require_metric(demand, "demand")
    require_same_crs(demand, candidates, ("demand", "candidates"))
    people = demand["population"]
    unknown = sorted(set(sectors) - set(THEME_ROWS["theme"]))
    verdicts = (
        (not unknown, tell("sector_unknown", sector=", ".join(unknown), known=", ".join(THEME_ROWS["theme"]))),
        (bool(sectors), tell("no_sector")),
        (objective in OBJECTIVES, tell("objective_unknown", objective=objective, known=", ".join(OBJECTIVES))),
        (objective != "person_months" or period is not None, tell("objective_period")),
        (objective != "targets" or has_targets(demand), tell("objective_targets")),
        (
            len(set(sectors)) < 2 or objective not in {"set", "median"},  # noqa: PLR2004 (one sector, or several)
            tell("objective_one_sector", objective=objective),
        ),
        (count >= 1, tell("count_positive", count=count)),
        (within_minutes > 0, tell("minutes_positive", within_minutes=within_minutes)),
        (len(candidates) > 0, tell("no_candidate")),
        (bool((people >= 0).all()) and people.sum() > 0, tell("no_resident")),
    )
    faults = [fault for fine, fault in verdicts if not fine]
    if faults:
        raise InputError("; ".join(faults) + ".")


def has_targets(demand: pd.DataFrame) -> bool:
    """Return whether anybody lives in a target neighbourhood."""
    return "neighbourhood_id" in demand and bool(demand["population"][demand["neighbourhood_id"] != ""].sum())


def nearest_of_equals(question: Question, problem: Covering, chosen: Sequence[int]) -> tuple[int, ...]:
    """Return a set worth as much, with each site exchanged for the one of equals that its residents walk to soonest."""
    if question.objective in {"median", "set"}:
        return tuple(chosen)
    near_ = question.minutes <= question.within_minutes
    row, site = question.row[near_], question.candidate[near_]
    # Minutes of the residents within the walk of each choice: candidates x themes, as choices are numbered.
    walked = np.column_stack([
        np.bincount(site, weights=gains[row, 0] * question.minutes[near_], minlength=question.candidates)
        for gains in question.gains
    ]).ravel()  # fmt: skip
    current, limits = list(chosen), question.limits
    whole = worth(problem, current)
    for place, choice in enumerate(current):
        if choice not in question.fixed:
            others = [one for one in current if one != choice]
            # Choices: which of them, beside the others, are worth as much as the whole set; this one is.
            equal = worth(problem, others) + gains_of(problem, reached_times(problem, others)) >= whole * (1 - EQUAL)
            equal[others] = False
            if limits is not None:
                equal &= limits.room(others)
            current[place] = int(np.where(equal, walked, np.inf).argmin())
    return tuple(current)
