"""What the page of sites and the brief of each scenario show."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import shapely

from essgeo.access.walking import reach_m
from essgeo.maps.findings import records
from essgeo.siting.scenario import label, labels
from essgeo.text.languages import texts
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
    others = cast("gpd.GeoDataFrame", scenario.alternatives.drop(index=scenario.sites.index, errors="ignore"))
    near = scenario.places[scenario.places.intersects(shapely.box(*study.communes.total_bounds))]
    reasons = scenario.exclusions["reason"].value_counts()
    return {
        "scenario": scenario,
        "page": page,
        "title": words["scenario"].format(
            sector=labels(scenario.sector, lang),
            minutes=number(scenario.within_minutes, lang),
            aim=texts(lang)["siting_objectives"][scenario.objective],
        ),
        "in_targets": _newly(scenario.by_neighbourhood, scenario.by_neighbourhood["neighbourhood_id"] != ""),
        "in_lower_third": _newly(scenario.by_income, scenario.by_income["income"] == "lower"),
        "drawn": not math.isnan(scenario.newly_low),
        "plan": plan,
        "places": plan.points(cast("gpd.GeoDataFrame", near)).round(1).tolist(),
        "chosen": plan.points(scenario.sites).round(1).tolist(),
        "nearly": plan.points(others).round(1).tolist(),
        "nearly_best": percent(1 - chosen["nearly_best"], lang),
        "activities": _activities(scenario, lang),
        "walk": round(reach_m(scenario.within_minutes, chosen["speed_kmh"], chosen["detour"]) * plan.scale, 1),
        "sites": [
            row
            | {
                "hosts": _hosts(row["best_sectors"], lang),
                "period": _period(row),
                "owner": row.get("owner_type")
                or study.sites["owner_type"].get(code, "")
                or texts(lang)["common"]["unknown"],
                "hosted": label(row["sector"], lang) if "|" in scenario.sector else "",
            }
            for code, row in zip(scenario.sites.index, records(scenario.sites), strict=True)
        ],
        "neighbourhoods": [
            row | {"name": names.get(row["neighbourhood_id"], words["elsewhere"])}
            for row in records(scenario.by_neighbourhood)
        ],
        "incomes": records(scenario.by_income),
        "exclusions": [(texts(lang)["siting_filters"][str(reason)], float(count)) for reason, count in reasons.items()],
        "summary": scenario.sentences(lang)[0],
        "sentences": scenario.sentences(lang)[1:],
        "method": words["method"].format(
            walking=method_in_words(chosen["walking"], lang),
            population=method_in_words(chosen["population"], lang),
            candidates=number(chosen["candidates"], lang),
            structures=number(chosen["structures"], lang),
            located=number(chosen["structures_located"], lang),
        ),
        "draws": words["draws"].format(
            draws=number(chosen["draws"], lang),
            level=percent(chosen["level"], lang),
            anew=number(chosen["draws_chosen_anew"], lang),
        ),
    }


MOST_SITES, MOST_ACTIVITIES = 12, 5
"""Rows and columns of the table of sites by activity: those that bring most."""


def _activities(scenario: Scenario, lang: Lang) -> dict[str, Any]:
    """Return what sites would bring by what they host: the asked sectors, or those that bring most anywhere."""
    table = scenario.best_sectors
    if not len(table):
        return {}
    wide = table.pivot_table(index="site", columns="sector", values="newly_reached")
    asked = scenario.sector.split("|")
    most = [code for code in wide.max().sort_values(ascending=False, kind="stable").index if code not in asked]
    codes = [*(code for code in asked if code in wide), *most[: max(MOST_ACTIVITIES - len(asked), 0)]]
    best = wide[codes].max(axis=1).sort_values(ascending=False, kind="stable").index
    first = [site for site in scenario.sites.index if site in wide.index]
    others = [site for site in best if site not in first]
    if scenario.search_areas:  # cells of one IRIS have one name: of those not chosen the next one alone is told
        others = [site for site in others if site == scenario.next_site.get("candidate_id")]
    rows = [*first, *others][:MOST_SITES]
    names = scenario.names_of(rows)
    return {
        "columns": [(label(code, lang), "figure") for code in codes],
        "rows": [(name, wide.loc[site, codes].tolist()) for site, name in zip(rows, names, strict=True)],
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
