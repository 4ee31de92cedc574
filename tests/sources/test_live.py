"""A study on official files, from a server of files in the schemas of their publishers, where things go wrong."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from essgeo import load_territory, read_layer
from essgeo.errors import SourceUnavailableError
from essgeo.sources.catalogue import REFRESH_DAYS
from essgeo.study import run_study
from tests.sources.official_files import (
    IRIS_PATH,
    OSM_PATH,
    STATIONS_PATH,
    in_degrees,
    mesh,
    publish_grid,
    publish_sirene,
    publish_streets,
)
from tests.structures.official import place, site, unit

if TYPE_CHECKING:
    from pathlib import Path


def test_every_layer_comes_from_its_official_file(official: Any, small_territory: Path, tmp_path: Path) -> None:
    study = run_study(small_territory, live=True, out=tmp_path / "maps", lang="en")
    given = load_territory(small_territory)
    assert study.iris["population"].tolist() == read_layer(given, "iris")["population"].tolist()
    assert study.iris["median_income"].isna().tolist() == [False, False, True, False]
    assert study.qpv.index.tolist() == ["QN1"]
    assert study.npnru["interest"].tolist() == ["national"]
    assert study.npnru["confidence"].str.contains("100 % of residents of QP1").all()
    assert study.sites["name"].tolist() == ["Halle", "Friche A"]
    assert study.stations["name"].tolist() == ["Arrêt"]
    assert study.structures.loc["velo", "geo_engine"] == "ban"
    assert study.demand["method"].str.contains("200 m grid").all()
    assert study.demand["population"].sum() == pytest.approx(study.iris["population"].sum())

    fetched = {source.layer: source for source in study.inputs if source.url}
    assert set(fetched) == {"iris", "qpv", "npnru", "sites", "stations", "addresses", "demand"}
    for source in fetched.values():
        content = official.files[source.url.removeprefix("https:/").partition("?")[0]]
        assert source.sha256 == hashlib.sha256(content).hexdigest()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", source.fetched_at)
    method = (tmp_path / "maps" / "method.html").read_text(encoding="utf-8")
    assert all(source.sha256 in method and source.fetched_at in method for source in fetched.values())
    package = json.loads((tmp_path / "maps" / "datapackage.json").read_text(encoding="utf-8"))
    assert {source["url"] for source in package["inputs"]} >= {source.url for source in fetched.values()}
    assert {note.partition(" ")[0] for note in study.shortfalls} == {"OpenStreetMap,", "Sirene"}


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
    publish_sirene(
        official, tmp_path, sirene_establishments=sites, sirene_legal_units=units, sirene_geolocation=[place(1)]
    )
    study = run_study(small_territory, live=True, out=tmp_path / "maps", lang="en")
    assert sorted(study.structures["name"]) == ["ASSO 1", "ASSO 3", "[ND]"]
    placed = study.structures.set_index("name")
    assert placed.loc["ASSO 1", "geo_engine"] == "sirene"
    assert placed.loc["[ND]", "geo_status"] == "masked"
    used = {source.title for source in study.inputs if source.layer == "structures"}
    assert {"Sirene : fichier StockEtablissement", "Sirene : fichier StockUniteLegale"} <= used
    assert any(note.startswith("Liste des entreprises de l'ESS: no data") for note in study.notes)
    assert "structures" not in {source.layer for source in study.inputs if not source.url}


def test_people_walk_on_the_streets_of_the_region(official: Any, small_territory: Path, tmp_path: Path) -> None:
    streets = in_degrees(mesh((660_000, 6_867_000, 664_000, 6_868_000), 250))
    content = publish_streets(official, streets, tmp_path / "streets.osm.pbf", "2026-11-01")
    study = run_study(small_territory, live=True, out=tmp_path / "maps", lang="fr")
    (network,) = [source for source in study.inputs if source.layer == "network"]
    assert (network.licence, network.vintage) == ("ODbL 1.0", "2026-11-01")
    assert network.sha256 == hashlib.sha256(content).hexdigest()
    assert network.url.startswith("https://download.geofabrik.de/europe/france/ile-de-france")
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
    assert len(fetched[0]) == 10
    assert fetched[1] == fetched[0]


def test_offline_opens_no_connection(
    small_territory: Path, no_network: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del no_network
    monkeypatch.setenv("ESSGEO_CACHE", str(tmp_path / "empty"))
    study = run_study(small_territory, live=True, offline=True, out=None, lang="en")
    assert all(not source.url for source in study.inputs)
    assert sum("was never fetched here" in note for note in study.shortfalls) == 9


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
    assert read_layer(here, "npnru", vintage="2015", offline=False).index.tolist() == ["QP1"]
    with pytest.raises(SourceUnavailableError, match="names QPV of 2015 only"):
        read_layer(here, "npnru", vintage="2024", offline=False)
    official.files[STATIONS_PATH] = b"<html>maintenance</html>"
    (note,) = read_layer(here, "stations", offline=False).attrs["notes"]
    assert "it is a web page, not geojson" in note
