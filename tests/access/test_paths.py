"""Walks over a network, against a plain search on a network cut at every point."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from scipy.sparse.csgraph import shortest_path

from essgeo import travel_cost
from essgeo.access import walking as paths
from essgeo.access.walking import network_metres, snap
from essgeo.errors import CRSMismatchError, InputError
from tests.conftest import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import WalkNetwork

NOT_NOTHING = 1e-7  # csgraph takes lengths below 1e-8 for no edge at all
PLACES = st.lists(st.tuples(st.integers(0, 600), st.integers(0, 600)), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def town(draw: Callable[..., WalkNetwork]) -> WalkNetwork:
    """A few blocks, a dead end, steps, a bend, two parallel ways, a loop and an island."""
    lines = [
        [(0, 0), (200, 0), (400, 30), (600, 0)],
        [(0, 300), (200, 300), (600, 300)],
        [(0, 0), (0, 300)],
        [(200, 0), (200, 150), (200, 300)],
        [(600, 0), (600, 300)],
        [(600, 0), (640, 150), (600, 300)],
        [(200, 150), (320, 170)],
        [(0, 300), (0, 600), (150, 600), (150, 450), (0, 450)],
        [(450, 500), (600, 500)],
    ]
    return draw(lines, [False, False, False, True, False, False, False, False, False])


def plain(network: WalkNetwork, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """All walks between points: one loop over segments to snap, one table of lengths cut at every point."""
    nodes, size = len(network.xy), len(network.xy) + len(xy)
    table = np.full((size, size), np.inf)
    on_edge: dict[int, list[tuple[float, int]]] = {edge: [] for edge in range(len(network.edges))}
    aside = np.full(len(xy), np.inf)
    for point, place in enumerate(xy):
        best = (np.inf, 0, 0.0)
        for segment, (begin, end) in enumerate(network.segment_xy):
            part = min(max((place - begin) @ (end - begin) / ((end - begin) @ (end - begin)), 0), 1)
            away = np.hypot(*(begin + part * (end - begin) - place))
            if away < best[0]:
                best = (away, segment, part)
        aside[point], segment, part = best
        along = network.segment_from_m[segment] + part * network.segment_length_m[segment]
        on_edge[int(network.segment_edge[segment])].append((along, nodes + point))
    for edge, (head, tail) in enumerate(network.edges):
        stops = sorted([(0.0, int(head)), *on_edge[edge], (float(network.length_m[edge]), int(tail))])
        for (one, a), (other, b) in pairwise(stops):
            table[a, b] = table[b, a] = min(table[a, b], other - one)
    table[table < NOT_NOTHING] = NOT_NOTHING
    searched = shortest_path(table, method="D", directed=False, indices=np.arange(nodes, size))
    walks = searched[:, nodes:] + aside + aside[:, None]
    walks[(xy[:, None] == xy).all(axis=2)] = 0
    return walks


@examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=PLACES)
def test_walks_are_those_of_a_plain_search(
    town: WalkNetwork, at: Callable[..., gpd.GeoDataFrame], places: list[tuple[int, int]]
) -> None:
    points = at(*places)
    xy = np.column_stack([points.geometry.x, points.geometry.y])
    tied = snap(town, xy, max_snap_m=1000)
    found = network_metres(town, tied, tied, max_m=3000).tocoo()
    walks = np.full((len(xy), len(xy)), np.inf)
    walks[found.coords] = found.data
    expected = plain(town, xy)
    expected[expected > 3000] = np.inf
    near_tie = 1e-6
    np.testing.assert_allclose(walks, expected, atol=near_tie)
    straight = np.hypot(*(xy[:, None] - xy).T)
    assert (walks >= straight - near_tie).all()
    np.testing.assert_allclose(walks, walks.T, atol=near_tie)
    assert (walks[:, :, None] <= walks[:, None, :] + walks.T[None] + near_tie).all()
    assert (np.diag(walks) == 0).all()


def test_walks_on_the_streets_of_bondy(streets: WalkNetwork) -> None:
    random = np.random.default_rng(5)
    inside = streets.segment_xy[random.integers(0, len(streets.segment_xy), 12)].mean(axis=1)
    xy = inside + random.normal(0, 15, inside.shape)
    tied = snap(streets, xy, max_snap_m=200)
    found = network_metres(streets, tied, tied, max_m=10_000).tocoo()
    walks = np.full((len(xy), len(xy)), np.inf)
    walks[found.coords] = found.data
    np.testing.assert_allclose(walks, plain(streets, xy), atol=1e-6)


def test_the_smaller_side_changes_nothing(
    town: WalkNetwork, at: Callable[..., gpd.GeoDataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    many, few = at(*[(x, y) for x in range(0, 600, 60) for y in range(0, 600, 60)]), at((10, 10), (350, 200), (599, 4))
    one, other = travel_cost(many, few, network=town), travel_cost(few, many, network=town)
    there = dict(zip(zip(one.origin.tolist(), one.destination.tolist(), strict=True), one.minutes, strict=True))
    back = dict(zip(zip(other.destination.tolist(), other.origin.tolist(), strict=True), other.minutes, strict=True))
    assert there.keys() == back.keys()
    np.testing.assert_allclose([there[pair] for pair in there], [back[pair] for pair in there], rtol=1e-6)
    assert np.all(np.diff(one.origin * len(few) + one.destination) > 0)
    monkeypatch.setattr(paths, "BATCH", 1)
    np.testing.assert_array_equal(travel_cost(many, few, network=town).minutes, one.minutes)


def test_points_are_tied_to_edges_not_to_nodes(
    draw: Callable[..., WalkNetwork], at: Callable[..., gpd.GeoDataFrame]
) -> None:
    street = draw([[(0, 0), (1000, 0)]])
    cost = travel_cost(at((400, 10)), at((600, -10)), network=street, speed_kmh=6)
    assert cost.minutes.tolist() == [pytest.approx(2.2, abs=0.01)]


def test_an_island_is_out_of_reach(town: WalkNetwork, at: Callable[..., gpd.GeoDataFrame]) -> None:
    cost = travel_cost(at((500, 500)), at((500, 310), (560, 500)), network=town)
    assert cost.destination.tolist() == [1]


def test_the_cost_says_how_it_was_measured(town: WalkNetwork, at: Callable[..., gpd.GeoDataFrame]) -> None:
    cost = travel_cost(at((0, 0)), at((0, 100)), network=town, max_minutes=20)
    assert (cost.network_date, cost.unit, cost.mode, cost.max_minutes) == ("2024-01-31", "minutes", "walk", 20)
    assert cost.method == "network date=2024-01-31 speed_kmh=4.5"
    assert cost.minutes.dtype == np.float32
    assert travel_cost(at((0, 0)), at((0, 100))).network_date == ""


def test_points_without_a_place_reach_nothing(town: WalkNetwork, at: Callable[..., gpd.GeoDataFrame]) -> None:
    points = at((0, 0), (100, 0))
    points.loc[0, "geometry"] = None
    cost = travel_cost(points, at((0, 100)), network=town)
    assert cost.origin.tolist() == [1]


def test_points_off_the_network_are_counted(town: WalkNetwork, at: Callable[..., gpd.GeoDataFrame]) -> None:
    cost = travel_cost(at((0, 0), (9000, 0)), at((0, 100)), network=town)
    assert cost.origin.tolist() == [0]
    assert cost.method.endswith("; far_from_network origins=1 destinations=0")


def test_points_far_from_the_network_are_refused(town: WalkNetwork, at: Callable[..., gpd.GeoDataFrame]) -> None:
    with pytest.raises(InputError, match="destinations: none of the 2 points lies within 200 m"):
        travel_cost(at((0, 0)), at((9000, 0), (9000, 10)), network=town)


def test_a_network_in_another_crs_is_refused(town: WalkNetwork, at: Callable[..., gpd.GeoDataFrame]) -> None:
    elsewhere = at((0, 0)).to_crs(3035)
    with pytest.raises(CRSMismatchError, match="the network is in EPSG:2154"):
        travel_cost(elsewhere, elsewhere, network=town)
