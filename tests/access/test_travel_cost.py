"""Minutes on foot against a plain loop, and the nearest of them."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo import travel_cost
from essgeo.access import nearest_minutes
from essgeo.errors import CRSMismatchError, InputError, MissingCRSError

PLACES = st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 3000), st.integers(0, 3000))), max_size=8)


def layer(places: list[tuple[int, int] | None], crs: int | None = 2154) -> gpd.GeoDataFrame:
    xs = [math.nan if place is None else place[0] for place in places]
    ys = [math.nan if place is None else place[1] for place in places]
    points = gpd.GeoSeries(gpd.points_from_xy(xs, ys), crs=crs)
    known = [place is not None for place in places]
    return gpd.GeoDataFrame(geometry=points.where(pd.Series(known, dtype=bool), None), crs=crs)


def walk(one: tuple[int, int], other: tuple[int, int], speed: float, detour: float) -> float:
    return math.dist(one, other) * detour / (speed * 1000 / 60)


@given(
    places=st.tuples(PLACES, PLACES),
    pace=st.tuples(st.floats(2, 6), st.floats(1, 2)),
    longest=st.integers(1, 60),
    among=st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_minutes_are_those_of_a_loop(
    places: tuple[list[tuple[int, int] | None], list[tuple[int, int] | None]],
    pace: tuple[float, float],
    longest: int,
    among: list[bool],
) -> None:
    (origins, destinations), (speed, detour) = places, pace
    homes, shops = layer(origins), layer(destinations)
    cost = travel_cost(homes, shops, speed_kmh=speed, detour=detour, max_minutes=longest)
    expected = {
        (i, j): walk(one, other, speed, detour)
        for i, one in enumerate(origins)
        for j, other in enumerate(destinations)
        if one is not None and other is not None
    }
    edge = {pair for pair, minutes in expected.items() if abs(minutes - longest) < 1e-6}
    found = dict(zip(zip(cost.origin.tolist(), cost.destination.tolist(), strict=True), cost.minutes, strict=True))
    assert {pair for pair, minutes in expected.items() if minutes <= longest} - edge == set(found) - edge
    assert list(found) == sorted(found)
    assert all(minutes == pytest.approx(expected[pair], rel=1e-5) for pair, minutes in found.items())

    nearest = nearest_minutes(cost, np.array(among[: len(destinations)], dtype=bool))
    for i in range(len(origins)):
        reached = [minutes for (one, j), minutes in found.items() if one == i and among[j]]
        assert nearest[i] == min(reached) if reached else math.isnan(nearest[i])


def test_the_label_says_how_minutes_were_found() -> None:
    cost = travel_cost(layer([(0, 0)]), layer([(0, 750)]), detour=1.0)
    assert cost.method == "straight_line detour=1 speed_kmh=4.5"
    assert cost.minutes.tolist() == [10.0]
    assert (cost.mode, cost.speed_kmh, cost.detour, cost.max_minutes) == ("walk", 4.5, 1.0, 30)


@pytest.mark.parametrize(
    "wrong", [{"mode": "bus"}, {"speed_kmh": 0}, {"detour": 0.9}, {"max_minutes": -1}, {"speed_kmh": math.nan}]
)
def test_options_without_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        travel_cost(layer([(0, 0)]), layer([(0, 0)]), **wrong)  # type: ignore[arg-type]


def test_layers_without_crs_or_in_two_are_refused() -> None:
    place = layer([(0, 0)])
    with pytest.raises(MissingCRSError, match="destinations"):
        travel_cost(place, layer([(0, 0)], crs=None))
    with pytest.raises(CRSMismatchError, match="origins is in EPSG:2154 and destinations in EPSG:3857"):
        travel_cost(place, layer([(0, 0)], crs=3857))
    with pytest.raises(CRSMismatchError, match="not in metres"):
        travel_cost(layer([(0, 0)], crs=4326), place)
