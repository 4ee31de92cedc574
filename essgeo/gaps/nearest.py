"""The structure nearest to the residents of a neighbourhood, however far."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.gaps.themes import theme_bits, unpack_themes

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray


def population_centre(demand: gpd.GeoDataFrame) -> tuple[float, float]:
    """Return the population-weighted mean of demand points, or their plain mean where nobody lives.

    Examples
    --------
    >>> import geopandas as gpd
    >>> demand = gpd.GeoDataFrame({"population": [1.0, 3.0]}, geometry=gpd.points_from_xy([0, 4], [0, 0]))
    >>> population_centre(demand)
    (3.0, 0.0)
    """
    population = demand["population"].to_numpy()
    weights = population if population.any() else None
    x, y = (float(np.average(axis, weights=weights)) for axis in (demand.geometry.x, demand.geometry.y))
    return x, y


def nearest_structure(
    centre: tuple[float, float],
    structures: gpd.GeoDataFrame,
    among: NDArray[np.bool_],
    *,
    speed_kmh: float,
    detour: float,
) -> dict[str, object]:
    """Return the structure nearest to a point, and the walk to it.

    Parameters
    ----------
    centre
        Metric coordinates, from :func:`population_centre`.
    structures
        Located structures.
    among
        Which of them count.
    speed_kmh, detour
        As for :func:`essgeo.travel_cost`.

    Returns
    -------
    dict
        ``nearest_structure_id``, ``nearest_name``, ``nearest_city`` and ``nearest_minutes``; ``""`` and NaN where none
        counts.

    Examples
    --------
    >>> import geopandas as gpd
    >>> shops = gpd.GeoDataFrame({"name": ["A", "B"], "city": ["Bondy"] * 2}, index=["a", "b"],
    ...                          geometry=gpd.points_from_xy([300, 600], [0, 0]))
    >>> nearest_structure((0, 0), shops, np.array([False, True]), speed_kmh=4.5, detour=1.3)
    {'nearest_structure_id': 'b', 'nearest_name': 'B', 'nearest_city': 'Bondy', 'nearest_minutes': 10.4}
    """
    if not among.any():
        return {"nearest_structure_id": "", "nearest_name": "", "nearest_city": "", "nearest_minutes": float("nan")}
    metres = np.hypot(structures.geometry.x.to_numpy() - centre[0], structures.geometry.y.to_numpy() - centre[1])
    best = int(np.where(among, metres, np.inf).argmin())
    return {
        "nearest_structure_id": structures.index[best],
        "nearest_name": structures["name"].iloc[best],
        "nearest_city": structures["city"].iloc[best],
        "nearest_minutes": float(metres[best] * detour / (speed_kmh * METRES_PER_MINUTE_AT_1_KMH)),
    }


def nearest_by_theme(
    centres: NDArray[np.float64], structures: gpd.GeoDataFrame, *, speed_kmh: float, detour: float
) -> pd.DataFrame:
    """Return the structure nearest to each of several points, for each theme.

    Parameters
    ----------
    centres
        Metric coordinates, shape (points, 2); NaN for a point that is nowhere.
    structures
        Located structures.
    speed_kmh, detour
        As for :func:`essgeo.travel_cost`.

    Returns
    -------
    DataFrame
        One row a point and theme of :data:`essgeo.gaps.themes.THEMES`, point after point: the columns of
        :func:`nearest_structure`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> shops = gpd.GeoDataFrame({"name": ["A"], "city": ["Bondy"], "sectors": [""], "challenges": [""]}, index=["a"],
    ...                          geometry=gpd.points_from_xy([300], [0]))
    >>> nearest_by_theme(np.zeros((1, 2)), shops, speed_kmh=4.5, detour=1.3)["nearest_name"].tolist()[:2]
    ['A', '']
    """
    offers = unpack_themes(theme_bits(structures)).astype(bool)
    shape = (len(centres), offers.shape[1])
    best, metres = np.zeros(shape, dtype=np.intp), np.full(shape, np.inf)
    if len(structures):
        away = np.hypot(*(np.column_stack([structures.geometry.x, structures.geometry.y])[:, None] - centres).T)
        for theme in np.flatnonzero(offers.any(axis=0)):
            among = np.where(offers[:, theme] & ~np.isnan(away), away, np.inf)
            best[:, theme], metres[:, theme] = among.argmin(axis=1), among.min(axis=1)
    found = np.isfinite(metres).ravel()
    chosen = best.ravel()[found]
    columns = {
        "nearest_structure_id": structures.index,
        "nearest_name": structures["name"],
        "nearest_city": structures["city"],
    }
    table = pd.DataFrame({name: np.full(len(found), "", dtype=object) for name in columns})
    for name, values in columns.items():
        table.loc[found, name] = values.to_numpy(dtype=object)[chosen]
    walk = metres.ravel() * detour / (speed_kmh * METRES_PER_MINUTE_AT_1_KMH)
    return table.assign(nearest_minutes=np.where(found, walk, np.nan))
