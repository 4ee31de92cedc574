"""Numbers drawn evenly: each of so many equal parts of the range once, which steadies what few draws show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from numpy.typing import NDArray


def stratified(random: np.random.Generator, *shape: int) -> NDArray[np.float64]:
    """Return numbers in ]0, 1[ of some shape, each row (last axis) one axis of a Latin hypercube (McKay et al. 1979).

    >>> np.floor(4 * stratified(np.random.default_rng(0), 4)).astype(int).sum()
    np.int64(6)
    """
    count = shape[-1]
    parts = np.broadcast_to(np.arange(count, dtype=np.float64), shape)
    drawn: NDArray[np.float64] = (random.permuted(parts, axis=-1) + random.random(shape)) / count
    return drawn


def normal(random: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    """Return standard normal numbers, each row one axis of a Latin hypercube."""
    drawn: NDArray[np.float32] = ndtri(stratified(random, *shape)).astype(np.float32)
    return drawn
