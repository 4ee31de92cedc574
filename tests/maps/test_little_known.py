"""Studies of which little can be known: each page says what is known and no more."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest

from essgeo import build_maps
from essgeo.study import Options, measure, set_up

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.results import Setting

HEAD = "nom,adresse,ville,lon,lat,statut\n"
LITTLE = {
    "none located": ("A,,Bondy,,,\nB,,Montreuil,,,\n", {"none", "none_located"}, "aucun lieu connu n’a de position"),
    "all closed": ("A,,,2.4604,48.9064,closed\nB,,,2.4911,48.9064,fermé\n", {"none"}, "ne connaît aucun lieu"),
    "one structure": ("A,,,2.4604,48.9064,\n", {"none", "few_located"}, "trop peu de lieux localisés"),
}


def setting_of(territory: Path, rows: str) -> Setting:
    """The setting of a list, to be measured in few worlds."""
    mine = territory / "mine.csv"
    mine.write_text(HEAD + rows, encoding="utf-8")
    setting = set_up(territory, Options(structures=mine, as_of="2026-01-01"))
    return replace(setting, parameters=replace(setting.parameters, draws=8))


def pages_of(setting: Setting, out: Path) -> tuple[set[str], dict[str, str]]:
    """What is concluded of gaps, and every page."""
    found = measure(setting)
    pages = {path.name: path.read_text() for path in build_maps(found, out) if path.suffix == ".html"}
    for name, text in pages.items():
        assert not re.search(r"\bnan\b|[Ss]table", text), name
    unranked = found.gaps[(found.gaps["rank"] == 0) & (found.gaps["theme"] != "all")]
    assert (unranked["conclusion"] != "").all(), "each row that has no rank says why"
    return set(found.gaps["conclusion"]), pages


@pytest.mark.parametrize("case", LITTLE)
def test_where_little_is_located_nothing_is_concluded(case: str, small_territory: Path, tmp_path: Path) -> None:
    rows, conclusions, title = LITTLE[case]
    said, pages = pages_of(setting_of(small_territory, rows), tmp_path / "maps")
    assert said == conclusions
    assert title in re.sub(r"\s", " ", pages["index.html"])
    (listed,) = re.findall(r'<ul class="findings">(.*?)</ul>', pages["left.html"], re.DOTALL)
    assert "Aucun des" not in listed, "that nobody reaches a place is not known"
    assert "en retrait du territoire" not in listed
    assert ("Si A a fermé" in listed) == (case == "one structure")


def test_a_territory_of_one_commune_is_not_behind_itself(small_territory: Path, tmp_path: Path) -> None:
    described = small_territory / "territory.toml"
    text = described.read_text()
    described.write_text(text.replace('["93010", "93048"]', '["93010"]'))
    iris = gpd.read_file(small_territory / "iris.geojson")
    (small_territory / "iris.geojson").write_text(iris[iris["citycode"] == "93010"].to_json(), encoding="utf-8")
    for name in ("neighbourhoods", "sites", "structures"):
        path = small_territory / f"{name}.csv"
        head, *lines = path.read_text().splitlines(keepends=True)
        path.write_text(head + "".join(line for line in lines if "93048" not in line))
    points = "".join(f"lieu {n},,Bondy,{2.458 + n / 500},48.9064,\n" for n in range(4))
    said, pages = pages_of(setting_of(small_territory, points), tmp_path / "maps")
    assert said <= {"", "none", "not_behind"}
    assert "Bondy" in pages["compare.html"] or "La Gauche" in pages["compare.html"]
