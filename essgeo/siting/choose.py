"""Choose sites, and what each would host: which bring most residents within reach who are out of reach today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.access import nearest_minutes, travel_cost
from essgeo.crs import require_same_crs
from essgeo.errors import InfeasibleError, InputError
from essgeo.files.premises import PREMISES, SEARCH_AREA
from essgeo.gaps.reach import OF_STRUCTURES, THEME_ROWS, has_point, known_structures, theme_bits, unpack_themes
from essgeo.messages import language, tell, words
from essgeo.register.activity import as_day, counted_on
from essgeo.schema.months import Period, available_months
from essgeo.schema.validate import require_columns, with_known_names
from essgeo.siting.candidates import Requirements, apply_filters, default_candidates, known_candidates
from essgeo.siting.covering import NEARLY, best_with, gains_beside, gains_of, in_order_of_gain, reached_times, worth
from essgeo.siting.models import Question, check_question, has_targets, problem_of, solve, weights_of
from essgeo.siting.robustness import (
    CHOSEN_ANEW,
    SITING_WORLDS,
    Aim,
    Today,
    brought,
    choose_anew,
    hosted,
    kept_shares,
    near,
    spots_of,
    today_as_known,
    today_in_worlds,
)
from essgeo.siting.scenario import Scenario, by_income, by_neighbourhood
from essgeo.uncertainty import MANY_STRUCTURES, as_flags, ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from essgeo.access import CostMatrix, WalkNetwork
    from essgeo.results import Parameters
    from essgeo.siting.covering import Covering, Solution
    from essgeo.siting.robustness import Near, Spots


MARGIN = 1.6
"""Over streets walks are measured so much longer than asked, so that places that are moved stay inside them."""

CELL_M = 200.0
"""Side of the cells by which demand is grouped for the p-median."""

STEP_MIN = 5.0
"""In the worlds the p-median counts minutes in steps of so many."""

CAPACITATED = ("coverage", "targets", "need")
"""Objectives that know a capacity."""

EQUAL = 1e-9
"""Sets closer than that share are worth as much."""

SIMILAR = 0.05
"""Sectors within that share of the best one cannot be told from it."""

LISTED = 200
"""What each site would host is told of so many premises; of more, and of search areas, where they are nearly best."""

SECTOR, COUNT, MINUTES = "alimentation_agriculture", 2, 10
"""What every study asks: two places of food and farming, ten minutes on foot."""


@dataclass(frozen=True)
class Assumptions:
    """What the answer rests on besides data.

    Attributes
    ----------
    speed_kmh, detour, network
        Of walking, see :func:`essgeo.travel_cost`. In the worlds detours are drawn.
    longest_minutes
        The walk that the p-median counts where there is no place today.
    closing
        Probability that a site closes early, for maximal expected covering.
    draws, seed, level
        Worlds behind estimates, intervals and robustness (0: everything where it is known to be, and nothing said of
        how sure that is), their seed, and the level of intervals. Of more than 2,400 structures no more than 256 worlds
        are drawn; ``parameters`` of the scenario say how many.
    time_limit
        Seconds of branch and bound.
    """

    speed_kmh: float = 4.5
    detour: float | None = None
    network: Any = None
    longest_minutes: float = 30
    closing: float = 0.2
    draws: int = SITING_WORLDS
    seed: int = 0
    level: float = 0.9
    time_limit: float = 60.0


@dataclass(frozen=True)
class _Asked:
    """What was asked, as :func:`choose_sites` takes it."""

    sectors: tuple[str, ...]
    within_minutes: float
    count: int
    objective: str
    span: Period | None
    needs: Requirements
    settings: Assumptions
    budget: float | None = None
    fixed: tuple[int, ...] = ()


class _Ground(NamedTuple):
    """What questions about the same candidates share: who lives where and reaches what, and the walks to candidates."""

    people: gpd.GeoDataFrame
    usable: gpd.GeoDataFrame
    exclusions: pd.DataFrame
    structures: gpd.GeoDataFrame
    offers: NDArray[np.bool_]
    present: NDArray[np.float64]
    today: Today
    spots: Spots | None
    to_candidates: CostMatrix
    walks: tuple[float, ...]
    reaches: dict[float, Near]

    def reach(self, minutes: float) -> Near:
        """Return what all candidates reach within a walk in the worlds in which sites are chosen anew."""
        if minutes not in self.reaches:
            everyone, count = np.arange(len(self.usable)), min(CHOSEN_ANEW, self.today.count)
            self.reaches[minutes] = near(self.today, self.spots, self.to_candidates, everyone, minutes, count=count)
        return self.reaches[minutes]


def choose_sites(  # noqa: PLR0913 (one argument a choice of the user, all but the first two by name)
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    *,
    count: int,
    sector: str | Sequence[str],
    within_minutes: float,
    period: tuple[str, str] | Period | None = None,
    objective: str = "coverage",
    structures: gpd.GeoDataFrame | None = None,
    as_of: dt.date | str | None = None,
    requirements: Requirements | None = None,
    must_include: Sequence[str] | Mapping[str, str] = (),
    exclude: Sequence[str] = (),
    budget: float | None = None,
    assumptions: Assumptions | None = None,
) -> Scenario:
    """Return the sites, and what each hosts, that do most for residents out of reach today, with a proof of it.

    Residents who reach a place of the sector today gain nothing from another, so only the others count. Hard
    requirements rule candidates out first; an exact model then chooses among the rest, at the median walk and with
    residents weighted by how likely they reach no place today. Figures are means over the worlds in which coverage and
    gaps are drawn too: structures whose position is not known are somewhere in them.

    Parameters
    ----------
    demand
        From :func:`essgeo.demand_points`, or any points or polygons with ``population``; metric CRS. ``income`` is
        asked for by the objective ``need`` alone.
    candidates
        From :func:`essgeo.read_premises`, :func:`essgeo.siting.site_candidates` or
        :func:`essgeo.siting.search_areas`, or any places with a name, in the same CRS. Of surface, floor and cost only
        what is asked about must be there. With ``geo_radius_m`` a position is drawn as that of a structure. With a
        ``capacity`` (residents) a site serves no more of those out of reach; who finds no room may go to another.
    count
        Number of sites, those of ``must_include`` among them. For ``set``, the most that may be opened.
    sector
        A sector or challenge of the vocabulary, or ``all``. Several: each site hosts one of them, and sites and
        activities are chosen together, so that most is gained in all of them; a resident counts once for each activity.
    within_minutes
        The walk.
    period
        First and last month, ``YYYY-MM``. Candidates never available in it are left out; those free for a part of it
        count for these months only, and figures are the mean of the months.
    objective
        ``coverage`` (residents), ``targets`` (residents of target neighbourhoods, the rows of demand with a
        ``neighbourhood_id``, first; then the others by need: what a study asks first), ``need`` (residents weighted by
        the ratio of the median income of the territory to that of their IRIS, between 0.5 and 2; 1 where it is not
        known), ``backup`` (a first and a second place in reach count as much), ``median`` (minutes to the nearest
        place), ``set`` (fewest sites that reach everybody who can be), ``expected`` (a site may close early) or
        ``person_months`` (months of all residents within reach; needs a period).
    structures
        Structures, for example ``study.structures``, with a position or without one. Only those that count and offer
        the sector are places of today. Without them everybody counts as out of reach.
    as_of
        The day on which they must be active, see :func:`essgeo.register.counted_on`; by default what ``counted`` says,
        else today.
    requirements
        Hard requirements.
    must_include
        Candidates that are open or settled, by identifier or name; where there are several sectors, with what each
        hosts.
    exclude
        Candidates that may not be chosen, by identifier or name.
    budget
        The most that the chosen sites may cost together, in the unit of the column ``cost``; candidates without a cost
        are left out.
    assumptions
        Walking, draws, time.

    Returns
    -------
    Scenario
        With notes where the answer is not what was asked: fewer candidates than ``count``, no place of the sector
        today, nobody left to reach.

    Raises
    ------
    InputError
        Unknown sector, objective or candidate; a count, walk or period that makes no sense; no resident; no candidate.
    MissingCRSError, CRSMismatchError
        A layer without CRS, not metric, or in another CRS.
    InfeasibleError
        A filter leaves no candidate, what must be included is left out or beyond the budget, or reaching everybody
        takes more sites than ``count``.

    Examples
    --------
    >>> from essgeo.siting import search_areas
    >>> import shapely
    >>> named = {"name": ["Nord"], "city": ["Bondy"]}
    >>> iris = gpd.GeoDataFrame(named, geometry=[shapely.box(0, 0, 2000, 400)], crs=2154)
    >>> demand = gpd.GeoDataFrame({"population": [100.0, 900.0], "income": [20000.0, 15000.0]},
    ...                           geometry=gpd.points_from_xy([100, 1900], [100, 100]), crs=2154)
    >>> scenario = choose_sites(demand, search_areas(iris), count=1, sector="mobilite", within_minutes=5)
    >>> scenario.newly_reached, scenario.proven
    (900.0, True)
    """
    settings, needs = assumptions or Assumptions(), requirements or Requirements()
    sectors = (sector,) if isinstance(sector, str) else tuple(dict.fromkeys(sector))
    demand = with_known_names(demand, "iris")
    asked = ("population", "income") if objective == "need" else ("population",)
    require_columns(("demand", demand, dict.fromkeys(asked, "Take residents from demand_points.")))
    demand = demand if "income" in demand else demand.assign(income=np.nan)
    candidates = known_candidates(candidates, needs, costs=budget is not None)
    span = period if period is None or isinstance(period, Period) else Period(*period)
    check_question(
        demand,
        candidates,
        count=count,
        sectors=sectors,
        within_minutes=within_minutes,
        objective=objective,
        period=span,
    )
    asked_for = _Asked(sectors, within_minutes, count, objective, span, needs, settings, budget)
    ground = _ground(demand, candidates, structures, asked_for, day=as_of, exclude=_named(candidates, exclude))
    fixed = _fixed(candidates, ground, must_include, sectors)
    return _answer(ground, replace(asked_for, fixed=fixed), given=structures is not None)


def _named(candidates: gpd.GeoDataFrame, wanted: Sequence[str]) -> NDArray[np.bool_]:
    """Return which candidates are named, by identifier or else by name; one that nobody has is refused."""
    found = np.zeros(len(candidates), dtype=bool)
    identifiers, names = candidates.index.astype(str), candidates["name"].astype(str).to_numpy()
    for one in wanted:
        here = np.asarray(identifiers == str(one))
        here = here if here.any() else names == str(one)
        if not here.any():
            raise InputError(tell("no_such_candidate", name=one))
        found |= here
    return found


def _fixed(
    candidates: gpd.GeoDataFrame, ground: _Ground, wanted: Sequence[str] | Mapping[str, str], sectors: Sequence[str]
) -> tuple[int, ...]:
    """Return the choices that every set must hold."""
    hosts = dict(wanted) if isinstance(wanted, Mapping) else dict.fromkeys(wanted, sectors[0])
    if len(sectors) > 1 and not isinstance(wanted, Mapping) and hosts:
        raise InputError(tell("include_what", names=", ".join(hosts)))
    choices = []
    for name, theme in hosts.items():
        if theme not in sectors:
            raise InputError(tell("include_sector", name=name, sector=theme))
        for identifier in candidates.index[_named(candidates, [name])]:
            place = ground.usable.index.get_indexer([identifier])[0]
            if place < 0:
                rows = ground.exclusions["candidate_id"] == identifier
                raise InfeasibleError(
                    tell(
                        "include_left_out",
                        name=name,
                        reason=words(language.get())["siting_filters"][ground.exclusions["reason"][rows].iloc[0]],
                    )
                )
            choices.append(int(place) * len(sectors) + list(sectors).index(theme))
    return tuple(choices)


def _ground(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame | None,
    asked: _Asked,
    *,
    day: dt.date | str | None,
    exclude: NDArray[np.bool_],
) -> _Ground:
    """Return what a question rests on."""
    sectors, within_minutes, settings = asked.sectors, asked.within_minutes, asked.settings
    median = asked.objective == "median"
    points = demand.geometry.where(demand.geom_type == "Point", demand.geometry.representative_point())
    people = cast("gpd.GeoDataFrame", demand.set_geometry(points))
    if median:
        people = group_by_cell(people)
    kept, exclusions = apply_filters(
        candidates,
        asked.needs,
        asked.span,
        exclude=exclude,
        costs=asked.budget is not None,
        speed_kmh=settings.speed_kmh,
        detour=settings.detour,
    )
    usable = cast("gpd.GeoDataFrame", candidates[kept])
    register = _register(structures, candidates)
    counted = cast("gpd.GeoDataFrame", register[counted_on(register, day)])
    offers = unpack_themes(theme_bits(counted)).astype(bool)
    known = THEME_ROWS["theme"].to_numpy()[offers[has_point(counted)].any(axis=0)]
    wanted = [one for one in known[np.isin(known, _SECTORS)] if one not in sectors]

    walking: dict[str, Any] = {"speed_kmh": settings.speed_kmh, "detour": settings.detour, "network": settings.network}
    longest = max(MARGIN * within_minutes, settings.longest_minutes if median else 0)
    to_candidates = travel_cost(people, usable, max_minutes=longest, **walking)
    known_only = not settings.draws
    to_structures = travel_cost(
        people,
        counted if known_only or settings.network is not None or median else counted.iloc[:0],
        max_minutes=longest,
        **walking,
    )
    walks: tuple[float, ...] = (within_minutes,)
    if median:
        walks = (*np.arange(STEP_MIN, settings.longest_minutes, STEP_MIN).tolist(), within_minutes)
    places_of_sectors = [THEME_ROWS["theme"].tolist().index(one) for one in sectors]
    offering = np.asarray(offers[:, places_of_sectors].any(axis=1))
    present = np.full(len(people), np.inf)
    if len(to_structures.destination_ids):
        present = np.nan_to_num(nearest_minutes(to_structures, offering), nan=np.inf).astype(np.float64)
    if known_only:
        residents = people["population"].to_numpy(dtype=float)
        names = THEME_ROWS["theme"].tolist()
        nearest = {
            one: nearest_minutes(to_structures, offers[:, names.index(one)])
            if len(to_structures.destination_ids)
            else np.full(len(people), np.nan)
            for one in (*sectors, *wanted)
        }
        within = to_structures.minutes <= within_minutes
        counts = np.bincount(to_structures.origin[within & offering[to_structures.destination]], minlength=len(people))
        today = today_as_known(
            residents, {one: [found <= walk for walk in walks] for one, found in nearest.items()}, counts > 1
        )
    else:
        today = today_in_worlds(
            people,
            counted,
            register,
            to_structures,
            themes=(*sectors, *wanted),
            walks=walks,
            twice=asked.objective == "backup",
            as_of=as_day(day) or dt.date.today(),  # noqa: DTZ011 (the day where the user is)
            draws=settings.draws if len(counted) <= MANY_STRUCTURES else min(settings.draws, CHOSEN_ANEW),
            seed=settings.seed,
        )
    return _Ground(
        people, usable, exclusions, counted, offers, present, today, spots_of(usable, today), to_candidates, walks, {}
    )


def _register(structures: gpd.GeoDataFrame | None, like: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the structures that were given, known by their names; none where there are none."""
    if structures is None:
        columns: dict[str, list[str]] = {"name": [], "sectors": [], "geo_radius_m": [], "status": []}
        return known_structures(gpd.GeoDataFrame(columns, geometry=[], crs=like.crs))
    known = known_structures(structures)
    require_columns(("structures", known, OF_STRUCTURES))
    require_same_crs(known, like, ("structures", "candidates"))
    return known


_SECTORS = [
    code
    for kind, code in zip(THEME_ROWS["theme_kind"], THEME_ROWS["theme"], strict=True)
    if kind == "sector" and code != "autre"
]
"""Sectors that a site may host."""


def _answer(ground: _Ground, asked: _Asked, *, given: bool) -> Scenario:
    """Return what a question finds."""
    people, usable, today = ground.people, ground.usable, ground.today
    sectors, objective, count, span, settings = asked.sectors, asked.objective, asked.count, asked.span, asked.settings
    fixed, budget = asked.fixed, asked.budget
    residents, themes = people["population"].to_numpy(dtype=float), len(sectors)
    free = available_months(usable, span) if span is not None else np.ones((len(usable), 1), dtype=bool)
    rooms = _capacities(usable, asked)
    costs = usable["cost"].to_numpy(dtype=float) if budget is not None else None
    weights = _weights(ground, asked)
    question = Question(
        row=ground.to_candidates.origin,
        candidate=ground.to_candidates.destination,
        minutes=ground.to_candidates.minutes,
        present=ground.present,
        gains=[weights[:, None] * _levels(ground, one, asked) for one in sectors],
        candidates=len(usable),
        within_minutes=asked.within_minutes,
        longest_minutes=settings.longest_minutes,
        objective=objective,
        count=count,
        available=None if span is None else free,
        people=[_levels(ground, one, asked)[:, 0] for one in sectors] if rooms is not None else (),
        capacities=rooms,
        costs=costs,
        budget=budget,
        fixed=fixed,
    )
    limits = question.limits
    if len(fixed) > count or (limits is not None and not limits.allow(fixed)):
        raise InfeasibleError(tell("include_too_much", count=count, budget="" if budget is None else f"{budget:g}"))
    solution = solve(question, time_limit=settings.time_limit)
    if objective == "set" and solution.value > count:
        message = tell("needs_more_sites", bound=solution.bound, count=count)
        raise InfeasibleError(message)

    # Sites are told in the order of what they add in the objective; then one more that would add most.
    problem = problem_of(question)
    best = solution.chosen if rooms is not None else _nearest_of_equals(question, problem, solution.chosen)
    chosen = [choice for choice, _ in in_order_of_gain(problem, best)]
    after = gains_beside(problem, chosen, limits)
    more = [int(after.argmax())] if objective != "set" and after.max() > 0 else []
    nearly = np.zeros(len(after))
    if solution.value > 0 and objective != "set" and rooms is None:
        nearly = best_with(problem, chosen, limits=limits, fixed=fixed) / solution.value
    by_site = nearly.reshape(-1, themes)
    close = np.flatnonzero(by_site.max(axis=1) >= NEARLY)

    told = np.array([choice // themes for choice in (*chosen, *more)], dtype=np.intp)
    listed = np.union1d(told, close)
    if len(usable) <= LISTED and bool((usable["kind"] == PREMISES).all()):
        listed = np.arange(len(usable))
    reach = near(today, ground.spots, ground.to_candidates, listed, asked.within_minutes, count=today.count)
    hosts = [(int(np.searchsorted(listed, choice // themes)), sectors[choice % themes]) for choice in (*chosen, *more)]
    gains, at_points = brought(today, reach, hosts, free[listed], None if rooms is None else rooms[listed])
    newly, at_newly = gains[: len(chosen)].sum(axis=0), at_points[: len(chosen)].sum(axis=0)
    known = tuple(today.reached)
    hosting = _activities(hosted(today, reach, known, free[listed]), usable.iloc[listed], known, sectors)
    marginal = gains.mean(axis=1)
    drawn = settings.draws > 0
    low, high = (
        ends(newly[None, : min(settings.draws, today.count)], settings.level) if drawn else (np.full(1, np.nan),) * 2
    )
    robust = _robust(ground, question, asked, chosen) if drawn else [(np.nan, np.nan)] * len(chosen)
    before = today.expected(np.bitwise_and.reduce([today.reached[one][-1] for one in sectors]))
    sites = _describe(usable, chosen, sectors, marginal=marginal[: len(chosen)], hosting=hosting, free=free).assign(
        robust=[share for share, _ in robust], robust_nearby=[share for _, share in robust]
    )
    alternatives = usable.iloc[close][["name", "city", usable.geometry.name]].assign(
        sector=[sectors[theme] for theme in by_site[close].argmax(axis=1)], share_of_best=by_site[close].max(axis=1)
    )
    reached, places = float(newly.mean()), _places(ground, sectors)
    return Scenario(
        sector="|".join(sectors),
        within_minutes=asked.within_minutes,
        count=count,
        objective=objective,
        period=span,
        sites=sites,
        residents=float(residents.sum()),
        reached_before=float(before.sum()),
        newly_reached=reached,
        newly_low=float(low[0]),
        newly_high=float(high[0]),
        person_months=None if span is None else reached * free.shape[1],
        by_neighbourhood=by_neighbourhood(people, before, at_newly),
        by_income=by_income(people, before, at_newly),
        best_sectors=hosting,
        alternatives=cast("gpd.GeoDataFrame", alternatives),
        candidates=cast(
            "gpd.GeoDataFrame",
            usable[["name", "city", "kind", usable.geometry.name]].assign(gain=_alone(ground, asked)),
        ),
        exclusions=ground.exclusions,
        value=solution.value,
        bound=solution.bound,
        gap=solution.gap,
        proven=solution.proven,
        next_site={
            "candidate_id": str(usable.index[told[-1]]),
            "name": usable["name"].iloc[told[-1]],
            "sector": sectors[more[0] % themes],
            "marginal": float(marginal[-1]),
        }
        if more
        else {},
        places=places,
        parameters=parameters_of(asked, ground),
        notes=notes_of(
            question,
            solution,
            asked.needs,
            ground=ground,
            free=free[[one // themes for one in chosen]],
            given=given,
            located=len(places),
        ),
    )


def _alone(ground: _Ground, asked: _Asked) -> NDArray[np.float64]:
    """Return the residents each candidate alone would bring within reach at the median walk, in its best sector."""
    near_ = ground.to_candidates.minutes <= asked.within_minutes
    row, site = ground.to_candidates.origin[near_], ground.to_candidates.destination[near_]
    lacking = [ground.today.expected(~ground.today.reached[one][-1]) for one in asked.sectors]
    gains = [np.bincount(site, weights=one[row], minlength=len(ground.usable)) for one in lacking]
    return np.max(gains, axis=0)  # type: ignore[no-any-return]


def _capacities(usable: gpd.GeoDataFrame, asked: _Asked) -> NDArray[np.float64] | None:
    """Return how many residents each candidate has room for, where that is known of one of them."""
    if "capacity" not in usable or usable["capacity"].isna().all():
        return None
    if asked.objective not in CAPACITATED or asked.span is not None:
        raise InputError(tell("capacity_objective", objective=asked.objective, known=", ".join(CAPACITATED)))
    rooms: NDArray[np.float64] = usable["capacity"].to_numpy(dtype=float)
    return np.where(np.isnan(rooms), np.inf, rooms)


def _weights(ground: _Ground, asked: _Asked) -> NDArray[np.float64]:
    """Return what a resident of each row weighs in the objective."""
    if asked.objective != "targets":
        return weights_of(ground.people, asked.objective)
    # The most that others than residents of target neighbourhoods may weigh in any set of so many sites.
    others = (ground.people["neighbourhood_id"] == "").to_numpy() * ground.people["population"].to_numpy(dtype=float)
    needed = weights_of(ground.people, "need") * others
    near_ = ground.to_candidates.minutes <= asked.within_minutes
    sums = np.bincount(
        ground.to_candidates.destination[near_], weights=needed[ground.to_candidates.origin[near_]], minlength=1
    )
    return weights_of(ground.people, asked.objective, asked.count * float(sums.max()))


def _nearest_of_equals(question: Question, problem: Covering, chosen: Sequence[int]) -> tuple[int, ...]:
    """Return a set worth as much, with each site exchanged for the one of equals that its residents walk to soonest."""
    if question.objective in {"median", "set"}:
        return tuple(chosen)
    near_ = question.minutes <= question.within_minutes
    row, site = question.row[near_], question.candidate[near_]
    # Minutes of the residents within the walk of each choice: candidates x themes, as choices are numbered.
    walked = np.column_stack([
        np.bincount(site, weights=gains[row, 0] * question.minutes[near_], minlength=question.candidates)
        for gains in question.gains
    ]).ravel()  # fmt: skip
    current, limits = list(chosen), question.limits
    whole = worth(problem, current)
    for place, choice in enumerate(current):
        if choice not in question.fixed:
            others = [one for one in current if one != choice]
            equal = worth(problem, others) + gains_of(problem, reached_times(problem, others)) >= whole * (1 - EQUAL)
            equal[others] = False
            if limits is not None:
                equal &= limits.room(others)
            current[place] = int(np.where(equal, walked, np.inf).argmin())
    return tuple(current)


def _levels(ground: _Ground, theme: str, asked: _Asked) -> NDArray[np.float64]:
    """Return the residents of each row whom a first site in reach brings something, then one more: rows x levels."""
    today = ground.today
    if asked.objective == "median":
        residents: NDArray[np.float64] = ground.people["population"].to_numpy(dtype=float)
        return residents[:, None]
    lacking = today.expected(~today.reached[theme][-1])[:, None]
    if asked.objective == "backup":
        return np.hstack([today.expected(~today.twice[theme])[:, None], lacking])
    if asked.objective == "expected":
        return lacking * _closing(asked)
    return lacking


def _closing(asked: _Asked) -> NDArray[np.float64]:
    """Return what a first, a second... site is worth where each may close early."""
    closing, count = asked.settings.closing, asked.count
    return np.array([(1 - closing) * closing**number for number in range(count)])


def _robust(ground: _Ground, question: Question, asked: _Asked, chosen: Sequence[int]) -> list[tuple[float, float]]:
    """Return the share of worlds in which each choice is made again, and in which it or one nearby is."""
    today, usable, sectors, weights = ground.today, ground.usable, asked.sectors, _weights(ground, asked)
    count = min(CHOSEN_ANEW, today.count)
    levels = _closing(asked)
    if question.objective != "expected":
        levels = np.array([1.0, 1.0] if question.objective == "backup" else [1.0])
    free = question.available if question.available is not None else np.ones((len(usable), 1), dtype=bool)
    patterns, months = np.unique(free, axis=1, return_counts=True)
    aims = []
    for step, minutes in enumerate(ground.walks):
        if question.objective == "median" and step == len(ground.walks) - 1:
            continue  # the walk that is told, not one of the steps
        reach = ground.reach(minutes)
        for place, theme in enumerate(sectors):
            served = as_flags(today.reached[theme][step])[:, :count]
            if question.objective == "backup":
                served = served + as_flags(today.twice[theme])[:, :count]
            elif len(levels) > 1:
                served = served * np.uint8(len(levels))
            aims += [
                Aim(reach, place, weights * share, levels, served.copy(), pattern, question.capacities)
                for pattern, share in zip(patterns.T, months / free.shape[1], strict=True)
            ]
    picked = choose_anew(
        today,
        aims,
        themes=len(sectors),
        count=max(len(chosen), 1),
        fixed=question.fixed,
        costs=question.costs,
        budget=question.budget,
    )
    xy = np.column_stack([usable.geometry.x, usable.geometry.y])
    return list(kept_shares(picked, chosen, xy, len(sectors)))


def default_scenarios(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    iris: gpd.GeoDataFrame,
    parameters: Parameters,
    *,
    network: WalkNetwork | None = None,
) -> list[Scenario]:
    """Return where two places of food and farming would do most within ten minutes' walk.

    Asked for the residents of target neighbourhoods first, then by need (by need alone where there is no target
    neighbourhood); then for most residents, with the same number of sites: what the first choice costs in number.

    Parameters
    ----------
    demand, structures, sites, iris
        Layers of a study.
    parameters
        Of the study: walking, draws, seed, level.
    network
        The streets to walk on; median walks for straight lines where ``None``.

    Returns
    -------
    list of Scenario
        Two, see :func:`essgeo.choose_sites`.

    Examples
    --------
    >>> from essgeo.results import Parameters
    >>> study = study_est_ensemble()
    >>> layers = study.demand, study.structures, study.sites, study.iris
    >>> targets, most = default_scenarios(*layers, Parameters("2024", siting_draws=0))
    >>> most.newly_reached > targets.newly_reached
    True
    """
    settings = Assumptions(
        speed_kmh=parameters.speed_kmh,
        network=network,
        draws=parameters.siting_draws,
        seed=parameters.seed,
        level=parameters.level,
    )
    candidates = default_candidates(sites, iris)
    first = "targets" if has_targets(demand) else "need"
    asked = _Asked((SECTOR,), MINUTES, COUNT, first, None, Requirements(), settings)
    nobody = np.zeros(len(candidates), dtype=bool)
    ground = _ground(demand, candidates, structures, asked, day=parameters.as_of, exclude=nobody)
    return [_answer(ground, replace(asked, objective=objective), given=True) for objective in (first, "coverage")]


def group_by_cell(demand: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return demand grouped by 200 m cell, and by IRIS if there is one, each group at the centre of its residents.

    The same ``population`` in all; ``income`` and what names the place are those of the first point of a group.

    Examples
    --------
    >>> points = gpd.GeoDataFrame({"population": [1.0, 3.0, 5.0], "income": [9.0, 9.0, 9.0]},
    ...                           geometry=gpd.points_from_xy([0, 100, 900], [0, 0, 0]), crs=2154)
    >>> grouped = group_by_cell(points)
    >>> grouped["population"].tolist(), grouped.geometry.x.tolist()
    ([4.0, 5.0], [75.0, 900.0])
    """
    xy = np.column_stack([demand.geometry.x, demand.geometry.y])
    people = demand["population"].to_numpy(dtype=float)
    keys = [name for name in ("iris_code", "citycode", "neighbourhood_id", "method") if name in demand]
    names = pd.DataFrame(np.floor(xy / CELL_M), columns=["cell_x", "cell_y"])
    names[keys] = pd.DataFrame(demand)[keys].to_numpy()
    group = names.groupby(list(names.columns), sort=True).ngroup().to_numpy()
    first = np.unique(group, return_index=True)[1]
    total = np.bincount(group, weights=people)
    # The mean of the points of each group, by residents; all alike where nobody lives.
    weights = np.where(total[group] > 0, people, 1.0)
    centre = [np.bincount(group, weights=axis * weights) / np.bincount(group, weights=weights) for axis in xy.T]
    table = pd.DataFrame(demand).iloc[first][["income", *keys]].reset_index(drop=True).assign(population=total)
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(*centre), crs=demand.crs)


def _activities(
    gains: NDArray[np.float64], sites: pd.DataFrame, known: Sequence[str], asked: Sequence[str]
) -> pd.DataFrame:
    """Return one row a site and theme: the residents it alone would bring within reach by hosting it.

    Themes that were asked about, and sectors of which the register holds a located place: nobody reaches the others as
    far as is known, so they say nothing of one site against another. ``similar`` sectors are within 5 % of the best.
    """
    site, sector = (axis.ravel() for axis in np.indices(gains.shape))
    table = pd.DataFrame(
        {
            "site": sites.index.to_numpy()[site],
            "name": sites["name"].to_numpy()[site],
            "sector": np.array(known, dtype=object)[sector],
            "newly_reached": gains.ravel(),
        }
    ).sort_values(["site", "newly_reached", "sector"], ascending=[True, False, True], ignore_index=True)
    by_site = table.groupby("site")
    most = by_site["newly_reached"].transform("max")
    return table.assign(
        rank=by_site.cumcount() + 1,
        similar=table["newly_reached"] >= (1 - SIMILAR) * most,
        asked=table["sector"].isin(list(asked)),
    )


def _describe(
    candidates: gpd.GeoDataFrame,
    chosen: Sequence[int],
    sectors: Sequence[str],
    *,
    marginal: NDArray[np.float64],
    hosting: pd.DataFrame,
    free: NDArray[np.bool_],
) -> gpd.GeoDataFrame:
    """Return the chosen candidates with what each hosts, adds, would add alone, and had best host."""
    positions = [choice // len(sectors) for choice in chosen]
    hosts = [sectors[choice % len(sectors)] for choice in chosen]
    sites = candidates.iloc[positions]
    alone = hosting.set_index(["site", "sector"])["newly_reached"]
    similar = hosting[hosting["similar"].astype(bool)].groupby("site")
    best, most = similar["sector"].agg("|".join), similar["newly_reached"].max()
    return sites.assign(
        sector=hosts,
        marginal=marginal,
        cumulative=np.cumsum(marginal),
        alone=[alone[site, host] for site, host in zip(sites.index, hosts, strict=True)],
        months=free[positions].sum(axis=1),
        best_sectors=[best[site] for site in sites.index],
        best_gain=[most[site] for site in sites.index],
    )


def _places(ground: _Ground, sectors: Sequence[str]) -> gpd.GeoDataFrame:
    """Return the located places of the sectors today."""
    names = THEME_ROWS["theme"].tolist()
    offers = ground.offers[:, [names.index(one) for one in sectors]].any(axis=1) & has_point(ground.structures)
    found = ground.structures[offers]
    return cast("gpd.GeoDataFrame", found[["name", found.geometry.name]])


def parameters_of(asked: _Asked, ground: _Ground) -> dict[str, Any]:
    """Return every assumption of a scenario, by name; how people walk and live as codes of methods."""
    people, settings, needs = ground.people, asked.settings, asked.needs
    return {
        "walking": ground.to_candidates.method,
        "speed_kmh": settings.speed_kmh,
        "detour": settings.detour,
        "network": settings.network is not None,
        "population": "; ".join(sorted(people["method"].unique())) if "method" in people else "as given",
        "candidates": len(ground.usable),
        "min_surface_m2": needs.min_surface_m2,
        "ground_floor": needs.ground_floor,
        "max_station_minutes": needs.max_station_minutes,
        "budget": asked.budget,
        "closing": settings.closing,
        "draws": min(settings.draws, ground.today.count),
        "draws_chosen_anew": min(CHOSEN_ANEW, settings.draws),
        "seed": settings.seed,
        "level": settings.level,
        "draws_solved_by": "greedy and exchanges",
        "nearly_best": NEARLY,
        "structures": len(ground.structures),
        "structures_located": int(has_point(ground.structures).sum()),
    }


def notes_of(
    question: Question,
    solution: Solution,
    needs: Requirements,
    *,
    ground: _Ground,
    free: NDArray[np.bool_],
    given: bool,
    located: int,
) -> tuple[str, ...]:
    """Return the codes of the notes that hold; what each says is in ``[siting_notes]`` of the language files."""
    from_sirene = given and "ess_rule" in ground.structures
    areas = bool((ground.usable["kind"] == SEARCH_AREA).any())
    targets = question.objective == "targets"
    sought = (
        (ground.people["neighbourhood_id"] != "").to_numpy() if targets else np.ones(len(ground.people), dtype=bool)
    )
    lacking = sum(float(gains[sought].sum()) for gains in question.gains)
    served = lacking <= 1e-6 if question.objective != "median" else bool((question.present <= 0).all())  # noqa: PLR2004 (a millionth of a resident)
    short = question.objective != "set" and len(solution.chosen) < question.count
    codes = {
        "search_areas": areas,
        "requirements_not_for_areas": areas and (needs.ground_floor or needs.min_surface_m2 is not None),
        "fewer_candidates": question.candidates < question.count,
        "all_reached": served and not targets,
        "targets_reached": served and targets,
        "nothing_more": short and question.candidates >= question.count and not served,
        "part_of_period": question.available is not None and not free.all(),
        "joint": len(question.gains) > 1,
        "capacity": question.capacities is not None,
        "no_structures_given": not given,
        "no_place": given and not located,
        "aggregated": question.objective == "median",
        "not_proven": not solution.proven,
        "register_is_a_sample": given and not from_sirene,
        "register_is_declared": from_sirene,
        "edge": given,
        "dates_of_places_not_followed": question.available is not None,
    }
    return tuple(code for code, holds in codes.items() if holds)
