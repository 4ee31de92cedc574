"""Time maximal covering against spopt with CBC on the same questions: 10,000 rows of demand, 400 candidates, 15 sites.

Run from anywhere: ``python benchmarks/bench_siting.py [RADIUS ...]`` (metres, in a square of 10 km). The two columns of
the peer are its time in all, and that of the solver alone once the model is built. Where spopt is not installed, only
ours is timed.
"""

from __future__ import annotations

import sys
import time
import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from essgeo.siting.covering import Covering
from essgeo.siting.exact import maximise

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEMAND, CANDIDATES, SITES, SIDE_M = 10_000, 400, 15, 10_000.0
RADII_M = (800.0, 1000.0)
SEED = 0


def question() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return distances from demand to candidates, and the residents of each row."""
    random = np.random.default_rng(SEED)
    demand, candidates = random.uniform(0, SIDE_M, (DEMAND, 2)), random.uniform(0, SIDE_M, (CANDIDATES, 2))
    residents = random.integers(1, 100, DEMAND)
    return np.hypot(*(demand[:, None, :] - candidates).transpose(2, 0, 1)), residents


def ours(metres: NDArray[np.float64], residents: NDArray[np.int64], radius: float) -> tuple[float, float, bool]:
    """Return seconds, the optimum, and whether it is proven."""
    start = time.perf_counter()
    reach = sparse.csr_array((metres <= radius).astype(float))
    solution = maximise(Covering(reach, residents.astype(float)[:, None]), SITES)
    return time.perf_counter() - start, solution.value, solution.proven


def peer(metres: NDArray[np.float64], residents: NDArray[np.int64], radius: float) -> tuple[float, float, float]:
    """Return seconds in all, seconds of CBC, and the optimum of spopt."""
    import pulp  # type: ignore[import-untyped] # noqa: PLC0415 (the peer is optional)
    from spopt.locate import MCLP  # type: ignore[import-untyped] # noqa: PLC0415

    start = time.perf_counter()
    model = MCLP.from_cost_matrix(metres, residents, radius, p_facilities=SITES)
    built = time.perf_counter()
    model.solve(pulp.PULP_CBC_CMD(msg=False))
    end = time.perf_counter()
    return end - start, end - built, model.problem.objective.value()


def main() -> None:
    """Print one line a radius."""
    warnings.filterwarnings("ignore")
    metres, residents = question()
    print(f"maximal covering, {DEMAND:,} x {CANDIDATES}, p = {SITES}, seconds")
    print(f"{'radius m':>9}{'essgeo':>9}{'spopt':>9}{'CBC only':>10}  optimum")
    for radius in [float(text) for text in sys.argv[1:]] or RADII_M:
        seconds, value, proven = ours(metres, residents, radius)
        try:
            whole, solver, theirs = peer(metres, residents, radius)
        except ImportError:
            print(
                f"{radius:>9.0f}{seconds:>9.2f}{'-':>9}{'-':>10}  {value:,.0f} proven: {proven}; spopt is not installed"
            )
            continue
        verdict = "the same" if abs(value - theirs) < 1 / 2 else f"DIFFERENT: spopt {theirs:,.0f}"
        print(
            f"{radius:>9.0f}{seconds:>9.2f}{whole:>9.2f}{solver:>10.2f}  {value:,.0f} proven: {proven}; {verdict}",
            flush=True,
        )


if __name__ == "__main__":
    main()
