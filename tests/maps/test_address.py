"""An address typed on a page: what its files hold, and that the answer is that of its point."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from essgeo.access import travel_cost
from essgeo.access.accessibility import trips_matrix
from essgeo.geocoding import Local
from essgeo.maps import build_maps
from essgeo.maps.base import address_credit, address_files
from tests.maps.conftest import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import TypeAlias

    from playwright.sync_api import Page

    from essgeo.results import Study

    Opened: TypeAlias = Callable[..., AbstractContextManager[Page]]


OPTION = "#address-list [role=option]"


def _houses(street: list[Any]) -> dict[str, tuple[float, float]]:
    """Return where the houses of a street are, as the page adds up its steps."""
    name, city, latitude, longitude, numbers, steps = street
    points = np.array([latitude, longitude]) + np.cumsum(np.array(steps).reshape(-1, 2), axis=0)
    numbered = zip(numbers.split(), points / 1e5, strict=True)
    return {f"{number} {name}, {city}": (lat, lon) for number, (lat, lon) in numbered}


def test_files_hold_every_house_of_the_communes_where_it_is_and_no_other(study: Study) -> None:
    files = address_files(study)
    assert sorted(files) == ["streets_1", "streets_8", "streets_j", "streets_m", "streets_z"]
    houses = {name: point for file in files.values() for street in file for name, point in _houses(street).items()}
    points = gpd.GeoSeries.from_xy([655110, 655330, 655550], [6863210] * 3, crs=2154).to_crs(4326)
    assert sorted(houses) == ["1 rue Jean Zay, Amont", "3bis rue Jean Zay, Amont", "8 rue du 8 Mai 1945, Aval"]
    for (_, (lat, lon)), point in zip(sorted(houses.items()), points, strict=True):
        assert [lat, lon] == pytest.approx([point.y, point.x], abs=1e-5)
    assert "Le Moulin" in {street[0] for street in files["streets_m"]}


def test_a_page_says_whose_its_addresses_are_and_which_it_lacks(study: Study) -> None:
    assert "pas de fichier d’adresses" in address_credit(study)
    assert "quelques adresses" in address_credit(study)
    assert "quelques adresses" not in address_credit(replace(study, engines=()))
    (few,) = study.engines
    assert isinstance(few, Local)
    whole = Local(replace(few.index, complete=True, table=few.index.table.query("citycode != '99992'")), "")
    said = address_credit(replace(study, engines=(whole,)))
    assert "Base Adresse Nationale" in said
    assert "Licence Ouverte" in said
    assert said.endswith("Aucune adresse de\xa0: Aval.")


def test_an_address_typed_gives_the_minutes_that_python_gives_there(opened: Opened, study: Study, folder: Path) -> None:
    home = gpd.GeoDataFrame(geometry=gpd.points_from_xy([655330], [6863210], crs=2154))
    counted = study.structures[study.structures["counted"] & study.structures.geometry.notna()]
    cost = travel_cost(home, counted, max_minutes=10_000, speed_kmh=study.parameters.speed_kmh)
    nearest = trips_matrix(cost, cost.minutes).toarray()[0]
    first = counted.iloc[int(nearest.argmin())]
    with opened(folder / "index.html") as page:
        box = page.get_by_role("combobox", name="Adresse, station ou quartier")
        box.fill("3 bis zay jean")
        until(page, lambda: page.locator(OPTION).count() == 1)
        assert box.get_attribute("aria-expanded") == "true"
        assert "1 proposition" in page.locator("#address-status").inner_text()
        page.keyboard.press("ArrowDown")
        chosen = box.get_attribute("aria-activedescendant")
        assert page.locator(f"#{chosen}").inner_text() == "3bis rue Jean Zay Amont"
        assert page.locator(f"#{chosen}").get_attribute("aria-selected") == "true"
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="3bis rue Jean Zay")
        dialog.wait_for()
        said = dialog.locator(".facts dd").first.inner_text()
        assert said == f"{first['name']}, {first['city']}, {math.ceil(nearest.min())}\u202fmin".replace(
            "\u202f", said[-4]
        )
        assert "Marche médiane estimée en ligne droite" in dialog.inner_text()
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.id") == "address"
        assert box.get_attribute("aria-expanded") == "false"


OFFERED = {
    "8 mai": ["8 rue du 8 Mai 1945 Aval", "rue du 8 Mai 1945 Aval"],
    "12 jean zay": ["rue Jean Zay (le 12 n’est pas connu : milieu de la rue) Amont"],
    "gare": ["Gare Station"],
    "LES QUAIS": ["Les Quais Quartier cible", "Les Quais QPV"],
    "café n° 8": ["Café n° 8 Amont"],
    "nulle part": [],
}


def test_what_a_page_offers_for_what_is_typed(opened: Opened, folder: Path) -> None:
    with opened(folder / "territory.html") as page:
        found = {}
        for typed in OFFERED:
            page.locator("#address").fill("")
            until(page, lambda: page.locator("#address-status").inner_text() == "")
            page.locator("#address").fill(typed)
            until(page, lambda: page.locator("#address-status").inner_text() != "")
            found[typed] = [text.replace("\xa0", " ") for text in page.locator(OPTION).all_inner_texts()]
        assert found == OFFERED
        assert "Rien de tel" in page.locator("#address-status").inner_text()


def test_hostile_names_of_streets_are_text(opened: Opened, study: Study, tmp_path: Path) -> None:
    name = "</script><img src=x onerror=alert(canary=1)> zzz"
    table = pd.DataFrame({"address": [f"1 rue {name}"], "postcode": "", "city": "Amont", "citycode": "99991"})
    at = gpd.GeoSeries.from_xy([655330], [6863210], crs=2154).to_crs(4326).iloc[0]
    build_maps(replace(study, engines=(Local.of(table.assign(lon=at.x, lat=at.y)),)), tmp_path)
    with opened(tmp_path / "index.html") as page:
        page.locator("#address").fill("zzz")
        until(page, lambda: page.locator(OPTION).count() == 1)
        page.locator(OPTION).click()
        page.get_by_role("dialog").wait_for()
        assert "onerror" in page.get_by_role("dialog").inner_text()
