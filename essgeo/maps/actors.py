"""The page of actors: who supports and funds, who works with whom, filières, aims, and every place with its source."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from essgeo.crs import GEOGRAPHIC
from essgeo.gaps.support_chain import HERE
from essgeo.maps.drawing import POINT_DIGITS, period, surface, whom_to_call
from essgeo.maps.findings import Row, by_index, records, where
from essgeo.schema.names import simplify
from essgeo.schema.vocabulary import SITE_STATES, STAGES, STATUSES, SUPPORT_ROLES, split_codes
from essgeo.text.languages import number, texts

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
        "contract": [
            row | {"known_as": study.structures["name"].get(row["structure_id"], "")}
            for row in records(study.city_contract)
        ],
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


def elsewhere(study: Study) -> list[dict[str, Any]]:
    """Return what has a name that no structure of the register has, to be found by it: kind, state, source and place.

    Sites and premises, who supports or funds from outside, the parties of cooperations, the associations of the contrat
    de ville; each name once. ``at`` is a latitude and a longitude, or None. What the register has under another name
    has the state that it has there.
    """
    words, lang, known = texts(study.lang)["actors"], study.lang, by_index(study.structures[["status", "city"]])
    points = study.sites.geometry.to_crs(GEOGRAPHIC)
    found = []
    for (code, row), point in zip(by_index(study.sites).items(), points, strict=True):
        at = None if point is None or point.is_empty else [round(point.y, POINT_DIGITS), round(point.x, POINT_DIGITS)]
        state = SITE_STATES.get(row["state"], {}).get(lang, row["state"]) or STATUSES["unknown"][lang]
        said = {"name": row["name"], "kind": words["kind_site"], "state": state, "city": row["city"]}
        found.append(said | {"source": row["source"], "id": code, "at": at})
    named = [(row["name"], row["offer_id"], "kind_support", row) for row in records(study.support_offers)]
    for row in records(study.cooperations):
        named += [
            (row["party"], row["party_id"], "kind_party", row),
            (row["with_name"], row["with_structure_id"], "kind_party", row),
        ]
    named += [(row["name"], row["structure_id"], "kind_contract", row) for row in records(study.city_contract)]
    names = [*study.structures["name"], *(name for cell in study.structures["aliases"] for name in split_codes(cell))]
    taken = {simplify(name) for name in names} | {""}
    for name, code, kind, row in named:
        if simplify(name) not in taken:
            taken.add(simplify(name))
            there = known.get(code, row)
            state = STATUSES.get(there.get("status", ""), STATUSES["unknown"])[lang]
            said = {"name": name, "kind": words[kind], "state": state, "city": there.get("city", "")}
            found.append(said | {"source": row["source"], "siret": row.get("siret", "")})
    return found


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
