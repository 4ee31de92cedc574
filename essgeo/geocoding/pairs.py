"""Pairs of readings and streets, and the small array tools that the matcher needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Pairs(NamedTuple):
    """Candidates as columns: who asks, which street and house, how good, where."""

    query: NDArray[np.int64]
    reading: NDArray[np.int64]
    street: NDArray[np.int64]
    likeness: NDArray[np.float64]
    agreement: NDArray[np.float64]
    score: NDArray[np.float64]
    precision: NDArray[np.int8]
    row: NDArray[np.int64]
    column: NDArray[np.int8]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    department: NDArray[np.int64]

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Pairs:
        """Return some of the pairs."""
        columns: list[Any] = [column[rows] for column in self]
        return Pairs(*columns)


def spread(low: NDArray[np.int64], count: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs (row, position) of ranges that begin at ``low`` and hold ``count`` positions.

    Examples
    --------
    >>> rows, positions = spread(np.array([5, 0]), np.array([2, 1]))
    >>> rows.tolist(), positions.tolist()
    ([0, 0, 1], [5, 6, 0])
    """
    rows = np.repeat(np.arange(len(count)), count)
    return rows, low[rows] + rank_in(rows)


def distinct_pairs(
    left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return each pair once, in order, and the place of every pair among them.

    Examples
    --------
    >>> [column.tolist() for column in distinct_pairs(np.array([2, 1, 2]), np.array([7, 0, 7]))]
    [[1, 2], [0, 7], [1, 0, 1]]
    """
    width = int(right.max(initial=0)) + 1
    packed, place = np.unique(left * width + right, return_inverse=True)
    return packed // width, packed % width, place


def rank_in(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rank of each row within its group; equal groups stand together.

    Examples
    --------
    >>> rank_in(np.array([3, 3, 7])).tolist()
    [0, 1, 0]
    """
    new = np.flatnonzero(np.diff(groups, prepend=groups[:1] - 1))
    return np.arange(len(groups)) - np.repeat(new, np.diff(np.append(new, len(groups))))


def best_of(groups: NDArray[np.int64], values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the highest value of each group, 0 where it has none.

    Examples
    --------
    >>> best_of(np.array([1, 1]), np.array([0.2, 0.5]), 2).tolist()
    [0.0, 0.5]
    """
    best = np.zeros(size)
    np.maximum.at(best, groups, values)
    return best
