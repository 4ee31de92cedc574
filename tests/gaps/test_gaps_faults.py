"""One rule for ties, one horizon, one definition of need, and one answer to what counts on a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from shapely import Point

from essgeo import choose_sites, coverage, find_gaps, travel_cost
from essgeo.errors import InputError
from essgeo.gaps import Areas, assess_gaps, draw, gather_areas, support_chain, support_offers
from essgeo.gaps.areas import NEED_LIMITS, need_weights
from essgeo.gaps.ranks import rank_intervals, theme_ranks, tied_groups, zone_ranks
from essgeo.gaps.reach import THEME_ROWS, trips_to
from essgeo.register import counted_on
from essgeo.siting import Assumptions, search_areas

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY = dt.date(2026, 1, 1)
AREAS = 6
SHARES = st.lists(st.integers(0, 3), min_size=AREAS, max_size=AREAS)
NOISE = st.lists(st.integers(-9, 9), min_size=AREAS, max_size=AREAS)


@given(SHARES, NOISE)
def test_rounding_noise_moves_no_rank_no_group_and_no_overlap(thirds: list[int], noise: list[int]) -> None:
    gap = np.array(thirds) / 3
    moved = gap + np.array(noise) * 1e-16
    assert ranked(gap) == ranked(moved)
    for values in (gap, moved):
        ranks = ranked(values)["zone_rank"]
        assert ranks == [1 + sum(other > one for other in thirds) for one in thirds]


def ranked(gap: NDArray[np.float64]) -> dict[str, list[Any]]:
    """Rank areas by the same gap for every theme, with draws and intervals that are the gap itself."""
    table = pd.DataFrame({"level": "qpv", "zone_id": list("abcdef")})
    wide = np.repeat(gap[:, None], len(THEME_ROWS), axis=1)
    every = np.ones(wide.shape, dtype=bool)
    zones = zone_ranks(table, wide, np.stack([wide, wide], axis=2), every, 0.9)
    found: dict[str, list[Any]] = {name: values[:, 0].tolist() for name, values in zones.items()}
    across = np.zeros((1, len(THEME_ROWS)))
    across[0, : len(gap)] = gap
    themes = theme_ranks(across, across[..., None], np.ones(across.shape, dtype=bool), 0.9)
    found |= {name: values[0].tolist() for name, values in themes.items()}
    best, worst = rank_intervals(gap[:, None], 0.9)
    alone = np.zeros((len(gap), len(gap)), dtype=bool)
    return found | {"best": best.tolist(), "worst": worst.tolist(), "groups": tied_groups(gap.round(9), alone).tolist()}


def test_areas_of_the_same_share_have_one_rank_however_it_is_summed() -> None:
    random = np.random.default_rng(1)
    demand, shop = line(np.r_[np.zeros(60), np.full(60, 9000.0)]), line(np.full(3, 10.0), structures=True)
    people, table = [demand["population"].to_numpy()], ["t"]
    for number in range(12):  # each holds some of those who reach the shop, and as many of those who do not
        where = random.permutation(60)[: 3 + 4 * number]
        row = np.zeros(120)
        row[where] = row[where + 60] = random.uniform(1, 9, len(where)) / 7
        people.append(row)
        table.append(f"q{number}")
    matrix = sparse.csr_matrix(np.array(people))
    zones = pd.DataFrame({"level": ["territory", *["qpv"] * 12], "zone_id": table, "zone_name": table, "vintage": ""})
    areas = Areas(zones.assign(residents=np.asarray(matrix.sum(axis=1)).ravel()), matrix)
    cost = travel_cost(demand, shop, max_minutes=60)
    drawn = draw(demand, shop, areas, cost, within_minutes=[15], odds=(9, 1), draws=64)
    gaps = assess_gaps(demand, shop, areas, cost, drawn=drawn, as_of=DAY)
    reached = gaps[gaps["theme"] == "mobilite"]
    assert reached["share"].to_numpy() == pytest.approx(0.5, abs=1e-6)
    assert reached["zone_rank"].eq(1).all()
    assert reached["group"].eq(1).all()
    assert reached["not_distinguishable"].str.count(r"\|").eq(10).all()


def line(x: NDArray[np.float64], *, structures: bool = False) -> gpd.GeoDataFrame:
    """Lay residents, or places of mobility, on a line."""
    columns: dict[str, Any] = {"population": 1.0, "income": np.nan, "method": "grid", "neighbourhood_id": "n"}
    if structures:
        columns = {"name": "A", "city": "Bondy", "sectors": "mobilite", "challenges": "", "status": "active"}
        columns |= {"geo_radius_m": 0.0, "active_from": "", "active_to": ""}
    table = pd.DataFrame(columns, index=range(len(x)))
    return gpd.GeoDataFrame(table.assign(citycode="a"), geometry=gpd.points_from_xy(x, 0 * x), crs=2154)


POVERTY = [f"fgt{alpha}{end}" for alpha in (0, 1, 2) for end in ("", "_low", "_high")]


@pytest.mark.slow
def test_poverty_of_access_is_that_of_one_horizon_whatever_the_walk(layers: dict[str, gpd.GeoDataFrame]) -> None:
    given_layers = (layers["demand"], layers["structures"], layers["neighbourhoods"])
    by_walk = [
        find_gaps(*given_layers, within_minutes=walk, as_of=DAY, draws=10).set_index(["neighbourhood_id", "theme"])
        for walk in (5, 40)
    ]
    columns = [*POVERTY, "nearest_structure_id", "nearest_minutes"]
    pd.testing.assert_frame_equal(by_walk[1][columns].reindex(by_walk[0].index), by_walk[0][columns])


def test_trips_beyond_the_horizon_change_nothing(town: Any) -> None:
    tables = []
    for longest in (60, 95):
        cost = travel_cost(town.demand, town.structures, max_minutes=longest)
        chance = {"within_minutes": [15], "odds": (9.5, 2.5), "draws": 64}
        drawn = draw(town.demand, town.structures, town.areas, cost, **chance)
        tables.append(assess_gaps(town.demand, town.structures, town.areas, cost, drawn=drawn, as_of=DAY))
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.slow
def test_a_study_and_find_gaps_agree_at_a_short_walk() -> None:
    from essgeo.study import Options, measure, set_up  # noqa: PLC0415 (the one test of this room that needs a study)

    setting = set_up("est-ensemble", Options(as_of=DAY, walk_minutes=5))
    study = measure(replace(setting, parameters=replace(setting.parameters, draws=64)))
    again = find_gaps(
        study.demand,
        study.structures,
        study.neighbourhoods,
        qpv=study.qpv,
        communes=study.communes,
        within_minutes=5,
        as_of=DAY,
        draws=64,
    )
    pd.testing.assert_frame_equal(pd.DataFrame(again[study.gaps.columns]), study.gaps)


@given(st.lists(st.tuples(st.floats(0, 90), st.none() | st.floats(1, 1e6)), min_size=1, max_size=8))
def test_need_is_the_median_income_over_ones_own_between_its_limits(rows: list[tuple[float, float | None]]) -> None:
    frame = pd.DataFrame(rows, columns=["population", "income"]).astype(float)
    known = sorted((income, people) for people, income in rows if income is not None)
    total, running, median = sum(people for _, people in known), 0.0, np.nan
    for income, people in known:
        running += people
        if total and running >= total / 2:
            median = income
            break
    for (_, income), weight in zip(rows, need_weights(frame), strict=True):
        expected = 1.0 if income is None or np.isnan(median) else np.clip(median / income, *NEED_LIMITS)
        assert weight == pytest.approx(expected)


def test_siting_by_need_weighs_residents_as_gaps_do() -> None:
    demand = line(np.array([0.0, 50.0, 4000.0, 4050.0])).assign(income=[5_000.0, np.nan, 90_000.0, 20_000.0])
    sites = search_areas(
        gpd.GeoDataFrame({"name": [""], "city": [""]}, geometry=[demand.union_all().buffer(300)], crs=2154)
    )
    asked = {"count": 9, "sector": "mobilite", "within_minutes": 15, "assumptions": Assumptions(draws=0)}
    scenario = choose_sites(demand, sites, objective="need", **asked)
    assert scenario.value == pytest.approx(float(demand["population"] @ need_weights(demand)))


COUNTS = [
    ({}, True),
    ({"status": "unknown"}, True),
    ({"status": "closed"}, False),
    ({"status": "moved"}, False),
    ({"active_to": "2025"}, False),
    ({"active_to": "2025-12-31"}, False),
    ({"active_to": "2026"}, True),
    ({"active_from": "2026-02"}, False),
]


@pytest.mark.parametrize(
    ("change", "counts", "flag"),
    [
        *((*case, None) for case in COUNTS),
        *((*case, flag) for case in (COUNTS[0], COUNTS[2]) for flag in (True, False)),
    ],
)
def test_what_counts_on_a_day_is_the_same_everywhere(change: dict[str, str], counts: bool, flag: bool | None) -> None:  # noqa: FBT001 (a case)
    demand = line(np.array([0.0, 100.0]))
    places = line(np.array([50.0]), structures=True).assign(**change)
    if flag is not None:
        places["counted"] = flag
    assert counted_on(places, DAY).tolist() == [counts]
    targets = gpd.GeoDataFrame({"name": ["N"]}, index=["n"], geometry=[demand.union_all().buffer(9)], crs=2154)
    gaps = find_gaps(demand, places, targets, as_of=DAY, draws=0).set_index("theme").loc["mobilite"]
    assert gaps["structures"] == counts
    areas = Areas(
        pd.DataFrame({"level": ["territory"], "zone_id": "t", "zone_name": "T", "vintage": "", "residents": 2.0}),
        sparse.csr_matrix(np.ones((1, 2))),
    )
    shares = coverage(demand, places, areas, travel_cost(demand, places), as_of=DAY, draws=0)
    shares = shares[shares["theme"] == "mobilite"]
    # Of a theme that has no place nothing is known, and the row says so.
    assert gaps["share"] == 1 if counts else np.isnan(gaps["share"])
    assert shares[["share", "share_high"]].fillna(0).eq(counts).all(axis=None)
    assert shares["share"].isna().eq(not counts).all()
    assert shares["conclusion"].eq("none").eq(not counts).all()
    sites = search_areas(
        gpd.GeoDataFrame({"name": [""], "city": [""]}, geometry=[demand.union_all().buffer(300)], crs=2154)
    )
    asked = {"count": 1, "sector": "mobilite", "within_minutes": 5, "assumptions": Assumptions(draws=0)}
    assert choose_sites(demand, sites, structures=places, as_of=DAY, **asked).reached_before == 2 * counts
    by_column = choose_sites(demand, sites, structures=places, **asked).reached_before
    assert by_column == 2 * (bool(counted_on(places).iloc[0]) if flag is None else flag)


def test_trips_to_some_destinations_are_those_of_a_matrix_of_their_own() -> None:
    demand, places = line(np.arange(0.0, 3000, 400)), line(np.array([0.0, 900.0, 1800.0]), structures=True)
    kept = np.array([True, False, True])
    some, alone = trips_to(travel_cost(demand, places), kept), travel_cost(demand, places[kept])
    assert (some.origin.tolist(), some.destination.tolist()) == (alone.origin.tolist(), alone.destination.tolist())
    assert some.minutes.tolist() == alone.minutes.tolist()
    assert some.destination_ids.equals(alone.destination_ids)


def test_what_is_missing_is_asked_for_in_one_error_by_layer() -> None:
    demand, places = line(np.array([0.0, 100.0])), line(np.array([50.0]), structures=True)
    targets = gpd.GeoDataFrame({"name": ["N"]}, index=["n"], geometry=[demand.union_all().buffer(9)], crs=2154)
    with pytest.raises(InputError) as fault:
        find_gaps(targets, demand, places)  # the order of an earlier day
    for said in ("demand: missing columns population, income", "structures: missing column sectors"):
        assert said in str(fault.value)
    with pytest.raises(
        InputError, match=r"demand: missing column income(.|\n)*structures: missing column geo_radius_m"
    ):
        find_gaps(demand.drop(columns="income"), places.drop(columns="geo_radius_m"), targets)
    nobody = targets.iloc[:0].assign(vintage="")
    named = {"territory": "t", "communes": targets, "neighbourhoods": targets, "qpv": nobody}
    with pytest.raises(InputError, match=r"demand: missing columns population, citycode"):
        gather_areas(demand.drop(columns=["population", "citycode"]), **named)
    areas = gather_areas(demand.drop(columns="citycode"), **(named | {"communes": nobody}))
    assert areas.table["residents"].tolist() == [2, 2]
    with pytest.raises(InputError, match=r"demand: missing column population(.|\n)*structures: missing columns roles"):
        support_chain(
            demand.drop(columns="population"), places, targets, travel_cost(demand, places), register=places, minutes=9
        )
    with pytest.raises(InputError, match=r"demand: missing column method(.|\n)*structures: missing column sectors"):
        coverage(demand.drop(columns="method"), places.drop(columns="sectors"), areas, travel_cost(demand, places))


def test_support_is_told_by_where_it_is_based_and_by_its_station() -> None:
    """In the territory with or without a position, outside, not known; closed and masked ones offer nothing."""
    rows = {
        "here": ("93010", "active", True, "located", Point(0, 0)),
        "unplaced": ("93010", "active", True, "not_found", None),
        "away": ("75011", "active", True, "located", Point(9_000, 0)),
        "nowhere": ("", "unknown", True, "not_found", None),
        "closed": ("93010", "closed", False, "located", Point(0, 0)),
        "masked": ("93010", "active", True, "masked", None),
    }
    columns = ["citycode", "status", "counted", "geo_status", "geometry"]
    register = gpd.GeoDataFrame(pd.DataFrame.from_dict(rows, orient="index", columns=columns), crs=2154)
    register["geo_status"] = register["geo_status"].mask(register.index == "away", "outside")
    register = register.assign(
        name=register.index, city="", roles="accompagnement|operateur", support_stages="lancement", source="s", as_of=""
    )
    stops = gpd.GeoDataFrame(
        {
            "name": ["Gare", "Gare", "Plus tard"],
            "line": ["RER E", "TRAM 4", "Ligne 15"],
            "status": ["open", "open", "planned"],
        },
        geometry=[Point(300, 0), Point(360, 0), Point(10, 0)],
        crs=2154,
    )
    fund = {"name": "Fonds", "roles": "financement", "support_stages": "", "city": "", "source": "s", "as_of": "2018"}
    outside = pd.DataFrame([fund], index=["fonds"])
    offers = support_offers(register, stops, outside, communes=pd.DataFrame(index=["93010"])).set_index("offer_id")
    assert offers["based"].to_dict() == {
        "here": "here",
        "unplaced": "unplaced",
        "away": "outside",
        "nowhere": "not_known",
        "fonds": "outside",
    }
    assert offers.loc["here", ["station", "station_lines", "station_m"]].tolist() == ["Gare", "RER E|TRAM 4", 300]
    assert offers.loc["fonds", ["role", "stage", "station"]].tolist() == ["financement", "", ""]


def test_an_area_has_one_figure_whatever_other_areas_are_asked_for(layers: dict[str, gpd.GeoDataFrame]) -> None:
    demand, structures = layers["demand"], layers["structures"].iloc[:40]
    cost = travel_cost(demand, structures, max_minutes=60)
    drawn = []
    for most in (0, None):
        others = {name: layers[name].iloc[:most] for name in ("communes", "qpv")}
        areas = gather_areas(demand, territory="here", neighbourhoods=layers["neighbourhoods"], **others)
        found = draw(demand, structures, areas, cost, within_minutes=[15], odds=(9, 1), as_of=DAY, draws=64)
        rows = (areas.table["level"] == "neighbourhood").to_numpy()
        drawn.append((found.shares[rows], found.poverty[rows]))
    for one, other in zip(*drawn, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)
