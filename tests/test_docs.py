"""The site says everything that there is, each thing from the one place that has it, and what it tells works."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from inspect import isclass, isfunction
from typing import TYPE_CHECKING

import click
import house
import look_up
import pytest
from check_site import check

import essgeo
from essgeo import gaps
from essgeo.cli.main import cli
from essgeo.gaps import ranks
from essgeo.maps import fill
from essgeo.messages import words
from essgeo.official.catalogue import read_catalogue
from essgeo.schema.columns import COLUMNS, LAYERS, LISTS, TABLES
from essgeo.siting import covering, robustness
from essgeo.uncertainty import WORLDS, existence, homes, positions, streets
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from essgeo import Study

DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "maps" / "README.md", *(ROOT / "data").rglob("*.md")]
    if "generated" not in path.parts
)
NAMES = [str(path.relative_to(ROOT)) for path in PAGES]


def blocks(path: Path, *languages: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [text for language, text in found if language in languages]


def typed(path: Path) -> Iterator[list[str]]:
    """Yield the words of each essgeo command that a page shows."""
    indented = re.findall(r"^    (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    lines = "\n".join([*blocks(path, "shell"), *indented]).replace("\\\n", " ").splitlines()
    for line in lines:
        told = re.search(r"(?:^|\s)(essgeo .*)", re.sub(r"^(?:[A-Z_]+=\S+ )*", "", line.strip()))
        if told and line.strip().split()[0] in {"essgeo", *re.findall(r"^[A-Z_]+=\S+", line.strip())}:
            yield shlex.split(told[1], comments=True)[1:]


def test_every_public_name_is_documented() -> None:
    page = look_up.api()
    names = [*essgeo.__all__, *(name for _, names in look_up.rooms().values() for name in names)]
    assert [name for name in names if f"\n   {name}\n" not in page] == []
    documented = {name: getattr(essgeo, name).__doc__ or "" for name in essgeo.__all__}
    assert [name for name, text in documented.items() if not text.strip()] == []
    kinds = {name: getattr(essgeo, name) for name in essgeo.__all__}
    assert [name for name, kind in kinds.items() if isfunction(kind) and "Returns\n" not in (kind.__doc__ or "")] == []
    assert all(isclass(kind) or isfunction(kind) for kind in kinds.values())


def test_every_column_table_layer_and_source_is_listed() -> None:
    layers, tables, sources = look_up.layers(), look_up.tables(), look_up.sources()
    assert [name for name in COLUMNS if name != "geometry" and f"| `{name}` |" not in layers + tables] == []
    assert [name for name in TABLES if f"## `{name}`" not in tables] == []
    assert [name for name in (*LAYERS, *LISTS) if f"## `{name}`" not in layers] == []
    assert [name for name in read_catalogue() if f"| `{name}` |" not in sources] == []


def test_every_command_option_and_message_is_listed_in_both_languages() -> None:
    english, french = look_up.commands("en"), look_up.commands("fr")
    for page in (english, french):
        assert set(re.findall(r"^## `(.*)`$", page, re.MULTILINE)) == {" ".join(path) for path in commands()}
        assert not re.search(r"^\| `-.*\|  \|$", page, re.MULTILINE), "an option without words"
    assert "Study a TERRITORY" in english
    assert "Étudier un TERRITORY" in french
    assert len(look_up.messages().splitlines()) > 300


def commands(path: tuple[str, ...] = ("essgeo",), command: click.Command = cli) -> dict[tuple[str, ...], click.Command]:
    found = {path: command}
    for name, below in command.commands.items() if isinstance(command, click.Group) else ():
        found |= commands((*path, name), below)
    return found


@pytest.mark.parametrize("page", look_up.MEASURED)
def test_what_was_measured_stands_on_its_page(page: str) -> None:
    assert len(look_up.measured(page).splitlines()) > 2
    assert f"../generated/measured_{page}.md" in (DOCS / "understand" / f"{page}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("page", "constants"),
    [
        ("zones", [f"{value}" for disc in (*positions.DISCS, *positions.STREET_DISCS) for value in disc]),
        ("residents", [homes.DENSER, homes.WEIGHT, homes.FULL_CELL]),
        (
            "walking",
            [streets.ALONG, f"{streets.ASIDE_M:g}", f"{streets.BEND:g}", streets.SPREAD, f"{streets.FIELD_M:g} m"],
        ),
        (
            "walking",
            [f"{part:.0%}".replace("%", " %") for part in (streets.COMMON, streets.OF_PLACE, streets.OF_ORIGIN)],
        ),
        ("existence", [existence.YEARLY_RATE, existence.YEARLY_SPREAD]),
        ("worlds", [f"{WORLDS:,}", positions.SHARED, positions.FAMILIAR, f"{positions.NEAR_M:g} m"]),
        ("conclusions", [ranks.SURE, f"fewer than {gaps.LEAST_LOCATED}", *words("en")["gap_conclusions"]]),
        ("intervals", [f"spans {100 * fill.UNSURE:g} points", f"spans {100 * fill.UNKNOWN:g}"]),
        ("sites", [f"in {robustness.CHOSEN_ANEW} worlds"]),
        ("sites", [f"{robustness.NEARBY_M:g} m", f"within {1 - covering.NEARLY:.0%}".replace("%", " %")]),
    ],
)
def test_what_explains_has_the_constants_of_the_code(page: str, constants: list[object]) -> None:
    text = " ".join((DOCS / "understand" / f"{page}.md").read_text(encoding="utf-8").split())
    assert [constant for constant in map(str, constants) if constant not in text] == []


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    missing = [link for link in links if link and "generated/" not in link and not (path.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_commands_and_options_that_are_told_exist(path: Path) -> None:
    known = commands()
    for told in typed(path):
        at = max((("essgeo", *told[:length]) for length in (0, 1, 2) if ("essgeo", *told[:length]) in known), key=len)
        assert len(at) > 1, told
        options = {name for option in known[at].params for name in option.opts}
        assert {word.partition("=")[0] for word in told if word.startswith("-")} <= options, (at, told)


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_code_and_settings_that_are_told_can_be_read(path: Path) -> None:
    for text in blocks(path, "toml"):
        tomllib.loads(text)
    for node in (node for text in blocks(path, "python") for node in ast.walk(ast.parse(text))):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = __import__(node.module, fromlist=["_"])
            assert all(hasattr(module, alias.name) for alias in node.names)


@pytest.mark.parametrize("name", ["README.md", "README.fr.md"])
def test_a_readme_is_short_and_its_cell_runs(name: str, est_ensemble: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 120
    monkeypatch.setattr(essgeo, "run_study", lambda *_, **__: est_ensemble, raising=False)
    (cell,) = blocks(ROOT / name, "python")
    statements = ast.parse(cell).body
    names: dict[str, object] = {}
    exec(compile(ast.Module(statements[:-1], []), name, "exec"), names)  # noqa: S102 (our own page)
    last = statements[-1]
    assert isinstance(last, ast.Expr)
    assert len(eval(compile(ast.Expression(last.value), name, "eval"), names)) > 0  # noqa: S307


def test_the_picture_of_the_house_is_that_of_the_contract() -> None:
    assert house.PICTURE.read_text(encoding="utf-8") == house.draw(), "run python docs/house.py"


def test_faults_of_a_site_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="b.html#there">b</a><a href="#here">a</a><a href="c.html">c</a>'
        '<a href="https://elsewhere.example">ok</a><iframe srcdoc="<script src=&quot;https://cdn.example/x.js&quot;>'
        '</script>"></iframe><img src="data:image/png;base64,AA">',
        encoding="utf-8",
    )
    (tmp_path / "b.html").write_text("<p id='not-there'>", encoding="utf-8")
    assert check(tmp_path) == [
        "a.html: b.html#there is no place of that page",
        "a.html: c.html is not there",
        "a.html: loads https://cdn.example/x.js",
    ]
