"""Demand points from the 200 m population grid of INSEE."""

from __future__ import annotations

from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.access.demand import neighbourhoods_at
from essgeo.crs import require_metric, require_same_crs
from essgeo.errors import SchemaError

METHOD = "200 m grid (Filosofi), at the centre of each cell"
CELL_M2 = 200.0 * 200.0
WHOLE = 0.99
"""A cell of this share is whole: the grid is drawn in another projection, which changes areas by less."""
COLUMNS = ("ind", "ind_snv", "i_est_200")


def grid_points(
    cells: gpd.GeoDataFrame, iris: gpd.GeoDataFrame, *, neighbourhoods: gpd.GeoDataFrame | None = None
) -> gpd.GeoDataFrame:
    """Return one demand point a cell of the 200 m grid, as :func:`demand_points` does for IRIS.

    The grid knows where in an IRIS people live, but the figures of small cells are imputed by INSEE. Cells whose centre
    lies in no IRIS of the territory are left out; a cell that was cut along a border keeps the people of the part that
    is left, as if they were spread evenly over it.

    Parameters
    ----------
    cells
        Cells as INSEE publishes them: ``ind`` (persons), ``ind_snv`` (sum of their standard of living, EUR a year),
        ``i_est_200`` (1 where imputed); metric CRS.
    iris
        The ``iris`` layer, in the same CRS.
    neighbourhoods
        The ``neighbourhoods`` layer.

    Returns
    -------
    GeoDataFrame
        The columns of :func:`demand_points`; ``income`` is the mean standard of living of the cell.

    Raises
    ------
    SchemaError
        A column is missing.
    MissingCRSError, CRSMismatchError
        No CRS, not a metric one, or not the same.

    Examples
    --------
    >>> import shapely
    >>> iris = gpd.GeoDataFrame({"citycode": ["93010"]}, geometry=[shapely.box(0, 0, 400, 400)],
    ...     index=pd.Index(["930100101"], name="iris_code"), crs=2154)
    >>> cells = gpd.GeoDataFrame({"ind": [50.0], "ind_snv": [900_000.0], "i_est_200": [1]},
    ...     geometry=[shapely.box(0, 0, 200, 200)], crs=2154)
    >>> grid_points(cells, iris)[["population", "income", "imputed"]].values.tolist()
    [[50.0, 18000.0, True]]
    """
    missing = [name for name in COLUMNS if name not in cells]
    if missing:
        message = f"population grid: no column {', '.join(missing)}. Give the 200 m grid of INSEE (Filosofi)."
        raise SchemaError(message)
    require_metric(cells, "population grid")
    require_same_crs(cells, iris, ("population grid", "iris"))
    centres = gpd.GeoSeries(cells.geometry.centroid, crs=cells.crs)
    point, owner = iris.sindex.query(centres, predicate="intersects")
    point, first = np.unique(point, return_index=True)
    owner = owner[first]
    inside = cells.iloc[point]
    residents = inside["ind"].to_numpy(dtype=float)
    share = inside.geometry.area.to_numpy() / CELL_M2
    people = residents * np.where(share > WHOLE, 1.0, share)
    codes = iris.index.to_numpy()[owner]
    spots = centres.iloc[point].to_numpy()
    living = inside["ind_snv"].to_numpy(dtype=float)
    income = np.divide(living, residents, out=np.full(len(residents), np.nan), where=residents > 0)
    frame = gpd.GeoDataFrame(
        {
            "population": people,
            "income": income,
            "iris_code": codes,
            "citycode": iris["citycode"].to_numpy()[owner],
            "neighbourhood_id": neighbourhoods_at(spots, codes, neighbourhoods),
            "imputed": inside["i_est_200"].to_numpy() == 1,
            "method": METHOD,
        },
        geometry=spots,
        crs=cells.crs,
        index=pd.RangeIndex(len(point), name="demand_id"),
    )
    return cast("gpd.GeoDataFrame", frame)
