"""Put a finished run in the place of the last one, file over file: the folder is complete at each moment."""

from __future__ import annotations

import errno
import json
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from essgeo.errors import InputError
from essgeo.files.geographic import refuse_marks
from essgeo.files.guard import refuse_overwrite
from essgeo.messages import tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


MANIFEST = ".essgeo.json"

WORK = ".essgeo.work"
"""Where a run writes, in the folder itself: only there is a move a rename, where the folder is a mount point."""

_JOURNAL = "moving.json"


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Give an empty folder to write a run into, and move its files into ``out`` once all of them are there.

    It lies in ``out``, so that a move is a rename. On success every file of the run is renamed over the one of the
    previous run, then those that only that one wrote are removed; files that essgeo did not write (a README.md, a
    ``.git``) stay. At no moment is a file missing that both runs have. On failure ``out`` is as before. A run that is
    killed leaves its folder behind; the next run first puts back whatever it had begun to replace.

    Parameters
    ----------
    out
        The folder to publish; it is created, with its parents, where it is missing. A file ``.essgeo.json`` in it lists
        what essgeo wrote.

    Yields
    ------
    Path
        A folder to write into.

    Raises
    ------
    InputError
        ``out`` is a file or cannot be written, another run is writing into it, or it holds a file of the same name as
        one of the run that essgeo did not write.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with staged(pathlib.Path(folder) / "maps") as staging:
    ...         _ = (staging / "index.html").write_text("a map")
    ...     (pathlib.Path(folder) / "maps" / "index.html").read_text()
    'a map'
    """
    out = Path(out).resolve()
    was_there = out.exists()
    work = out / WORK
    _prepare(out, work)
    try:
        with _alone(work, out):
            try:
                _recover(work, out)
                staging = work / "new"
                staging.mkdir()
                yield staging
                _publish(work, out)
            finally:
                _roll_back(work, out)
                shutil.rmtree(work, ignore_errors=True)
    finally:
        if not was_there:
            with suppress(OSError):
                out.rmdir()


def check_folder(out: Path, read: Mapping[str, Path]) -> None:
    """Refuse, before anything is computed, a folder that is a file or where publishing replaces a file that was read.

    Raises
    ------
    InputError
        Names the file.
    """
    if not out.resolve().name:
        raise InputError(tell("publish_root", out=out))
    if out.exists() and not out.is_dir():
        raise InputError(tell("publish_file", out=out))
    there = next(path for path in (out.resolve(), *out.resolve().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        strerror = os.strerror(errno.EACCES if there.is_dir() else errno.ENOTDIR)
        raise InputError(tell("publish_refused", out=out, strerror=strerror, filename=there))
    refuse_marks(out)
    refuse_overwrite({"out": out}, read)


def _prepare(out: Path, work: Path) -> None:
    check_folder(out, {})
    try:
        out.mkdir(parents=True, exist_ok=True)
        work.mkdir(exist_ok=True)
        probe = out / f"{MANIFEST}.probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise InputError(tell("publish_refused", out=out, strerror=error.strerror, filename=error.filename)) from error


@contextmanager
def _alone(work: Path, out: Path) -> Iterator[None]:
    """Hold the folder for one run; the lock dies with its process."""
    lock = FileLock(work / "lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(tell("publish_busy", out=out)) from error
    try:
        yield
    finally:
        lock.release()
        if os.name == "nt":  # there a file that is open cannot be removed: the lock outlived its folder
            with suppress(OSError):
                (work / "lock").unlink()
                work.rmdir()


def _publish(work: Path, out: Path) -> None:
    staging = work / "new"
    files = _files(staging)
    ours = _listed(out)
    foreign = [name for name in files if name not in ours and (out / name).exists()]
    if foreign:
        raise InputError(tell("publish_foreign", out=out, foreign=", ".join(foreign)))
    (staging / MANIFEST).write_text(json.dumps({"files": files}, indent=1), encoding="utf-8")
    moved = [*files, MANIFEST]
    touched = sorted({*moved, *ours})
    existed = {name: (out / name).is_file() for name in touched}
    _write_journal(work, existed)
    try:
        for name in touched:
            if existed[name]:
                _keep(out / name, work / "old" / name)
        for name in moved:
            _move(staging / name, out / name)
        for name in sorted(ours.difference(moved)):
            (out / name).unlink(missing_ok=True)
        _remove_empty(out, ours)
    except OSError as error:
        raise InputError(tell("publish_stopped", out=out, strerror=error.strerror, filename=error.filename)) from error
    (work / _JOURNAL).unlink()


def _write_journal(work: Path, existed: dict[str, bool]) -> None:
    draft = work / "journal.draft"
    draft.write_text(json.dumps(existed), encoding="utf-8")
    draft.replace(work / _JOURNAL)


def _recover(work: Path, out: Path) -> None:
    """Undo and clear what a killed run left."""
    _roll_back(work, out)
    for name in ("new", "old"):
        shutil.rmtree(work / name, ignore_errors=True)


def _roll_back(work: Path, out: Path) -> None:
    """Put every file back that the journal of an unfinished run says was there; without a journal none was replaced."""
    journal = work / _JOURNAL
    if not journal.exists():
        return
    existed: dict[str, bool] = json.loads(journal.read_text(encoding="utf-8"))
    for name, before in existed.items():
        if not before and (out / name).is_file():
            (out / name).unlink()
        elif (work / "old" / name).exists():
            _move(work / "old" / name, out / name)
    _remove_empty(out, existed)
    journal.unlink()


def _listed(out: Path) -> set[str]:
    """Return the files of the previous run, those outside ``out`` left out: the list may have been tampered with."""
    try:
        names = json.loads((out / MANIFEST).read_text(encoding="utf-8"))["files"]
        listed = {name for name in names if isinstance(name, str)}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {name for name in listed if (out / name).resolve().is_relative_to(out)}


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _keep(source: Path, target: Path) -> None:
    """Keep a file under a second name, or a copy of it on a disk that knows one name a file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


def _remove_empty(out: Path, names: Iterable[str]) -> None:
    """Remove the folders of these files that hold nothing any more."""
    folders = {
        parent for name in names for parent in (out / name).parents if parent != out and parent.is_relative_to(out)
    }
    for folder in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        with suppress(OSError):
            folder.rmdir()
