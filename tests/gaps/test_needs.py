"""Needs by area against sums made by hand, whom a challenge is for, and what nobody knows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from essgeo import needs, travel_cost
from essgeo.errors import InputError
from essgeo.gaps import Areas, challenge_reach, coverage, iris_areas, iris_supply, needs_supply, stacked
from essgeo.gaps.shares import draw
from essgeo.schema.vocabulary import CHALLENGES

NAMES = ("t", "whole", "part", "nobody")
HOMES = gpd.GeoDataFrame(
    {"iris_code": ["a", "a", "b"], "population": [10.0, 30.0, 60.0], "method": "grid"},
    geometry=gpd.points_from_xy([0, 5000, 0], [0, 0, 0]),
    crs=2154,
)
# Residents at each point: all of them; those of IRIS a; a quarter of a and all of b; none.
PEOPLE = sparse.csr_matrix([[10.0, 30, 60], [10, 30, 0], [10, 0, 60], [0, 0, 0]])
AREAS = Areas(
    pd.DataFrame({"level": ["territory", "neighbourhood", "qpv", "qpv"], "zone_id": NAMES, "zone_name": NAMES}).assign(
        vintage="", residents=np.asarray(PEOPLE.sum(axis=1)).ravel()
    ),
    PEOPLE,
)


def told(figures: dict[str, Any]) -> Any:
    return needs(HOMES, AREAS, pd.DataFrame(figures)).set_index(["indicator", "zone_id"])


def test_an_area_has_the_mean_of_its_iris_and_lies_between_the_lowest_and_the_highest() -> None:
    found = told({"taux": {"a": 20.0, "b": 10.0}, "revenu": {"a": 20e3, "b": 10e3}})
    assert found.loc[("taux", "t"), ["need_value", "need_low", "need_high"]].tolist() == [14, 14, 14]
    assert found.loc[("taux", "part"), ["need_low", "need_high"]].tolist() == [10, 20]
    assert found.loc[("taux", "part"), "need_value"] == pytest.approx((10 * 20 + 60 * 10) / 70)
    assert told({"unemployment": {"a": 20.0, "b": 10.0}}).loc[("unemployment", "whole"), "need"] == "more"
    # Of a rate a high figure tells of need, of an income a low one; what spans both sides is not told apart.
    assert found.loc["taux"]["need"].to_dict() == {
        "t": "alike",
        "whole": "more",
        "part": "alike",
        "nobody": "not_known",
    }
    assert found.loc[("revenu", "whole"), "need"] == "less"


def test_codes_that_a_frame_holds_as_numbers_are_those_of_the_residents() -> None:
    homes = HOMES.assign(iris_code=[101, 101, 102])
    iris = pd.DataFrame({"name": ["A", "B"], "revenu": [20e3, 10e3]}, index=[101, 102])
    areas = iris_areas(homes, iris)
    assert areas.table["zone_name"].tolist() == ["A", "B"]
    assert needs(homes, areas, iris[["revenu"]])["need_value"].tolist() == [20e3, 10e3]
    with pytest.raises(InputError, match=r"indicators: 1 fault.\n  101, field index: stands twice"):
        needs(homes, areas, pd.DataFrame({"revenu": [1.0, 2.0]}, index=[101, 101]))


def test_what_is_counted_is_told_for_100_residents() -> None:
    found = told({"Nombre de jeunes": {"a": 8.0, "b": 6.0}, "aged_11_17": {"a": 4.0, "b": 6.0}})
    assert found.loc[("Nombre de jeunes", "whole"), ["need_value", "method"]].tolist() == [20, "needs_counted"]
    assert found.loc[("Nombre de jeunes", "t"), "need_value"] == pytest.approx(14)
    assert found.loc[("aged_11_17", "t"), "need_value"] == pytest.approx(10)


def test_a_figure_given_for_the_area_itself_stands_and_an_unknown_one_concludes_nothing() -> None:
    found = told({"taux": {"a": 20.0, "b": np.nan, "part": 33.0}})
    assert found.loc[("taux", "part"), ["need_value", "need_low", "method"]].tolist() == [33, 33, "needs_given"]
    assert found.loc[("taux", "t"), "need_known"] == pytest.approx(0.4)
    assert found.loc[("taux", "t"), "need"] == "not_known"
    assert needs(HOMES, AREAS, pd.DataFrame()).empty


def test_a_challenge_counts_its_public_where_it_is_known_and_says_where_residents_stand_in() -> None:
    """All the young live at the third point, beside the shop: whoever else is out of its reach."""
    shop = gpd.GeoDataFrame(
        {"sectors": [""], "challenges": ["jeunesse|alimentation_durable"], "status": ["active"], "geo_radius_m": [0.0]},
        geometry=gpd.points_from_xy([100], [0]),
        crs=2154,
    )
    cost, chance = travel_cost(HOMES, shop), {"odds": (99, 1), "draws": 8}
    reached = coverage(HOMES, shop, AREAS, cost, within_minutes=[15], draws=8)
    young = HOMES.assign(aged_11_24=[0.0, 0.0, 6.0])
    found = challenge_reach(young, shop, AREAS, cost, coverage=reached, within_minutes=15, **chance)
    assert [*found["challenge"].unique()] == [*CHALLENGES]
    rows: Any = found[found["zone_id"] == "t"].set_index(["challenge", "aim"])
    assert rows.loc[("jeunesse", ""), ["public", "stands_in", "people", "share"]].tolist() == [
        "aged_11_24",
        False,
        6,
        1,
    ]
    food = rows.loc[("alimentation_durable", "precarite_alimentaire")]
    assert food[["public", "wanted", "stands_in"]].tolist() == ["population", "poor_households", True]
    assert food["share"] == pytest.approx(0.7)
    concluded = {"theme": ["jeunesse", "alimentation_durable"], "conclusion": ["", "few_located"]}
    gaps = pd.DataFrame(concluded).assign(level="neighbourhood", neighbourhood_id="whole")
    table = needs_supply(needs(HOMES, AREAS, pd.DataFrame({"x": {"a": 1.0}})), gaps, reached, minutes=15)
    assert table.set_index("theme")["supply"].to_dict() == {"jeunesse": "behind", "alimentation_durable": "not_known"}


def test_an_iris_has_its_own_figure_beside_its_own_supply() -> None:
    """IRIS b lies beside three shops for the young, of IRIS a a quarter of the residents."""
    shops = gpd.GeoDataFrame(
        {"sectors": "", "challenges": ["jeunesse"] * 3, "status": "active", "geo_radius_m": 0.0},
        geometry=gpd.points_from_xy([100, 110, 120], [0, 0, 0]),
        crs=2154,
    )
    by_iris, cost = iris_areas(HOMES), travel_cost(HOMES, shops)
    chance = {"odds": (99, 1), "as_of": dt.date(2026, 11, 1), "draws": 8, "seed": 0}
    drawn = draw(HOMES, shops, AREAS, cost, within_minutes=[15], iris=(by_iris, 0), **chance)
    found = iris_supply(shops, by_iris, drawn.iris).set_index(["zone_id", "theme"])
    assert found.loc[("a", "jeunesse"), ["share", "conclusion"]].tolist() == [0.25, ""]
    assert found.loc[("b", "jeunesse"), ["share_low", "share_high", "conclusion"]].tolist() == [1, 1, "not_behind"]
    assert found.loc[("a", "transition_ecologique"), "conclusion"] == "none"
    needed = needs(HOMES, stacked(AREAS, iris_areas(HOMES)), pd.DataFrame({"taux": {"a": 20.0, "b": 10.0}}))
    reached = coverage(HOMES, shops, AREAS, cost, within_minutes=[15], draws=8)
    none = pd.DataFrame(columns=["level", "neighbourhood_id", "theme", "conclusion"])
    table = needs_supply(needed, none, reached, found.reset_index(), minutes=15)
    young = table[table["theme"] == "jeunesse"].set_index("zone_id")
    assert young[["level", "need", "need_value", "supply"]].to_numpy().tolist() == [
        ["iris", "more", 20, "behind"],
        ["iris", "less", 10, "not_behind"],
    ]
