"""French street and commune names as comparable words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

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
