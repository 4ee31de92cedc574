"""Every model against enumeration, and against what it must never do."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from essgeo.siting.covering import (
    NEARLY,
    Covering,
    Limits,
    best_with,
    greedy,
    in_order_of_gain,
    interchange,
    merge_rows,
    reached_times,
    restrict,
    worth,
)
from essgeo.siting.exact import (
    bound_of,
    fix_candidates,
    integer_optimum,
    lagrangian,
    maximise,
    relaxation,
    set_covering,
    with_capacities,
)
from essgeo.siting.models import Question, covered_months, problem_of, saved_minutes
from tests.conftest import examples

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS = range(12)


def best_by_enumeration(problem: Covering, count: int) -> float:
    sets = combinations(range(problem.reach.shape[1]), min(count, problem.reach.shape[1]))
    return max(worth(problem, chosen) for chosen in sets)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("levels", [1, 3])
def test_optimum_equals_enumeration(random_problem: Callable[..., Covering], seed: int, levels: int) -> None:
    problem = random_problem(seed, levels=levels)
    for count in (1, 2, 4):
        solution = maximise(problem, count)
        assert solution.value == pytest.approx(best_by_enumeration(problem, count))
        assert worth(problem, solution.chosen) == pytest.approx(solution.value)
        assert solution.proven
        assert len(solution.chosen) <= count


@pytest.mark.parametrize("seed", SEEDS)
def test_branch_and_bound_alone_finds_the_same(random_problem: Callable[..., Covering], seed: int) -> None:
    problem = merge_rows(random_problem(seed, rows=60, candidates=12, levels=2))
    chosen, bound = integer_optimum(problem, 3, time_limit=20)
    assert worth(problem, chosen) == pytest.approx(best_by_enumeration(problem, 3))
    assert bound >= worth(problem, chosen) - 1e-6


@examples(15)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_never_worse_than_greedy_nor_above_any_bound(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    reach = sparse.csr_array((random.random((40, 10)) < 0.2).astype(float))
    problem = Covering(reach, random.integers(0, 9, (40, 1)).astype(float))
    solution = maximise(problem, count)
    first = greedy(problem, count)
    assert solution.value >= worth(problem, first) - 1e-9
    assert solution.value >= worth(problem, interchange(problem, first)) - 1e-9
    for multipliers in (np.zeros(40), random.random(40) * 9, lagrangian(problem, count, worth(problem, first))):
        assert bound_of(problem, multipliers, count) >= solution.value - 1e-6


@examples(15)
@given(st.integers(0, 10_000))
def test_a_further_candidate_never_lowers_the_optimum(seed: int) -> None:
    random = np.random.default_rng(seed)
    reach = (random.random((40, 10)) < 0.2).astype(float)
    weights = random.random((40, 1))
    fewer = maximise(Covering(sparse.csr_array(reach[:, :-1]), weights), 3).value
    assert maximise(Covering(sparse.csr_array(reach), weights), 3).value >= fewer - 1e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_settled_candidates_agree_with_every_better_set(random_problem: Callable[..., Covering], seed: int) -> None:
    problem = merge_rows(random_problem(seed, rows=50, candidates=9))
    lower = worth(problem, greedy(problem, 3)) - 1
    out, taken = fix_candidates(problem, lagrangian(problem, 3, lower), 3, lower)
    better = [set(c) for c in combinations(range(9), 3) if worth(problem, c) > lower * (1 + 1e-9)]
    assert all(not (set(out.nonzero()[0]) & chosen) for chosen in better)
    assert all(set(taken.nonzero()[0]) <= chosen for chosen in better)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_relaxation_bounds_and_its_duals_prove_it(random_problem: Callable[..., Covering], seed: int) -> None:
    problem = merge_rows(random_problem(seed, rows=60))
    shares, multipliers = relaxation(problem, 3)
    assert shares.sum() <= 3 + 1e-6
    assert bound_of(problem, multipliers, 3) >= best_by_enumeration(problem, 3) - 1e-6


@pytest.mark.parametrize("seed", SEEDS)
def test_merging_and_restricting_change_no_worth(random_problem: Callable[..., Covering], seed: int) -> None:
    problem = random_problem(seed, rows=80, candidates=4, levels=2)
    merged = merge_rows(problem)
    assert len(merged.weights) < len(problem.weights)
    for chosen in combinations(range(4), 2):
        assert worth(merged, chosen) == pytest.approx(worth(problem, chosen))
    taken = np.array([True, False, False, False])
    left = restrict(problem, ~taken, taken)
    assert worth(problem, [0]) + worth(left, [1]) == pytest.approx(worth(problem, [0, 2]))


@pytest.mark.parametrize("seed", SEEDS)
def test_marginal_gains_add_up_and_do_not_grow(random_problem: Callable[..., Covering], seed: int) -> None:
    problem = random_problem(seed)
    ordered = in_order_of_gain(problem, [0, 3, 5])
    gains = [gain for _, gain in ordered]
    assert sum(gains) == pytest.approx(worth(problem, [0, 3, 5]))
    assert gains == sorted(gains, reverse=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_p_median_equals_enumeration(seed: int) -> None:
    random = np.random.default_rng(seed)
    walks = random.integers(1, 30, (25, 7)).astype(float)
    present, people = random.integers(5, 25, 25).astype(float), random.integers(1, 9, 25).astype(float)
    solution = maximise(saved_minutes(sparse.csr_array(walks), present, people), 2)
    best = max(
        (people * np.maximum(present - walks[:, chosen].min(axis=1), 0)).sum()
        for chosen in map(list, combinations(range(7), 2))
    )
    assert solution.value == pytest.approx(best)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("closing", [0.0, 0.3, 0.9])
def test_expected_covering_equals_enumeration(
    random_problem: Callable[..., Covering], seed: int, closing: float
) -> None:
    problem = random_problem(seed)
    people = problem.weights[:, 0]
    row, candidate = problem.reach.nonzero()
    nothing_today = np.full(len(people), np.inf)
    gains = [people[:, None] * (1 - closing) * closing ** np.arange(3)]
    question = Question(row, candidate, 0.0 * row, nothing_today, gains, 8, 10, 30, "expected", 3)
    solution = maximise(problem_of(question), 3)
    best = max((people * (1 - closing ** reached_times(problem, chosen))).sum() for chosen in combinations(range(8), 3))
    assert solution.value == pytest.approx(best)


@pytest.mark.parametrize("seed", SEEDS)
def test_coverage_over_time_equals_enumeration(random_problem: Callable[..., Covering], seed: int) -> None:
    problem = random_problem(seed)
    people, reach = problem.weights[:, 0], problem.reach.toarray()
    available = np.random.default_rng(seed).random((8, 6)) < 0.5
    solution = maximise(covered_months(problem, available), 2)

    def person_months(chosen: tuple[int, ...]) -> float:
        return sum(float(people[(reach[:, chosen] * available[chosen, month]).any(axis=1)].sum()) for month in range(6))

    best = max(person_months(chosen) for chosen in combinations(range(8), 2))
    assert solution.value == pytest.approx(best)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("budget", [4.0, 9.0, 25.0])
def test_limits_and_fixed_candidates_by_enumeration(
    random_problem: Callable[..., Covering], seed: int, budget: float
) -> None:
    problem = random_problem(seed, rows=40, candidates=9, levels=1 + seed % 2)
    random = np.random.default_rng(seed)
    costs, fixed = random.integers(1, 9, 9).astype(float), (int(random.integers(9)),)
    groups = (np.arange(9) // 3 == np.arange(3)[:, None]).astype(float)  # one of three at most
    limits = Limits(sparse.csr_array(np.vstack([costs, groups])), np.array([budget, 1, 1, 1]))
    for held in ((), fixed if limits.allow(fixed) else ()):
        allowed = [
            chosen
            for size in range(1, 4)
            for chosen in combinations(range(9), size)
            if limits.allow(chosen) and set(held) <= set(chosen)
        ]
        best = max((worth(problem, chosen) for chosen in allowed), default=0.0)
        solution = maximise(problem, 3, limits=limits, fixed=held)
        assert solution.value == pytest.approx(best)
        assert limits.allow(solution.chosen)
        assert set(held) <= set(solution.chosen)
        assert solution.proven


@pytest.mark.parametrize("seed", SEEDS)
def test_capacities_by_enumeration(random_problem: Callable[..., Covering], seed: int) -> None:
    problem = random_problem(seed, rows=25, candidates=6)
    random = np.random.default_rng(seed)
    people, capacities = problem.weights[:, 0], random.integers(5, 80, 6).astype(float)
    capacities[0] = np.inf

    def served(chosen: tuple[int, ...]) -> float:
        # The least cut: some of the sites are full, the others reach whom they reach.
        full = [part for size in range(len(chosen) + 1) for part in combinations(chosen, size)]
        return min(capacities[list(f)].sum() + worth(problem, [one for one in chosen if one not in f]) for f in full)

    best = max(served(chosen) for chosen in combinations(range(6), 3))
    solution = with_capacities(problem, people, capacities, 3)
    assert solution.value == pytest.approx(best) == pytest.approx(served(solution.chosen))
    assert solution.proven
    assert 5 in with_capacities(problem, people, capacities, 3, fixed=(5,)).chosen


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_set_with_each_candidate_by_enumeration(random_problem: Callable[..., Covering], seed: int) -> None:
    problem = random_problem(seed, rows=40, candidates=9)
    costs = np.random.default_rng(seed).uniform(1, 3, 9)
    budget = Limits(sparse.csr_array(costs[None]), np.array([4.5]))
    for count, fixed, limits in ((1, (), None), (2, (), None), (2, (), budget), (3, (4,), None), (3, (4,), budget)):
        best = maximise(problem, count, limits=limits, fixed=fixed)
        if len(best.chosen) < count:
            continue
        found = best_with(problem, best.chosen, limits=limits, fixed=fixed)
        sets = [
            chosen
            for size in range(1, count + 1)
            for chosen in combinations(range(9), size)
            if {*fixed} <= {*chosen} and (limits is None or limits.allow(chosen))
        ]
        for one in range(9):
            most = max((worth(problem, chosen) for chosen in sets if one in chosen), default=0.0)
            assert found[one] <= most + 1e-9
            assert (found[one] >= NEARLY * best.value - 1e-9) == (most >= NEARLY * best.value - 1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_set_covering_equals_enumeration(random_problem: Callable[..., Covering], seed: int) -> None:
    reach = random_problem(seed, density=0.4).reach.toarray()
    reach = reach[reach.any(axis=1)]
    fewest = next(
        size for size in range(1, 9) for c in combinations(range(8), size) if reach[:, list(c)].any(axis=1).all()
    )
    solution = set_covering(sparse.csr_array(reach))
    assert (solution.value, solution.bound) == (fewest, fewest)
    assert reach[:, list(solution.chosen)].any(axis=1).all()


def test_nothing_to_win_chooses_nothing() -> None:
    empty = sparse.csr_array((5, 3))
    assert maximise(Covering(empty, np.ones((5, 1))), 2).chosen == ()
    assert maximise(Covering(sparse.csr_array(np.ones((5, 3))), np.zeros((5, 1))), 2).chosen == ()
    assert set_covering(empty).chosen == ()


def test_out_of_time_says_how_far_it_may_be() -> None:
    random = np.random.default_rng(3)
    reach = sparse.csr_array((random.random((3000, 120)) < 0.05).astype(float))
    solution = maximise(Covering(reach, random.random((3000, 1))), 12, time_limit=0.01)
    assert not solution.proven
    assert solution.bound >= solution.value * (1 + solution.gap) - 1e-6
    assert len(solution.chosen) == 12
