"""The scripts of the maps: what Leaflet offers to everybody, and nothing of its inside."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "essgeo" / "maps" / "static"
TOOLS = ROOT / "requirements" / "scripts"
INSIDE = {
    "a private member": r"\._\w|\[[\"'`]_|[{,]\s*_\w+\s*[,:}=]",
    "a patched prototype": r"\bprototype\b|__proto__|setPrototypeOf|\.(?:include|mergeOptions|addInitHook)\(",
    "a member of Leaflet set anew": r"\bL(?:\.\w+)+\s*=[^=>]|Object\.(?:assign|definePropert\w+)\(\s*L\b",
}


def uses_of_the_inside(script: str) -> list[str]:
    """Return which of these a script uses, comments aside."""
    code = re.sub(r"(?m)^\s*//.*$|/\*.*?\*/", "", script, flags=re.DOTALL)
    return [what for what, pattern in INSIDE.items() if re.search(pattern, code)]


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_a_script_asks_of_leaflet_what_it_offers(path: Path) -> None:
    assert uses_of_the_inside(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "script",
    [
        "part._containsPoint(point)",
        "part?._renderer",
        'part["_point"]',
        "const { _map } = layer;",
        "const { options, _map: map } = layer;",
        "L.CircleMarker.extend({ _updatePath: function () {} })",
        "L.Canvas.include({ fill: fill })",
        "L.Canvas.prototype.options.padding = 1;",
        "Object.getPrototypeOf(map).__proto__ = null",
        "L.Map.addInitHook(start)",
        "L.Icon.Default.imagePath = ''",
        "Object.assign(L.Canvas, {})",
    ],
)
def test_the_inside_of_leaflet_is_recognised(script: str) -> None:
    assert uses_of_the_inside(script) != []


def test_the_tools_of_the_scripts_are_pinned_and_hashed_and_leaflet_is_the_one_they_name() -> None:
    wanted = json.loads((TOOLS / "package.json").read_text(encoding="utf-8"))["devDependencies"]
    assert [version for version in wanted.values() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    packages = json.loads((TOOLS / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert packages.pop("")["devDependencies"] == wanted
    assert [name for name, one in packages.items() if not one.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, one in packages.items() if "resolved" in one] == []
    leaflet = (STATIC.parent / "leaflet" / "leaflet.js").read_text(encoding="utf-8")
    assert f"Leaflet {wanted['leaflet']}," in leaflet[:100]
