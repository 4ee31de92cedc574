"""The engine: in which worlds each demand point reaches each theme, and how many residents of each group do."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from essgeo.processes import shared_zeros, side_by_side
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

FEW = 1280
"""Residents weighted by need are counted in so many worlds."""

ALONE = 640
"""What some of the structures alone reach is counted in so many worlds."""

WIDE = 20_480
"""Places are taken together until there are so many of their worlds: a call of NumPy costs as much as thousands."""

ROWS = 16
"""Themes and walks of a cell are counted so many at a time: more would not stay in the cache."""

MANY = 10_000_000
"""From so many points and worlds on, half of the squares are counted in a process of its own."""

TOGETHER = 128
"""Structures without a position are put into their worlds so many at a time, for the same reason."""


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


class Reached(NamedTuple):
    """Residents who reach a theme, in each world.

    Attributes
    ----------
    people, in_need
        Groups x themes x walks x worlds; ``in_need`` weighted, in the first :data:`FEW` worlds only.
    alone
        As ``people``, of each set of structures alone in the first :data:`ALONE` worlds: sets x groups x themes x walks
        x worlds.
    all_people, all_in_need
        Those who live there, groups x worlds.
    """

    people: Floats
    in_need: Floats
    alone: Floats
    all_people: Floats
    all_in_need: Floats


def reached_people(
    homes: Homes,
    places: Places,
    worlds: Worlds,
    limits_m: Sequence[float],
    *,
    themes: int,
    need: NDArray[np.float64],
    measured: sparse.csr_array | None = None,
    alone: Sequence[Flags] = (),
) -> Reached:
    """Return how many residents of each group reach each theme in each world.

    Parameters
    ----------
    homes, places, worlds, limits_m, measured, alone
        As for :func:`reached_squares`.
    themes
        How many themes there are, the lowest bits of the masks of structures.
    need
        What the need of a resident of each demand point weighs.

    Notes
    -----
    Within a part of a cell every point has as many residents, so that its points are counted, not its residents, and
    the counts weighed with the residents of the part.
    """
    groups, walks = int(homes.group.max(initial=-1)) + 1, len(limits_m)
    parts = homes.parts(worlds.cell)
    held, weighed = (np.bincount(parts.of, weights=values) for values in (homes.people, homes.people * need))
    need_of = np.divide(weighed, held, out=np.ones(len(held)), where=held > 0).astype(np.float32)
    share_of_point = (parts.share / parts.points).astype(np.float32)

    count, few, again = worlds.count, min(FEW, worlds.count), min(ALONE, worlds.count)
    # Worlds of all structures, then those of each set alone: they are counted in one go.
    asked = np.concatenate([np.arange(count), *[np.arange(again)] * len(alone)])

    def add(squares: Iterable[Square], people: Floats, in_need: Floats) -> None:
        """Add the residents of some squares: groups x rows (themes and walks) x worlds."""
        product = np.empty((ROWS, len(asked)), dtype=np.float32)
        for square in squares:
            masks = square.masks.reshape(-1, len(asked))  # rows x worlds
            # Of some themes and walks nobody of the square is reached in any world. Rows that follow each other are
            # summed at once, some at a time.
            some = np.flatnonzero(masks.max(axis=1))
            runs = np.split(some, np.flatnonzero(np.diff(some) > 1) + 1) if len(some) else []
            rows = [
                slice(row, min(row + ROWS, run[-1] + 1)) for run in runs for row in range(run[0], run[-1] + 1, ROWS)
            ]
            part_of = parts.of[square.points]
            for part in np.unique(part_of):
                mine = np.uint16(sum(1 << bit for bit in np.flatnonzero(part_of == part).tolist()))
                group, each = parts.group[part], (worlds.people[parts.cell[part]] * share_of_point[part])[asked]
                for to in rows:
                    found = product[: to.stop - to.start]
                    found[:] = np.bitwise_count(masks[to] & mine)
                    found *= each
                    people[group, to] += found
                    in_need[group, to] += np.multiply(found[:, :few], need_of[part], out=found[:, :few])

    # Two halves of the squares, whatever the number of cores, so that sums are the same on one and on two.
    engine = _Engine(homes, places, worlds, limits_m, measured=measured, alone=alone)
    by_row = groups, themes * walks
    sums = [(shared_zeros(*by_row, len(asked)), shared_zeros(*by_row, few)) for _ in range(2)]
    with side_by_side(lambda: add(engine.squares(1, 2), *sums[1]), when=len(homes.xy) * count >= MANY) as other:
        add(engine.squares(0, 2), *sums[0])
        other()
    people, in_need = (np.add(one, two, out=one) for one, two in zip(*sums, strict=True))
    living, needing = np.zeros((2, groups, len(worlds.people)), dtype=np.float32)  # shares of cells, by group
    np.add.at(living, (parts.group, parts.cell), parts.share)
    np.add.at(needing, (parts.group, parts.cell), parts.share * need_of)
    by_theme = groups, themes, walks
    return Reached(
        people[..., :count].reshape(*by_theme, count),
        in_need.reshape(*by_theme, few),
        np.moveaxis(people[..., count:].reshape(*by_theme, len(alone), again), 3, 0),
        living @ worlds.people,
        needing @ worlds.people[:, :few],
    )


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
    return _Engine(homes, places, worlds, limits_m, measured=measured, alone=alone).squares()


class _Engine:
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
        self.shape = themes, len(limits_m), worlds.count + len(alone) * min(ALONE, worlds.count)
        self.known = _Located(places, worlds, limits_m, alone, measured)
        self.others = _Unlocated(homes, places, worlds, limits_m, alone)
        _, square = np.unique(np.floor(homes.xy / CELL_M), axis=0, return_inverse=True)
        order = np.lexsort((*homes.xy.T[::-1], square.ravel()))  # in a square by x, then by y
        bounds = np.flatnonzero(np.diff(square.ravel()[order])) + 1
        self.points = np.split(order, bounds) if len(order) else []

    def squares(self, first: int = 0, step: int = 1) -> Iterator[Square]:
        """Yield what the points of squares reach, from one on, as many apart."""
        for points in self.points[first::step]:
            field = self.worlds.field[self.worlds.part[points[0]]]
            for start in range(0, len(points), POINTS):
                some = points[start : start + POINTS]
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
            yield _as_masks(flags)


def _as_masks(flags: Flags) -> Masks:
    """Return flags of 16 points (the first axis) as bits of one number, the first point the lowest.

    >>> _as_masks(np.arange(16)[:, None] < 3).tolist()
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

    One entry a structure and world: ``x``, ``y``, ``own`` (see :class:`essgeo.uncertainty.Worlds`), ``world``,
    ``structure``.
    """

    def __init__(
        self, homes: Homes, places: Places, worlds: Worlds, limits_m: Sequence[float], alone: Sequence[Flags]
    ) -> None:
        self.worlds, self.few = worlds, min(ALONE, worlds.count)
        self.alone = np.array(alone, dtype=bool).reshape(len(alone), len(places.xy))
        self.squared = straight_reach(np.asarray(limits_m, dtype=np.float64))
        self.themes = places.themes
        self.offers = [np.flatnonzero(offered).tolist() for offered in unpacked(places.themes)]
        somewhere = np.flatnonzero(~places.located)
        stands = as_flags(worlds.alive[somewhere]).astype(bool) & np.isfinite(worlds.x[somewhere])
        at, self.world = (axis.astype(np.int32) for axis in np.nonzero(stands))
        self.structure = somewhere[at].astype(np.int32)
        # A list of all France holds places that nobody here can walk to: squares would have to reach as far as they.
        farthest = np.sqrt(self.squared.max(initial=0)) + CELL_M
        near = np.ones(len(self.structure), dtype=bool)
        for axis, lived in zip((worlds.x, worlds.y), homes.xy.T, strict=True):
            there = axis[self.structure, self.world]
            near &= (there >= lived.min(initial=np.inf) - farthest) & (there <= lived.max(initial=-np.inf) + farthest)
        self.structure, self.world = self.structure[near], self.world[near]
        self.x, self.y, self.own = (values[self.structure, self.world] for values in (worlds.x, worlds.y, worlds.own))
        column, row = ((axis // CELL_M).astype(np.int32) for axis in (self.x, self.y))
        self.corner = np.array([axis.min() if len(axis) else 0 for axis in (column, row)])
        column, row = column - self.corner[0], row - self.corner[1]
        self.shape = column.max(initial=0) + 1, row.max(initial=0) + 1
        cell = column * self.shape[1] + row
        order = np.argsort(cell, kind="stable")
        self.x, self.y, self.own = self.x[order], self.y[order], self.own[order]
        self.world, self.structure = self.world[order], self.structure[order]
        self.start = np.searchsorted(cell[order], np.arange(self.shape[0] * self.shape[1] + 1))

    def reach(self, origins: _Origins, masks: Masks) -> None:
        """Add which of the points reach these structures."""
        count = self.worlds.count
        if not len(self.x):
            return
        # Entries of the squares around, as far as one may walk: of each column of squares one run.
        farthest = np.sqrt(self.squared[-1, int(origins.field.min()) + int(self.own.min())])
        (left, below), (right, above) = (
            np.floor((bound + side * farthest) / CELL_M).astype(np.intp) - self.corner
            for bound, side in ((origins.low, -1), (origins.high, 1))
        )
        below, above = max(below, 0), min(above, self.shape[1] - 1)
        runs = [
            slice(self.start[column * self.shape[1] + below], self.start[column * self.shape[1] + above + 1])
            for column in range(max(left, 0), min(right, self.shape[0] - 1) + 1)
            if below <= above
        ]
        if not runs:
            return
        x, y, own, world, structure = (
            np.concatenate([values[run] for run in runs])
            for values in (self.x, self.y, self.own, self.world, self.structure)
        )
        apart = [
            np.maximum(np.maximum(np.float32(low) - axis, axis - np.float32(high)), 0)
            for low, high, axis in zip(origins.low, origins.high, (x, y), strict=True)
        ]
        gap = apart[0] ** 2 + apart[1] ** 2
        present = np.flatnonzero(np.bincount(structure))
        many = len(present) > TOGETHER
        if many:  # most of them add nothing: somebody else is reached in their world
            useful = np.bitwise_or.reduce(self.lacking(origins, masks), axis=0)
            kept = np.flatnonzero(self.themes[structure] & useful[world])
            gap, x, y, own, world, structure = (values[kept] for values in (gap, x, y, own, world, structure))
        z = own + origins.field[world] + single_walks(origins.corner, structure, count, world)
        kept = np.flatnonzero(gap <= self.squared[-1].take(z, mode="clip"))
        gap, x, y, z, world, structure = (values[kept] for values in (gap, x, y, z, world, structure))
        there = np.bincount(structure) > 0
        local, members = np.cumsum(there) - 1, np.flatnonzero(there)
        for first in range(0, len(members), TOGETHER):
            some = members[first : first + TOGETHER]
            mine = local[structure] // TOGETHER == first // TOGETHER if many else np.ones(len(structure), dtype=bool)
            lacking = self.lacking(origins, masks) if many else None
            # Which points reach each of these structures: structures x walks x worlds.
            put = np.zeros((len(some), *masks.shape[1:]), dtype=np.uint16)
            for walk in range(masks.shape[1]):
                near = np.flatnonzero(mine & (gap <= self.squared[walk].take(z, mode="clip")))
                if lacking is not None:
                    near = near[self.themes[structure[near]] & lacking[walk, world[near]] != 0]
                squared = self.squared[walk].take(z[near], mode="clip")
                found = next(origins.masks(x[near], y[near], [squared]))
                put[local[structure[near]] - first, walk, world[near]] = found
            for one, kept_alone in enumerate(self.alone[:, some]):
                again = count + one * self.few
                put[kept_alone, :, again : again + self.few] = put[kept_alone, :, : self.few]
            for reaches, member in zip(put, some.tolist(), strict=True):
                for theme in self.offers[member]:
                    masks[theme] |= reaches

    def lacking(self, origins: _Origins, masks: Masks) -> NDArray[np.uint64]:
        """Return the themes that some point does not reach, of all structures or of a set alone: walks x worlds."""
        count = self.worlds.count
        short = masks != (1 << len(origins.xy)) - 1  # themes x walks x worlds
        for again in range(count, masks.shape[2], self.few):
            short[:, :, : self.few] |= short[:, :, again : again + self.few]
        found = np.zeros((masks.shape[1], count), dtype=np.uint64)
        for theme, some in enumerate(short[:, :, :count]):
            found |= some.astype(np.uint64) << np.uint64(theme)
        return found


def unpacked(themes: NDArray[np.uint64]) -> Flags:
    """Return masks of themes as flags: structures x themes."""
    return (themes[:, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)).astype(bool)
