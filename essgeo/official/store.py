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
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from essgeo.errors import ChecksumError, SourceChangedError, SourceError
from essgeo.files.provenance import sha256_of
from essgeo.official.archives import SIGNATURE, extract
from essgeo.official.catalogue import REFRESH_DAYS, find_source, official_columns
from essgeo.official.content import SUFFIXES, columns_of, fault_of, missing_part, shortfall_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from essgeo.errors import InputError
    from essgeo.official.catalogue import Source
    from essgeo.official.locate import Remote


def cache_folder() -> Path:
    """Return the folder of all caches: ``ESSGEO_CACHE`` if it is set, else that of the user; nothing is made.

    Examples
    --------
    >>> import os
    >>> os.environ["ESSGEO_CACHE"] = "kept"
    >>> cache_folder().name
    'kept'
    >>> del os.environ["ESSGEO_CACHE"]
    """
    chosen = os.environ.get("ESSGEO_CACHE")
    if chosen:
        return Path(chosen)
    import platformdirs  # noqa: PLC0415 - a plain study needs no cache

    return Path(platformdirs.user_cache_dir("essgeo", appauthor=False))


def sources_folder(folder: Path | str | None = None) -> Path:
    """Return the folder of fetched files.

    Examples
    --------
    >>> sources_folder("kept").name, sources_folder().name
    ('kept', 'sources')
    """
    return Path(folder) if folder is not None else cache_folder() / "sources"


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
    >>> from essgeo.official.catalogue import find_source
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
    >>> from essgeo.official.catalogue import find_source
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
    >>> from essgeo.official.catalogue import find_source
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
    >>> from essgeo.official.catalogue import find_source
    >>> day = "2026-01-08T00:00:00+00:00"
    >>> copy = Copy("iris_income", "france", "f", "", 0, 0, "", "", "", "", day, day, vintage="2020")
    >>> said_of(copy, dataclasses.replace(find_source("iris_income"), vintage="2021"))
    'copy of 2026-01-08, vintage 2020 where 2021 is wanted'
    """
    other = f", vintage {copy.vintage or 'unknown'} where {source.vintage} is wanted"
    return f"copy of {copy.day}{other if copy.vintage != source.vintage else ''}"


_ABANDONED_S = 86_400


def resume_point(part: Path, url: str) -> tuple[int, str]:
    """Return the bytes that are there of an address, and the mark by which its server knows the same file again.

    ``(0, "")`` where nothing is there, or where nothing proves that the rest would be of the same file.
    """
    try:
        begun = json.loads(_notes(part).read_text(encoding="utf-8"))
        size = part.stat().st_size
    except (OSError, ValueError):
        return 0, ""
    mark = begun.get("mark", "") if isinstance(begun, dict) and begun.get("url") == url else ""
    return (size, str(mark)) if mark and size else (0, "")


def begin(part: Path, url: str, *, etag: str, modified: str) -> None:
    """Note what a download is of, so that another process can go on with it after a kill.

    A weak ETag (``W/``) does not promise the same bytes: the date of the file is taken in its place.
    """
    strong = etag if etag and not etag.startswith("W/") else ""
    write_json(_notes(part), {"url": url, "mark": strong or modified})


def discard(part: Path) -> None:
    """Remove what has come of a download."""
    for path in (part, _notes(part)):
        path.unlink(missing_ok=True)


def sweep(home: Path) -> None:
    """Remove what processes that were killed left half-written beside the copies of a source, once it is a day old."""
    for path in home.rglob("*.tmp"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _ABANDONED_S:
                path.unlink()


def _notes(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


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


def formers(file: Fetched) -> list[Fetched]:
    """Return the copies behind a fetched file that can be read, newest first.

    Parameters
    ----------
    file
        From :func:`essgeo.official.fetch.fetch`.

    Examples
    --------
    >>> import pathlib
    >>> from essgeo.official.store import Fetched
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
