"""The maps in a real browser, opened from the disk, every host refused."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from essgeo.maps import build_embed, build_maps
from tests.maps.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import TypeAlias

    from playwright.sync_api import Browser, Page

    from essgeo.results import Study

    Opened: TypeAlias = Callable[..., AbstractContextManager[Page]]


def _count(page: Page) -> str:
    return page.locator("#count").inner_text()


def _drawn(page: Page) -> int:
    """Return how many symbols are on the map."""
    return int(page.evaluate("essgeo.layers.structures.getLayers().length"))


def _pixel_of(page: Page, structure: str) -> tuple[float, float]:
    place = page.evaluate(
        """id => {
            const point = essgeo.map.latLngToContainerPoint(essgeo.placeOf(essgeo.rowOf(id)));
            const box = document.getElementById("map").getBoundingClientRect();
            return [box.left + point.x, box.top + point.y];
        }""",
        structure,
    )
    return place[0], place[1]


def test_a_map_asks_for_one_tile_and_says_that_the_background_is_out_of_reach(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html") as page:
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
    page.locator(".panel details").evaluate("part => (part.open = true)")
    page.get_by_label("Aucun").check()
    assert page.locator("img.leaflet-tile").count() == 0
    context.close()


def test_layers_are_drawn_and_can_be_switched(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html") as page:
        assert _drawn(page) == 8  # nine are located, one of them is closed
        for name in ("qpv", "npnru", "neighbourhoods", "communes", "iris", "stations", "planned", "sites", "radius"):
            box = page.locator(f"input[data-layer={name}]")
            for wanted in (True, False):
                box.set_checked(wanted)
                assert page.evaluate(f"essgeo.map.hasLayer(essgeo.layers.{name})") is wanted


def test_what_is_drawn_changes_the_picture(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html") as page:
        pictures = {page.locator("#map").screenshot()}
        for name in ("structures", "npnru", "radius", "iris", "sites", "stations", "qpv"):
            page.locator(f"input[data-layer={name}]").click()
            pictures.add(page.locator("#map").screenshot())
        page.locator("#theme").select_option("jeunesse")
        page.locator("input[data-layer=iris]").click()
        pictures.add(page.locator("#map").screenshot())
        assert len(pictures) == 9


def test_names_are_on_the_map_without_a_background(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html") as page:
        expect(page.locator(".map-label")).to_have_count(6)
        assert "Le Haut" in page.locator(".map-label").all_inner_texts()


def test_a_click_on_a_symbol_opens_its_structure(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html") as page:
        page.locator("#map").scroll_into_view_if_needed()
        page.mouse.click(*_pixel_of(page, "s4"))
        popup = page.locator(".leaflet-popup")
        popup.wait_for()
        assert popup.locator("h2").inner_text() == "Café n° 4"
        text = popup.inner_text()
        assert "Localisée, à 30 m près (90\u202f%)" in text
        assert "peut-être dans Amont - Aval (2024), probabilité 40\u202f%" in text
        assert page.locator(".leaflet-popup").count() == 1


def test_a_click_on_a_place_says_who_reaches_what(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html") as page:
        page.locator("#map").scroll_into_view_if_needed()
        x, y = _pixel_of(page, "s0")
        page.mouse.click(x + 30, y - 30)
        text = page.locator(".leaflet-popup").inner_text()
        for said in ("Quartier cible Le Haut", "QPV Amont - Aval", "Iris 0 (Amont)", "Commune Amont", "Lire la page"):
            assert said in text, said
        assert "1 000" in text.replace("\u202f", " ")


def test_the_keyboard_reaches_a_structure_and_comes_back(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html") as page:
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


def test_enter_on_the_map_reads_the_place_at_its_centre(opened: Opened, folder: Path) -> None:
    with opened(folder / "le-haut.html") as page:
        page.locator("#map").focus()
        page.keyboard.press("Enter")
        page.get_by_role("dialog", name="Le Haut").wait_for()


def test_every_control_can_be_reached_by_tab(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html") as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        left = {"search", "closed", "reset", "theme", "permalink", "map", "structures", "qpv", "filter-sectors"}
        for _ in range(60):
            page.keyboard.press("Tab")
            left.discard(page.evaluate("document.activeElement.id || document.activeElement.dataset.layer || ''"))
            if not left:
                break
        assert left == set()


def test_search_and_filters_narrow_map_list_and_counts(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html") as page:
        said = "12 structures ici : 8 sur la carte, 3 sans position connue, 1 écartées"
        assert _count(page).startswith(said.replace(" :", "\u00a0:"))
        assert page.locator("#structure-rows tr").count() == 11
        page.locator("#search").fill("eglise 4")
        assert _drawn(page) == 1
        assert page.locator("#results button").all_inner_texts() == ["Café n° 4 Amont, En activité"]
        assert page.locator("#structure-rows tr").count() == 1
        # Places and actors that are no structures are found too, on the map where they have a position.
        page.locator("#search").fill("grande entreprise")
        assert "cité dans une coopération, non localisée" in page.locator("#results span").first.inner_text()
        page.locator("#search").fill("302388087")
        assert page.locator("#results").inner_text().startswith("RUES association du contrat de ville")
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
        page.locator("#search").fill("la halle")
        page.locator("#results button").click()
        assert "1 quai du Canal" in page.locator(".leaflet-popup").inner_text()
        assert page.locator("input[data-layer=sites]").is_checked()


def test_a_link_restores_the_view(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html") as page:
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
    with opened(folder / "territory.html", fragment=fragment) as page:
        assert _drawn(page) == drawn
        restored = page.evaluate("[essgeo.map.getZoom(), essgeo.map.getCenter()]")
        assert restored[0] == view[0]
        assert restored[1]["lat"] == pytest.approx(view[1]["lat"], abs=1e-4)
        assert page.locator("#search").input_value() == "café"
        assert page.locator("#filter-challenges").input_value() == "jeunesse"
        assert page.locator("#theme").input_value() == "mobilite"
        assert page.locator("input[data-layer=npnru]").is_checked()
        assert not page.locator("input[data-layer=iris]").is_checked()
        popup = page.locator(".leaflet-popup h2")
        popup.wait_for()
        assert popup.inner_text() == "Café n° 0"


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
def test_a_link_that_makes_no_sense_is_ignored(opened: Opened, folder: Path, fragment: str) -> None:
    with opened(folder / "territory.html", fragment=fragment) as page:
        assert _drawn(page) == 8


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
    until(page, lambda: sum("Content Security Policy" in text for text in refused) == 2)
    assert page.title() != "broken"
    context.close()


def test_reduced_motion_is_respected(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html", reduced_motion="reduce") as page:
        assert page.evaluate("essgeo.map.options.zoomAnimation") is False


def test_printing_keeps_map_legend_and_sources(opened: Opened, folder: Path) -> None:
    with opened(folder / "le-haut.html") as page:
        page.emulate_media(media="print")
        for wanted in ("#map", ".legend", ".caution", "footer"):
            assert page.locator(wanted).is_visible(), wanted
        for unwanted in ("#search", "nav[aria-label=Pages]", "#permalink"):
            assert not page.locator(unwanted).is_visible(), unwanted
        assert page.locator("#count-print").is_visible()
        assert page.pdf(format="A4")[:5] == b"%PDF-"
        # A canvas is white on paper: each lets what lies below it show, on its pane and beneath others of it.
        blending = "canvas => [canvas, canvas.parentElement].map((one) => getComputedStyle(one).mixBlendMode)"
        canvases = page.locator("#map canvas").evaluate_all(f"all => all.flatMap({blending})")
        assert len(canvases) > 2
        assert set(canvases) == {"multiply"}


def test_paper_holds_the_whole_list_and_the_screen_a_page_of_it(
    opened: Opened, study: Study, large_structures: Callable[[int], Any], tmp_path: Path
) -> None:
    build_maps(replace(study, structures=large_structures(120)), tmp_path)
    with opened(tmp_path / "territory.html") as page:
        assert page.locator("#structure-rows tr").count() == 50
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("#structure-rows tr").count() == 119
        assert page.locator("#list-part").inner_text() == ""
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("#structure-rows tr").count() == 50


def test_paper_says_where_a_list_that_is_too_long_is(opened: Opened, crowded: Path) -> None:
    with opened(crowded / "territory.html") as page:
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("#list-part").inner_text().endswith("tables/structures.csv.")


def test_what_lies_beyond_the_territory_is_veiled(opened: Opened, folder: Path) -> None:
    """The veil covers the corner of the map, not the commune at its centre."""
    alphas = """points => {
        const canvas = document.querySelector(".leaflet-beyond-pane canvas");
        const [box, map] = [canvas, document.getElementById("map")].map((part) => part.getBoundingClientRect());
        const scale = canvas.width / box.width;
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return points.map(function ([right, down]) {
            const x = Math.round((map.left + right * map.width - box.left) * scale);
            const y = Math.round((map.top + down * map.height - box.top) * scale);
            return data[4 * (y * canvas.width + x) + 3];
        });
    }"""
    with opened(folder / "territory.html") as page:
        corner, middle = page.evaluate(alphas, [[0.02, 0.02], [0.5, 0.55]])
        assert corner > 100
        assert middle == 0


def test_a_menu_and_a_table_that_are_cut_can_be_scrolled(opened: Opened, folder: Path) -> None:
    with opened(folder / "le-haut.html", size=(390, 844)) as page:
        menu = page.locator(".banner nav ul")
        assert menu.evaluate("list => list.scrollWidth > list.clientWidth")
        assert menu.evaluate("list => list.clientHeight") < 60
        assert page.locator(".banner a[aria-current]").evaluate(
            "link => { const box = link.getBoundingClientRect(); return box.left >= 0 && box.right <= innerWidth; }"
        )
    # On a phone tables are cards; between phone and desk a wide one is cut.
    with opened(folder / "actors.html", size=(660, 844)) as page:
        tables = page.locator(".scroll")
        cut = tables.evaluate_all("parts => parts.findIndex((part) => part.scrollWidth > part.clientWidth)")
        assert cut >= 0
        table = tables.nth(cut)
        assert table.evaluate("part => getComputedStyle(part).backgroundAttachment") == "local, local, scroll, scroll"
        table.focus()
        for _ in range(30):
            page.keyboard.press("ArrowRight")
            if table.evaluate("part => part.scrollLeft") > 0:
                break
        assert table.evaluate("part => part.scrollLeft") > 0


def test_the_month_narrows_what_is_active(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html") as page:
        assert page.locator("#date-month").inner_text() == "mars 2026"
        assert page.locator("#date-reset").is_disabled()
        page.locator("#date").focus()
        page.keyboard.press("Home")
        assert page.locator("#date").get_attribute("aria-valuetext") == "janvier 2015"
        assert _count(page).startswith("En janvier 2015 :".replace(" :", "\u00a0:"))
        assert "date=2015-01" in page.evaluate("location.hash")
        page.keyboard.press("ArrowRight")
        assert page.locator("#date-month").inner_text() == "février 2015"
        page.locator("#date-reset").click()
        assert "date=" not in page.evaluate("location.hash")
        assert _drawn(page) == 8


MONTHS = {"2011-12": "décembre 2011", "2012-01": "janvier 2012", "2019-12": "décembre 2019", "2024-06": "juin 2024"}
SITES = "essgeo.layers.sites.getLayers().length"


def test_dates_begin_and_end_as_the_register_says(opened: Opened, dated: Path) -> None:
    """Undated; from 2012; from 2010 to 2011; closed and until 2019; closed without a date; from 2018 to 2019."""
    with opened(dated / "territory.html") as page:
        shown = [(_drawn(page), page.evaluate(SITES))]
        for month, name in MONTHS.items():
            page.evaluate("month => { location.hash = `#map=14/48.86/2.39&date=${month}` }", month)
            expect(page.locator("#date-month")).to_have_text(name)
            shown.append((_drawn(page), page.evaluate(SITES)))
            assert page.locator("#structure-rows tr").count() == shown[-1][0]
        assert shown == [(2, 1), (3, 0), (3, 0), (4, 0), (2, 1)]


def test_a_month_without_known_activity_is_as_the_study_counts_it(opened: Opened, dated: Path) -> None:
    with opened(dated / "territory.html") as page:
        both = "(row) => [essgeo.isActive(row, null), essgeo.isActive(row, essgeo.today)]"
        rows = page.evaluate(f"essgeo.register.rows.map({both})")
        assert all(one == other for one, other in rows)


def test_several_structures_at_one_place_are_all_told(opened: Opened, crowded: Path) -> None:
    with opened(crowded / "territory.html") as page:
        page.evaluate("void essgeo.map.fire('essgeo:structures', { rows: essgeo.together(0) })")
        popup = page.locator(".leaflet-popup")
        popup.wait_for()
        assert popup.locator("h2").count() == 3
        assert "3 structures ici" in popup.inner_text()


def test_many_structures_are_drawn_as_discs_that_count_them_all(opened: Opened, crowded: Path) -> None:
    with opened(crowded / "territory.html") as page:
        shown = page.evaluate("essgeo.layers.structures.getLayers().map((one) => one.options.count || 1)")
        assert len(shown) < 400
        assert sum(shown) == 2399  # three of four are located, one is closed
        assert page.locator(".key", has_text="Plusieurs structures").is_visible()
        zoom = page.evaluate("essgeo.map.getZoom()")
        page.evaluate("void essgeo.layers.structures.getLayers().find((one) => one.options.count).fire('click')")
        until(page, lambda: page.evaluate("essgeo.map.getZoom()") > zoom)


def test_names_of_a_large_register_load_when_they_are_asked_for(opened: Opened, crowded: Path) -> None:
    with opened(crowded / "territory.html") as page:
        assert page.locator("script[src*=texts]").count() == 0
        assert page.locator("#structure-rows tr").count() == 0
        page.locator("#list-all").click()
        page.locator("#structure-rows tr").first.wait_for()
        assert page.locator("script[src*=texts]").count() == 2
        assert page.locator("#structure-rows tr").count() == 50
        first = page.locator("#structure-rows th").first.inner_text()
        page.locator("#next").click()
        assert page.locator("#structure-rows th").first.inner_text() > first
        page.locator("#search").fill("café n° 2400")
        page.locator("#results button").first.wait_for()
        assert page.locator("#structure-rows tr").count() == 1


def test_a_map_of_points_alone_opens(opened: Opened, study: Study, tmp_path: Path) -> None:
    layers = ("iris", "iris_coverage", "qpv", "npnru", "neighbourhoods", "stations", "sites", "cooperations")
    none = {name: getattr(study, name).iloc[:0] for name in layers}
    build_embed(replace(study, **none), tmp_path)
    with opened(tmp_path / "embed.html") as page:
        assert _drawn(page) == 8


def test_the_map_of_an_area_begins_with_the_theme_of_its_title(opened: Opened, folder: Path) -> None:
    found = {}
    for name in ("le-haut", "le-bas", "la-place", "les-quais"):
        with opened(folder / f"{name}.html") as page:
            found[name] = page.locator("h1").inner_text(), page.locator("#theme option:checked").inner_text()
    for title, theme in found.values():
        assert theme.lower() in title.lower() or theme == "Toute l’ESS", found
    assert {theme for _, theme in found.values()} != {"Toute l’ESS"}, found
