"""A gap in words, in French and in English, made of the figures of its row and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from essgeo.words.formats import STABLE, interval, number
from essgeo.words.vocabulary import THEMES, split_codes

if TYPE_CHECKING:
    from essgeo.words.vocabulary import Lang

Row: TypeAlias = Mapping[str, Any]

WORDS: dict[Lang, dict[str, str]] = {
    "fr": {
        "nobody": "{place}, {theme} : personne n'habite ici, il n'y a rien à mesurer.",
        "nowhere": "{place}, {theme} : le registre ne localise aucune structure ; rien ne dit s'il en existe.",
        "out": "{place}, {theme} : {out} habitants sur {residents} ({spread}) "
        "n'ont aucune structure localisée à {minutes} min à pied ou moins.",
        "behind": "C'est {gap} points de moins que le territoire ({spread}).",
        "ahead": "C'est {gap} points de mieux que le territoire ({spread}).",
        "level": "L'écart avec le territoire, en points, ne se distingue pas de zéro ({spread}).",
        "alike": "Rang {rank} ; l'écart ne se distingue pas de celui de {others}.",
        "apart": "Rang {rank}, distinct des autres.",
        "spread": "intervalle à {level} % : {interval}",
        "and": " et ",
        "more": "{count} autres",
    },
    "en": {
        "nobody": "{place}, {theme}: nobody lives here, there is nothing to measure.",
        "nowhere": "{place}, {theme}: the register locates no structure; whether there is one is not known.",
        "out": "{place}, {theme}: {out} of {residents} residents ({spread}) "
        "have no located structure within a {minutes} min walk.",
        "behind": "That is {gap} points behind the territory ({spread}).",
        "ahead": "That is {gap} points ahead of the territory ({spread}).",
        "level": "The gap to the territory, in points, cannot be told from zero ({spread}).",
        "alike": "Rank {rank}; the gap cannot be told from that of {others}.",
        "apart": "Rank {rank}, apart from the others.",
        "spread": "{level}% interval: {interval}",
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
    ' to 20). Rank 1 (1 to 3); the gap cannot be told from that of La Noue Caillet.'
    """
    words = WORDS[lang]
    label = THEMES[row["theme"]][lang]
    place = {"place": row["neighbourhood"], "theme": label if label.isupper() else label[0].lower() + label[1:]}
    if not row["residents"] > 0:
        return words["nobody"].format(**place)
    if not row["structures"]:
        return words["nowhere"].format(**place)
    spread = _spread(row["out_of_reach_low"], row["out_of_reach_high"], lang)
    out = words["out"].format(
        **place,
        out=number(row["out_of_reach"], lang),
        residents=number(row["residents"], lang),
        spread=spread if spread == STABLE[lang] else words["spread"].format(level=f"{100 * level:g}", interval=spread),
        minutes=row["minutes"],
    )
    return " ".join([out, _gap(row, lang), standing(row, names, lang)])


def _gap(row: Row, lang: Lang) -> str:
    low, high = row["low"], row["high"]
    behind, ahead = low > 0, high < 0
    if ahead:
        low, high = -high, -low
    key = "behind" if behind else "ahead" if ahead else "level"
    return WORDS[lang][key].format(gap=number(abs(row["gap_points"]), lang), spread=_spread(low, high, lang))


def standing(row: Row, names: Mapping[str, str], lang: Lang) -> str:
    """Return the rank of an area among those of its level, and the areas whose gap cannot be told from its own.

    Examples
    --------
    >>> row = {"zone_rank": 1, "zone_rank_low": 1, "zone_rank_high": 1, "not_distinguishable": ""}
    >>> standing(row, {}, "en")
    'Rank 1, apart from the others.'
    """
    words = WORDS[lang]
    others = [names.get(code, code) for code in split_codes(row["not_distinguishable"])]
    shown, rest = others[:NAMED], len(others) - NAMED
    if rest > 0:
        shown.append(words["more"].format(count=rest))
    listed = words["and"].join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
    return words["alike" if others else "apart"].format(
        rank=_rank(row["zone_rank"], row["zone_rank_low"], row["zone_rank_high"], lang), others=listed
    )


def _spread(low: float, high: float, lang: Lang) -> str:
    return interval(number(low, lang), number(high, lang), lang)


def _rank(rank: int, low: int, high: int, lang: Lang) -> str:
    return f"{rank} ({_spread(low, high, lang)})" if low < high else str(rank)
