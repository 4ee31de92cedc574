"""Numbers and dates as they are written in French and in English."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from essgeo.schema.vocabulary import Lang


MISSING = "\u2013"

STABLE: dict[Lang, str] = {"fr": "résultat stable", "en": "stable result"}
"""What stands for an interval whose ends are written alike: the draws do not change the figure."""


_BETWEEN: dict[Lang, str] = {"fr": "de {} à {}", "en": "{} to {}"}

_NARROW = "\u202f"

_MONTHS: dict[Lang, tuple[str, ...]] = {
    "fr": (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip


def number(value: float | None, lang: Lang, digits: int = 0) -> str:
    """Return a number with its thousands apart, or a dash where it is missing.

    Parameters
    ----------
    value
        The number; ``None`` and NaN are missing.
    lang
        Language of the page.
    digits
        Decimals kept.

    Examples
    --------
    >>> number(438552, "en"), number(1.25, "fr", 1), number(float("nan"), "fr") == MISSING
    ('438,552', '1,2', True)
    """
    if value is None or math.isnan(value):
        return MISSING
    text = f"{value:,.{digits}f}"
    if set(text) <= set("-0.,"):
        text = text.removeprefix("-")
    return text if lang == "en" else text.replace(",", _NARROW).replace(".", ",")


def percent(share: float | None, lang: Lang, digits: int = 0) -> str:
    """Return a share between 0 and 1 as a percentage.

    A share that is not 0 or 1 is never rounded to 0 % or 100 %.

    Examples
    --------
    >>> percent(0.624, "en"), percent(0.9999, "en"), percent(0.0001, "en")
    ('62%', '>99%', '<1%')
    """
    if share is None or math.isnan(share):
        return MISSING
    step = 10.0**-digits
    scaled, sign = share * 100, ""
    if 0 < scaled < step / 2:
        scaled, sign = step, "<"
    elif 100 - step / 2 <= scaled < 100:  # noqa: PLR2004 - per cent
        scaled, sign = 100 - step, ">"
    gap = _NARROW if lang == "fr" else ""
    return f"{sign}{_NARROW if sign and lang == 'fr' else ''}{number(scaled, lang, digits)}{gap}%"


def interval(low: str, high: str, lang: Lang) -> str:
    """Return an interval whose ends are written already, or that the figure does not vary.

    Examples
    --------
    >>> interval("8", "20", "fr"), interval("100%", "100%", "en")
    ('de 8 à 20', 'stable result')
    """
    return STABLE[lang] if low == high else _BETWEEN[lang].format(low, high)


def day(date: dt.date, lang: Lang) -> str:
    """Return a date in words.

    Examples
    --------
    >>> import datetime as dt
    >>> day(dt.date(2026, 3, 1), "fr"), day(dt.date(2026, 3, 1), "en")
    ('1er mars 2026', '1 March 2026')
    """
    first = "1er" if lang == "fr" and date.day == 1 else str(date.day)
    return f"{first} {_MONTHS[lang][date.month - 1]} {date.year}"


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
