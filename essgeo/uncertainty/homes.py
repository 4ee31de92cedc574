"""Where people live: known by cell of the grid, or IRIS totals spread over cells and drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from essgeo.uncertainty.streets import CELL_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]


DENSER = 1.36
"""Residents of an even square metre inside a QPV for one outside it, in the same IRIS: median over Bondy's grid."""

WEIGHT, FULL_CELL = 1.5, 16
"""The Dirichlet weight of a full cell of the grid, and its points 50 m apart: holds 0.88 of Bondy's cells."""

SWEEPS, HALVINGS = 3, 24


class Homes(NamedTuple):
    """Residents as points.

    Attributes
    ----------
    xy
        Shape (points, 2), metres.
    people
        Residents expected at each.
    area
        The area (commune) that each lies in, a number from 0.
    iris
        The IRIS of each, a number from 0: its total is known.
    zone
        The zone whose total is known too, a number from 0; -1 in none.
    group
        Points of one group are counted together; see :func:`essgeo.uncertainty.reached.reached_people`.
    drawn
        Whether where they live in their IRIS is not known.
    """

    xy: Floats
    people: Floats
    area: Ints
    iris: Ints
    zone: Ints
    group: Ints
    drawn: bool

    @property
    def spacing_m(self) -> float:
        """Metres between neighbouring points of a full lattice."""
        sides = np.unique(self.xy[:, 0]), np.unique(self.xy[:, 1])
        steps = np.concatenate([np.diff(side) for side in sides])
        return float(np.median(steps[steps > 1])) if (steps > 1).any() else 0.0

    def cells(self) -> Ints:
        """Return the cell of each point: of one square of the grid, IRIS and zone, whatever the areas asked for."""
        keys = np.column_stack([np.floor(self.xy / CELL_M), self.iris, self.zone])
        return np.unique(keys, axis=0, return_inverse=True)[1].ravel()

    def parts(self, cell: Ints) -> Parts:
        """Return cells cut by group, and where points hold more residents than others."""
        keys, of = np.unique(np.column_stack([cell, self.group, self.people.round(6)]), axis=0, return_inverse=True)
        cells, of = keys[:, 0].astype(np.intp), of.ravel()
        points, held = np.bincount(of), np.bincount(of, weights=self.people)
        whole = np.bincount(cell, weights=self.people)[cells]
        even = points / np.bincount(cell)[cells]  # of a cell where nobody is expected
        share = np.divide(held, whole, out=even, where=whole > 0)
        return Parts(of, cells, keys[:, 1].astype(np.intp), points, share)


class Parts(NamedTuple):
    """Parts of cells whose points are of one group and hold as many residents each.

    Attributes
    ----------
    of
        The part of each point.
    cell, group, points
        Of each part.
    share
        Of the residents of its cell.
    """

    of: Ints
    cell: Ints
    group: Ints
    points: Ints
    share: Floats


def expected_people(people: Floats, iris: Ints, in_qpv: NDArray[np.bool_], zone: Ints, totals: Floats) -> Floats:
    """Return residents of points of even IRIS, denser inside QPV, so that IRIS and zones keep their totals.

    ``totals`` are those of each zone. A zone whose IRIS hold fewer people than its total takes all of them.

    Examples
    --------
    >>> iris, inside = np.zeros(4, dtype=int), np.array([True, True, False, False])
    >>> expected_people(np.full(4, 25.0), iris, inside, np.where(inside, 0, -1), np.array([80.0])).round(3).tolist()
    [40.0, 40.0, 10.0, 10.0]
    """
    denser = people * np.where(in_qpv, DENSER, 1.0)
    held, wanted = (np.bincount(iris, weights=values) for values in (denser, people))
    spread = denser * np.divide(wanted, held, out=np.zeros(len(held)), where=held > 0)[iris]
    return keep_totals(spread[:, None], iris, zone, totals)[:, 0].astype(np.float64)


def draw_people(homes: Homes, cell: Ints, count: int, random: np.random.Generator) -> NDArray[np.float32]:
    r"""Return the residents of each cell in each world: cells x worlds; the totals of IRIS and zones are kept.

    The shares of the cells of an IRIS follow a Dirichlet distribution with weights :math:`1.5 \, n_c / 16`, *n* the
    points of a cell, in proportion to the residents expected there.
    """
    held = np.bincount(cell, weights=homes.people)
    if not homes.drawn:
        return np.repeat(held.astype(np.float32)[:, None], count, axis=1)
    _, first = np.unique(cell, return_index=True)
    iris, zone = homes.iris[first], homes.zone[first]
    totals, points = np.bincount(homes.iris, weights=homes.people), np.bincount(homes.iris)
    share = np.divide(held, totals[iris], out=np.zeros(len(held)), where=totals[iris] > 0)
    # A Dirichlet draw is independent gammas divided by their sum; a full cell weighs 1.5 whatever the spacing.
    weight = WEIGHT / FULL_CELL * points[iris] * share * (homes.spacing_m / 50) ** 2
    drawn = random.standard_gamma(np.maximum(weight, 1e-3)[:, None], (len(held), count), dtype=np.float32)
    drawn[held == 0] = 0
    summed = (iris == np.arange(len(totals))[:, None]).astype(np.float32) @ drawn  # IRIS x worlds
    drawn *= (totals.astype(np.float32)[:, None] / np.maximum(summed, np.float32(1e-30)))[iris]
    inside = homes.zone >= 0
    zones = np.bincount(homes.zone[inside], weights=homes.people[inside]).astype(np.float64)
    return keep_totals(drawn, iris, zone, zones)


def keep_totals(people: NDArray[np.floating], iris: Ints, zone: Ints, totals: Floats) -> NDArray[np.floating]:
    r"""Return residents (rows x worlds) moved within their IRIS so that each zone has its total in each world.

    Inside the zone of total *T*, the odds of its part :math:`a_i` of each IRIS of total :math:`P_i` are multiplied by
    one factor *f*, found by halving: :math:`\sum_i P_i f a_i / (f a_i + P_i - a_i) = T`.
    """
    people = people.copy()
    # Two zones may share an IRIS, and the second upsets the first: a few sweeps settle them.
    for _ in range(SWEEPS if len(totals) > 1 else 1):
        for one, total in enumerate(totals):
            inside = zone == one
            touched = np.unique(iris[inside])
            rows = np.flatnonzero(np.isin(iris, touched))
            part, mine = np.searchsorted(touched, iris[rows]), inside[rows]
            # Outside and inside of each IRIS, in each world: 2 x IRIS x worlds.
            of_part = part == np.arange(len(touched))[:, None]
            sides = np.stack([(of_part & side).astype(np.float64) @ people[rows] for side in (~mine, mine)])
            outside, within = sides
            low, high = np.full(people.shape[1], -12.0), np.full(people.shape[1], 12.0)  # of the logarithm of f
            for _ in range(HALVINGS):
                middle = (low + high) / 2
                much = _moved(outside, within, middle).sum(axis=0) > total
                low, high = np.where(much, low, middle), np.where(much, middle, high)
            moved = _moved(outside, within, (low + high) / 2)
            factor = np.stack([outside + within - moved, moved]) / np.maximum(sides, 1e-12)
            people[rows] *= factor[mine.astype(np.intp), part]
    return people


def _moved(outside: Floats, within: Floats, logarithm: Floats) -> Floats:
    """Return the residents of each IRIS inside the zone where their odds are multiplied."""
    times = np.exp(logarithm) * within
    moved: Floats = (outside + within) * times / np.maximum(times + outside, 1e-12)
    return moved
