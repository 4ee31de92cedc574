"""How far a choice of sites holds when what it rests on is drawn anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.siting.covering import greedy
from essgeo.siting.models import problem_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix
    from essgeo.siting.models import Question


SHARE_WITHIN_RADIUS = 0.9
"""A structure lies within its ``geo_radius_m`` nine times in ten."""

NEARBY_M = 400.0

THRESHOLD_SPREAD, WEIGHT_SPREAD = 0.2, 0.2
"""Half-widths of the triangular distributions of the walk people accept, and of the residents of each IRIS."""


@dataclass(frozen=True)
class Spread:
    """How far the assumptions of walking may lie from the truth: half-widths of symmetric triangular distributions.

    Attributes
    ----------
    speed
        Share of the walking speed. Comfortable speeds of adults run from about 4.6 to 5.3 km/h and lower with age
        (Bohannon 1997); 0.15 around 4.5 km/h spans 3.8 to 5.2.
    detour
        Share of the detour factor; 0.12 around 1.3 spans 1.14 to 1.46.
    """

    speed: float = 0.15
    detour: float = 0.12


def triangular(random: np.random.Generator, half_width: float) -> float:
    """Return a number drawn around 1; exactly 1, and without a draw, where the half-width is 0."""
    return random.triangular(1 - half_width, 1, 1 + half_width) if half_width else 1.0


def drawn_minutes(
    cost: CostMatrix,
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame,
    *,
    draws: int,
    seed: int,
    spread: Spread | None = None,
) -> Iterator[NDArray[np.float32]]:
    r"""Yield the minutes of each trip as they would be if positions, speed and detour were drawn anew.

    A destination moves by an isotropic normal error with 90 % of moves within its ``geo_radius_m`` (NaN or 0: exact):
    :math:`\sigma = r / \sqrt{2 \ln 10}`. Its walk grows or shrinks by what it moved away or closer in a straight
    line, times the detour. Speed and detour follow triangular distributions around their values, the same for all trips
    of a draw.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> home = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"geo_radius_m": [0.0]}, geometry=gpd.points_from_xy([300], [0]), crs=2154)
    >>> exact = drawn_minutes(travel_cost(home, shop), home, shop, draws=1, seed=0, spread=Spread(0, 0))
    >>> [[round(float(m), 2) for m in drawn] for drawn in exact]
    [[5.2]]
    """
    spread = spread or Spread()
    random = np.random.default_rng(seed)
    radius = np.nan_to_num(destinations["geo_radius_m"].to_numpy(dtype=float))
    sigma = radius / np.sqrt(-2 * np.log(1 - SHARE_WITHIN_RADIUS))  # one a destination, metres
    minutes_per_metre = np.float32(cost.detour / (cost.speed_kmh * METRES_PER_MINUTE_AT_1_KMH))
    # One value a trip from here on. 32 bits: the minutes of a cost matrix hold no more, and trips are millions.
    from_x, from_y = (
        (
            getattr(destinations.geometry, axis).to_numpy()[cost.destination]
            - getattr(origins.geometry, axis).to_numpy()[cost.origin]
        ).astype(np.float32)
        for axis in "xy"
    )
    straight = np.sqrt(from_x**2 + from_y**2)
    for _ in range(draws):
        moves = (sigma * random.standard_normal((2, len(sigma)))).astype(np.float32)  # x and y x destinations
        moved = np.sqrt((from_x + moves[0][cost.destination]) ** 2 + (from_y + moves[1][cost.destination]) ** 2)
        pace = triangular(random, spread.detour) / triangular(random, spread.speed)
        # Only the difference is drawn, so that over a network the rest of the walk stays what its streets make it.
        yield (cost.minutes + (moved - straight) * minutes_per_metre) * np.float32(pace)


@dataclass(frozen=True)
class Robustness:
    """What the draws say of a choice.

    Attributes
    ----------
    kept
        For each chosen site, share of the draws in which it is chosen again.
    kept_nearby
        Share in which it, or a candidate within 400 m of it, is.
    newly_reached
        Residents newly within reach of the chosen sites, one value a draw.
    """

    kept: NDArray[np.float64]
    kept_nearby: NDArray[np.float64]
    newly_reached: NDArray[np.float64]


def robustness(
    question: Question,
    chosen: Sequence[int],
    residents: NDArray[np.float64],
    *,
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    places: gpd.GeoDataFrame,
    to_candidates: CostMatrix,
    to_places: CostMatrix,
    draws: int,
    seed: int,
) -> Robustness:
    """Return in how many random draws the same sites are chosen, and what they reach there.

    Each draw changes the walk people accept, walking speed and detour (the same for all), the residents of each IRIS,
    and the position of every place with a radius, candidates included. Sites are chosen anew by the greedy method,
    since an exact solution for each draw would take minutes; greedy is the optimum for one site, and close to it for a
    few. Shares are NaN without draws.
    """
    picked = np.array(chosen, dtype=np.intp)
    again, near, newly = np.zeros(len(picked)), np.zeros(len(picked)), np.zeros(draws)
    x, y = candidates.geometry.x.to_numpy(), candidates.geometry.y.to_numpy()
    close = np.hypot(x[picked][:, None] - x, y[picked][:, None] - y) <= NEARBY_M  # chosen x candidates
    # The IRIS of each row of demand as a number; each row its own where there is none.
    groups = np.arange(len(demand))
    if "iris_code" in demand:
        _, groups = np.unique(demand["iris_code"].to_numpy(dtype=str), return_inverse=True)
    random = np.random.default_rng(seed)
    present = _drawn_present(demand, places, to_places, draws, seed)
    walks = _drawn_walks(question, demand, candidates, to_candidates, draws=draws, seed=seed + 1)
    for draw, (today, (asked, wanted)) in enumerate(zip(present, walks, strict=True)):
        # A slower pace is as good as a shorter walk: one limit stands for speed, detour and what people accept.
        pace = triangular(random, Spread.detour) / triangular(random, Spread.speed)
        factor = random.triangular(1 - WEIGHT_SPREAD, 1, 1 + WEIGHT_SPREAD, groups.max(initial=0) + 1)[groups]
        limit = question.within_minutes * triangular(random, THRESHOLD_SPREAD) / pace
        found = np.zeros(question.candidates, dtype=bool)
        weighed = replace(wanted, within_minutes=limit, present=today, weights=question.weights * factor)
        found[list(_choose(weighed, max(len(picked), 1)))] = True
        again += found[picked]
        near += (close & found).any(axis=1)
        newly[draw] = _newly(replace(asked, within_minutes=limit, present=today), picked, residents * factor)
    scale = draws or np.nan
    return Robustness(again / scale, near / scale, newly)


def _drawn_present(
    demand: gpd.GeoDataFrame, places: gpd.GeoDataFrame, cost: CostMatrix, draws: int, seed: int
) -> Iterator[NDArray[np.float64]]:
    """Yield the minutes of each row to the nearest place, places moved anew; infinite where there is none."""
    starts = np.flatnonzero(np.diff(cost.origin, prepend=-1))  # trips are sorted by origin: a run each
    moving = drawn_minutes(cost, demand, places, draws=draws, seed=seed, spread=Spread(speed=0, detour=0))
    for minutes in moving:
        nearest = np.full(len(cost.origin_ids), np.inf)
        if len(starts):
            nearest[cost.origin[starts]] = np.minimum.reduceat(minutes, starts)
        yield nearest


def _drawn_walks(
    question: Question,
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    cost: CostMatrix,
    *,
    draws: int,
    seed: int,
) -> Iterator[tuple[Question, Question]]:
    """Yield all walks by minutes, and those of residents who weigh in the choice, candidates moved anew."""
    if "geo_radius_m" in candidates and (candidates["geo_radius_m"] > 0).any():
        still = Spread(speed=0, detour=0)
        for minutes in drawn_minutes(cost, demand, candidates, draws=draws, seed=seed, spread=still):
            yield _by_minutes(replace(question, minutes=minutes))
        return
    fixed = _by_minutes(question)
    for _ in range(draws):
        yield fixed


def _by_minutes(question: Question) -> tuple[Question, Question]:
    """Return a question with its pairs by minutes, and the same with those of rows that weigh something only."""
    order = np.argsort(question.minutes, kind="stable")
    every = replace(
        question,
        row=question.row[order].astype(np.intp),
        candidate=question.candidate[order].astype(np.intp),
        minutes=question.minutes[order].astype(np.float64),
    )
    kept = question.weights[every.row] > 0
    return every, replace(every, row=every.row[kept], candidate=every.candidate[kept], minutes=every.minutes[kept])


def _choose(question: Question, count: int) -> tuple[int, ...]:
    """Return the greedy choice for a question whose pairs are sorted by minutes."""
    always = question.available is None or bool(question.available.all())
    if question.objective == "expected" or (question.objective == "person_months" and not always):
        return greedy(problem_of(question), count)
    # The others need no problem: a sum over the pairs within the limit, which are the first ones, is a step of greedy.
    longest = question.longest_minutes if question.objective == "median" else question.within_minutes
    end = int(np.searchsorted(question.minutes, longest, side="right"))
    row, candidate, minutes = question.row[:end], question.candidate[:end], question.minutes[:end]
    nearest, chosen = np.minimum(question.present, question.longest_minutes), list[int]()
    left = np.where(question.present > question.within_minutes, question.weights, 0.0)
    for _ in range(count):
        if question.objective == "median":
            gain = question.weights[row] * np.maximum(nearest[row] - minutes, 0)
        else:
            gain = left[row]
        best = int(np.bincount(candidate, weights=gain, minlength=question.candidates).argmax())
        chosen.append(best)
        mine = candidate == best
        nearest[row[mine]] = np.minimum(nearest[row[mine]], minutes[mine])
        left[row[mine]] = 0
    return tuple(chosen)


def _newly(question: Question, chosen: NDArray[np.intp], residents: NDArray[np.float64]) -> float:
    """Return the residents newly within reach of the chosen candidates; pairs are sorted by minutes."""
    end = int(np.searchsorted(question.minutes, question.within_minutes, side="right"))
    reached = np.zeros(len(residents), dtype=bool)
    reached[question.row[:end][np.isin(question.candidate[:end], chosen)]] = True
    return float(residents[reached & (question.present > question.within_minutes)].sum())
