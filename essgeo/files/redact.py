"""Rows that SIRENE diffuses in part only: how any file tells them, and what of them may be shown.

Which columns such a row keeps is written once, in the column ``masked`` of ``schema/columns.csv``.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.schema.columns import SHOWN
from essgeo.schema.names import simplify

if TYPE_CHECKING:
    from collections.abc import Collection

Frame = TypeVar("Frame", bound=pd.DataFrame)

MASK = "[ND]"
"""What INSEE writes in place of a text that is not diffused."""

OPEN = ("O", "", "OUI", "YES", "Y", "TRUE", "VRAI", "1", "DIFFUSIBLE", "TOTALE", "PUBLIQUE")
"""Diffusion without restriction, and nothing said, as of the rows of a list that is not SIRENE.

Any other value restricts a row: in part (``P``), before 2023 not at all (``N``), ``[ND]``, or a word not known.
"""

_MARKED = ("name", "address", "postcode", "city")

_NEUTRAL = (
    "etablissements|etablissement|entreprises|entreprise|associations|association|structures|structure|organismes"
    "|organisme|unites|unite|legales|legale|partielle|partiel|insee|sirene|siret|siren|statut|status|etat|indicateur"
    "|code|niveau|champ|est|des|de|du|la|le|les|l|d|en|a|au|sur"
)

_DIFFUSION = re.compile(f"(?=.{{6,100}}$)(?:{_NEUTRAL})*diffus(?:ions?|ibles?|ibilite)(?:{_NEUTRAL})*")
"""A header that says how far rows are diffused, its letters alone: with words of SIRENE around, and no other."""

_MASKED_TEXT = re.compile(r"\[\s*(?:n\.?d\.?|non[\s_-]*diffus(?:ible|[ée]e?)s?)\s*\]", re.IGNORECASE)

_MASKED_NAME = re.compile(r"n\.?d\.?|non[\s_-]*diffus(?:ible|[ée]e?)s?", re.IGNORECASE)
"""What stands for a text that is not diffused: anywhere in brackets, and alone as a name."""


def is_diffusion(column: object) -> bool:
    """Return whether a column of any file says how far SIRENE diffuses its rows, however its name is written.

    Examples
    --------
    >>> is_diffusion("etablissement.statutDiffusionEtablissement_2"), is_diffusion("Diffusible")
    (True, True)
    >>> is_diffusion("Date de diffusion"), is_diffusion("Diffusion du journal")
    (False, False)
    """
    return _DIFFUSION.fullmatch(re.sub(r"[^a-z]", "", simplify(str(column)))) is not None


def restricted_rows(table: pd.DataFrame, *, marked: Collection[str] = _MARKED) -> pd.Series:
    """Return which rows the law restricts.

    Parameters
    ----------
    table
        Any list: a column of diffusion (:func:`is_diffusion`) with another value than ``O`` or none restricts the row,
        and so does ``[ND]`` in a column of ``marked``.
    marked
        Columns that INSEE masks by ``[ND]``; those that the table lacks do not matter.

    Returns
    -------
    Series of bool
        The index of ``table``.

    Examples
    --------
    >>> table = pd.DataFrame({"name": ["A", "[ND]", "C"], "statutDiffusionEtablissement": ["P", "O", "O"]})
    >>> restricted_rows(table).tolist()
    [True, True, False]
    """
    restricted = np.zeros(len(table), dtype=bool)
    for name in table.columns:
        if not (says_diffusion := is_diffusion(name)) and name not in marked:
            continue
        values = table[name].to_numpy(dtype=object)
        texts = ["" if missing else str(value) for value, missing in zip(values, pd.isna(values), strict=True)]
        # No isin() nor str.contains(): the hashing of pandas stops at a NUL.
        found = [
            text.strip().upper() not in OPEN if says_diffusion else _is_masked(text, name == "name") for text in texts
        ]
        restricted |= np.array(found, dtype=bool)
    return pd.Series(restricted, index=table.index)


def _is_masked(text: str, is_name: bool) -> bool:  # noqa: FBT001 (an inner function)
    return _MASKED_TEXT.search(text) is not None or (is_name and _MASKED_NAME.fullmatch(text.strip()) is not None)


def redact(table: Frame, rows: pd.Series, *, shown: Collection[str] = SHOWN) -> Frame:
    """Return a table whose restricted rows keep nothing but what may be shown.

    Parameters
    ----------
    table
        Any list.
    rows
        From :func:`restricted_rows`, in the order of the table.
    shown
        Columns that keep their value. A ``name`` becomes ``[ND]``, other text ``""``, anything else missing.

    Returns
    -------
    DataFrame
        The same rows and columns; the very table where nothing is restricted.

    Examples
    --------
    >>> table = pd.DataFrame({"name": ["A", "B"], "phone": ["1", "2"], "siren": ["111111111", "222222222"]})
    >>> redact(table, pd.Series([False, True])).values.tolist()
    [['A', '1', '111111111'], ['[ND]', '', '222222222']]
    """
    where = rows.to_numpy(dtype=bool)
    if not where.any():
        return table
    clear = table.copy()
    for name in table.columns:
        if name in shown:
            continue
        values = table[name]
        if isinstance(table, gpd.GeoDataFrame) and name == table.active_geometry_name:
            clear[name] = values.where(~where, None)
        elif pd.api.types.is_string_dtype(values) or values.dtype == object:
            clear[name] = values.mask(where, MASK if name == "name" else "")
        else:  # numpy's whole numbers and flags hold nothing that is missing, those of pandas do
            plain = isinstance(values.dtype, np.dtype) and values.dtype.kind in "iub"
            clear[name] = (values.astype(object) if plain else values).mask(where)
    return clear


LETTER, SIREN = r"[^\W\d_]", r"\d{9}"


def redact_identifiers(identifiers: pd.Series, rows: pd.Series, telling: str = LETTER) -> pd.Series:
    """Return identifiers that name nobody: those of restricted rows that hold a letter become ``masked-`` and a number.

    ``telling`` is what tells who it is: :data:`SIREN` where the row is published, as a SIRET does.

    Examples
    --------
    >>> identifiers = pd.Series(["jean-martin", "12345678900011", "amap"])
    >>> redact_identifiers(identifiers, pd.Series([True, True, False])).tolist()
    ['masked-1', '12345678900011', 'amap']
    """
    if not rows.any():
        return identifiers
    hidden = rows.to_numpy(dtype=bool) & identifiers.astype(str).str.contains(telling).to_numpy(dtype=bool)
    taken = set(identifiers)
    free = (name for number in itertools.count(1) if (name := f"masked-{number}") not in taken)
    return pd.Series(
        [next(free) if hide else one for one, hide in zip(identifiers, hidden, strict=True)],
        identifiers.index,
        dtype=object,
    )
