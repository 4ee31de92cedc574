"""French addresses read as house numbers, a street and a place, in every way that a text can be read."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from essgeo.geocoding.communes import Communes, Place, city_key
from essgeo.geocoding.spelling import HEADS, MONTHS, REPETITIONS, WAY_WORDS, StreetKey, fold_all, street_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    House = tuple[int, str]
    Reading = tuple[tuple[House, ...], StreetKey, Place | None]


MAX_HOUSES = 3
"""House numbers that are kept of a range or list."""

MAX_READINGS = 6

_WAYS = "|".join(sorted((word for word in {*HEADS, *WAY_WORDS} if len(word) > 1), key=len, reverse=True))

_REPETITION = "bis|ter|quater|quinquies|sexies"

# 12 rue A, 12-14 rue A, 12 bis rue A and nothing else: nine addresses in ten, read at once.
_PLAIN = re.compile(rf"(\d{{1,3}})(?: ?[-/] ?(\d{{1,3}})| ?({_REPETITION}))?,? ((?:{_WAYS}|r) [a-z0-9 -]+)$")

# Letters glued to a number (12b) that are neither a way nor the month of May, unless a way follows.
_GLUED = rf"(?!(?:{_WAYS}|mai)\b(?!,? (?:{_WAYS}|r)\b))[a-z]{{1,3}}\d{{0,2}}"

# A house number with its repetition or the letters glued to it: 12, 12 bis, 12b.
_HOUSE = re.compile(rf"(\d{{1,6}})(?: ?({_REPETITION})\b|({_GLUED})\b)?")

# What joins the numbers of a list or range: 12-14, 12 et 14, 12 a 18.
_NEXT = re.compile(r" ?(?:[-/,;&+]|et|a|au|ou) ?(?=\d)")

# A letter apart from its number: 12 B rue A.
_LETTER = re.compile(r"[ -]([a-z]{1,2}\d{0,2})(?=[ ,]|$)")

# A postcode, with or without its country (F-93140); the number of a postbox is none.
_POSTCODE = re.compile(r"(?:^|(?<!\bbp)(?<!\bcs)(?<!\btsa)[ ,;(-])(?:f ?-? ?)?(\d{5})\b[ ,;-]*")

_PUNCTUATION = re.compile(r"[^a-z0-9]+")

# Where one part of an address ends and another begins; the slash of 12/14 is none.
_BREAK = re.compile(r"[,;()+]|(?<![a-z])/|/(?!\d)| - |- | -")

_ONE = rf"\d{{1,4}}(?: ?(?:{_REPETITION}|[a-z]{{1,2}}\d{{0,2}})\b|{_GLUED}\b)?"

# Numbers and a kind of way behind them, wherever they stand: the surest beginning of an address.
_HOUSE_AND_WAY = re.compile(
    rf"(?<![a-z0-9])(?:{_ONE} ?(?:[-/,;&+]|et|a|au|ou) ?){{0,4}}{_ONE}[ ,]+(?:{_WAYS}|r)\b(?= [a-z0-9])"
)

# A kind of way with a name behind it.
_WAY = re.compile(rf"(?<![a-z0-9])(?:{_WAYS})\b(?= [a-z0-9])")

# What stands in an address and is neither number nor street: boxes, persons, floors, buildings, doors.
_NOISE = re.compile(
    r"\bcedex\b(?: \d{1,2}\b)?|\b(?:bp|b p|cs|tsa|cidex) ?(?:n )?\d+\b|\bc ?/ ?o\b[^,;]*"
    r"|\b(?:chez|a l attention de)\b[^,;\d]*"
    r"|\b\d{1,2} ?(?:er|e|eme|ieme|nd)? ?(?:etage|etg)\b|\brez de (?:chaussee|jardin)\b|\brdc\b"
    r"|\betage \d+\b|\b(?:droite|gauche)$"
    r"|\b(?:bat(?:iment)?|bt|immeuble|imm|esc(?:alier)?|app(?:t|artement)?|apt|hall|cage|logement|logt|boite|entree|porte|chambre|studio)"
    r" ?(?:n ?)?(?:\d+[a-z]?|[a-z]\d{0,2}(?= ?(?:[,;()/-]|$| \d"
    r"| bat| esc| et| app| apt| hall| porte| rue| r | av| bd| place| pl )))\b(?! etage)"
    r"|\b(?:face|angle|parking|parkg|pkg)\b(?: (?:du|de la|de|au|a|aux))?(?= )"
)  # fmt: skip

# A text without any of these has no noise; "porte" is left out, for streets are named so.
_NOISE_WORDS = frozenset([
    "cedex", "bp", "cs", "tsa", "cidex", "c", "chez", "attention", "etage", "etg", "rez", "rdc", "droite", "gauche",
    "bat", "batiment", "bt", "immeuble", "imm", "esc", "escalier", "app", "appt", "appartement", "apt", "hall", "cage",
    "logement", "logt", "boite", "entree", "chambre", "studio", "face", "angle", "parking", "parkg", "pkg", "b",
])  # fmt: skip


class Readings(NamedTuple):
    """Every reading of many addresses, as columns.

    Attributes
    ----------
    query, place, street
        Shape (readings,): position of the address, and in ``places`` and ``streets``, where each stands once.
    places, streets
        What the addresses say of their commune, and the streets they name.
    numbers, repetitions
        Shape (readings, 3): house numbers, -1 for none, and their repetitions as one letter, ``""`` for none.
    """

    query: NDArray[np.int64]
    place: NDArray[np.int64]
    street: NDArray[np.int64]
    places: list[Place]
    streets: list[StreetKey]
    numbers: NDArray[np.int32]
    repetitions: NDArray[np.object_]


def read_addresses(queries: pd.DataFrame, cities: Communes) -> Readings:
    """Return every reading of queries (text ``address``, ``postcode``, ``city``, ``citycode``; ``""`` where missing).

    ``cities`` tell the commune at the end of an address that names no other.
    """
    lines = fold_all(queries["address"].tolist())
    columns = [queries[name].tolist() for name in ("postcode", "city", "citycode")]
    places: dict[Place, int] = {}
    streets: dict[StreetKey, int] = {}
    given: dict[tuple[str, str, str], Place] = {}
    query, place, street = [], [], []
    houses: list[tuple[House, ...]] = []
    for row, (line, stated) in enumerate(zip(lines, zip(*columns, strict=True), strict=True)):
        here = given.get(stated)
        if here is None:
            here = given[stated] = Place(_postcode(stated[0]), stated[1][:100].strip(), stated[2].strip().upper())
            places.setdefault(here, len(places))
        for found, key, own in _read(line, here, cities):
            query.append(row)
            place.append(places.setdefault(own or here, len(places)))
            street.append(streets.setdefault(key, len(streets)))
            houses.append(found)
    # One row a reading, the numbers of a range or list from the left.
    numbers = np.full((len(query), MAX_HOUSES), -1, dtype=np.int32)
    repetitions = np.full((len(query), MAX_HOUSES), "", dtype=object)
    reading = np.repeat(np.arange(len(query)), list(map(len, houses)))
    column = [rank for found in houses for rank in range(len(found))]
    each = list(chain.from_iterable(houses))
    numbers[reading, column] = [number for number, _ in each]
    repetitions[reading, column] = [repetition for _, repetition in each]
    one, two, three = (np.array(positions, dtype=np.int64) for positions in (query, place, street))
    return Readings(one, two, three, list(places), list(streets), numbers, repetitions)


def _postcode(given: str) -> str:
    text = given.strip().removesuffix(".0")
    return text.zfill(5) if text.isdecimal() and text.isascii() and 4 <= len(text) <= 5 else ""  # noqa: PLR2004


def _read(line: str, place: Place, cities: Communes) -> list[Reading]:
    plain = _PLAIN.match(line) if place.city or place.citycode else None
    if plain and not line.endswith(city_key(place.city) or "?"):
        number, other, repetition, street = plain.groups()
        lone = _lone_street(street)
        if lone:
            house = (int(number), REPETITIONS.get(repetition, ""))
            return [((house, (int(other), "")) if other else (house,), lone, None)]
    found: dict[Reading, None] = {}
    for text, own in _with_place(line, place, cities):
        for piece in dict.fromkeys(map(str.strip, _pieces(text))):
            for houses, street in _split(piece):
                key = street_key(street)
                if key.words:
                    found.setdefault((houses, key, own))
    return list(found)[:MAX_READINGS]


@lru_cache(maxsize=1 << 18)
def _lone_street(text: str) -> StreetKey | None:
    """Return the key of a street, none where a postcode or anything else may stand beside it."""
    if text[-5:].isdecimal() or not _NOISE_WORDS.isdisjoint(text.split()) or _HOUSE_AND_WAY.search(text):
        return None
    return street_key(text)


def _with_place(line: str, place: Place, cities: Communes) -> Iterator[tuple[str, Place | None]]:
    """Yield the text before a commune that the line ends with, and the place it makes (none: that of the columns)."""
    matches = [match for match in _POSTCODE.finditer(line) if match.start() > 0]
    if matches:
        last = matches[-1]
        city = _NOISE.sub(" ", line[last.end() :]).strip(" ,;-()").removesuffix(" france")
        merged = Place(place.postcode or last[1], place.city or city, place.citycode)
        yield line[: last.start()], None if merged == place else merged
        return
    known = city_key(place.city)
    words = line.split()
    if words and not place.citycode and (words[-1] in cities.last_words or words[-1] == known.rpartition(" ")[2]):
        for size in range(min(6, len(words) - 1), 0, -1):
            tail = " ".join(words[-size:])
            key = city_key(tail)
            if (key == known) if known else (key in cities.by_name):
                merged = Place(place.postcode, place.city or tail, "")
                yield " ".join(words[:-size]), None if merged == place else merged
                break
    yield line, None


def _pieces(text: str) -> Iterator[str]:
    """Yield the parts of an address that may be its number and street, the likeliest first."""
    noisy = not _NOISE_WORDS.isdisjoint(_PUNCTUATION.sub(" ", text).split())
    clean = _NOISE.sub(" , ", text) if noisy else text
    house = _HOUSE_AND_WAY.search(clean)
    if house:
        street = _BREAK.split(clean[house.end() :], maxsplit=1)[0]
        other = _HOUSE_AND_WAY.search(street)
        yield house[0] + (street[: other.start()].removesuffix(" et ") if other else street)
        yield text
        return
    parts = [part for part in map(str.strip, _BREAK.split(clean)) if part and not part.isdecimal()]
    ways = [way.start() for way in _WAY.finditer(clean)]
    if ways and (ways[-1] or len(parts) > 1):
        lead = _HOUSE.match(clean)
        for start in dict.fromkeys((ways[0], ways[-1])):
            tail = _BREAK.split(clean[start:], maxsplit=1)[0]
            yield f"{lead[0]} {tail}" if lead else tail
    yield clean
    if clean != text:
        yield text
    if len(parts) > 1:
        yield from parts


def _split(text: str) -> Iterator[tuple[tuple[House, ...], str]]:
    """Yield the house numbers and street of a piece of an address, in each way it can be read."""
    houses: list[House] = []
    end = 0
    match = _HOUSE.match(text)
    while match:
        letters = match[2] or match[3] or ""
        houses.append((int(match[1]), REPETITIONS.get(letters, letters)))
        end = match.end()
        gap = _NEXT.match(text, end)
        match = _HOUSE.match(text, gap.end()) if gap else None
    rest = text[end:]
    street = _PUNCTUATION.sub(" ", rest).strip()
    if not houses:
        if street:
            yield (), street
        return
    letter = _LETTER.match(rest)
    head = street.split(" ", 2)
    if letter and len(head) > 1:
        # A letter apart (12 b rue A) is a repetition where a way follows, or where it cannot begin a street.
        is_way = head[1] in HEADS or head[1] in WAY_WORDS
        if is_way or (letter[1] not in HEADS and not letter[1][1:2].isalpha()):
            lettered = (*houses[:-1], (houses[-1][0], letter[1]))
            yield _ends(lettered), _PUNCTUATION.sub(" ", rest[letter.end() :]).strip()
    if street:
        yield _ends(houses), street
        if head[0][:3] in MONTHS:
            yield (), _PUNCTUATION.sub(" ", text).strip()


def _ends(houses: Sequence[House]) -> tuple[House, ...]:
    """Return the house numbers, with the two ends of a range that lost its hyphen (``1719`` for 17-19)."""
    number = houses[0][0]
    if len(houses) == 1 and number > 999:  # noqa: PLR2004
        text = str(number)
        low, high = int(text[: len(text) // 2]), int(text[len(text) // 2 :])
        if len(text) % 2 == 0 and low < high <= low + 20 and (high - low) % 2 == 0:
            return (houses[0], (low, ""), (high, ""))
    return tuple(dict.fromkeys(houses))[:MAX_HOUSES]
