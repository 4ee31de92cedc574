"""Choosing sites on a strip where every answer is known."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.errors import CRSMismatchError, InfeasibleError, InputError, MissingCRSError
from essgeo.siting import Assumptions, Requirements, Scenario, choose_sites, compare_scenarios, search_areas
from essgeo.siting.candidates import UNUSABLE
from essgeo.siting.models import OBJECTIVES
from essgeo.siting.robustness import Aim, Near, Today, choose_anew
from essgeo.text.languages import words
from tests.conftest import examples

CRS = "EPSG:2154"
FAST = Assumptions(draws=5)
HOSTILE = '<img src=x onerror="alert(1)">'


def candidates_at(xs: list[float], **columns: Any) -> gpd.GeoDataFrame:
    """Return premises on a line, named after their place in it."""
    plain = {
        "name": [f"site {number}" for number in range(len(xs))],
        "kind": "premises",
        "city": "Bondy",
        "surface_m2": 300.0,
        "available_from": "",
        "available_to": "",
        "ground_floor": "yes",
        "state": "",
        "constraints": "",
    }
    names = pd.Index([f"c{number}" for number in range(len(xs))], name="candidate_id")
    return gpd.GeoDataFrame(
        pd.DataFrame(plain | columns, index=names), geometry=gpd.points_from_xy(xs, [0.0] * len(xs)), crs=CRS
    )


def demand_at(xs: list[float], people: list[float], **columns: Any) -> gpd.GeoDataFrame:
    """Return demand points on a line."""
    plain = {
        "population": people,
        "income": 20000.0,
        "iris_code": "930100101",
        "neighbourhood_id": "",
        "method": "test",
    }
    table = pd.DataFrame(plain | columns, index=pd.RangeIndex(len(xs), name="demand_id"))
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(xs, [0.0] * len(xs)), crs=CRS)


def structures_at(xs: list[float], sectors: str = "mobilite", **columns: Any) -> gpd.GeoDataFrame:
    """Return located structures on a line, all of them counted."""
    plain = {
        "name": [f"lieu {number}" for number in range(len(xs))],
        "sectors": sectors,
        "challenges": "",
        "status": "active",
        "counted": True,
        "geo_radius_m": 0.0,
    }
    table = pd.DataFrame(
        plain | columns, index=pd.Index([f"s{number}" for number in range(len(xs))], name="structure_id")
    )
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(xs, [0.0] * len(xs)), crs=CRS)


def choose(demand: Any, candidates: Any, **asked: Any) -> Scenario:
    return choose_sites(
        demand, candidates, **({"count": 1, "sector": "mobilite", "within_minutes": 5, "assumptions": FAST} | asked)
    )


STRIP = demand_at([0, 1000, 2000], [100.0, 300.0, 200.0], neighbourhood_id=["", "noue", ""])
SITES = candidates_at([0, 1000, 2000])


def test_residents_who_reach_a_place_today_gain_nothing() -> None:
    alone = choose(STRIP, SITES)
    assert alone.sites.index.tolist() == ["c1"]
    served = choose(STRIP, SITES, structures=structures_at([1000]))
    assert served.sites.index.tolist() == ["c2"]
    assert (served.reached_before, served.newly_reached, served.residents) == (300, 200, 600)


@pytest.mark.parametrize("ruled_out", [{"sectors": "numerique"}, {"counted": False}])
def test_places_of_other_sectors_or_that_do_not_count_are_no_places_of_today(ruled_out: dict[str, Any]) -> None:
    scenario = choose(STRIP, SITES, structures=structures_at([1000], **ruled_out))
    assert scenario.sites.index.tolist() == ["c1"]
    assert "no_place" in scenario.notes


def test_marginal_gains_add_up_to_the_total_and_to_the_tables() -> None:
    scenario = choose(STRIP, SITES, count=2)
    assert scenario.sites["marginal"].tolist() == [300, 200]
    assert scenario.sites["cumulative"].tolist()[-1] == scenario.newly_reached == 500
    assert scenario.by_neighbourhood["newly_reached"].sum() == scenario.by_income["newly_reached"].sum() == 500
    assert scenario.by_neighbourhood.set_index("neighbourhood_id").loc["noue", "share_after"] == 1
    assert scenario.next_site == {"candidate_id": "c0", "name": "site 0", "sector": "mobilite", "marginal": 100.0}


def test_more_sites_than_candidates_is_said() -> None:
    scenario = choose(STRIP, SITES, count=9)
    assert len(scenario.sites) == 3
    assert "fewer_candidates" in scenario.notes
    assert scenario.next_site == {}


def test_nobody_left_to_reach_is_said() -> None:
    scenario = choose(STRIP, SITES, structures=structures_at([0, 1000, 2000]))
    assert scenario.sites.empty
    assert scenario.newly_reached == 0
    assert "all_reached" in scenario.notes
    assert all(scenario.sentences(lang) for lang in ("fr", "en"))
    assert json.loads(scenario.to_json())["sites"] == []


def test_a_further_site_that_adds_nobody_is_not_chosen() -> None:
    scenario = choose(STRIP.iloc[:1], SITES, count=2)
    assert scenario.sites.index.tolist() == ["c0"]
    assert "nothing_more" in scenario.notes


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sector": "cirque"}, "sector 'cirque' is not known"),
        ({"objective": "best"}, "objective 'best' is not known"),
        ({"count": 0}, "count must be at least 1"),
        ({"within_minutes": 0}, "within_minutes must be positive"),
        ({"objective": "person_months"}, "needs a period"),
        ({"period": ("2027-05", "2027-01")}, "ends .2027-01. before it starts"),
        ({"period": ("2027", "2028")}, "not a month"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        choose(STRIP, SITES, **asked)


def test_no_resident_or_no_candidate_is_refused() -> None:
    with pytest.raises(InputError, match="no resident"):
        choose(STRIP.assign(population=0.0), SITES)
    with pytest.raises(InputError, match="no candidate"):
        choose(STRIP, SITES.iloc[:0])


def test_missing_columns_are_named() -> None:
    with pytest.raises(InputError, match="demand: missing columns population, income"):
        choose(STRIP.drop(columns=["population", "income"]), SITES, objective="need")
    plain = SITES[["geometry"]]
    with pytest.raises(InputError, match=r"(?s)candidates: missing column name\..*missing column surface_m2\. A"):
        choose(STRIP, plain, requirements=Requirements(min_surface_m2=9))


def test_places_of_a_notebook_need_a_name_and_nothing_more() -> None:
    whole = choose(STRIP, SITES)
    named = SITES[["name", "geometry"]].rename(columns={"name": "Nom"})
    found = choose(STRIP[["population", "geometry"]].rename(columns={"population": "habitants"}), named)
    assert found.sites.index.tolist() == whole.sites.index.tolist()
    assert found.newly_reached == whole.newly_reached
    said = named.assign(Surface=["80 m²"] * len(named), RDC="oui")
    assert len(choose(STRIP, said, requirements=Requirements(min_surface_m2=50, ground_floor=True)).sites)


def test_demand_may_be_polygons() -> None:
    squares = STRIP.set_geometry(STRIP.buffer(20, cap_style="square"))
    assert choose(squares, SITES).newly_reached == choose(STRIP, SITES).newly_reached


def test_layers_in_different_or_no_crs_are_refused() -> None:
    with pytest.raises(CRSMismatchError):
        choose(STRIP, SITES.to_crs(3857))
    with pytest.raises(MissingCRSError):
        choose(gpd.GeoDataFrame(STRIP.drop(columns="geometry"), geometry=STRIP.geometry.to_numpy()), SITES)


def test_a_filter_that_leaves_nothing_is_named() -> None:
    with pytest.raises(InfeasibleError, match=r"'surface' .*position: 3 left.*surface: 0 left"):
        choose(STRIP, SITES, requirements=Requirements(min_surface_m2=1000))


def test_every_exclusion_has_its_reason() -> None:
    sites = candidates_at(
        [0, 1000, 2000, 500, 700, 900, 1500],
        surface_m2=[10.0, 300.0, np.nan, 300, 300, 300, 300],
        ground_floor=["yes", "yes", "yes", "no", "unknown", "yes", "yes"],
        state=["", "", "", "", "", "past", ""],
        available_to=["", "", "", "", "", "", "2026-12"],
    )
    scenario = choose(
        STRIP, sites, period=("2027-01", "2027-06"), requirements=Requirements(min_surface_m2=100, ground_floor=True)
    )
    assert dict(zip(scenario.exclusions["candidate_id"], scenario.exclusions["reason"], strict=True)) == {
        "c0": "too_small",
        "c2": "surface_unknown",
        "c3": "not_ground_floor",
        "c4": "floor_unknown",
        "c5": "past",
        "c6": "never_available",
    }
    assert scenario.sites.index.tolist() == ["c1"]


def test_the_walk_to_a_station_counts_stations_open_by_then() -> None:
    stations = gpd.GeoDataFrame(
        {"status": ["open", "planned"], "open_date": ["", "2031"]},
        geometry=gpd.points_from_xy([0, 2000], [0, 0]),
        crs=2154,
    )
    needs = Requirements(max_station_minutes=5, stations=stations)
    assert choose(STRIP, SITES, requirements=needs).sites.index.tolist() == ["c0"]
    later = choose(STRIP, SITES, requirements=needs, period=("2032-01", "2032-06"))
    assert later.sites.index.tolist() == ["c2"]
    with pytest.raises(InputError, match="stations"):
        choose(STRIP, SITES, requirements=Requirements(max_station_minutes=5))


@examples(12)
@given(st.lists(st.tuples(st.integers(1, 12), st.integers(0, 11)), min_size=3, max_size=3))
def test_a_candidate_never_available_in_the_period_is_never_chosen(spans: list[tuple[int, int]]) -> None:
    starts = [f"2027-{month:02d}" for month, _ in spans]
    ends = [f"2027-{min(month + more, 12):02d}" for month, more in spans]
    sites = candidates_at([0, 1000, 2000], available_from=starts, available_to=ends)
    period = ("2027-04", "2027-06")
    open_ = {f"c{n}" for n, (a, b) in enumerate(zip(starts, ends, strict=True)) if a <= period[1] and b >= period[0]}
    for objective in ("coverage", "person_months", "backup"):
        asked = {"period": period, "objective": objective, "count": 3, "assumptions": Assumptions(draws=0)}
        if not open_:
            with pytest.raises(InfeasibleError, match="period"):
                choose(STRIP, sites, **asked)
        else:
            assert set(choose(STRIP, sites, **asked).sites.index) == open_


@pytest.mark.parametrize("objective", ["coverage", "need", "person_months", "expected", "backup"])
def test_a_site_counts_in_the_months_in_which_it_is_free(objective: str) -> None:
    sites = candidates_at([1000, 2000], available_to=["2027-01", ""])
    timed = choose(STRIP, sites, period=("2027-01", "2027-12"), objective=objective)
    assert timed.sites.index.tolist() == ["c1"]
    assert (timed.newly_reached, timed.person_months) == (200, 200 * 12)
    assert "part_of_period" not in timed.notes
    both = choose(STRIP, sites, period=("2027-01", "2027-12"), objective=objective, count=2)
    assert both.newly_reached == pytest.approx(200 + 300 / 12)
    assert both.sites["months"].to_dict() == {"c1": 12, "c0": 1}
    assert both.sites["robust"].tolist() == [1, 1]
    assert any("site 0, 1 mois sur 12" in said for said in both.sentences("fr"))


def test_need_changes_the_choice() -> None:
    demand = demand_at([0, 1000], [100.0, 80.0], income=[40000.0, 10000.0])
    sites = candidates_at([0, 1000])
    assert choose(demand, sites, objective="coverage").sites.index.tolist() == ["c0"]
    assert choose(demand, sites, objective="need").sites.index.tolist() == ["c1"]


def test_residents_of_targets_come_first_then_need() -> None:
    demand = demand_at(
        [0, 1000, 1010, 2000, 3000],
        [9000.0, 3.0, 5.0, 70.0, 60.0],
        neighbourhood_id=["", "noue", "", "", ""],
        income=[40000.0, 20000.0, 20000.0, 40000.0, 10000.0],
    )
    sites = candidates_at([0, 1000, 2000, 3000])
    assert choose(demand, sites, objective="coverage").sites.index.tolist() == ["c0"]
    targets = choose(demand, sites, objective="targets")
    assert targets.sites.index.tolist() == ["c1"]
    assert targets.sites["robust"].tolist() == [1.0]
    assert 3 <= targets.value < 4
    assert targets.residents == 9138
    assert targets.newly_low == pytest.approx(targets.newly_reached) == pytest.approx(targets.newly_high) == 8
    assert targets.next_site["candidate_id"] == "c0", "the next one follows the objective: those in need are 9,000 here"
    need = choose(demand.drop(0), sites, count=2, objective="targets")
    assert set(need.sites.index) == {"c1", "c3"}, "once targets are served, need decides"
    assert need.next_site["candidate_id"] == "c2"


def test_the_next_site_follows_the_objective() -> None:
    demand = demand_at([0, 1000, 2000], [100.0, 80.0, 90.0], income=[20000.0, 10000.0, 40000.0])
    sites = candidates_at([0, 1000, 2000])
    assert choose(demand, sites, objective="coverage").next_site["candidate_id"] == "c2"
    assert choose(demand.assign(population=[200.0, 80, 90]), sites, objective="need").next_site["candidate_id"] == "c1"


def test_sites_may_be_fixed_or_excluded_by_identifier_or_name() -> None:
    fixed = choose(STRIP, SITES, count=2, must_include=["site 0"], objective="coverage")
    assert set(fixed.sites.index) == {"c0", "c1"}
    assert fixed.sites["robust"].tolist() == [1, 1]
    left = choose(STRIP, SITES, exclude=["c1"], objective="coverage")
    assert left.sites.index.tolist() == ["c2"]
    assert left.exclusions.set_index("candidate_id")["reason"].to_dict() == {"c1": "excluded"}
    with pytest.raises(InputError, match="'nulle part'"):
        choose(STRIP, SITES, must_include=["nulle part"])
    with pytest.raises(InfeasibleError, match="'c1' must be included, but is left out: left out by you"):
        choose(STRIP, SITES, must_include=["c1"], exclude=["c1"])
    with pytest.raises(InfeasibleError, match="more than 1 sites"):
        choose(STRIP, SITES, must_include=["c1", "c2"])
    everybody = choose(STRIP, SITES, count=3, objective="set", must_include=["c0"])
    assert set(everybody.sites.index) == {"c0", "c1", "c2"}


def test_a_budget_binds_and_what_costs_nothing_known_is_left_out() -> None:
    sites = candidates_at([0, 1000, 2000], cost=[1.0, 5.0, np.nan])
    rich = choose(STRIP, sites, count=2, budget=9, objective="coverage")
    assert set(rich.sites.index) == {"c0", "c1"}
    assert rich.exclusions["reason"].tolist() == ["cost_unknown"]
    assert choose(STRIP, sites, count=2, budget=4, objective="coverage").sites.index.tolist() == ["c0"]
    assert compare_scenarios(rich)["cost"].tolist() == [6.0]
    with pytest.raises(InputError, match="missing column cost"):
        choose(STRIP, SITES, budget=4)
    with pytest.raises(InfeasibleError, match="budget"):
        choose(STRIP, sites, budget=4, must_include=["c1"])


def test_a_site_serves_no_more_than_it_has_room_for() -> None:
    sites = candidates_at([0, 1000, 2000], capacity=[50.0, 120.0, np.nan])
    one = choose(STRIP, sites, objective="coverage")
    assert one.sites.index.tolist() == ["c2"], "300 live at 1000, and there is room for 120"
    two = choose(STRIP, sites, objective="coverage", count=2)
    assert (two.value, two.newly_reached) == (pytest.approx(320), pytest.approx(320))
    assert two.sites["marginal"].to_dict() == {"c1": pytest.approx(120), "c2": pytest.approx(200)}
    assert "capacity" in two.notes
    beside = choose(STRIP, candidates_at([1000, 1010], capacity=[120.0, 500.0]), objective="coverage", count=2)
    assert beside.newly_reached == pytest.approx(300), "who finds no room in one goes to the other"
    with pytest.raises(InputError, match="capacity"):
        choose(STRIP, sites, objective="backup")


def test_backup_counts_a_first_and_a_second_place() -> None:
    demand = demand_at([0, 1000, 2000], [100.0, 90.0, 80.0])
    twice = choose(demand, SITES, objective="backup", count=2, structures=structures_at([1000, 0, 0]))
    assert set(twice.sites.index) == {"c1", "c2"}, "at 0 there are two already; at 1000 a second one counts"
    assert twice.value == 90 + 80
    assert twice.newly_reached == 80, "newly within reach of a first one"
    assert any("170 habitants gagnent un premier ou un second lieu" in said for said in twice.sentences("fr"))


@examples(8)
@given(st.integers(0, 10_000))
def test_sites_and_activities_together_by_enumeration(seed: int) -> None:
    random = np.random.default_rng(seed)
    xs = [float(x) for x in random.integers(0, 2500, 30)]
    demand, spots = demand_at(xs, random.integers(1, 50, 30).astype(float).tolist()), [0.0, 700, 1400, 2100, 2500]
    sites = candidates_at(spots, cost=random.integers(1, 5, 5).astype(float))
    today = structures_at([float(x) for x in random.integers(0, 2500, 4)]).assign(
        sectors=["mobilite", "numerique", "mobilite|numerique", "tiers_lieu"]
    )
    asked, budget = ("mobilite", "numerique", "tiers_lieu"), 6.0
    reach, people = 4500 / 60 * 5 / 1.3, demand["population"].to_numpy()
    exact = Assumptions(draws=0, detour=1.3)
    found = choose(
        demand, sites, sector=asked, count=2, structures=today, budget=budget, objective="coverage", assumptions=exact
    )

    def gain(chosen: tuple[tuple[int, str], ...]) -> float:
        total = 0.0
        for theme in asked:
            mine = [spots[site] for site, hosts in chosen if hosts == theme]
            offering = [place.x for place, said in zip(today.geometry, today["sectors"], strict=True) if theme in said]
            for x, persons in zip(xs, people, strict=True):
                total += persons * (
                    any(abs(x - at) <= reach for at in mine) and all(abs(x - at) > reach for at in offering)
                )
        return total

    choices = [(site, theme) for site in range(5) for theme in asked]
    best = max(
        gain(pair)
        for pair in combinations(choices, 2)
        if pair[0][0] != pair[1][0] and sites["cost"].iloc[[pair[0][0], pair[1][0]]].sum() <= budget
    )
    alone = max(gain((one,)) for one in choices if sites["cost"].iloc[one[0]] <= budget)
    assert found.value == found.newly_reached == pytest.approx(max(best, alone))
    assert found.proven
    table = found.best_sectors[found.best_sectors["asked"]].set_index(["site", "sector"])["newly_reached"]
    for site, theme in choices:
        assert table[f"c{site}", theme] == pytest.approx(gain(((site, theme),)))


def test_several_sectors_say_what_each_site_hosts() -> None:
    today = structures_at([1000, 2000]).assign(sectors=["numerique", "mobilite"])
    asked = {"sector": ["numerique", "mobilite"], "count": 2, "structures": today}
    found = choose(STRIP, candidates_at([1000, 2000]), **asked)
    assert found.sites["sector"].to_dict() == {"c0": "mobilite", "c1": "numerique"}
    assert found.newly_reached == 500
    assert "joint" in found.notes
    assert "site 0 (Mobilité) ; site 1 (Numérique)" in found.sentences("fr")[0]
    fixed = choose(STRIP, candidates_at([1000, 2000]), **asked, must_include={"c0": "numerique"})
    assert fixed.sites.loc["c0", "sector"] == "numerique"
    with pytest.raises(InputError, match="say what each site"):
        choose(STRIP, SITES, **asked, must_include=["c0"])
    with pytest.raises(InputError, match="'median' takes one sector"):
        choose(STRIP, SITES, **asked, objective="median")


def test_choices_nearly_as_good_are_an_area() -> None:
    demand = demand_at([0, 1000, 2000, 3000], [100.0, 97.0, 94.0, 96.0])
    found = choose(demand, candidates_at([0, 1000, 2000, 3000]), objective="coverage")
    assert found.sites.index.tolist() == ["c0"]
    assert found.alternatives["share_of_best"].round(2).to_dict() == {"c0": 1, "c1": 0.97, "c3": 0.96}
    assert any("2 autres candidats" in said for said in found.sentences("fr"))


def test_unplaced_structures_are_somewhere_in_their_commune() -> None:
    demand = demand_at([0, 200, 1000, 2000], [100.0] * 4, citycode="93010")
    known = structures_at([0, 0]).assign(citycode="93010")
    lost = known.assign(sectors=["numerique", "mobilite"]).set_geometry([known.geometry.iloc[0], None], crs=CRS)
    found = choose(demand, SITES, structures=lost, objective="coverage", assumptions=Assumptions(draws=640))
    assert 0 < found.reached_before < 400
    assert found.newly_low < found.newly_reached < found.newly_high
    still = choose(demand, SITES, structures=lost, objective="coverage", assumptions=Assumptions(draws=0))
    assert still.reached_before == 0
    assert np.isnan(still.newly_low)


@pytest.mark.parametrize("objective", ["coverage", "need", "backup", "expected"])
def test_what_worlds_choose_is_close_to_the_best_set_of_each(objective: str) -> None:
    random = np.random.default_rng(7)
    people, sites, count = 60, 7, 3
    reach = random.random((sites, people)) < 0.25
    served = (random.random((people, 64)) < 0.3).astype(np.uint8)
    row = np.nonzero(reach)[1]
    bits = np.full((len(row), 1), ~np.uint64(0))
    near = Near(row, np.cumsum([0, *reach.sum(axis=1)]), bits)
    living = random.integers(1, 30, (people, 64)).astype(float)
    today = Today(living, np.arange(people), np.ones(people), {}, {}, None, None, 0)
    weights = random.uniform(0.5, 2, people) if objective == "need" else np.ones(people)
    levels = {"backup": np.ones(2), "expected": 0.8 * 0.2 ** np.arange(3)}.get(objective, np.ones(1))
    aim = Aim(near, 0, weights, levels, served.copy(), np.ones(sites, dtype=bool))
    picked = choose_anew(today, [aim], themes=1, count=count, fixed=(), costs=None, budget=None)

    def value(chosen: Any, world: int) -> float:
        before, after = served[:, world], served[:, world] + reach[list(chosen)].sum(axis=0)
        running = np.append(0, np.cumsum(levels))
        most = len(levels)
        won = running[np.minimum(after, most)] - running[np.minimum(before, most)]
        return float((living[:, world] * weights * won).sum())

    best = np.array([max(value(c, world) for c in combinations(range(sites), count)) for world in range(64)])
    found = np.array([value(picked[:, world], world) for world in range(64)])
    assert (found <= best + 1e-6).all()
    assert (found >= 0.95 * best).all()
    assert (found >= best - 1e-6).mean() > 0.9


def test_targets_without_a_resident_are_refused() -> None:
    with pytest.raises(InputError, match="needs residents of target neighbourhoods"):
        choose(STRIP.assign(neighbourhood_id=""), SITES, objective="targets")
    with pytest.raises(InputError, match="needs residents of target neighbourhoods"):
        choose(STRIP.drop(columns="neighbourhood_id"), SITES, objective="targets")


def test_targets_that_are_all_served_are_said_so() -> None:
    demand = demand_at([0, 1000], [100.0, 80.0], neighbourhood_id=["", "noue"])
    scenario = choose(demand, candidates_at([0]), objective="targets", structures=structures_at([1000]))
    assert "targets_reached" in scenario.notes
    assert "all_reached" not in scenario.notes


@pytest.mark.parametrize("objective", sorted(OBJECTIVES))
def test_every_objective_is_proven_on_a_small_question(objective: str) -> None:
    period = ("2027-01", "2027-06")
    scenario = choose(STRIP.assign(neighbourhood_id="noue"), SITES, objective=objective, count=3, period=period)
    assert scenario.proven
    assert scenario.bound == pytest.approx(scenario.value)
    assert scenario.sites["robust"].between(0, 1).all()


def test_set_covering_beyond_the_count_is_infeasible() -> None:
    with pytest.raises(InfeasibleError, match="at least 3 sites; at most 2"):
        choose(STRIP, SITES, objective="set", count=2)


def test_coverage_equals_brute_force_over_a_plane() -> None:
    random = np.random.default_rng(5)
    xy, people = random.uniform(0, 3000, (200, 2)), random.integers(1, 50, 200).astype(float)
    demand = demand_at([0.0] * 200, people.tolist()).set_geometry(gpd.points_from_xy(*xy.T), crs=2154)
    spots, places = random.uniform(0, 3000, (12, 2)), random.uniform(0, 3000, (3, 2))
    sites = candidates_at([0.0] * 12).set_geometry(gpd.points_from_xy(*spots.T), crs=2154)
    today = structures_at([0.0] * 3).set_geometry(gpd.points_from_xy(*places.T), crs=2154)
    reach_m = 5 * 4500 / 60 / 1.3
    exact = Assumptions(draws=0, detour=1.3)

    def near(points: Any) -> Any:
        return np.hypot(*(xy[:, None, :] - points).transpose(2, 0, 1)) <= reach_m

    lacking = ~near(places).any(axis=1)
    best = max(people[lacking & near(spots)[:, list(c)].any(axis=1)].sum() for c in combinations(range(12), 3))
    scenario = choose(demand, sites, count=3, structures=today, assumptions=exact)
    assert scenario.newly_reached == pytest.approx(best)
    assert scenario.reached_before == pytest.approx(people[~lacking].sum())


def test_a_site_without_rivals_is_robust_and_draws_are_seeded() -> None:
    lone = choose(STRIP, candidates_at([1000]), assumptions=Assumptions(draws=20))
    assert lone.sites["robust"].tolist() == [1.0]
    twice = [choose(STRIP, SITES, assumptions=Assumptions(draws=20, seed=4)).to_json() for _ in range(2)]
    assert twice[0] == twice[1]
    assert lone.newly_low <= lone.newly_reached <= lone.newly_high


def test_uncertain_positions_of_premises_make_a_choice_less_sure() -> None:
    demand = demand_at([0.0, 800.0], [101.0, 100.0])
    exact = choose(demand, candidates_at([0, 800], geo_radius_m=0.0), assumptions=Assumptions(draws=40))
    vague = choose(demand, candidates_at([0, 800], geo_radius_m=600.0), assumptions=Assumptions(draws=40))
    assert vague.newly_low < exact.newly_low


def test_the_best_sector_is_the_one_most_residents_lack() -> None:
    both = structures_at([1000, 5000, 5000], sectors="numerique").assign(
        sectors=["numerique", "petite_enfance", "mobilite"]
    )
    scenario = choose(STRIP, candidates_at([1000]), structures=both)
    assert scenario.sites["best_sectors"].tolist() == ["mobilite|petite_enfance"]
    assert "numerique" in set(scenario.best_sectors["sector"])


def test_search_areas_are_labelled_and_have_no_surface() -> None:
    areas = gpd.GeoDataFrame(
        {"name": ["Nord"], "city": ["Bondy"]}, geometry=[STRIP.union_all().envelope.buffer(300)], crs=2154
    )
    scenario = choose(STRIP, search_areas(areas), requirements=Requirements(min_surface_m2=150, ground_floor=True))
    assert scenario.search_areas
    assert {"search_areas", "requirements_not_for_areas"} <= set(scenario.notes)
    assert any("zones de recherche" in sentence for sentence in scenario.sentences("fr"))


def test_every_objective_filter_and_note_has_words_in_both_languages() -> None:
    codes = {"siting_objectives": set(OBJECTIVES)}
    codes["siting_filters"] = {*UNUSABLE.values(), "no_position", "never_available", "surface_unknown", "too_small"}
    codes["siting_filters"] |= {"not_ground_floor", "floor_unknown", "far_from_station", "excluded", "cost_unknown"}
    for section, wanted in codes.items():
        assert words("fr")[section].keys() == words("en")[section].keys() == wanted
    assert words("fr")["siting_notes"].keys() == words("en")["siting_notes"].keys()
    assert words("fr")["scenario"].keys() == words("en")["scenario"].keys()
    told = {
        *choose(STRIP, SITES, count=9, objective="median").notes,
        *choose(STRIP, SITES, structures=structures_at([0, 1000, 2000]), period=("2027-01", "2027-02")).notes,
        *choose(STRIP, SITES, structures=structures_at([9e4], ess_rule="statut")).notes,
    }
    assert len(told) >= 8
    assert told <= words("fr")["siting_notes"].keys()


def test_the_words_of_a_scenario_are_those_of_its_figures() -> None:
    scenario = choose(STRIP, SITES, assumptions=Assumptions(draws=0))
    assert scenario.sentences("fr")[:4] == [
        "Mobilité, 5 min à pied : site 1. 300 habitants nouvellement à portée.",
        "Parmi eux, 300 vivent dans un quartier cible et 0 dans le tiers de revenu inférieur.",
        "Critère : le plus d'habitants à portée ; aucun autre choix ne fait mieux (prouvé, à la marche médiane).",
        "Un site de plus (site 2) ajouterait 200 habitants.",
    ]
    drawn = choose(STRIP, SITES, assumptions=Assumptions(draws=9, level=0.8))
    assert "(intervalle à 80 % : " in drawn.sentences("fr")[0]
    assert "(80% interval: " in drawn.sentences("en")[0]
    unsure = replace(scenario, proven=False, gap=0.0214)
    assert "à 2.1 % au plus du meilleur choix possible." in unsure.sentences("fr")[2]
    assert "within 2.1% of the optimum." in unsure.sentences("en")[2]


def test_inputs_stay_as_they_were() -> None:
    demand, sites, today = STRIP.copy(), SITES.copy(), structures_at([1000])
    before = [frame.copy() for frame in (demand, sites, today)]
    choose(demand, sites, structures=today)
    for frame, copy in zip((demand, sites, today), before, strict=True):
        assert frame.equals(copy)


def test_compare_sets_scenarios_side_by_side() -> None:
    table = compare_scenarios(choose(STRIP, SITES), choose(STRIP, SITES, count=2))
    assert table["newly_reached"].tolist() == [300, 500]
    assert table["kind"].tolist() == ["premises", "premises"]


def test_names_are_escaped_in_a_notebook() -> None:
    shown = choose(STRIP, candidates_at([1000], name=[HOSTILE], city=[HOSTILE]))._repr_html_()
    assert "<img" not in shown
    assert "&lt;img" in shown


def test_json_holds_the_whole_result() -> None:
    result = json.loads(choose(STRIP, SITES, count=2, period=("2027-01", "2027-03")).to_json())
    assert [site["marginal"] for site in result["sites"]] == [300, 200]
    assert {"bound", "gap", "proven", "next_site", "exclusions", "newly_low", "newly_high"} <= set(result)
    assert {"robust", "robust_nearby", "best_sectors", "longitude", "latitude"} <= set(result["sites"][0])
    assert result["period"] == {"first": "2027-01", "last": "2027-03"}
