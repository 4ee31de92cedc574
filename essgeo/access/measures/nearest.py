"""Minutes to the nearest places, and the share of people near enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from essgeo.access.cost import CostMatrix


def nearest_k(cost: CostMatrix, k: int, among: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    r"""Return the minutes to the nearest, the second nearest, ... destination.

    .. math:: t_i^{(k)} = \text{the k-th smallest of } \{t_{ij}\}

    Having a choice of places is a service of its own (Apparicio et al. 2008, "Comparing alternative approaches to
    measuring the geographical accessibility of urban health services").

    Parameters
    ----------
    cost
        From :func:`essgeo.travel_cost`.
    k
        How many.
    among
        Which destinations count, one flag each; all of them by default.

    Returns
    -------
    ndarray of float32
        Origins x ``k``; NaN where fewer are within ``cost.max_minutes``.

    Examples
    --------
    >>> import pandas as pd
    >>> from essgeo.access import CostMatrix
    >>> cost = CostMatrix(pd.Index([0, 1]), pd.Index(["a", "b"]), np.array([0, 0], dtype=np.int32),
    ...     np.array([0, 1], dtype=np.int32), np.array([7, 3], dtype=np.float32), 30, "walk", "", 4.5, 1.3)
    >>> nearest_k(cost, 2).tolist()
    [[3.0, 7.0], [nan, nan]]
    """
    kept = slice(None) if among is None else np.flatnonzero(among[cost.destination])
    origin, minutes = cost.origin[kept], cost.minutes[kept].copy()
    nearest = np.full((len(cost.origin_ids), k), np.nan, dtype=np.float32)
    if not len(origin):
        return nearest
    starts = np.flatnonzero(np.diff(origin, prepend=-1))
    lengths = np.diff(np.append(starts, len(origin)))
    for column in range(k):
        smallest = np.minimum.reduceat(minutes, starts)
        nearest[origin[starts], column] = np.where(np.isinf(smallest), np.nan, smallest)
        if column + 1 < k:
            hits = np.flatnonzero(minutes == np.repeat(smallest, lengths))
            minutes[hits[np.diff(origin[hits], prepend=-1) != 0]] = np.inf
    return nearest


def coverage_share(
    minutes: NDArray[np.floating], population: NDArray[np.floating], thresholds: Sequence[float]
) -> NDArray[np.float64]:
    r"""Return the share of people within each threshold of their nearest place.

    .. math:: C(T) = \frac{\sum_i P_i \, [t_i \le T]}{\sum_i P_i}

    Parameters
    ----------
    minutes
        To the nearest place, NaN where none is reachable; one value an origin.
    population
        Persons, one value an origin.
    thresholds
        Minutes.

    Returns
    -------
    ndarray of float64
        One share a threshold, 0 to 1; NaN where nobody lives.

    Examples
    --------
    >>> coverage_share(np.array([4.0, 12.0, np.nan]), np.array([1.0, 2.0, 1.0]), [5, 15]).tolist()
    [0.25, 0.75]
    """
    total = float(np.sum(population))
    if not total:
        return np.full(len(thresholds), np.nan)
    near = np.asarray(minutes)[:, None] <= np.asarray(thresholds, dtype=float)
    shares: NDArray[np.float64] = np.asarray(population, dtype=float) @ near / total
    return shares
