"""Which structures hold a coverage up, and what losing each would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from essgeo.access.measures.matrix import trips_matrix
from essgeo.gaps.themes import THEMES, theme_bits, unpack_themes

if TYPE_CHECKING:
    import geopandas as gpd

    from essgeo.access import CostMatrix
    from essgeo.gaps.areas import Areas


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
    themes = THEMES.iloc[table["row"].to_numpy(dtype=int)].reset_index(drop=True)
    table = table.assign(
        theme_kind=themes["theme_kind"], theme=themes["theme"], share_lost=table["residents_lost"] / table["residents"]
    )
    return table[["level", "zone_id", "theme_kind", "theme", "structure_id", "name", "residents_lost", "share_lost"]]
