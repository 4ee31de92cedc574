"""The national geocoding service as an engine: paced, patient, asked by tables."""

from __future__ import annotations

import json
import random
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from essgeo.errors import GeocoderError, InputError, RateLimitedError
from essgeo.geocoding.answers import Answer, candidate_of, match_of, said, table_rows
from essgeo.geocoding.communes import POSTCODE_WRONG, Place, read_place
from essgeo.geocoding.engines import CANDIDATE_COLUMNS, MATCH_COLUMNS, MATCH_NUMBERS, MAX_CANDIDATES, QUERY_COLUMNS
from essgeo.messages import tell
from essgeo.official.http import InterruptedTransferError, Patience, Web, is_private, is_web_address
from essgeo.schema.codes import ARRONDISSEMENTS, department_of, same_department

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


GEOPLATEFORME = "https://data.geopf.fr/geocodage"
"""The national service (IGN). The former address, api-adresse.data.gouv.fr, closed in January 2026."""

SERVICE_PATIENCE = Patience(attempts=6, whole_s=180.0, min_bytes_per_s=0.0)
"""It computes as it answers, and may be slow."""

_TOO_MANY = 429

RETRIED = frozenset({_TOO_MANY, 502, 503, 504})

MAX_ROWS, MAX_BYTES = 200_000, 50_000_000
"""Limits of the Géoplateforme for one table."""

MIN_CHARACTERS, MAX_CHARACTERS = 3, 200
"""Length of a query, which begins with a letter or a digit: others are refused, by addok with the whole table."""

_UNWRITTEN = "^[^0-9A-Za-z\u00c0-\u024f]+"
"""What no query begins with."""

ROW = "essgeo_row"

_RESULTS = (
    "longitude", "latitude", "result_status", "result_score", "result_score_next", "result_type", "result_label",
    "result_id", "result_citycode", "result_city", "result_oldcitycode", "result_oldcity", "result_postcode",
)  # fmt: skip

_OK, _BAD_REQUEST, _TOO_LARGE, _FAULT = 200, 400, 413, 500


class RefusedError(GeocoderError):
    """A service that answers does not take one query."""


@dataclass
class Client:
    """A paced connection to one service.

    Parameters
    ----------
    url
        Base address, ``https`` unless the host is this machine. Proxies of the environment are obeyed.
    patience
        How long the service is waited for; one that asks for a longer pause is a
        :class:`essgeo.errors.RateLimitedError`.
    requests_per_second
        Requests are evenly spaced; the Géoplateforme blocks an address that sends more than 50 a second.
    max_bytes
        Size of the largest answer that is read.
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
    patience: Patience = SERVICE_PATIENCE
    requests_per_second: float = 40.0
    max_bytes: int = 50_000_000
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    _next_at: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the address before anything is sent to it."""
        if not is_web_address(self.url):
            raise InputError(tell("no_web_address", url=self.url, geoplateforme=GEOPLATEFORME))
        if not is_private(self.url):
            raise InputError(tell("service_https", url=self.url))
        self.url = self.url.rstrip("/")
        self._web = Web(None, self.patience, self.sleep, self.clock, self.jitter)

    def get(self, path: str, params: Mapping[str, str]) -> Answer:
        """Return the answer to a query.

        Raises
        ------
        GeocoderError, RateLimitedError
            No answer after every attempt, or a pause longer than there is patience for is asked for.
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

    def _send(self, path: str, **form: object) -> Answer:
        try:
            return self._web.attempt(lambda: self._once(path, form))
        except InterruptedTransferError as error:
            if error.pause_s > self.patience.pause_s:
                message = tell("service_waits", url=self.url, pause_s=error.pause_s, patience_s=self.patience.pause_s)
                raise RateLimitedError(message) from error
            message = tell("service_failed", url=self.url, error=error, attempts=self.patience.attempts)
            raise (RateLimitedError if error.status == _TOO_MANY else GeocoderError)(message) from error

    def _once(self, path: str, form: Mapping[str, object]) -> Answer:
        self._wait_turn()
        with self._web.send(f"{self.url}/{path}", {}, busy=RETRIED, **form) as answer:
            body = bytearray()
            for block in answer.blocks():
                body += block
                if len(body) > self.max_bytes:
                    raise GeocoderError(tell("answer_too_large", url=self.url, max_bytes=self.max_bytes))
            charset = re.search(r"charset=[\"']?([\w-]+)", answer.headers.get("Content-Type", ""))
            return Answer(answer.status, bytes(body), charset[1] if charset else None)

    def _wait_turn(self) -> None:
        now = self.clock()
        if now < self._next_at:
            self.sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + 1 / self.requests_per_second


@dataclass
class Service:
    """A geocoding service that speaks addok's contract: ``search``, ``reverse`` and ``search/csv``.

    Only address, postcode, city and citycode leave the machine. Rows are filtered on citycode where it is known, else
    on postcode; a server that fails on filters (addok 1.3 with addok-csv 1.1 does) is asked again without, and the
    commune of each answer is compared with the one asked for in every case. What is not found under a postcode is asked
    once more by the name of the commune alone, for the postcode may be the mistake, and what is not found under a
    citycode without it, for that commune may have become part of another.

    Parameters
    ----------
    client
        Where to, how fast, how patiently.
    batch_rows
        Addresses in one request.

    Raises
    ------
    InputError
        More rows a request than the Géoplateforme takes.

    Examples
    --------
    >>> Service().name, Service(Client("http://localhost:7878")).name
    ('geoplateforme', 'localhost:7878')
    """

    client: Client = field(default_factory=Client)
    batch_rows: int = 2_000
    _filters: bool = field(default=True, init=False, repr=False)
    _requests: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        """Check the size of a batch."""
        if not 0 < self.batch_rows < MAX_ROWS:
            raise InputError(tell("batch_rows", batch_rows=self.batch_rows, max_rows=MAX_ROWS - 1))

    @property
    def name(self) -> str:
        """``geoplateforme``, or the host that is asked."""
        url = self.client.url
        return "geoplateforme" if url == GEOPLATEFORME else urlsplit(url).netloc.rpartition("@")[2]

    @property
    def version(self) -> str:
        """The address asked: a service does not say how old its data are, so a cache ages its answers."""
        return self.client.url

    def match(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return the best match of each query, by CSV batches.

        Parameters
        ----------
        queries
            Text columns ``address``, ``postcode``, ``city``, ``citycode``; ``""`` where not known.

        Returns
        -------
        DataFrame
            As :meth:`essgeo.geocoding.engines.Engine.match`. ``reason`` is ``no_answer`` where the service left a row
            out twice, ``service_error`` where it failed on it twice, ``skipped`` where it did not look for it, and
            ``no_address``, ``too_short`` or ``too_long`` where nothing was sent.

        Raises
        ------
        GeocoderError, RateLimitedError
            The service refuses the table, is not one, or does not answer.
        """
        whole = _whole(queries).reset_index(drop=True)
        asked = _asked(whole)
        result = self._matches(asked, whole)
        wrong = result["reason"].isin(["street_unknown", "other_city"])
        coded = wrong & (asked["citycode"] != "")
        elsewhere = coded | (wrong & (asked["postcode"] != "") & (asked["city"] != ""))
        if elsewhere.any():
            # Without its code, a commune is told by its name where it has one, and its department in any case.
            again, before = asked[elsewhere], whole[elsewhere]
            postcode = before["postcode"].where(coded[elsewhere] & before["postcode"].str.fullmatch(r"\d{5}"), "")
            named = before.assign(citycode=before["citycode"].where(before["city"] == "", ""))
            found = self._matches(again.assign(citycode="", postcode=postcode), named)
            said = before["postcode"].where(before["citycode"] == "", before["citycode"])
            here = np.array(list(map(_same_department, found["citycode"], said)), dtype=bool)
            found = found[here & (found["reason"] == "").to_numpy()]
            factor = np.where(coded[found.index], 1.0, POSTCODE_WRONG)
            result.loc[found.index] = found.assign(score=found["score"] * factor)
        return result.set_axis(queries.index)

    def candidates(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return up to three candidates of each query, with one request each; none of one that the service refuses.

        Raises
        ------
        GeocoderError, RateLimitedError
            The service does not answer, or is no geocoder.
        """
        asked = _asked(_whole(queries))
        found = []
        waiting = (asked["reason"] == "").to_numpy()
        for name, (_, query) in zip(queries.index[waiting], asked[waiting].iterrows(), strict=True):
            try:
                features = self._search(query)
                if not features and query["postcode"] and query["city"]:
                    features = self._search(query.where(query.index != "postcode", ""))
            except RefusedError:
                continue
            for rank, feature in enumerate(features, start=1):
                found.append({"query": name, "rank": rank} | candidate_of(feature))
        return pd.DataFrame(found, columns=list(CANDIDATE_COLUMNS))

    def reverse(self, lon: float, lat: float) -> dict[str, object]:
        """Return the address nearest to a point (degrees): a candidate, or nothing.

        Raises
        ------
        GeocoderError, RateLimitedError
            As :meth:`match`.
        """
        features = self._features("reverse", {"lon": repr(lon), "lat": repr(lat), "limit": "1", "index": "address"})
        return candidate_of(features[0]) if features else {}

    def _matches(self, asked: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
        """Return the match of each row of ``asked``, judged by what ``whole`` says of it."""
        waiting = asked[asked["reason"] == ""]
        rows: dict[int, dict[str, str]] = {}
        for start in range(0, len(waiting), self.batch_rows):
            batch = waiting.iloc[start : start + self.batch_rows]
            rows |= self._send_batch(batch, final=False)
            missing = batch[~batch.index.isin(list(rows))]
            if len(missing):
                rows |= self._send_batch(missing, final=True)
        matches = [
            match_of(dict(zip(QUERY_COLUMNS, query, strict=True)), rows.get(place))
            for place, *query in whole.itertuples(name=None)
        ]
        result = pd.DataFrame(matches, index=asked.index, columns=list(MATCH_COLUMNS))
        result["reason"] = np.where(asked["reason"] != "", asked["reason"], result["reason"])
        return result.astype(dict.fromkeys(MATCH_NUMBERS, float))

    def _search(self, query: pd.Series) -> list[dict[str, Any]]:
        """Return the best answers to a query, as features."""
        words = " ".join(query[name] for name in ("address", "postcode", "city") if query[name])
        params = {"q": words, "limit": str(MAX_CANDIDATES), "autocomplete": "0", "index": "address"}
        params |= {name: query[name] for name in ("citycode", "postcode") if query[name]}
        return self._features("search", params)[:MAX_CANDIDATES]

    def _features(self, path: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """Return the points of a GeoJSON answer."""
        url, answer = self.client.url, self.client.get(path, params)
        if answer.status != _OK:
            message = tell(
                "query_refused", url=url, status=answer.status, answer=said(answer) or tell("word_no_reason")
            )
            raise (RefusedError if answer.status == _BAD_REQUEST else GeocoderError)(message)
        try:
            features = json.loads(answer.body)["features"]
            return [feature for feature in features if feature["geometry"]["type"] == "Point" and feature["properties"]]
        except (ValueError, TypeError, KeyError) as error:
            raise GeocoderError(tell("no_geojson_answer", url=url, answer=said(answer))) from error

    def _send_batch(self, batch: pd.DataFrame, *, final: bool) -> dict[int, dict[str, str]]:
        """Return the rows of the answer by position of their query; ``final`` where they are sent for the last time."""
        self._requests += 1
        ids = {f"{self._requests}.{place}": place for place in batch.index}
        table = batch[list(QUERY_COLUMNS)].assign(**{ROW: list(ids)}).to_csv(index=False, lineterminator="\n").encode()
        answer = self._post(table) if len(table) < MAX_BYTES and len(batch) < MAX_ROWS else None
        if answer is None or answer.status == _TOO_LARGE:
            half = len(batch) // 2
            halves = (batch.iloc[:half], batch.iloc[half:]) if half else ()
            return {place: row for part in halves for place, row in self._send_batch(part, final=final).items()}
        if answer.status != _OK:
            message = tell(
                "table_refused",
                url=self.client.url,
                status=answer.status,
                answer=said(answer) or tell("word_no_reason"),
            )
            raise GeocoderError(message)
        rows = table_rows(answer, ROW, final=final)
        if rows is None and final:
            raise GeocoderError(tell("no_table_answer", url=self.client.url, answer=said(answer)))
        return {ids[key]: row for key, row in (rows or {}).items() if key in ids}

    def _post(self, table: bytes) -> Answer:
        """Return the answer to a table, asked again without filters where the server fails twice on them."""
        form = [("columns", name) for name in ("address", "postcode", "city")]
        form += [
            ("delimiter", ","),
            ("quote", '"'),
            ("encoding", "utf-8"),
            ("index", "address"),
            ("indexes", "address"),
        ]
        form += [("result_columns", name) for name in _RESULTS]
        filters = [("citycode", "citycode"), ("postcode", "postcode")]
        for _ in range(2):
            answer = self.client.post_csv("search/csv", table, [*form, *(filters if self._filters else [])])
            if answer.status != _FAULT or not self._filters:
                return answer
        self._filters = False
        return self.client.post_csv("search/csv", table, form)


def _whole(queries: pd.DataFrame) -> pd.DataFrame:
    """Return queries with what their cells say of the commune, each in its own column."""
    whole = queries[list(QUERY_COLUMNS)].fillna("")
    places = [read_place(*cells) for cells in whole[["postcode", "city", "citycode"]].itertuples(index=False)]
    whole[["postcode", "city", "citycode"]] = pd.DataFrame(places, index=whole.index, columns=list(Place._fields))
    return whole


def _same_department(citycode: str, said: str) -> bool:
    """Return whether a commune is in the department of a postcode or of another commune."""
    return department_of(citycode) == department_of(said) or same_department(citycode, said)


def _asked(whole: pd.DataFrame) -> pd.DataFrame:
    """Return what is sent of clean queries: no postcode beside a citycode that BAN knows; or the reason why not."""
    asked = whole.copy()
    asked["address"] = asked["address"].str.replace(_UNWRITTEN, "", regex=True)
    asked["citycode"] = asked["citycode"].where(~asked["citycode"].isin(list(ARRONDISSEMENTS)), "")
    asked["postcode"] = asked["postcode"].where(
        (asked["citycode"] == "") & asked["postcode"].str.fullmatch(r"\d{5}"), ""
    )
    sent = (asked["address"] + " " + asked["postcode"] + " " + asked["city"]).astype("object")
    length = sent.map(lambda text: len(" ".join(text.split())))
    asked["reason"] = np.select(
        [asked["address"] == "", length < MIN_CHARACTERS, length > MAX_CHARACTERS],
        ["no_address", "too_short", "too_long"],
        "",
    )
    return asked
