"""The chain of support and funding: which links have no offer within reach, and where the nearest is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from essgeo.access import nearest_minutes
from essgeo.gaps.nearest import centre_minutes, nearest_structures
from essgeo.words.vocabulary import STAGES, SUPPORT_ROLES, split_codes

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix


def support_chain(
    neighbourhoods: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    cost: CostMatrix,
    structures: gpd.GeoDataFrame,
    register: pd.DataFrame,
    *,
    minutes: int,
) -> pd.DataFrame:
    """Return each link of the support chain as seen from each target neighbourhood.

    A link is a role (support, funding) at a stage of a project (emergence, launch, development, change of scale).
    Support is not a daily need: a link beyond a walk is far, not absent, and the nearest offer is named.

    Parameters
    ----------
    neighbourhoods
        The ``neighbourhoods`` layer.
    demand, cost
        Demand points, and their minutes to ``structures``.
    structures
        Structures that count and have a point.
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
    >>> chain = support_chain(places, demand, travel_cost(demand, fund), fund, fund, minutes=15)
    >>> chain.loc[chain["within_reach"], ["role", "stage", "nearest_name", "nearest_minutes"]].values.tolist()
    [['financement', 'lancement', 'F', 5.2]]
    """
    people = demand["population"].to_numpy()
    here = neighbourhoods.index.to_numpy()[:, None] == demand["neighbourhood_id"].to_numpy()
    links = [(role, stage) for role in SUPPORT_ROLES for stage in STAGES]
    offering = np.column_stack([offers(structures, *link) for link in links])
    away = centre_minutes(sparse.csr_array(here * people), demand, structures, cost)
    reached = np.column_stack([nearest_minutes(cost, among) <= minutes for among in offering.T])
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
    """Return which structures offer a link of the chain.

    Examples
    --------
    >>> offers(pd.DataFrame({"roles": [""], "support_stages": ["lancement"]}), "financement", "lancement").tolist()
    [False]
    """
    return np.array(
        [
            role in split_codes(roles) and stage in split_codes(stages)
            for roles, stages in zip(structures["roles"], structures["support_stages"], strict=True)
        ],
        dtype=bool,
    )
