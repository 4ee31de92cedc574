"""The siting models: each is a covering problem."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from essgeo.siting.covering import (
    Covering,
    Solution,
    bound_of,
    greedy,
    integer_optimum,
    interchange,
    lagrangian,
    merge_rows,
    relaxation,
    restrict,
    settled,
    worth,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


TIME_LIMIT = 60.0

_SLACK = 1e-9


@dataclass(frozen=True)
class _Search:
    """The best set so far, and what is left to decide: candidates that every better set holds, and those still open."""

    whole: Covering
    count: int
    best: tuple[int, ...]
    taken: tuple[int, ...]
    open: NDArray[np.intp]
    left: Covering
    bound: float

    @property
    def places(self) -> int:
        return self.count - len(self.taken)

    @property
    def won(self) -> float:
        return worth(self.whole, self.taken)

    @property
    def to_beat(self) -> float:
        return worth(self.whole, self.best) - self.won


def maximise(problem: Covering, count: int, *, time_limit: float = TIME_LIMIT) -> Solution:
    """Return the set of at most ``count`` candidates that is worth most.

    A greedy set, improved by exchanges, is a lower bound. A Lagrangian bound settles most candidates; the linear
    relaxation of what is left settles more, and is the proof where it comes out whole; branch and bound decides the
    rest.

    Parameters
    ----------
    problem
        What to cover.
    count
        Number of sites.
    time_limit
        Seconds of branch and bound; past them the result is the best set found, and its gap says how far it may be from
        the best.

    Returns
    -------
    Solution
        Never worth less than greedy. Fewer sites than ``count`` where more would add nothing.

    Examples
    --------
    >>> from scipy import sparse
    >>> reach = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]], dtype=float))
    >>> maximise(Covering(reach, np.array([[4.0], [4.0], [3.0], [3.0]])), 2)
    Solution(chosen=(1, 2), value=14.0, bound=14.0)
    """
    whole = merge_rows(problem)
    first = greedy(whole, count)
    if len(first) < count:
        value = worth(whole, first)
        return Solution(tuple(sorted(first)), value, value)
    everyone = np.arange(whole.reach.shape[1])
    search = _Search(whole, count, interchange(whole, first), (), everyone, whole, float(whole.weights.sum()))
    search = _settle(search, lagrangian(whole, count, search.to_beat))
    if len(search.open):
        shares, multipliers = relaxation(search.left, search.places)
        likely = search.open[np.argsort(-shares, kind="stable")[: search.places]]
        search = _settle(_challenge(search, likely), multipliers)
    if len(search.open):
        chosen, bound = integer_optimum(search.left, search.places, time_limit=time_limit)
        search = replace(_challenge(search, search.open[list(chosen)]), bound=min(search.bound, bound + search.won))
    value = worth(whole, search.best)
    return Solution(tuple(sorted(search.best)), value, max(value, search.bound))


def _challenge(search: _Search, chosen: Iterable[int]) -> _Search:
    """Return the search with this set of open candidates as its best, improved by exchanges, if it is."""
    found = interchange(search.whole, (*search.taken, *map(int, chosen)))
    better = worth(search.whole, found) > worth(search.whole, search.best)
    return replace(search, best=found) if better else search


def _settle(search: _Search, multipliers: NDArray[np.float64]) -> _Search:
    """Return the search without the candidates that a bound settles; none is open once the best set is proven."""
    bound = bound_of(search.left, multipliers, search.places)
    out, surely = settled(search.left, multipliers, search.places, search.to_beat)
    open_ = search.open[~out & ~surely]
    taken = (*search.taken, *search.open[surely].tolist())
    if bound <= search.to_beat * (1 + _SLACK) or len(taken) >= search.count or not len(open_):
        best = max(search.best, taken[: search.count], key=lambda chosen: worth(search.whole, chosen))
        return replace(search, best=best, open=open_[:0], bound=0.0)
    left = restrict(search.left, ~out & ~surely, surely)
    return replace(search, taken=taken, open=open_, left=left, bound=min(search.bound, bound + search.won))


def maximal_covering_problem(reach: sparse.csr_array, weights: NDArray[np.float64]) -> Covering:
    """Return the problem that :func:`maximal_covering` solves."""
    return Covering(reach, weights[:, None])


def maximal_covering(
    reach: sparse.csr_array, weights: NDArray[np.float64], count: int, *, time_limit: float = TIME_LIMIT
) -> Solution:
    r"""Return the sites within reach of the most people (Church & ReVelle 1974).

    .. math:: \max \sum_i w_i y_i \quad y_i \le \sum_j a_{ij} x_j, \; \sum_j x_j \le p, \; x_j \in \{0, 1\}, \; y_i
    \le 1

    Parameters
    ----------
    reach
        Sparse matrix of ones, demand x candidates: the candidate is within the walk.
    weights
        Residents, or residents weighted by need, of each row of demand.
    count
        Number *p* of sites.
    time_limit
        Seconds of branch and bound.

    Returns
    -------
    Solution
        In the unit of the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import sparse
    >>> maximal_covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([5.0, 7.0]), 1).chosen
    (1,)
    """
    return maximise(maximal_covering_problem(reach, weights), count, time_limit=time_limit)


def expected_covering_problem(
    reach: sparse.csr_array, weights: NDArray[np.float64], count: int, *, closing: float
) -> Covering:
    """Return the problem that :func:`expected_covering` solves."""
    return Covering(reach, weights[:, None] * (1 - closing) * closing ** np.arange(count))


def expected_covering(
    reach: sparse.csr_array,
    weights: NDArray[np.float64],
    count: int,
    *,
    closing: float,
    time_limit: float = TIME_LIMIT,
) -> Solution:
    r"""Return the sites with the most people expected within reach of one that has not closed (Daskin 1983).

    .. math:: \max \sum_i w_i \sum_{k=1}^{p} (1 - q) q^{k-1} y_{ik} \quad \sum_k y_{ik} \le \sum_j a_{ij} x_j

    Sites close independently and with the same probability *q*: that is the model, not a finding.

    Parameters
    ----------
    reach, weights, count, time_limit
        As for :func:`essgeo.siting.models`.
    closing
        Probability *q* that a site closes early, from 0 up to but not including 1.

    Returns
    -------
    Solution
        Persons, expected.

    Examples
    --------
    >>> from scipy import sparse
    >>> reach = sparse.csr_array(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    >>> [expected_covering(reach, np.array([9.0, 1.0]), 2, closing=q).chosen for q in (0.0, 0.5)]
    [(0, 2), (0, 1)]
    """
    problem = expected_covering_problem(reach, weights, count, closing=closing)
    return maximise(problem, count, time_limit=time_limit)


def p_median_problem(minutes: sparse.csr_array, present: NDArray[np.float64], weights: NDArray[np.float64]) -> Covering:
    """Return the problem that :func:`p_median` solves.

    A person saves a minute for each whole minute between the nearest chosen site and the nearest place of today. That
    is one row of covering for each demand row and whole minute (Cornuéjols, Nemhauser & Wolsey 1980; Elloumi 2010).
    """
    demand, site = np.repeat(np.arange(minutes.shape[0]), np.diff(minutes.indptr)), minutes.indices
    walk, today = np.ceil(minutes.data).astype(np.int64), np.ceil(present).astype(np.int64)
    saved = np.maximum(today[demand] - walk, 0)
    first = np.cumsum(today) - today
    pair = np.repeat(np.arange(len(saved)), saved)
    step = np.arange(len(pair)) - np.repeat(np.cumsum(saved) - saved, saved)
    row = first[demand[pair]] + walk[pair] + step
    reach = sparse.csr_array((np.ones(len(row)), (row, site[pair])), shape=(int(today.sum()), minutes.shape[1]))
    return Covering(reach, np.repeat(weights, today)[:, None])


def p_median(
    minutes: sparse.csr_array,
    present: NDArray[np.float64],
    weights: NDArray[np.float64],
    count: int,
    *,
    time_limit: float = TIME_LIMIT,
) -> Solution:
    r"""Return the sites that save most minutes to the nearest place (Hakimi 1964; ReVelle & Swain 1970).

    .. math:: \max_{|S| = p} \sum_i w_i \max\left(0,\; t_i^0 - \min_{j \in S} t_{ij}\right)

    which is the p-median with the places of today already open.

    Parameters
    ----------
    minutes
        Sparse matrix, demand x candidates: minutes on foot, rounded up to whole ones; what is not stored is too far.
    present
        For each row of demand, minutes to the nearest place of today; finite: give the longest walk that matters where
        there is none.
    weights
        Residents of each row.
    count
        Number *p* of sites.
    time_limit
        Seconds of branch and bound.

    Returns
    -------
    Solution
        Person-minutes saved.

    Examples
    --------
    >>> walks = sparse.csr_array(np.array([[2.0, 8.0], [0.0, 3.0]]))
    >>> p_median(walks, np.array([10.0, 10.0]), np.array([1.0, 1.0]), 1)
    Solution(chosen=(1,), value=9.0, bound=9.0)
    """
    return maximise(p_median_problem(minutes, present, weights), count, time_limit=time_limit)


def coverage_over_time_problem(
    reach: sparse.csr_array, weights: NDArray[np.float64], available: NDArray[np.bool_]
) -> Covering:
    """Return the problem that :func:`coverage_over_time` solves; months with the same sites available are one."""
    patterns, months = np.unique(available, axis=1, return_counts=True)
    layers = [reach @ sparse.diags_array(pattern.astype(float)) for pattern in patterns.T]
    stacked = sparse.csr_array(sparse.vstack(layers, format="csr"))
    stacked.eliminate_zeros()
    return Covering(stacked, np.concatenate([weights * lasting for lasting in months])[:, None])


def coverage_over_time(
    reach: sparse.csr_array,
    weights: NDArray[np.float64],
    available: NDArray[np.bool_],
    count: int,
    *,
    time_limit: float = TIME_LIMIT,
) -> Solution:
    r"""Return the sites that put most people within reach for most months.

    .. math:: \max \sum_m \sum_i w_i y_{im} \quad y_{im} \le \sum_j a_{ij} o_{jm} x_j, \; \sum_j x_j \le p

    with :math:`o_{jm}` 1 where site *j* is available in month *m*. A site is taken for the whole period or not at
    all. It is maximal covering with time as a further dimension of the demand (Gunawardane 1982).

    Parameters
    ----------
    reach, weights, count, time_limit
        As for :func:`essgeo.siting.models`.
    available
        Candidates x months: the site is available that month.

    Returns
    -------
    Solution
        Person-months.

    Examples
    --------
    >>> reach = sparse.csr_array(np.array([[1.0, 0.0], [0.0, 1.0]]))
    >>> available = np.array([[True, False, False], [True, True, True]])
    >>> coverage_over_time(reach, np.array([20.0, 10.0]), available, 1)
    Solution(chosen=(1,), value=30.0, bound=30.0)
    """
    return maximise(coverage_over_time_problem(reach, weights, available), count, time_limit=time_limit)


_WHOLE = 1e-6


def set_covering(reach: sparse.csr_array, *, time_limit: float = TIME_LIMIT) -> Solution:
    r"""Return the fewest sites that reach every row that any candidate reaches (Toregas et al. 1971).

    .. math:: \min \sum_j x_j \quad \sum_j a_{ij} x_j \ge 1 \;\forall i, \; x_j \in \{0, 1\}

    Rows that are reached whenever another is, and candidates that reach nothing another does not, are left out first.

    Parameters
    ----------
    reach
        Sparse matrix of ones, demand x candidates. Rows that no candidate reaches are left out.
    time_limit
        Seconds of branch and bound.

    Returns
    -------
    Solution
        ``value`` is the number of sites, ``bound`` the least number proven.

    Examples
    --------
    >>> set_covering(sparse.csr_array(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])))
    Solution(chosen=(0, 1), value=2.0, bound=2.0)
    """
    rows = merge_rows(Covering(reach, np.ones((reach.shape[0], 1)))).reach
    if not rows.shape[0]:
        return Solution((), 0.0, 0.0)
    start = greedy(Covering(rows, np.ones((rows.shape[0], 1))), rows.shape[1])
    core, names = _reduce(rows)
    found = milp(
        np.ones(len(names)),
        constraints=LinearConstraint(core, 1, np.inf),
        integrality=np.ones(len(names), dtype=np.int8),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0, "time_limit": time_limit},
    )
    best = start
    if found.x is not None:
        best = min(best, tuple(names[found.x > 1 / 2].tolist()), key=len)
    bound = 1.0 if found.mip_dual_bound is None else float(np.ceil(found.mip_dual_bound - _WHOLE))
    return Solution(tuple(sorted(best)), float(len(best)), min(bound, float(len(best))))


def _reduce(rows: sparse.csr_array) -> tuple[sparse.csr_array, np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """Return the rows and candidates that dominate the others, and the positions of these candidates."""
    names = np.arange(rows.shape[1])
    shape = (0, 0)
    while shape != rows.shape:
        shape = rows.shape
        useful = ~_contained(sparse.csr_array(rows.T))
        rows, names = rows[:, useful.nonzero()[0]], names[useful]
        needed = ~_containing(rows)
        rows = rows[needed.nonzero()[0]]
    return rows, names


def _contained(sets: sparse.csr_array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which sets lie within another, all but the first of equal ones included."""
    one, other, size = _within(sets)
    away = (size[one] < size[other]) | ((size[one] == size[other]) & (one > other))
    flags = np.zeros(sets.shape[0], dtype=bool)
    flags[one[away]] = True
    return flags


def _containing(sets: sparse.csr_array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which sets hold another, all but the first of equal ones included."""
    one, other, size = _within(sets)
    away = (size[one] < size[other]) | ((size[one] == size[other]) & (one < other))
    flags = np.zeros(sets.shape[0], dtype=bool)
    flags[other[away]] = True
    return flags


def _within(sets: sparse.csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pairs of sets of which the first lies within the second, and the size of every set."""
    size = np.diff(sets.indptr)
    shared = sparse.coo_array(sets @ sets.T)
    inside = (shared.data >= size[shared.row]) & (shared.row != shared.col)
    return shared.row[inside], shared.col[inside], size
