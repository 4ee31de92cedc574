"""The pages in a real browser, opened from the disk, every host refused."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from essgeo.maps import build_maps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page

    from essgeo.results import Study

PHONE, SMALL_PHONE, DESKTOP = (390, 844), (320, 640), (1280, 900)
NAMES = ["index", "territory", "le-haut", "method"]
MAPS = ["territory", "le-haut"]


@pytest.fixture(scope="module")
def folder(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_maps(study, tmp_path_factory.mktemp("fr"))[0].parent


@pytest.fixture(scope="module")
def english(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_maps(replace(study, lang="en"), tmp_path_factory.mktemp("en"))[0].parent


@pytest.fixture(scope="module")
def poisoned(hostile: Study, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_maps(hostile, tmp_path_factory.mktemp("poisoned"))[0].parent


@contextmanager
def _opened(
    browser: Browser, path: Path, size: tuple[int, int] = DESKTOP, fragment: str = "", **options: Any
) -> Iterator[Page]:
    """Open a page with every host refused; fail on a script error, a dialog, or a request other than for a tile."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, offline=False, **options)
    page = context.new_page()
    page.set_default_timeout(5000)

    def heard(message: ConsoleMessage) -> None:
        tile = message.location["url"].startswith(("https://data.geopf.fr", "https://tile.openstreetmap.org"))
        if message.type in {"error", "warning"} and not tile:
            faults.append(message.text)

    def asked(route: Any) -> None:
        if not route.request.url.startswith(("https://data.geopf.fr", "https://tile.openstreetmap.org")):
            faults.append(f"asked for {route.request.url}")
        route.abort()

    def surprised(dialog: Dialog) -> None:
        faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", heard)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", surprised)
    page.route(re.compile("^https?:"), asked)
    page.goto(path.as_uri() + fragment)
    if path.stem in MAPS or path.stem not in NAMES:
        page.wait_for_selector("html[data-ready=map]")
    yield page
    context.close()
    assert faults == []


def _count(page: Page) -> str:
    return page.locator("#count").inner_text()


def _drawn(page: Page) -> int:
    """Return how many structures are on the map."""
    return int(page.evaluate("window.essgeo.layers.structures.getLayers().length"))


def _pixel_of(page: Page, structure: str) -> tuple[float, float]:
    place = page.evaluate(
        """id => {
            const row = window.essgeo.rowOf(id);
            const point = window.essgeo.map.latLngToContainerPoint([row.latitude, row.longitude]);
            const box = document.getElementById("map").getBoundingClientRect();
            return [box.left + point.x, box.top + point.y];
        }""",
        structure,
    )
    return place[0], place[1]


@pytest.mark.parametrize("name", [*NAMES, "les-quais"])
def test_pages_open_without_an_error(browser: Browser, folder: Path, name: str) -> None:
    with _opened(browser, folder / f"{name}.html") as page:
        assert page.locator("h1").count() == 1


def test_a_map_asks_for_one_tile_and_says_that_the_background_is_out_of_reach(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / "territory.html") as page:
        page.get_by_text("Fond de plan injoignable").wait_for()
        assert page.locator(".leaflet-tile").count() == 0


def test_the_background_shows_where_it_can_be_reached(browser: Browser, folder: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    dot = bytes.fromhex("47494638396101000100800000ffffff00000021f90400000000002c00000000010001000002024401003b")

    def answer(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(body=dot, content_type="image/gif")

    page.route(re.compile("^https?:"), answer)
    page.goto((folder / "territory.html").as_uri())
    page.wait_for_selector("img.leaflet-tile-loaded")
    assert "© IGN" in page.locator(".leaflet-control-attribution").inner_text()
    assert all(url.startswith("https://data.geopf.fr/wmts?") for url in asked)
    page.get_by_label("OpenStreetMap").check()
    page.wait_for_selector("img.leaflet-tile-loaded[src^='https://tile.openstreetmap.org']")
    page.get_by_label("Aucun").check()
    assert page.locator("img.leaflet-tile").count() == 0
    context.close()


def test_layers_are_drawn_and_can_be_switched(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / "territory.html") as page:
        assert _drawn(page) == 8  # nine are located, one of them is closed
        for name in ("qpv", "npnru", "neighbourhoods", "communes", "iris", "stations", "planned", "sites", "radius"):
            box = page.locator(f"input[data-layer={name}]")
            for wanted in (True, False):
                box.set_checked(wanted)
                assert page.evaluate(f"window.essgeo.map.hasLayer(window.essgeo.layers.{name})") is wanted


def test_what_is_drawn_changes_the_picture(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / "territory.html") as page:
        pictures = {page.locator("#map").screenshot()}
        for name in ("structures", "npnru", "radius", "iris", "sites", "stations", "qpv"):
            page.locator(f"input[data-layer={name}]").click()
            pictures.add(page.locator("#map").screenshot())
        page.locator("#theme").select_option("jeunesse")
        page.locator("input[data-layer=iris]").click()
        pictures.add(page.locator("#map").screenshot())
        assert len(pictures) == 9


def test_names_are_on_the_map_without_a_background(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / "territory.html") as page:
        page.wait_for_function("document.querySelectorAll('.map-label').length === 6")
        assert "Le Haut" in page.locator(".map-label").all_inner_texts()


def test_a_click_on_a_symbol_opens_its_structure(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / "territory.html") as page:
        page.locator("#map").scroll_into_view_if_needed()
        page.mouse.click(*_pixel_of(page, "s4"))
        popup = page.locator(".leaflet-popup")
        popup.wait_for()
        assert popup.locator("h2").inner_text() == "Café n° 4"
        text = popup.inner_text()
        assert "Localisée, à 30 m près (90\u202f%)" in text
        assert "peut-être dans Amont - Aval (2024), probabilité 40\u202f%" in text
        assert page.locator(".leaflet-popup").count() == 1


def test_a_click_on_a_place_says_who_reaches_what(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / "territory.html") as page:
        page.locator("#map").scroll_into_view_if_needed()
        x, y = _pixel_of(page, "s0")
        page.mouse.click(x + 30, y - 30)
        text = page.locator(".leaflet-popup").inner_text()
        for said in ("Quartier cible Le Haut", "QPV Amont - Aval", "Iris 0 (Amont)", "Commune Amont", "Lire la page"):
            assert said in text, said
        assert "1 000" in text.replace("\u202f", " ")


def test_the_keyboard_reaches_a_structure_and_comes_back(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / "territory.html") as page:
        page.locator("#search").focus()
        page.keyboard.type("cafe n° 8")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent").startswith("Café n° 8")
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Café n° 8")
        dialog.wait_for()
        assert page.evaluate("document.activeElement.getAttribute('role')") == "dialog"
        page.keyboard.press("Escape")
        page.locator(".leaflet-popup").wait_for(state="detached")
        assert page.evaluate("document.activeElement.textContent").startswith("Café n° 8")


def test_enter_on_the_map_reads_the_place_at_its_centre(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / "le-haut.html") as page:
        page.locator("#map").focus()
        page.keyboard.press("Enter")
        page.get_by_role("dialog", name="Le Haut").wait_for()


def test_every_control_can_be_reached_by_tab(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / "territory.html") as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        left = {"search", "closed", "reset", "theme", "permalink", "map", "structures", "qpv", "filter-sectors"}
        for _ in range(60):
            page.keyboard.press("Tab")
            left.discard(page.evaluate("document.activeElement.id || document.activeElement.dataset.layer || ''"))
            if not left:
                break
        assert left == set()


def test_search_and_filters_narrow_map_list_and_counts(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / "territory.html") as page:
        assert _count(page).startswith("8 structures sur la carte ; 3 autres".replace(" ;", "\u202f;"))
        assert page.locator("#structure-rows tr").count() == 11
        page.locator("#search").fill("eglise 4")
        assert _drawn(page) == 1
        assert page.locator("#results button").all_inner_texts() == ["Café n° 4 Amont"]
        assert page.locator("#structure-rows tr").count() == 1
        page.locator("#search").fill("introuvable")
        assert page.locator("#results").inner_text() == "Aucun résultat."
        page.locator("#reset").click()
        page.locator("#filter-challenges").select_option("jeunesse")
        page.locator("#filter-family").select_option("association")
        rows = page.locator("#structure-rows th").all_inner_texts()
        assert rows == ["Café n° 0", "Café n° 6"]
        assert page.locator("#filter-family option:checked").inner_text() == "Associations (2)"
        page.locator("#reset").click()
        page.locator("#closed").check()
        assert _drawn(page) == 9


def test_a_link_restores_the_view(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / "territory.html") as page:
        page.locator("#filter-challenges").select_option("jeunesse")
        page.locator("input[data-layer=npnru]").check()
        page.locator("input[data-layer=iris]").uncheck()
        page.locator("#theme").select_option("mobilite")
        page.get_by_label("Aucun").check()
        page.locator("#search").fill("café")
        page.locator("#results button").first.click()
        page.locator("#permalink").click()
        fragment = page.evaluate("location.hash")
        drawn, view = _drawn(page), page.evaluate("[essgeo.map.getZoom(), essgeo.map.getCenter()]")
    with _opened(browser, folder / "territory.html", fragment=fragment) as page:
        assert _drawn(page) == drawn
        restored = page.evaluate("[essgeo.map.getZoom(), essgeo.map.getCenter()]")
        assert restored[0] == view[0]
        assert restored[1]["lat"] == pytest.approx(view[1]["lat"], abs=1e-4)
        assert page.locator("#search").input_value() == "café"
        assert page.locator("#filter-challenges").input_value() == "jeunesse"
        assert page.locator("#theme").input_value() == "mobilite"
        assert page.locator("input[data-layer=npnru]").is_checked()
        assert not page.locator("input[data-layer=iris]").is_checked()
        assert page.locator(".leaflet-popup h2").inner_text() == "Café n° 0"


@pytest.mark.parametrize(
    "fragment",
    [
        "#map=nonsense",
        "#map=99/91/500&layers=nope,__proto__",
        "#sectors=%3Cimg%3E&theme=__proto__&family=constructor",
        "#main",
        "#%E0%A4%A",
    ],
)
def test_a_link_that_makes_no_sense_is_ignored(browser: Browser, folder: Path, fragment: str) -> None:
    with _opened(browser, folder / "territory.html", fragment=fragment) as page:
        assert _drawn(page) == 8


def test_hostile_names_stay_text(browser: Browser, poisoned: Path) -> None:
    for name in ("index", "territory", "le-haut", "method"):
        with _opened(browser, poisoned / f"{name}.html") as page:
            assert page.locator("img[src=x]").count() == 0
            if name != "territory":
                continue
            page.locator("#closed").check()
            while page.locator("#more").is_visible():
                page.locator("#more").click()
            assert page.locator("#structure-rows tr").count() == 200
            for structure in ("s0", "s1", "s2", "s4", "s5", "s6", "s8", "s9", "s10", "s12"):
                page.evaluate("id => void essgeo.map.fire('essgeo:structure', { row: essgeo.rowOf(id) })", structure)
                shown = page.evaluate("document.querySelector('.leaflet-popup:last-child h2').textContent")
                assert shown == page.evaluate("id => essgeo.rowOf(id).name", structure)
            page.locator("#search").fill("<img")
            assert page.locator("#results button").count() > 0
            assert page.locator("img[src=x]").count() == 0
            assert page.locator("a[href^=javascript]").count() == 0


def test_an_injected_script_would_not_run(browser: Browser, folder: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.route(re.compile("^https?:"), lambda route: route.abort())
    page.goto((folder / "index.html").as_uri())
    page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'broken'";
            document.body.append(script);
            document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=\\"document.title='broken'\\">");
        }"""
    )
    page.wait_for_timeout(200)
    assert page.title() != "broken"
    assert any("Content Security Policy" in text for text in refused)
    context.close()


@pytest.mark.parametrize("size", [PHONE, SMALL_PHONE])
@pytest.mark.parametrize("name", [*NAMES, "les-quais"])
def test_pages_fit_a_phone(browser: Browser, folder: Path, name: str, size: tuple[int, int]) -> None:
    with _opened(browser, folder / f"{name}.html", size) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("name", NAMES)
def test_pages_in_english(browser: Browser, english: Path, name: str) -> None:
    with _opened(browser, english / f"{name}.html") as page:
        assert page.locator("html").get_attribute("lang") == "en"
        text = page.locator("body").inner_text()
        assert "1 March 2026" in text
        for french in ("habitants", "Quartier", "borne haute", " et sources"):
            assert french not in text


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(browser: Browser, folder: Path, english: Path, name: str, lang: str) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - half a megabyte of script

    with _opened(browser, (folder if lang == "fr" else english) / f"{name}.html") as page:
        if name in MAPS:
            page.evaluate("void essgeo.map.fire('essgeo:structure', { row: essgeo.rowOf('s4') })")
        for width, height in (DESKTOP, PHONE):
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
            # The policy lets no script in but the page's own; axe comes in by the debugger, which it does not bind,
            # and must not fetch the style sheets again.
            found = Axe().run(page, options={"preload": False, "reporter": "no-passes"})
            assert found.response["violations"] == [], found.generate_report()


def test_reduced_motion_is_respected(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / "territory.html", reduced_motion="reduce") as page:
        assert page.evaluate("essgeo.map.options.zoomAnimation") is False


def test_printing_keeps_map_legend_and_sources(browser: Browser, folder: Path) -> None:
    with _opened(browser, folder / "le-haut.html") as page:
        page.emulate_media(media="print")
        for wanted in ("#map", ".legend", ".caution", "footer"):
            assert page.locator(wanted).is_visible(), wanted
        for unwanted in ("#search", "nav[aria-label=Pages]", "#permalink"):
            assert not page.locator(unwanted).is_visible(), unwanted
        assert page.pdf(format="A4")[:5] == b"%PDF-"
        for pane in ("outlines", "points"):
            assert page.evaluate(f"getComputedStyle(essgeo.map.getPane('{pane}')).mixBlendMode") == "multiply"


def test_disk_and_server_show_the_same(browser: Browser, folder: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))

    def serve(route: Any) -> None:
        if route.request.url.startswith("http://maps.test/"):
            route.fulfill(path=folder / route.request.url.removeprefix("http://maps.test/").split("#")[0])
        else:
            route.abort()

    page.route(re.compile("."), serve)
    page.goto("http://maps.test/territory.html")
    page.wait_for_selector("html[data-ready=map]")
    served = page.locator("#count").inner_text()
    assert faults == []
    context.close()
    with _opened(browser, folder / "territory.html") as page:
        assert _count(page) == served
