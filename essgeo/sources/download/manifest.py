"""What was fetched, from where and when: one file beside each copy, and the switch from one copy to the next."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from essgeo.provenance import sha256_of
from essgeo.sources.catalogue import REFRESH_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from essgeo.errors import InputError, SourceError
    from essgeo.sources.catalogue import Source

_MANIFEST = "manifest.json"
_VERSION_LENGTH = 16
WORK = "download"
"""Folder of a download that is under way, beside the copies."""


@dataclass(frozen=True)
class Copy:
    """The last good copy of a file.

    Attributes
    ----------
    source, area
        What it is a copy of.
    name
        Name of the file.
    sha256, size
        Of the file as published.
    changed_ns
        When the file was last written, as the disk says: another time means that its hash has to be looked at again.
    url, checksum, etag, modified
        Where it came from, and what the server and the publisher said of it.
    fetched_at, checked_at
        When its bytes came, and when the server last said that they are current: UTC, ISO 8601.
    previous
        The copy that it took the place of, behind which is the last that was read; None if there is none.
    refused
        Hash of a newer file that was whole and had its columns, but whose content could not be read: the server has to
        be asked again. ``""`` if there is none.
    was_read
        Whether something was made of its content: of other copies, only the header is known to be right.
    vintage, locate
        What the catalogue said of it when it was last asked for: of when it is, ``""`` in manifests that did not say
        so, and how it is found.
    """

    source: str
    area: str
    name: str
    sha256: str
    size: int
    changed_ns: int
    url: str
    checksum: str
    etag: str
    modified: str
    fetched_at: str
    checked_at: str
    previous: Copy | None = None
    refused: str = ""
    was_read: bool = False
    vintage: str = ""
    locate: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Name of the folder of this copy: the first digits of its hash."""
        return self.sha256[:_VERSION_LENGTH]

    @property
    def day(self) -> str:
        """Day on which its bytes came."""
        return self.fetched_at[:10]


@dataclass(frozen=True)
class Fetched:
    """An official file on this disk.

    Attributes
    ----------
    source, area
        What it is, and what stands for the area in its address (``""``: France).
    path
        The file to read, out of its archive if it came in one.
    sha256, size
        Hash and bytes of the file as it was published.
    url
        Where it came from.
    fetched_at
        When its bytes came, UTC.
    etag
        What the server called this version, ``""`` if nothing.
    stale
        ``""``, or why it may not be the current one, and of which day it is: to be said beside every figure.
    fault
        The error behind ``stale``.
    vintage
        Of when it is, as the catalogue said when it came: that of today may name another. ``""``: not known.
    """

    source: str
    area: str
    path: Path
    sha256: str
    size: int
    url: str
    fetched_at: dt.datetime
    etag: str
    stale: str
    fault: SourceError | InputError | None = field(default=None, compare=False)
    vintage: str = ""


def store(source: Source, area: str, root: Path) -> Path:
    """Return the folder of the copies of a source: one for France where one file holds every area.

    Examples
    --------
    >>> from essgeo.sources.catalogue import find_source
    >>> store(find_source("ban"), "93", Path("kept")).as_posix(), store(find_source("rna"), "93", Path("kept")).name
    ('kept/ban/93', 'france')
    """
    return root / source.id / (area if area and "{area}" in source.locate.get("url", "") else "france")


def read_copy(folder: Path) -> Copy | None:
    """Return the last good copy in a folder, None where there is none or where the file is no longer what it was."""
    try:
        written = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        copy = _copy_of(written)
        dt.datetime.fromisoformat(copy.checked_at)
        return copy if is_intact(folder, copy) else None
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def _copy_of(written: Mapping[str, Any]) -> Copy:
    before = written.get("previous")
    return Copy(**{**written, "previous": _copy_of(before) if before else None})


def lineage(copy: Copy | None) -> Iterator[Copy]:
    """Give a copy and those that are kept behind it, newest first."""
    while copy is not None:
        yield copy
        copy = copy.previous


def is_intact(folder: Path, copy: Copy) -> bool:
    """Return whether the file of a copy is there and is still what came."""
    path = file_of(folder, copy)
    try:
        seen = path.stat()
        return seen.st_size == copy.size and (seen.st_mtime_ns == copy.changed_ns or sha256_of(path) == copy.sha256)
    except OSError:
        return False


def read_copies(source: Source, root: Path) -> list[Copy]:
    """Return the last good copies of a source, one an area.

    Examples
    --------
    >>> from essgeo.sources.catalogue import find_source
    >>> read_copies(find_source("ban"), Path("nowhere"))
    []
    """
    kept = (read_copy(path.parent) for path in sorted((root / source.id).glob(f"*/{_MANIFEST}")))
    return [copy for copy in kept if copy is not None]


def file_of(folder: Path, copy: Copy) -> Path:
    """Return the path of a copy."""
    return folder / copy.version / copy.name


def write_copy(folder: Path, copy: Copy) -> None:
    """Make a copy the last good one, in one step: before it the former one is, after it this one.

    The copies behind it stay on the disk, for those who are reading them and for when its content is wrong.
    """
    write_json(folder / _MANIFEST, dataclasses.asdict(copy))
    kept = {WORK, *(one.version for one in lineage(copy))}
    for other in folder.iterdir():
        if other.is_dir() and other.name not in kept:
            shutil.rmtree(other, ignore_errors=True)


def write_json(path: Path, content: dict[str, object]) -> None:
    """Write a JSON file whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(content, out, ensure_ascii=False, indent=1)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def is_current(copy: Copy, source: Source, now: dt.datetime) -> bool:
    """Return whether a copy is what the catalogue names and young enough, and no newer file was refused.

    A copy of another vintage or another address is not what the catalogue names; a date in the future proves nothing.

    Examples
    --------
    >>> from essgeo.sources.catalogue import find_source
    >>> now = dt.datetime(2026, 1, 10, tzinfo=dt.UTC)
    >>> ban = find_source("ban")
    >>> seen = [Copy("ban", "93", "f", "", 0, 0, "", "", "", "", day, day, vintage="latest", locate=dict(ban.locate))
    ...         for day in ("2026-01-08T00:00:00+00:00", "2026-01-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00")]
    >>> [is_current(copy, ban, now) for copy in seen]
    [True, False, False]
    >>> is_current(seen[0], dataclasses.replace(ban, vintage="2027"), now)
    False
    """
    named = (copy.vintage, copy.locate) == (source.vintage, dict(source.locate))
    age = now - dt.datetime.fromisoformat(copy.checked_at)
    young = dt.timedelta(0) <= age < dt.timedelta(days=REFRESH_DAYS[source.refresh])
    return named and young and not copy.refused


def said_of(copy: Copy, source: Source) -> str:
    """Return of which day a copy is, and of which vintage where the catalogue names another.

    Examples
    --------
    >>> from essgeo.sources.catalogue import find_source
    >>> day = "2026-01-08T00:00:00+00:00"
    >>> copy = Copy("iris_income", "france", "f", "", 0, 0, "", "", "", "", day, day, vintage="2020")
    >>> said_of(copy, dataclasses.replace(find_source("iris_income"), vintage="2021"))
    'copy of 2026-01-08, vintage 2020 where 2021 is wanted'
    """
    other = f", vintage {copy.vintage or 'unknown'} where {source.vintage} is wanted"
    return f"copy of {copy.day}{other if copy.vintage != source.vintage else ''}"
