"""A run takes the place of the last one whole or not at all, whatever kills it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from essgeo.errors import InputError
from essgeo.publish.folder import MANIFEST, staged

ROOT = Path(__file__).resolve().parents[2]
FIRST = {"index.html": "one", "tables/zones.csv": "one", "tables/old.csv": "one", "gone/only.txt": "one"}
SECOND = {"index.html": "two", "tables/zones.csv": "two", "geojson/qpv.geojson": "two"}


def run(out: Path, files: dict[str, str]) -> None:
    with staged(out) as staging:
        for name, text in files.items():
            (staging / name).parent.mkdir(exist_ok=True)
            (staging / name).write_text(text, encoding="utf-8")


def fail(out: Path, error: type[BaseException]) -> None:
    with staged(out) as staging:
        (staging / "index.html").write_text("half", encoding="utf-8")
        raise error


def content(out: Path) -> dict[str, str]:
    return {
        path.relative_to(out).as_posix(): path.read_text(encoding="utf-8")
        for path in out.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def left_beside(out: Path) -> list[str]:
    return [path.name for path in out.parent.iterdir() if path != out]


def test_a_run_replaces_its_files_removes_stale_ones_and_keeps_what_is_not_its_own(tmp_path: Path) -> None:
    out = tmp_path / "maps"
    out.mkdir()
    (out / "README.md").write_text("mine", encoding="utf-8")
    run(out, FIRST)
    (out / "tables" / "mine.csv").write_text("mine", encoding="utf-8")
    run(out, SECOND)
    assert content(out) == SECOND | {"README.md": "mine", "tables/mine.csv": "mine"}
    assert not (out / "gone").exists()
    assert left_beside(out) == []


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_a_run_that_fails_changes_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    out = tmp_path / "maps"
    run(out, FIRST)
    with pytest.raises(error):
        fail(out, error)
    assert content(out) == FIRST
    assert left_beside(out) == []


def test_a_first_run_that_fails_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        fail(tmp_path / "maps", KeyError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("moves", range(8))
def test_a_move_that_fails_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moves: int) -> None:
    out = tmp_path / "maps"
    run(out, FIRST)
    replace, done = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        if self.name != "journal.draft":
            done.append(self)
            if len(done) == moves + 1:
                raise OSError(28, "No space left on device", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(InputError, match="No space left"):
        run(out, SECOND)
    monkeypatch.undo()
    assert content(out) == FIRST
    assert left_beside(out) == []
    run(out, SECOND)
    assert content(out) == SECOND


# Loads the module alone: its packages import libraries that take seconds.
KILLED = """
import os, signal, sys, types
from pathlib import Path
for name in ("essgeo", "essgeo.publish"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [str(Path(sys.argv[3], *name.split(".")))]
from essgeo.publish.folder import staged
out, moves = Path(sys.argv[1]), int(sys.argv[2])
replace, done = Path.replace, []
def killing(self, target):
    done.append(self)
    if len(done) == moves:
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
Path.replace = killing
with staged(out) as staging:
    (staging / "index.html").write_text("half")
    (staging / "new.html").write_text("half")
    if moves == 0:
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
@pytest.mark.parametrize("moves", [0, 1, 2, 3, 5, 7])
def test_a_run_that_is_killed_is_undone_by_the_next(tmp_path: Path, moves: int) -> None:
    out = tmp_path / "maps"
    run(out, FIRST)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(out), str(moves), str(ROOT)], check=False)
    assert killed.returncode == -signal.SIGKILL
    if moves == 0:
        assert content(out) == FIRST
    with pytest.raises(KeyError):
        fail(out, KeyError)
    assert content(out) == FIRST
    run(out, SECOND)
    assert content(out) == SECOND
    assert left_beside(out) == []


def test_a_file_that_essgeo_did_not_write_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "zones.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"did not write and would replace: tables/zones\.csv"):
        run(tmp_path, FIRST)
    assert content(tmp_path) == {"tables/zones.csv": "mine"}


def test_a_manifest_cannot_reach_outside_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "maps"
    run(out, FIRST)
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")
    (out / MANIFEST).write_text('{"files": ["../precious.txt", 3, "index.html"]}', encoding="utf-8")
    run(out, {"index.html": "two"})
    assert (tmp_path / "precious.txt").read_text(encoding="utf-8") == "mine"
    assert content(out)["index.html"] == "two"


def test_a_folder_that_cannot_be_written_is_one_clear_message(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for out in (file, file / "maps", Path("/proc/essgeo"), Path("/")):
        with pytest.raises(InputError, match=r"^cannot publish into .*(Name|name) a folder"), staged(out):
            pytest.fail("gave a folder")
    assert left_beside(file) == []


def test_two_runs_into_one_folder_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "maps"
    with staged(out) as staging:
        (staging / "index.html").write_text("one", encoding="utf-8")
        with pytest.raises(InputError, match="another run is writing"), staged(out):
            pytest.fail("gave a folder")
    assert content(out) == {"index.html": "one"}
