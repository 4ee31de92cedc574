"""What is drawn: outlines with their popups on maps, and still plans in SVG."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import geopandas as gpd
import numpy as np
import shapely

from essgeo.crs import GEOGRAPHIC
from essgeo.files.premises import NOT_NAMED, UNKNOWN
from essgeo.maps.findings import by_index, interval, qpv_pages, records, where
from essgeo.schema.vocabulary import SITE_STATES
from essgeo.text.languages import number, percent, placed, texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from essgeo.messages import Lang
    from essgeo.results import Setting, Study

Collection: TypeAlias = dict[str, Any]

Popup: TypeAlias = dict[str, Any]


class Mark(NamedTuple):
    """A symbol of the map and the layer of points that it stands for, or those of it that are planned."""

    layer: str
    shape: str
    colour: str
    hollow: bool = False


MARKS = {
    "stations": Mark("stations", "square", "#111"),
    "planned": Mark("stations", "square", "#111", hollow=True),
    "sites": Mark("sites", "pentagon", "#8f4700", hollow=True),
}
"""The points of the map but the structures, the lowest first, by the names that its legend and its links have."""


class Stroke(NamedTuple):
    """How the outlines of a layer are drawn, in pixels; ``shown`` where a map opens with them."""

    colour: str
    width: float
    dash: str = ""
    hatched: bool = False
    shown: bool = True


STROKES = {
    "communes": Stroke("#3a3a3a", 1.4, "6 3"),
    "npnru": Stroke("#00605f", 1.5, "2 4", hatched=True, shown=False),
    "qpv": Stroke("#2323b0", 2),
    "neighbourhoods": Stroke("#a3003c", 3.5),
    "cooperations": Stroke("#6a3d00", 2, "6 4", shown=False),
}
"""The layers of outlines and lines but the IRIS, the lowest first."""

OUTLINE_DIGITS, POINT_DIGITS = 5, 6
"""Decimals of a degree: five are about one metre."""

TOLERANCE_M = 5.0

WIDTH, MARGIN = 640, 10


def outlines(layer: gpd.GeoDataFrame, *, tolerance_m: float = TOLERANCE_M) -> gpd.GeoSeries:
    """Return the polygons of a layer, simplified and in longitude and latitude.

    An edge that two polygons share is simplified once, so that neighbours stay glued; a corner goes where the triangle
    it makes is smaller than the square of the tolerance.
    """
    simple = shapely.coverage_simplify(layer.geometry.to_numpy(), tolerance_m)
    return gpd.GeoSeries(simple, index=layer.index, crs=layer.crs).to_crs(GEOGRAPHIC)


def collection(geometry: gpd.GeoSeries, properties: Sequence[Mapping[str, Any]]) -> Collection:
    """Return a GeoJSON feature collection of geometries in EPSG:4326, one mapping a row; rows without one are left out.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> points = gpd.GeoSeries([Point(2.4382461234, 48.9), None], crs="EPSG:4326")
    >>> collection(points, [{"title": "a"}, {"title": "b"}])["features"][0]["geometry"]
    {'type': 'Point', 'coordinates': [2.438246, 48.9]}
    """
    features = []
    for shape, row in zip(geometry, properties, strict=True):
        if shape is not None and not shape.is_empty:
            digits = POINT_DIGITS if shape.geom_type == "Point" else OUTLINE_DIGITS
            coordinates = _rounded(shape.__geo_interface__["coordinates"], digits)
            drawn = {"type": shape.geom_type, "coordinates": coordinates}
            features.append({"type": "Feature", "properties": dict(row), "geometry": drawn})
    return {"type": "FeatureCollection", "features": features}


def _rounded(coordinates: Any, digits: int) -> Any:  # noqa: ANN401 - nested as deep as the geometry type
    if isinstance(coordinates, float):
        return round(coordinates, digits)
    return [_rounded(part, digits) for part in coordinates]


def steps_of(degrees: NDArray[np.float64]) -> list[int]:
    """Return the steps from each position to the next in 0.00001°, the first from 0: of near ones they have few digits.

    >>> steps_of(np.array([2.4, 2.40003]))
    [240000, 3]
    """
    steps: list[int] = np.diff(np.rint(degrees * 10**OUTLINE_DIGITS).astype(np.int64), prepend=0).tolist()
    return steps


def layers_with_popups(study: Study) -> dict[str, Collection]:
    """Return every layer but the structures as GeoJSON with its popups."""
    areas = {"communes": _communes, "iris": _iris, "qpv": _qpv, "npnru": _npnru, "neighbourhoods": _neighbourhoods}
    drawn = {name: collection(outlines(getattr(study, name)), popups(study)) for name, popups in areas.items()}
    for name, popups in {"stations": _stations, "sites": _sites}.items():
        drawn[name] = collection(getattr(study, name).geometry.to_crs(GEOGRAPHIC), popups(study))
    return drawn | {"cooperations": cooperations(study)}


def cooperations(study: Study) -> Collection:
    """Return a line for each cooperation whose two ends have different places; the list has them all."""
    rows, points = records(where(study.cooperations, placed="both")), study.structures.geometry
    lines, told = [], []
    for row in rows:
        ends = [points[row[name]] for name in ("party_id", "with_structure_id")]
        if ends[0] != ends[1]:
            lines.append(shapely.LineString(ends))
            told.append(
                _popup(row["relation_id"], f"{row['party']}, {row['with_name']}", [(row["tie"], row["project"])])
            )
    return collection(gpd.GeoSeries(lines, crs=points.crs).to_crs(GEOGRAPHIC), told)


def _communes(study: Study) -> list[Popup]:
    reached, label = _reach(study, "commune"), texts(study.lang)["common"]["residents"]
    return [
        _popup(code, row["name"], [(label, number(row["population"], study.lang)), *reached.get(code, [])])
        for code, row in by_index(study.communes).items()
    ]


def _iris(study: Study) -> list[Popup]:
    return [
        {
            "id": code,
            "title": placed(row["name"], row["city"]),
            "population": _whole(row["population"]),
            "income": _whole(row["median_income"]),
        }
        for code, row in by_index(study.iris).items()
    ]


def _qpv(study: Study) -> list[Popup]:
    words = texts(study.lang)["map"]
    reached, counted, pages = _reach(study, "qpv"), _counted(study, "qpv"), qpv_pages(study)
    return [
        _popup(
            code,
            row["name"],
            [
                (words["qpv"], code),
                (words["vintage"], row["vintage"]),
                (words["programme"], row["programme"]),
                *reached.get(code, []),
                *counted.get(code, []),
            ],
        )
        | ({"page": pages[code]} if code in pages else {})
        for code, row in by_index(study.qpv).items()
    ]


def _npnru(study: Study) -> list[Popup]:
    """Return one popup a renewal project, which says where the QPV outline stands in for its perimeter."""
    words = texts(study.lang)["map"]
    interests = {code: words[f"interest_{code}"] for code in ("national", "regional", "unknown")}
    return [
        _popup(
            code,
            row["name"],
            [
                ("NPNRU", words["stands_in" if code in study.qpv.index else "own_perimeter"]),
                (words["programme"], row["programme"]),
                (words["interest"], interests.get(row["interest"], row["interest"])),
                (words["vintage"], row["vintage"]),
                (words["confidence"], row["confidence"]),
            ],
        )
        for code, row in by_index(study.npnru).items()
    ]


def _neighbourhoods(study: Study) -> list[Popup]:
    label = texts(study.lang)["common"]["city"]
    reached, counted = _reach(study, "neighbourhood"), _counted(study, "neighbourhood")
    return [
        _popup(code, row["name"], [(label, row["city"]), *reached.get(code, []), *counted.get(code, [])])
        | {"page": code}
        for code, row in by_index(study.neighbourhoods).items()
    ]


def _stations(study: Study) -> list[Popup]:
    words = texts(study.lang)["map"]
    popups = []
    for code, row in by_index(study.stations).items():
        planned = row["status"] == "planned"
        opened = row["open_date"] or (words["planned"] if planned else "")
        rows = [(words["mode"], row["mode"]), (words["line"], row["line"]), (words["opened"], opened)]
        popups.append(_popup(code, row["name"], rows) | {"planned": planned})
    return popups


def _sites(study: Study) -> list[Popup]:
    """Return one popup a site or premises, with the two ends of its availability."""
    words, own = texts(study.lang)["common"], texts(study.lang)["map"]
    return [
        _popup(
            code,
            row["name"],
            [
                (words["address"], ", ".join(filter(None, (row["address"], row["city"])))),
                (own["surface"], surface(row["surface_m2"], study)),
                (own["availability"], period(row["available_from"], row["available_to"], study)),
                (own["state"], SITE_STATES.get(row["state"], {}).get(study.lang, row["state"])),
                (own["former_use"], row["former_use"]),
                (own["owner"], whom_to_call(row, study.lang)),
                (own["ground_floor"], own["yes"] if row["ground_floor"] == "yes" else ""),
                (own["conditions"], row["constraints"]),
                (own["source"], row["source"]),
            ],
        )
        | {"from": row["available_from"], "to": row["available_to"]}
        for code, row in by_index(study.sites).items()
    ]


def whom_to_call(row: Mapping[str, Any], lang: Lang) -> str:
    """Return the owner and the landlord of premises or a site, nothing where neither is known."""
    told = dict.fromkeys(text for text in (row["owner_type"], row["landlord"]) if text not in UNKNOWN)
    return " ; ".join(texts(lang)["map"]["owner_not_named"] if text == NOT_NAMED else text for text in told)


def surface(square_metres: float, study: Study) -> str:
    """Return a surface in words, nothing where it is not known."""
    return "" if math.isnan(square_metres) else f"{number(square_metres, study.lang)}\u00a0m²"


def period(start: str, end: str, study: Study) -> str:
    """Return a period in words, nothing where neither end is known."""
    words = texts(study.lang)["map"]
    if start and end:
        return words["period"].format(**{"from": start, "to": end})
    if start:
        return words["since"].format(**{"from": start})
    return words["until"].format(to=end) if end else ""


def _whole(value: float) -> int | None:
    return None if math.isnan(value) else round(value)


def _popup(code: str, title: str, rows: list[tuple[str, str]]) -> Popup:
    return {"id": code, "title": title, "rows": [[label, value] for label, value in rows if value]}


def _reach(study: Study, level: str) -> dict[str, list[tuple[str, str]]]:
    """Return the share of residents within reach of anything, with its interval, by zone of a level."""
    lang, minutes = study.lang, study.parameters.walk_minutes
    label = texts(lang)["map"]["coverage_legend"].format(minutes=minutes)
    rows = {}
    for row in records(where(study.coverage, level=level, theme="all", minutes=minutes)):
        around = interval(row["share_low"], row["share_high"], lang, share=True)
        rows[row["zone_id"]] = [(label, f"{percent(row['share'], lang)} ({around})")]
    return rows


def _counted(study: Study, layer: str) -> dict[str, list[tuple[str, str]]]:
    """Return residents and structures expected in and near each zone of a layer."""
    words, lang = texts(study.lang), study.lang
    rows = {}
    for row in records(where(study.zones, layer=layer)):
        around = interval(row["structures_low"], row["structures_high"], lang)
        rows[row["zone_id"]] = [
            (words["common"]["residents"], number(row["residents"], lang)),
            (words["map"]["expected"], f"{number(row['structures_expected'], lang, 1)} ({around})"),
            (words["territory"]["within_300m"], number(row["structures_within_300m"], lang)),
        ]
    return rows


@dataclass(frozen=True)
class Place:
    """A polygon of a plan: its name, its SVG path and where its label stands."""

    name: str
    path: str
    x: float
    y: float


@dataclass(frozen=True)
class Plan:
    """A still plan in SVG units, north up: communes, target neighbourhoods and stations, :data:`WIDTH` wide.

    ``scale`` is the SVG units of one metre, ``shift`` where the metric origin lies, ``ground`` the left, top, width and
    height of a picture of the whole territory beneath it.
    """

    height: int
    scale: float
    shift: tuple[float, float]
    communes: tuple[Place, ...] = ()
    neighbourhoods: tuple[Place, ...] = ()
    stations: tuple[tuple[float, float], ...] = ()
    ground: tuple[float, ...] = ()
    width: int = WIDTH

    def drawn(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return metric coordinates, one row a point, in SVG units."""
        units: NDArray[np.float64] = xy * (self.scale, -self.scale) + self.shift
        return units

    def undrawn(self, units: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return SVG units in metric coordinates, one row a point."""
        xy: NDArray[np.float64] = (units - self.shift) / (self.scale, -self.scale)
        return xy

    def points(self, layer: gpd.GeoDataFrame) -> NDArray[np.float64]:
        """Return the points of a layer in SVG units, one row each."""
        return self.drawn(shapely.get_coordinates(layer.geometry.to_numpy()))


def plan_of(study: Setting, within: tuple[float, float, float, float] | None = None) -> Plan:
    """Return the plan of the communes and the target neighbourhoods, or of what of them lies in a box."""
    whole = _frame(study.communes.total_bounds.tolist())
    bare = _frame(within) if within is not None else whole
    ratio = bare.scale / whole.scale
    left, top = (own - ratio * other for own, other in zip(bare.shift, whole.shift, strict=True))
    ground = tuple(round(value, 2) for value in (left, top, ratio * whole.width, ratio * whole.height))
    layers = [study.communes, study.neighbourhoods]
    if within is not None:
        # Cut beyond the edge of the plan, so that no border is drawn along it.
        box = shapely.box(*within).buffer(2 * MARGIN / bare.scale)
        layers = [layer.clip(box, keep_geom_type=True, sort=True) for layer in layers]
    stations = study.stations[(study.stations["status"] != "planned") & study.stations.geometry.notna()]
    dots = bare.points(stations)
    seen = dots[((dots > 0) & (dots < (bare.width, bare.height))).all(axis=1)].round(1).tolist()
    return replace(
        bare,
        communes=_places(layers[0], bare),
        neighbourhoods=_places(layers[1], bare),
        stations=tuple((x, y) for x, y in seen),
        ground=ground,
    )


def fit(bounds: Sequence[float], within: tuple[float, float, float, float]) -> Plan:
    """Return the plan of metric bounds as large as it can be in the middle of a frame: left, top, right and bottom."""
    (west, south, east, north), (left, top, right, bottom) = bounds, within
    scale = min((right - left) / (east - west), (bottom - top) / (north - south))
    shift = (left + right - scale * (west + east)) / 2, (top + bottom + scale * (south + north)) / 2
    return Plan(round(bottom - top), scale, shift, width=round(right - left))


def _frame(bounds: Sequence[float]) -> Plan:
    west, south, east, north = bounds
    scale = (WIDTH - 2 * MARGIN) / (east - west)
    return Plan(round((north - south) * scale + 2 * MARGIN), scale, (MARGIN - west * scale, MARGIN + north * scale))


def _places(layer: gpd.GeoDataFrame, plan: Plan) -> tuple[Place, ...]:
    # Simplified as a coverage, in metres, before they are scaled: an edge of two polygons stays one edge.
    shapes = shapely.coverage_simplify(layer.geometry.to_numpy(), 3 * TOLERANCE_M)
    shapes = shapely.transform(shapes, plan.drawn)
    # A label stands where it can be read whole, if its place reaches there.
    inner = shapely.intersection(shapes, shapely.box(40, 20, WIDTH - 40, plan.height - 20))
    labels = shapely.point_on_surface(np.where(shapely.is_empty(inner), shapes, inner))
    return tuple(
        Place(name, svg_path(shape), round(label.x, 1), round(label.y, 1))
        for name, shape, label in zip(layer["name"], shapes, labels, strict=True)
    )


def svg_path(shape: shapely.Geometry) -> str:
    """Return polygons or lines as the path of an SVG."""
    parts = shapely.get_parts(shape)
    rings = [ring for part in parts for ring in shapely.get_rings(part)]
    closed = ["L".join(f"{x:.1f} {y:.1f}" for x, y in shapely.get_coordinates(ring)[:-1]) for ring in rings]
    lines = [part for part in parts if part.geom_type == "LineString"]
    opened = ["L".join(f"{x:.1f} {y:.1f}" for x, y in shapely.get_coordinates(line)) for line in lines]
    return "".join([f"M{ring}Z" for ring in closed] + [f"M{line}" for line in opened])
