"""What each page is told: tables cut to what it shows, findings in words, and the data of its map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import shapely

from essgeo.errors import InputError
from essgeo.maps import findings
from essgeo.maps.content import map_content
from essgeo.maps.formats import joined
from essgeo.maps.overview import overview
from essgeo.maps.popups import period, surface
from essgeo.maps.symbols import SECTOR_SYMBOLS, SHAPES, SHARE_BREAKS, SHARE_COLOURS
from essgeo.maps.texts import texts

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from essgeo.results import Study

Context = dict[str, Any]

AROUND_M = 2000.0
"""How far around a neighbourhood its map shows structures."""

_EMPTY_FIELDS = ("address", "family", "siren", "active_from")


def common(study: Study) -> Context:
    """Return what every page shows: names, date, vintage, sources, and how many structures are not located."""
    placed = study.structures["geo_status"].isin(["located", "corrected"])
    return {
        "territory": study.territory.name,
        "parameters": study.parameters,
        "minutes": study.parameters.walk_minutes,
        "inputs": study.inputs,
        "menu": [(f"{code}.html", name) for code, name in study.neighbourhoods["name"].items()],
        "register_size": len(study.structures),
        "unlocated": int((~placed).sum()),
        "structures_counted": _counted(study),
        "enterprises": _enterprises(study.portrait),
        "bound": findings.bound(_counted(study), _enterprises(study.portrait), study.lang),
        "has_map": False,
    }


def index(study: Study, downloads: list[str]) -> Context:
    """Return the portal: key figures, the neighbourhoods as cards, what can be downloaded."""
    territory = _whole(study)
    cards = []
    for code, row in study.neighbourhoods.drop(columns="geometry").to_dict("index").items():
        reached = _coverage_of(study, "neighbourhood", str(code))
        gaps = _rows_of(study.gaps, str(code))
        cards.append(
            row
            | {
                "page": f"{code}.html",
                "reached": reached,
                "finding": findings.reach(reached, territory, study.lang),
                "gap": findings.largest_gap(gaps, study.lang)[0],
                "first": gaps[0] if gaps else None,
            }
        )
    return {
        "page": "index.html",
        "whole": territory,
        "cards": cards,
        "overview": overview(study),
        "portrait": study.portrait.to_dict("records"),
        "downloads": downloads,
        "qpv_count": len(study.qpv),
    }


def territory(study: Study) -> Context:
    """Return the full map and its tables."""
    coverage = study.coverage[study.coverage["minutes"] == study.parameters.walk_minutes]
    themes = coverage[(coverage["level"] == "territory") & (coverage["theme"] != "all")]
    return _with_map(study, study.structures) | {
        "page": "territory.html",
        "whole": _whole(study),
        "coverage": coverage[coverage["theme"] == "all"].to_dict("records"),
        "themes": themes.sort_values(["share", "theme"]).to_dict("records"),
        "zones": study.zones[study.zones["layer"] == "qpv"].to_dict("records"),
    }


def neighbourhood(study: Study, code: str) -> Context:
    """Return the page of a target neighbourhood.

    Raises
    ------
    InputError
        The run has no coverage of that neighbourhood.
    """
    row = study.neighbourhoods.drop(columns="geometry").to_dict("index")[code]
    others = study.neighbourhoods.drop(columns="geometry").to_dict("records")
    reached = _coverage_of(study, "neighbourhood", code)
    gaps, chain = _rows_of(study.gaps, code), _rows_of(study.support_chain, code)
    inside = study.structure_zones[
        (study.structure_zones["layer"] == "neighbourhood")
        & (study.structure_zones["zone_id"] == code)
        & study.structure_zones["relation"].isin(["in", "undetermined"])
    ]
    named = {name for row in (*gaps, *chain) if (name := row["nearest_structure_id"])} | set(inside["structure_id"])
    around = study.structures.geometry.intersects(study.neighbourhoods.geometry[code].buffer(AROUND_M))
    shown = study.structures[around | study.structures.index.isin(list(named))]
    table = study.coverage[
        (study.coverage["level"] == "neighbourhood")
        & (study.coverage["zone_id"] == code)
        & (study.coverage["theme"] == "all")
    ]
    return _with_map(study, shown, focus=code) | {
        "page": f"{code}.html",
        "place": row,
        "reached": reached,
        "findings": [
            findings.reach(reached, _whole(study), study.lang),
            findings.verified(reached, study.lang),
            *findings.largest_gap(gaps, study.lang),
            *findings.support_chain(chain, study.lang),
        ],
        "shared": findings.shared_qpv(row, others, study.parameters.vintage, study.lang),
        "thresholds": table.sort_values("minutes").to_dict("records"),
        "gaps": gaps,
        "chain": chain,
        "offers": sorted(gaps, key=lambda gap: (gap["nearest_minutes"] != gap["nearest_minutes"], gap["nearest_minutes"], gap["theme"])),
        "inside": inside.merge(study.structures.drop(columns="geometry"), left_on="structure_id", right_index=True)
        .sort_values(["probability", "structure_id"], ascending=[False, True])
        .to_dict("records"),
        "sites": [
            site | {"surface": surface(site["surface_m2"], study), "period": period(site["available_from"], site["available_to"], study)}
            for site in study.sites[study.sites["city"] == row["city"]].drop(columns="geometry").to_dict("records")
        ],
        "others": [(f"{other}.html", name) for other, name in study.neighbourhoods["name"].items() if other != code],
    }


def method(study: Study) -> Context:
    """Return the method page: inputs, parameters, formulas, limits, what is not known."""
    states = study.structures["geo_status"].value_counts()
    empty = {name: int((study.structures[name].isin(["", "unknown"])).sum()) for name in _EMPTY_FIELDS}
    chosen = vars(study.parameters)
    return {
        "page": "method.html",
        "chosen": {name: value for name, value in chosen.items() if f"p_{name}" in texts(study.lang)["method"]},
        "states": sorted(states.items(), key=lambda item: (-item[1], item[0])),
        "empty": empty | {"status": int((study.structures["status"] == "unknown").sum())},
        "population_method": "; ".join(sorted(set(study.coverage["population_method"]))),
        "shared_names": _sharing(study),
    }


def _sharing(study: Study) -> list[str]:
    column = f"qpv_{study.parameters.vintage}"
    if column not in study.neighbourhoods:
        return []
    conjunction = texts(study.lang)["findings"]["and"]
    groups = study.neighbourhoods[study.neighbourhoods[column] != ""].groupby(column)["name"]
    return [joined(sorted(names), conjunction) for _, names in groups if len(names) > 1]


def _with_map(study: Study, structures: gpd.GeoDataFrame, focus: str = "") -> Context:
    content = map_content(study, structures=structures, focus=focus)
    present = {code for codes in content["structures"]["sectors"] for code in codes[:1]} or {"autre"}
    return {
        "has_map": True,
        "map": content,
        "shapes": SHAPES,
        "legend": [(code, symbol) for code, symbol in SECTOR_SYMBOLS.items() if code in present | {"autre"}],
        "classes": _classes(),
        "planned": (study.stations["status"] == "planned").any(),
    }


def _classes() -> list[tuple[str, float | None, float | None]]:
    bounds = [None, *SHARE_BREAKS, None]
    return [(colour, low, high) for colour, high, low in zip(SHARE_COLOURS, bounds, bounds[1:], strict=False)]


def _counted(study: Study) -> int:
    return int(_whole(study)["structures"])


def _enterprises(portrait: pd.DataFrame) -> float:
    total = portrait.loc[portrait["family"] == "total", "seed_enterprises"]
    return float(total.iloc[0] if len(total) else portrait["seed_enterprises"].sum())


def _whole(study: Study) -> dict[str, Any]:
    return _coverage_of(study, "territory", None)


def _coverage_of(study: Study, level: str, zone: str | None) -> dict[str, Any]:
    table = study.coverage
    rows = table[
        (table["level"] == level)
        & (table["theme"] == "all")
        & (table["minutes"] == study.parameters.walk_minutes)
        & ((table["zone_id"] == zone) | (zone is None))
    ].to_dict("records")
    if not rows:
        message = (
            f"coverage: no row for {level} {zone or ''} within {study.parameters.walk_minutes} min. "
            "walk_minutes must be one of thresholds_min, and every neighbourhood must hold residents."
        )
        raise InputError(message)
    return rows[0]


def _rows_of(table: pd.DataFrame, code: str) -> list[dict[str, Any]]:
    rows = table[table["neighbourhood_id"] == code]
    return (rows.sort_values("rank") if "rank" in rows else rows).to_dict("records")
