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
    prefixes = (
        "level|layer|kind|p|f|at|file|background|class|income|apart|interest|iris|each|qpv|word|sheet|rule|placed"
    )
    prefixes += (
        "|copy|have|lack|what|silent|detail|based|line|accessibility|need|supply|much|public|aim|key|kin|chain|title"
    )
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
    for script in (MAPS / "static").glob("*.js"):
        for key in re.findall(r"\bwords\.(\w+)", script.read_text(encoding="utf-8")):
            assert key in FRENCH["map"], f"{script.name} asks for map.{key}"


def test_french_typography() -> None:
    assert typeset("Oui ; 5 % : « non »") == "Oui\u202f; 5\u202f%\u00a0: «\u202fnon\u202f»"


OF_PYTHON = {
    "access/accessibility.py", "access/demand.py", "access/walking.py", "gaps/areas.py", "gaps/find.py",
    "gaps/reach.py", "gaps/support_chain.py", "register/duplicates.py", "siting/choose.py", "zoning/count.py",
    "zoning/locate.py", "geocoding/chain.py", "__init__.py",
}  # fmt: skip
"""What is told of the frames of a call in a notebook, which no command makes, is English."""

OF_DATA = {
    "schema/vocabulary.py", "geocoding/spelling.py", "geocoding/address.py", "geocoding/ban.py", "cli/main.py",
    "official/sirene.py", "official/declare.py", "access/network.py", "files/perimeters.py", "files/premises.py",
    "files/structures.py", "register/establishments.py", "register/perimeter.py", "siting/candidates.py",
    "siting/models.py", "siting/account.py", "zoning/crosswalk.py", "publish/datapackage.py", "text/notebook.py",
    "maps/share.py",
}  # fmt: skip
"""These hold words that are compared with data, titles, codes, markup or SQL; what they tell is asked of ``tell``."""


def _written(tree: ast.AST) -> list[tuple[int, str]]:
    """Return the texts of two words or more in a module, with their lines, but what documents it."""
    spoken = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    whole = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    left = {id(node) for node in (*spoken, *(part for one in whole for part in one.values))}
    texts = [(node, "".join(part.value for part in node.values if isinstance(part, ast.Constant))) for node in whole]
    texts += [
        (node, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left
    ]
    return [(node.lineno, text) for node, text in texts if re.search(r"[a-z]{2,} [a-z]{2,}", text)]


def _told(tree: ast.AST) -> list[tuple[int, str]]:
    """Return those of them that are raised, warned of, listed as faults or given to ``tell``."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            found += node.exc.args
        elif isinstance(node, ast.Assign) and any(getattr(one, "id", "") == "message" for one in node.targets):
            found.append(node.value)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in TOLD:
            found += [*node.args, *(each.value for each in node.keywords)]
        elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            found.append(node.value.elts[-1])
    return [one for each in found for one in _written(each)]


TOLD = {"raise_faults", "warn_faults", "warn", "BadParameter", "UsageError", "tell", "plural", "echo"}


def test_whatever_a_user_is_told_has_french_words() -> None:
    root, english = Path(essgeo.__path__[0]), []
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if name in OF_PYTHON:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        english += [f"{name}:{line}: {text}" for line, text in (_told(tree) if name in OF_DATA else _written(tree))]
    assert english == []
