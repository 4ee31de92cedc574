"""Numbers and dates as they are written in French and in English."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from babel.dates import format_date
from babel.numbers import get_decimal_symbol, get_group_symbol

from essgeo.text.languages import words

if TYPE_CHECKING:
    import datetime as dt

    from essgeo.messages import Lang

MISSING = "\u2013"

_NOISE = 1e-11
_NARROW = "\u202f"


def number(value: float | None, lang: Lang, digits: int = 0) -> str:
    """Return a number with its thousands apart and so many decimals, or a dash where it is missing (None, NaN).

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
    """Return an interval whose ends are written already, both at once where they are alike, or a dash for none.

    Examples
    --------
    >>> interval("8", "20", "fr"), interval("100%", "100%", "en"), interval(MISSING, MISSING, "en") == MISSING
    ('de 8 à 20', 'both ends 100%', True)
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
