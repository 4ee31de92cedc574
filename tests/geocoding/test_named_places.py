"""Places by name, and the address nearest to a point."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, box

from essgeo.errors import InputError
from essgeo.geocoding import Local, Places, geocode, reverse_geocode
from essgeo.geocoding.index import distance_m
from tests.geocoding.test_address_forms import LAT, LON, STEP, town

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def ban() -> Local:
    return Local(town(), "town")


def named(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([{"name": "", "lon": LON, "lat": LAT} | row for row in rows])


PLACES = named(
    {"name": "Bondy", "railway": "station"},
    {"name": "Bondy", "mode": "TRAMWAY", "lon": LON + 0.001},
    {"name": "Pantin", "railway": "station", "city": "Pantin", "lon": 2.4},
    {"name": "Hôtel de Ville", "amenity": "townhall", "lat": LAT + 0.002},
    {"name": "Cité Fertile", "city": "Pantin", "lon": 2.41},
    {"name": "Hôpital Jean-Verdier", "alt_name": "CHU Jean Verdier", "city": "Bondy", "lat": LAT + 0.003},
    {"name": "Rue Monge", "highway": "residential"},
    {"name": "Mairie", "amenity": "townhall", "city": "Pantin", "lon": 2.42},
)


def ask(addresses: Sequence[tuple[str, str]], *engines: object) -> pd.DataFrame:
    table = pd.DataFrame(addresses, columns=["address", "city"])
    return geocode(table, using=[*engines] or [ban(), Places.of(PLACES, ban())])  # type: ignore[list-item]


def test_a_place_is_located_by_its_whole_name() -> None:
    wanted = {
        ("Gare de Bondy", "Bondy"): ("Gare Bondy, Bondy", LON + 0.0005),
        ("gare RER Bondy", "Bondy"): ("Gare Bondy, Bondy", LON + 0.0005),
        ("Gare SNCF", "Bondy"): ("Gare Bondy, Bondy", LON + 0.0005),
        ("Gare de Pantin", ""): ("Gare Pantin, Pantin", 2.4),
        ("Mairie de Bondy", "Bondy"): ("Hôtel de Ville, Bondy", LON),
        ("Hôtel de ville", "Pantin"): ("Mairie, Pantin", 2.42),
        ("MAIRIE", "93500 PANTIN"): ("Mairie, Pantin", 2.42),
        ("La Cité Fertile", "Pantin"): ("Cité Fertile, Pantin", 2.41),
        ("C.H.U. Jean Verdier", "Bondy"): ("CHU Jean Verdier, Bondy", LON),
        ("Hôpital Jean Verdier", "Bondy"): ("Hôpital Jean-Verdier, Bondy", LON),
    }
    found = ask(list(wanted))
    assert set(zip(found["geo_precision"], found["geo_status"], found["geo_engine"], strict=True)) == {
        ("place", "located", "places")
    }
    assert found["geo_label"].tolist() == [label for label, _ in wanted.values()]
    assert found["longitude"].tolist() == pytest.approx([lon for _, lon in wanted.values()], abs=1e-6)


def test_another_commune_a_part_of_a_name_and_a_street_are_no_place() -> None:
    found = ask(
        [
            ("Gare", "Saint-Denis"), ("La Cité Fertile", "Bondy"), ("Cité", "Pantin"), ("Jean Verdier", "Bondy"),
            ("rue Bondy", "Bondy"), ("12 Cité Fertile", "Pantin"), ("Cité Fertile bis", "Pantin"), ("Bondy", "Bondy"),
        ]
    )  # fmt: skip
    assert not ((found["geo_status"] == "located") & (found["geo_precision"] == "place")).any()


def test_a_street_of_the_name_of_a_place_is_never_it() -> None:
    without = ask([("La Gare", "Bondy")], ban()).iloc[0]
    assert (without["geo_status"], without["geo_reason"]) == ("imprecise", "place_name")
    assert without["geo_label"].startswith("Rue de la Gare")


def test_two_places_of_one_name_are_ambiguous() -> None:
    twice = named({"name": "Le Lab", "city": "Bondy"}, {"name": "Le Lab", "city": "Bondy", "lon": LON + 0.02})
    assert ask([("Le Lab", "Bondy")], Places.of(twice))["geo_status"].tolist() == ["ambiguous"]


def test_a_structure_of_the_list_is_a_place_for_the_others() -> None:
    table = pd.DataFrame(
        {
            "name": ["La Cité Fertile", "Le Fournil", "Le Potager", "Autre"],
            "address": ["5 rue Monge", "Cité Fertile", "La Cité Fertile", "Cité"],
            "city": ["Bondy", "Bondy", "Pantin", "Bondy"],
        }
    )
    found = geocode(table, using=ban())
    assert found["geo_status"].tolist()[:2] == ["located", "located"]
    assert found["geo_precision"].tolist()[:2] == ["housenumber", "place"]
    assert found["longitude"].iloc[1] == found["longitude"].iloc[0]
    assert not set(found["geo_status"].iloc[2:]) & {"located"}
    assert found.loc[1, ["candidate_longitude", "candidate_latitude"]].isna().all()


def test_the_commune_of_addresses_that_name_none_may_be_given() -> None:
    table = pd.DataFrame({"address": ["5 rue Monge", "5 rue Monge"], "city": ["", "Pantin"]})
    found = geocode(table, using=ban(), city_default="Bondy")
    assert found["geo_status"].tolist() == ["located", "not_found"]


def test_files_of_openstreetmap_and_layers_name_places(tmp_path: Path) -> None:
    elements = [
        {"type": "node", "lat": 48.9, "lon": 2.4, "tags": {"name": "Gymnase A"}},
        {"type": "way", "center": {"lat": 48.9, "lon": 2.41}, "tags": {"name": "Parc B", "leisure": "park"}},
        {"type": "way", "geometry": [{"lat": 48.9, "lon": 2.42}], "tags": {"name": "Rue C", "highway": "path"}},
    ]  # fmt: skip
    (tmp_path / "overpass.json").write_text(json.dumps({"elements": elements}), encoding="utf-8")
    xml = (
        '<osm version="0.6"><node id="1" version="1" lat="48.9" lon="2.45"><tag k="name" v="Halle D"/></node>'
        '<node id="2" version="1" lat="48.9" lon="2.46"/></osm>'
    )
    (tmp_path / "extract.osm").write_text(xml, encoding="utf-8")
    shapes = {"nom": ["Stade E"], "geometry": [box(2.46, 48.9, 2.47, 48.91)]}
    gpd.GeoDataFrame(shapes, crs=4326).to_file(tmp_path / "layer.geojson")
    places = Places.read([tmp_path / name for name in ("overpass.json", "extract.osm", "layer.geojson")])
    assert places.table["name"].tolist() == ["Gymnase A", "Parc B", "Halle D", "Stade E"]
    assert places.table["radius_m"].iloc[3] > 500
    (tmp_path / "none.json").write_text('{"elements": []}', encoding="utf-8")
    with pytest.raises(InputError, match=r"none\.json"):
        Places.read([tmp_path / "none.json"])


def test_a_point_gets_the_nearest_address_and_its_distance() -> None:
    points = pd.DataFrame({"lon": [LON + 5.2 * STEP, None, 3.0], "lat": [LAT, None, 45.0]}, index=["a", "b", "c"])
    found = reverse_geocode(points, using=ban())
    assert found["geo_label"].tolist() == ["5 Avenue Henri Barbusse 93140 Bondy", "", ""]
    assert found["geo_distance_m"].iloc[0] == pytest.approx(0.2 * STEP * 73_100, rel=0.01)
    assert found["geo_distance_m"].iloc[1:].isna().all()
    assert found.index.tolist() == ["a", "b", "c"]
    layer = gpd.GeoDataFrame(geometry=[Point(LON + 5.2 * STEP, LAT)], crs=4326).to_crs(2154)
    assert reverse_geocode(layer, using=ban())["geo_citycode"].tolist() == ["93010"]
    with pytest.raises(InputError):
        reverse_geocode(pd.DataFrame({"x": [1]}), using=ban())


def test_the_nearest_is_that_of_a_naive_search() -> None:
    random = np.random.default_rng(3)
    points = pd.DataFrame({"lon": random.uniform(2.29, 2.32, 100), "lat": random.uniform(48.89, 49.1, 100)})
    department = town().department(0)
    lon, lat = department.points(np.arange(len(department.slots)))
    naive = [distance_m(lon, lat, *np.atleast_2d(point).T).min() for point in points.to_numpy()]
    assert reverse_geocode(points, using=ban(), max_m=1e6)["geo_distance_m"].to_numpy() == pytest.approx(
        naive, rel=1e-3
    )
