"""The only module of this room that opens a connection: paced, retried, bounded in time and size."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from essgeo.errors import GeocoderError, InputError, RateLimitedError
from essgeo.sources.download.retries import backoff_s, is_private, is_web_address, retry_after_s
from essgeo.sources.fetch import new_session, transport_errors, why

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import requests

GEOPLATEFORME = "https://data.geopf.fr/geocodage"
"""The national service (IGN). The former address, api-adresse.data.gouv.fr, closed in January 2026."""

_TOO_MANY = 429
RETRIED = frozenset({_TOO_MANY, 502, 503, 504})
_BLOCK = 65_536


@dataclass(frozen=True)
class Policy:
    """How a service is treated.

    Attributes
    ----------
    requests_per_second
        Requests are evenly spaced; the Géoplateforme blocks an address that sends more than 50 a second.
    attempts
        Times a request is sent before it is given up.
    patience_s
        The longest pause that a ``Retry-After`` may ask for; beyond it, :class:`essgeo.errors.RateLimitedError`.
    connect_s, silence_s, answer_s
        Seconds to connect, without a single byte, and for one whole answer however slowly it drips.
    most_bytes
        Size of the largest answer that is read.
    """

    requests_per_second: float = 40.0
    attempts: int = 6
    patience_s: float = 60.0
    connect_s: float = 10.0
    silence_s: float = 60.0
    answer_s: float = 180.0
    most_bytes: int = 50_000_000


@dataclass(frozen=True)
class Answer:
    """What a service answered: status, body, and the charset it declares."""

    status: int
    body: bytes
    charset: str | None


class TooLateError(GeocoderError):
    """An answer was not complete in time."""


@dataclass
class Client:
    """A paced connection to one service.

    Parameters
    ----------
    url
        Base address, ``https`` unless the host is this machine. Proxies of the environment are obeyed.
    policy
        Pace, patience and limits.
    sleep, clock, jitter
        Replaced in tests.

    Raises
    ------
    InputError
        The address is not one of a web service, or would send addresses unencrypted.

    Examples
    --------
    >>> Client("http://geocoder.example.org")
    Traceback (most recent call last):
    ...
    essgeo.errors.InputError: http://geocoder.example.org: addresses are sent encrypted: use https, or this machine.
    """

    url: str = GEOPLATEFORME
    policy: Policy = field(default_factory=Policy)
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    _next_at: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the address before anything is sent to it."""
        if not is_web_address(self.url):
            message = f"{self.url}: not the address of a web service, such as {GEOPLATEFORME}."
            raise InputError(message)
        if not is_private(self.url):
            message = f"{self.url}: addresses are sent encrypted: use https, or this machine."
            raise InputError(message)
        self.url = self.url.rstrip("/")

    @cached_property
    def _session(self) -> requests.Session:
        return new_session()

    def get(self, path: str, params: Mapping[str, str]) -> Answer:
        """Return the answer to a query.

        Raises
        ------
        GeocoderError, RateLimitedError
            No answer after every attempt, or a pause longer than ``patience_s`` is asked for.
        """
        return self._send(path, params=params)

    def post_csv(self, path: str, table: bytes, form: Sequence[tuple[str, str]]) -> Answer:
        """Return the answer to a table sent as a multipart form, in the part ``data``.

        Raises
        ------
        GeocoderError, RateLimitedError
            As :meth:`get`.
        """
        return self._send(path, data=list(form), files={"data": ("addresses.csv", table, "text/csv; charset=utf-8")})

    def _send(self, path: str, **request: object) -> Answer:
        fault = ""
        limited = False
        passing: tuple[type[Exception], ...] = (*transport_errors(), TooLateError)
        for attempt in range(self.policy.attempts):
            self._wait_turn()
            pause = backoff_s(attempt, self.jitter())
            try:
                response = self._request(path, request)
                with response:
                    if response.status_code not in RETRIED:
                        return self._read(response)
                    fault = f"answered {response.status_code}"
                    limited = response.status_code == _TOO_MANY
                    pause = self._asked_pause(response.headers.get("Retry-After")) or pause
            except passing as error:
                fault, limited = f"failed ({why(error)})", False
            if attempt + 1 < self.policy.attempts:
                self.sleep(pause)
        message = f"{self.url} {fault} {self.policy.attempts} times; what was answered before is kept. Try again later."
        raise RateLimitedError(message) if limited else GeocoderError(message)

    def _request(self, path: str, request: dict[str, object]) -> requests.Response:
        method = "POST" if "files" in request else "GET"
        return self._session.request(
            method,
            f"{self.url}/{path}",
            stream=True,
            allow_redirects=False,
            headers={"User-Agent": "essgeo"},
            timeout=(self.policy.connect_s, self.policy.silence_s),
            **request,  # type: ignore[arg-type]
        )

    def _read(self, response: requests.Response) -> Answer:
        """Read block by block: the time limit of requests restarts at every byte."""
        deadline = self.clock() + self.policy.answer_s
        body = bytearray()
        while block := response.raw.read1(_BLOCK, decode_content=True):
            body += block
            if len(body) > self.policy.most_bytes:
                message = f"{self.url}: the answer is larger than {self.policy.most_bytes} bytes."
                raise GeocoderError(message)
            if self.clock() > deadline:
                message = f"no complete answer in {self.policy.answer_s:g} s"
                raise TooLateError(message)
        charset = re.search(r"charset=[\"']?([\w-]+)", response.headers.get("Content-Type", ""))
        return Answer(response.status_code, bytes(body), charset[1] if charset else None)

    def _wait_turn(self) -> None:
        now = self.clock()
        if now < self._next_at:
            self.sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + 1 / self.policy.requests_per_second

    def _asked_pause(self, header: str | None) -> float:
        pause = retry_after_s(header, dt.datetime.now(dt.UTC))
        if pause > self.policy.patience_s:
            message = (
                f"{self.url} asks to wait {pause:.0f} s, longer than the {self.policy.patience_s:g} s of patience; "
                "what was answered before is kept. Try again later."
            )
            raise RateLimitedError(message)
        return pause


def said(answer: Answer) -> str:
    """Return what a service says of an error, on one line of at most 200 characters.

    Examples
    --------
    >>> said(Answer(400, b'{"title": "Missing file"}', None))
    'Missing file'
    >>> said(Answer(500, b"<html><h1>Oops</h1>", None))
    'Oops'
    """
    text = answer.body.decode("utf-8", errors="replace")
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if isinstance(content, dict):
        text = next((str(content[key]) for key in ("message", "detail", "title", "error") if content.get(key)), text)
    plain = re.sub(r"<[^>]*>", " ", text)
    return re.sub(r"[^\w\s.,;:!?'\"()/@=+-]|\s", " ", plain)[:200].strip()
