"""What each page is told: tables cut to what it shows, findings in words, the data of its map."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pandas as pd

from essgeo.errors import InputError
from essgeo.gaps import LEAST_LOCATED
from essgeo.maps.actors import actors_page
from essgeo.maps.base import base_context
from essgeo.maps.comparisons import compare_page
from essgeo.maps.drawing import MARKS, STROKES, cooperations
from essgeo.maps.fill import UNKNOWN, UNSURE, coverage_themes
from essgeo.maps.findings import bound, headline, qpv_pages, records, walking, where
from essgeo.maps.render import policy
from essgeo.maps.script_data import MANY, SHAPES, labels_by_field, map_content, months, plot_rows
from essgeo.maps.share import PICTURE_SIZE, address_of, embed_code, identity
from essgeo.messages import tell
from essgeo.register import OUTSIDE, located_here
from essgeo.schema.columns import COLUMNS, TITLE_END
from essgeo.schema.vocabulary import (
    CHALLENGES,
    GEO_STATUSES,
    GROUP_SYMBOLS,
    NO_SECTOR,
    SECTOR_GROUPS,
    SYMBOL_GROUPS,
    split_codes,
)
from essgeo.text.languages import joined, method_in_words, placed, register_bound, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import geopandas as gpd

    from essgeo.maps.base import Drawn
    from essgeo.maps.render import Choice
    from essgeo.messages import Lang
    from essgeo.results import Study

_PLACED = {
    "housenumber": "door",
    "interpolated": "door",
    "place": "site",
    "intersection": "site",
    "street": "street",
    "locality": "area",
    "municipality": "area",
}

_ORDER = ("door", "site", "street", "area", "other", *GEO_STATUSES)

Context = dict[str, Any]

AROUND_M = 2000.0
"""How far around a neighbourhood its map shows structures."""

_EMPTY_FIELDS = ("address", "family", "siren", "active_from")


def shared_context(study: Study, background: Choice = "none", base: Sequence[Drawn] = ()) -> Context:
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
        "embed_address": address_of(study.territory.publisher, "embed.html"),
        "embed_code": embed_code(words["territory"]["title"].format(territory=study.territory.name)),
        "parameters": study.parameters,
        "minutes": study.parameters.walk_minutes,
        "inputs": list(dict.fromkeys([*study.inputs, *(layer.source for layer in base)])),
        **base_context(base, study.lang),
        "notes": study.shortfalls,
        "register_lists": records(study.register_lists),
        "qpv_pages": [(code, f"{page}.html", study.qpv["name"][code]) for code, page in qpv_pages(study).items()],
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
        "what_if": False,
        "address_credit": "",
        "scripts": (),
        "styles": (),
        "policy": policy(),
    }


def index_page(study: Study) -> Context:
    """Return the portal: a map and the sentence of its theme, the target neighbourhoods side by side."""
    return with_map(study) | {
        "page": "index.html",
        "map": map_content(study),
        "headline": headline(study, "all"),
        "rows": plot_rows(study, records(where(study.coverage, theme="all", minutes=study.parameters.walk_minutes))),
    }


def territory_page(study: Study) -> Context:
    """Return the full map and its tables."""
    coverage = where(study.coverage, minutes=study.parameters.walk_minutes)
    themes = where(coverage, level="territory")
    themes = themes[themes["theme"] != "all"].sort_values(["share", "theme"])
    return with_map(study) | {
        "page": "territory.html",
        "map": map_content(study),
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
        "economy": study.economy is not None,
        "whole": in_territory(study),
        "portrait": [
            row | {name: listed.get((name, row["family"]), math.nan) for name in ("share_listed", "share_if_listed")}
            for row in records(study.portrait)
        ],
        "qpv_count": len(study.qpv),
    }


def embed_page(study: Study) -> Context:
    """Return the map alone, for a frame in the page of someone else."""
    return with_map(study) | {"page": "embed.html", "map": map_content(study)}


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
        "unsure": round(100 * UNSURE),
        "unknown": round(100 * UNKNOWN),
    }


class Line(NamedTuple):
    """A kind of position: how many structures are listed with it, and what becomes of them.

    ``listed`` is the sum of the four others.
    """

    position: str
    listed: int
    unplaced: int
    outside: int
    inactive: int
    counted: int


def tally(structures: gpd.GeoDataFrame) -> tuple[list[Line], Line]:
    """Return the structures by kind of position, and what becomes of them: the lines, then their sum.

    Kinds are precisions (:data:`_PLACED`, else ``other``) where there is a position, else the ``geo_status``. Those
    ``outside`` lie out of the territory, ``inactive`` ones are closed or moved on the day, the others ``counted``.

    Examples
    --------
    >>> lines, total = tally(study_est_ensemble().structures)
    >>> lines[0].position, total.listed == sum(total[2:])
    ('door', True)
    """
    placed = structures.geometry.notna()
    precision = structures["geo_precision"].map(_PLACED).fillna("other")
    kinds = precision.where(placed, structures["geo_status"])
    outside, counted = placed & (structures["geo_status"] == OUTSIDE), located_here(structures)
    inactive = placed & ~outside & ~counted
    became = {"listed": True, "unplaced": ~placed, "outside": outside, "inactive": inactive, "counted": counted}
    sums = pd.DataFrame(became).astype(int).groupby(kinds).sum()
    ordered = sums.loc[[kind for kind in _ORDER if kind in sums.index]]
    lines = [Line(*row) for row in ordered.itertuples(name=None)]
    return lines, Line("", *sums.sum(axis="index").tolist())


def _sharing(study: Study) -> list[str]:
    column = f"qpv_{study.parameters.vintage}"
    if column not in study.neighbourhoods:
        return []
    conjunction = texts(study.lang)["findings"]["and"]
    groups = study.neighbourhoods[study.neighbourhoods[column] != ""].groupby(column)["name"]
    return [joined(sorted(names), conjunction) for _, names in groups if len(names) > 1]


def with_map(study: Study) -> Context:
    """Return what every page with a map is told beside the ``map`` of its own, see :func:`map_content`."""
    planned, lines = (study.stations["status"] == "planned").any(), cooperations(study)["features"]
    present = {split_codes(cell)[0] for cell in study.structures["sectors"].unique() if cell} | {NO_SECTOR}
    if unknown := sorted(present - set(SECTOR_GROUPS)):
        raise InputError(tell("no_symbol", unknown=", ".join(unknown)))
    return {
        "has_map": True,
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


def in_territory(study: Study) -> dict[str, Any]:
    """Return the coverage of the territory by anything, within the walk of the study."""
    minutes = study.parameters.walk_minutes
    rows = records(where(study.coverage, level="territory", theme="all", minutes=minutes))
    if not rows:
        raise InputError(tell("no_coverage_row", zone="territory", minutes=minutes))
    return rows[0]


LEVELS = ("neighbourhood", "qpv", "commune")

NeedLine: TypeAlias = tuple[str, list[dict[str, Any]], list[dict[str, Any]]]
"""A line of a matrix: an area, a row a figure of need, a row a challenge."""


def needs_page(study: Study) -> dict[str, Any]:
    """Return need beside supply by area, findings in words, publics, the figures of documents, and those of QPV."""
    words, lang = texts(study.lang)["needs"], study.lang
    rows = records(study.needs_supply)
    indicators = [*dict.fromkeys(row["indicator"] for row in rows)]
    matrices = [
        (words[f"level_{level}"], _need_lines([row for row in rows if row["level"] == level])) for level in LEVELS
    ]
    of_iris = [row for row in rows if row["level"] == "iris"]
    needy, short = (
        {row["zone_id"] for row in of_iris if row[side] == worst}
        for side, worst in (("need", "more"), ("supply", "behind"))
    )
    cities = study.iris["city"]
    both = [row | {"zone_name": placed(row["zone_name"], cities.get(row["zone_id"], ""))} for row in of_iris]
    scope = where(study.challenge_reach, level="territory")
    return {
        "page": "needs.html",
        "indicators": {name: _label(name, lang) for name in indicators},
        "challenges": list(CHALLENGES),
        "matrices": [(heading, lines) for heading, lines in matrices if lines],
        "iris": _need_lines([row for row in both if row["zone_id"] in needy & short]),
        "iris_known": len({row["zone_id"] for row in of_iris}),
        "findings": _need_findings([row for row in rows if row["level"] in LEVELS], lang),
        "publics": [*records(scope), *records(where(study.challenge_reach, level="neighbourhood"))],
        "figures": records(study.figures),
        "counted_today": int(study.figures["now_low"].notna().sum()),
        "of_qpv": records(study.qpv_figures),
    }


def _need_lines(rows: list[dict[str, Any]]) -> list[NeedLine]:
    """Return the rows of a level, one line an area in their order."""
    lines: dict[str, tuple[str, dict[str, dict[str, Any]], dict[str, dict[str, Any]]]] = {}
    for row in rows:
        _, needs, supplies = lines.setdefault(row["zone_id"], (row["zone_name"], {}, {}))
        needs.setdefault(row["indicator"], row)
        supplies.setdefault(row["theme"], row)
    return [
        (name, [*needs.values()], [supplies[theme] for theme in CHALLENGES]) for name, needs, supplies in lines.values()
    ]


def _need_findings(rows: list[dict[str, Any]], lang: Lang) -> list[str]:
    """Return, for each challenge, the neighbourhoods and QPV of much need and little supply, or that none is sure."""
    words = texts(lang)["needs"]
    sentences = []
    for theme, label in CHALLENGES.items():
        short = [
            row for row in rows if row["theme"] == theme and row["level"] != "commune" and row["supply"] == "behind"
        ]
        needy: dict[str, list[str]] = {}
        for row in (row for row in short if row["need"] == "more"):
            needy.setdefault(row["indicator"], []).append(row["zone_name"])
        places = [
            words["by_need"].format(need=_label(name, lang), places=joined(zones, texts(lang)["findings"]["and"]))
            for name, zones in needy.items()
        ]
        unknown = all(row["supply"] == "not_known" for row in rows if row["theme"] == theme)
        key = "much_need" if places else "supply_unknown" if unknown else "much_need_none"
        sentences.append(words[key].format(challenge=label[lang], places=" ; ".join(places)))
    return sentences


def _label(indicator: str, lang: Lang) -> str:
    """Return the name of a figure: that of its column, or as the table of the user heads it."""
    return TITLE_END.sub("", COLUMNS[indicator].description[lang]) if indicator in COLUMNS else indicator


PAGES: dict[str, Callable[[Study], Context]] = {
    "needs": needs_page,
    "actors": actors_page,
    "compare": compare_page,
    "data": data_page,
    "method": method_page,
}
"""The pages that close the menu: each is told by its function, and bears the name of its template and of its words."""
