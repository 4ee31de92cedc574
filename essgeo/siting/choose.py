"""Choose sites: which of the candidates bring most residents within reach who are out of reach today."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.access import nearest_minutes, travel_cost
from essgeo.crs import require_same_crs
from essgeo.errors import InfeasibleError
from essgeo.files.premises import SEARCH_AREA
from essgeo.gaps.reach import THEME_ROWS, known_structures, reached_themes, theme_bits, trips_to, unpack_themes
from essgeo.messages import tell
from essgeo.register.activity import counted_on
from essgeo.schema.months import Period, available_months
from essgeo.schema.validate import require_columns, with_known_names
from essgeo.siting.candidates import Requirements, apply_filters, default_candidates, known_candidates
from essgeo.siting.covering import gains_of, in_order_of_gain, reached_times, worth
from essgeo.siting.models import Question, as_coverage, check_question, problem_of, solve, weights_of
from essgeo.siting.robustness import THRESHOLD_SPREAD, WEIGHT_SPREAD, Spread, robustness
from essgeo.siting.scenario import Scenario, by_income, by_neighbourhood
from essgeo.text.phrases import method_in_words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from essgeo.access import CostMatrix, WalkNetwork
    from essgeo.results import Parameters
    from essgeo.siting.covering import Solution


MARGIN = 1.6
"""How much longer than the walk the travel times go, so that draws stay inside them."""

CELL_M = 200.0
"""Side of the cells by which demand is grouped for the p-median."""

SIMILAR = 0.05
"""Sectors within that share of the best one cannot be told from it."""

SECTOR, COUNT, MINUTES = "alimentation_agriculture", 2, 10
"""What every study asks: two places of food and farming, ten minutes on foot."""


@dataclass(frozen=True)
class Assumptions:
    """What the answer rests on besides data.

    Attributes
    ----------
    speed_kmh, detour, network
        Of walking, see :func:`essgeo.travel_cost`.
    longest_minutes
        The walk that the p-median counts where there is no place today.
    closing
        Probability that a site closes early, for maximal expected covering.
    draws, seed, level
        Random draws behind robustness and intervals, and the level of these.
    time_limit
        Seconds of branch and bound.
    """

    speed_kmh: float = 4.5
    detour: float = 1.3
    network: Any = None
    longest_minutes: float = 30
    closing: float = 0.2
    draws: int = 200
    seed: int = 0
    level: float = 0.9
    time_limit: float = 60.0


def choose_sites(  # noqa: PLR0913 (one argument a choice of the user, all but the first two by name)
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    *,
    count: int,
    sector: str,
    within_minutes: float,
    period: tuple[str, str] | Period | None = None,
    objective: str = "coverage",
    structures: gpd.GeoDataFrame | None = None,
    as_of: dt.date | str | None = None,
    requirements: Requirements | None = None,
    assumptions: Assumptions | None = None,
) -> Scenario:
    """Return the sites that bring most residents within reach of a sector, with a proof that no others bring more.

    Residents who reach a place of the sector today gain nothing from another, so only the others count. Hard
    requirements rule candidates out first; an exact model then chooses among the rest.

    Parameters
    ----------
    demand
        From :func:`essgeo.demand_points`, or any points or polygons with ``population``; metric CRS. ``income`` is
        asked for by the objective ``need`` alone.
    candidates
        From :func:`essgeo.read_premises`, :func:`essgeo.siting.site_candidates` or
        :func:`essgeo.siting.search_areas`, or any places with a name, in the same CRS. Of surface and floor only what
        ``requirements`` ask for must be there.
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
        Located structures, for example ``study.structures``. Only those that count and offer the sector are places of
        today. Without them everybody counts as out of reach.
    as_of
        The day on which they must be active, see :func:`essgeo.register.counted_on`; by default what ``counted`` says,
        else today.
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
    demand = with_known_names(demand, "iris")
    asked = ("population", "income") if objective == "need" else ("population",)
    require_columns(("demand", demand, dict.fromkeys(asked, "Take residents from demand_points.")))
    demand = demand if "income" in demand else demand.assign(income=np.nan)
    candidates = known_candidates(candidates, needs)
    structures = structures if structures is None else known_structures(structures)
    span = period if period is None or isinstance(period, Period) else Period(*period)
    check_question(
        demand, candidates, count=count, sector=sector, within_minutes=within_minutes, objective=objective, period=span
    )
    points = demand.geometry.where(demand.geom_type == "Point", demand.geometry.representative_point())
    people = cast("gpd.GeoDataFrame", demand.set_geometry(points))
    if objective == "median":
        people = group_by_cell(people)
    kept, exclusions = apply_filters(candidates, needs, span, speed_kmh=settings.speed_kmh, detour=settings.detour)
    usable = cast("gpd.GeoDataFrame", candidates[kept])
    everything = _located(structures, candidates, as_of)
    offers = unpack_themes(theme_bits(everything))[:, THEME_ROWS["theme"].tolist().index(sector)].astype(bool)
    places = cast("gpd.GeoDataFrame", everything[offers])

    longest = max(MARGIN * within_minutes, settings.longest_minutes if objective == "median" else 0)
    walking: dict[str, Any] = {"max_minutes": longest, "speed_kmh": settings.speed_kmh, "detour": settings.detour}
    to_candidates = travel_cost(people, usable, network=settings.network, **walking)
    to_all = travel_cost(people, everything, network=settings.network, **walking)
    residents = people["population"].to_numpy(dtype=float)
    question = Question(
        row=to_candidates.origin,
        candidate=to_candidates.destination,
        minutes=to_candidates.minutes,
        present=np.nan_to_num(nearest_minutes(to_all, offers), nan=np.inf),
        weights=weights_of(people, objective),
        candidates=len(usable),
        within_minutes=within_minutes,
        longest_minutes=settings.longest_minutes,
        objective=objective,
        count=count,
        closing=settings.closing,
        available=available_months(usable, span) if span is not None else None,
    )
    solution = solve(question, time_limit=settings.time_limit)
    if objective == "set" and solution.value > count:
        message = tell("needs_more_sites", bound=solution.bound, count=count)
        raise InfeasibleError(message)

    # Whatever the model maximises, a scenario is told in residents: those of ``covered`` are newly within reach.
    covered = problem_of(as_coverage(question, residents))
    ordered = in_order_of_gain(covered, solution.chosen)
    chosen = [site for site, _ in ordered]
    times = reached_times(covered, chosen)
    before, newly = question.present <= within_minutes, times > 0
    timed = replace(question, objective="person_months", weights=residents)
    reached = float(residents[newly].sum())
    drawn = robustness(
        question,
        chosen,
        residents,
        demand=people,
        candidates=usable,
        places=places,
        to_candidates=to_candidates,
        to_places=trips_to(to_all, offers),
        draws=settings.draws,
        seed=settings.seed,
    )
    tails = ((1 - settings.level) / 2, (1 + settings.level) / 2)
    low, high = np.quantile(drawn.newly_reached, tails) if settings.draws else (np.nan, np.nan)
    hosting = best_sectors(question, chosen, residents, to_all, everything)
    alone = gains_of(covered, np.zeros_like(times))
    sites = _describe(usable, ordered, alone, hosting).assign(robust=drawn.kept, robust_nearby=drawn.kept_nearby)
    after = gains_of(covered, times)
    best = int(after.argmax())
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
        person_months=None if span is None else worth(problem_of(timed), chosen),
        by_neighbourhood=by_neighbourhood(people, before, newly),
        by_income=by_income(people, before, newly),
        best_sectors=hosting.assign(site=sites.index.to_numpy()[hosting["site"].astype(int)]),
        exclusions=exclusions,
        value=solution.value,
        bound=solution.bound,
        gap=solution.gap,
        proven=solution.proven,
        next_site={
            "candidate_id": str(usable.index[best]),
            "name": usable["name"].iloc[best],
            "marginal": float(after[best]),
        }
        if after[best] > 0
        else {},
        places=cast("gpd.GeoDataFrame", places[["name", places.geometry.name]]),
        parameters=parameters_of(settings, needs, to_candidates, people, usable),
        notes=notes_of(question, solution, needs, structures=structures, candidates=usable),
    )


def default_scenarios(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    iris: gpd.GeoDataFrame,
    parameters: Parameters,
    *,
    network: WalkNetwork | None = None,
) -> list[Scenario]:
    """Return where two places of food and farming would bring most residents within ten minutes' walk.

    Asked for all residents, then for those of target neighbourhoods where there are any. The first answer seeks most
    residents and may pass every target neighbourhood by; the second says what serving these would take, with the same
    number of sites.

    Parameters
    ----------
    demand, structures, sites, iris
        Layers of a study.
    parameters
        Of the study: walking, draws, seed, level.
    network
        The streets to walk on; straight lines with a detour where ``None``.

    Returns
    -------
    list of Scenario
        One or two, see :func:`essgeo.choose_sites`.

    Examples
    --------
    >>> from essgeo.results import Parameters
    >>> study = study_est_ensemble()
    >>> layers = study.demand, study.structures, study.sites, study.iris
    >>> most, targets = default_scenarios(*layers, Parameters("2024", siting_draws=0))
    >>> most.newly_reached > targets.newly_reached
    True
    """
    candidates = default_candidates(sites, iris)
    assumptions = Assumptions(
        speed_kmh=parameters.speed_kmh,
        detour=parameters.detour,
        network=network,
        draws=parameters.siting_draws,
        seed=parameters.seed,
        level=parameters.level,
    )
    return [
        choose_sites(
            demand,
            candidates,
            count=COUNT,
            sector=SECTOR,
            within_minutes=MINUTES,
            objective=objective,
            structures=structures,
            assumptions=assumptions,
        )
        for objective in ("coverage", "targets")
        if objective == "coverage" or (demand["neighbourhood_id"] != "").any()
    ]


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


def _located(
    structures: gpd.GeoDataFrame | None, like: gpd.GeoDataFrame, day: dt.date | str | None
) -> gpd.GeoDataFrame:
    """Return the structures that count and have a point; none where none are given."""
    if structures is None:
        empty: dict[str, list[str]] = {"name": [], "sectors": [], "challenges": [], "geo_radius_m": []}
        return gpd.GeoDataFrame(empty, geometry=[], crs=like.crs)
    require_same_crs(structures, like, ("structures", "candidates"))
    return cast("gpd.GeoDataFrame", structures[structures.geometry.notna() & counted_on(structures, day)])


def best_sectors(
    question: Question,
    chosen: Sequence[int],
    residents: NDArray[np.float64],
    to_places: CostMatrix,
    places: gpd.GeoDataFrame,
) -> pd.DataFrame:
    """Return, for each chosen site and sector, the residents it would bring within reach if it hosted that sector.

    Sectors of which the register holds no located place are left out: nobody reaches them as far as is known, so they
    say nothing of one site against another. So is "other". ``similar`` sectors are within 5 % of the best one.
    """
    bits = theme_bits(places)
    known = unpack_themes(bits).any(axis=0)
    wanted = known & (THEME_ROWS["theme_kind"] == "sector").to_numpy() & (THEME_ROWS["theme"] != "autre").to_numpy()
    if not wanted.any() or not chosen:
        return pd.DataFrame(columns=["site", "sector", "newly_reached", "rank", "similar"])
    lacking = unpack_themes(reached_themes(to_places, bits, question.within_minutes))[:, wanted] == 0  # rows x sectors
    # Whoever lives within the walk of a site, whatever they reach today: the question as if there were no place.
    nobody_served = replace(as_coverage(question, residents), present=np.full(len(residents), np.inf))
    inside = problem_of(nobody_served).reach[:, list(chosen)]  # rows x sites
    gains = inside.T @ (residents[:, None] * lacking)
    site, sector = (axis.ravel() for axis in np.indices(gains.shape))
    table = pd.DataFrame(
        {"site": site, "sector": THEME_ROWS["theme"].to_numpy()[wanted][sector], "newly_reached": gains.ravel()}
    ).sort_values(["site", "newly_reached", "sector"], ascending=[True, False, True], ignore_index=True)
    by_site = table.groupby("site")
    most = by_site["newly_reached"].transform("max")
    return table.assign(rank=by_site.cumcount() + 1, similar=table["newly_reached"] >= (1 - SIMILAR) * most)


def _describe(
    candidates: gpd.GeoDataFrame,
    ordered: Sequence[tuple[int, float]],
    alone: NDArray[np.float64],
    hosting: pd.DataFrame,
) -> gpd.GeoDataFrame:
    """Return the chosen candidates with what each adds, would add alone, and had best host."""
    positions, marginal = [site for site, _ in ordered], [gain for _, gain in ordered]
    hosts = hosting[hosting["similar"].astype(bool)].groupby("site")
    return candidates.iloc[positions].assign(
        marginal=marginal,
        cumulative=np.cumsum(marginal),
        alone=alone[positions],
        best_sectors=list(hosts["sector"].agg("|".join)) or "",
        best_gain=list(hosts["newly_reached"].max()) or np.nan,
    )


def parameters_of(
    settings: Assumptions, needs: Requirements, cost: CostMatrix, demand: pd.DataFrame, candidates: pd.DataFrame
) -> dict[str, Any]:
    """Return every assumption of a scenario, by name."""
    return {
        "walking": method_in_words(cost.method, "en"),
        "speed_kmh": settings.speed_kmh,
        "detour": settings.detour,
        "network": settings.network is not None,
        "population": "; ".join(sorted({method_in_words(one, "en") for one in demand["method"].unique()}))
        if "method" in demand
        else "as given",
        "candidates": len(candidates),
        "min_surface_m2": needs.min_surface_m2,
        "ground_floor": needs.ground_floor,
        "max_station_minutes": needs.max_station_minutes,
        "closing": settings.closing,
        "draws": settings.draws,
        "seed": settings.seed,
        "level": settings.level,
        "draws_solved_by": "greedy",
        "threshold_spread": THRESHOLD_SPREAD,
        "weight_spread": WEIGHT_SPREAD,
        "speed_spread": Spread.speed,
        "detour_spread": Spread.detour,
    }


def notes_of(
    question: Question,
    solution: Solution,
    needs: Requirements,
    *,
    structures: pd.DataFrame | None,
    candidates: pd.DataFrame,
) -> tuple[str, ...]:
    """Return the codes of the notes that hold; what each says is in ``[siting_notes]`` of the language files."""
    given, from_sirene = structures is not None, structures is not None and "ess_rule" in structures
    areas = bool((candidates["kind"] == SEARCH_AREA).any())
    served = bool((question.present <= question.within_minutes)[question.weights > 0].all())
    short = question.objective != "set" and len(solution.chosen) < question.count
    codes = {
        "search_areas": areas,
        "requirements_not_for_areas": areas and (needs.ground_floor or needs.min_surface_m2 is not None),
        "fewer_candidates": question.candidates < question.count,
        "all_reached": served and question.objective != "targets",
        "targets_reached": served and question.objective == "targets",
        "nothing_more": short and question.candidates >= question.count and not served,
        "no_structures_given": not given,
        "no_place": given and bool(np.isinf(question.present).all()),
        "aggregated": question.objective == "median",
        "not_proven": not solution.proven,
        "register_is_a_sample": given and not from_sirene,
        "register_is_declared": from_sirene,
        "edge": given,
        "dates_of_places_not_followed": question.available is not None,
    }
    return tuple(code for code, holds in codes.items() if holds)
