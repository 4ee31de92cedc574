"""The page of actors: who supports and funds which stage of a project, and how to get there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from essgeo.gaps.support_chain import HERE
from essgeo.maps.findings import Row, records
from essgeo.schema.vocabulary import STAGES, SUPPORT_ROLES
from essgeo.text.languages import texts
from essgeo.text.numbers import number

if TYPE_CHECKING:
    from essgeo.messages import Lang
    from essgeo.results import Study


KILOMETRE = 1000


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
