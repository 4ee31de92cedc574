"""What no set of sites can exceed, by Lagrangian relaxation, and the candidates that this settles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.siting.models.covering import Covering

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
    >>> from essgeo.siting.models.covering import Covering
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
    >>> from essgeo.siting.models.covering import Covering
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
    >>> from essgeo.siting.models.covering import Covering
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
