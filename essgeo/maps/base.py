"""What lies beneath the figures of a page: the base of its map, and the addresses that it knows."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from markupsafe import escape

from essgeo.crs import GEOGRAPHIC
from essgeo.geocoding import Local
from essgeo.geocoding.index import number_of, street_of
from essgeo.geocoding.spelling import fold_all
from essgeo.maps.drawing import OUTLINE_DIGITS, svg_path
from essgeo.maps.render import FOLDER, render
from essgeo.official.catalogue import find_source
from essgeo.text.languages import joined, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from essgeo.access.base_map import BaseLayer
    from essgeo.files.provenance import Input
    from essgeo.geocoding.index import Department
    from essgeo.maps.drawing import Plan
    from essgeo.messages import Lang
    from essgeo.results import Setting


class Ground(NamedTuple):
    """How a kind is drawn: pixels at the scale of a neighbourhood, and the zoom from which it is."""

    colour: str
    width: float = 0.0
    zoom: float = 0.0
    dash: tuple[float, ...] = ()


GROUND = {
    "park": Ground("#dde7d3"),
    "water": Ground("#c9dce8"),
    "waterway": Ground("#c9dce8", 3),
    "lane": Ground("#d9d5cb", 1.2, 13.5),
    "street": Ground("#cec8bb", 2, 12),
    "road": Ground("#c2bbac", 3),
    "tramway": Ground("#9fa899", 1.6, 0, (2, 3)),
    "metro": Ground("#a898b8", 1.8, 0, (6, 3)),
    "train": Ground("#98969f", 2),
}
"""Kinds of the base, the lowest first, muted so that the figures of a map stand out; areas have no width."""

TOLERANCE_M = 4.0

MOST_VERTICES = 60_000
"""A base with more is drawn without its lanes, then without its streets: pages stay light."""

PICTURED = 0.45
"""The width of lines of a picture beneath a plan, which shows a whole territory."""


@dataclass(frozen=True)
class Drawn:
    """A layer of the base as it is drawn.

    Attributes
    ----------
    file
        Name of its files, without suffix.
    apart
        Whether it is under the ODbL, or a licence that is not known: it stays in files whose names end in ``_odbl``.
    shapes
        Lines and areas by kind in a metric CRS, simplified.
    names
        Names of places with their points.
    source
        The file it is from.
    """

    file: str
    apart: bool
    shapes: dict[str, gpd.GeoSeries]
    names: gpd.GeoDataFrame
    source: Input


def drawn_base(study: Setting) -> tuple[Drawn, ...]:
    """Return the base of the maps of a study, a layer a file."""
    return tuple(_drawn(layer) for layer in study.base)


def _drawn(layer: BaseLayer) -> Drawn:
    shapes = {kind: _simple(layer.shapes, kind) for kind in GROUND if (layer.shapes["kind"] == kind).any()}
    for kind in ("lane", "street"):
        if sum(int(shapely.get_num_coordinates(one.to_numpy()).sum()) for one in shapes.values()) > MOST_VERTICES:
            shapes.pop(kind, None)
    places, apart = layer.shapes, "ODbL" in layer.source.licence
    return Drawn(
        f"{layer.name}_odbl" if apart else layer.name,
        apart,
        shapes,
        places[(places["kind"] == "place") & (places["name"] != "")],
        layer.source,
    )


def _simple(shapes: gpd.GeoDataFrame, kind: str) -> gpd.GeoSeries:
    """Return the shapes of a kind in fewer vertices; lines that continue one another are one."""
    # Lines are merged before they are simplified: a street cut at each crossing would keep every cut as a vertex.
    parts = shapely.get_parts(shapes.geometry[shapes["kind"] == kind].to_numpy())
    if GROUND[kind].width:
        parts = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(parts)))
    simple = shapely.simplify(parts, TOLERANCE_M)
    return gpd.GeoSeries(simple[~shapely.is_empty(simple)], crs=shapes.crs)


def base_content(drawn: Drawn) -> dict[str, Any]:
    """Return a layer of the base for the script of the maps.

    Each line and ring is a list of steps in 0.00001°, longitude then latitude, the first from 0.
    """
    places = drawn.names.geometry.to_crs(GEOGRAPHIC)
    return {
        "credit": str(escape(drawn.source.publisher)),
        "shapes": {kind: _steps(shapes) for kind, shapes in drawn.shapes.items()},
        "names": [
            [name, round(point.y, OUTLINE_DIGITS), round(point.x, OUTLINE_DIGITS)]
            for name, point in zip(drawn.names["name"], places, strict=True)
        ],
    }


def _steps(shapes: gpd.GeoSeries) -> list[list[list[int]]]:
    degrees = shapes.to_crs(GEOGRAPHIC).to_numpy()
    made = []
    for shape in degrees:
        rings = shapely.get_rings(shape) if shape.geom_type == "Polygon" else [shape]
        # Whole numbers, (vertices, 2), then the step from each vertex to the next one.
        whole = [np.rint(shapely.get_coordinates(ring) * 10**OUTLINE_DIGITS).astype(np.int64) for ring in rings]
        made.append([np.diff(ring, axis=0, prepend=0).ravel().tolist() for ring in whole])
    return made


def base_context(base: Sequence[Drawn], lang: Lang, plan: Plan | None = None) -> dict[str, Any]:
    """Return what a page shows of the base: pictures beneath its plans, the files they are from, what maps show.

    The pictures stand in the page itself where their plan is given.
    """
    return {
        "base_pictures": [_inline(_picture(layer, plan)) if plan else f"{FOLDER}/{layer.file}.svg" for layer in base],
        "base_sources": [layer.source for layer in base],
        "base_shown": shown_base(base, lang),
    }


def shown_base(base: Sequence[Drawn], lang: Lang) -> str:
    """Return in words what maps show without tiles: the outlines and stations that each has, and what is given beside.

    Examples
    --------
    >>> shown_base((), "en")
    'the outlines, the stations and the names of communes'
    """
    words = texts(lang)["map"]
    kinds = {kind for layer in base for kind in layer.shapes}
    told = [
        ("train" in kinds, "base_train"),
        ("metro" in kinds, "base_metro"),
        ("tramway" in kinds, "base_tramway"),
        ("lane" in kinds, "base_streets"),
        ("lane" not in kinds and bool(kinds & {"street", "road"}), "base_roads"),
        (bool(kinds & {"water", "waterway"}), "base_water"),
        ("park" in kinds, "base_parks"),
        (any(len(layer.names) for layer in base), "base_places"),
    ]
    parts = [words["base_outlines"], words["base_stations"], words["base_communes"]]
    return joined([*(words[name] for shown, name in told if shown), *parts], texts(lang)["findings"]["and"])


def base_pictures(base: Sequence[Drawn], plan: Plan) -> dict[str, str]:
    """Return each layer of the base as an SVG of the size of a plan, by the name of its file."""
    return {f"{layer.file}.svg": _picture(layer, plan) for layer in base}


def _inline(picture: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}"


def _picture(drawn: Drawn, plan: Plan) -> str:
    west, north = -plan.shift[0] / plan.scale, plan.shift[1] / plan.scale
    seen = (west, north - plan.height / plan.scale, west + plan.width / plan.scale, north)
    parts = []
    for kind, shapes in drawn.shapes.items():
        clipped = shapely.clip_by_rect(shapes.to_numpy(), *seen)
        clipped = shapely.transform(shapely.get_parts(clipped[~shapely.is_empty(clipped)]), plan.drawn)
        parts.append((GROUND[kind], "".join(map(svg_path, clipped))))
    return render("ground.svg", "fr", {"plan": plan, "parts": parts, "pictured": PICTURED})


KINDS = (
    "rue", "avenue", "av", "boulevard", "bd", "place", "pl", "allee", "allees", "impasse", "passage", "chemin", "quai",
    "square", "cours", "sentier", "villa", "cite", "voie", "route", "rond", "point", "residence", "d", "de", "du",
    "des", "l", "la", "le", "les", "et", "a", "au", "aux", "en",
)  # fmt: skip
"""Words that tell no street from another: a street is not listed under them."""


def address_files(setting: Setting) -> dict[str, Any]:
    """Return the streets of the communes of a setting, by name: one file a letter or digit.

    A street stands under each word of its name but :data:`KINDS`. It is its name, its commune, its middle (degrees
    times 100,000), its house numbers as one text, and the steps of latitude and longitude from house to house, the
    first from the middle.
    """
    files: dict[str, list[Any]] = {}
    for name, city, middle, numbers, points in _streets(setting):
        steps = np.diff(np.vstack([middle, points]), axis=0).ravel().tolist()
        folded = [word for word in re.split(r"[^a-z0-9]+", fold_all([name])[0]) if word]
        for letter in sorted({word[0] for word in folded if word not in KINDS} or {folded[-1][0]} if folded else set()):
            files.setdefault(f"streets_{letter}", []).append([name, city, *middle, " ".join(numbers), steps])
    return {letter: files[letter] for letter in sorted(files)}


def address_credit(setting: Setting) -> str:
    """Return whose addresses these are, or that the study has few or none."""
    words, ban = texts(setting.lang)["map"], find_source("ban")
    whole = [engine.index.table for engine in setting.engines if isinstance(engine, Local) and engine.index.complete]
    if not whole:
        return words["address_few" if any(True for _ in _streets(setting)) else "address_none"]
    said = words["address_credit"].format(title=ban.title, publisher=ban.publisher, licence=ban.licence)
    known = {code for table in whole for code in table["citycode"]}
    lacking = [name for code, name in setting.communes["name"].items() if code not in known]
    return f"{said} {words['address_lacking'].format(communes=', '.join(lacking))}" if lacking else said


def _streets(setting: Setting) -> Iterator[tuple[str, str, tuple[int, int], list[str], NDArray[np.int64]]]:
    """Yield the streets that lie in the communes of a setting; of two files that know one, that of the first."""
    communes, seen = set(setting.communes.index.astype(str)), set[tuple[str, str]]()
    for engine in setting.engines:
        if not isinstance(engine, Local):
            continue
        for place in range(len(engine.index.loaded) or len(engine.index.folders)):
            department = engine.index.department(place)
            codes = department.communes["citycode"].to_numpy()[department.commune]
            names = department.streets["name"].to_pylist()
            here = np.isin(codes, list(communes)) & (department.of == np.arange(len(names)))
            for row in np.flatnonzero(here).tolist():
                key = names[row].casefold(), codes[row]
                if key not in seen:
                    seen.add(key)
                    city = str(department.communes["name"].iloc[department.commune[row]])
                    yield names[row], city, *_houses(department, row)


def _houses(department: Department, row: int) -> tuple[tuple[int, int], list[str], NDArray[np.int64]]:
    """Return the middle of a street, its numbers and where they are: latitude and longitude times 100,000."""
    first, last = np.searchsorted(street_of(department.slots), [row, row + 1])
    slots = department.slots[first:last]
    rows = first + np.flatnonzero(number_of(slots) > 0)
    lon, lat = department.lon_lat[:, row]
    points = np.rint(department.points(rows)[::-1].T * 10**OUTLINE_DIGITS).astype(np.int64)
    numbers = [
        f"{number}{department.writings[written]}"
        for number, written in zip(number_of(department.slots[rows]).tolist(), department.written[rows], strict=True)
    ]
    return (round(lat * 10**OUTLINE_DIGITS), round(lon * 10**OUTLINE_DIGITS)), numbers, points
