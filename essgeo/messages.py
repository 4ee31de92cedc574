"""What essgeo tells who runs it: the words of each language, and the language of this run."""

from __future__ import annotations

import locale
import os
import tomllib
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Lang: TypeAlias = Literal["fr", "en"]

Texts: TypeAlias = dict[str, dict[str, str]]

language: ContextVar[Lang] = ContextVar("language", default="en")
"""The language of messages: English in Python, and what :func:`choose_language` finds on the command line."""

MAX_SHOWN = 300
"""Characters of a cell, or of what a library says, in a message."""

_SYSTEM = ("LC_ALL", "LC_MESSAGES", "LANG")


@cache
def words(lang: Lang) -> Texts:
    """Return the words of a language for files and notebooks, with plain spaces.

    Examples
    --------
    >>> words("en")["common"]["home"]
    'Home'
    """
    read: Texts = tomllib.loads((files("essgeo") / "text" / f"{lang}.toml").read_text(encoding="utf-8"))
    return read


def tell(key: str, /, **values: object) -> str:
    """Return a message of ``[messages]`` in the language of this run, with its values.

    Examples
    --------
    >>> tell("disk", path="maps", why="no space left")[:45]
    'maps: cannot be written (no space left). Free'
    """
    shown = {name: shortened(str(value)) if isinstance(value, Exception) else value for name, value in values.items()}
    return words(language.get())["messages"][key].format(**shown)


def shortened(text: str) -> str:
    """Return a text of a file or of a library as a message shows it: the middle of a long one is left out.

    Examples
    --------
    >>> shortened("'48,9' is no number"), len(shortened("9" * 5000))
    ("'48,9' is no number", 305)
    """
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN // 2]} ... {text[-MAX_SHOWN // 2 :]}"


def plural(key: str, number: float, /, **values: object) -> str:
    """Return the message of ``key_one`` or ``key_many``: French says 0 in the singular.

    Examples
    --------
    >>> plural("row", 1, count="1"), plural("row", 20_004, count="20,004")
    ('1 row', '20,004 rows')
    """
    is_one = number < 2 if language.get() == "fr" else number == 1  # noqa: PLR2004 - the grammar of French
    return tell(f"{key}_{'one' if is_one else 'many'}", **values)


@contextmanager
def speaking(lang: Lang) -> Iterator[None]:
    """Speak a language in a block: what programs read, JSON, is English in every run.

    Examples
    --------
    >>> with speaking("fr"):
    ...     plural("row", 0, count="0")
    '0 ligne'
    """
    before = language.set(lang)
    try:
        yield
    finally:
        language.reset(before)


def choose_language(given: str | None) -> Lang:
    """Return the language that was asked for, else that of ``ESSGEO_LANG``, else that of the system, else English.

    Examples
    --------
    >>> choose_language("fr")
    'fr'
    """
    # A system without variables, Windows, tells its locale to Python as it starts: fr_FR or French_France.
    named = [given, os.environ.get("ESSGEO_LANG"), *map(os.environ.get, _SYSTEM), locale.getlocale()[0]]
    return "fr" if next(filter(None, named), "").lower().startswith("fr") else "en"
