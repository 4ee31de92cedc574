"""The ends of an interval from the worlds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


AROUND = 0.03
"""An end is the mean of the ranks this close to it (2 to 8 % for the 5th percentile): steadier than one rank."""

DECIMALS = 6
"""Ends are rounded to what floats of 32 bits leave of a sum."""


def ends(drawn: NDArray[np.floating], level: float = 0.9) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of the interval over worlds, the last axis: means of the ranks around each quantile.

    NaN in a world is NaN at both ends.

    Examples
    --------
    >>> low, high = ends(np.arange(1000.0))
    >>> float(low.round()), float(high.round())
    (50.0, 950.0)
    """
    count, tail = drawn.shape[-1], (1 - level) / 2
    first, last = (round(count * max(tail + side, 0)) for side in (-AROUND, AROUND))
    last = min(max(last, first + 1), count)
    ordered = np.sort(drawn, axis=-1)  # NaN last
    low = ordered[..., first:last].mean(axis=-1, dtype=np.float64).round(DECIMALS)
    high = ordered[..., count - last : count - first].mean(axis=-1, dtype=np.float64).round(DECIMALS)
    unknown = np.isnan(ordered[..., -1])
    return np.where(unknown, np.nan, low), np.where(unknown, np.nan, high)
