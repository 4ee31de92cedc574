"""Looking at the current files without fetching them, and the command ``essgeo sources``."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from essgeo.cli import main
from essgeo.errors import InputError, SourceChangedError
from essgeo.official.catalogue import find_source, read_catalogue
from essgeo.official.check import check_source
from essgeo.official.fetch import fetch, find_file

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.official.http import Web

Server = Any
BAN_PATH = "/adresse.data.gouv.fr/data/ban/adresses/latest/csv/adresses-93.csv.gz"
STATIONS = "/data.iledefrance-mobilites.fr/api/explore/v2.1/catalog/datasets/emplacement-des-gares-idf/exports/geojson"
GRID = "/www.insee.fr/fr/statistiques/fichier/8735162/Filosofi2021_carreaux_200m_gpkg.zip"
OSM = "/download.geofabrik.de/europe/france/ile-de-france-latest.osm.pbf"
POPULATION = "/www.insee.fr/fr/statistiques/fichier/8647014/base-ic-evol-struct-pop-2022_csv.zip"
QPV = "quartiers-prioritaires-de-la-politique-de-la-ville-qpv"
SIRENE = "base-sirene-des-entreprises-et-de-leurs-etablissements-siren-siret"


def parquet(source: str, *, without: str = "", rows: int = 1, groups: int = 1) -> bytes:
    names = [names[0] for column, names in read_catalogue()[source].columns.items() if column != without]
    out = io.BytesIO()
    table = pa.table({name: ["x"] * rows for name in names})
    pq.write_table(table, out, row_group_size=max(1, rows // groups))
    return out.getvalue()


def page_of(content: dict[str, Any]) -> Any:
    return lambda handler: handler.reply(200, json.dumps(content).encode())


def publish_sirene(server: Server, content: bytes) -> None:
    url = "https://files.data.gouv.fr/insee-sirene/StockUniteLegale_utf8.parquet"
    title = "Sirene : Fichier StockUniteLegale du 01 Novembre 2026 (format parquet)"
    others = [
        {"title": title.replace("(format parquet)", ""), "format": "zip", "url": url.replace("parquet", "zip")},
        {"title": title.replace("UniteLegale", "UniteLegaleHistorique"), "format": "parquet", "url": url + "h"},
        {"title": title.replace("UniteLegale", "Etablissement"), "format": "parquet", "url": url + "e"},
    ]
    described = {"resources": [*others, {"title": title, "format": "parquet", "url": url}]}
    server.files[f"/www.data.gouv.fr/api/1/datasets/{SIRENE}/"] = json.dumps(described).encode()
    server.files["/files.data.gouv.fr/insee-sirene/StockUniteLegale_utf8.parquet"] = content


@pytest.mark.parametrize("groups", [1, 400])
def test_columns_of_parquet_are_seen_in_its_footer(groups: int, server: Server, web: Web) -> None:
    content = parquet("sirene_legal_units", rows=400_000 if groups > 1 else 1, groups=groups)
    publish_sirene(server, content)
    found = check_source(find_source("sirene_legal_units"), area="93", web=web)
    assert (found.state, found.size) == ("ok", len(content))
    assert "columns are known" in found.said
    assert found.url.endswith("StockUniteLegale_utf8.parquet")
    if groups > 1:
        assert len(server.requests) == 4
    publish_sirene(server, parquet("sirene_legal_units", without="ess"))
    found = check_source(find_source("sirene_legal_units"), area="93", web=web)
    assert found.state == "changed"
    assert "economieSocialeSolidaireUniteLegale" in found.said


def test_a_server_without_ranges_still_tells_its_format(server: Server, web: Web) -> None:
    publish_sirene(server, parquet("sirene_legal_units") + b"\x00" * 100)
    found = check_source(find_source("sirene_legal_units"), area="93", web=web)
    assert (found.state, "columns were not seen" in found.said) == ("ok", True)


def test_columns_of_tables_and_layers_are_seen_in_their_first_bytes(server: Server, web: Web) -> None:
    assert check_source(find_source("ban"), area="93", web=web).state == "ok"
    properties = dict.fromkeys(["nom_gares", "mode", "res_com", "id_gares"], "x")
    features = [{"type": "Feature", "geometry": None, "properties": properties}] * 5000
    server.files[STATIONS] = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    found = check_source(find_source("stations"), area="93", web=web)
    assert (found.state, found.size) == ("ok", len(server.files[STATIONS]))
    server.files[STATIONS] = server.files[STATIONS].replace(b"nom_gares", b"gare")
    assert "name (known as nom_gares" in check_source(find_source("stations"), area="93", web=web).said


def archive_of(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def noise(size: int) -> bytes:
    """Bytes that cannot be packed."""
    return np.random.default_rng(0).bytes(size)


def test_members_of_an_archive_are_seen_without_fetching_it(server: Server, web: Web) -> None:
    database = b"SQLite format 3\x00" + noise(2_000_000)
    server.files[GRID] = archive_of({"carreaux_200m_met.gpkg": database})
    found = check_source(find_source("grid_200m"), area="93", web=web)
    assert found.state == "ok"
    assert "holds carreaux_200m_met.gpkg, whose columns were not seen" in found.said
    assert server.sent < len(server.files[GRID]) / 2
    found = check_source(find_source("grid_200m"), area="974", web=web)
    assert found.state == "changed"
    assert "carreaux_200m_reun.gpkg among carreaux_200m_met.gpkg" in found.said
    server.files[GRID] = archive_of({"carreaux_200m_met.gpkg": b"<html>soon" + noise(100_000)})
    found = check_source(find_source("grid_200m"), area="93", web=web)
    assert found.state == "changed"
    assert "carreaux_200m_met.gpkg in Filosofi2021_carreaux_200m_gpkg.zip: grid_200m changed: it is" in found.said


@pytest.mark.parametrize("before", [0, 3_000_000])
def test_columns_inside_an_archive_are_seen(before: int, server: Server, web: Web) -> None:
    rows = b"".join(b"93010%04d;93010;%d\n" % (n, n * 7919 % 10_007) for n in range(60_000))
    census = {"notice.pdf": noise(before), "base-ic-evol-struct-pop-2022.CSV": b"IRIS;COM;P22_POP\n" + rows}
    server.files[POPULATION] = archive_of(census)
    found = check_source(find_source("iris_population"), area="93", web=web)
    assert (found.state, found.size) == ("ok", len(server.files[POPULATION]))
    assert "holds base-ic-evol-struct-pop-2022.CSV: its columns are known" in found.said
    assert server.sent < 1_500_000
    census["base-ic-evol-struct-pop-2022.CSV"] = b"IRIS;COM;POPULATION\n" + rows
    server.files[POPULATION] = archive_of(census)
    found = check_source(find_source("iris_population"), area="93", web=web)
    assert found.state == "changed"
    assert "no column for population (known as P26_POP" in found.said


def test_columns_of_a_shapefile_inside_an_archive_are_seen(server: Server, web: Web, tmp_path: Path) -> None:
    name = "QP_METROPOLEOUTREMER_WGS84_EPSG4326"
    for columns, state in ((("CODE_QP", "NOM_QP", "COMMUNE_QP"), "ok"), (("QP", "NOM_QP"), "changed")):
        layer = gpd.GeoDataFrame({column: ["x"] for column in columns}, geometry=[shapely.box(2, 48, 3, 49)], crs=4326)
        layer.to_file(tmp_path / f"{name}.shp")
        parts = {f"QP/{path.name}": path.read_bytes() for path in sorted(tmp_path.glob(f"{name}.*"))}
        address = "https://static.data.gouv.fr/r/qp-politiquedelaville-shp.zip"
        described = {"resources": [{"title": "QPV 2015", "format": "zip", "url": address}]}
        server.files[f"/www.data.gouv.fr/api/1/datasets/{QPV}/"] = json.dumps(described).encode()
        server.files["/static.data.gouv.fr/r/qp-politiquedelaville-shp.zip"] = archive_of(parts)
        found = check_source(find_source("qpv_2015"), area="93", web=web)
        assert found.state == state
        assert f"{name}.dbf" in found.said


def test_an_archive_that_is_damaged_or_cannot_be_had_in_parts(server: Server, web: Web) -> None:
    whole = archive_of({"base-ic-evol-struct-pop-2022.CSV": b"IRIS;COM;P22_POP\n" + noise(400_000)})
    server.files[POPULATION] = whole
    server.script = [lambda handler: handler.reply(200, whole)] * 2
    found = check_source(find_source("iris_population"), area="93", web=web)
    assert (found.state, "members were not seen" in found.said) == ("ok", True)
    server.files[POPULATION] = whole[:1000] + bytes(1000) + whole[2000:]
    found = check_source(find_source("iris_population"), area="93", web=web)
    assert "base-ic-evol-struct-pop-2022.CSV" in found.said
    server.files[POPULATION] = b"PK\x03\x04" + bytes(300_000)
    assert "members were not seen" in check_source(find_source("iris_population"), area="93", web=web).said


def test_an_extract_of_openstreetmap(server: Server, web: Web, tmp_path: Path) -> None:
    content = b"\x00\x00\x00\x0e\n\tOSMHeader\x18" + bytes(500)
    server.files[OSM] = content
    server.files[f"{OSM}.md5"] = b"0" * 32 + b"  ile-de-france-latest.osm.pbf\n"
    assert check_source(find_source("osm"), area="93", web=web).state == "ok"
    with pytest.raises(OSError, match="its md5 is not the one"):
        fetch("osm", area="93", folder=tmp_path, web=web)
    server.files[f"{OSM}.md5"] = b"(no sum today)"
    assert fetch("osm", area="75", folder=tmp_path, web=web).path.name == "ile-de-france-latest.osm.pbf"


def test_a_list_is_fetched_page_by_page(server: Server, web: Web, tmp_path: Path) -> None:
    siae = dict.fromkeys(["siret", "type", "raison_sociale", "addresse_ligne_1", "code_postal", "ville"], "x")
    path = "/emplois.inclusion.beta.gouv.fr/api/v1/siaes/"
    following = f"https:/{path}?page=2"
    pages = [{"next": following, "results": [siae | {"siret": str(number)}]} for number in range(3)] + [{"results": []}]
    server.files[path] = b"served by the script"
    server.script = [page_of(page) for page in pages]
    got = fetch("siae", area="93", folder=tmp_path, web=web)
    assert got.path.name == "siae-93.json"
    assert [item["siret"] for item in json.loads(got.path.read_bytes())["results"]] == ["0", "1", "2"]
    server.script = [page_of(page) for page in pages]
    assert fetch("siae", area="93", folder=tmp_path, web=web, refresh=True).fetched_at == got.fetched_at
    server.script = [page_of(pages[0])]
    assert check_source(find_source("siae"), area="93", web=web).state == "ok"
    server.script = [page_of(pages[0]), page_of({"detail": "no"})]
    stale = fetch("siae", area="93", folder=tmp_path, web=web, refresh=True)
    assert "a page of a list is expected" in stale.stale
    server.script = [page_of(pages[0])] * 600
    assert "more than 500 pages" in fetch("siae", area="93", folder=tmp_path, web=web, refresh=True).stale


def test_a_part_is_not_taken_for_the_whole(server: Server, web: Web, tmp_path: Path) -> None:
    iris = dict.fromkeys(["code_iris", "nom_iris", "code_insee", "nom_commune"], "x")
    layer = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": iris, "geometry": None}]}
    server.files["/data.geopf.fr/wfs/ows"] = json.dumps(
        layer | {"numberMatched": 7000, "numberReturned": 5000}
    ).encode()
    with pytest.raises(SourceChangedError, match="it holds 5000 of 7000 features"):
        fetch("iris", area="93", folder=tmp_path, web=web)
    server.files["/data.geopf.fr/wfs/ows"] = json.dumps(layer | {"numberMatched": 1, "numberReturned": 1}).encode()
    assert fetch("iris", area="93", folder=tmp_path, web=web).path.name == "iris-93.geojson"


def test_an_identifier_wins_over_a_newer_title(server: Server, web: Web) -> None:
    slug = "quartiers-prioritaires-de-la-politique-de-la-ville-qpv"
    named = {
        "id": "942d4ee8-8142-4556-8ea1-335537ce1119",
        "title": "Contours",
        "format": "zip",
        "url": "https://a.fr/1",
    }
    newer = {"id": "x", "title": "QPV 2024", "format": "geojson", "url": "https://a.fr/2", "last_modified": "2027"}
    for resources, url in (([newer, named], "https://a.fr/1"), ([newer], "https://a.fr/2")):
        server.files[f"/www.data.gouv.fr/api/1/datasets/{slug}/"] = json.dumps({"resources": resources}).encode()
        assert find_file(find_source("qpv_2024"), "", web).url == url


def test_what_is_gone_changed_or_out_of_reach(server: Server, web: Web) -> None:
    assert check_source(find_source("stations"), area="93", web=web).state == "gone"
    gone = check_source(find_source("ess_france"), area="93", web=web)
    assert gone.state == "gone"
    assert "never seen in a published file: licence" in gone.said
    server.script = [lambda handler: handler.reply(503, b"")] * 3
    assert check_source(find_source("ban"), area="93", web=web).state == "unreachable"
    server.files[BAN_PATH] = b"<html>moved"
    assert check_source(find_source("ban"), area="93", web=web).state == "changed"
    small = dataclasses.replace(find_source("ban"), max_megabytes=0)
    assert "more than the 0 MB" in check_source(small, area="93", web=web).said
    with pytest.raises(InputError, match="no department"):
        check_source(find_source("ban"), area="99", web=web)


@pytest.fixture
def command(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command against the server and return its exit code, output and errors."""
    monkeypatch.setenv("ESSGEO_MIRROR", server.url)
    monkeypatch.setenv("ESSGEO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("time.sleep", lambda _: None)

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["essgeo", "sources", *words])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        code = left.value.code
        return (code if isinstance(code, int) else 0), said.out, said.err

    return run


def test_list_names_every_source_and_its_copies(command: Any) -> None:
    code, out, _ = command("list", "--json")
    listed = json.loads(out)
    assert code == 0
    assert [source["id"] for source in listed] == list(read_catalogue())
    assert all(source["copies"] == [] for source in listed)
    assert command("fetch", "ban", "--territory", "est-ensemble")[0] == 0
    (ban,) = [source for source in json.loads(command("list", "--json")[1]) if source["id"] == "ban"]
    assert [copy["area"] for copy in ban["copies"]] == ["93"]
    table = command("list")[1]
    assert f"{ban['copies'][0]['fetched_at'][:10]} (93)" in table
    assert all(source in table for source in read_catalogue())


def test_fetch_prints_the_hash_and_says_what_is_stale(command: Any, server: Server) -> None:
    code, out, err = command("fetch", "ban", "--area", "93")
    assert (code, err) == (0, "")
    assert "sha256" in out
    server.files[BAN_PATH] = b"<html>"
    code, out, err = command("fetch", "ban", "--area", "93", "--refresh")
    assert code == 0
    assert "copy of" in err
    assert "web page" in err
    assert command("fetch", "ban", "--area", "93", "--offline")[0] == 0
    code, _, err = command("fetch", "ban", "iris", "--area", "75", "--area", "77", "--offline")
    assert code == 3
    assert err.count("never fetched here") == 4
    assert "Traceback" not in err


def test_faults_of_the_command_line(command: Any) -> None:
    assert command("fetch", "ban")[0] == 2
    assert command("fetch", "nothing")[0] == 2
    assert command("fetch", "ban", "--area", "../..")[0] == 2
    assert command("check", "nothing")[0] == 2


def test_what_nobody_publishes_is_given_by_the_user(command: Any, server: Server) -> None:
    code, out, err = command("check", "npnru")
    assert (code, err) == (0, "")
    assert out.split()[:2] == ["given", "npnru"]
    code, _, err = command("fetch", "npnru")
    assert code == 3
    assert "Give yours with --npnru FILE, or as the layer npnru of the territory.toml" in err
    assert "given by the user (--npnru)" in command("list")[1]
    assert server.requests == []


def test_check_prints_a_line_a_source_and_leaves_with_3(command: Any) -> None:
    assert command("check", "ban")[0] == 0
    code, out, err = command("check", "ban", "stations")
    assert code == 3
    assert [line.split()[:2] for line in out.splitlines()] == [["ok", "ban"], ["gone", "stations"]]
    assert "1 of 2 sources are not as expected: stations (gone)" in err
    code, out, _ = command("check", "ban", "--json")
    assert [(finding["source"], finding["state"]) for finding in json.loads(out)] == [("ban", "ok")]
