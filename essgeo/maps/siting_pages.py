"""The page of siting scenarios, and a brief of one A4 page for each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import shapely

from essgeo.files.guard import refuse_overwrite
from essgeo.access.demand import METHOD as POPULATION_BY_IRIS
from essgeo.text.phrases import method_in_words
from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.maps import pages
from essgeo.maps.plan import WIDTH, Place, frame, places, points
from essgeo.maps.popups import records
from essgeo.maps.render import SITING_STYLE, STYLE, beside, contents, render, write_assets
from essgeo.siting.scenario import FILTERS, OBJECTIVES, label
from essgeo.text.languages import texts, typeset
from essgeo.text.numbers import MISSING, number, percent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from essgeo.results import Study
    from essgeo.schema.vocabulary import Lang
    from essgeo.siting import Scenario


@dataclass(frozen=True)
class Plan:
    """A still plan in SVG units: outlines with their names, places and sites as points, and the radius of the walk."""

    width: int
    height: int
    communes: tuple[Place, ...]
    neighbourhoods: tuple[Place, ...]
    places: list[tuple[float, float]]
    sites: list[tuple[float, float]]
    walk: float


def siting_entry(lang: Lang) -> tuple[str, str]:
    """Return the page of sites and its title, for the menu.

    Examples
    --------
    >>> siting_entry("fr")[0]
    'siting.html'
    """
    return "siting.html", texts(lang)["sites"]["title"]


def build_siting(study: Study, scenarios: Sequence[Scenario], out: Path) -> list[Path]:
    """Write the page of some scenarios and a brief for each; the same scenarios give the same bytes.

    Parameters
    ----------
    study
        The study they belong to, for outlines, sources and language.
    scenarios
        From :func:`essgeo.choose_sites`.
    out
        Folder to write to; it is made where missing.

    Returns
    -------
    list of Path
        ``siting.html``, ``brief-1.html`` and so on, then the styles in ``assets/``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo.siting import default_scenario
    >>> study = study_est_ensemble()
    >>> scenario = default_scenario(study.demand, study.structures, study.sites, study.iris, study.parameters)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [path.name for path in build_siting(study, [scenario], pathlib.Path(folder))][:2]
    ['siting.html', 'brief-1.html']
    """
    refuse_overwrite({"out": out}, study.files)
    told = siting_context(study, scenarios)
    shared = pages.common(study) | {"styles": beside(STYLE, SITING_STYLE)}
    shared["menu"] = [*shared["menu"], siting_entry(study.lang)]
    made = {"siting.html": render("siting.html", study.lang, shared | told)}
    made |= {one["page"]: render("brief.html", study.lang, shared | {"one": one}) for one in told["scenarios"]}
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in made.items():
        path = out / name
        path.write_text(content, encoding="utf-8", newline="\n")
        written.append(path)
    styles = {name: text for name, text in contents().items() if name.endswith(".css")}
    return [*written, *write_assets(out, styles)]


def siting_context(study: Study, scenarios: Sequence[Scenario]) -> dict[str, Any]:
    """Return what the page of sites shows.

    Parameters
    ----------
    study
        The study the scenarios belong to.
    scenarios
        From :func:`essgeo.choose_sites`.
    """
    return {
        "page": "siting.html",
        "scenarios": [
            _told(study, scenario, f"brief-{place}.html") for place, scenario in enumerate(scenarios, start=1)
        ],
    }


def _newly(table: pd.DataFrame, rows: pd.Series) -> float:
    return float(table.loc[rows, "newly_reached"].sum())


def _told(study: Study, scenario: Scenario, page: str) -> dict[str, Any]:
    """Return what the templates show of a scenario, every figure from the scenario itself."""
    lang, words = study.lang, texts(study.lang)["sites"]
    names = study.neighbourhoods["name"]
    chosen = scenario.parameters
    reasons = scenario.exclusions["reason"].value_counts()
    return {
        "scenario": scenario,
        "page": page,
        "title": words["scenario"].format(
            sector=label(scenario.sector, lang),
            minutes=number(scenario.within_minutes, lang),
            aim=OBJECTIVES[scenario.objective][lang],
        ),
        "in_targets": _newly(scenario.by_neighbourhood, scenario.by_neighbourhood["neighbourhood_id"] != ""),
        "in_lower_third": _newly(scenario.by_income, scenario.by_income["income"] == "lower"),
        "drawn": not math.isnan(scenario.newly_low),
        "plan": _plan(study, scenario),
        "sites": [
            row | {"hosts": _hosts(row["best_sectors"], lang), "period": _period(row)}
            for row in records(scenario.sites)
        ],
        "neighbourhoods": [
            row | {"name": names.get(row["neighbourhood_id"], words["elsewhere"])}
            for row in records(scenario.by_neighbourhood)
        ],
        "incomes": records(scenario.by_income),
        "exclusions": [(FILTERS[str(reason)][lang], float(count)) for reason, count in reasons.items()],
        "sentences": [typeset(said) if lang == "fr" else said for said in scenario.sentences(lang)[1:]],
        "method": words["method"].format(
            walking=words["walking_network" if chosen["network"] else "walking_straight"].format(
                detour=number(chosen["detour"], lang, 1), speed=number(chosen["speed_kmh"], lang, 1)
            ),
            population=words["population_iris"] if chosen["population"] == method_in_words(POPULATION_BY_IRIS, "en") else chosen["population"],
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


def _plan(study: Study, scenario: Scenario) -> Plan:
    within = frame(study.communes)
    near = scenario.places[scenario.places.intersects(shapely.box(*study.communes.total_bounds))]
    pace = study.parameters.speed_kmh * METRES_PER_MINUTE_AT_1_KMH / study.parameters.detour
    return Plan(
        WIDTH,
        within.height,
        places(study.communes, within),
        places(study.neighbourhoods, within),
        points(cast("gpd.GeoDataFrame", near), within).round(1).tolist(),
        points(scenario.sites, within).round(1).tolist(),
        round(scenario.within_minutes * pace * within.scale, 1),
    )
