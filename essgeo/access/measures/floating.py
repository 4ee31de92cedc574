"""Floating catchment areas: supply shared among those who can reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from essgeo.access.measures.decay import decay_weights
from essgeo.access.measures.matrix import trips_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.access.cost import CostMatrix
    from essgeo.access.measures.decay import Decay


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
