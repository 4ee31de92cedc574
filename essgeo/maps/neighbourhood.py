"""The page of a target neighbourhood or of a QPV: finding, map, themes with their intervals, support chain, sites."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import shapely

from essgeo.access.walking import reach_m
from essgeo.errors import InputError
from essgeo.gaps.ranks import SILENT
from essgeo.gaps.reach import THEME_ROWS, theme_bits, unpack_themes
from essgeo.gaps.support_chain import HERE, UNPLACED
from essgeo.maps.drawing import TOLERANCE_M, fit, period, surface, svg_path
from essgeo.maps.fill import colours_of_iris
from essgeo.maps.findings import (
    Row,
    area_headline,
    borders,
    by_index,
    hangs_on,
    largest_gap,
    qpv_pages,
    reach,
    records,
    records_by,
    shared_qpv,
    support_chain,
    verified,
    where,
)
from essgeo.maps.pages import AROUND_M, in_territory, with_map
from essgeo.maps.script_data import map_content
from essgeo.messages import tell
from essgeo.schema.vocabulary import STAGES, SUPPORT_ROLES, split_codes
from essgeo.text.languages import joined, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.maps.script_data import Register
    from essgeo.results import Study


SMALL_WIDTH, SMALL_HEIGHT = 200, 140
"""The units of a small map."""

SHOWN_SITES = 12
"""Sites of the communes of an area that its page names, the nearest first; the page of actors has them all."""


@dataclass(frozen=True)
class Sheet:
    """What the pages of all areas read, taken from the tables of a study once.

    Attributes
    ----------
    shapes
        The outline of each IRIS in metres, simplified with its neighbours.
    colours
        The colour of each IRIS for each theme, as on the map; ``""`` where no share is drawn.
    points, offered
        Structures that count and have a position, in metres, and which offer each theme.
    coverage, gaps, chain, inside
        The rows of the tables by level and area; the last are structures in its zone or perhaps in it.
    borders
        Those of the whole ESS, by target neighbourhood.
    territory
        Its coverage by anything, within the walk of the study.
    map
        What the page of a map is told, see :func:`essgeo.maps.pages.with_map`.
    """

    shapes: NDArray[np.object_]
    colours: dict[str, NDArray[np.object_]]
    points: NDArray[np.float64]
    offered: dict[str, NDArray[np.bool_]]
    coverage: Mapping[tuple[Any, ...], list[dict[str, Any]]]
    gaps: Mapping[tuple[Any, ...], list[dict[str, Any]]]
    chain: Mapping[tuple[Any, ...], list[dict[str, Any]]]
    inside: Mapping[tuple[Any, ...], list[dict[str, Any]]]
    borders: Mapping[tuple[Any, ...], list[dict[str, Any]]]
    territory: dict[str, Any]
    map: dict[str, Any]


def sheet_of(study: Study) -> Sheet:
    """Return what the pages of the areas of a study read."""
    inside = study.structure_zones[study.structure_zones["relation"].isin(["in", "undetermined"])]
    inside = inside.join(study.structures.drop(columns="geometry"), on="structure_id").sort_values(
        ["probability", "structure_id"], ascending=[False, True]
    )
    located = study.structures[study.structures["counted"] & study.structures.geometry.notna()]
    offers = unpack_themes(theme_bits(located)).astype(bool)
    return Sheet(
        shapely.coverage_simplify(study.iris.geometry.to_numpy(), 3 * TOLERANCE_M),
        {
            theme: np.array([colours.get(code, "") for code in study.iris.index], dtype=object)
            for theme, colours in colours_of_iris(study).items()
        },
        shapely.get_coordinates(located.geometry.to_numpy()),
        dict(zip(THEME_ROWS["theme"], offers.T, strict=True)),
        records_by(study.coverage, "level", "zone_id"),
        records_by(study.gaps, "level", "neighbourhood_id"),
        records_by(study.support_chain, "level", "neighbourhood_id"),
        records_by(inside, "layer", "zone_id"),
        records_by(where(study.borders, theme="all"), "neighbourhood_id"),
        in_territory(study),
        with_map(study),
    )


def neighbourhood_page(study: Study, code: str, level: str, made: Register, sheet: Sheet) -> dict[str, Any]:
    """Return the page of a target neighbourhood, or of a QPV (``level``).

    Its map shows the rows of the register around it and those that its tables name.
    """
    minutes, pages = study.parameters.walk_minutes, qpv_pages(study)
    layer = study.neighbourhoods if level == "neighbourhood" else study.qpv
    place, outline = by_index(layer.loc[[code]])[code], layer.geometry.loc[[code]]
    of_area, rows, chain, inside = (
        held[level, code] for held in (sheet.coverage, sheet.gaps, sheet.chain, sheet.inside)
    )
    of_walk = [row for row in of_area if row["minutes"] == minutes]
    reached = next((row for row in of_walk if row["theme"] == "all"), None)
    if reached is None:
        raise InputError(tell("no_coverage_row", zone=f"{level} {code}", minutes=minutes))
    gaps = [row for row in rows if row["theme"] != "all"]
    named = {name for row in (*gaps, *chain) if (name := row["nearest_structure_id"])}
    named |= {row["structure_id"] for row in inside}
    around = study.structures.geometry.intersects(outline.iloc[0].buffer(AROUND_M))
    shown = (around | study.structures.index.isin(list(named))).reindex(made.order)
    themes = _themes(of_walk, rows, study)
    finding = area_headline(study, reached, rows)
    return sheet.map | {
        "map": map_content(study, code, outline, np.flatnonzero(shown), finding.theme),
        "page": f"{pages[code] if level == 'qpv' else code}.html",
        **_identity(study, code, level, place, pages),
        "finding": finding,
        "reached": reached,
        "findings": _findings(study, sheet, reached, rows, chain),
        "thresholds": sorted((row for row in of_area if row["theme"] == "all"), key=lambda row: row["minutes"]),
        "themes": [row for row in themes if not row["silent"]],
        "silent_themes": [row for row in themes if row["silent"]],
        "small": _small_maps(study, sheet, outline.iloc[0], [row["theme"] for row in themes if not row["silent"]]),
        "gaps": gaps,
        "holders": _holders(study, gaps),
        "grid": _grid(study, chain),
        "offers": sorted(gaps, key=lambda gap: (math.isnan(gap["nearest_minutes"]), gap["nearest_minutes"])),
        "inside": inside,
        **_sites(study, place, outline.iloc[0]),
        "others": [(f"{other}.html", name) for other, name in study.neighbourhoods["name"].items() if other != code],
    }


def _identity(study: Study, code: str, level: str, place: Row, pages: dict[str, str]) -> dict[str, Any]:
    """Return what a page says of its area: name, communes, perimeter, and which areas it shares its ground with."""
    lang, vintage = study.lang, study.parameters.vintage
    words, column = texts(lang)["neighbourhood"], f"qpv_{study.parameters.vintage}"
    if level == "neighbourhood":
        own = place.get(column, "")
        note = place.get(f"note_{lang}") or place["note"]
        if place["iris_codes"]:
            note = f"{words['perimeter_note'].format(iris=place['iris_codes'].replace('|', ', '))} {note}"
        return {
            "place": place,
            "level": level,
            "kind": "",
            "perimeter": note,
            "shared": shared_qpv(place, records(study.neighbourhoods), vintage, lang),
            "kin": [(f"{pages[own]}.html", study.qpv["name"][own])] if own in pages else [],
        }
    cities = joined(split_codes(place["cities"]), texts(lang)["findings"]["and"])
    targets = study.neighbourhoods.reindex(columns=["name", column])
    return {
        "place": dict(place) | {"city": cities},
        "level": level,
        "kind": words["kind_qpv"].format(code=code, vintage=place["vintage"]),
        "perimeter": words["perimeter_qpv"].format(vintage=place["vintage"]),
        "shared": "",
        "kin": [(f"{target}.html", name) for target, name in targets.loc[targets[column] == code, "name"].items()],
    }


def _findings(
    study: Study, sheet: Sheet, reached: Row, rows: list[dict[str, Any]], chain: list[dict[str, Any]]
) -> list[str]:
    """Return what is found of an area: no more than is known, where streets end or few places are located."""
    lang = study.lang
    said = reach(reached, sheet.territory, lang)
    if math.isnan(reached["share"]):
        return [said]
    (whole,) = [row for row in rows if row["theme"] == "all"]
    held = hangs_on(whole, reached, study.structures["name"], lang)
    if whole["conclusion"] in SILENT:
        return [whole[f"finding_{lang}"], *held, *support_chain(chain, lang)]
    names = study.neighbourhoods["name"] if reached["level"] == "neighbourhood" else study.qpv["name"]
    return [
        said,
        verified(reached, lang),
        *held,
        *borders(sheet.borders[reached["zone_id"],], reached["minutes"], lang),
        *largest_gap([row for row in rows if row["theme"] != "all"], names, lang),
        *support_chain(chain, lang),
    ]


def _themes(coverage: list[dict[str, Any]], rows: list[dict[str, Any]], study: Study) -> list[dict[str, Any]]:
    """Return the rows of coverage of an area in the order of its gaps, the whole ESS first, each beside the territory.

    ``silent`` says why nothing may be concluded of a theme.
    """
    of_theme = {row["theme"]: row for row in coverage}
    ordered = sorted(rows, key=lambda row: (row["theme"] != "all", row["rank"] or math.inf))
    quiet = texts(study.lang)["gap_conclusions"]
    unsaid = (*SILENT, "not_measured", "nobody")
    return [
        of_theme[row["theme"]]
        | {
            "territory_share": row["territory_share"],
            "behind": not row["conclusion"],
            "silent": quiet[row["conclusion"]] if row["conclusion"] in unsaid else "",
        }
        for row in ordered
        if row["theme"] in of_theme
    ]


def _holders(study: Study, gaps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the themes that somebody depends on one structure for, the heaviest loss first, with their names."""
    names = study.structures["name"]
    held = [row | {"holders": [names.get(code, code) for code in split_codes(row["held_up_by"])]} for row in gaps]
    return sorted((row for row in held if row["holders"]), key=lambda row: -row["lost_with_first"])


def _grid(study: Study, chain: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return a line a stage and a cell a kind of support: here, in the territory, from outside, nowhere."""
    links = {(row["role"], row["stage"]): row for row in chain}
    offers = records(study.support_offers)
    grid = []
    for stage in STAGES:
        cells = []
        for role in SUPPORT_ROLES:
            here = links.get((role, stage))
            given = [row for row in offers if (row["role"], row["stage"]) == (role, stage)]
            inside = [row["name"] for row in given if row["based"] in (HERE, UNPLACED)]
            state = "nowhere"
            if here and here["within_reach"]:
                state = "near"
            elif inside or (here and here["structures_located"]):
                state = "territory"
            elif given:
                state = "outside"
            names = inside if state == "territory" else [row["name"] for row in given]
            cells.append({"state": state, "nearest": here, "names": [*dict.fromkeys(names)]})
        grid.append((stage, cells))
    return grid


def _sites(study: Study, place: Row, outline: shapely.Geometry) -> dict[str, Any]:
    """Return the sites of the communes of an area, the nearest first, and how many more there are."""
    cities = split_codes(place["cities"]) if "cities" in place else [place["city"]]
    found = cast("gpd.GeoDataFrame", study.sites[study.sites["city"].isin(cities)])
    away = found.geometry.distance(outline).fillna(math.inf)
    nearest = away.to_numpy().argsort(kind="stable")[:SHOWN_SITES]
    shown = [
        site
        | {
            "surface": surface(site["surface_m2"], study),
            "period": period(site["available_from"], site["available_to"], study),
        }
        for site in records(found.iloc[nearest])
    ]
    return {"sites": shown, "sites_left": len(found) - len(shown)}


def _small_maps(study: Study, sheet: Sheet, outline: shapely.Geometry, themes: list[str]) -> dict[str, Any]:
    """Return the small maps of an area: its paths once, and for each theme the IRIS of each colour and its places."""
    chosen = study.parameters
    around = shapely.buffer(outline, reach_m(chosen.walk_minutes, chosen.speed_kmh))
    drawn = fit(shapely.bounds(around).tolist(), (0, 0, SMALL_WIDTH, SMALL_HEIGHT)).drawn
    frame = shapely.box(0, 0, SMALL_WIDTH, SMALL_HEIGHT)
    shapes = shapely.transform(sheet.shapes, drawn)
    seen = np.flatnonzero(shapely.intersects(shapes, frame))
    points = drawn(sheet.points)
    held = ((points >= 0) & (points <= (SMALL_WIDTH, SMALL_HEIGHT))).all(axis=1)
    return {
        "width": SMALL_WIDTH,
        "height": SMALL_HEIGHT,
        "paths": [(row, svg_path(shapes[row])) for row in seen.tolist()],
        "outline": svg_path(shapely.transform(shapely.simplify(outline, TOLERANCE_M), drawn)),
        "themes": {
            theme: {
                "colours": [
                    (colour or "#fff", seen[sheet.colours[theme][seen] == colour].tolist())
                    for colour in dict.fromkeys(sheet.colours[theme][seen])
                ],
                "points": np.unique(points[held & sheet.offered[theme]].round(1), axis=0).tolist(),
            }
            for theme in themes
            if theme in sheet.colours
        },
    }
