"""What the law lets nobody show: rows that SIRENE diffuses in part only, and how they are redacted.

Which columns such a row keeps is written once, in the column ``masked`` of ``schema/columns.csv``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.schema.columns import HEADERS, SHOWN
from essgeo.schema.headers import simplify

if TYPE_CHECKING:
    from collections.abc import Collection

Frame = TypeVar("Frame", bound=pd.DataFrame)

MASK = "[ND]"
"""What INSEE writes in place of a text that is not diffused."""

OPEN = ("O", "")
"""Diffusion without restriction, and nothing said, as of the rows of a list that is not SIRENE.

Any other value restricts a row: in part (``P``), before 2023 not at all (``N``), ``[ND]``, or a word not known.
"""

_MARKED = ("name", "address", "postcode", "city")


def is_diffusion(column: object) -> bool:
    """Return whether a column of any file says how far SIRENE diffuses its rows."""
    return simplify(str(column)) in HEADERS["structures"]["diffusion"]


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
        texts = table[name].astype(object).where(table[name].notna(), "").astype(str)
        # No isin() nor str.contains(): the hashing of pandas stops at a NUL.
        found = [(text.strip().upper() not in OPEN) if says_diffusion else MASK in text for text in texts]
        restricted |= np.array(found, dtype=bool)
    return pd.Series(restricted, index=table.index)


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


def redact_identifiers(identifiers: pd.Series, rows: pd.Series) -> pd.Series:
    """Return identifiers that name nobody: those of restricted rows that hold a letter become ``masked-`` and a number.

    Examples
    --------
    >>> identifiers = pd.Series(["jean-martin", "12345678900011", "amap"])
    >>> redact_identifiers(identifiers, pd.Series([True, True, False])).tolist()
    ['masked-1', '12345678900011', 'amap']
    """
    telling = rows.to_numpy(dtype=bool) & identifiers.astype(str).str.contains(r"[^\W\d_]").to_numpy(dtype=bool)
    numbers = [f"masked-{number}" for number in telling.cumsum()]
    return identifiers.mask(telling, pd.Series(numbers, index=identifiers.index))
