"""The store of copies: one record a file, the last good copy never lost."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from essgeo.errors import ChecksumError, SourceChangedError, SourceError
from essgeo.files.provenance import sha256_of
from essgeo.messages import tell
from essgeo.official.archives import SIGNATURE, extract
from essgeo.official.catalogue import REFRESH_DAYS, find_source, official_columns
from essgeo.official.formats import SUFFIXES, columns_of, fault_of, missing_part, shortfall_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from essgeo.errors import InputError
    from essgeo.official.catalogue import Source


WORK = "download"
"""Folder of a download that is under way, beside the copies."""

_MANIFEST = "manifest.json"

_VERSION_LENGTH = 16

_EDGE = 4096

_ALGORITHMS = {name for name in hashlib.algorithms_guaranteed if not name.startswith("shake_")}
"""Those whose sums have one length: a published sum of another algorithm is left aside."""


@dataclass(frozen=True)
class OfficialFile:
    """An official file, from where it is found on the web to where it is read on this disk; the record of a copy.

    Attributes
    ----------
    source, area
        What it is, and what stands for the area in its address (``""``: France).
    name, url
        Name under which it is kept, and where it comes from.
    checksum
        What its publisher gives: algorithm and sum, such as ``sha1:da39...``; ``""``: nothing.
    size
        Bytes of the file as published; 0: not known yet.
    etag, modified
        What the server said of it as it came, ``""`` if nothing.
    sha256
        Of the file as published.
    changed_ns
        When the file was last written, as the disk says: another time means that its hash has to be looked at again.
    fetched_at, checked_at
        When its bytes came, and when the server last said that they are current: UTC, ISO 8601.
    vintage, locate
        What the catalogue said of it when it was last asked for: of when it is, ``""`` in manifests that did not say
        so, and how it is found.
    previous
        The copy that it took the place of, behind which is the last that was read; None if there is none.
    refused
        Hash of a newer file that was whole and had its columns, but whose content could not be read: the server has to
        be asked again. ``""`` if there is none.
    was_read
        Whether something was made of its content: of other copies, only the header is known to be right.
    path
        The file to read, out of its archive if it came in one.
    stale
        ``""``, or why it may not be the current one, and of which day it is: to be said beside every figure.
    fault
        The error behind ``stale``.
    """

    source: str
    area: str
    name: str
    url: str
    checksum: str = ""
    size: int = 0
    etag: str = ""
    modified: str = ""
    sha256: str = ""
    changed_ns: int = 0
    fetched_at: str = ""
    checked_at: str = ""
    vintage: str = ""
    locate: Mapping[str, str] = field(default_factory=dict, hash=False)
    previous: OfficialFile | None = None
    refused: str = ""
    was_read: bool = False
    path: Path = Path()
    stale: str = ""
    fault: SourceError | InputError | None = field(default=None, compare=False)

    @property
    def version(self) -> str:
        """Name of the folder of this copy: the first digits of its hash."""
        return self.sha256[:_VERSION_LENGTH]

    @property
    def day(self) -> str:
        """Day on which its bytes came."""
        return self.fetched_at[:10]


def cache_folder() -> Path:
    """Return the folder of all caches: ``ESSGEO_CACHE`` if it is set, else that of the user; nothing is made."""
    chosen = os.environ.get("ESSGEO_CACHE")
    if chosen:
        return Path(chosen)
    import platformdirs  # noqa: PLC0415 - a plain study needs no cache

    return Path(platformdirs.user_cache_dir("essgeo", appauthor=False))


def sources_folder(folder: Path | str | None = None) -> Path:
    """Return the folder of fetched files: ``folder``, else one in that of all caches."""
    return Path(folder) if folder is not None else cache_folder() / "sources"


def copies_folder(source: Source, area: str, root: Path) -> Path:
    """Return the folder of the copies of a source: one for France where one file holds every area.

    Examples
    --------
    >>> home = copies_folder(find_source("ban"), "93", Path("kept"))
    >>> home.as_posix(), copies_folder(find_source("rna"), "93", Path("kept")).name
    ('kept/ban/93', 'france')
    """
    return root / source.id / (area if area and "{area}" in source.locate.get("url", "") else "france")


def copy_path(home: Path, copy: OfficialFile) -> Path:
    """Return where the file of a copy is, as published."""
    return home / copy.version / copy.name


def read_copy(home: Path) -> OfficialFile | None:
    """Return the last good copy in a folder, None where there is none or where the file is no longer what it was."""
    try:
        copy = _from_manifest(json.loads((home / _MANIFEST).read_text(encoding="utf-8")))
        dt.datetime.fromisoformat(copy.checked_at)
        return copy if _is_intact(home, copy) else None
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def read_copies(source: Source, root: Path) -> list[OfficialFile]:
    """Return the last good copies of a source, one an area."""
    kept = (read_copy(path.parent) for path in sorted((root / source.id).glob(f"*/{_MANIFEST}")))
    return [copy for copy in kept if copy is not None]


def manifest_of(copy: OfficialFile) -> dict[str, Any]:
    """Return a copy as its manifest has it: without what depends on this disk and this moment."""
    plain = {name: value for name, value in vars(copy).items() if name not in {"path", "stale", "fault", "previous"}}
    return plain | {"previous": manifest_of(copy.previous) if copy.previous else None}


def _from_manifest(written: Mapping[str, Any]) -> OfficialFile:
    before = written.get("previous")
    return OfficialFile(**{**written, "previous": _from_manifest(before) if before else None})


def write_copy(home: Path, copy: OfficialFile) -> None:
    """Make a copy the last good one, in one step: before it the one so far is, after it this one.

    The copies behind it stay on the disk, for those who are reading them and for when its content is wrong.
    """
    write_json(home / _MANIFEST, manifest_of(copy))
    kept = {WORK, *(one.version for one in lineage(copy))}
    for other in home.iterdir():
        if other.is_dir() and other.name not in kept:
            shutil.rmtree(other, ignore_errors=True)


def write_json(path: Path, content: dict[str, Any]) -> None:
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


def lineage(copy: OfficialFile | None) -> Iterator[OfficialFile]:
    """Give a copy and those that are kept behind it, newest first."""
    while copy is not None:
        yield copy
        copy = copy.previous


def _is_intact(home: Path, copy: OfficialFile) -> bool:
    path = copy_path(home, copy)
    try:
        seen = path.stat()
        return seen.st_size == copy.size and (seen.st_mtime_ns == copy.changed_ns or sha256_of(path) == copy.sha256)
    except OSError:
        return False


def is_current(copy: OfficialFile, source: Source, now: dt.datetime) -> bool:
    """Return whether a copy is what the catalogue names and young enough, and no newer file was refused.

    A copy of another vintage or another address is not what the catalogue names; a date in the future proves nothing.

    Examples
    --------
    >>> now, ban = dt.datetime(2026, 1, 10, tzinfo=dt.UTC), find_source("ban")
    >>> seen = [OfficialFile("ban", "93", "f", "", checked_at=f"{day}T00:00:00+00:00", vintage="latest",
    ...     locate=dict(ban.locate)) for day in ("2026-01-08", "2026-01-01", "2027-01-01")]
    >>> [is_current(copy, ban, now) for copy in seen]
    [True, False, False]
    >>> is_current(seen[0], dataclasses.replace(ban, vintage="2027"), now)
    False
    """
    named = (copy.vintage, copy.locate) == (source.vintage, dict(source.locate))
    age = now - dt.datetime.fromisoformat(copy.checked_at)
    young = 0 <= age.total_seconds() < REFRESH_DAYS[source.refresh] * 86_400
    return named and young and not copy.refused


def accept(part: Path, home: Path, source: Source, file: OfficialFile, last: OfficialFile | None) -> OfficialFile:
    """Make a file that has come the last good copy, once its size, hash, format, archive and columns are right.

    Parameters
    ----------
    part
        The file as it came; it is moved, or removed where it is not right.
    home
        Folder of the copies of the source.
    source, file
        What it is, where it came from and what publisher and server said of it.
    last
        The last good copy so far.

    Returns
    -------
    OfficialFile
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
        _check_sum(part, file)
        _check_edges(part, source, archive="member" in source.locate)
    except (ChecksumError, SourceChangedError):
        discard(part)
        raise
    digest = sha256_of(part)
    said = {"url": file.url, "checksum": file.checksum, "etag": file.etag, "modified": file.modified}
    if last and last.sha256 == digest:
        discard(part)
        return confirm(home, last, source, **said)
    with part.open("rb") as stream:
        packed = "member" in source.locate and stream.read(len(SIGNATURE)) == SIGNATURE
    suffix = ".zip" if packed else _suffix(source)
    now, seen = _now(), part.stat()
    copy = dataclasses.replace(
        file,
        area=home.name,
        # Readers know a file by its suffix.
        name=file.name if file.name.lower().endswith(suffix) else f"{file.name}{suffix}",
        sha256=digest,
        size=seen.st_size,
        changed_ns=seen.st_mtime_ns,
        fetched_at=now,
        checked_at=now,
        vintage=source.vintage,
        locate=dict(source.locate),
        previous=_kept_behind(last, digest),
        was_read=any(kept.was_read for kept in lineage(last) if kept.sha256 == digest),
    )
    path = copy_path(home, copy)
    path.parent.mkdir(exist_ok=True)
    part.replace(path)
    discard(part)
    try:
        found = readable(path, source, file.area)
        _check_edges(found, source)
        columns = columns_of(found, source.format)
        _refuse(found, source, shortfall_of(found, source.format))
        if columns is not None:
            official_columns(columns, source, file=found.name)
        write_copy(home, copy)
    except BaseException:
        if copy.version not in {kept.version for kept in lineage(last)}:
            shutil.rmtree(path.parent, ignore_errors=True)
        raise
    return copy


def notes_of(part: Path) -> Path:
    """Return where it stands what a download is of, so that another process can go on with it after a kill."""
    return part.with_name(f"{part.name}.json")


def discard(part: Path) -> None:
    """Remove what has come of a download."""
    for path in (part, notes_of(part)):
        path.unlink(missing_ok=True)


def confirm(home: Path, copy: OfficialFile, source: Source, **said: str) -> OfficialFile:
    """Note that a copy is what the catalogue names today, and what the server says of it now; return it so."""
    named: dict[str, Any] = {"vintage": source.vintage, "locate": dict(source.locate), **said}
    checked = dataclasses.replace(copy, checked_at=_now(), refused="", **named)
    write_copy(home, checked)
    return checked


def readable(path: Path, source: Source, area: str) -> Path:
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
    found = extract(path, pattern, path.parent, max_bytes=source.max_megabytes * 1_000_000)
    fitting = [member for member in found if member.name.lower().endswith(_suffix(source))]
    if len(fitting) != 1:
        names = ", ".join(member.name for member in found)
        message = tell(
            "store_changed", name=path.name, id=source.id, source=_suffix(source), pattern=pattern, names=names
        )
        raise SourceChangedError(message)
    return fitting[0]


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _suffix(source: Source) -> str:
    return SUFFIXES.get(source.format, f".{source.format}")


def _check_sum(part: Path, file: OfficialFile) -> None:
    """Refuse a file whose size or sum is not the one its publisher gives."""
    size = part.stat().st_size
    if file.size and size != file.size:
        raise ChecksumError(tell("size_differs", url=file.url, size=size, size_2=file.size))
    algorithm, _, wanted = file.checksum.partition(":")
    if not wanted or algorithm not in _ALGORITHMS:
        return
    with part.open("rb") as stream:
        found = hashlib.file_digest(stream, lambda: hashlib.new(algorithm, usedforsecurity=False))
    if found.hexdigest() != wanted:
        raise ChecksumError(tell("checksum_differs", url=file.url, algorithm=algorithm))


def _check_edges(path: Path, source: Source, *, archive: bool = False) -> None:
    """Refuse a file whose first and last bytes are not those of its format."""
    with path.open("rb") as stream:
        head = stream.read(_EDGE)
        stream.seek(max(0, path.stat().st_size - _EDGE))
        end = stream.read()
    fault = fault_of(head, source.format, archive=archive)
    if source.format in {"geojson", "json"} and not fault:
        fault = missing_part(head, end)
    _refuse(path, source, fault)


def _refuse(path: Path, source: Source, fault: str) -> None:
    if fault:
        message = tell(
            "store_fault", value=path.name.removesuffix(".part"), id=source.id, fault=fault, page=source.page
        )
        raise SourceChangedError(message)


def _kept_behind(last: OfficialFile | None, digest: str) -> OfficialFile | None:
    """Return the copies that stay behind a new one: the last and, as long as nobody has read that one, the oldest.

    Two files in a row whose content is wrong do not cost the copy that was right before them.
    """
    if last is None:
        return None
    newest, *older = (kept for kept in lineage(last) if kept.sha256 != digest)
    oldest = None if newest.was_read or not older else dataclasses.replace(older[-1], previous=None)
    return dataclasses.replace(newest, previous=oldest)


def earlier_copies(file: OfficialFile) -> list[OfficialFile]:
    """Return the copies behind a fetched file that can be read, newest first."""
    home = _home(file)
    found = []
    for copy in lineage(file.previous):
        with contextlib.suppress(SourceError):
            if _is_intact(home, copy):
                path = readable(copy_path(home, copy), find_source(file.source), file.area)
                found.append(dataclasses.replace(copy, area=file.area, path=path))
    return found


def put_back(refused: OfficialFile, earlier: OfficialFile) -> None:
    """Make an earlier copy the last good one again, and have the server asked at the next occasion.

    Nothing is done where another process is asking it already, or where the disk cannot be written: the content is
    then found wrong again.
    """

    def change(copy: OfficialFile) -> OfficialFile | None:
        found = next((kept for kept in lineage(copy.previous) if kept.sha256 == earlier.sha256), None)
        return dataclasses.replace(found, refused=refused.sha256, was_read=True) if found else None

    _rewrite(refused, change)


def note_read(file: OfficialFile) -> None:
    """Note that something was made of a file, so that it is the one to keep when newer ones are wrong.

    Nothing is done where another process holds the copies, or where the disk cannot be written.
    """
    if not file.was_read:
        _rewrite(file, lambda copy: None if copy.was_read else dataclasses.replace(copy, was_read=True))


def _home(file: OfficialFile) -> Path:
    return file.path.parent.parent


def _rewrite(file: OfficialFile, change: Callable[[OfficialFile], OfficialFile | None]) -> None:
    """Write the manifest of a file as it is after a change, if the file still is the last copy."""
    import filelock  # noqa: PLC0415 (a study of its own files does without it)

    home = _home(file)
    if read_copy(home) is None:
        return
    with contextlib.suppress(OSError), filelock.FileLock(home / "lock", timeout=0):
        copy = read_copy(home)
        changed = change(copy) if copy and copy.sha256 == file.sha256 else None
        if changed is not None:
            write_copy(home, changed)
