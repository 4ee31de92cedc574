"""A table of needs as a town writes it: its codes, its figures, and each fault with its row."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pytest

from essgeo import run_study
from essgeo.errors import SchemaError
from essgeo.files.social_needs import read_needs

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def written(folder: Path, text: str) -> Path:
    path = folder / "abs.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("code", ["930100101", "QN09301M", "QP093008", "93010", "2A0040101"])
def test_zones_of_each_kind_and_figures_as_people_write_them(code: str, tmp_path: Path) -> None:
    found = read_needs(written(tmp_path, f"Secteur;Zone;Taux;Vide\nNord;{code};1 250,5 €\n;{'930100102'};12,5 %\n"))
    assert found.columns.tolist() == ["Taux"]
    assert found["Taux"].tolist() == [1250.5, 12.5]
    assert found.index[0] == code


def test_a_masked_or_empty_cell_is_missing(tmp_path: Path) -> None:
    found = read_needs(written(tmp_path, "IRIS,Taux\n930100101,ns\n930100102,\n930100103,7\n"))
    assert np.isnan(found["Taux"]).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nom,taux\nNord,3\n", "no column with codes"),
        ("iris,nom\n930100101,Nord\n", "no column with figures"),
        ("iris,taux\n930100101,3\n930100101,4\n", r"rows 2 and 3, field iris: '930100101' stands twice"),
        ("iris,taux\n930100101,3\n930100102,beaucoup\n", r"row 3, field taux: 'beaucoup' is not a number"),
        ("iris,taux\n" + "".join(f"93010010{n},3\n" for n in range(9)) + "nord,3\n", "row 11, field iris: 'nord'"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_row(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=said):
        read_needs(written(tmp_path, text))


def test_a_study_sets_them_beside_supply_and_says_what_is_of_another_zone(
    small_territory: Path, tmp_path: Path
) -> None:
    table = written(
        tmp_path, "IRIS;Taux de pauvreté\n930100101;40\n930100102;20\n930480101;20\n930480102;20\n750010101;9\n"
    )
    found = run_study(small_territory, needs=table, out=None, as_of=dt.date(2026, 1, 1))
    own: pd.DataFrame = found.needs.set_index("zone_id")
    assert own.loc["left", ["indicator", "need_value", "need"]].tolist() == ["Taux de pauvreté", 40, "more"]
    assert own.loc["right", "need"] == "less"
    assert any("750010101" in note for note in found.notes)
    assert {"iris", "needs"} <= {source.layer for source in found.inputs}
    assert set(found.needs_supply["theme"]) == {"transition_ecologique", "alimentation_durable", "jeunesse"}
