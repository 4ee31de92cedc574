"""The command line speaks French or English: the words change, exit codes, options and JSON do not."""

from __future__ import annotations

import json
import locale
import re
from string import Formatter
from typing import TYPE_CHECKING

import click
import pytest

from essgeo.cli.main import cli
from essgeo.errors import SchemaError
from essgeo.messages import choose_language, language, words
from essgeo.schema.validate import raise_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]


def _commands(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    yield name or "essgeo", command
    for below, inner in command.commands.items() if isinstance(command, click.Group) else ():
        yield from _commands(inner, f"{name}_{below}".lstrip("_"))


def test_every_command_and_option_is_described_in_both_languages_and_no_other() -> None:
    described: dict[str, set[str]] = {"commands": set(), "options": set()}
    own = words("en")
    for name, command in _commands(cli):
        described["commands"].add(name)
        for option in command.params:
            if isinstance(option, click.Option):
                special = f"{name}_{option.name}"
                described["options"].add(special if special in own["options"] else str(option.name))
    for section, keys in described.items():
        assert keys == set(own[section]) == set(words("fr")[section])


@pytest.mark.parametrize(
    ("given", "variables", "system", "spoken"),
    [
        ("en", {"ESSGEO_LANG": "fr", "LANG": "fr_FR.UTF-8"}, "fr_FR", "en"),
        (None, {"ESSGEO_LANG": "fr", "LANG": "en_GB.UTF-8"}, "en_GB", "fr"),
        (None, {"LANG": "fr_FR.UTF-8"}, None, "fr"),
        (None, {"LC_ALL": "C", "LANG": "fr_FR.UTF-8"}, None, "en"),
        (None, {}, "fr_CA", "fr"),
        (None, {}, "French_France", "fr"),
        (None, {"LANG": "de_DE"}, "de_DE", "en"),
        (None, {}, None, "en"),
    ],
)
def test_the_language_is_that_of_the_option_the_variable_or_the_system(
    monkeypatch: pytest.MonkeyPatch, given: str | None, variables: dict[str, str], system: str | None, spoken: str
) -> None:
    for name in ("ESSGEO_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(locale, "getlocale", lambda: (system, None))
    assert choose_language(given) == spoken


def test_help_and_errors_of_use_are_french_and_the_next_run_english_again(run: Run) -> None:
    code, printed, _ = run("study", "--lang", "fr", "--help")
    assert (code, "Étudier un TERRITORY" in printed, "par défaut : 15" in printed) == (0, True, True)
    code, _, errors = run("--lang=fr", "study")
    assert (code, "Il manque l'argument 'TERRITORY'" in errors) == (2, True)
    code, _, errors = run("--lang", "fr", "site", "x", "--count", "99", "--sector", "all")
    assert (code, "99 n'est pas dans l'intervalle 1<=x<=50" in errors) == (2, True)
    code, _, errors = run("study")
    assert (code, "Missing argument 'TERRITORY'" in errors) == (2, True)
    assert language.get() == "en"


@pytest.mark.slow
def test_a_run_prints_french_and_the_same_json(run: Run, small_territory: Path) -> None:
    code, french, _ = run("gaps", small_territory, "--lang", "fr")
    assert code == 0
    assert french.split()[:3] == ["quartier", "rang", "thème"]
    assert "les lieux qui y manquent ou qui ont fermé" in french
    found = [json.loads(run("--lang", lang, "gaps", small_territory, "--json")[1]) for lang in ("fr", "en")]
    assert found[0] == found[1]


@pytest.mark.slow
def test_what_the_doctor_finds_is_french_and_its_json_is_not(run: Run, small_territory: Path) -> None:
    french, english = (run("doctor", small_territory, "--lang", lang)[1] for lang in ("fr", "en"))
    assert "x 1,4 à 700 m), à 4,5 km/h" in french
    assert "x 1.4 at 700 m), at 4.5 km/h" in english
    both = [run("doctor", small_territory, "--json", "--lang", lang)[1] for lang in ("fr", "en")]
    assert both[0] == both[1]


def test_a_sector_is_named_as_in_a_spreadsheet(run: Run, small_territory: Path) -> None:
    asked = ("site", small_territory, "--count", 1, "--candidates", "grid", "--draws", 0, "--json")
    by_code, by_name = (run(*asked, "--sector", name) for name in ("alimentation_agriculture", "Food and farming"))
    assert by_code == by_name
    assert by_code[0] == 0


def test_every_message_of_click_that_is_translated_keeps_its_fields() -> None:
    for english, french in words("fr")["click"].items():
        assert [name for _, name, _, _ in Formatter().parse(english)] == [
            name for _, name, _, _ in Formatter().parse(french)
        ]
        assert re.findall(r"%\(\w+\)s", english) == re.findall(r"%\(\w+\)s", french)


def test_a_fault_of_a_file_is_told_in_french_with_the_same_code(
    run: Run, small_territory: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "liste.csv"
    wrong.write_text("couleur;taille\nbleu;3\n", encoding="utf-8")
    asked = ("zones", wrong, "-o", tmp_path / "zones.csv", "--territory", small_territory)
    french, english = (run(*asked, "--lang", lang) for lang in ("fr", "en"))
    assert french[0] == english[0] == 2
    assert "liste.csv : aucune colonne n'a été reconnue comme" in french[2]
    assert "liste.csv: no column was recognised as" in english[2]
    code, _, errors = run("--lang", "fr", "gaps", "nowhere")
    assert (code, errors.startswith("essgeo: pas de territoire 'nowhere'. Connus :")) == (2, True)


def test_the_faults_of_a_table_are_listed_in_french() -> None:
    before = language.set("fr")
    try:
        with pytest.raises(SchemaError, match=r"a.csv : 2 erreurs.\n  lignes 4 et 6, champ lat : est vide"):
            raise_faults("a.csv", [(4, "lat", "est vide"), (6, "lat", "est vide")])
    finally:
        language.reset(before)
