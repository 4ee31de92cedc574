"""The best set of candidates with its proof: bounds, the linear relaxation, branch and bound, and set covering."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from essgeo.siting.covering import (
    PAIR,
    Covering,
    Limits,
    Solution,
    best_pair,
    gains_of,
    greedy,
    interchange,
    merge_rows,
    reached_times,
    restrict,
    worth,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


TIME_LIMIT = 60.0
"""Seconds of branch and bound, unless others are asked for."""

INFEASIBLE = 2
"""What the solver says where no set keeps to the limits."""

STEPS = 300
"""The most subgradient steps."""

_PATIENCE = 10
"""Steps without a lower bound before the pace is halved."""

_SLACK = 1e-9
"""Of two values closer than that share, none is better."""

_WHOLE = 1e-6
"""A bound on a number of sites may lie that far above a whole number and still mean it."""


@dataclass(frozen=True)
class _Search:
    """The best set so far, and what is left to decide: candidates that every better set holds, and those still open."""

    # Candidates are known by their column in `whole`; column k of `left` is candidate open[k]. What sets of `left` are
    # worth comes on top of what those taken have won.
    whole: Covering
    count: int
    best: tuple[int, ...]
    taken: tuple[int, ...]
    open: NDArray[np.intp]
    left: Covering
    bound: float
    limits: Limits | None = None
    fixed: tuple[int, ...] = ()

    @property
    def places(self) -> int:
        return self.count - len(self.taken)

    @property
    def won(self) -> float:
        return worth(self.whole, self.taken)

    @property
    def to_beat(self) -> float:
        return worth(self.whole, self.best) - self.won

    @property
    def limits_left(self) -> Limits | None:
        """The limits of what is open, less what the taken candidates use of them."""
        if self.limits is None:
            return None
        used = self.limits.rows[:, list(self.taken)].sum(axis=1)
        return Limits(self.limits.rows[:, self.open], self.limits.most - used)


def maximise(
    problem: Covering,
    count: int,
    *,
    limits: Limits | None = None,
    fixed: Sequence[int] = (),
    time_limit: float = TIME_LIMIT,
) -> Solution:
    """Return the set of at most ``count`` candidates that is worth most, keeps to the limits and holds those fixed.

    A greedy set, improved by exchanges, is a lower bound. Where one or two sites are free, all that could be worth more
    are looked at. Of more sites a Lagrangian bound settles most candidates; the linear relaxation of what is left
    settles more, and is the proof where it comes out whole; branch and bound decides the rest. Past ``time_limit``
    seconds of that the result is the best set found, never worth less than greedy, and its gap says how far it may be
    from the best. Fewer sites than ``count`` where more would add nothing. Limits bind the sets that are found and
    branch and bound; the other bounds hold without them, and so with them.

    Examples
    --------
    >>> reach = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]], dtype=float))
    >>> maximise(Covering(reach, np.array([[4.0], [4.0], [3.0], [3.0]])), 2)
    Solution(chosen=(1, 2), value=14.0, bound=14.0)
    """
    whole = merge_rows(problem)
    first = greedy(whole, count, limits=limits, fixed=fixed)
    if len(fixed) >= count or not gains_of(whole, reached_times(whole, first)).any():
        value = worth(whole, first)  # nothing more can be won
        return Solution(tuple(sorted(first)), value, value)
    if count - len(fixed) <= PAIR:
        best = best_pair(whole, first, limits=limits, fixed=fixed) if count - len(fixed) == PAIR else first
        value = worth(whole, best)
        return Solution(tuple(sorted(best)), value, value)
    held = np.zeros(whole.reach.shape[1], dtype=bool)
    held[list(fixed)] = True
    best = interchange(whole, first, limits=limits, fixed=fixed)
    left = restrict(whole, ~held, held) if len(fixed) else whole
    everything = float(whole.weights.sum())
    search = _Search(whole, count, best, tuple(fixed), np.flatnonzero(~held), left, everything, limits, tuple(fixed))
    # From the cheapest proof to the dearest, each over what the one before left open; none is open once it is proven.
    search = _settle(search, lagrangian(left, search.places, search.to_beat))
    if len(search.open):
        shares, multipliers = relaxation(search.left, search.places)
        # The candidates that the relaxation takes most of are often the best set, or are by an exchange.
        likely = search.open[np.argsort(-shares, kind="stable")[: search.places]]
        search = _settle(_challenge(search, likely), multipliers)
    if len(search.open):
        chosen, bound = integer_optimum(search.left, search.places, limits=search.limits_left, time_limit=time_limit)
        search = replace(_challenge(search, search.open[list(chosen)]), bound=min(search.bound, bound + search.won))
    value = worth(whole, search.best)
    return Solution(tuple(sorted(search.best)), value, max(value, search.bound))


def _challenge(search: _Search, chosen: Iterable[int]) -> _Search:
    """Return the search with this set of open candidates as its best, improved by exchanges, if it is."""
    found = (*search.taken, *map(int, chosen))
    if search.limits is not None and not search.limits.allow(found):
        return search
    found = interchange(search.whole, found, limits=search.limits, fixed=search.fixed)
    better = worth(search.whole, found) > worth(search.whole, search.best)
    return replace(search, best=found) if better else search


def _settle(search: _Search, multipliers: NDArray[np.float64]) -> _Search:
    """Return the search without the candidates that a bound settles; none is open once the best set is proven."""
    bound = bound_of(search.left, multipliers, search.places)
    out, surely = fix_candidates(
        search.left, multipliers, search.places, search.to_beat, limited=search.limits is not None
    )
    open_ = search.open[~out & ~surely]
    taken = (*search.taken, *search.open[surely].tolist())
    # Nothing is left to decide: the better of the known set and of those taken is proven, and is its own bound (0 is
    # replaced by its value at the end).
    if bound <= search.to_beat * (1 + _SLACK) or len(taken) >= search.count or not len(open_):
        sets = [search.best, taken[: search.count]]
        allowed = [one for one in sets if search.limits is None or search.limits.allow(one)]
        best = max(allowed, key=lambda chosen: worth(search.whole, chosen))
        return replace(search, best=best, open=open_[:0], bound=0.0)
    left = restrict(search.left, ~out & ~surely, surely)
    return replace(search, taken=taken, open=open_, left=left, bound=min(search.bound, bound + search.won))


def bound_of(problem: Covering, multipliers: NDArray[np.float64], count: int) -> float:
    r"""Return the Lagrangian bound: no set of ``count`` candidates is worth more, whatever the multipliers are.

    .. math:: L(\lambda) = \sum_i \sum_k \max(0, w_{ik} - \lambda_i)
              + \max_{|S| = p} \sum_{j \in S} \sum_i a_{ij} \lambda_i

    A multiplier, one a row and not negative, is the price of one unit of coverage there.

    Examples
    --------
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> bound_of(problem, np.array([0.0, 7.0]), 1)
    12.0
    """
    prices = problem.reach.T @ multipliers
    return float(np.maximum(problem.weights - multipliers[:, None], 0).sum() + np.sort(prices)[::-1][:count].sum())


def lagrangian(problem: Covering, count: int, lower: float, *, steps: int = STEPS) -> NDArray[np.float64]:
    """Return multipliers with a low bound, by subgradient steps (Galvão & ReVelle 1996; Held, Wolfe & Crowder 1974).

    ``lower`` is what a known set is worth. One multiplier a row, for :func:`bound_of` and :func:`fix_candidates`.

    Examples
    --------
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> round(bound_of(problem, lagrangian(problem, 1, 12.0), 1), 3)
    12.0
    """
    # One price a row, from 0 to what its first level is worth: a higher one only raises the bound.
    ceiling = problem.weights[:, 0]
    current = best = ceiling / 2
    lowest, pace, waited = bound_of(problem, best, count), 1.0, 0
    for _ in range(steps):
        # The set that costs most at these prices, as flags of the candidates: the inner maximum of the bound.
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
        # Units of coverage wanted at these prices, less those that the picked set brings: the slope at each row.
        slope = (problem.weights > current[:, None]).sum(axis=1) - problem.reach @ picked
        size = float(slope @ slope)
        if size == 0 or lowest <= lower * (1 + _SLACK):
            break
        current = np.clip(current + pace * (bound - lower) * slope / size, 0, ceiling)
    return best if bound_of(problem, best, count) <= bound_of(problem, current, count) else current


def fix_candidates(
    problem: Covering, multipliers: NDArray[np.float64], count: int, lower: float, *, limited: bool = False
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which candidates no better set can hold, and which every better set must hold, one flag each.

    A candidate is settled where taking or leaving it would bring the Lagrangian bound below ``lower``, what a known set
    is worth. Where no more candidates than ``count`` are left all are taken, unless sets are ``limited``.

    Examples
    --------
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> out, taken = fix_candidates(problem, np.array([0.0, 7.0]), 1, 12.0)
    >>> out.tolist(), taken.tolist()
    ([True, False], [False, True])
    """
    prices = problem.reach.T @ multipliers
    bound = bound_of(problem, multipliers, count)
    if count >= len(prices):
        surely = bound - prices < lower * (1 + _SLACK) if limited else np.ones(len(prices), dtype=bool)
        return np.zeros(len(prices), dtype=bool), surely
    descending = np.sort(prices)[::-1]
    # The bound takes the `count` dearest candidates: the cheapest of these, and the dearest of the others.
    last_in, first_out = (descending[count - 1] if count else np.inf), descending[count]
    # A dear candidate that is left makes room for the first one out, a cheap one that is taken ousts the last one in.
    least = lower * (1 + _SLACK)
    out = (prices < last_in) & (bound - last_in + prices < least)
    taken = (prices > first_out) & (bound - prices + first_out < least)
    return out, taken


def relaxation(problem: Covering, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far the linear relaxation takes each candidate (0 to 1), and the dual value of each row.

    Rows must be merged. By interior points: far faster here than the simplex method.

    Examples
    --------
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> relaxation(problem, 1)[0].round(6).tolist()
    [0.0, 1.0]
    """
    cost, rows, limits = _programme(problem, count)
    found = linprog(cost, A_ub=rows, b_ub=limits, bounds=(0, 1), method="highs-ipm")  # type: ignore[call-overload] # the stubs know no sparse matrix
    if found.x is None:  # a relaxation always has an optimum: a fault of the solver, not of the question
        raise RuntimeError(found.message)
    return found.x[: problem.reach.shape[1]], np.maximum(-found.ineqlin.marginals[:-1], 0)


def integer_optimum(
    problem: Covering, count: int, *, limits: Limits | None = None, time_limit: float
) -> tuple[tuple[int, ...], float]:
    """Return the best set that branch and bound finds in time, none where it finds none, and its proven bound.

    Rows must be merged. Candidates are binary; what is won at a row is left continuous, since it is whole wherever the
    candidates are.

    Examples
    --------
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> chosen, bound = integer_optimum(problem, 1, time_limit=10)
    >>> chosen, round(bound, 6)
    ((1,), 12.0)
    """
    cost, rows, most = _programme(problem, count)
    candidates = problem.reach.shape[1]
    constraints = [LinearConstraint(rows, -np.inf, most)]
    if limits is not None:
        wider = sparse.hstack([limits.rows, sparse.csr_array((len(limits.most), len(cost) - candidates))])
        constraints.append(LinearConstraint(wider, -np.inf, limits.most))
    found = milp(
        cost,
        constraints=constraints,
        integrality=(np.arange(len(cost)) < candidates).astype(np.int8),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0, "time_limit": time_limit},
    )
    if found.status == INFEASIBLE:  # the candidates taken leave no room: no better set keeps to the limits
        return (), 0.0
    bound = float(problem.weights.sum()) if found.mip_dual_bound is None else -float(found.mip_dual_bound)
    if found.x is None:
        return (), bound
    return tuple((found.x[:candidates] > 1 / 2).nonzero()[0].tolist()), bound


def _programme(problem: Covering, count: int) -> tuple[NDArray[np.float64], sparse.csr_array, NDArray[np.float64]]:
    """Return costs, rows and limits: first the candidates, then one variable for each level worth anything at a row."""
    row, level = problem.weights.nonzero()  # of each variable after the candidates
    rows, candidates = problem.reach.shape
    # At each row no more levels are won than chosen candidates reach it; the last row counts the candidates.
    wins = sparse.csr_array((np.ones(len(row)), (row, np.arange(len(row)))), shape=(rows, len(row)))
    total = sparse.csr_array(np.concatenate([np.ones(candidates), np.zeros(len(row))])[None, :])
    matrix = sparse.vstack([sparse.hstack([-problem.reach, wins]), total], format="csr")
    cost = np.concatenate([np.zeros(candidates), -problem.weights[row, level]])
    return cost, matrix, np.concatenate([np.zeros(rows), [float(count)]])


def with_capacities(
    problem: Covering,
    people: NDArray[np.float64],
    capacities: NDArray[np.float64],
    count: int,
    *,
    limits: Limits | None = None,
    fixed: Sequence[int] = (),
    time_limit: float = TIME_LIMIT,
) -> Solution:
    r"""Return the best set where each site serves no more residents than it has room for (Current & Storbeck 1988).

    .. math:: \max \sum_{ij} v_i f_{ij} \quad \sum_j f_{ij} \le p_i, \; \sum_i f_{ij} \le c_j x_j,
              \; f_{ij} \le p_i x_j, \; \sum_j x_j \le p

    ``people`` are the residents of each row, of whom each is worth :math:`v_i`, its weight over them; ``capacities``
    are residents, infinite where a site has room for all. Residents of one row may go to several sites.

    Examples
    --------
    >>> problem = Covering(sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]])), np.array([[5.0], [7.0]]))
    >>> with_capacities(problem, np.array([5.0, 7.0]), np.array([5.0, 4.0]), 1)
    Solution(chosen=(0,), value=5.0, bound=5.0)
    """
    rows, sites = problem.reach.shape
    worth_each = np.divide(problem.weights[:, 0], people, out=np.zeros(rows), where=people > 0)
    flows = problem.reach.tocoo()
    pairs = len(flows.row)
    # Variables: first the candidates, then the residents of each pair of a row and a candidate that reaches it.
    here = np.arange(pairs)
    to_row = sparse.csr_array((np.ones(pairs), (flows.row, here)), shape=(rows, pairs))
    to_site = sparse.csr_array((np.ones(pairs), (flows.col, here)), shape=(sites, pairs))
    opened = sparse.csr_array((people[flows.row], (here, flows.col)), shape=(pairs, sites))
    room = np.minimum(capacities, people.sum())  # finite: the solver takes no infinite coefficient
    # A block of constraints a line, each at most what stands beside it: a row sends no more residents than it has; a
    # site serves no more than it has room for, and none where it is not chosen; nor does a pair; so many sites. For
    # whole sites the third follows from the others, but it brings the linear bound nearer.
    blocks = [
        (sparse.hstack([sparse.csr_array((rows, sites)), to_row]), people),
        (sparse.hstack([-sparse.diags_array(room), to_site]), np.zeros(sites)),
        (sparse.hstack([-opened, sparse.eye_array(pairs)]), np.zeros(pairs)),
        (sparse.csr_array(np.concatenate([np.ones(sites), np.zeros(pairs)])[None]), np.array([float(count)])),
    ]
    if limits is not None:
        blocks.append((sparse.hstack([limits.rows, sparse.csr_array((len(limits.most), pairs))]), limits.most))
    least = np.zeros(sites + pairs)
    least[list(fixed)] = 1
    most = np.concatenate([np.ones(sites), people[flows.row]])
    found = milp(
        np.concatenate([np.zeros(sites), -worth_each[flows.row]]),
        constraints=[LinearConstraint(sparse.csr_array(matrix), -np.inf, limit) for matrix, limit in blocks],
        integrality=(np.arange(sites + pairs) < sites).astype(np.int8),
        bounds=Bounds(least, most),
        options={"mip_rel_gap": 0.0, "time_limit": time_limit},
    )
    if found.x is None:  # no set was found in time: nothing is proven
        return Solution(tuple(fixed), 0.0, float(problem.weights.sum()))
    used = np.bincount(flows.col, weights=found.x[sites:], minlength=sites)
    chosen = {*fixed, *np.flatnonzero((found.x[:sites] > 1 / 2) & (used > _WHOLE)).tolist()}
    return Solution(tuple(sorted(chosen)), -float(found.fun), -float(found.mip_dual_bound))


def set_covering(reach: sparse.csr_array, *, fixed: Sequence[int] = (), time_limit: float = TIME_LIMIT) -> Solution:
    r"""Return the fewest sites that reach every row that any candidate reaches (Toregas et al. 1971).

    .. math:: \min \sum_j x_j \quad \sum_j a_{ij} x_j \ge 1 \;\forall i, \; x_j \in \{0, 1\}

    ``reach`` is a sparse matrix of ones, rows x candidates. ``value`` is the number of sites, those ``fixed`` among
    them, ``bound`` the least number proven.

    Examples
    --------
    >>> set_covering(sparse.csr_array(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])))
    Solution(chosen=(0, 1), value=2.0, bound=2.0)
    """
    if len(fixed):
        left = reach.tocsr()[reach[:, list(fixed)].sum(axis=1) == 0]
        more = set_covering(sparse.csr_array(left), time_limit=time_limit)
        return Solution(tuple(sorted({*fixed, *more.chosen})), more.value + len(fixed), more.bound + len(fixed))
    rows = merge_rows(Covering(reach, np.ones((reach.shape[0], 1)))).reach
    if not rows.shape[0]:
        return Solution((), 0.0, 0.0)
    start = greedy(Covering(rows, np.ones((rows.shape[0], 1))), rows.shape[1])
    core, names = _reduce(rows)  # rows x candidates that decide, and which candidates these are
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


def _reduce(rows: sparse.csr_array) -> tuple[sparse.csr_array, NDArray[np.intp]]:
    """Return the rows and candidates that decide, and the positions of these candidates.

    A candidate whose rows another reaches too, all of them, is not needed; a row whose candidates are among those of
    another is reached whenever it is, so that the other asks for nothing. Of equal ones, the first stays.
    """
    # Until nothing more goes: with a row less a candidate may lie within another, and the reverse. Of equal sets either
    # condition keeps the first.
    names = np.arange(rows.shape[1])
    shape = (0, 0)
    while shape != rows.shape:
        shape = rows.shape
        smaller, larger, size = _nested(sparse.csr_array(rows.T))
        away = smaller[(size[smaller] < size[larger]) | (smaller > larger)]
        useful = np.setdiff1d(np.arange(rows.shape[1]), away)
        rows, names = rows[:, useful], names[useful]
        smaller, larger, size = _nested(rows)
        away = larger[(size[smaller] < size[larger]) | (smaller < larger)]
        rows = rows[np.setdiff1d(np.arange(rows.shape[0]), away)]
    return rows, names


def _nested(sets: sparse.csr_array) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return pairs of sets of which the first lies within the second, and the size of every set."""
    # Sets are rows of ones. shared: sets x sets, how many members two have in common; all of its own, and a set lies
    # within the other.
    size = np.diff(sets.indptr)
    shared = sparse.coo_array(sets @ sets.T)
    within = (shared.data >= size[shared.row]) & (shared.row != shared.col)
    return shared.row[within], shared.col[within], size
