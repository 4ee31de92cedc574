"""Time and peak memory of `essgeo study TERRITORY`, as a user runs it: a fresh process, imports included."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KIB_PER_MIB = 1024
REPEATS = 3


def run_once(territory: str, out: str) -> float:
    """Run the study of a territory into a folder; the seconds it took, from start to exit."""
    start = time.perf_counter()
    command = Path(sys.executable).with_name("essgeo")
    subprocess.run([command, "study", territory, "--out", out], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main(territory: str = "est-ensemble") -> None:
    """Print the first and the best time, and the highest memory of any run."""
    with tempfile.TemporaryDirectory() as out:
        seconds = [run_once(territory, out) for _ in range(REPEATS)]
    # Linux gives ru_maxrss in KiB; it is the largest child, not their sum.
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / KIB_PER_MIB
    print(f"study {territory}: first {seconds[0]:.2f} s, best {min(seconds):.2f} s, peak {peak_mib:.0f} MiB")


if __name__ == "__main__":
    main(*sys.argv[1:2])
