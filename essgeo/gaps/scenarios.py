"""What stands beside the intervals, never in them: other perimeters, and a register that lists everything."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import KDTree

from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.gaps.areas import resident_weights
from essgeo.gaps.reach import THEME_ROWS
from essgeo.register import located_here
from essgeo.schema.codes import city_of
from essgeo.schema.vocabulary import split_codes
from essgeo.uncertainty.streets import CELL_M, straight_metres

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.gaps.areas import Areas

BORDER_M = 10.0
"""Two IRIS border each other along at least so many metres: a corner is no border."""

BORDERS = ["neighbourhood_id", "neighbourhood", "iris_code", "iris_name", "border", "theme", "residents", "share"]

IF_LISTED = [
    "level", "zone_id", "zone_name", "vintage", "family", "minutes", "seed_enterprises", "register_located",
    "share_listed", "share_if_listed",
]  # fmt: skip


def border_shares(
    neighbourhoods: gpd.GeoDataFrame,
    iris: gpd.GeoDataFrame,
    areas: Areas,
    drawn: NDArray[np.floating],
    *,
    coverage: pd.DataFrame,
    within_minutes: int,
) -> pd.DataFrame:
    """Return the share within reach of each target neighbourhood with and without each IRIS at its border, by theme.

    Its perimeter is a judgement: each row is a scenario, with one more or one less IRIS, and no interval.

    Parameters
    ----------
    neighbourhoods, iris
        The layers; neighbourhoods that are no list of IRIS (``iris_codes``) have no row.
    areas, drawn
        All IRIS, and their shares in worlds: areas x themes x worlds, ``iris`` of :func:`essgeo.gaps.draw`.
    coverage
        From :func:`essgeo.gaps.coverage`: scenarios are told from the share of each neighbourhood there.
    within_minutes
        The walk.

    Returns
    -------
    DataFrame
        One row a neighbourhood, IRIS and theme that has a share: ``neighbourhood_id``, ``neighbourhood``,
        ``iris_code``, ``iris_name``, ``border`` (``with`` or ``without``), ``theme``, ``residents`` of the perimeter so
        changed, ``share``.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> noue = study.borders[study.borders["neighbourhood_id"] == "la-noue-caillet"]
    >>> bool(noue["share"].between(0, 1).all()), sorted(set(noue["border"]))
    (True, ['with', 'without'])
    """
    told = coverage[coverage["level"].eq("neighbourhood") & coverage["minutes"].eq(within_minutes)]
    # shares: neighbourhoods x themes, as published; what IRIS change is added to them.
    shares = told.pivot_table(index="zone_id", columns="theme", values="share", observed=True)
    shares = shares.reindex(columns=THEME_ROWS["theme"])
    people = pd.Series(areas.people, index=areas.table["zone_id"])
    people = people[people > 0]
    members = {
        code: [one for one in split_codes(cell) if one in people.index]
        for code, cell in neighbourhoods["iris_codes"].items()
        if code in shares.index
    }
    if not drawn.shape[-1] or not any(members.values()):
        return pd.DataFrame(columns=BORDERS)
    of_iris = pd.DataFrame(drawn.mean(axis=-1), index=areas.table["zone_id"], columns=THEME_ROWS["theme"])
    reached = of_iris.mul(people, axis=0).loc[people.index]  # persons, IRIS x themes
    shapes = iris.geometry.to_numpy()
    # Pairs of neighbours, those of the target neighbourhoods first: a long shared edge makes a border.
    own = np.flatnonzero(iris.index.isin(list(chain.from_iterable(members.values()))))
    first, second = shapely.STRtree(shapes).query(shapes[own], predicate="dwithin", distance=1.0)
    first, edges = own[first], shapely.boundary(shapes)
    shared = shapely.length(shapely.intersection(edges[first], edges[second], grid_size=1.0))
    kept = (first != second) & (shared >= BORDER_M)
    beside = pd.Series(iris.index[second[kept]], index=iris.index[first[kept]])
    tables = []
    for code, base in members.items():
        before = reached.loc[base].sum() / max(people[base].sum(), 1e-9)
        for one, border in _border(base, beside, people.index).items():
            now = [*base, one] if border == "with" else [other for other in base if other != one]
            share = (shares.loc[code] + reached.loc[now].sum() / people[now].sum() - before).clip(0, 1).dropna()
            tables.append(
                pd.DataFrame({"theme": share.index, "share": share.to_numpy()}).assign(
                    neighbourhood_id=code,
                    neighbourhood=neighbourhoods["name"][code],
                    iris_code=one,
                    iris_name=iris["name"][one],
                    border=border,
                    residents=people[now].sum(),
                )
            )
    return pd.concat(tables, ignore_index=True)[BORDERS] if tables else pd.DataFrame(columns=BORDERS)


def _border(codes: list[str], beside: pd.Series, every: pd.Index) -> dict[str, str]:
    """Return the IRIS of ``every`` that border a list of them, ``with`` from outside, ``without`` from inside."""
    near = beside[beside.index.isin(codes)]
    outer = near[~near.isin(codes)]
    return dict.fromkeys(sorted(set(outer) & set(every)), "with") | (
        dict.fromkeys(sorted(set(outer.index)), "without") if len(codes) > 1 else {}
    )


def reach_if_listed(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    areas: Areas,
    portrait: pd.DataFrame,
    *,
    within_minutes: int,
    speed_kmh: float,
    establishments: pd.Series | None = None,
) -> pd.DataFrame:
    r"""Return the share within reach of each family, now and if every enterprise of the portrait were listed.

    .. math:: s_i = 1 - (1 - l_i)\,(1 - q_i)^M

    with :math:`l_i` 1 where a located structure of the family is within the walk of resident *i*, *M* the enterprises
    of the portrait that are not located, and :math:`q_i` the share of the residents of the territory within that walk:
    where one of them would be is taken to be where anybody lives. Walks are straight lines with the median detour
    (:func:`essgeo.uncertainty.street_metres`).

    Parameters
    ----------
    demand, structures, areas
        Residents, all structures, and areas, of which the territory, its target neighbourhoods and its QPV have rows.
    portrait
        From :func:`essgeo.register.portrait`.
    within_minutes, speed_kmh
        The walk, and how fast.
    establishments
        All active establishments by ``citycode``, where they are known: enterprises are then spread over communes as
        these are, and over a commune as its residents.

    Returns
    -------
    DataFrame
        One row an area and family of the portrait, and the total: ``seed_enterprises``, ``register_located``,
        ``share_listed``, ``share_if_listed``. No rows where no portrait tells how many there are.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from scipy import sparse
    >>> homes = gpd.points_from_xy([0, 5000], [0, 0])
    >>> demand = gpd.GeoDataFrame({"population": [50.0, 50.0]}, geometry=homes, crs=2154)
    >>> shop = gpd.GeoDataFrame({"family": ["cooperative"], "status": ["active"]},
    ...                         geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> from essgeo.gaps import Areas
    >>> whole = pd.DataFrame({"level": ["territory"], "zone_id": ["t"], "zone_name": ["T"], "residents": [100.0]})
    >>> seed = pd.DataFrame({"family": ["cooperative", "total"], "seed_enterprises": [2.0, np.nan]})
    >>> reach_if_listed(demand, shop, Areas(whole, sparse.csr_matrix([[50.0, 50.0]])), seed, within_minutes=15,
    ...                 speed_kmh=4.5)[["family", "share_listed", "share_if_listed"]].values.tolist()
    [['cooperative', 0.5, 0.75]]
    """
    known = portrait[portrait["seed_enterprises"] > 0] if "seed_enterprises" in portrait else portrait
    people = demand["population"].to_numpy(dtype=float)
    if known.empty or not people.sum() > 0:
        return pd.DataFrame(columns=IF_LISTED)
    reach = float(straight_metres(within_minutes * speed_kmh * METRES_PER_MINUTE_AT_1_KMH))
    xy = np.column_stack([demand.geometry.x, demand.geometry.y])
    # Residents by square of the grid, and for each square the share of all of them that lives within the walk.
    _, square = np.unique(np.floor(xy / CELL_M), axis=0, return_inverse=True)
    held = np.bincount(square.ravel(), weights=people if establishments is None else _placed(demand, establishments))
    size = np.bincount(square.ravel())
    middle = np.column_stack([np.bincount(square.ravel(), weights=axis) / size for axis in xy.T])
    tree = KDTree(middle)
    pairs = tree.sparse_distance_matrix(tree, reach, output_type="ndarray")
    near = np.bincount(pairs["i"], weights=held[pairs["j"]], minlength=len(held)) / held.sum()
    shown = areas.table["level"].isin(["territory", "neighbourhood", "qpv"]).to_numpy()
    zones = areas.table[shown].assign(vintage=areas.table.get("vintage", ""))
    weights = resident_weights(areas)[np.flatnonzero(shown)]
    measured = areas.people[shown] > 0
    located = structures[located_here(structures)]
    tables = []
    for row in known.to_dict("records"):
        mine = located if row["family"] == "total" else located[located["family"] == row["family"]]
        now = np.zeros(len(people))
        if len(mine):
            away, _ = KDTree(np.column_stack([mine.geometry.x, mine.geometry.y])).query(xy)
            now = np.where(away <= reach, 1.0, 0.0)
        others = max(row["seed_enterprises"] - len(mine), 0)
        then = 1 - (1 - now) * (1 - near[square.ravel()]) ** others
        both = [np.where(measured, weights @ values, np.nan) for values in (now, then)]
        tables.append(
            zones.assign(
                family=row["family"],
                minutes=within_minutes,
                seed_enterprises=row["seed_enterprises"],
                register_located=len(mine),
                share_listed=both[0],
                share_if_listed=both[1],
            )
        )
    return pd.concat(tables, ignore_index=True)[IF_LISTED]


def _placed(demand: gpd.GeoDataFrame, establishments: pd.Series) -> NDArray[np.float64]:
    """Return the establishments at each demand point: those of its commune, spread as its residents."""
    codes, people = demand["citycode"].map(city_of), demand["population"].astype(float)
    in_commune = establishments.groupby(city_of).sum().reindex(codes).fillna(0).to_numpy()
    placed: NDArray[np.float64] = (people / people.groupby(codes).transform("sum")).fillna(0).to_numpy() * in_commune
    return placed if placed.sum() > 0 else people.to_numpy()
