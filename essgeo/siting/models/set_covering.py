"""Location set covering: the fewest sites that leave nobody out of reach who could be reached."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

from essgeo.siting.models.covering import Covering, Solution, merge_rows
from essgeo.siting.models.heuristics import greedy
from essgeo.siting.models.maximise import TIME_LIMIT

_WHOLE = 1e-6


def set_covering(reach: sparse.csr_array, *, time_limit: float = TIME_LIMIT) -> Solution:
    r"""Return the fewest sites that reach every row that any candidate reaches (Toregas et al. 1971).

    .. math:: \min \sum_j x_j \quad \sum_j a_{ij} x_j \ge 1 \;\forall i, \; x_j \in \{0, 1\}

    Rows that are reached whenever another is, and candidates that reach nothing another does not, are left out first.

    Parameters
    ----------
    reach
        Sparse matrix of ones, demand x candidates. Rows that no candidate reaches are left out.
    time_limit
        Seconds of branch and bound.

    Returns
    -------
    Solution
        ``value`` is the number of sites, ``bound`` the least number proven.

    Examples
    --------
    >>> set_covering(sparse.csr_array(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])))
    Solution(chosen=(0, 1), value=2.0, bound=2.0)
    """
    rows = merge_rows(Covering(reach, np.ones((reach.shape[0], 1)))).reach
    if not rows.shape[0]:
        return Solution((), 0.0, 0.0)
    start = greedy(Covering(rows, np.ones((rows.shape[0], 1))), rows.shape[1])
    core, names = _reduce(rows)
    found = milp(
        np.ones(len(names)),
        constraints=LinearConstraint(core, 1, np.inf),
        integrality=np.ones(len(names), dtype=np.int8),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0, "time_limit": time_limit},
    )
    best = start
    if found.x is not None:
        best = min(best, tuple(names[found.x > 1 / 2].tolist()), key=len)
    bound = 1.0 if found.mip_dual_bound is None else float(np.ceil(found.mip_dual_bound - _WHOLE))
    return Solution(tuple(sorted(best)), float(len(best)), min(bound, float(len(best))))


def _reduce(rows: sparse.csr_array) -> tuple[sparse.csr_array, np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """Return the rows and candidates that dominate the others, and the positions of these candidates."""
    names = np.arange(rows.shape[1])
    shape = (0, 0)
    while shape != rows.shape:
        shape = rows.shape
        useful = ~_contained(sparse.csr_array(rows.T))
        rows, names = rows[:, useful.nonzero()[0]], names[useful]
        needed = ~_containing(rows)
        rows = rows[needed.nonzero()[0]]
    return rows, names


def _contained(sets: sparse.csr_array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which sets lie within another, all but the first of equal ones included."""
    one, other, size = _within(sets)
    away = (size[one] < size[other]) | ((size[one] == size[other]) & (one > other))
    flags = np.zeros(sets.shape[0], dtype=bool)
    flags[one[away]] = True
    return flags


def _containing(sets: sparse.csr_array) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which sets hold another, all but the first of equal ones included."""
    one, other, size = _within(sets)
    away = (size[one] < size[other]) | ((size[one] == size[other]) & (one < other))
    flags = np.zeros(sets.shape[0], dtype=bool)
    flags[other[away]] = True
    return flags


def _within(sets: sparse.csr_array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pairs of sets of which the first lies within the second, and the size of every set."""
    size = np.diff(sets.indptr)
    shared = sparse.coo_array(sets @ sets.T)
    inside = (shared.data >= size[shared.row]) & (shared.row != shared.col)
    return shared.row[inside], shared.col[inside], size
