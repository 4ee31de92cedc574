"""Whether two street names that look alike are one street, differently written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz.distance import OSA

from essgeo.geocoding.words import NOUNS, RANKS, digits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from essgeo.geocoding.words import StreetKey

SAME_NAME, MISSPELT, SHORTENED, OTHER_WAY, OTHER_NAME = range(5)
"""The same but for small words and spaces; letters mistyped; a first name left out; another kind of way of the same
name; another street."""
ROADS = frozenset({"rue", "avenue", "boulevard"})
"""Kinds of way taken for each other; a passage, a square or a villa is no such mistake, it lies beside its street."""
SHORT_WORD, LONG_WORD = 3, 9
"""Words up to so many letters have no room for a mistake; beyond so many, room for two."""


def differences(asked: Sequence[StreetKey], known: Sequence[StreetKey]) -> NDArray[np.int8]:
    """Return how street names differ, pair by pair.

    A mistake of the keyboard is a letter missing, added, replaced or swapped with the next: one in a word, two in a
    long one, none in a short one (optimal string alignment distance). What differs by more is another street, and so
    are other digits, and a name with another noun (``rue du Temple`` and ``rue Vieille du Temple``). The address may
    leave out a first or middle name that the street has, not the reverse: ``rue Henri Regnault`` and ``rue Regnault``
    are two. A name may lack its end, as files cut it, and a place may be asked without its way.

    Examples
    --------
    >>> from essgeo.geocoding.words import street_key
    >>> pairs = [("av daumesnil", "avenue daumenil"), ("rue du caire", "passage du caire"), ("rue neuburger",
    ...          "rue nicole neuburger"), ("rue des rigoles", "rue des vignoles")]
    >>> differences(*([street_key(pair[side]) for pair in pairs] for side in (0, 1))).tolist()
    [1, 4, 2, 4]
    """
    return np.fromiter(map(_difference, asked, known), dtype=np.int8, count=len(asked))


def _difference(asked: StreetKey, known: StreetKey) -> int:
    if asked.words == known.words or asked.compact == known.compact:
        return SAME_NAME
    same_way = _close(asked.way, known.way)
    if digits_of(asked.words) != digits_of(known.words):
        return OTHER_NAME
    if asked.way and known.way and not same_way:
        return _other_way(asked, known)
    left, right = (asked.bare, known.bare) if same_way else (asked.words, known.words)
    if asked.bare == known.bare or _close(left.replace(" ", ""), right.replace(" ", "")):
        return MISSPELT
    few, many = left.split(), right.split()
    if len(few) == len(many) and all(map(_close, few, many)):
        return MISSPELT
    return SHORTENED if same_way and _shortened(few, many, asked) else OTHER_NAME


def _other_way(asked: StreetKey, known: StreetKey) -> int:
    if asked.words == known.bare:
        return SHORTENED
    return OTHER_WAY if asked.bare == known.bare and ROADS.issuperset((asked.way, known.way)) else OTHER_NAME


def _shortened(asked: list[str], known: list[str], key: StreetKey) -> bool:
    """Return whether a name is another without its first name or its end, or with or without a rank."""
    few, many = sorted((asked, known), key=len)
    if lacks_middle(asked, known):
        return True
    size = len(few)
    lead, rest = many[: len(many) - size], many[len(many) - size :]
    if not lead:
        return False
    if len(asked) < len(known) and size > 1 and few == many[:size]:
        return NOUNS.isdisjoint(many[size:])
    left_out = len(asked) < len(known) and NOUNS.isdisjoint(lead) and (size > 1 or _of_a_person(key))
    return (left_out or RANKS.issuperset(lead)) and all(map(_close, few, rest))


def lacks_middle(asked: list[str], known: list[str]) -> bool:
    """Return whether a name leaves out names between the first and the last word of another.

    Examples
    --------
    >>> lacks_middle("louis blanqui".split(), "louis auguste blanqui".split())
    True
    """
    left, more = iter(known), 1 < len(asked) < len(known)
    ends = more and asked[0] == known[0] and asked[-1] == known[-1]
    return ends and all(word in left for word in asked) and NOUNS.isdisjoint(set(known) - set(asked))


def _close(one: str, two: str) -> bool:
    """Return whether two words are the same but for mistakes of the keyboard."""
    longest = max(len(one), len(two))
    room = 0 if longest <= SHORT_WORD else 2 if longest > LONG_WORD else 1
    return one == two or (room > 0 and OSA.distance(one, two, score_cutoff=room) <= room)


def _of_a_person(key: StreetKey) -> bool:
    """Return whether a street has no article before its name: streets named after people have none."""
    return key.compact == key.way + key.bare.replace(" ", "")
