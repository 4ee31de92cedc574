"""How street names are written: folded text, their comparable forms, how two of them differ and how alike they are."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


LONGEST = 300
"""Characters of a field that are read; no postal address is longer."""

WAYS = {
    "allee": "all al alle allees", "ancien chemin": "ach", "ancienne route": "art", "avenue": "av ave aven avn",
    "boucle": "bcle", "boulevard": "bd bld blv blvd boul bvd bvld", "carrefour": "car carf", "chaussee": "chs",
    "chemin": "ch che chem chm", "chemin rural": "", "chemin vicinal": "chv", "cite": "cte", "clos": "",
    "corniche": "cor", "cote": "", "coteau": "", "cour": "cr", "cours": "crs", "descente": "dsc", "digue": "dig",
    "domaine": "dom", "escalier": "esc", "esplanade": "esp espl", "faubourg": "fg fbg faub", "galerie": "",
    "grand boulevard": "gbd", "grande place": "gpl", "grande rue": "gr", "hameau": "ham", "ilot": "",
    "impasse": "imp", "jardin": "jard", "levee": "", "lotissement": "lot", "mail": "", "marche": "mar",
    "montee": "mte", "parc": "", "parvis": "prv", "passage": "pas pass psg", "passerelle": "ple",
    "petit chemin": "pch", "petite route": "prt", "petite rue": "ptr", "place": "pl plc", "placette": "ptte",
    "plaine": "pln", "plateau": "plt", "pont": "", "port": "", "porte": "pte", "promenade": "prom pro",
    "quai": "qu q", "quartier": "qua quar quart qrt", "rampe": "rpe", "rempart": "rem remp",
    "residence": "res resid", "rocade": "roc", "rond point": "rpt rdpt", "rotonde": "rtd", "route": "rte",
    "rue": "r", "ruelle": "rle", "sente": "sen", "sentier": "sent", "square": "sq squ", "terrasse": "tsse",
    "terre plein": "tpl", "traverse": "tra trav", "venelle": "ven", "vieille route": "vte", "vieux chemin": "vche",
    "villa": "vla vill", "village": "vge vlge", "voie": "voi", "zone": "za zac zad zae zi zup",
}  # fmt: skip
"""Kinds of way and their abbreviations at the head of a street name: forms of La Poste and FANTOIR, codes of SIRENE,
FINESS and ASP."""

PLACES = {
    "aerodrome": "aer", "agglomeration": "agl", "beguinage": "begi", "bourg": "brg bg", "camping": "cpg",
    "centre": "ctre", "centre commercial": "ccal", "chateau": "cht", "contour": "ctr", "ecart": "eca", "ecluse": "ecl",
    "espace": "espa", "ferme": "frm", "fontaine": "fon", "grille": "gri", "halle": "hle", "maison": "mais",
}  # fmt: skip
"""Kinds of place that the same codes know, which are no ways."""

ZONES = frozenset(["activite", "activites", "amenagement", "artisanale", "commerciale", "concerte", "economique",
                   "industrielle", "urbanisation"])  # fmt: skip
"""What a zone is for: one is written in full, by its letters or not at all."""

TITLES = {
    "abbe": "ab", "avenue": "av ave", "boulevard": "bd bld blvd bvd", "capitaine": "cap cne", "chateau": "cht chat",
    "colonel": "col", "commandant": "cdt cmdt", "docteur": "dr doct", "faubourg": "fg fbg",
    "general": "gal gen gl gnal", "grand": "gd", "grande": "gde", "lieutenant": "lt ltn", "marechal": "mal mar marech",
    "monseigneur": "mgr", "moulin": "mln", "notre dame": "nd", "petit": "pt", "porte": "pte",
    "president": "pdt pres prdt", "professeur": "prof pr", "route": "rte", "saint": "st", "sainte": "ste",
    "saints": "sts", "sergent": "sgt", "vieux": "vx",
}  # fmt: skip
"""Words within a street name and their abbreviations."""

NUMBERS = {
    "premier": "1", "premiere": "1", "deux": "2", "trois": "3", "quatre": "4", "cinq": "5", "six": "6", "sept": "7",
    "huit": "8", "neuf": "9", "dix": "10", "onze": "11", "douze": "12", "treize": "13", "quatorze": "14",
    "quinze": "15", "seize": "16", "vingt": "20", "trente": "30", "quarante": "40", "cinquante": "50",
    "soixante": "60", "cent": "100", "mille": "1000", "mil": "1000", "ier": "1", "iere": "1", "ii": "2", "iii": "3",
    "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12", "xiii": "13", "xiv": "14",
    "xv": "15", "xvi": "16", "xvii": "17", "xviii": "18", "xix": "19", "xx": "20", "xxiii": "23",
}  # fmt: skip
"""Numbers in letters and in Roman numerals; single Roman letters count only at the end of a name."""

SPELT = {
    digits: word for word, digits in reversed(NUMBERS.items()) if len(word) > len("ii") and set(word) - set("iverx")
} | {"1": "premier"}
"""The word of each number that has one."""

MONTHS = frozenset(["jan", "fev", "mar", "avr", "mai", "jui", "aou", "sep", "oct", "nov", "dec"])

REPETITIONS = {"bis": "b", "ter": "t", "quater": "q", "quinquies": "c", "sexies": "s"}
"""What follows a house number, in full and as one letter."""

STOP_WORDS = frozenset([
    "a", "au", "aux", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "sur",
])  # fmt: skip

HEADS = {short: kind for kind, shorts in (WAYS | PLACES).items() for short in shorts.split()}

INNER = {short: title for title, shorts in TITLES.items() for short in shorts.split()} | NUMBERS

WAY_WORDS = frozenset(way.split()[0] for way in WAYS).union(["autoroute", "peripherique"]) - {
    "ancien", "grand", "petit", "petite", "vieille", "vieux",
}  # fmt: skip

NOUNS = WAY_WORDS.union([
    "porte", "pont", "faubourg", "fort", "gare", "bois", "parc", "moulin", "chateau", "eglise", "port", "ecole",
    "mairie", "zone", "croix", "neuve", "neuf", "vieux", "vieille", "petit", "petits", "petite", "petites", "grand",
    "grands", "grande", "grandes", "haut", "haute", "bas", "basse", "nord", "sud", "est", "ouest",
])  # fmt: skip
"""Words that make another street when they are added to a name, unlike first names and ranks."""

RANKS = frozenset([
    "abbe", "capitaine", "colonel", "commandant", "docteur", "general", "lieutenant", "marechal", "monseigneur",
    "president", "professeur", "sergent",
])  # fmt: skip
"""Words that a street name is written with or without."""

ROADS = frozenset({"rue", "avenue", "boulevard"})
"""Kinds of way taken for each other; a passage, a square or a villa is no such mistake, it lies beside its street."""

_KEPT = "abcdefghijklmnopqrstuvwxyz0123456789\n,;/()&-+"

_TABLE = bytes(
    ord(chr(c).lower()) if chr(c).lower() in _KEPT else ord(";" if chr(c) in "|\t" else " ") for c in range(256)
)

_LETTERS = {
    "œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ß": "ss", "\u0131": "i", "ø": "o", "Ø": "o", "đ": "d", "ł": "l",
    "\u2013": "-", "\u2014": "-", "\u2010": "-", "\u2011": "-", "\u2019": "'", "\u2018": "'", "\u02bc": "'",
    "\u00b4": "'", "°": " ", "«": " ", "»": " ", "\u2044": "/",
}  # fmt: skip

_MOJIBAKE = re.compile("Ã|â€|Â[\xa0-\xbf]|Å[\x80-\xbf“]")

_ORDINAL = re.compile(r"^0*(\d+)(?:er|ere|e|eme|ieme|nd|nde)?$")

_NOT_DIGITS = re.compile(r"[^0-9]+")

_VALUES = {"un": 1, "une": 1} | {
    word: int(digits) for word, digits in NUMBERS.items() if len(word) > 2 and set(word) - set("iverx")  # noqa: PLR2004
} | {"cents": 100, "vingts": 20}  # fmt: skip

# Two words of a number or more: trente-six, mil huit cent quatorze, vingt et un.
_COMPOUND = re.compile(rf"\b(?:{'|'.join(_VALUES)})(?:[ -](?:et[ -])?(?:{'|'.join(_VALUES)}))+\b")

_COMPOUND_WORDS = ("dix", "vingt", "trente", "quarante", "cinquante", "soixante", "cent", "mil")

# A day, its month, and the year that a street is named with or without: 8 mai 1945, 8 mai 45.
_DATE = re.compile(r"\b(\d+ (?:jan|fev|mar|avr|mai|jui|aou|sep|oct|nov|dec)[a-z]*) (?:1[4-9]\d\d|\d\d)$")

_HAMLET = re.compile(r"^(?:lieu(?:x|s)?[ -]?dits?|ld) (?=.)")


class StreetKey(NamedTuple):
    """The comparable forms of a street name.

    Attributes
    ----------
    words
        Full words without small words, in order.
    compact
        Every word, without spaces.
    bare
        ``words`` without the kind of way.
    way
        The kind of way, ``""`` for none.
    """

    words: str
    compact: str
    bare: str
    way: str


def fold(text: str) -> str:
    """Return a text in lower case ASCII, line by line; ``, ; / ( ) & + -`` stay: they separate parts of an address.

    >>> fold("12, Bd. de l'Œuvre-Neuve")
    '12, bd de l oeuvre-neuve'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        for letter, plain in _LETTERS.items():
            text = text.replace(letter, plain)
    return re.sub(" {2,}", " ", text.encode("ascii", "ignore").translate(_TABLE).decode())


def fold_all(texts: Sequence[str]) -> list[str]:
    r"""Return many texts folded as one, mojibake repaired: one line each.

    >>> fold_all(["ALLÉE", "AllÃ©e", "Allée\nB"])
    ['allee', 'allee', 'allee ; b']
    """
    joined = "\n".join(texts)
    # One text is folded faster than many, as long as each is one line of it: line ends within a text, and texts that
    # are no address but a page, are dealt with one by one.
    if joined.count("\n") != len(texts) - 1 or len(joined) > 60 * len(texts):
        texts = [" ; ".join(text[:LONGEST].splitlines()).replace("\n", ";") for text in texts]
        joined = "\n".join(texts)
    if not joined.isascii() and _MOJIBAKE.search(joined):
        joined = "\n".join([repair(text) if _MOJIBAKE.search(text) else text for text in texts])
    return [line.strip() for line in fold(joined).split("\n")] if texts else []


def repair(text: str) -> str:
    """Return a text whose UTF-8 bytes were read as Latin letters as it was meant.

    >>> repair("Rue de la LibertÃ©"), repair("Château")
    ('Rue de la Liberté', 'Château')
    """
    for encoding in ("cp1252", "latin-1"):
        try:
            return text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return text


@lru_cache(maxsize=1 << 16)
def digits_of(words: str) -> str:
    """Return the numbers in a name."""
    return _NOT_DIGITS.sub(" ", words).strip()


@lru_cache(maxsize=1 << 16)
def codes_of(words: str) -> str:
    """Return the numbers in a name, with the letters beside them of a name that is a code.

    >>> codes_of("voie b 11"), codes_of("place 18 juin 1940"), codes_of("rue p vaillant")
    ('b 11', '18 1940', '')
    """
    digits = digits_of(words)
    return " ".join(word for word in words.split() if len(word) <= 2 or not word.isalpha()) if digits else ""  # noqa: PLR2004


@lru_cache(maxsize=1 << 18)
def street_key(text: str) -> StreetKey:
    """Return the comparable forms of a folded street name.

    >>> street_key("av du gal leclerc")
    StreetKey(words='avenue general leclerc', compact='avenuedugeneralleclerc', bare='general leclerc', way='avenue')
    >>> street_key("r louis xiv").words, street_key("pl du huit mai 45").words, street_key("rue des 36 ponts").words
    ('rue louis 14', 'place 8 mai', 'rue 36 ponts')
    """
    # The order counts: numbers of several words before single ones, and all of them and the abbreviations before the
    # kind of way is looked for. What sorts before "9" or "9999" begins with a digit, as letters come after.
    if any(word in text for word in _COMPOUND_WORDS):
        text = _COMPOUND.sub(lambda match: _number(match[0]), text)
    tokens = _HAMLET.sub("", text).replace("-", " ").split()
    if not tokens:
        return StreetKey("", "", "", "")
    if tokens[0] == "cr" and len(tokens) > 1 and tokens[1][0] <= "9":  # a numbered one; else a cour
        tokens[:1] = ["chemin", "rural"]
    if len(tokens) > 1:
        tokens = HEADS.get(tokens[0], tokens[0]).split() + [INNER.get(token, token) for token in tokens[1:]]
        tokens[-1] = {"i": "1", "v": "5", "x": "10"}.get(tokens[-1], tokens[-1])
    if not "".join(tokens).isalpha():
        tokens = _spelt([_ORDINAL.sub(r"\1", token) if token[0] <= "9" else token for token in tokens])
    if tokens[-1] <= "9999" and len(tokens) > 3:  # noqa: PLR2004 (a way, a day, a month, a year)
        tokens = _DATE.sub(r"\1", " ".join(tokens)).split()
    while len(tokens) > 1 and tokens[0] == tokens[1] and tokens[0] in WAY_WORDS:
        del tokens[0]
    words = [token for token in tokens if token not in STOP_WORDS] or tokens
    # `zone` is what ZA, ZI and ZAC have become: written in full, it loses what it is for.
    if len(words) > 1 and words[1] in ZONES and words[0] == "zone":
        words = ["zone", *(word for word in words[1:] if word not in ZONES)]
        tokens = words
    way = words[0] if len(words) > 1 and words[0] in WAY_WORDS else ""
    return StreetKey(" ".join(words), "".join(tokens), " ".join(words[1:] if way else words), way)


def _number(words: str) -> str:
    """Return a number in words as digits: the words themselves where they are several numbers.

    >>> _number("mil huit cent quatorze"), _number("quatre-vingt-dix-sept"), _number("deux trois")
    ('1814', '97', 'deux trois')
    """
    # `group` is the number below a thousand that is being read, `last` what the next word must stay below: fifty-two,
    # never two-fifty.
    total, group, last = 0, 0, 10_000
    for word in re.split(r"[ -](?:et[ -])?", words):
        value = _VALUES[word]
        if value in (100, 1000) or (value == 20 and group % 100 == 4):  # noqa: PLR2004 (quatre-vingt)
            group = max(group, 1) * value
        elif value < last and (group % 10 == 0 or group % 100 == 0):
            group += value
        else:
            return words
        last = min(100, value)
        total, group = (total + group, 0) if value == 1000 else (total, group)  # noqa: PLR2004
    return str(total + group)


def _spelt(tokens: list[str]) -> list[str]:
    """Return small numbers in letters, where a misspelling still looks alike; dates and last words keep digits."""
    spelt, after = [], "mai"
    for word in reversed(tokens):
        spelt.append(word if after[:3] in MONTHS else SPELT.get(word, word))
        after = after if word in STOP_WORDS else word
    return spelt[::-1]


SHORT_WORD, LONG_WORD = 3, 9
"""Words of at most this many letters have no room for a mistake; those of more than the second, room for two."""


def is_shortened(asked: StreetKey, known: StreetKey) -> bool:
    """Return whether a name is another without its first name or its end, with initials, or with or without a rank.

    The address may leave out a first or middle name that the street has, not the reverse: ``rue Henri Regnault`` and
    ``rue Regnault`` are two, and so are ``rue du Temple`` and ``rue Vieille du Temple``, for another noun is another
    street.

    >>> names = ["rue neuburger", "rue nicole neuburger", "rue vieille neuburger"]
    >>> [is_shortened(street_key("rue neuburger"), street_key(name)) for name in names]
    [False, True, False]
    """
    if asked.way and asked.words == known.bare:
        return True
    if not _close(asked.way, known.way) or digits_of(asked.words) != digits_of(known.words):
        return False
    one, two = asked.bare.split(), known.bare.split()
    if has_initials(one, two) or has_initials(two, one) or lacks_middle(one, two):
        return True
    few, many = sorted((one, two), key=len)
    size, fewer, more = len(few), len(one) < len(two), len(many) - len(few)
    if not more:
        return False
    if fewer and size > 1 and few == many[:size]:
        return NOUNS.isdisjoint(many[size:])
    # Streets named after people have no article before the name; of others a single word is too little.
    of_a_person = asked.compact == asked.way + asked.bare.replace(" ", "")
    lead, rest = many[:more], many[more:]
    left_out = fewer and NOUNS.isdisjoint(lead) and (size > 1 or of_a_person)
    return (left_out or RANKS.issuperset(lead)) and all(map(_close, few, rest))


def has_initials(short: list[str], full: list[str]) -> bool:
    """Return whether a name is another with initials for its first names.

    >>> has_initials("p vaillant couturier".split(), "paul vaillant couturier".split())
    True
    >>> has_initials("jj rousseau".split(), "jean jacques rousseau".split()), has_initials(["j"], ["jean"])
    (True, False)
    """
    # A word of one or two letters is as many initials (jj: Jean-Jacques); the last word is a name, however short.
    letters = [letter for word in short[:-1] for letter in (word if len(word) < SHORT_WORD else [word])] + short[-1:]
    return (
        len(letters) == len(full) > 1
        and any(len(letter) == 1 for letter in letters[:-1])
        and all(
            full[i].startswith(letter) if len(letter) == 1 else _close(letter, full[i])
            for i, letter in enumerate(letters)
        )
    )


def lacks_middle(asked: list[str], known: list[str]) -> bool:
    """Return whether a name leaves out names between the first and the last word of another.

    >>> lacks_middle("louis blanqui".split(), "louis auguste blanqui".split())
    True
    """
    # Each word is looked for behind the one before it, as an iterator goes on where it stopped: the order counts.
    left, more = iter(known), 1 < len(asked) < len(known)
    ends = more and asked[0] == known[0] and asked[-1] == known[-1]
    return ends and all(word in left for word in asked) and NOUNS.isdisjoint(set(known) - set(asked))


def _close(one: str, two: str) -> bool:
    """Return whether two words are the same but for mistakes of the keyboard."""
    longest = max(len(one), len(two))
    room = 0 if longest <= SHORT_WORD else 2 if longest > LONG_WORD else 1
    return one == two or (room > 0 and OSA.distance(one, two, score_cutoff=room) <= room)


_SOUNDS = (
    ("ph", "f"), ("eau", "o"), ("au", "o"), ("qu", "k"), ("ain", "in"), ("ein", "in"), ("ai", "e"), ("ei", "e"),
    ("oe", "e"), ("y", "i"), ("h", ""), ("c", "k"), ("q", "k"), ("z", "s"), ("x", "s"), ("j", "g"), ("en", "an"),
    ("em", "an"), ("am", "an"), ("d", "t"), ("w", "v"),
)  # fmt: skip

_TWICE, _SILENT_END = re.compile(r"(.)\1+"), re.compile(r"[est]+$")


@lru_cache(maxsize=1 << 16)
def sound(name: str) -> str:
    """Return roughly how a folded name without spaces sounds in French, so that what is spelt by ear looks alike.

    >>> sound("phelipeaux") == sound("felippo")
    True
    """
    for letters, heard in _SOUNDS:
        name = name.replace(letters, heard)
    name = _TWICE.sub(r"\1", name)
    return _SILENT_END.sub("", name) or name


SMALL_WORDS, JOINED, FIRST_NAME, OTHER_WORD = 0.99, 0.98, 0.86, 0.75
"""Likeness of names that differ by small words (de, la), spaces, or first names; the most if another word differs."""

LIKENESS_OTHER_WAY, NO_WAY, NAMED, OTHER_DIGITS = 0.83, 0.95, 0.9, 0.85
"""Factors for another kind of way, none, a place named without the way that bears its name, other digits."""

MIN_WORD, MIN_EXTENDED_WORD, MIN_CHECKED = 66.0, 80.0, 0.62
"""Two words may be one from this ratio on (0 to 100); beside a first name more, from this; names below the last
likeness are not looked at word by word."""


def likeness(asked: Sequence[StreetKey], known: Sequence[StreetKey]) -> NDArray[np.float64]:
    """Return how alike street names are, pair by pair: 1 for the same words.

    The mean of two Indel similarities (2 x common letters / letters of both): of the names, and of the names without
    their kind of way.

    >>> names = ["r de la paix", "rue paix", "avenue de la paix"]
    >>> likeness([street_key(name) for name in names], [street_key("rue de la paix")] * 3).round(2).tolist()
    [1.0, 0.99, 0.83]
    """
    if not asked:
        return np.empty(0)
    # Texts: four rows (words, compact, bare, way), a column a pair. Only pairs of different words are compared further.
    left, right = (np.array(list(zip(*keys, strict=True)), dtype=object) for keys in (asked, known))
    result = np.where(left[1] == right[1], 1.0, SMALL_WORDS)
    rows = np.flatnonzero((result < 1) & (left[0] != right[0]))
    if not len(rows):
        return result
    left, right = left[:, rows], right[:, rows]
    words, compact, bare = (
        process.cpdist(one.tolist(), two.tolist(), scorer=fuzz.ratio, dtype=np.float32) / 100
        for one, two in zip(left[:3], right[:3], strict=True)
    )
    # Three cases, by the kinds of way of both: the same (names alike but for spaces count as JOINED), one without any,
    # two that differ.
    same_way = (np.maximum(words, np.where(compact == 1, 2 * JOINED - bare, compact)) + bare) / 2
    one_way = np.maximum(words, bare * NO_WAY)
    other_way = np.maximum(words * NO_WAY, bare * LIKENESS_OTHER_WAY)
    no_way = (left[3] == "") | (right[3] == "")
    value = np.where(left[3] == right[3], same_way, np.where(no_way, one_way, other_way)).astype(np.float64)
    value[(left[0] == right[2]) | (left[2] == right[0])] = NAMED
    digits = (np.array([digits_of(text) for text in side[0]], dtype=object) for side in (left, right))
    value[np.not_equal(*digits)] *= OTHER_DIGITS
    for row in np.flatnonzero(value >= MIN_CHECKED).tolist():
        value[row] = _by_words(value[row], asked[rows[row]], known[rows[row]])
    result[rows] = value
    return result


def _by_words(value: float, asked: StreetKey, known: StreetKey) -> float:
    """Return a likeness corrected word by word: another word makes another street, a first name more does not.

    >>> _by_words(0.9, street_key("rue du fg saint martin"), street_key("rue du fg saint antoine"))
    0.75
    >>> _by_words(0.7, street_key("place neuburger"), street_key("place nicole neuburger"))
    0.86
    """
    one, two = asked.bare.split(), known.bare.split()
    if asked.way != known.way:
        return value
    if has_initials(one, two) or has_initials(two, one):
        return max(value, FIRST_NAME)
    if len(one) == len(two):
        same = all(fuzz.ratio(a, b) >= MIN_WORD for a, b in zip(one, two, strict=True))
        return value if same else min(value, OTHER_WORD)
    if lacks_middle(one, two):
        return max(value, FIRST_NAME)
    # One name has words more before the last ones of the other: a first name, unless one is a noun.
    few, many = sorted((one, two), key=len)
    extra, ends = many[: len(many) - len(few)], many[len(many) - len(few) :]
    alike = all(fuzz.ratio(a, b) > MIN_EXTENDED_WORD for a, b in zip(few, ends, strict=True))
    if alike and NOUNS.isdisjoint(extra):
        return max(value, FIRST_NAME * fuzz.ratio(" ".join(few), " ".join(ends)) / 100)
    return value
