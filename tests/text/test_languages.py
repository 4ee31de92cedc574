"""Both languages say everything, and nothing that no page asks for."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

import essgeo
from essgeo.text.languages import texts, typeset

MAPS = files("essgeo.maps")
FRENCH, ENGLISH = texts("fr"), texts("en")
KEYS = [(section, key) for section, table in FRENCH.items() for key in table]


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_hold_the_same_keys() -> None:
    assert {section: set(table) for section, table in FRENCH.items() if section != "click"} == {
        section: set(table) for section, table in ENGLISH.items()
    }


@pytest.mark.parametrize("section", ENGLISH)
def test_a_text_has_the_same_fields_in_both_languages(section: str) -> None:
    assert {key: _fields(text) for key, text in FRENCH[section].items()} == {
        key: _fields(text) for key, text in ENGLISH[section].items()
    }
    assert all(text.strip() for text in (*FRENCH[section].values(), *ENGLISH[section].values()))


def test_every_text_is_used() -> None:
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for path in Path(essgeo.__path__[0]).rglob("*")
        if path.suffix in {".py", ".html", ".js"}
    )
    prefixes = "level|layer|kind|p|f|at|file|background|class|income|apart|interest|iris|each|qpv|word"
    made_by_prefix = re.compile(rf"^({prefixes})_")
    of_number = re.compile(r"_(one|many)$")
    by_code = {"causes", "methods", "umap", "click", "commands", "options"}
    of_page = {(section, key) for section, key in re.findall(r"\bt\.(\w+)\.(\w+)", source)}
    plain = {*re.findall(r"\b(?:words|own)\.(\w+)", source), *re.findall(r"\"(\w+)\"", source)}
    unused = [
        (section, key)
        for section, key in KEYS
        if section not in by_code
        and (section, key) not in of_page
        and not {key, of_number.sub("", key)} & plain
        and not made_by_prefix.match(key)
    ]
    assert unused == []


def test_scripts_ask_for_words_that_exist() -> None:
    for script in (MAPS / "static").iterdir():
        for key in re.findall(r"\bwords\.(\w+)", script.read_text(encoding="utf-8")):
            assert key in FRENCH["map"], f"{script.name} asks for map.{key}"


def test_french_typography() -> None:
    assert typeset("Oui ; 5 % : « non »") == "Oui\u202f; 5\u202f%\u00a0: «\u202fnon\u202f»"
