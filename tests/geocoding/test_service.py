"""The client of a geocoding service, against a server that misbehaves in every known way."""

from __future__ import annotations

import datetime as dt
import json
import time
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from essgeo.errors import GeocoderError, InputError, RateLimitedError
from essgeo.geocoding.communes import POSTCODE_WRONG
from essgeo.geocoding.service import Client, Service
from essgeo.official.http import Patience

if TYPE_CHECKING:
    from collections.abc import Callable

Fake = Any
Handler = Any


def queries(count: int = 5, **given: str) -> pd.DataFrame:
    columns = {
        "address": [f"{number} rue A" for number in range(1, count + 1)],
        "postcode": "",
        "city": "Bondy",
        "citycode": "",
    }
    return pd.DataFrame(columns | given, index=[f"row {number}" for number in range(count)])


def right(matches: pd.DataFrame) -> bool:
    expected = 2 + np.arange(1, len(matches) + 1) / 1e6
    return bool(np.allclose(matches["lon"], expected, atol=1e-9)) and (matches["reason"] == "").all()


def status(code: int, body: bytes = b"", **headers: str) -> Callable[[Handler], None]:
    return lambda handler: handler.reply(code, body, **headers)


def test_every_row_comes_back_whatever_the_size_of_batches(fake: Fake, service: Service) -> None:
    matches = service.match(queries(250))
    assert right(matches)
    assert matches.index.tolist() == queries(250).index.tolist()
    assert [len(request["rows"]) for request in fake.requests] == [100, 100, 50]


def test_only_the_four_fields_and_a_row_number_leave_the_machine(fake: Fake, service: Service) -> None:
    asked = queries(3).assign(name="SECRET", siret="12345678900011")
    service.match(asked)
    (request,) = fake.requests
    assert set(request["rows"][0]) == {"address", "postcode", "city", "citycode", "essgeo_row"}
    assert b"SECRET" not in request["body"]
    assert b"12345678900011" not in request["body"]
    assert request["path"] == "/search/csv"
    assert request["form"]["columns"] == ["address", "postcode", "city"]
    assert "result_score_next" in request["form"]["result_columns"]


def test_citycode_is_preferred_to_postcode_as_a_filter(fake: Fake, service: Service) -> None:
    service.match(queries(2, postcode="93140", citycode="93010"))
    service.match(queries(2, postcode="93140"))
    service.match(queries(2, postcode="75001", citycode="75056", city="Paris"))
    first, second, paris = (request["rows"][0] for request in fake.requests[:3])
    assert fake.requests[0]["form"]["citycode"] == ["citycode"]
    assert fake.requests[0]["form"]["postcode"] == ["postcode"]
    assert (first["citycode"], first["postcode"]) == ("93010", "")
    assert (second["citycode"], second["postcode"]) == ("", "93140")
    assert (paris["citycode"], paris["postcode"]) == ("", "75001"), "BAN knows no address in 75056"


def filtered(handler: Handler) -> None:
    """A server that finds nothing under a postcode other than 93140, as a filter does."""
    handler.reply(
        200,
        handler.table(
            lambda rows: [
                row if row["postcode"] in {"", "93140"} else row | {"longitude": "", "result_status": "not-found"}
                for row in rows
            ]
        ).encode(),
    )


def test_a_wrong_postcode_is_left_out_of_a_second_question(fake: Fake, service: Service) -> None:
    fake.script = [filtered, filtered]
    asked = queries(4).assign(postcode=["93000", "93140", "93000", "75012"])
    matches = service.match(asked)
    assert matches["reason"].tolist() == ["", "", "", "street_unknown"], "75012 is of another department than 93010"
    assert matches["score"].iloc[0] == pytest.approx(matches["score"].iloc[1] * POSTCODE_WRONG)
    assert [row["postcode"] for row in fake.requests[1]["rows"]] == ["", "", ""]
    assert matches.index.tolist() == asked.index.tolist()


def test_a_wrong_postcode_beside_another_commune_stays_unknown(fake: Fake, service: Service) -> None:
    fake.script = [filtered, lambda handler: handler.reply(200, handler.table(elsewhere).encode())]
    assert service.match(queries(1, postcode="93000"))[["reason", "score"]].to_numpy().tolist() == [
        ["street_unknown", 0.0]
    ]


def nothing(handler: Handler) -> None:
    lost = dict.fromkeys(("longitude", "latitude", "result_label"), "") | {"result_status": "not-found"}
    handler.reply(200, handler.table(lambda rows: [row | lost for row in rows]).encode())


def elsewhere(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [row | {"result_city": "Pantin", "result_citycode": "93055"} for row in rows]


@pytest.mark.parametrize(
    ("city", "inside", "outside"),
    [("75056", "75120", "75121"), ("69123", "69389", "69266"), ("13055", "13216", "13001")],
)
def test_an_answer_in_an_arrondissement_is_in_its_city_and_no_other_is(
    fake: Fake, service: Service, city: str, inside: str, outside: str
) -> None:
    for code, reason in ((inside, ""), (outside, "other_city")):
        fake.script = [
            lambda handler, code=code: handler.reply(
                200, handler.table(lambda rows: [row | {"result_citycode": code} for row in rows]).encode()
            )
        ]
        assert service.match(queries(1, citycode=city))["reason"].tolist() == [reason]


@pytest.mark.parametrize(
    ("postcode", "answered", "reason"),
    [
        ("97400", "97411", ""), ("97400", "97105", "street_unknown"), ("97100", "97411", "street_unknown"),
        ("97600", "97411", "street_unknown"), ("98700", "98818", "street_unknown"), ("20090", "2A004", ""),
        ("20200", "2B033", ""), ("97133", "97701", ""),
    ],
)  # fmt: skip
def test_without_its_postcode_an_address_is_found_in_its_department_only(
    fake: Fake, service: Service, postcode: str, answered: str, reason: str
) -> None:
    def answer(handler: Handler) -> None:
        handler.reply(200, handler.table(lambda rows: [row | {"result_citycode": answered} for row in rows]).encode())

    fake.script = [filtered, answer]
    assert service.match(queries(1, postcode=postcode))["reason"].tolist() == [reason]


@pytest.mark.parametrize("code", [502, 503, 504])
def test_a_gateway_that_fails_is_asked_again_ever_later(
    fake: Fake, service: Service, sleeps: list[float], code: int
) -> None:
    fake.script = [status(code), status(code)]
    assert right(service.match(queries()))
    assert [pause for pause in sleeps if pause > 0.1] == [1.0, 2.0]


def test_a_gateway_that_never_recovers_is_an_error(fake: Fake, service: Service) -> None:
    fake.script = [status(503)] * 4
    with pytest.raises(GeocoderError, match="answered 503 4 times"):
        service.match(queries())
    assert len(fake.requests) == 4


def test_retry_after_is_obeyed_in_seconds_and_as_a_date(fake: Fake, service: Service, sleeps: list[float]) -> None:
    soon = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=31), usegmt=True)
    fake.script = [status(429, Retry_After="7"), status(429, Retry_After=soon), status(503, Retry_After="3")]
    assert right(service.match(queries()))
    seconds, date, other = (pause for pause in sleeps if pause > 0.1)
    assert seconds == 7
    assert 25 < date <= 31
    assert other == 3


def test_a_pause_longer_than_patience_is_refused_at_once(fake: Fake, service: Service, sleeps: list[float]) -> None:
    fake.script = [status(429, Retry_After="3600")]
    with pytest.raises(RateLimitedError, match="3600 s, longer than the 60 s"):
        service.match(queries())
    assert len(fake.requests) == 1
    assert [pause for pause in sleeps if pause > 0.1] == []


def test_a_limit_that_never_ends_is_a_rate_limit(fake: Fake, service: Service) -> None:
    fake.script = [status(429)] * 4
    with pytest.raises(RateLimitedError, match="429 4 times"):
        service.match(queries())


def test_a_connection_that_drops_is_made_again(fake: Fake, service: Service) -> None:
    def drop(handler: Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nessgeo_row,addr")
        handler.wfile.flush()
        handler.connection.close()

    fake.script = [drop, lambda handler: handler.connection.close()]
    assert right(service.match(queries()))


def test_a_slow_drip_does_not_hold_the_run(fake: Fake) -> None:
    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)

    fake.script = [drip]
    patience = Patience(attempts=2, connect_s=1, silence_s=1, whole_s=0.4)
    started = time.monotonic()
    assert right(Service(Client(fake.url, patience, sleep=lambda _: None)).match(queries()))
    assert time.monotonic() - started < 2


def test_a_silent_server_is_given_up(fake: Fake) -> None:
    fake.script = [lambda _: time.sleep(1.5)] * 2
    patience = Patience(attempts=2, connect_s=1, silence_s=0.2, whole_s=5)
    with pytest.raises(GeocoderError, match="no answer in time"):
        Service(Client(fake.url, patience, sleep=lambda _: None)).match(queries())


@pytest.mark.parametrize("kept", [0, 1, 60, 150, 300])
def test_rows_that_a_cut_answer_lacks_are_sent_once_more(fake: Fake, service: Service, kept: int) -> None:
    def cut(handler: Handler) -> None:
        text = handler.table()
        start = text.index("\n") + 1
        handler.reply(200, text[: start + kept].encode())

    fake.script = [cut]
    assert right(service.match(queries()))
    assert len(fake.requests) == 2
    assert 1 <= len(fake.requests[1]["rows"]) <= 5


def test_a_row_left_out_twice_says_so(fake: Fake, service: Service) -> None:
    def cut(handler: Handler) -> None:
        handler.reply(200, handler.table(lambda rows: [row for row in rows if row["address"] != "3 rue A"]).encode())

    fake.script = [cut, cut]
    matches = service.match(queries())
    assert matches["reason"].tolist() == ["", "", "no_answer", "", ""]
    assert fake.addresses.count("3 rue A") == 2
    assert fake.addresses.count("2 rue A") == 1


def test_rows_that_failed_on_the_server_are_sent_once_more(fake: Fake, service: Service) -> None:
    def failed(handler: Handler) -> None:
        handler.reply(200, handler.table(lambda rows: [rows[0] | {"result_status": "error"}, *rows[1:]]).encode())

    fake.script = [failed]
    assert right(service.match(queries()))


def test_rows_are_told_apart_by_their_number_not_by_their_place(fake: Fake, service: Service) -> None:
    fake.script = [lambda handler: handler.reply(200, handler.table(lambda rows: rows[::-1]).encode())]
    assert right(service.match(queries(50)))


def test_a_row_answered_twice_differently_is_not_believed(fake: Fake, service: Service) -> None:
    def twice(handler: Handler) -> None:
        handler.reply(200, handler.table(lambda rows: [*rows, rows[0] | {"longitude": "5"}, rows[1]]).encode())

    fake.script = [twice]
    assert right(service.match(queries()))
    assert fake.addresses.count("1 rue A") == 2
    assert fake.addresses.count("2 rue A") == 1


def test_a_web_page_instead_of_a_table_is_an_error(fake: Fake, service: Service) -> None:
    page = status(200, b"<html><title>Portail captif</title>", Content_Type="text/html")
    fake.script = [page]
    assert right(service.match(queries()))
    fake.script = [page, page]
    with pytest.raises(GeocoderError, match=r"does not answer with a table.*Portail captif"):
        service.match(queries())


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("cp1252", ""), ("latin-1", "iso-8859-1"), ("utf-8-sig", "iso-8859-1"), ("utf-8", "nonsense")],
)
def test_labels_survive_another_encoding(fake: Fake, service: Service, encoding: str, declared: str) -> None:
    kind = "text/csv" + (f"; charset={declared}" if declared else "")
    fake.script = [lambda handler: handler.reply(200, handler.table().encode(encoding), Content_Type=kind)]
    matches = service.match(queries(2, city="Épinay"))
    assert matches["label"].tolist() == ["1 rue A Épinay", "2 rue A Épinay"]


def test_other_names_delimiters_and_case_are_read(fake: Fake, service: Service) -> None:
    def other(handler: Handler) -> None:
        table = pd.read_csv(pd.io.common.StringIO(handler.table()), dtype=str)
        renamed = table.rename(columns={"longitude": "Lon", "latitude": "LAT", "result_score": "RESULT_SCORE"})
        handler.reply(200, renamed.to_csv(index=False, sep=";").encode())

    fake.script = [other]
    assert right(service.match(queries()))


def test_a_refusal_says_what_the_server_says(fake: Fake, service: Service) -> None:
    fake.script = [status(400, b'{"title": "Cannot found column \'rue\'"}')]
    with pytest.raises(GeocoderError, match=r"refused the table \(400\): Cannot found column 'rue'"):
        service.match(queries())
    assert len(fake.requests) == 1


def test_a_table_too_large_is_halved(fake: Fake, service: Service) -> None:
    fake.script = [status(413), status(413)]
    assert right(service.match(queries(8)))
    assert [len(request["rows"]) for request in fake.requests] == [8, 4, 2, 2, 4]


def test_a_server_that_fails_on_filters_is_asked_without(fake: Fake, service: Service) -> None:
    fake.script = [status(500), status(500)]
    assert right(service.match(queries(150)))
    assert ["citycode" in request["form"] for request in fake.requests] == [True, True, False, False]


@pytest.mark.parametrize(
    ("runner_up", "margin"),
    [("1e308", 0.0), ("17", 0.0), ("nan", 1.0), ("", 1.0), ("0", 1.0), ("0.9", 0.07), ("-3", 1.0)],
)
def test_a_wild_runner_up_never_makes_a_match_sure(fake: Fake, service: Service, runner_up: str, margin: float) -> None:
    fake.script = [
        lambda handler: handler.reply(
            200, handler.table(lambda rows: [row | {"result_score_next": runner_up} for row in rows]).encode()
        )
    ]
    assert service.match(queries(1))["margin"].tolist() == pytest.approx([margin])


@pytest.mark.parametrize(
    "wild", [{"longitude": "inf"}, {"latitude": "4890"}, {"longitude": ""}, {"result_type": "poi"}]
)
def test_a_point_that_is_none_is_not_found(fake: Fake, service: Service, wild: dict[str, str]) -> None:
    fake.script = [
        lambda handler: handler.reply(200, handler.table(lambda rows: [row | wild for row in rows]).encode())
    ]
    matches = service.match(queries(1))
    assert matches["lon"].isna().all()
    assert matches["reason"].tolist() == ["street_unknown"]


def test_an_answer_in_another_commune_says_so(fake: Fake, service: Service) -> None:
    def elsewhere(handler: Handler) -> None:
        handler.reply(
            200,
            handler.table(
                lambda rows: [row | {"result_city": "Pantin", "result_citycode": "93055"} for row in rows]
            ).encode(),
        )

    fake.script = [elsewhere] * 3
    assert service.match(queries(1))["reason"].tolist() == ["other_city"]
    assert service.match(queries(1, citycode="93010"))["reason"].tolist() == ["other_city"]


@pytest.mark.parametrize("given", [{"city": "Pierrefitte-sur-Seine"}, {"city": ""}, {"city": "", "postcode": "93380"}])
def test_a_code_that_became_part_of_another_commune_is_asked_again_without(
    fake: Fake, service: Service, given: dict[str, str]
) -> None:
    def merged(handler: Handler) -> None:
        now = {"result_citycode": "93066", "result_oldcitycode": "93059", "result_city": "Saint-Denis"}
        now |= {"result_oldcity": "Pierrefitte-sur-Seine", "result_postcode": "93380"}
        handler.reply(200, handler.table(lambda rows: [row | now for row in rows]).encode())

    fake.script = [nothing, merged]
    match = service.match(queries(1, citycode="93059", **given))
    assert match[["reason", "citycode"]].to_numpy().tolist() == [["", "93066"]]
    assert [row["citycode"] for request in fake.requests for row in request["rows"]] == ["93059", ""]


def test_a_code_asked_again_is_never_answered_from_elsewhere(fake: Fake, service: Service) -> None:
    fake.script = [nothing, lambda handler: handler.reply(200, handler.table(elsewhere).encode())]
    assert service.match(queries(1, citycode="93059"))["reason"].tolist() == ["street_unknown"]


def test_rows_that_a_service_skips_or_fails_on_twice_say_so(fake: Fake, service: Service) -> None:
    def odd(handler: Handler) -> None:
        states = {"1 rue A": "skipped", "2 rue A": "error"}
        answered = [
            row | {"result_status": states[row["address"]], "longitude": "", "latitude": ""}
            if row["address"] in states
            else row
            for row in handler.rows
        ]
        handler.reply(
            200, handler.table(lambda rows: [row | answer for row, answer in zip(rows, answered, strict=True)]).encode()
        )

    fake.script = [odd, odd]
    assert service.match(queries(3))["reason"].tolist() == ["skipped", "service_error", ""]
    assert [len(request["rows"]) for request in fake.requests] == [3, 1]


def test_a_query_begins_with_a_letter_or_digit_and_has_its_length(fake: Fake, service: Service) -> None:
    asked = queries(5).assign(address=["- 1 rue A", "(2 rue A", "?", "«\u00a04 rue A", "É"], city=["Bondy"] * 4 + [""])
    assert service.match(asked)["reason"].tolist() == ["", "", "no_address", "", "too_short"]
    assert fake.addresses == ["1 rue A", "2 rue A", "4 rue A"]


def test_a_commune_is_sent_in_columns_of_its_own(fake: Fake, service: Service) -> None:
    service.match(queries(1, city="F-93140 BONDY"))
    assert {name: fake.requests[0]["rows"][0][name] for name in ("postcode", "city")} == {
        "postcode": "93140",
        "city": "BONDY",
    }
    assert fake.requests[0]["form"]["index"] == ["address"]


def test_a_query_that_is_refused_costs_only_its_own_candidates(fake: Fake, service: Service) -> None:
    feature = {
        "geometry": {"type": "Point", "coordinates": [2.4, 48.9]},
        "properties": {"label": "2 Rue A", "score": 0.9},
    }
    fake.script = [
        status(400, b'{"message": "Failed parsing query"}'),
        status(200, json.dumps({"features": [feature]}).encode()),
    ]
    assert service.candidates(queries(2))[["query", "label"]].to_numpy().tolist() == [["row 1", "2 Rue A"]]
    assert "index=address" in fake.requests[0]["path"]


def test_hostile_text_is_cleaned_and_what_is_no_address_is_not_sent(fake: Fake, service: Service) -> None:
    asked = queries(4).assign(address=["", "1 " + "x" * 10_000, "3 rue \u202eA", "4 rue 😀"])
    assert service.match(asked)["reason"].tolist() == ["no_address", "too_long", "", ""]
    assert len(fake.addresses) == 2


def test_requests_are_paced(fake: Fake) -> None:
    now = [0.0]
    client = Client(fake.url, sleep=lambda seconds: now.__setitem__(0, now[0] + seconds), clock=lambda: now[0])
    Service(client, batch_rows=1).match(queries(90))
    assert len(fake.requests) == 90
    assert now[0] >= 89 / 45


@pytest.mark.parametrize(
    "url", ["http://example.org/geocodage", "ftp://example.org", "geocodage", "http://127.0.0.1.example.org"]
)
def test_addresses_are_only_sent_encrypted(url: str) -> None:
    with pytest.raises(InputError):
        Client(url)


def test_a_redirection_is_not_followed(fake: Fake, service: Service) -> None:
    fake.script = [status(302, b"Moved", Location="http://example.org/search/csv")]
    with pytest.raises(GeocoderError, match=r"\(302\)"):
        service.match(queries())


def test_a_proxy_of_the_environment_is_used(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", fake.url)
    patience = Patience(attempts=1)
    with pytest.raises(GeocoderError, match="the proxy refused"):
        Service(Client("https://geocoder.example.org", patience)).match(queries())
    assert [request["path"] for request in fake.requests] == ["geocoder.example.org:443"]


def test_an_answer_without_end_is_refused(fake: Fake) -> None:
    fake.script = [status(200, b"x" * 5000)]
    with pytest.raises(GeocoderError, match="larger than 1000 bytes"):
        Service(Client(fake.url, max_bytes=1000)).match(queries())
