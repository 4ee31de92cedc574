"""Every notebook runs from top to bottom, and is stored without its outputs."""

from __future__ import annotations

import ast
from importlib import import_module
from typing import TYPE_CHECKING

import nbclient
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from run_notebooks import NOTEBOOKS, run_notebooks

import essgeo

if TYPE_CHECKING:
    from pathlib import Path

FEW_WORLDS = """
import pytest
from conftest import few_worlds
from essgeo.siting import Assumptions
few_worlds(pytest.MonkeyPatch(), draws=128)
essgeo.choose_sites = functools.partial(essgeo.choose_sites, assumptions=Assumptions(draws=10))
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
def test_notebooks_run() -> None:
    """What they show is kept: ``make docs`` does not run them again."""
    shown = run_notebooks(before=FEW_WORLDS, worlds=128)
    assert [name for name, own in shown.items() if not any(cell.outputs for cell in own)] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_stripped(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.outputs for cell in notebook.cells if cell.cell_type == "code")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_imports_public_names_only(path: Path) -> None:
    code = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    named = [
        (node.module, alias.name)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("essgeo")
        for alias in node.names
    ]
    assert named
    for module, name in named:
        assert module.count(".") <= 1, f"{module} is no room"
        assert name in import_module(module).__all__, f"{module}.{name} is not public"


def test_public_names_are_those_that_are_there() -> None:
    assert essgeo.__all__ == sorted(essgeo.__all__, key=lambda name: (not name[0].isupper(), name))
    assert [name for name in essgeo.__all__ if getattr(essgeo, name, None) is None] == []


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.filterwarnings("ignore")
def test_progress_is_a_bar_in_a_notebook(tmp_path: Path) -> None:
    code = """
from essgeo import geocode, load_territory, read_layer
here = load_territory("est-ensemble")
found = geocode(read_layer(here, "structures").head(3), using=read_layer(here, "addresses"), progress=True)
"""
    notebook = new_notebook(cells=[new_code_cell(code)])
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output.get("data", {}) for output in notebook.cells[0].outputs]
    assert any("application/vnd.jupyter.widget-view+json" in data for data in shown)
