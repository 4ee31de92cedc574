"""One writer a format: what is written is read back, with nothing in it that executes, or refused in a sentence."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import os
import re
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest

from essgeo.errors import InputError, InputWarning
from essgeo.files import read_table, write_file
from essgeo.files.guard import neutralised, restored
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
    assert read["nom"].tolist() == ["=1+1", "Café", ""]
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


ODD: dict[str, list[object]] = {
    "nested": [{"showLabel": True}, {"weight": [1, 2]}],
    "lists": [[1], ["a"]],
    "arrays": [np.array([1, 2]), None],
    "fid": [1, 2],
    "FID": ["a", "b"],
    "geom": ["a", "b"],
    "Contact": ["a", "b"],
    "contact": ["c", "d"],
    "CONTACT": ["e", "f"],
    "mixed": [1, "a"],
    "flags": [True, "a"],
    "days": [dt.date(2024, 1, 1), "2024"],
    "far": [pd.Timestamp(np.datetime64("12024-01-01", "s")), None],
    "times": [dt.time(1, 2), None],
    "spans": [pd.Timedelta(seconds=1), None],
    "decimals": [decimal.Decimal("1.5"), None],
    "bytes": [b"\x00\xff", None],
    "large": [10**30, 1],
    "larger": [2**64 - 1, 1],
    "infinite": [float("inf"), 1.0],
    "complex": [1 + 2j, 2],
    "months": [pd.Period("2024-01"), None],
    "half": ["a\ud800", "b"],
    "": ["a", "b"],
    "empty": [None, None],
    "none": [pd.NA, "a"],
    "sixteen": list(np.array([1, 2], dtype="float16")),
}


@pytest.mark.filterwarnings("ignore::essgeo.errors.InputWarning")
@pytest.mark.parametrize("suffix", FORMATS)
def test_whatever_stands_in_cells_is_written(tmp_path: Path, suffix: str) -> None:
    points = gpd.points_from_xy([2.4, 2.5], [48.9, 48.8])
    given = {name: pd.Series(cells, dtype=object) for name, cells in ODD.items()}
    given |= {f"{name}_typed": pd.Series(ODD[name]) for name in ("far", "spans", "larger", "infinite", "complex")}
    write_file(gpd.GeoDataFrame(given, geometry=points, crs=4326), tmp_path / f"out{suffix}")
    read = read_table(tmp_path / f"out{suffix}")
    assert len(read) == 2
    names = {name.casefold(): name for name in read.columns}
    for name in ("fid", "contact", "geom"):
        assert any(name in known for known in names)
    assert json.loads(str(read["nested"].iloc[1])) == {"weight": [1, 2]}
    assert read["mixed"].tolist() == ["1", "a"]
    assert read["large"].tolist() == [str(10**30), "1"]
    assert {"a", "c", "e"} <= {str(read[name].iloc[0]) for name in read.columns if "contact" in name.casefold()}


def test_columns_that_a_geopackage_cannot_hold_are_renamed_and_said(tmp_path: Path) -> None:
    table = {
        "fid": ["7", "7"],
        "geom": ["a", "b"],
        "Contact": ["c", "d"],
        "contact": ["e", "f"],
        "input_fid": ["g", "h"],
    }
    layer = gpd.GeoDataFrame(table, geometry=gpd.points_from_xy([2.4, 2.5], [48.9, 48.8]), crs=4326)
    said = "fid -> input_fid, geom -> input_geom, contact -> input_contact, input_fid -> input_input_fid"
    with pytest.warns(InputWarning, match=said):
        write_file(layer, tmp_path / "out.gpkg")
    read = read_table(tmp_path / "out.gpkg")
    assert read.drop(columns="geometry").iloc[0].tolist() == ["7", "a", "c", "e", "g"]


@pytest.mark.linux
@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_written_has_the_rights_that_the_umask_leaves_or_those_it_had(tmp_path: Path, suffix: str) -> None:
    before = os.umask(0o077)
    try:
        write_file(layer(), tmp_path / f"new{suffix}")
        (tmp_path / f"old{suffix}").touch()
        (tmp_path / f"old{suffix}").chmod(0o640)
        write_file(layer(), tmp_path / f"old{suffix}")
    finally:
        os.umask(before)
    assert (tmp_path / f"new{suffix}").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / f"old{suffix}").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "unseen", ["\u200b", "\ufeff", "\u2060", "\u00ad", "\u202e", "\ufe0f", "\U000e0041", "'\u200d'"]
)
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d"])
def test_a_formula_behind_what_is_not_seen_is_none(unseen: str, start: str) -> None:
    for text in (
        f"{unseen}{start}1+1",
        f"rue A;{unseen}{start}1+1",
        f"{unseen}{unseen}{start}1",
        f"a\n{unseen}{start}1",
    ):
        safe = neutralised(text)
        assert safe != text
        assert restored(safe) == text
        assert re.split(r"[;\n]", safe)[-1].startswith("'")
