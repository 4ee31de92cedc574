"""The chain of support and funding: which links have no offer within reach, and where the nearest is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.access import nearest_minutes
from essgeo.gaps.nearest import nearest_structure, population_centre
from essgeo.vocabulary import STAGES, SUPPORT_ROLES, split_codes

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
    rows = []
    pace = {"speed_kmh": cost.speed_kmh, "detour": cost.detour}
    people = demand["population"].to_numpy()
    for zone, neighbourhood in neighbourhoods["name"].items():
        here = (demand["neighbourhood_id"] == zone).to_numpy()
        centre = population_centre(demand[here])
        residents = people[here].sum()
        for role in SUPPORT_ROLES:
            for stage in STAGES:
                offering = offers(structures, role, stage)
                near = nearest_minutes(cost, offering) <= minutes
                share = float(people[here & near].sum() / residents) if residents else float("nan")
                rows.append(
                    {
                        "neighbourhood_id": zone,
                        "neighbourhood": neighbourhood,
                        "role": role,
                        "stage": stage,
                        "minutes": minutes,
                        "structures_in_register": int(offers(register, role, stage).sum()),
                        "structures_located": int(offering.sum()),
                        "share": share,
                        "within_reach": share >= 1 / 2,
                        **nearest_structure(centre, structures, offering, **pace),
                    }
                )
    return pd.DataFrame(rows)


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
