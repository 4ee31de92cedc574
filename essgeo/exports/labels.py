"""Codes in words, for files that people read and no program does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.words.vocabulary import (
    CHALLENGES,
    FAMILIES,
    GEO_REASONS,
    GEO_STATUSES,
    ROLES,
    SECTORS,
    SITE_STATES,
    STAGES,
    STATUSES,
    split_codes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from essgeo.words.vocabulary import Labels, Lang

_RELATIONS: Labels = {
    "in": {"fr": "oui", "en": "yes"},
    "out": {"fr": "non", "en": "no"},
    "undetermined": {"fr": "indéterminé", "en": "undetermined"},
    "unknown": {"fr": "non connu", "en": "not known"},
}
_INTERESTS: Labels = {
    "national": {"fr": "national", "en": "national"},
    "regional": {"fr": "régional", "en": "regional"},
    "none": {"fr": "aucun", "en": "none"},
}
_WORDS: dict[str, Labels] = {
    "sectors": SECTORS,
    "challenges": CHALLENGES,
    "roles": ROLES,
    "support_stages": STAGES,
    "family": FAMILIES,
    "status": STATUSES,
    "state": SITE_STATES,
    "geo_status": GEO_STATUSES,
    "geo_reason": GEO_REASONS,
    "reason": GEO_REASONS,
    "interest": _INTERESTS,
    "relation": _RELATIONS,
    "qpv_relation": _RELATIONS,
}


def labelled(column: str, values: Iterable[str], lang: Lang) -> list[str]:
    """Return the values of a column with each code replaced by its label; other text stays.

    Parameters
    ----------
    column
        A name of :data:`essgeo.words.columns.COLUMNS`.
    values
        Its values, several codes separated by ``|``.
    lang
        Language of the labels.

    Returns
    -------
    list of str
        Several labels are separated by commas.

    Examples
    --------
    >>> labelled("sectors", ["mobilite|numerique", ""], "en"), labelled("city", ["Bondy"], "en")
    (['Mobility, Digital', ''], ['Bondy'])
    """
    words = _WORDS.get(column)
    if words is None:
        return list(values)
    return [", ".join(words[code][lang] if code in words else code for code in split_codes(text)) for text in values]
