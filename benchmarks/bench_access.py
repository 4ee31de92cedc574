"""Time walks, measures of access and the draws behind the gaps; compare E2SFCA with the ``access`` package.

Run from anywhere: ``python benchmarks/bench_access.py [--peer]``; with ``--peer`` the package computes the large case
too, which takes half a minute and some gigabytes.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj

from essgeo import demand_points, find_gaps, geocode, load_territory, read_layer, travel_cost
from essgeo.access import CostMatrix
from essgeo.access.accessibility import (
    access_poverty,
    balanced_catchment,
    concentration_index,
    coverage_share,
    gini,
    nearest_k,
    potential,
    two_step_catchment,
)
from essgeo.access.network import UNITS_PER_DEGREE, Ways, build_network

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from essgeo.access import WalkNetwork

T = TypeVar("T")
PROCESS = Path("/proc/self/status")
RESET_PEAK = "5"
SIDE = 200
SIDE_M = 6_300.0
CORNER = (655_000.0, 6_863_000.0)
KEPT_STREETS = 0.75
DEMAND, STRUCTURES = 20_000, 1_000
LARGE_DEMAND, LARGE_SUPPLY, LARGE_PAIRS = 50_000, 2_000, 17_000_000
AGREEMENT = 1e-9


def timed(work: Callable[[], T]) -> tuple[float, float, T]:
    """Return the seconds a call takes, those of the processor alone, and its result."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - processor, result


def say(name: str, wall: float, processor: float, note: str = "") -> None:
    """Print one line."""
    print(f"{name:<52}{wall:>8.2f} s{processor:>8.2f} s cpu   {note}")


def town(random: np.random.Generator) -> WalkNetwork:
    """Return 40,000 nodes on a crooked lattice over 40 square kilometres, a quarter of its streets missing."""
    step = SIDE_M / SIDE
    cells = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"), -1).reshape(-1, 2)
    xy = CORNER + cells * step + random.uniform(-0.3 * step, 0.3 * step, cells.shape)
    number = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    across = np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])
    along = np.column_stack([number[:-1].ravel(), number[1:].ravel()])
    streets = np.concatenate([across, along])
    streets = streets[random.random(len(streets)) < KEPT_STREETS]
    degrees = np.column_stack(pyproj.Transformer.from_crs(2154, 4326, always_xy=True).transform(*xy.T))
    vertices = np.rint(degrees[streets.ravel()] * UNITS_PER_DEGREE).astype(np.int64)
    ways = Ways(vertices, np.repeat(np.arange(len(streets)), 2), np.zeros(len(streets), dtype=bool), "")
    return build_network(ways, pyproj.CRS(2154), min_component_m=2000)


def scattered(random: np.random.Generator, count: int) -> gpd.GeoDataFrame:
    """Return points all over the town."""
    xy = CORNER + random.uniform(0, SIDE_M, (count, 2))
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs=2154)


def bench_walks(random: np.random.Generator) -> CostMatrix:
    """Time the cost matrix, over the network and in straight lines; return the first."""
    wall, cpu, network = timed(lambda: town(random))
    say(f"network of {len(network.xy):,} nodes, {len(network.edges):,} edges", wall, cpu)
    demand, places = scattered(random, DEMAND), scattered(random, STRUCTURES)
    wall, cpu, cost = timed(lambda: travel_cost(demand, places, network=network))
    say(f"cost matrix {DEMAND:,} x {STRUCTURES:,}, 30 min, network", wall, cpu, f"{len(cost.minutes):,} pairs")
    wall, cpu, straight = timed(lambda: travel_cost(demand, places))
    say(f"cost matrix {DEMAND:,} x {STRUCTURES:,}, 30 min, straight", wall, cpu, f"{len(straight.minutes):,} pairs")
    return cost


def bench_measures(cost: CostMatrix, random: np.random.Generator) -> None:
    """Time every measure on one cost matrix."""
    people, supply = random.uniform(1, 90, DEMAND), random.uniform(1, 9, STRUCTURES)
    income = random.uniform(9e3, 60e3, DEMAND)
    nearest = nearest_k(cost, 1)[:, 0]
    access = potential(cost, supply)
    measures: dict[str, Callable[[], object]] = {
        "nearest": lambda: nearest_k(cost, 1),
        "nearest 3": lambda: nearest_k(cost, 3),
        "coverage": lambda: coverage_share(nearest, people, [5, 10, 15]),
        "cumulative": lambda: potential(cost, supply, decay="binary"),
        "gravity": lambda: potential(cost, supply),
        "2SFCA": lambda: two_step_catchment(cost, people, supply, decay="binary"),
        "E2SFCA": lambda: two_step_catchment(cost, people, supply, decay="gaussian"),
        "balanced FCA": lambda: balanced_catchment(cost, people, supply),
        "FGT": lambda: access_poverty(access, people, float(np.median(access)), alpha=2),
        "Gini": lambda: gini(access, people),
        "concentration": lambda: concentration_index(access, people, income),
    }
    for name, measure in measures.items():
        wall, cpu, _ = timed(measure)
        say(f"  {name}", wall, cpu)


def large_case() -> tuple[CostMatrix, NDArray[np.float64], NDArray[np.float64]]:
    """Return 17 million trips between 50,000 origins and 2,000 destinations."""
    random = np.random.default_rng(7)
    each = LARGE_PAIRS // LARGE_DEMAND
    destination = (random.integers(0, LARGE_SUPPLY, (LARGE_DEMAND, 1)) + np.arange(each) * 5) % LARGE_SUPPLY
    destination.sort(axis=1)
    return (
        CostMatrix(
            pd.RangeIndex(LARGE_DEMAND),
            pd.RangeIndex(LARGE_SUPPLY),
            np.repeat(np.arange(LARGE_DEMAND, dtype=np.int32), each),
            destination.ravel().astype(np.int32),
            random.uniform(0, 30, LARGE_DEMAND * each).astype(np.float32),
            30,
            "walk",
            "",
            4.5,
            1.3,
        ),
        random.uniform(1, 90, LARGE_DEMAND),
        random.uniform(1, 9, LARGE_SUPPLY),
    )


def peer(cost: CostMatrix, people: NDArray[np.float64], supply: NDArray[np.float64]) -> pd.Series:
    """Return E2SFCA as the ``access`` package computes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from access import fca, weights  # noqa: PLC0415 - slow to import, only this comparison needs it
    trips = pd.DataFrame({"origin": cost.origin, "dest": cost.destination, "cost": cost.minutes.astype(float)})
    demand = pd.DataFrame({"geoid": np.arange(len(people)), "demand": people})
    offer = pd.DataFrame({"supply": supply}, index=pd.RangeIndex(len(supply), name="geoid"))
    steps = weights.step_fn({10: 1, 20: 0.68, 30: 0.22})
    found: pd.Series = fca.two_stage_fca(demand, offer, trips, max_cost=30, weight_fn=steps)
    return found


def bench_floating(*, with_peer: bool) -> None:
    """Compare E2SFCA on 17 million pairs, time and peak memory beyond the inputs."""
    cost, people, supply = large_case()
    wall, cpu, ours = timed(lambda: two_step_catchment(cost, people, supply))
    say(f"E2SFCA, {len(cost.minutes):,} pairs", wall, cpu)
    if not with_peer:
        return
    their_wall, their_cpu, theirs = timed(lambda: peer(cost, people, supply))
    difference = float(np.abs(ours[theirs.index] - theirs.to_numpy()).max())
    ratio = f"{their_cpu / cpu:.0f}x the time, largest difference {difference:.1e}"
    say("  access package", their_wall, their_cpu, ratio)
    if difference > AGREEMENT:
        sys.exit(f"E2SFCA differs by {difference}")
    own, other = (peak_mb(what) for what in ("ours", "peer"))
    print(f"  peak memory beyond the inputs: {own:,.0f} MB, access {other:,.0f} MB, {other / own:.1f}x")


def peak_mb(what: str) -> float:
    """Return the peak memory that one side of the comparison adds, in a process of its own."""
    command = [sys.executable, __file__, "--memory", what]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure_memory(what: str) -> None:
    """Run one side of the comparison and print the megabytes it added at its peak, as Linux counts them."""
    cost, people, supply = large_case()
    PROCESS.with_name("clear_refs").write_text(RESET_PEAK, encoding="ascii")
    before = peak_kb()
    if what == "ours":
        two_step_catchment(cost, people, supply)
    else:
        peer(cost, people, supply)
    print((peak_kb() - before) / 1000)


def peak_kb() -> int:
    """Return the peak memory of this process since its last reset."""
    return int(PROCESS.read_text(encoding="ascii").partition("VmHWM:")[2].split()[0])


def bench_gaps() -> None:
    """Time the gaps of the embedded territory with 500 draws."""
    here = load_territory("est-ensemble")
    neighbourhoods, communes, qpv = (read_layer(here, name) for name in ("neighbourhoods", "communes", "qpv"))
    demand = demand_points(read_layer(here, "iris"), neighbourhoods=neighbourhoods)
    structures = geocode(read_layer(here, "structures"), using=read_layer(here, "addresses"))
    day = dt.date(2026, 1, 1)
    wall, cpu, gaps = timed(
        lambda: find_gaps(demand, structures, neighbourhoods, qpv=qpv, communes=communes, as_of=day, draws=500)
    )
    say(f"gaps, {len(demand):,} demand points, 500 draws", wall, cpu, f"{len(gaps)} rows")


def main() -> None:
    """Print one line a task."""
    if "--memory" in sys.argv:
        measure_memory(sys.argv[-1])
        return
    random = np.random.default_rng(0)
    bench_measures(bench_walks(random), random)
    bench_gaps()
    bench_floating(with_peer="--peer" in sys.argv)


if __name__ == "__main__":
    main()
