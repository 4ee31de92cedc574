"""Read a CSV of a million structures, and say how long that takes and the most memory that the process held.

`python benchmarks/bench_read.py [ROWS]`; each step runs in a process of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

STEPS = ("nothing", "read_table", "read_structures")
STREETS = ("rue Jules Guesde", "avenue Henri Barbusse", "place du Marché", "rue de l'Église")


def _write(path: Path, rows: int) -> None:
    """Write a list as towns have them: a name, a SIRET and an address of its own each, the rest from few words."""
    with path.open("w", encoding="utf-8") as file:
        file.write("Nom;SIRET;Adresse;Code postal;Ville;Secteur;Statut;Remarque\n")
        file.writelines(
            f"Association {n};{10**13 + n};{n % 400} {STREETS[n % 4]};93140;Bondy;Mobilité;Actif;\n"
            for n in range(rows)
        )


def _step(name: str, path: str) -> None:
    import essgeo.files  # noqa: PLC0415 (its memory is that of "nothing")

    start = time.perf_counter()
    warnings.simplefilter("ignore")
    rows = len(getattr(essgeo.files, name)(path)) if name != "nothing" else 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name}: {rows:,} rows, {time.perf_counter() - start:.1f} s, {peak:.0f} MB at most")


def main() -> None:
    """Run each step."""
    if sys.argv[1:2] == ["--step"]:
        _step(*sys.argv[2:])
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        _write(path, int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
        print(f"{path.stat().st_size / 1e6:.0f} MB of CSV", flush=True)
        for name in STEPS:
            subprocess.run([sys.executable, __file__, "--step", name, str(path)], check=True)


if __name__ == "__main__":
    main()
