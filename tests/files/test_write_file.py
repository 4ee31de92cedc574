"""One writer a format: what is written is read back, with nothing in it that executes, or refused in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest

from essgeo.errors import InputError
from essgeo.files import read_table, write_file
from essgeo.files.write import write_csv

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = [".csv", ".xlsx", ".parquet", ".geojson", ".gpkg"]


def layer() -> gpd.GeoDataFrame:
    table = {"nom": ["=1+1", "Café\x07", ""], "n": [1, -2, 3], "part": [0.5, None, 1.5], "ouvert": [True, False, True]}
    points = gpd.GeoSeries(gpd.points_from_xy([2.4, 2.5, 0], [48.9, 48.8, 0])).where([True, True, False], None)
    return gpd.GeoDataFrame(table, geometry=points.to_numpy(), crs=4326, index=[7, 8, 9])


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_layer_is_read_back_from_each_format(tmp_path: Path, suffix: str) -> None:
    path, given = tmp_path / f"out{suffix}", layer()
    write_file(given, path)
    read = read_table(path)
    bell = "\x07" if suffix == ".parquet" else ""
    assert read["nom"].tolist() == ["=1+1", f"Café{bell}", ""]
    assert pd.to_numeric(read["n"]).tolist() == [1, -2, 3]
    assert pd.to_numeric(read["part"]).fillna(-1).tolist() == [0.5, -1, 1.5]
    assert [text.lower() in {"true", "1"} for text in read["ouvert"]] == [True, False, True]
    assert isinstance(read, gpd.GeoDataFrame) == (suffix not in {".csv", ".xlsx"})
    if isinstance(read, gpd.GeoDataFrame):
        assert read.geometry.isna().tolist() == [False, False, True]
        assert read.geometry.x.round(6).tolist()[:2] == [2.4, 2.5]
    pd.testing.assert_frame_equal(given, layer())
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_a_table_without_positions_is_refused_where_the_format_needs_them(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(InputError, match=r"the table has no positions; write a .csv, .xlsx or .parquet"):
        write_file(pd.DataFrame({"a": [1]}), path)
    assert path.read_text(encoding="utf-8") == "before"


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_empty_layer_is_a_file_of_its_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    write_file(layer()[:0], path)
    columns = read_table(path, min_rows=0).columns.drop("geometry", errors="ignore").tolist()
    assert columns == ([] if suffix == ".geojson" else ["nom", "n", "part", "ouvert"])  # GeoJSON names them row by row


def test_a_column_that_is_called_bbox_stays(tmp_path: Path) -> None:
    write_file(layer().assign(bbox="mine"), tmp_path / "out.parquet")
    assert read_table(tmp_path / "out.parquet")["bbox"].tolist() == ["mine"] * 3


def test_names_of_columns_and_flags_are_safe_in_every_csv(tmp_path: Path) -> None:
    table = pd.DataFrame({"=cmd": pd.array([True, None], dtype="boolean"), "b": ["rue A;=1+1", None]})
    for write in (write_csv, write_file):
        write(table, tmp_path / "out.csv")
        assert (tmp_path / "out.csv").read_text(encoding="utf-8") == "'=cmd,b\ntrue,rue A;'=1+1\n,\n"


def test_a_workbook_holds_numbers_and_flags_as_such(tmp_path: Path) -> None:
    write_file(layer(), tmp_path / "out.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "out.xlsx").active.iter_rows(min_row=2, values_only=True))
    assert rows == [("=1+1", 1, 0.5, True), ("Café", -2, None, False), (None, 3, 1.5, True)]


def test_a_geopackage_of_no_position_is_still_one_of_points(tmp_path: Path) -> None:
    write_file(layer()[2:], tmp_path / "out.gpkg")
    assert pyogrio.list_layers(tmp_path / "out.gpkg").tolist() == [["addresses", "Point"]]


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_cannot_be_written_leaves_what_was_there(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"out{suffix}"
    path.write_text("before", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.chmod", full)
    with pytest.raises(InputError, match=r"out.*: cannot be written \(No space left on device\)"):
        write_file(layer(), path)
    assert path.read_text(encoding="utf-8") == "before"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_what_is_guarded_from_a_spreadsheet_comes_back_to_the_letter(tmp_path: Path) -> None:
    texts = ["=1+1", "'=1+1", "-5 °C", "@home", "rue A;=1", "'s Gravenhage", "L'Île", "+33"]
    for name in ("out.csv", "out.xlsx", "out.parquet"):
        write_file(pd.DataFrame({"=nom": texts}), tmp_path / name)
        assert read_table(tmp_path / name)["=nom"].tolist() == texts
    write_file(pd.DataFrame({"=nom": texts}), tmp_path / "excel.csv", excel="fr")
    assert read_table(tmp_path / "excel.csv")["=nom"].tolist() == texts
