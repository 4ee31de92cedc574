"""What the law lets nobody show: rows that SIRENE diffuses in part only, and how they are emptied."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.schema.headers import DIFFUSION, simplify

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray


Frame = TypeVar("Frame", bound=pd.DataFrame)


MASK = "[ND]"
"""What INSEE writes in place of a text that is not diffused."""

OPEN = ("O", "")
"""Diffusion without restriction, and nothing said, as of the rows of a list that is not SIRENE.

Any other value restricts a row: in part (``P``), before 2023 not at all (``N``), ``[ND]``, or a word not known.
"""

SHOWN = frozenset(
    (
        *("structure_id", "city", "citycode", "siren", "siret", "family", "legal_form", "legal_category", "naf"),
        *("sectors", "sector_rule", "challenges", "roles", "support_stages", "ess_rule", "ess_certainty", "seat"),
        *("employer", "employees_low", "employees_high", "active_from", "active_to", "status", "as_of", "counted"),
        *("source", "diffusion", "geo_status", "geo_reason"),
    )
)
"""The only columns in which a masked structure keeps its value: never its address, its position or a name."""

_MARKED = ("name", "address", "postcode", "city")


def hidden(table: pd.DataFrame, *, marked: Collection[str] = _MARKED) -> pd.Series:
    """Return which rows the law restricts.

    Parameters
    ----------
    table
        Any list: a column of :data:`essgeo.schema.headers.DIFFUSION` with another value than ``O`` or none
        restricts the row, and so does ``[ND]`` in a column of ``marked``.
    marked
        Columns that INSEE masks by ``[ND]``; those that the table lacks do not matter.

    Returns
    -------
    Series of bool
        The index of ``table``.

    Examples
    --------
    >>> table = pd.DataFrame({"name": ["A", "[ND]", "C"], "statutDiffusionEtablissement": ["P", "O", "O"]})
    >>> hidden(table).tolist()
    [True, True, False]
    """
    found = np.zeros(len(table), dtype=bool)
    for name in table.columns:
        if simplify(str(name)) in DIFFUSION:
            found |= _holds(table[name], lambda text: text.strip().upper() not in OPEN)
        elif name in marked:
            found |= _holds(table[name], lambda text: MASK in text)
    return pd.Series(found, index=table.index)


def emptied(table: Frame, rows: pd.Series, *, shown: Collection[str] = SHOWN) -> Frame:
    """Return a table whose restricted rows keep nothing but what may be shown.

    Parameters
    ----------
    table
        Any list.
    rows
        From :func:`hidden`.
    shown
        Columns that keep their value. A ``name`` becomes ``[ND]``, other text ``""``, anything else missing.

    Returns
    -------
    DataFrame
        The same rows and columns; the very table where nothing is restricted.

    Examples
    --------
    >>> table = pd.DataFrame({"name": ["A", "B"], "phone": ["1", "2"], "siren": ["111111111", "222222222"]})
    >>> emptied(table, pd.Series([False, True])).values.tolist()
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
        else:
            clear[name] = values.astype("object" if values.dtype.kind in "iub" else values.dtype).mask(where)
    return clear


def unnamed(identifiers: pd.Series, rows: pd.Series) -> pd.Series:
    """Return identifiers that name nobody: those of restricted rows that hold a letter become ``masked-`` and a number.

    Examples
    --------
    >>> unnamed(pd.Series(["jean-martin", "12345678900011", "amap"]), pd.Series([True, True, False])).tolist()
    ['masked-1', '12345678900011', 'amap']
    """
    telling = rows.to_numpy(dtype=bool) & identifiers.astype(str).str.contains(r"[^\W\d_]").to_numpy(dtype=bool)
    numbers = [f"masked-{number}" for number in telling.cumsum()]
    return identifiers.mask(telling, pd.Series(numbers, index=identifiers.index))


def _holds(column: pd.Series, check: Callable[[str], bool]) -> NDArray[np.bool_]:
    codes, values = pd.factorize(column)
    marks = [check(str(value)) for value in values]
    return np.array([*marks, False], dtype=bool)[codes]
