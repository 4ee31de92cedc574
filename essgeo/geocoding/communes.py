"""Which communes an address may lie in, from its postcode, city and citycode."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rapidfuzz import fuzz, process

from essgeo.geocoding.spelling import fold
from essgeo.schema.codes import ARRONDISSEMENTS, city_of, department_of, same_department

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray


AGREE = 1.0
"""A commune agrees fully with an address."""

POSTCODE_UNKNOWN = 0.99
"""Its name agrees, the postcode is none that the index knows, as those of CEDEX."""

NAME_CLOSE = 0.97
"""Its name is misspelt."""

POSTCODE_WRONG = 0.94
"""Its name agrees, the postcode is that of another commune of the department."""

POSTCODE_ONLY = 0.88
"""Only its postcode agrees."""

POSTCODE_FAR, SILENT, UNSTATED = 0.85, 0.85, 0.8
"""The postcode is of another department; no commune is named; others are named: never enough to locate."""

MIN_NAME = 80.0
"""Ratio (0 to 100) from which a name is another one misspelt."""

_DIVIDED = {"paris": "75056", "lyon": "69123", "marseille": "13055"}

_ARRONDISSEMENT = re.compile(
    rf"({'|'.join(_DIVIDED)})[ -]*0?(\d{{1,2}}) ?(?:er|e|eme|ieme)?(?: ?arr(?:ondissement|dt|t)?)?$"
)

_CEDEX = re.compile(r"\bcedex\b.*")

_ARTICLE = re.compile(r"^(?:le|la|les|l) (?=.)")


class Place(NamedTuple):
    """What an address says of its commune: ``""`` where it says nothing."""

    postcode: str
    city: str
    citycode: str


def city_key(city: str) -> str:
    """Return the comparable form of a commune name, arrondissements and CEDEX left out.

    >>> city_key("Pré St Gervais") == city_key("LE PRÉ-SAINT-GERVAIS")
    True
    >>> city_key("Paris 17E Arrondissement"), city_key("BONDY CEDEX 2")
    ('paris', 'bondy')
    """
    return _city(city)[0]


@lru_cache(maxsize=1 << 16)
def _city(city: str) -> tuple[str, int]:
    """Return the comparable form of a commune name, and the number of its arrondissement, 0 for none."""
    folded = re.sub(r"[^a-z0-9]+", " ", _CEDEX.sub("", fold(city.replace("\n", " ")))).strip()
    match = _ARRONDISSEMENT.match(folded)
    if match:
        return match[1], int(match[2])
    plain = _ARTICLE.sub("", re.sub(r"\bst\b", "saint", re.sub(r"\bste\b", "sainte", folded)))
    return re.sub(r"\b(?:s|s s)\b", "sur", plain) if "/" in city else plain, 0


class Communes:
    """The communes of an index, found by code, name and postcode.

    Parameters
    ----------
    table
        RangeIndex; ``citycode``, ``name``, ``old_name`` (of a former commune, which has a row of its own) and
        ``postcodes`` (separated by ``|``).
    """

    def __init__(self, table: pd.DataFrame) -> None:
        self.citycode: list[str] = table["citycode"].tolist()
        self.keys = [city_key(name) for name in table["name"]]
        self.by_code: dict[str, list[int]] = {}
        self.by_name: dict[str, list[int]] = {}
        self.by_postcode: dict[str, list[int]] = {}
        for row, (code, old, postcodes) in enumerate(
            zip(table["citycode"], table["old_name"], table["postcodes"], strict=True)
        ):
            for known in {code, city_of(code)}:
                self.by_code.setdefault(known, []).append(row)
            for name in {self.keys[row], city_key(old)} - {""}:
                self.by_name.setdefault(name, []).append(row)
            for postcode in set(postcodes.split("|")):
                self.by_postcode.setdefault(postcode, []).append(row)
        self.last_words = {name.rpartition(" ")[2] for name in self.by_name}
        if not self.last_words.isdisjoint(_DIVIDED):
            numbers = {f"{number}{ending}" for number in range(1, 21) for ending in ("", "e", "er", "eme")}
            self.last_words |= numbers | {"arrondissement"}
        self.find = lru_cache(maxsize=1 << 16)(self._find)

    def _find(self, place: Place) -> dict[int, float]:
        """Return the communes a place may mean, and how well each agrees with it (0 to 1).

        Empty where the place says nothing that the index knows.
        """
        name, number = _city(place.city)
        postcode, code = place.postcode, place.citycode
        if number and (not code or code in ARRONDISSEMENTS):
            parts = ARRONDISSEMENTS[_DIVIDED[name]]
            code = parts[number - 1] if number <= len(parts) else _DIVIDED[name]
        named = self.by_name.get(name, []) if name else []
        posted = self.by_postcode.get(postcode, []) if postcode else []
        if postcode and any(row in posted or same_department(self.citycode[row], postcode) for row in named):
            named = [row for row in named if same_department(self.citycode[row], postcode)]
        found = {row: AGREE if row in named or not name else POSTCODE_ONLY for row in posted}
        if name and not named:
            found |= dict.fromkeys(self._close(name, posted, postcode), NAME_CLOSE)
        for row in named:
            found[row] = max(found.get(row, 0), self._agreement(row, postcode))
        if not code:
            return found
        if code not in self.by_code:
            department = department_of(code)
            return {row: value for row, value in found.items() if department_of(self.citycode[row]) == department}
        # A code is stronger than a postcode; of the rows of a code, those of the name (a former commune) come first.
        coded = self.by_code[code]
        meant = [row for row in coded if row in named] or coded
        own = {row: AGREE if self.citycode[row] == code else max(POSTCODE_WRONG, found.get(row, 0)) for row in meant}
        others = {row: value * POSTCODE_WRONG for row, value in found.items()}
        return others | dict.fromkeys(coded, POSTCODE_ONLY) | own

    def _agreement(self, row: int, postcode: str) -> float:
        """Return how well a commune of the right name agrees with a postcode that may be none of its own."""
        if not postcode:
            return AGREE
        if not same_department(self.citycode[row], postcode):
            return POSTCODE_FAR
        return POSTCODE_WRONG if postcode in self.by_postcode else POSTCODE_UNKNOWN

    def _close(self, name: str, posted: Sequence[int], postcode: str) -> list[int]:
        """Return the communes of the name most alike, of those of the postcode or of its department."""
        keys = [self.keys[row] for row in posted] or [
            key
            for key, rows in self.by_name.items()
            if not postcode or any(same_department(self.citycode[row], postcode) for row in rows)
        ]
        best = process.extractOne(name, keys, scorer=fuzz.ratio, score_cutoff=MIN_NAME)
        return self.by_name[best[0]] if best else []


class Evidence(NamedTuple):
    """What places say of communes.

    Attributes
    ----------
    place, commune, agreement
        Shape (pairs,), sorted by place and commune: how well (0 to 1) a place agrees with a commune it may mean.
    anywhere
        Shape (places,): whether a place says nothing, so that it may lie in any commune.
    """

    place: NDArray[np.int64]
    commune: NDArray[np.int64]
    agreement: NDArray[np.float64]
    anywhere: NDArray[np.bool_]

    def part(self, first: int, last: int) -> Evidence:
        """Return what is said of the communes from ``first`` to before ``last``, numbered from 0."""
        here = (self.commune >= first) & (self.commune < last)
        return Evidence(self.place[here], self.commune[here] - first, self.agreement[here], self.anywhere)

    def agreement_of(self, place: NDArray[np.int64], commune: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how well communes agree with places, pair by pair."""
        default = np.where(self.anywhere[place], SILENT, UNSTATED)
        if not len(self.place):
            return default
        # A pair is one sortable integer, so that a pair is found by bisection among those that are known.
        width = int(max(self.commune.max(), commune.max(initial=0))) + 1
        known, asked = self.place * width + self.commune, place * width + commune
        at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
        return np.where(known[at] == asked, self.agreement[at], default)


def evidence_of(communes: Communes, places: Sequence[Place]) -> Evidence:
    """Return what places say of the communes they may mean."""
    found = [communes.find(place) for place in places]
    place = np.repeat(np.arange(len(found)), [len(said) for said in found])
    commune = np.array([row for said in found for row in said], dtype=np.int64)
    agreement = np.array([value for said in found for value in said.values()], dtype=np.float64)
    order = np.lexsort((commune, place))
    anywhere = np.array([not any(said) for said in places], dtype=bool)
    return Evidence(place[order], commune[order], agreement[order], anywhere)
