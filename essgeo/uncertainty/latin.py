"""Numbers drawn evenly, which steadies what few worlds show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Orders = NDArray[np.unsignedinteger]


PLACE, ALIVE, WALKS, AWAY = range(4)
"""What is drawn for one structure, each an axis of :func:`even`: where, whether it exists, how streets lead to it; and
how far from its point it stands, where it has one.
"""

STEP = 1.2207440846057596
"""The root of :math:`x^4 = x + 1`: its powers fill three axes most evenly (Roberts 2018, after Kronecker)."""


def stratified(random: np.random.Generator, *shape: int) -> Floats:
    """Return numbers in ]0, 1[ of some shape, each row (last axis) one axis of a Latin hypercube (McKay et al. 1979).

    >>> np.floor(4 * stratified(np.random.default_rng(0), 4)).astype(int).sum()
    np.int64(6)
    """
    count = shape[-1]
    parts = np.broadcast_to(np.arange(count, dtype=np.float64), shape)
    drawn: Floats = (random.permuted(parts, axis=-1) + random.random(shape)) / count
    return drawn


def normal(random: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    """Return standard normal numbers, each row one axis of a Latin hypercube."""
    drawn: NDArray[np.float32] = ndtri(stratified(random, *shape)).astype(np.float32)
    return drawn


def draw_orders(structures: int, count: int, random: np.random.Generator) -> Orders:
    """Return the worlds of each structure in an order of its own: structures x worlds."""
    orders: Orders = np.empty((structures, count), dtype=np.min_scalar_type(count))
    orders[:] = np.arange(count, dtype=orders.dtype)
    return random.permuted(orders, axis=-1, out=orders)


def even(order: Orders, axis: int, shift: float | Floats) -> Floats:
    r"""Return what is drawn for one structure along an axis, numbers in [0, 1[, from its order of the worlds.

    .. math:: u_0 = \{i / n + s_0\}, \qquad u_k = \{i \, \phi^{-k} + s_k\}

    with *i* the order, *n* worlds and :math:`s` random shifts: one set of points, shifted for each structure (Cranley
    and Patterson 1976). Each axis alone is even, and so are all of them together: in how many worlds a structure
    exists *and* stands in a part of town *and* is walked to easily strays far less than if each were drawn alone.
    Orders differ, so that structures know nothing of each other.

    Examples
    --------
    >>> order = draw_orders(1, 4096, np.random.default_rng(0))[0]
    >>> there = (even(order, PLACE, 0.2) < 0.1) & (even(order, ALIVE, 0.7) < 0.5) & (even(order, WALKS, 0.4) < 0.5)
    >>> int(there.sum())  # of 102.4 expected; drawn alone it would stray by 10
    105
    """
    step = 1 / len(order) if axis == PLACE else STEP**-axis
    return (order.astype(np.float64) * step + shift) % 1
