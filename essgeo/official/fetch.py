"""The only module of this room that opens a connection: fetch an official file, or the last good copy of it."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import random
import re
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin

import filelock
from tqdm import tqdm

from essgeo.errors import EssgeoError, SourceChangedError, SourceError, SourceUnavailableError
from essgeo.official.catalogue import Source, area_of, find_source
from essgeo.official.http import (
    NO_SUCH_RANGE,
    NOT_MODIFIED,
    PARTIAL,
    InterruptedTransferError,
    Patience,
    backoff_s,
    conditions,
    disk_error,
    in_time,
    is_private,
    refuse_size,
    refuse_status,
)
from essgeo.official.locate import Remote, find_file, mirrored
from essgeo.official.store import (
    WORK,
    Arrival,
    Copy,
    Fetched,
    accept,
    begin,
    confirm,
    discard,
    file_of,
    is_current,
    read_copy,
    resume_point,
    said_of,
    sources_folder,
    store,
    sweep,
    usable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import requests


MOST_PAGES = 500


def join_pages(url: str, read: Callable[[str, int], bytes], *, most_bytes: int) -> bytes:
    """Return one JSON object with the ``results`` of a page and of every page that is ``next`` to it.

    Parameters
    ----------
    url
        Address of the first page.
    read
        Gives what stands at an address, of which no more bytes than its second argument are looked at.
    most_bytes
        The most that all pages may hold together.

    Raises
    ------
    SourceChangedError
        A page is not such an object, or there are more than ``MOST_PAGES``.
    SourceUnavailableError
        They are larger than they may be.

    Examples
    --------
    >>> pages = {"a": b'{"next": "b", "results": [1, 2]}', "b": b'{"next": null, "results": [3]}'}
    >>> join_pages("a", lambda url, most_bytes: pages[url], most_bytes=1000)
    b'{"results": [1, 2, 3]}'
    """
    items: list[object] = []
    following: object = url
    received = 0
    for _ in range(MOST_PAGES):
        content = read(str(following), most_bytes + 1 - received)
        received += len(content)
        refuse_size(url, received, most_bytes)
        try:
            page = json.loads(content)
            items += page["results"]
            following = page.get("next")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            message = f"{following}: a page of a list is expected, with results and next."
            raise SourceChangedError(message) from error
        if not following:
            return json.dumps({"results": items}, ensure_ascii=False).encode()
    message = f"{url}: the list has more than {MOST_PAGES} pages."
    raise SourceChangedError(message)


Result = TypeVar("Result")


_BLOCK = 1 << 18

_MOST_REDIRECTS = 5

_LOCK_PATIENCE_S = 6 * 3600.0


@dataclass
class Web:
    """Requests over the web: encrypted, bounded in time and size, resumed after a cut. Proxies are obeyed.

    Parameters
    ----------
    mirror
        Address under which ``/HOST/PATH`` serves what stands at ``https://HOST/PATH``, for every host; by default
        ``ESSGEO_MIRROR``. It is https or on this machine. A file server of this machine is what tests use.
    patience
        How long servers are waited for.
    sleep, clock, jitter
        Replaced in tests.
    """

    mirror: str | None = field(default_factory=lambda: os.environ.get("ESSGEO_MIRROR"))
    patience: Patience = field(default_factory=Patience)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    @cached_property
    def _session(self) -> requests.Session:
        return new_session()

    @contextlib.contextmanager
    def open(self, url: str, headers: dict[str, str]) -> Iterator[requests.Response]:
        """Give the answer of an address; redirects are followed as long as they are private.

        Plain http is taken from this machine only (``localhost``, ``127.0.0.1``, ``::1``), for tests and mirrors; a
        server elsewhere cannot redirect to it.

        Raises
        ------
        GoneError
            The server answers that there is no such file or that it may not be had.
        SourceUnavailableError
            The address, or one that it redirects to, is not encrypted; too many redirects; a busy server.
        """
        at_home = bool(self.mirror) or url.startswith("http:")
        for _ in range(_MOST_REDIRECTS + 1):
            if not (url.startswith("https:") or (at_home and is_private(url))):
                message = f"{url}: only addresses in https are fetched; this one is refused."
                raise SourceUnavailableError(message)
            address = mirrored(url, self.mirror)
            try:
                response = self._session.get(
                    address,
                    stream=True,
                    allow_redirects=False,
                    headers={"User-Agent": "essgeo", "Accept-Encoding": "identity"} | headers,
                    timeout=(self.patience.connect_s, self.patience.silence_s),
                )
            except ValueError as error:
                message = f"{url}: it, or where it redirects to, is no address ({error})."
                raise SourceUnavailableError(message) from error
            with response:
                if not response.is_redirect:
                    refuse_status(url, response.status_code, response.headers, self.patience)
                    yield response
                    return
                url = urljoin(url, response.headers["Location"])
        message = f"{url}: redirected more than {_MOST_REDIRECTS} times."
        raise SourceUnavailableError(message)

    def read(self, url: str, *, most_bytes: int, headers: dict[str, str] | None = None) -> tuple[bytes, int]:
        """Return the first bytes of an address, at most so many, and the size of the whole (0: not said)."""

        def once() -> tuple[bytes, int]:
            with self.open(url, headers or {}) as response:
                content = bytearray()
                if response.status_code == NO_SUCH_RANGE:
                    return b"", 0
                for block in in_time(_blocks(response), self.patience, self.clock):
                    content += block
                    if len(content) >= most_bytes:
                        break
                expected, whole = _lengths(response)
                if len(content) < min(expected, most_bytes):
                    fault = f"it was cut after {len(content)} of {expected} bytes"
                    raise InterruptedTransferError(fault)
                return bytes(content[:most_bytes]), whole

        return self._persist(url, once)

    def download(self, remote: Remote, part: Path, *, most_bytes: int, known: Copy | None, bar: tqdm) -> Arrival | None:  # type: ignore[type-arg]
        """Write a file as it comes, going on with what is there; return what the server said, None if it is ``known``.

        Raises
        ------
        SourceUnavailableError
            Every attempt failed, the file is larger than it may be, or the disk cannot be written.
        """
        try:
            if remote.paged:
                pages = join_pages(
                    remote.url, lambda url, most: self.read(url, most_bytes=most)[0], most_bytes=most_bytes
                )
                part.write_bytes(pages)
                return Arrival("", "")
            return self._persist(remote.url, lambda: self._transfer(remote, part, most_bytes, known, bar))
        except OSError as error:
            if not isinstance(error, SourceError):
                with contextlib.suppress(OSError):
                    discard(part)
                raise disk_error(part.parent, error) from error
            raise

    def _transfer(self, remote: Remote, part: Path, most_bytes: int, known: Copy | None, bar: tqdm) -> Arrival | None:  # type: ignore[type-arg]
        start, mark = resume_point(part, remote.url)
        with self.open(remote.url, conditions(remote.url, start, mark, known)) as response:
            status, headers = response.status_code, response.headers
            arrival = Arrival(headers.get("ETag", ""), headers.get("Last-Modified", ""))
            place = headers.get("Content-Range", "")
            if status == NOT_MODIFIED:
                return None
            if status == NO_SUCH_RANGE and place == f"bytes */{start}":
                return arrival
            if status == NO_SUCH_RANGE or (status == PARTIAL and not place.startswith(f"bytes {start}-")):
                discard(part)
                fault = "the server gave another part of the file than was asked"
                raise InterruptedTransferError(fault)
            start = start if status == PARTIAL else 0
            decode = _encoded(response) and not remote.name.endswith(".gz")
            expected, _ = _lengths(response)
            whole = start + expected if expected else 0
            refuse_size(remote.url, whole, most_bytes)
            discard(part) if decode else begin(part, remote.url, etag=arrival.etag, modified=arrival.modified)
            blocks = in_time(_blocks(response, decode=decode), self.patience, self.clock)
            bar.total, bar.n = whole or None, start
            received = _receive(blocks, part, start, lambda size: refuse_size(remote.url, size, most_bytes), bar)
        if whole and received != whole:
            fault = f"it was cut after {received} of {whole} bytes"
            raise InterruptedTransferError(fault, progress=received > start)
        return arrival

    def _persist(self, url: str, once: Callable[[], Result]) -> Result:
        """Return what a request gives at last; its failures count from the last time it brought something."""
        failures, fault = 0, ""
        for _ in range(self.patience.resumes):
            pause = 0.0
            try:
                return once()
            except InterruptedTransferError as error:
                failures, fault, pause = (1 if error.progress else failures + 1), str(error), error.pause_s
            except transport_errors() as error:
                failures, fault = failures + 1, why(error)
            if failures >= self.patience.attempts:
                break
            self.sleep(pause or backoff_s(failures - 1, self.jitter()))
        message = f"{url}: {fault}, at the last of several attempts. Try again later, or look at your connection."
        raise SourceUnavailableError(message)


def fetch(
    source: Source | str,
    *,
    area: str = "",
    folder: Path | str | None = None,
    offline: bool = False,
    refresh: bool = False,
    progress: bool = False,
    web: Web | None = None,
) -> Fetched:
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
    Fetched
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
    home = store(wanted, place, sources_folder(folder))
    copy = read_copy(home)
    stale, fault = "", None  # type: str, SourceError | None
    current = copy is not None and is_current(copy, wanted, dt.datetime.now(dt.UTC))
    if offline and copy is None:
        message = (
            f"{wanted.id} {area}".strip() + f" was never fetched here. Run essgeo sources fetch {wanted.id}"
            f"{f' --area {area}' if area else ''} with a connection, or give a file."
        )
        raise SourceUnavailableError(message, cause="never_fetched")
    if offline and copy and not current:
        stale = f"{wanted.id}: not looked for (offline); {said_of(copy, wanted)}, renewed {wanted.refresh}"
        fault = SourceUnavailableError(stale, cause="offline")
    elif not offline and (refresh or not current):
        try:
            copy = _renew(wanted, place, home, copy, web or Web(), progress=progress)
        except SourceError as error:
            if copy is None:
                raise
            stale = f"{wanted.id}: {said_of(copy, wanted)}, because the current file could not be had: {error}"
            fault = error
    assert copy is not None  # noqa: S101 (each branch above made sure of it)
    return Fetched(
        source=wanted.id,
        area=place,
        path=usable(file_of(home, copy), wanted, place),
        sha256=copy.sha256,
        size=copy.size,
        url=copy.url,
        fetched_at=dt.datetime.fromisoformat(copy.fetched_at),
        etag=copy.etag,
        stale=stale,
        fault=fault,
        vintage=copy.vintage,
    )


def new_session() -> requests.Session:
    """Return a session of HTTP requests.

    Examples
    --------
    >>> new_session().trust_env
    True
    """
    import requests  # noqa: PLC0415 (urllib3 opens a socket as it is imported, to see whether there is IPv6)

    return requests.Session()


def transport_errors() -> tuple[type[Exception], ...]:
    """Return what HTTP libraries raise where the network fails.

    Examples
    --------
    >>> import requests
    >>> issubclass(requests.ConnectTimeout, transport_errors())
    True
    """
    import requests  # noqa: PLC0415 (as in new_session)
    import urllib3  # noqa: PLC0415 (as in new_session)

    return requests.RequestException, urllib3.exceptions.HTTPError


def why(error: Exception) -> str:
    """Return, in a few words for a user, why a request failed.

    Examples
    --------
    >>> import requests
    >>> why(requests.ConnectTimeout())
    'no answer in time'
    """
    import requests  # noqa: PLC0415 (as in new_session)
    import urllib3  # noqa: PLC0415 (as in new_session)

    if isinstance(error, EssgeoError):
        return str(error)
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy refused"
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate could not be checked"
    return "the connection was lost or refused"


def _renew(source: Source, area: str, home: Path, before: Copy | None, web: Web, *, progress: bool) -> Copy:
    """Return the current file as the last good copy, from another process if it has just come to it."""
    try:
        work = home / WORK
        work.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(home / "lock", timeout=_LOCK_PATIENCE_S):
            sweep(home)
            copy = read_copy(home)
            seen = before.checked_at if before else ""
            if copy and copy.checked_at != seen and is_current(copy, source, dt.datetime.now(dt.UTC)):
                return copy
            remote = find_file(source, area, web)
            if copy and remote.checksum and (remote.url, remote.checksum) == (copy.url, copy.checksum):
                return confirm(home, copy, source)
            part = work / f"{remote.name}.part"
            with tqdm(desc=source.id, unit="B", unit_scale=True, disable=None if progress else True) as bar:
                most = source.max_megabytes * 1_000_000
                arrival = web.download(remote, part, most_bytes=most, known=copy, bar=bar)
            if arrival is None and copy is not None:
                return confirm(home, copy, source)
            said = arrival or Arrival("", "")
            return accept(part, home, source, area, remote=remote, arrival=said, former=copy)
    except filelock.Timeout as error:
        message = f"{home}: another process has been fetching {source.id} for hours. Stop it, or give another folder."
        raise SourceUnavailableError(message, cause="busy") from error
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise disk_error(home, error) from error


def _blocks(response: requests.Response, *, decode: bool = True) -> Iterator[bytes]:
    while block := response.raw.read1(_BLOCK, decode_content=decode):
        yield block


def _receive(blocks: Iterator[bytes], part: Path, start: int, check: Callable[[int], None], bar: tqdm) -> int:  # type: ignore[type-arg]
    received = start
    with part.open("ab" if start else "wb") as out:
        try:
            for block in blocks:
                received += len(block)
                check(received)
                out.write(block)
                bar.update(len(block))
        except transport_errors() as error:
            raise InterruptedTransferError(why(error), progress=received > start) from error
    return received


def _encoded(response: requests.Response) -> bool:
    return response.headers.get("Content-Encoding", "identity") != "identity"


def _lengths(response: requests.Response) -> tuple[int, int]:
    """Return the bytes of an answer and of the whole file, 0 where they are not said or not those of the file."""
    length = response.headers.get("Content-Length", "")
    answer = int(length) if length.isdigit() and not _encoded(response) else 0
    whole = re.search(r"/(\d+)$", response.headers.get("Content-Range", ""))
    return answer, int(whole[1]) if whole else answer
