"""Who needs a place most: weights from income, and access poverty by theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from essgeo.access.measures import nearest_k, proximity, weighted_median
from essgeo.gaps.themes import THEMES, theme_bits, unpack_themes

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix
    from essgeo.gaps.areas import Areas

ALPHAS = (0, 1, 2)


def need_weights(demand: pd.DataFrame) -> NDArray[np.float64]:
    r"""Return how much the need of each resident weighs.

    .. math:: w_i = \frac{\tilde{y}}{y_i}

    with *y* the income at the demand point and :math:`\tilde{y}` the median over residents whose income is known: half
    the median income weighs 2, twice the median 1/2. Where income is not known the weight is 1.

    Parameters
    ----------
    demand
        ``population``, ``income`` (EUR a year, NaN where not known).

    Returns
    -------
    ndarray of float64
        One weight a demand point.

    Examples
    --------
    >>> import pandas as pd
    >>> need_weights(pd.DataFrame({"population": [1.0, 2.0, 1.0], "income": [10e3, 20e3, np.nan]})).tolist()
    [2.0, 1.0, 1.0]
    """
    income = demand["income"].to_numpy(dtype=float)
    known = income > 0
    median = weighted_median(income[known], demand["population"].to_numpy(dtype=float)[known])
    weights: NDArray[np.float64] = np.divide(median, income, out=np.ones(len(income)), where=known)
    return weights


def area_weights(demand: pd.DataFrame, areas: Areas) -> sparse.csr_array:
    """Return what each demand point weighs in each area: by residents, then by their need.

    Parameters
    ----------
    demand
        As for :func:`need_weights`.
    areas
        From :func:`essgeo.gaps.gather_areas`.

    Returns
    -------
    csr_array of float64
        Twice as many rows as areas, one column a demand point; a row sums to 1, or is empty where nobody lives.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import pandas as pd
    >>> demand = pd.DataFrame({"population": [1.0, 3.0], "income": [20e3, 20e3]})
    >>> area_weights(demand, SimpleNamespace(residents=sparse.csr_matrix([[1.0, 3.0]]))).toarray().tolist()
    [[0.25, 0.75], [0.25, 0.75]]
    """
    people = sparse.csr_array(areas.residents)
    return _shares(sparse.vstack([people, people @ sparse.diags_array(need_weights(demand))], format="csr"))


def resident_weights(areas: Areas) -> sparse.csr_array:
    """Return the first half of :func:`area_weights`, for which no income is needed.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> resident_weights(SimpleNamespace(residents=sparse.csr_matrix([[1.0, 3.0]]))).toarray().tolist()
    [[0.25, 0.75]]
    """
    return _shares(sparse.csr_array(areas.residents))


def theme_poverty(
    cost: CostMatrix, structures: gpd.GeoDataFrame, weights: sparse.csr_array, population: NDArray[np.float64]
) -> NDArray[np.float64]:
    r"""Return the Foster-Greer-Thorbecke indices of each area and theme, against the territory's median.

    The line is the median walk *T* of the residents of the territory to their nearest structure of the theme; who walks
    longer is poor, and falls short by :math:`1 - T / t`, wholly where nothing is within ``cost.max_minutes``. See
    :func:`essgeo.access.measures.access_poverty`.

    Parameters
    ----------
    cost, structures
        Minutes from demand points to the structures that count, and these.
    weights
        Areas x demand points; each row sums to 1, or is empty.
    population
        Residents of the territory at each demand point.

    Returns
    -------
    ndarray of float64
        Areas x themes x alpha (0, 1, 2); NaN where the median resident reaches no structure of the theme.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from scipy import sparse
    >>> from essgeo.access import travel_cost
    >>> homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0, 150, 300], [0, 0, 0]), crs=2154)
    >>> shop = gpd.GeoDataFrame({"sectors": [""], "challenges": [""]}, geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> everybody = sparse.csr_array(np.full((1, 3), 1 / 3))
    >>> theme_poverty(travel_cost(homes, shop), shop, everybody, np.ones(3))[0, 0].round(3).tolist()
    [0.333, 0.167, 0.083]
    """
    offers = unpack_themes(theme_bits(structures)).astype(bool)
    indices = np.full((weights.shape[0], len(THEMES), len(ALPHAS)), np.nan)
    for theme in np.flatnonzero(offers.any(axis=0)):
        near = proximity(nearest_k(cost, 1, offers[:, theme])[:, 0])
        line = weighted_median(near, population)
        if not line > 0:
            continue
        short = np.clip(1 - near / line, 0, 1)
        powers = np.column_stack([(short > 0).astype(np.float64), short, short**2])
        indices[:, theme] = weights @ powers
    indices[np.asarray(weights.sum(axis=1)).ravel() == 0] = np.nan
    return indices


def _shares(people: sparse.csr_array) -> sparse.csr_array:
    total = np.asarray(people.sum(axis=1)).ravel()
    return sparse.csr_array(sparse.diags_array(np.divide(1, total, out=np.zeros(len(total)), where=total > 0)) @ people)
