"""The portal in a real browser: one map, one sentence, one theme that drives everything."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from essgeo.access import travel_cost
from essgeo.access.accessibility import trips_matrix
from essgeo.maps import build_maps
from essgeo.maps.fill import SHARE_COLOURS, UNKNOWN, UNSURE, classes_of
from essgeo.maps.findings import headline
from essgeo.maps.script_data import months
from essgeo.schema.vocabulary import GROUP_SYMBOLS, SECTOR_GROUPS, SECTORS, THEMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import TypeAlias

    from numpy.typing import NDArray
    from playwright.sync_api import Page

    from essgeo.results import Study

    Opened: TypeAlias = Callable[..., AbstractContextManager[Page]]


# Machado, Oliveira and Fernandes (2009), severity 1: linear RGB as seen with each deficiency.
SIGHTS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def _linear(colour: str) -> NDArray[np.float64]:
    encoded = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def _lab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio = np.clip(linear, 0, 1) @ TO_XYZ.T / TO_XYZ.sum(axis=1)
    x, y, z = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHTS)
def test_groups_of_sectors_are_told_apart_in_every_sight(sight: str) -> None:
    seen = [_lab(np.asarray(SIGHTS[sight]) @ _linear(symbol.colour)) for symbol in GROUP_SYMBOLS.values()]
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)) >= 20


def test_groups_differ_in_shape_and_stand_out_from_every_fill() -> None:
    assert set(SECTOR_GROUPS) == set(SECTORS)
    assert len({symbol.shape for symbol in GROUP_SYMBOLS.values()}) == len(GROUP_SYMBOLS) == 6
    for fill, symbol in itertools.product(SHARE_COLOURS, GROUP_SYMBOLS.values()):
        light, dark = (float(_linear(colour) @ TO_XYZ[1]) + 0.05 for colour in (fill, symbol.colour))
        assert light / dark >= 3


def test_the_first_screen_of_a_phone_holds_the_finding_and_the_map(opened: Opened, folder: Path) -> None:
    with opened(folder / "index.html", size=(360, 740)) as page:
        title, drawn = (page.locator(part).bounding_box() for part in ("h1", "#map"))
        assert title
        assert drawn
        assert title["y"] + title["height"] < drawn["y"]
        assert drawn["y"] < 740 - 300
        assert page.locator("#theme").is_visible()


def _seen(page: Page) -> dict[str, Any]:
    """Return what a reader sees of the theme: everything that must follow it."""
    return {
        "title": page.locator("#headline").inner_text(),
        "detail": page.locator("#detail").inner_text(),
        "fill": page.evaluate("essgeo.squares.map((one) => one.options.fill && one.options.fillColor)"),
        "points": page.evaluate("essgeo.layers.structures.getLayers().map((one) => one.options.symbol.scale)"),
        "legend": page.locator("#classes li").all_inner_texts(),
        "count": page.locator("#count").inner_text(),
        "plot": page.locator("#plot .value").all_inner_texts(),
        "link": page.evaluate("location.hash"),
    }


@pytest.fixture(scope="module")
def altered(study: Study, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Path]:
    """A study and its folder: youth has a share of its own, nothing is concluded of mobility, one start is known."""
    shares, gaps, count = study.coverage, study.gaps, len(study.structures)
    few = gaps["theme"] == "mobilite"
    found = replace(
        study,
        coverage=shares.assign(share=shares["share"].mask(shares["theme"] == "jeunesse", 0.25)),
        gaps=gaps.assign(conclusion=gaps["conclusion"].mask(few, "none_located"), rank=gaps["rank"].mask(few, 0)),
        structures=study.structures.assign(active_from=["2012", *[""] * (count - 1)]),
    )
    return found, build_maps(found, tmp_path_factory.mktemp("altered"))[0].parent


def test_one_theme_drives_everything(opened: Opened, altered: tuple[Study, Path]) -> None:
    (study, folder), theme = altered, "jeunesse"
    with opened(folder / "index.html") as page:
        before = _seen(page)
        assert before["title"] == headline(study, "all").title
        page.locator("#theme").select_option(theme)
        after = _seen(page)
        assert [name for name, seen in after.items() if seen == before[name]] == []
        assert after["title"] == headline(study, theme).title
        offered = study.structures["challenges"].str.split("|").apply(lambda codes: theme in codes)
        located = study.structures.geometry.notna() & study.structures["counted"]
        assert after["points"].count(1) == (offered & located).sum()
        assert after["points"].count(0.45) == (~offered & located).sum()
        page.evaluate("void essgeo.map.fire('click', { latlng: essgeo.map.getCenter() })")
        page.locator(".leaflet-popup").wait_for()
        assert page.locator(".leaflet-popup .facts dt", has_text="Jeunesse").first.is_visible()


def test_a_theme_that_nothing_may_be_concluded_of_is_a_sentence_and_no_dark_map(
    opened: Opened, altered: tuple[Study, Path]
) -> None:
    with opened(altered[1] / "index.html", fragment="#theme=mobilite") as page:
        seen = _seen(page)
        assert "rien à conclure" in seen["title"]
        assert set(seen["fill"]) == {False}
        assert set(seen["plot"]) == {"rien à conclure"}
        assert [text.strip() for text in seen["legend"]] == ["vide\u00a0: habitants, aucune part à dessiner"]
        assert page.locator("#histogram").is_hidden()


@pytest.mark.parametrize("theme", THEMES)
def test_a_headline_names_a_neighbourhood_only_where_a_gap_is_named(study: Study, theme: str) -> None:
    said = headline(study, theme)
    named = [name for name in study.neighbourhoods["name"] if said.title.startswith(name)]
    ranked = study.gaps[(study.gaps["theme"] == theme) & (study.gaps["rank"] > 0)]
    assert bool(named) == (not ranked.empty)
    assert not said.silent


def test_months_show_only_where_the_start_of_most_is_known(opened: Opened, altered: tuple[Study, Path]) -> None:
    undated, folder = altered
    assert months(undated) is None
    with opened(folder / "index.html", fragment="#date=2014-01") as page:
        assert page.locator("#date").count() == 0
        assert "janvier" not in page.locator("#count").inner_text()


def test_at_another_month_no_share_is_drawn(opened: Opened, folder: Path) -> None:
    with opened(folder / "index.html", fragment="#date=2014-12") as page:
        assert set(_seen(page)["fill"]) == {False}
        page.locator("#date-reset").click()
        assert set(_seen(page)["fill"]) != {False}


def test_the_wheel_scrolls_the_page_until_the_map_is_clicked(opened: Opened, folder: Path) -> None:
    with opened(folder / "index.html") as page:
        zoom = page.evaluate("essgeo.map.getZoom()")
        page.locator("#map").hover()
        page.mouse.wheel(0, 200)
        page.wait_for_timeout(200)
        assert page.evaluate("essgeo.map.getZoom()") == zoom
        assert page.evaluate("scrollY") > 0
        page.evaluate("scrollTo(0, 0)")
        page.locator("#map").click(position={"x": 5, "y": 200})
        page.locator("#map").hover()
        page.mouse.wheel(0, -200)
        page.wait_for_timeout(400)
        assert page.evaluate("essgeo.map.getZoom()") > zoom


def test_a_finger_scrolls_the_page_until_the_map_is_touched(opened: Opened, folder: Path) -> None:
    with opened(folder / "index.html", size=(360, 740), has_touch=True, is_mobile=True) as page:
        assert page.evaluate("essgeo.map.dragging.enabled()") is False
        assert "none" not in page.evaluate("getComputedStyle(essgeo.map.getContainer()).touchAction")
        page.locator("#map").tap(position={"x": 10, "y": 200})
        page.wait_for_timeout(400)
        assert page.evaluate("essgeo.map.dragging.enabled()") is True


def test_what_the_theme_and_filters_leave_can_be_taken_away(opened: Opened, hostile: Study, poisoned: Path) -> None:
    with opened(poisoned / "index.html") as page:
        page.locator("#theme").select_option("mobilite")
        with page.expect_download() as saved:
            page.locator("#save").click()
        with open(saved.value.path(), encoding="utf-8-sig", newline="") as file:  # noqa: PTH123 (csv wants newline)
            rows = list(csv.DictReader(io.StringIO(file.read())))
    offered = hostile.structures["sectors"].str.split("|").apply(lambda codes: "mobilite" in codes)
    assert len(rows) == (offered & hostile.structures["counted"]).sum()
    assert not any(cell.startswith(("=", "+", "@", "\t")) for row in rows for cell in row.values())


def test_a_place_of_the_map_answers_with_the_minutes_that_python_gives(
    opened: Opened, study: Study, folder: Path
) -> None:
    counted = study.structures[study.structures["counted"] & study.structures.geometry.notna()]
    homes = study.iris.geometry.representative_point().to_frame("geometry")
    chosen = study.parameters
    cost = travel_cost(homes, counted, max_minutes=10_000, speed_kmh=chosen.speed_kmh)
    minutes = trips_matrix(cost, cost.minutes).toarray()
    some = [code for cell in counted["sectors"].head(3) for code in cell.split("|")]
    with opened(folder / "index.html") as page:
        for theme in ("all", "jeunesse", *some):
            themes = counted["sectors"] + "|" + counted["challenges"]
            offered = themes.str.split("|").apply(lambda codes, theme=theme: theme == "all" or theme in codes)
            nearest = minutes[:, offered.to_numpy()].min(axis=1)
            for home, expected in zip(homes.geometry.to_crs(4326), nearest, strict=True):
                found = page.evaluate(
                    "([lat, lng, theme]) => essgeo.nearestTo({ lat, lng })[essgeo.data.coverage.themes.indexOf(theme)]",
                    [home.y, home.x, theme],
                )
                assert found["minutes"] == pytest.approx(expected, rel=2e-3, abs=0.05)
        page.locator("#map").click(position={"x": 400, "y": 250})
        popup = page.locator(".leaflet-popup")
        popup.wait_for()
        assert "D’ici, à pied" in popup.inner_text()
        assert " min" in popup.locator(".facts dd").first.inner_text()
        circles = page.evaluate(
            "(() => { const found = []; essgeo.map.eachLayer((one) => one instanceof L.Circle && found.push(one));"
            " return found.length; })()"
        )
        page.keyboard.press("Escape")
        assert circles >= len(chosen.thresholds_min)


@pytest.mark.parametrize("sight", SIGHTS)
def test_classes_of_the_fill_are_ordered_by_lightness_in_every_sight(sight: str) -> None:
    lightness = [_lab(np.asarray(SIGHTS[sight]) @ _linear(colour))[0] for colour in SHARE_COLOURS]
    assert (np.diff(lightness) < -3).all()


@pytest.mark.parametrize(
    "shares", [[0.0] * 9, [1.0] * 9, [0.02] * 8 + [0.97], np.linspace(0, 1, 9).tolist(), [np.nan, 0.5, 0.5]]
)
def test_every_class_of_a_theme_holds_residents_and_dark_is_out_of_reach(shares: list[float]) -> None:
    found = classes_of(np.array(shares), np.ones(len(shares)))
    known = np.array(shares)[~np.isnan(shares)]
    of = [sum(share < bound for bound in found["breaks"]) for share in known]
    assert set(of) == set(range(len(found["breaks"]) + 1))
    assert 0 <= found["first"] <= len(SHARE_COLOURS) - 1 - len(found["breaks"])
    if len(set(shares)) == 1:
        assert found["first"] == (4 if shares[0] == 0 else 0)


def test_a_square_is_as_dark_as_its_share_and_as_light_as_its_interval(
    opened: Opened, study: Study, folder: Path
) -> None:
    table = study.iris_coverage.query("theme == 'all'").set_index("iris_code")
    width = (np.rint(100 * table["share_high"]) - np.rint(100 * table["share_low"])) / 100
    assert 0 < (width < UNSURE).sum() < len(width)
    with opened(folder / "index.html") as page:
        drawn = page.evaluate(
            """essgeo.squares.map((one, place) => [
                essgeo.data.coverage.codes[essgeo.data.coverage.cells.iris[place]],
                one.options.fill && one.options.fillColor, one.options.stroke,
                one.getBounds().getCenter().lat, one.getBounds().getNorth() - one.getBounds().getSouth()])"""
        )
        swatches = page.locator("#classes rect").evaluate_all("all => all.map((one) => one.getAttribute('fill'))")
    people = study.demand.groupby("iris_code")["population"].sum()
    assert {code for code, *_ in drawn} == set(people.index[people > 0])
    for code, colour, bordered, *_ in drawn:
        assert bool(colour) == (width[code] < UNKNOWN)
        if colour:
            assert bordered == (width[code] < UNSURE)
            assert (colour in swatches) or not bordered, "a swatch has the colour that is drawn"
    sure = sorted((table["share"][code], SHARE_COLOURS.index(colour)) for code, colour, edge, *_ in drawn if edge)
    assert [place for _, place in sure] == sorted((place for _, place in sure), reverse=True)
    assert all(0 < height * 111_195 <= 200.001 for *_, height in drawn)
