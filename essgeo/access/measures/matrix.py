"""The trips of a cost matrix as a sparse matrix, so that sums over trips are products."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.access.cost import CostMatrix


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
