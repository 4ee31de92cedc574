"""Recognise columns by the names that they carry in official files and in the spreadsheets of towns."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def simplify(name: str) -> str:
    """Return a column name in lower case, without accents, words joined by ``_``.

    Examples
    --------
    >>> simplify("Code Postal (N°)")
    'code_postal_n'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def guess_columns(columns: Iterable[str], aliases: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return which column holds which field, by the first alias that a column name equals.

    Parameters
    ----------
    columns
        Column names as they stand in the file.
    aliases
        For each field, the names it is known under, best first: of :data:`essgeo.schema.columns.HEADERS`.

    Returns
    -------
    dict
        From a column of the file to the field; a column serves one field at most.

    Examples
    --------
    >>> from essgeo.schema.columns import HEADERS
    >>> guess_columns(["Nom", "Code Postal", "CODE_QP"], HEADERS["structures"])
    {'Nom': 'name', 'Code Postal': 'postcode'}
    """
    by_name: dict[str, str] = {}
    for column in sorted(columns, key=lambda name: name != simplify(name)):
        by_name.setdefault(simplify(column), column)
    found: dict[str, str] = {}
    for field, names in aliases.items():
        known = (by_name[name] for name in names if name in by_name)
        free = next((name for name in known if name not in found), None)
        if free is not None:
            found[free] = field
    return found
