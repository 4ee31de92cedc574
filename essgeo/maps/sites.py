"""What the page of sites and the brief of each scenario show."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import shapely

from essgeo.access.demand import METHOD as POPULATION_BY_IRIS
from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.maps.findings import records
from essgeo.siting.scenario import label
from essgeo.text.languages import texts, typeset
from essgeo.text.numbers import MISSING, number, percent
from essgeo.text.phrases import method_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pandas as pd

    from essgeo.maps.drawing import Plan
    from essgeo.messages import Lang
    from essgeo.results import Study
    from essgeo.siting import Scenario


def siting_entry(lang: Lang) -> tuple[str, str]:
    """Return the page of sites and its title, for the menu."""
    return "siting.html", texts(lang)["sites"]["title"]


def siting_context(study: Study, plan: Plan, scenarios: Sequence[Scenario]) -> dict[str, Any]:
    """Return what the page of sites shows, each scenario with the name of its brief."""
    told = [_told(study, plan, scenario, f"brief-{place}.html") for place, scenario in enumerate(scenarios, start=1)]
    return {"page": "siting.html", "scenarios": told}


def _newly(table: pd.DataFrame, rows: pd.Series) -> float:
    return float(table.loc[rows, "newly_reached"].sum())


def _told(study: Study, plan: Plan, scenario: Scenario, page: str) -> dict[str, Any]:
    """Return what the templates show of a scenario, every figure from the scenario itself."""
    lang, words = study.lang, texts(study.lang)["sites"]
    names = study.neighbourhoods["name"]
    chosen = scenario.parameters
    near = scenario.places[scenario.places.intersects(shapely.box(*study.communes.total_bounds))]
    pace = study.parameters.speed_kmh * METRES_PER_MINUTE_AT_1_KMH / study.parameters.detour
    reasons = scenario.exclusions["reason"].value_counts()
    by_iris = method_in_words(POPULATION_BY_IRIS, "en")
    return {
        "scenario": scenario,
        "page": page,
        "title": words["scenario"].format(
            sector=label(scenario.sector, lang),
            minutes=number(scenario.within_minutes, lang),
            aim=texts(lang)["siting_objectives"][scenario.objective],
        ),
        "in_targets": _newly(scenario.by_neighbourhood, scenario.by_neighbourhood["neighbourhood_id"] != ""),
        "in_lower_third": _newly(scenario.by_income, scenario.by_income["income"] == "lower"),
        "drawn": not math.isnan(scenario.newly_low),
        "plan": plan,
        "places": plan.points(cast("gpd.GeoDataFrame", near)).round(1).tolist(),
        "chosen": plan.points(scenario.sites).round(1).tolist(),
        "walk": round(scenario.within_minutes * pace * plan.scale, 1),
        "sites": [
            row | {"hosts": _hosts(row["best_sectors"], lang), "period": _period(row)}
            for row in records(scenario.sites)
        ],
        "neighbourhoods": [
            row | {"name": names.get(row["neighbourhood_id"], words["elsewhere"])}
            for row in records(scenario.by_neighbourhood)
        ],
        "incomes": records(scenario.by_income),
        "exclusions": [(texts(lang)["siting_filters"][str(reason)], float(count)) for reason, count in reasons.items()],
        "sentences": [typeset(said) if lang == "fr" else said for said in scenario.sentences(lang)[1:]],
        "method": words["method"].format(
            walking=words["walking_network" if chosen["network"] else "walking_straight"].format(
                detour=number(chosen["detour"], lang, 1), speed=number(chosen["speed_kmh"], lang, 1)
            ),
            population=words["population_iris"] if chosen["population"] == by_iris else chosen["population"],
            candidates=number(chosen["candidates"], lang),
        ),
        "draws": words["draws"].format(
            draws=number(chosen["draws"], lang),
            threshold=percent(chosen["threshold_spread"], lang),
            speed=percent(chosen["speed_spread"], lang),
            detour=percent(chosen["detour_spread"], lang),
            weight=percent(chosen["weight_spread"], lang),
        ),
    }


def _hosts(codes: str, lang: Lang) -> str:
    words = texts(lang)["sites"]
    listed = [label(code, lang) for code in codes.split("|") if code]
    if not listed:
        return words["none"]
    return listed[0] if len(listed) == 1 else words["hosts_many"].format(name=listed[0], count=len(listed) - 1)


def _period(row: dict[str, Any]) -> str:
    start, end = row["available_from"], row["available_to"]
    return f"{start or '…'} {MISSING} {end or '…'}" if start or end else MISSING
