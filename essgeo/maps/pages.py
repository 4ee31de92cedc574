"""What each page is told: tables cut to what it shows, findings in words, the data of its map, areas side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from essgeo.errors import InputError
from essgeo.gaps import LEAST_LOCATED
from essgeo.maps.actors import actors_page
from essgeo.maps.drawing import MARKS, STROKES, cooperations, period, surface
from essgeo.maps.fill import coverage_themes
from essgeo.maps.findings import (
    SILENT,
    Row,
    borders,
    bound,
    by_index,
    hangs_on,
    headline,
    interval,
    largest_gap,
    reach,
    records,
    shared_qpv,
    support_chain,
    tally,
    verified,
    walk,
    walk_to,
    walking,
    where,
)
from essgeo.maps.matrix import needs_page
from essgeo.maps.render import policy
from essgeo.maps.script_data import (
    MANY,
    SHAPES,
    labels_by_field,
    map_content,
    months,
    plot_rows,
)
from essgeo.maps.share import PICTURE_SIZE, identity
from essgeo.messages import tell
from essgeo.schema.vocabulary import (
    GROUP_SYMBOLS,
    NO_SECTOR,
    ROLES,
    SECTOR_GROUPS,
    STAGES,
    SYMBOL_GROUPS,
    THEMES,
    split_codes,
)
from essgeo.text.languages import texts
from essgeo.text.numbers import MISSING, joined, number, percent, placed
from essgeo.text.phrases import method_in_words, register_bound

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from essgeo.maps.render import Choice
    from essgeo.maps.script_data import Register
    from essgeo.results import Study


Context = dict[str, Any]


MOST_QPV = 60
"""QPV beyond which the page compares target neighbourhoods alone: each is a column of it."""


LEVELS = ("neighbourhood", "qpv")


AROUND_M = 2000.0
"""How far around a neighbourhood its map shows structures."""


_EMPTY_FIELDS = ("address", "family", "siren", "active_from")


def shared_context(study: Study, background: Choice = "none") -> Context:
    """Return what every page shows: names, date, vintage, sources, and how many structures are not located."""
    words = texts(study.lang)
    return {
        "layout": "base.html",
        "at": "",
        "link": str,
        "single": False,
        "background": background,
        "territory": study.territory.name,
        "territory_in": study.territory.place(study.lang),
        **identity(study.territory),
        "address": "",
        "picture": "",
        "picture_size": PICTURE_SIZE,
        "parameters": study.parameters,
        "minutes": study.parameters.walk_minutes,
        "inputs": study.inputs,
        "notes": study.shortfalls,
        "register_lists": records(study.register_lists),
        "menu": [(f"{code}.html", name) for code, name in study.neighbourhoods["name"].items()],
        "closing": [(f"{name}.html", words[name].get("menu", words[name]["title"])) for name in PAGES],
        "register_size": len(study.structures),
        "unlocated": int(study.structures.geometry.isna().sum()),
        "structures_counted": study.located,
        "enterprises": _enterprises(study.portrait),
        "from_sirene": study.from_sirene,
        "bound": _bound(study),
        "walking": walking(study.parameters, study.walking, study.lang),
        "has_map": False,
        "scripts": (),
        "styles": (),
        "policy": policy(),
    }


def index_page(study: Study) -> Context:
    """Return the portal: a map and the sentence of its theme, the target neighbourhoods side by side."""
    return _with_map(study) | {
        "page": "index.html",
        "headline": headline(study, "all"),
        "rows": plot_rows(study, "all"),
    }


def territory_page(study: Study) -> Context:
    """Return the full map and its tables."""
    coverage = where(study.coverage, minutes=study.parameters.walk_minutes)
    themes = where(coverage, level="territory")
    themes = themes[themes["theme"] != "all"].sort_values(["share", "theme"])
    return _with_map(study) | {
        "page": "territory.html",
        "headline": headline(study, "all"),
        "coverage": records(where(coverage, theme="all")),
        "themes": records(themes),
        "zones": records(where(study.zones, layer="qpv")),
    }


def data_page(study: Study) -> Context:
    """Return the inventory: what the register holds beside the portrait of the ESS, and the files to take away."""
    whole = where(study.if_listed, level="territory").set_index("family")
    listed = {
        (name, family): value for name in ("share_listed", "share_if_listed") for family, value in whole[name].items()
    }
    return {
        "page": "data.html",
        "whole": _in_territory(study),
        "portrait": [
            row | {name: listed.get((name, row["family"]), math.nan) for name in ("share_listed", "share_if_listed")}
            for row in records(study.portrait)
        ],
        "qpv_count": len(study.qpv),
    }


def embed_page(study: Study) -> Context:
    """Return the map alone, for a frame in the page of someone else."""
    return _with_map(study) | {"page": "embed.html"}


def neighbourhood_page(study: Study, code: str, made: Register) -> Context:
    """Return the page of a target neighbourhood.

    Its map shows the rows of the register around it and those that its tables name.
    """
    row = by_index(study.neighbourhoods)[code]
    others = records(study.neighbourhoods)
    reached = _coverage_of(study, "neighbourhood", zone_id=code)
    gaps, chain = _gaps_of(study, code), records(where(study.support_chain, neighbourhood_id=code))
    inside = where(study.structure_zones, layer="neighbourhood", zone_id=code)
    inside = inside[inside["relation"].isin(["in", "undetermined"])]
    named = {name for row in (*gaps, *chain) if (name := row["nearest_structure_id"])} | set(inside["structure_id"])
    around = study.structures.geometry.intersects(study.neighbourhoods.geometry[code].buffer(AROUND_M))
    shown = (around | study.structures.index.isin(list(named))).reindex(made.order)
    table = where(study.coverage, level="neighbourhood", zone_id=code, theme="all")
    return _with_map(study, code, np.flatnonzero(shown)) | {
        "page": f"{code}.html",
        "place": row,
        "note": row.get(f"note_{study.lang}") or row["note"],
        "reached": reached,
        "findings": _findings(study, reached, gaps, chain),
        "shared": shared_qpv(row, others, study.parameters.vintage, study.lang),
        "thresholds": records(table.sort_values("minutes")),
        "gaps": gaps,
        "holders": _holders(study, gaps),
        "chain": chain,
        "offers": sorted(gaps, key=lambda gap: (math.isnan(gap["nearest_minutes"]), gap["nearest_minutes"])),
        "inside": records(
            inside.join(study.structures.drop(columns="geometry"), on="structure_id").sort_values(
                ["probability", "structure_id"], ascending=[False, True]
            )
        ),
        "sites": [
            site
            | {
                "surface": surface(site["surface_m2"], study),
                "period": period(site["available_from"], site["available_to"], study),
            }
            for site in records(where(study.sites, city=row["city"]))
        ],
        "others": [(f"{other}.html", name) for other, name in study.neighbourhoods["name"].items() if other != code],
    }


def _findings(study: Study, reached: Row, gaps: list[dict[str, Any]], chain: list[dict[str, Any]]) -> list[str]:
    """Return what is found of a neighbourhood: no more than is known, where streets end or few places are located."""
    lang = study.lang
    said = reach(reached, _in_territory(study), lang)
    if math.isnan(reached["share"]):
        return [said]
    (whole,) = records(where(study.gaps, level="neighbourhood", neighbourhood_id=reached["zone_id"], theme="all"))
    held = hangs_on(whole, reached, study.structures["name"], lang)
    if whole["conclusion"] in SILENT:
        told = whole[f"finding_{lang}"]
        return [told, *held, *support_chain(chain, lang)]
    return [
        said,
        verified(reached, lang),
        *held,
        *borders(records(where(study.borders, neighbourhood_id=reached["zone_id"])), reached["minutes"], lang),
        *largest_gap(gaps, study.neighbourhoods["name"], lang),
        *support_chain(chain, lang),
    ]


def method_page(study: Study) -> Context:
    """Return the method page: inputs, parameters, formulas, limits, what is not known."""
    lines, total = tally(study.structures)
    empty = {name: int((study.structures[name].isin(["", "unknown"])).sum()) for name in _EMPTY_FIELDS}
    chosen = vars(study.parameters)
    return {
        "page": "method.html",
        "chosen": {name: value for name, value in chosen.items() if f"p_{name}" in texts(study.lang)["method"]},
        "tally": [*lines, total],
        "empty": empty | {"status": int((study.structures["status"] == "unknown").sum())},
        "population_method": "; ".join(
            sorted({method_in_words(text, study.lang) for text in study.coverage["population_method"]})
        ),
        "shared_names": _sharing(study),
        "listed": (study.neighbourhoods["iris_codes"] != "").any(),
        "on_streets": study.network is not None,
        "least_located": LEAST_LOCATED,
    }


def _sharing(study: Study) -> list[str]:
    column = f"qpv_{study.parameters.vintage}"
    if column not in study.neighbourhoods:
        return []
    conjunction = texts(study.lang)["findings"]["and"]
    groups = study.neighbourhoods[study.neighbourhoods[column] != ""].groupby(column)["name"]
    return [joined(sorted(names), conjunction) for _, names in groups if len(names) > 1]


def _with_map(study: Study, focus: str = "", rows: NDArray[np.intp] | None = None) -> Context:
    content = map_content(study, focus, rows)
    planned, lines = (study.stations["status"] == "planned").any(), cooperations(study)["features"]
    present = {split_codes(cell)[0] for cell in study.structures["sectors"].unique() if cell} | {NO_SECTOR}
    if unknown := sorted(present - set(SECTOR_GROUPS)):
        message = tell("no_symbol", unknown=", ".join(unknown))
        raise InputError(message)
    return {
        "has_map": True,
        "map": content,
        "labels": labels_by_field(study.lang),
        "coverage_themes": coverage_themes(study),
        "shapes": SHAPES,
        "legend": [
            (SYMBOL_GROUPS[code][study.lang], symbol)
            for code, symbol in GROUP_SYMBOLS.items()
            if code in {SECTOR_GROUPS[sector] for sector in present}
        ],
        "around_km": AROUND_M / 1000,
        "clusters": len(study.structures) > MANY,
        "strokes": {name: stroke for name, stroke in STROKES.items() if name != "cooperations" or lines},
        "marks": {name: mark for name, mark in MARKS.items() if name != "planned" or planned},
        "months": months(study),
    }


def _bound(study: Study) -> str:
    if study.from_sirene:
        return register_bound(study.located, len(study.structures), study.lang)
    return bound(study.located, study.outside, _enterprises(study.portrait), study.lang)


def _enterprises(portrait: pd.DataFrame) -> float:
    total = portrait.loc[portrait["family"] == "total", "seed_enterprises"]
    return float(total.iloc[0] if len(total) else portrait["seed_enterprises"].sum())


def _in_territory(study: Study) -> dict[str, Any]:
    return _coverage_of(study, "territory")


def _coverage_of(study: Study, level: str, **zone: str) -> dict[str, Any]:
    minutes = study.parameters.walk_minutes
    rows = records(where(study.coverage, level=level, theme="all", minutes=minutes, **zone))
    if not rows:
        message = tell("no_coverage_row", zone=" ".join([level, *zone.values()]), minutes=minutes)
        raise InputError(message)
    return rows[0]


def _holders(study: Study, gaps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the themes that somebody depends on one structure for, the heaviest loss first, with their names."""
    names = study.structures["name"]
    held = [row | {"holders": [names.get(code, code) for code in split_codes(row["held_up_by"])]} for row in gaps]
    return sorted((row for row in held if row["holders"]), key=lambda row: -row["lost_with_first"])


def _gaps_of(study: Study, code: str) -> list[dict[str, Any]]:
    table = where(study.gaps, level="neighbourhood", neighbourhood_id=code)
    return records(table[table["theme"] != "all"])


@dataclass(frozen=True)
class Cell:
    """A figure in words, its interval in words, and the two ends of that interval where there is one."""

    text: str
    note: str = ""
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """A row of the table: what it says, and one cell an area."""

    label: str
    cells: tuple[Cell, ...]


def compare_page(study: Study) -> Context:
    """Return the areas, and groups of lines: figures, gaps by theme, nearest offers, support chain.

    The areas are the target neighbourhoods, then the QPV of the territory, each with ``name``, ``where``, ``page``
    (empty where it has none) and ``group``. No QPV where they stand in for target neighbourhoods, or are too many.
    """
    words = texts(study.lang)["compare"]
    areas = _areas(study)
    groups = [
        (words["figures"], _figures(study, list(areas))),
        (words["gaps"], _by_theme(study, list(areas), _gap_cell)),
        (words["offers"], _by_theme(study, list(areas), _offer)),
        (words["chain"], _chain(study, list(areas))),
    ]
    several = len({area["group"] for area in areas.values()}) > 1
    return {"page": "compare.html", "areas": areas, "groups": groups, "with_qpv": several}


def _areas(study: Study) -> dict[str, dict[str, str]]:
    words = texts(study.lang)["map"]
    areas = {
        code: {
            "name": row["name"],
            "where": row["city"] if row["city"] not in row["name"] else "",
            "page": f"{code}.html",
            "group": words["layer_neighbourhoods"],
        }
        for code, row in by_index(study.neighbourhoods).items()
    }
    qpv = where(study.coverage, level="qpv", theme="all", minutes=study.parameters.walk_minutes)["zone_id"]
    if (study.neighbourhoods["iris_codes"] == "").all() or len(qpv) > MOST_QPV:
        return areas
    group = words["layer_qpv"].format(vintage=study.parameters.vintage)
    names = study.qpv["name"].reindex(qpv).sort_values()
    return areas | {
        str(code): {"name": name, "where": str(code), "page": "", "group": group} for code, name in names.items()
    }


def _figures(study: Study, codes: list[str]) -> list[Line]:
    words, lang = texts(study.lang), study.lang
    coverage = where(study.coverage, theme="all")
    coverage = coverage[coverage["level"].isin(LEVELS)]
    reached = {(row["zone_id"], row["minutes"]): row for row in records(coverage)}
    counted = {row["zone_id"]: row for row in records(study.zones[study.zones["layer"].isin(LEVELS)])}
    minutes = study.parameters.walk_minutes

    def line(label: str, cell: Callable[[str], Cell]) -> Line:
        return Line(label, tuple(cell(code) for code in codes))

    def share(within: int) -> Callable[[str], Cell]:
        return lambda code: _interval_cell(
            reached.get((code, within)), "share", "share_low", "share_high", study, share=True
        )

    of = words["compare"]
    return [
        line(words["common"]["residents"], lambda code: Cell(number(reached[code, minutes]["residents"], lang))),
        *(line(of["share"].format(minutes=within), share(within)) for within in sorted(coverage["minutes"].unique())),
        line(
            of["verified"].format(minutes=minutes),
            lambda code: Cell(percent(reached[code, minutes]["share_known_active"], lang)),
        ),
        line(of["median"], lambda code: Cell(walk(reached[code, minutes]["minutes_median"], lang))),
        line(
            of["expected"],
            lambda code: _interval_cell(
                counted.get(code), "structures_expected", "structures_low", "structures_high", study
            ),
        ),
    ]


def _by_theme(study: Study, codes: list[str], cell: Callable[[Row, Study], Cell]) -> list[Line]:
    gaps = study.gaps[study.gaps["level"].isin(LEVELS) & (study.gaps["theme"] != "all")]
    found = {(row["neighbourhood_id"], row["theme"]): row for row in records(gaps)}
    themes = [theme for theme in THEMES if any((code, theme) in found for code in codes)]
    return [
        Line(
            THEMES[theme][study.lang],
            tuple(cell(found[code, theme], study) if (code, theme) in found else Cell(MISSING) for code in codes),
        )
        for theme in themes
    ]


def _gap_cell(row: Row, study: Study) -> Cell:
    """Return the share out of reach, which areas of different sizes have in common, and how many residents that is."""
    residents = row["residents_measured"] or math.nan
    names = ("out_of_reach", "out_of_reach_low", "out_of_reach_high")
    share = {name: round(row[name], 1) / residents for name in names}
    cell = _interval_cell(share, *names, study, share=True)
    people = texts(study.lang)["compare"]["people"].format(count=number(row["out_of_reach"], study.lang))
    return replace(cell, note=f"{cell.note}, {people}") if cell.note else cell


def _offer(row: Row, study: Study) -> Cell:
    if not row["nearest_name"]:
        return Cell(texts(study.lang)["common"]["unknown"])
    return Cell(walk_to(row, study.lang), placed(row["nearest_name"], row["nearest_city"]))


def _chain(study: Study, codes: list[str]) -> list[Line]:
    words = texts(study.lang)["common"]
    reached = {
        (row["neighbourhood_id"], row["role"], row["stage"]): bool(row["within_reach"])
        for row in records(study.support_chain)
    }
    marks = {True: f"✓ {words['yes']}", False: f"✗ {words['no']}"}
    steps = list(dict.fromkeys((role, stage) for _, role, stage in reached))
    return [
        Line(
            f"{ROLES[role][study.lang]}{words['colon']}{STAGES[stage][study.lang].lower()}",
            tuple(Cell(marks.get(reached.get((code, role, stage)), MISSING)) for code in codes),  # type: ignore[arg-type]
        )
        for role, stage in steps
    ]


def _interval_cell(row: Row | None, value: str, low: str, high: str, study: Study, *, share: bool = False) -> Cell:
    if row is None or math.isnan(row[value]):
        return Cell(MISSING)
    text = percent(row[value], study.lang) if share else number(row[value], study.lang)
    return Cell(text, interval(row[low], row[high], study.lang, share=share), float(row[low]), float(row[high]))


PAGES: dict[str, Callable[[Study], Context]] = {
    "needs": needs_page,
    "actors": actors_page,
    "compare": compare_page,
    "data": data_page,
    "method": method_page,
}
"""The pages that close the menu: each is told by its function, and bears the name of its template and of its words."""
