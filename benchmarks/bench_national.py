"""Departments geocoded, laid over zones and covered: one process, then a local cluster, then the same after a failure.

The departments are copies of Bondy (BAN, ../shared/real-data) that do not touch each other, each with its own codes, so
that each worker has as much to do; the results of both runs are compared row by row. From the seconds of each
department in one process and from what a cluster costs with nothing to do, it says what more workers would take; the
run on two workers shows how far that holds.
"""

from __future__ import annotations

import csv
import gzip
import sys
import tempfile
import time
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.national import (
    coverage_department,
    geocode_department,
    overlay_department,
    read_partitions,
    run_partitions,
    split_by_department,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

BONDY = Path(__file__).resolve().parents[2] / "shared" / "real-data" / "ban" / "adresses-93010.csv.gz"
STRUCTURES = 2_000
RESIDENTS = 5_000
ZONES = 1_500
STEP_DEGREES = 0.15
A_ROW = 12
"""Copies stand in rows of as many, 11 km apart and more, where Bondy is 3 km wide."""

FRANCE = 101


def make(folder: Path, departments: Iterable[str]) -> None:
    """Write the addresses, structures, residents and zones of so many copies of Bondy."""
    random = np.random.default_rng(0)
    (folder / "ban").mkdir()
    with gzip.open(BONDY, "rt", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    structures, demand = [], []
    for place, department in enumerate(departments):
        code = f"{department}010"
        copies = [
            row
            | {"code_insee": code, "code_postal": f"{department}140", "id": f"{department}{row['id']}"}
            | {"lon": f"{float(row['lon']) + place % A_ROW * STEP_DEGREES:.6f}"}
            | {"lat": f"{float(row['lat']) - place // A_ROW * STEP_DEGREES:.6f}"}
            for row in rows
        ]
        with gzip.open(folder / "ban" / f"adresses-{department}.csv.gz", "wt", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(rows[0]), delimiter=";")
            writer.writeheader()
            writer.writerows(copies)
        chosen = [copies[i] for i in random.integers(0, len(copies), STRUCTURES)]
        structures.append(
            pd.DataFrame(
                {
                    "name": "x",
                    "address": [f"{row['numero']} {row['nom_voie']}" for row in chosen],
                    "postcode": f"{department}140",
                    "city": "Bondy",
                    "citycode": code,
                    "sectors": random.choice(["mobilite", "numerique", "tiers_lieu"], STRUCTURES),
                    **dict.fromkeys(("challenges", "active_from", "active_to"), ""),
                    "status": "active",
                },
                index=[f"{department}-{i}" for i in range(STRUCTURES)],
            )
        )
        homes = [copies[i] for i in random.integers(0, len(copies), RESIDENTS)]
        points = gpd.points_from_xy([float(row["lon"]) for row in homes], [float(row["lat"]) for row in homes])
        lived = {"population": 10.0, "iris_code": [f"{code}{i % 20:04}" for i in range(RESIDENTS)], "citycode": code}
        demand.append(gpd.GeoDataFrame(lived, geometry=points, crs=4326).to_crs(2154))
    split_by_department(pd.concat(structures), folder / "structures")
    split_by_department(pd.concat(demand, ignore_index=True), folder / "demand")
    centres = pd.concat(demand).sample(ZONES, random_state=0).geometry
    zones = gpd.GeoDataFrame({"vintage": "2024"}, index=range(ZONES), geometry=centres.buffer(200).to_numpy(), crs=2154)
    zones.to_parquet(folder / "zones.parquet")


def stages(folder: Path, out: Path, departments: list[str], client: Any = None) -> tuple[list[pd.DataFrame], list[Any]]:  # noqa: ANN401 (distributed has no types)
    """Do the three stages and print the seconds of each; return what they found and the seconds of each department."""
    structures, ban, zones = folder / "structures", folder / "ban", folder / "zones.parquet"
    geocoding = partial(geocode_department, structures=structures, ban=ban, index=out / "index")
    overlay = partial(overlay_department, structures=out / "located", zones=zones)
    found, seconds, located, each = [], [], [structures, ban], []
    for name, work in (("located", geocoding), ("zones", overlay), ("covered", None)):
        start = time.perf_counter()
        covering = partial(coverage_department, demand=folder / "demand", structures=located, as_of=date(2026, 1, 1))
        files = run_partitions(work or covering, departments, out / name, inputs=located, client=client)
        located = files if name == "located" else located
        seconds.append(time.perf_counter() - start)
        # One after the other, each department takes from the file before it to its own.
        each.append(np.diff([time.time() - seconds[-1], *(path.stat().st_mtime for path in files)]))
        found.append(read_partitions(files))
    print("  located {:.1f} s, zones {:.1f} s, covered {:.1f} s".format(*seconds))
    return found, each


def nothing(key: str) -> pd.DataFrame:
    """Do no work, so that what is left is what a cluster costs."""
    return pd.DataFrame({"key": [key]})


def forecast(each: Sequence[NDArray[np.float64]], overhead: float, workers: int) -> float:
    """Return the seconds that so many workers would take for all of France: stage after stage, longest first."""
    total = 0.0
    for seconds in each:
        busy = np.zeros(workers)
        for work in sorted(np.resize(seconds, FRANCE), reverse=True):
            busy[busy.argmin()] += work
        total += max(busy.max(), overhead)
    return total


def main(count: int = 12, workers: int = 2) -> None:
    """Print the times of one process, of a cluster, and of a run taken up again."""
    import distributed  # noqa: PLC0415 (an optional dependency)

    if not BONDY.is_file():
        print(f"{BONDY} is missing: nothing was timed.")
        return
    departments = [f"{number:02}" for number in range(1, count + 1)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, departments)
        print(f"{count} departments of {STRUCTURES} structures and {RESIDENTS} demand points; one process")
        alone, each = stages(folder, folder / "alone", departments)
        options = {"threads_per_worker": 1, "dashboard_address": None, "silence_logs": "ERROR"}
        cluster: Any = distributed.LocalCluster
        connect: Any = distributed.Client
        with cluster(n_workers=workers, **options) as local, connect(local) as client:
            print(f"{workers} workers, the start of them aside")
            client.run(__import__, "essgeo.national")
            both, _ = stages(folder, folder / "cluster", departments, client)
            start = time.perf_counter()
            run_partitions(nothing, [str(number) for number in range(FRANCE)], folder / "nothing", client=client)
            overhead = time.perf_counter() - start
        print(f"{FRANCE} departments with nothing to do: {overhead:.2f} s")
        for crew in (1, 2, 8, 16, 64):
            print(f"  {FRANCE} departments, {crew} workers: {forecast(each, overhead, crew):.0f} s expected")
        same = all(one.equals(other) for one, other in zip(alone, both, strict=True))
        for stage in ("located", "zones", "covered"):
            (folder / "alone" / stage / f"{departments[-1]}.parquet").unlink()
        print(f"equal to the last row: {same}; one department of each stage lost, taken up again")
        stages(folder, folder / "alone", departments)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
