"""The project's own rules, where no linter holds them."""

from __future__ import annotations

import ast
import contextlib
import os
import re
import socket
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from inspect import isfunction
from pathlib import Path

import pytest

import essgeo

ROOT = Path(__file__).resolve().parents[1]
NOT_OURS = {".git", ".venv", "__pycache__", "build", "dist", "generated", ".hypothesis"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MODULES = sorted((ROOT / "essgeo").rglob("*.py"))
MAX_WHEEL_BYTES = 3_000_000
REGISTRY_OR_MACHINE = re.compile(rb"pypi[.]org|pythonhosted[.]org|npmjs[.]org|(?<![\w./-])/(?:work|root|home|opt)/")


def project_files() -> list[Path]:
    """Every file of the project, hidden ones included, but no environment, cache or build."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NOT_OURS and not name.endswith("_cache")]
        found += [Path(folder, name) for name in names if name not in NOT_OURS]
    return found


def pins(name: str) -> dict[str, str]:
    """Version and hashes by package, from one of the requirements files."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"(?ms)^([a-z0-9-]+)==(.+?)(?=^[a-z]|\Z)", text))


def normalised(requirement: str) -> str:
    """Name of a package, without its version, as the index spells it."""
    return re.split(r"[<>=~!]", requirement)[0].lower().replace("_", "-")


def test_no_file_names_a_registry_or_a_machine() -> None:
    found = {str(file.relative_to(ROOT)): REGISTRY_OR_MACHINE.findall(file.read_bytes()) for file in project_files()}
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_every_public_function_has_an_example() -> None:
    public = {name: getattr(essgeo, name) for name in essgeo.__all__}
    without = [name for name, made in public.items() if isfunction(made) and ">>>" not in (made.__doc__ or "")]
    assert without == []


def test_no_example_is_switched_off() -> None:
    assert [str(file) for file in MODULES if "doctest: +SKIP" in file.read_text(encoding="utf-8")] == []


def test_the_citation_is_of_the_version_of_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased, *released = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    assert unreleased.startswith("[Unreleased]")
    named = (
        re.match(r"\[([\d.]+)\]", released[0])
        if released
        else re.search(r"Will be ([\d.]+)\.$", unreleased, re.MULTILINE)
    )
    assert named is not None
    assert f"\nversion: {named[1]}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_documented_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    documented = {
        target
        for file in project_files()
        if file.suffix in {".md", ".yml"} or file == ROOT / ".ci" / "run"
        for target in re.findall(r"(?m)(?:`|^ *(?:- run: )?)make ([a-z]+)", file.read_text(encoding="utf-8"))
    }
    assert documented
    assert documented <= targets


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert phony is not None
    assert set(re.findall(r"^([a-z-]+):.* ## ", makefile, flags=re.MULTILINE)) == set(phony[1].split())


def test_dependencies_are_what_the_package_imports() -> None:
    imported = set()
    for node in (node for file in MODULES for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)
    packages = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names - {"essgeo"}
    distributions = packages_distributions()
    needed = {normalised(distribution) for package in packages for distribution in distributions[package]}
    cluster = PROJECT["optional-dependencies"]["cluster"]
    assert needed == {normalised(dependency) for dependency in [*PROJECT["dependencies"], *cluster]}


def test_every_dependency_is_pinned_alike_and_hashed() -> None:
    run, dev, notebook, docs = (pins(f"{name}.txt") for name in ("run", "dev", "notebook", "docs"))
    assert {normalised(dependency) for dependency in PROJECT["dependencies"]} <= run.keys()
    extra = PROJECT["optional-dependencies"]["notebook"]
    assert {normalised(dependency) for dependency in [*PROJECT["dependencies"], *extra]} <= notebook.keys()
    assert {"sphinx", "myst-nb", *map(normalised, PROJECT["dependencies"])} <= docs.keys()
    for some in (run, notebook, docs):
        assert [name for name in some.keys() & dev.keys() if some[name].split()[0] != dev[name].split()[0]] == []
    assert [name for some in (dev, notebook, docs) for name, pin in some.items() if "--hash=sha256:" not in pin] == []


def test_the_wheel_ships_the_code_and_the_data(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < MAX_WHEEL_BYTES
    shipped = set(zipfile.ZipFile(wheel).namelist())
    files = {file.relative_to(ROOT).as_posix() for file in project_files()}
    data = {f"essgeo/{name}" for name in files if name.startswith("data/")}
    code = {name for name in files if name.startswith("essgeo/")}
    assert "essgeo/data/est-ensemble/territory.toml" in data
    assert data | code <= shipped
    assert [name for name in shipped if name.startswith(("data/", "tests/"))] == []


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_connection_fails_the_test_that_forbids_it(host: str) -> None:
    with (
        pytest.raises(pytest.fail.Exception, match="opened a connection"),
        contextlib.suppress(Exception),
        socket.create_connection((host, 9)),
    ):
        pass


SKIPS_A_TEST = """
import pytest
def test_needs_data():
    pytest.skip("no data")
"""
SKIPS_A_MODULE = """
import pytest
pytest.skip("no data", allow_module_level=True)
"""


@pytest.mark.parametrize("module", [SKIPS_A_TEST, SKIPS_A_MODULE])
def test_a_skip_fails_the_run_where_none_is_allowed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(module)
    monkeypatch.delenv("ESSGEO_NO_SKIP", raising=False)
    assert pytester.runpytest_inprocess().parseoutcomes() == {"skipped": 1}
    monkeypatch.setenv("ESSGEO_NO_SKIP", "1")
    outcomes = pytester.runpytest_inprocess().parseoutcomes()
    assert outcomes.get("failed", 0) + outcomes.get("errors", 0) == 1
    assert "skipped" not in outcomes
