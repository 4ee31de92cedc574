"""Measures of access, against plain loops and the ``access`` package."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.access import CostMatrix, accessibility
from essgeo.access.accessibility import (
    access_poverty,
    balanced_catchment,
    concentration_index,
    coverage_share,
    decay_weights,
    gini,
    lorenz,
    nearest_k,
    potential,
    two_step_catchment,
    weighted_median,
)
from essgeo.errors import InputError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from access import fca, weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

DECAYS = ["binary", "step", "gaussian", "exponential"]


def random_cost(origins: int, destinations: int, share: float, seed: int = 0) -> CostMatrix:
    """A cost matrix of random trips up to 30 minutes."""
    random = np.random.default_rng(seed)
    origin, destination = np.nonzero(random.random((origins, destinations)) < share)
    return CostMatrix(
        pd.RangeIndex(origins),
        pd.RangeIndex(destinations),
        origin.astype(np.int32),
        destination.astype(np.int32),
        random.uniform(0, 30, len(origin)).astype(np.float32),
        30,
        "walk",
        "test",
        4.5,
        1.3,
    )


@pytest.fixture(scope="module")
def cost() -> CostMatrix:
    return random_cost(60, 12, 0.4)


@pytest.fixture(scope="module")
def people() -> NDArray[np.float64]:
    return np.random.default_rng(1).uniform(0, 90, 60)


@pytest.fixture(scope="module")
def supply() -> NDArray[np.float64]:
    return np.random.default_rng(2).uniform(1, 9, 12)


def trips(cost: CostMatrix) -> list[tuple[int, int, float]]:
    return list(zip(cost.origin.tolist(), cost.destination.tolist(), cost.minutes.astype(float).tolist(), strict=True))


def plain_weight(minutes: float, decay: str) -> float:
    if minutes > 30:
        return 0.0
    if decay == "step":
        return 1.0 if minutes <= 10 else 0.68 if minutes <= 20 else 0.22
    return {"binary": 1.0, "gaussian": np.exp(-(minutes**2) / (2 * 15**2)), "exponential": np.exp(-minutes / 15)}[decay]


@pytest.mark.parametrize("decay", DECAYS)
def test_two_steps_by_a_plain_loop(
    cost: CostMatrix, people: NDArray[np.float64], supply: NDArray[np.float64], decay: str
) -> None:
    crowd = dict.fromkeys(range(12), 0.0)
    for i, j, minutes in trips(cost):
        crowd[j] += people[i] * plain_weight(minutes, decay)
    expected = np.zeros(60)
    for i, j, minutes in trips(cost):
        expected[i] += supply[j] / crowd[j] * plain_weight(minutes, decay)
    found = two_step_catchment(cost, people, supply, decay=decay)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert people @ found == pytest.approx(supply.sum())


@pytest.mark.parametrize("decay", DECAYS)
def test_balanced_by_a_plain_loop(
    cost: CostMatrix, people: NDArray[np.float64], supply: NDArray[np.float64], decay: str
) -> None:
    by_origin, by_place, crowd = np.zeros(60), np.zeros(12), np.zeros(12)
    for i, j, minutes in trips(cost):
        by_origin[i] += plain_weight(minutes, decay)
        by_place[j] += plain_weight(minutes, decay)
    for i, j, minutes in trips(cost):
        crowd[j] += people[i] * plain_weight(minutes, decay) / by_origin[i]
    expected = np.zeros(60)
    for i, j, minutes in trips(cost):
        expected[i] += supply[j] / crowd[j] * plain_weight(minutes, decay) / by_place[j]
    np.testing.assert_allclose(balanced_catchment(cost, people, supply, decay=decay), expected, rtol=1e-12)
    assert crowd.sum() == pytest.approx(people[np.unique(cost.origin)].sum())
    assert expected.sum() == pytest.approx((supply / crowd).sum())


@pytest.mark.filterwarnings("ignore:A value is trying to be set on a copy:FutureWarning:access")
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("step", weights.step_fn({10: 1, 20: 0.68, 30: 0.22})),
        ("gaussian", weights.gaussian(15)),
        ("binary", None),
    ],
)
def test_two_steps_as_the_access_package(
    cost: CostMatrix,
    people: NDArray[np.float64],
    supply: NDArray[np.float64],
    ours: str,
    theirs: Callable[[float], float] | None,
) -> None:
    table = pd.DataFrame({"origin": cost.origin, "dest": cost.destination, "cost": cost.minutes.astype(float)})
    expected = _theirs(table, people, supply, theirs)
    found = two_step_catchment(cost, people, supply, decay=ours)
    np.testing.assert_allclose(found[expected.index], expected.to_numpy(), rtol=0, atol=1e-9)


def _theirs(
    table: pd.DataFrame,
    people: NDArray[np.float64],
    supply: NDArray[np.float64],
    weight: Callable[[float], float] | None,
) -> pd.Series:
    demand = pd.DataFrame({"geoid": np.arange(len(people)), "demand": people})
    offer = pd.DataFrame({"supply": supply}, index=pd.RangeIndex(len(supply), name="geoid"))
    return fca.two_stage_fca(demand, offer, table, max_cost=30, weight_fn=weight)


@pytest.mark.parametrize("decay", DECAYS)
def test_potential_by_a_plain_loop(cost: CostMatrix, supply: NDArray[np.float64], decay: str) -> None:
    expected = np.zeros(60)
    for i, j, minutes in trips(cost):
        expected[i] += supply[j] * plain_weight(minutes, decay)
    np.testing.assert_allclose(potential(cost, supply, decay=decay), expected, rtol=1e-12)


def test_a_smaller_catchment_leaves_trips_out(cost: CostMatrix) -> None:
    counted = potential(cost, np.ones(12), decay="binary", within_minutes=10)
    expected = [sum(1 for i, _, minutes in trips(cost) if i == origin and minutes <= 10) for origin in range(60)]
    assert counted.tolist() == expected


def test_nearest_k_by_sorting(cost: CostMatrix) -> None:
    among = np.arange(12) % 3 > 0
    for flags in (None, among):
        found = nearest_k(cost, 4, flags)
        for origin in range(60):
            every = sorted(m for i, j, m in trips(cost) if i == origin and (flags is None or flags[j]))[:4]
            np.testing.assert_allclose(found[origin], every + [np.nan] * (4 - len(every)), rtol=1e-6)


def test_two_places_at_the_same_distance_are_two() -> None:
    cost = random_cost(1, 3, 1.1)
    cost.minutes[:] = 7
    assert nearest_k(cost, 4)[0].tolist() == [7, 7, 7, pytest.approx(np.nan, nan_ok=True)]


def test_empty_matrix() -> None:
    cost = random_cost(3, 2, 0)
    assert np.isnan(nearest_k(cost, 2)).all()
    assert two_step_catchment(cost, np.ones(3), np.ones(2)).tolist() == [0, 0, 0]
    assert balanced_catchment(cost, np.ones(3), np.ones(2)).tolist() == [0, 0, 0]


POSITIVE = st.floats(0, 100, allow_nan=False, allow_subnormal=False)
ROWS = st.lists(st.tuples(POSITIVE, st.floats(0.5, 50), st.floats(5e3, 5e4)), min_size=2, max_size=25)


@given(rows=ROWS, line=st.floats(0.5, 100))
def test_poverty_properties(rows: list[tuple[float, float, float]], line: float) -> None:
    values, people, _ = np.array(rows).T
    indices = [access_poverty(values, people, line, alpha=alpha) for alpha in (0, 1, 2)]
    plain = [
        sum(p * ((line - y) / line) ** alpha for y, p, _ in rows if y < line) / people.sum() for alpha in (0, 1, 2)
    ]
    assert indices == pytest.approx(plain)
    assert all(0 <= index <= 1 + 1e-12 for index in indices)
    assert indices[0] >= indices[1] - 1e-12
    assert indices[1] >= indices[2] - 1e-12
    assert access_poverty(values, 3 * people, line, alpha=1) == pytest.approx(indices[1])


@given(rows=ROWS)
def test_inequality_by_plain_double_sums(rows: list[tuple[float, float, float]]) -> None:
    values, people, income = np.array(rows).T
    mean = values @ people / people.sum()
    if mean == 0:
        assert np.isnan(gini(values, people))
        assert np.isnan(concentration_index(values, people, income))
        return
    pairs = sum(p * q * abs(y - z) for y, p, _ in rows for z, q, _ in rows)
    assert gini(values, people) == pytest.approx(pairs / (2 * mean * people.sum() ** 2), abs=1e-9)
    rank = (
        np.array([sum(q if j < i else q / 2 if j == i else 0 for _, q, j in rows) for _, _, i in rows]) / people.sum()
    )
    covariance = ((values - mean) * (rank - 1 / 2)) @ people / people.sum()
    index = concentration_index(values, people, income)
    assert index == pytest.approx(2 * covariance / mean, abs=1e-9)
    assert abs(index) <= gini(values, people) + 1e-9
    assert concentration_index(values, people, values) == pytest.approx(gini(values, people), abs=1e-9)
    assert gini(values, 7 * people) == pytest.approx(gini(values, people), abs=1e-9)
    shares, held = lorenz(values, people)
    assert (np.diff(shares) >= 0).all()
    assert (held <= shares + 1e-9).all()


def test_unknown_incomes_are_left_out() -> None:
    values, people = np.array([3.0, 1.0, 50.0]), np.ones(3)
    assert concentration_index(values, people, np.array([1.0, 2.0, np.nan])) == pytest.approx(-0.25)
    assert np.isnan(concentration_index(values, people, np.full(3, np.nan)))


@given(
    minutes=st.lists(st.one_of(st.floats(0, 60), st.just(float("nan"))), min_size=1, max_size=20),
    thresholds=st.lists(st.floats(0, 60), min_size=2, max_size=6),
)
def test_coverage_never_falls_when_a_threshold_grows(minutes: list[float], thresholds: list[float]) -> None:
    people = np.arange(1.0, len(minutes) + 1)
    shares = coverage_share(np.array(minutes), people, sorted(thresholds))
    assert (np.diff(shares) >= 0).all()
    assert ((shares >= 0) & (shares <= 1)).all()
    np.testing.assert_allclose(coverage_share(np.array(minutes), people * 11, sorted(thresholds)), shares)


def test_zero_population_is_not_a_number() -> None:
    nobody = np.zeros(3)
    assert np.isnan(coverage_share(np.ones(3), nobody, [5])).all()
    assert np.isnan(access_poverty(np.ones(3), nobody, 2.0))
    assert np.isnan(weighted_median(np.ones(3), nobody))
    assert np.isnan(gini(np.ones(3), nobody))
    assert np.isnan(access_poverty(np.zeros(3), np.ones(3), 0.0))


@given(rows=ROWS)
def test_median_leaves_half_on_each_side(rows: list[tuple[float, float, float]]) -> None:
    values, people, _ = np.array(rows).T
    median = weighted_median(values, people)
    half = people.sum() / 2
    assert people[values < median].sum() <= half * (1 + 1e-12)
    assert people[values > median].sum() <= half * (1 + 1e-12)


def test_decay_may_be_a_function_and_must_be_known() -> None:
    minutes = np.array([1.0, 20.0])
    assert decay_weights(minutes, lambda t: 1 / t, within_minutes=10).tolist() == [1.0, 0.0]
    with pytest.raises(InputError, match="decay 'linear' is not known"):
        decay_weights(minutes, "linear", within_minutes=10)


@pytest.mark.parametrize("method", ["cumulative", "gravity", "2sfca", "e2sfca", "balanced"])
def test_accessibility_keeps_the_index_and_says_what_it_is(cost: CostMatrix, method: str) -> None:
    demand = pd.DataFrame({"population": np.arange(60.0)})
    offer = pd.DataFrame({"places": np.arange(1, 13)})
    found = accessibility(demand, offer, cost, method=method)
    assert found.index.equals(demand.index)
    assert found.name == method
    assert found.attrs["capacity"].startswith("presence")
    sized = accessibility(demand, offer, cost, method=method, capacity="places")
    assert sized.attrs["capacity"] == "places"
    assert (sized >= found - 1e-12).all()


def test_accessibility_refuses_what_it_cannot_use(cost: CostMatrix) -> None:
    demand, offer = pd.DataFrame({"population": np.ones(60)}), pd.DataFrame({"places": [1.0] * 11 + [np.nan]})
    with pytest.raises(InputError, match="method 'huff' is not known"):
        accessibility(demand, offer, cost, method="huff")
    with pytest.raises(InputError, match="missing column size"):
        accessibility(demand, offer, cost, capacity="size")
    with pytest.raises(InputError, match=r"in 1 rows \(11\)"):
        accessibility(demand, offer, cost, capacity="places")
    with pytest.raises(InputError, match="demand: its rows are not those"):
        accessibility(demand.iloc[1:], offer, cost)
    for minutes in (0, -5, float("nan")):
        with pytest.raises(InputError, match="within_minutes must be positive"):
            accessibility(demand, offer, cost, within_minutes=minutes)
    with pytest.raises(InputError, match="longer than the trips of the cost matrix"):
        accessibility(demand, offer, cost, within_minutes=cost.max_minutes + 1)
