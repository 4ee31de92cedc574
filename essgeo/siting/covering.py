"""Covering problems: one shape for every siting model, what a set of candidates is worth, and good sets found fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy import sparse


_HASH_SEED = 20240229

_ROUNDING = 1e-9

NEARLY = 0.95
"""Sets worth that share of the best one are shown as choices too."""

PAIR = 2

_LEAST_SHARE = 1e-9
"""An exchange must win more than this share of all there is to win: less is rounding, and could go on for ever."""


@dataclass(frozen=True)
class Covering:
    r"""A covering problem with diminishing returns.

    A set *S* of candidates is worth :math:`\sum_i \sum_{k \le n_i(S)} w_{ik}`, with :math:`n_i(S)` the number of chosen
    candidates that reach row *i* and :math:`w_{i1} \ge w_{i2} \ge \dots \ge 0`. One level is maximal covering.

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
class Limits:
    """What a set of candidates must keep to: in no row may its sum exceed the most.

    Attributes
    ----------
    rows
        Sparse matrix, limits x candidates, nothing negative: what a candidate takes of each.
    most
        One value a limit.
    """

    rows: sparse.csr_array
    most: NDArray[np.float64]

    def allow(self, chosen: Sequence[int]) -> bool:
        """Return whether a set keeps to them."""
        return bool((self.rows[:, list(chosen)].sum(axis=1) <= self.most + _ROUNDING).all())

    def room(self, chosen: Sequence[int]) -> NDArray[np.bool_]:
        """Return which candidates fit beside a set, one flag each.

        >>> from scipy import sparse
        >>> Limits(sparse.csr_array(np.array([[3.0, 2.0, 1.0]])), np.array([4.0])).room([0]).tolist()
        [False, False, True]
        """
        # What is left of each limit, held against every entry of its row: a candidate too large for one limit is out.
        left = self.most - self.rows[:, list(chosen)].sum(axis=1)
        over = self.rows.data > np.repeat(left, np.diff(self.rows.indptr)) + _ROUNDING
        fits = np.ones(self.rows.shape[1], dtype=bool)
        fits[self.rows.indices[over]] = False
        return fits


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
    """Return how many of the chosen candidates reach each row."""
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
    # A row reached n times has won its first n levels.
    times = reached_times(problem, chosen)
    levels = np.arange(problem.weights.shape[1])
    return float(problem.weights[levels < times[:, None]].sum())


def gains_of(problem: Covering, times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what each candidate would add where ``times`` sites reach each row already.

    Examples
    --------
    >>> from scipy import sparse
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> gains_of(problem, np.array([1, 0])).tolist()
    [0.0, 7.0]
    """
    # One site more wins the next level of each row that it reaches; of a row with all its levels, nothing.
    levels = problem.weights.shape[1]
    value = np.take_along_axis(problem.weights, np.minimum(times, levels - 1)[:, None], axis=1)[:, 0]
    gains: NDArray[np.float64] = problem.reach.T @ np.where(times < levels, value, 0.0)
    return gains


def gains_beside(
    problem: Covering, held: Sequence[int], limits: Limits | None = None, times: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Return what each candidate would add to a set: 0 for those of the set, and for those that do not fit beside it.

    ``times`` are those of :func:`reached_times`, where they are known.

    Examples
    --------
    >>> from scipy import sparse
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> gains_beside(problem, [0]).tolist()
    [0.0, 7.0]
    """
    gains = gains_of(problem, reached_times(problem, held) if times is None else times)
    gains[list(held)] = 0
    if limits is not None:
        gains[~limits.room(held)] = 0
    return gains


def merge_rows(problem: Covering) -> Covering:
    """Return the problem with rows of identical reach merged, and without those that nothing reaches or worth nothing.

    Every set of candidates is worth the same in both.

    Examples
    --------
    >>> from scipy import sparse
    >>> reach = sparse.csr_array(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]))
    >>> merge_rows(Covering(reach, np.array([[1.0], [2.0], [4.0]]))).weights.tolist()
    [[3.0]]
    """
    kept = (np.diff(problem.reach.indptr) > 0) & (problem.weights[:, 0] > 0)
    reach, weights = problem.reach[kept], problem.weights[kept]
    if not reach.shape[0]:
        return Covering(reach, weights)
    # A row is told by the sum, modulo 2^64, of one random number a candidate that reaches it: rows that differ have the
    # same sum once in 2^64 pairs. Every row is reached, so no run of ``reduceat`` is empty.
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
        # Each row moves on by as many levels as taken candidates reach it; beyond the last level it is worth 0.
        times = reached_times(problem, taken.nonzero()[0].tolist())
        level = np.arange(weights.shape[1]) + times[:, None]
        padded = np.column_stack([weights, np.zeros(len(weights))])
        weights = np.take_along_axis(padded, np.minimum(level, weights.shape[1]), axis=1)
    return merge_rows(Covering(problem.reach[:, kept.nonzero()[0]], weights))


def greedy(
    problem: Covering, count: int, *, limits: Limits | None = None, fixed: Sequence[int] = ()
) -> tuple[int, ...]:
    """Return at most ``count`` candidates, each adding most to those before it; fewer where nothing more can be won.

    Those ``fixed`` are always among them. Without limits it is worth at least 1 - 1/e of the best set (Nemhauser,
    Wolsey & Fisher 1978).

    Examples
    --------
    >>> from scipy import sparse
    >>> reach = sparse.csr_array(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    >>> greedy(Covering(reach, np.array([[5.0], [7.0], [1.0]])), 3)
    (1, 2)
    """
    chosen = list(fixed)
    times = reached_times(problem, chosen)
    while len(chosen) < min(count, problem.reach.shape[1]):
        gains = gains_beside(problem, chosen, limits, times)
        best = int(gains.argmax())
        if gains[best] <= 0:
            break
        chosen.append(best)
        times += reached_times(problem, [best])
    return tuple(chosen)


def interchange(
    problem: Covering, chosen: Sequence[int], *, limits: Limits | None = None, fixed: Sequence[int] = ()
) -> tuple[int, ...]:
    """Return a set where no single exchange of a chosen candidate for another helps (Teitz & Bart 1968).

    Those ``fixed`` are not exchanged.

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
            if leaving in fixed:
                continue
            # What each would add to the others: the one that leaves is among them, and so may stay.
            without = times - reached_times(problem, [leaving])
            gains = gains_beside(problem, [site for site in current if site != leaving], limits, without)
            best = int(gains.argmax())
            if gains[best] > gains[leaving] + least:
                current[place], times, improved = best, without + reached_times(problem, [best]), True
    return tuple(current)


def best_pair(
    problem: Covering, chosen: Sequence[int], *, limits: Limits | None = None, fixed: Sequence[int] = ()
) -> tuple[int, ...]:
    """Return the set that is worth most with two candidates or one besides those fixed, or ``chosen`` where none is.

    No two candidates add more together than each alone: the second of a pair is sought only for those that could come
    above the best set so far with the one that adds most.

    Examples
    --------
    >>> from scipy import sparse
    >>> reach = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]], dtype=float))
    >>> best_pair(Covering(reach, np.array([[4.0], [4.0], [3.0], [3.0]])), [0, 1])
    (1, 2)
    """
    before, alone = worth(problem, fixed), gains_beside(problem, fixed, limits)
    best, most = tuple(chosen), worth(problem, chosen) * (1 + _LEAST_SHARE) - before
    for site in np.argsort(-alone, kind="stable").tolist():
        if alone[site] <= 0 or alone[site] + alone.max() <= most:
            break
        held = [*fixed, site]
        if alone[site] > most:  # alone, where limits leave no room for a second one
            best, most = tuple(held), float(alone[site])
        gains = gains_beside(problem, held, limits)
        other = int(gains.argmax())
        if gains[other] > 0 and alone[site] + gains[other] > most:
            best, most = (*held, other), float(alone[site] + gains[other])
    return best


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
        # Of candidates that are worth as much the first: the largest -site.
        total, best = max((worth(problem, [*(c for c, _ in ordered), site]), -site) for site in left)
        ordered.append((-best, total - so_far))
        left.remove(-best)
        so_far = total
    return ordered


def best_with(
    problem: Covering, chosen: Sequence[int], *, limits: Limits | None = None, fixed: Sequence[int] = ()
) -> NDArray[np.float64]:
    """Return, for each candidate, what the best set is worth that holds it, as far as one is found.

    It is sought among the sets that exchange one candidate of the best set, ``chosen``, and, where that has two besides
    those fixed, among all pairs (:func:`best_pair`): exact for one site and for two. 0 where a candidate fits in none.

    Examples
    --------
    >>> from scipy import sparse
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> best_with(problem, [1]).tolist()
    [5.0, 12.0]
    """
    best = np.zeros(problem.reach.shape[1])
    # For each site that may leave, what the others are worth with each candidate in its place; the best of these.
    for leaving in (site for site in chosen if site not in fixed):
        others = [site for site in chosen if site != leaving]
        value = worth(problem, others) + gains_of(problem, reached_times(problem, others))
        if limits is not None:
            value[~limits.room(others)] = 0
        value[others] = 0
        best = np.maximum(best, value)
    whole = worth(problem, chosen)
    best[list(chosen)] = whole
    if len(chosen) == len(fixed) + PAIR:
        before, alone = worth(problem, fixed), gains_beside(problem, fixed, limits)
        # No pair adds more than its two candidates alone: those that cannot come near the best set are left out.
        nearly = (alone > 0) & (before + alone + alone.max() >= NEARLY * whole)
        for site in np.flatnonzero((best < NEARLY * whole) & nearly).tolist():
            seconds = gains_beside(problem, [*fixed, site], limits)
            best[site] = max(best[site], before + alone[site] + seconds.max())
    return best
