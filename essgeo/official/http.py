"""The rules of a request: addresses, patience, retries, refusals."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from essgeo.errors import SourceUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from essgeo.official.store import Copy


_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_LONGEST_BACKOFF_S = 30.0


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
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def backoff_s(attempt: int, jitter: float) -> float:
    """Return 1, 2, 4 ... seconds, 30 at most, times 0.5 to 1.5 so that many clients do not come back together.

    Parameters
    ----------
    attempt
        Attempts that failed before, from 0.
    jitter
        A draw between 0 and 1.

    Examples
    --------
    >>> backoff_s(0, 0.5), backoff_s(3, 0.0), backoff_s(20, 0.5)
    (1.0, 4.0, 30.0)
    """
    return min(_LONGEST_BACKOFF_S, 2.0**attempt) * (0.5 + jitter)


def retry_after_s(header: str | None, now: dt.datetime) -> float:
    """Return the seconds that a ``Retry-After`` header asks for: a number or an HTTP date; 0 where it cannot be read.

    Examples
    --------
    >>> now = dt.datetime(2026, 1, 1, 12, 0, 0, tzinfo=dt.UTC)
    >>> retry_after_s("5", now), retry_after_s("Thu, 01 Jan 2026 12:00:30 GMT", now), retry_after_s("soon", now)
    (5.0, 30.0, 0.0)
    """
    text = (header or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return max(0.0, (aware - now).total_seconds())


BUSY = frozenset({429, 500, 502, 503, 504})

OK, PARTIAL, NOT_MODIFIED, NO_SUCH_RANGE = 200, 206, 304, 416


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
    grace_s, least_bytes_per_s
        After these seconds, a download slower than this is given up.
    whole_s
        Seconds for one whole download, however steady.
    """

    attempts: int = 4
    resumes: int = 50
    pause_s: float = 60.0
    connect_s: float = 10.0
    silence_s: float = 60.0
    grace_s: float = 60.0
    least_bytes_per_s: float = 5_000.0
    whole_s: float = 6 * 3600.0


class GoneError(SourceUnavailableError):
    """A server says that there is no such file, or that it may not be had."""

    usual_cause = "gone"


class InterruptedTransferError(SourceUnavailableError):
    """An attempt failed in a way that another may not.

    Attributes
    ----------
    pause_s
        Seconds that the server asks to wait, 0 if it does not say.
    progress
        Whether the attempt brought something.
    """

    def __init__(self, fault: str, *, pause_s: float = 0.0, progress: bool = False) -> None:
        super().__init__(fault)
        self.pause_s, self.progress = pause_s, progress


def refuse_status(url: str, status: int, headers: Mapping[str, str], patience: Patience) -> None:
    """Raise what an HTTP status means, unless it brings something.

    Raises
    ------
    InterruptedTransferError
        The server is busy.
    SourceUnavailableError
        It is busy for longer than it is waited for.
    GoneError
        It has no such file, or does not give it.

    Examples
    --------
    >>> refuse_status("https://a.fr/x", 404, {}, Patience())
    Traceback (most recent call last):
    ...
    essgeo.official.http.GoneError: https://a.fr/x: the server answered 404. The file may have moved.
    """
    if status in BUSY:
        pause = retry_after_s(headers.get("Retry-After"), dt.datetime.now(dt.UTC))
        if pause > patience.pause_s:
            message = f"{url}: the server asks to wait {pause:.0f} s. Try again later."
            raise SourceUnavailableError(message)
        fault = f"the server answered {status}"
        raise InterruptedTransferError(fault, pause_s=pause)
    if status not in {OK, PARTIAL, NOT_MODIFIED, NO_SUCH_RANGE}:
        message = f"{url}: the server answered {status}. The file may have moved."
        raise GoneError(message)


def refuse_size(url: str, size: int, most_bytes: int) -> None:
    """Raise :class:`essgeo.errors.SourceUnavailableError` where a file is larger than it may be.

    Examples
    --------
    >>> refuse_size("https://a.fr/x", 10, 10)
    """
    if size > most_bytes:
        message = (
            f"{url}: the file is larger than the {most_bytes // 1_000_000} MB this source may have. If it is right, "
            "raise max_megabytes in sources.toml."
        )
        raise SourceUnavailableError(message, cause="too_large")


def conditions(url: str, start: int, mark: str, known: Copy | None) -> dict[str, str]:
    """Return the headers that ask for the rest of a file, or for the file unless it is the one that is known.

    Examples
    --------
    >>> conditions("https://a.fr/x", 10, '"a"', None)
    {'Range': 'bytes=10-', 'If-Range': '"a"'}
    """
    if start:
        return {"Range": f"bytes={start}-", "If-Range": mark}
    if known is None or known.url != url:
        return {}
    told = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
    return {name: value for name, value in told.items() if value}


def in_time(blocks: Iterable[bytes], patience: Patience, clock: Callable[[], float]) -> Iterator[bytes]:
    """Give blocks as long as they come fast enough: a read limit restarts at every byte.

    Raises
    ------
    InterruptedTransferError
        They drip, or take too long in all.

    Examples
    --------
    >>> seconds = iter([0, 1, 100])
    >>> for block in in_time([b"a", b"b"], Patience(grace_s=60), lambda: next(seconds)):
    ...     block
    Traceback (most recent call last):
    ...
    essgeo.official.http.InterruptedTransferError: it is too slow (2 bytes in 100 s)
    """
    began, received = clock(), 0
    for block in blocks:
        received += len(block)
        yield block
        elapsed = clock() - began
        slow = elapsed > patience.grace_s and received < elapsed * patience.least_bytes_per_s
        if slow or elapsed > patience.whole_s:
            fault = f"it is too slow ({received} bytes in {elapsed:.0f} s)"
            raise InterruptedTransferError(fault)


def disk_error(folder: Path, error: OSError) -> SourceUnavailableError:
    """Return what to say of a disk that is full or may not be written."""
    said = error.strerror or str(error)
    return SourceUnavailableError(
        f"{folder}: cannot be written ({said}). Free some space, or name another folder (--folder, or ESSGEO_CACHE).",
        cause="disk",
    )
