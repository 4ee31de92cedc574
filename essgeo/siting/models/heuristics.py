"""A good set of sites, fast: one at a time, then one exchanged for another as long as that helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from essgeo.siting.models.covering import Covering, next_weight, reached_times, worth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

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
