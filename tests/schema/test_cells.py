"""Cells as people and spreadsheets write them."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.schema.cells import (
    MISSING,
    code_of,
    codes_of,
    degrees_of,
    joined_address,
    known,
    number_of,
    status_of,
    without_contacts,
)
from essgeo.schema.codes import commune_code, siren_and_siret
from essgeo.schema.dates import iso_date
from essgeo.schema.vocabulary import SECTORS

FORMS = (
    "%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y%m%d", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %H:%M",
    "%Y-%m-%d %H:%M:%S.000", "%d/%m/%Y 13h30",
)  # fmt: skip


@given(day=st.dates(dt.date(1950, 1, 1), dt.date(2090, 12, 31)), form=st.sampled_from(FORMS))
def test_a_day_is_read_in_every_usual_form(day: dt.date, form: str) -> None:
    assert iso_date(dt.datetime.combine(day, dt.time()).strftime(form)) == day.isoformat()
    assert iso_date(str((day - dt.date(1899, 12, 30)).days)) == day.isoformat()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2020-01-02T00:00:00.000Z", "2020-01-02"), ("2020-01-01T23:00:00.000Z", "2020-01-02"), ("mai 2015", "2015-05"),
        ("1er février 2020", "2020-02-01"), ("2015.0", "2015"), ("12/2027", "2027-12"), ("3/4/21", "2021-04-03"),
        ("12/31/2020", "2020-12-31"), ("#N/A", ""), ("0001-01-01", ""), ("00/00/0000", ""), ("31/02/2020", None),
        ("lundi", None), ("2024-13", None), ("48", None),
    ],
)  # fmt: skip
def test_dates_that_need_care(text: str, said: str | None) -> None:
    assert iso_date(text) == said


@pytest.mark.parametrize("text", sorted(MISSING))
def test_what_says_nothing_is_missing_everywhere(text: str) -> None:
    assert known(f" {text.upper()} ") == ""
    assert iso_date(text) == ""
    assert number_of(text) is None
    assert degrees_of(text) is None
    assert commune_code(text) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("80 m²", 80), ("1 200", 1200), ("1\u00a0200,5 m2", 1200.5), ("1.200,50", 1200.5), ("1,200.50", 1200.5),
        ("1.200.000", 1_200_000), ("80-100", None), ("à voir", None), ("312.14", 312.14), ("1e3", 1000),
    ],
)  # fmt: skip
def test_numbers_with_spaces_and_units(text: str, said: float | None) -> None:
    assert number_of(text) == said


@pytest.mark.parametrize(
    "text", ["82821337100014", "828 213 371 00014", "82821337100014.0", "828.213.371.00014", "8.2821337100014E+13"]
)
def test_a_siret_is_read_however_a_spreadsheet_wrote_it(text: str) -> None:
    assert siren_and_siret(text) == ("828213371", "82821337100014")
    assert siren_and_siret("8.28213E+13") == ("", "")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Fermée", "closed"), ("Fermé en 2020", "closed"), ("fermé(e)", "closed"), ("Radiée", "closed"),
        ("Cessée", "closed"), ("A", "active"), ("F", "closed"), ("Ouvert", "active"), ("En activité", "active"),
        ("Actif", "active"), ("déménagé", "moved"), ("non", "closed"), ("SCOP", None), ("Association", None),
    ],
)  # fmt: skip
def test_open_and_closed_are_said_in_many_words(word: str, status: str | None) -> None:
    assert status_of(word) == status


@pytest.mark.parametrize("code", SECTORS)
def test_a_sector_is_known_in_any_form(code: str) -> None:
    for label in (code, *SECTORS[code].values()):
        forms = [label, label.upper(), f" {label} ", label.replace(" et ", " & "), label.replace("é", "e")]
        assert {code_of(form, SECTORS) for form in forms} == {code}
        halves = label.split(" et ")
        assert code_of(" et ".join(reversed(halves)), SECTORS) == code


def test_half_a_label_is_enough_and_a_common_word_is_not() -> None:
    assert code_of("réemploi", SECTORS) == "economie_circulaire_reemploi"
    assert code_of("Sports", SECTORS) == "culture_sport"
    assert codes_of(["Culture, mobilité / magie"], SECTORS) == (["culture_sport|mobilite"], [["magie"]])


def test_numbers_of_a_house_lose_what_a_column_of_numbers_adds() -> None:
    assert joined_address(["48.0", "", "Rue A"]) == "48 Rue A"
    assert joined_address(["", "", "Rue A"]) == "Rue A"
    assert joined_address(["12 bis", "rue A"]) == "12 bis rue A"


def test_a_cell_of_many_letters_is_looked_through_once() -> None:
    for text in ("a." * 50_000, "a" * 100_000, "a@" * 50_000, "a-+" * 30_000):
        begun = time.process_time()
        assert without_contacts(text)
        assert time.process_time() - begun < 2
    assert without_contacts("Écrire à jean.martin+x@ville.example.fr ou -x@y.fr") in {"Écrire à ou", "Écrire à  ou"}
