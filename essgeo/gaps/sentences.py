"""A gap in words, in French and in English, made of the figures of its row and of nothing else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from essgeo.words.vocabulary import THEMES, split_codes

if TYPE_CHECKING:
    from essgeo.words.vocabulary import Lang

Row: TypeAlias = Mapping[str, Any]

WORDS: dict[Lang, dict[str, str]] = {
    "fr": {
        "nobody": "{place}, {theme} : personne n'habite ici, il n'y a rien à mesurer.",
        "nowhere": "{place}, {theme} : le registre ne localise aucune structure ; rien ne dit s'il en existe.",
        "out": "{place}, {theme} : {out} habitants sur {residents} (intervalle à {level} % : {low} à {high}) "
        "n'ont aucune structure localisée à {minutes} min à pied ou moins.",
        "behind": "C'est {gap} points de moins que le territoire ({gap_low} à {gap_high}).",
        "ahead": "C'est {gap} points de mieux que le territoire ({gap_low} à {gap_high}).",
        "level": "L'écart avec le territoire ne se distingue pas de zéro ({gap_low} à {gap_high} points).",
        "alike": "Rang {rank} ({rank_low} à {rank_high}) ; l'écart ne se distingue pas de celui de {others}.",
        "apart": "Rang {rank} ({rank_low} à {rank_high}), distinct des autres.",
        "and": " et ",
        "more": "{count} autres",
    },
    "en": {
        "nobody": "{place}, {theme}: nobody lives here, there is nothing to measure.",
        "nowhere": "{place}, {theme}: the register locates no structure; whether there is one is not known.",
        "out": "{place}, {theme}: {out} of {residents} residents ({level}% interval: {low} to {high}) "
        "have no located structure within a {minutes} min walk.",
        "behind": "That is {gap} points behind the territory ({gap_low} to {gap_high}).",
        "ahead": "That is {gap} points ahead of the territory ({gap_low} to {gap_high}).",
        "level": "The gap to the territory cannot be told from zero ({gap_low} to {gap_high} points).",
        "alike": "Rank {rank} ({rank_low} to {rank_high}); the gap cannot be told from that of {others}.",
        "apart": "Rank {rank} ({rank_low} to {rank_high}), apart from the others.",
        "and": " and ",
        "more": "{count} others",
    },
}
NAMED = 3


def finding(row: Row, names: Mapping[str, str], lang: Lang, *, level: float = 0.9) -> str:
    """Return what a row of gaps says.

    Parameters
    ----------
    row
        A row of :func:`essgeo.gaps.assess_gaps`.
    names
        Name of each area, by identifier.
    lang
        ``fr`` or ``en``.
    level
        Level of the intervals.

    Returns
    -------
    str
        Plain text: escape it before it goes into a page.

    Examples
    --------
    >>> row = {"neighbourhood": "Le Morillon", "theme": "mobilite", "residents": 5000, "structures": 3, "minutes": 15,
    ...        "out_of_reach": 4000, "out_of_reach_low": 3000, "out_of_reach_high": 5000,
    ...        "gap_points": 12.0, "low": -2.0, "high": 20.0,
    ...        "zone_rank": 1, "zone_rank_low": 1, "zone_rank_high": 3, "not_distinguishable": "noue"}
    >>> said = finding(row, {"noue": "La Noue Caillet"}, "en")
    >>> said[:79]
    'Le Morillon, mobility: 4,000 of 5,000 residents (90% interval: 3,000 to 5,000) '
    >>> said[-78:]
    'points). Rank 1 (1 to 3); the gap cannot be told from that of La Noue Caillet.'
    """
    words = WORDS[lang]
    label = THEMES[row["theme"]][lang]
    place = {"place": row["neighbourhood"], "theme": label if label.isupper() else label[0].lower() + label[1:]}
    if not row["residents"] > 0:
        return words["nobody"].format(**place)
    if not row["structures"]:
        return words["nowhere"].format(**place)
    out = words["out"].format(
        **place,
        out=_whole(row["out_of_reach"], lang),
        residents=_whole(row["residents"], lang),
        low=_whole(row["out_of_reach_low"], lang),
        high=_whole(row["out_of_reach_high"], lang),
        level=f"{100 * level:g}",
        minutes=row["minutes"],
    )
    return " ".join([out, _gap(row, lang), standing(row, names, lang)])


def _gap(row: Row, lang: Lang) -> str:
    low, high = row["low"], row["high"]
    behind, ahead = low > 0, high < 0
    if ahead:
        low, high = -high, -low
    key = "behind" if behind else "ahead" if ahead else "level"
    return WORDS[lang][key].format(
        gap=_whole(abs(row["gap_points"]), lang), gap_low=_whole(low, lang), gap_high=_whole(high, lang)
    )


def standing(row: Row, names: Mapping[str, str], lang: Lang) -> str:
    """Return the rank of an area among those of its level, and the areas whose gap cannot be told from its own.

    Examples
    --------
    >>> row = {"zone_rank": 1, "zone_rank_low": 1, "zone_rank_high": 1, "not_distinguishable": ""}
    >>> standing(row, {}, "en")
    'Rank 1 (1 to 1), apart from the others.'
    """
    words = WORDS[lang]
    others = [names.get(code, code) for code in split_codes(row["not_distinguishable"])]
    shown, rest = others[:NAMED], len(others) - NAMED
    if rest > 0:
        shown.append(words["more"].format(count=rest))
    listed = words["and"].join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
    return words["alike" if others else "apart"].format(
        rank=row["zone_rank"], rank_low=row["zone_rank_low"], rank_high=row["zone_rank_high"], others=listed
    )


def _whole(value: float, lang: Lang) -> str:
    text = f"{value:,.0f}" if not math.isnan(value) else "\u2013"
    text = text.removeprefix("-") if set(text) <= set("-0") else text
    return text if lang == "en" else text.replace(",", "\u202f")
