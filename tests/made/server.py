"""A server of official files that misbehaves as a test wants."""

from __future__ import annotations

import gzip
import hashlib
import re
import socket
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BAN_HEADER = (
    "id;id_fantoir;numero;rep;nom_voie;code_postal;code_insee;nom_commune;code_insee_ancienne_commune;"
    "nom_ancienne_commune;x;y;lon;lat;type_position;alias;nom_ld;libelle_acheminement;nom_afnor"
)
TODAY = "Sun, 22 Nov 2026 05:00:00 GMT"


@cache
def make_ban(rows: int = 2000, header: str = BAN_HEADER) -> bytes:
    """A BAN file of a department, of the streets of nowhere; about 10 bytes a row once compressed."""
    lines = [
        f"93010_{row};;{row};;Rue {row * 7919 % 10_007};93140;93010;Bondy;;;;;2.4;48.9;entrée;;;;"
        for row in range(rows)
    ]
    return gzip.compress("\n".join([header, *lines]).encode(), mtime=0)


class FileServer:
    """Serves ``files`` with an ETag, a date and ranges; each step of ``script`` takes the place of one answer.

    A file is of a path with its query, else of a path whatever its query.
    """

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
        self.content = self.owner.files.get(self.path, self.owner.files.get(path))
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
