"""What surrounds a download: the bar on a terminal, and a proxy on the way."""

from __future__ import annotations

import contextlib
import io
import os
import select
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from essgeo.official.fetch import fetch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from essgeo.official.http import Web

Server = Any
HOST, FILE = "adresse.data.gouv.fr", "/data/ban/adresses/latest/csv/adresses-93.csv.gz"


@pytest.mark.parametrize("progress", [True, False])
def test_a_bar_is_drawn_on_a_terminal_if_it_is_asked_for(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, progress: bool
) -> None:
    termios = pytest.importorskip("termios", reason="no terminals of this kind on this system")
    reader, terminal = os.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    with os.fdopen(terminal, "w") as screen, monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", screen)
        fetch("ban", area="93", folder=tmp_path, web=web, progress=progress)
        screen.write("end")
        screen.flush()
        drawn = ""
        while not drawn.endswith("end"):
            drawn += os.read(reader, 10_000).decode()
    os.close(reader)
    assert ("ban: 100%" in drawn) is progress
    assert progress or drawn == "end"


def test_no_bar_is_drawn_where_there_is_no_terminal(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    fetch("ban", area="93", folder=tmp_path, web=web, progress=True)
    assert written.getvalue() == ""


class Tunnel(BaseHTTPRequestHandler):
    """A proxy that leads every host to one server of this machine."""

    asked: list[str]
    port: int

    def do_CONNECT(self) -> None:
        self.asked.append(self.path)
        with socket.create_connection(("127.0.0.1", self.port)) as server:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: server, server: self.connection}
            with contextlib.suppress(OSError):
                while True:
                    for end in select.select(list(ends), [], [])[0]:
                        if not (data := end.recv(65_536)):
                            return
                        ends[end].sendall(data)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def tunnel(server: Server) -> Iterator[ThreadingHTTPServer]:
    port = server.http.server_address[1]
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Tunnel,), {"asked": [], "port": port}))
    proxy.daemon_threads = True
    threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield proxy
    proxy.shutdown()
    proxy.server_close()


@pytest.fixture
def encrypted(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """Give a server that answers for the host with a certificate, the only one that is trusted."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    both = [tmp_path / "key.pem", tmp_path / "certificate.pem"]
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={HOST}"]
    named = ["-addext", f"subjectAltName=DNS:{HOST}", "-days", "2", "-keyout", str(both[0]), "-out", str(both[1])]
    subprocess.run([openssl, "req", "-x509", *made, *named], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both[1], both[0])
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    server.files = {FILE: next(iter(server.files.values()))}
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(both[1]))
    return server


def test_a_download_through_a_proxy(
    encrypted: Server, web: Web, tunnel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server is in no table of names: only the proxy knows the way. The certificate is checked."""
    for name in ("NO_PROXY", "no_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{tunnel.server_address[1]}")
    web.mirror = None
    got = fetch("ban", area="93", folder=tmp_path, web=web)
    assert (got.stale, got.path.read_bytes()) == ("", encrypted.files[FILE])
    assert set(tunnel.RequestHandlerClass.asked) == {f"{HOST}:443"}
    assert got.url == f"https://{HOST}{FILE}"
