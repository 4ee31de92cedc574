"""A map of 50,000 structures in a real browser: it follows the hand."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from essgeo.maps import build_maps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from essgeo.results import Study

COUNT = 50_000
STEPS = 12
MEDIAN_MS, WORST_MS = 100, 250
PAN = """by => new Promise(function (resolve) {
    essgeo.map.panBy(by, { animate: false });
    requestAnimationFrame(() => setTimeout(resolve));
})"""


def _many(study: Study) -> gpd.GeoDataFrame:
    """Return a register of 50,000 located structures, spread over the territory."""
    chance = np.random.default_rng(3)
    located = study.structures[study.structures.geometry.notna() & study.structures["counted"]]
    west, south, east, north = study.communes.total_bounds
    index = pd.Index([f"s{number}" for number in range(COUNT)], name="structure_id")
    rows = pd.DataFrame(located).iloc[chance.integers(0, len(located), COUNT)].set_axis(index)
    points = gpd.points_from_xy(chance.uniform(west, east, COUNT), chance.uniform(south, north, COUNT))
    return gpd.GeoDataFrame(rows, geometry=gpd.GeoSeries(points, index=index, crs=located.crs), crs=located.crs)


def _spent(page: Page, steps: int) -> list[float]:
    """Return the milliseconds of CPU that the page takes for each step, from the move to the next frame.

    The clock is that of its main thread: what else the machine does is left out.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def clock() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return 1000 * float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))

    spent = []
    for step in range(steps):
        start = clock()
        page.evaluate(PAN, [-160, 90] if step % 2 else [160, -90])
        spent.append(clock() - start)
    session.detach()
    return spent


@pytest.mark.slow
def test_a_map_of_fifty_thousand_structures_follows_the_hand(
    opened: Callable[..., Any], study: Study, tmp_path: Path
) -> None:
    """At the scale of the territory, closer, and where single symbols show."""
    build_maps(replace(study, structures=_many(study)), tmp_path)
    with opened(tmp_path / "territory.html") as page:
        for zoom in ("essgeo.map.getZoom()", "essgeo.map.getZoom() + 1.5", "18"):
            page.evaluate(f"void essgeo.map.setZoom({zoom}, {{ animate: false }})")
            drawn = page.evaluate("essgeo.layers.structures.getLayers().length")
            spent = _spent(page, STEPS)
            assert drawn > 50, zoom
            assert 0 < median(spent) < MEDIAN_MS, (zoom, drawn, spent)
            assert max(spent) < WORST_MS, (zoom, drawn, spent)
