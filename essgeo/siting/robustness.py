"""How far a choice of sites holds when what it rests on is drawn anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from essgeo.gaps.worlds import Spread, drawn_minutes
from essgeo.siting.covering import greedy
from essgeo.siting.question import problem_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix
    from essgeo.siting.question import Question


NEARBY_M = 400.0

THRESHOLD_SPREAD, WEIGHT_SPREAD = 0.2, 0.2
"""Half-widths of the triangular distributions of the walk people accept, and of the residents of each IRIS."""


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


@dataclass(frozen=True)
class Ground:
    """Where draws take place: demand, candidates, places of today, and the travel times between them.

    Attributes
    ----------
    demand, candidates, places
        Points; ``places`` with ``geo_radius_m``, ``candidates`` where they have one.
    to_candidates, to_places
        Travel times, a third longer than the walk at least.
    """

    demand: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    to_candidates: CostMatrix
    to_places: CostMatrix


def robustness(
    question: Question, chosen: Sequence[int], ground: Ground, residents: NDArray[np.float64], *, draws: int, seed: int
) -> Robustness:
    """Return in how many random draws the same sites are chosen, and what they reach there.

    Each draw changes the walk people accept, walking speed and detour (the same for all), the residents of each IRIS,
    and the position of every place with a radius. Sites are chosen anew by the greedy method, since an exact solution
    for each draw would take minutes; greedy is the optimum for one site, and close to it for a few.

    Parameters
    ----------
    question
        As solved.
    chosen
        The sites that were chosen.
    ground
        Where draws take place.
    residents
        Persons of each row of demand.
    draws, seed
        How many, and from which seed.

    Returns
    -------
    Robustness
        Shares are NaN without draws.

    Examples
    --------
    >>> from essgeo.siting.robustness import robustness
    >>> robustness.__name__
    'robustness'
    """
    picked = np.array(chosen, dtype=np.intp)
    again, near, newly = np.zeros(len(picked)), np.zeros(len(picked)), np.zeros(draws)
    close, groups = _close(ground.candidates, picked), _groups(ground.demand)
    random = np.random.default_rng(seed)
    for draw, (walks, wanted, present) in enumerate(_moved(question, ground, draws, seed)):
        pace = _around(random, Spread.detour) / _around(random, Spread.speed)
        factor = random.triangular(1 - WEIGHT_SPREAD, 1, 1 + WEIGHT_SPREAD, groups.max(initial=0) + 1)[groups]
        limit = question.within_minutes * _around(random, THRESHOLD_SPREAD) / pace
        asked = replace(wanted, within_minutes=limit, present=present, weights=question.weights * factor)
        found = np.zeros(question.candidates, dtype=bool)
        found[list(_choose(asked, max(len(picked), 1)))] = True
        again += found[picked]
        near += close @ found > 0
        newly[draw] = _newly(replace(walks, within_minutes=limit, present=present), picked, residents * factor)
    scale = draws or np.nan
    return Robustness(again / scale, near / scale, newly)


def _choose(question: Question, count: int) -> tuple[int, ...]:
    """Return the greedy choice for a question whose pairs are sorted by minutes."""
    always = question.available is None or bool(question.available.all())
    if question.objective == "expected" or (question.objective == "person_months" and not always):
        return greedy(problem_of(question), count)
    longest = question.longest_minutes if question.objective == "median" else question.within_minutes
    end = int(np.searchsorted(question.minutes, longest, side="right"))
    row, candidate, minutes = question.row[:end], question.candidate[:end], question.minutes[:end]
    nearest, chosen = np.minimum(question.present, question.longest_minutes), list[int]()
    left = np.where(question.present > question.within_minutes, question.weights, 0.0)
    for _ in range(count):
        if question.objective == "median":
            worth = question.weights[row] * np.maximum(nearest[row] - minutes, 0)
        else:
            worth = left[row]
        best = int(np.bincount(candidate, weights=worth, minlength=question.candidates).argmax())
        chosen.append(best)
        mine = candidate == best
        nearest[row[mine]] = np.minimum(nearest[row[mine]], minutes[mine])
        left[row[mine]] = 0
    return tuple(chosen)


def _newly(question: Question, chosen: NDArray[np.intp], residents: NDArray[np.float64]) -> float:
    """Return the residents newly within reach of the chosen candidates."""
    end = int(np.searchsorted(question.minutes, question.within_minutes, side="right"))
    reached = np.zeros(len(residents), dtype=bool)
    for site in chosen:
        reached[question.row[:end][question.candidate[:end] == site]] = True
    return float(residents[reached & (question.present > question.within_minutes)].sum())


def _around(random: np.random.Generator, half_width: float) -> float:
    return random.triangular(1 - half_width, 1, 1 + half_width)


def _moved(
    question: Question, ground: Ground, draws: int, seed: int
) -> Iterator[tuple[Question, Question, NDArray[np.floating]]]:
    """Yield all walks by minutes, those of residents who weigh in the choice, and the walks to a place, drawn anew."""
    still = Spread(speed=0, detour=0)
    places = drawn_minutes(ground.to_places, ground.demand, ground.places, draws=draws, seed=seed, spread=still)
    if "geo_radius_m" in ground.candidates and (ground.candidates["geo_radius_m"] > 0).any():
        moving = drawn_minutes(
            ground.to_candidates, ground.demand, ground.candidates, draws=draws, seed=seed + 1, spread=still
        )
        for minutes, to_places in zip(moving, places, strict=True):
            walks = _sorted(replace(question, minutes=minutes))
            yield walks, _wanted(walks), _nearest(ground.to_places, to_places)
        return
    fixed = _sorted(question)
    wanted = _wanted(fixed)
    for to_places in places:
        yield fixed, wanted, _nearest(ground.to_places, to_places)


def _sorted(question: Question) -> Question:
    order = np.argsort(question.minutes, kind="stable")
    return replace(
        question,
        row=question.row[order].astype(np.intp),
        candidate=question.candidate[order].astype(np.intp),
        minutes=question.minutes[order].astype(np.float64),
    )


def _wanted(question: Question) -> Question:
    kept = question.weights[question.row] > 0
    return replace(question, row=question.row[kept], candidate=question.candidate[kept], minutes=question.minutes[kept])


def _nearest(cost: CostMatrix, minutes: NDArray[np.floating]) -> NDArray[np.float64]:
    nearest = np.full(len(cost.origin_ids), np.inf)
    if len(cost.origin):
        starts = np.flatnonzero(np.r_[True, cost.origin[1:] != cost.origin[:-1]])
        nearest[cost.origin[starts]] = np.minimum.reduceat(minutes, starts)
    return nearest


def _close(candidates: gpd.GeoDataFrame, chosen: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return which candidates stand near each chosen one: chosen x candidates."""
    x, y = candidates.geometry.x.to_numpy(), candidates.geometry.y.to_numpy()
    away = np.hypot(x[chosen][:, None] - x, y[chosen][:, None] - y)
    near: NDArray[np.float64] = (away <= NEARBY_M).astype(float)
    return near


def _groups(demand: gpd.GeoDataFrame) -> NDArray[np.intp]:
    """Return the IRIS of each row as a number; each row its own where there is none."""
    if "iris_code" not in demand:
        return np.arange(len(demand))
    _, groups = np.unique(demand["iris_code"].to_numpy(dtype=str), return_inverse=True)
    return groups
