"""Areas of residents, and the weight of their need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from essgeo.access.accessibility import weighted_median

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Areas:
    """Areas and their residents.

    Attributes
    ----------
    table
        One row an area: ``level``, ``zone_id``, ``zone_name``, ``vintage``, ``residents``.
    residents
        Sparse matrix, areas x demand points: persons.
    """

    table: pd.DataFrame
    residents: sparse.csr_matrix


def gather_areas(
    demand: gpd.GeoDataFrame,
    *,
    territory: str,
    communes: gpd.GeoDataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    qpv: gpd.GeoDataFrame,
) -> Areas:
    """Return the territory, its communes, its target neighbourhoods and its QPV with the residents of each.

    Territory, communes and neighbourhoods take demand points by their codes, so that their residents are exactly the
    sum of their IRIS. QPV take the demand points that lie in them: an estimate, and only of the part inside the
    territory.

    Parameters
    ----------
    demand
        From :func:`essgeo.access.demand_points`.
    territory
        Name of the territory.
    communes, neighbourhoods, qpv
        Layers of the territory, in the CRS of ``demand``.

    Returns
    -------
    Areas
        In the order territory, communes, neighbourhoods, QPV.

    Examples
    --------
    >>> from essgeo import load_territory, read_layer
    >>> from essgeo.access import demand_points
    >>> here = load_territory("est-ensemble")
    >>> layers = {name: read_layer(here, name) for name in ("communes", "neighbourhoods", "qpv")}
    >>> demand = demand_points(read_layer(here, "iris"), neighbourhoods=layers["neighbourhoods"])
    >>> areas = gather_areas(demand, territory=here.name, **layers)
    >>> round(areas.table.set_index("zone_id").loc["bobigny-centre-ville", "residents"])
    15498
    """
    whole = pd.DataFrame({"name": [territory]}, index=pd.Index([territory]))
    parts = [
        _level("territory", whole, np.zeros(len(demand), dtype=np.intp)),
        _level("commune", communes, communes.index.get_indexer(demand["citycode"])),
        _level("neighbourhood", neighbourhoods, neighbourhoods.index.get_indexer(demand["neighbourhood_id"])),
    ]
    points, zones = shapely.STRtree(qpv.geometry.to_numpy()).query(demand.geometry.to_numpy(), predicate="intersects")
    qpv_rows = pd.DataFrame({"level": "qpv", "zone_id": qpv.index, "zone_name": qpv["name"], "vintage": qpv["vintage"]})
    parts.append((qpv_rows, zones, points))
    table = pd.concat([rows for rows, _, _ in parts], ignore_index=True)
    offsets = np.cumsum([0, *(len(rows) for rows, _, _ in parts[:-1])])
    area = np.concatenate([zone + offset for (_, zone, _), offset in zip(parts, offsets, strict=True)])
    point = np.concatenate([points for _, _, points in parts])
    population = demand["population"].to_numpy()
    matrix = sparse.csr_matrix((population[point], (area, point)), shape=(len(table), len(demand)))
    return Areas(table.assign(residents=np.asarray(matrix.sum(axis=1)).ravel()), matrix)


def iris_areas(demand: gpd.GeoDataFrame) -> Areas:
    """Return each IRIS as an area, for maps.

    Examples
    --------
    >>> import geopandas as gpd
    >>> demand = gpd.GeoDataFrame({"iris_code": ["b", "a", "b"], "population": [1.0, 2.0, 3.0]},
    ...                           geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0]))
    >>> iris_areas(demand).table[["zone_id", "residents"]].values.tolist()
    [['a', 2.0], ['b', 4.0]]
    """
    codes, area = np.unique(demand["iris_code"].to_numpy(dtype=str), return_inverse=True)
    table = pd.DataFrame({"level": "iris", "zone_id": codes, "zone_name": codes, "vintage": ""})
    values = (demand["population"].to_numpy(), (area, np.arange(len(demand))))
    matrix = sparse.csr_matrix(values, shape=(len(codes), len(demand)))
    return Areas(table.assign(residents=np.asarray(matrix.sum(axis=1)).ravel()), matrix)


def _level(
    level: str, zones: pd.DataFrame, owner: NDArray[np.intp]
) -> tuple[pd.DataFrame, NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of a level, and the pairs of a zone and a demand point in it (owner -1: in none)."""
    rows = pd.DataFrame({"level": level, "zone_id": zones.index, "zone_name": zones["name"].to_numpy(), "vintage": ""})
    points = (owner >= 0).nonzero()[0]
    return rows, owner[points], points


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


def _shares(people: sparse.csr_array) -> sparse.csr_array:
    total = np.asarray(people.sum(axis=1)).ravel()
    return sparse.csr_array(sparse.diags_array(np.divide(1, total, out=np.zeros(len(total)), where=total > 0)) @ people)
