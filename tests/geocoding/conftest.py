"""Servers to geocode against: one that behaves as a test wants, and a real addok."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from essgeo.geocoding.service import Client, Service
from essgeo.official.http import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Sleeps

ROOT = Path(__file__).resolve().parents[2]
ADDOK = Path(os.environ.get("ESSGEO_ADDOK", ROOT / "build" / "addok"))
RESULTS = (
    "longitude", "latitude", "result_score", "result_score_next", "result_label", "result_type", "result_id",
    "result_postcode", "result_city", "result_citycode", "result_oldcity",
    "result_oldcitycode", "result_status",
)  # fmt: skip


class FakeServer:
    """A server that answers every address with a point, unless its script says otherwise."""

    def __init__(self) -> None:
        self.script: list[Callable[[Handler], None]] = []
        self.requests: list[dict[str, Any]] = []
        self.pause_s = 0.0
        server = self

        class Bound(Handler):
            owner = server

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def addresses(self) -> list[str]:
        """Every address that was received, in order."""
        return [row["address"] for request in self.requests for row in request["rows"]]

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


class Handler(BaseHTTPRequestHandler):
    owner: FakeServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        boundary = re.search(r"boundary=(\S+)", self.headers["Content-Type"])
        assert boundary is not None
        form: dict[str, list[str]] = {}
        for part in body.split(b"--" + boundary[1].encode())[1:-1]:
            head, _, content = part.partition(b"\r\n\r\n")
            name = re.search(rb'name="(\w+)"', head)
            assert name is not None
            form.setdefault(name[1].decode(), []).append(content.removesuffix(b"\r\n").decode())
        self.rows = list(csv.DictReader(io.StringIO(form["data"][0], newline="")))
        self.owner.requests.append(
            {"path": self.path, "form": form, "rows": self.rows, "body": body, "at": time.monotonic()}
        )
        self.act()

    def do_GET(self) -> None:
        self.rows = []
        self.owner.requests.append({"path": self.path, "form": {}, "rows": [], "body": b"", "at": time.monotonic()})
        self.act()

    def do_CONNECT(self) -> None:
        self.owner.requests.append({"path": self.path, "form": {}, "rows": [], "body": b"", "at": time.monotonic()})
        self.reply(403, b"")

    def act(self) -> None:
        time.sleep(self.owner.pause_s)
        step = self.owner.script.pop(0) if self.owner.script else Handler.good
        step(self)

    def good(self) -> None:
        self.reply(200, self.table().encode())

    def table(self, change: Callable[[list[dict[str, str]]], list[dict[str, str]]] = lambda rows: rows) -> str:
        out = io.StringIO()
        writer = csv.DictWriter(out, [*self.rows[0], *RESULTS], lineterminator="\n")
        writer.writeheader()
        writer.writerows(change([row | found(row) for row in self.rows]))
        return out.getvalue()

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in ({"Content_Type": "text/csv"} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def found(row: dict[str, str]) -> dict[str, str]:
    """What the fake server finds: the number of the address tells its longitude."""
    number = re.match(r"\d+", row["address"])
    if number is None:
        return {"result_status": "not-found"}
    return {
        "longitude": str(2 + int(number[0]) / 1e6), "latitude": "48.9", "result_score": "0.97",
        "result_score_next": "0.5",
        "result_label": f"{row['address']} {row['city']}", "result_type": "housenumber", "result_id": f"id_{number[0]}",
        "result_postcode": row["postcode"], "result_city": row["city"], "result_citycode": row["citycode"] or "93010",
        "result_status": "ok",
    }  # fmt: skip


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    server = FakeServer()
    yield server
    server.close()


@pytest.fixture
def service(fake: FakeServer, sleeps: Sleeps) -> Service:
    patience = Patience(attempts=4, connect_s=2, silence_s=2, whole_s=2)
    client = Client(fake.url, patience, requests_per_second=1e9, sleep=sleeps, jitter=lambda: 0.5)
    return Service(client, batch_rows=100)


@pytest.fixture(scope="session")
def addok(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real addok that knows Bondy, on a Redis of its own."""
    redis = shutil.which("redis-server")
    if redis is None:
        pytest.skip("no redis-server (Debian: apt-get install redis-server)")
    if not (ADDOK / "bin" / "addok").exists():
        pytest.skip(f"no addok in {ADDOK}: make addok")
    folder = tmp_path_factory.mktemp("addok")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "addok.conf").write_text(CONFIGURATION, encoding="utf-8")
    (folder / "bondy.jsonl").write_text(
        "\n".join(map(json.dumps, ban_streets(shared / "ban" / "adresses-93010.csv.gz"))), encoding="utf-8"
    )
    environment = os.environ | {
        "REDIS_SOCKET": str(folder / "redis.sock"), "ADDOK_CONFIG_MODULE": str(folder / "addok.conf"),
        "ADDOK_LOG_DIR": str(folder),
        "HOME": str(folder), "ADDOK_BATCH_WORKERS": "1",
    }  # fmt: skip
    environment.pop("PYTHONPATH", None)
    started = []
    with (folder / "log.txt").open("w") as log:
        options = {"cwd": folder, "env": environment, "stdout": log, "stderr": subprocess.STDOUT}

        def command(*words: str) -> list[str]:
            return [str(ADDOK / "bin" / words[0]), *words[1:]]

        try:
            started.append(
                subprocess.Popen(
                    [redis, "--port", "0", "--unixsocket", str(folder / "redis.sock"), "--save", ""], **options
                )
            )
            wait_for((folder / "redis.sock").exists)
            subprocess.run(command("addok", "batch", "bondy.jsonl"), check=True, timeout=60, **options)
            subprocess.run(command("addok", "ngrams"), check=True, timeout=60, **options)
            started.append(
                subprocess.Popen(command("gunicorn", "-b", f"127.0.0.1:{port}", "addok.http.wsgi"), **options)
            )
            url = f"http://127.0.0.1:{port}"
            wait_for(lambda: answers(f"{url}/health"))
            yield url
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait(timeout=20)


CONFIGURATION = """
FILTERS = ["type", "postcode", "citycode"]
EXTRA_FIELDS = [{"key": "citycode"}]
QUERY_PROCESSORS_PYPATHS = [
    "addok.helpers.text.check_query_length", "addok_france.extract_address", "addok_france.clean_query",
    "addok_france.remove_leading_zeros",
]
PROCESSORS_PYPATHS = [
    "addok.helpers.text.tokenize", "addok.helpers.text.normalize", "addok_france.glue_ordinal",
    "addok_france.fold_ordinal", "addok_france.flag_housenumber", "addok.helpers.text.synonymize",
]
SEARCH_RESULT_PROCESSORS_PYPATHS = [
    "addok.helpers.results.match_housenumber", "addok_france.make_labels", "addok.helpers.results.score_by_importance",
    "addok.helpers.results.score_by_autocomplete_distance", "addok.helpers.results.score_by_ngram_distance",
    "addok.helpers.results.score_by_geo_distance",
]
"""


def ban_streets(path: Path) -> list[dict[str, Any]]:
    """The streets of a BAN file with their house numbers, as addok indexes them."""
    streets: dict[str, dict[str, Any]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            key = "_".join(row["id"].split("_")[:2])
            point = {"lon": float(row["lon"]), "lat": float(row["lat"])}
            street = streets.setdefault(
                key,
                {
                    "id": key, "type": "street", "name": row["nom_voie"], "postcode": row["code_postal"],
                    "citycode": row["code_insee"],
                    "city": row["nom_commune"], "importance": 0.3, "housenumbers": {}, **point,
                },
            )  # fmt: skip
            street["housenumbers"][f"{row['numero']} {row['rep']}".strip()] = {"id": row["id"], **point}
    return list(streets.values())


def wait_for(ready: Callable[[], bool], seconds: float = 30) -> None:
    limit = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < limit
        time.sleep(0.1)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False
