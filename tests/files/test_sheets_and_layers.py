"""Workbooks and GeoPackages of several sheets or layers: each is read or named, and nothing is read twice."""

from __future__ import annotations

import re
import warnings
import zipfile
from typing import TYPE_CHECKING

import geopandas as gpd
import openpyxl
import pytest
import shapely

from essgeo.errors import InputError, InputWarning
from essgeo.files import read_structures, read_table

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ["Nom", "Adresse", "Ville"]
BONDY = [["Asso A", "28 rue Jules Guesde", "Bondy"], ["Asso B", "30 rue Jules Guesde", "Bondy"]]
MONTREUIL = [["Asso M", "1 rue de Paris", "Montreuil"]]


def book(folder: Path, **sheets: list[list[str | None]]) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name.removeprefix("hidden_"))
        sheet.sheet_state = "hidden" if name.startswith("hidden_") else "visible"
        for row in rows:
            sheet.append(row)
    path = folder / "list.xlsx"
    made.save(path)
    return path


def said(path: Path, **named: str) -> tuple[list[str], str]:
    """Return the names that are read and what is said."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = read_table(path, **named)
    assert all(issubclass(one.category, InputWarning) for one in caught)
    return table[table.columns[0]].tolist(), " ".join(str(one.message) for one in caught)


def test_a_sheet_for_each_commune_is_read_whole(tmp_path: Path) -> None:
    other = [["Ville", "Dénomination", "Adresse"], ["Montreuil", "Asso M", "1 rue de Paris"]]
    path = book(tmp_path, Bondy=[HEADER, *BONDY], Montreuil=other)
    names, words = said(path)
    assert names == ["Asso A", "Asso B", "Asso M"]
    assert "Bondy, Montreuil" in words
    with pytest.warns(InputWarning):
        structures = read_structures(path)
    assert structures["city"].tolist() == ["Bondy", "Bondy", "Montreuil"]
    assert structures["sheet"].tolist() == ["Bondy", "Bondy", "Montreuil"]


def test_notes_and_hidden_sheets_are_named_and_one_can_be_chosen(tmp_path: Path) -> None:
    notes = [["Liste des structures"], ["Mise à jour : mars 2024"]]
    path = book(tmp_path, Notes=notes, Annuaire=[HEADER, *BONDY], hidden_Archive=[HEADER, *MONTREUIL], Feuil3=[])
    names, words = said(path)
    assert names == ["Asso A", "Asso B"]
    assert "Notes" in words
    assert "Archive (hidden)" in words
    assert "Feuil3" not in words
    assert said(path, sheet="archive") == (["Asso M"], "")
    with pytest.raises(InputError, match="sheets: Notes, Annuaire, Archive"):
        read_table(path, sheet="Bobigny")


def test_a_sheet_of_everything_is_read_once(tmp_path: Path) -> None:
    path = book(tmp_path, Tout=[HEADER, *BONDY, *MONTREUIL], Bondy=[HEADER, *BONDY], Montreuil=[HEADER, *MONTREUIL])
    names, words = said(path)
    assert names == ["Asso A", "Asso B", "Asso M"]
    assert "2 rows of Bondy" in words


def test_rows_are_named_by_sheet_and_number(tmp_path: Path) -> None:
    path = book(tmp_path, Bondy=[HEADER, *BONDY], Montreuil=[HEADER, *MONTREUIL])
    with pytest.warns(InputWarning):
        assert read_table(path).index.tolist() == ["Bondy!2", "Bondy!3", "Montreuil!2"]


def test_merged_cells_hold_for_every_row_that_they_cover(tmp_path: Path) -> None:
    rows = [["Annuaire", None, None], HEADER, *BONDY, [None, None, None], *MONTREUIL]
    path = book(tmp_path, Bondy=[list(row) for row in rows])
    made = openpyxl.load_workbook(path)
    made["Bondy"].merge_cells("A1:C1")
    made["Bondy"].merge_cells("C3:C5")
    made.save(path)
    assert "merged cells (C3:C5)" in said(path)[1]
    with pytest.warns(InputWarning):
        table = read_table(path)
    assert table["Ville"].tolist() == ["Bondy", "Bondy", "Montreuil"]


@pytest.mark.parametrize("merged", [("A1:A2", "B1:D1", "E1:F1"), ("B1:D1",), ()])
def test_a_header_of_two_lines_names_its_columns_by_both(tmp_path: Path, merged: tuple[str, ...]) -> None:
    groups = ["Structure", "Adresse", None, None, "Contact", None]
    names = [None, "N°", "Voie", "Commune", "Nom", "Téléphone"]
    path = book(tmp_path, Liste=[["Annuaire"], groups, names, ["Asso A", "28", "rue A", "Bondy", "Jeanne", "01"]])
    made = openpyxl.load_workbook(path)
    for block in merged:
        made["Liste"].merge_cells(re.sub(r"\d", lambda digit: str(int(digit[0]) + 1), block))
    made.save(path)
    with pytest.warns(InputWarning, match=r"row (2 \+ )?3 was taken as the header"):
        structures = read_structures(path)
    assert structures[["name", "address", "city"]].to_numpy().tolist() == [["Asso A", "28 rue A", "Bondy"]]
    assert "Jeanne" not in structures.to_string()


def test_a_header_that_covers_several_columns_names_each(tmp_path: Path) -> None:
    path = book(tmp_path, Liste=[["Nom", "Ville", "Adresse", None], ["Asso A", "Bondy", "28", "rue A"]])
    made = openpyxl.load_workbook(path)
    made["Liste"].merge_cells("C1:D1")
    made.save(path)
    assert read_structures(path)["address"].tolist() == ["28 rue A"]


def test_addresses_whole_in_one_sheet_and_in_parts_in_another_are_all_read(tmp_path: Path) -> None:
    parts = [["Nom", "N°", "Voie", "Ville"], ["Asso M", "1", "rue de Paris", "Montreuil"]]
    path = book(tmp_path, Bondy=[HEADER, *BONDY], Montreuil=parts)
    with pytest.warns(InputWarning):
        assert read_structures(path)["address"].tolist() == [*(row[1] for row in BONDY), "1 rue de Paris"]


def test_the_size_that_a_sheet_declares_is_not_trusted(tmp_path: Path) -> None:
    path = book(tmp_path, Bondy=[HEADER, *BONDY])
    lying = tmp_path / "lying.xlsx"
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(lying, "w") as after:
        for name in before.namelist():
            after.writestr(name, before.read(name).replace(b'ref="A1:C3"', b'ref="A1"'))
    assert said(lying)[0] == ["Asso A", "Asso B"]


def layer(rows: list[list[str]], crs: int = 2154) -> gpd.GeoDataFrame:
    points = [shapely.Point(652000 + at, 6868000, 35) for at in range(len(rows))]
    frame = gpd.GeoDataFrame(rows, columns=HEADER, geometry=points, crs=2154)
    return frame.to_crs(crs)


def test_the_layers_of_a_geopackage_are_read_or_named(tmp_path: Path) -> None:
    path = tmp_path / "list.gpkg"
    layer(BONDY).to_file(path, layer="bondy")
    layer(MONTREUIL, 4326).to_file(path, layer="montreuil")
    layer(BONDY).drop(columns=HEADER).assign(largeur="3").to_file(path, layer="rues")
    names, words = said(path)
    assert names == ["Asso A", "Asso B", "Asso M"]
    assert "layers read: bondy, montreuil; not read: rues" in words
    assert said(path, layer="montreuil") == (["Asso M"], "")
    with pytest.warns(InputWarning):
        table = read_table(path)
    assert not table.has_z.any()
    assert table.geometry.x.round().tolist() == [652000, 652001, 652000]


def test_what_essgeo_wrote_is_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "study.gpkg"
    layer(BONDY).assign(structure_id=["a", "b"]).to_file(path, layer="structures")
    layer(MONTREUIL).to_file(path, layer="sites")
    assert said(path)[0] == ["Asso A", "Asso B"]


@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "cp850"])
@pytest.mark.parametrize("declared", ["", "UTF-8"])
def test_a_shapefile_is_read_by_its_bytes(tmp_path: Path, codec: str, declared: str) -> None:
    path = tmp_path / "list.shp"
    rows = [["Café Été", "1 rue de la Forêt", "Épinay"], ["Théâtre à côté", "2 rue A", "Bondy"]]
    layer(rows).to_file(path, encoding=codec)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if declared:
        path.with_suffix(".cpg").write_text(declared)
    names, words = said(path)
    assert names == ["Café Été", "Théâtre à côté"]
    assert ("DOS" in words) == (codec == "cp850")
    assert said(path.with_suffix(".dbf"))[0] == names


def test_a_name_of_a_part_goes_with_files_that_have_parts(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("nom,ville\nA,Bondy\n")
    with pytest.raises(InputError, match="--sheet Bondy is for"):
        read_table(path, sheet="Bondy")


def test_each_sheet_has_its_own_sum(tmp_path: Path) -> None:
    path = book(tmp_path, Bondy=[HEADER, *BONDY, ["Total : 2"]], Montreuil=[HEADER, *MONTREUIL, ["Total : 1"]])
    with warnings.catch_warnings(action="ignore"):
        assert read_structures(path)["name"].tolist() == ["Asso A", "Asso B", "Asso M"]


def test_titles_between_the_rows_of_towns_are_said_and_no_structures(tmp_path: Path) -> None:
    blank = [None, None]
    rows = [HEADER[:2], ["BONDY", None], *(row[:2] for row in BONDY), ["MONTREUIL", None], blank, MONTREUIL[0][:2]]
    path = book(tmp_path, Liste=[list(row) for row in rows])
    made = openpyxl.load_workbook(path)
    for block in ("A2:B2", "A5:B6"):
        made["Liste"].merge_cells(block)
    made.save(path)
    names, words = said(path)
    assert names == ["Asso A", "Asso B", "Asso M"]
    assert "row 2 (BONDY), 5 (MONTREUIL)" in words
    assert "merged cells" not in words


def test_a_name_that_is_merged_beside_other_cells_is_a_structure(tmp_path: Path) -> None:
    path = book(tmp_path, Liste=[HEADER, ["Asso A", None, "Bondy"], *MONTREUIL])
    made = openpyxl.load_workbook(path)
    made["Liste"].merge_cells("A2:B2")
    made.save(path)
    assert said(path) == (["Asso A", "Asso M"], "")
