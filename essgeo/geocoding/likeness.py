"""How alike two street names are."""

from __future__ import annotations

from operator import eq, itemgetter
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz import fuzz, process

from essgeo.geocoding.names import lacks_middle
from essgeo.geocoding.words import NOUNS, digits_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from essgeo.geocoding.words import StreetKey

SMALL_WORDS, JOINED, FIRST_NAME, OTHER_WORD = 0.99, 0.98, 0.86, 0.75
"""Likeness of names that differ by small words (de, la), spaces, or first names; the most if another word differs."""
OTHER_WAY, NO_WAY, NAMED, OTHER_DIGITS = 0.83, 0.95, 0.9, 0.85
"""Factors for another kind of way, none, a place named without the way that bears its name, other digits."""
LEAST_WORD, ALIKE_WORD, LEAST_CHECKED = 66.0, 80.0, 0.62


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
    size = len(asked)
    if not size:
        return np.empty(0)

    def equal(left: Iterable[str], right: Iterable[str]) -> NDArray[np.bool_]:
        return np.fromiter(map(eq, left, right), dtype=bool)

    ones, others = zip(*asked, strict=True), zip(*known, strict=True)
    (words, compact, bare, way), (words_k, compact_k, bare_k, way_k) = map(list, ones), map(list, others)
    result = np.where(equal(compact, compact_k), 1.0, SMALL_WORDS)
    rows = np.flatnonzero((result < 1) & ~equal(words, words_k))
    if not len(rows):
        return result
    pick = itemgetter(*rows.tolist()) if len(rows) > 1 else lambda texts: (texts[rows[0]],)
    words, compact, bare, way, words_k, compact_k, bare_k, way_k = map(
        pick, (words, compact, bare, way, words_k, compact_k, bare_k, way_k)
    )
    of_words, of_compact, of_bare = (
        process.cpdist(left, right, scorer=fuzz.ratio, dtype=np.float32) / 100
        for left, right in ((words, words_k), (compact, compact_k), (bare, bare_k))
    )
    same, none = equal(way, way_k), np.fromiter((not a or not b for a, b in zip(way, way_k, strict=True)), dtype=bool)
    same_way = (np.maximum(of_words, np.where(of_compact == 1, 2 * JOINED - of_bare, of_compact)) + of_bare) / 2
    one_way = np.maximum(of_words, of_bare * NO_WAY)
    other_way = np.maximum(of_words * NO_WAY, of_bare * OTHER_WAY)
    value = np.where(same, same_way, np.where(none, one_way, other_way)).astype(np.float64)
    value[equal(words, bare_k)] = NAMED
    value[~equal(map(digits_of, words), map(digits_of, words_k))] *= OTHER_DIGITS
    for row in np.flatnonzero(value >= LEAST_CHECKED).tolist():
        value[row] = _by_words(value[row], asked[rows[row]], known[rows[row]])
    result[rows] = value
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
    if asked.way == known.way and lacks_middle(one, two):
        return max(value, FIRST_NAME)
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
