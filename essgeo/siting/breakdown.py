"""Who is newly within reach: by neighbourhood and by income."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

THIRDS = ("lower", "middle", "upper")


def by_neighbourhood(demand: pd.DataFrame, before: NDArray[np.bool_], newly: NDArray[np.bool_]) -> pd.DataFrame:
    """Return residents within reach before, and newly, for each target neighbourhood and elsewhere.

    Parameters
    ----------
    demand
        ``population``, ``neighbourhood_id`` (``""`` elsewhere).
    before, newly
        One flag a row.

    Returns
    -------
    DataFrame
        ``neighbourhood_id``, ``residents``, ``reached_before``, ``newly_reached`` (persons), ``share_after``;
        elsewhere last.

    Examples
    --------
    >>> demand = pd.DataFrame({"population": [10.0, 20.0], "neighbourhood_id": ["", "noue"]})
    >>> table = by_neighbourhood(demand, np.array([True, False]), np.array([False, True]))
    >>> table[["neighbourhood_id", "newly_reached"]].values.tolist()
    [['noue', 20.0], ['', 0.0]]
    """
    names = demand["neighbourhood_id"] if "neighbourhood_id" in demand else pd.Series("", index=demand.index)
    table = _sums(demand, names.to_numpy(dtype=object), before, newly).rename_axis("neighbourhood_id").reset_index()
    order = (table["neighbourhood_id"] == "").to_numpy().argsort(kind="stable")
    return table.iloc[order].reset_index(drop=True)


def by_income(demand: pd.DataFrame, before: NDArray[np.bool_], newly: NDArray[np.bool_]) -> pd.DataFrame:
    """Return residents within reach before, and newly, by third of the residents after the median income of their IRIS.

    Parameters
    ----------
    demand
        ``population``, ``income`` (EUR a year, NaN where masked).
    before, newly
        One flag a row.

    Returns
    -------
    DataFrame
        ``income`` (``lower``, ``middle``, ``upper``, ``unknown``), ``income_from``, ``income_to`` (EUR a year),
        ``residents``,
        ``reached_before``, ``newly_reached`` (persons), ``share_after``. Equal incomes are never split.

    Examples
    --------
    >>> demand = pd.DataFrame({"population": [10.0, 10.0, 10.0, 5.0], "income": [1.0, 2.0, 3.0, np.nan]})
    >>> by_income(demand, np.zeros(4, bool), np.array([True, False, False, True]))["newly_reached"].tolist()
    [10.0, 0.0, 0.0, 5.0]
    """
    income = demand["income"].to_numpy(dtype=float)
    names = np.full(len(demand), "unknown", dtype=object)
    known = ~np.isnan(income)
    if known.any():
        _, group = np.unique(income[known], return_inverse=True)
        people = np.bincount(group, weights=demand["population"].to_numpy(dtype=float)[known])
        middle = (people.cumsum() - people / 2) / max(people.sum(), 1e-12)
        names[known] = np.array(THIRDS, dtype=object)[np.minimum((3 * middle).astype(int), 2)][group]
    table = _sums(demand, names, before, newly)
    bounds = pd.Series(income).groupby(names).agg(["min", "max"])
    table.insert(0, "income_from", bounds["min"].reindex(table.index))
    table.insert(1, "income_to", bounds["max"].reindex(table.index))
    wanted = [name for name in (*THIRDS, "unknown") if name in table.index]
    return table.loc[wanted].rename_axis("income").reset_index()


def _sums(
    demand: pd.DataFrame, names: NDArray[np.object_], before: NDArray[np.bool_], newly: NDArray[np.bool_]
) -> pd.DataFrame:
    people = demand["population"].to_numpy(dtype=float)
    columns = {"residents": people, "reached_before": people * before, "newly_reached": people * newly}
    table = pd.DataFrame(columns).groupby(names).sum()
    after = table["reached_before"] + table["newly_reached"]
    table["share_after"] = after / table["residents"].where(table["residents"] > 0)
    return table
