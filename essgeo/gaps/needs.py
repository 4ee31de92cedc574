"""What residents need, area by area and beside what there is: income, housing, ages, and whatever a town counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from essgeo.gaps.areas import FROM_POINTS, Areas
from essgeo.gaps.find import conclusions
from essgeo.gaps.ranks import DRAWN_TIE
from essgeo.gaps.reach import THEME_ROWS, known_of
from essgeo.gaps.shares import draw, mean_of
from essgeo.schema.names import simplify
from essgeo.schema.validate import require_columns
from essgeo.schema.vocabulary import CHALLENGES
from essgeo.uncertainty import ends
from essgeo.zoning.locate import refuse, unique

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix
    from essgeo.gaps.shares import Drawn


LEAST_PART = 0.05
"""An IRIS that holds less of the residents of an area does not widen the interval of its figure."""

LEAST_KNOWN = 0.5
"""Of an area of which the figure is known for fewer residents, nothing is concluded."""

COUNTS = re.compile(r"(nb|nbre|nombre|effectif|total|aged)(_|$)")
"""Names of columns that count: their figure is told for 100 residents."""

LESS_IS_NEED = re.compile(r"(^|_)(revenu|income|niveau_de_vie|salaire|taux_d_emploi|employment|diplome_du_superieur)")
"""Names of columns of which a low figure, and not a high one, tells of need."""

COLUMNS = (
    *("level", "zone_id", "zone_name", "vintage", "indicator", "residents", "need_value", "need_low", "need_high"),
    *("territory_value", "need", "need_known", "method"),
)


def needs(demand: gpd.GeoDataFrame, areas: Areas, indicators: pd.DataFrame) -> pd.DataFrame:
    r"""Return the figures of need of each area, each with what is known of it and how it stands in the territory.

    An area has the mean of its IRIS, weighted by the residents that live in both:
    :math:`v_a = \sum_i p_{ai} v_i / \sum_i p_{ai}`, over the IRIS whose figure is known. Of a part of an IRIS nothing
    is known but the figure of the whole: the interval runs from the lowest to the highest of the IRIS that hold 5 % of
    the residents at least. A column that counts (``nombre``, ``effectif``, ``aged_11_17`` ...) is told for 100
    residents. Figures are never added up to a score.

    Parameters
    ----------
    demand
        From :func:`essgeo.demand_points`: ``iris_code`` and ``population``.
    areas
        From :func:`essgeo.gather_areas`; the first is the territory.
    indicators
        One column a figure; the index holds codes of IRIS, or of these areas (a QPV, a commune, an IRIS), whose figure
        then stands as it is given.

    Returns
    -------
    DataFrame
        One row an area and figure: ``level``, ``zone_id``, ``zone_name``, ``vintage``, ``indicator``, ``residents``,
        ``need_value`` with ``need_low`` and ``need_high``, ``territory_value``, ``need`` (``more`` than the territory
        or ``less`` where the whole interval is, ``alike`` where it is not told apart, ``not_known``), ``need_known``
        (share of the residents whose figure is known) and ``method``.

    Raises
    ------
    SchemaError
        A column of ``demand`` is missing; a code stands twice in ``indicators``.

    Examples
    --------
    >>> from essgeo import demand_points, gather_areas, load_territory, read_layer
    >>> here = load_territory("est-ensemble")
    >>> layers = {name: read_layer(here, name) for name in ("communes", "neighbourhoods", "qpv")}
    >>> homes = demand_points(read_layer(here, "iris"), neighbourhoods=layers["neighbourhoods"], spacing_m=100)
    >>> known = read_layer(here, "iris_indicators")[["median_income_2021"]]
    >>> table = needs(homes, gather_areas(homes, territory=here.name, **layers), known)
    >>> table.set_index("zone_id").loc["la-noue-caillet", ["need", "method"]].tolist()
    ['more', 'needs_iris']
    """
    require_columns(("demand", demand, dict.fromkeys(("iris_code", "population"), FROM_POINTS)))
    indicators = indicators.set_axis(indicators.index.map(str))
    refuse("indicators", indicators.index, *unique(indicators.index))
    codes, owner = np.unique(demand["iris_code"].to_numpy(dtype=str), return_inverse=True)
    # held: areas x IRIS, the residents that live in both.
    of_iris = sparse.csr_array((np.ones(len(demand)), (np.arange(len(demand)), owner)), (len(demand), len(codes)))
    held = (sparse.csr_array(areas.residents) @ of_iris).toarray()
    total = held.sum(axis=1)
    tables = []
    for name in indicators.columns:
        # of_each: the figure of each IRIS, NaN where it is not known; given: that of each area whose own code is there.
        figures = pd.to_numeric(indicators[name], errors="coerce")
        of_each = figures.reindex(codes).to_numpy(dtype=float)
        counts = COUNTS.match(simplify(str(name))) is not None
        if counts:
            people = np.bincount(owner, weights=demand["population"])
            of_each = np.divide(100 * of_each, people, out=np.full(len(codes), np.nan), where=people > 0)
        value, low, high, known = _means(held, total, of_each)
        given = figures.reindex(areas.table["zone_id"].astype(str)).to_numpy(dtype=float)
        if counts:
            given = np.divide(100 * given, total, out=np.full(len(total), np.nan), where=total > 0)
        own = ~np.isnan(given)
        value, low, high = (np.where(own, given, figure) for figure in (value, low, high))
        table = areas.table.assign(
            indicator=str(name),
            need_value=value,
            need_low=low,
            need_high=high,
            territory_value=value[0],
            need_known=np.where(own, 1.0, known),
            method=np.where(own, "needs_given", "needs_counted" if counts else "needs_iris"),
        )
        tables.append(table.assign(need=_standing(table, less=LESS_IS_NEED.search(simplify(str(name))) is not None)))
    return pd.concat(tables, ignore_index=True)[[*COLUMNS]] if tables else pd.DataFrame(columns=[*COLUMNS])


def _means(
    held: NDArray[np.float64], total: NDArray[np.float64], of_each: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the weighted mean of each area, the ends of its interval, and the share of residents it is known of."""
    told = ~np.isnan(of_each)
    people = held[:, told].sum(axis=1)
    nothing = np.full(len(total), np.nan)
    value = np.divide(held[:, told] @ of_each[told], people, out=nothing.copy(), where=people > 0)
    # among: areas x IRIS, the figure of those that weigh, NaN elsewhere; the mean lies inside the interval.
    part = np.divide(held, total[:, None], out=np.zeros_like(held), where=total[:, None] > 0)
    among = np.where(part >= LEAST_PART, of_each, np.nan)
    # fmin and fmax leave NaN out, and give NaN where there is nothing else. The first area is the territory, made of
    # whole IRIS: its figure has no interval.
    low = np.fmin(np.fmin.reduce(among, axis=1, initial=np.nan), value)
    high = np.fmax(np.fmax.reduce(among, axis=1, initial=np.nan), value)
    low[0] = high[0] = value[0]
    return value, low, high, np.divide(people, total, out=np.zeros(len(total)), where=total > 0)


def _standing(table: pd.DataFrame, *, less: bool) -> NDArray[np.object_]:
    """Return how each area stands beside the territory; ``less`` where a low figure tells of need."""
    above = (table["need_low"] > table["territory_value"]).to_numpy()
    below = (table["need_high"] < table["territory_value"]).to_numpy()
    unknown = (table["need_known"] < LEAST_KNOWN) | table["need_value"].isna() | table["territory_value"].isna()
    more, fewer = (below, above) if less else (above, below)
    return np.select([unknown.to_numpy(), more, fewer], ["not_known", "more", "less"], "alike").astype(object)


SUPPLIED = {"": "behind", "not_behind": "not_behind"}
"""What a row of gaps says of supply, by its conclusion; of any other nothing is known."""


def needs_supply(
    found: pd.DataFrame, gaps: pd.DataFrame, coverage: pd.DataFrame, iris: pd.DataFrame | None = None, *, minutes: int
) -> pd.DataFrame:
    """Return need beside supply: one row an area, a figure of need and a challenge, each with its interval.

    Parameters
    ----------
    found
        From :func:`needs`.
    gaps
        From :func:`essgeo.gaps.assess_gaps`.
    coverage
        From :func:`essgeo.coverage`, of these areas and this walk.
    iris
        From :func:`iris_supply`, where IRIS are among the areas.
    minutes
        The walk.

    Returns
    -------
    DataFrame
        ``level``, ``zone_id``, ``zone_name``, ``vintage``, ``indicator``, ``need_value``, ``need_low``, ``need_high``,
        ``territory_value``, ``need``, ``theme``, ``share``, ``share_low``, ``share_high`` (of the residents within
        reach) and ``supply``: ``behind`` the territory, ``not_behind``, or ``not_known`` where the register places too
        few. No score: much need and little supply is ``need == "more"`` and ``supply == "behind"``.
    """
    keys = ["level", "zone_id", "theme"]
    stands = gaps.rename(columns={"neighbourhood_id": "zone_id"})[[*keys, "conclusion"]]
    shares = coverage[(coverage["minutes"] == minutes) & coverage["theme"].isin(list(CHALLENGES))]
    supply = shares[[*keys, "share", "share_low", "share_high"]].merge(stands, on=keys)
    supply = pd.concat([supply, *([] if iris is None else [iris])])
    supply = supply.assign(supply=supply["conclusion"].map(SUPPLIED).fillna("not_known"))
    kept = [name for name in COLUMNS if name not in {"residents", "need_known", "method"}]
    return found[kept].merge(supply.drop(columns="conclusion"), on=["level", "zone_id"])[[*SUPPLY_COLUMNS]]


def iris_supply(
    structures: gpd.GeoDataFrame, areas: Areas, drawn: NDArray[np.floating], *, level: float = 0.9
) -> pd.DataFrame:
    """Return the share of each IRIS within reach of each challenge, with its interval and what may be concluded.

    Parameters
    ----------
    structures
        Those that count.
    areas
        All IRIS of the territory.
    drawn
        From :func:`essgeo.gaps.shares.draw`, for the walk: areas x themes x worlds, one at least.
    level
        Level of the intervals.

    Returns
    -------
    DataFrame
        ``level``, ``zone_id``, ``theme``, ``share``, ``share_low``, ``share_high`` and ``conclusion``, that of
        :func:`essgeo.gaps.assess_gaps`, for :func:`needs_supply`.
    """
    first = THEME_ROWS["theme"].tolist().index(next(iter(CHALLENGES)))  # challenges are the last themes
    shares = drawn[:, first:]
    # The residents of an IRIS are the same in each world: the share of the territory is the mean of its IRIS by them.
    people = areas.people
    whole = np.tensordot(people / max(people.sum(), 1.0), np.nan_to_num(shares), axes=1)  # challenges x worlds
    behind = (whole - shares > DRAWN_TIE).mean(axis=-1)  # areas x challenges: in which share of the worlds
    behind[people <= 0] = np.nan
    known = known_of(structures, areas.table["residents"].to_numpy() > 0, people > 0)[:, first:]
    concluded = conclusions(known, behind, measured=bool(people.sum() > 0))
    low, high = ends(shares, level)
    columns = {"share": mean_of(shares), "share_low": low, "share_high": high, "conclusion": concluded}
    return pd.concat(
        [
            areas.table[["level", "zone_id"]].assign(theme=theme, **{name: of[:, row] for name, of in columns.items()})
            for row, theme in enumerate(CHALLENGES)
        ],
        ignore_index=True,
    )


SUPPLY_COLUMNS = (
    *("level", "zone_id", "zone_name", "vintage", "indicator", "theme", "need_value", "need_low", "need_high"),
    *("territory_value", "need", "share", "share_low", "share_high", "supply"),
)

PUBLICS = {
    "alimentation_durable": {"precarite_alimentaire": "poor_households"},
    "jeunesse": {"": "aged_11_24"},
}
"""Whom a challenge, or an aim of it, is for where that is not all residents: a column of the demand points."""


def challenge_reach(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    areas: Areas,
    cost: CostMatrix,
    *,
    coverage: pd.DataFrame,
    within_minutes: int,
    level: float = 0.9,
    **chance: Any,  # noqa: ANN401 - the chances of draw, handed on as they are
) -> pd.DataFrame:
    """Return whom each challenge is for in each area, and how many of them are within reach of it.

    Those of 11 to 24 years for youth, households under the poverty line for food poverty, where the demand points know
    them (``aged_11_24``, ``poor_households``); else the residents stand in, and ``stands_in`` says so. Arguments as for
    :func:`essgeo.gaps.draw` (``chance``: ``odds``, ``as_of``, ``draws`` and ``seed``), and the ``coverage`` of all
    residents.

    Returns
    -------
    DataFrame
        One row an area, challenge and aim: ``level``, ``zone_id``, ``zone_name``, ``vintage``, ``challenge``, ``aim``,
        ``public`` (whom it counts), ``wanted`` (whom it is for), ``stands_in``, ``people``, ``share``, ``share_low``,
        ``share_high``.
    """
    # The share within reach by area and theme of each public, computed once for all the challenges that it is for.
    rows, reach_of = [], {"population": coverage[coverage["minutes"] == within_minutes]}
    publics = {challenge: {"": "population"} | PUBLICS.get(challenge, {}) for challenge in CHALLENGES}
    for challenge, aim, wanted in ((one, aim, column) for one, aims in publics.items() for aim, column in aims.items()):
        known = wanted in demand and float(demand[wanted].sum()) > 0
        public = wanted if known else "population"
        if public not in reach_of:
            # part: of the residents of each demand point, how many are of this public, to weigh them in each area.
            people = demand["population"].to_numpy(dtype=float)
            part = np.divide(demand[public].to_numpy(dtype=float), people, out=np.zeros(len(people)), where=people > 0)
            whose = sparse.csr_matrix(areas.residents @ sparse.diags_array(part))
            theirs = Areas(areas.table.assign(residents=np.asarray(whose.sum(axis=1)).ravel()), whose)
            own = demand.assign(population=demand[public])
            drawn = draw(own, structures, theirs, cost, within_minutes=[within_minutes], **chance)
            reach_of[public] = _reach_of(theirs, drawn, level)
        found = reach_of[public]
        own = found[found["theme"] == challenge].rename(columns={"residents": "people"})
        rows.append(own.assign(challenge=challenge, aim=aim, public=public, wanted=wanted, stands_in=not known))
    return pd.concat(rows, ignore_index=True)[[*REACH_COLUMNS]]


REACH_COLUMNS = (
    *("level", "zone_id", "zone_name", "vintage", "challenge", "aim", "public", "wanted", "stands_in", "people"),
    *("share", "share_low", "share_high"),
)


def _reach_of(areas: Areas, drawn: Drawn, level: float) -> pd.DataFrame:
    """Return the share of each area within reach of each challenge, with its interval."""
    tables = []
    for challenge in CHALLENGES:
        shares = drawn.shares[:, THEME_ROWS["theme"].tolist().index(challenge), 0]
        low, high = ends(shares, level) if shares.shape[-1] else (np.nan, np.nan)
        estimate = mean_of(shares) if shares.shape[-1] else np.nan
        tables.append(areas.table.assign(theme=challenge, share=estimate, share_low=low, share_high=high))
    return pd.concat(tables, ignore_index=True)
