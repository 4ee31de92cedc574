"""The share of residents within a walk of what structures offer, and what would be lost with one structure."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
from scipy import sparse

from essgeo.access import nearest_minutes
from essgeo.access.accessibility import trips_matrix
from essgeo.gaps.areas import FROM_POINTS, resident_weights
from essgeo.gaps.reach import (
    OF_STRUCTURES,
    THEME_ROWS,
    has_point,
    known_of,
    known_structures,
    long_table,
    reached_themes,
    theme_bits,
    trips_to,
    unpack_themes,
    weighted_shares,
    where_known,
)
from essgeo.gaps.shares import draw, mean_of
from essgeo.register.activity import activity_odds, as_day, counted_on
from essgeo.schema.validate import require_columns
from essgeo.uncertainty import WORLDS, ends

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix
    from essgeo.gaps.areas import Areas
    from essgeo.gaps.shares import Drawn


SHARE_DECIMALS = 9

COLUMNS = (
    "level", "zone_id", "zone_name", "vintage", "theme_kind", "theme", "minutes", "residents",
    "residents_measured", "reached", "share", "share_low", "share_high", "share_located",
    "share_known_active", "structures", "structures_located", "conclusion", "minutes_median", "method",
    "population_method",
)  # fmt: skip


def coverage(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    areas: Areas,
    cost: CostMatrix,
    *,
    within_minutes: Sequence[int] = (5, 10, 15),
    as_of: dt.date | str | None = None,
    drawn: Drawn | None = None,
    draws: int = WORLDS,
    seed: int = 0,
    level: float = 0.9,
) -> pd.DataFrame:
    """Return the share of the residents of each area within a walk of at least one structure, by theme.

    Parameters
    ----------
    demand
        Origins of ``cost``.
    structures
        Destinations of ``cost``: ``sectors``, ``challenges``, ``status``, ``geo_radius_m``.
    areas
        From :func:`essgeo.gaps.gather_areas`.
    cost
        Minutes from demand points to structures, up to twice the longest walk so that draws stay inside it.
    within_minutes
        Walks.
    as_of
        The day on which they must be active, see :func:`essgeo.register.counted_on`; by default what ``counted`` says,
        else today.
    drawn
        From :func:`essgeo.gaps.draw` for these areas, walks and structures that count.
    draws, seed
        Where ``drawn`` is not given: how many worlds, see :mod:`essgeo.uncertainty`; 0 for what the located structures
        give at the minutes of ``cost``, without an interval. How likely unverified structures exist is told by
        :func:`essgeo.register.activity_odds` of these structures.
    level
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row an area, theme and walk: ``level``, ``zone_id``, ``zone_name``, ``vintage``, ``theme_kind``, ``theme``,
        ``minutes``, ``residents``, ``residents_measured`` (fewer where streets end), ``reached`` (persons), ``share``
        (of those measured, the mean of the worlds; NaN without residents, where too few are measured, or where the
        register knows no structure of the theme: ``conclusion`` says why, see
        :func:`essgeo.gaps.assess_gaps`), ``share_low``
        and ``share_high`` (:func:`essgeo.uncertainty.ends`), ``share_located`` (of the worlds without the structures
        that have no position), ``share_known_active`` (of the worlds without the
        structures whose activity is not verified), ``structures`` and ``structures_located`` (that offer the theme,
        anywhere), ``minutes_median`` (to the nearest located, over residents; NaN where more than half of them reach
        none within ``cost.max_minutes``), ``method``, ``population_method``.

    Raises
    ------
    SchemaError
        A column is missing: all of them in one message.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> from essgeo.gaps.areas import iris_areas
    >>> demand = gpd.GeoDataFrame({"iris_code": ["a", "a"], "population": [10.0, 30.0], "method": ["grid"] * 2},
    ...                           geometry=gpd.points_from_xy([0, 5000], [0, 0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": ["mobilite"], "challenges": [""], "status": ["active"],
    ...                          "geo_radius_m": [0.0]}, geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> table = coverage(demand, shop, iris_areas(demand), travel_cost(demand, shop), within_minutes=[15], draws=10)
    >>> table.loc[table["theme"] == "mobilite", ["share", "share_low", "share_high"]].values.tolist()
    [[0.25, 0.25, 0.25]]
    """
    structures = known_structures(structures)
    require_columns(("demand", demand, {"method": FROM_POINTS}), ("structures", structures, OF_STRUCTURES))
    odds, counted = activity_odds(structures), counted_on(structures, as_of).to_numpy()
    structures, cost = cast("gpd.GeoDataFrame", structures[counted]), trips_to(cost, counted)
    bits = theme_bits(structures)
    offers = unpack_themes(bits)
    known = np.where((structures["status"] == "active").to_numpy(), bits, np.uint64(0))
    if drawn is None:
        drawn = draw(
            demand,
            structures,
            areas,
            cost,
            within_minutes=within_minutes,
            odds=odds,
            as_of=as_day(as_of),
            draws=draws,
            seed=seed,
        )
    medians = _medians(cost, bits, areas)
    concluded = known_of(structures, areas.table["residents"].to_numpy() > 0, areas.people > 0)
    unknown = where_known(concluded != "none")
    tables = []
    for walk, minutes in enumerate(within_minutes):
        worlds = drawn.shares[:, :, walk]
        if worlds.shape[-1]:
            share, (low, high) = mean_of(worlds), ends(worlds, level)
            located, verified = (part[:, :, walk].astype(np.float64) for part in (drawn.located, drawn.verified))
        else:
            share = located = low = high = _shares(cost, bits, areas, minutes)
            verified = _shares(cost, known, areas, minutes)
        columns: dict[str, NDArray[np.generic]] = {
            "share": share + unknown,
            "share_low": low + unknown,
            "share_high": high + unknown,
            "share_located": located + unknown,
            "share_known_active": verified + unknown,
            "conclusion": concluded,
            "minutes_median": medians,
        }
        tables.append(long_table(areas, columns).assign(minutes=minutes))
    table = pd.concat(tables).sort_values(["area", "row", "minutes"], kind="stable", ignore_index=True)
    return table.assign(
        structures=offers.sum(axis=0, dtype=int)[table["row"]],
        structures_located=offers[has_point(structures)].sum(axis=0, dtype=int)[table["row"]],
        reached=table["share"] * table["residents_measured"],
        method=cost.method,
        population_method=demand["method"].iloc[0],
    )[list(COLUMNS)]


def area_coverage(
    structures: gpd.GeoDataFrame,
    areas: Areas,
    cost: CostMatrix,
    *,
    within_minutes: int,
    drawn: NDArray[np.float32] | None = None,
    offered: NDArray[np.bool_] | None = None,
    level: float = 0.9,
) -> pd.DataFrame:
    """Return the shares of one walk, for a map.

    Parameters
    ----------
    structures, areas, cost
        As for :func:`coverage`.
    within_minutes
        The walk.
    drawn
        Shares in worlds, areas x themes x worlds, from :func:`essgeo.gaps.shares.draw`. Without any, what the
        located structures give at the minutes of ``cost``, without an interval.
    offered
        Which themes the register knows at all, where ``structures`` are a part of it.
    level
        Level of the intervals.

    Returns
    -------
    DataFrame
        ``iris_code``, ``theme_kind``, ``theme``, ``minutes``, ``residents``, ``residents_measured``, ``reached``,
        ``share``, ``share_low``, ``share_high``; the last two NaN without worlds, all three where the register
        knows no structure of the theme.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> from essgeo.gaps.areas import iris_areas
    >>> demand = gpd.GeoDataFrame({"iris_code": ["a"], "population": [10.0]},
    ...                           geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": [""], "challenges": [""]},
    ...                         geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> area_coverage(shop, iris_areas(demand), travel_cost(demand, shop), within_minutes=5)["share"].head(2).tolist()
    [1.0, nan]
    """
    if drawn is not None and drawn.shape[-1]:
        share, (low, high) = mean_of(drawn), ends(drawn, level)
    else:
        share = _shares(cost, theme_bits(structures), areas, within_minutes)
        low = high = np.full(share.shape, np.nan)
    if offered is None:
        offered = np.asarray(unpack_themes(theme_bits(structures)).any(axis=0))
    unknown = where_known(offered)
    columns: dict[str, NDArray[np.generic]] = {
        "share": share + unknown,
        "share_low": low + unknown,
        "share_high": high + unknown,
    }
    table = long_table(areas, columns).rename(columns={"zone_id": "iris_code"})
    table = table.assign(minutes=within_minutes, reached=table["share"] * table["residents_measured"])
    return table[
        [
            "iris_code", "theme_kind", "theme", "minutes", "residents", "residents_measured", "reached", "share",
            "share_low", "share_high",
        ]
    ]  # fmt: skip


def _shares(cost: CostMatrix, bits: NDArray[np.uint64], areas: Areas, within_minutes: float) -> NDArray[np.float64]:
    """Return the share of each area within reach of each theme; NaN where nobody lives."""
    shares = weighted_shares(resident_weights(areas), reached_themes(cost, bits, within_minutes)).round(SHARE_DECIMALS)
    shares[areas.people == 0] = np.nan
    return shares


def _medians(cost: CostMatrix, bits: NDArray[np.uint64], areas: Areas) -> NDArray[np.float64]:
    """Return the median walk of the residents of each area to the nearest structure of each theme."""
    offers = unpack_themes(bits).astype(bool)
    medians = np.full((len(areas.table), len(THEME_ROWS)), np.nan)
    for theme in range(len(THEME_ROWS)):
        # Residents from the nearest on: the median walk is where half of an area's have been counted, infinite where
        # fewer than that reach anything.
        nearest = np.nan_to_num(nearest_minutes(cost, offers[:, theme]), nan=np.inf)
        order = np.argsort(nearest, kind="stable")
        running = areas.residents[:, order].toarray().cumsum(axis=1)  # areas x points, the nearest first
        middle = (running < running[:, -1:] / 2).sum(axis=1)
        medians[:, theme] = nearest[order][np.minimum(middle, len(order) - 1)]
    medians[areas.people == 0] = np.nan
    return np.where(np.isinf(medians), np.nan, medians)


def dependence(structures: gpd.GeoDataFrame, areas: Areas, cost: CostMatrix, *, within_minutes: float) -> pd.DataFrame:
    r"""Return the residents who would have no structure of a theme within a walk if one structure closed.

    .. math:: D_{ajk} = \sum_i P_{ai} \, [t_{ij} \le T] \, [n_{ik} = 1]

    with :math:`n_{ik}` the number of structures that offer theme *k* within the walk of demand point *i*, of which *j*
    is then the only one.

    Parameters
    ----------
    structures, areas, cost
        Structures that count, areas from :func:`essgeo.gaps.gather_areas`, and the minutes to these structures.
    within_minutes
        The walk.

    Returns
    -------
    DataFrame
        One row an area, theme and structure that somebody depends on: ``level``, ``zone_id``, ``theme_kind``,
        ``theme``, ``structure_id``, ``name``, ``residents_lost``, ``share_lost`` (of the residents of the area); the
        heaviest loss first within an area and theme.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> from essgeo.gaps.areas import iris_areas
    >>> demand = gpd.GeoDataFrame({"iris_code": ["a", "a"], "population": [10.0, 30.0]},
    ...                           geometry=gpd.points_from_xy([0, 1000], [0, 0]), crs=2154)
    >>> shops = gpd.GeoDataFrame({"name": ["A", "B"], "sectors": [""] * 2, "challenges": [""] * 2}, index=["a", "b"],
    ...                          geometry=gpd.points_from_xy([400, 600], [0, 0]), crs=2154)
    >>> cost = travel_cost(demand, shops)
    >>> dependence(shops, iris_areas(demand), cost, within_minutes=10)[["name", "residents_lost"]].values.tolist()
    [['B', 30.0], ['A', 10.0]]
    """
    near = trips_matrix(cost, (cost.minutes <= within_minutes).astype(np.float64))  # points x structures: 1 in reach
    offers = unpack_themes(theme_bits(structures)).astype(np.float64)  # structures x themes
    choices = near @ offers  # points x themes: how many in reach
    parts = []
    for row in np.flatnonzero(offers.any(axis=0)):
        offering = np.flatnonzero(offers[:, row])
        # Points that have one choice alone keep it, all others none: areas add up their residents by that choice.
        alone = sparse.diags_array((choices[:, row] == 1).astype(np.float64))
        found = sparse.coo_array(areas.residents @ (alone @ near[:, offering]))  # areas x offering: persons
        found.eliminate_zeros()
        parts.append(np.column_stack([found.coords[0], np.full(found.nnz, row), offering[found.coords[1]], found.data]))
    columns = ["area", "row", "structure", "residents_lost"]
    table = pd.DataFrame(np.concatenate(parts) if parts else np.empty((0, 4)), columns=columns)
    table = table.sort_values(["area", "row", "residents_lost"], ascending=[True, True, False], ignore_index=True)
    whose, what, which = (table[name].to_numpy(dtype=np.intp) for name in ("area", "row", "structure"))
    return pd.DataFrame(
        {
            "level": areas.table["level"].to_numpy()[whose],
            "zone_id": areas.table["zone_id"].to_numpy()[whose],
            "theme_kind": THEME_ROWS["theme_kind"].to_numpy()[what],
            "theme": THEME_ROWS["theme"].to_numpy()[what],
            "structure_id": structures.index.to_numpy()[which],
            "name": structures["name"].to_numpy()[which],
            "residents_lost": table["residents_lost"],
            "share_lost": table["residents_lost"] / areas.people[whose],
        }
    )
