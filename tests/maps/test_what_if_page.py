"""What one place more would bring, in the page: what choosing a site in that cell gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from essgeo import choose_sites
from essgeo.siting import Assumptions
from tests.maps.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import TypeAlias

    from playwright.sync_api import Page

    from essgeo.results import Study
    from essgeo.siting import Gains

    Opened: TypeAlias = Callable[..., AbstractContextManager[Page]]

THEME = "mobilite"


def _numbers(text: str) -> list[int]:
    return [int(re.sub(r"\D", "", one)) for one in re.findall(r"\d[\d\u202f]*", text)]


def test_a_place_put_on_the_map_brings_what_choosing_its_cell_gives(
    opened: Opened, study: Study, gains: Gains, folder: Path
) -> None:
    theme = gains.themes.index(THEME)
    place = int(gains.newly[:, theme].argmax())
    name, point = gains.cells.index[place], gains.cells.geometry.to_crs(4326).iloc[place]
    scenario = choose_sites(
        study.demand,
        gains.cells,
        count=1,
        sector=THEME,
        within_minutes=study.parameters.walk_minutes,
        structures=study.structures,
        as_of=study.parameters.as_of,
        must_include=[name],
        assumptions=Assumptions(
            draws=gains.draws,
            seed=study.parameters.seed,
            speed_kmh=study.parameters.speed_kmh,
            study_draws=study.parameters.draws,
        ),
    )
    expected = [round(part) for part in (scenario.newly_reached, scenario.newly_low, scenario.newly_high)]

    def told(page: Page) -> list[str]:
        until(page, lambda: page.locator("#what-if-answer li, #what-if-answer p").count() > 1)
        return page.locator("#what-if-answer p").all_inner_texts()

    with opened(folder / "index.html", fragment=f"#theme={THEME}") as page:
        page.locator("#what-if-start").click()
        until(page, lambda: "Cliquez sur la carte" in page.locator("#what-if-answer").inner_text())
        assert page.locator("#shares").is_hidden()
        page.evaluate("([lat, lng]) => essgeo.map.fire('click', { latlng: L.latLng(lat, lng) })", [point.y, point.x])
        said = told(page)
        newly, _, low, high, level = _numbers(said[0])
        assert [newly, low, high] == pytest.approx(expected, abs=1)
        assert level == 90
        by_name = scenario.by_neighbourhood.set_index("neighbourhood_id")["newly_reached"]
        titles = study.neighbourhoods["name"]
        for text in page.locator("#what-if-answer li").all_inner_texts():
            here = next(code for code, title in titles.items() if title in text)
            assert _numbers(text)[0] == pytest.approx(by_name[here], abs=1)
        assert page.locator("#what-if-answer li").count() == (gains.there[place, theme].round() > 0).sum()
        link = page.evaluate("location.hash")
        assert f"what-if={name}" in link

    with opened(folder / "index.html", fragment=link) as page:
        assert told(page) == said
        page.locator("#theme").select_option("all")
        until(page, lambda: "Toute l" in page.locator("#what-if-answer").inner_text())
        page.evaluate("essgeo.map.fire('click', { latlng: L.latLng(10, 10) })")
        until(page, lambda: "Hors du territoire" in page.locator("#what-if-answer").inner_text())
        page.locator("#what-if-start").click()
        assert page.locator("#what-if-answer").inner_text() == ""
        assert page.locator("#shares").is_visible()
        assert "what-if" not in page.evaluate("location.hash")


def test_a_map_without_these_figures_does_not_offer_them(opened: Opened, english: Path) -> None:
    with opened(english / "index.html", fragment="#what-if=cell-1-1") as page:
        assert page.locator("#what-if-start").count() == 0
