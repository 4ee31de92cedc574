"""How street names are written: words, keys, n-grams, likeness."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from operator import eq, itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray


LONGEST = 300
"""Characters of a field that are read; no postal address is longer."""


WAYS = {
    "allee": "all al alle allees", "ancienne route": "art", "avenue": "av ave aven avn", "boucle": "bcle",
    "boulevard": "bd bld blv blvd boul bvd bvld", "carrefour": "car carf", "chaussee": "chs",
    "chemin": "ch che chem chm",
    "chemin rural": "", "cite": "cte", "clos": "", "corniche": "cor", "cote": "", "cour": "cr", "cours": "crs",
    "descente": "dsc", "digue": "dig", "domaine": "dom", "escalier": "esc", "esplanade": "esp espl",
    "faubourg": "fg fbg faub",
    "galerie": "", "grande rue": "gr", "hameau": "ham", "ilot": "", "impasse": "imp", "jardin": "jard", "levee": "",
    "lieu dit": "ld lieudit", "lotissement": "lot", "mail": "", "montee": "mte", "parc": "", "parvis": "prv",
    "passage": "pas pass psg", "passerelle": "ple", "place": "pl plc", "placette": "", "plateau": "plt",
    "pont": "", "port": "",
    "porte": "pte", "promenade": "prom", "quai": "qu q", "quartier": "qua quart", "rampe": "rpe", "rempart": "rem",
    "residence": "res resid", "rocade": "roc", "rond point": "rpt rdpt", "route": "rte", "rue": "r", "ruelle": "rle",
    "sente": "sen", "sentier": "sent", "square": "sq squ", "terrasse": "tsse", "terre plein": "tpl",
    "traverse": "tra trav",
    "venelle": "ven", "villa": "vla", "village": "vge", "voie": "voi", "zone": "za zi zac",
}  # fmt: skip
"""Kinds of way and their abbreviations at the head of a street name (La Poste and FANTOIR forms among them)."""


TITLES = {
    "abbe": "ab", "avenue": "av ave", "boulevard": "bd bld blvd bvd", "capitaine": "cap cne", "chateau": "cht chat",
    "colonel": "col", "commandant": "cdt cmdt", "docteur": "dr doct", "faubourg": "fg fbg",
    "general": "gal gen gl gnal",
    "grand": "gd", "grande": "gde", "lieutenant": "lt ltn", "marechal": "mal mar marech",
    "monseigneur": "mgr", "moulin": "mln",
    "notre dame": "nd", "petit": "pt", "porte": "pte", "president": "pdt pres prdt", "professeur": "prof pr",
    "route": "rte",
    "saint": "st", "sainte": "ste", "saints": "sts", "sergent": "sgt", "vieux": "vx",
}  # fmt: skip
"""Words within a street name and their abbreviations."""


NUMBERS = {
    "premier": "1", "premiere": "1", "deux": "2", "trois": "3", "quatre": "4", "cinq": "5", "six": "6",
    "sept": "7", "huit": "8",
    "neuf": "9", "dix": "10", "onze": "11", "douze": "12", "treize": "13", "quatorze": "14", "quinze": "15",
    "seize": "16",
    "vingt": "20", "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9",
    "xi": "11", "xii": "12",
    "xiii": "13", "xiv": "14", "xv": "15", "xvi": "16", "xvii": "17", "xviii": "18", "xix": "19", "xx": "20",
    "xxiii": "23",
}  # fmt: skip
"""Numbers in letters and in Roman numerals; single Roman letters count only at the end of a name."""


SPELT = {
    digits: word for word, digits in reversed(NUMBERS.items()) if len(word) > len("ii") and set(word) - set("ivx")
} | {"1": "premier"}

MONTHS = frozenset(["jan", "fev", "mar", "avr", "mai", "jui", "aou", "sep", "oct", "nov", "dec"])

REPETITIONS = {"bis": "b", "ter": "t", "quater": "q", "quinquies": "c", "sexies": "s"}
"""What follows a house number, in full and as one letter."""

STOP_WORDS = frozenset({"a", "au", "aux", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les", "sur"})

HEADS = {short: way for way, shorts in WAYS.items() for short in shorts.split()}

INNER = {short: title for title, shorts in TITLES.items() for short in shorts.split()} | NUMBERS

WAY_WORDS = frozenset(way.split()[0] for way in WAYS) | {"autoroute", "peripherique"}


NOUNS = WAY_WORDS | {
    "porte", "pont", "faubourg", "fort", "gare", "bois", "parc", "moulin", "chateau", "eglise", "port", "ecole",
    "mairie", "zone", "croix", "neuve", "neuf", "vieux", "vieille", "petit", "petits", "petite", "petites", "grand",
    "grands", "grande", "grandes", "haut", "haute", "bas", "basse", "nord", "sud", "est", "ouest",
}  # fmt: skip
"""Words that make another street when they are added to a name, unlike first names and ranks."""

RANKS = frozenset({
    "abbe", "capitaine", "colonel", "commandant", "docteur", "general", "lieutenant", "marechal", "monseigneur",
    "president", "professeur", "sergent",
})  # fmt: skip
"""Words that a street name is written with or without."""


_LAST_ROMANS = {"i": "1", "v": "5", "x": "10"}

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

_ORDINAL = re.compile(r"0*(\d+)(?:er|ere|e|eme|ieme|nd|nde)?$")

_NOT_DIGITS = re.compile(r"[^0-9]+")

_COMPOUND = re.compile(r"\b(dix|vingt)[ -](?:et[ -])?(un|deux|trois|quatre|cinq|six|sept|huit|neuf)\b")

_COMPOUNDS = {"dix": 10, "vingt": 20, "un": 1} | {
    word: int(NUMBERS[word]) for word in ["deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"]
}


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
    """Return a text in lower case ASCII, one line for each line of the text.

    Accents, ligatures, quotes, dots and unknown signs go; ``, ; / ( ) & + -`` stay: they separate parts of an address.

    Examples
    --------
    >>> fold("12, Bd. de l'Œuvre-Neuve")
    '12, bd de l oeuvre-neuve'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        for letter, plain in _LETTERS.items():
            text = text.replace(letter, plain)
    return re.sub(" {2,}", " ", text.encode("ascii", "ignore").translate(_TABLE).decode())


def fold_all(texts: Sequence[str]) -> list[str]:
    r"""Return many texts folded, mojibake repaired: one line each.

    Examples
    --------
    >>> fold_all(["ALLÉE", "AllÃ©e", "Allée\nB"])
    ['allee', 'allee', 'allee ; b']
    """
    joined = "\n".join(texts)
    if joined.count("\n") != len(texts) - 1 or len(joined) > 60 * len(texts):
        texts = [" ; ".join(text[:LONGEST].splitlines()).replace("\n", ";") for text in texts]
        joined = "\n".join(texts)
    if not joined.isascii() and _MOJIBAKE.search(joined):
        joined = "\n".join([repair(text) if _MOJIBAKE.search(text) else text for text in texts])
    return [line.strip() for line in fold(joined).split("\n")] if texts else []


def repair(text: str) -> str:
    """Return a text whose UTF-8 bytes were read as Latin letters as it was meant.

    Examples
    --------
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
    """Return the numbers in a name.

    Examples
    --------
    >>> digits_of("place 8 mai 1945")
    '8 1945'
    """
    return _NOT_DIGITS.sub(" ", words).strip()


@lru_cache(maxsize=1 << 18)
def street_key(text: str) -> StreetKey:
    """Return the comparable forms of a folded street name.

    Examples
    --------
    >>> street_key("av du gal leclerc")
    StreetKey(words='avenue general leclerc', compact='avenuedugeneralleclerc', bare='general leclerc', way='avenue')
    >>> street_key("r louis xiv").words, street_key("pl du huit mai 1945").words
    ('rue louis 14', 'place 8 mai 1945')
    """
    if "dix" in text or "vingt" in text:
        text = _COMPOUND.sub(lambda match: str(_COMPOUNDS[match[1]] + _COMPOUNDS[match[2]]), text)
    tokens = text.replace("-", " ").split()
    if not tokens:
        return StreetKey("", "", "", "")
    if tokens[0] == "cr" and len(tokens) > 1 and tokens[1][0] <= "9":
        tokens[:1] = ["chemin", "rural"]
    if len(tokens) > 1:
        tokens = HEADS.get(tokens[0], tokens[0]).split() + [INNER.get(token, token) for token in tokens[1:]]
        tokens[-1] = _LAST_ROMANS.get(tokens[-1], tokens[-1])
    if not "".join(tokens).isalpha():
        tokens = _spelt([_arabic(token) if token[0] <= "9" else token for token in tokens])
    while len(tokens) > 1 and tokens[0] == tokens[1] and tokens[0] in WAY_WORDS:
        del tokens[0]
    words = [token for token in tokens if token not in STOP_WORDS] or tokens
    if len(words) > 1 and words[0] in WAY_WORDS:
        return StreetKey(" ".join(words), "".join(tokens), " ".join(words[1:]), words[0])
    text = " ".join(words)
    return StreetKey(text, "".join(tokens), text, "")


def _arabic(token: str) -> str:
    match = _ORDINAL.match(token)
    return match[1] if match else token


def _spelt(tokens: list[str]) -> list[str]:
    """Return small numbers in letters, where a misspelling still looks alike; dates and last words keep digits."""
    spelt, after = [], "mai"
    for word in reversed(tokens):
        spelt.append(word if after[:3] in MONTHS else SPELT.get(word, word))
        after = after if word in STOP_WORDS else word
    return spelt[::-1]


LETTERS = 38

COLUMNS = LETTERS**2 + LETTERS**3

COMMON_LEAST, COMMON_SHARE = 40, 0.06

LEAST_COSINE, NEXT_SHARE, MOST_ALIKE = 0.2, 0.6, 12

CHUNK = 4096

_CODES = np.zeros(256, dtype=np.int64)

_CODES[np.frombuffer(b"abcdefghijklmnopqrstuvwxyz0123456789", dtype=np.uint8)] = np.arange(1, 37)


def ngrams(texts: Sequence[str]) -> sparse.csr_array:
    """Return the counts of pairs and triples of letters: a row a text, a column a pair or a triple."""
    letters = _CODES[np.frombuffer(("  " + "  ".join(texts) + "  ").encode("ascii", "replace"), dtype=np.uint8)]
    pairs = letters[1:-1] * LETTERS + letters[2:]
    triples = LETTERS**2 + letters[:-2] * LETTERS**2 + pairs
    sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 2
    total = int(sizes.sum())
    codes = np.stack([pairs[:total], triples[:total]], axis=1).ravel()
    pointer = np.concatenate([[0], np.cumsum(sizes * 2)])
    matrix = sparse.csr_array((np.ones(total * 2, dtype=np.float32), codes, pointer), shape=(len(texts), COLUMNS))
    matrix.sum_duplicates()
    return matrix


def weights(matrix: sparse.csr_array) -> NDArray[np.float32]:
    """Return the weight of each n-gram: the log of its rarity, nothing for those of the most common."""
    count = np.bincount(matrix.indices, minlength=COLUMNS)
    weight = np.log1p(matrix.shape[0] / (1.0 + count)).astype(np.float32)
    weight[count > max(COMMON_LEAST, matrix.shape[0] * COMMON_SHARE)] = 0
    return weight


def weigh(matrix: sparse.csr_array, weight: NDArray[np.float32]) -> sparse.csr_array:
    """Return the rows weighted and of length one."""
    data = matrix.data * weight[matrix.indices]
    keep = data > 0
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))[keep]
    data = data[keep]
    length = np.sqrt(np.bincount(rows, data * data, minlength=matrix.shape[0]))
    pointer = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=matrix.shape[0]))])
    return sparse.csr_array(
        ((data / length[rows]).astype(np.float32), matrix.indices[keep], pointer), shape=matrix.shape
    )


def nearest(queries: sparse.csr_array, streets: sparse.csr_array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs (query, street) of the streets most alike each query, by cosine: a street is a column."""
    rows, columns = [], []
    for start in range(0, queries.shape[0], CHUNK):
        alike = queries[start : start + CHUNK] @ streets
        keep = alike.data >= LEAST_COSINE
        row = np.repeat(np.arange(alike.shape[0]), np.diff(alike.indptr))[keep]
        column, value = alike.indices[keep].astype(np.int64), alike.data[keep]
        order = np.lexsort((column, -value, row))
        row, column, value = row[order], column[order], value[order]
        first = np.searchsorted(row, row, side="left")
        best = (np.arange(len(row)) - first < MOST_ALIKE) & (value >= NEXT_SHARE * value[first])
        rows.append(row[best] + start)
        columns.append(column[best])
    if not rows:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return np.concatenate(rows), np.concatenate(columns).astype(np.int64)


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
    >>> from essgeo.geocoding.spelling import street_key
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


SMALL_WORDS, JOINED, FIRST_NAME, OTHER_WORD = 0.99, 0.98, 0.86, 0.75
"""Likeness of names that differ by small words (de, la), spaces, or first names; the most if another word differs."""

LIKENESS_OTHER_WAY, NO_WAY, NAMED, OTHER_DIGITS = 0.83, 0.95, 0.9, 0.85
"""Factors for another kind of way, none, a place named without the way that bears its name, other digits."""

LEAST_WORD, ALIKE_WORD, LEAST_CHECKED = 66.0, 80.0, 0.62


def likeness(asked: Sequence[StreetKey], known: Sequence[StreetKey]) -> NDArray[np.float64]:
    """Return how alike street names are, pair by pair: 1 for the same words.

    The mean of two Indel similarities (2 x common letters / letters of both): of the names, and of the names without
    their kind of way.

    Examples
    --------
    >>> from essgeo.geocoding.spelling import street_key
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
    other_way = np.maximum(of_words * NO_WAY, of_bare * LIKENESS_OTHER_WAY)
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
    >>> from essgeo.geocoding.spelling import street_key
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
