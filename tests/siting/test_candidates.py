"""Candidates from files of every sort, and over the territory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
import shapely

from essgeo import load_territory, read_layer, read_premises
from essgeo.errors import InputError, SchemaError
from essgeo.siting import default_candidates, search_areas, site_candidates

if TYPE_CHECKING:
    from pathlib import Path

FRENCH = """Réf;Nom du local;Commune;Superficie;RDC;Disponible dès;Disponible jusqu'au;Contraintes;Longitude;Latitude
;Halle nord;Bondy;1 200;OUI;01/2027;31/12/2029;toiture;2,48;48,90
;Boutique;Pantin;;non;;;;;
"""


def _file(folder: Path, text: str, name: str = "locaux.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_french_spreadsheet_is_understood(tmp_path: Path) -> None:
    table = read_premises(_file(tmp_path, FRENCH.replace("1 200", "1200")))
    assert table.crs == "EPSG:2154"
    assert table["name"].tolist() == ["Halle nord", "Boutique"]
    assert table["surface_m2"].tolist()[0] == 1200
    assert table["ground_floor"].tolist() == ["yes", "no"]
    assert table["available_from"].tolist() == ["2027-01", ""]
    assert table["available_to"].tolist() == ["2029-12-31", ""]
    assert table.geometry.notna().tolist() == [True, False]
    assert table.index.is_unique


def test_an_end_before_its_start_is_named_with_row_and_field(tmp_path: Path) -> None:
    text = "name,available_from,available_to\nA,2027-01,2027-01\nB,2028-05,2027\nC,2029,2028-12\n"
    with pytest.raises(SchemaError, match=r"locaux.csv: 2 faults(.|\n)*row 3, field available_to(.|\n)*row 4") as fault:
        read_premises(_file(tmp_path, text))
    assert "row 2" not in str(fault.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ville,prix\nBondy,3\n", "no column was recognised as name"),
        ("id,name\nx,A\nx,B\n", "identifiers are unique"),
    ],
)
def test_a_bad_file_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        read_premises(_file(tmp_path, text))


def test_polygons_give_a_point_inside(tmp_path: Path) -> None:
    shape = shapely.from_wkt("POLYGON((0 0, 90 0, 90 10, 10 10, 10 90, 0 90, 0 0))")
    layer = gpd.GeoDataFrame({"nom": ["L"]}, geometry=[shape], crs=2154)
    layer.to_file(tmp_path / "cour.gpkg")
    point = read_premises(tmp_path / "cour.gpkg").geometry.iloc[0]
    assert point.within(shape)


def test_cartofriches_is_read_as_it_is(shared: Path) -> None:
    table = read_premises(next((shared / "friches").glob("*.geojson")))
    assert len(table) == 36
    assert table.geometry.notna().all()
    assert table["surface_m2"].isna().sum() == 4, "a disc of 10 m drawn around a point is no surface"
    assert table["surface_m2"].min() == pytest.approx(116.26)
    assert (table["available_from"] == "").all()
    polluted = table[table["constraints"].str.contains("sol_pollution_existe: pollution avérée")]
    assert len(polluted) == 7
    assert not table["constraints"].str.contains("inconnu").any()


def test_the_sites_of_the_territory_keep_those_without_coordinates() -> None:
    sites = read_layer(load_territory("est-ensemble"), "sites")
    candidates = site_candidates(sites)
    assert candidates.index.tolist() == sites.index.tolist()
    assert candidates.geometry.isna().sum() == sites.geometry.isna().sum() > 0


def test_search_areas_tile_the_territory_once() -> None:
    iris = read_layer(load_territory("est-ensemble"), "iris")
    cells = search_areas(iris)
    assert cells.index.is_unique
    assert cells.within(iris.union_all().buffer(0.01)).all()
    assert len(cells) * 200**2 == pytest.approx(iris.area.sum(), rel=0.02)
    assert search_areas(iris, cell_m=400).index.isin(cells.index).sum() == 0
    with pytest.raises(InputError, match="cell_m"):
        search_areas(iris, cell_m=0)


def test_ten_located_premises_are_enough_not_to_search() -> None:
    here = load_territory("est-ensemble")
    sites, iris = read_layer(here, "sites"), read_layer(here, "iris")
    spots = gpd.GeoSeries([iris.geometry.iloc[0].centroid] * len(sites), index=sites.index, crs=iris.crs)
    located = sites.assign(state="candidate").set_geometry(spots)
    assert (default_candidates(located, iris)["kind"] == "premises").all()
    assert (default_candidates(sites, iris)["kind"] == "search_area").all()
