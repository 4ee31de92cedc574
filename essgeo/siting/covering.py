"""Covering problems: one shape, bounds, heuristics, exact solution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


_HASH_SEED = 20240229


@dataclass(frozen=True)
class Covering:
    r"""A covering problem with diminishing returns.

    A set *S* of candidates is worth :math:`\\sum_i \\sum_{k \\le n_i(S)} w_{ik}`, with :math:`n_i(S)` the number of
    chosen candidates that reach row *i* and :math:`w_{i1} \\ge w_{i2} \\ge \\dots \\ge 0`. One level is maximal
    covering.

    Attributes
    ----------
    reach
        Sparse matrix of ones, rows x candidates.
    weights
        Rows x levels, not increasing along a row.
    """

    reach: sparse.csr_array
    weights: NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """A set of candidates, what it is worth, and what no set can exceed.

    Attributes
    ----------
    chosen
        Positions of the chosen candidates, ascending.
    value
        What they are worth.
    bound
        Proven bound of the optimum: from above where more is better, from below where less is.
    """

    chosen: tuple[int, ...]
    value: float
    bound: float

    @property
    def gap(self) -> float:
        """Distance between value and bound, as a share of the value; 0 where there is nothing to gain."""
        away = abs(self.bound - self.value)
        return away / abs(self.value) if self.value else float(away > 0)

    @property
    def proven(self) -> bool:
        """Whether the optimum is proven, to one part in a million."""
        return self.gap <= 1e-6  # noqa: PLR2004 (the accuracy of the solver)


def reached_times(problem: Covering, chosen: Sequence[int]) -> NDArray[np.int64]:
    """Return how many of the chosen candidates reach each row.

    Examples
    --------
    >>> from scipy import sparse
    >>> reach = sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]]))
    >>> reached_times(Covering(reach, np.ones((2, 1))), [0, 1]).tolist()
    [2, 1]
    """
    picked = np.zeros(problem.reach.shape[1])
    picked[list(chosen)] = 1
    times: NDArray[np.int64] = np.rint(problem.reach @ picked).astype(np.int64)
    return times


def worth(problem: Covering, chosen: Sequence[int]) -> float:
    """Return what a set of candidates is worth.

    Examples
    --------
    >>> from scipy import sparse
    >>> reach = sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]]))
    >>> worth(Covering(reach, np.array([[5.0], [7.0]])), [1])
    12.0
    """
    times = reached_times(problem, chosen)
    levels = np.arange(problem.weights.shape[1])
    return float(problem.weights[levels < times[:, None]].sum())


def next_weight(problem: Covering, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what one more site in reach is worth to each row that ``times`` sites reach already.

    Examples
    --------
    >>> from scipy import sparse
    >>> problem = Covering(sparse.csr_array(np.ones((1, 2))), np.array([[5.0, 2.0]]))
    >>> [next_weight(problem, np.array([times])).tolist() for times in range(3)]
    [[5.0], [2.0], [0.0]]
    """
    levels = problem.weights.shape[1]
    value = np.take_along_axis(problem.weights, np.minimum(times, levels - 1)[:, None], axis=1)[:, 0]
    return np.where(times < levels, value, 0.0)


def merge_rows(problem: Covering) -> Covering:
    """Return the problem with rows of identical reach merged, and without those that nothing reaches or worth nothing.

    Every set of candidates is worth the same in both. Rows are told apart by a 64-bit sum of random numbers, one a
    candidate.

    Examples
    --------
    >>> from scipy import sparse
    >>> reach = sparse.csr_array(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]))
    >>> merge_rows(Covering(reach, np.array([[1.0], [2.0], [4.0]]))).weights.tolist()
    [[3.0]]
    """
    worth_it = (np.diff(problem.reach.indptr) > 0) & (problem.weights[:, 0] > 0)
    reach, weights = problem.reach[worth_it], problem.weights[worth_it]
    if not reach.shape[0]:
        return Covering(reach, weights)
    codes = np.random.default_rng(_HASH_SEED).integers(0, 2**63, reach.shape[1], dtype=np.uint64)
    marks = np.add.reduceat(codes[reach.indices], reach.indptr[:-1])
    _, first, group = np.unique(marks, return_index=True, return_inverse=True)
    merged = np.column_stack([np.bincount(group, weights=level) for level in weights.T]).astype(np.float64)
    return Covering(reach[first], merged)


def restrict(problem: Covering, kept: NDArray[np.bool_], taken: NDArray[np.bool_]) -> Covering:
    """Return what is left to decide once candidates are taken: the columns ``kept``, and the levels still to be won.

    Examples
    --------
    >>> from scipy import sparse
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> left = restrict(problem, np.array([False, True]), np.array([True, False]))
    >>> left.reach.toarray().tolist(), left.weights.tolist()
    ([[1.0]], [[7.0]])
    """
    weights = problem.weights
    if taken.any():
        times = reached_times(problem, taken.nonzero()[0].tolist())
        level = np.arange(weights.shape[1]) + times[:, None]
        padded = np.column_stack([weights, np.zeros(len(weights))])
        weights = np.take_along_axis(padded, np.minimum(level, weights.shape[1]), axis=1)
    return merge_rows(Covering(problem.reach[:, kept.nonzero()[0]], weights))


_LEAST_SHARE = 1e-9


def greedy(problem: Covering, count: int) -> tuple[int, ...]:
    """Return candidates in the order in which each adds most to those before it.

    It is worth at least 1 - 1/e of the best set (Nemhauser, Wolsey & Fisher 1978).

    Parameters
    ----------
    problem
        What to cover.
    count
        The most candidates to take; it stops earlier where nothing more can be won.

    Returns
    -------
    tuple of int
        Positions of candidates.

    Examples
    --------
    >>> from scipy import sparse
    >>> reach = sparse.csr_array(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    >>> greedy(Covering(reach, np.array([[5.0], [7.0], [1.0]])), 3)
    (1, 2)
    """
    times = np.zeros(problem.reach.shape[0], dtype=np.int64)
    chosen: list[int] = []
    while len(chosen) < min(count, problem.reach.shape[1]):
        gains = gains_of(problem, times)
        gains[chosen] = 0
        best = int(gains.argmax())
        if gains[best] <= 0:
            break
        chosen.append(best)
        times += reached_times(problem, [best])
    return tuple(chosen)


def gains_of(problem: Covering, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what each candidate would add, given how often each row is reached already.

    Examples
    --------
    >>> from scipy import sparse
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> gains_of(problem, np.array([1, 0])).tolist()
    [0.0, 7.0]
    """
    gains: NDArray[np.float64] = problem.reach.T @ next_weight(problem, times)
    return gains


def interchange(problem: Covering, chosen: Sequence[int]) -> tuple[int, ...]:
    """Return a set where no single exchange of a chosen candidate for another helps (Teitz & Bart 1968).

    Parameters
    ----------
    problem
        What to cover.
    chosen
        The set to begin with.

    Returns
    -------
    tuple of int
        As many positions; never worth less than ``chosen``.

    Examples
    --------
    >>> from scipy import sparse
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> interchange(problem, [0])
    (1,)
    """
    current = list(chosen)
    least = _LEAST_SHARE * float(problem.weights.sum())
    times = reached_times(problem, current)
    improved = True
    while improved:
        improved = False
        for place, leaving in enumerate(current):
            without = times - reached_times(problem, [leaving])
            gains = gains_of(problem, without)
            others = [site for site in current if site != leaving]
            gains[others] = 0
            best = int(gains.argmax())
            if gains[best] > gains[leaving] + least:
                current[place], times, improved = best, without + reached_times(problem, [best]), True
    return tuple(current)


def in_order_of_gain(problem: Covering, chosen: Sequence[int]) -> list[tuple[int, float]]:
    """Return the chosen candidates from the one worth most, each with what it adds to those before it.

    Examples
    --------
    >>> from scipy import sparse
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> in_order_of_gain(problem, [0, 1])
    [(1, 12.0), (0, 0.0)]
    """
    left, ordered, so_far = list(chosen), list[tuple[int, float]](), 0.0
    while left:
        total, best = max((worth(problem, [*(c for c, _ in ordered), site]), -site) for site in left)
        ordered.append((-best, total - so_far))
        left.remove(-best)
        so_far = total
    return ordered


STEPS = 300

_PATIENCE = 10

_SLACK = 1e-9


def bound_of(problem: Covering, multipliers: NDArray[np.float64], count: int) -> float:
    r"""Return the Lagrangian bound of multipliers, valid whatever they are.

    .. math:: L(\\lambda) = \\sum_i \\sum_k \\max(0, w_{ik} - \\lambda_i)
              + \\max_{|S| = p} \\sum_{j \\in S} \\sum_i a_{ij} \\lambda_i

    Parameters
    ----------
    problem
        What to cover.
    multipliers
        One a row, not negative: the price of one unit of coverage there.
    count
        Number *p* of sites.

    Returns
    -------
    float
        No set of ``count`` candidates is worth more.

    Examples
    --------
    >>> from scipy import sparse
    >>> from essgeo.siting.covering import Covering
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> bound_of(problem, np.array([0.0, 7.0]), 1)
    12.0
    """
    prices = problem.reach.T @ multipliers
    return float(np.maximum(problem.weights - multipliers[:, None], 0).sum() + np.sort(prices)[::-1][:count].sum())


def lagrangian(problem: Covering, count: int, lower: float, *, steps: int = STEPS) -> NDArray[np.float64]:
    """Return multipliers with a low bound, by subgradient steps (Galvão & ReVelle 1996; Held, Wolfe & Crowder 1974).

    Parameters
    ----------
    problem
        What to cover.
    count
        Number of sites.
    lower
        What a known set is worth.
    steps
        The most steps.

    Returns
    -------
    ndarray of float
        One multiplier a row, for :func:`bound_of` and :func:`settled`.

    Examples
    --------
    >>> from scipy import sparse
    >>> from essgeo.siting.covering import Covering
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> round(bound_of(problem, lagrangian(problem, 1, 12.0), 1), 3)
    12.0
    """
    ceiling = problem.weights[:, 0]
    current = best = ceiling / 2
    lowest, pace, waited = bound_of(problem, best, count), 1.0, 0
    for _ in range(steps):
        prices = problem.reach.T @ current
        picked = np.zeros(len(prices))
        picked[np.argpartition(-prices, min(count, len(prices)) - 1)[:count]] = 1
        bound = float(np.maximum(problem.weights - current[:, None], 0).sum() + prices @ picked)
        if bound < lowest * (1 - 1e-6):
            lowest, best, waited = bound, current, 0
        else:
            waited += 1
        if waited == _PATIENCE:
            pace, waited, current = pace / 2, 0, best
            continue
        slope = (problem.weights > current[:, None]).sum(axis=1) - problem.reach @ picked
        size = float(slope @ slope)
        if size == 0 or lowest <= lower * (1 + _SLACK):
            break
        current = np.clip(current + pace * (bound - lower) * slope / size, 0, ceiling)
    return best if bound_of(problem, best, count) <= bound_of(problem, current, count) else current


def settled(
    problem: Covering, multipliers: NDArray[np.float64], count: int, lower: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which candidates no better set can hold, and which every better set must hold.

    A candidate is settled where taking or leaving it would bring the Lagrangian bound below what a known set is worth.

    Parameters
    ----------
    problem
        What to cover.
    multipliers
        From :func:`lagrangian` or from a linear relaxation.
    count
        Number of sites.
    lower
        What a known set is worth.

    Returns
    -------
    out, taken : ndarray of bool
        One flag a candidate.

    Examples
    --------
    >>> from scipy import sparse
    >>> from essgeo.siting.covering import Covering
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> out, taken = settled(problem, np.array([0.0, 7.0]), 1, 12.0)
    >>> out.tolist(), taken.tolist()
    ([True, False], [False, True])
    """
    prices = problem.reach.T @ multipliers
    if count >= len(prices):
        return np.zeros(len(prices), dtype=bool), np.ones(len(prices), dtype=bool)
    bound = bound_of(problem, multipliers, count)
    descending = np.sort(prices)[::-1]
    last_in, first_out = (descending[count - 1] if count else np.inf), descending[count]
    least = lower * (1 + _SLACK)
    out = (prices < last_in) & (bound - last_in + prices < least)
    taken = (prices > first_out) & (bound - prices + first_out < least)
    return out, taken


def relaxation(problem: Covering, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the linear relaxation of a covering problem, by interior points: far faster here than the simplex method.

    Parameters
    ----------
    problem
        What to cover; rows merged.
    count
        Number of sites.

    Returns
    -------
    shares, multipliers : ndarray of float
        How far each candidate is taken (0 to 1), and the dual value of each row.

    Raises
    ------
    RuntimeError
        HiGHS found no optimum, which a relaxation always has.

    Examples
    --------
    >>> from essgeo.siting.covering import Covering
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> relaxation(problem, 1)[0].round(6).tolist()
    [0.0, 1.0]
    """
    cost, rows, limits = _programme(problem, count)
    found = linprog(cost, A_ub=rows, b_ub=limits, bounds=(0, 1), method="highs-ipm")  # type: ignore[call-overload] # the stubs know no sparse matrix
    if found.x is None:
        raise RuntimeError(found.message)
    return found.x[: problem.reach.shape[1]], np.maximum(-found.ineqlin.marginals[:-1], 0)


def integer_optimum(problem: Covering, count: int, *, time_limit: float) -> tuple[tuple[int, ...], float]:
    """Return the best set that branch and bound finds, and its proven bound.

    Candidates are binary; what is won at a row is left continuous, since it is whole wherever the candidates are.

    Parameters
    ----------
    problem
        What to cover; rows merged.
    count
        Number of sites.
    time_limit
        Seconds after which the best set so far is taken, with the bound proven by then.

    Returns
    -------
    chosen : tuple of int
        Positions of candidates; none where no set was found in time.
    bound : float
        No set is worth more.

    Examples
    --------
    >>> from essgeo.siting.covering import Covering
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> chosen, bound = integer_optimum(problem, 1, time_limit=10)
    >>> chosen, round(bound, 6)
    ((1,), 12.0)
    """
    cost, rows, limits = _programme(problem, count)
    candidates = problem.reach.shape[1]
    found = milp(
        cost,
        constraints=LinearConstraint(rows, -np.inf, limits),
        integrality=(np.arange(len(cost)) < candidates).astype(np.int8),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0, "time_limit": time_limit},
    )
    bound = float(problem.weights.sum()) if found.mip_dual_bound is None else -float(found.mip_dual_bound)
    if found.x is None:
        return (), bound
    return tuple((found.x[:candidates] > 1 / 2).nonzero()[0].tolist()), bound


def _programme(problem: Covering, count: int) -> tuple[NDArray[np.float64], sparse.csr_array, NDArray[np.float64]]:
    """Return costs, rows and limits: first the candidates, then one variable for each level worth anything at a row."""
    row, level = problem.weights.nonzero()
    rows, candidates = problem.reach.shape
    wins = sparse.csr_array((np.ones(len(row)), (row, np.arange(len(row)))), shape=(rows, len(row)))
    total = sparse.csr_array(np.concatenate([np.ones(candidates), np.zeros(len(row))])[None, :])
    matrix = sparse.vstack([sparse.hstack([-problem.reach, wins]), total], format="csr")
    cost = np.concatenate([np.zeros(candidates), -problem.weights[row, level]])
    return cost, matrix, np.concatenate([np.zeros(rows), [float(count)]])
