"""The chain of support and funding: which links have no offer within reach, and where the nearest is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import KDTree

from essgeo.access import nearest_minutes
from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.gaps.areas import FROM_POINTS
from essgeo.gaps.reach import known_structures
from essgeo.schema.validate import require_columns, with_known_names, with_known_words
from essgeo.schema.vocabulary import STAGES, SUPPORT_ROLES, split_codes

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix


NEAREST = ["nearest_structure_id", "nearest_name", "nearest_city"]


def centre_minutes(
    residents: sparse.csr_array, demand: gpd.GeoDataFrame, structures: gpd.GeoDataFrame, cost: CostMatrix
) -> NDArray[np.float64]:
    """Return the walk from the centre of the population of each area to each structure: areas x structures, minutes.

    Over a network it is that of the demand point nearest to the centre. Where ``cost`` holds no such walk, and without
    a network, it is a straight line with the detour, however long. NaN where nobody lives.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from scipy import sparse
    >>> from essgeo.access import travel_cost
    >>> homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0, 4], [0, 0]), crs=2154)
    >>> shop = gpd.GeoDataFrame(geometry=gpd.points_from_xy([303], [0]), crs=2154)
    >>> centre_minutes(sparse.csr_array([[1.0, 3.0]]), homes, shop, travel_cost(homes, shop)).tolist()
    [[5.2]]
    """
    total = np.asarray(residents.sum(axis=1)).ravel()[:, None]
    xy = np.column_stack([demand.geometry.x, demand.geometry.y])
    centres = np.divide(residents @ xy, total, out=np.full((len(total), 2), np.nan), where=total > 0)  # areas x 2
    places = np.column_stack([structures.geometry.x, structures.geometry.y]).reshape(-1, 2)
    metres = np.hypot(*(centres[:, None] - places).transpose(2, 0, 1))  # areas x structures
    minutes: NDArray[np.float64] = metres * cost.detour / (cost.speed_kmh * METRES_PER_MINUTE_AT_1_KMH)
    lived_in = np.flatnonzero(total.ravel() > 0)
    if not cost.network_date or not len(lived_in):
        return minutes
    # Trips are sorted by origin: those of one origin are the run between two places found by bisection.
    _, starts = KDTree(xy).query(centres[lived_in])
    ends = np.searchsorted(cost.origin, [starts, starts + 1]).T
    for area, (first, last) in zip(lived_in, ends, strict=True):
        minutes[area, cost.destination[first:last]] = cost.minutes[first:last]
    return minutes


def nearest_structures(
    minutes: NDArray[np.float64], structures: gpd.GeoDataFrame, offers: NDArray[np.bool_]
) -> pd.DataFrame:
    """Return the structure nearest to each area among those that offer something, for each thing offered.

    ``minutes`` are areas x structures, ``offers`` structures x things. One row an area and thing, area after area:
    ``nearest_structure_id``, ``nearest_name``, ``nearest_city`` and ``nearest_minutes``; ``""`` and NaN where none
    offers it or nobody lives.

    Examples
    --------
    >>> import pandas as pd
    >>> shops = pd.DataFrame({"name": ["A", "B"], "city": ["Bondy"] * 2}, index=["a", "b"])
    >>> nearest_structures(np.array([[5.0, 3.0]]), shops, np.array([[True, True], [True, False]]))[
    ...     ["nearest_name", "nearest_minutes"]].values.tolist()
    [['B', 3.0], ['A', 5.0]]
    """
    shape = (len(minutes), offers.shape[1])
    best, walk = np.zeros(shape, dtype=np.intp), np.full(shape, np.inf)  # areas x things
    known = np.where(np.isnan(minutes), np.inf, minutes)
    for thing in np.flatnonzero(offers.any(axis=0)):
        among = np.where(offers[:, thing], known, np.inf)
        best[:, thing], walk[:, thing] = among.argmin(axis=1), among.min(axis=1)
    found = np.isfinite(walk).ravel()
    nearest = structures.iloc[best.ravel()[found]]
    table = pd.DataFrame("", index=range(len(found)), columns=NEAREST, dtype=object)
    table.loc[found, NEAREST] = nearest[["name", "city"]].assign(id=nearest.index)[["id", "name", "city"]].to_numpy()
    return table.assign(nearest_minutes=np.where(found, walk.ravel(), np.nan))


def support_chain(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    cost: CostMatrix,
    *,
    register: pd.DataFrame,
    minutes: int,
) -> pd.DataFrame:
    """Return each link of the support chain as seen from each target neighbourhood.

    A link is a role (support, funding) at a stage of a project (emergence, launch, development, change of scale).
    Support is not a daily need: a link beyond a walk is far, not absent, and the nearest offer is named.

    Parameters
    ----------
    demand
        Demand points, with the ``neighbourhood_id`` of each.
    structures
        Structures that count and have a point.
    neighbourhoods
        The ``neighbourhoods`` layer.
    cost
        Minutes from ``demand`` to ``structures``.
    register
        All structures that count, located or not.
    minutes
        The walk.

    Returns
    -------
    DataFrame
        One row a neighbourhood and link: ``neighbourhood_id``, ``neighbourhood``, ``role``, ``stage``, ``minutes``,
        ``structures_in_register``, ``structures_located``, ``share`` (of residents within the walk, NaN without
        residents), ``within_reach`` (of half of them at least), ``nearest_structure_id``, ``nearest_name``,
        ``nearest_city``, ``nearest_minutes`` (from the population-weighted centre).

    Raises
    ------
    SchemaError
        A column is missing: all of them in one message.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> places = gpd.GeoDataFrame({"name": ["N"]}, index=["n"], geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> demand = gpd.GeoDataFrame({"population": [10.0], "neighbourhood_id": ["n"]},
    ...                           geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> fund = gpd.GeoDataFrame({"name": ["F"], "city": ["Bondy"], "roles": ["financement"],
    ...                          "support_stages": ["lancement"]}, index=["f"],
    ...                         geometry=gpd.points_from_xy([300], [0]), crs=2154)
    >>> chain = support_chain(demand, fund, places, travel_cost(demand, fund), register=fund, minutes=15)
    >>> chain.loc[chain["within_reach"], ["role", "stage", "nearest_name", "nearest_minutes"]].values.tolist()
    [['financement', 'lancement', 'F', 5.2]]
    """
    neighbourhoods, structures = with_known_names(neighbourhoods, "neighbourhoods"), known_structures(structures)
    register = with_known_words(register, "structures")
    of_support = dict.fromkeys(
        ("roles", "support_stages"), "Give the roles and stages of support, codes joined by '|'."
    )
    require_columns(
        ("demand", demand, dict.fromkeys(("population", "neighbourhood_id"), FROM_POINTS)),
        ("structures", structures, of_support | {"name": "Give each structure its own."}),
        ("neighbourhoods", neighbourhoods, {"name": "Give each area a name."}),
        ("register", register, of_support),
    )
    people = demand["population"].to_numpy()
    here = neighbourhoods.index.to_numpy()[:, None] == demand["neighbourhood_id"].to_numpy()  # neighbourhoods x points
    links = [(role, stage) for role in SUPPORT_ROLES for stage in STAGES]
    offering = np.column_stack([offers(structures, *link) for link in links])  # structures x links
    away = centre_minutes(sparse.csr_array(here * people), demand, structures, cost)
    reached = np.column_stack([nearest_minutes(cost, among) <= minutes for among in offering.T])  # points x links
    residents = (here @ people)[:, None]
    share = np.divide(
        (here * people) @ reached, residents, out=np.full((len(here), len(links)), np.nan), where=residents > 0
    )
    table = pd.DataFrame(
        [(zone, name, *link) for zone, name in neighbourhoods["name"].items() for link in links],
        columns=["neighbourhood_id", "neighbourhood", "role", "stage"],
    ).assign(
        minutes=minutes,
        structures_in_register=np.tile([int(offers(register, *link).sum()) for link in links], len(here)),
        structures_located=np.tile(offering.sum(axis=0), len(here)),
        share=share.ravel(),
        within_reach=share.ravel() >= 1 / 2,
    )
    return pd.concat([table, nearest_structures(away, structures, offering)], axis=1)


def offers(structures: pd.DataFrame, role: str, stage: str) -> NDArray[np.bool_]:
    """Return which structures offer a link of the chain: they have its role, and serve its stage."""
    pairs = zip(structures["roles"], structures["support_stages"], strict=True)
    return np.array(
        [role in split_codes(roles) and stage in split_codes(stages) for roles, stages in pairs], dtype=bool
    )
