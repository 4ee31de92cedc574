"""Draw the house from the contract of its imports: ``python docs/house.py`` writes ``docs/house.svg``."""

from __future__ import annotations

import ast
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "house.svg"
WIDTH, ROW, GAP, LONGEST = 900, 30, 4, 112
"""Pixels, and the letters that fit beside a name."""


def layers() -> list[list[str]]:
    """Return the rooms from the top to the bottom, those of one floor together."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    floors = project["tool"]["importlinter"]["contracts"][0]["layers"]
    return [[room.strip(" ()") for room in floor.split("|")] for floor in floors]


def says(room: str) -> str:
    """Return the first line of what a room says of itself."""
    folder = ROOT / "essgeo" / room
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    first = text.partition("\n")[0].replace("`", "")
    return first if len(first) <= LONGEST else f"{first[:LONGEST].rpartition(' ')[0]} ..."


def draw() -> str:
    """Return the picture: a row a floor, what is below may be imported by what is above."""
    rows, top = [], 0
    for floor in layers():
        width = WIDTH / len(floor)
        for at, room in enumerate(floor):
            x = at * width
            rows.append(f'<rect x="{x:g}" y="{top}" width="{width - GAP:g}" height="{ROW - GAP}" rx="4"/>')
            rows.append(f'<text x="{x + 10:g}" y="{top + 18}" font-weight="bold">{room}</text>')
            if len(floor) == 1:
                rows.append(f'<text x="130" y="{top + 18}">{escape(says(room))}</text>')
        top += ROW
    style = "rect { fill: #e6e6f7 } text { font-family: sans-serif; font-size: 13px; fill: #1a1a4e }"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" role="img">'
    return "\n".join([head, f"<style>{style}</style>", *rows, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
