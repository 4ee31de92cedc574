"""Places that one or two real files do not hold: other cities of arrondissements, former communes, hamlets, islands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from essgeo.geocoding.ban import load_index
from essgeo.geocoding.match import match
from essgeo.geocoding.verdict import statuses

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.geocoding.index import AddressIndex

COLUMNS = [
    "id", "id_fantoir", "numero", "rep", "nom_voie", "code_postal", "code_insee", "nom_commune",
    "code_insee_ancienne_commune", "nom_ancienne_commune", "x", "y", "lon", "lat", "type_position", "alias", "nom_ld",
    "libelle_acheminement", "nom_afnor", "source_position", "source_nom_voie", "certification_commune",
    "cad_parcelles",
]  # fmt: skip
"""Of the official department files."""

STREETS = {
    "69": [
        ("Rue Sainte-Catherine", "69001", "69381", "Lyon 1er Arrondissement", ""),
        ("Cours Lafayette", "69003", "69383", "Lyon 3e Arrondissement", ""),
        ("Cours Lafayette", "69006", "69386", "Lyon 6e Arrondissement", ""),
        ("Cours Émile Zola", "69100", "69266", "Villeurbanne", ""),
    ],
    "13": [
        ("Rue Paradis", "13001", "13201", "Marseille 1er Arrondissement", ""),
        ("Chemin du Littoral", "13015", "13215", "Marseille 15e Arrondissement", ""),
    ],
    "49": [
        ("Rue de l'Église", "49320", "49050", "Brissac Loire Aubance", "Brissac-Quincé"),
        ("Rue de l'Église", "49320", "49050", "Brissac Loire Aubance", "Saulgé-l'Hôpital"),
        ("Les Grandes Vignes", "49320", "49050", "Brissac Loire Aubance", "Vauchrétien"),
        ("Rue de l'Église", "49000", "49007", "Angers", ""),
    ],
    "2A": [("Cours Napoléon", "20000", "2A004", "Ajaccio", ""), ("Rue de la Poste", "20100", "2A272", "Sartène", "")],
    "974": [("Rue de Paris", "97400", "97411", "Saint-Denis", "")],
    "2B": [("Rue de la Poste", "20200", "2B033", "Bastia", "")],
}
"""Name, postcode, citycode, commune and former commune of invented streets, by department."""
NUMBERS = (1, 2, 3, 4, 99_999)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> AddressIndex:
    folder = tmp_path_factory.mktemp("ban")
    files: list[Path] = []
    for place, (department, streets) in enumerate(STREETS.items()):
        rows = [
            dict.fromkeys(COLUMNS, "")
            | {
                "id": f"{citycode}_{line}_{number:05}",
                "numero": number,
                "nom_voie": name,
                "code_postal": postcode,
                "code_insee": citycode,
                "nom_commune": city,
                "nom_ancienne_commune": former,
                "lon": round(2 + place + 0.02 * line + 0.0001 * (number % 100), 6),
                "lat": 45.0,
                "type_position": "entrée",
            }
            for line, (name, postcode, citycode, city, former) in enumerate(streets)
            for number in (NUMBERS[-1:] if name.startswith("Les ") else NUMBERS[:-1])
        ]
        files.append(folder / f"adresses-{department}.csv")
        pd.DataFrame(rows, columns=COLUMNS).to_csv(files[-1], sep=";", index=False)
    return load_index(files, folder / "index")


def ask(index: AddressIndex, address: str, postcode: str, city: str, citycode: str = "") -> pd.Series:
    matches = match(
        index, pd.DataFrame([{"address": address, "postcode": postcode, "city": city, "citycode": citycode}])
    )
    return matches.assign(status=statuses(matches)).iloc[0]


@pytest.mark.parametrize(
    ("asked", "ban_id"),
    [
        (("2 r. ste catherine", "69001", "LYON", ""), "69381_0_00002"),
        (("2 rue Sainte-Catherine", "", "Lyon 1er", ""), "69381_0_00002"),
        (("2 rue Sainte-Catherine", "", "Lyon", "69123"), "69381_0_00002"),
        (("2 rue Sainte-Catherine, 69001 Lyon", "", "", ""), "69381_0_00002"),
        (("2 rue Sainte-Catherine", "69002", "Lyon", ""), "69381_0_00002"),
        (("3 crs Lafayette", "69006", "Lyon", ""), "69386_2_00003"),
        (("3 cours Lafayette", "", "Lyon 3e arrondissement", ""), "69383_1_00003"),
        (("1 cours Emile-Zola", "69100", "VILLEURBANNE CEDEX", ""), "69266_3_00001"),
        (("4 rue Paradis", "13001", "MARSEILLE 01", ""), "13201_0_00004"),
        (("4 rue Paradis", "", "Marseille", "13055"), "13201_0_00004"),
        (("1 che du littoral", "13015", "Marseille 15eme", ""), "13215_1_00001"),
        (("3 rue de l'église", "49320", "Brissac-Quincé", ""), "49050_0_00003"),
        (("3 rue de l'église", "", "SAULGE L HOPITAL", ""), "49050_1_00003"),
        (("3 rue de l'église", "49320", "Saulgé-l'Hôpital", ""), "49050_1_00003"),
        (("3 rue de l'église", "49320", "Saulgé-l'Hôpital", "49050"), "49050_1_00003"),
        (("3 rue de l'église", "", "Angers", "49007"), "49007_3_00003"),
        (("1 rue de la Poste", "20100", "Sartene", ""), "2A272_1_00001"),
        (("1 cours Napoleon", "20090", "Ajaccio", ""), "2A004_0_00001"),
        (("2 rue de Paris", "97400", "ST DENIS", ""), "97411_0_00002"),
    ],
)
def test_an_address_is_located_in_its_own_part(
    index: AddressIndex, asked: tuple[str, str, str, str], ban_id: str
) -> None:
    found = ask(index, *asked)
    assert (found["ban_id"], found["status"], found["precision"]) == (ban_id, "located", "housenumber")


def test_the_same_street_in_two_parts_of_a_commune_is_ambiguous(index: AddressIndex) -> None:
    for address, postcode, city in (
        ("3 cours Lafayette", "", "Lyon"),
        ("3 rue de l'église", "49320", "Brissac Loire Aubance"),
    ):
        assert ask(index, address, postcode, city)["status"] == "ambiguous"


def test_a_hamlet_is_a_position_of_its_own_kind(index: AddressIndex) -> None:
    found = ask(index, "Les Grandes Vignes", "49320", "Vauchrétien")
    assert (found["precision"], found["status"]) == ("locality", "located")
    assert ask(index, "lieu-dit les grandes vignes", "49320", "Brissac Loire Aubance")["precision"] == "locality"
    numbered = ask(index, "12 Les Grandes Vignes", "49320", "Vauchrétien")
    assert (numbered["status"], numbered["reason"]) == ("imprecise", "number_unknown")


OVERSEAS = {
    "971": "97105", "972": "97209", "973": "97302", "974": "97411", "975": "97502", "976": "97608", "986": "98611",
    "987": "98735", "988": "98818",
}  # fmt: skip
"""A citycode of each department or territory that has three characters."""


@pytest.fixture(scope="module")
def islands(tmp_path_factory: pytest.TempPathFactory) -> dict[str, AddressIndex]:
    """The same street of a commune of the same name in every one of them, each in an index of its own."""
    folder = tmp_path_factory.mktemp("islands")
    indexes = {}
    for department, citycode in OVERSEAS.items():
        row = dict.fromkeys(COLUMNS, "") | {
            "id": f"{citycode}_0_00003", "numero": 3, "nom_voie": "Rue de l'Église", "code_postal": f"{department}00",
            "code_insee": citycode, "nom_commune": "Saint-Louis", "lon": 55.5, "lat": -21.0, "type_position": "entrée",
        }  # fmt: skip
        path = folder / f"adresses-{department}.csv"
        pd.DataFrame([row], columns=COLUMNS).to_csv(path, sep=";", index=False)
        indexes[department] = load_index([path], folder / "index")
    return indexes


@pytest.mark.parametrize("given", ["postcode", "citycode", "both", "new citycode", "line", "cedex"])
@pytest.mark.parametrize("department", OVERSEAS)
def test_an_address_overseas_is_located_in_its_own_department_only(
    islands: dict[str, AddressIndex], department: str, given: str
) -> None:
    address, postcode, citycode = "3 rue de l'église", f"{department}00", OVERSEAS[department]
    asked = {
        "postcode": (address, postcode, "Saint-Louis", ""),
        "citycode": (address, "", "Saint-Louis", citycode),
        "both": (address, postcode, "Saint-Louis", citycode),
        "new citycode": (address, postcode, "Saint-Louis", f"{department}99"),
        "line": (f"{address}, {postcode} Saint-Louis", "", "", ""),
        "cedex": (address, f"{department}98", "SAINT LOUIS CEDEX", ""),
    }[given]
    located = {other for other, index in islands.items() if ask(index, *asked)["status"] == "located"}
    assert located == {department}


def test_the_two_departments_of_corsica_are_told_apart_by_citycode(index: AddressIndex) -> None:
    for postcode, city, citycode, house in (
        ("20200", "Bastia", "2B033", "2B033_0_00002"),
        ("20100", "Sartène", "2A272", "2A272_1_00002"),
    ):
        assert ask(index, "2 rue de la Poste", postcode, city, citycode)["ban_id"] == house
    elsewhere = ask(index, "2 rue de la Poste", "", "Sartène", "2B999")
    assert elsewhere["status"] == "not_found"
