"""Worlds counted again by plain loops, and what each part of a world must hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import sparse

from essgeo.uncertainty import (
    DISCS,
    NOWHERE,
    STREET_DISCS,
    WHOLE,
    Homes,
    Places,
    as_flags,
    counting,
    draw_worlds,
    ends,
    expected_people,
    reached,
    reached_people,
    reached_squares,
)
from essgeo.uncertainty.counting import MOVE_DETOUR
from essgeo.uncertainty.existence import draw_alive
from essgeo.uncertainty.homes import draw_people, keep_totals
from essgeo.uncertainty.latin import draw_orders
from essgeo.uncertainty.positions import draw_positions
from essgeo.uncertainty.streets import LONGEST_Z, STEPS, draw_own, single_walks, street_metres

if TYPE_CHECKING:
    from essgeo.uncertainty import Worlds

COUNT, THEMES, LIMITS = 128, 3, (375.0, 1125.0)


def town(seed: int = 0, spacing: float = 50.0) -> tuple[Homes, Places]:
    """Homes on a lattice in two communes and three IRIS; structures at one address, apart, in a commune, anywhere."""
    random = np.random.default_rng(seed)
    x, y = (
        axis.ravel()
        for axis in np.meshgrid(np.arange(spacing / 2, 1600, spacing), np.arange(spacing / 2, 500, spacing))
    )
    iris = np.digitize(x, [430, 1000])
    people = random.uniform(5, 20, 3)[iris]
    zone = np.where((x > 300) & (x < 600), 0, -1)
    homes = Homes(
        np.column_stack([x, y]), people, (x > 800).astype(int), iris, zone, iris * 2 + (zone == 0), drawn=True
    )
    xy = np.vstack([random.uniform(0, 1600, (6, 2)) * [1, 0.3], np.full((5, 2), np.nan)])
    xy[1] = xy[0]
    area = np.array([0, 0, 0, 1, 1, 1, 0, 0, 1, WHOLE, NOWHERE])
    themes = np.array([1, 3, 1, 5, 3, 7, 3, 5, 1, 7, 7], dtype=np.uint64)
    return homes, Places(xy, np.where(np.isnan(xy[:, 0]), np.nan, 85.0), area, themes)


def worlds_of(homes: Homes, places: Places, *, seed: int = 0, count: int = COUNT) -> Worlds:
    known = np.arange(len(places.xy)) % 3 > 0
    return draw_worlds(
        homes, places, verified=known, years=np.full(len(known), 4.0), odds=(8, 2), count=count, seed=seed
    )


def walked(homes: Homes, places: Places, worlds: Worlds, metres: np.ndarray | None) -> np.ndarray:
    """Metres over streets of each walk: points x structures x worlds, in the formulas of the documentation."""
    straight = np.hypot(
        homes.xy[:, 0][:, None, None] - worlds.x.astype(float), homes.xy[:, 1][:, None, None] - worlds.y.astype(float)
    )
    square = [tuple(row) for row in np.floor(homes.xy / 200)]
    found = np.empty(straight.shape)
    for point in range(len(straight)):
        for one in range(straight.shape[1]):
            first = (
                one
                if np.isnan(places.xy[one, 0])
                else next(other for other in range(one + 1) if (places.xy[other] == places.xy[one]).all())
            )
            single = single_walks(square.index(square[point]), first, worlds.count)
            z = (worlds.own[one] + worlds.field[worlds.part[point]] + single) / STEPS - 3 * LONGEST_Z
            found[point, one] = street_metres(straight[point, one], z)
            if metres is not None and not np.isnan(places.xy[one, 0]):
                moved = straight[point, one] - np.hypot(*(homes.xy[point] - places.xy[one]))
                over = metres[point, one] + MOVE_DETOUR * moved
                found[point, one] = np.where(metres[point, one] > 0, over, np.inf)
    return found


@pytest.mark.parametrize(
    ("streets", "spacing", "together"),
    [(False, 50.0, 128), (True, 50.0, 128), (False, 31.0, 2), (False, 160.0, 1)],  # 49 points a square, one or two
)
def test_every_bit_is_that_of_a_loop(
    streets: bool,  # noqa: FBT001 (a case)
    spacing: float,
    together: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(counting, "FEW_STRUCTURES", together)
    monkeypatch.setattr(counting, "ENTRIES", 100 * together)
    monkeypatch.setattr(counting, "ALONE", 64)
    homes, places = town(spacing=spacing)
    worlds = worlds_of(homes, places)
    metres = None
    if streets:
        away = np.hypot(*(homes.xy[:, None] - np.nan_to_num(places.xy)).transpose(2, 0, 1))
        metres = np.where((away < 900) & places.located, 1.4 * away, 0)
    found = walked(homes, places, worlds, metres)
    alive = as_flags(worlds.alive).astype(bool)
    seen = 0
    measured = None if metres is None else sparse.csr_array(metres)
    reached = np.zeros((THEMES, len(LIMITS), len(homes.xy), COUNT), dtype=bool)
    sets = [places.located, np.arange(len(places.xy)) % 2 == 1]  # without the first of an address
    few = np.zeros((len(sets), *reached.shape[:3], 64), dtype=bool)
    for square in reached_squares(homes, places, worlds, LIMITS, measured=measured, alone=sets):
        bits = square.masks[:, :, None] >> np.arange(len(square.points), dtype=np.uint16)[:, None] & 1
        few[:, :, :, square.points] = np.moveaxis(np.split(bits[..., COUNT:], len(sets), axis=-1), 0, 0)
        of_all = square._replace(masks=square.masks[..., :COUNT])
        reached[np.ix_(of_all.themes, range(len(LIMITS)), of_all.points)] = as_flags(of_all.reached)
        seen += len(square.points)
    assert seen == len(homes.xy)
    for theme in range(THEMES):
        offered = (places.themes >> np.uint64(theme) & np.uint64(1)).astype(bool)
        nearest = np.where(offered[:, None] & alive, found, np.inf).min(axis=1)
        for walk, limit in enumerate(LIMITS):
            sure = np.abs(nearest - limit) > 2  # metres: squares of floats of 32 bits round at the limit
            assert sure.mean() > 0.98
            np.testing.assert_array_equal(reached[theme, walk][sure], (nearest <= limit)[sure])
            for one, kept in enumerate(sets):
                theirs = np.where((offered & kept)[:, None] & alive, found, np.inf).min(axis=1)[:, :64]
                sure = np.abs(theirs - limit) > 2
                np.testing.assert_array_equal(few[one, theme, walk][sure], (theirs <= limit)[sure])

    need = np.array([0.5, 1.0, 2.0])[homes.iris]
    counted = reached_people(homes, places, worlds, LIMITS, themes=THEMES, need=need, measured=measured, alone=sets)
    each = worlds.people[worlds.cell] / np.bincount(worlds.cell)[worlds.cell][:, None]  # points x worlds
    for group in np.unique(homes.group):
        mine = homes.group == group
        persons = (reached[:, :, mine] * each[mine]).sum(axis=2)
        np.testing.assert_allclose(counted.people[group], persons, rtol=1e-4, atol=1e-3)
        alone = (few[:, :, :, mine] * each[mine, :64]).sum(axis=3)
        np.testing.assert_allclose(counted.alone[:, group], alone, rtol=1e-4, atol=1e-3)
        weighed = (reached[:, :, mine] * (each * need[:, None])[mine]).sum(axis=2)
        np.testing.assert_allclose(counted.in_need[group], weighed, rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(counted.all_people[group], each[mine].sum(axis=0), rtol=1e-4)


def test_who_reaches_some_structures_alone_is_who_reaches_them_where_the_others_stand_nowhere() -> None:
    homes, places = town()
    worlds = worlds_of(homes, places)
    kept = np.arange(len(places.xy)) != 0  # another one has its address
    asked = {"themes": THEMES, "need": np.ones(len(homes.xy))}
    alone = reached_people(homes, places, worlds, LIMITS, alone=[kept], **asked).alone[0]
    others = reached_people(homes, places, worlds.only(kept), LIMITS, **asked)
    np.testing.assert_array_equal(alone, others.people)


def test_two_processes_count_what_one_does_to_the_last_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    homes, places = town()
    asked = (homes, places, worlds_of(homes, places), LIMITS)
    need = np.linspace(0.5, 2, len(homes.xy))
    one = reached_people(*asked, themes=THEMES, need=need, alone=[places.located])
    monkeypatch.setattr(reached, "MANY", 0)
    two = reached_people(*asked, themes=THEMES, need=need, alone=[places.located])
    for name in set(one._fields) - {"kept"}:
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), err_msg=name)


@pytest.mark.parametrize("many", [0, reached.MANY])
def test_what_is_kept_of_a_count_is_what_is_counted_again(many: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reached, "MANY", many)
    homes, places = town(spacing=25.0)  # squares of more points than are looked at together
    worlds = worlds_of(homes, places)
    asked = {"themes": THEMES + 1, "need": np.ones(len(homes.xy)), "keep": {1: 64}}  # of one theme there is nothing
    worlds = replace(worlds, kept=reached_people(homes, places, worlds, LIMITS, **asked).kept)
    assert counting.kept_squares(worlds, LIMITS[1]) is None  # fewer worlds than these
    few = worlds.first(64)
    assert counting.kept_squares(few, LIMITS[0]) is None
    kept = counting.kept_squares(few, LIMITS[1])
    assert kept is not None
    for one, two in zip(kept, reached_squares(homes, places, few, LIMITS[1:]), strict=True):
        np.testing.assert_array_equal(one.points, two.points)
        np.testing.assert_array_equal(one.masks[:THEMES], two.masks)
        assert not one.masks[THEMES:].any()


def test_the_same_seed_gives_the_same_worlds_and_a_part_may_change_alone() -> None:
    homes, places = town()
    one, two, other = worlds_of(homes, places), worlds_of(homes, places), worlds_of(homes, places, seed=1)
    for name in ("x", "y", "alive", "people", "own", "field"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
        assert not np.array_equal(getattr(one, name), getattr(other, name))
    moved = worlds_of(homes, places._replace(radius=np.full(11, 300.0)))
    assert np.array_equal(moved.alive, one.alive)
    assert np.array_equal(moved.people, one.people)


def test_a_position_lies_in_its_discs_and_structures_of_one_address_move_together() -> None:
    homes, places = town()
    random = np.random.default_rng(0)
    places = places._replace(street=np.arange(11) == 3)
    x, y, host = draw_positions(places, homes, draw_orders(11, 6400, random), random)
    for one, discs in ((2, DISCS), (3, STREET_DISCS)):
        away = np.hypot(x[one] - places.xy[one, 0], y[one] - places.xy[one, 1]) / 85
        for share in (0.2, 0.5, 1.0, 1.5):
            expected = sum(odds * min(share / radius, 1) ** 2 for radius, odds in discs)
            assert (away <= share).mean() == pytest.approx(expected, abs=0.01)
    assert np.array_equal(x[0], x[1])
    assert np.array_equal(y[0], y[1])
    assert set(host[1].tolist()) == {0}
    assert np.isinf(x[10]).all()
    for one, (low, high) in {6: (0, 800), 8: (800, 1600)}.items():  # of its commune where it shares no place
        alone = host[one] == one
        assert 0.3 < alone.mean() < 0.9
        assert ((x[one][alone] >= low) & (x[one][alone] <= high)).all()
        joined = host[one][~alone]
        assert np.array_equal(x[one][~alone], x[joined, np.flatnonzero(~alone)])
        assert set(places.area[np.unique(joined)]) <= {places.area[one], WHOLE}


def test_a_structure_at_the_end_of_the_list_changes_nothing_for_those_before_it() -> None:
    homes, places = town()
    every = worlds_of(homes, places)
    for kept in (10, 9, 6):  # without the last, which is nowhere; in the territory; all those without a position
        fewer = worlds_of(homes, Places(*(values[:kept] for values in places[:4])))
        for name in ("x", "y", "host", "alive", "own"):
            np.testing.assert_array_equal(getattr(fewer, name), getattr(every, name)[:kept], err_msg=name)
        np.testing.assert_array_equal(fewer.field, every.field)


def test_how_often_a_structure_exists_and_stands_somewhere_strays_less_than_at_random() -> None:
    homes, places = town()
    count = 1024
    none, sure, years = np.zeros(count, dtype=np.float32), np.ones(11, dtype=bool), np.full(11, 8.0)
    found = []
    for seed in range(30):
        random = np.random.default_rng(seed)
        orders = draw_orders(11, count, random)
        x, y, host = draw_positions(places, homes, orders, random)
        alive = draw_alive(sure, years, (1, 1), orders, random)
        easy = draw_own(orders, none, random) > LONGEST_Z * STEPS
        alone = host == np.arange(11)[:, None]
        located = (x > places.xy[:, [0]]) & (y > places.xy[:, [1]])  # one side of the point
        about = alone & (np.hypot(x - 300 - 1000 * (places.area == 1)[:, None], y - 250) < 200)
        there = np.where(places.located[:, None], located, about)
        both = there & alive
        found.append([both.sum(axis=1), (both & easy).sum(axis=1), (both[6] & both[9]).sum() + np.zeros(11)])
    kept = [0, 2, 3, 4, 5, 6, 7, 8, 9]  # the first of an address, and not what is nowhere
    two, three, pair = np.array(found).transpose(1, 0, 2)
    for counted in (two[:, kept], three[:, kept]):
        expected = counted.mean(axis=0)
        assert (expected > 0.01 * count).all()
        strays = counted.var(axis=0) / (expected * (1 - expected / count))  # 1 at random
        assert np.median(strays) < 0.4
        assert strays.max() < 0.9
    # Structures know nothing of each other.
    assert pair.mean() == pytest.approx(two[:, 6].mean() * two[:, 9].mean() / count, rel=0.15)


def test_residents_are_moved_and_never_made() -> None:
    homes, _ = town()
    cell = homes.cells()
    people = draw_people(homes, cell, 640, np.random.default_rng(0))
    _, first = np.unique(cell, return_index=True)
    for iris in range(3):
        total = homes.people[homes.iris == iris].sum()
        np.testing.assert_allclose(people[homes.iris[first] == iris].sum(axis=0), total, rtol=1e-4)
    inside = homes.people[homes.zone == 0].sum()
    np.testing.assert_allclose(people[homes.zone[first] == 0].sum(axis=0), inside, rtol=1e-3)
    free = homes._replace(zone=np.full(len(homes.xy), -1))
    drawn = draw_people(free, free.cells(), 6400, np.random.default_rng(1))
    expected = np.bincount(free.cells(), weights=free.people)
    np.testing.assert_allclose(drawn.mean(axis=1), expected, rtol=0.15)


def test_a_zone_takes_no_more_than_its_iris_hold() -> None:
    iris, inside = np.array([0, 0, 1]), np.array([True, False, True])  # the second IRIS lies in the zone whole
    for total, expected in ((40.0, 50.0), (80.0, 80.0), (500.0, 150.0)):
        people = expected_people(np.full(3, 50.0), iris, inside, np.where(inside, 0, -1), np.array([total]))
        assert people[inside].sum() == pytest.approx(expected, abs=0.1)
        np.testing.assert_allclose(np.bincount(iris, weights=people), [100, 50], rtol=1e-4)
    assert keep_totals(np.ones((3, 2)), iris, np.full(3, -1), np.empty(0)).tolist() == np.ones((3, 2)).tolist()


def test_ends_hold_nine_in_ten_and_nan_is_nan() -> None:
    drawn = np.random.default_rng(0).standard_normal((3, 5120))
    drawn[2, 0] = np.nan
    low, high = ends(drawn)
    assert low[:2] == pytest.approx(-1.645, abs=0.08)
    assert high[:2] == pytest.approx(1.645, abs=0.08)
    assert np.isnan([low[2], high[2]]).all()


def test_a_place_at_the_other_end_of_the_world_changes_nothing() -> None:
    """One without a position may share the place of one overseas: squares need not reach as far."""
    homes, places = town()
    worlds = worlds_of(homes, places)
    some = np.flatnonzero(~places.located)[:1]
    asked = {"themes": THEMES, "need": np.ones(len(homes.xy))}
    x, y = worlds.x.copy(), worlds.y.copy()
    x[some, ::2], y[some, 1::2] = 9e6, -9e6
    far = reached_people(homes, places, replace(worlds, x=x, y=y), LIMITS, **asked)
    x[some], y[some] = np.inf, np.inf
    nowhere = reached_people(homes, places, replace(worlds, x=x, y=y), LIMITS, **asked)
    np.testing.assert_array_equal(far.people, nowhere.people)
