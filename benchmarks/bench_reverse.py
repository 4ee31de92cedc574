"""Measure reverse geocoding: 100,000 points over Paris and Bondy, and the first 500 beside a naive search.

Run from anywhere: ``python benchmarks/bench_reverse.py``.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from essgeo.geocoding import Local, reverse_geocode
from essgeo.geocoding.index import distance_m

BAN = Path(__file__).resolve().parents[2] / "shared" / "real-data" / "ban"
POINTS, CHECKED, SEED, MAX_M = 100_000, 500, 20240101, 1000.0

with tempfile.TemporaryDirectory() as folder:
    local = Local.read([BAN / "adresses-75.csv.gz", BAN / "adresses-93010.csv.gz"], folder)
    random = np.random.default_rng(SEED)
    points = pd.DataFrame({"lon": random.uniform(2.25, 2.5, POINTS), "lat": random.uniform(48.81, 48.92, POINTS)})
    for run in ("first run, trees built", "again"):
        start, cpu = time.perf_counter(), time.process_time()
        found = reverse_geocode(points, using=local, max_m=MAX_M)
        print(f"{run}: {time.perf_counter() - start:.2f} s, {time.process_time() - cpu:.2f} s of CPU")
    known = np.concatenate(
        [(part := local.index.department(place)).points(np.arange(len(part.slots))) for place in (0, 1)], axis=1
    )
    nearest = [distance_m(*known, *np.atleast_2d(point).T).min() for point in points.head(CHECKED).to_numpy()]
    naive = np.where(np.array(nearest) <= MAX_M, nearest, np.nan)
    gap = np.abs(found["geo_distance_m"].head(CHECKED) - naive)
    near = (
        f"{found['geo_distance_m'].notna().mean():.0%} near an address, median {found['geo_distance_m'].median():.0f} m"
    )
    same = (np.isnan(naive) == found["geo_distance_m"].head(CHECKED).isna()).mean()
    print(f"{near}; farther than the nearest by {gap.max():.2f} m at most, the same rows without one: {same:.1%}")
