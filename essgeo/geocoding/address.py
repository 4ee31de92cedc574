"""French addresses as comparable keys: house number, repetition, street."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

ABBREVIATIONS = {
    "all": "allee", "av": "avenue", "ave": "avenue", "bd": "boulevard", "bld": "boulevard", "bvd": "boulevard",
    "blvd": "boulevard", "ch": "chemin", "che": "chemin", "chem": "chemin", "crs": "cours", "dr": "docteur",
    "fg": "faubourg", "fbg": "faubourg", "gal": "general", "gen": "general", "imp": "impasse", "mal": "marechal",
    "mar": "marechal", "pdt": "president", "pl": "place", "pr": "professeur", "pres": "president",
    "prof": "professeur", "qu": "quai", "r": "rue", "res": "residence", "rte": "route", "sq": "square", "st": "saint",
    "ste": "sainte", "vla": "villa",
}  # fmt: skip
STOP_WORDS = frozenset({"a", "au", "aux", "d", "de", "des", "du", "en", "et", "l", "la", "le", "les"})
REPETITIONS = {"bis": "b", "ter": "t", "quater": "q", "quinquies": "c"}

_PLAIN = str.maketrans(
    {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE"}
    | dict.fromkeys("\u2018\u2019\u02bc\u00b4", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014", "-")
)
_NUMBER = re.compile(
    r"^(\d{1,4})(?: ?((?!a \d)[a-z]|bis|ter|quater|quinquies)(?=[ ,/&-]))?"
    r"((?: ?(?:-|/|,|&|a|et) ?\d{1,4}(?: ?(?:bis|ter|[b-z])(?=[ ,]))?)*)[ ,]+(?=\S)"
)


class AddressKey(NamedTuple):
    """The comparable parts of an address.

    Attributes
    ----------
    number
        House number, ``""`` where there is none; the first one of a range or list.
    repetition
        ``b`` for bis, ``t`` for ter, or the letter.
    street
        Street words without accents, abbreviations or small words, in order.
    """

    number: str
    repetition: str
    street: str


def fold(text: str) -> str:
    """Return a text in lower case, without accents, ligatures or punctuation other than ``- / , &``.

    Examples
    --------
    >>> fold("12, Bd. de l'Œuvre-Neuve")
    '12, bd de l oeuvre-neuve'
    """
    plain = unicodedata.normalize("NFKD", text.translate(_PLAIN)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9,/&-]+", " ", plain).strip()


def city_key(city: str) -> str:
    """Return the comparable form of a commune name.

    Examples
    --------
    >>> city_key("Le Pré St Gervais") == city_key("LE PRÉ-SAINT-GERVAIS")
    True
    """
    words = re.split(r"[^a-z0-9]+", fold(city))
    return " ".join(ABBREVIATIONS.get(word, word) if word in {"st", "ste"} else word for word in words if word)


def address_key(address: str) -> AddressKey:
    """Return the comparable parts of the first line of an address.

    Examples
    --------
    >>> address_key("9 bis, rue de Dombasle")
    AddressKey(number='9', repetition='b', street='rue dombasle')
    >>> address_key("11-17 av. du Général-Leclerc")
    AddressKey(number='11', repetition='', street='avenue general leclerc')
    >>> address_key("place du 8 mai 1945")
    AddressKey(number='', repetition='', street='place 8 mai 1945')
    """
    folded = fold(re.sub(r"\(.*?\)", " ", address))
    match = _NUMBER.match(folded)
    number, repetition, rest = "", "", folded
    if match:
        number, repetition, rest = match.group(1), match.group(2) or "", folded[match.end() :]
    words = re.split(r"[^a-z0-9]+", rest.split(",")[0])
    street = [ABBREVIATIONS.get(word, word) for word in words if word and word not in STOP_WORDS]
    return AddressKey(number.lstrip("0"), REPETITIONS.get(repetition, repetition), " ".join(street))
