"""A study on official files, from a server of files in the schemas of their publishers, where things go wrong."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely

from essgeo import load_territory, read_layer
from essgeo.geocoding.ban import COLUMNS as BAN_COLUMNS
from essgeo.sources.catalogue import REFRESH_DAYS, find_source
from essgeo.sources.declare import declare_territory
from essgeo.sources.download.locate import dataset_address
from essgeo.study import run_study
from tests.structures.official import place, site, unit, write

BAN_PATH = "/adresse.data.gouv.fr/data/ban/adresses/latest/csv/adresses-93.csv.gz"
INSEE = "/www.insee.fr/fr/statistiques/fichier"
IRIS_PATH = "/data.geopf.fr/wfs/ows"
POPULATION_PATH = f"{INSEE}/8647014/base-ic-evol-struct-pop-2022_csv.zip"
INCOME_PATH = f"{INSEE}/8229323/BASE_TD_FILO_IRIS_2021_DISP_CSV.zip"
GRID_PATH = f"{INSEE}/8735162/Filosofi2021_carreaux_200m_gpkg.zip"
STATIONS_PATH = (
    "/data.iledefrance-mobilites.fr/api/explore/v2.1/catalog/datasets/emplacement-des-gares-idf/exports/geojson"
)
OSM_PATH = "/download.geofabrik.de/europe/france/ile-de-france-latest.osm.pbf"
QPV_FILE = "QP2024_France_Hexagonale_Outre_Mer_WGS84.geojson"
REGISTER = "id,nom,address,city,citycode,lon,lat,family,secteurs,status\n"


def zipped(**members: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return archive.getvalue()


def geojson(frame: gpd.GeoDataFrame) -> bytes:
    return frame.to_crs(4326).to_json(drop_id=True).encode()


def table(columns: dict[str, Any], separator: str = ";") -> bytes:
    return pd.DataFrame(columns).to_csv(sep=separator, index=False).encode()


def publish_dataset(server: Any, source: str, files: dict[str, tuple[str, bytes]]) -> None:
    """Serve files (title: format, content) of a dataset of data.gouv.fr beside those that it has."""
    path = dataset_address(find_source(source)).removeprefix("https:/")
    known = json.loads(server.files.get(path, b'{"resources": []}'))
    for title, (form, content) in files.items():
        place = f"static.data.gouv.fr/{source}/{title.replace(' ', '_')}"
        server.files[f"/{place}"] = content
        url = f"https://{place}"
        known["resources"].append({"title": title, "format": form, "type": "main", "url": url})
    server.files[path] = json.dumps(known).encode()


def publish_iris(server: Any, iris: gpd.GeoDataFrame) -> None:
    """Serve IRIS in the schemas of the IGN and of INSEE; a masked income is ``ns``."""
    codes = list(iris.index)
    outlines = {
        "code_iris": codes,
        "nom_iris": iris["name"],
        "code_insee": iris["citycode"],
        "nom_commune": iris["city"],
    }
    shapes = gpd.GeoDataFrame({name: list(cells) for name, cells in outlines.items()}, geometry=list(iris.geometry))
    server.files[IRIS_PATH] = geojson(shapes.assign(type_iris="H").set_crs(iris.crs))
    population = {"IRIS": [*codes, "010010000"], "COM": [*iris["citycode"], "01001"], "TYP_IRIS": "H", "LAB_IRIS": "1"}
    people = [str(value).replace(".", ",") for value in iris["population"]]
    census = table(population | {"P22_POP": [*people, "771"]})
    server.files[POPULATION_PATH] = zipped(**{"base-ic-evol-struct-pop-2022.CSV": census, "meta.CSV": b"COD_VAR;LIB\n"})
    income = ["ns" if pd.isna(value) else str(int(value)) for value in iris["median_income"]]
    filosofi = table({"IRIS": codes, "DISP_TP6021": "nd", "DISP_MED21": income})
    server.files[INCOME_PATH] = zipped(**{"BASE_TD_FILO_IRIS_2021_DISP.csv": filosofi})


def publish_grid(server: Any, iris: gpd.GeoDataFrame, crs: int, member: str, folder: Path) -> None:
    """Serve the 200 m grid of INSEE over some IRIS, their people spread over the cells whose centre they hold."""
    projected = iris.to_crs(crs)
    left, bottom, right, top = (np.array(projected.total_bounds) // 200 * 200).astype(int)
    easts, norths = (axis.ravel() for axis in np.meshgrid(range(left, right + 200, 200), range(bottom, top + 200, 200)))
    cells = gpd.GeoDataFrame(
        {"idcar_200m": [f"CRS{crs}RES200mN{n}E{e}" for n, e in zip(norths, easts, strict=True)]},
        geometry=shapely.box(easts, norths, easts + 200, norths + 200),
        crs=crs,
    )
    owner = projected.sindex.query(cells.centroid, predicate="intersects")
    held = cells.iloc[owner[0]].assign(iris=owner[1]).drop_duplicates("idcar_200m")
    people = projected["population"].to_numpy()[held["iris"]] / held.groupby("iris")["iris"].transform("size")
    path = folder / f"{member}.gpkg"
    held.assign(ind=people, ind_snv=people * 20_000, i_est_200=0).drop(columns="iris").to_file(path)
    server.files[GRID_PATH] = zipped(**{f"Filosofi2021_{member}.gpkg": path.read_bytes()})


def publish_qpv(server: Any, qpv: gpd.GeoDataFrame) -> None:
    """Serve the QPV of 2024 in the schema of the ANCT, with one in another ocean."""
    far = gpd.GeoSeries([shapely.box(-61.6, 16.2, -61.5, 16.3)], crs=4326)
    shapes = [*qpv.to_crs(4326).geometry, *far]
    named = {"code_qp": [*qpv.index, "QN97101M"], "lib_qp": [*qpv["name"], "Ailleurs"], "insee_com": "", "lib_com": ""}
    content = geojson(gpd.GeoDataFrame(named, geometry=shapes, crs=4326))
    publish_dataset(server, "qpv_2024", {"qp-2024.zip": ("zip", zipped(**{QPV_FILE: content}))})


def publish_qpv_2015(server: Any, qpv: gpd.GeoDataFrame, folder: Path) -> None:
    """Serve QPV of 2015 as the Shapefile of metropolitan France."""
    named = {"CODE_QP": list(qpv.index), "NOM_QP": list(qpv["name"]), "COMMUNE_QP": "x"}
    gpd.GeoDataFrame(named, geometry=list(qpv.geometry), crs=qpv.crs).to_crs(2154).to_file(
        folder / "QP_METROPOLEOUTREMER_WGS84_EPSG4326.shp"
    )
    parts = {path.name: path.read_bytes() for path in folder.glob("QP_METROPOLEOUTREMER_WGS84_EPSG4326.*")}
    publish_dataset(server, "qpv_2015", {"qp-politiquedelaville-shp.zip": ("shp", zipped(**parts))})


def publish_ban(server: Any, department: str, rows: list[dict[str, object]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, [*BAN_COLUMNS, "code_insee_ancienne_commune", "nom_ld"], delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    path = f"/adresse.data.gouv.fr/data/ban/adresses/latest/csv/adresses-{department}.csv.gz"
    server.files[path] = gzip.compress(text.getvalue().encode(), mtime=0)


@pytest.fixture
def official(server: Any, small_territory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a server of every official file of the small territory, to which the web is redirected."""
    here = load_territory(small_territory)
    iris, qpv = read_layer(here, "iris"), read_layer(here, "qpv")
    publish_iris(server, iris)
    publish_grid(server, iris, 3035, "carreaux_200m_met", tmp_path)
    publish_qpv(server, qpv)
    publish_qpv_2015(server, qpv.rename(index={"QN1": "QP1"}), tmp_path)
    sites = (
        "site_id;site_nom;site_statut;comm_nom;comm_insee;lon;lat\n93010_1;Friche A;friche;BONDY;93010;2.456;48.906\n"
    )
    publish_dataset(server, "cartofriches", {"friches-standard.csv": ("csv", sites.encode())})
    stop = {"id_gares": [7], "nom_gares": ["Arrêt"], "mode": ["RER"], "res_com": ["RER E"]}
    server.files[STATIONS_PATH] = geojson(gpd.GeoDataFrame(stop, geometry=[shapely.Point(2.46, 48.906)], crs=4326))
    street = dict.fromkeys(BAN_COLUMNS, "") | {
        "code_postal": "93100",
        "code_insee": "93048",
        "nom_commune": "Montreuil",
    }
    houses = [
        street | {"id": f"93048_1_{n}", "numero": n, "nom_voie": "Rue B", "lon": 2.49 + n / 1e4, "lat": 48.9064}
        for n in range(1, 9)
    ]
    publish_ban(server, "93", houses)
    monkeypatch.setenv("ESSGEO_MIRROR", server.url)
    monkeypatch.setenv("ESSGEO_CACHE", str(tmp_path / "cache"))
    return server


def test_every_layer_comes_from_its_official_file(official: Any, small_territory: Path, tmp_path: Path) -> None:
    study = run_study(small_territory, live=True, out=tmp_path / "maps", lang="en")
    given = load_territory(small_territory)
    assert study.iris["population"].tolist() == read_layer(given, "iris")["population"].tolist()
    assert study.iris["median_income"].isna().tolist() == [False, False, True, False]
    assert study.qpv.index.tolist() == ["QN1"]
    assert study.npnru["interest"].tolist() == ["national"]
    assert study.npnru["confidence"].tolist() == ["sure"]
    assert study.sites["name"].tolist() == ["Halle", "Friche A"]
    assert study.stations["name"].tolist() == ["Arrêt"]
    assert study.structures.loc["velo", "geo_engine"] == "ban"
    assert study.demand["method"].str.contains("200 m grid").all()
    assert study.demand["population"].sum() == pytest.approx(study.iris["population"].sum())

    fetched = {source.layer: source for source in study.inputs if source.url}
    assert set(fetched) == {"iris", "qpv", "sites", "stations", "addresses", "demand"}
    for source in fetched.values():
        content = official.files[source.url.removeprefix("https:/").partition("?")[0]]
        assert source.sha256 == hashlib.sha256(content).hexdigest()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", source.fetched_at)
    method = (tmp_path / "maps" / "method.html").read_text(encoding="utf-8")
    assert all(source.sha256 in method and source.fetched_at in method for source in fetched.values())
    package = json.loads((tmp_path / "maps" / "datapackage.json").read_text(encoding="utf-8"))
    assert {source["url"] for source in package["inputs"]} >= {source.url for source in fetched.values()}
    assert {note.partition(" ")[0] for note in study.shortfalls} == {"OpenStreetMap,", "Quartiers", "Sirene"}


def test_a_source_that_is_down_is_said_on_every_page(official: Any, small_territory: Path, tmp_path: Path) -> None:
    del official.files[STATIONS_PATH]
    study = run_study(small_territory, live=True, out=tmp_path / "maps", lang="fr")
    assert study.stations["name"].tolist() == ["Gare"]
    (note,) = (source.note for source in study.inputs if source.layer == "stations")
    assert note.startswith("Emplacement des gares d'Île-de-France : stations.csv (millésime 2024) tient lieu")
    said = "stations.csv (millésime 2024) tient lieu du fichier officiel"
    pages = list((tmp_path / "maps").glob("*.html"))
    assert len(pages) >= 5
    for page in [*pages, *(tmp_path / "maps" / name for name in ("ATTRIBUTIONS.md", "datapackage.json"))]:
        assert said in page.read_text(encoding="utf-8").replace("\\", ""), page


def test_the_last_good_copy_stands_in_for_a_file_that_changed(
    official: Any, small_territory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_study(small_territory, live=True, out=None)
    renamed = official.files[IRIS_PATH].replace(b"code_iris", b"identifiant")
    official.files[IRIS_PATH] = renamed
    monkeypatch.setitem(REFRESH_DAYS, "yearly", 0.0)
    study = run_study(small_territory, live=True, out=None, lang="en")
    (note,) = (source.note for source in study.inputs if source.title == "Contours IRIS")
    assert "Contours IRIS: the copy of" in note
    assert "no column for iris_code (known as code_iris" in note
    assert len(study.iris) == 4


def test_a_file_that_changed_and_has_no_copy_gives_way_to_the_territory(official: Any, small_territory: Path) -> None:
    official.files[IRIS_PATH] = official.files[IRIS_PATH].replace(b"code_iris", b"identifiant")
    study = run_study(small_territory, live=True, out=None, lang="en")
    (source,) = (source for source in study.inputs if source.layer == "iris")
    assert (source.file, source.url) == ("iris.geojson", "")
    assert "iris.geojson (vintage 2024) stands in for the official file" in source.note
    assert "no column for iris_code" in source.note


def test_structures_are_those_of_sirene(official: Any, small_territory: Path, tmp_path: Path) -> None:
    sites = [site(1), site(2, statutDiffusionEtablissement="P"), site(3, libelleVoieEtablissement="INCONNUE")]
    units = [unit(number, denominationUniteLegale=f"ASSO {number}") for number in (1, 2, 3)]
    for source, title, rows in (
        ("sirene_establishments", "StockEtablissement", sites),
        ("sirene_legal_units", "StockUniteLegale", units),
        ("sirene_geolocation", "geolocalisation", [place(1)]),
    ):
        content = write(tmp_path / f"{title}.parquet", rows).read_bytes()
        publish_dataset(official, source, {f"Fichier {title} du mois.parquet": ("parquet", content)})
    study = run_study(small_territory, live=True, out=tmp_path / "maps", lang="en")
    assert sorted(study.structures["name"]) == ["ASSO 1", "ASSO 3", "[ND]"]
    placed = study.structures.set_index("name")
    assert placed.loc["ASSO 1", "geo_engine"] == "sirene"
    assert placed.loc["[ND]", "geo_status"] == "masked"
    used = {source.title for source in study.inputs if source.layer == "structures"}
    assert {"Sirene : fichier StockEtablissement", "Sirene : fichier StockUniteLegale"} <= used
    assert any(note.startswith("Liste des entreprises de l'ESS: no data") for note in study.notes)
    assert "structures" not in {source.layer for source in study.inputs if not source.url}


def street_file(path: Path, day: str) -> bytes:
    """Extract of OpenStreetMap: streets every 250 m over the small territory."""
    lines = [[(x, y) for y in range(0, 1001, 250)] for x in range(0, 4001, 250)]
    lines += [[(x, y) for x in range(0, 4001, 250)] for y in range(0, 1001, 250)]
    corners = {corner: number for number, corner in enumerate(sorted({corner for line in lines for corner in line}), 1)}
    degrees = gpd.GeoSeries.from_xy(
        *zip(*[(660_000 + x, 6_867_000 + y) for x, y in corners], strict=True), crs=2154
    ).to_crs(4326)
    header = osmium.io.Header()
    header.set("osmosis_replication_timestamp", f"{day}T00:00:00Z")
    with osmium.SimpleWriter(path, header=header) as writer:
        for number, point in zip(corners.values(), degrees, strict=True):
            writer.add_node(osmium.osm.mutable.Node(id=number, location=(point.x, point.y)))
        for number, line in enumerate(lines, 1):
            nodes = [corners[corner] for corner in line]
            writer.add_way(osmium.osm.mutable.Way(id=number, nodes=nodes, tags={"highway": "residential"}))
    return path.read_bytes()


def test_people_walk_on_the_streets_of_the_region(official: Any, small_territory: Path, tmp_path: Path) -> None:
    content = street_file(tmp_path / "streets.osm.pbf", "2026-11-01")
    official.files[OSM_PATH] = content
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    official.files[f"{OSM_PATH}.md5"] = f"{digest}  ile-de-france-latest.osm.pbf\n".encode()
    study = run_study(small_territory, live=True, out=tmp_path / "maps", lang="fr")
    (streets,) = [source for source in study.inputs if source.layer == "network"]
    assert (streets.licence, streets.vintage) == ("ODbL 1.0", "2026-11-01")
    assert streets.sha256 == hashlib.sha256(content).hexdigest()
    assert streets.url.startswith("https://download.geofabrik.de/europe/france/ile-de-france")
    assert study.walking is not None
    assert study.walking.residents_away == 0
    assert study.coverage["method"].str.startswith("walking network of 2026-11-01").all()
    for page in ("index.html", "territory.html", "method.html"):
        assert "OpenStreetMap (2026-11-01)" in (tmp_path / "maps" / page).read_text(encoding="utf-8"), page


def test_streets_that_are_damaged_leave_straight_lines_and_say_so(official: Any, small_territory: Path) -> None:
    official.files[OSM_PATH] = b"not an extract"
    study = run_study(small_territory, live=True, out=None, lang="en")
    assert study.network is None
    assert study.coverage["method"].str.startswith("straight line").all()
    assert any(note.startswith("OpenStreetMap, extrait régional: no data") for note in study.notes)


def test_offline_uses_what_was_fetched(official: Any, small_territory: Path) -> None:
    before = run_study(small_territory, live=True, out=None)
    asked = len(official.requests)
    after = run_study(small_territory, live=True, offline=True, out=None)
    assert len(official.requests) == asked
    fetched = [[source for source in study.inputs if source.url] for study in (before, after)]
    assert len(fetched[0]) == 8
    assert fetched[1] == fetched[0]


def test_offline_opens_no_connection(
    small_territory: Path, no_network: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del no_network
    monkeypatch.setenv("ESSGEO_CACHE", str(tmp_path / "empty"))
    study = run_study(small_territory, live=True, offline=True, out=None, lang="en")
    assert all(not source.url for source in study.inputs)
    assert sum("was never fetched here" in note for note in study.shortfalls) == 8


def test_a_grid_of_somewhere_else_is_not_used(official: Any, small_territory: Path, tmp_path: Path) -> None:
    iris = read_layer(load_territory(small_territory), "iris")
    publish_grid(official, iris.iloc[:1], 3035, "carreaux_200m_met", tmp_path)
    study = run_study(small_territory, live=True, out=None, lang="en")
    assert study.demand["method"].str.contains("IRIS population").all()
    assert any("hold 1,001 residents where the census counts 10,004" in note for note in study.notes)


def test_a_layer_is_read_from_its_official_source(official: Any, small_territory: Path) -> None:
    here = load_territory(small_territory)
    assert len(read_layer(here, "iris", offline=False)) == 4
    assert read_layer(here, "qpv", offline=False).attrs["notes"] == []
    projects = read_layer(here, "npnru", offline=False)
    assert projects.index.tolist() == ["QN1"]
    assert "npnru: no file is published for the whole country" in projects.attrs["notes"][0]
    official.files[STATIONS_PATH] = b"<html>maintenance</html>"
    (note,) = read_layer(here, "stations", offline=False).attrs["notes"]
    assert "it is a web page, not geojson" in note


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


def redirect(server: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESSGEO_MIRROR", server.url)
    monkeypatch.setenv("ESSGEO_CACHE", str(folder / "cache"))


def essgeo(*arguments: str, folder: Path) -> str:
    """Run the command as a user does, and return what it says."""
    command = [sys.executable, "-W", "error", "-m", "essgeo", *arguments]
    path = os.pathsep.join([str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


PLAINE = "93001,93027,93029,93030,93031,93039,93059,93066,93070,93072,93078,93079"


@pytest.mark.slow
def test_a_territory_begins_from_its_communes(
    server: Any, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = gpd.read_file(shared / "communes" / "communes93_osm_2025-09-26.geojson").set_index("insee").to_crs(2154)
    communes = drawn[drawn.index.isin(PLAINE.split(","))].rename(columns={"nom": "name"})
    iris = quarters(communes.assign(population=pd.to_numeric(communes["population"]).fillna(150_000)))
    publish_iris(server, iris)
    publish_grid(server, iris, 3035, "carreaux_200m_met", tmp_path)
    qpv = gpd.GeoDataFrame(
        {"name": ["Nord & Sud", "Autre"]},
        geometry=[communes.geometry["93001"].centroid.buffer(400), communes.geometry["93072"].centroid.buffer(300)],
        index=["QN09301M", "QN09302M"],
        crs=2154,
    )
    publish_qpv(server, qpv)
    server.files[STATIONS_PATH] = (shared / "stations" / "idfm_emplacement-des-gares-idf_2025-07.geojson").read_bytes()
    server.files.pop(BAN_PATH, None)
    redirect(server, tmp_path, monkeypatch)
    place = communes.geometry["93001"].centroid
    lon, lat = gpd.GeoSeries([place], crs=2154).to_crs(4326).iloc[0].coords[0]
    (tmp_path / "mine.csv").write_text(
        f"{REGISTER}a,Régie,,Aubervilliers,93001,{lon},{lat},association,numerique,active\n"
    )
    assert "12 communes, EPSG:2154" in essgeo(
        "territory", "init", "plaine-commune", "--communes", PLAINE, folder=tmp_path
    )
    said = essgeo("study", "plaine-commune", "--live", "--structures", "mine.csv", folder=tmp_path)
    assert "Communes sans IRIS aujourd'hui, peut-être fusionnées : 93059." in said
    assert "Base Adresse Nationale : pas de données pour ce territoire" in said
    assert "Aucun quartier cible n'est nommé : les QPV en tiennent lieu." in said
    pages = tmp_path / "maps"
    assert {"index.html", "qn09301m.html", "qn09302m.html"} <= {path.name for path in pages.iterdir()}
    text = (pages / "qn09301m.html").read_text(encoding="utf-8")
    assert "Nord &amp; Sud" in text
    assert "Aucun quartier cible" in text
    stations = gpd.read_file(pages / "geojson" / "stations_odbl.geojson")
    assert 20 < len(stations) < 200
    (tmp_path / "plaine-commune" / "neighbourhoods.csv").write_text(
        "neighbourhood_id,name,city,citycode,iris_codes,qpv_2015,qpv_2024,note\n"
        "centre,Centre,Aubervilliers,93001,930010101|930010102,,QN09301M,\n"
    )
    again = run_study(tmp_path / "plaine-commune", live=True, offline=True, structures=tmp_path / "mine.csv", out=None)
    assert again.neighbourhoods.index.tolist() == ["centre"]


def test_a_territory_of_another_ocean_goes_through_the_whole_study(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    publish_iris(server, iris)
    publish_grid(server, iris, 2975, "carreaux_200m_reun", tmp_path)
    zone = gpd.GeoDataFrame(
        {"name": ["Quartier fictif"]},
        geometry=[communes.geometry.iloc[0].centroid.buffer(500)],
        index=["QN97401I"],
        crs=2975,
    )
    publish_qpv(server, zone)
    redirect(server, tmp_path, monkeypatch)
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
    publish_ban(server, "974", houses)
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
    assert near["share"].tolist() == [1.0]
    assert study.stations.empty
    assert study.sites.empty
    assert study.npnru.empty
    assert any("does not cover department 974" in note for note in study.notes)
    shown = gpd.read_file(tmp_path / "maps" / "geojson" / "structures.geojson")
    assert shown.geometry.iloc[0].distance(spot) < 1e-3
    assert "EPSG:2975" in (tmp_path / "maps" / "datapackage.json").read_text(encoding="utf-8")
    assert gpd.read_file(tmp_path / "maps" / "layers.gpkg", layer="iris").crs.to_epsg() == 2975
    assert (tmp_path / "maps" / "qn97401i.html").is_file()
    for name in ("index.html", "method.html"):
        text = (tmp_path / "maps" / name).read_text(encoding="utf-8")
        assert "\N{EN DASH}</strong>" not in text
        assert "environ \N{EN DASH} entreprises" not in text


@pytest.mark.slow
def test_est_ensemble_is_studied_on_official_files(
    server: Any, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = load_territory("est-ensemble")
    iris = read_layer(here, "iris")
    publish_iris(server, iris)
    publish_grid(server, iris, 3035, "carreaux_200m_met", tmp_path)
    publish_qpv(server, read_layer(here, "qpv"))
    parts = {path.name: path.read_bytes() for path in (shared / "qpv-2015").glob("QP_METROPOLE_LB93.*")}
    parts = {name.replace("METROPOLE_LB93", "METROPOLEOUTREMER_WGS84_EPSG4326"): part for name, part in parts.items()}
    publish_dataset(server, "qpv_2015", {"qp-politiquedelaville-shp.zip": ("shp", zipped(**parts))})
    friches = gpd.read_file(shared / "friches" / "cartofriches_est_ensemble_2024-03-10.geojson")
    text = friches.drop(columns="geometry").to_csv(sep=";", index=False).encode()
    publish_dataset(server, "cartofriches", {"friches-standard.csv": ("csv", text)})
    server.files[STATIONS_PATH] = (shared / "stations" / "idfm_emplacement-des-gares-idf_2025-07.geojson").read_bytes()
    server.files[BAN_PATH] = (shared / "ban" / "adresses-93010.csv.gz").read_bytes()
    redirect(server, tmp_path, monkeypatch)
    essgeo("study", "est-ensemble", "--as-of", "2026-01", "--out", "own", folder=tmp_path)
    said = essgeo("study", "est-ensemble", "--as-of", "2026-01", "--out", "live", "--live", folder=tmp_path)
    assert "OpenStreetMap" in said
    own, live = ({path.name for path in (tmp_path / out).glob("*.html")} for out in ("own", "live"))
    assert live == own
    package = json.loads((tmp_path / "live" / "datapackage.json").read_text(encoding="utf-8"))
    fetched = {source["layer"] for source in package["inputs"] if source["url"]}
    assert fetched == {"iris", "qpv", "sites", "stations", "addresses", "demand"}
    own_zones, live_zones = (pd.read_csv(tmp_path / out / "tables" / "zones.csv") for out in ("own", "live"))
    in_programme = [set(zones.loc[zones["layer"] == "npnru", "zone_id"]) for zones in (own_zones, live_zones)]
    assert in_programme[1] == in_programme[0]
