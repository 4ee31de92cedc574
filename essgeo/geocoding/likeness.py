"""How alike two street names are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import fuzz, process

from essgeo.geocoding.words import WAY_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from essgeo.geocoding.words import StreetKey

SMALL_WORDS, JOINED, FIRST_NAME, OTHER_WORD = 0.99, 0.98, 0.86, 0.75
"""Likeness of names that differ by small words (de, la), spaces, or first names; the most if another word differs."""
OTHER_WAY, NO_WAY, NAMED, OTHER_DIGITS = 0.83, 0.95, 0.9, 0.85
"""Factors for another kind of way, none, a place named without the way that bears its name, other digits."""
LEAST_WORD, ALIKE_WORD, LEAST_CHECKED = 66.0, 80.0, 0.62
NOUNS = (
    frozenset(
        [
            "porte",
            "pont",
            "faubourg",
            "fort",
            "gare",
            "bois",
            "parc",
            "moulin",
            "chateau",
            "eglise",
            "port",
            "ecole",
            "mairie",
            "zone",
        ]
    )
    | WAY_WORDS
)
"""Words that make another street when they are added to a name, unlike first names and titles."""

_NOT_DIGITS = re.compile(r"[^0-9]+")


def likeness(asked: Sequence[StreetKey], known: Sequence[StreetKey]) -> NDArray[np.float64]:
    """Return how alike street names are, pair by pair: 1 for the same words.

    The mean of two Indel similarities (2 x common letters / letters of both): of the names, and of the names without
    their kind of way.

    Examples
    --------
    >>> from essgeo.geocoding.words import street_key
    >>> names = ["r de la paix", "rue paix", "avenue de la paix"]
    >>> likeness([street_key(name) for name in names], [street_key("rue de la paix")] * 3).round(2).tolist()
    [1.0, 0.99, 0.83]
    """
    result = np.array([1.0 if a.compact == b.compact else SMALL_WORDS for a, b in zip(asked, known, strict=True)])
    other = [row for row, (a, b) in enumerate(zip(asked, known, strict=True)) if a.words != b.words and result[row] < 1]
    if not other:
        return result
    left, right = [asked[row] for row in other], [known[row] for row in other]
    words, joined, bare = (
        process.cpdist([a[field] for a in left], [b[field] for b in right], scorer=fuzz.ratio, dtype=np.float32) / 100
        for field in range(3)
    )
    ways = [(a.way, b.way) for a, b in zip(left, right, strict=True)]
    same = np.array([a == b for a, b in ways])
    one = np.array([(a == "") != (b == "") for a, b in ways])
    same_way = (np.maximum(words, np.where(joined == 1, 2 * JOINED - bare, joined)) + bare) / 2
    one_way = np.maximum(words, bare * NO_WAY)
    other_way = np.maximum(words * NO_WAY, bare * OTHER_WAY)
    value = np.where(same, same_way, np.where(one, one_way, other_way))
    named = np.array([a.words == b.bare for a, b in zip(left, right, strict=True)])
    value = np.where(named, NAMED, value)
    digits = np.array([_digits(a.words) != _digits(b.words) for a, b in zip(left, right, strict=True)])
    value = np.where(digits, value * OTHER_DIGITS, value)
    for row in np.flatnonzero(value >= LEAST_CHECKED).tolist():
        value[row] = _by_words(value[row], left[row], right[row])
    result[other] = value
    return result


def _by_words(value: float, asked: StreetKey, known: StreetKey) -> float:
    """Return a likeness corrected word by word: another word makes another street, a first name more does not.

    Examples
    --------
    >>> from essgeo.geocoding.words import street_key
    >>> _by_words(0.9, street_key("rue du fg saint martin"), street_key("rue du fg saint antoine"))
    0.75
    >>> _by_words(0.7, street_key("place neuburger"), street_key("place nicole neuburger"))
    0.86
    """
    one, two = asked.bare.split(), known.bare.split()
    if len(one) == len(two):
        same = all(a == b or fuzz.ratio(a, b) >= LEAST_WORD for a, b in zip(one, two, strict=True))
        return value if same or asked.way != known.way else min(value, OTHER_WORD)
    few, many = sorted((one, two), key=len)
    extra = many[: len(many) - len(few)]
    ends = many[len(extra) :]
    if (
        asked.way == known.way
        and NOUNS.isdisjoint(extra)
        and all(fuzz.ratio(a, b) > ALIKE_WORD for a, b in zip(few, ends, strict=True))
    ):
        return max(value, FIRST_NAME * fuzz.ratio(" ".join(few), " ".join(ends)) / 100)
    return value


def _digits(words: str) -> str:
    return "" if words.isalpha() else _NOT_DIGITS.sub(" ", words).strip()
