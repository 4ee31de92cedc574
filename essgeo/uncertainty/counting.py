"""The engine: in which worlds each demand point reaches each theme."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from essgeo.uncertainty.streets import CELL_M, single_walks, straight_reach
from essgeo.uncertainty.worlds import as_flags, as_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from essgeo.uncertainty.homes import Homes
    from essgeo.uncertainty.positions import Places
    from essgeo.uncertainty.worlds import Worlds

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.intp]
    Floats = NDArray[np.float32]
    Masks = NDArray[np.uint16]


NEAREST = 10
"""So many located structures of a theme, the nearest to a square of the grid, are looked at for its residents."""

MOVE_DETOUR = 1.3
"""Over measured streets, a place that stands a metre farther in a straight line is walked to in so many more."""

POINTS = 16
"""Points of a square are looked at so many at a time, one bit each: a square of 200 m has 16 points 50 m apart."""

ALONE = 640
"""What some of the structures alone reach is counted in so many worlds."""

WIDE = 20_480
"""Worlds of places are compared with the points of a square so many at a time: fewer would pay for calls of NumPy, more
would not stay in the cache."""

ENTRIES = 1 << 16
"""Structures without a position are looked at from the nearest on, about so many of their worlds at a time."""

FEW_STRUCTURES = 128
"""So many of them are joined world by world; of more, each of which stands near in few worlds, those worlds alone."""


class Square(NamedTuple):
    """What the demand points of one square of the grid reach; of many points a square comes in parts.

    Attributes
    ----------
    points
        Positions of its demand points, :data:`POINTS` at most.
    masks
        Which of them reach a theme, in each world: themes (bits of the masks of structures) x walks x worlds, and bit
        *i* stands for point *i*. The first :data:`ALONE` worlds follow for each set of structures that is looked at
        alone.
    """

    points: Ints
    masks: Masks

    @property
    def themes(self) -> Ints:
        """Themes that somebody reaches in some world."""
        return np.flatnonzero(self.masks.any(axis=(1, 2)))

    @property
    def reached(self) -> NDArray[np.uint64]:
        """In which worlds each point reaches each of :attr:`themes`, as bits: themes x walks x points x words."""
        bit = np.uint16(1) << np.arange(len(self.points), dtype=np.uint16)
        return as_words(self.masks[self.themes][:, :, None] & bit[:, None] != 0)


def reached_squares(
    homes: Homes,
    places: Places,
    worlds: Worlds,
    limits_m: Sequence[float],
    *,
    measured: sparse.csr_array | None = None,
    alone: Sequence[Flags] = (),
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
    alone
        Sets of structures, as flags, that are looked at alone too.

    Notes
    -----
    The squared distance to a structure is the sum of two rows, by x and by y, since points share them; it is compared
    with the squared straight reach of the limit at the detour of that world. A located structure is near a square in
    most worlds or in none, and is looked at in all of them; one without a position is near in few.
    """
    return Engine(homes, places, worlds, limits_m, measured=measured, alone=alone).squares()


def kept_squares(worlds: Worlds, limit_m: float) -> Iterator[Square] | None:
    """Return what :func:`reached_squares` would yield for one walk, where it was kept in as many worlds; else nothing.

    Structures that somebody asks about alone are looked at beside the nearest of all: of these it may hold a few more.
    """
    masks = None if worlds.kept is None else worlds.kept.masks.get(round(limit_m, 3))
    if worlds.kept is None or masks is None or masks.shape[2] < worlds.count:
        return None
    return map(Square, worlds.kept.points, masks[:, :, None, : worlds.count])


class Engine:
    """What is the same for all squares: the structures, and the demand points of each square."""

    def __init__(
        self,
        homes: Homes,
        places: Places,
        worlds: Worlds,
        limits_m: Sequence[float],
        *,
        measured: sparse.csr_array | None,
        alone: Sequence[Flags],
    ) -> None:
        self.homes, self.worlds = homes, worlds
        themes = int(np.bitwise_or.reduce(places.themes, initial=0)).bit_length()
        self.few = min(ALONE, worlds.count)  # worlds of each set that is looked at alone
        self.shape = themes, len(limits_m), worlds.count + len(alone) * self.few
        self.known = _Located(places, worlds, limits_m, alone, measured)
        self.others = _Unlocated(homes, places, worlds, limits_m, alone)
        _, square = np.unique(np.floor(homes.xy / CELL_M), axis=0, return_inverse=True)
        order = np.lexsort((*homes.xy.T[::-1], square.ravel()))  # in a square by x, then by y
        bounds = np.flatnonzero(np.diff(square.ravel()[order])) + 1
        # Parts of squares, few points each, with all points of the square.
        self.parts = [
            (points[start : start + POINTS], points)
            for points in (np.split(order, bounds) if len(order) else [])
            for start in range(0, len(points), POINTS)
        ]

    def squares(self, first: int = 0, step: int = 1) -> Iterator[Square]:
        """Yield what the points of squares (of many points: of their parts) reach, from one on, so many apart."""
        for some, points in self.parts[first::step]:
            field = self.worlds.field[self.worlds.part[points[0]]]
            origins = _Origins(some, self.homes.xy[some], int(points.min()), field)
            masks = np.zeros(self.shape, dtype=np.uint16)
            self.known.reach(origins, masks)
            self.others.reach(origins, masks)
            yield Square(some, masks)


class _Origins:
    """Demand points of a square, sorted by x and then by y, and what their walks share.

    ``corner`` names the square in :func:`single_walks`, and ``field`` is its part of *z* in each world. ``x`` and ``y``
    are distinct; ``columns`` are the points of each x, and their positions in ``y``.
    """

    def __init__(self, points: Ints, xy: NDArray[np.float64], corner: int, field: NDArray[np.int16]) -> None:
        self.points, self.xy, self.corner, self.field = points, xy, corner, field
        self.low, self.high = xy.min(axis=0), xy.max(axis=0)
        self.x, start = np.unique(xy[:, 0].astype(np.float32), return_index=True)
        self.y, row = np.unique(xy[:, 1].astype(np.float32), return_inverse=True)
        self.columns: list[tuple[slice, slice | Ints]] = []
        for ends in pairwise([*start.tolist(), len(xy)]):
            rows = row[slice(*ends)]
            run = (np.diff(rows) == 1).all()
            self.columns.append((slice(*ends), slice(int(rows[0]), int(rows[-1]) + 1) if run else rows))

    def masks(self, x: Floats, y: Floats, squared: Iterable[Floats]) -> Iterator[Masks]:
        """Yield, for each squared reach, which points lie within it of each place.

        Places and what is yielded have one shape; the squared reach has it too, or one more axis first, of points.
        """
        by_x, by_y = (
            np.square(np.expand_dims(axis, (*range(1, 1 + x.ndim),)) - to) for axis, to in ((self.x, x), (self.y, y))
        )
        flags = np.zeros((POINTS, *x.shape), dtype=bool)
        for reach in squared:
            # What is left of the squared reach after the way by y is compared with the way by x.
            bound = reach - by_y if reach.ndim == x.ndim else None
            for by, (to, rows) in zip(by_x, self.columns, strict=True):
                np.less_equal(by, reach[to] - by_y[rows] if bound is None else bound[rows], out=flags[to])
            yield as_masks(flags)


def as_masks(flags: Flags) -> Masks:
    """Return flags of 16 points (the first axis) as bits of one number, the first point the lowest.

    >>> as_masks(np.arange(16)[:, None] < 3).tolist()
    [7]
    """
    half = flags.view(np.uint8).reshape(2, 8, *flags.shape[1:])
    octets = half[:, 7].copy()
    for bit in range(6, -1, -1):
        octets += octets
        octets += half[:, bit]
    masks: Masks = octets[0] | np.left_shift(octets[1], 8, dtype=np.uint16)
    return masks


class _Located:
    """Places with a position: one for all structures of an address, as the first of them stands."""

    def __init__(
        self,
        places: Places,
        worlds: Worlds,
        limits_m: Sequence[float],
        alone: Sequence[Flags],
        measured: sparse.csr_array | None,
    ) -> None:
        self.worlds, self.measured, self.few = worlds, measured, min(ALONE, worlds.count)
        self.limits = np.asarray(limits_m, dtype=np.float64)
        self.squared = straight_reach(self.limits)  # walks x steps of z
        # Those that stand nowhere in these worlds leave their address to the others.
        here, self.address = places.located & np.isfinite(worlds.x).all(axis=1), places.addresses()
        structures = np.flatnonzero(here)
        _, start, same = np.unique(self.address[structures], return_index=True, return_inverse=True)
        self.lead = structures[start]
        self.xy = places.xy[self.lead]
        bits = unpacked(places.themes)
        self.offers = [np.flatnonzero(offered).tolist() for offered in bits]
        self.members = np.split(structures[np.argsort(same, kind="stable")], np.cumsum(np.bincount(same))[:-1])
        # How many structures of each set each place has for a theme: sets x places x themes.
        self.many = np.zeros((1 + len(alone), len(start), bits.shape[1]), dtype=np.int32)
        for many, kept in zip(self.many, (here, *alone), strict=True):
            np.add.at(many, same[kept[structures]], bits[structures[kept[structures]]])
        x, y = worlds.x[self.lead], worlds.y[self.lead]
        self.low, self.high = (
            np.column_stack([function(axis, axis=1, initial=start) for axis in (x, y)])
            for function, start in ((np.min, np.inf), (np.max, -np.inf))
        )
        self.easiest = worlds.own[self.lead].min(axis=1, initial=np.iinfo(np.int16).max).astype(np.intp)
        # Whether each structure exists, as all bits or none: structures x worlds, and after them those of each set.
        exists = np.negative(as_flags(worlds.alive).astype(np.uint16)) * places.located[:, None]
        self.alive = np.concatenate([exists, *(exists[:, : self.few] * kept[:, None] for kept in alone)], axis=1)

    def reach(self, origins: _Origins, masks: Masks) -> None:
        """Add which of the points reach these places."""
        tried, shortest = self.nearby(origins)
        count = self.worlds.count
        together = max(1, WIDE // max(count, 1))
        for start in range(0, len(tried), together):
            some, walk = tried[start : start + together], shortest[start : start + together].min()
            lead = self.lead[some]
            near = np.empty((len(self.limits) - walk, len(lead), masks.shape[2]), dtype=np.uint16)
            for one, found in enumerate(self.within(origins, some, walk)):
                near[one, :, :count] = found
            for first in range(count, masks.shape[2], self.few):
                near[..., first : first + self.few] = near[..., : self.few]
            for one, place in enumerate(some.tolist()):
                for structure in self.members[place].tolist():
                    reaches = near[:, one] & self.alive[structure]
                    for theme in self.offers[structure]:
                        masks[theme, walk:] |= reaches

    def within(self, origins: _Origins, some: Ints, walk: int) -> Iterator[Masks]:
        """Yield, walk after walk from one on, which of the points reach some of the places: places x worlds."""
        lead = self.lead[some]
        x, y = self.worlds.x[lead], self.worlds.y[lead]
        if self.measured is not None:
            metres = self.measured[origins.points][:, lead].toarray()
            metres = np.where(metres > 0, metres, np.inf)  # points x places
            away = np.hypot(*(origins.xy[:, None] - self.xy[some]).transpose(2, 0, 1))
            moved = (away + (limit - metres) / MOVE_DETOUR for limit in self.limits[walk:])
            return origins.masks(
                x, y, (np.where(most >= 0, most**2, -1).astype(np.float32)[..., None] for most in moved)
            )
        z = self.worlds.own[lead] + origins.field
        for one, place in enumerate(self.address[lead].tolist()):
            z[one] += single_walks(origins.corner, place, self.worlds.count)
        steps = z.astype(np.intp)
        return origins.masks(x, y, (squared.take(steps, mode="clip") for squared in self.squared[walk:]))

    def nearby(self, origins: _Origins) -> tuple[Ints, Ints]:
        """Return the places to try, the nearest first, and the shortest walk that may reach each."""
        gap = (np.maximum(np.maximum(self.low - origins.high, origins.low - self.high), 0) ** 2).sum(axis=1)
        if self.measured is None:
            farthest = self.squared.take(self.easiest + int(origins.field.min()), axis=1, mode="clip")  # walks x places
        else:
            farthest = np.broadcast_to((self.limits**2)[:, None], (len(self.limits), len(gap)))
        may = gap <= farthest
        tried = np.flatnonzero(may[-1])
        away = ((self.xy[tried] - (origins.low + origins.high) / 2) ** 2).sum(axis=1)
        tried = tried[np.argsort(away, kind="stable")]
        many = self.many[:, tried]
        before = np.cumsum(many, axis=1) - many
        tried = tried[((many > 0) & (before < NEAREST)).any(axis=(0, 2))]
        return tried, may[:, tried].argmax(axis=0)


class _Unlocated:
    """Structures without a position where they stand in each world in which they exist, sorted by square of the grid.

    One entry a structure and column of the masks (a world, or one of those of a set that is looked at alone):
    ``structure``, ``column``, and ``x``, ``y``, ``own`` (see :class:`essgeo.uncertainty.Worlds`). The entries of a
    square of the grid are those from its ``start`` to the next.
    """

    def __init__(
        self, homes: Homes, places: Places, worlds: Worlds, limits_m: Sequence[float], alone: Sequence[Flags]
    ) -> None:
        few = min(ALONE, worlds.count)
        self.squared = straight_reach(np.asarray(limits_m, dtype=np.float64))
        self.world = np.concatenate([np.arange(worlds.count), *[np.arange(few)] * len(alone)])  # of each column
        self.themes = places.themes.astype(np.min_scalar_type(places.themes.max(initial=0)))
        self.offers = [np.flatnonzero(offered).tolist() for offered in unpacked(places.themes)]
        somewhere = np.flatnonzero(~places.located)
        self.few = len(somewhere) <= FEW_STRUCTURES
        self.easiest = int(worlds.own[somewhere].min(initial=np.iinfo(np.int16).max))
        # A list of all France holds places that nobody here can walk to: the grid ends where that is so.
        farthest = np.sqrt(self.squared.max(initial=0))
        low, high = (
            np.floor((function(homes.xy, axis=0, initial=start) + side * farthest) / CELL_M)
            for function, start, side in ((np.min, np.inf, -1), (np.max, -np.inf, 1))
        )
        self.corner, self.shape = low, np.maximum(high - low + 1, 0).astype(np.intp)
        exists = as_flags(worlds.alive[somewhere]).astype(bool)
        cells: list[NDArray[np.int32]] = []
        columns: list[NDArray[np.integer]] = []
        for one, there in zip(somewhere.tolist(), exists, strict=True):
            # In long floats: a short one rounds a northing just below a square into it.
            at = np.floor(np.stack([worlds.x[one], worlds.y[one]], axis=1, dtype=np.float64) / CELL_M) - self.corner
            near = there & ((at >= 0) & (at < self.shape)).all(axis=1)
            column = np.flatnonzero(np.concatenate([near, *(near[:few] & kept[one] for kept in alone)]))
            cell = (at[self.world[column]] @ [self.shape[1], 1]).astype(np.int32)
            order = np.argsort(cell, kind="stable")
            cells.append(cell[order])
            columns.append(column[order].astype(np.min_scalar_type(len(self.world))))
        held = np.zeros(int(self.shape.prod()) + 1, dtype=np.intp)
        for cell in cells:
            np.add.at(held, cell + 1, 1)
        self.start = np.cumsum(held)
        # Each structure's entries are put behind those before it in their square: sorted at once, copies of all of them
        # would be held.
        count, free = int(self.start[-1]), self.start.copy()
        self.structure = np.empty(count, dtype=np.min_scalar_type(len(places.xy)))
        self.column = np.empty(count, dtype=np.min_scalar_type(len(self.world)))
        self.x, self.y, self.own = (np.empty(count, dtype=values.dtype) for values in (worlds.x, worlds.y, worlds.own))
        for one, cell, there in zip(somewhere.tolist(), cells, columns, strict=True):
            to, world = free[cell] + np.arange(len(cell)) - np.searchsorted(cell, cell), self.world[there]
            self.structure[to], self.column[to] = one, there
            self.x[to], self.y[to], self.own[to] = worlds.x[one, world], worlds.y[one, world], worlds.own[one, world]
            np.add.at(free, cell, 1)

    def reach(self, origins: _Origins, masks: Masks) -> None:
        """Add which of the points reach these structures."""
        if not len(self.structure):
            return
        # Squares of the grid around, the nearest first, as far as the easiest of each walk leads. A metre more is for
        # short floats, which lie up to half a metre off.
        farthest = np.sqrt(self.squared[:, int(origins.field.min()) + self.easiest]) + 1
        first, last = (
            np.clip(np.floor((bound + side * farthest[-1]) / CELL_M) - self.corner, 0, self.shape - 1)
            for bound, side in ((origins.low, -1), (origins.high, 1))
        )
        squares = [np.arange(*ends) for ends in zip(first, last + 1, strict=True)]
        by_x, by_y = (
            np.maximum(np.maximum((square + corner) * CELL_M - high, low - (square + corner + 1) * CELL_M), 0)
            for square, corner, low, high in zip(squares, self.corner, origins.low, origins.high, strict=True)
        )
        gap, cell = np.hypot(by_x[:, None], by_y).ravel(), (squares[0][:, None] * self.shape[1] + squares[1]).ravel()
        order = np.argsort(gap, kind="stable")
        order = order[gap[order] <= farthest[-1]]
        gap, cell = gap[order], cell[order].astype(np.intp)
        start, end = self.start[cell], self.start[cell + 1]
        bounds = (
            np.empty(0, dtype=np.intp) if self.few else np.flatnonzero(np.diff(np.cumsum(end - start) // ENTRIES)) + 1
        )
        for some in np.split(np.arange(len(cell)), bounds):
            runs = [*zip(start[some].tolist(), end[some].tolist(), strict=True)]
            entries = np.concatenate([np.arange(*ends) for ends in runs])
            if self.few:
                self.add(origins, entries, None, masks)
                continue
            # Where somebody else is reached in all worlds, those that are farther away add nothing.
            walk = int(np.searchsorted(farthest, gap[some[0]]))
            lacking = self.lacking(origins, masks[:, walk:])
            useful = np.bitwise_or.reduce(lacking, axis=0)
            if not useful.any():
                return
            # Most entries end here: what is asked of them is copied run by run, not looked up one by one.
            structure, column = (
                np.concatenate([values[slice(*ends)] for ends in runs]) for values in (self.structure, self.column)
            )
            entries = entries[self.themes.take(structure) & useful.take(column) != 0]
            self.add(origins, entries, lacking, masks)

    def add(self, origins: _Origins, entries: Ints, lacking: NDArray[np.unsignedinteger] | None, masks: Masks) -> None:
        """Add which of the points reach some entries, for themes that are lacking: walks (the last ones) x columns."""
        walks = masks.shape[1] if lacking is None else len(lacking)
        x, y = (values.take(entries) for values in (self.x, self.y))
        column, structure = (values.take(entries) for values in (self.column, self.structure))
        world = self.world.take(column)
        z = self.own.take(entries) + origins.field.take(world) + single_walks(origins.corner, structure, world)
        apart = [
            np.maximum(np.maximum(np.float32(low) - axis, axis - np.float32(high)), 0)
            for low, high, axis in zip(origins.low, origins.high, (x, y), strict=True)
        ]
        gap = apart[0] ** 2 + apart[1] ** 2
        kept = np.flatnonzero(gap <= self.squared[-1].take(z, mode="clip"))
        gap, x, y = (values.take(kept) for values in (gap, x, y))
        z, column, structure = (values.take(kept) for values in (z, column, structure))
        there = np.bincount(structure) > 0
        local, members = np.cumsum(there) - 1, np.flatnonzero(there)
        few = lacking is None or len(members) <= FEW_STRUCTURES  # dense rows, one for each; else their bits alone
        put = np.zeros((len(members) if few else 0, *masks.shape[1:]), dtype=np.uint16)
        for walk in range(masks.shape[1] - walks, masks.shape[1]):
            reach = self.squared[walk].take(z, mode="clip")
            near = np.flatnonzero(gap <= reach)
            if lacking is not None:
                offers = self.themes.take(structure.take(near)) & lacking[walk - masks.shape[1]].take(column.take(near))
                some = np.flatnonzero(offers)
                near, offers = near.take(some), offers.take(some)
            found = np.empty(len(near), dtype=np.uint16)
            for first in range(0, len(near), WIDE):
                part = near[first : first + WIDE]
                found[first : first + WIDE] = next(origins.masks(x.take(part), y.take(part), [reach.take(part)]))
            if few:
                put[local[structure[near]], walk, column[near]] = found
            else:
                # Entries x themes, as flags; several entries may stand in one world.
                width = 8 * offers.itemsize
                bits = np.unpackbits(offers.astype(offers.dtype.newbyteorder("<")).view(np.uint8), bitorder="little")
                offered = np.flatnonzero(bits.view(bool))
                which = offered // width
                what, at = offered - which * width, column.take(near.take(which))
                to = (what * masks.shape[1] + walk) * masks.shape[2] + at
                np.bitwise_or.at(masks.reshape(-1), to, found.take(which))
        if few:
            for reaches, member in zip(put, members.tolist(), strict=True):
                for theme in self.offers[member]:
                    masks[theme] |= reaches

    def lacking(self, origins: _Origins, masks: Masks) -> NDArray[np.unsignedinteger]:
        """Return the themes, as bits, that some point does not reach: walks x columns."""
        found = np.zeros(masks.shape[1:], dtype=self.themes.dtype)
        for theme, short in enumerate(masks != (1 << len(origins.points)) - 1):
            found |= short.astype(found.dtype) << found.dtype.type(theme)
        return found


def points_in(masks: Masks) -> Masks:
    """Return how many points each mask names: what NumPy counts in octets, it counts ten times as fast as in pairs.

    >>> points_in(np.array([0, 0x8001, 0xFFFF], dtype=np.uint16)).tolist()
    [0, 2, 16]
    """
    counts: Masks = np.bitwise_count(np.ascontiguousarray(masks).view(np.uint8)).view(np.uint16)
    counts *= np.uint16(257)  # adds the lower octet to the upper one, whatever their order in memory
    counts >>= np.uint16(8)
    return counts


def unpacked(themes: NDArray[np.uint64]) -> Flags:
    """Return masks of themes as flags: structures x themes."""
    return (themes[:, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)).astype(bool)
