"""Servers, networks and disks that fail in every known way: the last good copy is never lost."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import io
import json
import re
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3

from essgeo.errors import SourceChangedError, SourceError, SourceUnavailableError
from essgeo.official import fetch as fetching
from essgeo.official.catalogue import find_source
from essgeo.official.fetch import fetch
from essgeo.official.http import Patience, Web, why

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Server = Any
Step = Any
BAN_PATH = "/adresse.data.gouv.fr/data/ban/adresses/latest/csv/adresses-93.csv.gz"
PART = "adresses-93.csv.gz.part"


def status(code: int, body: bytes = b"", **headers: str) -> Step:
    return lambda handler: handler.reply(code, body, **headers)


def drip(handler: Any) -> None:
    """One byte at a time, a little faster than any limit of silence."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(60):
            handler.wfile.write(b"\x1f")
            handler.wfile.flush()
            time.sleep(0.05)


def silent(_handler: Any) -> None:
    time.sleep(3)


def hang_up(handler: Any) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def gibberish(handler: Any) -> None:
    handler.wfile.write(b"\x00\x01 not HTTP\r\n\r\n")
    hang_up(handler)


def too_long(handler: Any) -> None:
    handler.reply(200, handler.content, Content_Length=str(len(handler.content) + 500))
    handler.close_connection = True


def html(handler: Any) -> None:
    handler.reply(200, b"\n<!DOCTYPE html><html><title>Maintenance</title>", Content_Type="text/html")


FAULTS: dict[str, tuple[list[Step], str]] = {
    "404": ([status(404)], "answered 404"),
    "403": ([status(403)], "answered 403"),
    "410": ([status(410)], "answered 410"),
    "429": ([status(429)] * 3, "answered 429"),
    "429 for an hour": ([status(429, b"", Retry_After="3600")], "asks to wait 3600 s"),
    "500": ([status(500)] * 3, "answered 500"),
    "502": ([status(502)] * 3, "answered 502"),
    "503": ([status(503)] * 3, "answered 503"),
    "drip": ([drip] * 3, "too slow"),
    "silence": ([silent] * 3, "no answer in time"),
    "hang up": ([hang_up] * 3, "lost or refused"),
    "gibberish": ([gibberish] * 3, "lost or refused"),
    "web page": ([html], "it is a web page, not csv.gz"),
    "empty": ([status(200)], "it is empty"),
    "another format": ([status(200, b"id;numero\n")], "it is not csv.gz"),
    "plain http": ([status(302, b"", Location="http://example.org/x.csv.gz")], "http://example.org/x.csv.gz: only"),
    "file": ([status(302, b"", Location="file:///etc/passwd")], "file:///etc/passwd: only"),
    "redirects": ([status(302, b"", Location="/round")] * 9, "redirected more than 5 times"),
    "no address": (
        [status(302, b"", Location="https://[x")],
        "it, or where it redirects to, is no address (Invalid IPv6 URL)",
    ),
    "nowhere": ([status(302)], "answered 302"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_last_good_copy_outlives_every_fault(
    fault: str, server: Server, web: Web, tmp_path: Path, ban_file: Callable[..., bytes]
) -> None:
    good = fetch("ban", area="93", folder=tmp_path, web=web)
    content = good.path.read_bytes()
    steps, said = FAULTS[fault]
    server.files[BAN_PATH] = ban_file(100)
    if fault in {"drip", "silence"}:
        web.patience = Patience(attempts=2, connect_s=2, silence_s=0.3, grace_s=0.3, min_bytes_per_s=2000)
    server.script = list(steps)
    stale = fetch("ban", area="93", folder=tmp_path, web=web, refresh=True)
    assert stale.path.read_bytes() == content
    assert said in stale.stale
    assert f"copy of {good.day}" in stale.stale
    server.script = list(steps)
    with pytest.raises(SourceError, match=re.escape(said)) as error:
        fetch("ban", area="93", folder=tmp_path / "new", web=web)
    assert "Traceback" not in str(error.value)
    server.script = []
    fresh = fetch("ban", area="93", folder=tmp_path, web=web, refresh=True)
    assert (fresh.stale, fresh.path.read_bytes()) == ("", server.files[BAN_PATH])


def test_a_server_that_is_down(web: Web, tmp_path: Path) -> None:
    good = fetch("ban", area="93", folder=tmp_path, web=web)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    web.mirror = f"http://127.0.0.1:{port}"
    stale = fetch("ban", area="93", folder=tmp_path, web=web, refresh=True)
    assert stale.path == good.path
    assert "lost or refused" in stale.stale


def test_a_host_that_no_name_server_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ESSGEO_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SourceUnavailableError, match=r"adresses-93\.csv\.gz: the connection was lost"):
        fetch("ban", area="93", folder=tmp_path, web=Web(sleep=lambda _: None))


def test_a_proxy_is_obeyed(server: Server, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", server.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    web.mirror = None
    with pytest.raises(SourceUnavailableError, match="the proxy refused"):
        fetch("ban", area="93", folder=tmp_path, web=web)


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(code: int, server: Server, web: Web, tmp_path: Path, sleeps: list[float]) -> None:
    server.script = [status(code), status(code)]
    assert fetch("ban", area="93", folder=tmp_path, web=web).path.read_bytes() == server.files[BAN_PATH]
    assert sleeps == [1.0, 2.0]


def test_retry_after_is_obeyed(server: Server, web: Web, tmp_path: Path, sleeps: list[float]) -> None:
    server.script = [status(429, b"", Retry_After="17")]
    fetch("ban", area="93", folder=tmp_path, web=web)
    assert sleeps == [17.0]


def test_a_cut_is_gone_on_with_by_range(server: Server, web: Web, tmp_path: Path) -> None:
    content = server.files[BAN_PATH]

    def cut(handler: Any) -> None:
        start = int(handler.headers.get("Range", "bytes=0-")[6:-1])
        if start:
            place = f"bytes {start}-{len(content) - 1}/{len(content)}"
            handler.reply(206, content[start:], etag='"v1"', Content_Range=place, stop_after=1000)
        else:
            handler.reply(200, content, etag='"v1"', stop_after=1000)

    server.script = [cut] * 8
    server.files[BAN_PATH] = content
    got = fetch("ban", area="93", folder=tmp_path, web=web)
    assert got.path.read_bytes() == content
    asked = [headers.get("Range") for headers in server.asked(BAN_PATH)]
    assert asked[:9] == [None, *(f"bytes={1000 * number}-" for number in range(1, 9))]
    assert all(headers["If-Range"] == '"v1"' for headers in server.asked(BAN_PATH)[1:9])


def test_no_byte_is_fetched_twice_after_a_cut(server: Server, web: Web, tmp_path: Path) -> None:
    content = server.files[BAN_PATH]
    half = len(content) // 2
    server.script = [lambda handler: handler.reply(200, content, etag="", stop_after=half)]
    assert fetch("ban", area="93", folder=tmp_path, web=web).path.read_bytes() == content
    assert server.sent == len(content)


def test_a_weak_mark_is_not_enough_to_go_on(server: Server, web: Web, tmp_path: Path) -> None:
    content = server.files[BAN_PATH]
    server.script = [lambda handler: handler.reply(200, content, etag='W/"v1"', Last_Modified="", stop_after=1000)]
    assert fetch("ban", area="93", folder=tmp_path, web=web).path.read_bytes() == content
    assert "Range" not in server.asked(BAN_PATH)[1]


def test_a_file_without_a_mark_is_fetched_from_its_start(server: Server, web: Web, tmp_path: Path) -> None:
    content = server.files[BAN_PATH]
    server.script = [
        lambda handler: handler.reply(200, content, etag="", Last_Modified="", stop_after=1000),
        lambda handler: handler.reply(200, content, etag="", Last_Modified=""),
    ]
    assert fetch("ban", area="93", folder=tmp_path, web=web).path.read_bytes() == content
    assert "Range" not in server.asked(BAN_PATH)[1]


def test_another_part_than_was_asked_is_not_glued_on(server: Server, web: Web, tmp_path: Path) -> None:
    content = server.files[BAN_PATH]
    server.script = [
        lambda handler: handler.reply(200, content, etag='"v1"', stop_after=1000),
        lambda handler: handler.reply(206, content[500:], Content_Range=f"bytes 500-{len(content) - 1}/{len(content)}"),
    ]
    assert fetch("ban", area="93", folder=tmp_path, web=web).path.read_bytes() == content


def test_a_description_that_was_cut_is_asked_for_again(server: Server, web: Web, tmp_path: Path) -> None:
    table = b"SIREN\n123456789\n"
    server.files["/static.data.gouv.fr/entreprisesess.csv"] = table
    api = "/www.data.gouv.fr/api/1/datasets/liste-des-entreprises-de-less/"
    server.files[api] = json.dumps(
        {"resources": [{"title": "x", "format": "csv", "url": "https://static.data.gouv.fr/entreprisesess.csv"}]}
    ).encode()
    server.script = [lambda handler: handler.reply(200, handler.content, stop_after=20)]
    assert fetch("ess_france", folder=tmp_path, web=web).path.read_bytes() == table
    assert len(server.asked(api)) == 2


def test_a_redirect_to_another_host_is_followed(server: Server, web: Web, tmp_path: Path) -> None:
    server.files["/elsewhere.fr/x"] = server.files[BAN_PATH]
    server.script = [status(301, b"", Location="https://elsewhere.fr/x")]
    got = fetch("ban", area="93", folder=tmp_path, web=web)
    assert got.path.read_bytes() == server.files[BAN_PATH]
    assert got.path.name == "adresses-93.csv.gz"


def test_plain_http_is_for_this_machine_and_no_server_elsewhere_leads_to_it(
    server: Server, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = find_source("ban")
    local = dataclasses.replace(source, locate={"kind": "address", "url": f"{server.url}{BAN_PATH}"})
    web.mirror = None
    assert fetch(local, area="93", folder=tmp_path / "local", web=web).url.startswith("http://127.0.0.1")
    plain = dataclasses.replace(source, locate={"kind": "address", "url": "http://example.org/x.csv.gz"})
    with pytest.raises(SourceUnavailableError, match="only addresses in https"):
        fetch(plain, area="93", folder=tmp_path, web=web)

    def elsewhere(_session: requests.Session, _method: str, url: str, **_: object) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer.raw = 302, io.BytesIO()
        answer.headers["Location"] = f"{server.url}{BAN_PATH}"
        assert url.startswith("https://")
        return answer

    monkeypatch.setattr(requests.Session, "request", elsewhere)
    with pytest.raises(SourceUnavailableError, match=r"http://127\.0\.0\.1:\d+/.*only addresses in https"):
        fetch("ban", area="93", folder=tmp_path, web=web)


def test_a_server_that_compresses_all_the_same(server: Server, web: Web, tmp_path: Path) -> None:
    table = b"IRIS;COM;P22_POP;TYP_IRIS\n930100101;93010;2500;H\n" * 500
    server.files["/www.insee.fr/fr/statistiques/fichier/8647014/base-ic-evol-struct-pop-2022_csv.zip"] = b"x"
    server.script = [lambda handler: handler.reply(200, gzip.compress(table), Content_Encoding="gzip")]
    assert fetch("iris_population", folder=tmp_path, web=web).path.read_bytes() == table
    server.script = [lambda handler: handler.reply(200, handler.content, Content_Encoding="gzip")]
    assert fetch("ban", area="93", folder=tmp_path, web=web).path.read_bytes() == server.files[BAN_PATH]


def test_a_length_that_never_comes_is_a_cut(server: Server, web: Web, tmp_path: Path) -> None:
    server.script = [too_long] * 60
    with pytest.raises(SourceUnavailableError, match=r"it was cut after \d+ of \d+ bytes|lost or refused"):
        fetch("ban", area="93", folder=tmp_path, web=web)


def test_a_file_larger_than_it_may_be_is_not_taken(server: Server, web: Web, tmp_path: Path) -> None:
    def endless(handler: Any) -> None:
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            for _ in range(400):
                handler.wfile.write(b"\x1f\x8b" * 500_000)
        handler.close_connection = True

    for step in (status(200, b"", Content_Length="400000000"), endless):
        server.script = [step]
        with pytest.raises(SourceUnavailableError, match="larger than the 300 MB"):
            fetch("ban", area="93", folder=tmp_path, web=web)


def test_a_renamed_column_is_named_and_the_old_copy_kept(
    server: Server, web: Web, tmp_path: Path, ban_file: Callable[..., bytes], ban_header: str
) -> None:
    server.files[BAN_PATH] = ban_file(5, ban_header.replace("nom_voie", "voie_nom"))
    with pytest.raises(SourceChangedError, match=r"adresses-93\.csv\.gz: ban changed: no column for street \(known as"):
        fetch("ban", area="93", folder=tmp_path, web=web)
    assert list(tmp_path.rglob("*.csv.gz*")) == []
    server.files[BAN_PATH] = ban_file(5)
    good = fetch("ban", area="93", folder=tmp_path, web=web)
    server.files[BAN_PATH] = ban_file(6, ban_header.replace("nom_voie", "voie_nom"))
    stale = fetch("ban", area="93", folder=tmp_path, web=web, refresh=True)
    assert stale.path == good.path
    assert "no column for street" in stale.stale


def test_a_new_column_is_welcome(
    server: Server, web: Web, tmp_path: Path, ban_file: Callable[..., bytes], ban_header: str
) -> None:
    server.files[BAN_PATH] = ban_file(5, f"nouveau;{ban_header};certification")
    assert fetch("ban", area="93", folder=tmp_path, web=web).stale == ""


@pytest.mark.linux
def test_a_full_disk_leaves_nothing_half_written(server: Server, web: Web, tmp_path: Path) -> None:
    good = fetch("ban", area="93", folder=tmp_path, web=web)
    work = tmp_path / "ban" / "93" / "download"
    server.files[BAN_PATH] += b"more"
    (work / PART).symlink_to("/dev/full")
    stale = fetch("ban", area="93", folder=tmp_path, web=web, refresh=True)
    assert stale.path == good.path
    assert "cannot be written (No space left on device). Free some space" in stale.stale
    assert list(work.iterdir()) == []


def test_a_disk_that_fills_up_while_the_manifest_is_written(
    server: Server, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = fetch("ban", area="93", folder=tmp_path, web=web)
    server.files[BAN_PATH] = server.files[BAN_PATH] + b"\x00"

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("essgeo.official.store.os.fsync", full)
        stale = fetch("ban", area="93", folder=tmp_path, web=web, refresh=True)
    assert (stale.path, stale.sha256) == (good.path, good.sha256)
    assert "No space left" in stale.stale
    assert [path.name for path in tmp_path.rglob("*") if path.is_file() and path.name != "lock"] == [
        "manifest.json", "adresses-93.csv.gz",
    ]  # fmt: skip


def test_a_cache_that_cannot_be_written(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceUnavailableError, match=r"cannot be written .*ESSGEO_CACHE"):
        fetch("ban", area="93", folder=tmp_path / "file", web=web)
    good = fetch("ban", area="93", folder=tmp_path, web=web)

    def read_only(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(fetching.filelock.FileLock, "acquire", read_only)
    assert fetch("ban", area="93", folder=tmp_path, web=web) == good
    stale = fetch("ban", area="93", folder=tmp_path, web=web, refresh=True)
    assert stale.path == good.path
    assert "Read-only file system" in stale.stale


def test_why_in_words() -> None:
    assert why(requests.exceptions.SSLError()) == "its certificate could not be checked"
    assert why(urllib3.exceptions.ReadTimeoutError(None, "", "")) == "no answer in time"  # type: ignore[arg-type]
