"""The page of scenarios and its briefs: figures of the scenario, hostile names, print."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from essgeo.access import demand_points
from essgeo.maps import build_maps
from essgeo.maps.build import build_siting
from essgeo.maps.sites import GAIN_COLOURS
from essgeo.siting import Assumptions, choose_sites, search_areas
from essgeo.territory import Publisher
from essgeo.text.languages import number, texts

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from essgeo.results import Study
    from essgeo.siting import Scenario

HOSTILE = "</script><img src=x onerror=alert(1)>\u202e"


@pytest.fixture(scope="module")
def scenario(study: Study) -> Scenario:
    demand = demand_points(study.iris, spacing_m=100, neighbourhoods=study.neighbourhoods)
    return choose_sites(
        demand,
        search_areas(study.iris),
        count=2,
        sector="alimentation_agriculture",
        within_minutes=5,
        structures=study.structures,
        period=("2027-01", "2027-06"),
        assumptions=Assumptions(draws=10),
    )


@pytest.fixture(scope="module")
def poisoned(scenario: Scenario) -> Scenario:
    sites = scenario.sites.assign(name=HOSTILE, available_from=HOSTILE)
    return replace(scenario, sites=sites, next_site={**scenario.next_site, "name": HOSTILE})


@pytest.fixture(scope="module")
def town() -> Publisher:
    return Publisher("Ville", "ess@ville.fr", "https://ess.ville.fr", "https://ville.fr/legal", "partial")


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_pages_show_the_figures_of_the_scenario(study: Study, scenario: Scenario, lang: Any, tmp_path: Path) -> None:
    written = build_siting(replace(study, lang=lang), [scenario, scenario], tmp_path)
    assert [path.name for path in written[:3]] == ["siting.html", "brief-1.html", "brief-2.html"]
    for path in written[:2]:
        digits = re.sub(r"[\s,]", "", path.read_text(encoding="utf-8"))
        assert f"{scenario.newly_reached:.0f}" in digits
        assert f"{scenario.newly_low:.0f}" in digits
        assert f"{scenario.person_months:.0f}" in digits
        assert texts(lang)["sites"]["areas"] in path.read_text(encoding="utf-8")


def test_candidates_are_shaded_by_what_each_would_bring_alone(study: Study, scenario: Scenario, tmp_path: Path) -> None:
    found = scenario.candidates
    assert len(found) == scenario.parameters["candidates"]
    assert set(scenario.sites.index) | set(scenario.alternatives.index) <= set(found.index)
    assert found["gain"].between(0, scenario.residents - scenario.reached_before + 1e-6).all()
    first = scenario.sites.iloc[0]
    assert first["marginal"] == pytest.approx(found["gain"].loc[first.name], rel=0.35)
    page = build_siting(study, [scenario], tmp_path)[0].read_text(encoding="utf-8")
    assert sum(f'<path fill="{colour}" d="M' in page for colour in GAIN_COLOURS) > 1
    assert page.count(number(found["gain"].max(), "fr")) == 1


def test_near_equals_are_areas_and_how_sure_the_choice_is_stands_beside_its_figure(
    study: Study, scenario: Scenario, tmp_path: Path
) -> None:
    other = scenario.candidates.index.difference(scenario.sites.index)[:2]
    nearly = scenario.alternatives.reindex(scenario.sites.index).dropna(subset="name")
    wide = replace(scenario, alternatives=pd.concat([nearly, scenario.candidates.loc[other]]))
    for share, said in (
        (0.95, "Emplacements stables"),
        (0.7, "Emplacements assez stables"),
        (0.1, "Emplacements peu sûrs"),
    ):
        sure = replace(wide, sites=wide.sites.assign(robust_nearby=share))
        for path in build_siting(study, [sure], tmp_path)[:2]:
            page = path.read_text(encoding="utf-8")
            assert re.search(rf'class="headline">.*?{said}', page, re.DOTALL)
            assert '<path class="nearly" d="M' in page
    unsaid = replace(
        scenario, newly_low=math.nan, newly_high=math.nan, sites=scenario.sites.assign(robust_nearby=math.nan)
    )
    assert "Emplacements" not in build_siting(study, [unsaid], tmp_path)[0].read_text(encoding="utf-8")


def test_a_brief_bears_its_address_where_it_is_known(
    study: Study, town: Publisher, scenario: Scenario, tmp_path: Path
) -> None:
    published = replace(study, territory=replace(study.territory, publisher=town))
    for told, count in ((study, 0), (published, 1)):
        brief = build_siting(told, [scenario], tmp_path)[1].read_text(encoding="utf-8")
        assert brief.count('class="qr"') == count
        assert brief.count("<small>https://ess.ville.fr/brief-1.html</small>") == count
        assert brief.count("<strong>Contact</strong>") == count


def test_one_file_holds_the_page_of_sites_too(study: Study, poisoned: Scenario, tmp_path: Path) -> None:
    (path,) = build_maps(study, tmp_path, [poisoned], single_file=True)
    page = path.read_text(encoding="utf-8")
    assert 'href="#page-siting"' in page
    assert 'id="page-siting"' in page
    assert "brief-1.html" not in page
    assert "<img" not in page


def test_exclusions_are_counted_by_reason(study: Study, scenario: Scenario, tmp_path: Path) -> None:
    reasons = ["too_small", "too_small", "no_position"]
    exclusions = pd.DataFrame(
        {"candidate_id": list("abc"), "name": HOSTILE, "filter": "", "reason": reasons, "value": ""}
    )
    page = build_siting(study, [replace(scenario, exclusions=exclusions)], tmp_path)[0].read_text(encoding="utf-8")
    assert '<th scope="row">trop petit</th><td class="figure">2</td>' in page
    assert '<th scope="row">sans coordonnées</th><td class="figure">1</td>' in page


def test_two_questions_have_regions_of_their_own(study: Study, scenario: Scenario, tmp_path: Path) -> None:
    other = replace(scenario, objective="targets")
    page = build_siting(study, [scenario, other], tmp_path)[0].read_text(encoding="utf-8")
    labels = re.findall(r'role="region"[^>]* aria-label="([^"]+)"', page)
    assert len(labels) == len(set(labels)) == 9
    assert "les habitants des quartiers cibles d’abord, puis le besoin" in page


def test_what_each_site_hosts_is_told_where_several_sectors_were_asked(
    study: Study, scenario: Scenario, tmp_path: Path
) -> None:
    joint = replace(
        scenario, sector="alimentation_agriculture|mobilite", sites=scenario.sites.assign(sector="mobilite")
    )
    for path in build_siting(study, [joint], tmp_path)[:2]:
        page = path.read_text(encoding="utf-8")
        assert "<td>Mobilité</td>" in page
        assert "borne haute" not in page
        assert "majorant" not in page


def test_the_same_scenario_gives_the_same_bytes(study: Study, scenario: Scenario, tmp_path: Path) -> None:
    first, second = (build_siting(study, [scenario], tmp_path / name) for name in ("a", "b"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_names_are_text_and_nothing_else(study: Study, poisoned: Scenario, tmp_path: Path) -> None:
    for path in build_siting(study, [poisoned], tmp_path)[:2]:
        html = path.read_text(encoding="utf-8")
        assert "<img" not in html
        assert "\u202e" not in html
        assert "Content-Security-Policy" in html
        assert re.findall("<script[^>]*>", html) == [
            '<script src="assets/tables.js">',
            '<script src="assets/share.js">',
        ] * (path.name == "siting.html")


def test_both_languages_say_the_same_things() -> None:
    french, english = (texts(lang)["sites"] for lang in ("fr", "en"))
    assert list(french) == list(english)
    for key, text in french.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", english[key])), key


def test_pages_open_without_fault_and_a_brief_is_one_page(
    study: Study, town: Publisher, poisoned: Scenario, browser: Browser, tmp_path: Path
) -> None:
    published = replace(study, territory=replace(study.territory, publisher=town))
    written = build_siting(published, [poisoned], tmp_path)
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.on("console", lambda message: faults.append(message.text))
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: request.url.startswith("file:") or faults.append(request.url))
    for path in written[:2]:
        page.goto(path.as_uri())
        assert page.locator("svg.plan circle.site").count() == 2
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    context.close()
    assert not faults
    assert len(re.findall(rb"/Type\s*/Page[^s]", pdf)) == 1
