"""On paper: no heading, caption or header of a table stands at the foot of a page without what it heads."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import TypeAlias

    from playwright.sync_api import Page
    from pypdf import PageObject

    Opened: TypeAlias = Callable[..., AbstractContextManager[Page]]


def _letters(text: str) -> str:
    """Return letters and digits alone: a PDF has spaces where it likes."""
    return re.sub(r"[\W_]+", "", text).lower()


def _lines(page: PageObject) -> list[str]:
    """Return the lines of a page from its foot upwards, as letters."""
    found: dict[int, str] = {}

    def see(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        if text.strip():
            height = round((tm[4] * cm[1] + tm[5] * cm[3] + cm[5]) / 3)
            found[height] = found.get(height, "") + _letters(text)

    page.extract_text(visitor_text=see)
    return [found[height] for height in sorted(found)]


def orphans(pages: list[list[str]], heads: list[str]) -> list[tuple[int, str]]:
    """Return the pages whose last lines, up to four, are a whole heading, and those lines from the foot upwards."""
    # A header of a table is told by its letters: its cells are broken into lines side by side.
    wanted = {"".join(sorted(_letters(head))) for head in heads} - {""}
    ends = [(number, "".join(lines[:count])) for number, lines in enumerate(pages[:-1], 1) for count in range(1, 5)]
    return [(number, end) for number, end in ends if "".join(sorted(end)) in wanted]


def test_an_orphan_is_recognised() -> None:
    assert orphans([["rang", "avant"], ["fin"]], ["Rang"]) == [(1, "rang")]
    assert orphans([["cibles", "parquartiers", "avant"], ["fin"]], ["Par quartiers cibles"]) == [
        (1, "ciblesparquartiers")
    ]
    assert orphans([["plus", "habitantsdeordre", "avant"], ["fin"]], ["Ordre Habitants de plus"]) != []
    assert orphans([["texte", "rang"], ["rang"]], ["Rang"]) == []


@pytest.mark.slow
def test_no_page_of_paper_ends_with_a_heading(opened: Opened, single: Path) -> None:
    """One file prints every page, each from the top of a sheet as it does alone."""
    with opened(single / "index.html") as page:
        heads = page.locator("h2, h3, caption").all_inner_texts()
        heads += ["".join(row) for row in page.locator("thead tr").all_inner_texts()]
        # A line that may be something else as well is told by nothing.
        others = {_letters(text) for text in page.locator("label, a, li").all_inner_texts()}
        articles = page.locator("article").count()
        paper = PdfReader(io.BytesIO(page.pdf(format="A4", prefer_css_page_size=True)))
    pages = [_lines(one) for one in paper.pages]
    assert len(pages) > articles
    assert orphans(pages, [head for head in heads if _letters(head) not in others]) == []
