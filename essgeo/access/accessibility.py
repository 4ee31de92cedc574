"""One measure of access for each demand point, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.access.measures import balanced_catchment, potential, two_step_catchment
from essgeo.errors import InputError

if TYPE_CHECKING:
    from essgeo.access.cost import CostMatrix
    from essgeo.access.measures.decay import Decay

METHODS = {
    "cumulative": "places within a walk",
    "gravity": "Hansen 1959",
    "2sfca": "Luo & Wang 2003",
    "e2sfca": "Luo & Qi 2009",
    "balanced": "Páez, Higgins & Vivona 2019",
}
BINARY = frozenset({"cumulative", "2sfca"})
PRESENCE = "presence: every place counts as 1, its size is not known"


def accessibility(
    demand: pd.DataFrame,
    supply: pd.DataFrame,
    cost: CostMatrix,
    *,
    method: str = "e2sfca",
    decay: Decay = "gaussian",
    within_minutes: float | None = None,
    capacity: str | None = None,
) -> pd.Series:
    """Return the access of each demand point.

    Parameters
    ----------
    demand
        Origins of ``cost``: ``population``.
    supply
        Destinations of ``cost``.
    cost
        From :func:`essgeo.travel_cost`.
    method
        ``cumulative``, ``gravity``, ``2sfca``, ``e2sfca`` or ``balanced``.
    decay
        See :func:`essgeo.access.measures.decay_weights`; ``cumulative`` and ``2sfca`` have none.
    within_minutes
        Size of the catchment; ``cost.max_minutes`` by default.
    capacity
        Column of ``supply`` that says how much each place offers. By default every place counts as 1, and the result
        says so.

    Returns
    -------
    Series of float
        The index of ``demand``, named after the method. ``attrs`` holds ``method``, ``reference``, ``decay``,
        ``within_minutes``, ``capacity`` and ``cost``, the way minutes were found.

    Raises
    ------
    InputError
        Method or decay not known, tables that are not those of ``cost``, a capacity that is missing or negative.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo import travel_cost
    >>> homes = gpd.GeoDataFrame({"population": [10.0, 40.0]}, geometry=gpd.points_from_xy([0, 900], [0, 0]), crs=2154)
    >>> shops = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> access = accessibility(homes, shops, travel_cost(homes, shops), method="2sfca")
    >>> access.tolist(), access.attrs["capacity"]
    ([0.02, 0.02], 'presence: every place counts as 1, its size is not known')
    """
    if method not in METHODS:
        message = f"method {method!r} is not known; take one of {', '.join(METHODS)}."
        raise InputError(message)
    for frame, index, name in ((demand, cost.origin_ids, "demand"), (supply, cost.destination_ids, "supply")):
        if not frame.index.equals(index):
            message = f"{name}: its rows are not those that the cost matrix was made from; compute travel_cost again."
            raise InputError(message)
    amount = np.ones(len(supply)) if capacity is None else _capacity(supply, capacity)
    within = within_minutes or cost.max_minutes
    decay = "binary" if method in BINARY else decay
    people = demand["population"].to_numpy(dtype=float)
    if method in {"cumulative", "gravity"}:
        values = potential(cost, amount, decay=decay, within_minutes=within)
    elif method == "balanced":
        values = balanced_catchment(cost, people, amount, decay=decay, within_minutes=within)
    else:
        values = two_step_catchment(cost, people, amount, decay=decay, within_minutes=within)
    series = pd.Series(values, index=demand.index, name=method)
    series.attrs = {
        "method": method,
        "reference": METHODS[method],
        "decay": decay if isinstance(decay, str) else decay.__name__,
        "within_minutes": within,
        "capacity": PRESENCE if capacity is None else capacity,
        "cost": cost.method,
    }
    return series


def _capacity(supply: pd.DataFrame, column: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    if column not in supply:
        message = f"supply: no column {column!r}. Name the column of capacities, or none to count places."
        raise InputError(message)
    amount = pd.to_numeric(supply[column], errors="coerce").to_numpy(dtype=float)
    wrong = supply.index[~(amount >= 0)]
    if len(wrong):
        rows = ", ".join(map(str, wrong[:5]))
        message = (
            f"supply, column {column!r}: no capacity of 0 or more in {len(wrong)} rows ({rows}). "
            "Complete them, or leave the column out to count places."
        )
        raise InputError(message)
    return amount
