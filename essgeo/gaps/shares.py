"""Worlds turned into reach: the share of each area that reaches each theme in each world."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from essgeo.access.accessibility import trips_matrix
from essgeo.access.demand import METHOD
from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.gaps.areas import need_weights
from essgeo.gaps.poverty import POVERTY_WORLDS, drawn_poverty
from essgeo.gaps.reach import THEME_ROWS, has_point, theme_bits
from essgeo.processes import side_by_side
from essgeo.register.activity import last_seen
from essgeo.uncertainty import NOWHERE, WHOLE, WORLDS, Homes, Places, draw_worlds, on_street, reached_people
from essgeo.uncertainty.reached import MANY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from scipy import sparse

    from essgeo.access import CostMatrix
    from essgeo.gaps.areas import Areas
    from essgeo.uncertainty import Worlds
    from essgeo.uncertainty.worlds import Kept


class Drawn(NamedTuple):
    """What the worlds show; the last axis of each array is worlds, of which there may be none.

    Attributes
    ----------
    shares
        Shares within reach: areas x themes x walks x worlds; NaN where nobody lives.
    in_need
        The same of residents weighted by need, in fewer worlds.
    located, verified
        The mean of ``shares`` with the located structures alone, and with those alone whose activity is verified: areas
        x themes x walks.
    poverty
        The indices of :func:`essgeo.gaps.poverty.theme_poverty`: areas x themes x alpha x worlds of their own, as many
        whatever the others, so that an index is one figure.
    iris
        Shares by IRIS in one walk, in fewer worlds: IRIS x themes x worlds.
    kept
        What demand points reach in some walks, where it was to be kept.
    """

    shares: NDArray[np.float32]
    in_need: NDArray[np.float32]
    located: NDArray[np.float32]
    verified: NDArray[np.float32]
    poverty: NDArray[np.float64]
    iris: NDArray[np.float32]
    kept: Kept | None = None


SHARE_DECIMALS = 6
"""Means of worlds are rounded to what the sums of a world, half as long floats, leave of them."""


def mean_of(drawn: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the estimate from the worlds, the last axis."""
    estimate: NDArray[np.float64] = drawn.mean(axis=-1, dtype=np.float64).round(SHARE_DECIMALS)
    return estimate


def homes_of(demand: gpd.GeoDataFrame, areas: Areas) -> Homes:
    """Return demand points as the worlds take them, in groups that belong to the same areas.

    Where they live is drawn for points of even IRIS; a point without an IRIS, or of a grid, keeps its residents.
    """
    count = len(demand)

    def numbered(name: str) -> NDArray[np.intp]:
        """Return a column as numbers from 0, -1 where it says nothing; all 0 where it is not there."""
        if name not in demand:
            return np.zeros(count, dtype=np.intp)
        codes = pd.factorize(demand[name].astype(str), sort=True)
        empty = np.flatnonzero(codes[1] == "")
        return np.where(np.isin(codes[0], empty), -1, codes[0]).astype(np.intp) if len(empty) else codes[0]

    # The set of areas of a point is told by the sum of a random number for each of them.
    label = np.random.default_rng(0).random(len(areas.table)) @ (areas.residents > 0).astype(np.float64)
    return Homes(
        xy=np.column_stack([demand.geometry.x, demand.geometry.y]),
        people=demand["population"].to_numpy(dtype=float),
        area=numbered("citycode"),
        iris=numbered("iris_code") if "iris_code" in demand else np.arange(count),
        zone=numbered("counted_qpv") if "counted_qpv" in demand else np.full(count, -1),
        group=np.unique(np.asarray(label).round(9), return_inverse=True)[1].ravel(),
        drawn="iris_code" in demand and bool((demand["method"] == METHOD).all()),
    )


def places_of(structures: gpd.GeoDataFrame, demand: gpd.GeoDataFrame) -> Places:
    """Return structures as the worlds take them: one without a position is somewhere in its commune.

    One whose commune is not known, or no demand point names any, is somewhere in the territory; one of another commune
    is nowhere.
    """
    known = np.unique(demand["citycode"].astype(str)) if "citycode" in demand else np.empty(0, dtype=str)
    codes = pd.Series("", index=structures.index)
    for name in ("citycode", "geo_citycode"):
        if name in structures:
            codes = codes.where(codes != "", structures[name].fillna("").astype(str))
    area = pd.Index(known).get_indexer(codes)
    unknown = (codes == "").to_numpy() | (known == "").all()
    present = has_point(structures)
    xy = np.full((len(structures), 2), np.nan)
    xy[present] = np.column_stack([structures.geometry[present].x, structures.geometry[present].y])
    return Places(
        xy=xy,
        radius=np.nan_to_num(structures["geo_radius_m"].to_numpy(dtype=float)),
        area=np.where(area >= 0, area, np.where(unknown, WHOLE, NOWHERE)),
        themes=theme_bits(structures),
        street=on_street(structures),
    )


def worlds_of(
    homes: Homes, places: Places, structures: gpd.GeoDataFrame, *, odds: tuple[float, float], as_of: dt.date,
    draws: int = WORLDS, seed: int = 0,
) -> Worlds:  # fmt: skip
    """Return worlds of structures that count; the same seed gives the same worlds, whatever the walks and areas."""
    return draw_worlds(
        homes,
        places,
        verified=(structures["status"] == "active").to_numpy(),
        years=last_seen(structures, as_of),
        odds=odds,
        count=draws,
        seed=seed,
    )


def held_groups(homes: Homes, areas: Areas) -> NDArray[np.float32]:
    """Return areas x groups: 1 where the points of a group belong to the area."""
    _, first = np.unique(homes.group, return_index=True)
    held: NDArray[np.float32] = (areas.residents[:, first] > 0).toarray().astype(np.float32)
    return held


def shares_of(
    holds: NDArray[np.float32], people: NDArray[np.float32], everybody: NDArray[np.float32], most: int
) -> NDArray[np.float32]:
    """Return the share of each area among those of its groups, in the first worlds: areas x themes x walks x worlds."""
    reached = np.empty((len(holds), *people.shape[1:3], min(most, people.shape[3])), dtype=np.float32)
    for theme in range(people.shape[1]):  # one at a time: all at once would be copied
        reached[:, theme] = np.tensordot(holds, people[:, theme, :, :most], axes=1)
    total = (holds @ everybody)[:, None, None, :most]
    reached /= np.where(total > 0, total, np.nan)
    return np.minimum(reached, 1, out=reached)


def street_walks(cost: CostMatrix) -> sparse.csr_array | None:
    """Return the metres over streets of each trip, points x structures; None where there are no streets."""
    if not cost.network_date:
        return None
    # A walk of 0 m is a walk: it would be no entry.
    metres = cost.minutes.astype(np.float64) * cost.speed_kmh * METRES_PER_MINUTE_AT_1_KMH
    return trips_matrix(cost, np.maximum(metres, 1e-3))


def draw(  # noqa: PLR0913 (what is not known of each, and the worlds where they are drawn)
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    areas: Areas,
    cost: CostMatrix,
    *,
    within_minutes: Sequence[int],
    odds: tuple[float, float],
    as_of: dt.date | None = None,
    draws: int = WORLDS,
    seed: int = 0,
    iris: tuple[Areas, int] | None = None,
    worlds: Worlds | None = None,
    keep: Mapping[int, int] | None = None,
) -> Drawn:
    """Return what coverage and gaps become in worlds drawn at random.

    Parameters
    ----------
    demand, structures, areas, cost
        Demand points, the structures that count (with a position or not), areas from :func:`essgeo.gather_areas`, and
        the minutes between demand and structures: their speed, and over streets their walks.
    within_minutes
        Walks, the shortest first.
    odds
        From :func:`essgeo.register.activity_odds`, over the whole register.
    as_of
        The day; by default today.
    draws, seed
        How many worlds, and from which seed.
    iris
        IRIS whose shares are told too, and for which of the walks, by its position.
    worlds
        Those of these residents and structures, where they are drawn already.
    keep
        In how many of the first worlds what some of the walks (minutes) reach is kept.

    Returns
    -------
    Drawn
        For :func:`essgeo.coverage` and :func:`essgeo.gaps.assess_gaps`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> from essgeo.gaps.areas import iris_areas
    >>> home = gpd.GeoDataFrame({"iris_code": ["a"], "population": [10.0], "income": [20e3], "method": ["grid"]},
    ...                         geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": [""], "challenges": [""], "status": ["active"], "geo_radius_m": [0.0]},
    ...                         geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> drawn = draw(home, shop, iris_areas(home), travel_cost(home, shop), within_minutes=[15], odds=(9, 1), draws=4)
    >>> drawn.shares.shape[2:], drawn.poverty.shape[2:]  # behind areas x themes
    ((1, 4), (3, 128))
    """
    count, walks = len(areas.table), len(within_minutes)
    if not draws or not len(demand):
        nothing = np.zeros((count, len(THEME_ROWS), walks, 0), dtype=np.float32)
        none = nothing.sum(axis=3)
        by_iris = np.zeros((0 if iris is None else len(iris[0].table), len(THEME_ROWS), 0), dtype=np.float32)
        return Drawn(nothing, nothing, none, none, np.zeros((count, len(THEME_ROWS), 3, 0)), by_iris)
    homes, places = homes_of(demand, areas), places_of(structures, demand)
    day = as_of or dt.date.today()  # noqa: DTZ011 (the day where the user is)
    draw_some = partial(worlds_of, homes, places, structures, odds=odds, as_of=day, seed=seed)
    worlds, few_worlds = worlds or draw_some(draws=draws), draw_some(draws=POVERTY_WORLDS[1])
    metres_per_minute = cost.speed_kmh * METRES_PER_MINUTE_AT_1_KMH
    limits = [minutes * metres_per_minute for minutes in within_minutes]
    streets = street_walks(cost)
    need = need_weights(demand) if "income" in demand else np.ones(len(demand))
    verified = (structures["status"] == "active").to_numpy()
    holds = held_groups(homes, areas)
    poverty = partial(
        drawn_poverty, homes, places, few_worlds, holds, streets=streets, metres_per_minute=metres_per_minute
    )
    with side_by_side(poverty, when=len(demand) * worlds.count >= MANY) as beside:
        found = reached_people(
            homes,
            places,
            worlds,
            limits,
            themes=len(THEME_ROWS),
            need=need,
            measured=streets,
            alone=[places.located, verified],
            iris_walk=None if iris is None else iris[1],
            keep={within_minutes.index(walk): kept for walk, kept in (keep or {}).items() if walk in within_minutes},
        )
        indices = beside()
    # Areas x themes x walks x worlds, of all structures.
    everything = shares_of(holds, found.people, found.all_people, draws)
    few = min(draws, found.alone.shape[-1])

    def alone(people: NDArray[np.float32]) -> NDArray[np.float32]:
        # What the others add in the same worlds, taken off the mean of all: they never add less than nothing.
        lost = everything[..., :few] - shares_of(holds, people, found.all_people[:, : found.alone.shape[-1]], few)
        left: NDArray[np.float32] = everything.mean(axis=3) - np.maximum(lost, 0).mean(axis=3)
        return np.maximum(left, 0)

    number = np.full(0 if iris is None else len(iris[0].table), -1)  # of the points of each IRIS, among the homes
    if iris is not None:
        row, point = iris[0].residents.nonzero()
        number[row] = homes.iris[point]
    by_iris = found.iris[number, :, :draws]
    by_iris[number < 0] = np.nan
    return Drawn(
        everything,
        shares_of(holds, found.in_need, found.all_in_need, draws),
        alone(found.alone[0]),
        alone(found.alone[1]),
        indices,
        by_iris,
        found.kept,
    )
