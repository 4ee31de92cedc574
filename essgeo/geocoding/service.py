"""An engine that asks a service: the Géoplateforme, or any server that speaks addok's contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np
import pandas as pd

from essgeo.errors import GeocoderError, InputError
from essgeo.geocoding.answers import candidate_of, features_of, match_of, table_rows
from essgeo.geocoding.client import GEOPLATEFORME, Client, said
from essgeo.geocoding.communes import POSTCODE_WRONG, department_of
from essgeo.geocoding.engine import CANDIDATE_COLUMNS, MATCH_COLUMNS, MATCH_NUMBERS, MOST_CANDIDATES, QUERY_COLUMNS

if TYPE_CHECKING:
    from essgeo.geocoding.client import Answer

ROW = "essgeo_row"
MOST_ROWS, MOST_BYTES = 200_000, 50_000_000
"""Limits of the Géoplateforme for one table."""
MOST_CHARACTERS = 200
"""addok refuses a whole table for one longer query (``QUERY_MAX_LENGTH``), and no address is that long."""
WHOLE_CITIES = frozenset({"75056", "13055", "69123"})
"""Paris, Marseille, Lyon: BAN knows their arrondissements only."""
_RESULTS = (
    "longitude", "latitude", "result_status", "result_score", "result_score_next", "result_type", "result_label",
    "result_id",
    "result_citycode", "result_city", "result_oldcity", "result_postcode",
)  # fmt: skip
_ELSEWHERE = ("street_unknown", "other_city")
_OK, _TOO_LARGE, _FAULT = 200, 413, 500


@dataclass
class Service:
    """A geocoding service that speaks addok's contract: ``search``, ``reverse`` and ``search/csv``.

    Only address, postcode, city and citycode leave the machine. Rows are filtered on citycode where it is known, else
    on postcode; a server that fails on filters (addok 1.3 with addok-csv 1.1 does) is asked again without, and the
    commune of each answer is compared with the one asked for in every case. What is not found under a postcode is asked
    once more by the name of the commune alone: the postcode may be the mistake.

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
        if not 0 < self.batch_rows < MOST_ROWS:
            message = f"batch_rows is {self.batch_rows}; give 1 to {MOST_ROWS - 1}."
            raise InputError(message)

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
            As :meth:`essgeo.geocoding.engine.Engine.match`. ``reason`` is ``no_answer`` where the service left a row
            out twice, ``no_address`` and ``too_long`` where nothing was sent.

        Raises
        ------
        GeocoderError, RateLimitedError
            The service refuses the table, is not one, or does not answer.
        """
        whole = queries[list(QUERY_COLUMNS)].fillna("").reset_index(drop=True)
        asked = _asked(whole)
        result = self._matches(asked, whole)
        elsewhere = result["reason"].isin(_ELSEWHERE) & (asked["postcode"] != "") & (asked["city"] != "")
        if elsewhere.any():
            found = self._matches(asked[elsewhere].assign(postcode=""), whole[elsewhere])
            here = found["citycode"].map(department_of) == asked.loc[elsewhere, "postcode"].map(department_of)
            found = found[here & (found["reason"] == "")]
            result.loc[found.index] = found.assign(score=found["score"] * POSTCODE_WRONG)
        return result.set_axis(queries.index)

    def candidates(self, queries: pd.DataFrame) -> pd.DataFrame:
        """Return up to three candidates of each query, with one request each.

        Raises
        ------
        GeocoderError, RateLimitedError
            As :meth:`match`.
        """
        asked = _asked(queries[list(QUERY_COLUMNS)].fillna(""))
        found = []
        waiting = (asked["reason"] == "").to_numpy()
        for name, (_, query) in zip(queries.index[waiting], asked[waiting].iterrows(), strict=True):
            features = self._search(query)
            if not features and query["postcode"] and query["city"]:
                features = self._search(query.where(query.index != "postcode", ""))
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
        answer = self.client.get("reverse", {"lon": repr(lon), "lat": repr(lat), "limit": "1"})
        features = features_of(answer, self.client.url)
        return candidate_of(features[0]) if features else {}

    def _matches(self, asked: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
        """Return the match of each row of ``asked``, judged by what ``whole`` says of it."""
        waiting = asked[asked["reason"] == ""]
        rows: dict[int, dict[str, str]] = {}
        for start in range(0, len(waiting), self.batch_rows):
            batch = waiting.iloc[start : start + self.batch_rows]
            rows |= self._ask(batch, final=False)
            missing = batch[~batch.index.isin(list(rows))]
            if len(missing):
                rows |= self._ask(missing, final=True)
        matches = [
            match_of(dict(zip(QUERY_COLUMNS, query, strict=True)), rows.get(place))
            for place, *query in whole.itertuples(name=None)
        ]
        result = pd.DataFrame(matches, index=asked.index, columns=list(MATCH_COLUMNS))
        result["reason"] = np.where(asked["reason"] != "", asked["reason"], result["reason"])
        return result.astype(dict.fromkeys(MATCH_NUMBERS, float))

    def _search(self, query: pd.Series) -> list[dict[str, object]]:
        words = " ".join(query[name] for name in ("address", "postcode", "city") if query[name])
        params = {"q": words, "limit": str(MOST_CANDIDATES), "autocomplete": "0"}
        params |= {name: query[name] for name in ("citycode", "postcode") if query[name]}
        return features_of(self.client.get("search", params), self.client.url)[:MOST_CANDIDATES]

    def _ask(self, batch: pd.DataFrame, *, final: bool) -> dict[int, dict[str, str]]:
        """Return the rows of the answer by position of their query; ``final`` where they are sent for the last time."""
        self._requests += 1
        ids = {f"{self._requests}.{place}": place for place in batch.index}
        table = batch[list(QUERY_COLUMNS)].assign(**{ROW: list(ids)}).to_csv(index=False, lineterminator="\n").encode()
        answer = self._post(table) if len(table) < MOST_BYTES and len(batch) < MOST_ROWS else None
        if answer is None or answer.status == _TOO_LARGE:
            half = len(batch) // 2
            return self._ask(batch.iloc[:half], final=final) | self._ask(batch.iloc[half:], final=final) if half else {}
        if answer.status != _OK:
            message = f"{self.client.url} refused the table ({answer.status}): {said(answer) or 'no reason given'}."
            raise GeocoderError(message)
        rows = table_rows(answer, ROW, final=final)
        if rows is None and final:
            message = f"{self.client.url} does not answer with a table: {said(answer)!r}. Is it a geocoder?"
            raise GeocoderError(message)
        return {ids[key]: row for key, row in (rows or {}).items() if key in ids}

    def _post(self, table: bytes) -> Answer:
        form = [("columns", name) for name in ("address", "postcode", "city")]
        form += [("delimiter", ","), ("quote", '"'), ("encoding", "utf-8")]
        form += [("result_columns", name) for name in _RESULTS]
        filters = [("citycode", "citycode"), ("postcode", "postcode")]
        for _ in range(2):
            answer = self.client.post_csv("search/csv", table, [*form, *(filters if self._filters else [])])
            if answer.status != _FAULT or not self._filters:
                return answer
        self._filters = False
        return self.client.post_csv("search/csv", table, form)


def _asked(whole: pd.DataFrame) -> pd.DataFrame:
    """Return what is sent of clean queries: no postcode beside a citycode that BAN knows; or the reason why not."""
    asked = whole.copy()
    asked["citycode"] = asked["citycode"].where(~asked["citycode"].isin(WHOLE_CITIES), "")
    asked["postcode"] = asked["postcode"].where(
        (asked["citycode"] == "") & asked["postcode"].str.fullmatch(r"\d{5}"), ""
    )
    length = asked["address"].str.len() + asked["postcode"].str.len() + asked["city"].str.len() + 2
    asked["reason"] = np.select([asked["address"] == "", length > MOST_CHARACTERS], ["no_address", "too_long"], "")
    return asked
