"""The nomenclature of activities changes on 1 January 2027: codes of both are read, and what nothing tells is said."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import openpyxl
import pandas as pd
import pytest

from essgeo.errors import SourceChangedError
from essgeo.official.readers import read_naf_2025
from essgeo.register.establishments import as_structures
from essgeo.register.perimeter import NOT_KNOWN, activities, nomenclature, unknown_activities
from tests.made.sirene import AS_OF

if TYPE_CHECKING:
    from pathlib import Path

PAIRS = [
    ("88.91A", "85.10Y"), ("85.10Z", "85.10Y"), ("88.91A", "88.91G"), ("94.92Z", "94.92Y"), ("94.99Z", "94.99Y"),
    ("84.25Z", "84.25Y"), ("93.29Z", "84.25Y"), ("93.12Z", "93.12Y"), ("93.11Z", "93.12Y"), ("88.99B", "88.99H"),
]  # fmt: skip
"""Rows of the correspondence of INSEE."""
TRANSLATION = {new: "+".join(sorted(old for old, other in PAIRS if other == new)) for _, new in PAIRS}
EDITIONS = {
    "2026": ("Sous-classes NAF rév. 2 \N{EN DASH} codes", "Sous-classes NAF 2025 \N{EN DASH} codes"),
    "2024": (
        "NAFold-code\n(code niveau sous-classe de la nomenclature actuelle)",
        "NAFnew-code\n(code niveau sous-classe de la nomenclature 2025, correspondance logique avec les NAFold-codes)",
    ),
}


def workbook(path: Path, edition: str, *, above: int = 2, sheets: int = 2) -> Path:
    """The correspondence of INSEE: notes above the header, other columns between, other sheets before."""
    book = openpyxl.Workbook()
    book.active.title = "Lisez-moi"
    book.active.append(["Correspondances entre la NAF rév. 2 et la NAF 2025"])
    for number in range(sheets - 1):
        sheet = book.create_sheet(f"{number}) correspondance")
        for _ in range(above):
            sheet.append(["Table de correspondance"])
        old, new = EDITIONS[edition]
        sheet.append([old, "Intitulés", "Contenu commun", new, "Intitulés 2025", "Type de correspondance"])
        for left, right in PAIRS:
            sheet.append([left, "A", "- une part", right, "B", "Multiple"])
    book.save(path)
    return path


def structure(**columns: str) -> pd.Series:
    row = {"siret": "1", "siren": "1", "diffusion": "O", "legal_category": "9220"} | columns
    return as_structures(pd.DataFrame([row]), as_of=AS_OF, only_ess=False, naf_2025=TRANSLATION).iloc[0]


@pytest.mark.parametrize("edition", EDITIONS)
def test_each_edition_of_the_workbook_is_read_and_a_csv_of_it(edition: str, tmp_path: Path) -> None:
    assert read_naf_2025(workbook(tmp_path / "naf.xlsx", edition)) == TRANSLATION
    table = pd.DataFrame(PAIRS, columns=[title.splitlines()[0] for title in EDITIONS[edition]])
    table.to_csv(tmp_path / "naf.csv", index=False, sep=";")
    assert read_naf_2025(tmp_path / "naf.csv") == TRANSLATION


def test_a_workbook_without_the_two_columns_or_without_a_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceChangedError, match="naf_2025 changed: no column for"):
        read_naf_2025(workbook(tmp_path / "other.xlsx", "2026", sheets=1))
    (tmp_path / "empty.csv").write_text(";".join(EDITIONS["2026"]) + "\nA;B\n", encoding="utf-8")
    with pytest.raises(SourceChangedError, match="side by side"):
        read_naf_2025(tmp_path / "empty.csv")


def where(code: str, place: str) -> dict[str, str]:
    """The columns of an establishment that has a code of the NAF 2025 alone, in either of the two columns of SIRENE."""
    return {"naf_2025": code} if place == "own" else {"naf": code, "naf_version": place}


@pytest.mark.parametrize(
    ("code", "sector", "rule", "certainty"),
    [
        ("88.91G", "petite_enfance", "naf:88.91A", "sure"),
        ("88.99H", "sante_social", "naf:88.99B", "sure"),
        ("93.12Y", "culture_sport", "naf:93.11Z+93.12Z", "sure"),
        ("85.10Y", "", "", "sure"),
        ("94.99Y", "", "", "sure"),
        ("94.92Y", "", "", "excluded"),
        ("84.25Y", "", "", "unsure"),
        ("90.20Y", "culture_sport", "naf:90", "sure"),
        ("9020Y", "culture_sport", "naf:90", "sure"),
        ("86.97Y", "", "", "sure"),
        ("99.99Y", "", "", "sure"),
    ],
)
@pytest.mark.parametrize("place", ["own", "NAF2025", "NAF25", "NAFRev2025"])
def test_a_code_of_2025_alone_gives_a_sector_and_an_exclusion_where_that_is_sure(
    code: str, sector: str, rule: str, certainty: str, place: str
) -> None:
    found = structure(**where(code, place))
    assert found[["sectors", "sector_rule", "ess_certainty"]].tolist() == [sector, rule, certainty]
    assert found["naf"].replace(".", "") == code.replace(".", "")
    assert found["naf_version"] == "NAF2025"


def test_the_nomenclature_of_the_tables_wins_while_both_are_there() -> None:
    for version, other in itertools.product(["NAFRev2"], ["94.92Y", "85.10Y", ""]):
        found = structure(naf="88.91A", naf_version=version, naf_2025=other)
        assert found[["naf", "naf_version", "naf_rev2", "sectors"]].tolist() == [
            "88.91A", "NAFRev2", "88.91A", "petite_enfance",
        ]  # fmt: skip


@pytest.mark.parametrize("code", ["94.92Y", "94.20Y", "88.91G", "85.10Y"])
def test_without_the_correspondence_a_code_is_not_known_and_a_category_as_sure_as_it_is(code: str) -> None:
    row: dict[str, Any] = {"siret": "1", "siren": "1", "diffusion": "O", "naf_2025": code}
    rows = pd.DataFrame([row | {"legal_category": category} for category in ("9220", "6532", "5710")])
    found = as_structures(rows, as_of=AS_OF, only_ess=False)
    assert found["naf_rev2"].tolist() == [NOT_KNOWN] * 3
    assert found["ess_certainty"].tolist() == ["sure", "unsure", "unknown"]
    assert found["sectors"].tolist() == [""] * 3
    for lang in ("fr", "en"):
        said = unknown_activities(found, lang)
        assert said.startswith("3 ")
        assert "--naf-2025" in said


def test_what_has_no_code_at_all_is_said_without_a_word_of_the_correspondence() -> None:
    table = pd.DataFrame({"naf_version": ["NAFRev2", ""], "naf_rev2": ["94.99Z", ""]})
    assert "naf-2025" not in unknown_activities(table, "en")
    assert unknown_activities(table[:1], "en") == ""


def test_divisions_that_both_nomenclatures_share_are_ones_that_give_a_sector() -> None:
    shared = nomenclature("naf_2025_divisions")
    sectors = nomenclature("naf_sectors")["naf"]
    assert shared["naf_2025"].is_unique
    for new, old in zip(shared["naf_2025"], shared["naf"], strict=True):
        assert old in set(sectors) if old else any(new.startswith(code) for code in shared["naf"] if code)


def test_any_text_is_an_activity_or_none() -> None:
    rows = pd.DataFrame({"naf": ["", "?", "94.99Z", "  94.99Z "], "naf_version": ["", "x", "NAFRev2", " NAFRev2 "]})
    found = activities(rows.assign(naf_2025=["", "", "", ""]))
    assert found["naf_rev2"].tolist() == ["", "", "94.99Z", "94.99Z"]
