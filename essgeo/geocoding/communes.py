"""Which communes an address may lie in, from its postcode, city and citycode."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rapidfuzz import fuzz, process

from essgeo.geocoding.spelling import fold
from essgeo.schema.cells import postcode_and_city
from essgeo.schema.codes import ARRONDISSEMENTS, city_of, commune_code, department_of, same_department

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
"""Only its postcode agrees, and its name is part of the one that is given, or none is given."""

POSTCODE_FAR, NEIGHBOUR, SILENT, UNSTATED = 0.85, 0.84, 0.83, 0.8
"""The postcode is of another department; one of the same postcode is named; none is named; others are: never enough to
locate."""

MIN_NAME = 80.0
"""Ratio (0 to 100) from which a name is another one misspelt."""

_DIVIDED = {"paris": "75056", "lyon": "69123", "marseille": "13055"}

_ROMANS = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9} | {
    f"x{unit}": 10 + place for place, unit in enumerate(["", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"])
} | {"xx": 20}  # fmt: skip

_ARRONDISSEMENT = re.compile(
    rf"({'|'.join(_DIVIDED)})[ -]*0?(\d{{1,2}}|[ivx]+?) ?(?:er|e|eme|ieme)?(?: ?arr(?:ondissement|dt|t)?)?$"
)

_ARTICLE = re.compile(r"^(?:le|la|les|l) (?=.)")

_PART_OF = re.compile(rf"(\d{{1,2}})(?:er|e|eme|ieme)? arr(?:ondissement|dt|t)? (?:de |d )?({'|'.join(_DIVIDED)})$")

# 12e arrondissement, XIIe, 12 arrt: of a city that is not named.
_DISTRICT = re.compile(
    r"0?(\d{1,2}|[ivx]+?) ?(?:(?:er|e|eme|ieme)(?: ?arr(?:ondissement|dt|t)?)?|arr(?:ondissement|dt|t)?)$"
)

DISTRICT = "arrondissement"
"""Comparable form of an arrondissement whose city is not named."""

# Pré-Saint-Gervais (Le), Bondy (Seine-Saint-Denis), Bondy (93), Bondy - 93, 93 - Bondy.
_BRACKET = re.compile(r" *\([a-z -]*\)?$")

_LEADING = re.compile(r"\(?(\d{2}|2[ab]|9[78]\d)\)?[ -]+(?=[^\W\d])")

_DEPARTMENT = re.compile(r"[ (,;/-]+(\d{2}|2[ab]|9[78]\d)\)?$")

_TOWN_OF = re.compile(r"^(?:ville|commune|mairie) (?:de |du |des |d )?(?:la |le |les |l )?")


class Place(NamedTuple):
    """What an address says of its commune: ``""`` where it says nothing."""

    postcode: str
    city: str
    citycode: str


@lru_cache(maxsize=1 << 16)
def read_place(postcode: str, city: str, citycode: str) -> Place:
    """Return what three cells say of a commune, in whichever of them it stands.

    The postcode of a commune whose department alone is known is that of the department.

    >>> read_place("", "F-93140 BONDY", ""), read_place("93140 Bondy", "", "")
    (Place(postcode='93140', city='BONDY', citycode=''), Place(postcode='93140', city='Bondy', citycode=''))
    >>> read_place("", "BONDY (93)", ""), read_place("93 140", "Bondy", "93010")
    (Place(postcode='93', city='BONDY', citycode=''), Place(postcode='93140', city='Bondy', citycode='93010'))
    """
    cells = [postcode_and_city(cell.strip()) for cell in (postcode, city)]
    codes = [commune_code(code or cell) for (code, _), cell in zip(cells, (postcode, city), strict=True)]
    plain = next((code for code in codes if re.fullmatch(r"[0-9]{5}", code)), "")
    names = [
        name or ("" if re.search(r"[0-9]{4}", cell) else cell)
        for (_, name), cell in zip(reversed(cells), (city, postcode), strict=True)
    ]
    town = next(filter(None, names), "")[:100].strip()
    if (found := _LEADING.match(town.lower())) and not plain:
        town, plain = town[found.end() :], {"2a": "20", "2b": "20"}.get(found[1], found[1])
    if (found := _DEPARTMENT.search(town.lower())) and "cedex" not in town.lower():
        name, marked = fold(town[: found.start()]).strip(), found[0].strip()[0] in "(,;/-"
        if name and (name not in _DIVIDED or (marked and _DIVIDED[name].startswith(found[1]))):
            town, plain = town[: found.start()].strip(), plain or {"2a": "20", "2b": "20"}.get(found[1], found[1])
    return Place(plain, town, commune_code(citycode).upper())


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
    # The CEDEX of a divided city is the number of a district.
    folded = fold(city.replace("\n", " ")).strip()
    folded = _BRACKET.sub("", folded) or folded
    folded = re.sub(r"[^a-z0-9]+", " ", folded).strip()
    before, _, district = folded.partition(" cedex")
    match = _ARRONDISSEMENT.match(before) or _ARRONDISSEMENT.match(before + district)
    if match and (match[2].isdecimal() or match[2] in _ROMANS):
        return match[1], int(match[2]) if match[2].isdecimal() else _ROMANS[match[2]]
    if match := _PART_OF.match(folded):
        return match[2], int(match[1])
    if (match := _DISTRICT.match(folded)) and (match[1].isdecimal() or match[1] in _ROMANS):
        return DISTRICT, int(match[1]) if match[1].isdecimal() else _ROMANS[match[1]]
    plain = _ARTICLE.sub("", re.sub(r"\bst\b", "saint", re.sub(r"\bste\b", "sainte", before)))
    return re.sub(r"\b(?:s|s s)\b", "sur", plain) if "/" in city else plain, 0


class Communes:
    """The communes of an index, found by code, name and postcode.

    Parameters
    ----------
    table
        RangeIndex; ``citycode``, ``name``, ``old_code`` and ``old_name`` (of a former commune), ``postcode``: a row for
        each part of a commune that one of these tells apart.
    complete
        Whether all their streets are known: where there is one commune only, an address that names none is in it.
    """

    def __init__(self, table: pd.DataFrame, *, complete: bool = True) -> None:
        self.citycode: list[str] = table["citycode"].tolist()
        self.keys = [city_key(name) for name in table["name"]]
        self.by_code: dict[str, list[int]] = {}
        self.by_name: dict[str, list[int]] = {}
        self.by_postcode: dict[str, list[int]] = {}
        columns = (table[name] for name in ("citycode", "old_code", "old_name", "postcode"))
        for row, (code, old_code, old, postcode) in enumerate(zip(*columns, strict=True)):
            for known in {code, city_of(code), old_code} - {""}:
                self.by_code.setdefault(known, []).append(row)
            for name in {self.keys[row], city_key(old)} - {""}:
                self.by_name.setdefault(name, []).append(row)
            self.by_postcode.setdefault(postcode, []).append(row)
        self.alone = complete and len(set(map(city_of, self.citycode))) == 1
        self.last_words = {name.rpartition(" ")[2] for name in self.by_name} | {"france"}
        self.divided = [name for name in _DIVIDED if name in self.by_name]
        if len(self.divided) == 1:
            self.by_name[DISTRICT] = self.by_name[self.divided[0]]
        if self.divided:
            numbers = [*range(1, 21), *_ROMANS]
            self.last_words |= {f"{number}{ending}" for number in numbers for ending in ("", "e", "er", "eme", "ieme")}
            self.last_words |= {"arrondissement", "arr", "arrt", "arrdt"}
        self.find = lru_cache(maxsize=1 << 16)(self._find)

    def _find(self, place: Place) -> dict[int, float]:
        """Return the communes a place may mean, and how well each agrees with it (0 to 1).

        Empty where the place says nothing that the index knows.
        """
        name, number = _city(place.city)
        postcode, code = place.postcode, place.citycode
        # An arrondissement without its city is one of the only divided city that the postcode, if any, leaves; one with
        # its city stands for its INSEE code, unless a code is given that tells more than the whole city.
        if name == DISTRICT:
            cities = [city for city in self.divided if _DIVIDED[city].startswith(postcode[:2])]
            name, number = (cities[0], number) if len(cities) == 1 else (name, 0)
        if number and (not code or code in ARRONDISSEMENTS):
            parts = ARRONDISSEMENTS[_DIVIDED[name]]
            code = parts[number - 1] if number <= len(parts) else _DIVIDED[name]
        named = self.by_name.get(name) or self.by_name.get(_TOWN_OF.sub("", name), [])
        posted = self.by_postcode.get(postcode, []) if postcode else []
        # Homonyms in other departments are left out where one lies in that of the postcode.
        if postcode and any(row in posted or same_department(self.citycode[row], postcode) for row in named):
            named = [row for row in named if same_department(self.citycode[row], postcode)]
        found = dict.fromkeys(posted, NEIGHBOUR if name else AGREE)
        if name and not named:
            found |= self._close(name, posted, postcode)
        for row in named:
            found[row] = AGREE if row in posted else self._agreement(row, postcode)
        if not code:
            return found
        # Of a code that the index lacks the department counts alone: the communes there that the name may mean.
        if code not in self.by_code:
            department = department_of(code)
            return {
                row: value
                for row, value in found.items()
                if department_of(self.citycode[row]) == department and name and value > NEIGHBOUR
            }
        # A code is stronger than a postcode; of the rows of a code, those of the name and of the postcode come first.
        coded = self.by_code[code]
        meant = [row for row in coded if row in named] or coded
        near = {row for row in meant if row in posted} or set(meant)
        others = {row: value * POSTCODE_WRONG for row, value in found.items()}
        return (
            others
            | dict.fromkeys(coded, POSTCODE_ONLY)
            | {row: AGREE if row in near else POSTCODE_WRONG for row in meant}
        )

    def _agreement(self, row: int, postcode: str) -> float:
        """Return how well a commune of the right name agrees with a postcode that may be none of its own."""
        if len(postcode) < len("93140"):
            return AGREE
        if not same_department(self.citycode[row], postcode):
            return POSTCODE_FAR
        return POSTCODE_WRONG if postcode in self.by_postcode else POSTCODE_UNKNOWN

    def _close(self, name: str, posted: Sequence[int], postcode: str) -> dict[int, float]:
        """Return the communes of the name most alike, of those of the postcode or of its department."""
        # Sorted, so that of names as much alike the same one is taken each time.
        keys = {self.keys[row] for row in posted} or {
            key
            for key, rows in self.by_name.items()
            if not postcode or any(same_department(self.citycode[row], postcode) for row in rows)
        }
        best = process.extractOne(name, sorted(keys), scorer=fuzz.ratio, score_cutoff=MIN_NAME)
        if best:
            return dict.fromkeys(self.by_name[best[0]], NAME_CLOSE)
        part = max((key for key in keys if f" {key} " in f" {name} "), key=len, default="")
        return dict.fromkeys(set(self.by_name.get(part, [])).intersection(posted), POSTCODE_ONLY)


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
    """Return what places say of the communes they may mean; one that says nothing lies in the only commune there is."""
    only = dict.fromkeys(range(len(communes.citycode)), AGREE) if communes.alone else {}
    found = [communes.find(place) if any(place) else only for place in places]
    # One row a pair of place and commune; lexsort puts them by place, then by commune, as bisection needs.
    place = np.repeat(np.arange(len(found)), [len(said) for said in found])
    commune = np.array([row for said in found for row in said], dtype=np.int64)
    agreement = np.array([value for said in found for value in said.values()], dtype=np.float64)
    order = np.lexsort((commune, place))
    anywhere = np.array([not any(place) and not communes.alone for place in places], dtype=bool)
    return Evidence(place[order], commune[order], agreement[order], anywhere)
