"""Siting in the worlds of :mod:`essgeo.uncertainty`: what a choice brings in each, and whether it is made again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import KDTree

from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.gaps.areas import Areas
from essgeo.gaps.reach import THEME_ROWS, unpack_themes
from essgeo.gaps.shares import homes_of, places_of, street_walks, worlds_of
from essgeo.register.activity import activity_odds
from essgeo.uncertainty import NOWHERE, WIDEST, Places, as_flags, as_words, on_street, reached_squares
from essgeo.uncertainty.counting import MOVE_DETOUR, kept_squares
from essgeo.uncertainty.latin import draw_orders
from essgeo.uncertainty.positions import draw_positions
from essgeo.uncertainty.streets import draw_own, single_walks_of, straight_reach

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Sequence

    import geopandas as gpd

    from essgeo.access import CostMatrix
    from essgeo.uncertainty import Homes, Worlds
    from essgeo.uncertainty.counting import Square

    Words = NDArray[np.uint64]
    Floats = NDArray[np.float32]

NEARBY_M = 400.0

SITING_WORLDS = 1024
"""Worlds behind the intervals of siting."""

CHOSEN_ANEW = 256
"""In so many of them sites are chosen anew, by greedy steps and a round of exchanges: exact ones would take hours."""

ALL = ~np.uint64(0)


@dataclass(frozen=True)
class Today:
    """Residents in each world, and what they reach there today; the last axis of arrays is worlds, or words of 64.

    Attributes
    ----------
    people
        Residents of each cell: cells x worlds.
    cell, part
        The cell of each demand point, and its part of the residents there.
    reached
        By theme, the points that reach a place of it, as bits: points x words, one array for each walk asked about.
    twice
        The same of two places, for backup coverage; nothing where it was not asked for.
    worlds, homes
        What these come from; none where nothing is drawn and there is one world.
    seed
        From which they were drawn.
    """

    people: NDArray[np.floating]
    cell: NDArray[np.intp]
    part: NDArray[np.float64]
    reached: dict[str, list[Words]]
    twice: dict[str, Words]
    worlds: Worlds | None
    homes: Homes | None
    seed: int

    @property
    def count(self) -> int:
        """How many worlds."""
        return int(self.people.shape[1])

    def living(self, rows: NDArray[np.intp] | slice, count: int) -> NDArray[np.floating]:
        """Return the residents of some points in the first worlds: points x worlds."""
        part: NDArray[np.floating] = self.part[rows].astype(self.people.dtype)
        return self.people[self.cell[rows], :count] * part[:, None]

    def expected(self, lacking: Words) -> NDArray[np.float64]:
        """Return the residents of each point whom bits (points x words) name, as the mean of the worlds."""
        found = np.empty(len(lacking))
        order = np.argsort(self.cell, kind="stable")
        for points in np.split(
            order, np.flatnonzero(np.diff(self.cell[order])) + 1
        ):  # of a cell, whose worlds they share
            found[points] = as_flags(lacking[points]) @ self.people[self.cell[points[0]]].astype(np.float64)
        return found * self.part / self.count


def today_as_known(
    people: NDArray[np.float64], reached: dict[str, list[NDArray[np.bool_]]], twice: NDArray[np.bool_]
) -> Today:
    """Return the one world in which everything is where it is known to be, and walks are the median ones."""

    def everywhere(flags: NDArray[np.bool_]) -> Words:
        return np.where(flags, ALL, np.uint64(0))[:, None]

    words = {theme: [everywhere(flags) for flags in walks] for theme, walks in reached.items()}
    again = dict.fromkeys(reached, everywhere(twice))
    each = np.arange(len(people)), np.ones(len(people))
    return Today(np.repeat(people[:, None], 64, axis=1), *each, words, again, None, None, 0)


def draw_everything(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    register: gpd.GeoDataFrame,
    *,
    as_of: dt.date,
    draws: int,
    seed: int,
    study_draws: int = 0,
    worlds: Worlds | None = None,
) -> tuple[Homes, Places, Worlds]:
    """Return residents, structures that count, and the first worlds of both, as coverage and gaps draw them.

    They are the first of ``worlds`` drawn before, or of ``study_draws``.
    """
    given = demand if "method" in demand else demand.assign(method="")
    everybody = sparse.csr_matrix(np.ones((1, len(demand))))
    homes = homes_of(given, Areas(pd.DataFrame({"level": ["territory"]}), everybody))
    places = places_of(structures, given)
    if worlds is None:
        odds, count = activity_odds(register), max(draws, study_draws)
        worlds = worlds_of(homes, places, structures, odds=odds, as_of=as_of, draws=count, seed=seed)
    return homes, places, worlds.first(draws)


def today_in_worlds(
    drawn: tuple[Homes, Places, Worlds],
    cost: CostMatrix,
    *,
    themes: Sequence[str],
    walks: Sequence[float],
    twice: bool,
    seed: int,
) -> Today:
    """Return what residents reach today in worlds drawn by :func:`draw_everything` from a seed.

    ``cost`` are the walks to the structures. The walks are in minutes; of the last one ``twice`` is told too.
    """
    homes, places, worlds = drawn
    names = THEME_ROWS["theme"].tolist()
    asked = np.array([names.index(theme) for theme in themes])
    offers = unpack_themes(places.themes)
    metres_per_minute = cost.speed_kmh * METRES_PER_MINUTE_AT_1_KMH
    streets = street_walks(cost)
    words = worlds.count // 64

    def reach(some: Places, minutes: Sequence[float], count: int) -> NDArray[np.uint64]:
        limits = [one * metres_per_minute for one in minutes]
        return put(reached_squares(homes, some, worlds.only(some.themes > 0), limits, measured=streets), count, limits)

    def put(squares: Iterable[Square], count: int, limits: Sequence[float]) -> NDArray[np.uint64]:
        # Themes (bits of the masks) x walks x points x words.
        found = np.zeros((count, len(limits), len(homes.xy), words), dtype=np.uint64)
        for square in squares:
            found[np.ix_(square.themes, np.arange(len(limits)), square.points)] = square.reached
        return found

    # What nobody asks about is offered by nobody; the others keep their place among the structures, and so their walks.
    bits = (offers[:, asked].astype(np.uint64) << np.arange(len(asked), dtype=np.uint64)).sum(axis=1, dtype=np.uint64)
    order = np.argsort(walks)
    kept = kept_squares(worlds, walks[0] * metres_per_minute) if len(walks) == 1 else None
    if kept is not None:  # of all themes
        reached = put((square._replace(masks=square.masks[asked]) for square in kept), len(asked), walks)
    else:
        reached = reach(places._replace(themes=bits), [walks[one] for one in order], len(asked))[:, np.argsort(order)]
    again = dict[str, NDArray[np.uint64]]()
    for place, theme in enumerate(themes if twice else ()):
        # Each structure of the theme is a theme of its own, 64 at a time: reached before and once more is twice.
        once, more = (np.zeros((len(homes.xy), words), dtype=np.uint64) for _ in range(2))
        offering = np.flatnonzero(offers[:, asked[place]])
        for start in range(0, len(offering), 64):
            some = offering[start : start + 64]
            alone = np.zeros(len(places.themes), dtype=np.uint64)
            alone[some] = np.uint64(1) << np.arange(len(some), dtype=np.uint64)
            for one in reach(places._replace(themes=alone), walks[-1:], len(some))[:, 0]:
                more |= once & one
                once |= one
        again[theme] = more
    found = {theme: list(reached[place]) for place, theme in enumerate(themes)}
    return living_in(homes, worlds, seed, found, again)


def living_in(
    homes: Homes, worlds: Worlds, seed: int, reached: dict[str, list[Words]], twice: dict[str, Words]
) -> Today:
    """Return worlds as siting takes them, with what is reached in them."""
    parts = homes.parts(worlds.cell)
    part = (parts.share / parts.points)[parts.of]
    return Today(worlds.people, worlds.cell, part, reached, twice, worlds, homes, seed)


class Spots(NamedTuple):
    """Candidates in the worlds: where each stands, and how streets lead to it, in steps: candidates x worlds."""

    xy: NDArray[np.float64]
    x: Floats
    y: Floats
    own: NDArray[np.int16]
    farthest: NDArray[np.float64]


def spots_of(candidates: gpd.GeoDataFrame, today: Today) -> Spots | None:
    """Return the candidates drawn as structures are, with radius and detours of their own; none in the known world."""
    if today.worlds is None or today.homes is None:
        return None
    count = len(candidates)
    xy = np.column_stack([candidates.geometry.x, candidates.geometry.y])
    radius = np.nan_to_num(
        candidates["geo_radius_m"].to_numpy(dtype=float) if "geo_radius_m" in candidates else np.zeros(count)
    )
    places = Places(xy, radius, np.full(count, NOWHERE), np.ones(count, dtype=np.uint64), on_street(candidates))
    where, how, when = (np.random.default_rng([today.seed, stream]) for stream in (4, 5, 6))
    orders = draw_orders(count, today.count, when)
    x, y, _ = draw_positions(places, today.homes, orders, where)
    own = draw_own(orders, today.worlds.common, how)
    return Spots(xy, x, y, own, WIDEST * radius)


class Near(NamedTuple):
    """Which points each of some candidates reaches in which worlds, candidate after candidate.

    Attributes
    ----------
    row
        The point of each pair.
    start
        The first pair of each candidate, and one more at the end.
    bits
        Pairs x words.
    """

    row: NDArray[np.intp]
    start: NDArray[np.intp]
    bits: Words

    def of(self, one: int) -> slice:
        """Return the pairs of a candidate."""
        return slice(int(self.start[one]), int(self.start[one + 1]))


def near(
    today: Today, spots: Spots | None, cost: CostMatrix, some: NDArray[np.intp], minutes: float, *, count: int
) -> Near:
    """Return what ``some`` of the candidates reach within a walk in the first worlds.

    ``cost`` are the median walks to all candidates; over streets those that are not there are not reached in any world.
    """
    if spots is None or today.worlds is None or today.homes is None:
        within = np.flatnonzero(cost.minutes <= minutes)
        place = np.full(len(cost.destination_ids), -1)
        place[some] = np.arange(len(some))
        within = within[place[cost.destination[within]] >= 0]
        site = place[cost.destination[within]]
        order = np.argsort(site, kind="stable")
        start = np.searchsorted(site[order], np.arange(len(some) + 1))
        return Near(cost.origin[within][order].astype(np.intp), start, np.full((len(order), 1), ALL))
    metres_per_minute = cost.speed_kmh * METRES_PER_MINUTE_AT_1_KMH
    reach = straight_reach(np.array([minutes * metres_per_minute]))[0]  # by steps of z, squared metres
    walks = street_walks(cost)
    streets = None if walks is None else sparse.csc_array(walks)
    worlds, tree = today.worlds, KDTree(today.homes.xy)
    least = int(worlds.field[:, :count].min(initial=0))  # of any part of town in any of these worlds
    rows, bits = list[NDArray[np.intp]](), list[NDArray[np.uint64]]()
    for one in some:
        own, (x, y) = spots.own[one, :count], (axis[one, :count] for axis in (spots.x, spots.y))
        # The points that may be near in some world, by the easiest walk and the farthest the candidate may stand.
        easiest = min(int(own.min()) + least, len(reach) - 1)
        widest = minutes * metres_per_minute if streets is not None else float(np.sqrt(reach[easiest]))
        row = np.sort(np.array(tree.query_ball_point(spots.xy[one], widest + spots.farthest[one]), dtype=np.intp))
        xy = today.homes.xy[row].astype(np.float32)
        still = spots.farthest[one] == 0  # it stands at the same place in all worlds: one column of distances
        squared = (xy[:, :1] - (x[:1] if still else x)) ** 2 + (xy[:, 1:] - (y[:1] if still else y)) ** 2
        if streets is not None:
            over = streets[:, [one]].toarray()[row]
            away = np.hypot(*(today.homes.xy[row] - spots.xy[one]).T)[:, None]
            farthest = np.where(over > 0, away + (minutes * metres_per_minute - over) / MOVE_DETOUR, -1.0)
            close = np.broadcast_to((squared <= farthest**2) & (farthest >= 0), (len(row), count))
        else:
            parts, part = np.unique(worlds.part[row], return_inverse=True)
            z = own + worlds.field[parts, :count] + single_walks_of(parts, np.full(len(parts), one), count)
            close = squared <= reach.take(z, mode="clip")[part.ravel()]
        kept = close.any(axis=1)
        rows.append(row[kept])
        bits.append(as_words(close[kept]))
    return Near(
        np.concatenate([np.empty(0, dtype=np.intp), *rows]),
        np.cumsum([0, *map(len, rows)]),
        np.concatenate([np.empty((0, count // 64), dtype=np.uint64), *bits]),
    )


def brought(
    today: Today,
    reach: Near,
    chosen: Sequence[tuple[int, str]],
    free: NDArray[np.bool_],
    capacities: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the residents whom each chosen site brings within reach, beside those before it.

    ``chosen`` are candidates of ``reach`` and what each hosts; ``free`` tells in which months each candidate of
    ``reach`` is (candidates x months), of which the mean is taken. A site with a capacity brings no more, and leaves as
    large a part of the residents of each point to those after it. Two arrays: sites x worlds, and sites x points as the
    mean of the worlds.
    """
    in_worlds, at_points = np.zeros((len(chosen), today.count)), np.zeros((len(chosen), len(today.cell)))
    patterns, months = np.unique(free, axis=1, return_counts=True)
    for pattern, share in zip(patterns.T, months, strict=True):
        # The part of each point that no site has served yet: points near a site x worlds, by theme.
        rows = np.unique(np.concatenate([[0][:0], *(reach.row[reach.of(site)] for site, _ in chosen)])).astype(np.intp)
        left = {theme: as_flags(~today.reached[theme][-1][rows]).astype(np.float32) for _, theme in chosen}
        for place, (site, theme) in enumerate(chosen):
            if pattern[site]:
                row, flags = reach.row[reach.of(site)], as_flags(reach.bits[reach.of(site)])
                here = np.searchsorted(rows, row)  # where the points near this site stand among those near any
                newly = today.living(row, today.count) * flags * left[theme][here]
                total = newly.sum(axis=0, dtype=np.float64)
                room = np.inf if capacities is None else capacities[site]
                served = np.divide(room, total, out=np.ones(len(total)), where=total > room)
                in_worlds[place] += share * total * served
                at_points[place, row] += share * (newly * served).mean(axis=1, dtype=np.float64)
                left[theme][here] *= 1 - flags * served.astype(np.float32)
    return in_worlds / months.sum(), at_points / months.sum()


def hosted(today: Today, reach: Near, themes: Sequence[str], free: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the residents whom each candidate of ``reach`` alone brings within reach of each theme, in the mean."""
    found = np.zeros((len(reach.start) - 1, len(themes)))
    for site, share in enumerate(free.mean(axis=1)):
        row, bits = reach.row[reach.of(site)], reach.bits[reach.of(site)]
        living = today.living(row, today.count)
        for place, theme in enumerate(themes):
            newly = living * as_flags(bits & ~today.reached[theme][-1][row])
            found[site, place] = share * newly.sum(dtype=np.float64) / today.count
    return found


@dataclass(frozen=True)
class Aim:
    """A part of what is maximised in each world.

    Attributes
    ----------
    reach
        What candidates reach.
    theme
        Which of the themes asked about counts.
    weights
        What a resident of each point weighs.
    levels
        What a first site in reach is worth, then one more.
    served
        How many levels each point has today: points x worlds.
    free
        Which candidates count.
    capacities
        How many residents each has room for; who finds none in it is left out of what the others may win.
    """

    reach: Near
    theme: int
    weights: NDArray[np.float64]
    levels: NDArray[np.float64]
    served: NDArray[np.uint8]
    free: NDArray[np.bool_]
    capacities: NDArray[np.float64] | None = None

    def gains(self, today: Today) -> NDArray[np.float64]:
        """Return what each candidate would add in each world: candidates x worlds."""
        count = self.served.shape[1]
        # Points x worlds: the residents there times what one site more in reach is worth to them.
        value = np.append(self.levels, 0.0).astype(np.float32)
        people = today.living(slice(None), count) * value[np.minimum(self.served, len(self.levels))]
        left = people * self.weights.astype(np.float32)[:, None]
        found = np.zeros((len(self.free), count))
        for site in np.flatnonzero(self.free).tolist():
            pairs = self.reach.of(site)
            flags = as_flags(self.reach.bits[pairs])[:, :count]
            found[site] = np.einsum("ij,ij->j", left[self.reach.row[pairs]], flags.astype(np.float32))
            if self.capacities is not None and np.isfinite(self.capacities[site]):
                total = np.einsum("ij,ij->j", people[self.reach.row[pairs]], flags.astype(np.float32))
                found[site] *= np.minimum(self.capacities[site] / np.maximum(total, 1e-9), 1)
        return found

    def serve(self, site: int, worlds: NDArray[np.intp], sign: int) -> None:
        """Add (1) or take away (-1) a site in some worlds."""
        if self.free[site]:
            pairs = self.reach.of(site)
            flags = as_flags(self.reach.bits[pairs])[:, worlds]
            cells = np.ix_(self.reach.row[pairs], worlds)
            self.served[cells] = self.served[cells] + np.where(sign > 0, flags, -flags).astype(np.uint8)


def choose_anew(
    today: Today,
    aims: Sequence[Aim],
    *,
    themes: int,
    count: int,
    fixed: Sequence[int],
    costs: NDArray[np.float64] | None,
    budget: float | None,
) -> NDArray[np.intp]:
    """Return the choices of each world, by greedy steps and one round of exchanges: sites x worlds, -1 for none.

    A choice is a candidate times ``themes`` plus the theme that it hosts.
    """
    picked = np.full((count, aims[0].served.shape[1]), -1, dtype=np.intp)

    def serve(place: int, sign: int) -> None:
        for choice in np.unique(picked[place][picked[place] >= 0]).tolist():
            for aim in (aim for aim in aims if aim.theme == choice % themes):
                aim.serve(choice // themes, np.flatnonzero(picked[place] == choice), sign)

    def pick(place: int) -> None:
        gains = np.zeros((len(aims[0].free), themes, picked.shape[1]))  # candidates x themes x worlds
        for aim in aims:
            gains[:, aim.theme] += aim.gains(today)
        flat = _open(gains, np.delete(picked, place, axis=0), costs, budget)
        mine = np.flatnonzero(picked[place] >= 0)
        flat[picked[place][mine], mine] *= 1 + 1e-6  # of equal ones, the one that is there stays
        # Choices x worlds: each world takes its own best, and none where nothing is left to win.
        picked[place] = np.where(flat.max(axis=0) > 0, flat.argmax(axis=0), -1)
        serve(place, 1)

    for place, choice in enumerate(fixed):
        picked[place] = choice
        serve(place, 1)
    for place in range(len(fixed), count):
        pick(place)
    for place in range(len(fixed), count if count - len(fixed) > 1 else 0):
        serve(place, -1)
        pick(place)
    return picked


def _open(
    gains: NDArray[np.float64], others: NDArray[np.intp], costs: NDArray[np.float64] | None, budget: float | None
) -> NDArray[np.float64]:
    """Return gains, choices x worlds, that are 0 at sites already chosen and beyond what is left of the budget."""
    which, world = np.nonzero(others >= 0)
    taken = others[which, world] // gains.shape[1]
    gains[taken, :, world] = 0
    if costs is not None and budget is not None:
        spent = np.bincount(world, weights=costs[taken], minlength=gains.shape[2])
        gains *= (costs[:, None] <= budget - spent + 1e-9)[:, None, :]
    return gains.reshape(-1, gains.shape[2])


def kept_shares(
    picked: NDArray[np.intp], chosen: Sequence[int], xy: NDArray[np.float64], themes: int
) -> Iterator[tuple[float, float]]:
    """Yield, for each choice, the share of worlds in which it is made, and in which it or one within 400 m is."""
    for choice in chosen:
        site, theme = divmod(choice, themes)
        close = np.flatnonzero(np.hypot(*(xy - xy[site]).T) <= NEARBY_M) * themes + theme
        yield float((picked == choice).any(axis=0).mean()), float(np.isin(picked, close).any(axis=0).mean())
