"""Coverage over time: a site counts only in the months it is available."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from essgeo.siting.models.covering import Covering, Solution
from essgeo.siting.models.maximise import TIME_LIMIT, maximise

if TYPE_CHECKING:
    from numpy.typing import NDArray


def coverage_over_time_problem(
    reach: sparse.csr_array, weights: NDArray[np.float64], available: NDArray[np.bool_]
) -> Covering:
    """Return the problem that :func:`coverage_over_time` solves; months with the same sites available are one."""
    patterns, months = np.unique(available, axis=1, return_counts=True)
    layers = [reach @ sparse.diags_array(pattern.astype(float)) for pattern in patterns.T]
    stacked = sparse.csr_array(sparse.vstack(layers, format="csr"))
    stacked.eliminate_zeros()
    return Covering(stacked, np.concatenate([weights * lasting for lasting in months])[:, None])


def coverage_over_time(
    reach: sparse.csr_array,
    weights: NDArray[np.float64],
    available: NDArray[np.bool_],
    count: int,
    *,
    time_limit: float = TIME_LIMIT,
) -> Solution:
    r"""Return the sites that put most people within reach for most months.

    .. math:: \max \sum_m \sum_i w_i y_{im} \quad y_{im} \le \sum_j a_{ij} o_{jm} x_j, \; \sum_j x_j \le p

    with :math:`o_{jm}` 1 where site *j* is available in month *m*. A site is taken for the whole period or not at
    all. It is maximal covering with time as a further dimension of the demand (Gunawardane 1982).

    Parameters
    ----------
    reach, weights, count, time_limit
        As for :func:`essgeo.siting.models.maximal_covering`.
    available
        Candidates x months: the site is available that month.

    Returns
    -------
    Solution
        Person-months.

    Examples
    --------
    >>> reach = sparse.csr_array(np.array([[1.0, 0.0], [0.0, 1.0]]))
    >>> available = np.array([[True, False, False], [True, True, True]])
    >>> coverage_over_time(reach, np.array([20.0, 10.0]), available, 1)
    Solution(chosen=(1,), value=30.0, bound=30.0)
    """
    return maximise(coverage_over_time_problem(reach, weights, available), count, time_limit=time_limit)
