"""Coverage, gaps and the support chain against plain loops over small random worlds, and what must always hold."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo import coverage, find_gaps, travel_cost
from essgeo.gaps import Areas, area_coverage, assess_gaps, draw, gather_areas, iris_areas, support_chain
from essgeo.gaps.reach import THEME_ROWS, reached_themes, theme_bits
from essgeo.schema.vocabulary import STAGES, SUPPORT_ROLES
from tests.conftest import examples

if TYPE_CHECKING:
    from essgeo.access import CostMatrix

METRES_A_MINUTE = 4500 / 60 / 1.3
PEOPLE = st.tuples(
    st.integers(0, 4000),
    st.integers(0, 4000),
    st.integers(0, 500),
    st.sampled_from(["", "n1", "n2"]),
    st.sampled_from("ab"),
)
OFFERS = st.fixed_dictionaries(
    {
        "x": st.integers(0, 4000),
        "y": st.integers(0, 4000),
        "sectors": st.sampled_from(["", "mobilite", "numerique|mobilite", "tiers_lieu"]),
        "challenges": st.sampled_from(["", "jeunesse", "jeunesse|alimentation_durable"]),
        "roles": st.sampled_from(["", "financement", "accompagnement|reseau", "accompagnement|financement"]),
        "support_stages": st.sampled_from(["", "lancement", "emergence|lancement"]),
        "status": st.sampled_from(["active", "unknown"]),
        "geo_radius_m": st.sampled_from([0.0, 100.0, math.nan]),
    }
)
WORLDS = st.tuples(st.lists(PEOPLE, min_size=2, max_size=12), st.lists(OFFERS, max_size=6))


@dataclass(frozen=True)
class World:
    """A few demand points and structures, and what is computed of them."""

    demand: gpd.GeoDataFrame
    structures: gpd.GeoDataFrame
    cost: CostMatrix
    areas: Areas
    targets: gpd.GeoDataFrame
    people: list[tuple[int, int, int, str, str]]
    offers: list[dict[str, Any]]


def layer(columns: dict[str, Any], xy: list[tuple[float, float]], index: list[str] | None = None) -> gpd.GeoDataFrame:
    points = gpd.points_from_xy([x for x, _ in xy], [y for _, y in xy])
    return gpd.GeoDataFrame(columns, geometry=points, crs=2154, index=index)


def world(people: list[tuple[int, int, int, str, str]], offers: list[dict[str, Any]]) -> World:
    demand = layer(
        {
            "population": [float(person[2]) for person in people],
            "neighbourhood_id": [person[3] for person in people],
            "citycode": [person[4] for person in people],
            "iris_code": [person[4] for person in people],
            "income": 20_000.0,
            "method": "grid",
        },
        [person[:2] for person in people],
    )
    names = ["sectors", "challenges", "roles", "support_stages", "status", "geo_radius_m"]
    columns: dict[str, Any] = {name: [offer[name] for offer in offers] for name in names}
    columns |= {"name": [f"N{i}" for i in range(len(offers))], "city": "Bondy", "active_from": "", "active_to": ""}
    structures = layer(columns, [(o["x"], o["y"]) for o in offers], [f"s{i}" for i in range(len(offers))])
    there = sorted({person[3] for person in people} - {""})
    targets = layer({"name": [name.upper() for name in there]}, [(0, 0)] * len(there), there)
    communes = layer({"name": ["A", "B"]}, [(0, 0)] * 2, ["a", "b"])
    nobody = communes.iloc[:0].assign(vintage="")
    areas = gather_areas(demand, territory="t", communes=communes, neighbourhoods=targets, qpv=nobody)
    return World(
        demand, structures, travel_cost(demand, structures, max_minutes=30, detour=1.3), areas, targets, people, offers
    )


def minutes_between(w: World, i: int, j: int) -> float:
    return math.dist(w.people[i][:2], (w.offers[j]["x"], w.offers[j]["y"])) / METRES_A_MINUTE


def offers_theme(w: World, j: int, theme: str, *, known: bool = False) -> bool:
    row = w.offers[j]
    if known and row["status"] != "active":
        return False
    return theme == "all" or theme in row["sectors"].split("|") or theme in row["challenges"].split("|")


def nearest(w: World, i: int, theme: str, *, known: bool = False) -> float:
    offering = [j for j in range(len(w.structures)) if offers_theme(w, j, theme, known=known)]
    return min((minutes_between(w, i, j) for j in offering), default=math.inf)


def members(w: World, level: str, zone: str) -> list[int]:
    column = {"commune": 4, "neighbourhood": 3}.get(level)
    return [i for i, person in enumerate(w.people) if column is None or person[column] == zone]


def weighted_median(w: World, where: list[int], theme: str) -> float:
    walks = sorted((nearest(w, i, theme), w.people[i][2]) for i in where)
    half, seen = sum(people for _, people in walks) / 2, 0.0
    for minutes, people in walks:
        seen += people
        if people and seen >= half:
            return minutes if minutes <= 30 else math.nan
    return math.nan


def is_close(value: float, expected: float) -> bool:
    return (math.isnan(value) and math.isnan(expected)) or value == pytest.approx(expected, rel=1e-5, abs=1e-6)


@examples(15)
@given(WORLDS)
def test_coverage_is_that_of_a_loop(drawn: tuple[Any, Any]) -> None:
    w = world(*drawn)
    table = coverage(w.demand, w.structures, w.areas, w.cost, within_minutes=(5, 15), draws=0)
    assert len(table) == len(w.areas.table) * len(THEME_ROWS) * 2
    wanted = {
        "all",
        "mobilite",
        "numerique",
        "tiers_lieu",
        "jeunesse",
        "alimentation_durable",
        "mutuelle",
        "sante_social",
    }
    rows: Any = table[table["theme"].isin(wanted)].itertuples()
    for row in rows:
        where = members(w, row.level, row.zone_id)
        residents = sum(w.people[i][2] for i in where)
        reached = sum(w.people[i][2] for i in where if nearest(w, i, row.theme) <= row.minutes)
        known = sum(w.people[i][2] for i in where if nearest(w, i, row.theme, known=True) <= row.minutes)
        # Nobody lives there, or no structure that the register knows offers it: nothing is known.
        count = sum(offers_theme(w, j, row.theme) for j in range(len(w.structures)))
        told = residents > 0 and count > 0
        assert row.residents == pytest.approx(residents)
        assert is_close(row.share, reached / residents if told else math.nan)
        assert is_close(row.reached, reached if told else math.nan)
        assert is_close(row.share_known_active, known / residents if told else math.nan)
        assert (row.conclusion in {"nobody", "none"}) != told
        assert is_close(row.minutes_median, weighted_median(w, where, row.theme))
        assert row.structures == count
        assert is_close(row.share_low, row.share)
    by_iris = area_coverage(w.structures, iris_areas(w.demand), w.cost, within_minutes=15)
    by_commune = table[(table["level"] == "commune") & (table["minutes"] == 15)]
    both = by_iris.merge(by_commune, left_on=["iris_code", "theme"], right_on=["zone_id", "theme"])
    assert len(both) == len(by_iris)
    told = both["conclusion"] != "none"
    assert both.loc[told, "share_x"].equals(both.loc[told, "share_y"])
    assert both.loc[~told, "share_y"].isna().all()
    assert both[["share_low_x", "share_high_x"]].isna().all(axis=None), "nothing is drawn, so there is no interval"


@examples(15)
@given(WORLDS)
def test_gaps_and_the_support_chain_are_those_of_a_loop(drawn: tuple[Any, Any]) -> None:
    w = world(*drawn)
    demand = w.demand.assign(income=np.nan)
    worlds = draw(demand, w.structures, w.areas, w.cost, within_minutes=[15], odds=(8.5, 1.5), draws=0)
    everywhere = assess_gaps(demand, w.structures, w.areas, w.cost, drawn=worlds, as_of=dt.date(2026, 1, 1))
    gaps = everywhere[everywhere["level"] == "neighbourhood"]
    assert len(gaps) == len(w.targets) * len(THEME_ROWS)
    people = [person[2] for person in w.people]
    rows: Any = gaps.itertuples()
    for row in rows:
        where = members(w, "neighbourhood", row.neighbourhood_id)
        residents, everybody = sum(people[i] for i in where), sum(people)
        if not residents:
            continue
        offering = [j for j in range(len(w.structures)) if offers_theme(w, j, row.theme)]
        assert (row.conclusion == "none") == (not offering) == np.isnan(row.share) == np.isnan(row.out_of_reach)
        if not offering:
            continue
        missed = sum(people[i] for i in where if nearest(w, i, row.theme) > 15)
        missed_all = sum(people[i] for i in range(len(w.demand)) if nearest(w, i, row.theme) > 15)
        assert row.out_of_reach == pytest.approx(missed, abs=1e-4)
        assert row.gap_residents == pytest.approx(missed - residents * missed_all / everybody, abs=1e-4)
        assert row.gap_points == pytest.approx(100 * (missed / residents - missed_all / everybody), abs=1e-4)
        assert row.out_of_reach_low == row.out_of_reach == row.out_of_reach_high
        name, walk = closest(w, where, offering)
        assert row.nearest_structure_id == name
        assert is_close(row.nearest_minutes, walk if walk <= 60 else math.nan)
    for _, ranked in gaps.groupby("neighbourhood_id"):
        assert ranked["theme_kind"].iloc[0] == "all"
        named = ranked[ranked["conclusion"] == ""]
        assert set(ranked.loc[ranked["rank"] > 0, "theme"]) == set(named["theme"]) - {"all"}
        assert named.loc[named["rank"] > 0, "gap_residents"].diff().dropna().le(1e-5).all()

    register = pd.concat([w.structures, w.structures.assign(geometry=None)])
    chain = support_chain(w.demand, w.structures, w.targets, w.cost, register=register, minutes=15)
    assert len(chain) == len(w.targets) * len(STAGES) * len(SUPPORT_ROLES)
    links: Any = chain.itertuples()
    for row in links:
        where = members(w, "neighbourhood", row.neighbourhood_id)
        offering = [
            j
            for j, offer in enumerate(w.offers)
            if row.role in offer["roles"].split("|") and row.stage in offer["support_stages"].split("|")
        ]
        residents = sum(people[i] for i in where)
        near = [i for i in where if any(minutes_between(w, i, j) <= 15 for j in offering)]
        share = sum(people[i] for i in near) / residents if residents else math.nan
        assert (row.structures_located, row.structures_in_register) == (len(offering), 2 * len(offering))
        assert is_close(row.share, share)
        assert row.within_reach == (share >= 0.5)
        assert row.nearest_structure_id == closest(w, where, offering)[0]


def closest(w: World, where: list[int], offering: list[int]) -> tuple[str, float]:
    weights = [w.people[i][2] for i in where]
    if not any(weights):
        return "", math.nan
    x, y = (float(np.average([w.people[i][axis] for i in where], weights=weights)) for axis in (0, 1))
    walks = [(math.dist((x, y), (w.offers[j]["x"], w.offers[j]["y"])) / METRES_A_MINUTE, j) for j in offering]
    if not walks:
        return "", math.nan
    walk, j = min(walks)
    return w.structures.index[j], walk


@examples(10)
@given(WORLDS, st.data())
def test_what_must_always_hold_of_coverage(drawn: tuple[Any, Any], data: st.DataObject) -> None:
    people, offers = drawn
    w = world(people, offers)
    before = [w.demand.copy(deep=True), w.structures.copy(deep=True), w.areas.table.copy(deep=True)]
    table = coverage(w.demand, w.structures, w.areas, w.cost, within_minutes=(5, 10, 15), draws=10)
    for frame, copy in zip((w.demand, w.structures, w.areas.table), before, strict=True):
        pd.testing.assert_frame_equal(frame, copy)

    lived = table[(table["residents"] > 0) & (table["conclusion"] != "none")]
    shares = lived[["share_low", "share", "share_high", "share_known_active"]]
    assert shares.ge(0).all(axis=None)
    assert shares.le(1).all(axis=None)
    assert (lived["share_low"] <= lived["share_high"]).all()
    for some in ("share_located", "share_known_active"):  # a part of the structures never reaches more
        assert (lived[some] <= lived["share"] + 1e-6).all()
    located = coverage(w.demand, w.structures, w.areas, w.cost, within_minutes=(5, 10, 15), draws=0)
    assert (located["share_known_active"].fillna(0) <= located["share"].fillna(0)).all()
    steps = lived.groupby(["level", "zone_id", "theme"], sort=False)["share"]
    assert (steps.diff().dropna() >= 0).all()

    scaled = world([(x, y, 3 * persons, *rest) for x, y, persons, *rest in people], offers)
    thrice = coverage(scaled.demand, scaled.structures, scaled.areas, scaled.cost, within_minutes=(5, 10, 15), draws=0)
    assert np.allclose(thrice["share"], located["share"], equal_nan=True)

    shuffled = world(people, data.draw(st.permutations(offers)))
    again = coverage(
        shuffled.demand, shuffled.structures, shuffled.areas, shuffled.cost, within_minutes=(5, 10, 15), draws=0
    )
    assert np.allclose(again["share"], located["share"], equal_nan=True)
    assert np.allclose(again["minutes_median"], table["minutes_median"], equal_nan=True)

    more = world(people, [*offers, data.draw(OFFERS)])
    grown = coverage(more.demand, more.structures, more.areas, more.cost, within_minutes=(5, 10, 15), draws=0)
    assert (grown["share"].fillna(0) >= located["share"].fillna(0)).all()


@examples(20)
@given(WORLDS, st.integers(1, 30))
def test_reached_themes_are_those_of_a_loop(drawn: tuple[Any, Any], within: int) -> None:
    w = world(*drawn)
    bits = theme_bits(w.structures)
    masks = reached_themes(w.cost, bits, within)
    minutes = w.cost.minutes
    for i in range(len(w.demand)):
        expected = 0
        for pair in np.flatnonzero((w.cost.origin == i) & (minutes <= within)):
            expected |= int(bits[w.cost.destination[pair]])
        assert int(masks[i]) == expected
    doubled = reached_themes(w.cost, bits, within, 2 * minutes)
    assert doubled.tolist() == reached_themes(w.cost, bits, within / 2).tolist()


def test_find_gaps_counts_what_is_active_on_the_day() -> None:
    people = [(0, 0, 100, "n1", "a"), (4000, 0, 300, "", "a")]
    offer = {"x": 100, "y": 0, "sectors": "mobilite", "challenges": "", "roles": "", "support_stages": ""}
    w = world(people, [offer | {"status": "active", "geo_radius_m": 0.0}])

    def missed(**change: str) -> float:
        day = dt.date(2026, 6, 1)
        gaps = find_gaps(w.demand, w.structures.assign(**change), w.targets, draws=0, as_of=day)
        return float(gaps.loc[gaps["theme"] == "mobilite", "out_of_reach"].iloc[0])

    assert missed() == 0
    assert missed(status="unknown") == 0
    for change in ({"status": "closed"}, {"status": "moved"}, {"active_to": "2025"}, {"active_from": "2026-07"}):
        assert np.isnan(missed(**change))  # the register knows no place any more
