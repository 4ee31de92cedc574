"""Choose sites, and what each would host: which bring most residents within reach who are out of reach today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from essgeo.errors import InfeasibleError, InputError
from essgeo.files.premises import PREMISES
from essgeo.messages import language, tell, words
from essgeo.schema.dates import Period, available_months
from essgeo.schema.validate import require_columns, with_known_names
from essgeo.siting.account import activities, describe, notes_of, parameters_of, places_of_sectors
from essgeo.siting.candidates import Requirements, default_candidates, known_candidates, named_candidates
from essgeo.siting.conditions import Asked, Assumptions, Ground, ground_of
from essgeo.siting.covering import NEARLY, best_with, gains_beside, in_order_of_gain
from essgeo.siting.models import Question, check_question, has_targets, nearest_of_equals, problem_of, solve, weights_of
from essgeo.siting.robustness import CHOSEN_ANEW, Aim, brought, choose_anew, hosted, kept_shares, near
from essgeo.siting.scenario import Scenario, by_income, by_neighbourhood
from essgeo.uncertainty import as_flags, ends

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import WalkNetwork
    from essgeo.results import Parameters
    from essgeo.uncertainty import Worlds


CAPACITATED = ("coverage", "targets", "need")
"""Objectives that know a capacity."""

LISTED = 200
"""What each site would host is told of so many premises; of more, and of search areas, where they are nearly best."""

SECTOR, COUNT, MINUTES = "alimentation_agriculture", 2, 10
"""What every study asks: two places of food and farming, ten minutes on foot."""


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
    >>> import geopandas as gpd
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
    asked_for = Asked(sectors, within_minutes, count, objective, span, needs, settings, budget)
    ground = ground_of(
        demand, candidates, structures, asked_for, day=as_of, exclude=named_candidates(candidates, exclude)
    )
    fixed = _fixed(candidates, ground, must_include, sectors)
    return _answer(ground, replace(asked_for, fixed=fixed), given=structures is not None)


def _fixed(
    candidates: gpd.GeoDataFrame, ground: Ground, wanted: Sequence[str] | Mapping[str, str], sectors: Sequence[str]
) -> tuple[int, ...]:
    """Return the choices that every set must hold."""
    hosts = dict(wanted) if isinstance(wanted, Mapping) else dict.fromkeys(wanted, sectors[0])
    if len(sectors) > 1 and not isinstance(wanted, Mapping) and hosts:
        raise InputError(tell("include_what", names=", ".join(hosts)))
    choices = []
    for name, theme in hosts.items():
        if theme not in sectors:
            raise InputError(tell("include_sector", name=name, sector=theme))
        for identifier in candidates.index[named_candidates(candidates, [name])]:
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


def _answer(ground: Ground, asked: Asked, *, given: bool) -> Scenario:
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
    best = solution.chosen if rooms is not None else nearest_of_equals(question, problem, solution.chosen)
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
    hosting = activities(hosted(today, reach, known, free[listed]), usable.iloc[listed], known, sectors)
    marginal = gains.mean(axis=1)
    drawn = settings.draws > 0
    low, high = (
        ends(newly[None, : min(settings.draws, today.count)], settings.level) if drawn else (np.full(1, np.nan),) * 2
    )
    robust = _robust(ground, question, asked, chosen) if drawn else [(np.nan, np.nan)] * len(chosen)
    before = today.expected(np.bitwise_and.reduce([today.reached[one][-1] for one in sectors]))
    sites = describe(usable, chosen, sectors, marginal=marginal[: len(chosen)], hosting=hosting, free=free).assign(
        robust=[share for share, _ in robust], robust_nearby=[share for _, share in robust]
    )
    alternatives = usable.iloc[close][["name", "city", usable.geometry.name]].assign(
        sector=[sectors[theme] for theme in by_site[close].argmax(axis=1)], share_of_best=by_site[close].max(axis=1)
    )
    reached, places = float(newly.mean()), places_of_sectors(ground, sectors)
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


def _alone(ground: Ground, asked: Asked) -> NDArray[np.float64]:
    """Return the residents each candidate alone would bring within reach at the median walk, in its best sector."""
    near_ = ground.to_candidates.minutes <= asked.within_minutes
    row, site = ground.to_candidates.origin[near_], ground.to_candidates.destination[near_]
    lacking = [ground.today.expected(~ground.today.reached[one][-1]) for one in asked.sectors]
    gains = [np.bincount(site, weights=one[row], minlength=len(ground.usable)) for one in lacking]
    return np.max(gains, axis=0)  # type: ignore[no-any-return]


def _capacities(usable: gpd.GeoDataFrame, asked: Asked) -> NDArray[np.float64] | None:
    """Return how many residents each candidate has room for, where that is known of one of them."""
    if "capacity" not in usable or usable["capacity"].isna().all():
        return None
    if asked.objective not in CAPACITATED or asked.span is not None:
        raise InputError(tell("capacity_objective", objective=asked.objective, known=", ".join(CAPACITATED)))
    rooms: NDArray[np.float64] = usable["capacity"].to_numpy(dtype=float)
    return np.where(np.isnan(rooms), np.inf, rooms)


def _weights(ground: Ground, asked: Asked) -> NDArray[np.float64]:
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


def _levels(ground: Ground, theme: str, asked: Asked) -> NDArray[np.float64]:
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


def _closing(asked: Asked) -> NDArray[np.float64]:
    """Return what a first, a second... site is worth where each may close early."""
    closing, count = asked.settings.closing, asked.count
    return np.array([(1 - closing) * closing**number for number in range(count)])


def _robust(ground: Ground, question: Question, asked: Asked, chosen: Sequence[int]) -> list[tuple[float, float]]:
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
    worlds: Worlds | None = None,
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
    worlds
        Those of the study, where they are drawn; else they are drawn again.

    Returns
    -------
    list of Scenario
        Two, see :func:`essgeo.choose_sites`.

    Examples
    --------
    >>> from essgeo.results import Parameters
    >>> study = small_study()
    >>> layers = study.demand, study.structures, study.sites, study.iris
    >>> targets, most = default_scenarios(*layers, Parameters("2024", siting_draws=0))
    >>> most.newly_reached > targets.newly_reached
    True
    """
    settings = Assumptions(
        speed_kmh=parameters.speed_kmh,
        network=network,
        draws=parameters.siting_draws,
        study_draws=parameters.draws,
        seed=parameters.seed,
        level=parameters.level,
    )
    candidates = default_candidates(sites, iris)
    first = "targets" if has_targets(demand) else "need"
    asked = Asked((SECTOR,), MINUTES, COUNT, first, None, Requirements(), settings)
    nobody = np.zeros(len(candidates), dtype=bool)
    ground = ground_of(demand, candidates, structures, asked, day=parameters.as_of, exclude=nobody, worlds=worlds)
    return [_answer(ground, replace(asked, objective=objective), given=True) for objective in (first, "coverage")]
