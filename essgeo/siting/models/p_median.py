"""The p-median: bring the nearest place as close as possible to everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from essgeo.siting.models.covering import Covering, Solution
from essgeo.siting.models.maximise import TIME_LIMIT, maximise

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
