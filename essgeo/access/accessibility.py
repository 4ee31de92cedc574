"""Measures of accessibility: how near, how much of it, and how unequally."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse

from essgeo.errors import InputError
from essgeo.messages import tell
from essgeo.schema.validate import require_columns
from essgeo.zoning.locate import residents

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from essgeo.access.walking import CostMatrix

    Decay: TypeAlias = str | Callable[[NDArray[np.float64]], NDArray[np.float64]]


METHODS = {
    "cumulative": "places within a walk",
    "gravity": "Hansen 1959",
    "2sfca": "Luo & Wang 2003",
    "e2sfca": "Luo & Qi 2009",
    "balanced": "Páez, Higgins & Vivona 2019",
}

BINARY = frozenset({"cumulative", "2sfca"})

PRESENCE = "presence: every place counts as 1, its size is not known"

STEPS = (1.0, 0.68, 0.22)
"""Weights of the first, second and last third of the catchment (Luo & Qi 2009)."""


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
    r"""Return the access of each demand point.

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
        The weight of a trip of *t* minutes in a catchment of *T*; ``cumulative`` and ``2sfca`` are ``binary``:

        - ``binary``: 1 everywhere in the catchment;
        - ``step``: 1, 0.68 and 0.22 in its thirds (Luo & Qi 2009);
        - ``gaussian``: :math:`e^{-t^2 / 2\sigma^2}` with :math:`\sigma` half of the catchment, 0.14 at its edge;
        - ``exponential``: :math:`e^{-2t / T}`, 0.14 at its edge too;
        - a function of minutes, from an array to an array.
    within_minutes
        Size of the catchment; ``cost.max_minutes`` by default, and at most, since longer trips are not in ``cost``.
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
    SchemaError
        ``demand`` has no ``population``, or one that is no number.
    InputError
        Method or decay not known, tables that are not those of ``cost``, a capacity that is missing or negative, a
        catchment that is not positive or larger than the trips of ``cost``.

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
        message = tell("method_unknown", method=method, methods=", ".join(METHODS))
        raise InputError(message)
    for frame, index, name in ((demand, cost.origin_ids, "demand"), (supply, cost.destination_ids, "supply")):
        if not frame.index.equals(index):
            message = tell("costs_of_other_rows", name=name)
            raise InputError(message)
    within = cost.max_minutes if within_minutes is None else within_minutes
    if not within > 0:
        raise InputError(tell("minutes_positive", within_minutes=within))
    if within > cost.max_minutes:
        raise InputError(tell("minutes_beyond_cost", within_minutes=within, max_minutes=cost.max_minutes))
    people = residents(demand, "demand")
    amount = np.ones(len(supply)) if capacity is None else _capacity(supply, capacity)
    decay = "binary" if method in BINARY else decay
    if method in {"cumulative", "gravity"}:
        values = potential(cost, amount, decay=decay, within_minutes=within)
    else:
        measure = balanced_catchment if method == "balanced" else two_step_catchment
        values = measure(cost, people, amount, decay=decay, within_minutes=within)
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


def _capacity(supply: pd.DataFrame, column: str) -> NDArray[np.float64]:
    require_columns(("supply", supply, {column: "Name the column of capacities, or none to count places."}))
    amount: NDArray[np.float64] = pd.to_numeric(supply[column], errors="coerce").to_numpy(dtype=float)
    wrong = supply.index[~(amount >= 0)]
    if len(wrong):
        rows = ", ".join(map(str, wrong[:5]))
        message = tell("no_capacity", column=column, wrong=len(wrong), rows=rows)
        raise InputError(message)
    return amount


def nearest_minutes(cost: CostMatrix, among: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
    """Return the minutes from each origin to the nearest destination.

    Parameters
    ----------
    cost
        From :func:`essgeo.travel_cost`.
    among
        Which destinations count, one flag each; all of them by default.

    Returns
    -------
    ndarray of float32
        One value an origin; NaN where none is within ``cost.max_minutes``.

    Examples
    --------
    >>> import pandas as pd
    >>> from essgeo.access import CostMatrix
    >>> cost = CostMatrix(pd.Index([0, 1]), pd.Index(["a", "b"]), np.array([0, 0], dtype=np.int32),
    ...     np.array([0, 1], dtype=np.int32), np.array([7, 3], dtype=np.float32), 30, "walk", "", 4.5, 1.3)
    >>> nearest_minutes(cost).tolist()
    [3.0, nan]
    """
    kept = slice(None) if among is None else among[cost.destination]
    # One value an origin; minimum.at, since an origin has several trips and plain indexing would keep one of them.
    nearest = np.full(len(cost.origin_ids), np.inf, dtype=np.float32)
    np.minimum.at(nearest, cost.origin[kept], cost.minutes[kept])
    nearest[np.isinf(nearest)] = np.nan
    return nearest


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
    # Trips are sorted by origin: the trips of one begin at its start and are as many as its length.
    starts = np.flatnonzero(np.diff(origin, prepend=-1))
    lengths = np.diff(np.append(starts, len(origin)))
    for column in range(k):
        smallest = np.minimum.reduceat(minutes, starts)
        nearest[origin[starts], column] = np.where(np.isinf(smallest), np.nan, smallest)
        if column + 1 < k:
            # The first trip of each origin that is the smallest is taken out of the next round.
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
    # Origins x thresholds; who reaches nothing (NaN) is near at no threshold.
    near = np.asarray(minutes)[:, None] <= np.asarray(thresholds, dtype=float)
    shares: NDArray[np.float64] = np.asarray(population, dtype=float) @ near / total
    return shares


def decay_weights(minutes: NDArray[np.floating], decay: Decay, *, within_minutes: float) -> NDArray[np.float64]:
    """Return the weight of each trip, see :func:`accessibility`; 0 beyond the catchment.

    >>> decay_weights(np.array([0.0, 12.0, 29.0, 31.0]), "step", within_minutes=30).tolist()
    [1.0, 0.68, 0.22, 0.0]
    """
    trips = np.asarray(minutes, dtype=np.float64)
    if callable(decay):
        weights = decay(trips)
    elif decay == "binary":
        weights = np.ones(len(trips))
    elif decay == "step":
        thirds = within_minutes * np.arange(1, len(STEPS)) / len(STEPS)  # where one step ends and the next begins
        weights = np.asarray(STEPS)[np.searchsorted(thirds, trips)]
    elif decay == "gaussian":
        weights = np.exp(trips**2 * (-2 / within_minutes**2))
    elif decay == "exponential":
        weights = np.exp(trips * (-2 / within_minutes))
    else:
        message = tell("decay_unknown", decay=decay)
        raise InputError(message)
    # The usual catchment is all of the trips: it needs no copy of them.
    return weights if trips.max(initial=0.0) <= within_minutes else np.where(trips <= within_minutes, weights, 0.0)


def trips_matrix(cost: CostMatrix, values: NDArray[np.float64]) -> sparse.csr_array:
    """Return one value a trip as a matrix, origins x destinations, without copying the trips."""
    # Trips are sorted by origin, so that the trips of origin i stand from rows[i] to rows[i + 1].
    rows = np.searchsorted(cost.origin, np.arange(len(cost.origin_ids) + 1))
    shape = (len(cost.origin_ids), len(cost.destination_ids))
    return sparse.csr_array((values, cost.destination, rows.astype(cost.destination.dtype)), shape=shape)


def potential(
    cost: CostMatrix, supply: NDArray[np.floating], *, decay: Decay = "gaussian", within_minutes: float | None = None
) -> NDArray[np.float64]:
    r"""Return the gravity measure of access (Hansen 1959, "How accessibility shapes land use"), in the unit of supply.

    .. math:: A_i = \sum_j S_j \, f(t_{ij})

    With the ``binary`` decay it is the cumulative measure: how much supply lies within a walk.
    """
    values: NDArray[np.float64] = _weights(cost, decay, within_minutes) @ np.asarray(supply, dtype=np.float64)
    return values


def two_step_catchment(
    cost: CostMatrix,
    population: NDArray[np.floating],
    supply: NDArray[np.floating],
    *,
    decay: Decay = "step",
    within_minutes: float | None = None,
) -> NDArray[np.float64]:
    r"""Return the two-step floating catchment area measure, supply a person; 0 where nothing is within reach.

    .. math:: R_j = \frac{S_j}{\sum_i P_i \, f(t_{ij})}, \qquad A_i = \sum_j R_j \, f(t_{ij})

    With the ``binary`` decay it is 2SFCA (Luo & Wang 2003), with another E2SFCA (Luo & Qi 2009). The sum of
    :math:`P_i A_i` is the supply that anybody reaches.
    """
    # Origins x places. First from the places: how many people compete for each; then from the origins: the supply a
    # person at the places they reach.
    weights = _weights(cost, decay, within_minutes)
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
    r"""Return the balanced floating catchment area measure (Páez, Higgins & Vivona 2019); 0 where nothing is in reach.

    .. math:: L_j = \frac{S_j}{\sum_i P_i \, w^i_{ij}}, \qquad A_i = \sum_j L_j \, w^j_{ij}, \qquad
        w^i_{ij} = \frac{f_{ij}}{\sum_j f_{ij}}, \qquad w^j_{ij} = \frac{f_{ij}}{\sum_i f_{ij}}

    Each person is counted at all places together once, and each level of service is handed out once: demand and service
    are neither inflated by overlapping catchments nor lost. The sum over origins is that of the levels of service.
    """
    weights = _weights(cost, decay, within_minutes)
    # What all trips of an origin weigh, and all trips to a place: dividing by them once, as vectors, shares out people
    # and service without a second matrix of weights.
    by_origin, by_place = weights @ np.ones(weights.shape[1]), weights.T @ np.ones(weights.shape[0])
    crowd = weights.T @ _ratio(np.asarray(population, dtype=np.float64), by_origin)
    service = _ratio(np.asarray(supply, dtype=np.float64), crowd)
    values: NDArray[np.float64] = weights @ _ratio(service, by_place)
    return values


def _weights(cost: CostMatrix, decay: Decay, within_minutes: float | None) -> sparse.csr_array:
    within = cost.max_minutes if within_minutes is None else within_minutes
    return trips_matrix(cost, decay_weights(cost.minutes, decay, within_minutes=within))


def _ratio(upper: NDArray[np.float64], lower: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a ratio, 0 where nobody or nothing is there to divide by."""
    return np.divide(upper, lower, out=np.zeros_like(lower), where=lower > 0)


def access_poverty(
    values: NDArray[np.floating], population: NDArray[np.floating], line: float, *, alpha: int = 0
) -> float:
    r"""Return the Foster-Greer-Thorbecke index of access poverty (Foster, Greer & Thorbecke 1984).

    .. math:: FGT_\alpha = \frac{1}{\sum_i P_i} \sum_{i : y_i < z} P_i \left(\frac{z - y_i}{z}\right)^\alpha

    0 is the share of people below the line *z*, such as the median of the territory, 1 also says how far below they
    are, 2 gives more weight to the farthest. Karner, Pereira & Farber (2024) use it for access; :func:`proximity` turns
    minutes into it. NaN where nobody lives or the line is 0: half of the territory has no access at all, and nobody can
    be below.

    >>> [access_poverty(np.array([0.0, 5.0, 20.0]), np.ones(3), 10.0, alpha=alpha) for alpha in (0, 1, 2)]
    [0.6666666666666666, 0.5, 0.4166666666666667]
    """
    people = np.asarray(population, dtype=float)
    if not people.sum() or not line > 0:
        return float("nan")
    short = np.clip((line - np.asarray(values, dtype=float)) / line, 0, 1)
    return float(people @ np.where(short > 0, short**alpha, 0.0) / people.sum())


def proximity(minutes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return access as the inverse of minutes (one at least), 0 where nothing is reachable.

    Against a line of *T* minutes, the shortfall of :func:`access_poverty` is then :math:`1 - T / t`.
    """
    near: NDArray[np.float64] = np.nan_to_num(1 / np.maximum(np.asarray(minutes, dtype=float), 1.0), nan=0.0)
    return near


def weighted_median(values: NDArray[np.floating], population: NDArray[np.floating]) -> float:
    """Return the value (no NaN) that half of the people do not exceed; NaN where nobody lives."""
    order = np.argsort(values, kind="stable")
    people = np.cumsum(np.asarray(population, dtype=float)[order])
    if not len(people) or not people[-1]:
        return float("nan")
    return float(np.asarray(values)[order][np.searchsorted(people, people[-1] / 2)])


def lorenz(
    values: NDArray[np.floating], population: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Lorenz curve of access (Lorenz 1905): cumulated shares of people and of access, least served first.

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
    values
        Access of a person, 0 or more.
    population
        Persons.

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
        As for :func:`gini`.
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
    # Groups of equal income, the poorest first: how many people each holds, and where its middle stands among all.
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
