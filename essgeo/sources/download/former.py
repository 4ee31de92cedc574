"""The copies before the last: read where the content of the last one turns out to be wrong. Opens no connection."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from essgeo.errors import SourceError
from essgeo.sources.catalogue import find_source
from essgeo.sources.download.accept import usable
from essgeo.sources.download.manifest import file_of, is_intact, lineage, read_copy, write_copy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from essgeo.sources.download.manifest import Copy, Fetched


def formers(file: Fetched) -> list[Fetched]:
    """Return the copies behind a fetched file that can be read, newest first.

    Parameters
    ----------
    file
        From :func:`essgeo.sources.fetch.fetch`.

    Examples
    --------
    >>> import pathlib
    >>> from essgeo.sources.download.manifest import Fetched
    >>> now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> formers(Fetched("ban", "93", pathlib.Path("ban/93/0a/f.csv.gz"), "", 0, "", now, "", ""))
    []
    """
    copy = read_copy(file.path.parent.parent)
    return list(_behind(file, copy)) if copy and copy.sha256 == file.sha256 else []


def put_back(refused: Fetched, former: Fetched) -> None:
    """Make a copy behind a file the last good one again, and have the server asked at the next occasion.

    Nothing is done where another process is asking it already, or where the disk cannot be written: the content is
    then found wrong again.

    Parameters
    ----------
    refused
        The file whose content cannot be used.
    former
        The one of :func:`formers` that could be read in its place.
    """

    def earlier(copy: Copy) -> Copy | None:
        found = next((kept for kept in lineage(copy.previous) if kept.sha256 == former.sha256), None)
        return dataclasses.replace(found, refused=refused.sha256, was_read=True) if found else None

    _note(refused, earlier)


def note_read(file: Fetched) -> None:
    """Note that something was made of a file, so that it is the one to keep when newer ones are wrong.

    Nothing is done where another process holds the copies, or where the disk cannot be written.
    """
    copy = read_copy(file.path.parent.parent)
    if copy and copy.sha256 == file.sha256 and not copy.was_read:
        _note(file, lambda copy: dataclasses.replace(copy, was_read=True))


def _behind(file: Fetched, copy: Copy) -> Iterator[Fetched]:
    home = file.path.parent.parent
    for before in lineage(copy.previous):
        if not is_intact(home, before):
            continue
        with contextlib.suppress(SourceError):
            yield dataclasses.replace(
                file,
                path=usable(file_of(home, before), find_source(file.source), file.area),
                sha256=before.sha256,
                size=before.size,
                url=before.url,
                fetched_at=dt.datetime.fromisoformat(before.fetched_at),
                etag=before.etag,
                vintage=before.vintage,
            )


def _note(file: Fetched, change: Callable[[Copy], Copy | None]) -> None:
    """Write the manifest of a file as it is after a change, if the file still is the last copy."""
    import filelock  # noqa: PLC0415 (a study of its own files does without it)

    home = file.path.parent.parent
    with contextlib.suppress(OSError), filelock.FileLock(home / "lock", timeout=0):
        copy = read_copy(home)
        changed = change(copy) if copy and copy.sha256 == file.sha256 else None
        if changed is not None:
            write_copy(home, changed)
