"""A rehearsal of 1 January 2027: the files of SIRENE have codes of the NAF 2025 alone, in either of two columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from click.testing import CliRunner

from essgeo.cli.main import cli
from essgeo.errors import InputWarning
from essgeo.study import Options, set_up
from tests.made.official import INSEE, publish_sirene
from tests.made.sirene import place, site, unit
from tests.register.test_naf import TRANSLATION, workbook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CORRESPONDENCE = f"{INSEE}/8181066/Correspondances_NAFrev2-NAF2025.xlsx"
NEW = {"88.91A": "88.91G", "93.12Z": "93.12Y", "94.92Z": "94.92Y", "90.01Z": "90.20Y", "94.99Z": "94.99Y"}
"""What a code of the NAF rév. 2 is in the NAF 2025: an association of each, of which the fourth is excluded."""
OWN = {"naf": "activitePrincipaleNAF25Etablissement", "unit": "activitePrincipaleNAF25UniteLegale"}
BOTH = {"naf": "activitePrincipaleEtablissement", "unit": "activitePrincipaleUniteLegale"}
TODAY = {1: ("petite_enfance", "sure"), 2: ("culture_sport", "sure"), 4: ("culture_sport", "sure"), 5: ("", "sure")}
"""Sector and certainty of each association that is ESS in the files of today."""


def rows_of(form: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of the two files: of today, or of 2027 with the old columns dropped, left empty, or taken over."""
    sites, units = [], []
    for number, (old, new) in enumerate(NEW.items(), start=1):
        here, of = site(number), unit(number, denominationUniteLegale=f"ASSO {number}")
        for row, column, version in (
            (here, "naf", "nomenclatureActivitePrincipaleEtablissement"),
            (of, "unit", "nomenclatureActivitePrincipaleUniteLegale"),
        ):
            row[BOTH[column]], row[OWN[column]] = old, new
            if form == "dropped":
                del row[BOTH[column]], row[version]
            elif form == "empty":
                row[BOTH[column]] = row[version] = None
            elif form == "taken over":
                row[BOTH[column]], row[version] = new, "NAF2025"
                del row[OWN[column]]
        sites.append(here)
        units.append(of)
    return sites, units


@pytest.fixture
def sirene_of(official: Any, tmp_path: Path) -> Callable[[str], None]:
    def publish(form: str) -> None:
        sites, units = rows_of(form)
        places = [place(number) for number in range(1, len(sites) + 1)]
        publish_sirene(
            official, tmp_path, sirene_establishments=sites, sirene_legal_units=units, sirene_geolocation=places
        )

    return publish


def register(territory: Path, folder: Path) -> tuple[dict[int, Any], str]:
    """Sector and certainty of each structure that ``structures --live`` writes, and what it said."""
    command = ["--lang", "en", "structures", str(territory), "--live", "-o", str(folder / "out.csv")]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0, done.output
    found = pd.read_csv(folder / "out.csv", dtype=str, keep_default_na=False)
    numbers = found["name"].str.removeprefix("ASSO ").astype(int)
    return dict(zip(numbers, zip(found["sectors"], found["ess_certainty"], strict=True), strict=True)), done.output


@pytest.mark.filterwarnings("ignore::essgeo.errors.InputWarning")
@pytest.mark.parametrize("form", ["today", "dropped", "empty", "taken over"])
def test_the_register_of_2027_is_that_of_today(
    form: str, sirene_of: Callable[[str], None], official: Any, small_territory: Path, tmp_path: Path
) -> None:
    sirene_of(form)
    official.files[CORRESPONDENCE] = workbook(tmp_path / "naf.xlsx", "2026").read_bytes()
    found, said = register(small_territory, tmp_path)
    assert found == TODAY
    assert "no activity that is known" not in said


@pytest.mark.filterwarnings("ignore::essgeo.errors.InputWarning")
@pytest.mark.parametrize("form", ["dropped", "empty", "taken over"])
def test_without_the_correspondence_2027_is_poorer_and_says_so(
    form: str, sirene_of: Callable[[str], None], small_territory: Path, tmp_path: Path
) -> None:
    sirene_of(form)
    with pytest.warns(InputWarning, match="--naf-2025"):
        found, _ = register(small_territory, tmp_path)
    assert {number: certainty for number, (_, certainty) in found.items()} == dict.fromkeys(range(1, 6), "sure")
    assert {number: sectors for number, (sectors, _) in found.items()} == {
        1: "", 2: "", 3: "", 4: "culture_sport", 5: "",
    }  # fmt: skip
    if form == "empty":  # a study says so as well, whatever the form
        study = set_up(small_territory, Options(live=True, offline=True, lang="fr"))
        assert any("--naf-2025" in note for note in study.notes)


def test_the_rehearsal_asks_of_the_correspondence_what_it_has() -> None:
    assert {TRANSLATION.get(new, new) for new in NEW.values()} == {
        "88.91A",
        "93.11Z+93.12Z",
        "94.92Z",
        "90.20Y",
        "94.99Z",
    }
