"""The folium map of notebooks: every layer, every text escaped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from essgeo import explore

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from essgeo.results import Study


def test_layers_and_structures_are_there(study: Study) -> None:
    page = explore(study).get_root().render()
    for said in (
        "QPV 2024",
        "Quartiers cibles",
        "Structures",
        "Amont - Aval",
        "Les Quais",
        "Café n° 8",
    ):
        assert said in page
    assert "Café n° 3" not in page  # not located


@pytest.mark.parametrize("breaking", ["<img src=x", "</script><script>alert", "`+alert(1)+`", "${alert(1)}", "\u202e"])
def test_hostile_names_are_escaped(hostile: Study, breaking: str) -> None:
    assert breaking not in explore(hostile).get_root().render()


def test_no_dialog_opens(hostile: Study, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "map.html").write_text(explore(hostile).get_root().render(), encoding="utf-8")
    page = browser.new_page()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: dialogs.append(dialog.message))
    page.route(re.compile("^https?:"), lambda route: route.abort())
    page.goto((tmp_path / "map.html").as_uri())
    page.close()
    assert dialogs == []
