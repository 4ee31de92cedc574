"""Both languages say everything, and nothing that no page asks for."""

from __future__ import annotations

import ast
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
    plain = {*re.findall(r"\b(?:words|own)\.(\w+)", source), *re.findall(r"[\"'](\w+)[\"']", source)}
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


def _sentences(node: ast.AST) -> list[str]:
    """Return the texts of two words or more that are written in an expression, but in what is asked of ``tell``."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in {"tell", "plural"}:
        return []
    if isinstance(node, ast.JoinedStr):
        written = "".join(part.value for part in node.values if isinstance(part, ast.Constant))
        found = [written] if re.search(r"[a-z]{2,} [a-z]{2,}", written) else []
        return [
            *found,
            *(one for part in node.values if not isinstance(part, ast.Constant) for one in _sentences(part)),
        ]
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) and re.search(r"[a-z]{2,} [a-z]{2,}", node.value) else []
    return [one for child in ast.iter_child_nodes(node) for one in _sentences(child)]


OF_PROGRAMMERS = {
    "essgeo/__init__.py", "essgeo/official/archives.py", "essgeo/official/census.py", "essgeo/official/formats.py",
    "essgeo/access/demand.py", "essgeo/access/walking.py", "essgeo/siting/models.py", "essgeo/zoning/count.py",
    "essgeo/zoning/locate.py", "essgeo/gaps/areas.py", "essgeo/official/declare.py",
}  # fmt: skip
"""What is told of a call in a notebook, or of an official file to a terminal, is English."""


def test_whatever_is_raised_or_warned_of_has_french_words() -> None:
    root = Path(essgeo.__path__[0])
    english = []
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root.parent).as_posix()
        if name in OF_PROGRAMMERS:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            told: list[ast.AST] = []
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                told = [*node.exc.args]
            elif isinstance(node, ast.Assign) and any(getattr(one, "id", "") == "message" for one in node.targets):
                told = [node.value]
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in FAULTS:
                told = [*node.args]
            elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
                told = [node.value.elts[-1]]
            english += [f"{name}:{node.lineno}: {text}" for one in told for text in _sentences(one)]
    assert english == []


FAULTS = {"raise_faults", "warn_faults", "warn", "BadParameter", "UsageError"}
