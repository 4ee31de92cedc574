"""Columns are known by what their names say and by what stands in them; what is not read is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest

from essgeo import read_premises, read_structures
from essgeo.errors import InputError, InputWarning
from essgeo.files.entries import take, take_positions, without_persons
from essgeo.files.recognise import parse_columns, recognise

if TYPE_CHECKING:
    from pathlib import Path


def frame(**columns: str) -> pd.DataFrame:
    """A table of one row; ``__`` in a name stands for a space."""
    return pd.DataFrame([columns])


def read(tmp_path: Path, text: str, **given: object) -> pd.DataFrame:
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8")
    return read_structures(path, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "cell", "names"),
    [
        (
            "name",
            "Le Fournil",
            ["Noms des structures", "Nom de l'association", "RAISON SOCIALE", "Dénomination (nom)", "Nom usuel"],
        ),
        (
            "address",
            "1 rue A",
            ["Adresses", "Adresse du siège social", "ADRESSE_COMPLETE", "Adresse (siège)"],
        ),
        ("postcode", "93140", ["CP", "Code postal", "codePostalEtablissement", "Code Postal (5 chiffres)"]),
        (
            "city",
            "Bondy",
            ["Commune d'implantation", "Villes", "Nom de la commune", "libelleCommuneEtablissement", "COMMUNE_NOM"],
        ),
        (
            "active_to",
            "30/06/2020",
            [
                "Date de fermeture",
                "DATE FERMETURE",
                "date_fermeture",
                "Fermé le",
                "Fin",
                "Closed on",
                "Fermeture définitive le",
            ],
        ),
        (
            "active_from",
            "2015",
            ["Date d'ouverture", "Année de création", "dateCreationEtablissement"],
        ),
        ("sectors", "Mobilité", ["Thématiques", "Domaine d'activité", "Secteurs d'activité", "Catégorie", "Sector"]),
        ("status", "Fermé", ["Situation", "Statut", "État", "Status", "Situation actuelle"]),
        ("status", "non", ["Actif", "En activité", "Ouvert ?", "Toujours ouvert ?", "is_open"]),
        ("status", "Cessée", ["Situation juridique"]),
        ("status", "F", ["etatAdministratifEtablissement", "Etat"]),
        ("closed", "oui", ["Fermé", "Définitivement fermé"]),
        ("legal_form", "SCOP", ["Statut", "Forme juridique", "Statut juridique"]),
        ("siret", "82821337100014", ["N° SIRET", "Numéro de SIRET", "siret", "SIRET (siège)"]),
        ("point", "48.85, 2.42", ["geo_point_2d", "Geo Point", "Coordonnées GPS", "Localisation GPS"]),
        ("point", "POINT Z (2.42 48.85 35)", ["geometry", "the_geom", "wkt"]),
        ("point", '{"type": "Point", "coordinates": [2.42, 48.85]}', ["geo_shape"]),
        ("lon", "2.42", ["Longitude", "lng", "Longitude (WGS84)", "geo_lon", "X"]),
        ("postcode_city", "93140 Bondy", ["CP Ville", "Code postal et ville", "CP/Commune"]),
    ],
)
def test_a_header_is_known_by_its_meaning(field: str, cell: str, names: list[str]) -> None:
    for name in names:
        assert recognise(pd.DataFrame({name: [cell]}), source="mine.csv").fields == {field: (name,)}, name


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("Secteur", "Nord"),
        ("Etat", "bon"),
        ("Ouverture", "lundi 9h-18h"),
        ("Statut de l'agent", "en poste"),
        ("Association", "oui"),
        ("X", "à voir"),
        ("Coordonnées", "à faire"),
    ],
)
def test_a_column_that_holds_something_else_is_not_used_and_said(name: str, cell: str) -> None:
    reading = recognise(pd.DataFrame({"nom": ["A"], name: [cell]}), source="mine.csv")
    assert name in reading.unused
    assert name in "\n".join(reading.sentences("mine.csv"))


def test_a_column_that_would_move_figures_is_warned_of(tmp_path: Path) -> None:
    with pytest.warns(InputWarning, match=r"column Secteur is not used: .* sectors \(Nord, Sud\)\. .*--recode sectors"):
        read(tmp_path, "Nom;Adresse;Secteur\nA;1 rue A;Nord\nB;2 rue B;Sud\n")


@pytest.mark.parametrize(
    ("columns", "address"),
    [
        ({"N°": "48.0", "Voie": "Rue A"}, "48 Rue A"),
        ({"Numéro": "12", "Indice de répétition": "bis", "Type de voie": "RUE", "Libellé voie": "A"}, "12 bis RUE A"),
        ({"N°": "12", "Rue": "12 rue A"}, "12 rue A"),
        ({"VOIE": "CHANZY", "NUM_VOIE": "135", "ADRESSE_COMPLETE": "135 BD CHANZY"}, "135 BD CHANZY"),
        ({"Adresse 1": "Résidence A", "Adresse 2": "54 avenue B"}, "54 avenue B"),
        ({"Adresse 1": "54 avenue B", "Adresse 2": "Bâtiment C"}, "54 avenue B"),
        ({"Adresse 1": "54", "Adresse 2": "avenue B"}, "54 avenue B"),
        ({"Adresse": "", "Complément d'adresse": "54 avenue B"}, "54 avenue B"),
        ({"Voie": "rue A"}, "rue A"),
        ({"N°": "12", "Adresse": "rue A"}, "12 rue A"),
        ({"N°": "1", "Nom": "B", "Adresse": "rue A"}, "rue A"),
        ({"N°": "1", "Adresse": "12 rue A"}, "12 rue A"),
        ({"Adresse": "", "N°": "12", "Voie": "rue A"}, "12 rue A"),
    ],
)
def test_several_columns_make_one_address(columns: dict[str, str], address: str) -> None:
    table = pd.DataFrame([columns])
    assert take(table, recognise(table, source="mine.csv"))["address"].tolist() == [address]


@pytest.mark.parametrize(
    ("columns", "postcode", "city"),
    [
        ({"CP Ville": "93140 Bondy"}, "93140", "Bondy"),
        ({"Ville": "93140 BONDY"}, "93140", "BONDY"),
        ({"Ville": "Bondy (93140)"}, "93140", "Bondy"),
        ({"CP": "93140", "Ville": "93140 Bondy"}, "93140", "Bondy"),
        ({"CP": "93140 - Bondy"}, "93140", "Bondy"),
    ],
)
def test_a_postcode_and_commune_of_one_cell_are_told_apart(columns: dict[str, str], postcode: str, city: str) -> None:
    table = pd.DataFrame([columns])
    found = take(table, recognise(table, source="mine.csv"))
    assert found[["postcode", "city"]].to_numpy().tolist() == [[postcode, city]]


@pytest.mark.parametrize(
    ("columns", "persons"),
    [
        ({"Association": "A", "Nom": "MARTIN", "Prénom": "Jeanne"}, ["Nom", "Prénom"]),
        ({"Association": "A", "Nom": "MARTIN"}, ["Nom"]),
        ({"Nom": "A", "Contact": "Jeanne", "Tél.": "01", "Courriel": "x"}, ["Contact", "Tél.", "Courriel"]),
        ({"Nom": "A", "Nom du président": "Jeanne Martin"}, ["Nom du président"]),
        ({"Nom": "A", "Infos": "jeanne@martin.fr"}, ["Infos"]),
        ({"Nom": "A", "Permanence": "06 12 34 56 78"}, ["Permanence"]),
        ({"denominationUniteLegale": "A", "nomUniteLegale": "MARTIN", "prenom1UniteLegale": "J"}, None),
        ({"Nom": "A", "Chargé de mission": "Jeanne"}, ["Chargé de mission"]),
        ({"Nom": "A", "Personne ressource": "Jeanne"}, ["Personne ressource"]),
        ({"Nom": "A", "Animatrice": "Jeanne", "Élu référent": "J"}, ["Animatrice", "Élu référent"]),
        ({"Nom": "A", "Nombre de contacts": "12"}, []),
        ({"Nom": "A", "Bénévoles": "12", "Personnes accueillies": "350"}, []),
        ({"Nom": "A", "Mobile": "oui"}, []),
    ],
)
def test_persons_are_recognised_and_left_out(columns: dict[str, str], persons: list[str] | None) -> None:
    table = pd.DataFrame([columns])
    reading = recognise(table, source="mine.csv")
    assert list(reading.persons) == ([*columns][1:] if persons is None else persons)
    assert take(table, reading)["name"].tolist() == ["A"]
    assert not {*take(table, reading).columns} & {*reading.persons}
    assert not {*without_persons(table, reading).columns} & {*reading.persons}


def test_a_telephone_within_another_cell_is_taken_out(tmp_path: Path) -> None:
    table = read(
        tmp_path, "Nom;Adresse;Divers\nA;12 rue A (tél. 01 48 47 00 00);voir x@y.fr\nB;1 rue B;b\nC;;c\nD;;d\n"
    )
    assert table.iloc[0][["address", "Divers"]].tolist() == ["12 rue A", "voir"]


def test_a_list_of_persons_alone_is_refused() -> None:
    reading = recognise(pd.DataFrame({"Nom": ["MARTIN"], "Prénom": ["J"], "Adresse": ["1 rue A"]}), source="mine.csv")
    assert "name" not in reading.fields


@pytest.mark.parametrize("given", ["name=Quoi au juste,ville=Où", {"name": "Quoi au juste", "city": "Où"}])
def test_columns_are_named_by_the_user(tmp_path: Path, given: object) -> None:
    table = read(tmp_path, "Quoi au juste;Nom;Où;Adresse\nA;b;Bondy;1 rue A\n", columns=given)
    assert table[["name", "city"]].to_numpy().tolist() == [["A", "Bondy"]]
    with pytest.raises(InputError, match=r"no column 'Lieu'\. Columns seen: "):
        read(tmp_path, "Nom;Adresse\nA;1 rue A\n", columns="city=Lieu")
    with pytest.raises(InputError, match="no field 'zzz'"):
        parse_columns("zzz=Nom")
    with pytest.raises(InputError, match="give FIELD=COLUMN"):
        parse_columns("Nom")


def test_words_of_a_town_are_recoded_once_for_all(tmp_path: Path) -> None:
    recode = tmp_path / "recode.csv"
    recode.write_text("mot;secteur\nFripes;Réemploi\nVélo;mobilite\nDivers;\n", encoding="utf-8")
    text = "Nom;Adresse;Secteur\nA;1 rue A;fripes\nB;2 rue B;Vélos\nC;3 rue C;Divers\n"
    table = read(tmp_path, text, recode={"sectors": recode})
    assert table["sectors"].tolist() == ["economie_circulaire_reemploi", "mobilite", ""]
    with pytest.raises(InputError, match="'Vélo' stands for 'zzz', which is none of"):
        read(tmp_path, text, recode={"sectors": {"Vélo": "zzz"}})
    with pytest.raises(InputError, match="no words are recoded for 'city'"):
        read(tmp_path, text, recode={"city": {"a": "b"}})


def test_one_unknown_word_does_not_cost_the_others(tmp_path: Path) -> None:
    with pytest.warns(InputWarning, match="unknown value 'Fripes'"):
        table = read(tmp_path, "Nom;Adresse;Secteur\nA;1 rue A;Fripes\nB;2 rue B;Mobilité, Fripes\n")
    assert table["sectors"].tolist() == ["", "mobilite"]


def test_positions_are_read_in_every_form_and_told_where_they_are_none() -> None:
    rows = [
        ("2,48", "48,90", ""), ("48.90", "2.48", ""), ("0", "0", ""), ("0.0", "0.0", ""), ("None", "nan", ""),
        ("", "", "48.90, 2.48"), ("", "", "POINT(2.48 48.90)"), ("", "", '{"lon": 2.48, "lat": 48.90}'),
        ("660500", "6867500", ""), ("2.48", "", ""), ("500", "48", ""), ("660 500,0", "6 867 500", ""),
        ("2°28.8' E", "48°54' N", ""), ("", "", "POINT Z (2.48 48.90 35)"),
    ]  # fmt: skip
    taken = pd.DataFrame(rows, columns=["lon", "lat", "point"])
    taken = taken.replace({"None": "", "nan": ""})
    found, faults = take_positions(taken, taken.index)
    here = [0, 1, 5, 6, 7, 12, 13]
    assert found.iloc[here].to_numpy().tolist() == [[2.48, 48.9]] * len(here)
    assert found.iloc[[8, 11]].round(3).to_numpy().tolist() == [[2.461, 48.906]] * 2
    assert found.iloc[[2, 3, 4, 9, 10]].isna().all(axis=None)
    assert [(row, field) for row, field, _ in faults] == [(1, "lon, lat"), (9, "lat"), (10, "lon, lat")]


@pytest.mark.parametrize(
    "system", ["EPSG:2154", "EPSG:3857", "EPSG:27572", "EPSG:3943", "EPSG:3944", "EPSG:3947", "EPSG:3949"]
)
def test_metres_are_read_in_the_system_in_which_they_are_in_france(system: str) -> None:
    # A conic zone is 1 degree to each side of its parallel; web maps lie where Lambert 93 is not in the north alone.
    here = {"EPSG:2154": (4.83, 45.76), "EPSG:27572": (4.83, 45.76), "EPSG:3857": (2.48, 48.9)}
    lon, lat = here.get(system, (2.48, float(system[-2:])))
    point = gpd.points_from_xy([lon], [lat], crs=4326).to_crs(system)[0]
    for x, y in ((point.x, point.y), (point.y, point.x)):
        taken = pd.DataFrame({"lon": [str(x)], "lat": [str(y)]})
        found, faults = take_positions(taken, taken.index)
        assert found.iloc[0].tolist() == pytest.approx([lon, lat], abs=1e-5)
        told = [] if system == "EPSG:2154" else [f"were read as {system}"]
        assert [what.split(" (")[0] for _, _, what in faults] == told


def test_metres_that_are_in_france_in_no_system_are_no_place() -> None:
    taken = pd.DataFrame({"lon": ["489014", "330000", "1e9"], "lat": ["24822", "7680000", "5"]})
    found, faults = take_positions(taken, taken.index)
    assert found.isna().all(axis=None)
    assert all("are not degrees" in what for _, _, what in faults)
    assert len(faults) == 3


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("Secteur 1;Secteur 2", "Mobilité;Culture et sport"),
        ("Secteur principal;Autre secteur", "Mobilité;Culture"),
        ("Thématique", "Mobilité - Culture"),
        ("Secteur(s) d'intervention", "Mobilité • Culture"),
    ],
)
def test_sectors_of_several_columns_or_words_are_all_read(tmp_path: Path, header: str, cells: str) -> None:
    table = read(tmp_path, f"Nom;Adresse;{header}\nA;1 rue A;{cells}\n")
    assert table["sectors"].tolist() == ["mobilite|culture_sport"]


def test_premises_are_read_by_the_same_rules(tmp_path: Path) -> None:
    path = tmp_path / "locaux.csv"
    path.write_text(
        "Nom du local;Surface (m²);RDC;Date de début;Date de fin;geo_point_2d;Contact\n"
        "Halle;80 m²;Oui;01/09/2024;2026-06;48.90, 2.48;Jeanne\nHangar;à voir;;bientôt;;;\n",
        encoding="utf-8",
    )
    with pytest.warns(InputWarning, match="row 3, field surface_m2: 'à voir' is no surface") as told:
        found = read_premises(path)
    assert "row 3, field available_from: 'bientôt' is not a date" in str(told[0].message)
    first = found.iloc[0]
    assert first[["surface_m2", "ground_floor", "available_from", "available_to"]].tolist() == [
        80.0, "yes", "2024-09-01", "2026-06",
    ]  # fmt: skip
    assert found.geometry.notna().tolist() == [True, False]
