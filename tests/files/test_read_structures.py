"""A list of structures as people write it becomes the register's columns, or one message with every fault."""

from __future__ import annotations

import csv
import re
import warnings
from typing import TYPE_CHECKING

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from essgeo.errors import InputWarning, MissingCRSError, SchemaError
from essgeo.files.encodings import undouble
from essgeo.files.structures import _identifiers, read_structures
from essgeo.schema.cells import codes_of, known
from essgeo.schema.codes import commune_code
from essgeo.schema.columns import LAYERS
from essgeo.schema.vocabulary import SECTORS

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.schema.vocabulary import Labels

COLUMNS = [field.name for field in LAYERS["structures"].fields]


def read(tmp_path: Path, text: str) -> pd.DataFrame:
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8")
    return read_structures(path)


def test_the_columns_of_a_town_become_those_of_the_register(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "Nom de la structure;Adresse postale;CP;Commune;Longitude;Latitude;Famille;Domaine;Défis;Remarque\n"
        "La Recyclerie;1 rue A;01000;Bondy;2,45;48,9;Coopératives;Mobilité | numerique;Jeunesse;à voir\n",
    )
    assert table.index.tolist() == ["la-recyclerie"]
    assert set(COLUMNS) <= set(table.columns)
    row = table.iloc[0]
    assert (row["lon"], row["lat"], row["postcode"]) == (2.45, 48.9, "01000")
    assert (row["family"], row["sectors"], row["challenges"]) == ("cooperative", "mobilite|numerique", "jeunesse")
    assert (row["status"], row["siren"], row["Remarque"]) == ("unknown", "", "à voir")


def test_a_table_of_a_notebook_without_rows_is_an_empty_list() -> None:
    table = read_structures(pd.DataFrame(columns=["nom", "adresse", "secteurs"]))
    assert len(table) == 0
    assert set(COLUMNS) <= set(table.columns)


def test_a_column_with_the_exact_name_wins_over_a_likeness(tmp_path: Path) -> None:
    table = read(tmp_path, "Name,name,address\nwrong,right,1 rue A\n")
    assert table["name"].tolist() == ["right"]
    assert table["Name"].tolist() == ["wrong"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ville,cp\nBondy,93140\n", "no column was recognised as the name or as the address"),
        ("nom,ville\na,Bondy\n", "no column was recognised as the address, or the longitude and latitude"),
    ],
)
def test_a_list_without_a_name_or_a_place_is_refused_with_its_columns(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SchemaError, match="Columns seen: ") as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith(f"mine.csv: {said}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nom,adresse\na,1 rue A\n,1 rue A\n", "row 3, field name: is empty"),
        ("nom,adresse\n\na,x\n\n,y\n", "row 5, field name: is empty"),
        ("id,nom,adresse\nx,a,\n\nx,b,\n", "row 4, field structure_id: 'x' stands twice; numbered"),
        ("nom,adresse,secteur\na,,mobilite|magie\n", "row 2, field sectors: unknown value 'magie'; left out"),
        ("nom,adresse,famille\na,,secte\nb,,association\n", "row 2, field family: unknown value 'secte'; left out"),
        ("nom,lon,lat\na,48.9,2.4\n", "row 2, field lon, lat: were exchanged (lon 48.9, lat 2.4)"),
        ("nom,lon,lat\na,2.4,\n", "row 2, field lat: is missing where lon 2.4 is given; left out"),
        ("nom,lon,lat\na,,48.9\n", "row 2, field lon: is missing where lat 48.9 is given; left out"),
        ("nom,lon,lat\na,1234,5678\n", "row 2, field lon, lat: are not degrees"),
        ("nom,lon,lat\na,ouest,48.9\n", "row 2, field lon: 'ouest' is not a number; left out"),
        ("nom,lon,lat\na,inf,48.9\n", "row 2, field lon: 'inf' is not a number; left out"),
        ("nom,adresse,ouverture\na,,2015\nb,,2024-13\n", "row 3, field active_from: '2024-13' is not a date"),
        ("nom,adresse,ouverture\na,,lundi 9h\n", "column ouverture is not used: no cell of it is known as active_from"),
        ("nom,adresse,secteur\na,,Nord\n", "column secteur is not used: no cell of it is known as sectors (Nord)"),
        ("nom,adresse,statut\na,,Fermé\nb,,bof\n", "row 3, field status: 'bof' is not known as open or closed"),
    ],
)
def test_a_cell_that_cannot_be_read_is_left_out_and_told_by_row_and_field(tmp_path: Path, text: str, said: str) -> None:
    with pytest.warns(InputWarning) as told:
        table = read(tmp_path, text)
    assert len(table) == len([line for line in text.splitlines() if line]) - 1
    message = str(told[0].message)
    assert message.startswith("mine.csv: ")
    assert said in message


def test_a_word_that_is_not_known_is_told_once_with_the_nearest_and_the_vocabulary(tmp_path: Path) -> None:
    rows = "a,,Jeunese\n" * 9 + "a,,Recyclerie ou réemplois\nb,,magie\nc,,Mobilité\n"
    with pytest.warns(InputWarning) as told:
        table = read(tmp_path, f"nom,adresse,secteur\n{rows}")
    assert table["sectors"].tolist() == [""] * 11 + ["mobilite"]
    lines = str(told[0].message).splitlines()
    assert [line.removesuffix("; left out") for line in lines[:4]] == [
        "mine.csv: 11 cells were not read as they stand.",
        "  rows 2, 3, 4 and 6 more, field sectors: unknown value 'Jeunese' (did you mean education_jeunesse?)",
        "  row 11, field sectors: unknown value 'Recyclerie ou réemplois' (did you mean economie_circulaire_reemploi?)",
        "  row 12, field sectors: unknown value 'magie'",
    ]
    assert lines[4] == f"  known sectors: {', '.join(sorted(SECTORS))}"
    assert "--recode sectors=FILE" in lines[5]


def test_the_beginning_of_a_label_is_enough_where_it_is_that_of_one_only(tmp_path: Path) -> None:
    table = read(tmp_path, "nom,adresse,secteur\na,,ALIMENTATION|Éducation; food\nb,,Numér\nc,,santé\n")
    assert table["sectors"].tolist() == ["alimentation_agriculture|education_jeunesse", "numerique", "sante_social"]
    assert codes_of(["cul"], SECTORS) == ([""], [["cul"]])
    labels: Labels = {"a": {"fr": "Ville libre", "en": "x"}, "b": {"fr": "Ville close", "en": "y"}}
    assert codes_of(["ville", "ville c"], labels) == (["", "b"], [["ville"], []])


def test_every_cell_that_is_left_out_is_told_at_once_in_its_order(tmp_path: Path) -> None:
    with pytest.warns(InputWarning) as told:
        read(tmp_path, "id,nom,adresse,secteur,lon,lat\nx,a,,mobilite|magie,,\nx,,,,48.9,2.4\n")
    lines = str(told[0].message).splitlines()
    assert lines[0] == "mine.csv: 4 cells were not read as they stand."
    assert [line.split(":")[0].strip() for line in lines[1:5]] == [
        "row 2, field sectors",
        "row 3, field lon, lat",
        "row 3, field name",
        "row 3, field structure_id",
    ]


HEAD = "nom;adresse;ville;salariés\n"


@pytest.mark.parametrize(
    ("rows", "names", "aside"),
    [
        ("Total;1 rue A;;3\nTotal;;;2\nA;2 rue B;;4\n;;;\nSous-total :;;;9\n;;;Total 9\n", ["Total", "A"], [3, 6, 7]),
        ("A;2 rue B;Bondy;4\nSous-total;;Bondy;4\nTOTAL GÉNÉRAL;;;4\n", ["A"], [3, 4]),
        ("A;2 rue B;Bondy;4\nB;3 rue B;Bondy;4\nSomme;;;8\nSource : mairie\n* à vérifier\n", ["A", "B"], [4, 5, 6]),
        ("A;2 rue B;Bondy;4\nTotal : 45 structures\nMis à jour le 12/03/2024\n", ["A"], [3, 4]),
        ("A;2 rue B;Bondy;4\nNombre de structures;;;1\nTotal Bondy;;;1\n", ["A"], [3, 4]),
        ("A;2 rue B;Bondy;4\nNom;Adresse;Ville;Salariés\nB;3 rue B;Bondy;\n", ["A", "B"], [3]),
        ("Total Festum;;Bondy;\nSource vive;;;\nSomme T;;Bondy;2\n", ["Total Festum", "Source vive", "Somme T"], []),
        ("A;2 rue B;Bondy;4\nTotal;3 rue B;Bondy;\n", ["A", "Total"], []),
        ("Total;;;\n", ["Total"], []),
        ("A;2 rue B;Bondy;4\nTotal Bondy;;;4\nB;3 rue C;Pantin;1\nTotal Pantin;;;1\n", ["A", "B"], [3, 5]),
        ("(texte);(n° et voie);(texte);[nombre]\nA;2 rue B;Bondy;4\n", ["A"], [2]),
    ],
)  # fmt: skip
def test_sums_notes_and_headers_within_a_list_are_no_structures(
    tmp_path: Path, rows: str, names: list[str], aside: list[int]
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert read(tmp_path, HEAD + rows)["name"].tolist() == names
    said = " ".join(str(one.message) for one in caught)
    assert [int(row) for row in re.findall(r"(\d+) \(", said.partition("no structure:")[2])] == aside


def test_a_list_without_names_calls_its_rows_by_what_else_it_says(tmp_path: Path) -> None:
    with pytest.warns(InputWarning, match="they are called by adresse"):
        assert read(tmp_path, "adresse;commune\n1 rue A;Bondy\n1 rue B;Bondy\n")["name"].tolist() == [
            "1 rue A",
            "1 rue B",
        ]
    with pytest.warns(InputWarning, match="they are called by code"):
        assert read(tmp_path, "code structure;adresse\nx1;1 rue A\n")["name"].tolist() == ["x1"]
    assert read(tmp_path, "Libellé du service;adresse\nPMI;1 rue A\n")["name"].tolist() == ["PMI"]
    with pytest.raises(SchemaError, match="the name"):
        read(tmp_path, "Nom;Prénom;adresse\nMARTIN;J;1 rue A\n")


def test_what_is_no_siret_is_set_aside_unless_the_law_hides_it(tmp_path: Path) -> None:
    table = read(tmp_path, "diffusion;nom;adresse;siret\nO;A;1 rue A;en cours\nP;B;2 rue B;Jeanne Secret\n")
    assert table[["siret", "siret_as_given"]].to_numpy().tolist() == [["", "en cours"], ["", ""]]


def test_a_restricted_row_is_not_told_as_a_sum(tmp_path: Path) -> None:
    table = read(tmp_path, "diffusion;nom;adresse\nO;A;1 rue A\nP;Total secret;\n")
    assert len(table) == 2


def test_a_long_list_of_faults_is_cut_and_counted(tmp_path: Path) -> None:
    with pytest.warns(InputWarning) as told:
        read(tmp_path, "nom,adresse,ouverture\na,,2015\n" + "".join(f"a,,mai {number}\n" for number in range(50)))
    lines = str(told[0].message).splitlines()
    assert len(lines) == 22
    assert (lines[0], lines[-1]) == ("mine.csv: 50 cells were not read as they stand.", "  ... and 30 more.")


def test_a_workbook_with_blank_rows_names_the_row_of_the_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["nom", "adresse", "secteur"], ["a", "", "mobilite"], [], [], ["b", "", "magie"]):
        book.active.append(row)
    book.save(tmp_path / "mine.xlsx")
    with pytest.warns(InputWarning, match="row 5, field sectors"):
        read_structures(tmp_path / "mine.xlsx")


def test_points_of_a_layer_in_another_crs_become_degrees(tmp_path: Path) -> None:
    shapes = [shapely.Point(660_500, 6_867_500), shapely.box(662_600, 6_867_400, 662_800, 6_867_600), None]
    layer = gpd.GeoDataFrame({"nom": ["a", "b", "c"], "Longitude": "x"}, geometry=shapes, crs=2154)
    layer.to_parquet(tmp_path / "mine.parquet")
    table = read_structures(tmp_path / "mine.parquet")
    assert table["lon"].round(5).tolist()[:2] == [2.46114, 2.49115]
    assert table["lat"].round(5).tolist()[:2] == [48.90629, 48.90642]
    assert table.loc["c", ["lon", "lat"]].isna().all()


def test_a_layer_without_crs_is_refused(tmp_path: Path) -> None:
    layer = gpd.GeoDataFrame({"nom": ["a"]}, geometry=[shapely.Point(2.4, 48.9)])
    layer.to_parquet(tmp_path / "mine.parquet")
    with pytest.raises(MissingCRSError, match=r"mine.parquet: no coordinate reference system"):
        read_structures(tmp_path / "mine.parquet")


@given(st.lists(st.sampled_from(["A", "a", "A 2", "a-2", "b", "", "é", "أ", "a 2 2"]), max_size=12))
def test_made_identifiers_are_unique(names: list[str]) -> None:
    found = _identifiers(pd.DataFrame({"name": names, "city": "", "address": ""}, dtype="object"))
    assert len(set(found)) == len(names)
    assert all(found)


def test_namesakes_have_the_same_identifiers_in_any_order() -> None:
    rows = [("A", "Bondy", "1 rue A"), ("A", "Bondy", "2 rue B"), ("A", "Pantin", ""), ("B", "Bondy", "1 rue A")]
    table = pd.DataFrame(rows, columns=["name", "city", "address"])
    made = ["a-bondy-1-rue-a", "a-bondy-2-rue-b", "a-pantin", "b"]
    assert _identifiers(table) == made
    assert _identifiers(table[::-1]) == made[::-1]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


REAL = {
    "siae_france_2019_2021": {"name": "nom", "lon": "lon", "lat": "lat", "siret": "siret", "address": "adresse"},
    "tiers_lieux_cget_2019": {"name": "NOM_TL", "lon": "lon", "lat": "lat", "address": "ADRESSE", "city": "NOMCOM"},
    "lieux_cnfs_2022-12": {"name": "nom", "lon": "longitude", "lat": "latitude", "address": "adresse"},
    "data_inclusion_mednum_2023-02": {"name": "nom", "lon": "longitude", "lat": "latitude", "citycode": "code_insee"},
    "aidants_connect_2023-01_sans_coordonnees": {"name": "Name", "address": "Adresse"},
}


@pytest.mark.parametrize("name", REAL)
@pytest.mark.filterwarnings("ignore:.*encoded twice:essgeo.errors.InputWarning")
def test_a_real_list_is_read_whole(shared: Path, name: str) -> None:
    path = shared / "structures" / f"{name}.csv"
    given, read_back = _rows(path), read_structures(path)
    assert len(read_back) == len(given)
    for field, column in REAL[name].items():
        cells = [undouble(row[column].strip()) for row in given]
        if field in {"lon", "lat"}:
            assert read_back[field].fillna(999).tolist() == [float(cell) if cell else 999 for cell in cells]
        else:
            expected = (
                [commune_code(cell) for cell in cells] if field == "citycode" else [known(cell) for cell in cells]
            )
            assert read_back[field].tolist() == expected


def test_the_numbers_of_a_real_list_are_kept_or_set_aside(shared: Path) -> None:
    path = shared / "structures" / "aidants_connect_2023-01_sans_coordonnees.csv"
    table = read_structures(path)
    for row, (_, found) in zip(_rows(path), table.iterrows(), strict=True):
        digits = "".join(row["SIRET"].split())
        if digits == "0":
            continue
        numbers = {found["siret"], found["siren"], "".join(found["siret_as_given"].split())}
        assert numbers & {digits, f"0{digits}"}
    assert table["postcode"].str.fullmatch(r"\d{5}").all()
    assert table["as_of"].str.fullmatch(r"\d{4}-\d{2}-\d{2}").all()


def test_zeros_in_place_of_a_siret_are_no_siret(shared: Path) -> None:
    table = read_structures(shared / "structures" / "lieux_cnfs_2022-12.csv")
    assert "00000000000000" not in set(table["siret"])
    assert (table["siret_as_given"] == "").all()
    assert (table["siren"] == table["siret"].str[:9]).all()


@pytest.mark.filterwarnings("ignore:.*encoded twice:essgeo.errors.InputWarning")
def test_publishers_with_the_same_identifier_are_told_apart(shared: Path) -> None:
    path = shared / "structures" / "data_inclusion_mednum_2023-02.csv"
    given, table = _rows(path), read_structures(path)
    assert len({row["id"] for row in given}) < len(given)
    assert table.index.is_unique
    assert all(name.endswith(f"-{row['id']}") for name, row in zip(table.index, given, strict=True))


def test_a_score_is_not_taken_for_a_precision(tmp_path: Path) -> None:
    table = read(tmp_path, "nom,lon,lat,precision\na,2.4,48.9,0.93\n")
    assert table[["coord_precision", "precision"]].to_numpy().tolist() == [["", "0.93"]]


@pytest.mark.parametrize(("said", "masked"), [("O", False), ("", False), ("P", True), ("N", True), ("[ND]", True)])
@pytest.mark.parametrize("column", ["statutDiffusionEtablissement", "Statut de diffusion"])
def test_what_is_not_said_to_be_open_is_masked(tmp_path: Path, column: str, said: str, masked: bool) -> None:  # noqa: FBT001 (a column of the table above)
    path = tmp_path / "list.csv"
    path.write_text(f"nom,adresse,{column}\nJeanne Martin,1 rue A,{said}\n", encoding="utf-8")
    row = read_structures(path).iloc[0]
    assert (row["name"] == "[ND]", row["address"] == "") == (masked, masked)


def test_a_frame_of_a_notebook_is_read_as_a_file_is() -> None:
    points = gpd.points_from_xy([2.48, 2.45], [48.90, 48.86])
    table = {"Nom": ["Le Fournil", "La Roue"], "Secteur": ["Alimentation et agriculture", None], "Effectif": [3, None]}
    mine = gpd.GeoDataFrame(table, index=["x", "y"], geometry=points, crs=4326).to_crs(2154)
    found = read_structures(mine)
    assert found.index.tolist() == ["le-fournil", "la-roue"]
    assert found["sectors"].tolist() == ["alimentation_agriculture", ""]
    assert found["lon"].round(6).tolist() == [2.48, 2.45]
    named = pd.DataFrame({"nom": ["A"], "adresse": ["1 rue A"]}, index=pd.Index(["s1"], name="structure_id"))
    assert read_structures(named).index.tolist() == ["s1"]
    with pytest.raises(SchemaError, match="table: no column was recognised as the name"):
        read_structures(mine.drop(columns="Nom"))


@pytest.mark.parametrize("title", ["BONDY", "Bondy (2)", "Ville de Bondy", "commune d'Aulnay", "LE PRE ST GERVAIS"])
def test_a_row_that_says_a_commune_of_the_list_alone_is_a_title(tmp_path: Path, title: str) -> None:
    lines = [
        "nom;adresse;ville",
        f"{title};;",
        *(f"Le Fournil {city};1 rue A;{city}" for city in ("Bondy", "Aulnay", "Le Pré St Gervais")),
    ]
    with pytest.warns(InputWarning, match=r"the title of a part .* row 2"):
        assert len(read(tmp_path, "\n".join(lines))) == 3
    with warnings.catch_warnings(action="ignore"):
        kept = read(tmp_path, "\n".join([*lines, "Bondy Services;;", "Bondy;12 rue B;Bondy", "Bondy;;Pantin"]))
    assert len(kept) == 6
