"""A server of official files that misbehaves as a test wants, and small files in the official schemas."""

from __future__ import annotations

import gzip
import hashlib
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
import shapely

from essgeo import load_territory, read_layer
from essgeo.geocoding.index import COLUMNS as BAN_COLUMNS
from essgeo.official.http import Patience, Web
from tests.official.official_files import (
    STATIONS_PATH,
    ban_path,
    geojson,
    publish_ban,
    publish_dataset,
    publish_grid,
    publish_iris,
    publish_qpv,
    publish_qpv_2015,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Sleeps

BAN_HEADER = (
    "id;id_fantoir;numero;rep;nom_voie;code_postal;code_insee;nom_commune;code_insee_ancienne_commune;"
    "nom_ancienne_commune;x;y;lon;lat;type_position;alias;nom_ld;libelle_acheminement;nom_afnor"
)
TODAY = "Sun, 22 Nov 2026 05:00:00 GMT"


def make_ban(rows: int = 2000, header: str = BAN_HEADER) -> bytes:
    """A BAN file of a department, of the streets of nowhere; about 10 bytes a row once compressed."""
    lines = [
        f"93010_{row};;{row};;Rue {row * 7919 % 10_007};93140;93010;Bondy;;;;;2.4;48.9;entrée;;;;"
        for row in range(rows)
    ]
    return gzip.compress("\n".join([header, *lines]).encode(), mtime=0)


class FileServer:
    """Serves ``files`` with an ETag, a date and ranges; each step of ``script`` takes the place of one answer."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.script: list[Callable[[Handler], None]] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.sent = 0
        self.pause_s = 0.0
        server = self

        class Bound(Handler):
            owner = server

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def asked(self, path: str) -> list[dict[str, str]]:
        """Headers of each request for a path."""
        return [headers for asked, headers in self.requests if asked == path]

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


class Handler(BaseHTTPRequestHandler):
    owner: FileServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.owner.requests.append((path, dict(self.headers)))
        self.content = self.owner.files.get(path)
        time.sleep(self.owner.pause_s)
        step = self.owner.script.pop(0) if self.owner.script else Handler.good
        step(self)

    def good(self) -> None:
        if self.content is None:
            self.reply(404, b"no such file", etag="")
            return
        etag = f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'
        wanted = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if self.headers.get("If-None-Match") == etag:
            self.reply(304, b"", etag=etag)
        elif wanted and self.headers.get("If-Range", etag) in {etag, TODAY}:
            size = len(self.content)
            first = int(wanted[1]) if wanted[1] else max(0, size - int(wanted[2]))
            last = min(size - 1, int(wanted[2])) if wanted[1] and wanted[2] else size - 1
            if first >= size:
                self.reply(416, b"", etag=etag, Content_Range=f"bytes */{size}")
            else:
                place = f"bytes {first}-{last}/{size}"
                self.reply(206, self.content[first : last + 1], etag=etag, Content_Range=place)
        else:
            self.reply(200, self.content, etag=etag)

    def reply(self, status: int, body: bytes, *, etag: str = '"x"', stop_after: int | None = None, **more: str) -> None:
        self.send_response(status)
        headers = {"Content-Length": str(len(body)), "ETag": etag, "Last-Modified": TODAY, "Accept-Ranges": "bytes"}
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:stop_after])
        self.owner.sent += len(body[:stop_after])
        if stop_after is not None:
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[FileServer]:
    started = FileServer()
    started.files[ban_path("93")] = make_ban()
    yield started
    started.close()


@pytest.fixture
def ban_header() -> str:
    return BAN_HEADER


@pytest.fixture
def ban_file() -> Callable[..., bytes]:
    return make_ban


@pytest.fixture
def web(server: FileServer, sleeps: Sleeps) -> Web:
    """The web, all of which is the server of the test."""
    patience = Patience(attempts=3, connect_s=2, silence_s=2, grace_s=0.5, min_bytes_per_s=2000)
    return Web(server.url, patience, sleep=sleeps, jitter=lambda: 0.5)


@pytest.fixture
def redirected(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileServer:
    """Send the whole web to the server, and keep what is fetched in the folder of the test."""
    monkeypatch.setenv("ESSGEO_MIRROR", server.url)
    monkeypatch.setenv("ESSGEO_CACHE", str(tmp_path / "cache"))
    return server


@pytest.fixture
def official(redirected: FileServer, small_territory: Path, tmp_path: Path) -> FileServer:
    """Give a server of every official file of the small territory, to which the web is redirected."""
    server, here = redirected, load_territory(small_territory)
    iris, qpv = read_layer(here, "iris"), read_layer(here, "qpv")
    publish_iris(server, iris)
    publish_grid(server, iris, 3035, "carreaux_200m_met", tmp_path)
    publish_qpv(server, qpv)
    named = {"CODE_QP": ["QP1"], "NOM_QP": list(qpv["name"]), "COMMUNE_QP": "x"}
    gpd.GeoDataFrame(named, geometry=list(qpv.geometry), crs=2154).to_file(tmp_path / "QP_METROPOLE_LB93.shp")
    publish_qpv_2015(server, tmp_path)
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
    return server
