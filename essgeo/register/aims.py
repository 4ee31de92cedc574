"""The aims of each challenge, and the rule by which a structure pursues one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from essgeo.register.activity import located_here
from essgeo.schema.names import simplify
from essgeo.schema.vocabulary import CHALLENGES, split_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import geopandas as gpd


NOT_KNOWN = "not_known"
"""The aim of a structure of a challenge that no rule gives one, and the rule of that."""


def tag_aims(structures: pd.DataFrame, aims: pd.DataFrame) -> pd.DataFrame:
    """Return the aims that each structure pursues within its challenges, and the rule that says so.

    An aim is given by ``activity`` (a sector, a role or the family; ``a+b`` asks for both, ``a-b`` for one without the
    other), by ``name`` (a word of the name or of another name) or by ``list`` (a word of what the list says of it).

    Parameters
    ----------
    structures
        ``challenges``, ``sectors``, ``roles``, ``family``, ``name``, and where there are some ``aliases`` and ``note``.
    aims
        The ``aims`` table of a territory, with ``activities`` and ``words``, several joined by ``|``; without rows
        there are no aims.

    Returns
    -------
    DataFrame
        ``aims`` and ``aim_rule``, as many parts joined by ``|`` in both; ``not_known`` for a challenge without an aim.

    Examples
    --------
    >>> aims = pd.DataFrame({"challenge": "jeunesse", "activities": ["numerique", ""], "words": ["", "mission locale"]},
    ...                     index=["exclusion_numerique", "decrochage"])
    >>> list_ = pd.DataFrame({"name": ["Mission Locale", "Club"], "challenges": "jeunesse", "sectors": "", "roles": "",
    ...                       "family": "association"})
    >>> tag_aims(list_, aims).values.tolist()
    [['decrochage', 'name mission locale'], ['not_known', 'not_known']]
    """
    whole = structures.reindex(columns=["aliases", "note"]).astype(object).fillna("")
    names = [
        f"_{simplify(f'{name} {other}')}_" for name, other in zip(structures["name"], whole["aliases"], strict=True)
    ]
    rules = {challenge: own.to_dict("index") for challenge, own in aims.astype(str).groupby("challenge", sort=False)}
    notes = [f"_{simplify(str(note))}_" for note in whole["note"]]
    tags = []
    for row, name, note in zip(structures.to_dict("records"), names, notes, strict=True):
        marks = {*split_codes(row["sectors"]), *split_codes(row["roles"]), row["family"]}
        found: list[tuple[str, str]] = []
        for challenge in split_codes(row["challenges"]) if len(aims) else []:
            own = rules.get(challenge, {})
            given = [(str(aim), rule) for aim, asked in own.items() if (rule := _rule(asked, marks, name, note))]
            found += given or [(NOT_KNOWN, NOT_KNOWN)]
        tags.append(("|".join(aim for aim, _ in found), "|".join(rule for _, rule in found)))
    return pd.DataFrame(tags, columns=["aims", "aim_rule"], index=structures.index, dtype=object)


def _rule(asked: Mapping[Any, str], marks: set[str], name: str, note: str) -> str:
    """Return the first rule of an aim that holds for a structure, ``""`` where none does."""
    for activity in split_codes(asked["activities"]):
        wanted, *without = activity.split("-")
        if marks.issuperset(wanted.split("+")) and marks.isdisjoint(without):
            return f"activity {activity}"
    for kind, text in (("name", name), ("list", note)):
        for word in split_codes(asked["words"]):
            if f"_{simplify(word)}_" in text:
                return f"{kind} {word}"
    return ""


def count_aims(structures: gpd.GeoDataFrame, aims: pd.DataFrame) -> pd.DataFrame:
    """Return, for each aim, and for each challenge without one, the structures that count and those with a position.

    ``structures`` are tagged by :func:`tag_aims`. Columns ``challenge``, ``aim``, ``label_fr``, ``label_en``,
    ``structures``, ``structures_located`` and ``aim_rules`` (the rules that gave it, joined by ``|``).
    """
    counted, placed = structures["counted"].to_numpy(dtype=bool), located_here(structures).to_numpy(dtype=bool)
    rows = pd.DataFrame(_pairs(structures, aims), columns=["challenge", "aim", "rule", "place"])
    rows = rows.assign(counted=counted[rows["place"].astype(int)], placed=placed[rows["place"].astype(int)])
    wanted = [*zip(aims["challenge"], aims.index, aims["label_fr"], aims["label_en"], strict=True)]
    wanted += [(challenge, NOT_KNOWN, "", "") for challenge in CHALLENGES if challenge in set(aims["challenge"])]
    table = []
    for challenge, aim, french, english in sorted(wanted, key=lambda one: list(CHALLENGES).index(one[0])):
        own = rows[(rows["challenge"] == challenge) & (rows["aim"] == aim) & rows["counted"]]
        rules = "|".join(dict.fromkeys(own["rule"]))
        table.append((challenge, aim, french, english, len(own), int(np.sum(own["placed"])), rules))
    columns = ["challenge", "aim", "label_fr", "label_en", "structures", "structures_located", "aim_rules"]
    return pd.DataFrame(table, columns=columns)


def _pairs(structures: pd.DataFrame, aims: pd.DataFrame) -> Iterator[tuple[str, str, str, int]]:
    """Yield the challenge, aim, rule and position of each tag."""
    owner = aims["challenge"].to_dict()
    for place, (challenges, tags, rules) in enumerate(
        zip(structures["challenges"], structures["aims"], structures["aim_rule"], strict=True)
    ):
        pairs = [*zip(split_codes(tags), split_codes(rules), strict=True)]
        for challenge in split_codes(challenges) if pairs else []:
            own = [(aim, rule) for aim, rule in pairs if owner.get(aim) == challenge]
            yield from ((challenge, aim, rule, place) for aim, rule in own or [(NOT_KNOWN, NOT_KNOWN)])
