"""Which communes an address may lie in, from its postcode, city and citycode."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rapidfuzz import fuzz, process

from essgeo.geocoding.spelling import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray


CITIES = {"75056": ("751", "paris"), "69123": ("6938", "lyon"), "13055": ("132", "marseille")}
"""The three communes with arrondissements: the start of their arrondissements' codes, and the name."""


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

LEAST_NAME = 80.0


_ARRONDISSEMENT = re.compile(
    r"(paris|lyon|marseille)[ -]*0?(\d{1,2}) ?(?:er|e|eme|ieme)?(?: ?arr(?:ondissement|dt|t)?)?$"
)

_CEDEX = re.compile(r"\bcedex\b.*")

_ARTICLE = re.compile(r"^(?:le|la|les|l) (?=.)")


class Place(NamedTuple):
    """What an address says of its commune: folded texts, ``""`` where it says nothing."""

    postcode: str
    city: str
    citycode: str


def department_of(code: str) -> str:
    """Return what a citycode and a postcode of one department share, Corsica taken as one.

    Examples
    --------
    >>> department_of("93010"), department_of("2A004"), department_of("20090")
    ('93', '20', '20')
    """
    return "20" if code[:2] in {"2A", "2B"} else code[:2]


@lru_cache(maxsize=1 << 16)
def city_key(city: str) -> str:
    """Return the comparable form of a commune name, arrondissements and CEDEX left out.

    Examples
    --------
    >>> city_key("Pré St Gervais") == city_key("LE PRÉ-SAINT-GERVAIS")
    True
    >>> city_key("Paris 17E Arrondissement"), city_key("BONDY CEDEX 2")
    ('paris', 'bondy')
    """
    return _city(city)[0]


@lru_cache(maxsize=1 << 16)
def _city(city: str) -> tuple[str, str]:
    folded = re.sub(r"[^a-z0-9]+", " ", _CEDEX.sub("", fold(city.replace("\n", " ")))).strip()
    match = _ARRONDISSEMENT.match(folded)
    if match:
        return match[1], match[2].zfill(2)
    expanded = re.sub(r"\bst\b", "saint", re.sub(r"\bste\b", "sainte", folded))
    return re.sub(r"\b(?:s|s s)\b", "sur", _ARTICLE.sub("", expanded)) if "/" in city else _ARTICLE.sub(
        "", expanded
    ), ""


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
        self.postcodes = [set(codes.split("|")) for codes in table["postcodes"]]
        self.by_code: dict[str, list[int]] = {}
        self.by_name: dict[str, list[int]] = {}
        self.by_postcode: dict[str, list[int]] = {}
        for row, (code, old) in enumerate(zip(table["citycode"], table["old_name"], strict=True)):
            self.by_code.setdefault(code, []).append(row)
            for city, (start, _) in CITIES.items():
                if code.startswith(start):
                    self.by_code.setdefault(city, []).append(row)
            for name in {self.keys[row], city_key(old)} - {""}:
                self.by_name.setdefault(name, []).append(row)
            for postcode in self.postcodes[row]:
                self.by_postcode.setdefault(postcode, []).append(row)
        self.names = list(self.by_name)
        self.last_words = {name.rpartition(" ")[2] for name in self.names}
        if self.last_words & {name for _, name in CITIES.values()}:
            self.last_words |= {f"{number}{ending}" for number in range(1, 21) for ending in ("", "e", "er", "eme")} | {
                "arrondissement"
            }

        self.find = lru_cache(maxsize=1 << 16)(self._find)

    def _find(self, place: Place) -> dict[int, float]:
        """Return the communes a place may mean, and how well each agrees with it (0 to 1).

        Empty where the place says nothing that the index knows.
        """
        name, arrondissement = _city(place.city)
        postcode, code = place.postcode, place.citycode
        if arrondissement:
            start, _ = next(value for value in CITIES.values() if value[1] == name)
            if not code or code in CITIES:
                code = start + arrondissement[len(start) - 3 :]
        found: dict[int, float] = {}
        named = self.by_name.get(name, []) if name else []
        posted = self.by_postcode.get(postcode, []) if postcode else []
        if postcode and named:
            near = [row for row in named if row in set(posted)] or [
                row for row in named if self._in_department(row, postcode)
            ]
            named = named if not near else [row for row in named if self._in_department(row, postcode)]
        for row in posted:
            found[row] = AGREE if row in named or not name else POSTCODE_ONLY
        for row in self._close(name, posted, postcode) if name and not named else ():
            found[row] = NAME_CLOSE
        for row in named:
            found[row] = max(found.get(row, 0), self._agreement(row, postcode))
        if code and code not in self.by_code:
            found = {row: weight for row, weight in found.items() if self.citycode[row][:2] == code[:2]}
        coded = self.by_code.get(code, []) if code else []
        if coded:
            parts = [row for row in coded if row in named] or coded
            found = {row: weight * POSTCODE_WRONG for row, weight in found.items()} | {
                row: self._coded(row, code, found.get(row, 0)) if row in parts else POSTCODE_ONLY for row in coded
            }
        return found

    def _coded(self, row: int, code: str, agreement: float) -> float:
        """Return how well a commune agrees with its own code, or with that of the city it is an arrondissement of."""
        return AGREE if self.citycode[row] == code else max(POSTCODE_WRONG, agreement)

    def _agreement(self, row: int, postcode: str) -> float:
        """Return how well a commune of the right name agrees with a postcode that may be none of its own."""
        if not postcode:
            return AGREE
        if not self._in_department(row, postcode):
            return POSTCODE_FAR
        return POSTCODE_WRONG if postcode in self.by_postcode else POSTCODE_UNKNOWN

    def _in_department(self, row: int, postcode: str) -> bool:
        return department_of(self.citycode[row]) == department_of(postcode)

    def _close(self, name: str, posted: Sequence[int], postcode: str) -> list[int]:
        keys = [self.keys[row] for row in posted] or [
            key
            for key in self.names
            if not postcode or any(self._in_department(row, postcode) for row in self.by_name[key])
        ]
        best = process.extractOne(name, keys, scorer=fuzz.ratio, score_cutoff=LEAST_NAME)
        return self.by_name[best[0]] if best else []


class Evidence(NamedTuple):
    """What places say: sorted pairs (place, commune) with their agreement; ``anywhere`` for those that say nothing."""

    place: NDArray[np.int64]
    commune: NDArray[np.int64]
    agreement: NDArray[np.float64]
    anywhere: NDArray[np.bool_]

    def within(self, first: int, last: int) -> Evidence:
        """Return what is said of the communes from ``first`` to before ``last``, numbered from 0."""
        here = (self.commune >= first) & (self.commune < last)
        return Evidence(self.place[here], self.commune[here] - first, self.agreement[here], self.anywhere)

    def agreement_of(self, place: NDArray[np.int64], commune: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how well communes agree with places, pair by pair."""
        default = np.where(self.anywhere[place], SILENT, UNSTATED)
        if not len(self.place):
            return default
        width = int(max(self.commune.max(), commune.max(initial=0))) + 1
        packed = self.place * width + self.commune
        at = np.minimum(np.searchsorted(packed, place * width + commune), len(packed) - 1)
        return np.where(packed[at] == place * width + commune, self.agreement[at], default)


def evidence_of(communes: Communes, places: Sequence[Place]) -> Evidence:
    """Return what places say of the communes they may mean."""
    found = [communes.find(place) for place in places]
    place = np.repeat(np.arange(len(found)), [len(said) for said in found])
    commune = np.array([row for said in found for row in said], dtype=np.int64)
    agreement = np.array([value for said in found for value in said.values()], dtype=np.float64)
    order = np.lexsort((commune, place))
    anywhere = np.array([not any(said) for said in places], dtype=bool)
    return Evidence(place[order], commune[order], agreement[order], anywhere)
