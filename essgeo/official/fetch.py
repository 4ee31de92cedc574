"""Find the current file of a source, as the catalogue says it, and fetch it, or its stale copy."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import json
import re
import time
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

import filelock
from tqdm import tqdm

from essgeo.errors import SourceChangedError, SourceError, SourceUnavailableError
from essgeo.messages import tell
from essgeo.official.catalogue import Source, area_of, find_source
from essgeo.official.http import (
    NO_SUCH_RANGE,
    NOT_MODIFIED,
    PARTIAL,
    GoneError,
    InterruptedTransferError,
    Web,
    is_web_address,
    refuse_size,
)
from essgeo.official.store import (
    WORK,
    OfficialFile,
    accept,
    confirm,
    copies_folder,
    copy_path,
    discard,
    is_current,
    notes_of,
    read_copy,
    readable,
    sources_folder,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Never


Made = TypeVar("Made")

API = "https://www.data.gouv.fr/api/1/datasets/"

_SHOWN_RESOURCES = 8

_MAX_JSON_BYTES = 50_000_000

_LOCK_PATIENCE_S = 6 * 3600.0

_ABANDONED_S = 86_400


def fetch(
    source: Source | str,
    *,
    area: str = "",
    folder: Path | str | None = None,
    offline: bool = False,
    refresh: bool = False,
    progress: bool = False,
    web: Web | None = None,
) -> OfficialFile:
    """Return an official file: the copy on the disk while it is current, else the file of today.

    A file takes the place of the copy only once it is whole and right: size, hash, format, archive, columns. Where it
    cannot be had, or is not right, the last good copy is given, with the reason in ``stale``. Two processes that want
    the same file share one download; a download that was killed is gone on with.

    Parameters
    ----------
    source
        A source of the catalogue, or its identifier.
    area
        Department (``93``, ``2A``, ``974``), where the source is not one file for France.
    folder
        Where files are kept; by default ``sources`` in the cache folder (``ESSGEO_CACHE``, else that of the user).
    offline
        Open no connection at all.
    refresh
        Ask the server even for a copy that is current.
    progress
        Show a bar on a terminal.
    web
        How the web is asked; by default ``Web()``, which goes to the mirror named by ``ESSGEO_MIRROR`` if it is set.

    Returns
    -------
    OfficialFile
        The file and where it comes from.

    Raises
    ------
    SourceUnavailableError
        There is no good copy, and the file is gone, out of reach or larger than it may be, or the disk is full.
    ChecksumError, SourceChangedError
        There is no good copy, and what came is damaged, or has another shape.
    InputError
        There is no such source or department.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fetch("ban", area="93", folder=folder, offline=True)
    Traceback (most recent call last):
    ...
    essgeo.errors.SourceUnavailableError: ban 93 was never fetched here. Run essgeo sources fetch ban --area 93 ...
    """
    wanted = find_source(source) if isinstance(source, str) else source
    place = area_of(wanted, area)
    home = copies_folder(wanted, place, sources_folder(folder))
    copy = read_copy(home)
    current = copy is not None and is_current(copy, wanted, dt.datetime.now(dt.UTC))
    stale, fault = "", None  # type: str, SourceError | None
    if offline and copy is None:
        message = tell(
            "never_fetched",
            value=f"{wanted.id} {area}".strip(),
            id=wanted.id,
            value_2=f" --area {area}" if area else "",
        )
        raise SourceUnavailableError(message, cause="never_fetched")
    if offline and copy and not current:
        stale = tell("not_looked_for", id=wanted.id, copy=_copy_in_words(copy, wanted), refresh=wanted.refresh)
        fault = SourceUnavailableError(stale, cause="offline")
    elif not offline and (refresh or not current):
        try:
            copy = _renew(wanted, place, home, copy, web or Web(), progress=progress)
        except SourceError as error:
            if copy is None:
                raise
            said = _copy_in_words(copy, wanted)
            stale = tell("could_not_be_had", id=wanted.id, said=said, error=error)
            fault = error
    assert copy is not None  # noqa: S101 (each branch above made sure of it)
    path = readable(copy_path(home, copy), wanted, place)
    return dataclasses.replace(copy, area=place, path=path, stale=stale, fault=fault)


def _copy_in_words(copy: OfficialFile, source: Source) -> str:
    """Return of which day a copy is, and of which vintage where the catalogue names another."""
    if copy.vintage == source.vintage:
        return tell("copy_of", day=copy.day)
    return tell("copy_of_other", day=copy.day, vintage=copy.vintage or "?", wanted=source.vintage)


def _renew(
    source: Source, area: str, home: Path, before: OfficialFile | None, web: Web, *, progress: bool
) -> OfficialFile:
    """Return the current file as the last good copy, from another process if it has just come to it."""
    try:
        work = home / WORK
        work.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(home / "lock", timeout=_LOCK_PATIENCE_S):
            _sweep(home)
            copy = read_copy(home)
            seen = before.checked_at if before else ""
            if copy and copy.checked_at != seen and is_current(copy, source, dt.datetime.now(dt.UTC)):
                return copy
            file, came = use_file(
                source, area, web, lambda file: _download(source, file, work, known=copy, web=web, progress=progress)
            )
            if came is None and copy is not None:
                return confirm(home, copy, source)
            return accept(work / f"{file.name}.part", home, source, came or file, copy)
    except filelock.Timeout as error:
        raise SourceUnavailableError(tell("fetched_elsewhere", home=home, id=source.id), cause="busy") from error
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise _disk_error(home, error) from error


def _download(
    source: Source, file: OfficialFile, work: Path, *, known: OfficialFile | None, web: Web, progress: bool
) -> OfficialFile | None:
    """Write a file as it comes, going on with what is there; return what the server said, None if it is ``known``."""
    if known and file.checksum and (file.url, file.checksum) == (known.url, known.checksum):
        return None
    part, max_bytes = work / f"{file.name}.part", source.max_megabytes * 1_000_000
    try:
        if "pages" in source.locate:
            part.write_bytes(web.read_pages(file.url, max_bytes=max_bytes))
            return file
        with tqdm(desc=source.id, unit="B", unit_scale=True, disable=None if progress else True) as bar:
            return web.persist(file.url, lambda: _transfer(file, part, max_bytes, known=known, web=web, bar=bar))
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        with contextlib.suppress(OSError):
            discard(part)
        raise _disk_error(work, error) from error


def _transfer(
    file: OfficialFile, part: Path, max_bytes: int, *, known: OfficialFile | None, web: Web, bar: tqdm[Never]
) -> OfficialFile | None:
    """Ask once for a file, or for the rest of it, and write what comes behind what is there."""
    start, mark = _resume_point(part, file.url)
    asked = {}
    if start:
        asked = {"Range": f"bytes={start}-", "If-Range": mark}
    elif known and known.url == file.url:
        told = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
        asked = {name: value for name, value in told.items() if value}
    with web.open(file.url, asked) as answer:
        place = answer.headers.get("Content-Range", "")
        etag, modified = answer.headers.get("ETag", ""), answer.headers.get("Last-Modified", "")
        came = dataclasses.replace(file, etag=etag, modified=modified)
        if answer.status == NOT_MODIFIED:
            return None
        if answer.status == NO_SUCH_RANGE and place == f"bytes */{start}":
            return came
        if answer.status == NO_SUCH_RANGE or (answer.status == PARTIAL and not place.startswith(f"bytes {start}-")):
            discard(part)
            fault = tell("wrong_part")
            raise InterruptedTransferError(fault)
        start = start if answer.status == PARTIAL else 0
        decode = answer.is_encoded and not file.name.endswith(".gz")
        whole = start + answer.length if answer.length else 0
        refuse_size(file.url, whole, max_bytes)
        if decode:
            discard(part)
        else:
            # Another process can go on after a kill. A weak ETag (W/) does not promise the same bytes.
            strong = "" if etag.startswith("W/") else etag
            write_json(notes_of(part), {"url": file.url, "mark": strong or modified})
        bar.total, bar.n = whole or None, start
        received = start
        with part.open("ab" if start else "wb") as out:
            for block in answer.blocks(decode=decode, resumable=not decode):
                received += len(block)
                refuse_size(file.url, received, max_bytes)
                out.write(block)
                bar.update(len(block))
    if whole and received != whole:
        fault = tell("cut_after", received=received, whole=whole)
        raise InterruptedTransferError(fault, progress=received > start)
    return came


def _resume_point(part: Path, url: str) -> tuple[int, str]:
    """Return the bytes that are there of an address, and the mark by which its server knows the same file again.

    ``(0, "")`` where nothing is there, or where nothing proves that the rest would be of the same file.
    """
    try:
        begun = json.loads(notes_of(part).read_text(encoding="utf-8"))
        size = part.stat().st_size
    except (OSError, ValueError):
        return 0, ""
    mark = begun.get("mark", "") if isinstance(begun, dict) and begun.get("url") == url else ""
    return (size, str(mark)) if mark and size else (0, "")


def _sweep(home: Path) -> None:
    """Remove what processes that were killed left half-written beside the copies of a source, once it is a day old."""
    for path in home.rglob("*.tmp"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _ABANDONED_S:
                path.unlink()


def _disk_error(folder: Path, error: OSError) -> SourceUnavailableError:
    """Return what to say of a disk that is full or may not be written."""
    said = error.strerror or str(error)
    return SourceUnavailableError(tell("cannot_keep", folder=folder, said=said), cause="disk")


def use_file(source: Source, area: str, web: Web, use: Callable[[OfficialFile], Made]) -> tuple[OfficialFile, Made]:
    """Return the current file of a source and what is made of it: of that at its other address, where it is gone."""
    file = find_file(source, area, web)
    try:
        return file, use(file)
    except GoneError as gone:
        if "fallback" not in source.locate:
            raise
        file = find_file(source, area, web, place="fallback")
        try:
            return file, use(file)
        except GoneError:
            raise gone from None


def find_file(source: Source, area: str, web: Web, *, place: str = "url") -> OfficialFile:
    """Return where the current file of a source is, and what its publisher says of it.

    ``place`` is ``fallback`` for a file that is gone from its address, where the catalogue knows another.

    Raises
    ------
    SourceChangedError
        Its dataset has no such file any more.
    SourceUnavailableError
        The server cannot be asked.
    """
    if source.locate["kind"] == "address":
        url, name, sums = (source.locate.get(key, "").replace("{area}", area) for key in (place, "name", "checksum"))
        said = re.match(rb"[0-9a-fA-F]{32}\b", web.read(sums, max_bytes=1000)[0]) if sums else None
        checksum = f"md5:{said[0].decode().lower()}" if said else ""
        return OfficialFile(source.id, area, name or file_name(url, source.id), url, checksum)
    url = dataset_address(source)
    content, _ = web.read(url, max_bytes=_MAX_JSON_BYTES)
    try:
        answer: Any = json.loads(content)
    except ValueError as error:
        raise SourceChangedError(tell("answer_not_json", url=url, error=error)) from error
    resource = choose_resource(source, answer if isinstance(answer, dict) else {})
    url, said = resource["url"], resource.get("checksum")
    checksum = f"{said.get('type')}:{said.get('value')}".lower() if isinstance(said, dict) and said.get("value") else ""
    size = resource.get("filesize") if resource.get("filetype") == "file" else 0
    name = file_name(url, source.id)
    return OfficialFile(source.id, area, name, url, checksum, size if isinstance(size, int) else 0)


def dataset_address(source: Source) -> str:
    """Return where data.gouv.fr describes the dataset of a source."""
    return f"{API}{quote(source.locate['dataset'], safe='')}/"


def choose_resource(source: Source, dataset: Mapping[str, Any]) -> dict[str, Any]:
    """Return the file of a dataset that the catalogue names: by its identifier, else the newest of a title and format.

    The newest is the one of the latest date in its title or name, where they have dates: an old file that was touched
    again has a newer ``last_modified``. One whose title is ``unlike`` what is wanted is taken where there is no other.

    Raises
    ------
    SourceChangedError
        No file of the dataset has such a title and format, and an address.

    Examples
    --------
    >>> from essgeo.official.catalogue import find_source
    >>> old = {"title": "Liste des entreprises de l'ESS", "format": "csv", "url": "https://a.fr/1.csv",
    ...        "last_modified": "2023-01-01"}
    >>> new = old | {"url": "https://a.fr/2.csv", "last_modified": "2024-01-01"}
    >>> choose_resource(find_source("ess_france"), {"resources": [new, old]})["url"]
    'https://a.fr/2.csv'
    """
    listed = dataset.get("resources")
    described = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    resources = [item for item in described if is_web_address(str(item.get("url")))]
    title, formats = re.compile(source.locate["title"], re.IGNORECASE), source.locate["format"].split()
    fitting = [
        resource
        for resource in resources
        if resource.get("type", "main") == "main"
        and str(resource.get("format", "")).lower() in formats
        and title.search(_named(resource))
    ]
    fitting = [item for item in resources if item.get("id") == source.locate.get("resource", "")] or fitting
    if not fitting:
        there = "; ".join(f"{item.get('title')} ({item.get('format')})" for item in described[:_SHOWN_RESOURCES])
        message = tell(
            "source_file_moved",
            id=source.id,
            title=source.locate["title"],
            formats=" or ".join(formats),
            page=source.page,
            there=there or "none",
        )
        raise SourceChangedError(message, cause="gone")
    wanted = [item for item in fitting if not re.search(source.locate.get("unlike", "(?!)"), _named(item))] or fitting
    return max(wanted, key=lambda item: (_dated(item), str(item.get("last_modified") or item.get("created_at") or "")))


def _named(resource: Mapping[str, Any]) -> str:
    return f"{resource.get('title', '')} {_base(resource['url'])}"


def _dated(resource: Mapping[str, Any]) -> str:
    """Return the latest day that a title or name tells, as ``20261001``; ``""`` if none."""
    text = _named(resource)
    days = re.findall(r"(?<!\d)(20\d\d)[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])(?!\d)", text)
    return max(("".join(day) for day in days), default="")


def file_name(url: str, otherwise: str) -> str:
    """Return the name of the file an address names, harmless as the name of a file.

    Examples
    --------
    >>> file_name("https://a.fr/x/Qp%202024.zip?v=1", "qpv"), file_name("https://a.fr/..", "qpv")
    ('Qp_2024.zip', 'qpv')
    """
    clean = re.sub(r"[^\w.-]", "_", _base(url))[-120:].lstrip(".")
    return clean or otherwise


def _base(url: str) -> str:
    return PurePosixPath(unquote(urlsplit(url).path)).name
