"""Words of a vocabulary as people write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.sources.aliases import simplify

if TYPE_CHECKING:
    from collections.abc import Iterable

    from essgeo.words.vocabulary import Labels

LEAST_PREFIX = 4
"""Letters that the beginning of a label needs to stand for it."""


def codes_of(cells: Iterable[str], labels: Labels) -> list[str]:
    """Return cells of words as codes joined by ``|``; a word that is not known stays as it is.

    Parameters
    ----------
    cells
        Words separated by ``|`` or ``;``. Each is a code, a French or English label, or the beginning of the labels of
        one code only; case and accents do not count.
    labels
        The vocabulary.

    Examples
    --------
    >>> from essgeo.words.vocabulary import SECTORS
    >>> codes_of(["Mobilité; Food and farming", "alimentation", "Édu", "magie"], SECTORS)
    ['mobilite|alimentation_agriculture', 'alimentation_agriculture', 'Édu', 'magie']
    """
    known = {simplify(label): code for code, names in labels.items() for label in (code, *names.values())}
    cells = list(cells)
    found = {cell: _codes(cell, known) for cell in dict.fromkeys(cells)}
    return [found[cell] for cell in cells]


def _codes(cell: str, known: dict[str, str]) -> str:
    words = [word.strip() for word in cell.replace(";", "|").split("|") if word.strip()]
    return "|".join(dict.fromkeys(_code(simplify(word), known) or word for word in words))


def _code(word: str, known: dict[str, str]) -> str:
    if word in known or len(word) < LEAST_PREFIX:
        return known.get(word, "")
    begun = {code for label, code in known.items() if label.startswith(word)}
    return begun.pop() if len(begun) == 1 else ""
