"""Every code of a method has its sentence in both languages, and figures keep the decimals of a language."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest

from essgeo.access import demand, travel_cost
from essgeo.register import portrait
from essgeo.text.languages import method_code, method_in_words, words
from essgeo.zoning.count import ZONE_METHOD


@pytest.mark.parametrize("method", [demand.METHOD, demand.GRID_METHOD, ZONE_METHOD])
def test_a_method_has_a_sentence_in_both_languages(method: str) -> None:
    assert method_in_words(method, "en") == words("en")["methods"][method]
    assert method_in_words(method, "fr") == words("fr")["methods"][method]


def test_a_walk_keeps_its_figures() -> None:
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([660_000], [6_862_000]), crs=2154)
    straight = travel_cost(points, points, speed_kmh=4.2, detour=1.25).method
    assert method_in_words(straight, "fr") == "ligne droite \u00d7 1,25 à 4,2 km/h"
    assert method_in_words(straight, "en") == "straight line \u00d7 1.25 at 4.2 km/h"
    far = method_code("far_from_network", origins=3, destinations=0)
    streets = f"{method_code('network', date='2026-01-02', speed_kmh=4.5)}; {far}"
    assert method_in_words(streets, "fr") == (
        "réseau piéton du 2026-01-02 à 4,5 km/h ; trop loin de lui : 3 origines, 0 destinations"
    )
    undated = method_code("network_undated", speed_kmh=4.0)
    assert method_in_words(undated, "en") == "walking network of unknown date at 4 km/h"


def test_remarks_of_the_portrait_have_sentences() -> None:
    nobody = pd.DataFrame({"family": [], "counted": [], "geo_status": []}, dtype=object).astype({"counted": bool})
    figures = pd.DataFrame({"key": [], "value": [], "scope": [], "year": []}, dtype=object).astype({"key": str})
    notes = portrait(gpd.GeoDataFrame(nobody, geometry=[], crs=2154), figures, scope="x")["note"].unique()
    assert len(notes) == 2
    assert set(notes) <= set(words("fr")["methods"])


@pytest.mark.parametrize("text", ["essai 1.5", "", "Vu sur place; fermé", "straight line x 1.3"])
def test_a_users_own_words_stay(text: str) -> None:
    assert method_in_words(text, "fr") == text
