"""Run the notebooks, one after the other in one process, and keep them with what they show, for the site."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbclient
import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from essgeo.uncertainty import WORLDS

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RUN = ROOT / "build" / "notebooks"
"""Where they are kept, each with a folder beside it of what it wrote."""

DONE = ".done"
"""Written last, so that half a run is none; it says how many worlds the studies drew."""

ONCE = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import functools, essgeo
essgeo.run_study = functools.cache(essgeo.run_study)
"""
"""A study that a notebook before has asked for is not run again."""

BEFORE_EACH = "%reset -f\nimport os\nos.makedirs({name!r})\nos.chdir({name!r})\ndel os"


def run_notebooks(folder: Path = RUN, *, before: str = "", worlds: int = WORLDS) -> dict[str, list[Any]]:
    """Run all, each in a folder of its own that has forgotten the names of the others; return their cells of code."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in NOTEBOOKS}
    code = {name: [cell for cell in book.cells if cell.cell_type == "code"] for name, book in notebooks.items()}
    cells = [new_code_cell(ONCE + before)]
    for name, own in code.items():
        for at, cell in enumerate(own):
            cell["id"] = f"{name}-{at}"  # notebooks give their cells the same names
        cells += [new_code_cell(BEFORE_EACH.format(name=str(folder / name))), *own]
    whole = new_notebook(cells=cells)
    nbclient.NotebookClient(whole, timeout=1200, resources={"metadata": {"path": str(folder)}}).execute()
    for name, book in notebooks.items():
        nbformat.write(book, folder / f"{name}.ipynb")
    (folder / DONE).write_text(str(worlds), encoding="utf-8")
    return code


if __name__ == "__main__":
    run_notebooks()
