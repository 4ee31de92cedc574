"""A run takes the place of the last one whole or not at all, whatever kills it."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import sys
from pathlib import Path

import pytest

from essgeo.errors import InputError
from essgeo.publish.folder import MANIFEST, WORK, staged

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


@pytest.mark.parametrize("moves", range(4))
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


def until_killed(out: Path, step: int) -> bool:
    """Publish the second run in a process that is killed before a step on the disk; return whether it was."""
    process = os.fork()
    if process:
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL
    left = step

    def kill(event: str, _given: object) -> None:
        nonlocal left
        if event in {"os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.copyfile"}:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(kill)
        run(out, SECOND)
    finally:
        os._exit(0)


@pytest.mark.linux
@pytest.mark.parametrize("linked", [True, False], ids=["links", "a disk without links"])
def test_the_folder_is_complete_wherever_a_run_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, linked: bool
) -> None:
    def refuse(*_paths: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    if not linked:
        monkeypatch.setattr(os, "link", refuse)
    shared = FIRST.keys() & SECOND.keys()
    seen = set()
    for step in itertools.count(1, 1 if linked else 4):
        out = tmp_path / f"maps-{step}"
        run(out, FIRST)
        (out / "README.md").write_text("mine", encoding="utf-8")
        killed = until_killed(out, step)
        now = {name: text for name, text in content(out).items() if not name.startswith(WORK)}
        assert now.keys() >= shared | {"README.md"}
        seen.add(tuple(now[name] for name in sorted(shared)))
        if not killed:
            break
        if step % 3 == 0:  # undone by a run that fails, or by one that does not
            with pytest.raises(KeyError):
                fail(out, KeyError)
            assert content(out) in (FIRST | {"README.md": "mine"}, SECOND | {"README.md": "mine"})
        run(out, SECOND)
        assert content(out) == SECOND | {"README.md": "mine"}
        assert not (out / WORK).exists()
    assert content(out) == SECOND | {"README.md": "mine"}
    assert seen == {("one", "one"), ("two", "one"), ("two", "two")}


def test_nothing_is_written_beside_the_folder(tmp_path: Path) -> None:
    """The folder may be a mount point, of which a file beside it cannot be renamed into it."""
    out = tmp_path / "maps"
    with staged(out) as staging:
        (staging / "index.html").write_text("one", encoding="utf-8")
        assert staging.is_relative_to(out)
        assert left_beside(out) == []
    assert content(out) == {"index.html": "one"}


@pytest.mark.linux
def test_published_files_have_the_rights_that_the_umask_leaves(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        run(tmp_path / "maps", FIRST)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "maps").rglob("*") if path.is_file()} == {0o640}
    assert (tmp_path / "maps" / "tables").stat().st_mode & 0o777 == 0o750


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
