"""What a click on a zone, a site or a station says: a title and rows of label and value, all plain text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from essgeo.maps.findings import interval
from essgeo.maps.rows import by_index, records, where
from essgeo.maps.texts import texts
from essgeo.words.formats import number, percent
from essgeo.words.vocabulary import SITE_STATES

if TYPE_CHECKING:
    from essgeo.results import Study

Popup = dict[str, Any]


def communes(study: Study) -> list[Popup]:
    """Return one popup a commune: its residents and the share of them within reach."""
    reached = _reach(study, "commune")
    return [
        _popup(
            code,
            row["name"],
            [(texts(study.lang)["common"]["residents"], number(row["population"], study.lang)), *reached.get(code, [])],
        )
        for code, row in by_index(study.communes).items()
    ]


def qpv(study: Study) -> list[Popup]:
    """Return one popup a QPV: code, vintage, residents within reach and the structures expected in it."""
    words = texts(study.lang)["map"]
    reached, counted = _reach(study, "qpv"), _counted(study, "qpv")
    return [
        _popup(
            code,
            row["name"],
            [
                (words["qpv"], code),
                (words["vintage"], row["vintage"]),
                (words["programme"], row["programme"]),
                *reached.get(code, []),
                *counted.get(code, []),
            ],
        )
        for code, row in by_index(study.qpv).items()
    ]


def npnru(study: Study) -> list[Popup]:
    """Return one popup a renewal project, which says where the QPV outline stands in for its perimeter."""
    words = texts(study.lang)["map"]
    interests = {
        "national": words["interest_national"],
        "regional": words["interest_regional"],
        "unknown": words["interest_unknown"],
    }
    return [
        _popup(
            code,
            row["name"],
            [
                ("NPNRU", words["stands_in" if code in study.qpv.index else "own_perimeter"]),
                (words["programme"], row["programme"]),
                (words["interest"], interests.get(row["interest"], row["interest"])),
                (words["vintage"], row["vintage"]),
                (words["confidence"], row["confidence"]),
            ],
        )
        for code, row in by_index(study.npnru).items()
    ]


def neighbourhoods(study: Study) -> list[Popup]:
    """Return one popup a target neighbourhood, with the identifier of its page."""
    words = texts(study.lang)
    reached, counted = _reach(study, "neighbourhood"), _counted(study, "neighbourhood")
    return [
        _popup(
            code, row["name"], [(words["common"]["city"], row["city"]), *reached.get(code, []), *counted.get(code, [])]
        )
        | {"page": code}
        for code, row in by_index(study.neighbourhoods).items()
    ]


def stations(study: Study) -> list[Popup]:
    """Return one popup a station."""
    words = texts(study.lang)["map"]
    return [
        _popup(
            code,
            row["name"],
            [
                (words["mode"], row["mode"]),
                (words["line"], row["line"]),
                (words["opened"], row["open_date"] or (words["planned"] if row["status"] == "planned" else "")),
            ],
        )
        | {"planned": row["status"] == "planned"}
        for code, row in by_index(study.stations).items()
    ]


def sites(study: Study) -> list[Popup]:
    """Return one popup a site or premises, with the two ends of its availability."""
    words = texts(study.lang)
    names = words["map"]
    return [
        _popup(
            code,
            row["name"],
            [
                (words["common"]["address"], ", ".join(filter(None, (row["address"], row["city"])))),
                (names["surface"], surface(row["surface_m2"], study)),
                (names["availability"], period(row["available_from"], row["available_to"], study)),
                (names["state"], SITE_STATES.get(row["state"], {}).get(study.lang, row["state"])),
                (names["former_use"], row["former_use"]),
                (names["owner"], row["owner_type"]),
                (names["source"], row["source"]),
            ],
        )
        | {"from": row["available_from"], "to": row["available_to"]}
        for code, row in by_index(study.sites).items()
    ]


def surface(square_metres: float, study: Study) -> str:
    """Return a surface in words, nothing where it is not known."""
    return "" if math.isnan(square_metres) else f"{number(square_metres, study.lang)}\u00a0m²"


def period(start: str, end: str, study: Study) -> str:
    """Return a period in words, nothing where neither end is known."""
    words = texts(study.lang)["map"]
    if start and end:
        return words["period"].format(**{"from": start, "to": end})
    if start:
        return words["since"].format(**{"from": start})
    return words["until"].format(to=end) if end else ""


def _popup(code: str, title: str, rows: list[tuple[str, str]]) -> Popup:
    return {"id": code, "title": title, "rows": [[label, value] for label, value in rows if value]}


def _with_interval(figure: str, around: str) -> str:
    return f"{figure} ({around})"


def _reach(study: Study, level: str) -> dict[str, list[tuple[str, str]]]:
    words, lang = texts(study.lang), study.lang
    chosen = where(study.coverage, level=level, theme="all", minutes=study.parameters.walk_minutes)
    label = words["map"]["coverage_legend"].format(minutes=study.parameters.walk_minutes)
    return {
        row["zone_id"]: [
            (
                label,
                _with_interval(
                    percent(row["share"], lang), interval(row["share_low"], row["share_high"], lang, share=True)
                ),
            )
        ]
        for row in records(chosen)
    }


def _counted(study: Study, layer: str) -> dict[str, list[tuple[str, str]]]:
    words, lang = texts(study.lang), study.lang
    return {
        row["zone_id"]: [
            (words["common"]["residents"], number(row["residents"], lang)),
            (
                words["map"]["expected"],
                _with_interval(
                    number(row["structures_expected"], lang, 1),
                    interval(row["structures_low"], row["structures_high"], lang),
                ),
            ),
            (words["territory"]["within_300m"], number(row["structures_within_300m"], lang)),
        ]
        for row in records(where(study.zones, layer=layer))
    }
