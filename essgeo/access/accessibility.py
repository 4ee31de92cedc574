"""Measures of accessibility."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse

from essgeo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from essgeo.access.cost import CostMatrix


Decay: TypeAlias = "str | Callable[[NDArray[np.float64]], NDArray[np.float64]]"


STEPS = (1.0, 0.68, 0.22)
"""Weights of the first, second and last third of the catchment (Luo & Qi 2009)."""


def decay_weights(minutes: NDArray[np.floating], decay: Decay, *, within_minutes: float) -> NDArray[np.float64]:
    r"""Return the weight of each trip, 0 beyond the catchment.

    - ``binary``: 1 everywhere in the catchment (2SFCA, cumulative opportunities);
    - ``step``: 1, 0.68 and 0.22 in its thirds (Luo & Qi 2009);
    - ``gaussian``: :math:`e^{-t^2 / 2\sigma^2}` with :math:`\sigma` half of the catchment, 0.14 at its edge;
    - ``exponential``: :math:`e^{-2t / T}` with *T* the catchment, 0.14 at its edge too;
    - a function of minutes.

    Parameters
    ----------
    minutes
        Of each trip.
    decay
        One of the names above, or a function from an array to an array.
    within_minutes
        Size of the catchment.

    Returns
    -------
    ndarray of float64
        One weight a trip.

    Raises
    ------
    InputError
        The decay is not known.

    Examples
    --------
    >>> decay_weights(np.array([0.0, 12.0, 29.0, 31.0]), "step", within_minutes=30).tolist()
    [1.0, 0.68, 0.22, 0.0]
    """
    trips = np.asarray(minutes, dtype=np.float64)
    if callable(decay):
        weights = decay(trips)
    elif decay == "binary":
        weights = np.ones(len(trips))
    elif decay == "step":
        thirds = within_minutes * np.arange(1, len(STEPS)) / len(STEPS)
        weights = np.asarray(STEPS)[np.searchsorted(thirds, trips)]
    elif decay == "gaussian":
        weights = np.exp(trips**2 * (-2 / within_minutes**2))
    elif decay == "exponential":
        weights = np.exp(trips * (-2 / within_minutes))
    else:
        message = f"decay {decay!r} is not known; take binary, step, gaussian, exponential, or a function of minutes."
        raise InputError(message)
    return (
        weights if not len(trips) or trips.max() <= within_minutes else np.where(trips <= within_minutes, weights, 0.0)
    )


def trips_matrix(cost: CostMatrix, values: NDArray[np.float64]) -> sparse.csr_array:
    """Return one value a trip as a matrix, origins x destinations, without copying the trips.

    Parameters
    ----------
    cost
        Trips, sorted by origin.
    values
        One a trip.

    Returns
    -------
    csr_array
        Origins x destinations.

    Examples
    --------
    >>> import pandas as pd
    >>> from essgeo.access import CostMatrix
    >>> cost = CostMatrix(pd.Index([0, 1]), pd.Index(["a"]), np.array([1], dtype=np.int32),
    ...     np.array([0], dtype=np.int32), np.array([7], dtype=np.float32), 30, "walk", "", 4.5, 1.3)
    >>> trips_matrix(cost, np.array([0.5])).toarray().tolist()
    [[0.0], [0.5]]
    """
    rows = np.searchsorted(cost.origin, np.arange(len(cost.origin_ids) + 1))
    return sparse.csr_array(
        (values, cost.destination, rows.astype(cost.destination.dtype)),
        shape=(len(cost.origin_ids), len(cost.destination_ids)),
    )


def potential(
    cost: CostMatrix, supply: NDArray[np.floating], *, decay: Decay = "gaussian", within_minutes: float | None = None
) -> NDArray[np.float64]:
    r"""Return the gravity measure of access (Hansen 1959, "How accessibility shapes land use").

    .. math:: A_i = \sum_j S_j \, f(t_{ij})

    With the ``binary`` decay it is the cumulative measure: how much supply lies within a walk.

    Parameters
    ----------
    cost
        From :func:`essgeo.travel_cost`.
    supply
        Capacity of each destination; 1 each counts places.
    decay, within_minutes
        See :func:`decay_weights`; by default up to ``cost.max_minutes``.

    Returns
    -------
    ndarray of float64
        One value an origin, in the unit of ``supply``.

    Examples
    --------
    >>> import pandas as pd
    >>> from essgeo.access import CostMatrix
    >>> cost = CostMatrix(pd.Index([0, 1]), pd.Index(["a", "b"]), np.array([0, 0], dtype=np.int32),
    ...     np.array([0, 1], dtype=np.int32), np.array([7, 3], dtype=np.float32), 30, "walk", "", 4.5, 1.3)
    >>> potential(cost, np.array([10.0, 1.0]), decay="binary", within_minutes=5).tolist()
    [1.0, 0.0]
    """
    weights = decay_weights(cost.minutes, decay, within_minutes=within_minutes or cost.max_minutes)
    values: NDArray[np.float64] = trips_matrix(cost, weights) @ np.asarray(supply, dtype=np.float64)
    return values


def two_step_catchment(
    cost: CostMatrix,
    population: NDArray[np.floating],
    supply: NDArray[np.floating],
    *,
    decay: Decay = "step",
    within_minutes: float | None = None,
) -> NDArray[np.float64]:
    r"""Return the two-step floating catchment area measure, plain or enhanced.

    .. math:: R_j = \frac{S_j}{\sum_i P_i \, f(t_{ij})}, \qquad A_i = \sum_j R_j \, f(t_{ij})

    With the ``binary`` decay it is 2SFCA (Luo & Wang 2003), with another E2SFCA (Luo & Qi 2009). The sum of
    :math:`P_i A_i` is the supply that anybody reaches.

    Parameters
    ----------
    cost
        From :func:`essgeo.travel_cost`.
    population
        Persons at each origin.
    supply
        Capacity of each destination.
    decay, within_minutes
        See :func:`decay_weights`; by default up to ``cost.max_minutes``.

    Returns
    -------
    ndarray of float64
        Supply a person, one value an origin; 0 where nothing is within reach.

    Examples
    --------
    >>> import pandas as pd
    >>> from essgeo.access import CostMatrix
    >>> cost = CostMatrix(pd.Index([0, 1]), pd.Index(["a"]), np.array([0, 1], dtype=np.int32),
    ...     np.array([0, 0], dtype=np.int32), np.array([7, 25], dtype=np.float32), 30, "walk", "", 4.5, 1.3)
    >>> two_step_catchment(cost, np.array([10.0, 40.0]), np.array([5.0]), decay="binary").tolist()
    [0.1, 0.1]
    """
    weights = trips_matrix(cost, decay_weights(cost.minutes, decay, within_minutes=within_minutes or cost.max_minutes))
    crowd = weights.T @ np.asarray(population, dtype=np.float64)
    values: NDArray[np.float64] = weights @ _ratio(np.asarray(supply, dtype=np.float64), crowd)
    return values


def balanced_catchment(
    cost: CostMatrix,
    population: NDArray[np.floating],
    supply: NDArray[np.floating],
    *,
    decay: Decay = "step",
    within_minutes: float | None = None,
) -> NDArray[np.float64]:
    r"""Return the balanced floating catchment area measure (Páez, Higgins & Vivona 2019).

    .. math:: L_j = \frac{S_j}{\sum_i P_i \, w^i_{ij}}, \qquad A_i = \sum_j L_j \, w^j_{ij}, \qquad
        w^i_{ij} = \frac{f_{ij}}{\sum_j f_{ij}}, \qquad w^j_{ij} = \frac{f_{ij}}{\sum_i f_{ij}}

    Each person is counted at all places together once, and each level of service is handed out once: demand and service
    are neither inflated by overlapping catchments nor lost.

    Parameters
    ----------
    cost, population, supply, decay, within_minutes
        As for :func:`two_step_catchment`.

    Returns
    -------
    ndarray of float64
        One value an origin; their sum is that of the levels of service. 0 where nothing is within reach.

    Examples
    --------
    >>> import pandas as pd
    >>> from essgeo.access import CostMatrix
    >>> cost = CostMatrix(pd.Index([0, 1]), pd.Index(["a"]), np.array([0, 1], dtype=np.int32),
    ...     np.array([0, 0], dtype=np.int32), np.array([7, 25], dtype=np.float32), 30, "walk", "", 4.5, 1.3)
    >>> balanced_catchment(cost, np.array([10.0, 40.0]), np.array([5.0]), decay="binary").tolist()
    [0.05, 0.05]
    """
    weights = trips_matrix(cost, decay_weights(cost.minutes, decay, within_minutes=within_minutes or cost.max_minutes))
    by_origin, by_place = weights @ np.ones(weights.shape[1]), weights.T @ np.ones(weights.shape[0])
    crowd = weights.T @ _ratio(np.asarray(population, dtype=np.float64), by_origin)
    service = _ratio(np.asarray(supply, dtype=np.float64), crowd)
    values: NDArray[np.float64] = weights @ _ratio(service, by_place)
    return values


def _ratio(upper: NDArray[np.float64], lower: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a ratio, 0 where nobody or nothing is there to divide by."""
    return np.divide(upper, lower, out=np.zeros_like(lower), where=lower > 0)


def nearest_k(cost: CostMatrix, k: int, among: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    r"""Return the minutes to the nearest, the second nearest, ... destination.

    .. math:: t_i^{(k)} = \text{the k-th smallest of } \{t_{ij}\}

    Having a choice of places is a service of its own (Apparicio et al. 2008, "Comparing alternative approaches to
    measuring the geographical accessibility of urban health services").

    Parameters
    ----------
    cost
        From :func:`essgeo.travel_cost`.
    k
        How many.
    among
        Which destinations count, one flag each; all of them by default.

    Returns
    -------
    ndarray of float32
        Origins x ``k``; NaN where fewer are within ``cost.max_minutes``.

    Examples
    --------
    >>> import pandas as pd
    >>> from essgeo.access import CostMatrix
    >>> cost = CostMatrix(pd.Index([0, 1]), pd.Index(["a", "b"]), np.array([0, 0], dtype=np.int32),
    ...     np.array([0, 1], dtype=np.int32), np.array([7, 3], dtype=np.float32), 30, "walk", "", 4.5, 1.3)
    >>> nearest_k(cost, 2).tolist()
    [[3.0, 7.0], [nan, nan]]
    """
    kept = slice(None) if among is None else np.flatnonzero(among[cost.destination])
    origin, minutes = cost.origin[kept], cost.minutes[kept].copy()
    nearest = np.full((len(cost.origin_ids), k), np.nan, dtype=np.float32)
    if not len(origin):
        return nearest
    starts = np.flatnonzero(np.diff(origin, prepend=-1))
    lengths = np.diff(np.append(starts, len(origin)))
    for column in range(k):
        smallest = np.minimum.reduceat(minutes, starts)
        nearest[origin[starts], column] = np.where(np.isinf(smallest), np.nan, smallest)
        if column + 1 < k:
            hits = np.flatnonzero(minutes == np.repeat(smallest, lengths))
            minutes[hits[np.diff(origin[hits], prepend=-1) != 0]] = np.inf
    return nearest


def coverage_share(
    minutes: NDArray[np.floating], population: NDArray[np.floating], thresholds: Sequence[float]
) -> NDArray[np.float64]:
    r"""Return the share of people within each threshold of their nearest place.

    .. math:: C(T) = \frac{\sum_i P_i \, [t_i \le T]}{\sum_i P_i}

    Parameters
    ----------
    minutes
        To the nearest place, NaN where none is reachable; one value an origin.
    population
        Persons, one value an origin.
    thresholds
        Minutes.

    Returns
    -------
    ndarray of float64
        One share a threshold, 0 to 1; NaN where nobody lives.

    Examples
    --------
    >>> coverage_share(np.array([4.0, 12.0, np.nan]), np.array([1.0, 2.0, 1.0]), [5, 15]).tolist()
    [0.25, 0.75]
    """
    total = float(np.sum(population))
    if not total:
        return np.full(len(thresholds), np.nan)
    near = np.asarray(minutes)[:, None] <= np.asarray(thresholds, dtype=float)
    shares: NDArray[np.float64] = np.asarray(population, dtype=float) @ near / total
    return shares


def access_poverty(
    values: NDArray[np.floating], population: NDArray[np.floating], line: float, *, alpha: int = 0
) -> float:
    r"""Return the Foster-Greer-Thorbecke index of access poverty (Foster, Greer & Thorbecke 1984).

    .. math:: FGT_\alpha = \frac{1}{\sum_i P_i} \sum_{i : y_i < z} P_i \left(\frac{z - y_i}{z}\right)^\alpha

    0 is the share of people below the line, 1 also says how far below they are, 2 gives more weight to the farthest.
    Karner, Pereira & Farber (2024) use it for access.

    Parameters
    ----------
    values
        Access, 0 or more, the more the better; :func:`proximity` turns minutes into it.
    population
        Persons.
    line
        Access under which people are poor, such as the median of the territory.
    alpha
        0, 1 or 2.

    Returns
    -------
    float
        Between 0 and 1, never more for a larger ``alpha``; NaN where nobody lives or the line is 0 (half of the
        territory has no access at all: nobody can be below).

    Examples
    --------
    >>> [access_poverty(np.array([0.0, 5.0, 20.0]), np.ones(3), 10.0, alpha=alpha) for alpha in (0, 1, 2)]
    [0.6666666666666666, 0.5, 0.4166666666666667]
    """
    people = np.asarray(population, dtype=float)
    if not people.sum() or not line > 0:
        return float("nan")
    short = np.clip((line - np.asarray(values, dtype=float)) / line, 0, 1)
    return float(people @ np.where(short > 0, short**alpha, 0.0) / people.sum())


def proximity(minutes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return access as the inverse of minutes, 0 where nothing is reachable.

    A trip of less than a minute counts as one minute.
    Against a line of *T* minutes, the shortfall of :func:`access_poverty` is then :math:`1 - T / t`.

    Examples
    --------
    >>> proximity(np.array([0.0, 10.0, np.nan])).tolist()
    [1.0, 0.1, 0.0]
    """
    near: NDArray[np.float64] = np.nan_to_num(1 / np.maximum(np.asarray(minutes, dtype=float), 1.0), nan=0.0)
    return near


def weighted_median(values: NDArray[np.floating], population: NDArray[np.floating]) -> float:
    """Return the value that half of the people do not exceed; NaN where nobody lives.

    Parameters
    ----------
    values
        One a demand point, no NaN.
    population
        Persons.

    Examples
    --------
    >>> weighted_median(np.array([3.0, 1.0, 2.0]), np.array([5.0, 1.0, 1.0]))
    3.0
    """
    order = np.argsort(values, kind="stable")
    people = np.cumsum(np.asarray(population, dtype=float)[order])
    if not len(people) or not people[-1]:
        return float("nan")
    return float(np.asarray(values)[order][np.searchsorted(people, people[-1] / 2)])


def lorenz(
    values: NDArray[np.floating], population: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Lorenz curve of access (Lorenz 1905): the share of it that the least served hold.

    Parameters
    ----------
    values
        Access of a person, 0 or more.
    population
        Persons.

    Returns
    -------
    tuple of ndarray
        Cumulated shares of people and of access, from (0, 0) to (1, 1), from the least served to the best.

    Examples
    --------
    >>> people, access = lorenz(np.array([3.0, 1.0]), np.array([1.0, 1.0]))
    >>> people.tolist(), access.tolist()
    ([0.0, 0.5, 1.0], [0.0, 0.25, 1.0])
    """
    order = np.argsort(values, kind="stable")
    people = np.asarray(population, dtype=float)[order]
    access = people * np.asarray(values, dtype=float)[order]
    return _shares(people), _shares(access)


def gini(values: NDArray[np.floating], population: NDArray[np.floating]) -> float:
    r"""Return the Gini index of access: 0 where all have the same, towards 1 where few have all of it.

    .. math:: G = 1 - 2 \int_0^1 L(p) \, dp

    Parameters
    ----------
    values, population
        As for :func:`lorenz`.

    Returns
    -------
    float
        NaN where nobody has any access.

    Examples
    --------
    >>> gini(np.array([3.0, 1.0]), np.array([1.0, 1.0]))
    0.25
    """
    people, access = lorenz(values, population)
    return float(1 - 2 * np.trapezoid(access, people))


def concentration_index(
    values: NDArray[np.floating], population: NDArray[np.floating], income: NDArray[np.floating]
) -> float:
    r"""Return the concentration index of access against income (Wagstaff, Paci & van Doorslaer 1991).

    .. math:: C = \frac{2}{\mu} \operatorname{cov}(y_i, r_i)

    with :math:`r_i` the fractional rank by income (the middle of its group where incomes are equal) and :math:`\mu` the
    mean of access, all weighted by people. Below 0, access is in the hands of the poor; above 0, of the rich.

    Parameters
    ----------
    values, population
        As for :func:`lorenz`.
    income
        Of each person; those where it is NaN are left out.

    Returns
    -------
    float
        Between -1 and 1; NaN where no income is known or nobody has any access.

    Examples
    --------
    >>> concentration_index(np.array([3.0, 1.0]), np.array([1.0, 1.0]), np.array([15000.0, 30000.0]))
    -0.25
    """
    known = ~np.isnan(np.asarray(income, dtype=float))
    people, access = (np.asarray(array, dtype=float)[known] for array in (population, values))
    _, group = np.unique(np.asarray(income)[known], return_inverse=True)
    size = np.bincount(group, weights=people)
    total = size.sum()
    if not total or not people @ access:
        return float("nan")
    rank = ((np.cumsum(size) - size / 2) / total)[group]
    mean = people @ access / total
    return float(2 * (people @ ((access / mean - 1) * (rank - 1 / 2))) / total)


def _shares(parts: NDArray[np.float64]) -> NDArray[np.float64]:
    total = parts.sum()
    if not total:
        return np.full(len(parts) + 1, np.nan)
    return np.concatenate([[0.0], np.cumsum(parts) / total])


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
        See :func:`essgeo.access.accessibility.decay_weights`; ``cumulative`` and ``2sfca`` have none.
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
