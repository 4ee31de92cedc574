"""Every page in French is set as French is, and in words that a resident knows."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from essgeo.maps.build import build_siting
from essgeo.messages import words
from essgeo.siting import Assumptions, choose_sites, search_areas

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.results import Study

FAULTS = {
    "straight apostrophe": r"\w'\w",
    "plain space before ; : ! ? %": r" [;:!?%»](?!\w)",
    "no space before ; ! ?": r"\w[;!?](?![\w&=/])",
    "no space before :": r"[^\W\d]:(?=\s)",
    "plain space in quotes": r"« ",
    "plain space in a number": r"\d \d{3}\b",
    "hyphen for a minus": r"(?<![\w\-\u2013/.])-\d",
    "three dots": r"\.\.\.",
    "x for times": r"\bx \d",
}
JARGON = "borne (haute|basse)|majorant|géographie|glouton|optimum|gain marginal|percentile|quantile|stochastique"
READ = ("aria-label", "title", "alt", "content", "placeholder", "value")
INLINE = {"bdi", "strong", "small", "span", "a", "em", "output", "b"}


class _Text(HTMLParser):
    """What a page says, in its text and in what screen readers and other sites read of it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in {"script", "style"}
        self.said += [
            f"\n{value}\n"
            for name, value in attrs
            if name in READ and value and "'self'" not in value and "://" not in value
        ]
        self.handle_endtag(tag if tag not in {"script", "style"} else "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in {"script", "style"}
        if tag not in INLINE:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)


def _found(text: str, pattern: str) -> list[str]:
    return [text[max(0, found.start() - 30) : found.end() + 20] for found in re.finditer(pattern, text)]


@pytest.fixture(scope="module")
def written(study: Study, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what each page in French says, those of sites included."""
    scenario = choose_sites(
        study.demand.assign(neighbourhood_id=""),
        search_areas(study.iris),
        count=1,
        sector="mobilite",
        within_minutes=5,
        structures=study.structures,
        assumptions=Assumptions(draws=4),
    )
    sites = build_siting(study, [scenario], tmp_path_factory.mktemp("sites"))
    pages = [*folder.glob("*.html"), *(path for path in sites if path.suffix == ".html")]
    return {path.name: "".join(_Text(path.read_text(encoding="utf-8")).said) for path in pages}


@pytest.mark.parametrize("fault", FAULTS)
def test_pages_in_french_are_set_as_french_is(written: dict[str, str], fault: str) -> None:
    assert {name: found for name, text in written.items() if (found := _found(text, FAULTS[fault]))} == {}


def test_pages_in_french_are_written_in_words_that_a_resident_knows(written: dict[str, str]) -> None:
    assert {name: found for name, text in written.items() if (found := _found(text, JARGON))} == {}


def test_texts_of_pages_use_no_jargon_either() -> None:
    """Also those that no page of the tests shows."""
    sections = [name for name in words("fr") if name not in {"messages", "options", "commands", "click"}]
    said = {f"{section}.{key}": text for section in sections for key, text in words("fr")[section].items()}
    assert {key: text for key, text in said.items() if re.search(JARGON, text)} == {}


def test_what_scripts_write_is_set_as_french_is(folder: Path) -> None:
    text = (folder / "assets" / "layers.js").read_text(encoding="utf-8")
    told = re.search(r'"texts":(\{.*?\}),"labels":(\{.*?\}\})', text)
    assert told
    for block in told.groups():
        for fault in ("straight apostrophe", "plain space before ; : ! ? %", "plain space in quotes"):
            assert _found(block, FAULTS[fault]) == []
