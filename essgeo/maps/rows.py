"""Tables as rows: what sentences, popups and templates read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

import pandas as pd

Row: TypeAlias = Mapping[str, Any]


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, or of a layer without its geometry, in order.

    Examples
    --------
    >>> records(pd.DataFrame({"zone_id": ["QN1"], "share": [0.5]}))
    [{'zone_id': 'QN1', 'share': 0.5}]
    """
    return cast("list[dict[str, Any]]", attributes(table).to_dict("records"))


def by_index(table: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Return the rows of a layer by identifier, without the geometry.

    Examples
    --------
    >>> by_index(pd.DataFrame({"name": ["La Noue"]}, index=["noue"]))
    {'noue': {'name': 'La Noue'}}
    """
    return dict(zip(map(str, table.index), records(table), strict=True))


def attributes(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table without its geometry.

    Examples
    --------
    >>> attributes(pd.DataFrame({"name": ["a"], "geometry": [None]})).columns.tolist()
    ['name']
    """
    return pd.DataFrame(table).drop(columns="geometry", errors="ignore")


def where(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    """Return the rows whose columns hold these values.

    Examples
    --------
    >>> where(pd.DataFrame({"level": ["qpv", "commune"], "minutes": [5, 5]}), level="qpv", minutes=5).index.tolist()
    [0]
    """
    kept = pd.Series(data=True, index=table.index)
    for name, value in values.items():
        kept &= table[name] == value
    return table[kept]
