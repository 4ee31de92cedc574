"""Every notebook runs from top to bottom, and is stored without its outputs."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import nbclient
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import essgeo

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


BEFORE_ALL = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import essgeo, pytest
from conftest import few_worlds, run_once
few_worlds(pytest.MonkeyPatch())
essgeo.run_study = run_once
"""
"""Studies draw few worlds, and one that a notebook before has asked for is not run again."""
BEFORE_EACH = "%reset -f\nimport os\nos.makedirs({name!r})\nos.chdir({name!r})\ndel os"


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
def test_notebooks_run(tmp_path: Path) -> None:
    """One after the other in one process, which forgets every name and goes to another folder before each."""
    cells, shows = [new_code_cell(BEFORE_ALL)], {}
    for path in NOTEBOOKS:
        own = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        shows[path.stem] = own
        cells += [new_code_cell(BEFORE_EACH.format(name=str(tmp_path / path.stem))), *own]
    notebook = new_notebook(cells=cells)
    nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert [name for name, own in shows.items() if not any(cell.outputs for cell in own)] == []


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
