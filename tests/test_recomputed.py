"""Published figures found again with numpy and shapely alone, from the worlds that stand behind them.

What essgeo draws (positions, existence, detours, residents) is taken as data; whatever is counted, weighed, ranked or
bounded from it is written here a second time, in plain arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely

from essgeo.gaps import gather_areas
from essgeo.gaps.shares import homes_of, places_of, worlds_of
from essgeo.register import activity_odds
from essgeo.uncertainty import as_flags
from essgeo.uncertainty.streets import single_walks

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from essgeo import Study

MINUTES, PACE = 15, 4.5 * 1000 / 60
WALK_M = MINUTES * PACE
AREAS = ("la-noue-caillet", "le-morillon")
THEMES = ("all", "tiers_lieu", "alimentation_agriculture", "mobilite")


@dataclass(frozen=True)
class Exported:
    """Arrays of the worlds: points, structures and worlds, in that order where there are several."""

    homes: NDArray[np.float64]
    iris: NDArray[np.str_]
    cell: NDArray[np.intp]
    part: NDArray[np.intp]
    people: NDArray[np.float64]
    field: NDArray[np.int16]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    own: NDArray[np.int16]
    alive: NDArray[np.bool_]
    known: NDArray[np.float64]
    offers: list[set[str]]


@pytest.fixture(scope="module")
def exported(est_ensemble: Study) -> Exported:
    study, chosen = est_ensemble, est_ensemble.parameters
    counted: Any = study.structures[study.structures["counted"]]
    layers = {name: getattr(study, name) for name in ("communes", "neighbourhoods", "qpv")}
    areas = gather_areas(study.demand, territory=study.territory.name, **layers)
    homes, places = homes_of(study.demand, areas), places_of(counted, study.demand)
    odds = activity_odds(study.structures)
    worlds = worlds_of(homes, places, counted, odds=odds, as_of=chosen.as_of, draws=chosen.draws, seed=chosen.seed)
    words = counted["sectors"] + "|" + counted["challenges"]
    return Exported(
        homes.xy, study.demand["iris_code"].to_numpy(dtype=str), worlds.cell, worlds.part,
        worlds.people.astype(float), worlds.field, worlds.x.astype(float), worlds.y.astype(float), worlds.own,
        as_flags(worlds.alive).astype(bool), places.xy, [{"all", *cell.split("|")} for cell in words],
    )  # fmt: skip


def row_of(table: pd.DataFrame, **values: object) -> Any:
    for name, value in values.items():
        table = table[table[name] == value]
    (row,) = table.itertuples()
    return row


def members(study: Study, area: str) -> list[str]:
    return str(study.neighbourhoods["iris_codes"][area]).split("|")


def steps_to_metres(straight: NDArray[np.float64], steps: NDArray[np.integer]) -> NDArray[np.float64]:
    """Metres over streets, by the formula of the method page; z is kept in 64ths from -7.5."""
    walked: NDArray[np.float64] = 1.15 * straight + 132 * (straight / 300) ** 0.4 * np.exp(0.78 * (steps / 64 - 7.5))
    return walked


def ends_of(values: NDArray[np.float64]) -> tuple[float, float]:
    """The means of the ranks from 2 to 8 % at both ends."""
    ordered, count = np.sort(values), len(values)
    first, last = round(0.02 * count), round(0.08 * count)
    return float(ordered[first:last].mean()), float(ordered[count - last : count - first].mean())


@pytest.fixture(scope="module")
def recounted(est_ensemble: Study, exported: Exported) -> dict[tuple[str, str], NDArray[np.float64]]:
    """The share of the residents of an area within reach of a theme, in each world."""
    w, found = exported, {}
    squares, first = np.unique(np.floor(w.homes / 200), axis=0, return_inverse=True)
    leader = np.full(len(squares), len(w.homes))
    np.minimum.at(leader, first.ravel(), np.arange(len(w.homes)))  # the first point of each square of 200 m
    places: dict[tuple[float, float], int] = {}
    shared = [one if np.isnan(xy[0]) else places.setdefault((xy[0], xy[1]), one) for one, xy in enumerate(w.known)]
    for area in AREAS:
        mine = np.flatnonzero(np.isin(w.iris, members(est_ensemble, area)))
        each = w.people[w.cell[mine]] / np.bincount(w.cell)[w.cell[mine]][:, None]  # points x worlds
        near = {theme: np.zeros(each.shape, dtype=bool) for theme in THEMES}
        for one, offers in enumerate(w.offers):
            wanted = [theme for theme in THEMES if theme in offers]
            closest = np.hypot(w.x[one] - w.homes[mine].mean(axis=0)[0], w.y[one] - w.homes[mine].mean(axis=0)[1]).min()
            if not wanted or closest > 4000:
                continue
            for place, point in enumerate(mine):
                straight = np.hypot(w.x[one] - w.homes[point, 0], w.y[one] - w.homes[point, 1])
                chance = single_walks(int(leader[first.ravel()[point]]), shared[one], straight.size)
                steps = w.own[one].astype(int) + w.field[w.part[point]] + chance
                reached = (steps_to_metres(straight, steps) <= WALK_M) & w.alive[one]
                for theme in wanted:
                    near[theme][place] |= reached
        for theme, flags in near.items():
            found[area, theme] = (flags * each).sum(axis=0) / each.sum(axis=0)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("theme", THEMES)
def test_a_share_and_its_interval_are_those_of_its_worlds(
    area: str, theme: str, est_ensemble: Study, recounted: dict[tuple[str, str], NDArray[np.float64]]
) -> None:
    published = row_of(est_ensemble.coverage, level="neighbourhood", zone_id=area, theme=theme, minutes=MINUTES)
    worlds = recounted[area, theme]
    assert published.share == pytest.approx(worlds.mean(), abs=2e-3)
    assert (published.share_low, published.share_high) == pytest.approx(ends_of(worlds), abs=5e-3)
    gap = row_of(est_ensemble.gaps, level="neighbourhood", neighbourhood_id=area, theme=theme)
    assert gap.out_of_reach == pytest.approx(gap.residents * (1 - worlds.mean()), abs=0.002 * gap.residents)


def test_residents_of_an_area_are_those_of_its_points(est_ensemble: Study, exported: Exported) -> None:
    people = est_ensemble.demand["population"].to_numpy()
    points = shapely.points(exported.homes)
    for code, outline in est_ensemble.qpv.geometry.items():
        row = row_of(est_ensemble.coverage, level="qpv", zone_id=code, theme="all", minutes=MINUTES)
        assert row.residents == pytest.approx(people[shapely.intersects(outline, points)].sum(), abs=1e-6)
    for area in AREAS:
        row = row_of(est_ensemble.coverage, level="neighbourhood", zone_id=area, theme="all", minutes=MINUTES)
        assert row.residents == pytest.approx(people[np.isin(exported.iris, members(est_ensemble, area))].sum())


def test_gaps_and_ranks_follow_from_shares(est_ensemble: Study) -> None:
    whole = est_ensemble.coverage.query("level == 'territory' and minutes == @MINUTES").set_index("theme")["share"]
    for area in AREAS:
        rows = est_ensemble.gaps[est_ensemble.gaps["neighbourhood_id"] == area]
        points = 100 * (whole[rows["theme"]].to_numpy() - rows["share"].to_numpy())
        np.testing.assert_allclose(rows["gap_points"], points, atol=1e-4)
        np.testing.assert_allclose(rows["gap_residents"], rows["residents"] * points / 100, atol=1e-2)
        named = (rows["conclusion"] == "").to_numpy() & (rows["theme"] != "all").to_numpy()
        ranks = [1 + int((points[named] > one + 1e-6).sum()) for one in points[named]]
        assert rows["rank"].to_numpy()[named].tolist() == ranks
        located, known = rows["structures_located"].to_numpy(), rows["structures"].to_numpy()
        few = (located < 3) | (located < known / 2)
        assert (rows["conclusion"].isin(["none", "none_located", "few_located"]).to_numpy() == few).all()
        assert (rows["behind"].to_numpy()[named] >= 0.95).all()


def test_what_a_zone_is_expected_to_hold_is_the_sum_over_three_discs(est_ensemble: Study) -> None:
    rows = est_ensemble.structure_zones.query("layer == 'qpv' and relation == 'undetermined'").head(60)
    assert len(rows) > 20
    for row in rows.itertuples():
        one = est_ensemble.structures.loc[row.structure_id]
        held, street = 0.0, one["geo_precision"] in {"street", "place"}
        for factor, odds in (
            ((0.18, 0.17), (0.78, 0.44), (1.15, 0.39)) if street else ((0.2, 0.35), (0.55, 0.44), (1.5, 0.21))
        ):
            disc = one.geometry.buffer(factor * one["geo_radius_m"], quad_segs=64)
            held += odds * shapely.intersection(disc, est_ensemble.qpv.geometry[row.zone_id]).area / disc.area
        assert row.probability == pytest.approx(held, abs=0.01)


def test_a_scenario_of_the_register_is_its_formula(est_ensemble: Study, exported: Exported) -> None:
    people = est_ensemble.demand["population"].to_numpy()
    low, high = 0.0, WALK_M
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if steps_to_metres(np.array([middle]), np.array([480]))[0] <= WALK_M else (low, middle)
        )
    for area in AREAS:
        row = row_of(est_ensemble.if_listed, level="neighbourhood", zone_id=area, family="cooperative")
        mine = np.flatnonzero(np.isin(exported.iris, members(est_ensemble, area)))[::7]
        shares = []
        for point in mine:
            lives_near = np.hypot(*(exported.homes - exported.homes[point]).T) <= low
            chance = 1 - people[lives_near].sum() / people.sum()
            shares.append(1 - chance ** (row.seed_enterprises - row.register_located))
        assert row.share_if_listed >= np.average(shares, weights=people[mine]) * (1 - row.share_listed) - 0.05
        assert row.share_listed <= row.share_if_listed <= 1
