"""Each official format is read under any of its names, repaired where it is broken, and never silently cut."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from essgeo import load_territory, read_layer
from essgeo.access import grid_points
from essgeo.errors import SchemaError, SourceChangedError
from essgeo.files.perimeters import read_zones, renewal_zones
from essgeo.official.catalogue import find_source
from essgeo.official.census import iris_layer, read_grid, read_iris_income, read_iris_outlines, read_iris_population
from essgeo.official.readers import read_cartofriches, read_npnru, read_qpv, read_qpv_pairs, read_stations
from essgeo.zoning import carry_projects, crosswalk

if TYPE_CHECKING:
    from pathlib import Path

LAMBERT = "EPSG:2154"
SQUARE = shapely.box(660_000, 6_867_000, 662_000, 6_868_000)
BOW = shapely.Polygon([(660_000, 6_867_000), (661_000, 6_868_000), (661_000, 6_867_000), (660_000, 6_868_000)])


@pytest.fixture(scope="module")
def whole() -> shapely.Geometry:
    return read_layer(load_territory("est-ensemble"), "communes").union_all()


@pytest.mark.parametrize("names", [("CODE_QP", "NOM_QP"), ("code_qp", "lib_qp"), ("Code_QP", "Nom_QP")])
def test_qpv_are_read_under_any_of_their_names(tmp_path: Path, names: tuple[str, str]) -> None:
    path = tmp_path / "qpv.gpkg"
    columns = {names[0]: ["QP1", "QP2", "QP3"], names[1]: ["Nœud", "Carré", "Vide"]}
    gpd.GeoDataFrame(columns, geometry=[BOW, SQUARE, None], crs=2154).to_file(path)
    found = read_qpv(path, find_source("qpv_2015"), crs=LAMBERT, within=SQUARE)
    assert found["name"].to_dict() == {"QP1": "Nœud", "QP2": "Carré"}
    told = {name: found.attrs[name] for name in ("repaired", "empty", "slivers")}
    assert told == {"repaired": ["QP1"], "empty": ["QP3"], "slivers": []}
    assert found.is_valid.all()
    assert set(found["vintage"]) == {"2015"}


def test_a_territory_may_have_no_qpv(tmp_path: Path) -> None:
    path = tmp_path / "qpv.geojson"
    far = gpd.GeoDataFrame(
        {"code_qp": ["QN1"], "lib_qp": ["x"]}, geometry=[shapely.box(55, -21, 55.1, -20.9)], crs=4326
    )
    far.to_file(path)
    assert len(read_qpv(path, find_source("qpv_2024"), crs=LAMBERT, within=SQUARE)) == 0
    overseas = gpd.GeoSeries([shapely.box(55, -21, 55.2, -20.8)], crs=4326).to_crs(2975).iloc[0]
    assert len(read_qpv(path, find_source("qpv_2024"), crs="EPSG:2975", within=overseas)) == 1


def test_the_official_qpv_of_2015_are_those_of_est_ensemble(shared: Path, whole: shapely.Geometry) -> None:
    path = shared / "qpv-2015" / "QP_METROPOLE_LB93.shp"
    found = read_qpv(path, find_source("qpv_2015"), crs=LAMBERT, within=whole)
    own = pd.read_csv(load_territory("est-ensemble").file("npnru").path)
    assert set(own["qpv_2015"]) <= set(found.index) | {""}
    assert found.is_valid.all()
    assert len(found.attrs["repaired"]) == (~gpd.read_file(path).set_index("CODE_QP").is_valid)[found.index].sum()


def test_the_official_renewal_list_is_that_of_the_territory(shared: Path, whole: shapely.Geometry) -> None:
    zones = read_qpv(shared / "qpv-2015" / "QP_METROPOLE_LB93.shp", find_source("qpv_2015"), crs=LAMBERT, within=whole)
    found = read_npnru(shared / "npnru" / "npnru_qpv2015_codes_fcu.csv", find_source("npnru"), qpv_2015=zones)
    own = pd.read_csv(load_territory("est-ensemble").file("npnru").path)
    in_programme = set(own.loc[own["interest"] != "none", "qpv_2015"])
    assert set(found["qpv_2015"]) & set(own["qpv_2015"]) == in_programme
    assert set(found["interest"]) == {"unknown"}
    assert set(found["qpv_2024"]) == {""}


def test_stations_in_and_around_the_territory_are_read(shared: Path, whole: shapely.Geometry) -> None:
    path = shared / "stations" / "idfm_emplacement-des-gares-idf_2025-07.geojson"
    found = read_stations(path, find_source("stations"), crs=LAMBERT, within=whole)
    own = read_layer(load_territory("est-ensemble"), "stations")
    opened = own[own["status"] == "open"]
    assert found.distance(whole).max() <= 500
    assert opened.sjoin_nearest(found, distance_col="apart")["apart"].max() < 30
    every = gpd.read_file(path).to_crs(LAMBERT)
    assert len(found) == int((every.distance(whole) <= 500).sum())


def test_the_grid_of_bondy_holds_its_people(shared: Path) -> None:
    path = shared / "population" / "bondy_carreaux200m_filosofi2019.gpkg"
    here = load_territory("est-ensemble")
    iris = read_layer(here, "iris")
    bondy = iris[iris["citycode"] == "93010"]
    cells = read_grid(path, find_source("grid_200m"), crs=LAMBERT, within=bondy.union_all())
    assert len(cells) > 100
    demand = grid_points(cells, iris)
    nearest_year = read_layer(here, "iris_indicators")["population_2021"].reindex(bondy.index).sum()  # grid: 2019
    assert demand["population"].sum() == pytest.approx(nearest_year, rel=0.06)
    raw = gpd.read_file(path).set_index("idcar_200m")
    assert cells["ind"].tolist() == raw.loc[cells.index, "ind"].tolist()


def test_cells_without_geometry_are_where_their_name_says(shared: Path, tmp_path: Path) -> None:
    path = shared / "population" / "bondy_carreaux200m_filosofi2019.gpkg"
    raw = gpd.read_file(path)
    table = tmp_path / "carreaux.csv"
    raw.drop(columns="geometry").to_csv(table, index=False)
    around = raw.union_all().buffer(50)
    from_ids = read_grid(table, find_source("grid_200m"), crs=LAMBERT, within=around)
    drawn = raw.set_index("idcar_200m").geometry.loc[from_ids.index]
    whole_cells = drawn.area > 39_900
    assert whole_cells.sum() > 90
    assert from_ids.geometry[whole_cells].distance(drawn[whole_cells]).max() == 0
    assert from_ids[whole_cells].centroid.distance(drawn[whole_cells].centroid).max() < 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("CRS3035RES200mN2E3x,1,2,0", "is not a cell"),
        ("CRS3035RES200mN2891800E3770600,many,2,0", "population is 'many' in row 2"),
    ],
)
def test_a_grid_of_another_form_has_changed(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "grid.csv"
    path.write_text(f"idcar_200m,ind,ind_snv,i_est_200\n{row}\n")
    everywhere = shapely.box(0, 6_000_000, 2_000_000, 8_000_000)
    with pytest.raises(SourceChangedError, match=said):
        read_grid(path, find_source("grid_200m"), crs=LAMBERT, within=everywhere)


def test_the_real_brownfields_are_read(shared: Path) -> None:
    path = shared / "friches" / "cartofriches_est_ensemble_2024-03-10.geojson"
    here = load_territory("est-ensemble")
    found = read_cartofriches(path, find_source("cartofriches"), communes=here.communes, crs=here.crs)
    assert len(found) == 36
    assert found.geometry.notna().all()
    assert len(read_cartofriches(path, find_source("cartofriches"), communes=["93010"], crs=here.crs)) < 36
    assert found["surface_m2"].notna().sum() > 20
    with (load_territory("est-ensemble").file("sites").path).open(encoding="utf-8") as lines:
        assert set(csv.DictReader(lines).fieldnames or ()) >= {"name", "state"}


def test_positions_of_sites_in_unknown_metres_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "friches.csv"
    path.write_text(
        "site_id;site_nom;site_statut;comm_nom;comm_insee;geompoint\n1;A;s;B;93010;POINT (660000 6867000)\n"
    )
    with pytest.raises(SourceChangedError, match="are not degrees"):
        read_cartofriches(path, find_source("cartofriches"), communes=["93010"], crs=LAMBERT)
    path.write_text("site_id;site_nom;site_statut;comm_nom;comm_insee;geompoint\n1;A;s;B;93010;POINT (2.46 48.9)\n")
    found = read_cartofriches(path, find_source("cartofriches"), communes=["93010"], crs=LAMBERT)
    assert found.distance(shapely.Point(660_000, 6_867_000)).max() < 2500


def iris_file(tmp_path: Path, names: dict[str, str], shapes: list[shapely.Geometry | None]) -> Path:
    path = tmp_path / "iris.gpkg"
    values = {"code": ["930100101", "930100102"], "name": ["Un", "Deux"], "com": ["93010"] * 2, "city": ["Bondy"] * 2}
    columns = {names[key]: cells for key, cells in values.items()}
    gpd.GeoDataFrame(columns, geometry=shapes, crs=2154).to_file(path)
    return path


OLD = {"code": "CODE_IRIS", "name": "NOM_IRIS", "com": "INSEE_COM", "city": "NOM_COM"}
NEW = {"code": "code_iris", "name": "nom_iris", "com": "code_insee", "city": "nom_commune"}


@pytest.mark.parametrize("names", [OLD, NEW])
def test_iris_join_outlines_population_and_income(tmp_path: Path, names: dict[str, str]) -> None:
    outlines = read_iris_outlines(iris_file(tmp_path, names, [BOW, SQUARE]), find_source("iris"), communes=["93010"])
    census, filosofi = tmp_path / "base-ic.csv", tmp_path / "filo.csv"
    census.write_bytes("IRIS;COM;P21_POP;LIBELLÉ\n930100101;93010;1 894,5;é\n930100199;93010;7;x\n".encode("cp1252"))
    filosofi.write_text("﻿IRIS;DISP_MED21\n930100101;ns\n930100102;18 320\n", encoding="utf-8")
    people = read_iris_population(census, find_source("iris_population"), communes=["93010"])
    income = read_iris_income(filosofi, find_source("iris_income"), communes=["93010"])
    layer = iris_layer([outlines], people, income, communes=["93010", "93059"], crs=LAMBERT)
    assert layer["population"].tolist() == [1894.5, 0]
    assert layer["inhabited"].tolist() == [True, False]
    assert layer["median_income"].fillna(-1).tolist() == [-1, 18320]
    assert layer.attrs == {
        "repaired": ["930100101"],
        "empty": [],
        "absent": ["93059"],
        "without_population": ["930100102"],
        "unplaced": 7.0,
    }
    assert layer.is_valid.all()


def test_an_iris_file_of_other_communes_is_refused(tmp_path: Path) -> None:
    path = iris_file(tmp_path, NEW, [SQUARE, None])
    outlines = read_iris_outlines(path, find_source("iris"), communes=["93010"])
    assert outlines.attrs == {"repaired": [], "empty": ["930100102"]}
    with pytest.raises(SchemaError, match="none of 93010 has an IRIS with an outline and a population"):
        iris_layer([outlines], pd.Series({"930080101": 3.0}), None, communes=["93010"], crs=LAMBERT)


def test_a_population_that_is_a_text_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "base-ic.csv"
    path.write_text("IRIS;COM;P22_POP\n930100101;93010;beaucoup\n")
    with pytest.raises(SourceChangedError, match="population of 930100101 is 'beaucoup', not a number"):
        read_iris_population(path, find_source("iris_population"), communes=["93010"])


def test_a_project_of_2015_reaches_2024_only_by_the_crosswalk(shared: Path, whole: shapely.Geometry) -> None:
    here = load_territory("est-ensemble")
    old = read_qpv(shared / "qpv-2015" / "QP_METROPOLE_LB93.shp", find_source("qpv_2015"), crs=LAMBERT, within=whole)
    new, iris = read_layer(here, "qpv"), read_layer(here, "iris")
    projects = read_npnru(shared / "npnru" / "npnru_qpv2015_codes_fcu.csv", find_source("npnru"), qpv_2015=old)
    weights = iris.set_geometry(iris.representative_point())
    pairs = crosswalk(old, new, weights=weights)
    carried = carry_projects(projects, pairs)
    assert set(projects["qpv_2015"]) == set(carried["qpv_2015"])
    reached = carried[carried["qpv_2024"] != ""]
    assert set(reached["qpv_2024"]) <= set(new.index)
    assert reached["confidence"].str.contains("2015 -> 2024").all()
    assert carried.index.is_unique
    own = pd.read_csv(here.file("npnru").path, dtype=str, keep_default_na=False)
    by_hand = set(own.loc[(own["interest"] != "none") & (own["qpv_2024"] != ""), "qpv_2024"])
    assert len(by_hand - set(reached["qpv_2024"])) <= 1


def test_a_figure_of_one_vintage_is_never_joined_to_the_other(tmp_path: Path) -> None:
    squares = {
        year: gpd.GeoDataFrame(
            {"zone_id": [code], "name": ["Le même nom"], "vintage": [year]}, geometry=[SQUARE], crs=2154
        ).set_index("zone_id")
        for year, code in (("2015", "QP093001"), ("2024", "QN09301M"))
    }
    project = pd.DataFrame(
        {
            "qpv_2015": ["QP093001"],
            "qpv_2024": [""],
            "project_name": ["P"],
            "interest": ["national"],
            "confidence": "c",
        },
        index=pd.Index(["npnru-1"], name="project_id"),
    )
    assert renewal_zones(project, squares["2024"], vintage="2024").empty
    with pytest.raises(SchemaError, match="no column qpv_2030; the list names the QPV of 2015, 2024 only"):
        renewal_zones(project, squares["2024"], vintage="2030")
    assert renewal_zones(project.iloc[:0], squares["2024"], vintage="2030").empty
    assert renewal_zones(project, squares["2015"], vintage="2015").index.tolist() == ["QP093001"]
    people = gpd.GeoDataFrame({"population": [10.0]}, geometry=[SQUARE.centroid], crs=2154)
    carried = carry_projects(project, crosswalk(squares["2015"], squares["2024"], weights=people))
    assert renewal_zones(carried, squares["2024"], vintage="2024").index.tolist() == ["QN09301M"]
    assert carry_projects(project, crosswalk(squares["2015"], squares["2024"].iloc[:0], weights=people)).equals(project)

    path = tmp_path / "qpv.gpkg"
    gpd.GeoDataFrame({"code_qp": ["QP093001"], "nom_qp": ["x"]}, geometry=[SQUARE], crs=2154).to_file(path)
    with pytest.raises(
        SchemaError, match=r"its codes \(QP093001 ...\) are those of 2015, where QPV of 2024 are expected"
    ):
        read_zones(path, crs=LAMBERT, vintage="2024")
    with pytest.raises(SchemaError, match="are those of 2015"):
        read_qpv(path, find_source("qpv_2024"), crs=LAMBERT, within=SQUARE)


def test_a_zone_that_was_moved_carries_no_project() -> None:
    away = shapely.box(661_900, 6_867_000, 664_000, 6_868_000)
    old = gpd.GeoDataFrame({"vintage": ["2015"]}, geometry=[SQUARE], index=["QP1"], crs=2154)
    new = gpd.GeoDataFrame({"vintage": ["2024"]}, geometry=[away], index=["QN1"], crs=2154)
    spots = [shapely.Point(x, 6_867_500) for x in (660_500, 661_000, 661_950, 663_000, 663_500)]
    people = gpd.GeoDataFrame({"population": [30.0, 30.0, 40.0, 50.0, 50.0]}, geometry=spots, crs=2154)
    project = pd.DataFrame({"qpv_2015": ["QP1"], "confidence": ["c"]}, index=pd.Index(["a"], name="project_id"))
    pairs = crosswalk(old, new, weights=people)
    assert pairs.loc[0, ["population_share_of_old", "population_share_of_new"]].tolist() == [0.4, 40 / 140]
    assert carry_projects(project, pairs)["qpv_2024"].tolist() == [""]
    assert carry_projects(project, pairs, min_share=0.4)["qpv_2024"].tolist() == ["QN1"]


def test_what_the_anct_names_is_said_of_a_zone_and_its_successor(tmp_path: Path) -> None:
    codes = pd.Index(["QP1"], name="zone_id"), pd.Index(["QN1"], name="zone_id")
    old, new = (
        gpd.GeoDataFrame({"vintage": [year]}, geometry=[SQUARE], index=index, crs=2154)
        for year, index in zip(("2015", "2024"), codes, strict=True)
    )
    people = gpd.GeoDataFrame({"population": [10.0]}, geometry=[SQUARE.centroid], crs=2154)
    project = pd.DataFrame({"qpv_2015": ["QP1"], "confidence": ["c"]}, index=pd.Index(["a"], name="project_id"))
    header = (
        "\ufeffQP2024;Label_QP2024;Statut;QP2015_1;Label_QP2015_1;QP2015_2;Label_QP2015_2;QP2015_3;Label_QP2015_3\n"
    )
    (tmp_path / "qp.csv").write_text(header + "QN1;A;x;QP9;B;QP1;C;;\n", encoding="utf-8")
    named = read_qpv_pairs(tmp_path / "qp.csv")
    assert named == [("QP1", "QN1"), ("QP9", "QN1")]
    said = [
        carry_projects(project, crosswalk(old, new, weights=people), named=pairs)["confidence"].iloc[0]
        for pairs in (named, [], None)
    ]
    assert [text.rpartition("; ")[2] for text in said[:2]] == ["a pair of the ANCT", "no pair of the ANCT"]
    assert "ANCT" not in said[2]


def test_the_owner_of_a_brownfield_is_told_with_its_category(shared: Path) -> None:
    path = shared / "friches" / "cartofriches_est_ensemble_2024-03-10.geojson"
    here = load_territory("est-ensemble")
    found = read_cartofriches(path, find_source("cartofriches"), communes=here.communes, crs=here.crs)
    assert found["owner_type"].str.startswith("personne").any()
    assert found["owner_type"].str.contains("copropriété").any()
    assert not found["owner_type"].str.contains(r"[A-Z]\d[a-z]").any()
    assert not found["owner_type"].str.contains("[{}]").any()
