"""Look at a file that has come before it takes the place of the last good copy. Opens no connection."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from essgeo.errors import ChecksumError, SourceChangedError
from essgeo.sources.catalogue import official_columns
from essgeo.sources.download.archive import SIGNATURE, extract
from essgeo.sources.download.content import shortfall_of
from essgeo.sources.download.header import SUFFIXES, columns_of, fault_of, missing_part
from essgeo.sources.download.manifest import Copy, file_of, lineage, write_copy
from essgeo.sources.download.partial import discard

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.sources.catalogue import Source
    from essgeo.sources.download.locate import Remote

_BLOCK = 1 << 20
_EDGE = 4096
_ALGORITHMS = {name for name in hashlib.algorithms_guaranteed if not name.startswith("shake_")}
"""Those whose sums have one length: a published sum of another algorithm is left aside."""


@dataclass(frozen=True)
class Arrival:
    """What a server said of a file that came: its ETag and the date it was last modified, ``""`` where it said none."""

    etag: str
    modified: str


def accept(
    part: Path, home: Path, source: Source, area: str, *, remote: Remote, arrival: Arrival, former: Copy | None
) -> Copy:
    """Make a file that has come the last good copy, once its size, hash, format, archive and columns are right.

    Parameters
    ----------
    part
        The file as it came; it is moved, or removed where it is not right.
    home
        Folder of the copies of the source.
    source, area, remote, arrival
        What it is, for which area, where it came from and what the server said.
    former
        The last good copy so far.

    Returns
    -------
    Copy
        The last good copy from now on.

    Raises
    ------
    ChecksumError
        Its size or hash is not the one its publisher gives.
    SourceChangedError
        It is empty, a web page, another format, an unsafe archive, was cut, or lacks a column or any row.
    SourceUnavailableError
        It cannot be taken out of its archive.
    """
    try:
        digest = _digest(part, remote)
        _refuse(part, source, archive="member" in source.locate)
    except (ChecksumError, SourceChangedError):
        discard(part)
        raise
    said = {"url": remote.url, "checksum": remote.checksum, "etag": arrival.etag, "modified": arrival.modified}
    if former and former.sha256 == digest:
        discard(part)
        return confirm(home, former, source, **said)
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    seen = part.stat()
    copy = Copy(
        source=source.id,
        area=home.name,
        name=_named(part, remote.name, source),
        sha256=digest,
        size=seen.st_size,
        changed_ns=seen.st_mtime_ns,
        **said,
        fetched_at=now,
        checked_at=now,
        previous=_kept(former, digest) if former else None,
        was_read=any(kept.was_read for kept in lineage(former) if kept.sha256 == digest),
        vintage=source.vintage,
        locate=dict(source.locate),
    )
    path = file_of(home, copy)
    path.parent.mkdir(exist_ok=True)
    part.replace(path)
    discard(part)
    try:
        _refuse_content(usable(path, source, area), source)
        write_copy(home, copy)
    except BaseException:
        if copy.version not in {kept.version for kept in lineage(former)}:
            shutil.rmtree(path.parent, ignore_errors=True)
        raise
    return copy


def confirm(home: Path, copy: Copy, source: Source, **said: str) -> Copy:
    """Note that a copy is what the catalogue names as of now, and what else is new of it; return it so."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    checked = dataclasses.replace(
        copy,
        checked_at=now,
        refused="",
        vintage=source.vintage,
        locate=dict(source.locate),
        **said,  # type: ignore[arg-type]
    )
    write_copy(home, checked)
    return checked


def usable(path: Path, source: Source, area: str) -> Path:
    """Return the file to read: the one that came, or the one for an area that is taken out of it.

    Raises
    ------
    SourceChangedError
        The archive is unsafe or damaged, or holds no such file, or several.
    SourceUnavailableError
        The disk is full or cannot be written.
    """
    with path.open("rb") as stream:
        if "member" not in source.locate or stream.read(len(SIGNATURE)) != SIGNATURE:
            return path
    pattern = source.locate["member"].replace("{area}", area)
    found = extract(path, pattern, path.parent, most_bytes=source.max_megabytes * 1_000_000)
    suffix = _suffix(source)
    fitting = [member for member in found if member.name.lower().endswith(suffix)]
    if len(fitting) != 1:
        names = ", ".join(member.name for member in found)
        message = f"{path.name}: {source.id} changed: one {suffix} like {pattern} is expected, not {names}."
        raise SourceChangedError(message)
    return fitting[0]


def _digest(part: Path, remote: Remote) -> str:
    """Return the SHA-256 of a file whose size and published sum are right."""
    algorithm, _, wanted = remote.checksum.partition(":")
    known = algorithm if algorithm in _ALGORITHMS else "sha256"
    own, published = hashlib.sha256(), hashlib.new(known, usedforsecurity=False)
    size = 0
    with part.open("rb") as stream:
        while block := stream.read(_BLOCK):
            own.update(block)
            published.update(block)
            size += len(block)
    if remote.size and size != remote.size:
        message = f"{remote.url}: {size} bytes came, its publisher says {remote.size}. Try again later."
        raise ChecksumError(message)
    if wanted and known == algorithm and published.hexdigest() != wanted:
        message = f"{remote.url}: its {algorithm} is not the one its publisher gives. Try again later."
        raise ChecksumError(message)
    return own.hexdigest()


def _refuse(path: Path, source: Source, *, archive: bool = False) -> None:
    with path.open("rb") as stream:
        head = stream.read(_EDGE)
        stream.seek(max(0, path.stat().st_size - _EDGE))
        end = stream.read()
    fault = fault_of(head, source.format, archive=archive)
    if source.format in {"geojson", "json"} and not fault:
        fault = missing_part(head, end)
    if fault:
        raise _changed(path, source, fault)


def _refuse_content(path: Path, source: Source) -> None:
    _refuse(path, source)
    columns = columns_of(path, source.format)
    fault = shortfall_of(path, source.format)
    if fault:
        raise _changed(path, source, fault)
    if columns is not None:
        official_columns(columns, source, file=path.name)


def _changed(path: Path, source: Source, fault: str) -> SourceChangedError:
    return SourceChangedError(f"{path.name.removesuffix('.part')}: {source.id} changed: {fault}. Look at {source.page}")


def _kept(former: Copy, digest: str) -> Copy:
    """Return the copies that stay behind a new one: the last and, as long as nobody has read that one, the oldest.

    Two files in a row whose content is wrong do not cost the copy that was right before them.
    """
    last, *older = (kept for kept in lineage(former) if kept.sha256 != digest)
    oldest = None if last.was_read or not older else dataclasses.replace(older[-1], previous=None)
    return dataclasses.replace(last, previous=oldest)


def _named(part: Path, name: str, source: Source) -> str:
    """Return the name of a file with the suffix its format asks for, so that readers know it."""
    with part.open("rb") as stream:
        suffix = ".zip" if stream.read(len(SIGNATURE)) == SIGNATURE else _suffix(source)
    return name if name.lower().endswith(suffix) else f"{name}{suffix}"


def _suffix(source: Source) -> str:
    return SUFFIXES.get(source.format, f".{source.format}")
