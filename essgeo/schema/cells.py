"""What a cell of a spreadsheet says: a number, a place on the map, an address, a word of a vocabulary."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from essgeo.schema.names import WORDS, simplify, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from essgeo.schema.vocabulary import Labels

MISSING = frozenset(WORDS["missing"])
"""What people and programs write where they know nothing, in lower case."""

FLAGS = dict.fromkeys(WORDS["yes"], True) | dict.fromkeys(WORDS["no"], False)


def known(text: str) -> str:
    """Return the text of a cell, or nothing where it is one of the ways to say that nothing is known.

    Examples
    --------
    >>> known(" #N/A "), known("Non renseigné"), known("Bondy")
    ('', '', 'Bondy')
    """
    clean = text.strip()
    return "" if clean.lower() in MISSING else clean


def without_decimals(text: str) -> str:
    """Return ``48.0`` or ``48,0``, as a column of numbers with a gap is written, as ``48``, and anything else as it is.

    Examples
    --------
    >>> without_decimals("48.0"), without_decimals("8.2821337100014E13"), without_decimals("48 bis")
    ('48', '82821337100014', '48 bis')
    """
    plain = text.strip().replace(",", ".")
    if re.fullmatch(r"\d+\.0+", plain):
        return plain.partition(".")[0]
    found = re.fullmatch(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,2})", plain)
    if found and len(found[2] or "") >= int(found[3]) - 1:
        return (found[1] + (found[2] or "")).ljust(int(found[3]) + 1, "0")[: int(found[3]) + 1]
    return text


def number_of(text: str) -> float | None:
    """Return a number written with spaces, a unit, a decimal point or comma; None where it is no number.

    Examples
    --------
    >>> number_of("80 m²"), number_of("1 200"), number_of("env. 12,5 m2"), number_of("1.200,50 €"), number_of("80-100")
    (80.0, 1200.0, 12.5, 1200.5, None)
    """
    plain = re.sub(r"[\s'\u2019\u00a0\u202f]+", " ", known(text))
    unit = r"\s*(?:m²|m2|m|ha|€|eur|euros?|%|°|habitants?|personnes?)?\.?"
    found = re.fullmatch(
        rf"(?:env(?:iron)?\.?|~|≈|ca\.?|about)?\s*([+-]?[\d., ]*\d)(?:[eE]([+-]?\d+))?{unit}", plain, re.IGNORECASE
    )
    if not found:
        return None
    digits = found[1].replace(" ", "")
    if "," in digits and "." in digits:  # the last of the two marks the decimals
        thousands = "." if digits.rfind(",") > digits.rfind(".") else ","
        digits = digits.replace(thousands, "")
    digits = digits.replace(",", ".")
    if digits.count(".") > 1:  # several are thousands
        if not re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+", digits):
            return None
        digits = digits.replace(".", "")
    try:
        number = float(f"{digits}e{found[2] or 0}")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


_DEGREES = re.compile(
    r"([NSEWO]?)\s*(\d{1,3})\s*°\s*(\d{1,2}(?:[.,]\d+)?)?\s*['\u2032\u2019]?\s*(\d{1,2}(?:[.,]\d+)?)?"
    r"\s*(?:''|[\"\u2033\u201d])?\s*([NSEWO]?)",
    re.IGNORECASE,
)


def degrees_of(text: str) -> float | None:
    r"""Return degrees, decimal or with minutes and seconds; None where a cell holds none.

    Examples
    --------
    >>> degrees_of("48,9021"), degrees_of("2.48° E"), degrees_of("48° 54' 36\" N"), degrees_of("662 000,5")
    (48.9021, 2.48, 48.91, 662000.5)
    """
    plain = known(text)
    if "°" in plain and (found := _DEGREES.fullmatch(plain)):
        minutes, seconds = (float((part or "0").replace(",", ".")) for part in found.group(3, 4))
        value = int(found[2]) + minutes / 60 + seconds / 3600
        return -value if {found[1].upper(), found[5].upper()} & {"S", "W", "O"} else value
    plain = re.sub(r"^[NE]\s*|\s*°?\s*[NE]?$|(?<=\d)[\s\u00a0\u202f](?=\d{3}(?:\D|$))", "", plain, flags=re.IGNORECASE)
    return float(plain.replace(",", ".")) if re.fullmatch(r"[+-]?\d+(?:[.,]\d*)?(?:[eE]-?\d+)?", plain) else None


FRANCE_LON, FRANCE_LAT = (-6.0, 10.0), (41.0, 52.0)

MAX_LON, MAX_LAT = 180, 90


def position_of(lon: float | None, lat: float | None) -> tuple[float, float] | None:
    """Return a longitude and latitude in order, exchanged where they are so in France; None where they are no place.

    Examples
    --------
    >>> position_of(2.4, 48.9), position_of(48.9, 2.4), position_of(0.0, 0.0), position_of(660000, 6867000)
    ((2.4, 48.9), (2.4, 48.9), None, None)
    """
    if lon is None or lat is None or (lon == 0 and lat == 0):
        return None
    if FRANCE_LAT[0] <= lon <= FRANCE_LAT[1] and FRANCE_LON[0] <= lat <= FRANCE_LON[1]:
        return lat, lon
    # Software writes the edges of the world, -180 and 90, for what it does not know.
    return (lon, lat) if abs(lon) < MAX_LON and abs(lat) < MAX_LAT else None


def point_of(text: str) -> tuple[float, float] | None:
    """Return the longitude and latitude of a cell that holds both, latitude first unless it is WKT, GeoJSON or says so.

    Examples
    --------
    >>> point_of("48.858996, 2.425827"), point_of("POINT (2.425827 48.858996)"), point_of("48,85 ; 2,42")
    ((2.425827, 48.858996), (2.425827, 48.858996), (2.42, 48.85))
    """
    plain = known(text)
    numbers = re.findall(r"-?\d+(?:[.,]\d+)?", plain)
    if re.match(r"(?i)\s*(point\s*z|.*\bpoint\b.*coordinates)", plain):
        numbers = numbers[:2]  # what follows is the height
    if len(numbers) != 2 or not re.fullmatch(r"[-\d.,;/|\s°()\[\]{}\"':a-zA-Z]*", plain):  # noqa: PLR2004 (a pair)
        return None
    first, second = (float(number.replace(",", ".")) for number in numbers)
    lon_first = re.match(r"(?i)\s*(point|srid|.*coordinates|.*\blon.*\blat|.*\blng.*\blat)", plain)
    return position_of(first, second) if lon_first else position_of(second, first)


def postcode_and_city(text: str) -> tuple[str, str]:
    """Return the postcode and the commune of a cell that holds both.

    Examples
    --------
    >>> postcode_and_city("93140 Bondy"), postcode_and_city("Bondy (93140)"), postcode_and_city("Bondy")
    (('93140', 'Bondy'), ('93140', 'Bondy'), ('', ''))
    """
    if found := re.fullmatch(r"(?:F-?)?(\d{5})[\s,;\u2013-]+([^\d\s].*)", text):
        return found[1], found[2]
    if found := re.fullmatch(r"([^\d\s]\D*?)[\s,;(\u2013-]+(\d{5})\s*\)?", text):
        return found[2], found[1]
    return "", ""


_STATUS_OF = {word: status for status, words in WORDS["status"].items() for word in words}


def status_of(text: str) -> str | None:
    """Return whether a structure is ``active``, ``closed`` or ``moved``, in any of the usual words; None if unknown.

    Examples
    --------
    >>> status_of("Fermé"), status_of("En activité"), status_of("F"), status_of("non"), status_of("Association")
    ('closed', 'active', 'closed', 'closed', None)
    """
    plain = simplify(known(text))
    flag = FLAGS.get(plain)
    if flag is not None:
        return "active" if flag else "closed"
    return _STATUS_OF.get(plain) or _STATUS_OF.get(re.sub(r"_(en|le|depuis)_.*|_e$|_e_s$|_\d.*", "", plain))


MIN_PREFIX = 4
"""Letters that the beginning of a label needs to stand for it."""

_AND = re.compile(r"\s+(?:et|and|[-\u2013\u2022])\s+|\s*[&,/+]\s*", re.IGNORECASE)


def code_of(word: str, labels: Labels) -> str | None:
    """Return the code that a word stands for; None where it is not known.

    A code, a label, either half of a label that joins two things, the beginning of the labels of one code only; in
    French or English. Case, accents, plurals, articles and the order of words do not count.

    Examples
    --------
    >>> from essgeo.schema.vocabulary import SECTORS
    >>> code_of("Mobilités", SECTORS), code_of("Réemploi", SECTORS), code_of("Édu", SECTORS)
    ('mobilite', 'economie_circulaire_reemploi', None)
    """
    return _code(word, _known_words(_written(labels)))


_Words: TypeAlias = tuple[dict[frozenset[str], str], dict[frozenset[str], str], dict[str, str]]


def _code(word: str, words: _Words) -> str | None:
    exact, halves, begun = words
    plain, key = simplify(word), _key(word)
    if not key:
        return None
    if found := exact.get(key) or halves.get(key):
        return found
    codes = {code for label, code in begun.items() if len(plain) >= MIN_PREFIX and label.startswith(plain)}
    return codes.pop() if len(codes) == 1 else None


@lru_cache(maxsize=1 << 14)
def _key(word: str) -> frozenset[str]:
    return frozenset(words_of(word)) if simplify(word) else frozenset()


def _written(labels: Labels) -> tuple[tuple[str, str], ...]:
    return tuple((label, code) for code, names in labels.items() for label in (code, *names.values()))


@lru_cache(maxsize=1 << 6)
def _known_words(written: tuple[tuple[str, str], ...]) -> _Words:
    """Return what stands for the codes of a vocabulary: whole labels, their halves, and the labels written simply."""
    exact: dict[frozenset[str], str] = {}
    halves: dict[frozenset[str], str] = {}
    for label, code in written:
        exact.setdefault(_key(label), code)
    for label, code in written:
        for half in _AND.split(label):
            key = _key(half)
            halves[key] = code if halves.get(key, code) == code else ""
    return exact, halves, {simplify(label): code for label, code in written}


def codes_of(
    cells: Iterable[str], labels: Labels, recode: Mapping[str, str] | None = None
) -> tuple[list[str], list[list[str]]]:
    """Return cells of words as codes joined by ``|``, and the words of each cell that are not known.

    Parameters
    ----------
    cells
        Words separated by ``|``, ``;`` or a new line, and by ``,`` or ``/`` where the whole is no word.
    labels
        The vocabulary, see :func:`code_of`.
    recode
        What words of a town stand for; ``""`` for nothing.

    Examples
    --------
    >>> from essgeo.schema.vocabulary import SECTORS
    >>> codes_of(["Mobilité; Food and farming", "alimentation", "magie", "Vélo"], SECTORS, {"Vélo": "mobilite"})
    (['mobilite|alimentation_agriculture', 'alimentation_agriculture', '', 'mobilite'], [[], [], ['magie'], []])
    """
    words = _known_words(_written(labels))
    own = {_key(word) or frozenset({word}): code for word, code in (recode or {}).items()}
    exact: dict[str, list[str] | None] = {}

    def read(word: str) -> list[str] | None:
        """Return the codes of a word, None where it is not known."""
        if word not in exact:
            code = own.get(_key(word) or frozenset({word}), _code(word, words))
            exact[word] = None if code is None else [code]
        return exact[word]

    found: dict[str, tuple[str, list[str]]] = {}
    cells = list(cells)
    for cell in dict.fromkeys(cells):
        taken: list[str] = []
        lost: list[str] = []
        for word in filter(None, map(known, re.split(r"[|;\n]", cell))):
            parts = [part.strip() for part in _AND.split(word) if part.strip()] if read(word) is None else [word]
            for part in parts if any(read(part) is not None for part in parts) else [word]:
                codes = read(part)
                if codes is None:
                    lost.append(part)
                else:
                    taken.extend(filter(None, codes))
        found[cell] = "|".join(dict.fromkeys(taken)), lost
    return [found[cell][0] for cell in cells], [found[cell][1] for cell in cells]


# From the start of a word only: a cell of 100,000 letters would else be tried from each of them.
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++\s?@\s?[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)

PHONE = re.compile(r"(?<![\d.,])(?:\+\s?33\s?(?:\(0\)\s?)?|0033\s?|0)[1-9](?:[\s.\-/]?\d{2}){4}(?![\d.,]*\d)")


def without_contacts(text: str) -> str:
    """Return a text without the e-mail addresses and telephone numbers in it.

    Examples
    --------
    >>> without_contacts("12 rue A (tél. 01 48 47 00 00)"), without_contacts("appeler x@y.fr")
    ('12 rue A', 'appeler')
    """
    clean = PHONE.sub("", EMAIL.sub("", text))
    if clean == text:
        return text
    return re.sub(
        r"[\s,;:(/-]*\b(?:t[ée]l(?:[ée]phone)?|mob(?:ile)?|port(?:able)?|e?-?mail)?\.?\s*:?\s*\(?\s*\)?\s*$",
        "",
        clean,
        flags=re.IGNORECASE,
    ).strip()


_STREET_WORD = (
    r"(?:rue|r|avenue|av|ave|boulevard|bd|bld|blvd|boul|place|pl|chemin|che|chem|impasse|imp|all[ée]es?|all|quai|route|rte|"
    r"square|sq|cours|passage|pass|sente|sentier|villa|esplanade|mail|parvis|promenade|ruelle|voie|faubourg|fg|cit[ée]|"
    r"rond[ -]point|traverse|mont[ée]e|venelle|galerie|cour|hameau)"
)

_NUMBERED = re.compile(rf"\s*\d+\s*(?:bis|ter|quater|[a-d])?\b[\s,/-]+.*\b{_STREET_WORD}\b\.?\s+\S", re.IGNORECASE)

_STREET = re.compile(rf"\s*{_STREET_WORD}\b\.?\s+\S", re.IGNORECASE)

HOUSE_NUMBER = re.compile(r"\d+\s*(?:bis|ter|quater|[a-z])?", re.IGNORECASE)


def joined_address(cells: Iterable[str]) -> str:
    """Return one address of the cells that make it: parts in their order, or of several lines the one with the street.

    Examples
    --------
    >>> joined_address(["48.0", "", "Rue Jules Guesde"]), joined_address(["54", "avenue Barbusse"])
    ('48 Rue Jules Guesde', '54 avenue Barbusse')
    >>> joined_address(["Résidence Les Lilas", "54 avenue Barbusse"]), joined_address(["BD", "CHANZY"])
    ('54 avenue Barbusse', 'BD CHANZY')
    """
    lines = [" ".join(without_decimals(cell).split()) for cell in map(known, cells) if cell]
    if len(lines) > 1 and not HOUSE_NUMBER.fullmatch(lines[0]):
        for wanted in (_NUMBERED, _STREET):
            if street := next((line for line in lines if wanted.match(line)), ""):
                return street
    if len(lines) > 1 and lines[1].lower().startswith(f"{lines[0].lower()} "):
        lines = lines[1:]  # the number stands in the column of the street too
    return " ".join(lines)
