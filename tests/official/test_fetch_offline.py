"""Offline, and in a study of its own files, no socket is made: watched from before the first import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from essgeo import load_territory, read_layer
from essgeo.official.fetch import fetch

if TYPE_CHECKING:
    from essgeo.official.http import Web

Server = Any
ROOT = Path(__file__).resolve().parents[2]
WATCHED = """
import os, sys

def watch(event, given):
    if event in {"socket.__new__", "socket.bind", "socket.connect", "socket.getaddrinfo"}:
        os.write(2, f"OPENED {event} {given[1:]}\\n".encode())

sys.addaudithook(watch)
"""
COMMANDS = """
from essgeo.cli.main import cli

for command in (
    ["study", sys.argv[1], "--out", "own"],
    ["sources", "fetch", "ban", "stations", "--area", "93", "--offline", "--refresh"],
    ["study", sys.argv[1], "--live", "--offline", "--out", "live"],
):
    cli(command, standalone_mode=False)
    unused = sorted(set(sys.argv[2:]) & set(sys.modules)) if command[-1] == "own" else []
    os.write(2, f"DONE {command[0]} {unused}\\n".encode())
"""
UNUSED = (
    *("dask", "distributed", "duckdb", "folium", "matplotlib", "openpyxl", "osmium", "platformdirs"),
    *("requests", "urllib3", "xyzservices"),
)
"""What a study of a territory's own files must not import."""
CLIENTS = """
import essgeo.geocoding.service
import essgeo.official.check
import essgeo.official.fetch

essgeo.official.fetch.Web()
essgeo.geocoding.service.Service()
print(sorted({"requests", "urllib3"} & set(sys.modules)))
"""


def run(script: str, *arguments: str, folder: Path, **environment: str) -> tuple[str, list[str]]:
    """Run a script in a process of its own, and return what it prints and what the watch saw."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED + script, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, [line for line in done.stderr.splitlines() if line.startswith(("OPENED", "DONE"))]


def test_the_watch_sees_a_socket(tmp_path: Path) -> None:
    _, seen = run("import socket; socket.socket().close()", folder=tmp_path)
    assert len(seen) == 1


def test_nothing_is_opened_before_something_is_asked_for(tmp_path: Path) -> None:
    assert run(CLIENTS, folder=tmp_path) == ("[]\n", [])


@pytest.mark.slow
def test_no_socket_at_all_offline_and_no_import_without_use(
    official: Server, small_territory: Path, tmp_path: Path
) -> None:
    here = load_territory(small_territory)
    for layer in ("stations", "iris"):
        read_layer(here, layer, offline=False)
    fetch("ban", area="93")
    asked = len(official.requests)
    _, seen = run(COMMANDS, str(small_territory), *UNUSED, folder=tmp_path, ESSGEO_CACHE=str(tmp_path / "cache"))
    assert seen == ["DONE study []", "DONE sources []", "DONE study []"]
    assert len(official.requests) == asked
    assert (tmp_path / "own" / "index.html").is_file()
    assert (tmp_path / "live" / "index.html").is_file()


def test_offline_wins_over_refresh(server: Server, web: Web, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    good = fetch("ban", area="93", folder=tmp_path, web=web)
    request.getfixturevalue("no_network")
    assert fetch("ban", area="93", folder=tmp_path, web=web, offline=True, refresh=True) == good
    assert len(server.requests) == 1
