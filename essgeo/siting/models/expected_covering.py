"""Maximal expected covering: sites may close early, so a second site in reach is still worth something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from essgeo.siting.models.covering import Covering, Solution
from essgeo.siting.models.maximise import TIME_LIMIT, maximise

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse


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
        As for :func:`essgeo.siting.models.maximal_covering`.
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
