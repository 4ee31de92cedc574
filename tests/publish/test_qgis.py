"""QGIS itself opens what is exported: the styles of a GeoPackage, and the project with its groups."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from essgeo.publish.geopackage import FAMILY_COLOURS, LINES, OUTLINES, POINTS
from essgeo.schema.columns import TABLES
from essgeo.schema.vocabulary import FAMILIES

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.results import Study

GROUPS = {
    "Lieux": ["structures", "sites", "cooperations", "stations"],
    "Quartiers": ["neighbourhoods", "npnru", "qpv"],
    "Habitants et couverture": ["communes", "iris"],
}
# Run by the Python of the system, which has the bindings of QGIS: prints what QGIS makes of a folder.
ASK = """
import json, sys
from qgis.core import QgsApplication, QgsProject, QgsVectorLayer
from qgis.core import QgsMapRendererParallelJob, QgsMapSettings
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor

def described(layer):
    renderer = layer.renderer()
    kind, symbols = renderer.type(), []
    if kind == "categorizedSymbol":
        symbols = [[item.value(), item.symbol().color().name()] for item in renderer.categories()]
    elif kind == "graduatedSymbol":
        symbols = [[item.lowerValue(), item.upperValue(), item.label()] for item in renderer.ranges()]
    else:
        drawn = renderer.symbol().symbolLayer(0)
        symbols = [(drawn.color() if layer.geometryType() == 1 else drawn.strokeColor()).name()]
    return {"valid": layer.isValid(), "rows": layer.featureCount(), "crs": layer.crs().authid(), "kind": kind,
            "symbols": symbols, "name": layer.name()}

application = QgsApplication([], False)
application.initQgis()
folder = sys.argv[1]
styled = {}
for stem, name in (item.split(":") for item in sys.argv[2:]):
    layer = QgsVectorLayer(f"{folder}/{stem}.gpkg|layername={name}", name, "ogr")
    loaded = layer.loadDefaultStyle()[1]
    styled[name] = described(layer) | {"loaded": loaded}
project = QgsProject.instance()
read = project.read(f"{folder}/study.qgs")
tree = project.layerTreeRoot()
groups = {group.name(): [described(node.layer()) for node in group.children()] for group in tree.children()}
settings = QgsMapSettings()
settings.setLayers(tree.checkedLayers())
settings.setDestinationCrs(project.crs())
settings.setOutputSize(QSize(300, 300))
settings.setBackgroundColor(QColor("white"))
settings.setExtent(next(layer for layer in tree.checkedLayers() if "iris" in layer.source()).extent().buffered(500))
job = QgsMapRendererParallelJob(settings)
job.start()
job.waitForFinished()
image = job.renderedImage()
colours = {image.pixelColor(x, y).name() for x in range(300) for y in range(300)}
print(json.dumps({"read": read, "error": project.error(), "title": project.title(), "crs": project.crs().authid(),
                  "styled": styled, "groups": groups, "colours": sorted(colours)}))
"""


@pytest.fixture(scope="session")
def python_of_qgis() -> str:
    """Python that has the bindings of QGIS."""
    python = shutil.which("python3", path="/usr/bin") or ""
    find = "import importlib.util, sys; sys.exit(importlib.util.find_spec('qgis') is None)"
    asked = python and subprocess.run([python, "-c", find], check=False, capture_output=True)
    if not asked or asked.returncode:
        pytest.skip("no QGIS: install python3-qgis and qgis-providers")
    return python


@pytest.fixture(scope="module")
def folder(written: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    moved = tmp_path_factory.mktemp("elsewhere") / "copied é"
    return shutil.copytree(written[-1].parent, moved)


@pytest.fixture(scope="module")
def opened(python_of_qgis: str, folder: Path) -> Any:
    names = [
        f"{'layers_odbl' if name == 'stations' else 'layers'}:{name}" for group in GROUPS.values() for name in group
    ]
    told = subprocess.run(
        [python_of_qgis, "-c", ASK, str(folder), *names],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""},
    )
    assert "may only be partially supported" not in told.stderr
    return json.loads(told.stdout)


def test_qgis_takes_the_style_of_every_layer(opened: Any) -> None:
    styled = opened["styled"]
    assert all(layer["loaded"] and layer["valid"] and layer["crs"] == "EPSG:2154" for layer in styled.values())
    assert styled["structures"]["symbols"] == [[code, colour.lower()] for code, colour in FAMILY_COLOURS.items()]
    assert styled["structures"]["rows"] == 200
    assert styled["iris"]["symbols"][0] == [0.0, 0.2, "0 à 20\N{NO-BREAK SPACE}%"]
    assert {name: styled[name]["symbols"] for name in OUTLINES} == {
        name: [colour.lower()] for name, colour in OUTLINES.items()
    }


def test_qgis_opens_the_project_wherever_the_folder_is(opened: Any, study: Study) -> None:
    assert opened["read"]
    assert opened["error"] == ""
    assert opened["crs"] == "EPSG:2154"
    assert opened["title"].startswith(study.territory.name)
    assert list(opened["groups"]) == list(GROUPS)
    for title, names in GROUPS.items():
        layers = opened["groups"][title]
        assert [layer["name"] for layer in layers] == [TABLES[name].title["fr"] for name in names]
        assert all(layer["valid"] for layer in layers)
        assert [layer["symbols"] for layer in layers] == [opened["styled"][name]["symbols"] for name in names]
    assert len(opened["colours"]) > 10


def test_the_project_names_files_beside_it(folder: Path) -> None:
    root = ET.parse(folder / "study.qgs").getroot()  # noqa: S314 - our own file
    files = {str(source.text).split("|")[0] for source in root.iter("datasource")}
    assert files == {"./layers.gpkg", "./layers_odbl.gpkg"}
    drawn = {element.get("id") for element in root.iter("layer-tree-layer")}
    assert drawn == {element.text for element in root.iter("id")}


def test_every_published_layer_is_drawn_and_stands_in_a_group() -> None:
    layers = {name for name, table in TABLES.items() if table.geographic}
    assert layers == {"iris", *OUTLINES, *POINTS}
    assert layers | {*LINES} == {name for names in GROUPS.values() for name in names}


def test_every_family_has_a_colour() -> None:
    assert set(FAMILY_COLOURS) == set(FAMILIES)
