"""What a reader takes along: figures as pictures, tables as rows, the map as code for another page."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from PIL import Image

from essgeo.maps.share import embed_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    from playwright.sync_api import Locator, Page

    Opened: TypeAlias = Callable[..., AbstractContextManager[Page]]

SVG = "{http://www.w3.org/2000/svg}"


def _taken(page: Page, button: Locator) -> bytes:
    with page.expect_download() as saved:
        button.dispatch_event("click")
    return Path(saved.value.path()).read_bytes()


def test_figures_are_saved_as_they_are_seen(opened: Opened, folder: Path) -> None:
    with opened(folder / "index.html") as page:
        for figure in (".frame", "ul.plot"):
            buttons = page.locator(f"{figure} + .take button, {figure} > .take button")
            png, svg = (buttons.filter(has_text=kind) for kind in ("PNG", "SVG"))
            box = page.locator(figure).bounding_box()
            with Image.open(io.BytesIO(_taken(page, png))) as drawn:
                assert box
                assert drawn.width >= 2 * box["width"]
                assert len(drawn.convert("RGB").getcolors(1 << 24) or ()) > 20
            whole = ET.fromstring(_taken(page, svg))  # noqa: S314 - our own page wrote it
            said = " ".join("".join(text.itertext()) for text in whole.iter(f"{SVG}text"))
            assert page.locator("#headline" if figure == ".frame" else "#neighbourhoods").inner_text() in said
            assert "Le Haut" in said
            pictures = [picture.get("href", "") for picture in whole.iter(f"{SVG}image")]
            assert all(href.startswith("data:image/png;base64,") for href in pictures)
            assert bool(pictures) == (figure == ".frame")


def test_a_table_is_saved_with_figures_that_a_spreadsheet_reads_and_no_formula(opened: Opened, poisoned: Path) -> None:
    with opened(poisoned / "le-haut.html") as page:
        buttons = page.locator(".scroll + .take button")
        assert buttons.count() == page.locator(".scroll table").count()
        for place in range(buttons.count()):
            rows = list(csv.reader(io.StringIO(_taken(page, buttons.nth(place)).decode("utf-8-sig"))))
            assert {len(row) for row in rows} == {len(rows[0])}
            for cell in (cell for row in rows for cell in row):
                assert not cell.startswith(("=", "+", "@")), cell
                assert not cell.replace("\u202f", "").isdigit() or "\u202f" not in cell


def test_the_code_to_embed_shows_the_view_and_holds_no_markup_of_others(
    opened: Opened, town: Path, folder: Path
) -> None:
    with opened(town / "territory.html", fragment="#theme=jeunesse") as page:
        page.locator("#embed summary").click()
        code = page.locator("#embed textarea")
        page.wait_for_timeout(100)
        assert code.input_value().startswith('<iframe src="https://ess.ville.fr/carte/embed.html#map=')
        assert "&amp;theme=jeunesse" in code.input_value()
    with opened(folder / "territory.html") as page:
        assert not page.locator("#embed").is_visible()
    assert "<b>" not in embed_code('"><b>')
