"""Licences stay separable: what rests on ODbL data is in files that say so, and each file is described by its own."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import frictionless
import openpyxl
import pandas as pd
import pyogrio
import pytest

from essgeo.files.provenance import Input
from essgeo.publish import export
from essgeo.schema.columns import STUDY_TABLES as TABLES
from tests.made.study import make_study

if TYPE_CHECKING:
    from pathlib import Path

STREETS = Input(
    "network", "93.osm.pbf", "2" * 64, "Rues piétonnes", "Contributeurs d'OpenStreetMap", "ODbL 1.0", "2026-01-01"
)
WALKED = {
    "borders",
    "if_listed",
    "coverage",
    "iris_coverage",
    "gaps",
    "support_chain",
    "challenge_reach",
    "needs_supply",
    "neighbours",
}
SHARED = {*WALKED, "support_offers", "figures"}
"""Tables under the ODbL: figures walked on its streets, and what names its stations."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    study = make_study()
    walked = dataclasses.replace(study, inputs=(*study.inputs, STREETS))
    return export(walked, tmp_path_factory.mktemp("walked"))[-1].parent


def licences(folder: Path) -> dict[str, set[str]]:
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return {item["path"]: {licence["name"] for licence in item.get("licenses", [])} for item in package["resources"]}


def test_the_name_of_a_file_says_whether_it_is_share_alike(folder: Path) -> None:
    for path, names in licences(folder).items():
        assert ("ODbL-1.0" in names) == ("_odbl." in path), path


def test_figures_walked_on_openstreetmap_are_apart(folder: Path) -> None:
    tables = {path.name for path in (folder / "tables").iterdir()}
    assert {f"{name}_odbl.csv" for name in WALKED} <= tables
    assert not {f"{name}.csv" for name in WALKED} & tables
    assert set(openpyxl.load_workbook(folder / "study_odbl.xlsx").sheetnames) == {"Notes", *SHARED} - {"iris_coverage"}
    assert not WALKED & set(openpyxl.load_workbook(folder / "study.xlsx").sheetnames)
    assert {name for name, _ in pyogrio.list_layers(folder / "layers_odbl.gpkg")} == {
        "iris",
        "stations",
        "layer_styles",
    }
    assert "coverage_share" not in (folder / "study.umap").read_text(encoding="utf-8")
    assert frictionless.Package(str(folder / "datapackage.json")).validate().valid


def test_the_notice_names_the_streets_and_what_rests_on_them(folder: Path) -> None:
    notice = (folder / "ATTRIBUTIONS.md").read_text(encoding="utf-8")
    line = next(line for line in notice.splitlines() if "Rues piétonnes" in line)
    assert "`tables/coverage_odbl.csv`" in line
    assert "`study_odbl.xlsx`" in line
    assert "study.xlsx`" not in line


@pytest.mark.parametrize("name", [name for name in TABLES if name == "structures" or not TABLES[name].geographic])
def test_a_table_is_valid_by_its_own_schema(name: str, folder: Path) -> None:
    schema = folder / "schemas" / f"{name}.json"
    path = folder / "tables" / f"{name}{'_odbl' if name in SHARED else ''}.csv"
    described = json.loads(schema.read_text(encoding="utf-8"))
    assert [field["name"] for field in described["fields"]] == pd.read_csv(path, nrows=0).columns.tolist()
    assert described["primaryKey"] == list(TABLES[name].key)
    assert "foreignKeys" not in described
    frictionless.Schema.from_descriptor(described)
    # A primary key that repeats is the fixture's: the rows of a study do not.
    described.pop("primaryKey")
    table = frictionless.Resource(
        path=path.name, basepath=str(path.parent), schema=frictionless.Schema.from_descriptor(described)
    )
    assert table.validate().flatten(["rowNumber", "fieldName", "note"]) == []
