"""Gaps with their intervals, against plain loops."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from essgeo import find_gaps, travel_cost
from essgeo.gaps import area_coverage, assess_gaps, coverage, dependence, draw, iris_areas
from essgeo.gaps.areas import need_weights
from essgeo.gaps.find import COLUMNS
from essgeo.gaps.reach import THEME_ROWS
from essgeo.register import activity_odds

AS_OF = dt.date(2026, 1, 1)
ODDS = (9.5, 2.5)


def assess(town: Any, *, within_minutes: int = 15, seed: int = 0, draws: int = 64) -> pd.DataFrame:
    cost = travel_cost(town.demand, town.structures, max_minutes=60)
    chance = {"within_minutes": [within_minutes], "odds": ODDS, "draws": draws, "seed": seed, "as_of": AS_OF}
    drawn = draw(town.demand, town.structures, town.areas, cost, **chance)
    options = {"drawn": drawn, "as_of": AS_OF, "within_minutes": within_minutes}
    return assess_gaps(town.demand, town.structures, town.areas, cost, **options)


@pytest.fixture(scope="module")
def gaps(town: Any) -> pd.DataFrame:
    return assess(town)


def offers(structures: gpd.GeoDataFrame, theme: str) -> list[bool]:
    return [
        theme == "all" or theme in f"{sectors}|{challenges}".split("|")
        for sectors, challenges in zip(structures["sectors"], structures["challenges"], strict=True)
    ]


def minutes_to(town: Any, theme: str) -> list[list[float]]:
    """Minutes to every structure that offers a theme, in the loop everybody would write first."""
    among = town.structures[offers(town.structures, theme)]
    return [[walk(home.distance(place)) for place in among.geometry] for home in town.demand.geometry]


def walk(metres: float) -> float:
    return (1.15 * metres + 132 * (metres / 300) ** 0.4) / 75


@pytest.mark.parametrize("theme", ["all", "mobilite", "numerique", "jeunesse"])
def test_a_row_by_a_plain_loop(town: Any, theme: str) -> None:
    gaps = assess(town, draws=0)
    nearest = [min(times) for times in minutes_to(town, theme)]
    people, need = town.demand["population"].tolist(), need_weights(town.demand).tolist()
    total = sum(people)
    reached = sum(p for p, t in zip(people, nearest, strict=True) if t <= 15) / total
    order = sorted(zip(nearest, people, strict=True), reverse=True)
    line, running = 0.0, 0.0
    for time, p in order:
        running += p
        if running >= total / 2:
            line = max(time, 1)
            break
    for zone in ("west", "middle"):
        row = gaps[(gaps["neighbourhood_id"] == zone) & (gaps["theme"] == theme)].iloc[0]
        matrix = town.areas.residents[town.areas.table["zone_id"].tolist().index(zone)].toarray().ravel().tolist()
        local = sum(matrix)
        share = sum(p for p, t in zip(matrix, nearest, strict=True) if t <= 15) / local
        assert row["share"] == pytest.approx(share)
        assert row["gap_points"] == pytest.approx(100 * (reached - share))
        assert row["out_of_reach"] == pytest.approx(local * (1 - share))
        assert row["low"] == row["gap_points"] == row["high"]
        needed = sum(p * w for p, w in zip(matrix, need, strict=True))
        met = sum(p * w for p, w, t in zip(matrix, need, nearest, strict=True) if t <= 15)
        all_needed = sum(p * w for p, w in zip(people, need, strict=True))
        all_met = sum(p * w for p, w, t in zip(people, need, nearest, strict=True) if t <= 15)
        assert row["need_gap"] == pytest.approx(needed * (all_met / all_needed - met / needed))
        for alpha in (0, 1, 2):
            short = sum(p * (1 - line / max(t, 1)) ** alpha for p, t in zip(matrix, nearest, strict=True) if t > line)
            assert row[f"fgt{alpha}"] == pytest.approx(short / local, abs=2e-3 if alpha == 0 else 1e-5)


def test_poverty_lies_between_0_and_1_and_falls_with_alpha(gaps: pd.DataFrame) -> None:
    known = gaps.dropna(subset=["fgt0"])
    assert len(known)
    assert known["fgt0"].le(1 + 1e-12).all()
    assert known["fgt2"].ge(0).all()
    assert (known["fgt0"] >= known["fgt1"]).all()
    assert (known["fgt1"] >= known["fgt2"]).all()


def test_nobody_lives_there(gaps: pd.DataFrame) -> None:
    empty = gaps[gaps["neighbourhood_id"] == "nobody"]
    assert empty[["share", "gap_points", "low", "high", "fgt0", "need_gap"]].isna().all(axis=None)
    assert empty["finding_en"].str.endswith("nobody lives here, there is nothing to measure.").all()


def test_a_sector_without_a_structure_is_no_gap_and_says_so(gaps: pd.DataFrame) -> None:
    absent = gaps[(gaps["theme"] == "petite_enfance") & (gaps["neighbourhood_id"] == "west")].iloc[0]
    assert (absent["conclusion"], absent["rank"], absent["zone_rank"]) == ("none", 0, 0)
    assert absent["structures"] == 0
    assert absent[["share", "share_located", "out_of_reach", "gap_points", "gap_residents", "fgt1"]].isna().all()
    assert "the register knows no place" in absent["finding_en"]


def test_no_structure_at_all(town: Any) -> None:
    none = assess(type(town)(town.demand, town.structures.iloc[:0], town.areas))
    assert none["share"].isna().all()
    assert none["conclusion"].isin(["none", "nobody"]).all()
    assert none["held_up_by"].eq("").all()


def test_scaling_the_population_changes_no_share(town: Any, gaps: pd.DataFrame) -> None:
    areas = type(town.areas)(
        town.areas.table.assign(residents=5 * town.areas.table["residents"]), 5 * town.areas.residents
    )
    scaled = assess(type(town)(town.demand.assign(population=5 * town.demand["population"]), town.structures, areas))
    same = ["share", "gap_points", "low", "high", "fgt0", "fgt1", "fgt2", "rank", "zone_rank", "group"]
    # Residents of the worlds are summed in single precision: to a thousandth of a point.
    pd.testing.assert_frame_equal(scaled[same], gaps[same], atol=1e-3)
    np.testing.assert_allclose(scaled["out_of_reach"], 5 * gaps["out_of_reach"], rtol=1e-4, atol=1e-2)


def test_one_structure_more_never_puts_anyone_out_of_reach(town: Any, gaps: pd.DataFrame) -> None:
    fewer = assess(type(town)(town.demand, town.structures.iloc[:-1], town.areas))
    keys = ["neighbourhood_id", "theme"]
    known = gaps.set_index(keys)["share"].dropna()
    before = (
        fewer.set_index(keys)["share"].reindex(known.index).fillna(0)
    )  # of the themes that only the last one offers
    assert (known >= before).all()
    assert (known > before).any()


def test_a_longer_walk_never_reaches_fewer(town: Any, gaps: pd.DataFrame) -> None:
    keys = ["neighbourhood_id", "theme"]
    longer = assess(town, within_minutes=20).set_index(keys)["share"].dropna()
    assert (longer >= gaps.set_index(keys)["share"].dropna()).all()


def test_the_same_seed_gives_the_same_intervals(town: Any, gaps: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(assess(town), gaps)
    other = assess(town, seed=1)
    assert not other["low"].equals(gaps["low"])
    assert np.allclose(other["gap_points"], gaps["gap_points"], atol=12, equal_nan=True)


def test_activity_widens_the_interval(town: Any) -> None:
    exact = type(town)(town.demand, town.structures.assign(geo_radius_m=0.0, status="active"), town.areas)
    sure, doubtful = (
        assess(exact),
        assess(type(town)(town.demand, town.structures.assign(geo_radius_m=0.0), town.areas)),
    )
    keys = ["neighbourhood_id", "theme"]
    width = [table.set_index(keys).eval("out_of_reach_high - out_of_reach_low") for table in (sure, doubtful)]
    assert width[1]["middle", "tiers_lieu"] > width[0]["middle", "tiers_lieu"]


def test_losses_by_closing_each_structure(town: Any) -> None:
    cost = travel_cost(town.demand, town.structures, max_minutes=60)
    table = dependence(town.structures, town.areas, cost, within_minutes=15)
    found = table.set_index(["zone_id", "theme", "structure_id"])["residents_lost"]
    people = town.areas.residents.toarray()
    rows = 0
    for theme in ("all", "mobilite", "numerique", "jeunesse", "tiers_lieu"):
        times = minutes_to(town, theme)
        names = town.structures.index[offers(town.structures, theme)].tolist()
        for closed, name in enumerate(names):
            lost = [
                any(t <= 15 for t in row) and not any(t <= 15 for other, t in enumerate(row) if other != closed)
                for row in times
            ]
            for area, zone in enumerate(town.areas.table["zone_id"]):
                expected = people[area] @ lost
                assert found.get((zone, theme, name), 0.0) == pytest.approx(expected)
                rows += expected > 0
    assert rows == len(table)


def test_the_first_holder_is_the_heaviest_loss(town: Any, gaps: pd.DataFrame) -> None:
    row = gaps[(gaps["neighbourhood_id"] == "west") & (gaps["theme"] == "all")].iloc[0]
    cost = travel_cost(town.demand, town.structures, max_minutes=60)
    table = dependence(town.structures, town.areas, cost, within_minutes=15)
    west = table[(table["zone_id"] == "west") & (table["theme"] == "all")]
    assert row["held_up_by"].split("|") == west["structure_id"].tolist()[:3]
    assert row["lost_with_first"] == pytest.approx(west["residents_lost"].max())


def test_odds_come_from_what_was_verified() -> None:
    status = ["active"] * 7 + ["closed", "moved"] + ["unknown"] * 50
    assert activity_odds(pd.DataFrame({"status": status})) == (7.5, 2.5)


def test_the_territory(layers: dict[str, gpd.GeoDataFrame]) -> None:
    found = find_gaps(
        layers["demand"],
        layers["structures"],
        layers["neighbourhoods"],
        qpv=layers["qpv"],
        communes=layers["communes"],
        as_of=AS_OF,
        draws=40,
    )
    assert [*COLUMNS, "geometry"] == list(found.columns)
    counts = found.groupby("level", sort=False)["neighbourhood_id"].nunique().to_dict()
    assert counts == {"commune": 9, "neighbourhood": 4, "qpv": len(layers["qpv"])}
    assert found.groupby("neighbourhood_id").size().eq(len(THEME_ROWS)).all()
    inside = found.dropna(subset=["share"])
    assert inside["low"].le(inside["high"]).all()
    assert inside["share_located"].le(inside["share"] + 1e-6).all()
    named = found["conclusion"] == ""
    assert found.loc[named & (found["theme_kind"] != "all"), "rank"].gt(0).all()
    assert found.loc[~named, ["rank", "rank_low", "rank_high"]].eq(0).all(axis=None)
    assert found.loc[named, "structures_located"].ge(3).all()
    assert found.loc[named, "gap_points"].gt(0).all()
    assert found["as_of"].eq("2026-01-01").all()
    records = json.loads(pd.DataFrame(found.drop(columns="geometry")).to_json(orient="records"))
    assert {"low", "high", "fgt1", "not_distinguishable", "finding_fr"} <= records[0].keys()


def test_as_of_counts_only_what_is_active_then(layers: dict[str, gpd.GeoDataFrame]) -> None:
    ended = layers["structures"].assign(active_to="2026-06")
    arguments = (layers["demand"], ended, layers["neighbourhoods"])
    now, later = (find_gaps(*arguments, as_of=day, draws=5) for day in (AS_OF, dt.date(2027, 6, 1)))
    assert now["share"].max() > 0
    assert later["share"].isna().all()
    assert later["structures"].max() == 0


def test_areas_not_told_apart_name_each_other(layers: dict[str, gpd.GeoDataFrame]) -> None:
    found = find_gaps(layers["demand"], layers["structures"], layers["neighbourhoods"], as_of=AS_OF, draws=64)
    told = 0
    for _, rows in found[found["zone_rank"] > 0].groupby("theme"):
        alike = {
            row.neighbourhood_id: set(filter(None, row.not_distinguishable.split("|"))) for row in rows.itertuples()
        }
        for one in rows.itertuples():
            for other in rows.itertuples():
                if one.Index == other.Index:
                    continue
                tied = other.neighbourhood_id in alike[one.neighbourhood_id]
                assert tied == (one.neighbourhood_id in alike[other.neighbourhood_id])
                assert not tied or one.group == other.group
                told += not tied
    assert told, "nothing is told apart, and this proves nothing"


def test_the_interval_of_poverty_lies_between_0_and_1_and_widens_with_the_radius(town: Any, gaps: pd.DataFrame) -> None:
    wide = assess(type(town)(town.demand, town.structures.assign(geo_radius_m=800.0), town.areas))
    for alpha in (0, 1, 2):
        low, value, high = (gaps[f"fgt{alpha}{end}"] for end in ("_low", "", "_high"))
        known = value.notna()
        assert ((low >= 0) & (low <= high) & (high <= 1))[known].all()
    width = [(table["fgt1_high"] - table["fgt1_low"]).mean() for table in (gaps, wide)]
    assert width[0] < width[1]


def test_the_shares_of_a_map_are_those_of_the_worlds_with_their_interval(town: Any) -> None:
    asked = town.demand, town.structures, town.areas, travel_cost(town.demand, town.structures, max_minutes=60)
    chance = {"within_minutes": [15], "odds": ODDS, "draws": 128, "seed": 0, "as_of": AS_OF}
    shares = draw(*asked, **chance).shares
    found = area_coverage(town.structures, *asked[2:], within_minutes=15, drawn=shares[:, :, 0])
    offered = {*"|".join(town.structures[["sectors", "challenges"]].agg("|".join, axis=1)).split("|"), "all"}
    assert found.loc[~found["theme"].isin(offered), "share"].isna().all()
    lived = found[(found["residents"] > 0) & found["theme"].isin(offered)]
    assert (lived["share_low"] <= lived["share"] + 1e-6).all()
    assert (lived["share"] <= lived["share_high"] + 1e-6).all()
    assert (lived["share_low"] < lived["share_high"]).any()
    assert found.loc[found["residents"] == 0, ["share", "share_low", "share_high"]].isna().all(axis=None)


def test_of_a_theme_that_the_register_does_not_know_no_share_is_told() -> None:
    """0 of 100 residents with an interval from 0 to 0 would say that there is nothing, and surely so."""
    demand = gpd.GeoDataFrame(
        {"iris_code": "a", "population": [10.0], "method": "grid"}, geometry=gpd.points_from_xy([0], [0]), crs=2154
    )
    shop = gpd.GeoDataFrame(
        {"sectors": ["mobilite"], "challenges": "", "status": "active", "geo_radius_m": 0.0},
        geometry=gpd.points_from_xy([100], [0]),
        crs=2154,
    )
    table = coverage(demand, shop, iris_areas(demand), travel_cost(demand, shop), within_minutes=[15], draws=8)
    told = table.set_index("theme")
    figures = ["share", "share_low", "share_high", "share_located", "share_known_active", "reached"]
    assert told.loc["numerique", figures].isna().all()
    assert told.loc[["numerique", "mobilite"], "conclusion"].tolist() == ["none", "few_located"]
    assert told.loc["mobilite", "share"] == 1
