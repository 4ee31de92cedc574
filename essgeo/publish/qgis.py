"""A QGIS project beside the GeoPackages: every layer named, grouped and drawn."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from pyproj import CRS

from essgeo.files.write import writable
from essgeo.publish.geopackage import DOCTYPE, POINTS, renderer
from essgeo.schema.columns import TABLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from essgeo.results import Study
    from essgeo.schema.vocabulary import Labels


_OLDEST_QGIS = "3.22.0"

_LAYER_ID = "essgeo_{}_layer"  # QGIS replaces an identifier of ten characters or fewer by one of its own

_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("places", ("structures", "sites", "stations")),
    ("zones", ("neighbourhoods", "npnru", "qpv")),
    ("residents", ("communes", "iris")),
)

_WORDS: Labels = {
    "places": {"fr": "Lieux", "en": "Places"},
    "zones": {"fr": "Quartiers", "en": "Neighbourhoods"},
    "residents": {"fr": "Habitants et couverture", "en": "Residents and coverage"},
}


def write_project(study: Study, files: Mapping[str, str], path: Path) -> None:
    """Write a QGIS project that opens on the territory, its layers in groups and styled as in the GeoPackages.

    Layers are found by their file's name beside the project, so that the folder may be moved as a whole. The project
    holds no data: a layer under the ODbL stays in its own file.

    Parameters
    ----------
    study
        What a run found: its name, CRS, extent and language.
    files
        The GeoPackage of each layer, by name of layer, in the folder of the project.
    path
        File to write, ``.qgs``.
    """
    name = writable(study.territory.name)
    root = ET.Element("qgis", projectname=name, version=_OLDEST_QGIS)
    ET.SubElement(root, "title").text = f"{name} {study.parameters.as_of:%Y-%m-%d}"
    _add_crs(ET.SubElement(root, "projectCrs"), study)
    tree = ET.SubElement(root, "layer-tree-group")
    layers = ET.Element("projectlayers")
    for group, names in _GROUPS:
        branch = ET.SubElement(
            tree, "layer-tree-group", name=_WORDS[group][study.lang], checked="Qt::Checked", expanded="1"
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
    layer = ET.Element("maplayer", type="vector", geometry="Point" if name in POINTS else "Polygon")
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
