"""The command ``essgeo site`` over a small territory."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from click.testing import CliRunner

from essgeo.cli.studies import site
from essgeo.errors import EssgeoError, InfeasibleError, SchemaError

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

ASKED = ("--sector", "Mobilité", "--draws", "5")


def run(*arguments: str) -> Result:
    apart = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}  # click before 8.2
    return CliRunner(**apart).invoke(site, arguments)


def test_it_searches_cells_where_too_few_premises_are_located(small_territory: Path) -> None:
    result = run(str(small_territory), *ASKED, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert len(found["sites"]) == found["count"] == 2
    assert {place["kind"] for place in found["sites"]} == {"search_area"}
    assert found["bound"] == pytest.approx(found["value"])
    assert 0 < found["newly_reached"] <= found["residents"] - found["reached_before"]


def test_it_prints_the_sites_the_proof_and_what_was_left_out(small_territory: Path, tmp_path: Path) -> None:
    file = tmp_path / "locaux.csv"
    file.write_text(
        "nom,surface,rdc,lon,lat\nHalle,400,oui,2.4604,48.9064\nCave,20,oui,2.46,48.906\nSans lieu,900,oui,,\n"
    )
    result = run(str(small_territory), *ASKED, "--candidates", str(file), "--count", "1", "--min-surface", "150")
    assert result.exit_code == 0, result.output
    assert "Halle" in result.stdout.splitlines()[1]
    for said in ("proven optimum", "Cave: too small (20)", "Sans lieu: no coordinates"):
        assert said in result.stdout


@pytest.mark.parametrize("named", ["--sheet", "--candidate-sheet"])
def test_a_sheet_of_premises_is_named_beside_a_list_without_any(
    small_territory: Path, tmp_path: Path, named: str
) -> None:
    file = tmp_path / "locaux.xlsx"
    header = ["nom", "taille", "lon", "lat"]
    with pd.ExcelWriter(file) as book:
        pd.DataFrame([["Halle", 400, 2.4604, 48.9064]], columns=header).to_excel(book, sheet_name="2026", index=False)
        pd.DataFrame([["Vieille", 900, 2.4604, 48.9064]], columns=header).to_excel(book, sheet_name="2019", index=False)
    listed = tmp_path / "mine.csv"
    listed.write_text("nom;adresse;ville\nA;1 rue A;Nord\n")
    words = ("--candidates", str(file), named, "2026", "--candidate-columns", "surface_m2=taille")
    result = run(str(small_territory), *ASKED, "--count", "1", "--structures", str(listed), "--json", *words)
    assert result.exit_code == 0, result.output
    assert [(place["name"], place["surface_m2"]) for place in json.loads(result.stdout)["sites"]] == [("Halle", 400)]


def test_it_writes_a_page_and_a_brief(small_territory: Path, tmp_path: Path) -> None:
    result = run(str(small_territory), *ASKED, "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "siting.html",
        "brief-1.html",
        "brief-2.html",
        "assets",
    }


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (["--candidates", "sites"], InfeasibleError, "position: 0 left"),
        (["--sector", "cirque"], EssgeoError, "'cirque' is not known"),
        (["--from", "2027-05", "--to", "2027-01"], EssgeoError, "before it starts"),
    ],
)
def test_what_cannot_be_answered_is_one_clear_error(
    small_territory: Path, arguments: list[str], error: type[Exception], said: str
) -> None:
    result = run(str(small_territory), *ASKED, *arguments)
    assert isinstance(result.exception, error)
    assert said in str(result.exception)


def test_a_site_that_ends_before_it_starts_is_named(small_territory: Path, tmp_path: Path) -> None:
    file = tmp_path / "locaux.csv"
    file.write_text("nom,date_debut,date_fin\nHalle,2028-01,2027-06\n")
    result = run(str(small_territory), *ASKED, "--candidates", str(file))
    assert isinstance(result.exception, SchemaError)
    assert "row 2, field available_to" in str(result.exception)


def test_half_a_period_is_a_usage_error(small_territory: Path) -> None:
    result = run(str(small_territory), *ASKED, "--from", "2027-01")
    assert result.exit_code == 2
    assert "go together" in result.stderr


def test_without_draws_no_share_is_made_up(small_territory: Path) -> None:
    result = run(str(small_territory), "--sector", "Mobilité", "--draws", "0")
    assert result.exit_code == 0, result.output
    assert "nan" not in result.stdout
