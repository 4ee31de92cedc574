"""The page of sites, and the brief of each scenario."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import shapely

from essgeo.access.walking import reach_m
from essgeo.files.premises import OWNERS, SEARCH_AREA
from essgeo.maps.drawing import plan_of, svg_path, whom_to_call
from essgeo.maps.findings import records
from essgeo.siting.candidates import CELL_M
from essgeo.siting.scenario import label, labels
from essgeo.text.languages import MISSING, method_in_words, number, percent, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from essgeo.maps.drawing import Plan
    from essgeo.messages import Lang
    from essgeo.results import Study
    from essgeo.siting import Scenario


def siting_entry(lang: Lang) -> tuple[str, str]:
    """Return the page of sites and its title, for the menu."""
    return "siting.html", texts(lang)["sites"]["title"]


GAIN_COLOURS = ("#e8f1f2", "#c3dde0", "#93c0c6", "#5e9ca5", "#2f7480")
"""One colour a fifth of the highest gain, darker as a candidate brings more; each tells its place in grey too."""

BRIEF_RATIO = 120 / 80
"""Width of the map of a brief for its height: 120 mm wide on paper."""

NOT_IN_BRIEFS = {"npnru", "qpv_indicators", "seed_figures", "iris_indicators", "relations", "aims", "outside_support"}
"""Inputs that a choice of sites does not rest on: the sheet of paper cites the others."""

STABLE, RATHER_STABLE = 0.9, 0.6
"""Shares of the worlds in which a site or one nearby is chosen again, from which the choice is called so."""


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
    reach = reach_m(scenario.within_minutes, chosen["speed_kmh"], chosen["detour"])
    reasons = scenario.exclusions["reason"].value_counts()
    return {
        "scenario": scenario,
        "inputs": [one for one in study.inputs if one.layer not in NOT_IN_BRIEFS],
        "page": page,
        "title": words["scenario"].format(
            sector=labels(scenario.sector, lang),
            minutes=number(scenario.within_minutes, lang),
            aim=texts(lang)["siting_objectives"][scenario.objective],
        ),
        "in_targets": _newly(scenario.by_neighbourhood, scenario.by_neighbourhood["neighbourhood_id"] != ""),
        "in_lower_third": _newly(scenario.by_income, scenario.by_income["income"] == "lower"),
        "drawn": not math.isnan(scenario.newly_low),
        "map": _drawn(scenario, plan, reach),
        "near": _drawn(scenario, plan_of(study, _around(scenario, reach)), reach),
        "classes": _classes(scenario, lang),
        "most": max(scenario.newly_high, scenario.newly_reached),
        "robust": _robust(scenario, lang),
        "whom": scenario.newly_reached > 0,
        "nearly_best": percent(1 - chosen["nearly_best"], lang),
        "activities": _activities(scenario, lang),
        "sites": [
            row
            | {
                "hosts": _hosts(row["best_sectors"], lang),
                "period": _period(row),
                "owner": whom_to_call({name: row.get(name) or study.sites[name].get(code, "") for name in OWNERS}, lang)
                or texts(lang)["common"]["unknown"],
                "conditions": row.get("constraints", ""),
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


def _around(scenario: Scenario, reach: float) -> tuple[float, float, float, float]:
    """Return the box of the map of a brief: the sites, their reach and a little more, as wide as the map is."""
    west, south, east, north = scenario.sites.buffer(1.4 * reach).total_bounds
    width = max(east - west, BRIEF_RATIO * (north - south))
    x, y, half = (west + east) / 2, (south + north) / 2, width / 2
    return x - half, y - half / BRIEF_RATIO, x + half, y + half / BRIEF_RATIO


def _drawn(scenario: Scenario, plan: Plan, reach: float) -> dict[str, Any]:
    """Return what a plan shows of a scenario, in its units: candidates by gain, the nearly best, today, the choice."""
    whole = shapely.transform(shapely.box(0, 0, plan.width, plan.height), plan.undrawn)
    highest = scenario.candidates["gain"].max() or 1.0
    classes = (len(GAIN_COLOURS) * scenario.candidates["gain"] / highest).astype(int).clip(upper=len(GAIN_COLOURS) - 1)
    others = scenario.alternatives.drop(index=scenario.sites.index, errors="ignore")
    # Cells as squares that touch, so that neighbours become one area; premises as discs that can be seen.
    cells, points = (scenario.candidates["kind"] == SEARCH_AREA).to_numpy(), scenario.candidates.geometry
    shapes = points.buffer(CELL_M / 2, cap_style="square").to_numpy(copy=True)
    shapes[~cells] = points[~cells].buffer(5 / plan.scale)

    def areas(found: NDArray[np.intp]) -> str:
        # In the same order each time, the cells first.
        drawn = shapes[[*found[cells[found]], *found[~cells[found]]]]
        return svg_path(shapely.transform(shapely.union_all(drawn).intersection(whole), plan.drawn))

    here = scenario.places[scenario.places.intersects(whole)]
    return {
        "plan": plan,
        "gains": [(colour, areas(np.flatnonzero(classes == place))) for place, colour in enumerate(GAIN_COLOURS)],
        "nearly": areas(scenario.candidates.index.get_indexer(others.index)),
        "places": plan.points(cast("gpd.GeoDataFrame", here)).round(1).tolist(),
        "chosen": plan.points(scenario.sites).round(1).tolist(),
        "walk": round(reach * plan.scale, 1),
        "kilometre": round(1000 * plan.scale, 1),
    }


def _classes(scenario: Scenario, lang: Lang) -> list[tuple[str, str]]:
    """Return each colour of the gains with what it means, in residents."""
    step = scenario.candidates["gain"].max() / len(GAIN_COLOURS)
    ends = [(number(step * place, lang), number(step * (place + 1), lang)) for place in range(len(GAIN_COLOURS))]
    return [
        (colour, texts(lang)["common"]["interval"].format(low=low, high=high))
        for colour, (low, high) in zip(GAIN_COLOURS, ends, strict=True)
    ]


def _robust(scenario: Scenario, lang: Lang) -> str:
    """Return in words how sure the places of the choice are; nothing where no world was drawn."""
    least = scenario.sites["robust_nearby"].min()
    if math.isnan(least):
        return ""
    key = "stable" if least >= STABLE else "rather_stable" if least >= RATHER_STABLE else "not_stable"
    return texts(lang)["sites"][key].format(share=percent(least, lang))


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
