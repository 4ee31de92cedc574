"""Every remark on method that a room writes has its French."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pytest

from essgeo.access import demand, travel_cost
from essgeo.access import demand as grid
from essgeo.register import portrait
from essgeo.text.phrases import said
from essgeo.zoning.count import ZONE_METHOD


@pytest.mark.parametrize("method", [demand.METHOD, grid.GRID_METHOD, ZONE_METHOD])
def test_a_constant_is_said_in_both_languages(method: str) -> None:
    assert said(method, "en") == method
    assert said(method, "fr") != method


def test_a_walk_keeps_its_figures() -> None:
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([660_000], [6_862_000]), crs=2154)
    straight = travel_cost(points, points, speed_kmh=4.2, detour=1.25).method
    assert said(straight, "fr") == "ligne droite x 1,25 à 4,2 km/h"
    streets = "walking network of 2026-01-02 at 4.5 km/h; too far from it: 3 origins, 0 destinations"
    assert said(streets, "fr") == (
        "réseau piéton du 2026-01-02 à 4,5 km/h ; trop loin de lui : 3 origines, 0 destinations"
    )
    assert said("walking network of unknown date at 4 km/h", "fr") == "réseau piéton de date inconnue à 4 km/h"


def test_remarks_of_the_portrait_are_said() -> None:
    nobody = pd.DataFrame({"family": [], "counted": [], "geo_status": []}, dtype=object).astype({"counted": bool})
    figures = pd.DataFrame({"key": [], "value": [], "scope": [], "year": []}, dtype=object).astype({"key": str})
    notes = portrait(gpd.GeoDataFrame(nobody, geometry=[], crs=2154), figures, scope="x")["note"].unique()
    assert len(notes) == 2
    assert all(said(note, "fr") != note for note in notes)


def test_what_is_not_known_stays() -> None:
    assert said("essai 1.5", "fr") == "essai 1.5"
