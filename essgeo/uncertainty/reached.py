"""How many residents of each group reach each theme in each world."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from essgeo.processes import shared_zeros, side_by_side
from essgeo.uncertainty.counting import Engine, points_in
from essgeo.uncertainty.worlds import Kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from essgeo.uncertainty.counting import Square
    from essgeo.uncertainty.homes import Homes
    from essgeo.uncertainty.positions import Places
    from essgeo.uncertainty.worlds import Worlds

    Floats = NDArray[np.float32]


FEW = 1280
"""Residents weighted by need are counted in so many worlds."""

ROWS = 16
"""Themes and walks of a cell are counted so many at a time: more would not stay in the cache."""

MANY = 10_000_000
"""From so many points and worlds on, half of the squares are counted in a process of its own."""


class Reached(NamedTuple):
    """Residents who reach a theme, in each world.

    Attributes
    ----------
    people, in_need
        Groups x themes x walks x worlds; ``in_need`` weighted, in the first :data:`FEW` worlds only.
    alone
        As ``people``, of each set of structures alone in the first :data:`essgeo.uncertainty.counting.ALONE` worlds:
        sets x groups x themes x walks x worlds.
    all_people, all_in_need
        Those who live there, groups x worlds.
    iris
        The share of the residents of each IRIS in the walk that was named, in the first :data:`FEW` worlds: IRIS x
        themes x worlds; no themes where none was.
    kept
        What was to be kept.
    """

    people: Floats
    in_need: Floats
    alone: Floats
    all_people: Floats
    all_in_need: Floats
    iris: Floats
    kept: Kept


def reached_people(
    homes: Homes,
    places: Places,
    worlds: Worlds,
    limits_m: Sequence[float],
    *,
    themes: int,
    need: NDArray[np.float64],
    measured: sparse.csr_array | None = None,
    alone: Sequence[NDArray[np.bool_]] = (),
    iris_walk: int | None = None,
    keep: Mapping[int, int] | None = None,
) -> Reached:
    """Return how many residents of each group reach each theme in each world.

    Parameters
    ----------
    homes, places, worlds, limits_m, measured, alone
        As for :func:`essgeo.uncertainty.counting.reached_squares`.
    themes
        How many themes there are, the lowest bits of the masks of structures.
    need
        What the need of a resident of each demand point weighs.
    iris_walk
        Of which walk, by its position, shares are told by IRIS too.
    keep
        In how many of the first worlds what the walks at some positions reach is kept.

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

    engine = Engine(homes, places, worlds, limits_m, measured=measured, alone=alone)
    count, few, again = worlds.count, min(FEW, worlds.count), engine.few
    # A part lies in one IRIS, since its cell does.
    iris_of = homes.iris[np.unique(parts.of, return_index=True)[1]]
    by_iris = int(homes.iris.max(initial=-1)) + 1, themes if iris_walk is not None else 0
    # Worlds of all structures, then those of each set alone: they are counted in one go.
    asked = np.concatenate([np.arange(count), *[np.arange(again)] * len(alone)])

    # Written by both halves. Two numbers of 16 bits are as long as one of 32.
    of_walk = {
        walk: shared_zeros(len(engine.parts), themes, min(worlds_kept, count) // 2).view(np.uint16)
        for walk, worlds_kept in (keep or {}).items()
    }
    kept = Kept([points for points, _ in engine.parts], {round(limits_m[walk], 3): of_walk[walk] for walk in of_walk})

    def add(squares: Iterable[tuple[int, Square]], people: Floats, in_need: Floats, of_iris: Floats) -> None:
        """Add the residents of some squares: groups x rows (themes and walks) x worlds, and IRIS x themes x worlds."""
        product = np.empty((ROWS, len(asked)), dtype=np.float32)
        for number, square in squares:
            for walk, all_masks in of_walk.items():
                all_masks[number, : len(square.masks)] = square.masks[:, walk, : all_masks.shape[2]]
            masks = square.masks.reshape(-1, len(asked))  # rows x worlds
            rows = _runs(np.flatnonzero(masks.max(axis=1)))  # of the others nobody is reached in any world
            part_of = parts.of[square.points]
            for part in np.unique(part_of):
                mine = np.uint16(sum(1 << bit for bit in np.flatnonzero(part_of == part).tolist()))
                group, each = parts.group[part], (worlds.people[parts.cell[part]] * share_of_point[part])[asked]
                for to in rows:
                    found = np.multiply(points_in(masks[to] & mine), each, out=product[: to.stop - to.start])
                    people[group, to] += found
                    if iris_walk is not None:  # its rows are as many apart as there are walks
                        first = (iris_walk - to.start) % walks
                        told = found[first::walks, :few]
                        theme = (to.start + first) // walks
                        of_iris[iris_of[part], theme : theme + len(told)] += told
                    in_need[group, to] += np.multiply(found[:, :few], need_of[part], out=found[:, :few])

    # Two halves of the squares, whatever the number of cores, so that sums are the same on one and on two.
    by_row = groups, themes * walks
    shapes = (*by_row, len(asked)), (*by_row, few), (*by_iris, few)
    sums = [[shared_zeros(*shape) for shape in shapes] for _ in range(2)]
    halves = [zip(range(half, len(kept.points), 2), engine.squares(half, 2), strict=True) for half in range(2)]
    del engine  # the halves have it, until they are done: it is large, and so are both sums
    with side_by_side(lambda: add(halves[1], *sums[1]), when=len(homes.xy) * count >= MANY) as other:
        add(halves[0], *sums[0])
        other()
    halves.clear()
    people, in_need, of_iris = (np.add(one, two, out=one) for one, two in zip(*sums, strict=True))
    living, needing = np.zeros((2, groups, len(worlds.people)), dtype=np.float32)  # shares of cells, by group
    np.add.at(living, (parts.group, parts.cell), parts.share)
    np.add.at(needing, (parts.group, parts.cell), parts.share * need_of)
    if iris_walk is not None:
        everybody = np.zeros((len(of_iris), len(worlds.people)), dtype=np.float32)
        np.add.at(everybody, (iris_of, parts.cell), parts.share)
        total = (everybody @ worlds.people[:, :few])[:, None]
        np.minimum(np.divide(of_iris, np.where(total > 0, total, np.float32(np.nan)), out=of_iris), 1, out=of_iris)
    by_theme = groups, themes, walks
    return Reached(
        people[..., :count].reshape(*by_theme, count),
        in_need.reshape(*by_theme, few),
        np.moveaxis(people[..., count:].reshape(*by_theme, len(alone), again), 3, 0),
        living @ worlds.people,
        needing @ worlds.people[:, :few],
        of_iris,
        kept,
    )


def _runs(rows: NDArray[np.intp]) -> list[slice]:
    """Return rows as runs of those that follow each other, :data:`ROWS` at most.

    >>> _runs(np.array([0, 1, 2, 7]))
    [slice(0, 3, None), slice(7, 8, None)]
    """
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1) if len(rows) else []
    ends_of = ((int(run[0]), int(run[-1]) + 1) for run in runs)
    return [slice(row, min(row + ROWS, end)) for start, end in ends_of for row in range(start, end, ROWS)]
