"""Potential of access: what can be reached, weighted by how far it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from essgeo.access.measures.decay import decay_weights
from essgeo.access.measures.matrix import trips_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.access.cost import CostMatrix
    from essgeo.access.measures.decay import Decay


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
