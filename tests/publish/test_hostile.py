"""200 hostile texts in every text field of the structures: every file opens, and says them as they were."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import xml.etree.ElementTree as ET
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING

import frictionless
import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
from openpyxl.utils.escape import unescape

from essgeo.files.guard import FORMULA_STARTS, restored
from essgeo.files.write import writable, write_file
from essgeo.publish import export
from essgeo.publish.release import release
from essgeo.schema.columns import TABLES
from tests.made.study import HOSTILE, make_study

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.results import Study

# Free text: a vocabulary has only its codes, and a key must stay one.
FIELDS = [
    column.name
    for column in TABLES["structures"].columns
    if column.kind == "text" and not column.allowed and column.name != "structure_id"
]


def turned(by: int) -> list[str]:
    """The hostile texts, each moved on, so that every field of a row holds another one."""
    return [*HOSTILE[by:], *HOSTILE[:by]]


@pytest.fixture(scope="module")
def hostile() -> Study:
    """Hostile in every free text of the structures, in their identifiers, in the territory and in its sources."""
    study = make_study()
    texts = {name: pd.Series(turned(i), study.structures.index, dtype=object) for i, name in enumerate(FIELDS)}
    structures = study.structures.assign(**texts, geo_status="located")
    structures.index = pd.Index([f"{text} {i}" for i, text in enumerate(HOSTILE)], name="structure_id")
    zones = study.structure_zones.assign(structure_id=structures.index.repeat(2))
    review = study.review.assign(structure_id=structures.index[-3:])
    sources = tuple(
        dataclasses.replace(source, title=HOSTILE[i], publisher=HOSTILE[i + 9], file=HOSTILE[i + 17].replace("/", ""))
        for i, source in enumerate(study.inputs)
    )
    return dataclasses.replace(
        study,
        territory=dataclasses.replace(
            study.territory, name="=1+1 <img src=x onerror=alert(1)> `${7*7}` {{x}} \x00\x1b"
        ),
        structures=structures,
        structure_zones=zones,
        neighbours=study.neighbours.assign(structure_id=structures.index[0]),
        review=review,
        inputs=sources,
    )


@pytest.fixture(scope="module")
def folder(hostile: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(hostile, tmp_path_factory.mktemp("hostile"))[-1].parent


@pytest.fixture(scope="module")
def wanted(hostile: Study) -> pd.DataFrame:
    return release(hostile).tables["structures"][["structure_id", *FIELDS]]


def test_every_field_is_tried(wanted: pd.DataFrame) -> None:
    assert len(FIELDS) > 20
    assert all(wanted[name].nunique() > 190 for name in FIELDS)


def test_csv_and_data_package(folder: Path, wanted: pd.DataFrame) -> None:
    read = pd.read_csv(folder / "tables" / "structures.csv", dtype=str, keep_default_na=False)
    for name in wanted:
        assert [restored(text) for text in read[name]] == wanted[name].tolist()
        assert not [text for text in read[name] if text and text[0] in FORMULA_STARTS]
    report = frictionless.Package(str(folder / "datapackage.json")).validate()
    assert report.flatten(["name", "rowNumber", "fieldName", "note"]) == []


def test_workbook(folder: Path, wanted: pd.DataFrame) -> None:
    book = openpyxl.load_workbook(folder / "study.xlsx")
    header, *rows = book["structures"].iter_rows()
    column = {cell.value: position for position, cell in enumerate(header)}
    for name in wanted:
        assert [unescape(str(row[column[name]].value or "")) for row in rows] == wanted[name].tolist()
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row} <= {"s", "n", "b"}
    with zipfile.ZipFile(folder / "study.xlsx") as parts:
        for name in parts.namelist():
            ET.fromstring(parts.read(name))  # noqa: S314 - our own file


def test_layers(folder: Path, wanted: pd.DataFrame) -> None:
    read = {
        "gpkg": pyogrio.read_dataframe(folder / "layers.gpkg", layer="structures"),
        "geojson": pyogrio.read_dataframe(folder / "geojson" / "structures.geojson"),
        "parquet": gpd.read_parquet(folder / "geoparquet" / "structures.parquet"),
    }
    for kind, layer in read.items():
        for name in wanted:
            assert layer[name].fillna("").tolist() == wanted[name].tolist(), (kind, name)
    with closing(sqlite3.connect(folder / "layers.gpkg")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        styles = [style for (style,) in connection.execute("SELECT styleQML FROM layer_styles")]
    for text in (*styles, (folder / "study.qgs").read_text(encoding="utf-8")):
        ET.fromstring(text)  # noqa: S314 - our own file


def test_umap_and_attributions(folder: Path) -> None:
    umap = (folder / "study.umap").read_text(encoding="utf-8")
    assert json.loads(umap)["type"] == "umap"
    notice = (folder / "ATTRIBUTIONS.md").read_text(encoding="utf-8")
    assert "<" not in umap
    assert "<script" not in notice
    assert "<img" not in notice
    assert "\n=" not in notice


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".geojson", ".gpkg", ".parquet"])
def test_a_table_of_addresses(suffix: str, tmp_path: Path) -> None:
    names = list(HOSTILE)
    points = gpd.points_from_xy([2.4] * len(names), [48.9] * len(names))
    frame = gpd.GeoDataFrame({"name": names, "=cell": names[::-1]}, geometry=points, crs=4326)
    path = tmp_path / f"out{suffix}"
    write_file(frame, path)
    if suffix == ".csv":
        read = pd.read_csv(path, dtype=str, keep_default_na=False)
        assert not [text for text in [*read.columns, *read["name"]] if text and text[0] in FORMULA_STARTS]
        assert [restored(text) for text in read["name"]] == [writable(text) for text in names]
    elif suffix == ".xlsx":
        cells = [cell for row in openpyxl.load_workbook(path).active.iter_rows() for cell in row]  # type: ignore[union-attr]
        assert {cell.data_type for cell in cells} <= {"s", "n"}
        assert all(cell.quotePrefix for cell in cells if cell.value and str(cell.value)[0] in FORMULA_STARTS)
    else:
        read = gpd.read_parquet(path) if suffix == ".parquet" else pyogrio.read_dataframe(path)
        assert len(read) == len(names)
        if suffix != ".parquet":
            assert read["name"].fillna("").tolist() == [writable(text) for text in names]


def test_a_text_like_markup_of_a_workbook_stays_a_text(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    texts = ["<r><t>a</t></r>", "<r></si>&</r>", "<r>" + "a" * 40_000 + "</r>", "<r>" + "a" * 32_760 + "</r>"]
    write_file(pd.DataFrame({"name": texts}), path)
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            ET.fromstring(parts.read(name))  # noqa: S314 - our own file
    read = [cell.value for cell in openpyxl.load_workbook(path).active["A"][1:]]  # type: ignore[index]
    assert read == [f"{texts[0]} ", f"{texts[1]} ", texts[2][:32_767], f"{texts[3][:32_766]} "]
