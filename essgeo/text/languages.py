"""The words of the pages, one file a language, in ``languages/``."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from essgeo.schema.vocabulary import Lang


Texts: TypeAlias = dict[str, dict[str, str]]


_NARROW = "\u202f"


@cache
def texts(lang: Lang) -> Texts:
    """Return the words of every page, by section and key.

    Parameters
    ----------
    lang
        ``fr`` or ``en``. French text gets its unbreakable spaces before ``; : ! ? %`` and inside quotes.

    Examples
    --------
    >>> texts("en")["common"]["home"]
    'Home'
    """
    words: Texts = tomllib.loads((files("essgeo.text") / f"{lang}.toml").read_text(encoding="utf-8"))
    if lang == "fr":
        return {section: {key: typeset(text) for key, text in table.items()} for section, table in words.items()}
    return words


def typeset(text: str) -> str:
    r"""Return a French text with the unbreakable spaces that French typography asks for.

    Examples
    --------
    >>> typeset("Vrai ?").encode("unicode_escape")
    b'Vrai\\u202f?'
    """
    text = re.sub(r" (?=[;!?%»])", _NARROW, text)
    return re.sub(r" (?=:)", "\u00a0", text).replace("« ", f"«{_NARROW}")
