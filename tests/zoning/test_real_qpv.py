"""The 1,296 QPV of 2015: real, large, partly invalid outlines."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from essgeo.errors import SchemaError
from essgeo.uncertainty import DISCS
from essgeo.zoning import crosswalk, locate_in

QPV = Path(__file__).resolve().parents[3] / "shared" / "real-data" / "qpv-2015" / "QP_METROPOLE_LB93.shp"

pytestmark = pytest.mark.skipif(not QPV.exists(), reason="the QPV of 2015 are not kept in the repository")


@pytest.fixture(scope="module")
def raw() -> gpd.GeoDataFrame:
    return gpd.read_file(QPV).rename(columns={"CODE_QP": "zone_id"}).set_index("zone_id").assign(vintage="2015")


@pytest.fixture(scope="module")
def qpv(raw: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    # A buffer of nothing keeps the polygons only.
    return raw.set_geometry(shapely.buffer(shapely.make_valid(raw.geometry.to_numpy()), 0))


def test_invalid_outlines_are_refused_by_name(raw: gpd.GeoDataFrame) -> None:
    broken = raw.index[~raw.is_valid][0]
    with pytest.raises(SchemaError, match=rf"(?s)25 faults.*{broken}, field geometry: is not valid"):
        locate_in(gpd.GeoDataFrame({"geo_radius_m": []}, geometry=[], crs=raw.crs), raw)


@pytest.mark.parametrize("spread", [None, 300.0, 3000.0])
def test_distances_and_shares_are_those_of_shapely(qpv: gpd.GeoDataFrame, spread: float | None) -> None:
    rng = np.random.default_rng(20240101)
    shapes, bounds, size = qpv.geometry.to_numpy(), qpv.total_bounds, 100
    xy = rng.uniform(bounds[:2], bounds[2:], (size, 2))
    if spread is not None:
        centres = shapely.get_coordinates(shapely.point_on_surface(shapes))
        xy = centres[rng.integers(0, len(centres), size)] + rng.normal(0, spread, (size, 2))
    radius = rng.choice([0.0, 50.0, 400.0], size)
    points = gpd.GeoDataFrame({"geo_radius_m": radius}, geometry=shapely.points(xy), crs=qpv.crs)
    located = locate_in(points, qpv)
    assert located["point_id"].nunique() == size

    place, shape = points.geometry.to_numpy(), qpv.geometry[located["zone_id"]].to_numpy()
    at = place[located["point_id"]]
    distance = shapely.distance(shapely.boundary(shape), at)
    signed = np.where(shapely.intersects(shape, at), -distance, distance)
    assert located["distance_m"].to_numpy() == pytest.approx(signed, abs=1e-3)

    vague = radius[located["point_id"]] > 0
    share = np.zeros(vague.sum())
    for factor, odds in DISCS:
        disc = shapely.buffer(at[vague], factor * radius[located["point_id"]][vague], quad_segs=256)
        share += odds * shapely.area(shapely.intersection(disc, shape[vague])) / shapely.area(disc)
    assert located["probability"][vague].to_numpy() == pytest.approx(share, abs=1e-3)

    to_all = np.array([shapely.distance(shapes, one) for one in place])
    reached = (to_all <= np.maximum(radius, 500)[:, None]).sum(axis=1)
    assert located.groupby("point_id").size().to_numpy() == pytest.approx(np.maximum(reached, 1))
    nearest = located.groupby("point_id")["distance_m"].min().clip(lower=0)
    assert nearest.to_numpy() == pytest.approx(to_all.min(axis=1), abs=1e-3)


def test_a_vintage_against_itself_is_the_identity(qpv: gpd.GeoDataFrame) -> None:
    department = qpv[qpv.index.str.startswith("QP093")]
    table = crosswalk(department, department.assign(vintage="2024"))
    same = table[table["old_id"] == table["new_id"]]
    assert pd.Index(same["old_id"]).equals(department.index)
    assert same["share_of_old"].to_numpy() == pytest.approx(1)
    assert not table[["old_id", "new_id"]].isna().any(axis=None)
