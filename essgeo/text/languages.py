"""Every word that a reader sees: ``fr.toml`` and ``en.toml``, by section and key."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from essgeo.messages import words

if TYPE_CHECKING:
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


def typeset(text: str) -> str:
    r"""Return a French text with its apostrophes, and unbreakable spaces before ``; : ! ? %`` and inside quotes.

    Examples
    --------
    >>> typeset("Vrai ?").encode("unicode_escape")
    b'Vrai\\u202f?'
    """
    text = re.sub(r"(?<=\w)'(?=\w)", "\u2019", text)
    text = re.sub(r" (?=[;!?%»])|(?<=«) ", "\u202f", text)
    return re.sub(" (?=:)", "\u00a0", text)
