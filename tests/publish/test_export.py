"""Every file of an export, read back with the tools that people use, says what the study says."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import xml.etree.ElementTree as ET
import zipfile
from typing import TYPE_CHECKING

import frictionless
import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from pandas.testing import assert_frame_equal

from essgeo.errors import SchemaError
from essgeo.files.guard import FORMULA_STARTS, neutralised, restored
from essgeo.files.redact import MASK
from essgeo.files.write import write_csv
from essgeo.publish import export
from essgeo.publish.release import Release, release
from essgeo.schema.columns import LAYERS, SHOWN_PUBLISHED, STUDY_TABLES, TABLES
from tests.made.study import HOSTILE, MASKED, make_study

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl import Workbook

    from essgeo.results import Study

TABLE_NAMES = [
    *(
        "structures",
        "structure_zones",
        "zones",
        "coverage",
        "borders",
        "if_listed",
        "iris_coverage",
        "gaps",
        "support_chain",
        "support_offers",
        "challenge_aims",
        "challenge_reach",
        "needs",
        "needs_supply",
        "figures",
        "qpv_figures",
        "cooperations",
        "city_contract",
        "concentrations",
        "neighbours",
        "register_lists",
        "review",
        "portrait",
        "portrait_areas",
    ),
]
OF_STATIONS = {"support_chain", "support_offers", "figures"}
"""Tables that name stations, which are under the ODbL here."""

ENDINGS = {name: "_odbl" if name in OF_STATIONS else "" for name in TABLE_NAMES}

LAYER_NAMES = ["structures", "qpv", "npnru", "neighbourhoods", "communes", "iris", "stations", "sites"]
SHEETS = [name for name in TABLE_NAMES if name != "iris_coverage" and name not in OF_STATIONS]


@pytest.fixture(scope="module")
def released(study: Study) -> Release:
    return release(study)


@pytest.fixture(scope="module")
def folder(written: list[Path]) -> Path:
    return written[-1].parent


@pytest.fixture(scope="module")
def book(folder: Path) -> Workbook:
    return openpyxl.load_workbook(folder / "study.xlsx")


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Nullable types to floats and objects, so that only values are compared."""
    as_float = {name: "float64" for name in frame if str(frame[name].dtype) in {"Int64", "int64", "int32", "float64"}}
    as_flag = {name: object for name in frame if str(frame[name].dtype) in {"boolean", "bool"}}
    return frame.astype(as_float).astype(as_flag)


def expected_text(text: str) -> str:
    """What is left of a hostile text: no control characters, one kind of line end."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "", re.sub("\r\n?", "\n", text))


def test_writes_what_it_says(folder: Path, written: list[Path]) -> None:
    assert sorted(written) == sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix() for path in written}
    assert {f"tables/{name}{ending}.csv" for name, ending in ENDINGS.items()} < names
    assert {
        "study.xlsx",
        "layers.gpkg",
        "layers_odbl.gpkg",
        "study.umap",
        "ATTRIBUTIONS.md",
        "datapackage.json",
    } < names
    assert {f"geojson/{name}.geojson" for name in LAYER_NAMES if name != "stations"} < names


def test_same_study_same_bytes(folder: Path, tmp_path: Path) -> None:
    export(make_study(), tmp_path)
    different = [
        path.relative_to(folder)
        for path in folder.rglob("*.*")
        if path.read_bytes() != (tmp_path / path.relative_to(folder)).read_bytes()
    ]
    assert different == []


def test_the_study_is_not_changed(study: Study) -> None:
    fresh = make_study()
    for name in STUDY_TABLES:
        assert_frame_equal(pd.DataFrame(getattr(study, name)), pd.DataFrame(getattr(fresh, name)))


def test_hostile_names_are_released_as_they_are(released: Release) -> None:
    names = released.layers["structures"]["name"].tolist()
    assert names == [*map(expected_text, HOSTILE[:-1]), MASK]
    assert released.cleaned > 0


def test_half_surrogates_are_removed(tmp_path: Path) -> None:
    study = make_study()
    notes = pd.Series(["a\ud800b"] * len(study.structures), study.structures.index, dtype=object)
    table = release(dataclasses.replace(study, structures=study.structures.assign(note=notes))).tables["structures"]
    assert table["note"].head(197).eq("ab").all()
    write_csv(table, tmp_path / "structures.csv")


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_csv_reads_back(name: str, folder: Path, released: Release) -> None:
    path = folder / "tables" / f"{name}{ENDINGS[name]}.csv"
    raw = path.read_bytes()
    assert b"\r" not in raw
    assert not raw.startswith(b"\xef\xbb\xbf")
    frame = released.tables[name]
    read = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert list(read.columns) == list(frame.columns)
    for column in frame:
        values = frame[column]
        if values.dtype == object:
            assert [restored(text) for text in read[column]] == values.tolist()
            assert not [text for text in read[column] if text and text[0] in FORMULA_STARTS]
        elif values.dtype == "boolean":
            assert read[column].map({"true": True, "false": False, "": pd.NA}).tolist() == values.tolist()
        else:
            np.testing.assert_array_equal(
                pd.to_numeric(read[column]).to_numpy(float), values.to_numpy(float, na_value=np.nan)
            )


def test_negative_numbers_stay_numbers(folder: Path) -> None:
    distances = pd.read_csv(folder / "tables" / "structures.csv")["qpv_distance_m"]
    assert distances.dtype == float
    assert (distances < 0).any()


@given(st.text(st.sampled_from("=+-@\t;'\n\r\uff1d aé")))
def test_neutralised_text_is_harmless_and_restored(text: str) -> None:
    safe = neutralised(text)
    assert not safe.startswith("\r")
    assert restored(safe) == text
    assert not [cell for cell in re.split("[;\n\r]", safe) if cell and cell[0] in FORMULA_STARTS]


@pytest.mark.parametrize("name", SHEETS)
def test_workbook_reads_back(name: str, book: Workbook, released: Release) -> None:
    sheet = book[name]
    frame = released.tables[name]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == sheet.dimensions
    header, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert header == list(frame.columns)
    for position, column in enumerate(frame):
        read = [row[position] for row in rows]
        if frame[column].dtype == object:
            assert [unescape(str(text or "")) for text in read] == frame[column].tolist()
        else:
            wanted = [None if pd.isna(value) else value for value in frame[column]]
            assert read == wanted
            assert all(isinstance(value, (bool, int, float)) for value in read if value is not None)
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "b"}


def test_workbook_holds_no_formula_and_begins_with_notes(folder: Path, book: Workbook) -> None:
    with zipfile.ZipFile(folder / "study.xlsx") as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/")]
        assert len(sheets) == len(SHEETS) + 1
        assert not [name for name in sheets if b"<f" in parts.read(name).replace(b"<fo", b"")]
    assert book.sheetnames == ["Notes", *SHEETS]
    notes = " ".join(str(cell.value) for row in book["Notes"].iter_rows() for cell in row if cell.value)
    assert "99 structures localisées dans le territoire sur environ 1\u202f274 entreprises" in notes
    assert "un lieu qui a fermé, moins" in notes
    assert "ODbL 1.0" in notes
    assert "cellules ont perdu des caractères" in notes
    name_cell = book["structures"].cell(row=4, column=2)
    assert str(name_cell.value).startswith("=cmd")
    assert name_cell.quotePrefix


def read_layer_back(path: Path, name: str | None = None) -> gpd.GeoDataFrame:
    read = pyogrio.read_dataframe(path, layer=name)
    assert isinstance(read, gpd.GeoDataFrame)
    return read


@pytest.mark.parametrize("name", LAYER_NAMES)
def test_geopackage_reads_back(name: str, folder: Path, released: Release) -> None:
    read = read_layer_back(folder / ("layers_odbl.gpkg" if name == "stations" else "layers.gpkg"), name)
    layer = released.layers[name]
    assert read.crs == layer.crs
    attributes = plain(pd.DataFrame(read.drop(columns=["geometry", *({"coverage_share"} & {*read.columns})])))
    assert_frame_equal(
        attributes, plain(pd.DataFrame(layer.drop(columns="geometry"))), check_dtype=False, check_column_type=False
    )
    assert (read.geometry.isna() == layer.geometry.isna()).all()
    known = layer.geometry.notna()
    assert read.geometry[known].geom_equals(layer.geometry[known]).all()


def test_cooperations_are_lines_between_two_places(folder: Path, released: Release) -> None:
    lines = read_layer_back(folder / "layers.gpkg", "cooperations")
    assert lines.geom_type.tolist() == ["LineString"], "not from a place to itself, nor where one end has none"
    places = released.layers["structures"].set_index("structure_id").geometry
    assert [shapely.Point(corner) for corner in lines.geometry[0].coords] == [places["s-000"], places["s-001"]]
    assert lines["relation_id"].tolist() == released.tables["cooperations"]["relation_id"].tolist()[:1]


def test_geopackage_carries_styles_that_qgis_reads(folder: Path) -> None:
    for path in (folder / "layers.gpkg", folder / "layers_odbl.gpkg"):
        names = {name for name, kind in pyogrio.list_layers(path) if kind}
        assert "layer_styles" in {name for name, _ in pyogrio.list_layers(path)}
        styles = pyogrio.read_dataframe(path, layer="layer_styles", read_geometry=False)
        assert set(styles["f_table_name"]) == names
        assert styles["useAsDefault"].astype(bool).all()
        for row in styles.itertuples():
            columns = set(pyogrio.read_info(path, layer=str(row.f_table_name))["fields"])
            renderer = ET.fromstring(str(row.styleQML)).find("renderer-v2")  # noqa: S314 - our own file
            assert renderer is not None
            assert renderer.get("attr", next(iter(columns))) in columns
            used = {element.get("symbol") for element in renderer.iter() if element.get("symbol")}
            drawn = {element.get("name") for element in renderer.findall("symbols/symbol")}
            assert used <= drawn
            assert drawn


def test_iris_carry_the_share_within_reach(folder: Path, study: Study) -> None:
    read = read_layer_back(folder / "layers.gpkg", "iris").set_index("iris_code")["coverage_share"]
    wanted = study.iris_coverage.set_index("iris_code")["share"]
    np.testing.assert_array_equal(read.loc[wanted.index], wanted)


@pytest.mark.parametrize("name", LAYER_NAMES)
def test_geojson_follows_rfc_7946(name: str, folder: Path, released: Release) -> None:
    path = folder / "geojson" / f"{name}{'_odbl' if name == 'stations' else ''}.geojson"
    content = json.loads(path.read_text(encoding="utf-8"))
    layer = released.layers[name]
    key = TABLES[name].key[0]
    assert "crs" not in content
    assert [feature["id"] for feature in content["features"]] == layer[key].tolist()
    assert [feature["geometry"] is None for feature in content["features"]] == layer.geometry.isna().tolist()
    assert (
        max(
            (
                len(digits)
                for digits in re.findall(r"\d\.(\d+)", json.dumps([f["geometry"] for f in content["features"]]))
            ),
            default=0,
        )
        <= 6
    )
    for feature, row in zip(content["features"], layer.to_dict("records"), strict=True):
        assert {column: feature["properties"][column] for column in layer.select_dtypes("object")} == {
            column: row[column] for column in layer.select_dtypes("object")
        }
    shapes = read_layer_back(path).geometry.dropna()
    degrees = layer.geometry.to_crs(4326).dropna()
    assert (shapely.hausdorff_distance(shapes.to_numpy(), degrees.to_numpy()) < 1e-6).all()
    rings = [polygon.exterior for polygon in shapes.explode() if polygon.geom_type == "Polygon"]
    assert all(shapely.is_ccw(rings))


@pytest.mark.parametrize("name", LAYER_NAMES)
def test_geoparquet_reads_back(name: str, folder: Path, released: Release) -> None:
    path = folder / "geoparquet" / f"{name}{'_odbl' if name == 'stations' else ''}.parquet"
    layer = released.layers[name]
    read = gpd.read_parquet(path)
    assert_geodataframe_equal(read[[*layer.columns]], layer, check_dtype=False)
    geo = json.loads(pq.read_schema(path).metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert "covering" in geo["columns"]["geometry"]


def test_geojson_ids_are_whole(folder: Path) -> None:
    read = read_layer_back(folder / "geojson" / "structures.geojson")
    assert read["structure_id"].is_unique
    assert len(read) == 200


# The options of a layer that uMap 2 and 3 know (umap/static/umap/js/modules/schema.js).
UMAP_OPTIONS = {
    *("name", "displayOnLoad", "browsable", "popupTemplate", "labelKey", "color", "fill", "fillOpacity", "iconClass"),
    *("type", "choropleth"),
}


def test_umap_imports_as_layers_without_tags_or_stations(folder: Path) -> None:
    content = json.loads((folder / "study.umap").read_text(encoding="utf-8"))
    assert content["type"] == "umap"
    assert content["properties"]["licence"]["name"] == "Licence Ouverte 2.0"
    for layer in content["layers"]:
        options = layer["_umap_options"]
        assert layer["type"] == "FeatureCollection"
        assert set(options) <= UMAP_OPTIONS
        assert options["popupTemplate"] == "Table"
        assert options.get("color", "#000000")[0] == "#"
        assert all(feature["geometry"]["type"] in {"Point", "MultiPolygon"} for feature in layer["features"])
    features = [feature for layer in content["layers"] for feature in layer["features"]]
    names = {feature["properties"]["name"] for feature in features if "name" in feature["properties"]}
    assert "\u2039img src=x onerror=alert(1)\u203a" in names
    assert "<" not in json.dumps(content)
    assert "mode é" not in json.dumps(content, ensure_ascii=False)
    assert MASK not in names


def test_umap_popups_and_colours_are_in_words(folder: Path, study: Study, tmp_path: Path) -> None:
    layers = {
        layer["_umap_options"]["name"]: layer
        for layer in json.loads((folder / "study.umap").read_text(encoding="utf-8"))["layers"]
    }
    iris = layers[TABLES["iris"].title["fr"]]
    coloured = iris["_umap_options"]["choropleth"]
    shares = [feature["properties"].get(coloured["property"]) for feature in iris["features"]]
    assert shares == [10, 50, 100, None]
    assert coloured["breaks"] == "0,20,40,60,80,100"
    popup = layers["Associations"]["features"][0]["properties"]
    assert (popup["activité"], popup["position"], popup["dans ce QPV"]) == ("En activité", "Localisée", "oui")
    assert "QPV de" in popup
    english = dataclasses.replace(study, lang="en")
    export(english, tmp_path)
    content = json.loads((tmp_path / "study.umap").read_text(encoding="utf-8"))
    assert content["properties"]["facetKey"] == "city,activity"
    assert all(key in content["layers"][-1]["features"][0]["properties"] for key in ("city", "activity"))


def test_no_file_carries_what_the_law_masks(folder: Path) -> None:
    carrying = []
    for path in folder.rglob("*.*"):
        content = path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                content = b"".join(book.read(name) for name in book.namelist())
        if MASKED.encode() in content:
            carrying.append(path.name)
    assert carrying == []
    table = pd.read_csv(folder / "tables" / "structures.csv", keep_default_na=False, dtype=str).set_index(
        "structure_id"
    )
    hidden = ["address", "postcode", "longitude", "latitude", "geo_label", "note", "aliases"]
    assert (table.loc["s-199", hidden] == "").all()


def test_a_masked_row_of_every_table_shows_only_what_the_table_of_columns_lets_it(study: Study) -> None:
    released = release(study)
    tables = {**released.tables, **released.layers}
    with_rows = {
        name: frame[frame["structure_id"] == "s-199"] for name, frame in tables.items() if "structure_id" in frame
    }
    assert {name for name, rows in with_rows.items() if len(rows)} >= {"structures", "review"}
    for name, rows in with_rows.items():
        for column in rows.columns.difference(list(SHOWN_PUBLISHED)):
            assert (rows[column].isna() | rows[column].isin(["", MASK])).all(), (name, column)


def test_odbl_never_mixes_into_a_free_file(folder: Path) -> None:
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    licences = {
        resource["path"]: [licence["name"] for licence in resource["licenses"]]
        for resource in package["resources"]
        if "licenses" in resource
    }
    odbl = {path for path, names in licences.items() if "ODbL-1.0" in names}
    files = {f"tables/{name}_odbl.csv" for name in OF_STATIONS} | {"study_odbl.xlsx"}
    layers = {"layers_odbl.gpkg", "geojson/stations_odbl.geojson", "geoparquet/stations_odbl.parquet"}
    assert odbl == files | layers
    assert all("ODbL-1.0" in licences[path] for path in files)
    assert [licences[path] for path in layers] == [["ODbL-1.0"]] * 3
    assert "stations" not in {name for name, _ in pyogrio.list_layers(folder / "layers.gpkg")}


def test_datapackage_is_valid_and_complete(folder: Path, study: Study) -> None:
    report = frictionless.Package(str(folder / "datapackage.json")).validate()
    assert report.flatten(["name", "rowNumber", "fieldName", "note"]) == []
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    described = {resource["path"] for resource in package["resources"]}
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert written - described == {"datapackage.json", "ATTRIBUTIONS.md"}
    assert len({resource["name"] for resource in package["resources"]}) == len(described)
    assert package["parameters"]["as_of"] == "2025-03-01"
    assert package["inputs"][0]["sha256"] == study.inputs[0].sha256
    assert [field["name"] for field in package["resources"][0]["schema"]["fields"]][-2:] == ["longitude", "latitude"]


def test_a_changed_file_is_found_out(folder: Path, tmp_path: Path) -> None:
    for part in ("tables", "schemas"):
        shutil.copytree(folder / part, tmp_path / part)
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    package["resources"] = [one for one in package["resources"] if one["path"] == "tables/zones.csv"]
    described, zones = tmp_path / "datapackage.json", tmp_path / "tables" / "zones.csv"
    described.write_text(json.dumps(package), encoding="utf-8")
    whole = zones.read_bytes()
    for content, valid in ((whole, True), (whole.replace(b"QN1", b"QNX"), False)):
        zones.write_bytes(content)
        assert frictionless.Package(str(described)).validate().valid is valid


def test_attributions_escape_and_name_everything(folder: Path, study: Study) -> None:
    text = (folder / "ATTRIBUTIONS.md").read_text(encoding="utf-8")
    assert "<script>" not in text
    assert all(source.file in text for source in study.inputs)
    assert "un lieu qui a fermé, moins" in text


def test_empty_tables_and_layers_in_english(tmp_path: Path) -> None:
    study = make_study()
    names = (
        "review",
        "gaps",
        "support_chain",
        "support_offers",
        "neighbours",
        "structure_zones",
        "sites",
        "stations",
        "structures",
    )
    empty = {name: getattr(study, name).iloc[:0] for name in names}
    export(dataclasses.replace(study, lang="en", inputs=(), **empty), tmp_path)
    assert pd.read_csv(tmp_path / "tables" / "review.csv").empty
    assert pyogrio.read_info(tmp_path / "layers.gpkg", layer="sites")["features"] == 0
    report = frictionless.Package(str(tmp_path / "datapackage.json")).validate()
    assert report.flatten(["name", "rowNumber", "fieldName", "note"]) == []
    notes = openpyxl.load_workbook(tmp_path / "study.xlsx")["Notes"]
    assert "one that has closed fewer" in " ".join(str(row[1].value) for row in notes.iter_rows(min_col=1, max_col=2))
    units = {str(row[3].value) for row in notes.iter_rows() if row[2].value in {"number", "integer"}}
    fields = json.loads((tmp_path / "schemas" / "gaps.json").read_text(encoding="utf-8"))["fields"]
    units |= {field["unit"] for field in fields if "unit" in field}
    assert {"residents", "employees", "FTE"} <= units
    assert not units & {"habitants", "salariés", "établissements", "entreprises", "ETP", "EUR/an"}


def test_private_columns_stay_home(released: Release) -> None:
    assert "phone" not in released.tables["structures"]


def test_a_missing_column_is_named(study: Study) -> None:
    broken = dataclasses.replace(study, gaps=study.gaps.drop(columns=["rank", "share"]))
    with pytest.raises(SchemaError, match="gaps: rank, share"):
        release(broken)


@pytest.mark.parametrize("layer", ["structures", "stations", "sites", "neighbourhoods", "qpv", "iris"])
def test_what_is_read_is_published(layer: str) -> None:
    """A column of an input contract is published, or is one of those that only locate or mask the row."""
    published = {column.name for column in TABLES[layer].columns}
    unpublished = {"lon", "lat", "coord_precision", "coord_radius_m", "citycode", "diffusion"}
    assert {field.name for field in LAYERS[layer].fields} - published <= unpublished
