"""Archives: the right member is taken out, and a hostile one is refused before a byte of it is written."""

from __future__ import annotations

import dataclasses
import io
import stat
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest
import shapely

from essgeo.errors import SourceChangedError, SourceUnavailableError
from essgeo.official.archives import extract, matching
from essgeo.official.catalogue import find_source
from essgeo.official.fetch import fetch

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.official.http import Web

Server = Any
INCOME = b"IRIS;LIBIRIS;COM;DISP_MED21;DISP_TP6021\n930100101;Un;93010;18000,5;ns\n"
INCOME_NAME = "BASE_TD_FILO_IRIS_2021_DISP.csv"
INCOME_PATH = "/www.insee.fr/fr/statistiques/fichier/8229323/BASE_TD_FILO_IRIS_2021_DISP_CSV.zip"
RNA_API = "/www.data.gouv.fr/api/1/datasets/repertoire-national-des-associations/"
RNA_PATH = "/media.interieur.gouv.fr/rna/rna_waldec_20261101.zip"
RNA = (
    b"id;siret;date_creat;date_disso;position;titre;objet;adrs_numvoie;adrs_typevoie;adrs_libvoie;adrs_codeinsee;"
    b"adrs_codepostal;adrs_libcommune\nW931000001;;2001-01-01;;A;ASSO;;1;RUE;A;93010;93140;BONDY\n"
)


def zipped(members: dict[str, bytes], **options: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def linked() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo(INCOME_NAME)
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


def encrypted() -> bytes:
    """An archive whose directory says that its member is encrypted."""
    content = bytearray(zipped({INCOME_NAME: INCOME}))
    for place, signature in ((6, b"PK\x03\x04"), (8, b"PK\x01\x02")):
        content[content.index(signature) + place] |= 1
    return bytes(content)


def corrupt() -> bytes:
    content = bytearray(zipped({INCOME_NAME: INCOME * 50}))
    content[len(INCOME_NAME) + 40] ^= 0xFF
    return bytes(content)


# Made when a test asks: some hold a hundred megabytes, or twenty thousand members.
HOSTILE = {
    "path out": (lambda: zipped({INCOME_NAME: INCOME, "../evil.csv": b"x"}), "outside its folder"),
    "deep path out": (lambda: zipped({f"a/../../{INCOME_NAME}": INCOME}), "outside its folder"),
    "absolute": (lambda: zipped({INCOME_NAME: INCOME, "/etc/evil.csv": b"x"}), "outside its folder"),
    "drive": (lambda: zipped({INCOME_NAME: INCOME, "C:/evil.csv": b"x"}), "outside its folder"),
    "backslashes": (lambda: zipped({INCOME_NAME: INCOME, "..\\evil.csv": b"x"}), "outside its folder"),
    "link": (linked, "is a link"),
    "encrypted": (encrypted, "is encrypted"),
    "bomb": (lambda: zipped({INCOME_NAME: INCOME + b"0" * 30_000_000}), "as out of a ZIP bomb"),
    "too much": (lambda: zipped({INCOME_NAME: INCOME, "b": b"0" * 101_000_000}), "more than the 100000000"),
    "too many": (
        lambda: zipped({f"{number}": b"" for number in range(20_001)} | {INCOME_NAME: INCOME}),
        "20002 members",
    ),
    "corrupt": (corrupt, "damaged"),
    "cut": (lambda: zipped({INCOME_NAME: INCOME})[:-30], "damaged"),
    "other files": (lambda: zipped({"readme.txt": b"x"}), "no member like BASE_TD_FILO_IRIS"),
    "several": (lambda: zipped({INCOME_NAME: INCOME, INCOME_NAME.replace("2021", "2020"): INCOME}), "is expected, not"),
    "web page in it": (lambda: zipped({INCOME_NAME: b"<html>"}), "it is a web page"),
    "empty file in it": (lambda: zipped({INCOME_NAME: b""}), "it is empty"),
    "renamed column in it": (
        lambda: zipped({INCOME_NAME: INCOME.replace(b"DISP_MED21", b"MED")}),
        "no column for median_income",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_refused_and_the_good_copy_kept(
    kind: str, server: Server, web: Web, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    server.files[INCOME_PATH] = zipped({f"csv/{INCOME_NAME}": INCOME, "csv/meta.csv": b"x"})
    good = fetch("iris_income", folder=folder, web=web)
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    make, said = HOSTILE[kind]
    server.files[INCOME_PATH] = make()
    stale = fetch("iris_income", folder=folder, web=web, refresh=True)
    assert stale.path == good.path
    assert stale.path.read_bytes() == INCOME
    assert said in stale.stale
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before
    with pytest.raises(SourceChangedError, match=r"iris_income|archive"):
        fetch("iris_income", folder=tmp_path / "new", web=web)


def test_only_the_wanted_member_is_written_and_hash_and_size_are_of_the_archive(
    server: Server, web: Web, tmp_path: Path
) -> None:
    server.files[INCOME_PATH] = zipped({f"csv/{INCOME_NAME}": INCOME, "csv/meta.csv": b"x"})
    got = fetch("iris_income", folder=tmp_path, web=web)
    assert got.path.name == INCOME_NAME
    assert got.size == len(server.files[INCOME_PATH])
    names = sorted(path.name for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock")
    assert names == ["BASE_TD_FILO_IRIS_2021_DISP.csv", "BASE_TD_FILO_IRIS_2021_DISP_CSV.zip", "manifest.json"]
    got.path.unlink()
    assert fetch("iris_income", folder=tmp_path, offline=True).path.read_bytes() == INCOME
    got.path.write_bytes(INCOME.replace(b"9", b"8"))
    assert fetch("iris_income", folder=tmp_path, offline=True).path.read_bytes() == INCOME


def test_one_archive_serves_every_department(server: Server, web: Web, tmp_path: Path) -> None:
    members = {
        f"rna_waldec_20261101_dpt_{code}.csv": RNA.replace(b"93140", f"{code}100".encode()) for code in ("75", "93")
    }
    server.files[RNA_PATH] = zipped(members)
    server.files[RNA_API] = (
        b'{"resources": [{"title": "RNA Waldec", "format": "zip", "url": "https:/' + RNA_PATH.encode() + b'"}]}'
    )
    for code in ("93", "75"):
        got = fetch("rna", area=code, folder=tmp_path, web=web)
        assert got.path.read_bytes() == members[got.path.name]
        assert got.area == code
    assert len(server.asked(RNA_PATH)) == 1
    with pytest.raises(SourceChangedError, match=r"no member like \*rna_waldec_\*_dpt_974\.csv"):
        fetch("rna", area="974", folder=tmp_path, web=web)
    assert fetch("rna", area="93", folder=tmp_path, offline=True).stale == ""


def test_a_shapefile_comes_with_its_companions(server: Server, web: Web, tmp_path: Path) -> None:
    layer = gpd.GeoDataFrame(
        {"CODE_QP": ["QP1"], "NOM_QP": ["Un"], "COMMUNE_QP": ["Bondy"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=2154
    )
    layer.to_file(tmp_path / "QP_METROPOLEOUTREMER_WGS84_EPSG4326.shp")
    members = {f"QP/{path.name}": path.read_bytes() for path in tmp_path.glob("QP_METROPOLEOUTREMER_WGS84_EPSG4326.*")}
    slug = "quartiers-prioritaires-de-la-politique-de-la-ville-qpv"
    server.files[f"/www.data.gouv.fr/api/1/datasets/{slug}/"] = (
        b'{"resources": [{"title": "QPV 2015 shp", "format": "shp", "url": "https://static.data.gouv.fr/r/1"}]}'
    )
    server.files["/static.data.gouv.fr/r/1"] = zipped(members)
    got = fetch("qpv_2015", folder=tmp_path / "kept", web=web)
    assert got.path.suffix == ".shp"
    assert gpd.read_file(got.path)["CODE_QP"].tolist() == ["QP1"]


def test_the_real_files_come_whole_and_are_known(server: Server, web: Web, tmp_path: Path, shared: Path) -> None:
    (grid,) = (shared / "population").glob("*.gpkg")
    (stations,) = (shared / "stations").glob("*.geojson")
    export = "/api/explore/v2.1/catalog/datasets/emplacement-des-gares-idf/exports/geojson"
    server.files |= {
        "/adresse.data.gouv.fr/data/ban/adresses/latest/csv/adresses-75.csv.gz": (
            shared / "ban" / "adresses-75.csv.gz"
        ).read_bytes(),
        f"/data.iledefrance-mobilites.fr{export}": stations.read_bytes(),
        "/www.insee.fr/fr/statistiques/fichier/8735162/Filosofi2021_carreaux_200m_gpkg.zip": zipped(
            {"carreaux_200m_met.gpkg": grid.read_bytes()}
        ),
    }
    for source, file in (("ban", shared / "ban" / "adresses-75.csv.gz"), ("stations", stations), ("grid_200m", grid)):
        assert fetch(source, area="75", folder=tmp_path, web=web).path.read_bytes() == file.read_bytes()


def test_a_file_that_comes_without_its_archive_is_taken_as_it_is(server: Server, web: Web, tmp_path: Path) -> None:
    server.files[INCOME_PATH] = INCOME
    got = fetch("iris_income", folder=tmp_path, web=web)
    assert got.path.read_bytes() == INCOME
    assert got.path.suffix == ".csv"


def test_members_of_a_kind(tmp_path: Path) -> None:
    assert matching(["a/X.CSV", "x.csv/", "y.txt"], "x.csv") == ["a/X.CSV"]
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"x.csv": b"1"}))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SourceUnavailableError, match="cannot be written"):
        extract(path, "*.csv", tmp_path / "file" / "in", max_bytes=10)


def test_a_directory_that_lies_about_sizes_gives_no_more_than_it_says(tmp_path: Path) -> None:
    content = bytearray(zipped({"x.csv": b"0" * 5_000_000}))
    place = content.index(b"PK\x01\x02") + 24
    content[place : place + 4] = struct.pack("<I", 10)
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(SourceChangedError, match="damaged"):
        extract(path, "*.csv", tmp_path, max_bytes=100)
    assert [found.name for found in tmp_path.iterdir()] == ["a.zip"]


def test_limits_are_those_of_the_catalogue(server: Server, web: Web, tmp_path: Path) -> None:
    server.files[INCOME_PATH] = zipped({INCOME_NAME: INCOME + bytes(range(256)) * 5000})
    source = dataclasses.replace(find_source("iris_income"), max_megabytes=1)
    with pytest.raises(SourceChangedError, match="more than the 1000000"):
        fetch(source, folder=tmp_path, web=web)
