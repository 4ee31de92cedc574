"""The one module that opens a connection: addresses, patience, retries and answers of HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin, urlsplit

from essgeo.errors import InputError, SourceChangedError, SourceUnavailableError
from essgeo.messages import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import requests


OK, PARTIAL, NOT_MODIFIED, NO_SUCH_RANGE = 200, 206, 304, 416

BUSY = frozenset({429, 500, 502, 503, 504})

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_MAX_BACKOFF_S = 30.0

_MAX_REDIRECTS = 5

_MAX_PAGES = 500

_BLOCK = 1 << 18

Result = TypeVar("Result")


def is_web_address(url: str) -> bool:
    """Return whether a text is the address of something on the web.

    Examples
    --------
    >>> is_web_address("https://data.gouv.fr/x"), is_web_address("ftp://data.gouv.fr/x"), is_web_address("https://")
    (True, False, False)
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def is_private(url: str) -> bool:
    """Return whether what is exchanged with an address is encrypted or stays on this machine.

    Examples
    --------
    >>> is_private("https://data.gouv.fr/x"), is_private("http://data.gouv.fr/x"), is_private("http://127.0.0.1:80/x")
    (True, False, True)
    """
    if not is_web_address(url):
        return False
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def retry_after_s(header: str | None) -> float:
    """Return the seconds that a ``Retry-After`` header asks for, a number or an HTTP date; 0 where it cannot be read.

    Examples
    --------
    >>> retry_after_s("5"), retry_after_s("Thu, 01 Jan 2026 12:00:30 GMT"), retry_after_s("soon"), retry_after_s(None)
    (5.0, 0.0, 0.0, 0.0)
    """
    import urllib3  # noqa: PLC0415 (urllib3 opens a socket as it is imported, to see whether there is IPv6)

    try:
        return float(urllib3.Retry().parse_retry_after(header or ""))
    except (urllib3.exceptions.InvalidHeader, ValueError, OverflowError):
        return 0.0


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for.

    Attributes
    ----------
    attempts
        Times in a row that a request may fail without a byte more of the file.
    resumes
        Times in all that a file is gone on with.
    pause_s
        The longest pause that a ``Retry-After`` may ask for.
    connect_s, silence_s
        Seconds to connect, and without a single byte.
    grace_s, min_bytes_per_s
        After these seconds, an answer slower than this is given up.
    whole_s
        Seconds for one whole answer, however steady.
    """

    attempts: int = 4
    resumes: int = 50
    pause_s: float = 60.0
    connect_s: float = 10.0
    silence_s: float = 60.0
    grace_s: float = 60.0
    min_bytes_per_s: float = 5_000.0
    whole_s: float = 6 * 3600.0


class GoneError(SourceUnavailableError):
    """A server says that there is no such file, or that it may not be had."""

    usual_cause = "gone"


class InterruptedTransferError(SourceUnavailableError):
    """An attempt failed in a way that another may not.

    Attributes
    ----------
    status
        What a busy server answered, 0 where none did.
    pause_s
        Seconds that the server asks to wait, 0 if it does not say.
    progress
        Whether the attempt brought something that the next goes on with.
    """

    def __init__(self, fault: str, *, status: int = 0, pause_s: float = 0.0, progress: bool = False) -> None:
        super().__init__(fault)
        self.status, self.pause_s, self.progress = status, pause_s, progress


@dataclass(frozen=True)
class Answer:
    """What a server answers: its status and headers at once, its content block by block as it comes."""

    status: int
    headers: Mapping[str, str]
    response: requests.Response
    web: Web

    @property
    def is_encoded(self) -> bool:
        """Whether the content is compressed on its way."""
        return self.headers.get("Content-Encoding", "identity") != "identity"

    @property
    def length(self) -> int:
        """Bytes of this answer, 0 where they are not said or not those of the file."""
        said = self.headers.get("Content-Length", "")
        return int(said) if said.isdigit() and not self.is_encoded else 0

    @property
    def whole(self) -> int:
        """Bytes of the file that this answer is a part of, 0 where they are not said."""
        said = re.search(r"/(\d+)$", self.headers.get("Content-Range", ""))
        return int(said[1]) if said else self.length

    def blocks(self, *, decode: bool = True, resumable: bool = False) -> Iterator[bytes]:
        """Give the content as long as it comes fast enough: the time limit of a read restarts at every byte.

        Raises
        ------
        InterruptedTransferError
            It drips, takes too long in all, or the connection is lost.
        """
        patience, clock = self.web.patience, self.web.clock
        began, received = clock(), 0
        try:
            while block := self.response.raw.read1(_BLOCK, decode_content=decode):
                received += len(block)
                yield block
                elapsed = clock() - began
                slow = elapsed > patience.grace_s and received < elapsed * patience.min_bytes_per_s
                if slow or elapsed > patience.whole_s:
                    fault = tell("too_slow", received=received, elapsed=elapsed)
                    raise InterruptedTransferError(fault)
        except transport_errors() as error:
            raise InterruptedTransferError(why(error), progress=resumable and received > 0) from error


@dataclass
class Web:
    """Requests over one session: bounded in time and size, made again after a failure. Proxies are obeyed.

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
        import requests  # noqa: PLC0415 (as in retry_after_s)

        return requests.Session()

    @contextlib.contextmanager
    def send(
        self, url: str, headers: Mapping[str, str], *, busy: frozenset[int] = BUSY, **form: object
    ) -> Iterator[Answer]:
        """Give the answer to one request: a POST of a form with files, else a GET.

        Raises
        ------
        InterruptedTransferError
            The server is busy: its status is one of ``busy``.
        """
        method = "POST" if "files" in form else "GET"
        limits = (self.patience.connect_s, self.patience.silence_s)
        with self._session.request(
            method,
            url,
            headers={"User-Agent": "essgeo", **headers},
            timeout=limits,
            stream=True,
            allow_redirects=False,
            **form,  # type: ignore[arg-type]
        ) as response:
            if response.status_code in busy:
                fault, pause = tell("answered", status=response.status_code), response.headers.get("Retry-After")
                raise InterruptedTransferError(fault, status=response.status_code, pause_s=retry_after_s(pause))
            yield Answer(response.status_code, response.headers, response, self)

    def attempt(self, once: Callable[[], Result]) -> Result:
        """Return what a request gives at last; its failures count from the last time it brought something.

        Between attempts it waits as long as the server asks, else 1, 2, 4 ... seconds, 30 at most, times 0.5 to 1.5 so
        that many clients do not come back together.

        Raises
        ------
        InterruptedTransferError
            The last failure: no attempt is left, or a longer pause is asked for than there is patience for.
        """
        failures = 0
        for _ in range(self.patience.resumes):
            try:
                return once()
            except InterruptedTransferError as error:
                fault, failures = error, 1 if error.progress else failures + 1
            except transport_errors() as error:
                fault, failures = InterruptedTransferError(why(error)), failures + 1
            if failures >= self.patience.attempts or fault.pause_s > self.patience.pause_s:
                break
            self.sleep(fault.pause_s or min(_MAX_BACKOFF_S, 2.0 ** (failures - 1)) * (0.5 + self.jitter()))
        raise fault

    def persist(self, url: str, once: Callable[[], Result]) -> Result:
        """Return what a request for a file gives at last.

        Raises
        ------
        SourceUnavailableError
            Every attempt failed, or the server asks to wait for longer than it is waited for.
        """
        try:
            return self.attempt(once)
        except InterruptedTransferError as error:
            message = tell("last_attempt", url=url, error=error)
            if error.pause_s > self.patience.pause_s:
                message = tell("server_waits", url=url, pause_s=error.pause_s)
            raise SourceUnavailableError(message) from error

    @contextlib.contextmanager
    def open(self, url: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        """Give the answer of the address of a file; redirects are followed as long as they are private.

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
        for _ in range(_MAX_REDIRECTS + 1):
            if not (url.startswith("https:") or (at_home and is_private(url))):
                raise SourceUnavailableError(tell("https_only", url=url))
            with contextlib.ExitStack() as stack:
                request = self.send(mirror_address(url, self.mirror), {"Accept-Encoding": "identity", **headers})
                try:
                    answer = stack.enter_context(request)
                except ValueError as error:
                    raise SourceUnavailableError(tell("no_address_web", url=url, error=error)) from error
                if not answer.response.is_redirect:
                    if answer.status not in {OK, PARTIAL, NOT_MODIFIED, NO_SUCH_RANGE}:
                        raise GoneError(tell("server_answered", url=url, status=answer.status))
                    yield answer
                    return
                url = urljoin(url, answer.headers["Location"])
        raise SourceUnavailableError(tell("redirected", url=url, max_redirects=_MAX_REDIRECTS))

    def read(self, url: str, *, max_bytes: int, headers: Mapping[str, str] | None = None) -> tuple[bytes, int]:
        """Return the first bytes of an address, ``max_bytes`` at most, and the size of the whole (0: not told)."""

        def once() -> tuple[bytes, int]:
            with self.open(url, headers or {}) as answer:
                content = bytearray()
                if answer.status == NO_SUCH_RANGE:
                    return b"", 0
                for block in answer.blocks():
                    content += block
                    if len(content) >= max_bytes:
                        break
                if len(content) < min(answer.length, max_bytes):
                    fault = tell("cut_after_length", content=len(content), length=answer.length)
                    raise InterruptedTransferError(fault)
                return bytes(content[:max_bytes]), answer.whole

        return self.persist(url, once)

    def read_pages(self, url: str, *, max_bytes: int) -> bytes:
        """Return one JSON object with the ``results`` of a page and of every page that is ``next`` to it.

        Raises
        ------
        SourceChangedError
            A page is not such an object, or there are too many.
        SourceUnavailableError
            They are larger than they may be together.
        """
        items: list[object] = []
        following, received = url, 0
        for _ in range(_MAX_PAGES):
            content, _ = self.read(following, max_bytes=max_bytes + 1 - received)
            received += len(content)
            refuse_size(url, received, max_bytes)
            try:
                page = json.loads(content)
                items += page["results"]
                upcoming = page.get("next")
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise SourceChangedError(tell("list_page", following=following)) from error
            if not upcoming:
                return json.dumps({"results": items}, ensure_ascii=False).encode()
            following = str(upcoming)
        raise SourceChangedError(tell("list_pages", url=url, max_pages=_MAX_PAGES))


def mirror_address(url: str, mirror: str | None) -> str:
    """Return the address under which a mirror serves what stands at an address: its host becomes the first folder.

    Examples
    --------
    >>> mirror_address("https://adresse.data.gouv.fr/data/ban.csv?x=1", "http://127.0.0.1:8000/")
    'http://127.0.0.1:8000/adresse.data.gouv.fr/data/ban.csv?x=1'
    >>> mirror_address("https://adresse.data.gouv.fr/data/ban.csv", None)
    'https://adresse.data.gouv.fr/data/ban.csv'
    """
    if not mirror or url.startswith(f"{mirror.rstrip('/')}/"):
        return url
    if not is_private(mirror):
        raise InputError(tell("mirror_https", mirror=mirror))
    return f"{mirror.rstrip('/')}/{url.partition('://')[2]}"


def refuse_size(url: str, size: int, max_bytes: int) -> None:
    """Raise :class:`essgeo.errors.SourceUnavailableError` where a file is larger than it may be."""
    if size > max_bytes:
        message = tell("source_too_large", url=url, max_bytes=max_bytes // 1000000)
        raise SourceUnavailableError(message, cause="too_large")


def transport_errors() -> tuple[type[Exception], ...]:
    """Return what HTTP libraries raise where the network fails."""
    import requests  # noqa: PLC0415 (as in retry_after_s)
    import urllib3  # noqa: PLC0415 (as in retry_after_s)

    return requests.RequestException, urllib3.exceptions.HTTPError


def why(error: Exception) -> str:
    """Return, in a few words for a user, why a request failed."""
    import requests  # noqa: PLC0415 (as in retry_after_s)
    import urllib3  # noqa: PLC0415 (as in retry_after_s)

    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return tell("no_answer")
    if isinstance(error, requests.exceptions.ProxyError):
        return tell("proxy_refused")
    if isinstance(error, requests.exceptions.SSLError):
        return tell("certificate")
    return tell("connection_lost")
