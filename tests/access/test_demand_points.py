"""Demand points carry the population of their IRIS, to the last resident."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from essgeo import load_territory, read_layer
from essgeo.access import accessibility, demand_points, grid_points, travel_cost
from essgeo.errors import CRSMismatchError, InputError, InputWarning, MissingCRSError

CELLS = shapely.voronoi_polygons(
    shapely.MultiPoint([(120, 90), (400, 330), (800, 150), (640, 700), (150, 760), (910, 905), (415, 345)]),
    extend_to=shapely.box(0, 0, 1000, 1000),
)


def layer(population: list[int], shapes: list[shapely.Geometry], crs: int | None = 2154) -> gpd.GeoDataFrame:
    codes = pd.Index([f"i{n}" for n in range(len(shapes))], name="iris_code")
    columns = {"population": population, "median_income": np.nan, "citycode": [f"c{n % 3}" for n in range(len(shapes))]}
    return gpd.GeoDataFrame(columns, geometry=shapes, index=codes, crs=crs)


@given(
    population=st.lists(st.integers(0, 9999), min_size=7, max_size=7),
    spacing=st.floats(40, 2000),
    shift=st.floats(-50, 50),
)
def test_population_is_conserved_whatever_the_spacing(population: list[int], spacing: float, shift: float) -> None:
    shapes = [shapely.affinity.translate(shape, shift, shift) for shape in shapely.get_parts(CELLS)]
    iris = layer(population, shapes)
    before = iris.copy(deep=True)
    points = demand_points(iris, spacing_m=spacing)
    pd.testing.assert_frame_equal(iris, before)
    sums = points.groupby("iris_code")["population"].sum()
    assert sums.index.tolist() == iris.index.tolist()
    assert np.allclose(sums, population, rtol=1e-12, atol=1e-9)
    assert points["population"].sum() == pytest.approx(sum(population), rel=1e-12)
    assert points.groupby("citycode")["population"].sum().to_dict() == pytest.approx(
        iris.groupby("citycode")["population"].sum().to_dict()
    )
    home = iris.geometry.loc[points["iris_code"]].to_numpy()
    assert (shapely.distance(home, points.geometry.to_numpy()) < 1e-6).all()


def test_the_population_of_est_ensemble_is_conserved_at_every_level() -> None:
    here = load_territory("est-ensemble")
    iris, targets = read_layer(here, "iris"), read_layer(here, "neighbourhoods")
    points = demand_points(iris, neighbourhoods=targets)
    assert round(points["population"].sum(), 6) == iris["population"].sum() == 441_045
    by_commune = points.groupby("citycode")["population"].sum()
    expected = read_layer(here, "communes")["population"]
    assert by_commune.round(6).to_dict() == expected.to_dict()
    by_target = points.groupby("neighbourhood_id")["population"].sum()
    for name, codes in targets["iris_codes"].items():
        assert round(by_target[name], 6) == iris.loc[codes.split("|"), "population"].sum()
    assert (points["population"] > 0).sum() > 10_000


def test_points_are_a_grid_of_the_spacing() -> None:
    points = demand_points(layer([100], [shapely.box(3, 3, 1003, 1003)]), spacing_m=100)
    xs = np.unique(points.geometry.x)
    assert len(points) == 100
    assert np.diff(xs).tolist() == [100.0] * 9
    assert points["population"].tolist() == pytest.approx([1.0] * 100)


@pytest.mark.parametrize("seed", range(5))
def test_a_point_on_a_border_is_of_the_first_iris(seed: int) -> None:
    corners = np.array([(x, y) for x in range(50, 1200, 100) for y in range(50, 1200, 100)])
    corners = np.random.default_rng(seed).permutation(corners)
    iris = layer([1] * len(corners), [shapely.box(x, y, x + 100, y + 100) for x, y in corners])
    points = demand_points(iris, spacing_m=100)
    xy = shapely.get_coordinates(points.geometry)
    at_corner = (xy % 100 == 50).all(axis=1)  # the others are those of squares that no corner was left for
    touching = (np.abs(xy[at_corner][:, None] - (corners + 50)) <= 50).all(axis=2)  # points x squares
    assert points["iris_code"][at_corner].tolist() == iris.index[touching.argmax(axis=1)].tolist()


def test_an_iris_too_small_for_the_grid_gets_one_point_inside() -> None:
    tiny = shapely.box(10, 10, 12, 12)
    points = demand_points(layer([7, 0], [tiny, shapely.box(500, 500, 501, 501)]), spacing_m=100)
    assert points["population"].tolist() == [7, 0]
    assert tiny.contains(points.geometry.iloc[0])


def test_bad_input_is_refused() -> None:
    iris = layer([1], [shapely.box(0, 0, 100, 100)])
    for spacing in (0, -1, float("nan")):
        with pytest.raises(InputError, match="spacing_m must be positive"):
            demand_points(iris, spacing_m=spacing)
    with pytest.raises(MissingCRSError, match="iris"):
        demand_points(layer([1], [shapely.box(0, 0, 1, 1)], crs=None))
    with pytest.raises(CRSMismatchError, match="iris: EPSG:4326 is not in metres"):
        demand_points(layer([1], [shapely.box(0, 0, 1, 1)], crs=4326))
    twice = gpd.GeoDataFrame({"iris_codes": ["i0", "i0"]}, index=["a", "b"], geometry=[None, None], crs=2154)
    with pytest.raises(InputError, match="IRIS i0 stands in a and in b"):
        demand_points(iris, neighbourhoods=twice)


def test_a_plain_frame_needs_residents_and_nothing_else() -> None:
    blocks = gpd.GeoDataFrame(
        {"population": [90.0, 10.0]}, geometry=[shapely.box(0, 0, 150, 150), shapely.box(900, 0, 950, 50)], crs=2154
    )
    outlines = gpd.GeoDataFrame(geometry=[shapely.box(800, -100, 1000, 100)], index=["ici"], crs=2154)
    points = demand_points(blocks, neighbourhoods=outlines)
    assert points.groupby("iris_code")["population"].sum().tolist() == pytest.approx([90.0, 10.0])
    assert points["income"].isna().all()
    assert points.groupby("neighbourhood_id")["population"].sum().to_dict() == pytest.approx({"": 90.0, "ici": 10.0})


def test_what_is_missing_is_asked_for() -> None:
    blocks = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 150, 150)], crs=2154)
    homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [0]), crs=2154)
    with pytest.raises(InputError, match="iris: missing column population"):
        demand_points(blocks)
    with pytest.raises(InputError, match="demand: missing column population"):
        accessibility(homes, homes, travel_cost(homes, homes))


def test_what_cannot_be_used_is_refused_with_its_row() -> None:
    block = gpd.GeoDataFrame({"population": [90.0]}, geometry=[shapely.box(0, 0, 150, 150)], index=["i"], crs=2154)
    home = block.set_geometry(block.centroid)
    for wrong in ("dix", None, -1):
        told = pd.Series([wrong], index=["i"], dtype=object)
        with pytest.raises(InputError, match=rf"iris: 1 fault.\n  i, field population: '{wrong}' is not a population"):
            demand_points(block.assign(population=told))
        with pytest.raises(InputError, match=rf"demand: 1 fault.\n  i, field population: '{wrong}'"):
            accessibility(home.assign(population=told), home, travel_cost(home, home))
    with pytest.raises(InputError, match="i, field geometry: is empty"):
        demand_points(block.set_geometry([None], crs=2154))
    with pytest.raises(InputError, match="no IRIS in it"):
        demand_points(block.iloc[:0])
    with pytest.raises(CRSMismatchError, match="iris is in EPSG:2154 and neighbourhoods in EPSG:4326"):
        demand_points(block, neighbourhoods=home.to_crs(4326))
    for ends in ((block, home), (home, block)):
        with pytest.raises(InputError, match="i, field geometry: is a Polygon; Point expected"):
            travel_cost(*ends)


def test_a_cell_without_a_number_of_residents_is_refused() -> None:
    squares = [shapely.box(x, 0, x + 200, 200) for x in (0, 200, 400)]
    cells = gpd.GeoDataFrame({"ind": [5, np.nan, -1.0], "ind_snv": 1e5, "i_est_200": 0}, geometry=squares, crs=2154)
    with pytest.raises(InputError, match=r"population grid: 2 faults.\n  1, field ind: .*\n  2, field ind: "):
        grid_points(cells, layer([0], [shapely.box(0, 0, 600, 200)]))
    outside = layer([0], [shapely.box(0, 0, 200, 200)])
    assert grid_points(cells, outside)["population"].tolist() == [5]


@pytest.mark.parametrize("name", ["here", 0])  # 0: the index that a frame has unless one is given
def test_a_neighbourhood_that_was_moved_takes_the_residents_inside_its_outline(name: Any) -> None:
    squares = [shapely.box(x, 0, x + 200, 200) for x in (0, 200, 400)]
    iris = gpd.GeoDataFrame({"population": [100.0, 200.0, 400.0]}, index=["a", "b", "c"], geometry=squares, crs=2154)
    listed = pd.DataFrame({"iris_codes": ["a|b"]}, index=[name])
    drawn = gpd.GeoDataFrame(listed, geometry=[shapely.box(0, 0, 400, 200)], crs=2154)

    def people(neighbourhoods: pd.DataFrame) -> float:
        found = demand_points(iris, neighbourhoods=neighbourhoods)
        return float(found.loc[found["neighbourhood_id"] == name, "population"].sum())

    assert people(listed) == people(drawn) == 300
    with pytest.warns(InputWarning, match=f"the outline of {name} is not that of its iris_codes"):
        assert people(drawn.set_geometry([shapely.box(300, 0, 500, 200)], crs=2154)) == 300
    with pytest.warns(InputWarning, match="inside the outline"):
        assert people(drawn.set_geometry([shapely.box(400, 0, 600, 200)], crs=2154)) == 400
    with pytest.raises(InputError, match=f"{name} has neither iris_codes nor an outline"):
        people(listed.assign(iris_codes=""))


def test_iris_and_neighbourhoods_of_a_notebook_may_carry_french_names() -> None:
    squares = [shapely.box(0, 0, 200, 200), shapely.box(200, 0, 400, 200)]
    iris = gpd.GeoDataFrame({"P21_POP": [100, 200], "INSEE_COM": "93010"}, index=["a", "b"], geometry=squares, crs=2154)
    listed = pd.DataFrame({"Nom": ["Le Haut"], "Liste IRIS": ["b"]}, index=["haut"])
    found = demand_points(iris, neighbourhoods=listed)
    assert found.groupby("neighbourhood_id")["population"].sum().round(6).to_dict() == {"": 100, "haut": 200}
    assert set(found["citycode"]) == {"93010"}
