"""What a choice of sites rests on: assumptions, who lives where and reaches what, candidates and the walks to them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.access import nearest_minutes, travel_cost
from essgeo.crs import require_same_crs
from essgeo.gaps.reach import OF_STRUCTURES, THEME_ROWS, has_point, known_structures, theme_bits, unpack_themes
from essgeo.register.activity import as_day, counted_on
from essgeo.schema.validate import require_columns
from essgeo.siting.candidates import Requirements, apply_filters
from essgeo.siting.robustness import (
    CHOSEN_ANEW,
    SITING_WORLDS,
    Today,
    draw_everything,
    near,
    spots_of,
    today_as_known,
    today_in_worlds,
)
from essgeo.uncertainty import MANY_STRUCTURES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix
    from essgeo.schema.dates import Period
    from essgeo.siting.robustness import Near, Spots
    from essgeo.uncertainty import Worlds


MARGIN = 1.6
"""Over streets walks are measured so much longer than asked, so that places that are moved stay inside them."""

CELL_M = 200.0
"""Side of the cells by which demand is grouped for the p-median."""

STEP_MIN = 5.0
"""In the worlds the p-median counts minutes in steps of so many."""

SECTORS = [
    code
    for kind, code in zip(THEME_ROWS["theme_kind"], THEME_ROWS["theme"], strict=True)
    if kind == "sector" and code != "autre"
]
"""Sectors that a site may host."""


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
    study_draws
        How many worlds a study of the same residents and structures draws (``study.parameters.draws``): these are the
        first of them, so that its figures and those of sites rest on the same. 0: worlds of their own.
    time_limit
        Seconds of branch and bound.
    """

    speed_kmh: float = 4.5
    detour: float | None = None
    network: Any = None
    longest_minutes: float = 30
    closing: float = 0.2
    draws: int = SITING_WORLDS
    study_draws: int = 0
    seed: int = 0
    level: float = 0.9
    time_limit: float = 60.0


@dataclass(frozen=True)
class Asked:
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


class Ground(NamedTuple):
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


def ground_of(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame | None,
    asked: Asked,
    *,
    day: dt.date | str | None,
    exclude: NDArray[np.bool_],
    worlds: Worlds | None = None,
) -> Ground:
    """Return what a question rests on; ``worlds`` where a study has drawn them before."""
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
    wanted = [one for one in known[np.isin(known, SECTORS)] if one not in sectors]

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
        drawn = draw_everything(
            people,
            counted,
            register,
            as_of=as_day(day) or dt.date.today(),  # noqa: DTZ011 (the day where the user is)
            draws=settings.draws if len(counted) <= MANY_STRUCTURES else min(settings.draws, CHOSEN_ANEW),
            seed=settings.seed,
            study_draws=settings.study_draws,
            worlds=worlds,
        )
        today = today_in_worlds(
            drawn,
            to_structures,
            themes=(*sectors, *wanted),
            walks=walks,
            twice=asked.objective == "backup",
            seed=settings.seed,
        )
    return Ground(
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
