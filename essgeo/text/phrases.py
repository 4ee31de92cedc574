"""Codes of methods and of causes, and the sentence of each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from essgeo.text.languages import words
from essgeo.text.numbers import number

if TYPE_CHECKING:
    from essgeo.messages import Lang

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
    """Return what figures of access rest on where structures come from SIRENE: so many located and counted of a list.

    Examples
    --------
    >>> register_bound(1853, 2392, "en")[:89]
    'These figures rest on 1,853 establishments located in the territory and counted, of the 2'
    """
    return words(lang)["caveats"]["register"].format(located=number(located, lang), listed=number(listed, lang))
