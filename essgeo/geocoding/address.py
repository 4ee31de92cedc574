"""French addresses read as house numbers, a street and a place, in every way that a text can be read."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from essgeo.geocoding.communes import Communes, Place, city_key, read_place
from essgeo.geocoding.spelling import HEADS, MONTHS, REPETITIONS, WAY_WORDS, StreetKey, fold_all, street_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    House = tuple[int, str]
    Reading = tuple[tuple[House, ...], StreetKey, Place | None, int]


MAX_HOUSES = 3
"""House numbers that are kept of a range or list."""

MAX_READINGS = 8

PLACE_NOUNS = frozenset([
    "abbaye", "aeroport", "arenes", "auditorium", "basilique", "bibliotheque", "bois", "caserne", "cathedrale",
    "centre", "chapelle", "chateau", "cimetiere", "cinema", "cite", "clinique", "college", "conservatoire",
    "creche", "crypte", "domaine", "ecole", "eglise", "ehpad", "espace", "fac", "faculte", "ferme", "fondation",
    "forum", "foyer", "gare", "gymnase", "halle", "halles", "hippodrome", "hopital", "hotel", "institut", "jardin",
    "jardins", "lycee", "mairie", "maison", "marche", "mediatheque", "metro", "mosquee", "musee", "opera", "palais",
    "parc", "piscine", "plaine", "pont", "port", "porte", "prefecture", "presbytere", "prison", "quartier", "rer",
    "residence", "salle", "stade", "station", "synagogue", "temple", "theatre", "tour", "tribunal", "universite",
    "village",
])  # fmt: skip
"""Words that begin the name of a place: a street may bear that name and lie elsewhere."""

# The common ones first, for they are tried in order; a space or an end follows each, so that none hides a longer one.
_COMMON = ("rue", "avenue", "boulevard", "place", "bd", "av", "quai", "allee", "impasse", "passage", "pl", "all")

_WAYS = "|".join(dict.fromkeys((*_COMMON, *sorted(word for word in {*HEADS, *WAY_WORDS} if len(word) > 1))))

_REPETITION = "bis|ter|quater|quinquies|sexies"

# 12 rue A, 12-14 rue A, 12 bis rue A and nothing else: nine addresses in ten, read at once.
_PLAIN = re.compile(rf"(\d{{1,3}})(?: ?[-/] ?(\d{{1,3}})| ?({_REPETITION}))?,? ((?:{_WAYS}|r) [a-z0-9 -]+)$")

# Letters glued to a number (12b) that are neither a way nor the month of May, unless a way follows.
_GLUED = rf"(?!(?:{_WAYS}|mai)\b(?!,? (?:{_WAYS}|r)\b))[a-z]{{1,3}}\d{{0,2}}"

# A house number with its repetition or the letters glued to it: 12, 12 bis, 12b.
_HOUSE = re.compile(rf"(\d{{1,6}})(?: ?({_REPETITION})\b|({_GLUED})\b)?")

# What joins the numbers of a list or range: 12-14, 12 et 14, 12 a 18.
_NEXT = re.compile(r" ?(?:[-/,;&+]|et|a|au|ou) ?(?=\d)")

_MONTH = "janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre"

# A number behind its street: rue A 12, rue A, n 12 bis; the year of a date is none.
_BEHIND = re.compile(
    rf"\b(?P<street>(?:{_WAYS}|r) [^,;()]*?[a-z]{{2,}})(?<!\bbis)(?<!\bter)[ ,(]+(?:(?:n|no|numero) ?)?"
    rf"(?P<house>\d{{1,4}}(?:(?: ?[-/] ?| (?:et|a) )\d{{1,4}})?(?: ?(?:{_REPETITION})\b| ?[a-d]\b)?)\)?$"
)

# The number of the house once more, behind its street: 18 rue A 18 bis.
_AGAIN = re.compile(rf"^(?P<street>0*(\d{{1,4}})\b[^,;()]*[a-z]{{2,}}),? \2(?: ?(?:{_REPETITION}|[a-d]))?$")

# As in an alphabetical list: Vaugirard (rue de), Lamarck (53 bis rue), Pre-Saint-Gervais, rue du.
_INVERTED = re.compile(
    rf"^(?:(?P<house>\d[\d /-]*(?: ?(?:{_REPETITION})\b)?)[ ,]+)?(?P<name>[a-z][^(),;]*?) ?[(,] ?"
    rf"(?P<number>\d[\d /-]*(?: ?(?:{_REPETITION})\b)?,? )?"
    rf"(?P<way>(?:{_WAYS}|r)(?: (?:de la|de l|du|des|de|d|la|les?|l))?)\)?$"
)

_DATED = re.compile(rf"\b(?:{_MONTH})$")

# What stands before a house number, or says that there is none.
_BEFORE = re.compile(
    r"^(?:(?:0+(?: ?bis)?|s ?/? ?n|sans numero)(?:[ ,]+0+\b)*(?=[ ,])[ ,]*|(?:n|no|numero) (?=\d)|0+(?=[1-9]))+"
)

# What a street is followed by, where nothing parts it from its name; behind an article it belongs to the name.
_TAIL = re.compile(
    rf"(?<=[a-z0-9]){''.join(f'(?<! {word})' for word in ('de', 'du', 'la', 'le', 'l', 'd', 'des', 'les'))} (?:maison"
    r"|residence|res|centre|mairie|ecole|gymnase|salle|espace|local|pres|derriere|batiment|bat|immeuble|quartier|cite"
    r"|zone|bureau|face|rdc|cour|fond|digicode|code|interphone|porte|lot|escalier|etage|hall|appartement|association"
    r"|asso|foyer|ehpad|cabinet|pharmacie|hopital|clinique|college|lycee|creche)\b"
)

# A letter apart from its number: 12 B rue A.
_LETTER = re.compile(r"[ -]([a-z]{1,2}\d{0,2})(?=[ ,]|$)")

# A postcode, with or without its country (F-93140); the number of a postbox is none.
_POSTCODE = re.compile(r"(?:^|(?<!\bbp)(?<!\bcs)(?<!\btsa)[ ,;(-])(?:f ?-? ?)?(\d{5})\b[ ,;-]*")

_PUNCTUATION, _NO_LETTERS = re.compile(r"[^a-z0-9]+"), re.compile(r"[^a-z]+")

# Where one part of an address ends and another begins; the slash of 12/14 is none.
_BREAK = re.compile(r"[,;()+]|(?<![a-z])/|/(?!\d)| - |- | -")

_ONE = rf"\d{{1,4}}(?: ?(?:{_REPETITION}|[a-z]{{1,2}}\d{{0,2}})\b|{_GLUED}\b)?"

# Numbers and a kind of way behind them, wherever they stand: the surest beginning of an address.
_HOUSE_AND_WAY = re.compile(
    rf"(?<![a-z0-9])(?:{_ONE} ?(?:[-/,;&+]|et|a|au|ou) ?){{0,4}}{_ONE}[ ,]+(?:{_WAYS}|r)\b(?= [a-z0-9])"
)

# A kind of way with a name behind it.
_WAY = re.compile(rf"(?<![a-z0-9])(?:{_WAYS})\b(?= [a-z0-9])")

_WAY_OR_R = re.compile(rf"(?<![a-z0-9])(?:{_WAYS}|r)\b(?= [a-z0-9])")

# What stands in an address and is neither number nor street: boxes, persons, floors, buildings, doors.
_NOISE = re.compile(
    r"\bcedex\b(?: \d{1,2}\b)?|\b(?:bp|b p|cs|tsa|cidex) ?(?:n )?\d+\b"
    r"|(?:\bc ?/ ?o\b|\b(?:chez|a l attention de|aux bons soins de)\b)[^,;\d]*"
    r"|\b(?:anciennement|autrefois|precedemment|ex)\b(?= [a-z0-9])[^,;()]*"
    r"|\b(?:tel(?:ephone)?|fax|port(?:able)?|mob(?:ile)?)?\b[ .]*(?:\+ ?33 ?(?:\(0\) ?)?|\b0)[1-9](?:[ /-]?\d\d){4}\b"
    r"|\b\d{1,2} ?(?:er|e|eme|ieme|nd)? ?(?:etage|etg)\b|\brez de (?:chaussee|jardin)\b|\brdc\b"
    r"|\betage \d+\b|\b(?:droite|gauche)$"
    r"|\b(?:bat(?:iment)?|bt|immeuble|imm|esc(?:alier)?|app(?:t|artement)?|apt|hall|cage|logement|logt|boite|entree|porte|chambre|studio)"
    r" ?(?:n ?)?(?:\d+[a-z]?|[a-z]\d{0,2}(?= ?(?:[,;()/-]|$| \d"
    r"| bat| esc| et| app| apt| hall| porte| rue| r | av| bd| place| pl )))\b(?! etage)"
    r"|\b(?:face|angle|parking|parkg|pkg)\b(?: (?:du|de la|de|au|a|aux))?(?= )"
)  # fmt: skip

_POSTCODE_DIGITS, _PHONE_DIGITS = 5, 8

# A word and a postcode glued together, or a postcode and its commune.
_GLUED_CODE = re.compile(r"(?<=[a-z])(?=\d{5}\b)|(?<=\b\d{5})(?=[a-z])")

# A text without any of these has no noise; "porte" is left out, for streets are named so.
_NOISE_WORDS = frozenset([
    "cedex", "bp", "cs", "tsa", "cidex", "c", "chez", "attention", "etage", "etg", "rez", "rdc", "droite", "gauche",
    "bat", "batiment", "bt", "immeuble", "imm", "esc", "escalier", "app", "appt", "appartement", "apt", "hall", "cage",
    "logement", "logt", "boite", "entree", "chambre", "studio", "face", "angle", "parking", "parkg", "pkg", "b", "bons",
    "anciennement", "autrefois", "precedemment", "ex", "tel", "telephone", "fax", "portable", "mobile", "mob",
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
    named
        Shape (readings,): whether the text has no number, and no kind of way either or the word for a kind of place, so
        that it names a place rather than a street.
    corner
        Shape (readings,): 1 and 2 for the streets that an address says it lies between, 0 for any other.
    """

    query: NDArray[np.int64]
    place: NDArray[np.int64]
    street: NDArray[np.int64]
    places: list[Place]
    streets: list[StreetKey]
    numbers: NDArray[np.int32]
    repetitions: NDArray[np.object_]
    named: NDArray[np.bool_]
    corner: NDArray[np.int8]


def read_addresses(queries: pd.DataFrame, cities: Communes) -> Readings:
    """Return every reading of queries (text ``address``, ``postcode``, ``city``, ``citycode``; ``""`` where missing).

    ``cities`` tell the commune at the end of an address that names no other.
    """
    lines = fold_all(queries["address"].tolist())
    columns = [queries[name].tolist() for name in ("postcode", "city", "citycode")]
    places: dict[Place, int] = {}
    streets: dict[StreetKey, int] = {}
    given: dict[tuple[str, str, str], tuple[Place, str]] = {}
    query: list[int] = []
    place: list[int] = []
    street: list[int] = []
    corner: dict[int, int] = {}
    houses: list[tuple[House, ...]] = []
    for row, (line, stated) in enumerate(zip(lines, zip(*columns, strict=True), strict=True)):
        stands = given.get(stated)
        if stands is None:
            here = read_place(*stated)
            stands = given[stated] = here, city_key(here.city).rpartition(" ")[2] or "?"
            places.setdefault(here, len(places))
        here, last = stands
        for found, key, own, side in _read(line, here, last, cities):
            if side:
                corner[len(query)] = side
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
    names = np.array([not key.way or key.way in PLACE_NOUNS for key in streets], dtype=bool)
    named = names[three] & (numbers[:, 0] < 0)
    sides = np.zeros(len(query), dtype=np.int8)
    sides[list(corner)] = list(corner.values())
    return Readings(one, two, three, list(places), list(streets), numbers, repetitions, named, sides)


def _read(line: str, place: Place, last: str, cities: Communes) -> list[Reading]:
    """Return the readings of a line; ``last`` is the last word of the commune of the columns, which it may repeat."""
    plain = _PLAIN.match(line) if place.city or place.citycode else None
    if plain and not line.endswith(last) and line[line.rfind(" ") + 1 :] not in cities.last_words:
        number, other, repetition, street = plain.groups()
        lone = _lone_street(street) if int(number) and f" {number}" not in street else None
        if lone:
            house = (int(number), REPETITIONS.get(repetition, ""))
            return [((house, (int(other), "")) if other else (house,), lone, None, 0)]
    whole = city_key(read_place("", line, "").city)
    if whole in cities.by_name and whole in (city_key(place.city) or whole):
        return []  # a commune and nothing else: Paris 12e
    found: dict[Reading, None] = {}
    for text, own in _with_place(line, place, cities):
        for side, piece in enumerate(_corner(text), start=1):
            found.setdefault(((), street_key(piece), own, side))
        for piece in dict.fromkeys(map(str.strip, _pieces(text))):
            for houses, street in _split(piece):
                key = street_key(street)
                if key.words:
                    found.setdefault((houses, key, own, 0))
    return list(found)[:MAX_READINGS]


@lru_cache(maxsize=1 << 18)
def _lone_street(text: str) -> StreetKey | None:
    """Return the key of a street, none where a postcode or anything else may stand beside it."""
    digits = sum(map(str.isdecimal, text))
    if digits >= _PHONE_DIGITS or (digits >= _POSTCODE_DIGITS and re.search(r"\d{5}", text)):
        return None
    if not _NOISE_WORDS.isdisjoint(_NO_LETTERS.sub(" ", text).split()) or _HOUSE_AND_WAY.search(text):
        return None
    return None if " -" in text or "- " in text or _TAIL.search(text) else street_key(text)


_WORD = re.compile(r"[a-z0-9]+")

# A country behind a comma, or behind what may be a commune.
_COUNTRY = re.compile(r"(?: ?[,;(-] ?|(?P<town>[a-z0-9]+) )france\)?$")

_IN_DEPARTMENT = re.compile(r"[ ,;/(-]+(\d\d|2[ab]|9[78]\d)\)?$")


def _without_country(found: re.Match[str], cities: Communes) -> str:
    """Return what stands for a country at the end of a line: nothing, unless it may be part of a name."""
    town = found["town"] or ""
    return town if not town or town in cities.last_words else found[0]


def _with_place(line: str, place: Place, cities: Communes) -> Iterator[tuple[str, Place | None]]:
    """Yield the text before a commune that the line ends with, and the place it makes (none: that of the columns).

    Where both name a commune and do not agree, each is yielded.
    """
    line = _GLUED_CODE.sub(" ", _COUNTRY.sub(lambda found: _without_country(found, cities), line))
    first = _POSTCODE.match(line)
    if (first and not _POSTCODE.search(line, first.end())) or not (first or place.city or place.citycode):
        # The commune stands first: 93140 Bondy, rue A; Bondy, rue A.
        words = list(_WORD.finditer(line, first.end() if first else 0))
        ends = [words[size - 1].end() for size in range(min(6, len(words) - 1), 0, -1)]
        splits = [(line[words[0].start() : end], line[end:].strip(" ,;-)")) for end in ends]
        known = [(head, rest) for head, rest in splits if city_key(head) in cities.by_name]
        # A number before a way is that of a house, and not of a district: Paris 12 rue A.
        for begin in (_HOUSE_AND_WAY, _WAY, *([_WORD] if first else [])):
            if split := next((split for split in known if begin.match(split[1])), None):
                line = f"{split[1]}, {first[1] if first else ''} {split[0]}"
                break
    matches = [match for match in _POSTCODE.finditer(line) if match.start() > 0]
    if not matches:
        if not any(place) and cities.alone and (other := _other_commune(line, cities)):
            yield line, Place("", other, "")
            return
        for text, here in _with_city(line, city_key(place.city), cities):
            merged = Place(place.postcode or here.postcode, place.city or here.city, place.citycode)
            yield text, None if merged == place else merged
        return
    last = matches[-1]
    behind = _BREAK.split(line[last.end() :], maxsplit=1)[0].removesuffix(" france").strip()
    text, own = line[: last.start()], read_place(last[1], behind, "")
    if not behind:
        # The postcode stands behind its commune: rue A, Bondy 93140.
        text, here = next(_with_city(text, "", cities))
        own = Place(last[1], here.city, "")
    merged = Place(place.postcode or own.postcode, place.city or own.city, place.citycode)
    for before, _ in _with_city(text, city_key(merged.city), cities):
        yield before, None if merged == place else merged
    if place.city and own.city and place.postcode != own.postcode and city_key(place.city) != city_key(own.city):
        yield text, own


def _other_commune(line: str, cities: Communes) -> str:
    """Return what a line without postcode ends with that may be a commune, other than those that are known."""
    parts = [part.strip() for part in re.split(r",| - ", line)]
    last = parts[-1]
    is_name = len(parts) > 1 and last.replace(" ", "").replace("-", "").isalpha() and not _NOISE.search(last)
    known = last.split()[:1] and (
        last.split()[0] in PLACE_NOUNS or street_key(last).way or city_key(last) in cities.by_name
    )
    return last if is_name and not known and not _TAIL.search(f"x {last}") else ""


def _with_city(line: str, known: str, cities: Communes) -> Iterator[tuple[str, Place]]:
    """Yield the text before the name of a commune that a line ends with, ``known`` or any; then the line itself."""
    department = _IN_DEPARTMENT.search(line)
    for text in dict.fromkeys((line, line[: department.start()] if department else line)):
        words = list(_WORD.finditer(text))
        if not words:
            continue
        if words[-1][0] not in cities.last_words and words[-1][0] != known.rpartition(" ")[2]:
            # A commune glued to the street: rue VernierParis.
            word = words[-1][0]
            ends = (word[-size:] for size in range(len(word) - 3, 3, -1))
            if end := next((end for end in ends if (end == known if known else end in cities.by_name)), ""):
                yield text[: words[-1].end() - len(end)], Place("", end, "")
            continue
        for size in range(min(6, len(words) - 1), 0, -1):
            tail = text[words[-size].start() :]
            key = city_key(tail)
            if f" {known}".endswith(f" {key}") if known else key in cities.by_name:
                before = text[: words[-size].start()].rstrip(" ,;-(")
                yield before, Place(department[1] if department and text != line else "", tail, "")
                break
    yield line, Place("", "", "")


# Two streets that meet: angle de la rue A et de l avenue B, croisement rue A avenue B, rue A / avenue B.
_MEETING = re.compile(
    rf"\b(?:angle|croisement|intersection|coin|carrefour(?= (?:(?:de|du|des|entre|la|l|le) )*(?:{_WAYS})\b))\b"
)

_AND = re.compile(r"\b(?:et|x|avec|angle|croisement)\b|[/&+,]")

# Two ways and nothing but that between them: rue A et rue B, rue A x avenue B.
_BOTH = re.compile(rf" (?:et|x) (?:(?:de|la|l) )*(?:{_WAYS}|r)\b")


def _corner(text: str) -> tuple[str, ...]:
    """Return the two streets that a text says it lies between, none where it has a house number or one street."""
    two = "/" in text or "&" in text or _MEETING.search(text) or _BOTH.search(text)
    if not two or _HOUSE_AND_WAY.search(text) or text[:1].isdecimal():
        return ()
    text = _MEETING.sub(" ", text)
    bounds = [*(way.start() for way in _WAY_OR_R.finditer(text)), len(text)]
    streets: dict[str, None] = {}
    begin = -1
    for start, end in pairwise(bounds):
        # A way that another follows at once is part of one name: rue du pont neuf.
        begin = start if begin < 0 else begin
        part = re.sub(r"(?: (?:et|de|du|des|la|l|les|a|au))+$", "", _AND.split(text[begin:end])[0].strip(" -()"))
        if street_key(part).way:
            streets[part], begin = None, -1
    return tuple(streets) if len(streets) == 2 else ()  # noqa: PLR2004


def _pieces(text: str) -> Iterator[str]:
    """Yield the parts of an address that may be its number and street, the likeliest first."""
    text = _BEFORE.sub("", text)
    if inverted := _INVERTED.match(text):
        yield f"{inverted['house'] or inverted['number'] or ''} {inverted['way']} {inverted['name']}"
    noisy = (
        not _NOISE_WORDS.isdisjoint(_NO_LETTERS.sub(" ", text).split()) or sum(map(str.isdecimal, text)) > _PHONE_DIGITS
    )
    clean = (_NOISE.sub(" , ", text) if noisy else text).strip(" ,;-")
    house = _HOUSE_AND_WAY.search(clean)
    if house:
        street = _BREAK.split(clean[house.end() :], maxsplit=1)[0]
        other = _HOUSE_AND_WAY.search(street)
        street = street[: other.start()].removesuffix(" et ") if other else street
        yield house[0] + street
        if again := _AGAIN.match(house[0] + street):
            yield again["street"]
        if behind := _TAIL.search(street):
            yield house[0] + street[: behind.start()]
        yield text
        return
    behind = _BEHIND.search(clean)
    if behind and not _DATED.search(behind["street"]):
        yield f"{behind['house']} {behind['street']}"
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
    each = tuple(dict.fromkeys(house for house in houses if house[0]))
    return each if len(each) <= MAX_HOUSES else (*each[: MAX_HOUSES - 1], each[-1])
