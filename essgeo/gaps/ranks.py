"""Ranks with intervals, and which of them mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rank_intervals(drawn: NDArray[np.float64], level: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return between which ranks each candidate lies, rank 1 for the largest value.

    Parameters
    ----------
    drawn
        Draws x candidates; NaN ranks last.
    level
        Level of the interval.

    Returns
    -------
    tuple of ndarray
        Best and worst rank of each candidate; candidates that tie in a draw share all the ranks of their tie.

    Examples
    --------
    >>> best, worst = rank_intervals(np.array([[3.0, 2.0, 1.0], [2.0, 3.0, 1.0]]), 0.9)
    >>> best.tolist(), worst.tolist()
    ([1, 1, 3], [2, 2, 3])
    """
    values = np.nan_to_num(drawn, nan=-np.inf)[:, :, None]
    others = np.swapaxes(values, 1, 2)
    best = 1 + (others > values).sum(axis=2)
    worst = (others >= values).sum(axis=2)
    tail = (1 - level) / 2
    low = np.quantile(best, tail, axis=0, method="inverted_cdf")
    high = np.quantile(worst, 1 - tail, axis=0, method="inverted_cdf")
    return low.astype(np.int64), high.astype(np.int64)


def overlap_groups(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the group of each interval: those that overlap, directly or by a chain of others, are one group.

    Parameters
    ----------
    low, high
        Ends of the intervals.

    Returns
    -------
    ndarray of int
        1 for the group of the largest values, then 2, and so on.

    Examples
    --------
    >>> overlap_groups(np.array([0.0, 5.0, 1.0]), np.array([2.0, 6.0, 3.0])).tolist()
    [2, 1, 2]
    """
    order = np.argsort(-high, kind="stable")
    reached = np.minimum.accumulate(low[order])
    apart = np.r_[False, high[order][1:] < reached[:-1]]
    groups = np.empty(len(low), dtype=np.int64)
    groups[order] = 1 + np.cumsum(apart[: len(low)])
    return groups
