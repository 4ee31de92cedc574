"""Maximal covering: reach as many people as possible with a given number of sites."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.siting.models.covering import Covering, Solution
from essgeo.siting.models.maximise import TIME_LIMIT, maximise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy import sparse


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
