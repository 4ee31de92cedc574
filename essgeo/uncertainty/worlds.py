"""Worlds: draws of everything that is not known, as arrays that zoning, gaps and siting read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from essgeo.processes import shared_zeros, side_by_side
from essgeo.uncertainty.existence import YEARLY_RATE, draw_alive
from essgeo.uncertainty.homes import draw_people
from essgeo.uncertainty.latin import draw_orders
from essgeo.uncertainty.positions import draw_positions
from essgeo.uncertainty.streets import draw_detours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.uncertainty.homes import Homes
    from essgeo.uncertainty.positions import Places


WORLDS = 5120
"""Worlds of a study: 80 words of 64."""

FEWER, MANY_STRUCTURES = 1024, 2400
"""Worlds of a study of more structures than that."""

WORD = 64

MANY = 2_000_000
"""From so many cells and worlds on, residents are drawn in a process of their own."""


class Kept(NamedTuple):
    """What demand points reach in the first worlds, kept for those who ask the same again.

    Attributes
    ----------
    points
        Of each square, as in :class:`essgeo.uncertainty.counting.Square`.
    masks
        By longest walk, metres over streets: squares x themes x worlds.
    """

    points: list[NDArray[np.intp]]
    masks: dict[float, NDArray[np.uint16]]


@dataclass(frozen=True)
class Worlds:
    """What is not known, drawn; the last axis of every array is worlds, whole words of 64 of them.

    Attributes
    ----------
    x, y
        Where each structure stands: structures x worlds, metres; infinite where it is nowhere.
    host
        The structure whose place it shares, itself where none: structures x worlds.
    alive
        Whether it exists, as bits: structures x words.
    people
        Residents of each cell: cells x worlds.
    cell
        The cell of each demand point.
    own, field
        Two parts of *z*, how far streets lead round (:mod:`essgeo.uncertainty.streets`), in steps: of the walks to a
        structure, structures x worlds, and of those from a part of town, parts x worlds.
    part
        The part of town of each demand point.
    common
        The part of *z* of all walks, in each world; that of ``own`` holds it.
    kept
        What is reached in them, where it was counted and kept.
    """

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    host: NDArray[np.int32]
    alive: NDArray[np.uint64]
    people: NDArray[np.float32]
    cell: NDArray[np.intp]
    own: NDArray[np.int16]
    field: NDArray[np.int16]
    part: NDArray[np.intp]
    common: NDArray[np.float32]
    kept: Kept | None = None

    @property
    def count(self) -> int:
        """How many worlds."""
        return int(self.people.shape[1])

    def first(self, count: int) -> Worlds:
        """Return the first worlds, whole words of them."""
        words = min(-(-count // WORD), self.count // WORD)
        kept = slice(words * WORD)
        return replace(
            self, x=self.x[:, kept], y=self.y[:, kept], host=self.host[:, kept], alive=self.alive[:, :words],
            people=self.people[:, kept], own=self.own[:, kept], field=self.field[:, kept], common=self.common[kept],
        )  # fmt: skip

    def only(self, kept: NDArray[np.bool_]) -> Worlds:
        """Return the same worlds where the other structures stand nowhere."""
        far = np.float32(np.inf)
        return replace(self, x=np.where(kept[:, None], self.x, far), y=np.where(kept[:, None], self.y, far))


def draw_worlds(
    homes: Homes,
    places: Places,
    *,
    verified: NDArray[np.bool_],
    years: NDArray[np.float64],
    odds: tuple[float, float],
    count: int = WORLDS,
    seed: int = 0,
    yearly_rate: float = YEARLY_RATE,
) -> Worlds:
    """Return worlds drawn at random; each part has a stream of its own, so that one may change and the others stay.

    Parameters
    ----------
    homes, places
        Residents and structures.
    verified, years, odds
        See :func:`essgeo.uncertainty.existence.draw_alive`.
    count
        How many; the next multiple of 64 is drawn.
    seed
        The same seed gives the same worlds.
    yearly_rate
        How fast structures go.

    Examples
    --------
    >>> from essgeo.uncertainty import Homes, Places
    >>> one = np.zeros(1, dtype=int)
    >>> home = Homes(np.zeros((1, 2)), np.array([10.0]), one, one, one - 1, one, True)
    >>> shop = Places(np.array([[100.0, 0.0]]), np.array([85.0]), one, np.array([1], dtype=np.uint64))
    >>> worlds = draw_worlds(home, shop, verified=np.array([True]), years=np.zeros(1), odds=(1.0, 1.0), count=100)
    >>> worlds.count, worlds.x.shape, worlds.alive.shape
    (128, (1, 128), (1, 2))
    """
    count = -(-count // WORD) * WORD
    where, whether, how, who, when = (np.random.default_rng([seed, stream]) for stream in (0, 1, 2, 3, 7))
    cell = homes.cells()
    people = shared_zeros(int(cell.max(initial=-1)) + 1, count)

    def settle() -> None:
        people[:] = draw_people(homes, cell, count, who)

    with side_by_side(settle, when=people.size >= MANY) as settled:
        orders = draw_orders(len(places.xy), count, when)
        x, y, host = draw_positions(places, homes, orders, where)
        alive = as_words(draw_alive(verified, years, odds, orders, whether, yearly_rate=yearly_rate))
        own, field, part, common = draw_detours(homes.xy, host, orders, how)
        settled()
    return Worlds(x, y, host, alive, people, cell, own, field, part, common)


def as_words(flags: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Return flags (last axis worlds, a multiple of 64) as bits in words of 64: the first world is the lowest bit.

    >>> as_words(np.arange(64)[None] < 3).tolist()
    [[7]]
    """
    return np.packbits(flags, axis=-1, bitorder="little").view("<u8")


def as_flags(words: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return words of bits as an array of 0 and 1, 64 values a word."""
    return np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=-1, bitorder="little")
