"""How servers are asked: over an encrypted connection, and again after a pause when they are busy. Opens nothing."""

from __future__ import annotations

import datetime as dt
import re
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

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
