"""Layers of a territory hold to their contracts; zones of a user are repaired and told."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from essgeo import load_territory, read_layer
from essgeo.errors import MissingCRSError, SchemaError, SourceUnavailableError
from essgeo.files import layers, perimeters, structures, tables
from essgeo.files.layers import CONTEXT, read_layers
from essgeo.files.perimeters import read_zones
from essgeo.study.facts import own_inputs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HERE = shapely.box(660_000, 6_867_000, 664_000, 6_868_000)
BOW_TIE = shapely.Polygon([(660_100, 6_867_100), (660_500, 6_867_500), (660_500, 6_867_100), (660_100, 6_867_500)])
GOOD = shapely.box(662_000, 6_867_000, 662_500, 6_867_500)


def qpv_file(folder: Path, shapes: list[shapely.Geometry | None], **columns: object) -> Path:
    named = {"CODE_QP": [f"QP{i}" for i in range(len(shapes))], "NOM_QP": "x"} | columns
    path = folder / "qpv.parquet"
    gpd.GeoDataFrame(named, geometry=shapes, crs=2154).to_parquet(path)
    return path


def test_every_layer_of_a_territory_reads_alone_as_it_does_together(small_territory: Path) -> None:
    here = load_territory(small_territory)
    together = read_layers(here)
    assert set(together) == {"iris", "communes", "neighbourhoods", "qpv", "npnru", "sites", "stations"}
    for name, layer in together.items():
        pd.testing.assert_frame_equal(read_layer(here, name), layer)
        assert layer.crs.to_epsg() == 2154


def test_a_study_reads_no_file_twice(small_territory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(reader: Callable[..., pd.DataFrame]) -> Callable[..., pd.DataFrame]:
        def count(path: Path, **options: int) -> pd.DataFrame:
            read.append(path.name)
            return reader(path, **options)

        return count

    for module in (layers, perimeters, structures, tables):
        monkeypatch.setattr(module, "read_table", counted(module.read_table))
    read_layers(load_territory(small_territory))
    assert sorted(read) == [
        "iris.geojson",
        "neighbourhoods.csv",
        "npnru.csv",
        "qpv.geojson",
        "sites.csv",
        "stations.csv",
    ]


def test_communes_are_their_iris(small_territory: Path) -> None:
    communes = read_layer(load_territory(small_territory), "communes")
    assert communes["population"].to_dict() == {"93010": 3001, "93048": 7003}
    assert communes.area.round(-3).tolist() == [2_000_000, 2_000_000]


def test_places_without_coordinates_have_no_point(small_territory: Path) -> None:
    here = load_territory(small_territory)
    assert read_layer(here, "sites").geometry.isna().tolist() == [True]
    assert read_layer(here, "stations").geometry.iloc[0].distance(shapely.Point(660_450, 6_867_500)) < 30


def test_npnru_zones_are_the_qpv_of_a_project_with_their_vintage(small_territory: Path) -> None:
    here = load_territory(small_territory)
    zone = read_layer(here, "npnru").loc["QN1"]
    assert (zone["kind"], zone["vintage"], zone["programme"], zone["interest"]) == (
        "npnru",
        "2024",
        "Projet",
        "national",
    )
    with pytest.raises(SchemaError, match=r"npnru: no column qpv_2030; the list names the QPV of 2015, 2024 only"):
        read_layers(here, vintage="2030", qpv=here.file("qpv").path)


@pytest.mark.parametrize(
    ("layer", "said"), [("roads", "unknown layer 'roads'; known: addresses, aims"), ("Iris", "unknown layer")]
)
def test_an_unknown_layer_lists_those_there_are(small_territory: Path, layer: str, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        read_layer(load_territory(small_territory), layer)


def test_another_vintage_says_which_there_are(small_territory: Path) -> None:
    with pytest.raises(SourceUnavailableError, match=r"Small has no qpv layer of vintage 2015 \(vintages here: 2024\)"):
        read_layer(load_territory(small_territory), "qpv", vintage="2015")


def test_a_layer_without_an_official_source_is_not_fetched(small_territory: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="no official source holds the layer 'structures' alone"):
        read_layer(load_territory(small_territory), "structures", offline=False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda iris: iris.assign(geometry=[BOW_TIE, *iris.geometry[1:]]), "row 1, field geometry: is not valid"),
        (lambda iris: iris.assign(geometry=[None, *iris.geometry[1:]]), "row 1, field geometry: is empty"),
        (
            lambda iris: iris.assign(geometry=iris.centroid),
            "rows 1, 2, 3 and 4, field geometry: is a Point; Polygon or MultiPolygon",
        ),
        (lambda iris: iris.drop(columns="population"), "missing column population. Columns seen: id, iris_code"),
        (lambda iris: iris.assign(population=[-1, 0, 0, 0]), "row 1, field population: '-1' is below 0"),
        (lambda iris: iris.assign(population=[None, 0, 0, 0]), "row 1, field population: is empty"),
        (lambda iris: iris.assign(inhabited="maybe"), "rows 1, 2, 3 and 4, field inhabited: 'maybe' is not yes or no"),
        (lambda iris: iris.assign(iris_code="9"), "rows 2, 3 and 4, field iris_code: '9' already stands in row 1"),
        (lambda iris: iris.assign(citycode="75056"), "IRIS of communes that are not in Small: 75056"),
    ],
)
def test_a_broken_layer_of_iris_is_refused(
    small_territory: Path, change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame], said: str
) -> None:
    path = small_territory / "iris.geojson"
    iris = gpd.read_file(path).to_crs(2154)
    path.write_text(change(iris).set_crs(2154, allow_override=True).to_json(to_wgs84=True), encoding="utf-8")
    with pytest.raises(SchemaError) as refused:
        read_layer(load_territory(small_territory), "iris")
    assert said in str(refused.value)
    assert str(refused.value).startswith("iris.geojson: ")


def test_neighbourhoods_of_unknown_or_shared_iris_are_refused_with_their_row(small_territory: Path) -> None:
    path = small_territory / "neighbourhoods.csv"
    header = path.read_text(encoding="utf-8").splitlines()[0]
    rows = ("a,A,Bondy,93010,930100101|999,,,", "", "b,B,Bondy,93010,930100101,,,")
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    with pytest.raises(SchemaError) as refused:
        read_layer(load_territory(small_territory), "neighbourhoods")
    assert str(refused.value).splitlines() == [
        "neighbourhoods.csv: 2 faults.",
        "  row 2, field iris_codes: names IRIS that do not exist here: 999",
        "  row 4, field iris_codes: names IRIS of another neighbourhood: 930100101 (in a)",
    ]


def test_zones_are_repaired_left_out_and_told(tmp_path: Path) -> None:
    away, sliver, small = (shapely.box(x, 6_867_000, x + 80, 6_867_080) for x in (0, 663_950, 663_970))
    found = read_zones(
        qpv_file(tmp_path, [BOW_TIE, GOOD, None, away, sliver, small]), crs="EPSG:2154", vintage="2015", within=HERE
    )
    assert found.index.tolist() == ["QP0", "QP1", "QP4"]
    told = {name: found.attrs[name] for name in ("repaired", "empty", "slivers")}
    assert told == {"repaired": ["QP0"], "empty": ["QP2"], "slivers": ["QP5"]}
    assert found.geometry.is_valid.all()
    assert found.area.tolist() == pytest.approx([80_000, 250_000, 6400])
    assert set(found["vintage"]) == {"2015"}


def test_zones_in_degrees_are_put_in_metres(tmp_path: Path) -> None:
    path = tmp_path / "qpv.geojson"
    layer = gpd.GeoDataFrame({"code_qp": ["QN1"], "lib_qp": ["x"]}, geometry=[GOOD], crs=2154).to_crs(4326)
    layer.to_file(path)
    found = read_zones(path, crs="EPSG:2154", vintage="2024", within=HERE)
    assert found.crs.to_epsg() == 2154
    assert found.geometry.iloc[0].hausdorff_distance(GOOD) < 0.01


def test_zones_without_crs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "qpv.shp"
    gpd.GeoDataFrame({"CODE_QP": ["a"], "NOM_QP": ["x"]}, geometry=[GOOD], crs=2154).to_file(path)
    path.with_suffix(".prj").unlink()
    with pytest.raises(MissingCRSError, match=r"qpv.shp: no coordinate reference system"):
        read_zones(path, crs="EPSG:2154", vintage="2015")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"CODE_QP": ["a", "a"]}, "row 2, field zone_id: 'a' already stands in row 1"),
        ({"CODE_QP": ["a", None]}, "row 2, field zone_id: is empty"),
        ({"NOM_QP": ["", "b"]}, "row 1, field name: is empty"),
    ],
)
def test_zones_need_a_code_and_a_name(tmp_path: Path, columns: dict[str, object], said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        read_zones(qpv_file(tmp_path, [GOOD, GOOD], **columns), crs="EPSG:2154", vintage="2015")


def test_a_file_without_known_columns_or_here_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "zones.parquet"
    gpd.GeoDataFrame({"x": ["a"]}, geometry=[GOOD], crs=2154).to_parquet(path)
    with pytest.raises(SchemaError, match=r"no column was recognised as zone_id or name. Columns seen: x"):
        read_zones(path, crs="EPSG:2154", vintage="2015")
    with pytest.raises(SchemaError, match="none of its 1 zones lies in the territory"):
        read_zones(qpv_file(tmp_path, [GOOD]), crs="EPSG:2154", vintage="2015", within=shapely.box(0, 0, 1, 1))
    (tmp_path / "table.csv").write_text("code_qp,lib_qp\na,b\n", encoding="utf-8")
    with pytest.raises(SchemaError, match=r"table.csv: no geometry; give a GeoJSON"):
        read_zones(tmp_path / "table.csv", crs="EPSG:2154", vintage="2015")


def test_the_official_qpv_of_2015_touch_the_territory_19_times(shared: Path) -> None:
    here = load_territory("est-ensemble")
    found = read_layers(here, vintage="2015", qpv=shared / "qpv-2015" / "QP_METROPOLE_LB93.shp")
    listed = {code for code in read_layer(here, "neighbourhoods")["qpv_2015"] if code}
    assert set(found["qpv"]["vintage"]) == {"2015"}
    assert listed <= set(found["qpv"].index)
    assert found["qpv"].geometry.is_valid.all()
    assert len(found["qpv"]) == 19
    assert found["qpv"].attrs["slivers"] == ["QP093005", "QP093017", "QP093028"]
    assert read_layer(here, "npnru").index.str.startswith("QN").all()
    assert found["npnru"].index.isin(found["qpv"].index).all()


CONTEXT_ROWS = {
    "associations_contrat_de_ville": 42,
    "demands": 34,
    "rail": 17,
}


@pytest.mark.parametrize("layer", CONTEXT)
def test_what_no_study_rests_on_is_read_and_fits_the_rest(layer: str) -> None:
    here = load_territory("est-ensemble")
    found = read_layer(here, layer)
    assert len(found) == CONTEXT_ROWS[layer]
    assert layer not in {source.layer for source in own_inputs(here, "2024", {})}


LISTED = {"aims": 13, "iris_indicators": 161, "outside_support": 7, "relations": 24}


@pytest.mark.parametrize("layer", LISTED)
def test_what_a_territory_lists_is_read_credited_and_fits_the_rest(layer: str) -> None:
    here = load_territory("est-ensemble")
    found = read_layer(here, layer)
    assert len(found) == LISTED[layer]
    assert layer in {source.layer for source in own_inputs(here, "2024", {})}
    if layer == "iris_indicators":
        iris = read_layer(here, "iris")
        assert found["population_2022"].reindex(iris.index).eq(iris["population"]).all()
    if layer == "relations":
        known = {"", *read_layer(here, "structures").index}
        assert {*found["structure_id"], *found["with_structure_id"]} <= known


def test_the_rail_is_made_of_lines_in_metres() -> None:
    rail = read_layer(load_territory("est-ensemble"), "rail")
    assert rail.crs == "EPSG:2154"
    assert 10_000 < rail.length.sum() < 200_000


def test_a_rail_of_points_and_an_indicator_that_is_no_number_are_refused(small_territory: Path) -> None:
    described = (small_territory / "territory.toml").read_text(encoding="utf-8")
    for layer, name in (("rail", "rail.geojson"), ("iris_indicators", "more.csv")):
        described += f'\n[[layers]]\nlayer = "{layer}"\nvintage = "2024"\nfile = "{name}"\n'
        described += 'title = ""\npublisher = ""\nlicence = ""\n'
    (small_territory / "territory.toml").write_text(described, encoding="utf-8")
    named = {"line": ["T1"], "mode": ["tramway"], "as_of": ["2023"]}
    gpd.GeoDataFrame(named, geometry=[shapely.Point(2.4, 48.9)], crs=4326).to_file(small_territory / "rail.geojson")
    with pytest.raises(SchemaError, match=r"row 1, field geometry: is a Point; a line is expected"):
        read_layer(load_territory(small_territory), "rail")
    head = "iris_code,population_2021,population_2022,median_income_2021,pct_overcrowded_2022,"
    row = f"{head}pct_secondary_residences_2022,source\n930010101,ns,1,,,,INSEE\n"
    (small_territory / "more.csv").write_text(row, encoding="utf-8")
    with pytest.raises(SchemaError, match="row 2, field population_2021: 'ns' is not a number"):
        read_layer(load_territory(small_territory), "iris_indicators")


def test_a_town_without_qpv_is_read(small_territory: Path) -> None:
    (small_territory / "qpv.geojson").write_text('{"type":"FeatureCollection","features":[]}', encoding="utf-8")
    head = (small_territory / "npnru.csv").read_text(encoding="utf-8").splitlines()[0]
    (small_territory / "npnru.csv").write_text(f"{head}\n", encoding="utf-8")
    found = read_layers(load_territory(small_territory))
    assert (len(found["qpv"]), len(found["npnru"]), len(found["neighbourhoods"])) == (0, 0, 2)
    assert found["qpv"].crs == found["npnru"].crs == "EPSG:2154"


def test_iris_under_the_names_of_insee(small_territory: Path) -> None:
    plain = read_layer(load_territory(small_territory), "iris")
    path = small_territory / "iris.geojson"
    raw = gpd.read_file(path).drop(columns=["inhabited"])
    names = {
        "iris_code": "CODE_IRIS", "name": "NOM_IRIS", "citycode": "INSEE_COM", "city": "NOM_COM",
        "population": "P21_POP", "median_income": "DISP_MED21",
    }  # fmt: skip
    raw.assign(population=[0, 2000, 3000, 4003]).rename(columns=names).to_file(path)
    found = read_layer(load_territory(small_territory), "iris")
    assert found["inhabited"].tolist() == [False, True, True, True]
    assert found["median_income"].equals(plain["median_income"])
    assert found[["name", "city", "citycode"]].equals(plain[["name", "city", "citycode"]])


def test_neighbourhoods_are_outlines_or_lists_of_iris_under_french_names(small_territory: Path) -> None:
    here, path = load_territory(small_territory), small_territory / "neighbourhoods.csv"
    path.write_text("Quartier;Liste IRIS\nLe Haut;930100101|930100102\n", encoding="utf-8")
    assert read_layer(here, "neighbourhoods")[["name", "city", "citycode"]].to_dict("index") == {
        "le-haut": {"name": "Le Haut", "city": "Bondy", "citycode": "93010"}
    }
    outline = gpd.GeoDataFrame({"Nom": ["Le Bas"]}, geometry=[shapely.box(662_500, 6_867_000, 664_000, 6_868_000)])
    outline.set_crs(2154).to_file(small_territory / "mine.geojson")
    described = (small_territory / "territory.toml").read_text(encoding="utf-8")
    drawn = described.replace("neighbourhoods.csv", "mine.geojson")
    (small_territory / "territory.toml").write_text(drawn, encoding="utf-8")
    found = read_layer(load_territory(small_territory), "neighbourhoods")
    assert found.loc["le-bas", ["city", "iris_codes"]].tolist() == ["Montreuil", ""]
    assert found.area.round(-3).tolist() == [1_500_000]


def test_what_a_territory_does_not_declare_is_empty_and_qpv_stand_in_for_neighbourhoods(small_territory: Path) -> None:
    path = small_territory / "territory.toml"
    blocks = path.read_text(encoding="utf-8").split("\n\n")
    kept = [block for block in blocks if not any(f'"{n}"' in block for n in ("neighbourhoods", "stations", "npnru"))]
    path.write_text("\n\n".join(kept), encoding="utf-8")
    found = read_layers(load_territory(small_territory))
    assert found["neighbourhoods"].index.tolist() == ["qn1"]
    assert (len(found["stations"]), len(found["npnru"])) == (0, 0)


@pytest.mark.parametrize("file", ["prir_bondy_blanqui.geojson", "bondy_qpv_2015_avec_npnru.geojson"])
def test_real_renewal_perimeters_are_taken_as_they_are(file: str, shared: Path) -> None:
    """Where a real perimeter is known, no outline of a QPV stands in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = read_layers(load_territory("est-ensemble"), npnru=shared / "npnru" / file)
    assert len(found["npnru"])
    assert not set(found["npnru"].index) & set(found["qpv"].index)
    assert found["npnru"].crs == "EPSG:2154"
    assert found["npnru"].area.min() > 10_000
