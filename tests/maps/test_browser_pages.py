"""Every page in a real browser: languages, phone and desktop, hostile names, one file, in a frame, side by side."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from essgeo.maps import build_maps
from essgeo.maps.render import TABLES_SCRIPT, asset_texts
from tests.maps.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    from playwright.sync_api import Browser, Page

    from essgeo.results import Study

    Opened: TypeAlias = Callable[..., AbstractContextManager[Page]]

PHONE, SMALL_PHONE, DESKTOP = (360, 740), (320, 640), (1280, 900)
NAMES = ["index", "territory", "le-haut", "qn1", "compare", "data", "method", "embed"]
MAPS = ["index", "territory", "le-haut", "qn1", "embed"]
ALIKE = [f"page-{name}" for name in ("le-bas", "la-place", "les-quais", "qn2", "qn3")]
WAITS = "void essgeo.map.fire('essgeo:structures', { rows: [essgeo.rowOf('s4')] })"
FRENCH = ("habitants", "Quartier", "à portée", " et sources", "Chiffre", "Légende", "Comparer")


@pytest.fixture
def pages(folder: Path, english: Path, single: Path) -> dict[str, Path]:
    made = {f"{lang}-{name}": at / f"{name}.html" for lang, at in (("fr", folder), ("en", english)) for name in NAMES}
    return made | {"fr-single": single / "index.html"}


@pytest.mark.parametrize("name", [*NAMES, "les-quais"])
def test_pages_open_without_a_fault_and_fit_a_phone(opened: Opened, folder: Path, name: str) -> None:
    with opened(folder / f"{name}.html") as page:
        assert page.locator("h1").count() == 1
        for size in (PHONE, SMALL_PHONE):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_pages_in_english(opened: Opened, study: Study, english: Path, tmp_path: Path) -> None:
    given = {name: getattr(study, name).assign(unit="people") for name in ("figures", "qpv_figures")}
    (whole,) = build_maps(replace(study, lang="en", **given), tmp_path, single_file=True)
    for path, count in ((whole, 14), (english / "embed.html", 0)):
        with opened(path) as page:
            assert page.locator("html").get_attribute("lang") == "en"
            page.emulate_media(media="print")  # which shows every page of one file
            assert page.locator("article:visible").count() == count
            text = page.locator("body").inner_text()
            assert "1 March 2026" in text
            assert [word for word in FRENCH if word in text] == []


@pytest.mark.parametrize(
    ("name", "lang"),
    [
        ("single", "fr"),  # which holds what the other pages hold
        *(pytest.param(name, "fr", marks=pytest.mark.slow) for name in NAMES),
        *(pytest.param(name, "en", marks=pytest.mark.slow) for name in ("territory", "compare")),
    ],
)
def test_axe_finds_nothing(opened: Opened, pages: dict[str, Path], name: str, lang: str) -> None:
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - half a megabyte of script

    with opened(pages[f"{lang}-{name}"]) as page:
        if name in MAPS:
            page.evaluate(WAITS)
            # A popup fades in, and axe would measure the contrast of what is half there.
            expect(page.locator(".leaflet-popup")).to_have_css("opacity", "1")
        if page.locator("#what-if-start").count():
            page.locator("#what-if-start").click()
            until(page, lambda: page.locator("#what-if-key li").count() > 0)
        if page.locator("#address").count():
            page.locator("#address").fill("quais")
            page.locator("#address-list li").first.wait_for()
        # The rows of a table are alike: three of each say what the others would; so does one page of each kind of area.
        page.evaluate("names => names.forEach((name) => document.getElementById(name)?.remove())", ALIKE)
        page.evaluate(
            "document.querySelectorAll('tbody').forEach(body => { while (body.rows[3]) body.rows[3].remove() })"
        )
        for width, height in (DESKTOP, PHONE):
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
            # The policy lets no script in but the page's own; axe comes in by the debugger, which it does not bind,
            # and must not fetch the style sheets again.
            found = Axe().run(page, options={"preload": False, "reporter": "no-passes"})
            assert found.response["violations"] == [], found.generate_report()


@pytest.mark.parametrize(
    "name",
    [
        *("compare", "embed", "single"),  # the last holds what the other pages hold
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("index", "territory", "le-haut", "method")),
    ],
)
def test_hostile_names_stay_text(opened: Opened, hostile: Study, poisoned: Path, tmp_path: Path, name: str) -> None:
    path = poisoned / f"{name}.html"
    if name == "single":
        path = build_maps(hostile, tmp_path, single_file=True)[0]
    with opened(path) as page:
        assert page.evaluate("window.canary === undefined")
        assert page.locator("img[src=x], svg[onload], a[href^=javascript], [onmouseover]").count() == 0
        if name == "compare":
            page.locator("#compare-b").select_option("les-quais")
            assert "<img" in page.locator("#compare").inner_text()
        if name not in {"territory", "single"}:
            return
        page.locator("#filter-family").select_option("")
        shown = []
        page.locator("#closed").check()
        while True:
            shown += page.locator("#structure-rows th").all_text_contents()
            if page.locator("#next").get_attribute("aria-disabled") == "true":
                break
            page.locator("#next").dispatch_event("click")
        assert len(shown) == 200
        for row in range(0, 150, 15):
            page.evaluate("row => void essgeo.map.fire('essgeo:structures', { rows: [row] })", row)
            name_of = page.evaluate("row => essgeo.known(row).name", row)
            expect(page.locator(".leaflet-popup:last-child h2").first).to_have_text(name_of)
        page.locator("#search").fill("<img")
        assert page.locator("#results button").count() > 0
        assert page.locator("img[src=x], a[href^=javascript]").count() == 0


def test_a_table_is_sorted_folded_stacked_on_a_phone_and_whole_on_paper(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html", size=PHONE) as page:
        frame = page.locator(".rows", has_text="par thème").first
        rows, button = frame.locator("tbody tr"), frame.locator("~ .unfold").first
        total = rows.count()
        assert rows.locator("visible=true").count() == 12 < total
        # A card: its cells say what they hold, and it is still a table to a screen reader.
        cell = rows.first.locator("td").last
        assert "Avec les seules structures vérifiées" in cell.evaluate(
            "cell => getComputedStyle(cell, '::before').content"
        )
        assert frame.get_by_role("columnheader").count() == 5
        box = cell.bounding_box()
        assert box
        assert box["x"] + box["width"] <= PHONE[0]
        button.click()
        assert (button.get_attribute("aria-expanded"), rows.locator("visible=true").count()) == ("true", total)
        button.click()
        head = frame.get_by_role("columnheader", name="Thème")
        for order in ("ascending", "descending"):
            head.get_by_role("button").click()
            assert head.get_attribute("aria-sort") == order
            names = rows.locator("th").all_inner_texts()
            assert names == sorted(names, key=_folded, reverse=order == "descending")
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert rows.locator("visible=true").count() == total
        assert head.inner_text() == "Thème"
        assert page.locator("main details:not([open])").count() == 0
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        page.emulate_media(media="screen")
        # What another script writes again is labelled again, and the button says how many there are now.
        few = page.locator("#structure-rows").evaluate(
            "body => { while (body.rows.length > 3) body.rows[0].remove(); return body.rows.length }"
        )
        listing = page.locator(".rows", has=page.locator("#structure-rows"))
        assert few == 3
        expect(listing.locator("~ .unfold").first).to_be_hidden()
        # The list of structures has an order and pages of its own, whatever is drawn of it.
        assert page.locator("#structure-rows").locator("xpath=../thead").get_by_role("button").count() == 0


def _folded(text: str) -> str:
    return unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode().lower()


def test_figures_are_sorted_as_numbers_and_what_is_not_known_stays_last(browser: Browser) -> None:
    written = ["1\u202f234", "12,5", "\u22123", "\u2013", "< 1\u202f%", "de 40\u202f% à 50\u202f%", "plus d’une heure"]
    rows = "".join(f"<tr><th scope=row>r</th><td class=figure>{cell}</td></tr>" for cell in written)
    script = asset_texts()[TABLES_SCRIPT]
    page = browser.new_page()
    page.set_content(
        "<html lang=fr><div class=rows><table><thead><tr><th scope=col>A<th scope=col class=figure>B</tr></thead>"
        f"<tbody>{rows}</tbody></table></div><script>document.documentElement.lang='fr';{script}</script>"
    )
    head = page.get_by_role("columnheader", name="B")
    for falling in (True, False):
        head.get_by_role("button").click()
        found = page.locator("td").all_inner_texts()
        known = [written[place] for place in (2, 4, 1, 5, 0)]
        assert found[:5] == (known[::-1] if falling else known)
        assert {*found[5:]} == {"\u2013", "plus d’une heure"}
    page.close()


def test_two_neighbourhoods_stand_side_by_side(opened: Opened, folder: Path) -> None:
    with opened(folder / "compare.html", fragment="#a=la-place&b=le-haut") as page:
        heads = page.locator("#compare thead th[data-area]:visible bdi").all_inner_texts()
        assert heads == ["La Place", "Le Haut"]
        cells = page.locator("#compare tbody tr", has_text="Habitants à 15 min").locator("td:visible").all_inner_texts()
        assert [cell.split("\n")[0] for cell in cells] == [
            "62\u202f%",
            "52\u202f%",
            "non départagés",
        ]
        page.locator("#compare-a").select_option("le-haut")
        heads = page.locator("#compare thead th[data-area]:visible bdi").all_inner_texts()
        assert heads == ["Le Haut", "La Place"]
        assert page.evaluate("location.hash") == "#a=le-haut&b=la-place"
        assert page.locator("#compare-status").inner_text() == "Le Haut et La Place côte à côte."
    with opened(folder / "compare.html", fragment="?a=le-bas&b=nonsense") as page:
        heads = page.locator("#compare thead th[data-area]:visible bdi").all_inner_texts()
        assert heads == ["Le Bas", "Le Haut"]


def test_two_maps_move_together_and_whiskers_come_in_pairs(opened: Opened, folder: Path) -> None:
    with opened(folder / "compare.html", fragment="#a=la-place&b=QN1&theme=jeunesse") as page:
        assert page.locator("#compare-theme").input_value() == "jeunesse"
        names = page.locator("#compare-maps h2").all_inner_texts()
        assert names == ["La Place", "Amont - Aval"]
        panes = page.locator(".plan-map .leaflet-map-pane")
        scales = page.locator(".plan-map .leaflet-control-scale-line").all_inner_texts()
        assert scales[0] == scales[1]
        where = "pane => new DOMMatrix(getComputedStyle(pane).transform).m41"
        before = [panes.nth(place).evaluate(where) for place in (0, 1)]
        box = page.locator("#compare-map-a").bounding_box()
        assert box
        page.mouse.move(box["x"] + 200, box["y"] + 200)
        page.mouse.down()
        page.mouse.move(box["x"] + 120, box["y"] + 200, steps=4)
        page.mouse.up()
        after = [panes.nth(place).evaluate(where) for place in (0, 1)]
        assert [round(new - old) for new, old in zip(after, before, strict=True)] == [-80, -80]
        # Each share of the table that both areas have, in the order of the table.
        cells = page.locator("#compare tbody tr:has(td[data-area='la-place'][data-share])")
        assert page.locator("#compare-plot li").count() == cells.count() > 3
        mean = page.locator("#compare-plot li").first.locator("g.first .mean").get_attribute("cx")
        shown = cells.first.locator("td[data-area='la-place']").get_attribute("data-share")
        assert float((mean or "").removesuffix("%")) == pytest.approx(100 * float(shown or "nan"))
        page.locator("#compare-theme").select_option("all")
        assert page.evaluate("location.hash") == "#a=la-place&b=QN1"


def test_the_comparison_is_whole_without_a_script(browser: Browser, folder: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "compare.html").as_uri())
    assert page.locator("#compare thead th:visible").count() == 8
    assert not page.locator("#compare-choice").is_visible()
    context.close()


@pytest.mark.parametrize("size", [(320, 240), (800, 600)])
def test_the_map_fits_a_frame(opened: Opened, folder: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    host = tmp_path / "host.html"
    source = (folder / "embed.html").as_uri()
    host.write_text(
        f'<!doctype html><html lang="fr"><title>h</title><iframe title="m" width="{size[0]}" height="{size[1]}" '
        f'src="{source}"></iframe>',
        encoding="utf-8",
    )
    with opened(host) as page:
        frame = page.frame_locator("iframe")
        frame.locator("html[data-ready=names]").wait_for()
        inner = page.frames[1]
        assert inner.evaluate("document.documentElement.scrollHeight <= innerHeight")
        assert inner.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert inner.evaluate("document.getElementById('map').clientHeight") > size[1] * 0.6
        assert inner.evaluate("essgeo.layers.structures.getLayers().length") == 8
        inner.evaluate(WAITS)
        frame.locator(".leaflet-popup").wait_for()
        box = frame.locator(".leaflet-popup-content-wrapper").bounding_box()
        assert box
        assert box["width"] <= size[0]
        link = frame.get_by_role("link", name="Carte complète")
        assert link.get_attribute("href") == "territory.html"
        assert link.is_visible()


def test_the_frame_shows_the_view_of_a_link_and_says_its_month(opened: Opened, folder: Path) -> None:
    with opened(folder / "embed.html", fragment="#date=2014-12&challenges=jeunesse&layers=structures") as page:
        assert page.locator("#day").inner_text() == "En décembre 2014"
        assert page.evaluate("essgeo.layers.structures.getLayers().length") == 0
        assert not page.evaluate("essgeo.map.hasLayer(essgeo.layers.iris)")


def test_one_file_holds_every_page(opened: Opened, single: Path) -> None:
    assert [path.name for path in single.iterdir()] == ["index.html"]
    with opened(single / "index.html") as page:
        content = page.locator("meta[http-equiv]").get_attribute("content") or ""
        for kind in ("script-src", "style-src"):
            (rule,) = [rule for rule in content.split("; ") if rule.startswith(kind)]
            assert all(source.startswith("'sha256-") for source in rule.split()[1:])
        assert page.locator("article h1").count() == 14
        assert page.evaluate("essgeo.layers.structures.getLayers().length") == 8
        for target in page.locator("a[href]").evaluate_all("links => links.map((link) => link.getAttribute('href'))"):
            if target != "#" and not target.startswith("http"):
                assert page.evaluate("id => Boolean(document.getElementById(id))", target.removeprefix("#")), target
        ids = page.evaluate("Array.from(document.querySelectorAll('[id]'), (one) => one.id)")
        assert len(ids) == len(set(ids))
        assert page.locator("article:visible").count() == 1
        page.locator("#search").fill("café n° 4")
        assert page.locator("#structure-rows tr").count() == 1
        page.get_by_role("link", name="Comparer", exact=True).click()
        assert page.locator("article:visible").get_attribute("id") == "page-compare"
        page.locator("#compare-b").select_option("les-quais")
        assert page.evaluate("new URLSearchParams(location.hash.slice(1)).get('b')") == "les-quais"


@pytest.mark.parametrize(
    "name", ["territory", "compare", *(pytest.param(name, marks=pytest.mark.slow) for name in ("le-haut", "embed"))]
)
def test_a_copy_on_a_server_shows_the_same(
    opened: Opened, browser: Browser, folder: Path, tmp_path: Path, name: str
) -> None:
    import shutil  # noqa: PLC0415 - the one test that copies

    copy = tmp_path / "elsewhere"
    shutil.copytree(folder, copy)
    context = browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))

    def serve(route: Any) -> None:
        if route.request.url.startswith("http://maps.test/"):
            route.fulfill(path=copy / route.request.url.removeprefix("http://maps.test/").split("#")[0])
        else:
            route.abort()

    page.route(re.compile("."), serve)
    page.goto(f"http://maps.test/{name}.html")
    if name in MAPS:
        page.wait_for_selector("html[data-ready=names]")
        page.evaluate("document.querySelectorAll('#filters, .panel details').forEach((part) => (part.open = true))")
    served = page.locator("body").inner_text()
    context.close()
    assert faults == []
    with opened(copy / f"{name}.html") as page:
        # A file has no address at which others could embed its map.
        assert page.locator("body").inner_text() == served.replace("Intégrer cette carte à une page\n", "")


@pytest.mark.parametrize(("background", "host"), [("osm", "https://tile.openstreetmap.org"), ("none", "")])
def test_another_background_or_none(browser: Browser, study: Study, tmp_path: Path, background: Any, host: str) -> None:
    folder = build_maps(study, tmp_path, background=background)[0].parent
    asked: list[str] = []
    context = browser.new_context()
    page = context.new_page()
    page.route(re.compile("^https?:"), lambda route: (asked.append(route.request.url), route.abort()))
    page.goto((folder / "territory.html").as_uri())
    page.wait_for_selector("html[data-ready=names]")
    if host:
        page.get_by_text("Fond de plan injoignable").wait_for()
    assert page.locator("input[name=background]").count() == (2 if host else 0)
    content = page.locator("meta[http-equiv]").get_attribute("content")
    context.close()
    assert content
    assert re.findall(r"https://[\w.]+", content) == ([host] if host else [])
    assert [url.startswith(host) for url in asked] == ([True] if host else [])


def test_pictures_of_pages_can_be_kept(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """Of every page where ESSGEO_SCREENSHOTS names a folder, as the artefacts of a run; else of one."""
    wanted = os.environ.get("ESSGEO_SCREENSHOTS")
    kept = Path(wanted) if wanted else tmp_path
    kept.mkdir(parents=True, exist_ok=True)
    chosen = pages if wanted else {"fr-compare": pages["fr-compare"]}
    for kind, (width, height) in (("desktop", DESKTOP), ("phone", PHONE)):
        context = browser.new_context(viewport={"width": width, "height": height})
        page = context.new_page()
        page.route(re.compile("^https?:"), lambda route: route.abort())
        for name, path in chosen.items():
            page.goto(path.as_uri())
            if page.locator("#map").count():
                page.wait_for_selector("html[data-ready=names]")
            page.screenshot(path=kept / f"{name}-{kind}.png", full_page=not name.endswith("embed"))
        context.close()
    assert {path.stem for path in kept.glob("*.png")} >= {
        f"{name}-{kind}" for name in chosen for kind in ("desktop", "phone")
    }
