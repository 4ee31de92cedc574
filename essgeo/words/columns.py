"""The glossary of columns, ``glossary.csv``: a name means the same in every table that has it."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from essgeo.words.vocabulary import FAMILIES, GEO_STATUSES, STAGES, SUPPORT_ROLES, THEMES

if TYPE_CHECKING:
    from collections.abc import Collection

    from essgeo.words.vocabulary import Lang

Kind: TypeAlias = Literal["text", "integer", "number", "flag", "month"]


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    name
        Column name.
    kind
        ``text``, ``integer``, ``number``, ``flag`` or ``month`` (``2024``, ``2024-09`` or ``2024-09-30``).
    description
        What it says, in French and in English.
    unit
        Unit of a number, in French and in English; nothing where it has none.
    decimals
        Decimals a published number is rounded to.
    allowed
        The only values it may take, missing aside.
    """

    name: str
    kind: Kind
    description: dict[Lang, str]
    unit: dict[Lang, str] = field(default_factory=dict)
    decimals: int = 2
    allowed: Collection[str] | None = None


_DECIMALS = 2
_UNITS_IN_ENGLISH = {
    "habitants": "residents",
    "entreprises": "enterprises",
    "établissements": "establishments",
    "salariés": "employees",
    "ETP": "FTE",
    "EUR/an": "EUR/year",
}
_ALLOWED: dict[str, Collection[str]] = {
    "family": (*FAMILIES, "total"),
    "geo_status": GEO_STATUSES,
    "qpv_relation": ("in", "out", "undetermined", "unknown"),
    "relation": ("in", "out", "undetermined", "unknown"),
    "level": ("territory", "commune", "qpv", "neighbourhood"),
    "theme_kind": ("all", "sector", "challenge"),
    "theme": tuple(THEMES),
    "role": tuple(SUPPORT_ROLES),
    "stage": tuple(STAGES),
}


def _glossary() -> dict[str, Column]:
    text = (files("essgeo.words") / "glossary.csv").read_text(encoding="utf-8")
    return {
        row["name"]: Column(
            row["name"],
            cast("Kind", row["kind"]),
            {"fr": row["fr"], "en": row["en"]},
            {"fr": row["unit"], "en": _UNITS_IN_ENGLISH.get(row["unit"], row["unit"])} if row["unit"] else {},
            int(row["decimals"] or _DECIMALS),
            _ALLOWED.get(row["name"]),
        )
        for row in csv.DictReader(text.splitlines())
    }


COLUMNS: dict[str, Column] = _glossary()
