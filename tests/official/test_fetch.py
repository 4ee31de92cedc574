"""Fetching official files from a server that behaves, and what is kept of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import os
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from subprocess import PIPE, Popen
from typing import TYPE_CHECKING, Any

import pytest

from essgeo.errors import ChecksumError, InputError, SourceChangedError, SourceUnavailableError
from essgeo.official.catalogue import find_source
from essgeo.official.fetch import fetch
from essgeo.official.http import Web
from essgeo.official.store import read_copy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Server = Any
BAN_PATH = "/adresse.data.gouv.fr/data/ban/adresses/latest/csv/adresses-93.csv.gz"
ESS_API = "/www.data.gouv.fr/api/1/datasets/liste-des-entreprises-de-less/"
ESS_PATH = "/static.data.gouv.fr/resources/liste/2026/entreprisesess.csv"
ESS = b"SIREN,DENOMINATION\n123456789,Coop\n"
GET_BAN = """
import sys, time
from essgeo.official.fetch import fetch
print(fetch("ban", area="93", folder=sys.argv[1], refresh=len(sys.argv) > 2).sha256)
"""


def rewrite_manifest(folder: Path, change: Callable[[dict[str, str]], dict[str, str]]) -> None:
    (path,) = folder.rglob("manifest.json")
    path.write_text(json.dumps(change(json.loads(path.read_text()))))


def age(folder: Path, days: float) -> None:
    """Make the copies of a folder look checked so many days ago."""
    then = (dt.datetime.now(dt.UTC) - dt.timedelta(days=days)).isoformat()
    rewrite_manifest(folder, lambda said: said | {"checked_at": then, "fetched_at": then})


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != "lock")


def sha1(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def publish(server: Server, content: bytes = ESS, **resource: object) -> None:
    """Put the list of ESS France on the server, as data.gouv.fr describes it."""
    server.files[ESS_PATH] = content
    described = {
        "title": "Liste des entreprises de l'ESS", "format": "csv", "type": "main", "filetype": "file",
        "url": ESS_PATH.replace("/static", "https://static"), "last_modified": "2026-11-01T00:00:00",
        "filesize": len(content), "checksum": {"type": "sha1", "value": sha1(content)},
    }  # fmt: skip
    old = described | {"url": "https://static.data.gouv.fr/old.csv", "last_modified": "2020-01-01T00:00:00"}
    notice = described | {"title": "Notice", "format": "pdf", "last_modified": "2027-01-01T00:00:00"}
    server.files[ESS_API] = json.dumps({"resources": [old, described | resource, notice]}).encode()


def test_a_file_is_fetched_once_and_known_by_its_hash(server: Server, web: Web, tmp_path: Path) -> None:
    first = fetch("ban", area="93", folder=tmp_path, web=web)
    again = fetch("ban", area="93", folder=tmp_path, web=web)
    assert first == again
    assert first.path.read_bytes() == server.files[BAN_PATH]
    assert first.path.name == "adresses-93.csv.gz"
    assert first.sha256 == hashlib.sha256(server.files[BAN_PATH]).hexdigest()
    assert first.size == len(server.files[BAN_PATH])
    assert first.url == "https://adresse.data.gouv.fr/data/ban/adresses/latest/csv/adresses-93.csv.gz"
    assert (first.source, first.area, first.stale) == ("ban", "93", "")
    assert dt.datetime.fromisoformat(first.fetched_at).utcoffset() == dt.timedelta(0)
    assert first.etag
    assert len(server.requests) == 1
    assert files_of(tmp_path) == ["adresses-93.csv.gz", "manifest.json"]


def test_an_old_copy_is_confirmed_without_a_byte(server: Server, web: Web, tmp_path: Path) -> None:
    first = fetch("ban", area="93", folder=tmp_path, web=web)
    age(tmp_path, 30)
    sent = server.sent
    second = fetch("ban", area="93", folder=tmp_path, web=web)
    assert (second.sha256, second.stale, second.path) == (first.sha256, "", first.path)
    assert server.sent == sent
    assert server.asked(BAN_PATH)[-1]["If-None-Match"] == first.etag
    fetch("ban", area="93", folder=tmp_path, web=web)
    assert len(server.requests) == 2


def test_a_new_file_takes_the_place_of_the_old_one_that_stays_readable(
    server: Server, web: Web, tmp_path: Path, ban_file: Callable[..., bytes]
) -> None:
    copies = []
    for rows in (10, 20, 30, 40):
        server.files[BAN_PATH] = ban_file(rows)
        copies.append(fetch("ban", area="93", folder=tmp_path, web=web, refresh=True))
    assert len({copy.sha256 for copy in copies}) == 4
    assert [copy.path.is_file() for copy in copies] == [True, False, True, True]
    assert copies[3].path.read_bytes() == server.files[BAN_PATH]


def test_the_same_bytes_under_another_mark_stay_the_same_copy(server: Server, web: Web, tmp_path: Path) -> None:
    fetch("ban", area="93", folder=tmp_path, web=web)
    age(tmp_path, 3)
    first = fetch("ban", area="93", folder=tmp_path, offline=True)
    server.script = [lambda handler: handler.reply(200, handler.content, etag='"other"')]
    second = fetch("ban", area="93", folder=tmp_path, web=web, refresh=True)
    assert (second.path, second.fetched_at, second.etag) == (first.path, first.fetched_at, '"other"')
    assert files_of(tmp_path) == ["adresses-93.csv.gz", "manifest.json"]


def test_the_current_file_of_a_dataset_is_found_and_its_sum_checked(server: Server, web: Web, tmp_path: Path) -> None:
    publish(server)
    got = fetch("ess_france", folder=tmp_path, web=web)
    assert got.path.read_bytes() == ESS
    assert got.url.endswith("/2026/entreprisesess.csv")
    fetch("ess_france", folder=tmp_path, web=web, refresh=True)
    assert len(server.asked(ESS_PATH)) == 1
    assert len(server.asked(ESS_API)) == 2


def test_the_mark_of_one_address_is_not_asked_of_another(server: Server, web: Web, tmp_path: Path) -> None:
    publish(server)
    fetch("ess_france", folder=tmp_path, web=web)
    publish(server, ESS + b"987654321,Autre\n", url="https://static.data.gouv.fr/moved.csv")
    server.files["/static.data.gouv.fr/moved.csv"] = server.files[ESS_PATH]
    assert fetch("ess_france", folder=tmp_path, web=web, refresh=True).path.name == "moved.csv"
    (asked,) = server.asked("/static.data.gouv.fr/moved.csv")
    assert not {"If-None-Match", "If-Modified-Since"} & set(asked)


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({"checksum": {"type": "sha1", "value": "0" * 40}}, "its sha1 is not the one"),
        ({"filesize": 5}, "its publisher says 5"),
    ],
)
def test_a_wrong_hash_or_size_is_refused(
    server: Server, web: Web, tmp_path: Path, resource: dict[str, object], said: str
) -> None:
    publish(server)
    good = fetch("ess_france", folder=tmp_path, web=web)
    publish(server, ESS + b"987654321,Autre\n", **resource)
    kept = fetch("ess_france", folder=tmp_path, web=web, refresh=True)
    assert kept.path.read_bytes() == ESS
    assert dataclasses.replace(kept, stale="") == good
    assert said in kept.stale
    with pytest.raises(ChecksumError, match=said):
        fetch("ess_france", folder=tmp_path / "elsewhere", web=web)
    assert files_of(tmp_path / "elsewhere") == []


def test_a_dataset_without_such_a_file_changed(server: Server, web: Web, tmp_path: Path) -> None:
    publish(server, format="xlsx", url="https://static.data.gouv.fr/new.xlsx")
    server.files[ESS_API] = server.files[ESS_API].replace(b"old.csv", b"old.ods").replace(b'"csv"', b'"ods"')
    with pytest.raises(SourceChangedError, match=r"ess_france changed: no file like .*Notice \(pdf\)"):
        fetch("ess_france", folder=tmp_path, web=web)


def test_an_answer_that_is_not_the_api_changed(server: Server, web: Web, tmp_path: Path) -> None:
    server.files[ESS_API] = b"<html>maintenance"
    with pytest.raises(SourceChangedError, match="not JSON"):
        fetch("ess_france", folder=tmp_path, web=web)


def test_offline_opens_no_socket(server: Server, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = fetch("ban", area="93", folder=tmp_path, web=web)

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert fetch("ban", area="93", folder=tmp_path, offline=True) == good
    age(tmp_path, 30)
    old = fetch("ban", area="93", folder=tmp_path, offline=True, refresh=True)
    assert old.path == good.path
    assert "offline" in old.stale
    assert old.day in old.stale
    with pytest.raises(SourceUnavailableError, match="essgeo sources fetch ban --area 75"):
        fetch("ban", area="75", folder=tmp_path, offline=True)
    assert len(server.requests) == 1


def test_a_date_in_the_future_does_not_make_a_copy_fresh_for_ever(server: Server, web: Web, tmp_path: Path) -> None:
    fetch("ban", area="93", folder=tmp_path, web=web)
    age(tmp_path, -400)
    fetch("ban", area="93", folder=tmp_path, web=web)
    assert len(server.requests) == 2
    copy = read_copy(tmp_path / "ban" / "93")
    assert copy is not None
    assert dt.datetime.fromisoformat(copy.checked_at) <= dt.datetime.now(dt.UTC)


@pytest.mark.parametrize("damage", ["truncate", "overwrite", "remove", "manifest", "half manifest", "foreign manifest"])
def test_a_damaged_copy_is_fetched_again(web: Web, tmp_path: Path, damage: str) -> None:
    path = fetch("ban", area="93", folder=tmp_path, web=web).path
    (manifest,) = tmp_path.rglob("manifest.json")
    content = path.read_bytes()
    if damage == "truncate":
        path.write_bytes(content[:-1])
    elif damage == "overwrite":
        path.write_bytes(content[:-1] + b"!")
    elif damage == "remove":
        path.unlink()
    else:
        manifest.write_text({"manifest": "", "half manifest": '{"source": ', "foreign manifest": "[1]"}[damage])
    with pytest.raises(SourceUnavailableError, match="never fetched here"):
        fetch("ban", area="93", folder=tmp_path, offline=True)
    again = fetch("ban", area="93", folder=tmp_path, web=web)
    assert again.path.read_bytes() == content
    assert again.stale == ""


def test_a_copy_that_was_only_touched_is_still_good(web: Web, tmp_path: Path) -> None:
    path = fetch("ban", area="93", folder=tmp_path, web=web).path
    path.touch()
    assert fetch("ban", area="93", folder=tmp_path, offline=True).path == path


@pytest.mark.slow
def test_two_processes_share_one_download(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESSGEO_MIRROR", server.url)
    server.pause_s = 1.5
    running = [
        Popen([sys.executable, "-c", GET_BAN, str(tmp_path)], stdout=PIPE, stderr=PIPE, text=True) for _ in range(2)
    ]
    printed = [process.communicate(timeout=200) for process in running]
    assert [process.returncode for process in running] == [0, 0], printed
    assert {out.strip() for out, _ in printed} == {hashlib.sha256(server.files[BAN_PATH]).hexdigest()}
    assert len(server.requests) == 1


def test_who_waits_for_the_same_file_takes_it_from_who_fetched_it(server: Server, web: Web, tmp_path: Path) -> None:
    together = threading.Barrier(3)
    server.script = [lambda handler: (time.sleep(0.4), handler.good())]

    def get(_: int) -> str:
        together.wait(20)
        return fetch("ban", area="93", folder=tmp_path, web=dataclasses.replace(web), refresh=True).sha256

    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(get, range(3)))
    assert set(found) == {hashlib.sha256(server.files[BAN_PATH]).hexdigest()}
    assert len(server.requests) == 1


@pytest.mark.slow
def test_a_killed_download_is_gone_on_with(
    server: Server, web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESSGEO_MIRROR", server.url)
    content, half = server.files[BAN_PATH], len(server.files[BAN_PATH]) // 2
    came = threading.Event()

    def half_then_wait(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("ETag", f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"')
        handler.end_headers()
        handler.wfile.write(content[:half])
        handler.wfile.flush()
        came.wait(120)

    server.script = [half_then_wait]
    part = tmp_path / "ban" / "93" / "download" / "adresses-93.csv.gz.part"
    with Popen([sys.executable, "-c", GET_BAN, str(tmp_path)], stdout=PIPE, stderr=PIPE) as process:
        try:
            while not (part.is_file() and part.stat().st_size):
                assert process.poll() is None
                time.sleep(0.05)
        finally:
            process.kill()
    came.set()
    begun = part.stat().st_size
    assert 0 < begun <= half
    got = fetch("ban", area="93", folder=tmp_path, web=web)
    assert got.path.read_bytes() == content
    assert server.asked(BAN_PATH)[-1]["Range"] == f"bytes={begun}-"
    assert server.sent == len(content) - begun


def test_a_whole_download_that_was_killed_before_its_end_costs_no_byte(
    server: Server, web: Web, tmp_path: Path
) -> None:
    content = server.files[BAN_PATH]
    fetch("ban", area="93", folder=tmp_path / "other", web=web)
    work = tmp_path / "ban" / "93" / "download"
    work.mkdir(parents=True)
    (work / "adresses-93.csv.gz.part").write_bytes(content)
    etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    url = "https://adresse.data.gouv.fr/data/ban/adresses/latest/csv/adresses-93.csv.gz"
    (work / "adresses-93.csv.gz.part.json").write_text(json.dumps({"url": url, "mark": etag}))
    sent = server.sent
    assert fetch("ban", area="93", folder=tmp_path, web=web).path.read_bytes() == content
    assert server.sent == sent


def test_a_file_that_changed_meanwhile_is_fetched_from_its_start(
    server: Server, web: Web, tmp_path: Path, ban_file: Callable[..., bytes]
) -> None:
    old, new = ban_file(3000), ban_file(4000)
    server.files[BAN_PATH] = old
    server.script = [lambda handler: handler.reply(200, old, etag='"old"', stop_after=5000)]
    web.sleep = lambda _: server.files.update({BAN_PATH: new})
    assert fetch("ban", area="93", folder=tmp_path, web=web).path.read_bytes() == new
    assert server.asked(BAN_PATH)[-1]["If-Range"] == '"old"'


def test_a_folder_of_the_user_or_of_the_environment(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESSGEO_CACHE", str(tmp_path / "cache"))
    assert tmp_path / "cache" / "sources" / "ban" in fetch("ban", area="93", web=web).path.parents


@pytest.mark.usefixtures("no_network")
def test_what_cannot_be_asked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no source"):
        fetch("banque", folder=tmp_path)
    with pytest.raises(InputError, match="no department"):
        fetch("ban", area="../../etc", folder=tmp_path)
    with pytest.raises(SourceUnavailableError, match="does not cover"):
        fetch("stations", area="974", folder=tmp_path)
    with pytest.raises(InputError, match="mirror"):
        fetch("ban", area="93", folder=tmp_path, web=Web("http://mirror.example.org"))
    assert files_of(tmp_path) == []


def test_a_source_of_the_catalogue_may_be_given_itself(web: Web, tmp_path: Path) -> None:
    source = dataclasses.replace(find_source("ban"), max_megabytes=1)
    assert fetch(source, area="93", folder=tmp_path, web=web).source == "ban"


@pytest.mark.parametrize("url", [None, "", 7, "/liste.csv", "https://[liste.csv"])
def test_a_file_of_a_dataset_without_an_address_is_passed_over(
    server: Server, web: Web, tmp_path: Path, url: object
) -> None:
    publish(server, url=url)
    server.files["/static.data.gouv.fr/old.csv"] = ESS
    assert fetch("ess_france", folder=tmp_path, web=web).url.endswith("/old.csv")
    alone = {"title": "Liste des entreprises de l'ESS", "format": "csv"} | ({} if url is None else {"url": url})
    server.files[ESS_API] = json.dumps({"resources": [alone]}).encode()
    with pytest.raises(SourceChangedError, match="ess_france changed: no file like"):
        fetch("ess_france", folder=tmp_path / "new", web=web)


@pytest.mark.parametrize("kind", ["shake_128", "shake_256", "crc32", None])
def test_a_sum_that_cannot_be_checked_is_left_aside(server: Server, web: Web, tmp_path: Path, kind: object) -> None:
    publish(server, checksum={"type": kind, "value": "ab"})
    assert fetch("ess_france", folder=tmp_path, web=web).path.read_bytes() == ESS


def test_what_killed_processes_left_is_removed_after_a_day(web: Web, tmp_path: Path) -> None:
    good = fetch("ban", area="93", folder=tmp_path, web=web)
    home = good.path.parent.parent
    folders = (home, home / "download", good.path.parent)
    for folder in folders:
        (folder / ".young.tmp").write_bytes(b"x")
        (folder / ".old.tmp").write_bytes(b"x")
        yesterday = time.time() - 25 * 3600
        os.utime(folder / ".old.tmp", (yesterday, yesterday))
    fetch("ban", area="93", folder=tmp_path, web=web)
    assert len(list(home.rglob("*.tmp"))) == 6
    fetch("ban", area="93", folder=tmp_path, web=web, refresh=True)
    assert [path.name for path in home.rglob("*.tmp")] == [".young.tmp"] * 3
    assert good.path.is_file()


def test_pages_together_may_be_no_larger_than_one_file(server: Server, web: Web, tmp_path: Path) -> None:
    url = find_source("siae").locate["url"].replace("{area}", "93")
    page = {"next": url, "results": [{"siret": "1", "raison_sociale": "x" * 300_000}]}
    server.script = [lambda handler: handler.reply(200, json.dumps(page).encode())] * 500
    small = dataclasses.replace(find_source("siae"), max_megabytes=1)
    with pytest.raises(SourceUnavailableError, match="larger than the 1 MB") as error:
        fetch(small, area="93", folder=tmp_path, web=web)
    assert error.value.cause == "too_large"
    assert len(server.requests) == 4
