"""The gaps of every area: how wide, how deep, how sure, and held back by what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
import pandas as pd
from scipy import sparse

from essgeo.access.accessibility import trips_matrix
from essgeo.gaps.areas import area_weights, need_weights
from essgeo.gaps.poverty import ALPHAS, theme_poverty
from essgeo.gaps.reach import THEME_ROWS, reached_themes, theme_bits, unpack_themes
from essgeo.gaps.support_chain import centre_minutes, nearest_structures
from essgeo.schema.vocabulary import THEMES, split_codes
from essgeo.text.numbers import STABLE, interval, number

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix
    from essgeo.gaps.areas import Areas
    from essgeo.gaps.find import Drawn
    from essgeo.schema.vocabulary import Lang


def rank_intervals(drawn: NDArray[np.float64], level: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return between which ranks each candidate lies, rank 1 for the largest value.

    Parameters
    ----------
    drawn
        Draws x candidates; NaN ranks last.
    level
        Level of the interval.

    Returns
    -------
    tuple of ndarray
        Best and worst rank of each candidate; candidates that tie in a draw share all the ranks of their tie.

    Examples
    --------
    >>> best, worst = rank_intervals(np.array([[3.0, 2.0, 1.0], [2.0, 3.0, 1.0]]), 0.9)
    >>> best.tolist(), worst.tolist()
    ([1, 1, 3], [2, 2, 3])
    """
    values = np.nan_to_num(drawn, nan=-np.inf)[:, :, None]
    others = np.swapaxes(values, 1, 2)
    best = 1 + (others > values).sum(axis=2)
    worst = (others >= values).sum(axis=2)
    tail = (1 - level) / 2
    low = np.quantile(best, tail, axis=0, method="inverted_cdf")
    high = np.quantile(worst, 1 - tail, axis=0, method="inverted_cdf")
    return low.astype(np.int64), high.astype(np.int64)


def overlap_groups(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the group of each interval: those that overlap, directly or by a chain of others, are one group.

    Parameters
    ----------
    low, high
        Ends of the intervals.

    Returns
    -------
    ndarray of int
        1 for the group of the largest values, then 2, and so on.

    Examples
    --------
    >>> overlap_groups(np.array([0.0, 5.0, 1.0]), np.array([2.0, 6.0, 3.0])).tolist()
    [2, 1, 2]
    """
    order = np.argsort(-high, kind="stable")
    reached = np.minimum.accumulate(low[order])
    apart = np.r_[False, high[order][1:] < reached[:-1]]
    groups = np.empty(len(low), dtype=np.int64)
    groups[order] = 1 + np.cumsum(apart[: len(low)])
    return groups


def dependence(cost: CostMatrix, structures: gpd.GeoDataFrame, areas: Areas, *, within_minutes: float) -> pd.DataFrame:
    r"""Return the residents who would have no structure of a theme within a walk if one structure closed.

    .. math:: D_{ajk} = \sum_i P_{ai} \, [t_{ij} \le T] \, [n_{ik} = 1]

    with :math:`n_{ik}` the number of structures that offer theme *k* within the walk of demand point *i*, of which *j*
    is then the only one.

    Parameters
    ----------
    cost, structures
        Minutes from demand points to the structures that count, and these.
    areas
        From :func:`essgeo.gaps.gather_areas`.
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
    >>> dependence(cost, shops, iris_areas(demand), within_minutes=10)[["name", "residents_lost"]].values.tolist()
    [['B', 30.0], ['A', 10.0]]
    """
    near = trips_matrix(cost, (cost.minutes <= within_minutes).astype(np.float64))
    offers = unpack_themes(theme_bits(structures)).astype(np.float64)
    choices = near @ offers
    parts = []
    for theme in np.flatnonzero(offers.any(axis=0)):
        offering = np.flatnonzero(offers[:, theme])
        alone = sparse.diags_array((choices[:, theme] == 1).astype(np.float64))
        lost = sparse.coo_array(areas.residents @ (alone @ near[:, offering]))
        lost.eliminate_zeros()
        rows = areas.table.iloc[lost.coords[0]][["level", "zone_id", "residents"]].reset_index(drop=True)
        holder = offering[lost.coords[1]]
        parts.append(
            rows.assign(
                area=lost.coords[0],
                row=theme,
                structure_id=structures.index.to_numpy()[holder],
                name=structures["name"].to_numpy()[holder],
                residents_lost=lost.data,
            )
        )
    empty = pd.DataFrame(
        columns=["level", "zone_id", "residents", "area", "row", "structure_id", "name", "residents_lost"]
    )
    table = pd.concat(parts, ignore_index=True) if parts else empty
    table = table.sort_values(["area", "row", "residents_lost"], ascending=[True, True, False], ignore_index=True)
    themes = THEME_ROWS.iloc[table["row"].to_numpy(dtype=int)].reset_index(drop=True)
    table = table.assign(
        theme_kind=themes["theme_kind"], theme=themes["theme"], share_lost=table["residents_lost"] / table["residents"]
    )
    return table[["level", "zone_id", "theme_kind", "theme", "structure_id", "name", "residents_lost", "share_lost"]]


Row: TypeAlias = Mapping[str, Any]


WORDS: dict[Lang, dict[str, str]] = {
    "fr": {
        "nobody": "{place}, {theme} : personne n'habite ici, il n'y a rien à mesurer.",
        "nowhere": "{place}, {theme} : le registre ne localise aucune structure ; rien ne dit s'il en existe.",
        "out": "{place}, {theme} : {out} habitants sur {residents} ({spread}) "
        "n'ont aucune structure localisée à {minutes} min à pied ou moins.",
        "behind": "C'est {gap} points de moins que le territoire ({spread}).",
        "ahead": "C'est {gap} points de mieux que le territoire ({spread}).",
        "level": "L'écart avec le territoire, en points, ne se distingue pas de zéro ({spread}).",
        "alike": "Rang {rank} ; l'écart ne se distingue pas de celui de {others}.",
        "apart": "Rang {rank}, distinct des autres.",
        "spread": "intervalle à {level} % : {interval}",
        "and": " et ",
        "more": "{count} autres",
    },
    "en": {
        "nobody": "{place}, {theme}: nobody lives here, there is nothing to measure.",
        "nowhere": "{place}, {theme}: the register locates no structure; whether there is one is not known.",
        "out": "{place}, {theme}: {out} of {residents} residents ({spread}) "
        "have no located structure within a {minutes} min walk.",
        "behind": "That is {gap} points behind the territory ({spread}).",
        "ahead": "That is {gap} points ahead of the territory ({spread}).",
        "level": "The gap to the territory, in points, cannot be told from zero ({spread}).",
        "alike": "Rank {rank}; the gap cannot be told from that of {others}.",
        "apart": "Rank {rank}, apart from the others.",
        "spread": "{level}% interval: {interval}",
        "and": " and ",
        "more": "{count} others",
    },
}

NAMED = 3


def finding(row: Row, names: Mapping[str, str], lang: Lang, *, level: float = 0.9) -> str:
    """Return what a row of gaps says.

    Parameters
    ----------
    row
        A row of :func:`essgeo.gaps.assess_gaps`.
    names
        Name of each area, by identifier.
    lang
        ``fr`` or ``en``.
    level
        Level of the intervals.

    Returns
    -------
    str
        Plain text: escape it before it goes into a page.

    Examples
    --------
    >>> row = {"neighbourhood": "Le Morillon", "theme": "mobilite", "residents": 5000, "structures": 3, "minutes": 15,
    ...        "out_of_reach": 4000, "out_of_reach_low": 3000, "out_of_reach_high": 5000,
    ...        "gap_points": 12.0, "low": -2.0, "high": 20.0,
    ...        "zone_rank": 1, "zone_rank_low": 1, "zone_rank_high": 3, "not_distinguishable": "noue"}
    >>> said = finding(row, {"noue": "La Noue Caillet"}, "en")
    >>> said[:79]
    'Le Morillon, mobility: 4,000 of 5,000 residents (90% interval: 3,000 to 5,000) '
    >>> said[-78:]
    ' to 20). Rank 1 (1 to 3); the gap cannot be told from that of La Noue Caillet.'
    """
    words = WORDS[lang]
    label = THEMES[row["theme"]][lang]
    place = {"place": row["neighbourhood"], "theme": label if label.isupper() else label[0].lower() + label[1:]}
    if not row["residents"] > 0:
        return words["nobody"].format(**place)
    if not row["structures"]:
        return words["nowhere"].format(**place)
    spread = _spread(row["out_of_reach_low"], row["out_of_reach_high"], lang)
    out = words["out"].format(
        **place,
        out=number(row["out_of_reach"], lang),
        residents=number(row["residents"], lang),
        spread=spread if spread == STABLE[lang] else words["spread"].format(level=f"{100 * level:g}", interval=spread),
        minutes=row["minutes"],
    )
    return " ".join([out, _gap(row, lang), standing(row, names, lang)])


def _gap(row: Row, lang: Lang) -> str:
    low, high = row["low"], row["high"]
    behind, ahead = low > 0, high < 0
    if ahead:
        low, high = -high, -low
    key = "behind" if behind else "ahead" if ahead else "level"
    return WORDS[lang][key].format(gap=number(abs(row["gap_points"]), lang), spread=_spread(low, high, lang))


def standing(row: Row, names: Mapping[str, str], lang: Lang) -> str:
    """Return the rank of an area among those of its level, and the areas whose gap cannot be told from its own.

    Examples
    --------
    >>> row = {"zone_rank": 1, "zone_rank_low": 1, "zone_rank_high": 1, "not_distinguishable": ""}
    >>> standing(row, {}, "en")
    'Rank 1, apart from the others.'
    """
    words = WORDS[lang]
    others = [names.get(code, code) for code in split_codes(row["not_distinguishable"])]
    shown, rest = others[:NAMED], len(others) - NAMED
    if rest > 0:
        shown.append(words["more"].format(count=rest))
    listed = words["and"].join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
    return words["alike" if others else "apart"].format(
        rank=_rank(row["zone_rank"], row["zone_rank_low"], row["zone_rank_high"], lang), others=listed
    )


def _spread(low: float, high: float, lang: Lang) -> str:
    return interval(number(low, lang), number(high, lang), lang)


def _rank(rank: int, low: int, high: int, lang: Lang) -> str:
    return f"{rank} ({_spread(low, high, lang)})" if low < high else str(rank)


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
    need-weighted gap counts persons by :func:`essgeo.gaps.areas.need_weights`.

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
          population, however far, see :func:`essgeo.gaps.support_chain.centre_minutes`;
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
    >>> from essgeo.gaps.find import draw
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
    themes = np.flatnonzero(THEME_ROWS["theme_kind"] != "all")
    names = THEME_ROWS["theme"].to_numpy()[themes]
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
    area, row = (axis.ravel() for axis in np.indices((len(areas.table), len(THEME_ROWS))))
    rows = areas.table[["level", "zone_id", "zone_name", "vintage"]].iloc[area].reset_index(drop=True)
    themes = THEME_ROWS.iloc[row].reset_index(drop=True)
    values = pd.DataFrame({name: value.ravel() for name, value in columns.items()})
    return pd.concat([rows, themes, values], axis=1).assign(area=area, row=row)
