"""Demand on a coarser grid, for the model that counts every minute of every walk."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pandas as pd

CELL_M = 200.0
_KEYS = ("iris_code", "citycode", "neighbourhood_id", "method")

if TYPE_CHECKING:
    from numpy.typing import NDArray


def coarse(demand: gpd.GeoDataFrame, *, cell_m: float = CELL_M) -> gpd.GeoDataFrame:
    """Return demand grouped by cell of a grid, and by IRIS if there is one, each group at the centre of its residents.

    Parameters
    ----------
    demand
        Points with ``population`` and ``income``; metric CRS.
    cell_m
        Side of a cell.

    Returns
    -------
    GeoDataFrame
        Points, RangeIndex: ``population`` (the same total), ``income`` and what names the place.

    Examples
    --------
    >>> points = gpd.GeoDataFrame({"population": [1.0, 3.0, 5.0], "income": [9.0, 9.0, 9.0]},
    ...                           geometry=gpd.points_from_xy([0, 100, 900], [0, 0, 0]), crs=2154)
    >>> grouped = coarse(points)
    >>> grouped["population"].tolist(), grouped.geometry.x.tolist()
    ([4.0, 5.0], [75.0, 900.0])
    """
    x, y = demand.geometry.x.to_numpy(), demand.geometry.y.to_numpy()
    people = demand["population"].to_numpy(dtype=float)
    keys = [name for name in _KEYS if name in demand]
    names = pd.DataFrame({"cell_x": np.floor(x / cell_m), "cell_y": np.floor(y / cell_m)})
    names[keys] = pd.DataFrame(demand)[keys].to_numpy()
    group = names.groupby(list(names.columns), sort=True).ngroup().to_numpy()
    first = np.unique(group, return_index=True)[1]
    total = np.bincount(group, weights=people)

    def centre(axis: NDArray[np.float64]) -> NDArray[np.float64]:
        weights = np.where(total[group] > 0, people, 1.0)
        return np.bincount(group, weights=axis * weights) / np.bincount(group, weights=weights)

    table = pd.DataFrame(demand).iloc[first][["income", *keys]].reset_index(drop=True).assign(population=total)
    return cast(
        "gpd.GeoDataFrame", gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(centre(x), centre(y)), crs=demand.crs)
    )
