"""The address nearest to each point, from a local index."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from essgeo.crs import GEOGRAPHIC, require_crs
from essgeo.errors import InputError
from essgeo.geocoding.index import METRES_PER_DEGREE, distance_m, number_of, street_of
from essgeo.geocoding.match import Local
from essgeo.messages import tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from essgeo.geocoding.index import Department


MAX_M = 1000.0
"""An address farther from a point says nothing of where it is."""

REVERSED = ("geo_label", "geo_ban_id", "geo_citycode", "geo_distance_m")


def reverse_geocode(
    points: pd.DataFrame, *, using: Local | Path | str | Sequence[Path | str], max_m: float = MAX_M
) -> pd.DataFrame:
    """Return the address nearest to each point.

    Parameters
    ----------
    points
        A GeoDataFrame in any CRS (of a shape, a point of it), or a table with ``lon`` and ``lat`` in degrees.
    using
        BAN files of departments, or an engine made of them (:class:`essgeo.geocoding.match.Local`).
    max_m
        An address farther away is none.

    Returns
    -------
    DataFrame
        The index of ``points``: ``geo_label``, ``geo_ban_id``, ``geo_citycode`` (``""`` where no address is near, or
        the point is not known), ``geo_distance_m`` (metres on the sphere, NaN there).

    Raises
    ------
    InputError
        No coordinates in the table.
    SourceChangedError, CrsError
        A file is no file of BAN; the points have no CRS.

    Examples
    --------
    >>> known = pd.DataFrame({"address": ["18 rue Saint-Antoine"], "postcode": ["93100"], "city": ["Montreuil"],
    ...                       "citycode": ["93048"], "lon": [2.45], "lat": [48.86]})
    >>> there = reverse_geocode(pd.DataFrame({"lon": [2.451], "lat": [48.86]}), using=Local.of(known))
    >>> there["geo_label"].tolist(), there["geo_distance_m"].round().tolist()
    (['18 rue Saint-Antoine 93100 Montreuil'], [73.0])
    """
    lon_lat = _degrees(points)
    local = using if isinstance(using, Local) else Local.read([using] if isinstance(using, str | Path) else using)
    index = local.index
    # Arrays in the order of the points, written department by department: `nearest` is how near the best so far lies.
    size = len(points)
    texts = {name: np.full(size, "", dtype=object) for name in REVERSED[:3]}
    nearest = np.full(size, np.inf)
    for position in range(len(index.bounds) - 1):
        department = index.department(position)
        tree, shrink, (low, high) = _tree(department)
        # Only points within reach of the box of the department are looked for in it.
        margin = max_m / METRES_PER_DEGREE / shrink
        rows = np.flatnonzero(((lon_lat >= low - margin) & (lon_lat <= high + margin)).all(axis=1))
        if not len(rows):
            continue
        # The tree shrinks longitudes alike all over the department: it looks 1 % farther, and metres decide. It answers
        # tree.n where it finds none.
        reach = max_m / METRES_PER_DEGREE * 1.01
        found = np.asarray(tree.query(lon_lat[rows] * shrink, distance_upper_bound=reach)[1])
        rows, found = rows[found < tree.n], found[found < tree.n]
        metres = distance_m(*lon_lat[rows].T, *department.points(found))
        better = (metres <= max_m) & (metres < nearest[rows])
        rows, found = rows[better], found[better]
        nearest[rows] = metres[better]
        for column, values in zip(texts.values(), _addresses(department, found), strict=True):
            column[rows] = values
    return pd.DataFrame(texts | {REVERSED[3]: np.where(np.isinf(nearest), np.nan, nearest)}, index=points.index)


def _degrees(points: pd.DataFrame) -> NDArray[np.float64]:
    """Return longitude and latitude: a row a point, infinite where it is not known."""
    if isinstance(points, gpd.GeoDataFrame) and points.active_geometry_name is not None:
        require_crs(points, "points")
        shapes = points.geometry.to_crs(GEOGRAPHIC).representative_point()
        columns = [shapes.x, shapes.y]
    elif {"lon", "lat"} <= set(points.columns):
        columns = [pd.to_numeric(points[name], errors="coerce") for name in ("lon", "lat")]
    else:
        raise InputError(tell("reverse_without_points", seen=", ".join(map(str, points.columns))))
    degrees = np.stack([column.to_numpy(dtype=float) for column in columns], axis=1)
    return np.where(np.isnan(degrees), np.inf, degrees)


@lru_cache(maxsize=4)
def _tree(department: Department) -> tuple[cKDTree, NDArray[np.float64], tuple[NDArray[np.float64], ...]]:
    """Return the addresses of a department in degrees as long one way as the other, that shrinking, and their box."""
    # (addresses, 2): a degree of longitude is shorter than one of latitude by the cosine of the latitude.
    lon_lat = department.points(np.arange(len(department.slots))).T
    low, high = (
        (lon_lat.min(axis=0), lon_lat.max(axis=0)) if len(lon_lat) else (np.full(2, np.inf), np.full(2, -np.inf))
    )
    shrink = np.array([np.cos(np.radians(lon_lat[:, 1].mean())) if len(lon_lat) else 1.0, 1.0])
    return cKDTree(lon_lat * shrink), shrink, (low, high)


def _addresses(
    department: Department, rows: NDArray[np.int64]
) -> tuple[NDArray[np.object_], list[str], NDArray[np.object_]]:
    """Return label, identifier and commune of addresses."""
    street, number = street_of(department.slots[rows]), number_of(department.slots[rows]).tolist()
    repetition = np.array(department.writings, dtype=object)[department.written[rows]]
    houses = zip(number, repetition, department.titles[street], strict=True)
    label = np.array([f"{number}{repetition} {title}" for number, repetition, title in houses], dtype=object)
    citycode = department.communes["citycode"].to_numpy(dtype=object)[department.commune[street]]
    return label, department.ban_ids.take(rows).to_pylist(), citycode
