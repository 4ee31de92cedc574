"""A process that is killed anywhere in the switch from one copy to the next leaves a copy that can be used."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from essgeo.official.fetch import fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from essgeo.official.http import Web

Server = Any
BAN_PATH = "/adresse.data.gouv.fr/data/ban/adresses/latest/csv/adresses-93.csv.gz"
KILLED = 9
GET = f"""
import json, os, shutil, sys
from essgeo.official.fetch import fetch

replace, dump, rmtree = os.replace, json.dump, shutil.rmtree

def die(*_, **__):
    os._exit({KILLED})

def dying(name, moment):
    def instead(before, after):
        if moment == "before" and str(after).endswith(name):
            die()
        replace(before, after)
        if str(after).endswith(name):
            die()
    os.replace = instead

def half(content, out, **more):
    if "sha256" not in content:
        return dump(content, out, **more)
    out.write('{{"source": "ban", "ar')
    out.flush()
    die()

POINTS = {{
    "before the file is moved": lambda: dying("csv.gz", "before"),
    "after the file is moved": lambda: dying("csv.gz", "after"),
    "half a manifest": lambda: setattr(json, "dump", half),
    "before the manifest is switched": lambda: dying("manifest.json", "before"),
    "after the manifest is switched": lambda: dying("manifest.json", "after"),
    "while an earlier copy is removed": lambda: setattr(shutil, "rmtree", die),
}}
POINTS[sys.argv[2]]()
fetch("ban", area="93", folder=sys.argv[1], refresh=True)
"""
SWITCHED = {
    "before the file is moved": False,
    "after the file is moved": False,
    "half a manifest": False,
    "before the manifest is switched": False,
    "after the manifest is switched": True,
    "while an earlier copy is removed": True,
}


@pytest.mark.slow
@pytest.mark.parametrize("point", SWITCHED)
def test_a_kill_leaves_a_usable_copy(
    point: str, server: Server, web: Web, tmp_path: Path, ban_file: Callable[..., bytes]
) -> None:
    for rows in (10, 20, 30):
        server.files[BAN_PATH] = ban_file(rows)
        earlier = fetch("ban", area="93", folder=tmp_path, web=web, refresh=True)
    content = {False: server.files[BAN_PATH], True: ban_file(40)}
    server.files[BAN_PATH] = content[True]
    environment = os.environ | {"ESSGEO_MIRROR": server.url, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    run = subprocess.run(
        [sys.executable, "-c", GET, str(tmp_path), point], env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == KILLED, run.stderr
    left = fetch("ban", area="93", folder=tmp_path, offline=True)
    assert left.stale == ""
    assert left.path.read_bytes() == content[SWITCHED[point]]
    assert left.sha256 == hashlib.sha256(content[SWITCHED[point]]).hexdigest()
    assert earlier.path.is_file()
    fresh = fetch("ban", area="93", folder=tmp_path, web=web, refresh=True)
    assert (fresh.stale, fresh.path.read_bytes()) == ("", content[True])
