"""Which themes each resident reaches, and the share of the residents of each area who do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from essgeo.access import nearest_minutes, travel_cost
from essgeo.access.walking import walked_minutes
from essgeo.schema.validate import with_known_words
from essgeo.schema.vocabulary import CHALLENGES, SECTORS, split_codes

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from scipy import sparse

    from essgeo.access import CostMatrix, WalkNetwork
    from essgeo.gaps.areas import Areas


THEME_ROWS = pd.DataFrame(
    [("all", "all"), *(("sector", code) for code in SECTORS), *(("challenge", code) for code in CHALLENGES)],
    columns=["theme_kind", "theme"],
)
"""Every theme, in the order of tables: ``theme_kind`` and ``theme``. There are fewer than 64."""

HORIZON_MIN = 60.0
"""Poverty of access and the nearest offer look at walks of up to an hour, whatever the walk that is asked about."""


OF_STRUCTURES = {
    "sectors": "Give the sectors of each structure, codes or words.",
    "geo_radius_m": "Take structures from geocode.",
}
"""The columns of structures that coverage and gaps must have, and where they come from."""

_UNSAID = {"challenges": "", "status": "unknown", "city": ""}
"""What a list of structures may not say."""


def known_structures(structures: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return structures of a notebook under English names, words as codes; what their list does not say is unknown."""
    known = with_known_words(structures, "structures")
    lacking = {name: value for name, value in _UNSAID.items() if name not in known}
    return known.assign(**lacking) if lacking else known


def horizon(longest_walk: float) -> float:
    """Return the longest trip to measure, in minutes: an hour, or twice the walk, so that draws stay inside it.

    Parameters
    ----------
    longest_walk
        The longest walk that is asked about.

    Examples
    --------
    >>> horizon(5), horizon(45)
    (60.0, 90)
    """
    return max(HORIZON_MIN, 2 * longest_walk)


def walks_to_themes(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    *,
    network: WalkNetwork | None,
    longest_walk: float,
    speed_kmh: float,
) -> CostMatrix:
    """Return the walks from demand points to structures that coverage and gaps look at.

    Over streets all of them up to :func:`horizon`, so that draws stay inside them. In a straight line those up to the
    longest walk that is asked about, and beyond it, up to the horizon, the one to the nearest structure of each theme:
    of thousands of structures all others would fill the memory, and no figure reads them.

    Examples
    --------
    >>> import geopandas as gpd
    >>> home = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shops = gpd.GeoDataFrame({"sectors": ["mobilite"] * 3, "challenges": ""}, index=[*"abc"],
    ...                          geometry=gpd.points_from_xy([1000, 2000, 9000], [0, 0, 0]), crs=2154)
    >>> cost = walks_to_themes(home, shops, network=None, longest_walk=15, speed_kmh=4.5)
    >>> [*cost.destination_ids[cost.destination]], cost.minutes.round().tolist()
    (['a'], [18.0])
    """
    farthest = horizon(longest_walk)
    if network is not None:
        return travel_cost(demand, structures, network=network, max_minutes=farthest, speed_kmh=speed_kmh)
    cost = travel_cost(demand, structures, max_minutes=longest_walk, speed_kmh=speed_kmh)
    homes = np.column_stack([demand.geometry.x, demand.geometry.y])
    origin, destination, minutes = [cost.origin], [cost.destination], [cost.minutes]
    placed = has_point(structures)
    for offered in unpack_themes(theme_bits(structures)).astype(bool).T:
        among, away = np.flatnonzero(offered & placed), np.flatnonzero(np.isnan(nearest_minutes(cost, offered)))
        if len(among) and len(away):
            points = structures.geometry.iloc[among]
            found = KDTree(np.column_stack([points.x, points.y])).query(homes[away])
            walked, nearest = walked_minutes(np.asarray(found[0]), speed_kmh), np.asarray(found[1])
            near = np.flatnonzero(walked <= farthest)
            origin.append(away[near].astype(np.int32))
            destination.append(among[nearest[near]].astype(np.int32))
            minutes.append(walked[near].astype(np.float32))
    from_, to, walks = np.concatenate(origin), np.concatenate(destination), np.concatenate(minutes)
    # One structure may be the nearest of several themes. Trips are sorted by origin, then by destination.
    _, kept = np.unique(from_.astype(np.int64) * len(structures) + to, return_index=True)
    return replace(cost, origin=from_[kept], destination=to[kept], minutes=walks[kept], max_minutes=farthest)


def kept_trips(cost: CostMatrix, kept: NDArray[np.bool_] | NDArray[np.integer]) -> CostMatrix:
    """Return a cost matrix with some of its trips, by flags or positions."""
    return replace(cost, origin=cost.origin[kept], destination=cost.destination[kept], minutes=cost.minutes[kept])


def trips_to(cost: CostMatrix, kept: NDArray[np.bool_]) -> CostMatrix:
    """Return the trips to some of the destinations, one flag each; these take the positions they have among them."""
    trips = kept_trips(cost, kept[cost.destination])
    position = (np.cumsum(kept) - 1).astype(np.int32)
    return replace(trips, destination_ids=cost.destination_ids[kept], destination=position[trips.destination])


def has_point(structures: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Return which structures have a position."""
    placed: NDArray[np.bool_] = (structures.geometry.notna() & ~structures.geometry.is_empty).to_numpy()
    return placed


def theme_bits(structures: pd.DataFrame) -> NDArray[np.uint64]:
    """Return, for each structure, a 64-bit mask with bit *i* set where it offers theme *i* of :data:`THEME_ROWS`.

    A mask makes "which themes does one of these structures offer" a single bitwise or.

    Examples
    --------
    >>> bits = theme_bits(pd.DataFrame({"sectors": ["mobilite", ""], "challenges": ["", ""]}))
    >>> [THEME_ROWS["theme"][unpack_themes(bits)[row].nonzero()[0]].tolist() for row in (0, 1)]
    [['all', 'mobilite'], ['all']]
    """
    position = {theme: row for row, theme in enumerate(THEME_ROWS["theme"])}
    masks = []
    for sectors, challenges in zip(structures["sectors"], structures["challenges"], strict=True):
        codes = ["all", *split_codes(sectors), *split_codes(challenges)]
        masks.append(sum(1 << position[code] for code in dict.fromkeys(codes)))
    return np.array(masks, dtype=np.uint64)


def unpack_themes(masks: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return masks as an array of 0 and 1, one row a mask and one column a theme.

    Examples
    --------
    >>> unpack_themes(np.array([5], dtype=np.uint64))[0, :4].tolist()
    [1, 0, 1, 0]
    """
    # Little-endian on any computer, so that bit i of a mask is column i.
    octets = np.ascontiguousarray(masks, dtype="<u8").view(np.uint8).reshape(len(masks), 8)
    return np.unpackbits(octets, axis=1, count=len(THEME_ROWS), bitorder="little")


def reached_themes(
    cost: CostMatrix, bits: NDArray[np.uint64], within_minutes: float, minutes: NDArray[np.floating] | None = None
) -> NDArray[np.uint64]:
    """Return, for each origin, the mask of the themes that a destination within reach offers.

    ``bits`` has one mask a destination, 0 for one that does not count; ``minutes`` stand in for those of ``cost``.

    Examples
    --------
    >>> import pandas as pd
    >>> from essgeo.access import CostMatrix
    >>> cost = CostMatrix(pd.Index([0, 1]), pd.Index(["a", "b"]), np.array([0, 0], dtype=np.int32),
    ...     np.array([0, 1], dtype=np.int32), np.array([7, 3], dtype=np.float32), 30, "walk", "", 4.5, 1.3)
    >>> reached_themes(cost, np.array([1, 2], dtype=np.uint64), 5).tolist()
    [2, 0]
    """
    masks = np.zeros(len(cost.origin_ids), dtype=np.uint64)
    near = np.flatnonzero((cost.minutes if minutes is None else minutes) <= within_minutes)
    if len(near):
        # Trips are sorted by origin, so those of one origin are a run; ``reduceat`` joins the masks of each run.
        origin = cost.origin[near]
        starts = np.flatnonzero(np.diff(origin, prepend=-1))
        masks[origin[starts]] = np.bitwise_or.reduceat(bits[cost.destination[near]], starts)
    return masks


LEAST_LOCATED, LEAST_SHARE = 3, 0.5
"""A theme orders areas where at least so many of its structures, and such a share of them, have a position.

Below half, where the others are drawn decides more of the order than what is known; with one or two located, the
closing of one decides it. Such a theme has a share and its interval, and no rank."""


def known_of(
    structures: gpd.GeoDataFrame, lived_in: NDArray[np.bool_], measured: NDArray[np.bool_]
) -> NDArray[np.object_]:
    """Return what keeps anything from being concluded of a theme in an area, ``""`` where nothing does: areas x themes.

    ``nobody`` lives there; walks are ``not_measured``; the register knows ``none``, or has ``none_located`` or
    ``few_located`` of the theme. ``lived_in`` and ``measured`` tell it of each area.
    """
    # What keeps a conclusion from an area is a column, what keeps it from a theme a row; the first that holds is told.
    offers = unpack_themes(theme_bits(structures)).astype(bool)  # structures x themes
    every, placed = offers.sum(axis=0), offers[has_point(structures)].sum(axis=0)
    few = (placed < LEAST_LOCATED) | (placed < LEAST_SHARE * every)
    choices = [~lived_in[:, None], ~measured[:, None], every == 0, placed == 0, few]
    names = ["nobody", "not_measured", "none", "none_located", "few_located"]
    shape = (len(lived_in), len(every))
    return np.select([np.broadcast_to(choice, shape) for choice in choices], names, "").astype(object)


def where_known(known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return 0 where the register knows a structure of a theme, NaN elsewhere: added to a share, which 0 would tell."""
    return np.where(known, 0.0, np.nan)


def weighted_shares(weights: sparse.csr_array, masks: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return the share of each area within reach of each theme: areas x themes, 0 to 1, and 0 where nobody lives.

    ``weights`` are those of :func:`essgeo.gaps.areas.resident_weights`, ``masks`` those of :func:`reached_themes`.
    """
    shares: NDArray[np.float64] = np.clip(weights @ unpack_themes(masks).astype(np.float64), 0, 1)
    return shares


def long_table(areas: Areas, columns: dict[str, NDArray[np.generic]]) -> pd.DataFrame:
    """Return one row an area and theme, from arrays areas x themes; ``area`` and ``row`` are the positions of both."""
    area, row = (axis.ravel() for axis in np.indices((len(areas.table), len(THEME_ROWS))))
    table = areas.table
    if "residents_measured" not in table:
        table = table.assign(residents_measured=table["residents"])
    rows = table.iloc[area].reset_index(drop=True)
    themes = THEME_ROWS.iloc[row].reset_index(drop=True)
    values = pd.DataFrame({name: value.ravel() for name, value in columns.items()})
    return pd.concat([rows, themes, values], axis=1).assign(area=area, row=row)
