"""What a service that speaks addok's contract answers, read with suspicion."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from typing import TYPE_CHECKING, Any

from essgeo.errors import GeocoderError
from essgeo.geocoding.client import said
from essgeo.geocoding.queries import plain_text, same_city

if TYPE_CHECKING:
    from collections.abc import Mapping

    from essgeo.geocoding.client import Answer

LIKE_NAMES = 85.0
"""Two names of a commune are the same from this likeness on (0 to 100, :func:`rapidfuzz.fuzz.ratio`)."""

LEAST_SCORE = 0.7
"""Below this score of addok the street is not the one that was asked for: most of its words differ."""

PRECISIONS = frozenset({"housenumber", "street", "locality", "municipality"})
_OTHER_NAMES = {"lon": "longitude", "lat": "latitude", "result_longitude": "longitude", "result_latitude": "latitude"}
_FAILED = frozenset({"error", "aborted"})
_WHOLE_CITIES = {"75056": "75", "13055": "13", "69123": "69"}
_MOST_LON, _MOST_LAT = 180.0, 90.0
_OK = 200


def table_rows(answer: Answer, key: str, *, final: bool) -> dict[str, dict[str, str]] | None:
    r"""Return the rows of a CSV answer by the value of their key column; nothing where the answer is no such table.

    A row that is cut short, has failed on the server, or comes twice with other content is left out. So is a last row
    without a line end, which may have lost its end, unless the answer is ``final``.

    Examples
    --------
    >>> from essgeo.geocoding.client import Answer
    >>> table_rows(Answer(200, b"row,result_score\n7,0.9\n8", None), "row", final=False)
    {'7': {'row': '7', 'result_score': '0.9'}}
    >>> table_rows(Answer(200, b"<html>", None), "row", final=False) is None
    True
    """
    text = _decoded(answer)
    head = text.partition("\n")[0]
    delimiter = next((mark for mark in ",;\t" if key in next(csv.reader([head], delimiter=mark), ())), None)
    if delimiter is None:
        return None
    header, *lines = csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=delimiter)
    names = [_OTHER_NAMES.get(name.strip().lower(), name.strip().lower()) for name in header]
    if lines and not final and not text.endswith(("\n", "\r")):
        lines.pop()
    found: dict[str, dict[str, str]] = {}
    twice = set()
    for line in lines:
        row = dict(zip(names, line, strict=False))
        if len(line) != len(names) or row.get("result_status") in _FAILED:
            continue
        if found.setdefault(row[key], row) != row:
            twice.add(row[key])
    return {value: row for value, row in found.items() if value not in twice}


def match_of(query: Mapping[str, str], row: Mapping[str, str] | None) -> dict[str, object]:
    """Return a row of an answer as a match, with the reason why it does not stand for its query.

    Examples
    --------
    >>> query = {"address": "12 rue A", "postcode": "93140", "city": "Bondy", "citycode": ""}
    >>> row = {"longitude": "2.48", "latitude": "48.9", "result_score": "0.96", "result_score_next": "",
    ...        "result_type": "street", "result_label": "Rue A",
    ...        "result_city": "Bondy", "result_citycode": "93010"}
    >>> match = match_of(query, row)
    >>> match["precision"], match["margin"], match["reason"]
    ('street', 1.0, 'number_unknown')
    """
    nothing = {
        "precision": "",
        "label": "",
        "ban_id": "",
        "citycode": "",
        "score": 0.0,
        "margin": 0.0,
        "lon": math.nan,
        "lat": math.nan,
    }
    if row is None:
        return nothing | {"reason": "no_answer"}
    lon, lat = _number(row.get("longitude", "")), _number(row.get("latitude", ""))
    precision = row.get("result_type", "")
    if not (abs(lon) <= _MOST_LON and abs(lat) <= _MOST_LAT) or precision not in PRECISIONS:
        return nothing | {"reason": "street_unknown"}
    score, runner_up = _share(row.get("result_score", "")), _share(row.get("result_score_next", ""))
    citycode = _citycode(row.get("result_citycode", ""), query["citycode"])
    return {
        "precision": precision,
        "label": plain_text(row.get("result_label", "")),
        "ban_id": plain_text(row.get("result_id", "")),
        "citycode": citycode,
        "score": score,
        "margin": round(max(0.0, score - runner_up), 4) if runner_up else 1.0,
        "lon": lon,
        "lat": lat,
        "reason": _reason(query, row, precision, citycode),
    }


def features_of(answer: Answer, url: str) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON answer.

    Raises
    ------
    GeocoderError
        The service refuses the query, or does not answer with GeoJSON.

    Examples
    --------
    >>> from essgeo.geocoding.client import Answer
    >>> features_of(Answer(200, b'{"type": "FeatureCollection", "features": []}', None), "")
    []
    """
    if answer.status != _OK:
        message = f"{url} refused the query ({answer.status}): {said(answer) or 'no reason given'}."
        raise GeocoderError(message)
    try:
        features = json.loads(answer.body)["features"]
        return [feature for feature in features if feature["geometry"]["type"] == "Point" and feature["properties"]]
    except (ValueError, TypeError, KeyError) as error:
        message = f"{url} does not answer with GeoJSON: {said(answer)!r}. Is it a geocoder, or a proxy's page?"
        raise GeocoderError(message) from error


def candidate_of(feature: Mapping[str, Any]) -> dict[str, object]:
    """Return a feature as a candidate.

    Examples
    --------
    >>> feature = {"geometry": {"type": "Point", "coordinates": [2.48, 48.9]},
    ...            "properties": {"label": "Rue A 93140 Bondy", "score": 0.9, "type": "street", "id": "93010_1"}}
    >>> candidate_of(feature)["precision"]
    'street'
    """
    properties = feature["properties"]
    lon, lat = (*map(str, feature["geometry"]["coordinates"]), "", "")[:2]
    return {
        "label": plain_text(str(properties.get("label", ""))),
        "score": _share(str(properties.get("score", ""))),
        "precision": properties.get("type") if properties.get("type") in PRECISIONS else "",
        "ban_id": plain_text(str(properties.get("id", ""))),
        "citycode": _citycode(str(properties.get("citycode", "")), ""),
        "lon": _number(lon),
        "lat": _number(lat),
    }


def _reason(query: Mapping[str, str], row: Mapping[str, str], precision: str, citycode: str) -> str:
    if not _same_commune(query, row, citycode):
        return "other_city"
    if precision == "municipality" or _share(row.get("result_score", "")) < LEAST_SCORE:
        return "street_unknown"
    if precision == "housenumber":
        return ""
    return "number_unknown" if re.match(r"\s*\d", query["address"]) else "number_missing"


def _same_commune(query: Mapping[str, str], row: Mapping[str, str], citycode: str) -> bool:
    if query["citycode"]:
        return citycode == query["citycode"] or citycode.startswith(_WHOLE_CITIES.get(query["citycode"], "-"))
    if query["city"]:
        return same_city(
            query["city"], (row.get("result_city", ""), row.get("result_oldcity", "")), likeness=LIKE_NAMES
        )
    return not query["postcode"] or query["postcode"] == row.get("result_postcode", query["postcode"])


def _citycode(text: str, wanted: str) -> str:
    """Return the INSEE code in a cell: some servers list the commune and its arrondissement."""
    codes = re.findall(r"(?<![0-9A-Z])\d[0-9AB]\d{3}(?![0-9A-Z])", text)
    return wanted if wanted in codes else next(iter(codes), "")


def _number(text: str) -> float:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return math.nan


def _share(text: str) -> float:
    """Return a score as 0 to 1; what is larger is 1, what is no number 0."""
    value = _number(text)
    return 0.0 if math.isnan(value) else round(min(1.0, max(0.0, value)), 4)


def _decoded(answer: Answer) -> str:
    try:
        return answer.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return answer.body.decode(answer.charset or "cp1252", errors="replace")
        except LookupError:
            return answer.body.decode("cp1252", errors="replace")
