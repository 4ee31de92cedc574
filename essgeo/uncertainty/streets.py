"""How far people walk over streets for a distance in a straight line."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import ndtri

from essgeo.uncertainty.latin import WALKS, even, normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.uncertainty.latin import Orders


ALONG, ASIDE_M, BEND, SPREAD = 1.15, 132.0, 0.40, 0.78
"""Street metres for *d* metres in a straight line, see :func:`street_metres`: fitted on the streets of Bondy."""

COMMON, OF_PLACE, OF_ORIGIN, SINGLE = 0.05, 0.30, 0.35, 0.30
"""Parts of the variance of *z*: of all walks, of those to one place, from one part of town, from a cell to a place."""

FIELD_M = 330.0
"""The part of an origin fades with distance *h* as :math:`e^{-h / 330}`."""

CELL_M = 200.0
"""Origins of one cell of that side share their part."""

MOST_CELLS = 1500
"""Of a larger territory cells are wider, so that there are no more of them."""

POOL = 1 << 20
"""So many parts of single walks (a power of two) are drawn once; each walk reads a run of them."""

STEPS, LONGEST_Z = 64, 2.5
"""Each of the three parts of *z* is kept in 64ths, and bounded."""


def street_metres(straight_m: NDArray[np.floating], z: float | NDArray[np.floating] = 0.0) -> NDArray[np.float64]:
    r"""Return metres over streets for metres in a straight line.

    .. math:: N = 1.15\, d + 132 \,(d / 300)^{0.4} \, e^{0.78 z}

    ``z`` is standard normal: 0 is the median walk.

    Examples
    --------
    >>> (street_metres(np.array([200.0, 300.0, 450.0, 700.0])) / [200, 300, 450, 700]).round(2).tolist()
    [1.71, 1.59, 1.49, 1.41]
    """
    straight = np.asarray(straight_m, dtype=np.float64)
    walked: NDArray[np.float64] = ALONG * straight + ASIDE_M * (straight / 300) ** BEND * np.exp(SPREAD * z)
    return walked


def straight_metres(
    walked_m: float | NDArray[np.floating], z: float | NDArray[np.floating] = 0.0
) -> NDArray[np.float64]:
    """Return how far in a straight line so many metres over streets lead: what :func:`street_metres` undoes.

    >>> float(street_metres(straight_metres(1125.0)).round(6))
    1125.0
    """
    limit, z = np.broadcast_arrays(np.asarray(walked_m, dtype=np.float64), np.asarray(z, dtype=np.float64))
    low, high = np.zeros(limit.shape), limit
    for _ in range(40):  # halving: N grows with d
        middle = (low + high) / 2
        within = street_metres(middle, z) <= limit
        low, high = np.where(within, middle, low), np.where(within, high, middle)
    return low


def straight_reach(limits_m: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the squared straight reach of each limit over streets: limits x the sum of the parts of *z* in steps."""
    z = np.arange(-3 * LONGEST_Z * STEPS, 3 * LONGEST_Z * STEPS + 1)[None] / STEPS
    squared: NDArray[np.float32] = (straight_metres(np.asarray(limits_m)[:, None], z) ** 2).astype(np.float32)
    return squared


def in_steps(part: NDArray[np.floating]) -> NDArray[np.int16]:
    """Return a part of *z* in whole steps from the least, :data:`LONGEST_Z` below 0."""
    steps: NDArray[np.int16] = np.clip(np.rint((part + LONGEST_Z) * STEPS), 0, 2 * LONGEST_Z * STEPS).astype(np.int16)
    return steps


@cache
def _pool() -> NDArray[np.int16]:
    """Return the pool, twice: a run that begins at its end goes on at its start."""
    return np.tile(in_steps(np.sqrt(SINGLE) * np.random.default_rng(0).standard_normal(POOL, dtype=np.float32)), 2)


def _starts(point: int | NDArray[np.integer], structure: int | NDArray[np.integer]) -> NDArray[np.int64]:
    """Return where the run of each walk begins, whatever the number of worlds."""
    starts: NDArray[np.int64] = np.asarray(point, np.int64) * 7919 + np.asarray(structure, np.int64) * 104_729
    return starts & (POOL - 1)


def single_walks(
    point: int, structure: int | NDArray[np.integer], world: int | NDArray[np.integer]
) -> NDArray[np.int16]:
    """Return the part of single walks in steps, from the cell whose first demand point is named to a structure.

    ``world`` is how many of the first are wanted, or one for each of several structures. A walk has the same part in a
    world however many are drawn.
    """
    start = _starts(point, structure)
    return _pool()[start + world] if isinstance(world, np.ndarray) else _pool()[int(start) : int(start) + world]


def single_walks_of(points: NDArray[np.integer], structures: NDArray[np.integer], count: int) -> NDArray[np.int16]:
    """Return :func:`single_walks` of many pairs in the first worlds: pairs x worlds."""
    walks: NDArray[np.int16] = np.lib.stride_tricks.sliding_window_view(_pool(), count)[_starts(points, structures)]
    return walks


@lru_cache(maxsize=2)
def _field_root(cells: bytes, side: float) -> NDArray[np.float32]:
    """Return the root of the correlation of cells of that side; of one territory it is asked for by each draw."""
    corners = np.frombuffer(cells).reshape(-1, 2)
    apart = np.exp(-cdist(corners, corners) * side / FIELD_M)
    return np.linalg.cholesky(apart + 1e-9 * np.eye(len(corners))).astype(np.float32)


def draw_detours(
    xy: NDArray[np.float64], hosts: NDArray[np.int32], orders: Orders, random: np.random.Generator
) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.intp], NDArray[np.float32]]:
    """Return *z* in parts, in steps: structures x worlds, cells x worlds, and the cell of each origin.

    With a run of :func:`single_walks`, their sum is a column of :func:`straight_reach`. ``hosts`` says
    whose place a structure shares: walks to one place are one. Last comes what all walks of a world share, which is in
    the part of each structure already, for places that are drawn later (:func:`draw_own`).
    """
    count = hosts.shape[1]
    side = CELL_M
    while True:
        cells, cell = np.unique(np.floor(xy / side), axis=0, return_inverse=True)
        if len(cells) <= MOST_CELLS:
            break
        side *= 1.5
    field = _field_root(cells.tobytes(), side) @ normal(random, len(cells), count) * np.sqrt(OF_ORIGIN)
    common = np.sqrt(COMMON) * normal(random, count)
    own = draw_own(orders, common, random)
    shared = hosts != np.arange(len(hosts))[:, None]
    structure, world = np.nonzero(shared)
    own[structure, world] = own[hosts[structure, world], world]  # a host shares no place itself
    return own, in_steps(field), cell.ravel(), common


def draw_own(orders: Orders, common: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.int16]:
    """Return the part of *z* of the walks to each of some places, with what all walks share: places x worlds."""
    own = np.empty(orders.shape, dtype=np.int16)
    shifts = random.random(len(orders))
    for one, order in enumerate(orders):  # a row at a time: all at once would hold four times as much
        own[one] = in_steps(np.sqrt(OF_PLACE) * ndtri(even(order, WALKS, shifts[one])) + common)
    return own
