"""The forms in which people write an address: whatever stands around it, the same house."""

from __future__ import annotations

from functools import cache
from itertools import product

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.geocoding.ban import build_department
from essgeo.geocoding.index import AddressIndex
from essgeo.geocoding.match import match
from essgeo.geocoding.verdict import statuses

BONDY = ("93140", "93010", "Bondy", "", "")
STREETS = {
    "Avenue Henri Barbusse": BONDY,
    "Rue Jules Guesde": BONDY,
    "Rue Paul Vaillant-Couturier": BONDY,
    "Rue des 36 Ponts": BONDY,
    "Rue 1814": BONDY,
    "Place du 8 Mai 1945": BONDY,
    "Avenue Pierre Ier de Serbie": BONDY,
    "Promenade Watteau": BONDY,
    "Rue Watteau": BONDY,
    "Marché Monge": BONDY,
    "Rue Monge": BONDY,
    "Zone artisanale Poulenc": BONDY,
    "Rue Poulenc": BONDY,
    "Rue du Parc de la Mare": BONDY,
    "Rue de la Gare": BONDY,
    "La Vignette": BONDY,
    "Rue de la République": ("93200", "93066", "Saint-Denis", "", ""),
    "Rue de Paris": ("93200", "93066", "Saint-Denis", "", ""),
    "Rue de Paris ": ("93380", "93066", "Saint-Denis", "93059", "Pierrefitte-sur-Seine"),
    "Rue Lasson": ("75012", "75112", "Paris 12e Arrondissement", "", ""),
    "Rue Vernier": ("75017", "75117", "Paris 17e Arrondissement", "", ""),
}
"""Postcode, citycode, commune, code and name of a former commune of each street; numbers 1 to 60."""

LON, LAT, STEP = 2.3, 48.9, 0.0002


def table(streets: dict[str, tuple[str, ...]], numbers: range = range(1, 61)) -> pd.DataFrame:
    houses = [
        {
            "id": f"{name.strip()} {number} {place[0]}", "numero": number, "rep": "", "nom_voie": name.strip(),
            "code_postal": place[0], "code_insee": place[1], "nom_commune": place[2],
            "code_insee_ancienne_commune": place[3], "nom_ancienne_commune": place[4], "type_position": "entrée",
            "lon": round(LON + STEP * number, 6), "lat": round(LAT + 0.01 * line, 6),
        }
        for line, (name, place) in enumerate(streets.items())
        for number in numbers
    ]  # fmt: skip
    return pd.DataFrame(houses)


def index_of(rows: pd.DataFrame) -> AddressIndex:
    arrow = pa.Table.from_pandas(rows, preserve_index=False)
    department = build_department(arrow.set_column(1, "numero", pa.array(rows["numero"], type=pa.int32())))
    return AddressIndex((), (department,), department.communes.assign(department=0))


@cache
def town() -> AddressIndex:
    return index_of(table(STREETS))


@cache
def bondy() -> AddressIndex:
    return index_of(table({name: place for name, place in STREETS.items() if place == BONDY}))


def ask(
    address: str, postcode: str = "", city: str = "Bondy", citycode: str = "", *, index: AddressIndex | None = None
) -> pd.Series:
    asked = pd.DataFrame([{"address": address, "postcode": postcode, "city": city, "citycode": citycode}])
    found = match(index or town(), asked)
    return found.assign(status=statuses(found)).iloc[0]


@pytest.mark.parametrize(
    ("address", "house"),
    [
        ("c/o M. Exemple 54 avenue Henri Barbusse", "Avenue Henri Barbusse 54"),
        ("chez Mme Exemple, 54 avenue Henri Barbusse", "Avenue Henri Barbusse 54"),
        ("54 avenue Henri Barbusse Tél. 01 00 00 00 00", "Avenue Henri Barbusse 54"),
        ("54 avenue Henri Barbusse +33 1 00 00 00 00", "Avenue Henri Barbusse 54"),
        ("54 avenue Henri Barbusse, 3e étage gauche, porte 12", "Avenue Henri Barbusse 54"),
        ("Résidence Les Lilas, 54 avenue Henri Barbusse", "Avenue Henri Barbusse 54"),
        ("54 avenue Henri Barbusse - Maison de quartier", "Avenue Henri Barbusse 54"),
        ("54 avenue Henri Barbusse maison de quartier", "Avenue Henri Barbusse 54"),
        ("54 avenue Henri Barbusse (anciennement rue Monge)", "Avenue Henri Barbusse 54"),
        ("54 avenue Henri Barbusse, ex 12 rue Monge", "Avenue Henri Barbusse 54"),
        ("54avenue Henri BarbusseBondy", "Avenue Henri Barbusse 54"),
        ("54 avenue Henri Barbusse93140 Bondy", "Avenue Henri Barbusse 54"),
        ("93140 Bondy, 54 avenue Henri Barbusse", "Avenue Henri Barbusse 54"),
        ("54 avenue Henri Barbusse apt12", "Avenue Henri Barbusse 54"),
        ("avenue Henri Barbusse (54)", "Avenue Henri Barbusse 54"),
        ("54 avenue Henri Barbusse, Bondy (93)", "Avenue Henri Barbusse 54"),
        ("rue Jules Guesde 12", "Rue Jules Guesde 12"),
        ("rue Jules Guesde, 12, bâtiment B", "Rue Jules Guesde 12"),
        ("rue Jules Guesde n° 12", "Rue Jules Guesde 12"),
        ("12 rue P. Vaillant-Couturier", "Rue Paul Vaillant-Couturier 12"),
        ("12 av h barbusse", "Avenue Henri Barbusse 12"),
        ("43 rue des Trente-Six Ponts", "Rue des 36 Ponts 43"),
        ("8 rue mil huit cent quatorze", "Rue 1814 8"),
        ("8 pl du huit mai 45", "Place du 8 Mai 1945 8"),
        ("8 place du 8 mai", "Place du 8 Mai 1945 8"),
        ("24 av Pierre 1er de Serbie", "Avenue Pierre Ier de Serbie 24"),
        ("24 avenue Pierre premier de Serbie", "Avenue Pierre Ier de Serbie 24"),
        ("5 PRO WATTEAU", "Promenade Watteau 5"),
        ("5 MAR MONGE", "Marché Monge 5"),
        ("5 ZA POULENC", "Zone artisanale Poulenc 5"),
        ("3 lieu-dit La Vignette", "La Vignette 3"),
        ("3 LD La Vignette", "La Vignette 3"),
        ("S/N 5 rue Monge", "Rue Monge 5"),
        ("12 rue Jules Guesde 12 bis", "Rue Jules Guesde 12"),
        ("12, rue Jules Guesde, 12", "Rue Jules Guesde 12"),
        ("Jules Guesde (12 rue)", "Rue Jules Guesde 12"),
        ("12, Gare (rue de la)", "Rue de la Gare 12"),
        ("12 rue Jules Guesde escalier gauche", "Rue Jules Guesde 12"),
        ("12 rue Jules Guesde association Exemple", "Rue Jules Guesde 12"),
        ("12 rue promenade Watteau", "Promenade Watteau 12"),
    ],
)  # fmt: skip
def test_a_house_is_found_in_whatever_stands_around_it(address: str, house: str) -> None:
    found = ask(address, "93140")
    assert (found["ban_id"], found["status"]) == (f"{house} 93140", "located")


BEFORE = ["", "Bâtiment C, ", "c/o Association Exemple, ", "Résidence du Parc - ", "n° ", "Mairie annexe, "]
BEHIND = [
    "",
    ", 3e étage",
    " - Maison de quartier",
    " (fond de cour)",
    " BP 12",
    ", tél. 01 00 00 00 00",
    " appt 4 esc B",
]
PLACE = ["", ", 93140 Bondy", " 93140 BONDY CEDEX", " Bondy", ", Bondy (93)", " - 93140 - BONDY", " Bondy 93140 Bondy"]
COLUMNS = [("93140", "Bondy", ""), ("", "93140 BONDY", ""), ("", "BONDY (93)", ""), ("93140", "", ""),
           ("", "", "93010"), ("93147", "BONDY CEDEX", ""), ("", "Ville de Bondy", ""), ("", "93 - Bondy", ""),
           ("", "Bondy (Seine-Saint-Denis)", "")]  # fmt: skip


WAYS = ["avenue", "AV", "av.", "ave"]
LINES = st.tuples(*map(st.sampled_from, (BEFORE, range(1, 61), WAYS, BEHIND, PLACE)))


@given(LINES, st.sampled_from(COLUMNS), st.sampled_from(["", "upper", "lower"]))
def test_whatever_the_noise_the_same_address(
    line: tuple[str, int, str, str, str], columns: tuple[str, str, str], case: str
) -> None:
    before, number, way, behind, place = line
    address = f"{before}{number} {way} Henri Barbusse{behind}{place}"
    found = ask(getattr(address, case)() if case else address, *columns)
    assert (found["ban_id"], found["status"]) == (f"Avenue Henri Barbusse {number} 93140", "located"), address


@pytest.mark.parametrize(
    ("postcode", "city", "citycode"),
    [
        ("75571", "PARIS CEDEX 12", ""), ("", "75571 PARIS CEDEX 12", ""), ("", "75012 PARIS", ""),
        ("", "Paris XIIe", ""),
        ("", "Paris 12e arr.", ""), ("", "12e arrondissement", ""), ("", "XIIe", ""), ("75012", "12ème", ""),
        ("12e arrdt", "", ""), ("", "Paris - 12", ""), ("", "PARIS (75)", ""), ("", "Paris", "75056"),
    ],
)  # fmt: skip
def test_a_district_of_paris_is_read_in_every_form(postcode: str, city: str, citycode: str) -> None:
    found = ask("4 R LASSON", postcode, city, citycode)
    assert (found["ban_id"], found["status"]) == ("Rue Lasson 4 75012", "located")


@pytest.mark.parametrize(
    "line",
    [
        "Saint-Denis France",
        "93200 Saint-Denis",
        "93200 ST DENIS",
        "93200 Saint-Denis France",
        "Saint-Denis",
        "Saint Denis (93)",
    ],
)
def test_a_commune_may_be_repeated_in_the_address(line: str) -> None:
    found = ask(f"12 rue de la République {line}", "93200", "Saint-Denis")
    assert (found["ban_id"], found["status"]) == ("Rue de la République 12 93200", "located")


@pytest.mark.parametrize(
    ("postcode", "citycode"), [("93380", "93066"), ("93380", ""), ("", "93059"), ("93200", "93066"), ("93200", "")]
)
def test_the_parts_of_a_merged_commune_are_told_apart(postcode: str, citycode: str) -> None:
    found = ask("12 rue de Paris", postcode, "Saint-Denis" if postcode else "", citycode)
    assert (found["ban_id"], found["status"]) == (f"Rue de Paris 12 {postcode or '93380'}", "located")


def test_two_postcodes_of_one_commune_are_told_apart() -> None:
    places = {"Rue A": ("93200", "93066", "Saint-Denis", "", ""), "Rue A ": ("93210", "93066", "Saint-Denis", "", "")}
    index = index_of(table(places))
    for postcode in ("93200", "93210"):
        assert ask("12 rue A", postcode, "Saint-Denis", "93066", index=index)["ban_id"] == f"Rue A 12 {postcode}"
    assert ask("12 rue A", "", "Saint-Denis", index=index)["status"] == "ambiguous"


def test_an_address_without_a_commune_lies_in_the_only_one_there_is() -> None:
    assert ask("54 avenue Henri Barbusse", city="", index=bondy())["status"] == "located"
    for behind in (", Maison de quartier", ", bâtiment B", ", Bondy", " Bondy", "Bondy"):
        assert ask(f"54 avenue Henri Barbusse{behind}", city="", index=bondy())["status"] == "located"
    for other in (", Pantin", " - Pantin", ", 93500 Pantin", " Pantin", ", Les Pavillons-sous-Bois"):
        assert ask(f"54 avenue Henri Barbusse{other}", city="", index=bondy())["status"] == "not_found"
    several = ask("54 avenue Henri Barbusse", city="")
    assert (several["status"], several["reason"]) == ("not_found", "no_city")


@pytest.mark.parametrize(
    ("postcode", "city", "citycode"),
    [
        ("93140", "Les Pavillons-sous-Bois", ""),
        ("93140", "Vaujours", "93074"),
        ("93140", "", "93074"),
        ("93220", "Gagny", ""),
    ],
)
def test_a_commune_that_is_not_covered_is_never_answered_from_its_neighbour(
    postcode: str, city: str, citycode: str
) -> None:
    found = ask("54 avenue Henri Barbusse", postcode, city, citycode, index=bondy())
    assert found["status"] in {"not_found", "imprecise"}


@pytest.mark.parametrize(
    "name",
    ["Parc de la Mare", "La Gare", "Gare", "gare de Bondy", "Le Monge", "Les Ponts", "Watteau", "Porte de la Gare"],
)
def test_a_name_is_not_an_address(name: str) -> None:
    assert ask(name, "93140")["status"] not in {"located", "ambiguous"}


def test_a_hamlet_is_itself_with_its_prefix_or_without() -> None:
    found = [
        ask(text, "93140")
        for text in ("La Vignette", "lieu-dit La Vignette", 'Lieu dit "La Vignette"', "LD LA VIGNETTE")
    ]
    assert {(row["label"], row["status"], row["lon"]) for row in found} == {
        (found[0]["label"], "imprecise", found[0]["lon"])
    } or {row["status"] for row in found} == {"located"}


@pytest.mark.parametrize("numbers", ["18/50", "18-50", "18 à 50", "18, 20, 22, 50", "18 et 50", "18/70"])
def test_a_range_is_a_point_in_the_middle_and_a_radius_that_holds_both_ends(numbers: str) -> None:
    found = ask(f"{numbers} rue Monge", "93140")
    metres = (found["lon"] - (LON + STEP * 18)) * 73_000
    assert found["status"] == "located"
    assert found["radius_m"] > metres > 100


@pytest.mark.parametrize("none", ["0", "0,0", "00", "S/N", "SN", "sans numéro"])
def test_a_number_that_says_none_is_none(none: str) -> None:
    found, plain = (ask(f"{head}rue Monge", "93140") for head in (f"{none} ", ""))
    assert (found["label"], found["reason"], found["lon"]) == (plain["label"], plain["reason"], plain["lon"])


def test_an_initial_that_fits_nobody_or_two_is_no_position() -> None:
    assert ask("12 rue J. Moulin", "93140")["status"] == "not_found"
    index = index_of(table({"Rue Paul Bert": BONDY, "Rue Pierre Bert": BONDY}))
    assert ask("12 rue P. Bert", index=index)["status"] != "located"


def test_an_address_far_from_its_street_is_ignored() -> None:
    houses = table({"Rue du Pré": BONDY, "Rue B": BONDY})
    houses.loc[houses["id"] == "Rue du Pré 6 93140", ["lon", "lat"]] = 0.000004, 0.000414
    houses.loc[houses["id"] == "Rue B 6 93140", "lat"] += 0.2
    index = index_of(houses)
    for street in ("rue du Pré", "rue B"):
        six = ask(f"6 {street}", index=index)
        assert six["lon"] == pytest.approx(LON + 6 * STEP, abs=STEP)
        assert six["precision"] == "interpolated"


CROSSING = {"lon": LON + 30 * STEP, "lat": LAT}


@cache
def crossing() -> AddressIndex:
    """An avenue from west to east and a street that crosses it from south to north."""
    houses = table({"Avenue Henri Barbusse": BONDY, "Rue Verte": BONDY})
    second = houses["nom_voie"] == "Rue Verte"
    houses.loc[second, "lat"] = LAT + STEP * (houses.loc[second, "numero"] - 30)
    houses.loc[second, "lon"] = CROSSING["lon"]
    return index_of(houses)


@pytest.mark.parametrize(
    "form",
    [
        "Angle {} et {}", "{} / {}", "à l'angle de la {} et de l'{}", "croisement {} {}", "{} angle {}",
        "intersection {} et {}",
        "au coin de la {} et de l'{}", "{} et {}", "{} x {}",
    ],
)  # fmt: skip
def test_two_streets_say_where_they_meet(form: str) -> None:
    for names in (("rue Verte", "avenue Henri Barbusse"), ("avenue Henri Barbusse", "r. verte")):
        found = ask(form.format(*names), "93140", index=crossing())
        assert (found["precision"], found["status"]) == ("intersection", "located")
        assert (found["lon"], found["lat"]) == (pytest.approx(CROSSING["lon"], abs=STEP), pytest.approx(LAT, abs=STEP))
        assert found["radius_m"] < 100
        assert "Rue Verte" in found["label"]
        assert "Henri Barbusse" in found["label"]


def test_streets_that_do_not_meet_are_no_corner() -> None:
    found = ask("angle rue Monge et rue Jules Guesde", "93140")
    assert (found["precision"], found["status"]) == ("street", "imprecise")


def test_an_address_that_contradicts_its_columns_is_not_taken_from_either_in_silence() -> None:
    both = {"Rue A": BONDY, "Rue A ": ("93500", "93055", "Pantin", "", "")}
    found = ask("12 rue A 93500 Pantin", "93140", "Bondy", index=index_of(table(both)))
    assert found["status"] == "ambiguous"


@pytest.mark.parametrize("address", ["Bondy", "Paris 12e", "12e arrondissement", "Saint Denis (93)"])
def test_a_commune_alone_is_no_address(address: str) -> None:
    found = ask(address, city="")
    assert (found["status"], found["reason"]) == ("not_found", "no_address")


def test_a_district_of_a_city_that_is_not_known_is_nowhere() -> None:
    assert ask("4 rue Lasson", "", "12e arrondissement", index=bondy())["status"] == "not_found"


@pytest.mark.parametrize("form", ["place de l'Hôtel", "esplanade Exemple", "place du parvis Notre-Dame", "Pl. Jean II"])
def test_a_street_of_two_names_is_found_under_each(form: str) -> None:
    two = dict.fromkeys(["Place de l'Hôtel - Esplanade Exemple", "Parvis Notre-Dame Place Jean II"], BONDY)
    found = ask(f"12 {form}", "93140", index=index_of(table(two)))
    assert (found["precision"], found["status"]) == ("housenumber", "located")


def test_a_number_whose_side_has_no_houses_lies_beside_the_other() -> None:
    odd = {"Rue Jules Guesde": BONDY}
    found = ask("12 rue Jules Guesde", "93140", index=index_of(table(odd, range(1, 61, 2))))
    assert (found["precision"], found["status"]) == ("interpolated", "located")
    # The other side goes on in the next commune of the city: the house is there.
    parts = {"Rue Lasson": ("75012", "75112", "Paris 12e Arrondissement", "", "")}
    next_to = {"Rue Lasson": ("75011", "75111", "Paris 11e Arrondissement", "", "")}
    rows = pd.concat([table(parts, range(1, 61, 2)), table(next_to, range(2, 61, 4))], ignore_index=True)
    found = ask("12 rue Lasson", "", "Paris", index=index_of(rows))
    assert (found["citycode"], found["precision"], found["status"]) == ("75111", "interpolated", "located")


def test_forms_combine() -> None:
    for (postcode, city, citycode), place in product(COLUMNS[:2], PLACE):
        assert ask(f"rue Jules Guesde n°12{place}", postcode, city, citycode)["ban_id"] == "Rue Jules Guesde 12 93140"


@pytest.mark.parametrize(
    "line", ["Paris 4 rue Lasson", "75012 Paris 4 rue Lasson", "Paris 12 - 4 rue Lasson", "PARIS 12e, 4 rue Lasson"]
)
def test_a_commune_that_stands_first_leaves_the_house_its_number(line: str) -> None:
    found = ask(line, city="")
    assert (found["ban_id"], found["status"]) == ("Rue Lasson 4 75012", "located")


def test_a_misspelt_street_is_found_under_the_other_postcode_of_its_commune() -> None:
    parts = {
        "Rue Danton": ("93200", "93066", "Saint-Denis", "", ""),
        "Rue Dantan Proust": ("93210", "93066", "Saint-Denis", "", ""),
    }
    assert ask("5 rue Danton Prout", "93200", "Saint-Denis", index=index_of(table(parts)))["label"].startswith(
        "5 Rue Dantan"
    )
