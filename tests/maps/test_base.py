"""The base of the maps: from the study's own files, apart where a licence asks it, light, and beneath the figures."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from essgeo.access.base_map import BaseLayer
from essgeo.files.provenance import Input
from essgeo.maps import build_maps
from essgeo.maps.base import MOST_VERTICES, drawn_base, shown_base
from essgeo.publish.release import attributions
from tests.maps.conftest import CRS, SOUTH, WEST, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Page

    from essgeo.results import Study

PUBLISHER = "Rail <img src=x onerror=alert(1)>"
RAIL = Input("rail", "rail.geojson", "0" * 64, "Lines", PUBLISHER, "not known, apart like ODbL", "2023")
OPEN = Input("rail", "rail.geojson", "1" * 64, "Lines", "Town", "Licence Ouverte 2.0", "2023")
STREETS = Input("network", "s.pbf", "2" * 64, "Streets", "OpenStreetMap contributors", "ODbL 1.0", "2026")


def _layer(name: str, source: Input, shapes: dict[str, list[Any]]) -> BaseLayer:
    rows = [(kind, f"{kind} {place}", shape) for kind, found in shapes.items() for place, shape in enumerate(found)]
    kinds, names, geometry = zip(*rows, strict=True)
    return BaseLayer(name, gpd.GeoDataFrame({"kind": kinds, "name": names}, geometry=list(geometry), crs=CRS), source)


def _line(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([(WEST + x, SOUTH + y) for x, y in points])


@pytest.fixture(scope="module")
def base() -> tuple[BaseLayer, ...]:
    rail = {"train": [_line((0, 600), (2000, 620))], "metro": [_line((900, 0), (900, 900))]}
    water = shapely.box(WEST + 200, SOUTH + 100, WEST + 700, SOUTH + 400)
    streets = {
        "road": [_line((0, 50), (2000, 60))],
        "lane": [_line((300, 0), (320, 900))],
        "water": [water.difference(water.buffer(-100))],
        "park": [shapely.box(WEST + 1200, SOUTH + 100, WEST + 1700, SOUTH + 400)],
        "place": [shapely.Point(WEST + 1450, SOUTH + 700)],
    }
    return (_layer("rail", RAIL, rail), _layer("network", STREETS, streets))


@pytest.fixture(scope="module")
def based(study: Study, base: tuple[BaseLayer, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_maps(replace(study, base=base), tmp_path_factory.mktemp("based"))[0].parent


def test_each_file_of_the_base_stays_in_files_of_its_own_and_is_credited(
    study: Study, base: tuple[BaseLayer, ...], based: Path, single: Path
) -> None:
    names = {path.name for path in (based / "assets").iterdir()}
    apart = {"rail_odbl.js", "rail_odbl.svg", "network_odbl.js", "network_odbl.svg"}
    assert apart <= names
    for path in [*based.glob("*.html"), *(based / "assets").iterdir()]:
        if path.name not in apart:
            text = path.read_text(encoding="utf-8")
            assert [kind for kind in ("train", "road", "water", "park") if f'"{kind}":[[[' in text] == [], path.name
    page = (based / "territory.html").read_text(encoding="utf-8")
    assert "OpenStreetMap contributors" in page
    assert "<img src=x" not in "".join(path.read_text(encoding="utf-8") for path in based.rglob("*.*ml"))
    assert "<img" not in (based / "assets" / "rail_odbl.js").read_text(encoding="utf-8")
    assert "Rail &lt;img" in attributions(replace(study, base=base), [], {})
    assert "rail_odbl" not in (single / "index.html").read_text(encoding="utf-8")


def test_one_file_holds_what_may_be_mixed_alone(study: Study, base: tuple[BaseLayer, ...], tmp_path: Path) -> None:
    free = BaseLayer("rail", base[0].shapes, OPEN)
    (page,) = build_maps(replace(study, base=(free, base[1])), tmp_path, single_file=True)
    text = page.read_text(encoding="utf-8")
    assert ").rail={" in text
    assert 'href="assets/rail.svg"' not in text
    assert "network_odbl" not in text


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ([], "les limites, les stations et les noms des communes"),
        (["train"], "les voies ferrées, les limites, les stations et les noms des communes"),
        (["road", "lane", "park"], "les rues, les parcs, les limites, les stations et les noms des communes"),
        (["road"], "les rues principales, les limites, les stations et les noms des communes"),
    ],
)
def test_what_is_shown_without_tiles_is_said_as_it_is(study: Study, kinds: list[str], said: str) -> None:
    square = shapely.box(WEST, SOUTH, WEST + 99, SOUTH + 99)
    shapes = {kind: [square if kind == "park" else _line((0, 0), (99, 99))] for kind in kinds}
    base = (_layer("network", STREETS, shapes),) if kinds else ()
    assert shown_base(drawn_base(replace(study, base=base)), "fr") == said


def test_the_base_of_a_large_town_stays_light(study: Study, tmp_path: Path) -> None:
    """Streets in a grid of 20 by 20 km, each a zigzag that no tolerance takes away: lanes, then streets, go first."""
    steps = np.arange(200) * 100.0
    zigzag = np.where(np.arange(200) % 2, 20.0, 0.0)
    lines = [_line(*zip(steps, zigzag + 50 * row, strict=True)) for row in range(400)]
    shapes = {"road": lines[:100], "street": lines[100:200], "lane": lines[200:]}
    base = (_layer("network", STREETS, shapes),)
    (drawn,) = drawn_base(replace(study, base=base))
    assert set(drawn.shapes) == {"road", "street"}
    assert sum(len(shapely.get_coordinates(one.to_numpy())) for one in drawn.shapes.values()) <= MOST_VERTICES
    folder = build_maps(replace(study, base=base), tmp_path)[0].parent
    loaded = [*(folder / "assets").glob("*.js"), *(folder / "assets").glob("*.css")]
    shared = sum(len(gzip.compress(path.read_bytes())) for path in loaded)
    pages = {path.name: len(gzip.compress(path.read_bytes())) + shared for path in folder.glob("*.html")}
    assert max(pages.values()) <= 400_000, pages


def test_lines_that_continue_one_another_are_one_and_steps_lead_back(study: Study) -> None:
    parts = [_line((0, 0), (100, 0.5), (200, 0)), _line((200, 0), (300, 40))]
    (drawn,) = drawn_base(replace(study, base=(_layer("rail", OPEN, {"train": parts}),)))
    assert not drawn.apart
    (line,) = drawn.shapes["train"]
    assert len(line.coords) == 3


INK = """() => Array.from(document.querySelectorAll("canvas.leaflet-tile")).map(function (tile) {
    const { data } = tile.getContext("2d").getImageData(0, 0, tile.width, tile.height);
    return data.filter((value, place) => place % 4 === 3 && value > 0).length;
}).reduce((sum, count) => sum + count, 0)"""

COVERED = """() => {
    const box = essgeo.map.getContainer().getBoundingClientRect();
    const pins = essgeo.layers.structures.getLayers().map(function (pin) {
        const { x, y } = essgeo.map.latLngToContainerPoint(pin.getLatLng());
        return [box.left + x, box.top + y, pin.options.radius];
    });
    return Array.from(document.querySelectorAll(".map-label, .base-label"))
        .filter((name) => !name.classList.contains("covered"))
        .map((name) => [name.textContent, name.getBoundingClientRect()])
        .filter(([, { left, right, top, bottom }]) => pins.some(([x, y, r]) =>
            x + r > left && x - r < right && y + r > top && y - r < bottom))
        .map(([text]) => text);
}"""


def test_maps_show_the_base_without_tiles_and_tiles_instead_of_it(
    opened: Callable[..., AbstractContextManager[Page]], based: Path
) -> None:
    for name in ("index", "territory", "le-haut", "embed"):
        with opened(based / f"{name}.html") as page:
            until(page, lambda page=page: page.evaluate(INK) > 1000)
            credit = page.locator(".leaflet-control-attribution").inner_text()
            assert PUBLISHER in credit
            assert "OpenStreetMap contributors" in credit
            assert page.locator("img[src=x]").count() == 0
            if name == "le-haut":
                page.locator(".base-label.station").first.wait_for(state="attached")
                assert "place 0" in page.locator(".base-label.place").all_inner_texts()
            page.evaluate("void essgeo.base.toggle(false)")
            assert page.locator("canvas.leaflet-tile").count() == 0
            assert PUBLISHER not in page.locator(".leaflet-control-attribution").inner_text()


def test_both_maps_of_a_comparison_lie_on_the_base(
    opened: Callable[..., AbstractContextManager[Page]], based: Path
) -> None:
    with opened(based / "compare.html") as page:
        until(page, lambda: page.evaluate(INK) > 1000)
        assert all(page.locator(f"#compare-map-{side} canvas.leaflet-tile").count() for side in "ab")
        assert "OpenStreetMap contributors (ODbL 1.0)" in page.locator("#compare-maps").inner_text()


def test_names_lie_below_symbols_and_those_of_the_base_touch_none(
    opened: Callable[..., AbstractContextManager[Page]], based: Path
) -> None:
    with opened(based / "territory.html") as page:
        names, points = (
            page.evaluate(f"Number(essgeo.map.getPane('{pane}').style.zIndex)") for pane in ("names", "points")
        )
        assert names < points
        for zoom in (13.5, 14.5, 15.5):
            page.evaluate(f"void essgeo.map.setZoom({zoom}, {{ animate: false }})")
            page.wait_for_timeout(300)
            covered = page.evaluate(COVERED)
            assert not any(name.startswith(("place", "Gare", "Station")) for name in covered), (zoom, covered)


def test_plans_lie_on_the_base(based: Path) -> None:
    picture = (based / "assets" / "network_odbl.svg").read_text(encoding="utf-8")
    assert picture.count("<path") == 4
    width = float(picture.partition('viewBox="0 0 ')[2].partition(" ")[0])
    assert width == 640
    assert "nan" not in picture
