"""Rows of a list that are no entry of it: sums, what stands below the last one, a header that comes again."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

import pandas as pd

from essgeo.errors import InputWarning
from essgeo.files.reread import ADDED
from essgeo.messages import tell
from essgeo.schema.cells import degrees_of, point_of
from essgeo.schema.headers import WORDS, simplify, words_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_SUM, _NOTE, _OF_SUMS = (
    frozenset(" ".join(words_of(word)) for word in words)
    for words in (WORDS["sum"], WORDS["note"], WORDS["of_sum"] + WORDS["neutral"])
)

_MAYBE = re.compile(rf"\W*(?:sous|grand|{'|'.join(sorted(_SUM | _NOTE)).replace('e', '[eéè]')})|[*(©¹]", re.IGNORECASE)
"""How the first cell of such a row begins: most rows are told by it alone."""

_BESIDE = frozenset({*ADDED, "sheet", "layer"})
"""Columns of essgeo, which says something of every row."""

_IDENTIFIERS = ("siret", "siren", "structure_id", "candidate_id")

_OF_TOWN = re.compile(r"^(?:ville|commune) d(?:e |['\u2019]) *|\s*\(?\d+\)?$", re.IGNORECASE)
"""What stands around the commune in the title of its part of a list: ``Ville de Bondy``, ``Bondy (12)``."""

_UNIT = re.compile(r"\s*(?:\(.*\)|\[.*\])\s*", re.DOTALL)
"""How each cell of a row below the header writes a unit or a format."""

_NUMBER = re.compile(r"[=\d(+\-].*|", re.DOTALL)

MIN_WORDS = 4
"""Words of a line below a list that make it a note, where it begins as one."""


def footer_rows(table: pd.DataFrame, taken: pd.DataFrame, *, name: str, hidden: pd.Series | None = None) -> pd.Series:
    """Return which rows are sums, notes below the list or a header that comes again, with a warning that names them.

    A row with an address, a position or an identifier is an entry whatever it is called, and so is one with words
    beside its name. What only begins as a sum or a note (``Total Bondy 12``, ``Source : mairie``) is one below the last
    entry alone. A row that says nothing but the commune of others is the title of those below it.

    Parameters
    ----------
    table
        The list as it stands, as text.
    taken
        The same rows by field, from :func:`essgeo.files.recognise.take`.
    name
        The file, for the warning.
    hidden
        Rows of which nothing is told; they are entries.

    Examples
    --------
    >>> table = pd.DataFrame({"name": ["Total Festum", "La Roue", "Total", "Source : ville"], "n": ["", "2", "2", ""]})
    >>> with warnings.catch_warnings(action="ignore"):
    ...     footer_rows(table, table, name="mine.csv").tolist()
    [False, False, True, True]
    """
    table = table[[column for column in table.columns if column not in _BESIDE]]
    firsts = [""] * len(table)  # the first text of each row
    for column in table.columns:
        if all(firsts):
            break
        texts = table[column].tolist()
        firsts = [
            first or (text.strip() if isinstance(text, str) else "") for first, text in zip(firsts, texts, strict=True)
        ]
    kinds = ["" if first else "blank" for first in firsts]
    names = [str(column).casefold() for column in table.columns]
    fields = taken.reindex(columns=[*_IDENTIFIERS, "address", "lon", "lat", "point", "city"])
    cities = [text for text in fields["city"].unique() if isinstance(text, str) and text]
    communes = {simplify(text) for text in cities}
    spoken = {tuple(words_of(text)) for text in cities}
    begun = {form[:3] for text in cities for form in (text.casefold(), simplify(text))} | {"vil", "com"}
    for place, first in enumerate(firsts):
        plain = first.casefold()
        again, title = plain in names, plain[:3] in begun and simplify(_OF_TOWN.sub("", first)) in communes
        if (again or title or _MAYBE.match(first)) and not (hidden is not None and hidden.iloc[place]):
            cells = [text for text in table.iloc[place] if isinstance(text, str) and text.strip()]
            # What begins the row may stand in any field: a sum says nothing else of a place.
            *own, city = [text.replace(first, "") for text in fields.iloc[place].fillna("").tolist()]
            header = all(cell.casefold() in names for cell in cells) or all(map(_UNIT.fullmatch, cells))
            if (header and len(cells) > 1) or (title and len(cells) == 1):
                kinds[place] = "sure"
            elif not any(own[: len(_IDENTIFIERS)]) and not _is_placed(*own[len(_IDENTIFIERS) :]):
                kinds[place] = _kind(cells, city, spoken)
    found = [kind == "sure" for kind in kinds]
    at_foot: dict[str, bool] = {}  # of each sheet, whether no entry stands below
    for place in range(len(kinds) - 1, -1, -1):
        part = str(table.index[place]).rpartition("!")[0]
        foot = at_foot.get(part, True)
        found[place] |= foot and kinds[place] == "foot"
        at_foot[part] = foot and kinds[place] != ""
    if all(found):
        found = [False] * len(found)
    told = [f"{row} ({first})" for row, first, aside in zip(table.index, firsts, found, strict=True) if aside]
    if told:
        warnings.warn(tell("footers", name=name, rows=", ".join(told)), InputWarning, stacklevel=3)
    return pd.Series(found, index=table.index, dtype=bool)


def _is_placed(address: str, lon: str, lat: str, point: str) -> bool:
    """Return whether a row has an address with letters, or a position."""
    degrees = degrees_of(str(lon)) and degrees_of(str(lat))
    return any(map(str.isalpha, str(address))) or bool(degrees) or point_of(str(point)) is not None


def _kind(cells: Sequence[str], city: str, communes: Collection[tuple[str, ...]]) -> str:
    """Return ``sure`` for a sum, as of a city, ``foot`` for a sum or note below a list, nothing for an entry."""
    words = [word for cell in cells if cell != city and not _NUMBER.fullmatch(cell.strip()) for word in _words(cell)]
    if words and words[0] in _SUM and all(word in _SUM | _OF_SUMS for word in words):
        return "sure"
    head, *others = cells
    first = (_words(head) or [""])[0]
    counted = any(map(str.isdigit, "".join(cells)))
    if first in _SUM and counted and all(_NUMBER.fullmatch(cell.strip()) for cell in others):
        return "sure" if others and tuple(_words(head)[1:]) in communes else "foot"
    if others:
        return ""
    noted = first in _NOTE and (":" in head or counted or len(_words(head)) >= MIN_WORDS)
    return "foot" if noted or head.strip()[0] in "*(©¹" else ""


def _words(text: str) -> list[str]:
    """Return the words of a text without numbers, ``Sous-total`` and ``Grand total`` as a total."""
    words = [word for word in words_of(text) if word and not word.isdigit()]
    return words[1:] if words[:1] in (["sou"], ["grand"]) and words[1:2] == ["total"] else words
