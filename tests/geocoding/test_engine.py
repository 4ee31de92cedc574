from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.errors import InputError, SourceChangedError
from essgeo.geocoding.ban import COLUMNS, build_department, load_index, read_ban, save_department
from essgeo.geocoding.communes import city_key
from essgeo.geocoding.index import AddressIndex
from essgeo.geocoding.match import match
from essgeo.geocoding.precision import ELSEWHERE_NEAR, ELSEWHERE_WIDER, HOUSE_M, ROOM_M, STREET_M, WIDEST_ROOM_M
from essgeo.geocoding.spelling import fold_all, is_shortened, street_key
from essgeo.geocoding.verdict import statuses
from tests.conftest import examples
from tests.made.server import make_ban

if TYPE_CHECKING:
    from collections.abc import Sequence

    from essgeo.geocoding.index import Department

LON, LAT, STEP = 2.48, 48.90, 0.0002
STREETS = {
    "93010": ("93140", "Bondy", ["Rue Louis Auguste Blanqui", "Avenue Galliéni", "Place du 8 Mai 1945",
    "Rue de l'Église", "Rue du Docteur Roux"]),
    "93061": ("93310", "Le Pré-Saint-Gervais", ["Rue André Joineau", "Rue Gabriel Péri"]),
    "75111": ("75011", "Paris 11e Arrondissement", ["Rue de Charonne", "Boulevard Voltaire", "Rue Saint-Maur"]),
    "75112": ("75012", "Paris 12e Arrondissement", ["Avenue Daumesnil", "Rue de Charonton", "Rue Louis XIV"]),
}  # fmt: skip


def rows(houses: Sequence[str] = ("1", "2", "3", "3 bis", "5", "9", "20")) -> pd.DataFrame:
    found = []
    for block, (code, (postcode, city, streets)) in enumerate(STREETS.items()):
        for line, street in enumerate(streets):
            for house in houses:
                number, _, repetition = house.partition(" ")
                found.append(
                    {
                        "id": f"{code}_{line}_{number}{repetition}",
                        "numero": int(number),
                        "rep": repetition,
                        "nom_voie": street,
                        "code_postal": postcode,
                        "code_insee": code,
                        "nom_commune": city,
                        "nom_ancienne_commune": "",
                        "type_position": "entrée",
                        "lon": round(LON + 0.05 * block + STEP * int(number), 6),
                        "lat": round(LAT + 0.01 * line + STEP * (int(number) % 2), 6),
                    }
                )
    return pd.DataFrame(found)


def index_of(table: pd.DataFrame, *, complete: bool = True) -> AddressIndex:
    arrow = pa.Table.from_pandas(table, preserve_index=False).set_column(
        1, "numero", pa.array(table["numero"], type=pa.int32())
    )
    department = build_department(arrow)
    return AddressIndex((), (department,), department.communes.assign(department=0), complete=complete)


INDEX = index_of(rows())


def ask(
    address: str, city: str = "Bondy", postcode: str = "", citycode: str = "", index: AddressIndex = INDEX
) -> pd.Series:
    query = pd.DataFrame([{"address": address, "postcode": postcode, "city": city, "citycode": citycode}])
    matches = match(index, query)
    return matches.assign(status=statuses(matches)).iloc[0]


@pytest.mark.parametrize(
    ("address", "city", "postcode", "label"),
    [
        ("3bis r. louis-auguste BLANQUI", "Bondy", "93140", "3bis Rue Louis Auguste Blanqui 93140 Bondy"),
        ("3 bis, rue Louis Auguste Blanqui", "BONDY CEDEX", "93143", "3bis Rue Louis Auguste Blanqui 93140 Bondy"),
        ("1-3 av. Gallieni", "Bondy", "", "1 Avenue Galliéni 93140 Bondy"),
        ("2, pl. du huit mai 1945", "Bondy", "", "2 Place du 8 Mai 1945 93140 Bondy"),
        ("Bât. B, 5 rue de l\u2019eglise - esc 3", "Bondy", "93140", "5 Rue de l'Église 93140 Bondy"),
        ("c/o M. Durand, 9 r du dr roux BP 123", "Bondy", "93140", "9 Rue du Docteur Roux 93140 Bondy"),
        ("5 Rue de l'Ã‰glise", "Bondy", "", "5 Rue de l'Église 93140 Bondy"),
        ("2 rue Gabriel Péri", "Pré St Gervais", "", "2 Rue Gabriel Péri 93310 Le Pré-Saint-Gervais"),
        ("2 rue Gabriel Péri, 93310 Le Pré St-Gervais", "", "", "2 Rue Gabriel Péri 93310 Le Pré-Saint-Gervais"),
        ("2 rue Gabriel Péri", "Le Pré-Saint-Gervais", "93140", "2 Rue Gabriel Péri 93310 Le Pré-Saint-Gervais"),
        ("20 rue Saint-Maur", "Paris", "75011", "20 Rue Saint-Maur 75011 Paris"),
        ("20 r st maur", "PARIS 11", "", "20 Rue Saint-Maur 75011 Paris"),
        ("20 r st maur", "Paris", "75012", "20 Rue Saint-Maur 75011 Paris"),
        ("9 rue Louis 14", "Paris 12e Arrondissement", "", "9 Rue Louis XIV 75012 Paris"),
        ("9 avenue Daumenil", "Paris", "75012", "9 Avenue Daumesnil 75012 Paris"),
        ("9 rue Louis XIV et 3 avenue Daumesnil", "Paris", "75012", "9 Rue Louis XIV 75012 Paris"),
        ("3 rue Louis Blanqui", "Bondy", "93140", "3 Rue Louis Auguste Blanqui 93140 Bondy"),
    ],
)
def test_french_addresses_as_typed_are_located(address: str, city: str, postcode: str, label: str) -> None:
    found = ask(address, city, postcode)
    assert (found["label"], found["status"], found["precision"]) == (label, "located", "housenumber")


def test_a_citycode_of_the_whole_city_is_any_arrondissement() -> None:
    assert ask("20 rue Saint-Maur", "Paris", citycode="75056")["status"] == "located"


def test_a_missing_number_is_interpolated_on_its_side() -> None:
    found = ask("7 avenue Galliéni")
    assert (found["precision"], found["label"], found["ban_id"]) == (
        "interpolated",
        "7 Avenue Galliéni 93140 Bondy",
        "",
    )
    assert found["lon"] == pytest.approx(LON + 7 * STEP)
    assert found["lat"] == pytest.approx(LAT + 0.01 + STEP)


def test_a_number_far_from_all_others_is_only_a_candidate() -> None:
    found = ask("400 avenue Galliéni")
    assert (found["status"], found["reason"]) == ("imprecise", "number_unknown")


def test_a_range_lies_between_its_ends() -> None:
    assert ask("1-5 rue du docteur roux")["lon"] == pytest.approx(LON + 3 * STEP)


@pytest.mark.parametrize(
    ("address", "city", "status", "reason"),
    [
        ("", "Bondy", "not_found", "no_address"),
        ("3 rue Inexistante", "Bondy", "not_found", "street_unknown"),
        ("3 avenue Galliéni", "Lyon", "not_found", "commune_not_covered"),
        ("3 avenue Galliéni", "", "not_found", "no_city"),
    ],
)
def test_what_is_not_there_is_not_a_position(address: str, city: str, status: str, reason: str) -> None:
    found = ask(address, city)
    assert (found["status"], found["reason"]) == (status, reason)


def test_a_postcode_of_another_department_never_locates() -> None:
    assert ask("3 avenue Galliéni", "Bondy", "97400")["status"] == "not_found"


def test_two_like_streets_are_ambiguous() -> None:
    assert ask("3 rue de Charont", "Paris")["status"] == "ambiguous"


def test_an_extract_locates_exact_houses_only() -> None:
    extract = index_of(rows(), complete=False)
    assert ask("3 avenue Galliéni", index=extract)["status"] == "located"
    assert ask("7 avenue Galliéni", index=extract)["status"] == "imprecise"
    assert ask("3 avenue Galienni", index=extract)["status"] == "not_found"


def test_the_better_kind_of_position_wins() -> None:
    table = pd.concat([rows().assign(type_position="parcelle", lon=1.0), rows()], ignore_index=True)
    assert ask("3 avenue Galliéni", index=index_of(table))["lon"] == pytest.approx(LON + 3 * STEP)


def test_every_label_comes_back_as_itself() -> None:
    table = rows()
    label = (
        table["numero"].astype(str)
        + table["rep"]
        + " "
        + table["nom_voie"]
        + " "
        + table["code_postal"]
        + " "
        + table["nom_commune"]
    )
    queries = pd.DataFrame({"address": label, "postcode": "", "city": "", "citycode": ""})
    assert match(INDEX, queries)["ban_id"].tolist() == table["id"].tolist()


def real_index(folder: Path) -> tuple[pd.DataFrame, AddressIndex]:
    files = sorted((Path(__file__).resolve().parents[3] / "shared" / "real-data" / "ban").glob("adresses-*.csv.gz"))
    if not files:
        pytest.skip("no ../shared/real-data/ban")
    return pd.concat([pd.read_csv(path, sep=";", dtype=str, keep_default_na=False) for path in files]), load_index(
        files, folder
    )


def test_real_labels_come_back_as_themselves(tmp_path: Path) -> None:
    table, index = real_index(tmp_path)
    streets = table.drop_duplicates(["code_insee", "nom_voie"])
    sample = pd.concat([streets, table.sample(2_000, random_state=1)], ignore_index=True).drop_duplicates(
        "id", ignore_index=True
    )
    queries = pd.DataFrame(
        {
            "address": sample["numero"] + sample["rep"] + " " + sample["nom_voie"],
            "postcode": sample["code_postal"],
            "city": sample["nom_commune"],
            "citycode": "",
        }
    )
    found = match(index, queries)
    assert sample["id"][found["ban_id"] != sample["id"]].tolist() == []


TEXT = st.text(max_size=60)
TYPED = st.lists(
    st.sampled_from(["3", "bis", "b", "12-14", "r.", "rue", "av", "de", "l'église", "Galliéni", "gallieni",
         "place", "8", "mai", "1945", ",", "-", "(", "/", "bât", "A", "Bondy", "93140", "🙂", "\x00"]),
    max_size=9,
).map(" ".join)  # fmt: skip


@examples(60)
@given(st.lists(st.tuples(TEXT | TYPED, TEXT | st.just("Bondy")), min_size=1, max_size=8))
def test_any_text_gets_an_answer_and_no_row_is_lost(texts: list[tuple[str, str]]) -> None:
    queries = pd.DataFrame(texts, columns=["address", "city"], index=range(5, 5 + len(texts))).assign(
        postcode="", citycode=""
    )
    found = match(INDEX, queries)
    assert found.index.tolist() == queries.index.tolist()
    assert set(statuses(found)) <= {"located", "ambiguous", "imprecise", "not_found"}


@given(TEXT | TYPED)
def test_folding_twice_is_folding_once(text: str) -> None:
    once = fold_all([text])
    assert fold_all(once) == once


WAY = st.sampled_from(["r", "rue", "av", "bd", "pl", "che", "quai"])
NAME = st.lists(
    st.sampled_from(["du", "de la", "gal", "leclerc", "st", "maur", "8", "mai", "1945", "huit", "louis", "xiv", "2e"]),
    min_size=1, max_size=5,
).map(" ".join)  # fmt: skip


@given(WAY, NAME)
def test_a_street_key_is_its_own_key(way: str, name: str) -> None:
    key = street_key(f"{way} {name}")
    again = street_key(key.words)
    assert (again.words, again.bare, again.way) == (key.words, key.bare, key.way)


@given(st.sampled_from(["Pré St Gervais", "LE PRÉ-SAINT-GERVAIS", "Paris 11e", "BONDY CEDEX 2", "L'Haÿ-les-Roses"]))
def test_a_commune_key_is_its_own_key(name: str) -> None:
    assert city_key(city_key(name)) == city_key(name)


@pytest.mark.parametrize(
    ("asked", "known", "shortened"),
    [
        ("rue neuburger", "rue jean neuburger", True), ("rue jean moinon", "rue jean et marie moinon", True),
        ("rue leclerc", "rue du general leclerc", True), ("rue du gal leclerc", "rue leclerc", True),
        ("av p vaillant couturier", "avenue paul vaillant couturier", True), ("rue pau", "rue pay", False),
        ("rue saint antoine", "rue saint faubourg antoine", False), ("rue henri regnault", "rue regnault", False),
        ("rue du temple", "rue vieille du temple", False), ("rue des rigoles", "rue des vignoles", False),
        ("place du 8 mai 1945", "place du 18 mai 1945", False), ("rue du caire", "passage du caire", False),
    ],
)  # fmt: skip
def test_what_is_a_name_without_a_part_of_it(asked: str, known: str, *, shortened: bool) -> None:
    assert is_shortened(street_key(asked), street_key(known)) is shortened


def test_a_street_that_is_not_there_is_not_its_neighbour() -> None:
    table = rows()
    lacking = index_of(table[table["nom_voie"] != "Rue Saint-Maur"])
    for address in ("3 passage Voltaire", "3 rue Henri Daumesnil", "3 rue Saint-Maur"):
        assert ask(address, "Paris", index=lacking)["status"] == "not_found"


def test_two_doubts_are_no_position() -> None:
    assert ask("3 bd Volteire", "Paris", "75011")["status"] == "located"
    assert ask("3 bd Volteire", "Paris", "75012")["status"] == "not_found"
    assert ask("7 boulevard Voltaire", "Paris", "75012")["status"] == "imprecise"


@examples(60)
@given(st.lists(TYPED, min_size=2, max_size=8, unique=True), st.randoms())
def test_the_order_of_rows_does_not_matter(texts: list[str], random: object) -> None:
    queries = pd.DataFrame({"address": texts, "postcode": "", "city": "Bondy", "citycode": ""})
    order = list(range(len(texts)))
    random.shuffle(order)  # type: ignore[attr-defined]
    once, again = match(INDEX, queries), match(INDEX, queries.iloc[order])
    pd.testing.assert_frame_equal(again.loc[queries.index], once)


@examples(60)
@given(TYPED)
def test_case_and_accents_never_change_the_answer(text: str) -> None:
    plain = text.translate(str.maketrans("éâ", "ea"))
    queries = pd.DataFrame(
        {"address": [text, text.upper(), text.lower(), plain], "postcode": "", "city": "Bondy", "citycode": ""}
    )
    found = match(INDEX, queries).drop_duplicates()
    assert len(found) == 1


@pytest.mark.parametrize(
    "text",
    ["3 rue " + "x" * 10_000, "3\x07\x1b rue", "شارع ٣", "🙂" * 50, "\x00", "3\n\r\t", "99999999999999999999 rue"],
)
def test_hostile_text_is_a_status(text: str) -> None:
    assert ask(text)["status"] == "not_found"


def test_many_empty_rows_take_seconds() -> None:
    queries = pd.DataFrame({name: [""] * 30_000 for name in ("address", "postcode", "city", "citycode")})
    assert (match(INDEX, queries)["reason"] == "no_address").all()


def test_files_are_indexed_once_and_read_back(tmp_path: Path) -> None:
    files = []
    for code, part in rows().groupby(rows()["code_insee"].str[:2]):
        files.append(tmp_path / f"adresses-{code}.csv")
        part.to_csv(files[-1], sep=";", index=False)
    queries = pd.DataFrame(
        {"address": ["3 bd Voltaire", "3 av Galliéni"], "postcode": "", "city": ["Paris", "Bondy"], "citycode": ""}
    )
    first = match(load_index(files, tmp_path / "index"), queries)
    built = {path: path.stat().st_mtime_ns for path in (tmp_path / "index").rglob("*.arrow")}
    again = match(load_index(files, tmp_path / "index"), queries)
    assert built == {path: path.stat().st_mtime_ns for path in (tmp_path / "index").rglob("*.arrow")}
    pd.testing.assert_frame_equal(first, again)
    assert first["label"].tolist() == ["3 Boulevard Voltaire 75011 Paris", "3 Avenue Galliéni 93140 Bondy"]


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_bad_files_are_one_clear_error(tmp_path: Path) -> None:
    good = rows().to_csv(sep=";", index=False).encode()
    with pytest.raises(InputError, match=r"a\.csv\.gz.*cut short"):
        read_ban(_write(tmp_path / "a.csv.gz", gzip.compress(good)[:-20]))
    with pytest.raises(InputError, match="no address"):
        read_ban(_write(tmp_path / "b.csv", b""))
    with pytest.raises(SourceChangedError, match="no column nom_voie"):
        read_ban(_write(tmp_path / "c.csv", good.replace(b"nom_voie", b"voie")))
    with pytest.raises(SourceChangedError, match=r"d\.csv"):
        read_ban(_write(tmp_path / "d.csv", good.replace(b";1;", b";one;", 1)))
    with pytest.raises(InputError, match="cannot be read"):
        read_ban(tmp_path / "none.csv")
    with pytest.raises(InputError, match="no address"):
        read_ban(_write(tmp_path / "e.csv", ";".join(COLUMNS).encode()))


def test_positions_are_degrees() -> None:
    found = ask("3 avenue Galliéni")
    assert np.allclose([found["lon"], found["lat"]], [LON + 3 * STEP, LAT + 0.01 + STEP])


def test_two_processes_may_index_one_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def meanwhile(department: Department, folder: Path) -> None:
        save_department(department, folder)
        if not other.exists():
            save_department(department, other)

    path = tmp_path / "adresses-93.csv.gz"
    path.write_bytes(make_ban(50))
    first = load_index([path], tmp_path / "once")
    other = tmp_path / "index" / first.folders[0].name
    monkeypatch.setattr("essgeo.geocoding.ban.save_department", meanwhile)
    again = load_index([path], tmp_path / "index")
    assert again.table.equals(first.table)
    assert [folder.name for folder in (tmp_path / "index").iterdir()] == [other.name]


def test_the_score_is_shared_by_what_an_address_may_be() -> None:
    exact, slip = ask("3 avenue Galliéni"), ask("3 avenue Galienni")
    assert exact["score"] > slip["score"] > 0.9
    both = ask("3 rue de Charont", "Paris")
    assert both["reason"] == "several_places"
    assert both["score"] < 0.7


def test_a_radius_follows_the_room_around_a_house() -> None:
    # Houses 1 to 7 stand side by side, 40 alone.
    index = index_of(rows(("1", "2", "3", "4", "5", "6", "7", "40")))
    radius = {number: ask(f"{number} avenue Galliéni", index=index)["radius_m"] for number in (4, 7, 40)}
    assert HOUSE_M < radius[4] < radius[7] <= radius[40] == HOUSE_M + WIDEST_ROOM_M**2 / ROOM_M
    assert ask("avenue Galliéni")["radius_m"] > STREET_M


def test_where_nothing_was_measured_a_position_is_less_sure_and_wider() -> None:
    table = rows().assign(code_insee=lambda row: "34" + row["code_insee"].str[2:])
    here, there = ask("3 avenue Galliéni"), ask("3 avenue Galliéni", index=index_of(table))
    assert there["score"] == pytest.approx(here["score"] * ELSEWHERE_NEAR)
    assert there["radius_m"] == pytest.approx(here["radius_m"] * ELSEWHERE_WIDER)


def test_streets_that_are_told_apart_by_a_code_are_never_taken_for_each_other() -> None:
    index = index_of(rows().assign(nom_voie=lambda row: row["nom_voie"].replace("Avenue Galliéni", "Voie B/11")))
    assert ask("3 voie B/11", index=index)["status"] == "located"
    assert ask("3 voie C/11", index=index)["status"] == "not_found"
