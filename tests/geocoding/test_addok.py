"""The client against a real addok, filled with the addresses of Bondy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from essgeo.errors import GeocoderError
from essgeo.geocoding import geocode
from essgeo.geocoding.service import Client, Service

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def service(addok: str) -> Service:
    return Service(Client(addok), batch_rows=150)


def test_addresses_of_ban_come_back_as_themselves(service: Service, shared: Path) -> None:
    ban = pd.read_csv(shared / "ban" / "adresses-93010.csv.gz", sep=";", dtype=str, keep_default_na=False).sample(
        200, random_state=1
    )
    number = (ban["numero"] + " " + ban["rep"]).str.strip()
    asked = pd.DataFrame(
        {
            "address": number + " " + ban["nom_voie"],
            "postcode": ban["code_postal"],
            "city": ban["nom_commune"],
            "citycode": ban["code_insee"],
        }
    )
    matches = service.match(asked)
    assert (matches["ban_id"] == ban["id"]).all()
    assert (matches["precision"] == "housenumber").all()
    assert (matches["reason"] == "").all()
    assert (matches["lon"] - ban["lon"].astype(float)).abs().max() < 1e-5


def test_what_is_not_in_ban_says_why(service: Service) -> None:
    table = pd.DataFrame(
        {
            "address": [
                "12 rue Louis Auguste Blanqui",
                "999 rue Louis Auguste Blanqui",
                "rue Louis Auguste Blanqui",
                "zzzz",
                "",
                "[ND]",
            ],
            "city": "Bondy",
            "postcode": "93140",
        }
    )
    found = geocode(table, using=service)
    assert found["geo_status"].tolist() == ["located", "imprecise", "imprecise", "not_found", "not_found", "masked"]
    assert found["geo_reason"].tolist() == [
        "",
        "number_unknown",
        "number_missing",
        "street_unknown",
        "no_address",
        "masked",
    ]
    assert found["geo_ban_id"].iloc[0] == "93010_5170_00012"
    assert found.geometry.notna().tolist() == [True, False, False, False, False, False]


def test_a_homonym_in_another_commune_is_not_located(service: Service) -> None:
    table = pd.DataFrame({"address": ["12 rue Louis Auguste Blanqui"], "city": ["Paris"], "postcode": [""]})
    assert geocode(table, using=service)["geo_status"].tolist() == ["not_found"]


def test_a_wrong_postcode_beside_the_right_commune(service: Service) -> None:
    table = pd.DataFrame({"address": ["12 rue Louis Auguste Blanqui"], "city": ["Bondy"], "postcode": ["93000"]})
    found = geocode(table, using=service)
    assert found["geo_ban_id"].tolist() == ["93010_5170_00012"]
    assert found["geo_status"].tolist() == ["located"]
    candidates = service.candidates(table.assign(citycode=""))
    assert candidates["ban_id"].iloc[0] == "93010_5170_00012"


def test_candidates_and_reverse(service: Service) -> None:
    asked = pd.DataFrame({"address": ["gallieni"], "postcode": "", "city": "Bondy", "citycode": ""}, index=["a"])
    found = service.candidates(asked)
    assert 1 <= len(found) <= 3
    assert found["rank"].tolist() == list(range(1, len(found) + 1))
    assert "Galliéni" in found["label"].iloc[0]
    assert service.reverse(2.479993, 48.900136)["ban_id"] == "93010_5170_00012"


def test_hostile_text_never_stops_a_batch(service: Service) -> None:
    texts = [
        "12 rue \x00Louis Auguste Blanqui",
        "1 " + "rue " * 3000,
        '12 rue "Blanqui"\n;,\t',
        "😀",
        "شارع",
        "=1+1",
        "'",
        '"',
        "12,",
        "\u202e12 rue",
    ]
    asked = pd.DataFrame({"address": texts, "postcode": "93140", "city": "Bondy", "citycode": ""})
    found = geocode(asked, using=service)
    assert len(found) == len(texts)
    assert found["geo_status"].iloc[0] == "located"
    assert (found["geo_reason"] != "no_answer").all()


def test_a_wrong_path_is_one_clear_error(addok: str) -> None:
    with pytest.raises(GeocoderError, match=r"refused the table \(404\)"):
        Service(Client(f"{addok}/nowhere")).match(
            pd.DataFrame({"address": ["1 rue A"], "postcode": "", "city": "", "citycode": ""})
        )
