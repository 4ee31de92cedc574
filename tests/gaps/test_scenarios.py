"""Scenarios beside the intervals, on a row of square IRIS where each answer is known."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from shapely import Point, box

from essgeo import travel_cost
from essgeo.gaps import Areas, draw, iris_areas
from essgeo.gaps.scenarios import border_shares, reach_if_listed
from essgeo.maps.findings import borders, hangs_on

DAY = dt.date(2026, 1, 1)
PEOPLE = {"a": 400.0, "b": 100.0, "c": 300.0, "corner": 50.0, "far": 70.0}
AT = {"a": (0, 0), "b": (3, 0), "c": (6, 0), "corner": (9, 3), "far": (30, 0)}
"""Where each IRIS of 3 km stands, in km: a, b and c in a row, one that touches c at a corner, one away."""


def told(iris_codes: str, share: float = 1.0) -> pd.DataFrame:
    """Scenarios of a neighbourhood; the one place, exact and open, stands among the residents of a."""
    iris = gpd.GeoDataFrame(
        {"name": [code.upper() for code in AT]},
        index=pd.Index(AT, name="iris_code"),
        geometry=[box(1000 * x, 1000 * y, 1000 * x + 3000, 1000 * y + 3000) for x, y in AT.values()],
        crs=2154,
    )
    demand = gpd.GeoDataFrame(
        {"iris_code": list(AT), "population": list(PEOPLE.values()), "method": "grid"},
        geometry=iris.centroid.to_numpy(),
        crs=2154,
    )
    places = {"sectors": [""], "challenges": [""], "status": ["active"], "geo_radius_m": [0.0], "as_of": ["2026-01-01"]}
    shop = gpd.GeoDataFrame(places, geometry=[Point(1500, 1500)], crs=2154)
    zones = gpd.GeoDataFrame({"name": ["N"], "iris_codes": [iris_codes]}, index=["n"], geometry=[None], crs=2154)
    reached = pd.DataFrame(
        {"level": ["neighbourhood"], "zone_id": ["n"], "theme": ["all"], "minutes": [15], "share": [share]}
    )
    areas = iris_areas(demand)
    chance = {"odds": (9.0, 1.0), "as_of": DAY, "draws": 64, "seed": 0}
    drawn = draw(demand, shop, areas, travel_cost(demand, shop), within_minutes=[15], iris=(areas, 0), **chance)
    found = border_shares(zones, iris, areas, drawn.iris, coverage=reached, within_minutes=15)
    assert found["theme"].eq("all").all(), "of no other theme is there a share"
    return found.set_index("iris_code")


def test_a_perimeter_is_told_with_and_without_each_iris_at_its_border() -> None:
    found = told("a|b", 400 / 500)
    assert found["border"].to_dict() == {"c": "with", "b": "without"}, "a lies inside, and a corner is no border"
    assert found["residents"].to_dict() == {"c": 800.0, "b": 400.0}
    assert found["share"].round(6).to_dict() == {"c": 0.5, "b": 1.0}


def test_a_perimeter_of_one_iris_is_never_told_without_it() -> None:
    found = told("a", 0.9)  # as published: what is drawn is told from there
    assert found["border"].to_dict() == {"b": "with"}
    assert found["share"].round(6).to_dict() == {"b": pytest.approx(400 / 500 - 0.1)}
    assert told("").empty
    assert told("a", np.nan).empty, "an area without a figure has no scenario"
    assert told("far").empty


def test_the_lowest_and_the_highest_are_named() -> None:
    rows = told("a|b", 0.8).reset_index().to_dict("records")
    (said,) = borders(rows, 15, "en")
    assert "from 50% (with C) to 100% (without B)" in said
    (said,) = borders(rows[:1], 15, "en")
    assert said.endswith("with C, the share within 15 minutes would be 50%.")
    assert borders([], 15, "fr") == []


@pytest.mark.parametrize(("lost", "said"), [(0.0, 0), (5.0, 0), (40.0, 0), (60.0, 1)])
def test_an_end_that_hangs_on_one_place_is_a_sentence(lost: float, said: int) -> None:
    row = {"held_up_by": "s1|s2" if lost else "", "lost_with_first": lost}
    reached = {"share": 0.8, "share_low": 0.7, "residents_measured": 1000.0}
    found = hangs_on(row, reached, {"s1": "Altrimenti"}, "en")
    assert len(found) == said
    assert all("If Altrimenti has closed, 60 residents" in one for one in found)


def test_what_is_not_listed_is_spread_like_residents() -> None:
    demand = gpd.GeoDataFrame(
        {"population": [10.0, 30.0, 60.0]}, geometry=gpd.points_from_xy([0, 5000, 9000], [0, 0, 0]), crs=2154
    )
    shops = gpd.GeoDataFrame(
        {"family": ["association", "cooperative", "association"], "status": ["active", "active", "closed"]},
        geometry=gpd.points_from_xy([0, 5000, 9000], [0, 0, 0]),
        crs=2154,
    )
    table = pd.DataFrame(
        {"level": ["territory", "neighbourhood", "qpv"], "zone_id": list("tnq"), "zone_name": list("TNQ"),
         "residents": [100.0, 60.0, 10.0]}
    )  # fmt: skip
    areas = Areas(table, sparse.csr_matrix([[10.0, 30, 60], [0, 0, 60], [10, 0, 0]]))
    portrait = pd.DataFrame(
        {"family": ["association", "cooperative", "fondation", "total"], "seed_enterprises": [3.0, 1.0, np.nan, 4.0]}
    )
    found = reach_if_listed(demand, shops, areas, portrait, within_minutes=15, speed_kmh=4.5)
    found = found.set_index(["zone_id", "family"])
    assert {*found.index.get_level_values("zone_id")} == {"t", "n", "q"}, "the territory, target neighbourhoods and QPV"
    assert found.loc["t", "share_listed"].round(6).to_dict() == {"association": 0.1, "cooperative": 0.3, "total": 0.4}
    # Two associations are not located: each stands with 10, 30 or 60 %; the one cooperative is.
    many = 0.1 + 0.3 * (1 - 0.7**2) + 0.6 * (1 - 0.4**2)
    assert found.loc[("t", "association"), "share_if_listed"] == pytest.approx(many)
    assert found.loc[("t", "cooperative"), "share_if_listed"] == pytest.approx(0.3)
    assert found.loc[("n", "association"), "share_if_listed"] == pytest.approx(1 - 0.4**2)
    # Where establishments are known, the others stand where these do: all in the commune of the first resident.
    known = pd.Series([50, 0], index=["93010", "93048"])
    beside = demand.assign(citycode=["93010", *["93048"] * (len(demand) - 1)])
    walk = {"within_minutes": 15, "speed_kmh": 4.5}
    moved = reach_if_listed(beside, shops, areas, portrait, **walk, establishments=known).set_index(
        ["zone_id", "family"]
    )
    assert moved.loc[("t", "association"), "share_if_listed"] == pytest.approx(0.1)
    assert moved.loc[("n", "association"), "share_if_listed"] == pytest.approx(0)
    nothing = portrait.assign(seed_enterprises=np.nan)
    assert reach_if_listed(demand, shops, areas, nothing, within_minutes=15, speed_kmh=4.5).empty
