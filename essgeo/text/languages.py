"""What a reader sees, in French and in English: words, numbers and dates, and the sentences of codes."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING

from babel.dates import format_date
from babel.numbers import get_decimal_symbol, get_group_symbol

from essgeo.messages import words

if TYPE_CHECKING:
    import datetime as dt

    from essgeo.messages import Lang, Texts


__all__ = ["texts", "typeset", "words"]


@cache
def texts(lang: Lang) -> Texts:
    """Return the words of a language for pages, French with its unbreakable spaces, in numbers too."""
    if lang == "en":
        return words(lang)
    return {
        section: {key: typeset(re.sub(r"(?<=\d) (?=\d{3}\b)", "\u202f", text)) for key, text in table.items()}
        for section, table in words(lang).items()
    }


_FRENCH = re.compile(r"(?P<apostrophe>(?<=\w)'(?=\w))|(?P<narrow> (?=[;!?%»])|(?<=«) )|(?P<wide> (?=:))")

_SET = {"apostrophe": "\u2019", "narrow": "\u202f", "wide": "\u00a0"}


def typeset(text: str) -> str:
    r"""Return a French text with its apostrophes, and unbreakable spaces before ``; : ! ? %`` and inside quotes.

    Examples
    --------
    >>> typeset("Vrai ?").encode("unicode_escape")
    b'Vrai\\u202f?'
    """
    return _FRENCH.sub(lambda found: _SET[found.lastgroup or ""], text)


MISSING = "\u2013"

_NOISE = 1e-11
_NARROW = "\u202f"


def number(value: float | None, lang: Lang, digits: int = 0) -> str:
    """Return a number with its thousands separated and rounded to ``digits``, or a dash where it is missing.

    Examples
    --------
    >>> number(441045, "en"), number(1.25, "fr", 1), number(float("nan"), "fr") == MISSING
    ('441,045', '1,2', True)
    """
    if value is None or math.isnan(value):
        return MISSING
    # Rounded here, as Python rounds and tables are, and without a minus before zero; the marks are Babel's, whose own
    # writer takes 0.1 ms a number: a second for the sentences of a study.
    rounded = round(float(value), digits) + 0.0
    return f"{rounded:,.{digits}f}".translate(_marks(lang))


@cache
def _marks(lang: Lang) -> dict[int, str]:
    """Return what a language writes for the comma between thousands, the decimal point and the minus."""
    return str.maketrans({",": get_group_symbol(locale=lang), ".": get_decimal_symbol(locale=lang), "-": "\u2212"})


def percent(share: float | None, lang: Lang, digits: int = 0) -> str:
    """Return a share between 0 and 1 as a percentage; one that is not 0 or 1 is never rounded to 0 % or 100 %.

    Examples
    --------
    >>> percent(0.624, "en"), percent(0.9999, "en"), percent(0.0001, "en"), percent(1 - 1e-15, "en")
    ('62%', '>99%', '<1%', '100%')
    """
    if share is None or math.isnan(share):
        return MISSING
    step = 10.0**-digits
    # A sum of weights that is 1 may miss it by the noise of floats; a share above 0 stays above it, however small.
    scaled, sign = 100.0 if abs(share - 1) < _NOISE else share * 100, ""
    if 0 < scaled < step / 2:
        scaled, sign = step, "<"
    elif 100 - step / 2 <= scaled < 100:  # noqa: PLR2004 - per cent
        scaled, sign = 100 - step, ">"
    gap = _NARROW if lang == "fr" else ""
    return f"{sign}{gap if sign else ''}{number(scaled, lang, digits)}{gap}%"


def interval(low: str, high: str, lang: Lang) -> str:
    """Return an interval whose ends are written already, "nine times in ten" where both are alike, or a dash for none.

    Examples
    --------
    >>> interval("8", "20", "fr"), interval("100%", "100%", "en"), interval(MISSING, MISSING, "en") == MISSING
    ('de 8 à 20', '100% nine times in ten', True)
    """
    if MISSING in {low, high}:
        return MISSING
    key = "both_ends" if low == high else "interval"
    return words(lang)["common"][key].format(low=low, high=high)


def day(date: dt.date, lang: Lang) -> str:
    """Return a date in words.

    Examples
    --------
    >>> import datetime as dt
    >>> day(dt.date(2026, 3, 1), "fr"), day(dt.date(2026, 3, 1), "en")
    ('1er mars 2026', '1 March 2026')
    """
    number_of_day = "1er" if lang == "fr" and date.day == 1 else str(date.day)
    return f"{number_of_day} {format_date(date, 'MMMM y', locale=lang)}"


def placed(name: str, city: str) -> str:
    """Return a name with its commune in brackets, where the name does not hold it already.

    Examples
    --------
    >>> placed("Le Garage", "Bondy"), placed("Centre-ville de Bobigny", "Bobigny")
    ('Le Garage (Bondy)', 'Centre-ville de Bobigny')
    """
    return name if city.casefold() in name.casefold() else f"{name} ({city})"


def joined(parts: list[str], conjunction: str) -> str:
    """Return parts as a list in words.

    Examples
    --------
    >>> joined(["a", "b", "c"], "and")
    'a, b and c'
    """
    return " ".join([", ".join(parts[:-1]), conjunction, parts[-1]]) if len(parts) > 1 else "".join(parts)


_CODE = re.compile(r"(\w+)((?: \w+=\S+)*)")


def method_code(name: str, **values: float | str) -> str:
    """Return how a figure was computed as a code: a key of ``[methods]`` and the values of its sentence.

    Codes of several methods are joined by ``"; "``.

    Examples
    --------
    >>> method_code("straight_line", detour=1.30, speed_kmh=4.5)
    'straight_line detour=1.3 speed_kmh=4.5'
    """
    written = (f" {key}={value if isinstance(value, str) else format(value, 'g')}" for key, value in values.items())
    return name + "".join(written)


def method_in_words(method: str, lang: Lang) -> str:
    """Return the sentence of a code of :func:`method_code`; what is not one, a user's own words, stays as it is.

    Examples
    --------
    >>> method_in_words("straight_line detour=1.3 speed_kmh=4.5", "fr")
    'ligne droite \u00d7 1,3 à 4,5 km/h'
    """
    sentences = words(lang)["methods"]
    parts = [_CODE.fullmatch(part) for part in method.split("; ")]
    if not all(part and part[1] in sentences for part in parts):
        return method
    written = []
    for name, listed in (part.groups() for part in parts if part):
        values = dict(pair.split("=", 1) for pair in listed.split())
        if lang == "fr":
            values = {key: re.sub(r"^(\d+)\.(\d+)$", r"\1,\2", value) for key, value in values.items()}
        written.append(sentences[name].format(**values))
    return (" ; " if lang == "fr" else "; ").join(written)


def cause_in_words(error: Exception, lang: Lang) -> str:
    """Return why a file could not be had or used; a fault of its content where the error names no cause.

    Parameters
    ----------
    error
        A :class:`essgeo.errors.SourceError`, whose ``cause`` is a key of ``[causes]``, or an error of a reader.
    lang
        Language of the words.

    Examples
    --------
    >>> from essgeo.errors import SourceChangedError, SourceUnavailableError
    >>> cause_in_words(SourceUnavailableError("https://a.fr: no answer in time."), "fr")
    'le serveur ne répond pas'
    >>> cause_in_words(SourceChangedError("a.csv: no column for siren.", cause="column", detail="SIREN"), "en")
    'the file has changed: it lacks SIREN'
    """
    cause = getattr(error, "cause", "unreadable")
    return words(lang)["causes"][cause].format(detail=getattr(error, "detail", ""))


def register_bound(located: float, listed: float, lang: Lang) -> str:
    """Return what figures of access rest on where structures come from SIRENE: how many are located and counted.

    Examples
    --------
    >>> register_bound(1853, 2392, "en")[:89]
    'These figures rest on 1,853 establishments located in the territory and counted, of the 2'
    """
    return words(lang)["caveats"]["register"].format(located=number(located, lang), listed=number(listed, lang))
