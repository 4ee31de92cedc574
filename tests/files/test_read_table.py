"""Any file that holds a table is read as text with its true row numbers, or refused in one clear message."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from typing import TYPE_CHECKING

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from essgeo.errors import InputError, InputWarning
from essgeo.files.encodings import undouble
from essgeo.files.rows import SEPARATORS, header_of
from essgeo.files.tables import read_table

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED = {2: {"nom": "Café", "code_postal": "01000"}, 4: {"nom": "Forêt", "code_postal": "93100"}}
COMMA = "nom,code_postal\nCafé,01000\n\nForêt,93100\n"


def workbook(path: Path, rows: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


@pytest.mark.parametrize(
    ("separator", "encoding"),
    [
        (",", "utf-8"),
        (";", "utf-8"),
        ("\t", "utf-8"),
        ("|", "utf-8"),
        (";", "cp1252"),
        (",", "utf-8-sig"),
        (";", "utf-16"),
    ],
)
def test_separators_and_encodings_read_alike(tmp_path: Path, separator: str, encoding: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(COMMA.replace(",", separator).encode(encoding))
    assert read_table(path).to_dict("index") == EXPECTED


def test_line_ends_of_other_systems_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(COMMA.replace("\n", "\r\n").encode())
    assert read_table(path).to_dict("index") == EXPECTED


def test_a_workbook_reads_like_the_same_csv(tmp_path: Path) -> None:
    path = workbook(tmp_path / "mine.xlsx", [["nom", "code_postal"], ["Café", "01000"], [], ["Forêt", 93100]])
    assert read_table(path).to_dict("index") == EXPECTED


def test_dates_and_numbers_of_a_workbook_are_written_as_the_register_writes_them(tmp_path: Path) -> None:
    path = workbook(tmp_path / "mine.xlsx", [["a", "b", "c", "d"], [dt.datetime(2024, 9, 1), 2.5, 3.0, True]])  # noqa: DTZ001
    assert list(read_table(path).loc[2]) == ["2024-09-01", "2.5", "3", "True"]


def test_row_numbers_are_those_of_the_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text('\nnom,ville\n"deux\nlignes",A\n,\n \nb,B\n', encoding="utf-8")
    assert read_table(path)["ville"].to_dict() == {3: "A", 6: "B"}
    book = workbook(tmp_path / "mine.xlsx", [[None], ["nom", "ville"], ["a", "A"], [None, " "], ["b", "B"]])
    assert read_table(book)["ville"].to_dict() == {3: "A", 5: "B"}


TITLED = "Structures de l'ESS, Bondy et Pantin\n\nau 1er mars;;\nNom;Adresse;Tél\nCafé;1 rue A;\nForêt;;01\n"


def test_lines_that_are_each_one_quoted_cell_are_read_as_rows(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text('"Nom;Adresse;Ville"\n"A;""1, rue B"";Bondy"\n\n"C;2 rue D;Pantin"\n', encoding="utf-8")
    assert read_table(path).to_dict("index") == {
        2: {"Nom": "A", "Adresse": "1, rue B", "Ville": "Bondy"},
        4: {"Nom": "C", "Adresse": "2 rue D", "Ville": "Pantin"},
    }


def test_a_title_above_the_header_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(TITLED, encoding="utf-8")
    book = workbook(tmp_path / "mine.xlsx", [line.split(";") for line in TITLED.splitlines()])
    for file in (path, book):
        with pytest.warns(InputWarning, match=rf"{file.name}: row 4 was taken as the header"):
            table = read_table(file)
        assert table.columns.tolist() == ["Nom", "Adresse", "Tél"]
        assert table["Nom"].to_dict() == {5: "Café", 6: "Forêt"}


@pytest.mark.parametrize(
    "text",
    [
        "qui;quoi;où\nassociation;commune;rue\n",  # names of columns that are values: no more cells than the header
        "a;b\n" + "x;y\n" * 19 + "nom;adresse;ville\n",  # too far down
        "a;b\nnom;adresse;93100\n",  # a number is no name
    ],
)
def test_the_first_row_stays_the_header_where_none_is_surely_one(text: str) -> None:
    found = header_of([line.split(";") for line in text.splitlines()])
    assert found is not None
    assert (found.start, found.end) == (0, 1)


def test_formulas_without_values_are_told_and_those_with_values_read(tmp_path: Path) -> None:
    path = workbook(tmp_path / "mine.xlsx", [["nom", "adresse", "n"], ["a", "=A2", 1], ["b", "=A3", 2]])
    with pytest.warns(InputWarning, match=r"mine.xlsx: column B holds formulas without their values"):
        assert read_table(path)["adresse"].tolist() == ["", ""]
    computed = tmp_path / "computed.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(computed, "w") as new:
        for name in old.namelist():
            values = old.read(name).replace(b'"B2"><f>A2</f><v />', b'"B2" t="str"><f>A2</f><v>1 rue A</v>')
            new.writestr(name, values.replace(b'"B3"><f>A3</f><v />', b'"B3" t="str"><f>A3</f><v></v>'))
    assert read_table(computed)["adresse"].tolist() == ["1 rue A", ""]


def test_headers_that_are_blank_or_repeated_get_names(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("nom,,nom,nom_2\na,b,c,d\n", encoding="utf-8")
    assert read_table(path).loc[2].to_dict() == {"nom": "a", "column_2": "b", "nom_3": "c", "nom_2": "d"}


def test_strange_text_is_text(tmp_path: Path) -> None:
    cell = "\x07cloche \u202eאבג\u202c 🌱 =1+1 <img src=x onerror=alert(1)>"
    path = tmp_path / "mine.csv"
    path.write_text(f"nom,ville\na\x00b,{cell}\n", encoding="utf-8")
    assert list(read_table(path).loc[2]) == ["ab", cell]


def bytes_of_a_workbook() -> bytes:
    stream = io.BytesIO()
    openpyxl.Workbook().save(stream)
    return stream.getvalue()


def bytes_of_an_archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "nothing")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", bytes_of_a_workbook(), "not a .csv but looks like a .xlsx"),
        ("a.xlsx", b"nom,ville\na,b\n", "not a .xlsx"),
        ("a.xlsx", bytes_of_an_archive(), "the workbook cannot be read"),
        ("a.xlsx", bytes_of_a_workbook(), "the file is empty"),
        ("a.csv", b"  <!DOCTYPE html><html><body>404</body></html>", "is a web page, not a table"),
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b" \n\n", "the file is empty"),
        ("a.csv", "\n;;\n".encode("utf-16"), "the file is empty"),
        ("a.csv", b"nom,ville\n\n", "columns but no row"),
        ("a.csv", bytes(range(256)) + bytes(400), "binary, not the text"),
        ("a.csv", "nom,ville\na,b\n".encode("utf-16-le"), "binary, not the text"),
        ("a.csv", b"nom,ville\n\na,b,c\n", "row 3 has more cells than row 1, the header"),
        ("a.csv", b'nom,ville\na,b\n"c,d\n', "row 3 cannot be read"),
        ("a.parquet", b"PAR1 but nothing more", "the Parquet file cannot be read"),
        ("a.parquet", b"nom,ville\na,b\n", "not a .parquet"),
        ("a.geojson", b"{not json", "the geographic file cannot be read"),
        ("a.gpkg", b"SQLite format 3\x00 but nothing more", "the geographic file cannot be read"),
        ("a.pdf", b"%PDF", "cannot read a .pdf; give one of .csv"),
        ("a", b"nom\na", "cannot read a file without suffix"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_table(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_missing_file_is_a_fault_of_the_input(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError, match=r"no such file|is a folder"):
            read_table(path)


@pytest.mark.parametrize("suffix", [".parquet", ".gpkg", ".geojson", ".shp"])
def test_geographic_files_keep_text_and_crs(tmp_path: Path, suffix: str) -> None:
    crs = 4326 if suffix == ".geojson" else 2154
    layer = gpd.GeoDataFrame(
        {"code": ["01", None], "n": [1.0, 2.5]}, geometry=gpd.points_from_xy([1, 2], [3, 4]), crs=crs
    )
    path = tmp_path / f"layer{suffix}"
    if suffix == ".parquet":
        layer.to_parquet(path)
    else:
        layer.to_file(path)
    read = read_table(path)
    assert isinstance(read, gpd.GeoDataFrame)
    assert read["code"].to_dict() == {1: "01", 2: ""}
    assert read["n"].tolist() == ["1", "2.5"]
    assert read.crs.to_epsg() == crs
    assert read.geometry.iloc[1] == shapely.Point(2, 4)


def test_a_plain_parquet_file_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"n": [1, None], "t": ["a", None]}, index=[7, 8]).to_parquet(path)
    assert read_table(path).to_dict("index") == {1: {"n": "1", "t": "a"}, 2: {"n": "", "t": ""}}


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\ufffd"), max_size=8)
CELL = CELL.map(str.strip).filter(lambda text: undouble(text) == text)


@given(rows=st.lists(st.tuples(CELL.filter(bool), CELL), min_size=1, max_size=5), separator=st.sampled_from(SEPARATORS))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], separator: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "mine.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=separator).writerows([("nom", "ville"), *rows])
    assert list(read_table(path).itertuples(index=False, name=None)) == rows


def test_texts_that_begin_alike_before_a_nul_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(b"nom,ville\na\x00b,x\na,y\na\x00c,z\n")
    assert read_table(path)["nom"].tolist() == ["ab", "a", "ac"]
