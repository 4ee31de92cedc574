"""The page of actors: who supports and funds, who works with whom, filières, aims, and every place with its source."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from essgeo.gaps.support_chain import HERE
from essgeo.maps.drawing import period, surface, whom_to_call
from essgeo.maps.findings import Row, records, where
from essgeo.schema.vocabulary import STAGES, SUPPORT_ROLES
from essgeo.text.languages import texts
from essgeo.text.numbers import number

if TYPE_CHECKING:
    from essgeo.messages import Lang
    from essgeo.results import Study


KILOMETRE = 1000


def _filieres(study: Study) -> dict[str, Any]:
    """Return the sectors of which enough are located: their quotients by commune, where they stand out, neighbours."""
    found, names = study.concentrations, study.structures["name"]
    sectors = [*dict.fromkeys(found["sector"])]
    communes = where(found, level="commune")
    near = study.neighbours[study.neighbours["sector"].isin(sectors)]
    return {
        "filieres": sectors,
        "by_commune": [(name, records(rows)) for name, rows in communes.groupby("zone_name", sort=False)],
        "stand_out": [
            (sector, [row["zone_name"] for row in records(rows[rows["stands_out"].astype(bool)])])
            for sector, rows in found.groupby("sector", sort=False)
        ],
        "neighbours": [
            row | {"name": names.get(row["structure_id"], ""), "others": [names.get(code, "") for code in codes]}
            for row in records(near.sort_values(["sector", "near"], ascending=[True, False], kind="stable"))[:MOST_ROWS]
            for codes in [row["neighbours"].split("|")]
        ],
        "neighbours_left": max(len(near) - MOST_ROWS, 0),
    }


MOST_ROWS = 300
"""Structures whose neighbours the page names; the table has them all."""


def actors_page(study: Study) -> dict[str, Any]:
    """Return the grid of the chain of support and funding: a line a stage, a cell a role, with all who offer it."""
    links = records(study.support_offers)
    grid = [
        (stage, [[row for row in links if (row["role"], row["stage"]) == (role, stage)] for role in SUPPORT_ROLES])
        for stage in [*STAGES, ""]
    ]
    offers: dict[str, dict[str, Any]] = {}
    for row in links:
        offer = offers.setdefault(row["offer_id"], row | {"links": {}})
        offer["links"].setdefault(row["role"], []).append(row["stage"])
    return {
        "page": "actors.html",
        "support_roles": SUPPORT_ROLES,
        "grid": [(stage, cells) for stage, cells in grid if stage or any(cells)],
        "offers": list(offers.values()),
        "cooperations": records(study.cooperations),
        "aims": records(study.challenge_aims),
        "places": [
            row
            | {
                "owner": whom_to_call(row, study.lang),
                "period": period(row["available_from"], row["available_to"], study),
                "surface": surface(row["surface_m2"], study),
            }
            for row in records(study.sites)
        ],
        **_filieres(study),
        "offers_here": sum(row["based"] == HERE for row in offers.values()),
    }


def station(row: Row, lang: Lang) -> str:
    """Return the station of an offer, its lines and how far it is, or nothing where that is not known.

    Examples
    --------
    >>> station({"station": "Hoche", "station_lines": "METRO 5", "station_m": 222.8}, "fr")
    'Hoche (métro 5), à 220 m'
    """
    words, metres = texts(lang)["actors"], row["station_m"]
    if math.isnan(metres):
        return ""
    lines = [
        " ".join([words.get(f"line_{kind}", kind), rest])
        for kind, _, rest in (line.partition(" ") for line in row["station_lines"].split("|"))
    ]
    tens = math.floor(metres / 10 + 1 / 2) * 10
    far = f"{number(tens, lang)} m" if tens < KILOMETRE else f"{number(metres / KILOMETRE, lang, 1)} km"
    return words["station"].format(name=row["station"], lines=", ".join(lines), far=far)
