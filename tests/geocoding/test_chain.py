"""The chain: who answers first, what is asked once, what never leaves."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.errors import GeocoderError, SchemaError
from essgeo.files.addresses import address_columns
from essgeo.geocoding import geocode, read_corrections
from essgeo.geocoding.corrections import review
from essgeo.geocoding.engines import Cache, distinct, no_matches, queries_of
from essgeo.geocoding.match import Local
from tests.conftest import examples

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.geocoding.service import Service

LOCATED = {
    "precision": "housenumber",
    "score": 0.95,
    "margin": 0.4,
    "lon": 2.5,
    "lat": 48.9,
    "label": "found",
    "ban_id": "b",
    "citycode": "93010",
}


@dataclass
class Scripted:
    """An engine that gives each address the match of a table, and remembers what it was asked."""

    answers: dict[str, dict[str, Any]]
    name: str = "scripted"
    version: str = "1"
    batch_rows: int = 2
    asked: list[str] = field(default_factory=list)
    fails_after: int = 1_000_000

    def match(self, queries: pd.DataFrame) -> pd.DataFrame:
        if len(self.asked) >= self.fails_after:
            message = "out of order"
            raise GeocoderError(message)
        self.asked += queries["address"].tolist()
        matches = no_matches(queries.index, "street_unknown")
        for key, address in queries["address"].items():
            for name, value in self.answers.get(address, {}).items():
                matches.loc[key, name] = value
            if address in self.answers:
                matches.loc[key, "reason"] = self.answers[address].get("reason", "")
        return matches

    def candidates(self, queries: pd.DataFrame) -> pd.DataFrame:
        rows = [
            {
                "query": place,
                "rank": rank,
                "label": f"{address} {rank}",
                "score": 0.5,
                "precision": "street",
                "ban_id": "",
                "citycode": "",
                "lon": rank,
                "lat": 48.0,
            }
            for place, address in queries["address"].items()
            for rank in (1, 2, 3)
        ]
        return pd.DataFrame(rows)


def table(*addresses: str, **more: list[Any]) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "name": "",
        "address": list(addresses),
        "postcode": "93140",
        "city": "Bondy",
        "citycode": "",
    }
    return pd.DataFrame(columns | more, index=[f"s{place}" for place in range(len(addresses))])


def test_each_distinct_address_is_asked_once_and_every_row_answered() -> None:
    engine = Scripted({"1 rue d'Été": LOCATED})
    rows = table("1 rue d'Été", "2 rue B", "1 RUE D ETE", "2 rue B", "1  rue d\u2019été")
    before = rows.copy(deep=True)
    found = geocode(rows, using=engine)
    assert engine.asked == ["1 rue d'Été", "2 rue B"]
    assert found["geo_status"].tolist() == ["located", "not_found", "located", "not_found", "located"]
    assert found.index.tolist() == rows.index.tolist()
    pd.testing.assert_frame_equal(rows, before)


def test_an_index_that_repeats_itself_is_kept() -> None:
    rows = table("1 rue A", "2 rue B", "3 rue C").set_axis(["x", "x", "y"])
    found = geocode(rows, using=Scripted({"2 rue B": LOCATED}))
    assert found["geo_status"].tolist() == ["not_found", "located", "not_found"]
    assert found.index.tolist() == ["x", "x", "y"]


@examples(5)
@given(st.permutations(range(5)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    rows = table("1 rue A", "1 RUE A", "2 rue B", "", "3 rue C")
    engine = {"1 rue A": LOCATED, "1 RUE A": LOCATED, "3 rue C": LOCATED | {"margin": 0.0}}
    expected = geocode(rows, using=Scripted(engine))
    found = geocode(rows.iloc[order], using=Scripted(engine))
    pd.testing.assert_frame_equal(pd.DataFrame(found.loc[rows.index]), pd.DataFrame(expected))


def test_the_next_engine_gets_what_is_left_but_not_what_is_ambiguous() -> None:
    first = Scripted(
        {
            "1": LOCATED,
            "2": LOCATED | {"margin": 0.0},
            "3": LOCATED | {"precision": "street", "reason": "number_unknown"},
        }
    )
    second = Scripted({"2": LOCATED, "3": LOCATED | {"label": "better"}}, name="second")
    found = geocode(table("1", "2", "3", "4"), using=[first, second])
    assert first.asked == ["1", "2", "3", "4"]
    assert second.asked == ["3", "4"]
    assert found["geo_status"].tolist() == ["located", "ambiguous", "located", "not_found"]
    assert found["geo_engine"].tolist() == ["scripted", "scripted", "second", "scripted"]
    assert found["longitude"].notna().tolist() == [True, False, True, False]
    assert found["candidate_longitude"].notna().tolist() == [False, True, False, False]


def test_corrections_win_over_known_coordinates_and_these_over_engines(tmp_path: Path) -> None:
    path = tmp_path / "corrections.csv"
    path.write_text(
        "structure_id,address,city,lon,lat\ns0,,,2.1,48.1\n,3 av. du Général Leclerc,BONDY,2.3,48.3\n", encoding="utf-8"
    )
    rows = table(
        "1", "2", "3, avenue du general Leclerc", "4", lon=[2.9, 2.8, None, None], lat=[48.9, 48.8, None, None]
    )
    engine = Scripted(dict.fromkeys(rows["address"], LOCATED))
    found = geocode(rows, using=engine, corrections=read_corrections(path))
    assert found["geo_status"].tolist() == ["corrected", "located", "corrected", "located"]
    assert found["longitude"].tolist() == [2.1, 2.8, 2.3, 2.5]
    assert found["geo_engine"].tolist() == ["correction", "register", "correction", "scripted"]
    assert engine.asked == ["4"]


def test_masked_rows_reach_no_engine_and_no_cache(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "answers.sqlite")
    rows = table(
        "[ND]", "12 rue Secrète", "1", postcode=["[ND]", "93140", "93140"], lon=[2.1, 2.2, None], lat=[48.1, 48.2, None]
    )
    rows["name"] = ["", "[ND]", ""]
    engine = Scripted({"12 rue Secrète": LOCATED, "1": LOCATED})
    found = geocode(rows, using=engine, cache=cache)
    assert engine.asked == ["1"]
    assert found["geo_status"].tolist() == ["masked", "masked", "located"]
    assert found["address"].tolist() == ["", "", "1"]
    assert found["longitude"].isna().tolist() == [True, True, False]
    assert b"Secr" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_the_cache_answers_before_the_engine_and_survives_its_failure(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "answers.sqlite")
    rows = table("1", "2", "3", "4", "5")
    first = Scripted(dict.fromkeys("12345", LOCATED), fails_after=4)
    with pytest.raises(GeocoderError):
        geocode(rows, using=first, cache=cache)
    second = Scripted(first.answers)
    assert geocode(rows, using=second, cache=cache)["geo_status"].eq("located").all()
    assert second.asked == ["5"]
    third = Scripted({})
    found = geocode(rows, using=third, cache=cache)
    assert third.asked == []
    assert found["geo_label"].eq("found").all()
    assert found["geo_engine"].eq("scripted").all()


def test_a_local_run_opens_no_connection(no_network: None) -> None:
    known = pd.DataFrame(
        {
            "address": ["18 rue Saint-Antoine"],
            "postcode": "93100",
            "city": "Montreuil",
            "citycode": "93048",
            "lon": 2.45,
            "lat": 48.86,
        }
    )
    rows = table("18 rue Saint Antoine", "20 rue Saint Antoine").assign(city="Montreuil", postcode="93100")
    assert geocode(rows, using=known)["geo_status"].tolist() == ["located", "imprecise"]
    assert Local.of(known).name == "extract"
    del no_network


def test_a_layer_of_known_addresses_may_be_empty() -> None:
    known = pd.DataFrame({name: [] for name in ("address", "postcode", "city", "citycode", "lon", "lat")}, dtype=object)
    found = geocode(table("1 rue A", ""), using=known)
    assert found["geo_status"].tolist() == ["not_found", "not_found"]
    assert found["geo_reason"].tolist() == ["city_unknown", "no_address"]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            "siret numeroVoieEtablissement typeVoieEtablissement libelleVoieEtablissement codePostalEtablissement",
            {
                "siret": "siret", "postcode": "codePostalEtablissement",
                "address": "numeroVoieEtablissement typeVoieEtablissement libelleVoieEtablissement",
            },
        ),
        ("Nom Adresse_siege CP Ville", {"name": "Nom", "address": "Adresse_siege", "postcode": "CP", "city": "Ville"}),
        ("numero nom_voie codpos com_name", {"address": "numero nom_voie", "postcode": "codpos", "city": "com_name"}),
        ("adresse libelle_voie numero", {"address": "adresse", "street": "numero libelle_voie"}),
        ("voie ville", {"address": "voie", "city": "ville"}),
    ],
)  # fmt: skip
def test_the_columns_of_an_address_are_known_by_their_usual_names(columns: str, expected: dict[str, str]) -> None:
    found = address_columns(pd.DataFrame(columns=columns.split()), source="mine.csv").fields
    assert {field: " ".join(names) for field, names in found.items()} == expected


def test_the_geocoder_is_imported_without_an_http_library() -> None:
    code = "import sys, essgeo.geocoding; print(sorted({'requests', 'urllib3', 'httpx', 'aiohttp'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "hostile", ["\x00", "1\x00 rue A", "rue " * 3000, "😀", "\u202e12 rue", "شارع الجمهورية", "=1+1", "a|b||"]
)
def test_hostile_text_gets_a_status(hostile: str, service: Service) -> None:
    found = geocode(table(hostile, "7 rue A"), using=service)
    assert found["geo_status"].iloc[0] in {"not_found", "located", "imprecise"}
    assert found["geo_status"].iloc[1] == "located"


@examples(15)
@given(st.text(max_size=40))
def test_keys_ignore_case_and_accents(text: str) -> None:
    plain = "".join(c for c in unicodedata.normalize("NFD", "rue des Érables 12") if not unicodedata.combining(c))
    rows = pd.DataFrame(
        {"address": ["Rue des Érables 12 ", plain.upper(), text], "city": "", "postcode": "", "citycode": ""}
    )
    queries = queries_of(rows)
    _, keys = distinct(queries)
    assert keys.iloc[0] == keys.iloc[1]
    assert keys.notna().all()
    pd.testing.assert_frame_equal(queries_of(queries), queries)


def test_a_review_sheet_filled_in_is_a_corrections_file(tmp_path: Path) -> None:
    rows = table("1 rue A", "2 rue B", "2 rue B", "3 rue C", "4 rue D", "").set_axis(range(6))
    engine = Scripted({"1 rue A": LOCATED})
    found = geocode(rows, using=engine)
    sheet = review(found, [engine]).astype({"lon": object, "lat": object})
    assert sheet[["address", "rows"]].to_numpy().tolist() == [["2 rue B", 2], ["3 rue C", 1], ["4 rue D", 1]]
    assert {"candidate_label", "candidate_2_label", "candidate_3_longitude"} <= set(sheet.columns)
    sheet.loc[0, "choice"] = "2"
    sheet.loc[1, ["lon", "lat"]] = ["2,7", "48.7"]
    path = tmp_path / "review.csv"
    sheet.to_csv(path, index=False)
    corrections = read_corrections(path)
    assert corrections[["address", "lon", "precision"]].to_numpy().tolist() == [
        ["2 rue B", 2.0, "street"],
        ["3 rue C", 2.7, "housenumber"],
    ]
    again = geocode(rows, using=engine, corrections=corrections)
    assert again["geo_status"].tolist() == ["located", "corrected", "corrected", "corrected", "not_found", "not_found"]
    assert again["geo_radius_m"].iloc[1] > again["geo_radius_m"].iloc[3]
    sheet.loc[2, "choice"] = "9"
    sheet.to_csv(path, index=False)
    with pytest.raises(SchemaError, match="row 4, field lon: is empty"):
        read_corrections(path)


@dataclass
class Better(Scripted):
    """An engine whose second candidate is the same as that of the other, and whose last is the best."""

    def candidates(self, queries: pd.DataFrame) -> pd.DataFrame:
        found = super().candidates(queries)
        renamed = found["label"].where(found["rank"] == 2, found["label"] + " bis")
        return found.assign(label=renamed, score=found["rank"] / 3)


def test_a_review_sheet_shows_the_best_candidates_of_all_engines() -> None:
    rows = table("2 rue B", "3 rue C").set_axis(range(2))
    engines = [Scripted({}), Better({})]
    sheet = review(geocode(rows, using=engines), engines)
    labels = ["candidate_label", "candidate_2_label", "candidate_3_label"]
    assert sheet[labels].to_numpy().tolist() == [
        [f"{address} 3 bis", f"{address} 2", f"{address} 1"] for address in ("2 rue B", "3 rue C")
    ]
    assert sheet["candidate_longitude"].tolist() == [3, 3]
