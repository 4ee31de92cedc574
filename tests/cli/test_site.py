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
from essgeo.study import set_up

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from essgeo.results import Setting
    from essgeo.study import Options
    from essgeo.territory import Territory


@pytest.fixture(scope="module")
def settings() -> dict[str, Setting]:
    return {}


@pytest.fixture(autouse=True)
def _set_up_once(settings: dict[str, Setting], monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the territory up once for all commands that ask the same of it: they differ in what they ask of its sites."""

    def once(territory: Territory, options: Options) -> Setting:
        key = repr((territory, options))
        if key not in settings:
            settings[key] = set_up(territory, options)
        return settings[key]

    monkeypatch.setattr("essgeo.study.set_up", once)


ASKED = ("--sector", "Mobilité", "--draws", "5")


def run(*arguments: str) -> Result:
    apart = {"mix_stderr": False} if "mix_stderr" in inspect.signature(CliRunner).parameters else {}  # click before 8.2
    return CliRunner(**apart).invoke(site, arguments)


def test_it_searches_cells_where_too_few_premises_are_located(made_territory: Path) -> None:
    result = run(str(made_territory), *ASKED, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert len(found["sites"]) == found["count"] == 2
    assert {place["kind"] for place in found["sites"]} == {"search_area"}
    assert found["bound"] == pytest.approx(found["value"])
    assert 0 < found["newly_reached"] <= found["residents"] - found["reached_before"]


def test_it_prints_the_sites_the_proof_and_what_was_left_out(made_territory: Path, tmp_path: Path) -> None:
    file = tmp_path / "locaux.csv"
    file.write_text(
        "nom,surface,rdc,lon,lat\nHalle,400,oui,2.4604,48.9064\nCave,20,oui,2.46,48.906\nSans lieu,900,oui,,\n"
    )
    result = run(str(made_territory), *ASKED, "--candidates", str(file), "--count", "1", "--min-surface", "150")
    assert result.exit_code == 0, result.output
    assert "Halle" in result.stdout.splitlines()[1]
    for said in ("proven optimum", "Cave: too small (20)", "Sans lieu: no coordinates"):
        assert said in result.stdout


@pytest.mark.parametrize("named", ["--sheet", "--candidate-sheet"])
def test_a_sheet_of_premises_is_named_beside_a_list_without_any(
    made_territory: Path, tmp_path: Path, named: str
) -> None:
    file = tmp_path / "locaux.xlsx"
    header = ["nom", "taille", "lon", "lat"]
    with pd.ExcelWriter(file) as book:
        pd.DataFrame([["Halle", 400, 2.4604, 48.9064]], columns=header).to_excel(book, sheet_name="2026", index=False)
        pd.DataFrame([["Vieille", 900, 2.4604, 48.9064]], columns=header).to_excel(book, sheet_name="2019", index=False)
    listed = tmp_path / "mine.csv"
    listed.write_text("nom;adresse;ville\nA;1 rue A;Nord\n")
    words = ("--candidates", str(file), named, "2026", "--candidate-columns", "surface_m2=taille")
    result = run(str(made_territory), *ASKED, "--count", "1", "--structures", str(listed), "--json", *words)
    assert result.exit_code == 0, result.output
    assert [(place["name"], place["surface_m2"]) for place in json.loads(result.stdout)["sites"]] == [("Halle", 400)]


def test_it_writes_a_page_and_a_brief(made_territory: Path, tmp_path: Path) -> None:
    result = run(str(made_territory), *ASKED, "--out", str(tmp_path / "out"))
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
    made_territory: Path, arguments: list[str], error: type[Exception], said: str
) -> None:
    result = run(str(made_territory), *ASKED, *arguments)
    assert isinstance(result.exception, error)
    assert said in str(result.exception)


def test_a_site_that_ends_before_it_starts_is_named(made_territory: Path, tmp_path: Path) -> None:
    file = tmp_path / "locaux.csv"
    file.write_text("nom,date_debut,date_fin\nHalle,2028-01,2027-06\n")
    result = run(str(made_territory), *ASKED, "--candidates", str(file))
    assert isinstance(result.exception, SchemaError)
    assert "row 2, field available_to" in str(result.exception)


def test_half_a_period_is_a_usage_error(made_territory: Path) -> None:
    result = run(str(made_territory), *ASKED, "--from", "2027-01")
    assert result.exit_code == 2
    assert "go together" in result.stderr


def test_without_draws_no_share_is_made_up(made_territory: Path) -> None:
    result = run(str(made_territory), "--sector", "Mobilité", "--draws", "0")
    assert result.exit_code == 0, result.output
    assert "nan" not in result.stdout


BAN = """\
id;numero;rep;nom_voie;code_postal;code_insee;nom_commune;nom_ancienne_commune;type_position;x;y;lon;lat
93010_0001_00012;12;;Rue des Lilas;93140;93010;Bondy;;entrée;0;0;2.4604;48.9064
"""


def test_addresses_of_premises_are_looked_up_and_those_not_found_are_named(
    made_territory: Path, tmp_path: Path
) -> None:
    ban, file = tmp_path / "adresses-93.csv", tmp_path / "locaux.csv"
    ban.write_text(BAN, encoding="utf-8")
    file.write_text(
        "Local;Adresse;CP;Ville;Loyer;Libre à partir du\n"
        "Halle;12 rue des Lilas;93140;Bondy;1 200 €;01/03/2027\nCave;3 rue Nulle Part;93140;Bondy;300;\n",
        encoding="utf-8",
    )
    words = (str(made_territory), *ASKED, "--candidates", str(file), "--ban", str(ban), "--count", "1", "--json")
    found = json.loads(run(*words, "--budget", "1500", "--from", "2027-01", "--to", "2027-06").stdout)
    (site,) = found["sites"]
    assert (site["name"], site["months"], site["cost"]) == ("Halle", 4, 1200)
    assert site["geo_radius_m"] > 0
    assert site["longitude"] == pytest.approx(2.4604, abs=1e-4)
    assert [(row["name"], row["reason"]) for row in found["exclusions"]] == [("Cave", "no_position")]
    assert any("Cave" in sentence for sentence in found["sentences"]["fr"])
    assert any("Halle, 4 mois sur 6" in sentence for sentence in found["sentences"]["fr"])


def test_which_site_for_which_activity_in_one_command(made_territory: Path, tmp_path: Path) -> None:
    file = tmp_path / "locaux.csv"
    file.write_text("nom,lon,lat\nHalle,2.4604,48.9064\nBoutique,2.4911,48.9064\n")
    asked = (str(made_territory), "--candidates", str(file), "--draws", "64", "--objective", "coverage")
    joint = ("--sector", "Mobilité", "--sector", "alimentation_agriculture")
    found = json.loads(run(*asked, *joint, "--must-include", "Halle=Mobilité", "--json").stdout)
    assert {site["name"]: site["sector"] for site in found["sites"]}["Halle"] == "mobilite"
    table = {(row["name"], row["sector"]) for row in found["best_sectors"] if row["asked"]}
    assert len(table) == 4, "each of the premises by each activity"
    said = run(*asked, *joint).stdout
    assert "Mobility" in said
    assert "Food" in said
    left = json.loads(run(*asked, "--sector", "Mobilité", "--count", "1", "--exclude", "Halle", "--json").stdout)
    assert [site["name"] for site in left["sites"]] == ["Boutique"]


def test_without_an_objective_target_neighbourhoods_come_first_and_most_residents_beside(made_territory: Path) -> None:
    said = run(str(made_territory), *ASKED).stdout
    first, second = (said.index(aim) for aim in ("residents of target neighbourhoods first", "most residents within"))
    assert first < second
