"""The structure nearest to the residents of an area, however far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from scipy import sparse

    from essgeo.access import CostMatrix


def centre_minutes(
    residents: sparse.csr_array, demand: gpd.GeoDataFrame, structures: gpd.GeoDataFrame, cost: CostMatrix
) -> NDArray[np.float64]:
    """Return the walk from the centre of the population of each area to each structure.

    Over a network it is that of the demand point nearest to the centre. Where ``cost`` holds no such walk, and without
    a network, it is a straight line with the detour, however long.

    Parameters
    ----------
    residents
        Areas x demand points: persons.
    demand, structures, cost
        Demand points, structures, and the minutes between them.

    Returns
    -------
    ndarray of float64
        Areas x structures, minutes; NaN where nobody lives.

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
    centres = np.divide(residents @ xy, total, out=np.full((len(total), 2), np.nan), where=total > 0)
    places = np.column_stack([structures.geometry.x, structures.geometry.y]).reshape(-1, 2)
    metres = np.hypot(*(centres[:, None] - places).transpose(2, 0, 1))
    minutes: NDArray[np.float64] = metres * cost.detour / (cost.speed_kmh * METRES_PER_MINUTE_AT_1_KMH)
    lived_in = np.flatnonzero(total.ravel() > 0)
    if not cost.network_date or not len(lived_in):
        return minutes
    _, starts = KDTree(xy).query(centres[lived_in])
    ends = np.searchsorted(cost.origin, [starts, starts + 1]).T
    for area, (first, last) in zip(lived_in, ends, strict=True):
        minutes[area, cost.destination[first:last]] = cost.minutes[first:last]
    return minutes


def nearest_structures(
    minutes: NDArray[np.float64], structures: gpd.GeoDataFrame, offers: NDArray[np.bool_]
) -> pd.DataFrame:
    """Return the structure nearest to each area among those that offer something, for each thing offered.

    Parameters
    ----------
    minutes
        From :func:`centre_minutes`.
    structures
        Located structures: ``name``, ``city``.
    offers
        Structures x things offered.

    Returns
    -------
    DataFrame
        One row an area and thing, area after area: ``nearest_structure_id``, ``nearest_name``, ``nearest_city`` and
        ``nearest_minutes``; ``""`` and NaN where none offers it or nobody lives.

    Examples
    --------
    >>> import pandas as pd
    >>> shops = pd.DataFrame({"name": ["A", "B"], "city": ["Bondy"] * 2}, index=["a", "b"])
    >>> nearest_structures(np.array([[5.0, 3.0]]), shops, np.array([[True, True], [True, False]]))[
    ...     ["nearest_name", "nearest_minutes"]].values.tolist()
    [['B', 3.0], ['A', 5.0]]
    """
    shape = (len(minutes), offers.shape[1])
    best, walk = np.zeros(shape, dtype=np.intp), np.full(shape, np.inf)
    if len(structures):
        known = np.where(np.isnan(minutes), np.inf, minutes)
        for thing in np.flatnonzero(offers.any(axis=0)):
            among = np.where(offers[:, thing], known, np.inf)
            best[:, thing], walk[:, thing] = among.argmin(axis=1), among.min(axis=1)
    found = np.isfinite(walk).ravel()
    chosen = best.ravel()[found]
    columns = {
        "nearest_structure_id": structures.index,
        "nearest_name": structures["name"],
        "nearest_city": structures["city"],
    }
    table = pd.DataFrame({name: np.full(len(found), "", dtype=object) for name in columns})
    for name, values in columns.items():
        table.loc[found, name] = values.to_numpy(dtype=object)[chosen]
    return table.assign(nearest_minutes=np.where(found, walk.ravel(), np.nan))
