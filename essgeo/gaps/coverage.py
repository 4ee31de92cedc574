"""The share of residents within a walk of what structures offer, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.access import nearest_minutes
from essgeo.gaps.areas import resident_weights
from essgeo.gaps.reach import THEME_ROWS, drawn_shares, reached_themes, theme_bits, unpack_themes
from essgeo.register.activity import activity_odds

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix
    from essgeo.gaps.areas import Areas


SHARE_DECIMALS = 9

COLUMNS = (
    "level", "zone_id", "zone_name", "vintage", "theme_kind", "theme", "minutes", "residents", "reached",
    "share", "share_low", "share_high", "share_known_active", "structures", "minutes_median", "method",
    "population_method",
)  # fmt: skip


def coverage(
    demand: gpd.GeoDataFrame,
    cost: CostMatrix,
    structures: gpd.GeoDataFrame,
    areas: Areas,
    *,
    within_minutes: Sequence[int] = (5, 10, 15),
    drawn: NDArray[np.float64] | None = None,
    draws: int = 500,
    seed: int = 0,
    level: float = 0.9,
) -> pd.DataFrame:
    """Return the share of the residents of each area within a walk of at least one structure, by theme.

    Parameters
    ----------
    demand
        Origins of ``cost``.
    cost
        Minutes from demand points to structures, up to twice the longest walk so that draws stay inside it.
    structures
        Destinations of ``cost``: ``sectors``, ``challenges``, ``status``, ``geo_radius_m``; only those that count.
    areas
        From :func:`essgeo.gaps.gather_areas`.
    within_minutes
        Walks.
    drawn
        From :func:`essgeo.gaps.reach.drawn_shares` for these areas and walks: draws x walks x areas x themes.
    draws, seed
        Where ``drawn`` is not given: random draws over positions, speed, detour and activity, the last by
        :func:`essgeo.register.activity_odds` of these structures.
    level
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row an area, theme and walk: ``level``, ``zone_id``, ``zone_name``, ``vintage``, ``theme_kind``, ``theme``,
        ``minutes``, ``residents``, ``reached`` (persons), ``share`` (0 to 1, NaN without residents), ``share_low`` and
        ``share_high`` (quantiles of the draws, widened where needed to hold ``share``), ``share_known_active`` (without
        structures whose activity is not verified), ``structures`` (that offer the theme, anywhere), ``minutes_median``
        (to the nearest, over residents; NaN where more than half of them reach none within ``cost.max_minutes``),
        ``method``, ``population_method``.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> from essgeo.gaps.areas import iris_areas
    >>> demand = gpd.GeoDataFrame({"iris_code": ["a", "a"], "population": [10.0, 30.0], "method": ["grid"] * 2},
    ...                           geometry=gpd.points_from_xy([0, 5000], [0, 0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": ["mobilite"], "challenges": [""], "status": ["active"],
    ...                          "geo_radius_m": [0.0]}, geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> table = coverage(demand, travel_cost(demand, shop), shop, iris_areas(demand), within_minutes=[5], draws=10)
    >>> table.loc[table["theme"] == "mobilite", ["share", "share_low", "share_high"]].values.tolist()
    [[0.25, 0.25, 0.25]]
    """
    bits = theme_bits(structures)
    known = np.where((structures["status"] == "active").to_numpy(), bits, np.uint64(0))
    shares = {m: _shares(reached_themes(cost, bits, m), areas) for m in within_minutes}
    known_shares = {m: _shares(reached_themes(cost, known, m), areas) for m in within_minutes}
    if drawn is None:
        drawn = drawn_shares(
            demand,
            cost,
            structures,
            resident_weights(areas),
            within_minutes=within_minutes,
            odds=activity_odds(structures),
            draws=draws,
            seed=seed,
        )
    medians = _medians(cost, bits, areas)
    tails = ((1 - level) / 2, (1 + level) / 2)
    tables = []
    for walk, m in enumerate(within_minutes):
        low, high = np.quantile(drawn[:, walk], tails, axis=0) if len(drawn) else (shares[m], shares[m])
        columns = {
            "share": shares[m],
            "share_low": np.minimum(low, shares[m]),
            "share_high": np.maximum(high, shares[m]),
            "share_known_active": known_shares[m],
            "minutes_median": medians,
        }
        tables.append(_long(areas, columns).assign(minutes=m))
    table = pd.concat(tables).sort_values(["area", "row", "minutes"], kind="stable", ignore_index=True)
    counts = unpack_themes(bits).sum(axis=0, dtype=int)
    table["structures"] = counts[table["row"]]
    table["reached"] = table["share"] * table["residents"]
    table["method"], table["population_method"] = cost.method, demand["method"].iloc[0]
    return table[list(COLUMNS)]


def area_coverage(cost: CostMatrix, structures: gpd.GeoDataFrame, areas: Areas, *, within_minutes: int) -> pd.DataFrame:
    """Return the shares of one walk without intervals, for a map.

    Parameters
    ----------
    cost, structures, areas
        As for :func:`coverage`.
    within_minutes
        The walk.

    Returns
    -------
    DataFrame
        ``iris_code``, ``theme_kind``, ``theme``, ``minutes``, ``residents``, ``reached``, ``share``.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> from essgeo.gaps.areas import iris_areas
    >>> demand = gpd.GeoDataFrame({"iris_code": ["a"], "population": [10.0]},
    ...                           geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": [""], "challenges": [""]},
    ...                         geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> area_coverage(travel_cost(demand, shop), shop, iris_areas(demand), within_minutes=5)["share"].head(2).tolist()
    [1.0, 0.0]
    """
    shares = _shares(reached_themes(cost, theme_bits(structures), within_minutes), areas)
    table = _long(areas, {"share": shares}).assign(minutes=within_minutes).rename(columns={"zone_id": "iris_code"})
    table["reached"] = table["share"] * table["residents"]
    return table[["iris_code", "theme_kind", "theme", "minutes", "residents", "reached", "share"]]


def _shares(masks: NDArray[np.uint64], areas: Areas) -> NDArray[np.float64]:
    reached = areas.residents @ unpack_themes(masks).astype(np.float64)
    residents = areas.table["residents"].to_numpy()[:, None]
    shares = np.divide(reached, residents, out=np.full_like(reached, np.nan), where=residents > 0)
    rounded: NDArray[np.float64] = np.clip(shares.round(SHARE_DECIMALS), 0, 1)
    return rounded


def _medians(cost: CostMatrix, bits: NDArray[np.uint64], areas: Areas) -> NDArray[np.float64]:
    offers = unpack_themes(bits).astype(bool)
    medians = np.full((len(areas.table), len(THEME_ROWS)), np.nan)
    for theme in range(len(THEME_ROWS)):
        nearest = np.nan_to_num(nearest_minutes(cost, offers[:, theme]), nan=np.inf)
        order = np.argsort(nearest, kind="stable")
        people = areas.residents[:, order].toarray().cumsum(axis=1)
        half = people[:, -1:] / 2
        medians[:, theme] = nearest[order][np.minimum((people < half).sum(axis=1), len(order) - 1)]
    medians[areas.table["residents"].to_numpy() == 0] = np.nan
    return np.where(np.isinf(medians), np.nan, medians)


def _long(areas: Areas, columns: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    area, row = (axis.ravel() for axis in np.indices((len(areas.table), len(THEME_ROWS))))
    rows = areas.table.iloc[area].reset_index(drop=True)
    themes = THEME_ROWS.iloc[row].reset_index(drop=True)
    values = pd.DataFrame({name: values.ravel() for name, values in columns.items()})
    return pd.concat([rows, themes, values], axis=1).assign(area=area, row=row)
