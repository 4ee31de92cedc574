"""Where structures stand: a point with a radius, a place somewhere in an area, or nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from essgeo.uncertainty.latin import AWAY, PLACE, even

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from essgeo.uncertainty.homes import Homes
    from essgeo.uncertainty.latin import Orders

    Floats = NDArray[np.float64]
    Ints = NDArray[np.intp]


DISCS = ((0.2, 0.35), (0.55, 0.44), (1.5, 0.21))
"""A true position lies evenly in one of three discs around the point: radius as a share of ``geo_radius_m``, and how
often it is that disc.

Errors seen on truth have a core and a tail, and are neither uniform nor Gaussian. Of 717 house numbers located in BAN
(median radius 40 m, :mod:`essgeo.geocoding.precision`) and of 776 on whose street alone the address was left, as shares
of the radius, printed by ``benchmarks/calibrate.py``:

============ ====== ====== ====== ====== ======
.              25 %   50 %   80 %   90 %   95 %
============ ====== ====== ====== ====== ======
houses         0.16   0.29   0.64   0.99   1.56
discs          0.16   0.31   0.54   1.09   1.31
streets        0.29   0.53   0.86   0.97   1.06
street discs   0.26   0.56   0.80   0.99   1.07
============ ====== ====== ====== ====== ======

Fitted to these quantiles. The last twentieth of houses are other places altogether, which no radius holds: a fourth
disc of 2.9 radii would, and leave twice as many structures undetermined. Of houses 90 % lie within the radius, of discs
88 %. Rows whose truth is the point of BAN itself (test sites) and fuel stations, known to 100 m, are left out.
"""

STREET_DISCS = ((0.18, 0.17), (0.78, 0.44), (1.15, 0.39))
"""The same where a street or a larger place is all that is known: somewhere along it, with no core and no tail."""

WIDEST = max(factor for factor, _ in (*DISCS, *STREET_DISCS))

STREETS = ("street", "locality", "place", "municipality")
"""Values of ``geo_precision`` that leave open where along or in it; all but the first are assumed to be alike."""

SHARED, FAMILIAR, NEAR_M = 0.4, 0.6, 400.0
"""The urn of places, by leave-one-out likelihood on the located structures of Est Ensemble: 37 % of these share one."""

KINDRED = 6.0
"""A place weighs so much more for a structure that shares a theme with one that stands there. By the logarithm of the
likelihood of the located ones, each left out (``bench_calibration.py --part urn``), 0, 1, 2 and 4 are 14.9, 7.9, 4.6
and 1.5 less likely; 8 and 12 are 0.8 and 1.7 more: a flat end, of the 35 that share a place.
"""

CURVE_M, CURVE_BITS = 50.0, 20
"""Points are put in order by squares of that side, and by squares twice as wide, so many times."""

WHOLE, NOWHERE = -1, -2
"""In place of an area: somewhere in the territory; out of it, or not known at all."""


class Places(NamedTuple):
    """Structures as far as they are known.

    Attributes
    ----------
    xy
        Points, shape (structures, 2), metres; NaN without a position.
    radius
        Metres that hold nine true positions in ten; 0 is exact.
    area
        The area of each, as in :class:`essgeo.uncertainty.homes.Homes`; :data:`WHOLE` or :data:`NOWHERE`.
    themes
        A 64-bit mask of what each offers.
    street
        Whether a street is all that is known of a position: it lies in :data:`STREET_DISCS`, not in :data:`DISCS`;
        None of any.
    """

    xy: Floats
    radius: Floats
    area: Ints
    themes: NDArray[np.uint64]
    street: NDArray[np.bool_] | None = None

    @property
    def located(self) -> NDArray[np.bool_]:
        """Whether each has a position."""
        return ~np.isnan(self.xy[:, 0])

    def addresses(self) -> Ints:
        """Return the first structure that stands at the same point as each: these move together."""
        first = np.arange(len(self.xy))
        located = np.flatnonzero(self.located)
        _, start, same = np.unique(self.xy[located], axis=0, return_index=True, return_inverse=True)
        first[located] = located[start[same.ravel()]]
        return first


def draw_positions(
    places: Places, homes: Homes, orders: Orders, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
    r"""Return where each structure stands in each world: x, y, and the structure whose place it shares.

    Three arrays, structures x worlds; a structure that shares no place names itself, and one that is nowhere is at
    infinity.

    A structure of which the area alone is known is drawn from an urn. Where *n* structures of the area have a place, it
    joins one of them with probability :math:`j \, n / (n + 1)`, rather one with which it shares a theme
    (:data:`KINDRED`); else, with *m* of them located, it stands with probability :math:`k \, m / (m + 1)` near one of
    these (Gaussian, :data:`NEAR_M`); else by the square root of residents. Structures do not stand where residents do.

    A structure at the end of the list changes nothing for those before it, but that these may join its place: one that
    is located and of no area (:data:`NOWHERE`) is joined by none.

    Examples
    --------
    >>> from essgeo.uncertainty import Homes
    >>> from essgeo.uncertainty.latin import draw_orders
    >>> known = Places(np.array([[0.0, 0.0], [np.nan, np.nan]]), np.array([0.0, np.nan]), np.array([0, 0]),
    ...                np.array([1, 1], dtype=np.uint64))
    >>> none = np.zeros(2, dtype=int)
    >>> homes = Homes(np.array([[0.0, 0.0], [5000.0, 0.0]]), np.ones(2), none, none, none - 1, none, True)
    >>> random = np.random.default_rng(0)
    >>> x, y, place = draw_positions(known, homes, draw_orders(2, 4096, random), random)
    >>> [round(float((place[1] == 0).mean()), 1), round(float((x[1] > 4000).mean()), 1)]
    [0.2, 0.2]
    """
    count = orders.shape[1]
    x, y = np.full(orders.shape, np.inf, dtype=np.float32), np.full(orders.shape, np.inf, dtype=np.float32)
    host = np.repeat(np.arange(len(orders), dtype=np.int32)[:, None], count, axis=1)
    first = places.addresses()
    leading = np.flatnonzero(places.located & (first == np.arange(len(first))))
    street = np.zeros(len(orders), dtype=bool) if places.street is None else places.street
    discs, radius = discs_of(street), np.nan_to_num(places.radius)
    spacing = homes.spacing_m  # of all points: not once a structure
    streams = random.spawn(int(homes.area.max(initial=-1)) + 2)  # of each area, and of the territory, whose code is -1
    # x, y, host: structures x worlds, filled a row at a time. First one row for each located address: evenly in a disc
    # (hence the square root). One number says which disc and, by where it falls in the odds of that, how far out.
    for one, shifts in zip(leading, random.random((len(leading), 2)), strict=True):
        factors, odds = discs[one].T
        below = np.cumsum(odds) - odds
        out, angle = even(orders[one], AWAY, shifts[0]), 2 * np.pi * even(orders[one], PLACE, shifts[1])
        disc = np.searchsorted(below[1:], out, side="right")
        away = radius[one] * factors[disc] * np.sqrt((out - below[disc]) / odds[disc])
        x[one], y[one] = places.xy[one, 0] + away * np.cos(angle), places.xy[one, 1] + away * np.sin(angle)
    # Then those at the same address, which go where the first of it goes in each world.
    following = np.flatnonzero(places.located & (first != np.arange(len(first))))
    x[following], y[following], host[following] = x[first[following]], y[first[following]], host[first[following]]
    for code, members, cells, weights in _urns(places, homes):
        # Each urn has a stream of its own, as have the located: one more structure in another moves nothing here.
        random = streams[code]
        # `settled` grows: a structure placed in this urn may be joined by the next, as a located one is.
        known = members[places.located[members]]
        settled = known[along_curve(places.xy[known])].tolist()
        for one in members[~places.located[members]].tolist():
            # One even number a world says all: below `joining` whose place it shares, above it where it stands alone.
            # Places and cells follow each other in space, so that what falls into a part of town is a few runs of it.
            drawn = even(orders[one], PLACE, random.random())
            joining = SHARED * len(settled) / (len(settled) + 1)
            joins, alone = np.flatnonzero(drawn < joining), np.flatnonzero(drawn >= joining)
            if settled:
                # Bit 0 stands for the whole of the ESS, which all share: it makes no two of a kind.
                others = places.themes[settled] & ~np.uint64(1) & places.themes[one]
                chance = np.cumsum(1 + KINDRED * (others != 0))
                which = np.searchsorted(chance[:-1], drawn[joins] / joining * chance[-1], side="right")
                whom = np.array(settled)[which]
                host[one, joins] = host[whom, joins]
                x[one, joins], y[one, joins] = x[whom, joins], y[whom, joins]
            # A point of residents by its running weight, and evenly within its square.
            share = (drawn[alone] - joining) / (1 - joining)
            cell = cells[np.searchsorted(weights[:-1], share * weights[-1], side="right")]
            offset = spacing * (random.random((2, len(alone))) - 0.5)
            x[one, alone], y[one, alone] = (homes.xy[cell] + offset.T).T
            settled.append(one)
    return x, y, host


def discs_of(street: NDArray[np.bool_]) -> Floats:
    """Return the discs of positions, by whether a street is all that is known: positions x discs x radius and odds."""
    return np.array([DISCS, STREET_DISCS])[street.astype(np.intp)]


def on_street(points: pd.DataFrame) -> NDArray[np.bool_]:
    """Return whether a street or a larger place is all that is known of each position, by its ``geo_precision``."""
    return np.isin(points["geo_precision"] if "geo_precision" in points else np.full(len(points), ""), STREETS)


def along_curve(xy: Floats) -> Ints:
    """Return points in an order in which a part of town is a few runs: squares in squares, a Z-order curve (Morton).

    >>> along_curve(np.array([[0.0, 0.0], [900.0, 900.0], [60.0, 60.0], [900.0, 0.0]])).tolist()
    [0, 2, 3, 1]
    """
    step = ((xy - xy.min(axis=0, initial=np.inf)) / CURVE_M).astype(np.int64)
    code = np.zeros(len(xy), dtype=np.int64)
    for bit in range(CURVE_BITS):
        code |= (step[:, 0] >> bit & 1) << 2 * bit | (step[:, 1] >> bit & 1) << 2 * bit + 1
    order: Ints = np.argsort(code, kind="stable")
    return order


def _urns(places: Places, homes: Homes) -> Iterator[tuple[int, Ints, Ints, Floats]]:
    """Yield each area with structures to place, its structures, its points of residents and their running weight.

    Points follow each other in space. Somewhere in the territory comes last, so that it may join any of the others.
    """
    curve = along_curve(homes.xy)
    for code in sorted(set(places.area[~places.located].tolist()) - {NOWHERE}, key=lambda code: (code < 0, code)):
        members = np.flatnonzero((places.area == code) | ((code == WHOLE) & places.located & (places.area != NOWHERE)))
        cells = curve[(homes.area[curve] == code) | (code == WHOLE)]
        if len(cells):
            known = places.xy[members[places.located[members]]]
            yield code, members, cells, np.cumsum(spread_in_area(known, homes.xy[cells], homes.people[cells]))


def spread_in_area(known: Floats, xy: Floats, people: Floats) -> Floats:
    """Return how likely a structure of an area that shares no place stands at each point of its residents; sum 1."""
    rooted = np.sqrt(people)
    spread = rooted / rooted.sum() if rooted.sum() > 0 else np.full(len(xy), 1 / len(xy))
    near = np.zeros(len(xy))
    for point in known:  # one at a time: all at once would hold known x points
        kernel = np.exp(-((xy - point) ** 2).sum(axis=1) / (2 * NEAR_M**2))
        near += kernel / max(kernel.sum(), 1e-12)
    if near.sum() > 0:
        familiar = FAMILIAR * len(known) / (len(known) + 1)
        spread = (1 - familiar) * spread + familiar * near / near.sum()
    return spread
