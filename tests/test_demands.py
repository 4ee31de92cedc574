"""docs/look_up/demands.md takes every demand of the territory, in order, and names files and pages that a study has."""

from __future__ import annotations

import re
from pathlib import Path

from essgeo import load_territory, read_layer
from essgeo.schema.columns import LAYERS, TABLES

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "look_up" / "demands.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("| \n").split(" | ")] for line in TEXT.splitlines() if line.startswith("| ")
][1:]


def test_each_demand_has_an_answer_and_what_is_not_known() -> None:
    demands = read_layer(load_territory("est-ensemble"), "demands")
    assert [row[:2] for row in ROWS] == demands[["theme", "demand"]].to_numpy().tolist()
    assert [row for row in ROWS if len(row) != 4 or not all(row)] == []


def test_what_it_names_is_what_a_study_has() -> None:
    tables = set(re.findall(r"`(\w+)\.csv`", TEXT))
    assert tables <= {*TABLES, *LAYERS}
    pages = Path(__file__).resolve().parents[1] / "essgeo" / "maps" / "templates"
    assert {name for name in re.findall(r"`(\w+\.html)`", TEXT) if not (pages / name).exists()} == set()
