"""The portrait by commune and QPV, against sums and probabilities done by hand and by draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from essgeo.register.perimeter import employees
from essgeo.register.portrait import (
    COLUMNS,
    NOTE_COMMUNE,
    NOTE_OTHER,
    NOTE_QPV,
    NOTE_SAMPLE,
    NOTE_SIRENE,
    NOTE_TERRITORY,
    Economy,
    portrait_by_area,
)
from essgeo.schema.codes import with_arrondissements
from essgeo.text.languages import method_in_words

COMMUNES = pd.DataFrame({"name": {"93010": "Bondy", "93048": "Montreuil"}})
QPV = pd.DataFrame({"name": {"QN1": "Le Premier"}, "vintage": "2024"})


def structures() -> pd.DataFrame:
    bands = pd.Series(["02", "12", "", "NN", "03"], index=list("abcde"))
    return pd.DataFrame(
        {
            "family": ["association", "association", "cooperative", "mutuelle", "association"],
            "siren": ["1", "1", "2", "", "3"],
            "citycode": ["93010", "93048", "93010", "93010", "93010"],
            "employer": ["yes", "yes", "unknown", "no", "yes"],
            "counted": [True, True, True, True, False],
            **employees(bands),
        }
    )


def membership(**probabilities: float) -> pd.DataFrame:
    relation = {1.0: "in", 0.0: "out"}
    rows = [(name, "QN1", "2024", relation.get(p, "undetermined"), p) for name, p in probabilities.items()]
    return pd.DataFrame(rows, columns=["structure_id", "zone_id", "vintage", "relation", "probability"])


def portrait(**more: Any) -> pd.DataFrame:
    table = portrait_by_area(
        structures(),
        membership(a=1.0, b=0.5, c=0.25, d=0.0, e=1.0),
        territory="T",
        communes=COMMUNES,
        qpv=QPV,
        **more,
    )
    assert tuple(table.columns) == COLUMNS
    return table.set_index(["level", "zone_id", "family"]).sort_index()


def test_the_territory_counts_enterprises_establishments_and_employees() -> None:
    row = portrait().loc[("territory", "T", "total")]
    assert row[["enterprises", "establishments", "employers", "employees_unknown"]].tolist() == [3, 4, 2, 1]
    assert row[["employees_low", "employees_high"]].tolist() == [3 + 20, 5 + 49]


def test_communes_and_families_add_up() -> None:
    table = portrait()["establishments"]
    assert table[("commune", "93010", "total")] == 3
    assert table[("commune", "93048", "association")] == 1
    for area in (("territory", "T"), ("commune", "93010"), ("qpv", "QN1")):
        families = table.loc[area]
        assert families.drop("total").sum() == pytest.approx(families["total"])
    assert table.xs("total", level="family").loc["commune"].sum() == table[("territory", "T", "total")]


def test_a_qpv_has_expected_counts_with_an_interval_that_draws_confirm() -> None:
    row = portrait().loc[("qpv", "QN1", "total")]
    assert row["establishments"] == 1.75
    assert row["enterprises"] == pytest.approx(1 + 0.25)
    rng = np.random.default_rng(1)
    inside = rng.random((200_000, 3)) < [1.0, 0.5, 0.25]
    counts = inside.sum(axis=1)
    assert counts.mean() == pytest.approx(row["establishments"], abs=0.01)
    assert (row["establishments_low"], row["establishments_high"]) == (
        np.quantile(counts, 0.05, method="inverted_cdf"),
        np.quantile(counts, 0.95, method="inverted_cdf"),
    )
    assert (row["employees_low"], row["employees_high"]) == (3, 5 + 49)
    assert row["employees_unknown"] == 1
    assert pd.isna(row["share_employers"])


def test_shares_are_of_the_economy_of_the_commune() -> None:
    economy = pd.DataFrame(
        {
            "citycode": ["93010", "93010", "93048"],
            "employer": ["O", "N", "O"],
            "employee_band": ["01", "NN", "02"],
            "establishments": [20, 80, 10],
        }
    )
    table = portrait(economy=Economy(economy))
    assert table.loc[("commune", "93010", "total"), "share_establishments"] == pytest.approx(3 / 100)
    assert table.loc[("commune", "93010", "association"), "share_employers"] == pytest.approx(1 / 20)
    assert table.loc[("territory", "T", "total"), "share_employers"] == pytest.approx(2 / 30)
    bondy = table.loc[("commune", "93010", "total")]
    assert bondy[["employees_low", "employees_high"]].tolist() == [3, 5]
    assert bondy[["economy_employees_low", "economy_employees_high"]].tolist() == [20, 40]
    assert bondy[["share_employees_low", "share_employees_high"]].tolist() == pytest.approx(
        [3 / (3 + 40 - 5), 5 / (5 + 20 - 3)]
    )
    assert portrait()["share_employers"].isna().all()


def test_the_figures_of_2018_stand_beside_the_territory_alone() -> None:
    seed = pd.DataFrame({"family": ["association", "total"], "seed_enterprises": [9, 11], "seed_employees": [90, 110]})
    table = portrait(seed=seed)
    assert table.loc[("territory", "T", "total"), ["seed_enterprises", "seed_employees"]].tolist() == [11, 110]
    assert table.loc[("territory", "T", "association"), "seed_enterprises"] == 9
    assert table.drop("territory")["seed_enterprises"].isna().all()
    assert table.loc[("territory", "T", "total"), "note"] == NOTE_TERRITORY


@pytest.mark.parametrize("note", [NOTE_COMMUNE, NOTE_QPV, NOTE_TERRITORY, NOTE_OTHER, NOTE_SAMPLE, NOTE_SIRENE])
def test_every_note_is_said_in_french(note: str) -> None:
    french = method_in_words(note, "fr")
    assert not {" the ", " of ", " and ", " in "} & {f" {word} " for word in french.split()}, french


def test_shares_of_a_qpv_are_of_what_insee_places_there() -> None:
    nobody = pd.DataFrame({"citycode": [], "employer": [], "employee_band": [], "establishments": []})
    others = [f"other{number}" for number in range(6)]
    placed = pd.DataFrame(
        {
            "siret": ["a", "c", "e", *others],
            "zone_id": "QN1",
            "employer": ["O", "N", "O", "O", "O", *"NNNN"],
        }
    )
    table = portrait(economy=Economy(nobody, placed))
    total = table.loc[("qpv", "QN1", "total")]
    assert total[["economy_establishments", "economy_employers"]].tolist() == [9, 4]
    assert total[["share_establishments", "share_employers"]].tolist() == pytest.approx([2 / 9, 1 / 4])
    assert table.loc[("qpv", "QN1", "cooperative"), "share_establishments"] == pytest.approx(1 / 9)
    assert table.loc[("qpv", "QN1", "mutuelle"), "share_establishments"] == 0
    assert total["establishments"] == 1.75
    elsewhere = portrait(economy=Economy(nobody, placed.assign(zone_id="QN2")))
    assert elsewhere.loc[("qpv", "QN1", "total"), ["economy_establishments", "share_establishments"]].isna().all()


def test_a_register_without_employees_or_sirens_still_has_a_portrait() -> None:
    bare = structures()[["family", "citycode", "counted"]]
    table = portrait_by_area(bare, membership(a=0.5), territory="T", communes=COMMUNES, qpv=QPV)
    total = table[(table["family"] == "total") & (table["level"] == "territory")].iloc[0]
    assert (total["enterprises"], total["employees_unknown"]) == (4, 4)
    assert total[["employers", "employees_low", "employees_high"]].isna().all()
    assert table[table["level"] == "qpv"]["employees_high"].isna().all()


def test_an_area_without_a_structure_is_a_row_of_zeros() -> None:
    table = portrait_by_area(structures()[:0], membership(), territory="T", communes=COMMUNES, qpv=QPV)
    assert len(table) == 4 * 7
    assert (table[["enterprises", "establishments", "establishments_high"]] == 0).all(axis=None)


def test_paris_is_its_arrondissements() -> None:
    codes = with_arrondissements(["75056"])
    assert codes[0] == "75056"
    assert (codes[1], codes[-1]) == ("75101", "75120")
    assert all(len(code) == 5 for code in with_arrondissements(["69123", "13055"]))
