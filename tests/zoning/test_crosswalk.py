"""Two vintages: nothing is created or lost between them."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from essgeo.errors import SchemaError
from essgeo.zoning import crosswalk
from tests.conftest import examples

WHOLE = shapely.box(0, 0, 1000, 1000)


def tiling(rng: np.random.Generator, cells: int) -> list[Any]:
    parts = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(rng.uniform(0, 1000, (cells, 2)))))
    return [cell for cell in shapely.intersection(parts, WHOLE) if cell.area > 0]


@examples(15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1))
def test_between_two_tilings_area_and_population_are_conserved(seed: int, zones_of: Any, points_of: Any) -> None:
    rng = np.random.default_rng(seed)
    old, new = zones_of(tiling(rng, 6), "2015", "QP"), zones_of(tiling(rng, 9), "2024", "QN")
    people = points_of(rng.uniform(1, 999, (200, 2))).assign(population=rng.integers(0, 50, 200))
    covered = shapely.intersects(shapely.union_all(old.geometry.to_numpy()), people.geometry.to_numpy())
    people = people[
        covered & shapely.intersects(shapely.union_all(new.geometry.to_numpy()), people.geometry.to_numpy())
    ]
    table = crosswalk(old, new, weights=people, min_share=0.0)
    common = shapely.union_all(old.geometry.to_numpy()).intersection(shapely.union_all(new.geometry.to_numpy()))
    assert table["area_m2"].sum() == pytest.approx(common.area)
    assert table["population"].sum() == people["population"].sum()
    whole = table.groupby("old_id")["population_share_of_old"].sum(min_count=1).dropna()
    assert whole.to_numpy() == pytest.approx(1)
    for _, row in table.dropna(subset=["old_id", "new_id"]).iterrows():
        one, other = old.geometry[row["old_id"]], new.geometry[row["new_id"]]
        assert row["area_m2"] == pytest.approx(one.intersection(other).area)
        assert row["share_of_old"] == pytest.approx(row["area_m2"] / one.area)
        assert row["share_of_new"] == pytest.approx(row["area_m2"] / other.area)


def test_known_answer(zones_of: Any, points_of: Any) -> None:
    old = zones_of([shapely.box(0, 0, 100, 100), shapely.box(500, 0, 600, 100)], "2015", "QP")
    new = zones_of([shapely.box(50, 0, 150, 100), shapely.box(900, 0, 950, 100)], "2024", "QN")
    people = points_of([(10, 10), (75, 10), (140, 10), (550, 50)]).assign(population=[60, 40, 10, 7])
    table = crosswalk(old, new, weights=people)
    expected = pd.DataFrame(
        {
            "old_id": ["QP0", "QP1", None],
            "new_id": ["QN0", None, "QN1"],
            "old_vintage": ["2015", "2015", None],
            "new_vintage": ["2024", None, "2024"],
            "area_m2": [5000.0, 0, 0],
            "share_of_old": [0.5, 0, np.nan],
            "share_of_new": [0.5, np.nan, 0],
            "population": [40.0, 0, 0],
            "population_share_of_old": [0.4, 0, np.nan],
            "population_share_of_new": [0.8, np.nan, 0],
        },
    )
    pd.testing.assert_frame_equal(table.fillna(np.nan), expected.fillna(np.nan), check_dtype=False)


def test_a_sliver_is_no_pair_unless_people_live_in_it(zones_of: Any, points_of: Any) -> None:
    old = zones_of([shapely.box(0, 0, 1000, 1000)], "2015", "QP")
    new = zones_of([shapely.box(999.5, 0, 2000, 1000)], "2024", "QN")
    assert crosswalk(old, new)["area_m2"].tolist() == [0, 0]
    assert crosswalk(old, new, min_share=0.0001)["area_m2"].tolist() == [500]
    people = points_of([(999.7, 500), (1500, 500)]).assign(population=[5, 5])
    assert crosswalk(old, new, weights=people)["population"].tolist() == [5]


def test_an_empty_vintage_leaves_the_other_without_pairs(zones_of: Any) -> None:
    zones = zones_of([WHOLE])
    assert crosswalk(zones, zones_of([]))["new_id"].isna().tolist() == [True]
    assert crosswalk(zones_of([]), zones)["old_id"].isna().tolist() == [True]
    assert crosswalk(zones_of([]), zones_of([])).empty


def test_what_has_no_vintage_or_population_is_refused(zones_of: Any, points_of: Any) -> None:
    zones, people = zones_of([WHOLE]), points_of([(1, 1)])
    with pytest.raises(SchemaError, match="new: missing column vintage"):
        crosswalk(zones, zones.drop(columns="vintage"))
    with pytest.raises(SchemaError, match="population"):
        crosswalk(zones, zones, weights=people)
    with pytest.raises(SchemaError, match="p0, field population: 'nan'"):
        crosswalk(zones, zones, weights=people.assign(population=np.nan))
    with pytest.raises(SchemaError, match="Point expected"):
        crosswalk(zones, zones, weights=gpd.GeoDataFrame({"population": [1]}, geometry=[WHOLE], crs=2154))
