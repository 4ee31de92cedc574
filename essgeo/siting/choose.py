"""Choose sites: which of the candidates bring most residents within reach who are out of reach today."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import geopandas as gpd
import numpy as np
from scipy import sparse

from essgeo.access import nearest_minutes, travel_cost
from essgeo.crs import require_same_crs
from essgeo.errors import InfeasibleError
from essgeo.gaps.themes import THEMES, theme_bits, unpack_themes
from essgeo.siting.aggregate import coarse
from essgeo.siting.assumptions import Assumptions
from essgeo.siting.breakdown import by_income, by_neighbourhood
from essgeo.siting.checks import check_question
from essgeo.siting.filters import Requirements, apply_filters
from essgeo.siting.hosting import best_sectors
from essgeo.siting.models import Covering, gains_of, in_order_of_gain, reached_times, worth
from essgeo.siting.months import Period, available_months
from essgeo.siting.need import weights_of
from essgeo.siting.notes import notes_of, parameters_of
from essgeo.siting.question import Question, as_coverage, problem_of, solve
from essgeo.siting.robustness import Ground, robustness
from essgeo.siting.scenario import Scenario
from essgeo.structures.activity import COUNTED_STATUSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix

MARGIN = 1.6
"""How much longer than the walk the travel times go, so that draws stay inside them."""


def choose_sites(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    *,
    count: int,
    sector: str,
    within_minutes: float,
    period: tuple[str, str] | Period | None = None,
    objective: str = "coverage",
    structures: gpd.GeoDataFrame | None = None,
    requirements: Requirements | None = None,
    assumptions: Assumptions | None = None,
) -> Scenario:
    """Return the sites that bring most residents within reach of a sector, with a proof that no others bring more.

    Residents who reach a place of the sector today gain nothing from another, so only the others count. Hard
    requirements rule candidates out first; an exact model then chooses among the rest.

    Parameters
    ----------
    demand
        From :func:`essgeo.demand_points`, or any points or polygons with ``population`` and ``income``; metric CRS.
    candidates
        From :func:`essgeo.siting.read_candidates`, :func:`essgeo.siting.site_candidates` or
        :func:`essgeo.siting.search_areas`, in the same CRS.
    count
        Number of sites. For ``set``, the most that may be opened.
    sector
        A sector or challenge of the vocabulary, or ``all``.
    within_minutes
        The walk.
    period
        First and last month, ``YYYY-MM``. Candidates never available in it are left out.
    objective
        ``coverage`` (residents), ``need`` (residents weighted by the ratio of the median income of the territory to
        that of their IRIS, between 0.5 and 2; 1 where it is not known), ``targets`` (residents of target
        neighbourhoods only, the rows of demand with a ``neighbourhood_id``), ``median`` (minutes to the nearest place),
        ``set`` (fewest sites that reach everybody who can be), ``expected`` (a site may close early) or
        ``person_months`` (a site counts only in the months it is available; needs a period).
    structures
        Located structures, for example ``study.structures``. Only those that count (``counted``, or else ``status``)
        and offer the sector are places of today. Without them everybody counts as out of reach.
    requirements
        Hard requirements.
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
        Unknown sector or objective; a count, walk or period that makes no sense; no resident; no candidate.
    MissingCRSError, CRSMismatchError
        A layer without CRS, not metric, or in another CRS.
    InfeasibleError
        A filter leaves no candidate, or reaching everybody takes more sites than ``count``.

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
    span = period if period is None or isinstance(period, Period) else Period(*period)
    check_question(
        demand, candidates, count=count, sector=sector, within_minutes=within_minutes, objective=objective, period=span
    )
    points = _as_points(demand)
    if objective == "median":
        points = coarse(points)
    kept, exclusions = apply_filters(candidates, needs, span, speed_kmh=settings.speed_kmh, detour=settings.detour)
    open_ = cast("gpd.GeoDataFrame", candidates[kept])
    everything = _located(structures, candidates)
    offers = unpack_themes(theme_bits(everything))[:, THEMES["theme"].tolist().index(sector)].astype(bool)
    longest = max(MARGIN * within_minutes, settings.longest_minutes if objective == "median" else 0)
    to_candidates = _walks(points, open_, longest, settings)
    to_all = _walks(points, everything, longest, settings)
    residents = points["population"].to_numpy(dtype=float)
    question = Question(
        row=to_candidates.origin,
        candidate=to_candidates.destination,
        minutes=to_candidates.minutes,
        present=np.nan_to_num(nearest_minutes(to_all, offers), nan=np.inf),
        weights=weights_of(points, objective),
        candidates=len(open_),
        within_minutes=within_minutes,
        longest_minutes=settings.longest_minutes,
        objective=objective,
        count=count,
        closing=settings.closing,
        available=available_months(open_, span) if span is not None else None,
    )
    solution = solve(question, time_limit=settings.time_limit)
    if objective == "set" and solution.value > count:
        message = f"reaching everybody takes at least {solution.bound:.0f} sites; at most {count} may be opened."
        raise InfeasibleError(message)
    people = problem_of(as_coverage(question, residents))
    ordered = in_order_of_gain(people, solution.chosen)
    chosen = [site for site, _ in ordered]
    newly = reached_times(people, chosen) > 0
    before = question.present <= within_minutes
    places = cast("gpd.GeoDataFrame", everything[offers])
    ground = Ground(points, open_, places, to_candidates, _among(to_all, offers))
    drawn = robustness(question, chosen, ground, residents, draws=settings.draws, seed=settings.seed)
    tails = ((1 - settings.level) / 2, (1 + settings.level) / 2)
    low, high = np.quantile(drawn.newly_reached, tails) if settings.draws else (np.nan, np.nan)
    reached = float(residents[newly].sum())
    hosting = best_sectors(_inside(question, chosen), residents, to_all, everything, within_minutes=within_minutes)
    alone = gains_of(people, np.zeros(len(residents), dtype=np.int64))
    sites = _describe(open_, ordered, alone, hosting).assign(robust=drawn.kept, robust_nearby=drawn.kept_nearby)
    return Scenario(
        sector=sector,
        within_minutes=within_minutes,
        count=count,
        objective=objective,
        period=span,
        sites=sites,
        residents=float(residents.sum()),
        reached_before=float(residents[before].sum()),
        newly_reached=reached,
        newly_low=float(np.fmin(low, reached)) if settings.draws else np.nan,
        newly_high=float(np.fmax(high, reached)) if settings.draws else np.nan,
        person_months=_person_months(question, chosen, residents),
        by_neighbourhood=by_neighbourhood(points, before, newly),
        by_income=by_income(points, before, newly),
        best_sectors=hosting.assign(
            site=open_.index.to_numpy()[np.array(chosen, dtype=int)][hosting["site"].astype(int)]
        )
        if len(hosting)
        else hosting,
        exclusions=exclusions,
        value=solution.value,
        bound=solution.bound,
        gap=solution.gap,
        proven=solution.proven,
        next_site=_next(people, chosen, open_),
        places=cast("gpd.GeoDataFrame", places[["name", places.geometry.name]]),
        parameters=parameters_of(settings, needs, to_candidates, points, open_),
        notes=notes_of(question, solution, needs, structures=structures, candidates=open_),
    )


def _as_points(demand: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    points = demand.geometry.where(demand.geom_type == "Point", demand.geometry.representative_point())
    return cast("gpd.GeoDataFrame", demand.set_geometry(points))


def _located(structures: gpd.GeoDataFrame | None, like: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the structures that count and have a point; none where none are given."""
    if structures is None:
        empty: dict[str, list[str]] = {"name": [], "sectors": [], "challenges": [], "geo_radius_m": []}
        return gpd.GeoDataFrame(empty, geometry=[], crs=like.crs)
    require_same_crs(structures, like, ("structures", "candidates"))
    counted = structures["counted"] if "counted" in structures else structures["status"].isin(COUNTED_STATUSES)
    return cast("gpd.GeoDataFrame", structures[structures.geometry.notna() & counted.astype(bool)])


def _walks(
    origins: gpd.GeoDataFrame, destinations: gpd.GeoDataFrame, longest: float, settings: Assumptions
) -> CostMatrix:
    network = {} if settings.network is None else {"network": settings.network}
    return travel_cost(
        origins, destinations, max_minutes=longest, speed_kmh=settings.speed_kmh, detour=settings.detour, **network
    )


def _among(cost: CostMatrix, offers: NDArray[np.bool_]) -> CostMatrix:
    """Return the travel times to some of the destinations."""
    kept = offers[cost.destination]
    position = np.cumsum(offers) - 1
    return replace(
        cost,
        destination_ids=cost.destination_ids[offers],
        origin=cost.origin[kept],
        destination=position[cost.destination[kept]].astype(np.int32),
        minutes=cost.minutes[kept],
    )


def _inside(question: Question, chosen: Sequence[int]) -> sparse.csr_array:
    """Return which rows lie within the walk of each chosen site, whatever they reach today."""
    near = question.minutes <= question.within_minutes
    shape = (len(question.present), question.candidates)
    pairs = (np.ones(int(near.sum())), (question.row[near], question.candidate[near]))
    return sparse.csr_array(pairs, shape=shape)[:, list(chosen)]


def _person_months(question: Question, chosen: Sequence[int], residents: NDArray[np.float64]) -> float | None:
    if question.available is None:
        return None
    timed = problem_of(replace(question, objective="person_months", weights=residents))
    return worth(timed, chosen)


def _describe(
    candidates: gpd.GeoDataFrame,
    ordered: Sequence[tuple[int, float]],
    alone: NDArray[np.float64],
    hosting: pd.DataFrame,
) -> gpd.GeoDataFrame:
    positions = [site for site, _ in ordered]
    marginal = [gain for _, gain in ordered]
    similar = hosting[hosting["similar"].astype(bool)].groupby("site") if len(hosting) else None
    best = [] if similar is None else [similar.get_group(site) for site in range(len(positions))]
    return candidates.iloc[positions].assign(
        marginal=marginal,
        cumulative=np.cumsum(marginal),
        alone=alone[positions],
        best_sectors=["|".join(rows["sector"]) for rows in best] or "",
        best_gain=[rows["newly_reached"].max() for rows in best] or np.nan,
    )


def _next(people: Covering, chosen: Sequence[int], candidates: gpd.GeoDataFrame) -> dict[str, Any]:
    gains = gains_of(people, reached_times(people, chosen))
    best = int(gains.argmax())
    if gains[best] <= 0:
        return {}
    name = candidates["name"].iloc[best]
    return {"candidate_id": str(candidates.index[best]), "name": name, "marginal": float(gains[best])}
