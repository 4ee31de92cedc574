"""What a scenario says of itself: its parameters, and the notes a reader must know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from essgeo.gaps.reach import Spread
from essgeo.siting.candidates import SEARCH_AREA
from essgeo.siting.robustness import THRESHOLD_SPREAD, WEIGHT_SPREAD

if TYPE_CHECKING:
    import pandas as pd

    from essgeo.access import CostMatrix
    from essgeo.siting.assumptions import Assumptions
    from essgeo.siting.filters import Requirements
    from essgeo.siting.models import Solution
    from essgeo.siting.question import Question


def parameters_of(
    settings: Assumptions, needs: Requirements, cost: CostMatrix, demand: pd.DataFrame, candidates: pd.DataFrame
) -> dict[str, Any]:
    """Return every assumption of a scenario, by name."""
    return {
        "walking": cost.method,
        "speed_kmh": settings.speed_kmh,
        "detour": settings.detour,
        "network": settings.network is not None,
        "population": "; ".join(sorted(set(demand["method"]))) if "method" in demand else "as given",
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
    """Return the codes of the notes that hold, see :data:`essgeo.siting.words.NOTES`."""
    given, from_sirene = structures is not None, structures is not None and "ess_rule" in structures
    areas = bool((candidates["kind"] == SEARCH_AREA).any())
    served = bool((question.present <= question.within_minutes)[question.weights > 0].all())
    short = question.objective != "set" and len(solution.chosen) < question.count
    told = {
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
    return tuple(code for code, holds in told.items() if holds)
