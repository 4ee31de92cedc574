"""The linear and the integer programme of a covering problem, solved by HiGHS through SciPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.siting.models.covering import Covering


def relaxation(problem: Covering, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the linear relaxation of a covering problem, by interior points: far faster here than the simplex method.

    Parameters
    ----------
    problem
        What to cover; rows merged.
    count
        Number of sites.

    Returns
    -------
    shares, multipliers : ndarray of float
        How far each candidate is taken (0 to 1), and the dual value of each row.

    Raises
    ------
    RuntimeError
        HiGHS found no optimum, which a relaxation always has.

    Examples
    --------
    >>> from essgeo.siting.models.covering import Covering
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> relaxation(problem, 1)[0].round(6).tolist()
    [0.0, 1.0]
    """
    cost, rows, limits = _programme(problem, count)
    found = linprog(cost, A_ub=rows, b_ub=limits, bounds=(0, 1), method="highs-ipm")  # type: ignore[call-overload] # the stubs know no sparse matrix
    if found.x is None:
        raise RuntimeError(found.message)
    return found.x[: problem.reach.shape[1]], np.maximum(-found.ineqlin.marginals[:-1], 0)


def integer_optimum(problem: Covering, count: int, *, time_limit: float) -> tuple[tuple[int, ...], float]:
    """Return the best set that branch and bound finds, and its proven bound.

    Candidates are binary; what is won at a row is left continuous, since it is whole wherever the candidates are.

    Parameters
    ----------
    problem
        What to cover; rows merged.
    count
        Number of sites.
    time_limit
        Seconds after which the best set so far is taken, with the bound proven by then.

    Returns
    -------
    chosen : tuple of int
        Positions of candidates; none where no set was found in time.
    bound : float
        No set is worth more.

    Examples
    --------
    >>> from essgeo.siting.models.covering import Covering
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> chosen, bound = integer_optimum(problem, 1, time_limit=10)
    >>> chosen, round(bound, 6)
    ((1,), 12.0)
    """
    cost, rows, limits = _programme(problem, count)
    candidates = problem.reach.shape[1]
    found = milp(
        cost,
        constraints=LinearConstraint(rows, -np.inf, limits),
        integrality=(np.arange(len(cost)) < candidates).astype(np.int8),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0, "time_limit": time_limit},
    )
    bound = float(problem.weights.sum()) if found.mip_dual_bound is None else -float(found.mip_dual_bound)
    if found.x is None:
        return (), bound
    return tuple((found.x[:candidates] > 1 / 2).nonzero()[0].tolist()), bound


def _programme(problem: Covering, count: int) -> tuple[NDArray[np.float64], sparse.csr_array, NDArray[np.float64]]:
    """Return costs, rows and limits: first the candidates, then one variable for each level worth anything at a row."""
    row, level = problem.weights.nonzero()
    rows, candidates = problem.reach.shape
    wins = sparse.csr_array((np.ones(len(row)), (row, np.arange(len(row)))), shape=(rows, len(row)))
    total = sparse.csr_array(np.concatenate([np.ones(candidates), np.zeros(len(row))])[None, :])
    matrix = sparse.vstack([sparse.hstack([-problem.reach, wins]), total], format="csr")
    cost = np.concatenate([np.zeros(candidates), -problem.weights[row, level]])
    return cost, matrix, np.concatenate([np.zeros(rows), [float(count)]])
