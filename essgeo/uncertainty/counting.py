"""The engine: in which worlds each demand point reaches each theme, and how many residents of each group do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from essgeo.uncertainty.streets import CELL_M, single_walks, straight_reach
from essgeo.uncertainty.worlds import WORD, as_flags, as_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from essgeo.uncertainty.homes import Homes
    from essgeo.uncertainty.positions import Places
    from essgeo.uncertainty.worlds import Worlds

    Words = NDArray[np.uint64]


NEAREST = 10
"""So many located structures of a theme, the nearest to a square of the grid, are looked at for its residents."""

MOVE_DETOUR = 1.3
"""Over measured streets, a place that stands a metre farther in a straight line is walked to in so many more."""

ROWS = 16
"""Themes and walks of a cell are counted so many at a time: more would not stay in the cache."""

FEW = 1280
"""Residents weighted by need are counted in so many worlds."""

LOOK_EVERY = 32
"""Once in so many structures, what is reached by all points of a square in all worlds is no more tried for."""

BITS = np.arange(WORD, dtype=np.uint64)


class Square(NamedTuple):
    """What the demand points of one square of the grid reach.

    Attributes
    ----------
    points
        Positions of its demand points.
    themes
        Which themes (bits of the masks of structures) are offered near it.
    reached
        In which worlds, as bits: themes x walks x points x words.
    """

    points: NDArray[np.intp]
    themes: NDArray[np.intp]
    reached: Words


class Reached(NamedTuple):
    """Residents who reach a theme, in each world.

    Attributes
    ----------
    people, in_need
        Groups x themes x walks x worlds; ``in_need`` weighted, in the first :data:`FEW` worlds only.
    all_people, all_in_need
        Those who live there, groups x worlds.
    """

    people: NDArray[np.float32]
    in_need: NDArray[np.float32]
    all_people: NDArray[np.float32]
    all_in_need: NDArray[np.float32]


def reached_people(
    homes: Homes,
    places: Places,
    worlds: Worlds,
    limits_m: Sequence[float],
    *,
    themes: int,
    need: NDArray[np.float64],
    measured: sparse.csr_array | None = None,
) -> Reached:
    """Return how many residents of each group reach each theme in each world.

    Parameters
    ----------
    homes, places, worlds, limits_m, measured
        As for :func:`reached_squares`.
    themes
        How many themes there are, the lowest bits of the masks of structures.
    need
        What the need of a resident of each demand point weighs.

    Notes
    -----
    Within a cell every point has as many residents, so that its points are counted, not its residents: bits of points
    are added with full adders, a sum of 64 worlds at a time, and the sums weighed with the residents of the cell.
    """
    cells, groups = len(worlds.people), int(homes.group.max(initial=-1)) + 1
    points = np.bincount(worlds.cell, minlength=cells)
    people_each = worlds.people / np.maximum(points, 1).astype(np.float32)[:, None]
    held = np.bincount(worlds.cell, weights=homes.people, minlength=cells)
    weighed = np.bincount(worlds.cell, weights=homes.people * need, minlength=cells)
    need_of = np.divide(weighed, held, out=np.ones(cells), where=held > 0).astype(np.float32)
    group_of = np.zeros(cells, dtype=np.intp)
    group_of[worlds.cell] = homes.group
    shape, few = (groups, themes, len(limits_m), worlds.count), min(FEW, worlds.count)

    people, in_need = np.zeros(shape, dtype=np.float32), np.zeros((*shape[:-1], few), dtype=np.float32)
    product = np.empty((ROWS, worlds.count), dtype=np.float32)
    for square in reached_squares(homes, places, worlds, limits_m, measured=measured):
        cell_of = worlds.cell[square.points]
        for cell in np.unique(cell_of):
            mine, group = square.reached[:, :, cell_of == cell], group_of[cell]
            # Of some themes and walks nobody of the cell is reached in any world: those are not unpacked.
            rows = np.argwhere(mine.any(axis=(2, 3)))
            for start in range(0, len(rows), ROWS):
                row, walk = rows[start : start + ROWS].T
                found = product[: len(row)]
                np.multiply(add_bits(mine[row, walk].swapaxes(0, 1)), people_each[cell], out=found)
                for one, (theme, limit) in enumerate(zip(square.themes[row], walk, strict=True)):
                    people[group, theme, limit] += found[one]
                    in_need[group, theme, limit] += found[one, :few] * need_of[cell]
    in_group = (group_of == np.arange(groups)[:, None]).astype(np.float32)  # groups x cells
    return Reached(people, in_need, in_group @ worlds.people, (in_group * need_of) @ worlds.people[:, :few])


def reached_squares(  # noqa: C901 (one loop over squares and structures: apart they would pass all of their arrays)
    homes: Homes,
    places: Places,
    worlds: Worlds,
    limits_m: Sequence[float],
    *,
    measured: sparse.csr_array | None = None,
) -> Iterator[Square]:
    """Yield, square after square of 200 m, which of its demand points reach which themes in which worlds.

    Parameters
    ----------
    homes, places, worlds
        What the worlds were drawn from, and the worlds.
    limits_m
        Longest walks over streets, metres, the shortest first.
    measured
        Metres over streets, points x structures, where there are streets: a located structure with no value is not
        reached. One without a position is walked to in a straight line with a drawn detour.

    Notes
    -----
    A structure is tried for a square where it may come near enough in some world. Its squared distance in each world is
    the sum of two rows, by x and by y, since points share them; it is compared with the squared straight reach of the
    limit at the detour of that world, and packed into bits. Structures of one place are tried once.
    """
    count = worlds.count
    limits = np.asarray(limits_m, dtype=np.float64)
    reach = straight_reach(limits)  # walks x steps of z, squared metres
    nearby = _Nearby(places, worlds)
    _, square = np.unique(np.floor(homes.xy / CELL_M), axis=0, return_inverse=True)
    order = np.argsort(square.ravel(), kind="stable")
    # Arrays that every square fills anew: a new one of this size costs more than what is written into it.
    most = int(np.bincount(square.ravel()).max(initial=0))
    by_x, by_y, distance = (np.empty((most, count), dtype=np.float32) for _ in range(3))
    flags, near = np.empty((most, count), dtype=bool), np.empty((len(limits), most, count // WORD), dtype=np.uint64)
    for points in np.split(order, np.flatnonzero(np.diff(square.ravel()[order])) + 1) if len(order) else []:
        xy = homes.xy[points]
        xs, column = np.unique(xy[:, 0].astype(np.float32), return_inverse=True)
        ys, row = np.unique(xy[:, 1].astype(np.float32), return_inverse=True)
        field = worlds.field[worlds.part[points[0]]]
        tried, shortest = nearby.to(xy, int(field.min()), reach, limits, streets=measured is not None)
        themes = np.flatnonzero(nearby.bits[tried].any(axis=0))
        reached = np.zeros((len(themes), len(limits), len(points), count // WORD), dtype=np.uint64)
        full = np.zeros((len(themes), len(limits)), dtype=bool)  # reached by all points in all worlds
        metres = None if measured is None else measured[points].toarray()
        last = -1
        for number, (one, walk) in enumerate(zip(tried.tolist(), shortest.tolist(), strict=True)):
            if number % LOOK_EVERY == LOOK_EVERY - 1:
                full = (reached == ~np.uint64(0)).all(axis=(2, 3))
            offered = np.flatnonzero(nearby.bits[one, themes])
            if full[offered, walk:].all():
                continue
            first = int(nearby.first[one])
            if first != last:
                last = first
                for corners, axis, squared in ((xs, worlds.x, by_x), (ys, worlds.y, by_y)):
                    np.subtract(corners[:, None], axis[one], out=squared[: len(corners)])
                    np.square(squared[: len(corners)], out=squared[: len(corners)])
                for point in range(len(points)):
                    np.add(by_x[column[point]], by_y[row[point]], out=distance[point])
                if metres is not None and nearby.located[one]:
                    away = np.hypot(*(xy - places.xy[one]).T)[:, None]
                    over = np.where(metres[:, [one]] > 0, metres[:, [one]], np.inf)
                    within = [np.maximum(away + (limit - over) / MOVE_DETOUR, 0) ** 2 for limit in limits[walk:]]
                else:
                    z = worlds.own[one] + field + single_walks(int(points[0]), first, count)
                    within = [limit.take(z, mode="clip") for limit in reach[walk:]]
                for limit, squared in zip(range(walk, len(limits)), within, strict=True):
                    close = np.less_equal(distance[: len(points)], squared, out=flags[: len(points)])
                    near[limit, : len(points)] = as_words(close)
            alive = near[walk:, : len(points)] & worlds.alive[one]
            for theme in offered:
                reached[theme, walk:] |= alive
        yield Square(points, themes, reached)


def add_bits(bits: Words) -> NDArray[np.uint8]:
    """Return how many of the points have each bit: rows x worlds, from points x rows x words.

    Three words of one weight become one of the same weight and one of twice as much (a full adder), until one word of
    each weight is left.

    >>> add_bits(np.array([[[1]], [[3]], [[1]]], dtype=np.uint64))[0, :3].tolist()
    [3, 1, 0]
    """
    weight, total = 0, np.zeros((bits.shape[1], bits.shape[2] * WORD), dtype=np.uint8)
    level = list(bits)
    while level:
        carried = []
        while len(level) >= 3:  # noqa: PLR2004 (a full adder takes three)
            one, two, three = level.pop(), level.pop(), level.pop()
            half = one ^ two
            carried.append((one & two) | (half & three))
            level.append(half ^ three)
        if len(level) > 1:
            one, two = level
            carried.append(one & two)
            level = [one ^ two]
        flags = as_flags(level[0])
        total += np.left_shift(flags, weight, out=flags)
        level, weight = carried, weight + 1
    return total


class _Nearby:
    """Structures and how near each may come."""

    def __init__(self, places: Places, worlds: Worlds) -> None:
        self.places = places
        self.located = places.located
        self.first = places.addresses()
        self.bits = (places.themes[:, None] >> BITS & np.uint64(1)).astype(bool)  # structures x themes
        some = worlds.count > 0
        self.low = np.stack([axis.min(axis=1) for axis in (worlds.x, worlds.y)], axis=1) if some else places.xy
        self.high = np.stack([axis.max(axis=1) for axis in (worlds.x, worlds.y)], axis=1) if some else places.xy
        self.easiest = worlds.own.min(axis=1)

    def to(
        self,
        xy: NDArray[np.float64],
        field: int,
        reach: NDArray[np.float32],
        limits: NDArray[np.float64],
        *,
        streets: bool,
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the structures to try for the points of a square, and the shortest walk that may reach each.

        Located ones come first, the nearest before the others, and one place after the other.
        """
        low, high = xy.min(axis=0), xy.max(axis=0)
        gap = (np.maximum(np.maximum(self.low - high, low - self.high), 0) ** 2).sum(axis=1)
        farthest = reach[:, np.minimum(self.easiest + field, reach.shape[1] - 1)]  # walks x structures
        if streets:
            farthest = np.where(self.located, (limits**2)[:, None], farthest)
        may = gap <= farthest
        away = np.where(self.located, ((self.places.xy - (low + high) / 2) ** 2).sum(axis=1), np.inf)
        tried = np.flatnonzero(may[-1])
        tried = tried[np.lexsort((tried, self.first[tried], away[tried]))]
        offered = self.bits[tried]
        kept = ~self.located[tried] | (offered & (np.cumsum(offered, axis=0) <= NEAREST)).any(axis=1)
        tried = tried[kept]
        return tried, may[:, tried].argmax(axis=0)
