"""The rule that makes an establishment ESS, against a reading of the rules row by row."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from essgeo.register.establishments import as_structures
from essgeo.register.perimeter import ESS_CERTAINTIES, ESS_RULES, employees, nomenclature, perimeter, sectors
from essgeo.schema.vocabulary import CHALLENGES, FAMILIES, SECTORS
from tests.made.sirene import AS_OF

CATEGORIES = {
    "9220": "association",
    "9300": "fondation",
    "8210": "mutuelle",
    "5458": "cooperative",
    "6532": "cooperative",
}
EXCLUDED, OPEN = "94.92Z", "94.12Z"


def expected(category: str, naf: str, flag: str, listed: str | None) -> tuple[str, str, str]:
    family = CATEGORIES.get(category)
    if flag == "O" or listed is not None:
        rule = "flag" if flag == "O" else "list"
        return rule, "sure", family or listed or "entreprise_commerciale_ess"
    if family is None:
        return "none", "unknown", "unknown"
    if naf == EXCLUDED:
        return "excluded_activity", "excluded", family
    unsure = category == "6532" or naf in {OPEN, ""} or flag == "N"
    return "legal_category", "unsure" if unsure else "sure", family


def test_the_rules_agree_with_their_reading_row_by_row() -> None:
    cases = list(
        itertools.product(
            [*CATEGORIES, "5710", "1000", ""], ["94.99Z", EXCLUDED, OPEN, ""], ["", "O", "N"], [None, "", "mutuelle"]
        )
    )
    table = pd.DataFrame(cases, columns=["legal_category", "naf", "ess", "listed"])
    table["siren"] = [f"{number:09d}" for number in range(len(cases))]
    named = table[[case[3] is not None for case in cases]].set_index("siren")["listed"].fillna("")
    found = perimeter(table, listed=named)
    assert list(found.itertuples(index=False, name=None)) == [expected(*case) for case in cases]
    assert set(found["ess_rule"]) == set(ESS_RULES)
    assert set(found["ess_certainty"]) == set(ESS_CERTAINTIES)


def test_no_company_is_declared_not_to_be_ess_from_its_category_alone() -> None:
    codes = [str(code) for code in range(1000, 10_000)]
    table = pd.DataFrame({"siren": codes, "legal_category": codes, "naf": "62.01Z", "ess": ""})
    found = perimeter(table)
    assert set(found["ess_certainty"]) == {"sure", "unsure", "unknown"}
    companies = found[table["legal_category"].isin(["5499", "5599", "5710", "5720"])]
    assert companies.to_numpy().tolist() == [["none", "unknown", "unknown"]] * 4


@pytest.mark.parametrize(
    "name",
    [
        "ess_legal_categories",
        "ess_excluded_activities",
        "sirene_employee_bands",
        "naf_sectors",
        "name_sectors",
        "naf_2025_divisions",
    ],
)
def test_every_row_of_a_nomenclature_has_its_source(name: str) -> None:
    assert (nomenclature(name)["source"] != "").all()


def test_the_nomenclatures_speak_the_vocabularies() -> None:
    assert set(nomenclature("ess_legal_categories")["family"]) <= set(FAMILIES)
    for name in ("naf_sectors", "name_sectors"):
        table = nomenclature(name)
        assert set(table["sector"]) <= {*SECTORS, ""}
        assert set(table["challenges"]) <= {*CHALLENGES, ""}
    bands = nomenclature("sirene_employee_bands")
    ends = bands[["low", "high"]].apply(pd.to_numeric).iloc[2:]
    assert (ends["low"].iloc[1:].to_numpy() == ends["high"].iloc[:-1].to_numpy() + 1).all()


def test_a_longer_code_wins_over_a_shorter_and_a_name_adds_to_it() -> None:
    naf = pd.Series(["88.10C", "88.10A", "88.1", "", "85.51Z"], index=list("abcde"))
    names = pd.Series(["X", "Crèche du Vélo", "", "Musique", "Recyclerie sportive"], index=list("abcde"))
    found = sectors(naf, names)
    assert found["sectors"].to_dict() == {
        "a": "insertion_emploi", "b": "sante_social|petite_enfance|mobilite", "c": "", "d": "culture_sport",
        "e": "culture_sport|economie_circulaire_reemploi",
    }  # fmt: skip
    assert found.loc["b", "sector_rule"] == "naf:88.10A|name:creche|name:velo"
    assert found.loc["e", "challenges"] == "jeunesse|transition_ecologique"
    assert sectors(naf[:0], names[:0]).empty


@pytest.mark.parametrize(
    ("naf", "version", "found"),
    [
        (EXCLUDED, "NAFRev2", ["excluded_activity", "excluded"]),
        ("94.99Z", "NAFRev2", ["legal_category", "sure"]),
        ("", "NAFRev2", ["legal_category", "unsure"]),
        ("", "", ["legal_category", "unsure"]),
        ("94.99Z", "", ["legal_category", "unsure"]),
        ("94.1Z", "NAFRev1", ["legal_category", "unsure"]),
    ],
)
def test_where_the_exclusion_cannot_be_checked_a_category_alone_is_not_sure(
    naf: str, version: str, found: list[str]
) -> None:
    row = {"siret": "1", "siren": "1", "diffusion": "O", "legal_category": "9220", "naf": naf, "naf_version": version}
    table = as_structures(pd.DataFrame([row]), as_of=AS_OF, only_ess=False)
    assert table[["ess_rule", "ess_certainty"]].iloc[0].tolist() == found
    assert as_structures(pd.DataFrame([row | {"ess": "O"}]), as_of=AS_OF)["ess_certainty"].tolist() == ["sure"]


def test_employees_are_the_interval_of_their_band() -> None:
    found = employees(pd.Series(["NN", "00", "01", "53", "", "??"]))
    assert found["employees_low"].tolist()[:4] == [0, 0, 1, 10_000]
    assert found["employees_high"].isna().tolist() == [False, False, False, True, True, True]
