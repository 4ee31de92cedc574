"""Everything that is drawn at random behind the intervals of coverage and gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from essgeo.gaps.draws import drawn_shares
from essgeo.gaps.need import area_weights
from essgeo.gaps.poverty import drawn_poverty

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix
    from essgeo.gaps.areas import Areas

POVERTY_DRAWS = 100
"""Poverty of access is drawn in the first hundred worlds only: it takes as long as all the rest of a world."""


class Drawn(NamedTuple):
    """What random draws show.

    Attributes
    ----------
    shares
        Shares within reach, draws x walks x rows x themes; the rows are the areas, then the areas weighted by need.
    poverty
        How far the indices of access poverty move, draws (:data:`POVERTY_DRAWS` at most) x areas x themes x alpha.
    """

    shares: NDArray[np.float64]
    poverty: NDArray[np.float64]


def draw(
    demand: gpd.GeoDataFrame,
    cost: CostMatrix,
    structures: gpd.GeoDataFrame,
    areas: Areas,
    *,
    within_minutes: Sequence[int],
    odds: tuple[float, float],
    draws: int = 500,
    seed: int = 0,
) -> Drawn:
    """Return what coverage and gaps become in worlds drawn at random.

    Parameters
    ----------
    demand, cost, structures
        Demand points, their minutes to the structures that count, and these.
    areas
        From :func:`essgeo.gather_areas`.
    within_minutes
        Walks.
    odds
        From :func:`essgeo.gaps.activity_odds`, over the whole register.
    draws, seed
        How many, and from which seed.

    Returns
    -------
    Drawn
        For :func:`essgeo.coverage` and :func:`essgeo.gaps.assess_gaps`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> from essgeo.gaps.areas import iris_areas
    >>> home = gpd.GeoDataFrame({"iris_code": ["a"], "population": [10.0], "income": [20e3]},
    ...                         geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": [""], "challenges": [""], "status": ["active"], "geo_radius_m": [0.0]},
    ...                         geometry=gpd.points_from_xy([100], [0]), crs=2154)
    >>> drawn = draw(home, travel_cost(home, shop), shop, iris_areas(home), within_minutes=[15], odds=(9, 1),
    ...              draws=4)
    >>> drawn.shares.shape, drawn.poverty.shape
    ((4, 1, 2, 21), (4, 1, 21, 3))
    """
    weights = area_weights(demand, areas)
    everybody = np.asarray(areas.residents[[0]].todense(), dtype=float).ravel()
    people = weights[: len(areas.table)]
    return Drawn(
        drawn_shares(
            demand, cost, structures, weights, within_minutes=within_minutes, odds=odds, draws=draws, seed=seed
        ),
        drawn_poverty(
            demand, cost, structures, people, everybody, odds=odds, draws=min(draws, POVERTY_DRAWS), seed=seed
        ),
    )
