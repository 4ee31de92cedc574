"""The gaps of every area: how wide, how deep, how sure, and held back by what."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse

from essgeo.gaps.areas import FROM_POINTS, gather_measured, need_weights, require_measured, resident_weights
from essgeo.gaps.coverage import dependence
from essgeo.gaps.poverty import ALPHAS, theme_poverty
from essgeo.gaps.ranks import DRAWN_TIE, SURE, TIE, finding, theme_ranks, zone_ranks
from essgeo.gaps.reach import (
    HORIZON_MIN,
    OF_STRUCTURES,
    THEME_ROWS,
    has_point,
    kept_trips,
    known_of,
    known_structures,
    long_table,
    reached_themes,
    theme_bits,
    unpack_themes,
    walks_to_themes,
    weighted_shares,
    where_known,
)
from essgeo.gaps.shares import draw, mean_of
from essgeo.gaps.support_chain import centre_minutes, nearest_structures
from essgeo.register.activity import activity_odds, as_day, counted_on
from essgeo.schema.validate import require_columns, with_known_names
from essgeo.schema.vocabulary import SPEEDS_KMH
from essgeo.uncertainty import WORLDS, ends

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix, WalkNetwork
    from essgeo.gaps.areas import Areas
    from essgeo.gaps.ranks import Row
    from essgeo.gaps.shares import Drawn


HOLDERS = 3
"""So many structures that most residents depend on are named."""

COLUMNS = (
    "level", "neighbourhood_id", "neighbourhood", "vintage", "rank", "rank_low", "rank_high", "theme_kind", "theme",
    "conclusion", "minutes", "residents", "residents_measured", "out_of_reach", "out_of_reach_low",
    "out_of_reach_high", "share", "share_located", "territory_share", "gap_points", "gap_points_located", "low", "high",
    "behind", "gap_residents", "need_gap", "need_gap_low", "need_gap_high", "need_known", "fgt0", "fgt0_low",
    "fgt0_high", "fgt1", "fgt1_low", "fgt1_high", "fgt2", "fgt2_low", "fgt2_high", "zone_rank", "zone_rank_low",
    "zone_rank_high", "group", "not_distinguishable", "held_up_by", "lost_with_first", "structures",
    "structures_located", "nearest_structure_id", "nearest_name", "nearest_city", "nearest_minutes", "as_of",
    "method", "population_method", "finding_fr", "finding_en",
)  # fmt: skip


RANKED_WORLDS = 1280
"""Ranks, and what can be told apart, are counted in so many worlds."""


def find_gaps(  # noqa: PLR0913 (one argument a choice, all but three by name)
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    *,
    qpv: gpd.GeoDataFrame | None = None,
    communes: gpd.GeoDataFrame | None = None,
    network: WalkNetwork | None = None,
    within_minutes: int = 15,
    speed_kmh: float = SPEEDS_KMH["adult"],
    as_of: dt.date | str | None = None,
    draws: int = WORLDS,
    seed: int = 0,
) -> gpd.GeoDataFrame:
    """Return the gaps of neighbourhoods against all of the demand, with their intervals.

    Parameters
    ----------
    demand
        From :func:`essgeo.access.demand_points` with these neighbourhoods.
    structures
        From :func:`essgeo.geocode`. One without a point is somewhere in its commune, see :mod:`essgeo.uncertainty`.
    neighbourhoods
        The ``neighbourhoods`` layer.
    qpv, communes
        Further layers whose gaps are wanted.
    network
        From :func:`essgeo.access.read_network`; straight lines, lengthened as streets do, where ``None``.
    within_minutes, speed_kmh
        The walk, and how fast, see :data:`essgeo.schema.vocabulary.SPEEDS_KMH`.
    as_of
        The day on which they must be active, see :func:`essgeo.register.counted_on`; by default what ``counted`` says,
        and then ``as_of`` is ``""`` in the table, else today.
    draws, seed
        Worlds behind estimates and intervals; 0 for what the located structures give, without an interval.

    Returns
    -------
    GeoDataFrame
        The columns of :func:`essgeo.gaps.assess_gaps`, with the outline of the neighbourhood.

    Raises
    ------
    SchemaError
        A column is missing: all of them in one message.

    Examples
    --------
    >>> from essgeo import geocode, load_territory, read_layer
    >>> from essgeo.access import demand_points
    >>> here = load_territory("est-ensemble")
    >>> targets = read_layer(here, "neighbourhoods")
    >>> demand = demand_points(read_layer(here, "iris"), neighbourhoods=targets, spacing_m=400)
    >>> gaps = find_gaps(demand, geocode(read_layer(here, "structures")), targets, draws=10)
    >>> gaps["neighbourhood_id"].nunique(), bool((gaps["out_of_reach"] > gaps["residents"]).any())
    (4, False)
    """
    neighbourhoods, structures = with_known_names(neighbourhoods, "neighbourhoods"), known_structures(structures)
    require_columns(
        ("demand", demand, dict.fromkeys(("population", "income", "neighbourhood_id", "method"), FROM_POINTS)),
        ("structures", structures, OF_STRUCTURES | {"name": "Give each structure its own."}),
        ("neighbourhoods", neighbourhoods, {"name": "Give each area a name."}),
    )
    # The column ``counted`` does not tell of which day it is.
    untold = as_of is None and "counted" in structures
    day = None if untold else as_day(as_of) or dt.date.today()  # noqa: DTZ011 (the day where the user is)
    counted = cast("gpd.GeoDataFrame", structures[counted_on(structures, as_of)])
    nobody = gpd.GeoDataFrame({"name": [], "vintage": []}, geometry=[], crs=demand.crs)
    layers = {
        "communes": nobody if communes is None else communes,
        "neighbourhoods": neighbourhoods,
        "qpv": nobody if qpv is None else qpv,
    }
    _, areas, near = gather_measured(demand, network, territory="all", **layers)
    require_measured(areas, neighbourhoods)
    demand = cast("gpd.GeoDataFrame", demand[near])
    cost = walks_to_themes(demand, counted, network=network, longest_walk=within_minutes, speed_kmh=speed_kmh)
    odds = activity_odds(structures)
    drawn = draw(
        demand, counted, areas, cost, within_minutes=[within_minutes], odds=odds, as_of=day, draws=draws, seed=seed
    )
    gaps = assess_gaps(demand, counted, areas, cost, drawn=drawn, as_of=day, within_minutes=within_minutes)
    drawn_areas = [layer.geometry for layer in layers.values() if isinstance(layer, gpd.GeoDataFrame)]
    outlines = pd.concat([*drawn_areas, gpd.GeoSeries()]).reindex(gaps["neighbourhood_id"])
    return gpd.GeoDataFrame(gaps, geometry=outlines.to_numpy(), crs=demand.crs)


def assess_gaps(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    areas: Areas,
    cost: CostMatrix,
    *,
    drawn: Drawn,
    as_of: dt.date | None,
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
    structures
        Destinations of ``cost``.
    areas
        From :func:`essgeo.gaps.gather_areas`; the first is the territory.
    cost
        Minutes to the structures that count, up to :func:`essgeo.gaps.horizon` of the walk.
    drawn
        From :func:`essgeo.gaps.draw` for these areas; the walk is among its walks.
    as_of
        The day on which these structures count; ``None`` where nothing tells it, and then ``""`` in the table.
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
        - ``gap_points`` (percentage points behind the territory) with ``low`` and ``high``, ``behind`` (share of the
          worlds in which it is), ``gap_residents`` (persons); ``share_located`` and ``gap_points_located`` of the
          structures with a position alone;
        - ``conclusion``: ``""`` where a gap is named, else why not: ``nobody`` lives there; walks are ``not_measured``
          for :data:`essgeo.gaps.areas.MEASURED` of its residents; the register knows ``none``, or has ``none_located``
          or ``few_located`` of the theme (:data:`LEAST_LOCATED`, :data:`LEAST_SHARE`); the territory is not measured,
          so that there is ``nothing_beside``; the area is ``not_behind`` in 95 % of the worlds;
        - ``need_gap`` with its interval (persons weighted by need), ``need_known`` (share whose income is known);
        - ``fgt0``, ``fgt1``, ``fgt2`` (see :func:`essgeo.gaps.poverty.theme_poverty`) with ``_low`` and ``_high``;
        - ``rank`` among the themes of the area whose gap is named (0: none; of the same gap all share the best), and
          ``zone_rank`` of the area among those of its level (0 where the theme orders none), both with ``_low`` and
          ``_high``; ``not_distinguishable``: the areas of its level that are in less than 95 % of the worlds all on one
          side of it, joined by ``|``; ``group``: 1 for the areas with the widest gaps and all those that a chain of
          areas not told apart ties to them, then 2, and so on;
        - ``held_up_by`` (up to three located structures that most residents depend on) and ``lost_with_first`` (persons
          who would be left out of reach without the first);
        - ``structures`` and ``structures_located`` (that offer the theme, anywhere); ``nearest_*``: the located one
          nearest to the centre of the population, however far, see
          :func:`essgeo.gaps.support_chain.centre_minutes`; ``as_of``, ``method``, ``population_method``;
        - ``finding_fr``, ``finding_en``: the row in words.

        Shares, gaps and indices are NaN where nobody lives, and where the register knows no structure of the theme.

    Examples
    --------
    >>> import datetime as dt
    >>> import geopandas as gpd
    >>> from scipy import sparse
    >>> from essgeo.access import travel_cost
    >>> from essgeo.gaps import Areas, draw
    >>> demand = gpd.GeoDataFrame({"population": [60.0, 40.0], "income": [np.nan] * 2, "method": "grid"},
    ...                           geometry=gpd.points_from_xy([0, 5000], [0, 0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"name": ["Vélo"], "city": ["Bondy"], "sectors": ["mobilite"], "challenges": [""],
    ...                          "status": ["active"], "geo_radius_m": [0.0]}, index=["velo"],
    ...                         geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> zones = pd.DataFrame({"level": ["territory", "neighbourhood"], "zone_id": ["t", "n"], "zone_name": ["T", "N"],
    ...                       "vintage": "", "residents": [100.0, 40.0]})
    >>> areas = Areas(zones, sparse.csr_matrix([[60.0, 40.0], [0.0, 40.0]]))
    >>> cost = travel_cost(demand, shop)
    >>> drawn = draw(demand, shop, areas, cost, within_minutes=[15], odds=(8.5, 1.5), draws=20)
    >>> gaps = assess_gaps(demand, shop, areas, cost, drawn=drawn, as_of=dt.date(2026, 1, 1))
    >>> gaps.loc[gaps["theme"] == "mobilite", ["gap_points", "low", "high", "fgt0"]].values.tolist()
    [[60.0, 60.0, 60.0, 1.0]]
    """
    bits = theme_bits(structures)
    offers = unpack_themes(bits).astype(bool)  # structures x themes
    masks = reached_themes(cost, bits, within_minutes)
    need = need_weights(demand)
    persons, in_need = sparse.csr_array(areas.residents), np.asarray(areas.residents @ need)[:, None]
    people, needy = resident_weights(areas), resident_weights(areas, need)
    residents = areas.people[:, None]  # those measured: persons and shares are theirs

    # Areas x themes, and with an axis of worlds after them the same in each world; NaN in the rows of nobody.
    nobody = np.where(residents > 0, 0.0, np.nan)
    worlds, in_need_worlds = drawn.shares[:, :, walk], drawn.in_need[:, :, walk]
    share = located = weighted_shares(people, masks) + nobody
    need_share = weighted_shares(needy, masks) + nobody
    if worlds.shape[-1]:
        located = drawn.located[:, :, walk].astype(np.float64) + nobody
        share, need_share = (mean_of(values) + nobody for values in (worlds, in_need_worlds))
    gap, drawn_gap = share[0] - share, worlds[:1] - worlds
    need_gap = need_share[0] - need_share
    reach_low, reach_high = _ends(share, worlds, level)
    low, high = _ends(gap, drawn_gap, level)
    need_low, need_high = _ends(need_gap, in_need_worlds[:1] - in_need_worlds, level)
    behind = np.where(gap > TIE, 1.0, 0.0) + nobody
    if worlds.shape[-1]:
        behind = (drawn_gap > DRAWN_TIE).mean(axis=-1) + nobody
    behind += nobody[0]  # nothing is behind a territory that has no figure
    known_themes = known_of(structures, areas.table["residents"].to_numpy() > 0, areas.people > 0)
    conclusion = conclusions(known_themes, behind, measured=bool(areas.people[0] > 0))
    some = drawn_gap[..., :RANKED_WORLDS]
    # What the known places give is told where nothing is drawn.
    poverty = np.empty(0) if drawn.poverty.shape[-1] else theme_poverty(structures, people, _everybody(areas), cost)
    known = persons @ demand["income"].notna().to_numpy(dtype=float)[:, None]
    unknown = where_known(known_themes != "none")
    figures = {
        "out_of_reach": residents * (1 - share),
        "out_of_reach_low": residents * (1 - reach_high),
        "out_of_reach_high": residents * (1 - reach_low),
        "share": share,
        "share_located": located,
        "territory_share": np.broadcast_to(share[0], gap.shape),
        "gap_points": 100 * gap,
        "gap_points_located": 100 * (located[0] - located),
        "low": 100 * low,
        "high": 100 * high,
        "behind": behind,
        "gap_residents": residents * gap,
        "need_gap": in_need * need_gap,
        "need_gap_low": in_need * need_low,
        "need_gap_high": in_need * need_high,
        **_poverty(poverty, drawn.poverty, level),
    }
    values = {
        "conclusion": conclusion,
        **{name: figure + unknown for name, figure in figures.items()},
        "need_known": np.broadcast_to(known / np.where(residents > 0, residents, np.nan), gap.shape),
        **theme_ranks(gap, some, (conclusion == "") & (THEME_ROWS["theme_kind"] != "all").to_numpy(), level),
        **zone_ranks(areas.table, gap, some, np.isin(conclusion, ["", "not_behind"]), level),
        "structures": np.broadcast_to(offers.sum(axis=0), gap.shape),
        "structures_located": np.broadcast_to(offers[has_point(structures)].sum(axis=0), gap.shape),
    }
    away = centre_minutes(persons, demand, structures, kept_trips(cost, cost.minutes <= HORIZON_MIN))
    table = pd.concat([long_table(areas, values), nearest_structures(away, structures, offers)], axis=1)
    held = dependence(structures, areas, cost, within_minutes=within_minutes)
    table = table.join(_holders(held), on=["level", "zone_id", "theme"])
    table = table.assign(
        minutes=within_minutes,
        held_up_by=table["held_up_by"].astype(object).fillna(""),
        lost_with_first=table["lost_with_first"].astype(float).fillna(0.0),
        as_of=as_of.isoformat() if as_of else "",
        method=cost.method,
        population_method=demand["method"].iloc[0] if len(demand) else "",
    )
    table = table[table["area"] > 0].rename(columns={"zone_id": "neighbourhood_id", "zone_name": "neighbourhood"})
    # The whole ESS first, then the themes that have a rank, then the others, the widest gap first.
    last = np.where(table["theme_kind"] == "all", -1, np.where(table["rank"] > 0, table["rank"], len(THEME_ROWS)))
    order = np.lexsort((table["theme"], -table["gap_points"].fillna(0).round(7), last, table["area"]))
    table = table.iloc[order].reset_index(drop=True)
    names = dict(zip(table["neighbourhood_id"], table["neighbourhood"], strict=True))
    rows = cast("list[Row]", table.to_dict("records"))
    for lang in ("fr", "en"):
        table[f"finding_{lang}"] = [finding(row, names, lang, level=level) for row in rows]
    return table[list(COLUMNS)]


def _everybody(areas: Areas) -> NDArray[np.float64]:
    """Return the residents of the territory, the first of the areas, at each demand point."""
    return np.asarray(areas.residents[[0]].todense(), dtype=float).ravel()


def conclusions(known: NDArray[np.object_], behind: NDArray[np.float64], *, measured: bool) -> NDArray[np.object_]:
    """Return why a row names no gap, ``""`` where it does: areas x themes.

    ``known`` is from :func:`essgeo.gaps.reach.known_of`; ``measured`` says whether the territory is, ``behind`` in what
    share of the worlds an area is behind it.
    """
    beside = np.where(behind >= SURE, "", "not_behind") if measured else "nothing_beside"
    return np.where(known != "", known, beside).astype(object)


def _ends(
    value: NDArray[np.float64], drawn: NDArray[np.floating], level: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return the ends of the interval of the worlds, or the value without any."""
    return ends(drawn, level) if drawn.shape[-1] else (value, value)


def _poverty(value: NDArray[np.float64], drawn: NDArray[np.float64], level: float) -> dict[str, NDArray[np.float64]]:
    """Return the index of each alpha with its interval, areas x themes each: NaN where most worlds have none."""
    low = high = value
    if drawn.shape[-1]:
        none = np.isnan(drawn)
        few = none.mean(axis=-1) > 1 / 2
        held = np.where(few[..., None], 0.0, np.where(none, 1.0, drawn))  # out of reach of all: as poor as can be
        value = np.where(few, np.nan, held.mean(axis=-1))
        low, high = (np.where(few, np.nan, end) for end in ends(held, level))
    found = {"": value, "_low": low, "_high": high}
    return {f"fgt{alpha}{end}": index[:, :, alpha] for alpha in ALPHAS for end, index in found.items()}


def _holders(held: pd.DataFrame) -> pd.DataFrame:
    """Return the structures that most residents of an area depend on for a theme, and what the first holds."""
    grouped = held.groupby(["level", "zone_id", "theme"], sort=False)
    return pd.DataFrame(
        {
            "held_up_by": grouped["structure_id"].agg(lambda ids: "|".join(map(str, ids.iloc[:HOLDERS]))),
            "lost_with_first": grouped["residents_lost"].first(),
        }
    )
