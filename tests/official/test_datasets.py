"""Every source in the schema that its publisher has today: found, checked, and read by its entry in the catalogue."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner

from essgeo.cli.main import cli
from essgeo.errors import InputError, SchemaError, SourceChangedError, SourceUnavailableError
from essgeo.official.catalogue import absent_columns, area_of, official_columns, read_catalogue
from essgeo.official.fetch import fetch
from essgeo.official.readers import read_official
from essgeo.schema.columns import COLUMNS
from essgeo.territory import data_folder
from tests.made.official import publish_dataset, zipped

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.official.catalogue import Source

CATALOGUE = read_catalogue()
HEADERS = {
    row["source"]: [name for name in row["columns"].split("|") if name]
    for row in csv.DictReader((data_folder() / "official_headers.csv").read_text(encoding="utf-8").splitlines())
}
"""The columns of today's files, as public programs and their publishers' own code show them."""

NEW = list(CATALOGUE)[list(CATALOGUE).index("qpv_correspondence") :]
"""Sources that feed no layer of a study."""
COMMA = {"ess_france", "data_inclusion"}
VALUES = {
    "longitude": "2.46", "latitude": "48.9", "LONGITUDE": "2.46", "LATITUDE": "48.9", "CodGeo": "930100101",
    "nbLsPls": "120", "IRIS": "930100101", "est_ess": "true", "est_siae": "false", "est_association": "true",
}  # fmt: skip
"""Cells of columns that are no text: by column of the publisher."""


def cell(column: str) -> str:
    return VALUES.get(column, "7" if column.startswith(("P22_", "C22_")) else f"{column} 1")


def shapes(columns: list[str], form: str, tmp_path: Path) -> dict[str, bytes]:
    """A layer with one feature, as files of a format by suffix."""
    frame = gpd.GeoDataFrame(
        {column: [cell(column)] for column in columns}, geometry=[shapely.Point(2.46, 48.9)], crs=4326
    )
    if form == "geojson":
        return {"geojson": frame.to_json(drop_id=True).encode()}
    path = tmp_path / f"layer.{'shp' if form == 'shapefile' else form}"
    frame.to_file(path)
    return {part.suffix[1:]: part.read_bytes() for part in tmp_path.glob("layer.*")}


def content_of(source: Source, columns: list[str], tmp_path: Path) -> dict[str, bytes]:
    """The file of a source with one row, by suffix (a Shapefile has several)."""
    if source.format in {"geojson", "gpkg", "shapefile"}:
        return shapes(columns, source.format, tmp_path)
    row = {column: cell(column) for column in columns}
    if source.format == "json":
        return {"json": json.dumps({"count": 1, "next": None, "results": [row]}).encode()}
    out = io.BytesIO()
    if source.format == "parquet":
        pd.DataFrame([row]).to_parquet(out)
    elif source.format == "xlsx":
        book = openpyxl.Workbook()
        for line in ([None], columns, ["88.91A", "88.91G"]):
            book.active.append(line)
        book.save(out)
    elif source.format == "osm.pbf":
        out.write(b"\x00\x00\x00\x0d\x0a\x09OSMHeader\x18" + b"\x00" * 64)
    else:
        separator = "," if source.id in COMMA else ";"
        mark = b"\xef\xbb\xbf" if source.id == "qpv_correspondence" else b""
        text = mark + pd.DataFrame([row]).to_csv(index=False, sep=separator).encode()
        out.write(gzip.compress(text) if source.format == "csv.gz" else text)
    return {source.format: out.getvalue()}


TITLES = {
    "qpv_2024": "QP 2024 contours", "qpv_2015": "qp-politiquedelaville-shp.zip",
    "qpv_correspondence": "liste-correspondance-qp2024-qp2015.csv",
    "sirene_establishments": "Sirene : Fichier StockEtablissement du 1er novembre 2026 (format parquet)",
    "sirene_legal_units": "Sirene : Fichier StockUniteLegale du 1er novembre 2026 (format parquet)",
    "sirene_geolocation": "Geolocalisation 2026-11", "ess_france": "entreprisesess.csv",
    "rna": "rna_waldec_20261101.zip", "cartofriches": "friches-standard-2026-11-02.csv",
    "data_inclusion": "structures-inclusion-2026-11-23.csv", "third_places": "bdftl-2023-01-fiche-identite.csv",
    "annuaire_units": "unites-legales-2026-11-28.parquet",
}  # fmt: skip
"""Titles of files of data.gouv.fr, as they were seen."""


def publish(server: Any, source: Source, columns: list[str], tmp_path: Path) -> None:
    """Serve the file of a source where the catalogue looks for it."""
    area = area_of(source, "93")
    place = {key: value.replace("{area}", area) for key, value in source.locate.items()}
    folder = tmp_path / f"made_{source.id}"
    folder.mkdir(exist_ok=True)
    files = content_of(source, columns, folder)
    content = next(iter(files.values()))
    if "member" in place:
        stem = place["member"].replace("*", "1")
        content = zipped(**{stem.rpartition(".")[0] + f".{suffix}": part for suffix, part in files.items()})
    if place["kind"] == "address":
        server.files["/" + place["url"].removeprefix("https://").partition("?")[0]] = content
        if "checksum" in place:
            server.files["/" + place["checksum"].removeprefix("https://")] = hashlib.md5(content).hexdigest().encode()  # noqa: S324
    else:
        form = place["format"].split()[-1]
        publish_dataset(server, source.id, {TITLES[source.id]: (form, content)})


def header_of(source: Source) -> list[str]:
    """The columns of the file of a source: ages stand in that of the population."""
    if source.id in {"iris_population", "iris_ages"}:
        return list(dict.fromkeys(HEADERS["iris_population"] + HEADERS["iris_ages"]))
    return HEADERS.get(source.id, [])


@pytest.fixture
def publishers(redirected: Any, tmp_path: Path) -> Any:
    """A server of every file that is published, in today's schema."""
    for source in CATALOGUE.values():
        if not source.is_given:
            publish(redirected, source, header_of(source), tmp_path)
    return redirected


def test_every_source_has_a_header_or_is_said_to_have_none() -> None:
    without = {name for name in CATALOGUE if name not in HEADERS}
    assert without == {"npnru", "osm"}, "data/official_headers.csv lacks a source, or has one that it need not"
    for name, columns in HEADERS.items():
        source = CATALOGUE["ban" if name == "ban_with_ids" else name]
        assert bool(columns) != ("columns" in source.unverified), name
        if columns:
            official_columns(columns, source, file=name)
            assert absent_columns(columns, source) == [], name


@pytest.mark.usefixtures("publishers")
def test_all_sources_are_found_in_todays_schemas() -> None:
    done = CliRunner().invoke(cli, ["--lang", "en", "sources", "check", "--area", "93"])
    assert done.exit_code == 0, done.output
    states = {line.split()[1]: line.split()[0] for line in done.output.splitlines() if len(line.split()) > 1}
    expected = dict.fromkeys(CATALOGUE, "ok") | {"npnru": "given"}
    expected |= dict.fromkeys(("qpv_population", "qpv_estimates", "qpv_income"), "unverified")
    assert {name: states.get(name) for name in CATALOGUE} == expected
    assert "not there" not in done.output


@pytest.mark.usefixtures("publishers")
@pytest.mark.parametrize("name", NEW)
def test_a_new_source_is_fetched_and_read(name: str) -> None:
    source = CATALOGUE[name]
    if source.is_given:
        with pytest.raises(SourceUnavailableError, match="nobody has read at which address"):
            fetch(name, area="93")
        return
    table = read_official(name, fetch(name, area="93").path)
    assert len(table) == 1
    assert set(table.columns) - {"geometry"} | {table.index.name} == {*source.columns} | {source.index or "row"}
    assert not table.drop(columns="geometry", errors="ignore").isna().any(axis=None)
    assert (table.attrs["licence"], table.attrs["vintage"]) == (source.licence, source.vintage)
    assert table.attrs["absent"] == []
    numbers = {column for column in source.columns if COLUMNS[column].kind == "number"}
    assert set(table.attrs["units"]) == numbers
    if {"lon", "lat"} <= numbers or source.format == "geojson":
        assert isinstance(table, gpd.GeoDataFrame)
        assert table.geometry.iloc[0].equals(shapely.Point(2.46, 48.9))


def write(tmp_path: Path, text: str, name: str = "file.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_only_the_rows_asked_for_leave_a_file_and_persons_never_do(tmp_path: Path) -> None:
    rows = {
        "siren": ["000000001", "000000002"], "est_ess": [True, False], "est_siae": [False, False],
        "type_siae": [None, None], "est_association": [True, False], "liste_elus": ["ZZNAME", "ZZNAME"],
        "nom_complet": ["ZZNAME", "ZZNAME"],
    }  # fmt: skip
    pd.DataFrame(rows).to_parquet(tmp_path / "units.parquet")
    found = read_official("annuaire_units", tmp_path / "units.parquet", only={"siren": ["000000001", "9"]})
    assert found.index.tolist() == ["000000001"]
    assert found[["is_ess", "is_siae", "is_association", "siae_kind"]].iloc[0].tolist() == [True, False, True, ""]
    assert "ZZNAME" not in found.to_csv()
    assert found.attrs["absent"] == [
        "siret_siege", "statut_diffusion", "etat_administratif", "liste_finess_juridique",
    ]  # fmt: skip
    with pytest.raises(InputError, match="annuaire_units has no column name: it has siren"):
        read_official("annuaire_units", tmp_path / "units.parquet", only={"name": ["A"]})


def test_figures_that_insee_masks_are_missing_and_others_that_are_none_refused(tmp_path: Path) -> None:
    head = "IRIS;COM;P22_ACT1564;P22_ACTOCC1564;P22_CHOM1564;P22_INACT1564\n"
    text = head + "930100101;93010;1 234,5;nd;s;\n930100102;93010;1;2;3;4\n930080101;93008;1;2;3;4\n"
    found = read_official("iris_activity", write(tmp_path, text), only={"citycode": ["93010"]})
    assert found["active_15_64"].tolist() == [1234.5, 1]
    assert found.loc["930100101"].isna().sum() == 3
    with pytest.raises(SchemaError, match="active_15_64: 'many' is not a number"):
        read_official("iris_activity", write(tmp_path, head + "930100101;93010;many;1;1;1\n"))
    with pytest.raises(SchemaError, match="iris_code"):
        read_official("iris_activity", write(tmp_path, text + "930100101;93010;1;1;1;1\n"))
    with pytest.raises(SourceChangedError, match="iris_activity changed: no column for unemployed_15_64"):
        read_official("iris_activity", write(tmp_path, text.replace("CHOM", "OTHER")))


def test_points_stand_in_the_crs_asked_for_and_a_row_without_a_place_has_none(tmp_path: Path) -> None:
    rows = {"DEPCOM": ["93010", "93048"], "TYPEQU": ["A101", "D201"], "NOMRS": "ZZNAME"}
    rows |= {"LONGITUDE": [2.46, None], "LATITUDE": [48.9, None]}
    pd.DataFrame(rows).to_parquet(tmp_path / "BPE25.parquet")
    found = read_official("facilities", tmp_path / "BPE25.parquet", crs="EPSG:2154")
    assert found.geometry.notna().tolist() == [True, False]
    assert found.geometry.iloc[0].x == pytest.approx(660_400, abs=500)
    assert "ZZNAME" not in found.to_csv()


@pytest.mark.parametrize(
    ("name", "header", "column"),
    [
        ("qpv_income", "CODGEO;DISP_MED_A21;DISP_TP60_A21", "median_income"),
        ("qpv_estimates", "codeQPV;popMuniQPV;x", "population"),
    ],
)
def test_columns_of_a_file_of_the_same_kind_are_tried_and_stay_unverified(
    tmp_path: Path, name: str, header: str, column: str
) -> None:
    found = read_official(name, write(tmp_path, f"{header}\nQN09301M;15200;40\nQN09302M;ns;s\n"))
    assert found["zone_id"].tolist() == ["QN09301M", "QN09302M"]
    assert found[column].fillna(-1).tolist() == [15200, -1]
    assert {"columns", "licence"} <= {*found.attrs["unverified"]}
    assert found.attrs["vintage"] == CATALOGUE[name].vintage


def test_a_user_who_has_seen_the_columns_reads_what_is_not_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "CODE;REV;AUTRE\nQN09301M;15200;x\nQN09302M;ns;x\n", "qpv.csv")
    with pytest.raises(SourceUnavailableError, match="not verified"):
        read_official("qpv_income", path)
    described = (
        '[qpv_income]\nlicence = "Licence Ouverte 2.0"\ncolumns = { zone_id = ["CODE"], median_income = ["REV"] }\n'
    )
    (tmp_path / "mine.toml").write_text(described, encoding="utf-8")
    monkeypatch.setenv("ESSGEO_SOURCES", str(tmp_path / "mine.toml"))
    found = read_official("qpv_income", path)
    assert found["zone_id"].tolist() == ["QN09301M", "QN09302M"]
    assert found["median_income"].isna().tolist() == [False, True]
    assert found.attrs["unverified"] == ("address",)
