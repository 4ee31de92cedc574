"""Two areas side by side: their figures, gaps by theme, nearest offers and support chain, each with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from essgeo.gaps.ranks import SILENT
from essgeo.maps.fill import coverage_themes
from essgeo.maps.findings import Row, by_index, interval, qpv_pages, records, walk, walk_to, where
from essgeo.schema.vocabulary import ROLES, STAGES, THEMES
from essgeo.text.languages import MISSING, number, percent, placed, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from essgeo.results import Study


MOST_QPV = 60
"""QPV beyond which the page compares target neighbourhoods alone: each is a column of it."""


LEVELS = ("neighbourhood", "qpv")


@dataclass(frozen=True)
class Cell:
    """A figure in words, its interval in words and its two ends where it has one, and the share that it is, if any."""

    text: str
    note: str = ""
    low: float | None = None
    high: float | None = None
    share: float | None = None


@dataclass(frozen=True)
class Line:
    """A row of the table: what it says, and one cell an area."""

    label: str
    cells: tuple[Cell, ...]


def compare_page(study: Study) -> dict[str, Any]:
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
    return {
        "page": "compare.html",
        "areas": areas,
        "groups": groups,
        "with_qpv": several,
        "coverage_themes": coverage_themes(study),
    }


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
    pages, group = qpv_pages(study), words["layer_qpv"].format(vintage=study.parameters.vintage)
    if len(pages) > MOST_QPV:
        return areas
    return areas | {
        code: {"name": study.qpv["name"][code], "where": code, "page": f"{page}.html", "group": group}
        for code, page in pages.items()
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
    if row["conclusion"] in SILENT:
        return Cell(cell.text, texts(study.lang)["gap_conclusions"][row["conclusion"]])
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
    said = interval(row[low], row[high], study.lang, share=share)
    return Cell(text, said, float(row[low]), float(row[high]), float(row[value]) if share else None)
