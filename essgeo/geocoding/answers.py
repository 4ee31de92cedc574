"""What a geocoding service answers, and which answer stands for its query."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from essgeo.geocoding.engines import plain_text, same_city
from essgeo.schema.codes import city_of

if TYPE_CHECKING:
    from collections.abc import Mapping


MIN_NAME = 85.0
"""Two names of a commune are the same from this likeness on (0 to 100, :func:`rapidfuzz.fuzz.ratio`)."""

MIN_SCORE = 0.7
"""Below this score of addok the street is not the one that was asked for: most of its words differ."""

FAILED = frozenset({"error", "aborted"})
"""Values of ``result_status`` of a row that may be answered when it is asked again."""

PRECISIONS = frozenset({"housenumber", "street", "locality", "municipality"})

_OTHER_NAMES = {"lon": "longitude", "lat": "latitude", "result_longitude": "longitude", "result_latitude": "latitude"}

_MAX_LON, _MAX_LAT = 180.0, 90.0


@dataclass(frozen=True)
class Answer:
    """What a service answered: status, body, and the charset it declares."""

    status: int
    body: bytes
    charset: str | None


def said(answer: Answer) -> str:
    """Return what a service says of an error, on one line of at most 200 characters.

    >>> said(Answer(400, b'{"title": "Missing file"}', None)), said(Answer(500, b"<html><h1>Oops</h1>", None))
    ('Missing file', 'Oops')
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


def table_rows(answer: Answer, key: str, *, final: bool) -> dict[str, dict[str, str]] | None:
    r"""Return the rows of a CSV answer by the value of their key column; nothing where the answer is no such table.

    A row that is cut short or comes twice with other content is left out. So are, unless the answer is ``final``, those
    that failed on the server and a last row without a line end, which may have lost its end.

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
        if len(line) != len(names) or (row.get("result_status") in FAILED and not final):
            continue
        if found.setdefault(row[key], row) != row:
            twice.add(row[key])
    return {value: row for value, row in found.items() if value not in twice}


def _decoded(answer: Answer) -> str:
    """Return the text of an answer: UTF-8, whatever it declares, else what it declares, else that of Windows."""
    try:
        return answer.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return answer.body.decode(answer.charset or "cp1252", errors="replace")
        except LookupError:
            return answer.body.decode("cp1252", errors="replace")


def match_of(query: Mapping[str, str], row: Mapping[str, str] | None) -> dict[str, object]:
    """Return a row of an answer as a match, with the reason why it does not stand for its query.

    >>> query = {"address": "12 rue A", "postcode": "93140", "city": "Bondy", "citycode": ""}
    >>> row = {"longitude": "2.48", "latitude": "48.9", "result_score": "0.96", "result_score_next": "",
    ...        "result_type": "street", "result_label": "Rue A",
    ...        "result_city": "Bondy", "result_citycode": "93010"}
    >>> match = match_of(query, row)
    >>> match["precision"], match["margin"], match["reason"]
    ('street', 1.0, 'number_unknown')
    """
    nothing: dict[str, object] = {
        "precision": "",
        "label": "",
        "ban_id": "",
        "citycode": "",
        "score": 0.0,
        "margin": 0.0,
    }
    if row is None:
        return nothing | {"reason": "no_answer"}
    status = row.get("result_status", "")
    if status == "skipped" or status in FAILED:
        return nothing | {"reason": "skipped" if status == "skipped" else "service_error"}
    lon, lat = _number(row.get("longitude", "")), _number(row.get("latitude", ""))
    precision = row.get("result_type", "")
    if not (abs(lon) <= _MAX_LON and abs(lat) <= _MAX_LAT) or precision not in PRECISIONS:
        return nothing | {"reason": "street_unknown"}
    score, runner_up = _share(row.get("result_score", "")), _share(row.get("result_score_next", ""))
    citycode = _citycode(row.get("result_citycode", ""), query["citycode"])
    if not _same_commune(query, row, citycode):
        reason = "other_city"
    elif precision == "municipality" or score < MIN_SCORE:
        reason = "street_unknown"
    elif precision == "housenumber":
        reason = ""
    else:
        reason = "number_unknown" if re.match(r"\s*\d", query["address"]) else "number_missing"
    return {
        "precision": precision,
        "label": plain_text(row.get("result_label", "")),
        "ban_id": plain_text(row.get("result_id", "")),
        "citycode": citycode,
        "score": score,
        "margin": round(max(0.0, score - runner_up), 4) if runner_up else 1.0,
        "lon": lon,
        "lat": lat,
        "reason": reason,
    }


def _same_commune(query: Mapping[str, str], row: Mapping[str, str], citycode: str) -> bool:
    if query["citycode"]:
        return query["citycode"] in {citycode, city_of(citycode), row.get("result_oldcitycode", "")}
    if query["city"]:
        names = (row.get("result_city", ""), row.get("result_oldcity", ""))
        return same_city(query["city"], names, likeness=MIN_NAME)
    return not query["postcode"] or query["postcode"] == row.get("result_postcode", query["postcode"])


def candidate_of(feature: Mapping[str, Any]) -> dict[str, object]:
    """Return a feature of a GeoJSON answer as a candidate."""
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
