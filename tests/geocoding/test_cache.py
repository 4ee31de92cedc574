"""The cache: what it keeps, for how long, and what it does under two processes or damage."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from essgeo.errors import InputError
from essgeo.geocoding import Local, Places
from essgeo.geocoding.engines import Cache, default_cache, no_matches

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Named:
    name: str = "engine"
    version: str = "1"

    def match(self, queries: pd.DataFrame) -> pd.DataFrame:
        raise NotImplementedError

    def candidates(self, queries: pd.DataFrame) -> pd.DataFrame:
        raise NotImplementedError


def answers(*keys: str) -> pd.DataFrame:
    return no_matches(pd.Index(keys)).assign(label=[f"label {key}" for key in keys], lon=2.5, lat=48.9, score=0.9)


def test_an_answer_comes_back_as_it_was(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "new" / "answers.sqlite")
    kept = answers("a", "é'\"; DROP TABLE answers", "c")
    kept.loc["c", ["lon", "lat"]] = float("nan")
    cache.put(Named(), kept)
    found = cache.get(Named(), pd.Index(["c", "a", "é'\"; DROP TABLE answers", "unknown"]))
    pd.testing.assert_frame_equal(found.loc[kept.index, kept.columns], kept, check_names=False, check_dtype=False)
    assert len(found) == 3


def test_another_engine_or_version_knows_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "answers.sqlite")
    cache.put(Named(), answers("a"))
    assert cache.get(Named(version="2"), pd.Index(["a"])).empty
    assert cache.get(Named(name="other"), pd.Index(["a"])).empty


LISTED = pd.DataFrame(
    {"address": ["1 rue A"], "postcode": "93140", "city": "Bondy", "citycode": "93010", "lon": 2.5, "lat": 48.9}
)


@pytest.mark.parametrize("column", [*LISTED.columns, "name"])
def test_a_list_of_which_anything_changed_is_another_version(column: str) -> None:
    changed = {"postcode": "93000", "citycode": "93008", "lon": 2.6, "lat": 48.8}.get(column, "other")
    if column != "name":
        assert Local.of(LISTED).version != Local.of(LISTED.assign(**{column: changed})).version
    named = LISTED.assign(name="Halle")
    same = column in {"address", "postcode"}  # of a place nothing is read there
    assert (Places.of(named).version == Places.of(named.assign(**{column: changed})).version) is same


def test_an_old_answer_is_forgotten_unless_any_age_will_do(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    Cache(path, clock=lambda: 0.0).put(Named(), answers("a"))
    later = 31 * 86_400.0
    assert Cache(path, clock=lambda: later).get(Named(), pd.Index(["a"])).empty
    assert len(Cache(path, fresh_days=float("inf"), clock=lambda: later).get(Named(), pd.Index(["a"]))) == 1


def test_no_answer_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "answers.sqlite")
    cache.put(Named(), no_matches(pd.Index(["a"]), "no_answer"))
    assert cache.get(Named(), pd.Index(["a"])).empty


WRITER = """
import sys
import pandas as pd
from pathlib import Path
from essgeo.geocoding.engines import Cache
from essgeo.geocoding.engines import no_matches
from essgeo.geocoding.service import Service
cache = Cache(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for batch in range(10):
    keys = pd.Index([f"{sys.argv[2]} {batch} {row}" for row in range(100)] + [f"shared {batch}"])
    cache.put(Service(), no_matches(keys))
    assert len(cache.get(Service(), keys)) == 101
"""


@pytest.mark.slow
def test_two_processes_may_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    command = [sys.executable, "-c", WRITER, str(path)]
    writers = [
        subprocess.Popen(
            [*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in ("first", "second")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.communicate(timeout=60)[1] for writer in writers] == ["", ""]
    with closing(sqlite3.connect(path)) as file, file:
        assert file.execute("SELECT count(*) FROM answers").fetchone() == (2 * 10 * 100 + 10,)
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    file.close()


@pytest.mark.parametrize("damage", ["garbage", "cut", "other"])
def test_a_damaged_cache_says_what_to_do(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "answers.sqlite"
    cache = Cache(path)
    if damage == "garbage":
        path.write_bytes(b"not a database " * 1000)
    elif damage == "cut":
        cache.put(Named(), answers(*map(str, range(5000))))
        path.write_bytes(path.read_bytes()[:100_000])
    else:
        with closing(sqlite3.connect(path)) as file, file:
            file.execute("CREATE TABLE somebody (else_ TEXT)")
        file.close()
    with pytest.raises(InputError, match=r"answers\.sqlite: .*Delete the file"):
        cache.get(Named(), pd.Index([str(row) for row in range(5000)]))
    path.unlink()
    cache.put(Named(), answers("a"))
    assert len(cache.get(Named(), pd.Index(["a"]))) == 1


def test_nothing_touches_the_disk_before_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    Cache(default_cache())
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be opened"):
        Cache(tmp_path / "file" / "answers.sqlite").get(Named(), pd.Index(["a"]))
