"""Side by side: two areas of a study, or a study and an earlier one, each figure with its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from essgeo.gaps.ranks import SILENT
from essgeo.maps.base import base_context, base_pictures, drawn_base
from essgeo.maps.drawing import plan_of
from essgeo.maps.fill import coverage_themes
from essgeo.maps.findings import Row, by_index, interval, qpv_pages, records, walk, walk_to, where
from essgeo.maps.render import (
    SHARE_SCRIPT,
    SITING_STYLE,
    STYLE,
    TABLES_SCRIPT,
    asset_texts,
    linked_assets,
    policy,
    render,
    write_assets,
)
from essgeo.maps.share import address_of, colours_of, identity
from essgeo.register.turnover import CHANGED
from essgeo.schema.vocabulary import ROLES, STAGES, THEMES
from essgeo.text.languages import MISSING, number, percent, placed, texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from essgeo.maps.drawing import Plan
    from essgeo.results import Comparison, Study


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


CHANGE = "change.html"
"""The page of a study that says what added places change."""

MOST_ROWS = 100
"""So many rows of a table are shown; the others are counted, and stand in the tables."""

MOST_PLOTTED, LEAST_POINTS = 15, 0.05
"""So many areas are drawn, where a difference may be as large as this; the tables name the others."""

_ORDER = ("territory", "neighbourhood", "commune", "qpv")


def build_before_after(found: Comparison, out: Path) -> list[Path]:
    """Write the page of a comparison alone, ``index.html``, and its styles, and return their paths.

    Parameters
    ----------
    found
        From :func:`essgeo.compare_studies`; the language is that of the later study.
    out
        Folder to write to; it is made where missing.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo import compare_studies
    >>> study = small_study()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     build_before_after(compare_studies(study, study), pathlib.Path(folder))[0].name
    'index.html'
    """
    out.mkdir(parents=True, exist_ok=True)
    path, after = out / "index.html", found.after
    base = drawn_base(after)
    alone = {
        "layout": "alone.html",
        "single": False,
        "at": "",
        **identity(after.territory),
        "address": address_of(after.territory.publisher, path.name),
        "picture": "",
        "territory": after.territory.name,
        "territory_in": after.territory.place(after.lang),
        "parameters": after.parameters,
        "minutes": after.parameters.walk_minutes,
        "notes": after.shortfalls,
        "has_map": False,
        "scripts": linked_assets(TABLES_SCRIPT, SHARE_SCRIPT),
        **base_context(base, after.lang),
        "styles": linked_assets(STYLE, SITING_STYLE),
        "policy": policy(),
    }
    page = render("before_after.html", after.lang, alone | change_page(found) | {"page": path.name})
    path.write_text(page, encoding="utf-8", newline="\n")
    texts = asset_texts(colours_of(after.territory.publisher))
    used = {name: texts[name] for name in (STYLE, SITING_STYLE, TABLES_SCRIPT, SHARE_SCRIPT)}
    return [path, *write_assets(out, used | base_pictures(base, plan_of(after)))]


def change_page(found: Comparison) -> dict[str, Any]:
    """Return what the page of a comparison shows: sentences, a plan, places, and differences that are sure or not."""
    after, plan = found.after, plan_of(found.after)
    changes = found.changes[found.changes["minutes"] == after.parameters.walk_minutes]
    places = found.changed_places
    shown = places[places["geo_status"] != "masked"]
    said, words = found.findings, texts(after.lang)["difference"]
    of_all = changes[changes["theme"] == "all"]
    whole = of_all.loc[of_all["level"] == "territory", "change"].tolist()
    title = words.get(f"title_{whole[0]}", "") if whole else ""  # then the second sentence is its figures
    title = title.format(place=after.territory.place(after.lang), minutes=after.parameters.walk_minutes)
    return {
        "page": CHANGE,
        "inputs": list(dict.fromkeys([*found.before.inputs, *found.after.credited])),
        "heading": title[:1].upper() + title[1:],
        "figures": said[1] if title else "",
        "sentences": [said[0], *said[2:]] if title else said,
        "plotted": _plotted(of_all[of_all["change"].isin(["more", "less", "unsure"])]),
        "places": records(shown.drop(columns="was")),
        "restricted": len(places) - len(shown),
        "plan": plan,
        "drawn": _drawn(shown, plan),
        "sure": _widest(changes[changes["change"].isin(["more", "less"])]),
        "unsure": _widest(changes[changes["change"] == "unsure"]),
        "most_rows": MOST_ROWS,
    }


def _widest(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows of a difference, the territory first, within a level the most residents first."""
    level = rows["level"].map(_ORDER.index)
    return records(rows.iloc[np.lexsort((-rows["change_residents"].abs(), level))])


def _plotted(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows of a difference with the place of each figure on an axis, in percent: no difference is its middle."""
    told = [row for row in _widest(rows) if max(abs(row["change_low"]), abs(row["change_high"])) >= LEAST_POINTS]
    shown = told[:MOST_PLOTTED]
    names = {"at": "change_points", "from": "change_low", "to": "change_high"}
    most = max((abs(row[name]) for row in shown for name in names.values()), default=0.0) or 1.0
    return [row | {key: round(50 + 50 * row[name] / most, 1) for key, name in names.items()} for row in shown]


def _drawn(places: gpd.GeoDataFrame, plan: Plan) -> list[dict[str, Any]]:
    """Return each place that changed as it is drawn: its name, whether it is there now, and its one or two points."""
    marks = []
    changed = places[places["place_change"].isin(CHANGED)]
    for name, was, now in zip(changed["name"], changed["was"], changed.geometry, strict=True):
        ends = [
            None if point is None else plan.drawn(np.array([[point.x, point.y]]))[0].round(1).tolist()
            for point in (was, now)
        ]
        if any(ends):
            marks.append({"name": name, "was": ends[0], "now": ends[1]})
    return marks
