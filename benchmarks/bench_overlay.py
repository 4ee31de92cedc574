"""Time locate_in against geopandas' sjoin and sjoin_nearest: a million points, the QPV of 2015, two distributions.

Run from anywhere: ``python benchmarks/bench_overlay.py [POINTS]``.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.zoning import locate_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

QPV = Path(__file__).resolve().parents[2] / "shared" / "real-data" / "qpv-2015" / "QP_METROPOLE_LB93.shp"
POINTS = 1_000_000
RADIUS_M = 50.0
SCATTER_M = 1_000.0
SEED = 20240101


def read_zones(path: Path) -> gpd.GeoDataFrame:
    """Return the QPV, repaired, with their polygons only."""
    zones = gpd.read_file(path)
    whole = shapely.make_valid(zones.geometry.to_numpy())
    parts, owner = shapely.get_parts(whole, return_index=True)
    areal = shapely.get_dimensions(parts) == shapely.get_dimensions(shapely.Polygon())
    shapes = gpd.GeoSeries(parts[areal], index=owner[areal], crs=zones.crs).groupby(level=0).agg(shapely.union_all)
    index = pd.Index(zones["CODE_QP"], name="zone_id")
    return gpd.GeoDataFrame({"vintage": "2015"}, index=index, geometry=shapes.to_numpy(), crs=zones.crs)


def uniform(zones: gpd.GeoDataFrame, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return points uniform over the box of all zones."""
    bounds = zones.total_bounds
    return rng.uniform(bounds[:2], bounds[2:], (count, 2))


def clustered(zones: gpd.GeoDataFrame, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return points scattered around a point of a random zone."""
    centres = shapely.get_coordinates(zones.representative_point().to_numpy())
    scattered: NDArray[np.float64] = centres[rng.integers(0, len(centres), count)] + rng.normal(
        0, SCATTER_M, (count, 2)
    )
    return scattered


def timed(work: Callable[[], pd.DataFrame]) -> tuple[float, pd.DataFrame]:
    """Return the seconds a call takes, and its result."""
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def main() -> None:
    """Print one line per distribution."""
    if not QPV.exists():
        sys.exit(f"{QPV} is missing: this benchmark needs the QPV of 2015 (data.gouv.fr), not kept in the repository.")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else POINTS
    zones = read_zones(QPV)
    print(f"{count:,} points, {len(zones):,} zones, radius {RADIUS_M:g} m")
    print(
        f"{'points':<10}{'sjoin s':>9}{'nearest s':>11}{'peer s':>8}{'essgeo s':>10}{'ratio':>7}{'rows':>11}{'lost':>6}"
    )
    for scatter in (uniform, clustered):
        xy = scatter(zones, count, np.random.default_rng(SEED))
        index = pd.RangeIndex(count, name="structure_id")
        points = gpd.GeoDataFrame({"geo_radius_m": RADIUS_M}, index=index, geometry=shapely.points(xy), crs=zones.crs)
        ours, located = timed(partial(locate_in, points, zones))
        within, _ = timed(partial(points.sjoin, zones))
        nearest, peer = timed(partial(points.sjoin_nearest, zones, distance_col="distance_m"))
        best = np.maximum(located.groupby("structure_id")["distance_m"].min(), 0.0)
        wrong = (best - peer.groupby(level=0)["distance_m"].min()).abs().max()
        total, lost = within + nearest, count - located["structure_id"].nunique()
        print(
            f"{scatter.__name__:<10}{within:>9.2f}{nearest:>11.2f}{total:>8.2f}{ours:>10.2f}{total / ours:>6.1f}x"
            f"{len(located):>11,}{lost:>6}   largest difference in distance {wrong:.1e} m",
        )


if __name__ == "__main__":
    main()
