"""What the layers of a map hold and say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import geopandas as gpd
import pandas as pd
import shapely

from essgeo.crs import GEOGRAPHIC
from essgeo.maps.findings import interval
from essgeo.schema.vocabulary import SITE_STATES
from essgeo.text.languages import texts
from essgeo.text.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from essgeo.results import Study


Row: TypeAlias = Mapping[str, Any]


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, or of a layer without its geometry, in order.

    Examples
    --------
    >>> records(pd.DataFrame({"zone_id": ["QN1"], "share": [0.5]}))
    [{'zone_id': 'QN1', 'share': 0.5}]
    """
    return cast("list[dict[str, Any]]", attributes(table).to_dict("records"))


def by_index(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the rows of a layer by identifier, without the geometry.

    Examples
    --------
    >>> by_index(pd.DataFrame({"name": ["La Noue"]}, index=["noue"]))
    {'noue': {'name': 'La Noue'}}
    """
    return dict(zip(map(str, table.index), records(table), strict=True))


def attributes(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without its geometry.

    Examples
    --------
    >>> attributes(pd.DataFrame({"name": ["a"], "geometry": [None]})).columns.tolist()
    ['name']
    """
    return pd.DataFrame(table).drop(columns="geometry", errors="ignore")


def where(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    """Return the rows whose columns hold these values.

    Examples
    --------
    >>> where(pd.DataFrame({"level": ["qpv", "commune"], "minutes": [5, 5]}), level="qpv", minutes=5).index.tolist()
    [0]
    """
    kept = pd.Series(data=True, index=table.index)
    for name, value in values.items():
        kept &= table[name] == value
    return table[kept]


Collection: TypeAlias = dict[str, Any]


OUTLINE_DIGITS = 5

POINT_DIGITS = 6

TOLERANCE_M = 5.0


def outlines(layer: gpd.GeoDataFrame, *, tolerance_m: float = TOLERANCE_M) -> gpd.GeoSeries:
    """Return the polygons of a layer, simplified and in longitude and latitude.

    An edge that two polygons share is simplified once, so that neighbours stay glued.

    Parameters
    ----------
    layer
        Polygons in a metric CRS.
    tolerance_m
        Detail that may be lost: a corner goes where the triangle it makes is smaller than the square of it, in metres.

    Returns
    -------
    GeoSeries
        EPSG:4326, five decimals (about 1 m), the index of `layer`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> squares = gpd.GeoDataFrame(geometry=[box(652000, 6863000, 653000, 6864000)], crs="EPSG:2154")
    >>> [round(value, 3) for value in outlines(squares).total_bounds.tolist()]
    [2.346, 48.865, 2.359, 48.874]
    """
    simple = shapely.coverage_simplify(layer.geometry.to_numpy(), tolerance_m)
    return gpd.GeoSeries(simple, index=layer.index, crs=layer.crs).to_crs(GEOGRAPHIC)


def collection(geometry: gpd.GeoSeries, properties: Sequence[Mapping[str, Any]]) -> Collection:
    """Return a GeoJSON feature collection; rows without a geometry are left out.

    Parameters
    ----------
    geometry
        Geometries in EPSG:4326.
    properties
        One mapping a row.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> points = gpd.GeoSeries([Point(2.4382461234, 48.9), None], crs="EPSG:4326")
    >>> collection(points, [{"title": "a"}, {"title": "b"}])["features"][0]["geometry"]
    {'type': 'Point', 'coordinates': [2.438246, 48.9]}
    """
    features = [
        {"type": "Feature", "properties": dict(row), "geometry": _rounded(shape.__geo_interface__)}
        for shape, row in zip(geometry, properties, strict=True)
        if shape is not None and not shape.is_empty
    ]
    return {"type": "FeatureCollection", "features": features}


def _rounded(geometry: Mapping[str, Any]) -> dict[str, Any]:
    digits = POINT_DIGITS if geometry["type"] == "Point" else OUTLINE_DIGITS
    return {"type": geometry["type"], "coordinates": _round(geometry["coordinates"], digits)}


def _round(coordinates: Any, digits: int) -> Any:  # noqa: ANN401 - nested as deep as the geometry type
    if isinstance(coordinates, float):
        return round(coordinates, digits)
    return [_round(part, digits) for part in coordinates]


Popup = dict[str, Any]


def communes(study: Study) -> list[Popup]:
    """Return one popup a commune: its residents and the share of them within reach."""
    reached = _reach(study, "commune")
    return [
        _popup(
            code,
            row["name"],
            [(texts(study.lang)["common"]["residents"], number(row["population"], study.lang)), *reached.get(code, [])],
        )
        for code, row in by_index(study.communes).items()
    ]


def qpv(study: Study) -> list[Popup]:
    """Return one popup a QPV: code, vintage, residents within reach and the structures expected in it."""
    words = texts(study.lang)["map"]
    reached, counted = _reach(study, "qpv"), _counted(study, "qpv")
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
        for code, row in by_index(study.qpv).items()
    ]


def npnru(study: Study) -> list[Popup]:
    """Return one popup a renewal project, which says where the QPV outline stands in for its perimeter."""
    words = texts(study.lang)["map"]
    interests = {
        "national": words["interest_national"],
        "regional": words["interest_regional"],
        "unknown": words["interest_unknown"],
    }
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


def neighbourhoods(study: Study) -> list[Popup]:
    """Return one popup a target neighbourhood, with the identifier of its page."""
    words = texts(study.lang)
    reached, counted = _reach(study, "neighbourhood"), _counted(study, "neighbourhood")
    return [
        _popup(
            code, row["name"], [(words["common"]["city"], row["city"]), *reached.get(code, []), *counted.get(code, [])]
        )
        | {"page": code}
        for code, row in by_index(study.neighbourhoods).items()
    ]


def stations(study: Study) -> list[Popup]:
    """Return one popup a station."""
    words = texts(study.lang)["map"]
    return [
        _popup(
            code,
            row["name"],
            [
                (words["mode"], row["mode"]),
                (words["line"], row["line"]),
                (words["opened"], row["open_date"] or (words["planned"] if row["status"] == "planned" else "")),
            ],
        )
        | {"planned": row["status"] == "planned"}
        for code, row in by_index(study.stations).items()
    ]


def sites(study: Study) -> list[Popup]:
    """Return one popup a site or premises, with the two ends of its availability."""
    words = texts(study.lang)
    names = words["map"]
    return [
        _popup(
            code,
            row["name"],
            [
                (words["common"]["address"], ", ".join(filter(None, (row["address"], row["city"])))),
                (names["surface"], surface(row["surface_m2"], study)),
                (names["availability"], period(row["available_from"], row["available_to"], study)),
                (names["state"], SITE_STATES.get(row["state"], {}).get(study.lang, row["state"])),
                (names["former_use"], row["former_use"]),
                (names["owner"], row["owner_type"]),
                (names["source"], row["source"]),
            ],
        )
        | {"from": row["available_from"], "to": row["available_to"]}
        for code, row in by_index(study.sites).items()
    ]


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


def _popup(code: str, title: str, rows: list[tuple[str, str]]) -> Popup:
    return {"id": code, "title": title, "rows": [[label, value] for label, value in rows if value]}


def _with_interval(figure: str, around: str) -> str:
    return f"{figure} ({around})"


def _reach(study: Study, level: str) -> dict[str, list[tuple[str, str]]]:
    words, lang = texts(study.lang), study.lang
    chosen = where(study.coverage, level=level, theme="all", minutes=study.parameters.walk_minutes)
    label = words["map"]["coverage_legend"].format(minutes=study.parameters.walk_minutes)
    return {
        row["zone_id"]: [
            (
                label,
                _with_interval(
                    percent(row["share"], lang), interval(row["share_low"], row["share_high"], lang, share=True)
                ),
            )
        ]
        for row in records(chosen)
    }


def _counted(study: Study, layer: str) -> dict[str, list[tuple[str, str]]]:
    words, lang = texts(study.lang), study.lang
    return {
        row["zone_id"]: [
            (words["common"]["residents"], number(row["residents"], lang)),
            (
                words["map"]["expected"],
                _with_interval(
                    number(row["structures_expected"], lang, 1),
                    interval(row["structures_low"], row["structures_high"], lang),
                ),
            ),
            (words["territory"]["within_300m"], number(row["structures_within_300m"], lang)),
        ]
        for row in records(where(study.zones, layer=layer))
    }
