"""Read the ESS register of one territory, and of all of France, from files of ``make_sirene.py``.

    python benchmarks/make_sirene.py /tmp/sirene
    python benchmarks/bench_register.py /tmp/sirene

Without a folder, it makes a million establishments first, in a temporary one.

Each task runs in a process of its own, imports included, so that wall time, CPU time and the peak of its memory are
those of a user who asks for it. On a busy machine CPU seconds say more than the clock.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from make_sirene import EST_ENSEMBLE, PART_UNITS, make

AS_OF = dt.date(2026, 11, 1)
TASKS = ("territory", "structures", "register", "economy", "in_qpv", "france")
GOALS = {"territory": "15 s, 1 GB", "register": "15 s, 1 GB", "france": "60 s"}


def run(task: str, folder: Path) -> int:
    """Return the number of rows that a task reads."""
    from essgeo import load_territory  # noqa: PLC0415 (timed)
    from essgeo.official.sirene import count_establishments, read_establishments, read_zones_of_establishments  # noqa: PLC0415 timed
    from essgeo.register import RegisterFiles, build_register  # noqa: PLC0415 (timed)
    from essgeo.register.establishments import as_structures  # noqa: PLC0415 (timed)
    from essgeo.register.perimeter import ess_categories  # noqa: PLC0415 (timed)

    files = folder / "StockEtablissement_utf8.parquet", folder / "StockUniteLegale_utf8.parquet"
    places = folder / "Geolocalisation_utf8.parquet"
    if task == "register":
        return len(build_register(load_territory("est-ensemble"), RegisterFiles(*files, places), as_of=AS_OF))
    if task == "in_qpv":
        zones = [f"QN93{number:03}M" for number in range(1, 20)]
        found = read_zones_of_establishments(
            files[0], places, zones, vintage="2024", as_of=AS_OF, citycodes=EST_ENSEMBLE
        )
        return len(found)
    if task == "economy":
        return len(count_establishments(files[0], as_of=AS_OF, citycodes=EST_ENSEMBLE))
    codes = None if task == "france" else EST_ENSEMBLE
    rows = read_establishments(*files, as_of=AS_OF, citycodes=codes, categories=ess_categories())
    return len(as_structures(rows, as_of=AS_OF) if task == "structures" else rows)


def measured(task: str, folder: Path) -> dict[str, float]:
    """Run a task in a process of its own and return its rows, seconds and megabytes."""
    command = [sys.executable, __file__, str(folder), "--task", task]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**json.loads(done.stdout), "wall_s": wall, "cpu_s": cpu}


def main(folder: Path) -> None:
    """Print rows, seconds and memory of every task."""
    print(f"{'task':<12}{'rows':>10}{'wall':>9}{'CPU':>9}{'peak':>10}   goal")
    for name in TASKS:
        found = measured(name, folder)
        print(
            f"{name:<12}{found['rows']:>10,.0f}{found['wall_s']:>7.1f} s{found['cpu_s']:>7.1f} s"
            f"{found['peak_mb']:>7.0f} MB   {GOALS.get(name, '')}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--task", choices=TASKS)
    given = parser.parse_args()
    if given.task:
        count = run(given.task, given.folder)
        print(json.dumps({"rows": count, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    elif given.folder:
        main(given.folder)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            make(Path(temporary), units=PART_UNITS)
            main(Path(temporary))
