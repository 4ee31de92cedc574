"""The set of candidates worth most, with a proof."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from essgeo.siting.models.bounds import bound_of, lagrangian, settled
from essgeo.siting.models.covering import Covering, Solution, merge_rows, restrict, worth
from essgeo.siting.models.heuristics import greedy, interchange
from essgeo.siting.models.highs import integer_optimum, relaxation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

TIME_LIMIT = 60.0
_SLACK = 1e-9


@dataclass(frozen=True)
class _Search:
    """The best set so far, and what is left to decide: candidates that every better set holds, and those still open."""

    whole: Covering
    count: int
    best: tuple[int, ...]
    taken: tuple[int, ...]
    open: NDArray[np.intp]
    left: Covering
    bound: float

    @property
    def places(self) -> int:
        return self.count - len(self.taken)

    @property
    def won(self) -> float:
        return worth(self.whole, self.taken)

    @property
    def to_beat(self) -> float:
        return worth(self.whole, self.best) - self.won


def maximise(problem: Covering, count: int, *, time_limit: float = TIME_LIMIT) -> Solution:
    """Return the set of at most ``count`` candidates that is worth most.

    A greedy set, improved by exchanges, is a lower bound. A Lagrangian bound settles most candidates; the linear
    relaxation of what is left settles more, and is the proof where it comes out whole; branch and bound decides the
    rest.

    Parameters
    ----------
    problem
        What to cover.
    count
        Number of sites.
    time_limit
        Seconds of branch and bound; past them the result is the best set found, and its gap says how far it may be from
        the best.

    Returns
    -------
    Solution
        Never worth less than greedy. Fewer sites than ``count`` where more would add nothing.

    Examples
    --------
    >>> from scipy import sparse
    >>> reach = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]], dtype=float))
    >>> maximise(Covering(reach, np.array([[4.0], [4.0], [3.0], [3.0]])), 2)
    Solution(chosen=(1, 2), value=14.0, bound=14.0)
    """
    whole = merge_rows(problem)
    first = greedy(whole, count)
    if len(first) < count:
        value = worth(whole, first)
        return Solution(tuple(sorted(first)), value, value)
    everyone = np.arange(whole.reach.shape[1])
    search = _Search(whole, count, interchange(whole, first), (), everyone, whole, float(whole.weights.sum()))
    search = _settle(search, lagrangian(whole, count, search.to_beat))
    if len(search.open):
        shares, multipliers = relaxation(search.left, search.places)
        likely = search.open[np.argsort(-shares, kind="stable")[: search.places]]
        search = _settle(_challenge(search, likely), multipliers)
    if len(search.open):
        chosen, bound = integer_optimum(search.left, search.places, time_limit=time_limit)
        search = replace(_challenge(search, search.open[list(chosen)]), bound=min(search.bound, bound + search.won))
    value = worth(whole, search.best)
    return Solution(tuple(sorted(search.best)), value, max(value, search.bound))


def _challenge(search: _Search, chosen: Iterable[int]) -> _Search:
    """Return the search with this set of open candidates as its best, improved by exchanges, if it is."""
    found = interchange(search.whole, (*search.taken, *map(int, chosen)))
    better = worth(search.whole, found) > worth(search.whole, search.best)
    return replace(search, best=found) if better else search


def _settle(search: _Search, multipliers: NDArray[np.float64]) -> _Search:
    """Return the search without the candidates that a bound settles; none is open once the best set is proven."""
    bound = bound_of(search.left, multipliers, search.places)
    out, surely = settled(search.left, multipliers, search.places, search.to_beat)
    open_ = search.open[~out & ~surely]
    taken = (*search.taken, *search.open[surely].tolist())
    if bound <= search.to_beat * (1 + _SLACK) or len(taken) >= search.count or not len(open_):
        best = max(search.best, taken[: search.count], key=lambda chosen: worth(search.whole, chosen))
        return replace(search, best=best, open=open_[:0], bound=0.0)
    left = restrict(search.left, ~out & ~surely, surely)
    return replace(search, taken=taken, open=open_, left=left, bound=min(search.bound, bound + search.won))
