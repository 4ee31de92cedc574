"""Territories that begin from the codes of their communes, studied on official files alone."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from essgeo import load_territory
from essgeo.geocoding.ban import COLUMNS as BAN_COLUMNS
from essgeo.official.catalogue import find_source
from essgeo.official.declare import declare_territory
from essgeo.official.live import Live
from essgeo.official.live_layers import live_layers
from essgeo.schema.codes import department_of
from essgeo.study import Options, run_study, set_up
from tests.made.command import essgeo
from tests.made.official import (
    IRIS_PATH,
    STATIONS_PATH,
    ban_path,
    publish_ban,
    publish_grid,
    publish_iris,
    publish_qpv,
)

if TYPE_CHECKING:
    from pathlib import Path

REGISTER = "id,nom,address,city,citycode,lon,lat,family,secteurs,status\n"
PLAINE = "93001,93027,93031,93039,93059,93066,93070,93072,93079"
GONE = "93059"
"""Pierrefitte-sur-Seine, part of Saint-Denis since 2025: files of today have no IRIS of that code."""


def quarters(communes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut each commune into four IRIS with a quarter of its people each: nobody's real IRIS."""
    rows = []
    for code, row in communes.iterrows():
        left, bottom, right, top = row.geometry.bounds
        x, y = (left + right) / 2, (bottom + top) / 2
        boxes = [(left, bottom, x, y), (x, bottom, right, y), (left, y, x, top), (x, y, right, top)]
        rows += [
            (
                f"{code}010{place}",
                f"Quart {place}",
                code,
                row["name"],
                row["population"] / 4,
                row.geometry & shapely.box(*b),
            )
            for place, b in enumerate(boxes, start=1)
        ]
    names = ["iris_code", "name", "citycode", "city", "population", "geometry"]
    frame = gpd.GeoDataFrame(pd.DataFrame(rows, columns=names), crs=communes.crs).set_index("iris_code")
    return frame[~frame.is_empty].assign(median_income=18_000.0)


@pytest.mark.slow
def test_a_territory_begins_from_its_communes(redirected: Any, shared: Path, tmp_path: Path) -> None:
    drawn = gpd.read_file(shared / "communes" / "communes93_osm_2025-09-26.geojson").set_index("insee").to_crs(2154)
    communes = drawn[drawn.index.isin(PLAINE.split(","))].rename(columns={"nom": "name"})
    iris = quarters(communes.assign(population=pd.to_numeric(communes["population"]).fillna(150_000)))
    publish_iris(redirected, iris)
    publish_grid(redirected, iris, 3035, "carreaux_200m_met", tmp_path)
    qpv = gpd.GeoDataFrame(
        {"name": ["Nord & Sud", "Autre"]},
        geometry=[communes.geometry["93001"].centroid.buffer(400), communes.geometry["93072"].centroid.buffer(300)],
        index=["QN09301M", "QN09302M"],
        crs=2154,
    )
    publish_qpv(redirected, qpv)
    redirected.files[STATIONS_PATH] = (
        shared / "stations" / "idfm_emplacement-des-gares-idf_2025-07.geojson"
    ).read_bytes()
    redirected.files.pop(ban_path("93"), None)
    place = communes.geometry["93001"].centroid
    lon, lat = gpd.GeoSeries([place], crs=2154).to_crs(4326).iloc[0].coords[0]
    (tmp_path / "mine.csv").write_text(
        f"{REGISTER}a,Régie,,Aubervilliers,93001,{lon},{lat},association,numerique,active\n"
    )
    said, _ = essgeo("territory", "init", "plaine-commune", "--communes", PLAINE, folder=tmp_path)
    assert "9 communes, EPSG:2154" in said
    said, _ = essgeo("study", "plaine-commune", "--live", "--structures", "mine.csv", folder=tmp_path)
    assert "Communes sans IRIS aujourd'hui, peut-être fusionnées : 93059." in said
    assert "Base Adresse Nationale : pas de données pour ce territoire" in said
    assert "Aucun quartier cible n'est nommé : les QPV en tiennent lieu." in said
    pages = tmp_path / "maps"
    assert {"index.html", "qn09301m.html", "qn09302m.html"} <= {path.name for path in pages.iterdir()}
    text = (pages / "qn09301m.html").read_text(encoding="utf-8")
    assert "Nord &amp; Sud" in text
    assert "Aucun quartier cible" in text
    stations = gpd.read_file(pages / "geojson" / "stations.geojson")
    assert 20 < len(stations) < 200
    (tmp_path / "plaine-commune" / "neighbourhoods.csv").write_text(
        "neighbourhood_id,name,city,citycode,iris_codes,qpv_2015,qpv_2024,note\n"
        "centre,Centre,Aubervilliers,93001,930010101|930010102,,QN09301M,\n"
    )
    again = set_up(tmp_path / "plaine-commune", Options(live=True, offline=True, structures=tmp_path / "mine.csv"))
    assert again.neighbourhoods.index.tolist() == ["centre"]


def test_a_territory_of_another_ocean_goes_through_the_whole_study(redirected: Any, tmp_path: Path) -> None:
    left, bottom = 338_000, 7_690_000
    communes = gpd.GeoDataFrame(
        {"name": ["Commune fictive A", "Commune fictive B"], "population": [8000.0, 4000.0]},
        geometry=[
            shapely.box(left, bottom, left + 2000, bottom + 2000),
            shapely.box(left + 2000, bottom, left + 3000, bottom + 2000),
        ],
        index=["97411", "97418"],
        crs=2975,
    )
    iris = quarters(communes)
    publish_iris(redirected, iris)
    publish_grid(redirected, iris, 2975, "carreaux_200m_reun", tmp_path)
    zone = gpd.GeoDataFrame(
        {"name": ["Quartier fictif"]},
        geometry=[communes.geometry.iloc[0].centroid.buffer(500)],
        index=["QN97401I"],
        crs=2975,
    )
    publish_qpv(redirected, zone)
    spot = gpd.GeoSeries([communes.geometry.iloc[0].centroid], crs=2975).to_crs(4326).iloc[0]
    street = dict.fromkeys(BAN_COLUMNS, "") | {
        "code_postal": "97400",
        "code_insee": "97411",
        "nom_commune": "Commune fictive A",
    }
    houses = [
        street | {"id": f"97411_1_{n}", "numero": n, "nom_voie": "Rue Fictive", "lon": spot.x + n / 1e5, "lat": spot.y}
        for n in range(1, 9)
    ]
    publish_ban(redirected, "974", houses)
    here = declare_territory("reunion-fictive", ["97411", "97418"], folder=tmp_path / "reunion")
    assert here.crs == "EPSG:2975"
    listed = tmp_path / "mine.csv"
    listed.write_text(f"{REGISTER}a,Atelier,3 rue Fictive,Commune fictive A,97411,,,association,numerique,active\n")
    study = run_study(here, live=True, structures=listed, out=tmp_path / "maps", lang="fr")
    assert study.structures.loc["a", "geo_status"] == "located"
    assert study.structures.geometry["a"].distance(communes.geometry.iloc[0].centroid) < 10
    assert study.demand["population"].sum() == pytest.approx(12_000)
    assert study.demand.crs.to_epsg() == 2975
    near = study.coverage.query("level == 'neighbourhood' and theme == 'all' and minutes == 15")
    assert near["share"].gt(0.9).all()
    assert study.stations.empty
    assert study.sites.empty
    assert study.npnru.empty
    assert any("le département 974 n'y est pas" in note for note in study.notes)
    shown = gpd.read_file(tmp_path / "maps" / "geojson" / "structures.geojson")
    assert shown.geometry.iloc[0].distance(spot) < 1e-3
    assert "EPSG:2975" in (tmp_path / "maps" / "datapackage.json").read_text(encoding="utf-8")
    assert gpd.read_file(tmp_path / "maps" / "layers.gpkg", layer="iris").crs.to_epsg() == 2975
    assert (tmp_path / "maps" / "qn97401i.html").is_file()
    for name in ("index.html", "method.html"):
        text = (tmp_path / "maps" / name).read_text(encoding="utf-8")
        assert "\N{EN DASH}</strong>" not in text
        assert "environ \N{EN DASH} entreprises" not in text


def test_the_arc_of_innovation_is_put_together_from_four_departments(redirected: Any, shared: Path) -> None:
    here = load_territory("arc-de-l-innovation")
    assert set(load_territory("est-ensemble").communes) | {*PLAINE.split(",")} <= {*here.communes}
    drawn = gpd.read_file(shared / "communes" / "communes93_osm_2025-09-26.geojson", ignore_geometry=True)
    assert {code for code in here.communes if department_of(code) == "93"} - {*drawn["insee"]} == {GONE}
    codes = [code for code in here.communes if code != GONE]
    places = [(2_000 * (number % 8), 2_000 * (number // 8)) for number in range(len(codes))]
    boxes = [shapely.box(650_000 + x, 6_850_000 + y, 652_000 + x, 6_852_000 + y) for x, y in places]
    iris = gpd.GeoDataFrame(
        {"name": "Quart", "citycode": codes, "city": codes, "population": 2_000.0, "median_income": 21_000.0},
        geometry=boxes,
        index=[f"{code}0101" for code in codes],
        crs=2154,
    )
    publish_iris(redirected, iris)
    outlines = gpd.read_file(io.BytesIO(redirected.files.pop(IRIS_PATH)))
    of_department = outlines["code_insee"].map(department_of)
    for department in sorted({*of_department}):
        place = find_source("iris").locate["url"].replace("{area}", department).removeprefix("https:/")
        redirected.files[place] = outlines[of_department == department].to_json(drop_id=True).encode()
    zone = gpd.GeoDataFrame({"name": ["Nord"]}, geometry=[boxes[0]], index=["QN07501M"], crs=2154)
    publish_qpv(redirected, zone)
    redirected.files[STATIONS_PATH] = (
        shared / "stations" / "idfm_emplacement-des-gares-idf_2025-07.geojson"
    ).read_bytes()
    found = live_layers(Live(here, lang="en"), vintage="2024")
    assert found.value["iris"].index.tolist() == sorted(iris.index)
    assert found.value["communes"].index.tolist() == sorted(codes)
    assert found.value["neighbourhoods"]["name"].tolist() == ["Nord"]
    assert len(found.value["stations"]) > 100
    assert [note for note in found.notes if GONE in note]
    assert sum(source.layer == "iris" for source in found.inputs) == 6
