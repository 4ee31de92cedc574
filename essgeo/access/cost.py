"""A sparse matrix of travel times, and the nearest destination in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class CostMatrix:
    """Travel times between origins and destinations; pairs beyond ``max_minutes`` are left out.

    Attributes
    ----------
    origin_ids, destination_ids
        Index of the origins and of the destinations.
    origin, destination
        For each pair, positions in ``origin_ids`` and ``destination_ids``; sorted by origin, then destination.
    minutes
        For each pair, minutes of travel (float32).
    max_minutes
        Longest trip kept.
    mode
        ``walk``.
    method
        How minutes were found, in words; every result shows it.
    speed_kmh, detour
        Speed, and walked metres for one metre in a straight line (over a network: of a small move only).
    network_date
        Day of the walking network, ISO, ``unknown`` where its file does not say; ``""`` for straight lines.
    unit
        ``minutes``.
    """

    origin_ids: pd.Index
    destination_ids: pd.Index
    origin: NDArray[np.int32]
    destination: NDArray[np.int32]
    minutes: NDArray[np.float32]
    max_minutes: float
    mode: str
    method: str
    speed_kmh: float
    detour: float
    network_date: str = ""
    unit: str = "minutes"


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
    >>> cost = CostMatrix(pd.Index([0, 1]), pd.Index(["a", "b"]), np.array([0, 0], dtype=np.int32),
    ...     np.array([0, 1], dtype=np.int32), np.array([7, 3], dtype=np.float32), 30, "walk", "", 4.5, 1.3)
    >>> nearest_minutes(cost).tolist()
    [3.0, nan]
    """
    kept = slice(None) if among is None else among[cost.destination]
    nearest = np.full(len(cost.origin_ids), np.inf, dtype=np.float32)
    np.minimum.at(nearest, cost.origin[kept], cost.minutes[kept])
    nearest[np.isinf(nearest)] = np.nan
    return nearest
