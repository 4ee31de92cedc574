"""The gaps of every area: how wide, how deep, how sure, and held back by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
from scipy import sparse

from essgeo.gaps.dependence import dependence
from essgeo.gaps.nearest import centre_minutes, nearest_structures
from essgeo.gaps.need import area_weights, need_weights
from essgeo.gaps.poverty import ALPHAS, theme_poverty
from essgeo.gaps.ranks import overlap_groups, rank_intervals
from essgeo.gaps.reach import reached_themes
from essgeo.gaps.sentences import Row, finding
from essgeo.gaps.themes import THEMES, theme_bits, unpack_themes

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix
    from essgeo.gaps.areas import Areas
    from essgeo.gaps.chance import Drawn

HOLDERS = 3
COLUMNS = (
    "level", "neighbourhood_id", "neighbourhood", "vintage", "rank", "rank_low", "rank_high", "theme_kind", "theme",
    "minutes", "residents", "out_of_reach", "out_of_reach_low", "out_of_reach_high", "share", "territory_share",
    "gap_points", "low", "high", "gap_residents", "need_gap", "need_gap_low", "need_gap_high", "need_known",
    "fgt0", "fgt0_low", "fgt0_high", "fgt1", "fgt1_low", "fgt1_high", "fgt2", "fgt2_low", "fgt2_high",
    "zone_rank", "zone_rank_low", "zone_rank_high", "group", "not_distinguishable", "held_up_by", "lost_with_first",
    "structures", "nearest_structure_id", "nearest_name", "nearest_city", "nearest_minutes", "as_of", "method",
    "population_method", "finding_fr", "finding_en",
)  # fmt: skip


def assess_gaps(
    demand: gpd.GeoDataFrame,
    cost: CostMatrix,
    structures: gpd.GeoDataFrame,
    areas: Areas,
    *,
    drawn: Drawn,
    as_of: dt.date,
    walk: int = 0,
    within_minutes: int = 15,
    level: float = 0.9,
) -> pd.DataFrame:
    r"""Return the gap of each area to its territory, for each sector and challenge.

    .. math:: g_{nk} = s_{Tk} - s_{nk}

    with *s* the shares of residents within a walk of a structure of theme *k*, in the area and in the territory. The
    need-weighted gap counts persons by :func:`essgeo.gaps.need.need_weights`.

    Parameters
    ----------
    demand
        Origins of ``cost``.
    cost
        Minutes to the structures that count; up to :data:`essgeo.gaps.find.LONGEST` walks, so that access poverty knows
        how far the far are.
    structures
        Destinations of ``cost``.
    areas
        From :func:`essgeo.gaps.gather_areas`; the first is the territory.
    drawn
        From :func:`essgeo.gaps.draw` for these areas; the walk is among its walks.
    as_of
        The day on which these structures count.
    walk
        Position of the walk among those of ``drawn``.
    within_minutes
        The walk.
    level
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row an area and theme, areas in their order, the widest gap first:

        - ``out_of_reach`` and its ``_low`` and ``_high`` (persons), ``share`` and ``territory_share`` (within reach, 0
          to 1);
        - ``gap_points`` (percentage points behind the territory) with ``low`` and ``high``, ``gap_residents``
          (persons);
        - ``need_gap`` with its interval (persons weighted by need), ``need_known`` (share whose income is known);
        - ``fgt0``, ``fgt1``, ``fgt2`` (see :func:`essgeo.gaps.poverty.theme_poverty`) with ``_low`` and ``_high``;
        - ``rank`` among the themes of the area (0 for the whole ESS) and ``zone_rank`` of the area among those of its
          level, both with ``_low`` and ``_high``; ``not_distinguishable``: the areas of its level whose intervals
          overlap its own, joined by ``|``; ``group``: 1 for the areas with the widest gaps and all those that a chain
          of overlaps ties to them, then 2, and so on;
        - ``held_up_by`` (up to three structures that most residents depend on) and ``lost_with_first`` (persons who
          would be left out of reach without the first);
        - ``structures`` (that offer the theme, anywhere); ``nearest_*``: the structure nearest to the centre of the
          population, however far, see :func:`essgeo.gaps.nearest.centre_minutes`;
          ``as_of``, ``method``, ``population_method``;
        - ``finding_fr``, ``finding_en``: the row in words.

        Shares, gaps and indices are NaN where nobody lives.

    Examples
    --------
    >>> import datetime as dt
    >>> import geopandas as gpd
    >>> from scipy import sparse
    >>> from essgeo.access import travel_cost
    >>> from essgeo.gaps.areas import Areas
    >>> from essgeo.gaps.chance import draw
    >>> demand = gpd.GeoDataFrame({"population": [60.0, 40.0], "income": [np.nan] * 2, "method": "grid"},
    ...                           geometry=gpd.points_from_xy([0, 5000], [0, 0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"name": ["Vélo"], "city": ["Bondy"], "sectors": ["mobilite"], "challenges": [""],
    ...                          "status": ["active"], "geo_radius_m": [0.0]}, index=["velo"],
    ...                         geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> zones = pd.DataFrame({"level": ["territory", "neighbourhood"], "zone_id": ["t", "n"], "zone_name": ["T", "N"],
    ...                       "vintage": "", "residents": [100.0, 40.0]})
    >>> areas = Areas(zones, sparse.csr_matrix([[60.0, 40.0], [0.0, 40.0]]))
    >>> cost = travel_cost(demand, shop)
    >>> drawn = draw(demand, cost, shop, areas, within_minutes=[15], odds=(8.5, 1.5), draws=20)
    >>> gaps = assess_gaps(demand, cost, shop, areas, drawn=drawn, as_of=dt.date(2026, 1, 1))
    >>> gaps.loc[gaps["theme"] == "mobilite", ["gap_points", "low", "high", "fgt0"]].values.tolist()
    [[60.0, 60.0, 60.0, 1.0]]
    """
    weights = area_weights(demand, areas)
    count = len(areas.table)
    masks = reached_themes(cost, theme_bits(structures), within_minutes)
    share = np.clip(weights @ unpack_themes(masks).astype(np.float64), 0, 1)
    nobody = areas.table["residents"].to_numpy() == 0
    share[np.r_[nobody, nobody]] = np.nan
    worlds = np.where(np.r_[nobody, nobody][:, None], np.nan, drawn.shares[:, walk])
    gap, drawn_gap = _behind(share[:count]), _behind(worlds[:, :count])
    need_gap, drawn_need = _behind(share[count:]), _behind(worlds[:, count:])
    residents = areas.table["residents"].to_numpy()[:, None]
    tails = ((1 - level) / 2, (1 + level) / 2)
    reach_low, reach_high = _interval(share[:count], worlds[:, :count], tails)
    low, high = _interval(gap, drawn_gap, tails)
    need_low, need_high = _interval(need_gap, drawn_need, tails)
    need_size = np.asarray(areas.residents @ need_weights(demand))[:, None]
    poverty = theme_poverty(
        cost, structures, weights[:count], np.asarray(areas.residents[[0]].todense(), dtype=float).ravel()
    )
    values = {
        "residents": np.broadcast_to(residents, gap.shape),
        "out_of_reach": residents * (1 - share[:count]),
        "out_of_reach_low": residents * (1 - reach_high),
        "out_of_reach_high": residents * (1 - reach_low),
        "share": share[:count],
        "territory_share": np.broadcast_to(share[0], gap.shape),
        "gap_points": 100 * gap,
        "low": 100 * low,
        "high": 100 * high,
        "gap_residents": residents * gap,
        "need_gap": need_size * need_gap,
        "need_gap_low": need_size * need_low,
        "need_gap_high": need_size * need_high,
        "need_known": np.broadcast_to(_known_income(demand, areas)[:, None], gap.shape),
        **_poverty(poverty, drawn.poverty, tails),
        **_theme_ranks(residents * gap, residents * (1 - share[:count]), drawn_gap, level),
        **_zone_ranks(areas.table, gap, drawn_gap, (low, high), level),
        "structures": np.broadcast_to(unpack_themes(theme_bits(structures)).sum(axis=0, dtype=int), gap.shape),
    }
    away = centre_minutes(sparse.csr_array(areas.residents), demand, structures, cost)
    offers = unpack_themes(theme_bits(structures)).astype(bool)
    table = pd.concat([_long(areas, values), nearest_structures(away, structures, offers)], axis=1)
    table = table.assign(
        minutes=within_minutes,
        as_of=as_of.isoformat(),
        method=cost.method,
        population_method=demand["method"].iloc[0] if len(demand) else "",
    )
    table = table.join(_holders(cost, structures, areas, within_minutes), on=["level", "zone_id", "theme"])
    table["held_up_by"] = table["held_up_by"].fillna("").astype(object)
    table["lost_with_first"] = table["lost_with_first"].astype(float).fillna(0.0)
    table = table[table["area"] > 0].rename(columns={"zone_id": "neighbourhood_id", "zone_name": "neighbourhood"})
    table = table.sort_values(["area", "rank"], kind="stable", ignore_index=True)
    names = dict(zip(table["neighbourhood_id"], table["neighbourhood"], strict=True))
    rows = cast("list[Row]", table.to_dict("records"))
    for lang in ("fr", "en"):
        table[f"finding_{lang}"] = [finding(row, names, lang, level=level) for row in rows]
    return table[list(COLUMNS)]


def _behind(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each area lies behind the first."""
    gap: NDArray[np.float64] = share[..., :1, :] - share
    return gap


def _interval(
    value: NDArray[np.float64], drawn: NDArray[np.float64], tails: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return quantiles of the draws, widened where needed to hold the value."""
    if not len(drawn):
        return value, value
    low, high = np.quantile(drawn, tails, axis=0)
    return np.minimum(low, value), np.maximum(high, value)


def _poverty(
    value: NDArray[np.float64], moves: NDArray[np.float64], tails: tuple[float, float]
) -> dict[str, NDArray[np.float64]]:
    """Return the indices of each alpha with their intervals."""
    low, high = np.quantile(moves, tails, axis=0) if len(moves) else (np.zeros_like(value), np.zeros_like(value))
    ends = {"": value, "_low": np.clip(value + np.fmin(low, 0), 0, 1), "_high": np.clip(value + np.fmax(high, 0), 0, 1)}
    return {f"fgt{alpha}{end}": index[:, :, alpha] for alpha in ALPHAS for end, index in ends.items()}


def _known_income(demand: gpd.GeoDataFrame, areas: Areas) -> NDArray[np.float64]:
    known = np.asarray(areas.residents @ demand["income"].notna().to_numpy(dtype=float)).ravel()
    residents = areas.table["residents"].to_numpy()
    share: NDArray[np.float64] = np.divide(known, residents, out=np.full(len(known), np.nan), where=residents > 0)
    return share


def _theme_ranks(
    gap: NDArray[np.float64], out_of_reach: NDArray[np.float64], drawn_gap: NDArray[np.float64], level: float
) -> dict[str, NDArray[np.int64]]:
    """Return the rank of each theme in its area, 0 for the whole ESS."""
    rank = np.zeros(gap.shape, dtype=np.int64)
    low, high = rank.copy(), rank.copy()
    themes = np.flatnonzero(THEMES["theme_kind"] != "all")
    names = THEMES["theme"].to_numpy()[themes]
    for area in range(len(gap)):
        order = np.lexsort((names, -np.nan_to_num(out_of_reach[area, themes]), -np.nan_to_num(gap[area, themes])))
        rank[area, themes[order]] = 1 + np.arange(len(themes))
        low[area, themes], high[area, themes] = _held(drawn_gap[:, area, themes], rank[area, themes], level)
    return {"rank": rank, "rank_low": low, "rank_high": high}


def _zone_ranks(
    table: pd.DataFrame,
    gap: NDArray[np.float64],
    drawn_gap: NDArray[np.float64],
    interval: tuple[NDArray[np.float64], NDArray[np.float64]],
    level: float,
) -> dict[str, NDArray[np.generic]]:
    """Return the rank of each area among those of its level, theme by theme, and those it cannot be told from."""
    rank, low, high, group = (np.zeros(gap.shape, dtype=np.int64) for _ in range(4))
    alike = np.full(gap.shape, "", dtype=object)
    identifiers = table["zone_id"].to_numpy(dtype=object)
    for rows in table.groupby("level").indices.values():
        for theme in range(gap.shape[1]):
            values = np.nan_to_num(gap[rows, theme], nan=-np.inf)
            rank[rows, theme] = 1 + (values[None, :] > values[:, None]).sum(axis=1)
            low[rows, theme], high[rows, theme] = _held(drawn_gap[:, rows, theme], rank[rows, theme], level)
            least, most = (np.nan_to_num(end[rows, theme], nan=-np.inf) for end in interval)
            group[rows, theme] = overlap_groups(least, most)
            overlap = (least[:, None] <= most) & (least <= most[:, None])
            np.fill_diagonal(overlap, val=False)
            alike[rows, theme] = ["|".join(map(str, identifiers[rows[others]])) for others in overlap]
    return {
        "zone_rank": rank,
        "zone_rank_low": low,
        "zone_rank_high": high,
        "group": group,
        "not_distinguishable": alike,
    }


def _held(
    drawn: NDArray[np.float64], rank: NDArray[np.int64], level: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    if not len(drawn):
        return rank, rank
    low, high = rank_intervals(drawn, level)
    return np.minimum(low, rank), np.maximum(high, rank)


def _holders(cost: CostMatrix, structures: gpd.GeoDataFrame, areas: Areas, within_minutes: float) -> pd.DataFrame:
    held = dependence(cost, structures, areas, within_minutes=within_minutes)
    grouped = held.groupby(["level", "zone_id", "theme"], sort=False)
    return pd.DataFrame(
        {
            "held_up_by": grouped["structure_id"].agg(lambda ids: "|".join(map(str, ids.iloc[:HOLDERS]))),
            "lost_with_first": grouped["residents_lost"].first(),
        }
    )


def _long(areas: Areas, columns: dict[str, NDArray[np.generic]]) -> pd.DataFrame:
    area, row = (axis.ravel() for axis in np.indices((len(areas.table), len(THEMES))))
    rows = areas.table[["level", "zone_id", "zone_name", "vintage"]].iloc[area].reset_index(drop=True)
    themes = THEMES.iloc[row].reset_index(drop=True)
    values = pd.DataFrame({name: value.ravel() for name, value in columns.items()})
    return pd.concat([rows, themes, values], axis=1).assign(area=area, row=row)
