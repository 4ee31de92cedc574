"""Bondy twice: over its streets and in straight lines, from the 200 m grid and from IRIS."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pytest

from essgeo import demand_points, find_gaps, geocode, load_territory, read_layer, travel_cost
from essgeo.access import coverage_share, estimate_detour, grid_points, nearest_minutes
from essgeo.errors import InputError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from essgeo.access import WalkNetwork

BONDY = "93010"


@pytest.fixture(scope="module")
def layers() -> dict[str, gpd.GeoDataFrame]:
    here = load_territory("est-ensemble")
    return {name: read_layer(here, name) for name in ("iris", "neighbourhoods", "structures", "addresses")}


@pytest.fixture(scope="module")
def from_iris(layers: dict[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    iris = layers["iris"]
    return demand_points(iris[iris["citycode"] == BONDY], neighbourhoods=layers["neighbourhoods"])


@pytest.fixture(scope="module")
def from_grid(shared: Path, layers: dict[str, gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    cells = gpd.read_file(shared / "population" / "bondy_carreaux200m_filosofi2019.gpkg")
    iris = layers["iris"]
    return grid_points(cells, iris[iris["citycode"] == BONDY], neighbourhoods=layers["neighbourhoods"])


@pytest.fixture(scope="module")
def places(layers: dict[str, gpd.GeoDataFrame], bondy: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    located = geocode(layers["structures"], using=layers["addresses"])
    located = located[located.geometry.notna()]
    return located[located.intersects(bondy.geometry.iloc[0])]


def test_both_demand_layers_count_the_same_town(from_iris: gpd.GeoDataFrame, from_grid: gpd.GeoDataFrame) -> None:
    # The grid alone tells poor households.
    assert [name for name in from_grid if name != "poor_households"] == list(from_iris)
    iris, grid = from_iris["population"].sum(), from_grid["population"].sum()
    assert grid == pytest.approx(iris, rel=0.1)
    assert from_iris["neighbourhood_id"].isin(["la-noue-caillet", ""]).all()
    assert (from_grid["neighbourhood_id"] == "la-noue-caillet").any()
    assert from_grid["income"].between(5_000, 120_000).all()
    assert from_grid["method"].iloc[0] != from_iris["method"].iloc[0]


def test_shares_side_by_side(
    from_iris: gpd.GeoDataFrame, from_grid: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: WalkNetwork
) -> None:
    shares = {}
    for demand_name, demand in (("iris", from_iris), ("grid", from_grid)):
        for cost_name, network in (("straight", None), ("streets", streets)):
            cost = travel_cost(demand, places, network=network)
            found = coverage_share(nearest_minutes(cost), demand["population"].to_numpy(), [5, 10, 15])
            assert (np.diff(found) >= 0).all()
            shares[demand_name, cost_name] = found
    for demand_name in ("iris", "grid"):
        np.testing.assert_allclose(shares[demand_name, "straight"], shares[demand_name, "streets"], atol=0.2)
    for cost_name in ("straight", "streets"):
        np.testing.assert_allclose(shares["iris", cost_name], shares["grid", cost_name], atol=0.2)


def test_streets_are_never_shorter_than_straight_lines(
    from_grid: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: WalkNetwork
) -> None:
    cost = travel_cost(from_grid, places, network=streets, max_minutes=60)
    assert len(cost.minutes)
    start, end = from_grid.geometry.iloc[cost.origin], places.geometry.iloc[cost.destination]
    straight = np.hypot(start.x.to_numpy() - end.x.to_numpy(), start.y.to_numpy() - end.y.to_numpy())
    assert (cost.minutes * 75 >= straight * (1 - 1e-6)).all()


def test_the_detour_of_bondy(from_grid: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: WalkNetwork) -> None:
    found = estimate_detour(from_grid, places, streets)
    assert 1.1 < found.low <= found.factor <= found.high < 1.7
    assert found.trip_low < found.low
    assert found.trip_high > found.high
    assert found.slope == pytest.approx(found.factor, rel=0.1)
    assert found.trips > 100
    assert found.network_date == "2023-07-27"
    assert estimate_detour(from_grid, places, streets) == found


def test_gaps_over_streets(
    layers: dict[str, gpd.GeoDataFrame], from_grid: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: WalkNetwork
) -> None:
    gaps = find_gaps(from_grid, places, layers["neighbourhoods"], network=streets, as_of=dt.date(2026, 1, 1), draws=30)
    assert gaps["method"].str.startswith("network date=2023-07-27 speed_kmh=4.5").all()
    assert gaps["population_method"].eq("grid_200m").all()
    here = gaps[gaps["neighbourhood_id"] == "la-noue-caillet"]
    known = here.dropna(subset=["low"])
    assert len(known) > 0
    assert (known["low"] <= known["high"]).all()
    elsewhere = gaps[gaps["neighbourhood_id"] != "la-noue-caillet"]
    assert elsewhere["share"].isna().all()


def test_a_detour_needs_trips(draw: Callable[..., WalkNetwork], at: Callable[..., gpd.GeoDataFrame]) -> None:
    street = draw([[(0, 0), (1000, 0)]])
    with pytest.raises(InputError, match="no trip of 100 m or more"):
        estimate_detour(at((0, 0)), at((50, 0)), street)


def test_the_detour_of_a_known_town(draw: Callable[..., WalkNetwork], at: Callable[..., gpd.GeoDataFrame]) -> None:
    corner = draw([[(0, 0), (300, 0), (300, 300)]])
    found = estimate_detour(at((0, 0)), at((300, 300)), corner)
    assert found.factor == pytest.approx(2**0.5, rel=1e-4)
    assert found.low == found.factor == found.high


def test_a_grid_without_its_columns_is_refused(layers: dict[str, gpd.GeoDataFrame]) -> None:
    with pytest.raises(SchemaError, match="missing columns ind, ind_snv, i_est_200"):
        grid_points(layers["iris"][["geometry"]], layers["iris"])
