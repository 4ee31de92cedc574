"""The areas that figures are given for, and the residents each holds at each demand point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy import sparse

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
