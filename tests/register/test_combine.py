"""Several lists as one: what is the same is read once and said, what is likely is suggested, nothing else is merged."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from essgeo.errors import InputError, InputWarning
from essgeo.study import Options, place

if TYPE_CHECKING:
    from pathlib import Path


HEADER = "nom,siret,adresse,ville,lon,lat,secteur,date de fermeture\n"


@pytest.fixture
def lists(tmp_path: Path) -> list[Path]:
    rows = {
        "bondy.csv": "Le Fournil,82821337100014,1 rue A,Bondy,2.48,48.90,alimentation_agriculture,\n"
        "La Roue,,2 rue B,Bondy,2.481,48.901,,\nAMAP des Lilas,,5 rue C,Bondy,2.482,48.902,,\n",
        "ess.csv": "LE FOURNIL,828 213 371 00014,ailleurs,Bondy,2.40,48.80,mobilite,\n"
        'la roue,,"2, rue B",BONDY,,,mobilite,\nL\'AMAP des Lilas,,7 rue C,Bondy,2.4821,48.902,,\n'
        "Librairie,82821337100014,1 rue A,Bondy,2.48,48.90,,\n",
    }
    for name, text in rows.items():
        (tmp_path / name).write_text(HEADER + text)
    return [tmp_path / name for name in rows]


def test_what_is_the_same_is_read_once_and_completed(lists: list[Path], made_territory: Path) -> None:
    with pytest.warns(InputWarning) as told:
        found = place(made_territory, Options(structures=lists)).structures
    assert "ess.csv: 2 rows stood in a list before" in str(told[0].message)
    assert found["name"].tolist() == ["Le Fournil", "La Roue", "AMAP des Lilas", "L'AMAP des Lilas", "Librairie"]
    both = "bondy.csv ; ess.csv"
    assert found["source"].tolist() == [both, both, "bondy.csv", "ess.csv", "ess.csv"]
    assert found["sectors"].tolist()[:2] == ["alimentation_agriculture|mobilite", "mobilite"]
    assert found["address"].tolist()[0] == "1 rue A"
    assert found.to_crs(4326).geometry.x.round(3).tolist()[0] == 2.48


def test_likely_duplicates_are_suggested_and_decisions_kept(
    lists: list[Path], tmp_path: Path, made_territory: Path
) -> None:
    suggestions = tmp_path / "pairs.csv"
    chosen = Options(structures=lists, suggestions=suggestions)
    with pytest.warns(InputWarning) as told:
        assert len(place(made_territory, chosen).structures) == 5
    assert any("may be one structure" in str(one.message) for one in told)
    pairs = pd.read_csv(suggestions, dtype=str, keep_default_na=False)
    likely = pairs["left_name"] == "AMAP des Lilas"
    assert pairs.loc[likely, "right_name"].tolist() == ["L'AMAP des Lilas"]
    pairs.assign(decision=likely.map({True: "same", False: "different"})).to_csv(suggestions, index=False)
    with pytest.warns(InputWarning) as told:
        found = place(made_territory, chosen).structures
    assert "L'AMAP des Lilas" not in found["name"].tolist()
    assert not any("may be one" in str(one.message) for one in told)
    with pytest.warns(InputWarning):
        assert len(place(made_territory, Options(structures=lists, decisions=suggestions)).structures) == 4


def test_identifiers_of_two_lists_do_not_clash(tmp_path: Path, made_territory: Path) -> None:
    paths = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for path, street in zip(paths, ("A", "B"), strict=True):
        path.write_text(f"nom,adresse,ville\nAsso,1 rue {street},Bondy\n")
    assert place(made_territory, Options(structures=paths)).structures.index.tolist() == ["asso", "two-csv-asso"]


def test_decisions_are_about_several_lists(lists: list[Path], made_territory: Path) -> None:
    with pytest.raises(InputError, match="--structures more than once"):
        place(made_territory, Options(structures=lists[0], decisions=lists[1]))


def test_every_list_is_refused_as_an_output(lists: list[Path], made_territory: Path) -> None:
    # The year is none: it would be refused once work begins, so that the error is of the check before it.
    for suggestions, why in ((lists[1], "--suggestions would overwrite"), ("pairs.doc", "cannot write a .doc")):
        with pytest.raises(InputError, match=why):
            place(made_territory, Options(structures=lists, suggestions=suggestions, vintage="1066"))


def test_a_sheet_is_for_the_workbooks_among_the_lists(tmp_path: Path, made_territory: Path) -> None:
    header = ["nom", "adresse", "ville"]
    rows = {"Bondy": ["A", "1 rue A", "Bondy"], "Lilas": ["B", "1 rue B", "Les Lilas"]}
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        for name, row in rows.items():
            pd.DataFrame([row], columns=header).to_excel(book, sheet_name=name, index=False)
    pd.DataFrame([["C", "1 rue C", "Bondy"]], columns=header).to_csv(tmp_path / "list.csv", index=False)
    lists = [tmp_path / "book.xlsx", tmp_path / "list.csv"]
    with warnings.catch_warnings(action="ignore"):
        found = place(made_territory, Options(structures=lists, sheet="Lilas")).structures
        assert found["name"].tolist() == ["B", "C"]
        with pytest.raises(InputError, match="--sheet Lilas is for"):
            place(made_territory, Options(structures=lists[1], sheet="Lilas"))
