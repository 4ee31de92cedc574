"""Renewal perimeters and lists that a user gives: they win over the outlines of QPV, with official files or without."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from essgeo import load_territory, read_layer
from essgeo.errors import InputWarning, SchemaError, SourceUnavailableError
from essgeo.files.perimeters import perimeters_in, read_renewal
from essgeo.files.provenance import sha256_of
from essgeo.official.live import Live
from essgeo.official.store import OfficialFile
from essgeo.publish.release import caveats
from essgeo.study import Options, measure, place, run_study, set_up
from essgeo.study.facts import live_renewal
from essgeo.zoning.crosswalk import with_programme

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from essgeo.official.catalogue import Source
    from essgeo.results import Study
    from essgeo.territory import Territory

LAMBERT = "EPSG:2154"
CORNER = 660_000, 6_867_000


def box(left: float, bottom: float, right: float, top: float) -> shapely.Polygon:
    """Rectangle in metres from the corner of the small territory."""
    x, y = CORNER
    return shapely.box(x + left, y + bottom, x + right, y + top)


def write_perimeters(path: Path, shapes: Mapping[str, shapely.Geometry], **columns: list[str]) -> Path:
    frame = gpd.GeoDataFrame({"Nom projet": list(shapes), **columns}, geometry=list(shapes.values()), crs=LAMBERT)
    frame.to_crs(4326).to_file(path)
    return path


def layers(territory: Territory) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return its QPV and its IRIS."""
    qpv, iris = read_layer(territory, "qpv"), read_layer(territory, "iris")
    assert isinstance(qpv, gpd.GeoDataFrame)
    assert isinstance(iris, gpd.GeoDataFrame)
    return qpv, iris


def down(source: Source, **_: object) -> Any:
    message = f"{source.id}: no answer."
    raise SourceUnavailableError(message)


def measured(territory: Path, projects: Path) -> Study:
    """The study of a list of projects or perimeters, in few worlds."""
    setting = set_up(territory, Options(npnru=projects))
    return measure(dataclasses.replace(setting, parameters=dataclasses.replace(setting.parameters, draws=4)))


def test_a_perimeter_of_the_user_wins_over_the_outline_of_the_qpv(small_territory: Path, tmp_path: Path) -> None:
    shapes = {"Les Rives": box(500, 0, 1500, 1000), "Loin": box(90_000, 0, 90_500, 500)}
    names = ("mine.geojson", "mine.gpkg")
    other, path = (write_perimeters(tmp_path / n, shapes, interet=["Intérêt régional", "national"]) for n in names)
    also = place(small_territory, Options(npnru=other)).layers["npnru"]
    assert also["name"].tolist() == ["Les Rives"]
    assert also.geometry.iloc[0].symmetric_difference(shapes["Les Rives"]).area < 1
    study = measured(small_territory, path)
    assert study.npnru["name"].tolist() == ["Les Rives"]
    assert study.npnru.geometry.iloc[0].symmetric_difference(shapes["Les Rives"]).area < 1
    assert study.qpv.loc["QN1", ["programme", "interest"]].tolist() == ["Les Rives", "regional"]
    zone = study.zones.set_index("layer").loc["npnru"]
    assert zone["residents"] == pytest.approx(1001 / 2 + 2000 / 2, rel=0.05)
    assert (zone["area_ha"], zone["structures_in"]) == (pytest.approx(100, rel=1e-3), 0)
    (used,) = [source for source in study.inputs if source.layer == "npnru"]
    assert (used.file, used.publisher) == (path.name, "l'utilisateur")
    assert "Périmètres NPNRU donnés par l'utilisateur." in " ".join(caveats(study))


def test_a_list_of_the_user_wins_over_that_of_the_territory(small_territory: Path, tmp_path: Path) -> None:
    path = tmp_path / "liste.csv"
    path.write_text("Code QP;Projet;Interet\nQN1;Autre projet;régional\nQN9;Ailleurs;national\n", encoding="utf-8")
    study = measured(small_territory, path)
    assert study.npnru[["programme", "interest"]].to_numpy().tolist() == [["Autre projet", "regional"]]
    assert "Le contour du QPV tient lieu de périmètre NPNRU." in " ".join(caveats(study))


def test_a_territory_may_declare_perimeters(small_territory: Path) -> None:
    write_perimeters(small_territory / "npnru.geojson", {"Les Rives": box(0, 0, 300, 300)})
    described = small_territory / "territory.toml"
    described.write_text(described.read_text(encoding="utf-8").replace("npnru.csv", "npnru.geojson"), encoding="utf-8")
    here = load_territory(small_territory)
    assert read_layer(here, "npnru")["name"].tolist() == ["Les Rives"]
    qpv, iris = layers(here)
    found = live_renewal(Live(here, fetch=down), qpv, vintage="2024", within=iris.union_all(), demand=iris)
    assert found.value["name"].tolist() == ["Les Rives"]
    assert [source.file for source in found.inputs] == ["npnru.geojson"]
    assert found.notes == ()


def test_codes_of_2015_are_carried_to_the_qpv_of_today(small_territory: Path, tmp_path: Path) -> None:
    here = load_territory(small_territory)
    qpv, iris = layers(here)
    demand = iris.assign(geometry=iris.centroid)
    path = tmp_path / "anru.csv"
    path.write_text("code_qp2015\nQP1\nQP999\n")
    with pytest.raises(SchemaError, match=r"no column qpv_2024; the list names the QPV of 2015 only"):
        run_study(small_territory, npnru=path, out=None)
    with pytest.raises(SourceUnavailableError, match="no qpv layer of vintage 2015"):
        live_renewal(Live(here, fetch=down), qpv, vintage="2024", within=iris.union_all(), demand=demand, given=path)
    old = qpv.rename(index={"QN1": "QP1"}).rename_axis("CODE_QP").reset_index().rename(columns={"name": "NOM_QP"})
    old.to_file(tmp_path / "old.shp")

    def published(source: Source, **_: object) -> OfficialFile:
        path, day = tmp_path / "old.shp", "2026-11-01T00:00:00+00:00"
        came = OfficialFile(source.id, "", path.name, "https://a.fr/qp.zip", sha256=sha256_of(path), fetched_at=day)
        return dataclasses.replace(came, path=path)

    live = Live(here, fetch=published)
    found = live_renewal(live, qpv, vintage="2024", within=iris.union_all(), demand=demand, given=path).value
    assert found.index.tolist() == ["QN1"]
    assert "100 % of residents of QP1" in found.loc["QN1", "confidence"]


def test_a_live_study_without_a_list_says_why_that_of_the_territory_is_used(
    small_territory: Path, no_network: None
) -> None:
    del no_network
    here = load_territory(small_territory)
    qpv, iris = layers(here)
    found = live_renewal(Live(here, lang="en"), qpv, vintage="2024", within=iris.union_all(), demand=iris)
    assert found.value["programme"].tolist() == ["Projet"]
    (used,) = found.inputs
    assert used.file == "npnru.csv"
    assert used.note.endswith("npnru.csv (vintage 2024); no file is published for the whole country")


def test_faults_name_the_file_and_what_to_do(tmp_path: Path) -> None:
    table = tmp_path / "liste.csv"
    table.write_text("code_qp;projet\nQN1;A\n;B\n")
    with pytest.raises(SchemaError, match=r"liste\.csv: 1 fault\.\n  row 3, field qpv_2024: is empty"):
        read_renewal(table)
    table.write_text("commune;annee\nBondy;2020\n")
    with pytest.raises(SchemaError, match=r"no column with codes of QPV \(known as .*Columns seen: commune, annee"):
        read_renewal(table)
    path = write_perimeters(tmp_path / "loin.gpkg", {"Loin": box(90_000, 0, 90_500, 500)})
    with pytest.raises(SchemaError, match=r"loin\.gpkg: none of its 1 perimeters lies in the territory"):
        perimeters_in(read_renewal(path), file=path.name, crs=LAMBERT, within=box(0, 0, 4000, 1000))
    line = write_perimeters(tmp_path / "ligne.gpkg", {"Axe": shapely.LineString([CORNER, (661_000, 6_868_000)])})
    with pytest.raises(SchemaError, match=r"none of its 1 perimeters"):
        perimeters_in(read_renewal(line), file=line.name, crs=LAMBERT, within=box(0, 0, 4000, 1000))


def test_a_sliver_does_not_put_a_qpv_into_the_programme() -> None:
    qpv = gpd.GeoDataFrame(geometry=[box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)], index=["A", "B"], crs=LAMBERT)
    told = {"programme": ["P", "Q"], "interest": ["national", "regional"]}
    shapes = [box(200, 200, 1009, 1000), box(950, 0, 1050, 100)]
    found = with_programme(qpv, gpd.GeoDataFrame(told, geometry=shapes, index=["npnru-1", "npnru-2"], crs=LAMBERT))
    assert found["programme"].tolist() == ["P ; Q", "Q"]
    assert found["interest"].tolist() == ["national", "regional"]
    pd.testing.assert_index_equal(found.index, qpv.index)


@pytest.mark.parametrize(
    ("columns", "names", "interests", "told"),
    [
        ({"C_NQPV": ["QP1", "QP2"], "L_NQPV": ["Nord", "Sud"], "B_NPNRU": ["O", "N"]}, ["Nord", "Sud"],
         ["unknown", "none"], ""),
        ({"OBJECTID": [7, 8], "L_PRU": ["Rives", "Centre"], "type_interet": ["PRIR", "Intérêt national"]},
         ["Rives", "Centre"], ["regional", "national"], ""),
        ({"id": ["1", "zoneSup"]}, ["1", "zoneSup"], ["unknown"] * 2, "called by: id"),
        ({"code": [4, 4], "Nom": ["Rives", ""]}, ["Rives", "2"], ["unknown"] * 2, "1 perimeter has no name"),
        ({}, ["1", "2"], ["unknown"] * 2, "called by: their number"),
    ],
)  # fmt: skip
def test_perimeters_of_any_town_are_read_under_their_own_columns(
    tmp_path: Path, columns: dict[str, list[object]], names: list[str], interests: list[str], told: str
) -> None:
    path = tmp_path / "npnru.gpkg"
    gpd.GeoDataFrame(columns, geometry=[shapely.box(0, 0, 9, 9)] * 2, crs=2154).to_file(path)
    with pytest.warns(InputWarning, match=told) if told else nullcontext():
        found = read_renewal(path)
    called = found["project_name"].where(found["project_name"] != "", found["qpv_name"])
    assert called.tolist() == names
    assert found["interest"].tolist() == interests
