"""Time and peak memory of `essgeo study TERRITORY`, as a user runs it: a fresh process, imports included.

`--structures N` runs it on a register of N, made from the embedded one: half of its places stand within 600 m of one of
the register's, the others are only known to be in their commune. No figure of it says anything.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

KIB_PER_MIB = 1024
NEAR_DEGREES = 0.006
DATA = Path(__file__).parent.parent / "data"


def run_once(out: str, *arguments: str) -> tuple[float, float]:
    """Run a study into a folder; the seconds it took, from start to exit, and those of processor."""
    start, before = time.perf_counter(), os.times()
    command = Path(sys.executable).with_name("essgeo")
    subprocess.run([command, "study", *arguments, "--out", out], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    used = after.children_user - before.children_user + after.children_system - before.children_system
    return time.perf_counter() - start, used


def register(territory: str, count: int) -> pd.DataFrame:
    """Return a register of so many structures like those of the territory."""
    known, random = pd.read_csv(DATA / territory / "structures.csv", dtype=str), np.random.default_rng(0)
    known = known[known["citycode"].notna()]
    drawn = known.iloc[random.integers(len(known), size=count)].reset_index(drop=True)
    points = known.dropna(subset=["lon", "lat"])[["lon", "lat"]].astype(float)
    points = points.iloc[random.integers(len(points), size=count)].reset_index(drop=True)
    points += random.uniform(-NEAR_DEGREES, NEAR_DEGREES, points.shape)
    placed = random.random(count) < 1 / 2
    words = ["Atelier", "Jardin", "Relais", "Maison", "Comptoir", "Fabrique", "Cantine", "Halle", "Ressourcerie"]
    names = [f"{words[one % len(words)]} {one:05d}" for one in range(count)]
    return pd.DataFrame(
        {
            "name": names,
            "city": drawn["city"],
            "citycode": drawn["citycode"],
            "lon": points["lon"].round(6).where(placed),
            "lat": points["lat"].round(6).where(placed),
            **{name: drawn[name] for name in ("sectors", "challenges", "status", "as_of", "family")},
        }
    )


def main() -> None:
    """Print the times and the highest memory of any run, and how large the pages are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("territory", nargs="?", default="est-ensemble")
    parser.add_argument("--structures", type=int, help="structures of a synthetic register; without, the embedded one")
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        arguments = [asked.territory]
        if asked.structures:
            file = Path(folder) / "register.csv"
            register(asked.territory, asked.structures).to_csv(file, index=False)
            arguments += ["--structures", str(file)]
        out = Path(folder) / "out"
        runs = [run_once(str(out), *arguments) for _ in range(asked.repeats)]
        pages = {page.name: page.stat().st_size // 1000 for page in out.glob("*.html")}
    # Linux gives ru_maxrss in KiB; it is the largest child, not their sum.
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / KIB_PER_MIB
    clock, used = (min(times) for times in zip(*runs, strict=True))
    register_of = f" of {asked.structures} structures" if asked.structures else ""
    print(
        f"study {asked.territory}{register_of}: first {runs[0][0]:.2f} s, best {clock:.2f} s, {used:.2f} s of "
        f"processor, peak {peak_mib:.0f} MiB; pages in kB {pages}"
    )


if __name__ == "__main__":
    main()
