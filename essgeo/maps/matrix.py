"""The page of needs: what residents need beside what there is, whom each challenge is for, and the figures of 2018."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from essgeo.maps.findings import Row, records, where
from essgeo.schema.columns import COLUMNS, TITLE_END
from essgeo.schema.vocabulary import CHALLENGES
from essgeo.text.languages import MISSING, interval, joined, number, percent, placed, texts

if TYPE_CHECKING:
    from essgeo.messages import Lang
    from essgeo.results import Study


LEVELS = ("neighbourhood", "qpv", "commune")

Line: TypeAlias = tuple[str, list[dict[str, Any]], list[dict[str, Any]]]
"""A line of a matrix: an area, a row a figure of need, a row a challenge."""


def needs_page(study: Study) -> dict[str, Any]:
    """Return need beside supply by area, findings in words, publics, the figures of documents, and those of QPV."""
    words, lang = texts(study.lang)["needs"], study.lang
    rows = records(study.needs_supply)
    indicators = [*dict.fromkeys(row["indicator"] for row in rows)]
    matrices = [(words[f"level_{level}"], _lines([row for row in rows if row["level"] == level])) for level in LEVELS]
    of_iris = [row for row in rows if row["level"] == "iris"]
    needy, short = (
        {row["zone_id"] for row in of_iris if row[side] == worst}
        for side, worst in (("need", "more"), ("supply", "behind"))
    )
    cities = study.iris["city"]
    both = [row | {"zone_name": placed(row["zone_name"], cities.get(row["zone_id"], ""))} for row in of_iris]
    scope = where(study.challenge_reach, level="territory")
    return {
        "page": "needs.html",
        "indicators": {name: _label(name, lang) for name in indicators},
        "challenges": list(CHALLENGES),
        "matrices": [(heading, lines) for heading, lines in matrices if lines],
        "iris": _lines([row for row in both if row["zone_id"] in needy & short]),
        "iris_known": len({row["zone_id"] for row in of_iris}),
        "findings": _findings([row for row in rows if row["level"] in LEVELS], lang),
        "publics": [*records(scope), *records(where(study.challenge_reach, level="neighbourhood"))],
        "figures": records(study.figures),
        "counted_today": int(study.figures["now_low"].notna().sum()),
        "of_qpv": records(study.qpv_figures),
    }


def _lines(rows: list[dict[str, Any]]) -> list[Line]:
    """Return the rows of a level, one line an area in their order."""
    lines: dict[str, tuple[str, dict[str, dict[str, Any]], dict[str, dict[str, Any]]]] = {}
    for row in rows:
        _, needs, supplies = lines.setdefault(row["zone_id"], (row["zone_name"], {}, {}))
        needs.setdefault(row["indicator"], row)
        supplies.setdefault(row["theme"], row)
    return [
        (name, [*needs.values()], [supplies[theme] for theme in CHALLENGES]) for name, needs, supplies in lines.values()
    ]


def _findings(rows: list[dict[str, Any]], lang: Lang) -> list[str]:
    """Return, for each challenge, the neighbourhoods and QPV of much need and little supply, or that none is sure."""
    words = texts(lang)["needs"]
    sentences = []
    for theme, label in CHALLENGES.items():
        short = [
            row for row in rows if row["theme"] == theme and row["level"] != "commune" and row["supply"] == "behind"
        ]
        needy: dict[str, list[str]] = {}
        for row in (row for row in short if row["need"] == "more"):
            needy.setdefault(row["indicator"], []).append(row["zone_name"])
        places = [
            words["by_need"].format(need=_label(name, lang), places=joined(zones, texts(lang)["findings"]["and"]))
            for name, zones in needy.items()
        ]
        unknown = all(row["supply"] == "not_known" for row in rows if row["theme"] == theme)
        key = "much_need" if places else "supply_unknown" if unknown else "much_need_none"
        sentences.append(words[key].format(challenge=label[lang], places=" ; ".join(places)))
    return sentences


def figure(row: Row, lang: Lang) -> tuple[str, str]:
    """Return a figure of need and its interval as a reader writes them.

    Examples
    --------
    >>> row = {"indicator": "pct_overcrowded_2022", "need_value": 0.3187, "need_low": 0.2055, "need_high": 0.4506}
    >>> figure(row, "en")
    ('32%', '21% to 45%')
    """
    share = row["indicator"] in COLUMNS and COLUMNS[row["indicator"]].unit.get("fr") == "0-1"

    def written(value: float) -> str:
        return percent(value, lang) if share else number(value, lang, 0 if abs(value) >= HUNDRED else 1)

    if math.isnan(row["need_value"]):
        return MISSING, ""
    ends = written(row["need_low"]), written(row["need_high"])
    return written(row["need_value"]), "" if ends[0] == ends[1] else interval(*ends, lang)


HUNDRED = 100


def _label(indicator: str, lang: Lang) -> str:
    """Return the name of a figure: that of its column, or as the table of the user heads it."""
    return TITLE_END.sub("", COLUMNS[indicator].description[lang]) if indicator in COLUMNS else indicator
