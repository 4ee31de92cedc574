"""Whether a siting question can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.crs import require_metric, require_same_crs
from essgeo.errors import InputError
from essgeo.gaps.themes import THEMES
from essgeo.siting.question import OBJECTIVES

if TYPE_CHECKING:
    import geopandas as gpd

    from essgeo.siting.months import Period

_DEMAND = ("population", "income")
_CANDIDATES = ("name", "kind", "city", "surface_m2", "available_from", "available_to", "ground_floor", "state")


def check_question(
    demand: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    *,
    count: int,
    sector: str,
    within_minutes: float,
    objective: str,
    period: Period | None,
) -> None:
    """Refuse a question that makes no sense, with all its faults in one message.

    Raises
    ------
    InputError
        Columns are missing, or a value cannot be used.
    MissingCRSError, CRSMismatchError
        A layer without CRS, not metric, or in another CRS.
    """
    require_metric(demand, "demand")
    require_same_crs(demand, candidates, ("demand", "candidates"))
    for frame, name, columns in ((demand, "demand", _DEMAND), (candidates, "candidates", _CANDIDATES)):
        missing = [column for column in columns if column not in frame]
        if missing:
            message = f"{name}: missing column{'s' * (len(missing) > 1)} {', '.join(missing)}."
            raise InputError(message)
    people = demand["population"]
    peopled = bool((people >= 0).all()) and people.sum() > 0
    verdicts = (
        (sector in set(THEMES["theme"]), f"sector {sector!r} is not known; known: {', '.join(THEMES['theme'])}"),
        (objective in OBJECTIVES, f"objective {objective!r} is not known; known: {', '.join(OBJECTIVES)}"),
        (objective != "person_months" or period is not None, "objective 'person_months' needs a period"),
        (
            objective != "targets"
            or ("neighbourhood_id" in demand and bool(people[demand["neighbourhood_id"] != ""].sum())),
            "objective 'targets' needs residents with a neighbourhood_id in demand",
        ),
        (count >= 1, f"count must be at least 1, not {count}"),
        (within_minutes > 0, f"within_minutes must be positive, not {within_minutes}"),
        (len(candidates) > 0, "there is no candidate"),
        (peopled, "demand: no resident, or a population that is negative or missing"),
    )
    faults = [fault for fine, fault in verdicts if not fine]
    if faults:
        raise InputError("; ".join(faults) + ".")
