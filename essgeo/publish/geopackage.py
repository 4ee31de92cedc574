"""Layers as a GeoPackage, and how QGIS opens them: styles and a project."""

from __future__ import annotations

import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyproj import CRS

from essgeo.files.geographic import gdal_options
from essgeo.files.layers import POINT_LAYERS
from essgeo.files.write import add_to_geopackage, writable
from essgeo.schema.columns import TABLES
from essgeo.schema.vocabulary import FAMILIES
from essgeo.text.languages import words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import geopandas as gpd

    from essgeo.messages import Lang
    from essgeo.results import Study


# Okabe and Ito (2008): told apart by readers who do not see all colours.
FAMILY_COLOURS = {
    "association": "#0072B2",
    "cooperative": "#D55E00",
    "mutuelle": "#009E73",
    "fondation": "#CC79A7",
    "entreprise_commerciale_ess": "#E69F00",
    "unknown": "#7F7F7F",
}

# ColorBrewer YlGnBu, five classes.
COVERAGE_COLOURS = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")

OUTLINES = {"qpv": "#C0392B", "npnru": "#7D3C98", "neighbourhoods": "#111111", "communes": "#555555"}

MARKERS = {"sites": "#8B5A2B", "stations": "#1A1A1A"}
"""Colours of layers of points; another has that of :data:`MARKER`."""

MARKER = "#4A5A2B"

POINTS = ("structures", *POINT_LAYERS)

LINES = {"cooperations": "#6A3D00"}

DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"

_TABLE = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME
)"""

_REGISTER = """
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)
VALUES ('layer_styles', 'attributes', 'layer_styles', 'QGIS styles', ?)"""

_STYLE = """
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML,
    styleSLD, useAsDefault, description, owner, ui, update_time)
VALUES ('', '', ?, 'geom', ?, ?, '', 1, '', '', NULL, ?)"""


@dataclass(frozen=True)
class Symbol:
    """How a class of features is drawn: colours as ``#rrggbb``, ``fill`` empty for an outline alone."""

    label: str
    fill: str = ""
    outline: str = "#FFFFFF"
    width_mm: float = 0.2
    opacity: float = 1.0
    dashed: bool = False


def _add_styles(path: Path, layers: Iterable[str], *, lang: Lang, day: dt.date) -> None:
    """Add QML to a GeoPackage as the default styles of its layers."""
    stamp = f"{day:%Y-%m-%d}T00:00:00.000Z"
    rows = []
    for layer in layers:
        root = ET.Element("qgis", version="3.34", styleCategories="Symbology")
        root.append(renderer(layer, lang=lang))
        ET.SubElement(root, "layerGeometryType").text = "0" if layer in POINTS else "1" if layer in LINES else "2"
        rows.append((layer, layer, DOCTYPE + ET.tostring(root, encoding="unicode"), stamp))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_TABLE)
        connection.execute(_REGISTER, (stamp,))
        connection.executemany(_STYLE, rows)


def renderer(layer: str, *, lang: Lang) -> ET.Element:
    """Return the ``renderer-v2`` element of a published layer, as styles and projects hold it.

    Structures are coloured by family, IRIS by the share of their residents within reach; other layers have one symbol.

    Examples
    --------
    >>> renderer("iris", lang="en").get("attr")
    'coverage_share'
    """
    if layer == "structures":
        symbols = {code: Symbol(FAMILIES[code][lang], colour) for code, colour in FAMILY_COLOURS.items()}
        return _renderer("categorizedSymbol", "family", symbols, kind="marker")
    if layer == "iris":
        return _renderer("graduatedSymbol", "coverage_share", _share_classes(lang), kind="fill")
    if layer in POINTS:
        return _renderer("singleSymbol", "", {"": Symbol("", MARKERS.get(layer, MARKER))}, kind="marker")
    if layer in LINES:
        line = Symbol("", outline=LINES[layer], width_mm=0.5, dashed=True)
        return _renderer("singleSymbol", "", {"": line}, kind="line")
    outline = Symbol("", outline=OUTLINES[layer], width_mm=0.5, dashed=layer == "npnru")
    return _renderer("singleSymbol", "", {"": outline}, kind="fill")


def _share_classes(lang: Lang) -> dict[str, Symbol]:
    step = 1 / len(COVERAGE_COLOURS)
    return {
        f"{i * step:.2f} {(i + 1) * step:.2f}": Symbol(
            words(lang)["qgis"]["share_class"].format(low=100 * i * step, high=100 * (i + 1) * step),
            colour,
            opacity=0.7,
        )
        for i, colour in enumerate(COVERAGE_COLOURS)
    }


def _renderer(form: str, attribute: str, symbols: Mapping[str, Symbol], *, kind: str) -> ET.Element:
    drawn = ET.Element("renderer-v2", type=form, symbollevels="0", forceraster="0", enableorderby="0")
    if attribute:
        drawn.set("attr", attribute)
    if form == "categorizedSymbol":
        classes = ET.SubElement(drawn, "categories")
        for i, (value, symbol) in enumerate(symbols.items()):
            ET.SubElement(
                classes, "category", type="string", value=value, label=symbol.label, symbol=str(i), render="true"
            )
    elif form == "graduatedSymbol":
        drawn.set("graduatedMethod", "GraduatedColor")
        classes = ET.SubElement(drawn, "ranges")
        for i, (value, symbol) in enumerate(symbols.items()):
            lower, upper = value.split()
            ET.SubElement(classes, "range", lower=lower, upper=upper, label=symbol.label, symbol=str(i), render="true")
    listed = ET.SubElement(drawn, "symbols")
    for i, symbol in enumerate(symbols.values()):
        _add_symbol(listed, str(i), symbol, kind=kind)
    return drawn


_ENGINES = {"marker": "SimpleMarker", "line": "SimpleLine", "fill": "SimpleFill"}


def _add_symbol(listed: ET.Element, name: str, symbol: Symbol, *, kind: str) -> None:
    element = ET.SubElement(
        listed, "symbol", type=kind, name=name, alpha=f"{symbol.opacity:g}", clip_to_extent="1", force_rhr="0"
    )
    layer = ET.SubElement(element, "layer", {"class": _ENGINES[kind], "enabled": "1", "locked": "0", "pass": "0"})
    options = ET.SubElement(layer, "Option", type="Map")
    stroke, width = "dash" if symbol.dashed else "solid", f"{symbol.width_mm:g}"
    if kind == "line":
        chosen = {"line_color": _rgba(symbol.outline), "line_style": stroke}
        chosen |= {"line_width": width, "line_width_unit": "MM"}
    else:
        chosen = {"color": _rgba(symbol.fill or "#FFFFFF"), "outline_color": _rgba(symbol.outline)}
        chosen |= {"outline_style": stroke, "outline_width": width, "outline_width_unit": "MM"}
        point = {"name": "circle", "size": "2.4", "size_unit": "MM"}
        chosen |= point if kind == "marker" else {"style": "solid" if symbol.fill else "no"}
    for key, value in chosen.items():
        ET.SubElement(options, "Option", type="QString", name=key, value=value)


def _rgba(colour: str) -> str:
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


def write_geopackage(layers: Mapping[str, gpd.GeoDataFrame], path: Path, *, lang: Lang, day: dt.date) -> None:
    """Write layers into a new GeoPackage, in their CRS, each named, titled and styled; ``day`` is the date it bears."""
    # Nor is the disk waited for: a file of a run that dies is thrown away.
    with gdal_options({"OGR_CURRENT_DATE": f"{day:%Y-%m-%d}T00:00:00.000Z", "OGR_SQLITE_SYNCHRONOUS": "OFF"}):
        for name, layer in layers.items():
            geometry = "Point" if name in POINTS else "LineString" if name in LINES else "MultiPolygon"
            add_to_geopackage(layer, path, name, title=TABLES[name].title[lang], geometry=geometry)
    _add_styles(path, layers, lang=lang, day=day)


_OLDEST_QGIS = "3.22.0"

_LAYER_ID = "essgeo_{}_layer"  # QGIS replaces an identifier of ten characters or fewer by one of its own

_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("places", tuple(dict.fromkeys(["structures", "sites", "cooperations", "stations", *POINTS]))),
    ("zones", ("neighbourhoods", "npnru", "qpv")),
    ("residents", ("communes", "iris")),
)


def write_project(study: Study, files: Mapping[str, str], path: Path) -> None:
    """Write a QGIS project that opens on the territory, its layers in groups and styled as in the GeoPackages.

    Layers are found by the names of ``files`` beside the project, so that the folder may be moved as a whole. The
    project holds no data: a layer under the ODbL stays in its own file.
    """
    name = writable(study.territory.name)
    root = ET.Element("qgis", projectname=name, version=_OLDEST_QGIS)
    ET.SubElement(root, "title").text = f"{name} {study.parameters.as_of:%Y-%m-%d}"
    _add_crs(ET.SubElement(root, "projectCrs"), study)
    tree = ET.SubElement(root, "layer-tree-group")
    layers = ET.Element("projectlayers")
    for group, names in _GROUPS:
        branch = ET.SubElement(
            tree, "layer-tree-group", name=words(study.lang)["qgis"][group], checked="Qt::Checked", expanded="1"
        )
        for layer in (layer for layer in names if layer in files):
            ET.SubElement(
                branch,
                "layer-tree-layer",
                id=_LAYER_ID.format(layer),
                name=TABLES[layer].title[study.lang],
                providerKey="ogr",
                checked="Qt::Checked",
                expanded=str(int(layer in {"structures", "iris"})),
            )
            layers.append(_layer(layer, files[layer], study))
    _add_canvas(root, study)
    root.append(layers)
    properties = ET.SubElement(root, "properties")
    ET.SubElement(ET.SubElement(properties, "Paths"), "Absolute", type="bool").text = "false"
    ET.SubElement(ET.SubElement(properties, "SpatialRefSys"), "ProjectionsEnabled", type="int").text = "1"
    path.write_text(DOCTYPE + ET.tostring(root, encoding="unicode"), encoding="utf-8")


def _layer(name: str, file: str, study: Study) -> ET.Element:
    layer = ET.Element(
        "maplayer", type="vector", geometry="Point" if name in POINTS else "Line" if name in LINES else "Polygon"
    )
    for tag, text in (
        ("id", _LAYER_ID.format(name)),
        ("datasource", f"./{file}|layername={name}"),
        ("layername", TABLES[name].title[study.lang]),
    ):
        ET.SubElement(layer, tag).text = text
    _add_crs(ET.SubElement(layer, "srs"), study)
    ET.SubElement(layer, "provider", encoding="UTF-8").text = "ogr"
    layer.append(renderer(name, lang=study.lang))
    ET.SubElement(layer, "previewExpression").text = '"name"'
    return layer


def _add_canvas(root: ET.Element, study: Study) -> None:
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas")
    ET.SubElement(canvas, "units").text = "meters"
    extent = ET.SubElement(canvas, "extent")
    for side, metres in zip(("xmin", "ymin", "xmax", "ymax"), study.communes.total_bounds, strict=True):
        ET.SubElement(extent, side).text = f"{metres:.1f}"
    _add_crs(ET.SubElement(canvas, "destinationsrs"), study)


def _add_crs(parent: ET.Element, study: Study) -> None:
    system = ET.SubElement(parent, "spatialrefsys")
    ET.SubElement(system, "wkt").text = CRS(study.territory.crs).to_wkt()
    ET.SubElement(system, "authid").text = study.territory.crs
