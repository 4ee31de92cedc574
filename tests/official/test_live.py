"""A study on official files, from a server of files in the schemas of their publishers, where things go wrong."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest
import shapely

from essgeo import load_territory, read_layer
from essgeo.errors import InputWarning
from essgeo.official.live import Live
from essgeo.study import Options, run_study, set_up
from essgeo.study.facts import live_renewal
from tests.made.official import (
    ACTIVITY_PATH,
    AGES,
    CENSUS,
    INCOME_PATH,
    OSM_PATH,
    POPULATION_PATH,
    STATIONS_PATH,
    UNCOVERED,
    in_degrees,
    mesh,
    publish_dataset,
    publish_sirene,
    publish_streets,
    table,
    zipped,
)
from tests.made.sirene import place, site, unit
from tests.official.conftest import official_web

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from essgeo.results import Study
    from tests.made.server import FileServer


def publish_census(official: FileServer) -> None:
    """Serve a census whose young live in the first IRIS, and so do those without work."""
    codes, communes = ["930100101", "930100102", "930480101", "930480102"], ["93010"] * 2 + ["93048"] * 2
    whole = {"IRIS": codes, "COM": communes, "TYP_IRIS": ["H"] * 4, "P22_POP": ["1001", "2000", "3000", "4003"]}
    ages = {f"P22_POP{age}": ["0"] * 4 for age in AGES}
    young = {"P22_POP1117": ["200", "0", "0", "0"], "P22_POP1824": ["100", "0", "0", "0"]}
    official.files[POPULATION_PATH] = zipped(**{"base-ic-evol-struct-pop-2022.CSV": table(whole | ages | young)})
    worked = {"P22_ACT1564": ["400"] * 4, "P22_ACTOCC1564": ["300"] * 4, "P22_CHOM1564": ["100", "20", "20", "20"]}
    activity = table({"IRIS": codes, "COM": communes, **worked, "P22_INACT1564": ["0"] * 4})
    official.files[ACTIVITY_PATH] = zipped(**{"base-ic-activite-residents-2022.CSV": activity})
    for path, (total, *parts) in CENSUS.items():  # 60 of 100 in the first IRIS, 10 in the others, a cell masked
        counts = {total: ["100"] * 4} | {name: [f"{60 / len(parts)}", "10", "s", "10"] for name in parts}
        member = path.rpartition("/")[2].replace("_csv.zip", ".CSV")
        official.files[path] = zipped(**{member: table({"IRIS": codes, "COM": communes, **counts})})
    income = {
        "IRIS": codes,
        "DISP_TP6021": ["41,5", "12,0", "nd", "8,0"],
        "DISP_MED21": ["15000", "20000", "ns", "30000"],
    }
    official.files[INCOME_PATH] = zipped(**{"BASE_TD_FILO_IRIS_2021_DISP.csv": table(income)})


@dataclass(frozen=True)
class Run:
    """A live study in English, the folder of its pages and of the copies of its files, and what was served."""

    study: Study
    folder: Path
    served: Mapping[str, bytes]


@pytest.fixture(scope="module")
def plain(made_territory: Path, official_files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Publish a study on files all of which are right; there is no SIRENE and no street."""
    folder = tmp_path_factory.mktemp("plain")
    with official_web(official_files, folder):
        study = run_study(made_territory, live=True, out=folder / "maps", lang="en")
    return Run(study, folder, official_files)


@pytest.fixture(scope="module")
def whole(made_territory: Path, official_files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Study a register of SIRENE, on the streets of the region, with the ages, the work and the homes of the census."""
    folder = tmp_path_factory.mktemp("whole")
    with official_web(official_files, folder) as official:
        publish_census(official)
        sites = [site(1), site(2, statutDiffusionEtablissement="P"), site(3, libelleVoieEtablissement="INCONNUE")]
        units = [unit(number, denominationUniteLegale=f"ASSO {number}") for number in (1, 2, 3)]
        publish_sirene(
            official, folder, sirene_establishments=sites, sirene_legal_units=units, sirene_geolocation=[place(1)]
        )
        streets = in_degrees(mesh((660_000, 6_867_000, 664_000, 6_868_000), 250))
        publish_streets(official, streets, folder / "streets.osm.pbf", "2026-11-01")
        with pytest.warns(InputWarning, match=UNCOVERED):
            study = run_study(made_territory, live=True, out=None, lang="en")
        return Run(study, folder, official.files)


def test_every_layer_comes_from_its_official_file(plain: Run, made_territory: Path) -> None:
    study, maps = plain.study, plain.folder / "maps"
    given = load_territory(made_territory)
    assert study.iris["population"].tolist() == read_layer(given, "iris")["population"].tolist()
    assert study.iris["median_income"].isna().tolist() == [False, False, True, False]
    assert study.qpv.index.tolist() == ["QN1"]
    assert study.npnru["interest"].tolist() == ["national"]
    assert study.npnru["confidence"].tolist() == ["sure"]
    assert study.sites["name"].tolist() == ["Halle", "Friche A"]
    assert study.stations["name"].tolist() == ["Arrêt"]
    assert study.structures.loc["velo", "geo_engine"] == "ban"
    assert study.demand["method"].eq("grid_200m").all()
    assert study.demand["population"].sum() == pytest.approx(study.iris["population"].sum())

    fetched = {source.layer: source for source in study.inputs if source.url}
    assert set(fetched) == {"iris", "iris_indicators", "qpv", "sites", "stations", "addresses", "demand"}
    for source in fetched.values():
        content = plain.served[source.url.removeprefix("https:/").partition("?")[0]]
        assert source.sha256 == hashlib.sha256(content).hexdigest()
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", source.fetched_at)
    method = (maps / "method.html").read_text(encoding="utf-8")
    assert all(source.sha256 in method and source.fetched_at in method for source in fetched.values())
    package = json.loads((maps / "datapackage.json").read_text(encoding="utf-8"))
    assert {source["url"] for source in package["inputs"]} >= {source.url for source in fetched.values()}
    assert {note.partition(" ")[0] for note in study.shortfalls} == {"OpenStreetMap,", "Quartiers", "Sirene"}


def test_ages_and_unemployment_of_the_census_tell_whom_youth_is_for_and_what_is_needed(whole: Run) -> None:
    study = whole.study
    assert study.demand["aged_11_24"].sum() == pytest.approx(300)
    youth = study.challenge_reach[study.challenge_reach["challenge"] == "jeunesse"].set_index("zone_id")
    assert youth.loc["Small", ["public", "stands_in"]].tolist() == ["aged_11_24", False]
    assert youth.loc["left", "people"] == pytest.approx(300)
    needed = study.needs.set_index(["indicator", "zone_id"])
    assert needed.loc[("unemployment_15_64", "left"), ["need_value", "need"]].tolist() == [25, "more"]
    for rate in ("no_diploma_rate", "one_parent_rate", "overcrowding_rate"):
        assert needed.loc[(rate, "930100101"), ["need_value", "need", "method"]].tolist() == [60, "more", "needs_given"]
        assert needed.loc[(rate, "930480101"), "need"] == "not_known"
    assert needed.loc[("poverty_rate", "left"), ["need_value", "need"]].tolist() == [41.5, "more"]
    assert needed.loc[("median_income", "left"), ["need_value", "need"]].tolist() == [15_000, "more"]
    assert {"Population", "Activité", "Diplômes", "Logement", "Couples,"}.isdisjoint(
        note.partition(" ")[0] for note in study.shortfalls
    )


def test_structures_are_those_of_sirene(whole: Run) -> None:
    study = whole.study
    assert sorted(study.structures["name"]) == ["ASSO 1", "ASSO 3", "[ND]"]
    placed = study.structures.set_index("name")
    assert placed.loc["ASSO 1", "geo_engine"] == "sirene"
    assert placed.loc["[ND]", "geo_status"] == "masked"
    used = {source.title for source in study.inputs if source.layer == "structures"}
    assert {"Sirene : fichier StockEtablissement", "Sirene : fichier StockUniteLegale"} <= used
    assert any(note.startswith("Liste des entreprises de l'ESS: no data") for note in study.notes)
    assert "structures" not in {source.layer for source in study.inputs if not source.url}


def test_people_walk_on_the_streets_of_the_region(whole: Run) -> None:
    study = whole.study
    (network,) = [source for source in study.inputs if source.layer == "network"]
    assert (network.licence, network.vintage) == ("ODbL 1.0", "2026-11-01")
    assert network.sha256 == hashlib.sha256(whole.served[OSM_PATH]).hexdigest()
    assert network.url.startswith("https://download.geofabrik.de/europe/france/ile-de-france")
    assert study.walking is not None
    assert study.walking.residents_away == 0
    assert study.coverage["method"].str.startswith("network date=2026-11-01 ").all()


def test_offline_uses_what_was_fetched(
    plain: Run, made_territory: Path, monkeypatch: pytest.MonkeyPatch, no_network: None
) -> None:
    del no_network
    monkeypatch.setenv("ESSGEO_CACHE", str(plain.folder / "cache"))
    after = set_up(made_territory, Options(live=True, offline=True, lang="en"))
    fetched = [[source for source in study.inputs if source.url] for study in (plain.study, after)]
    assert len(fetched[0]) == 14
    assert fetched[1] == fetched[0]


def test_offline_opens_no_connection(
    small_territory: Path, no_network: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del no_network
    monkeypatch.setenv("ESSGEO_CACHE", str(tmp_path / "empty"))
    study = set_up(small_territory, Options(live=True, offline=True, lang="en"))
    assert all(not source.url for source in study.inputs)
    assert sum("never fetched on this computer" in note for note in study.shortfalls) == 14
    assert sum("was never fetched here" in fault for fault in study.faults) == 14


def test_a_layer_is_read_from_its_official_source(official: Any, small_territory: Path) -> None:
    here = load_territory(small_territory)
    assert len(read_layer(here, "iris", offline=False)) == 4
    assert read_layer(here, "qpv", offline=False).attrs["notes"] == []
    projects = read_layer(here, "npnru", offline=False)
    assert projects.index.tolist() == ["QN1"]
    (said,) = projects.attrs["notes"]
    assert "liste propre au territoire, npnru.csv (millésime 2024) ; aucun fichier n'est publié" in said
    assert "tient lieu" not in said
    official.files[STATIONS_PATH] = b"<html>maintenance</html>"
    told = read_layer(here, "stations", offline=False).attrs
    assert "le fichier a changé de forme" in told["notes"][0]
    assert "it is a web page, not geojson" in told["faults"][0]


def test_projects_of_2015_say_whether_the_anct_names_their_successor(
    official: FileServer, plain: Run, small_territory: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "projects.csv"
    mine.write_text("qpv_2015,project_name,interest\nQP1,Les Rives,national\n", encoding="utf-8")
    here, study = load_territory(small_territory), plain.study
    qpv = read_layer(here, "qpv", offline=False)
    for listed, said in (("", "of QN1"), ("QP1", "; a pair of the ANCT"), ("QP9", "; no pair of the ANCT")):
        if listed:
            pairs = f"QP2024;Label_QP2024;Statut;QP2015_1;QP2015_2;QP2015_3\nQN1;A;x;{listed};;\n".encode()
            publish_dataset(official, "qpv_correspondence", {"liste-correspondance-qp2024-qp2015.csv": ("csv", pairs)})
            shutil.rmtree(tmp_path / "cache")
        live, outlines = Live(here, lang="en"), study.communes.union_all()
        found = live_renewal(live, qpv, vintage="2024", within=outlines, demand=study.demand, given=mine)
        assert found.value.index.tolist() == ["QN1"]
        assert found.value["confidence"].iloc[0].endswith(said)
        assert any("correspondance" in source.url for source in found.inputs) is bool(listed)


def test_perimeters_of_the_territory_are_read_beside_official_layers(official: Any, small_territory: Path) -> None:
    shape = shapely.box(660_100, 6_867_100, 660_600, 6_867_500)
    perimeter = gpd.GeoDataFrame({"Nom projet": ["Les Rives"], "interet": "national"}, geometry=[shape], crs=2154)
    perimeter.to_file(small_territory / "npnru.gpkg")
    described = small_territory / "territory.toml"
    described.write_text(described.read_text(encoding="utf-8").replace("npnru.csv", "npnru.gpkg"), encoding="utf-8")
    found = read_layer(load_territory(small_territory), "npnru", offline=False)
    assert found[["name", "interest"]].to_numpy().tolist() == [["Les Rives", "national"]]
    assert found.geometry.iloc[0].symmetric_difference(shape).area < 1
    assert found.attrs["notes"] == []
    assert not any("qpv" in path for path, _ in official.requests)
