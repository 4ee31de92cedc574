"""What is told of a choice beside its model: its sites, what each would host, parameters and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from essgeo.files.premises import SEARCH_AREA
from essgeo.gaps.reach import THEME_ROWS, has_point
from essgeo.siting.covering import NEARLY
from essgeo.siting.robustness import CHOSEN_ANEW

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.siting.candidates import Requirements
    from essgeo.siting.conditions import Asked, Ground
    from essgeo.siting.covering import Solution
    from essgeo.siting.models import Question


SIMILAR = 0.05
"""Sectors within that share of the best one cannot be told from it."""


def activities(
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


def describe(
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


def places_of_sectors(ground: Ground, sectors: Sequence[str]) -> gpd.GeoDataFrame:
    """Return the located places of the sectors today."""
    names = THEME_ROWS["theme"].tolist()
    offers = ground.offers[:, [names.index(one) for one in sectors]].any(axis=1) & has_point(ground.structures)
    found = ground.structures[offers]
    return cast("gpd.GeoDataFrame", found[["name", found.geometry.name]])


def parameters_of(asked: Asked, ground: Ground) -> dict[str, Any]:
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
    ground: Ground,
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
