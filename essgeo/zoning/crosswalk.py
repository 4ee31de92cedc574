"""From the zones of one vintage to those of another, by area and by population."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from essgeo.crs import require_same_crs
from essgeo.errors import SchemaError
from essgeo.zoning.locate import checked_points, raise_faults, values_at, zone_polygons

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.zoning.boundary import Floats, Ints


SHARES = ("share_of_old", "share_of_new", "population_share_of_old", "population_share_of_new")


def crosswalk(
    old: gpd.GeoDataFrame,
    new: gpd.GeoDataFrame,
    *,
    weights: gpd.GeoDataFrame | None = None,
    min_share: float = 0.001,
) -> pd.DataFrame:
    """Return which zones of two vintages share ground and residents, and how much.

    Parameters
    ----------
    old, new
        Valid (Multi)Polygons in one metric CRS, indexed by zone, each with a column ``vintage``.
    weights
        Demand points in the same CRS, with a column ``population``. A point on a boundary counts on both sides.
    min_share
        A pair none of whose shares reaches this is a sliver between two drawings of one limit: it has no row.

    Returns
    -------
    DataFrame
        One row for each pair, by order of ``old`` then ``new``; then one for each old zone without a pair, where
        ``new_id`` and ``new_vintage`` are NA, and one for each new zone without a pair, where ``old_id`` and
        ``old_vintage`` are NA. Columns ``old_id``, ``new_id``, ``old_vintage``, ``new_vintage``; ``area_m2``, the
        common area; ``share_of_old`` and ``share_of_new``, that area over the area of each zone; with ``weights``,
        ``population``, ``population_share_of_old`` and ``population_share_of_new`` likewise. A zone without a pair
        has common area and population 0 and no share of the other side; a population share of a zone where nobody
        lives is NaN. The shares of an old zone add up to less than 1 where it left the geography.

    Raises
    ------
    SchemaError
        A zone without vintage, empty, invalid (the message names it) or not polygonal; ``weights`` without
        ``population``, with one that is missing or negative, or that are not Points (give the centroids of a grid).
    MissingCRSError, CRSMismatchError
        A layer without CRS, not in metres, or in different CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> old = gpd.GeoDataFrame({"vintage": ["2015"]}, index=["QP1"], geometry=[shapely.box(0, 0, 100, 100)], crs=2154)
    >>> new = gpd.GeoDataFrame({"vintage": ["2024"]}, index=["QN1"], geometry=[shapely.box(0, 0, 50, 200)], crs=2154)
    >>> crosswalk(old, new)[["old_id", "new_id", "area_m2", "share_of_old", "share_of_new"]]
      old_id new_id  area_m2  share_of_old  share_of_new
    0    QP1    QN1   5000.0           0.5           0.5
    """
    require_same_crs(old, new, ("old", "new"))
    before, after = zone_polygons(old, "old"), zone_polygons(new, "new")
    row, column = shapely.STRtree(after).query(before, predicate="intersects") if len(before) else np.empty((2, 0), int)
    by_place = np.lexsort((column, row))
    row, column = row[by_place], column[by_place]
    area = shapely.area(shapely.intersection(before[row], after[column]))
    table = pd.DataFrame(
        {
            "old": row,
            "new": column,
            "area_m2": area,
            "share_of_old": area / shapely.area(before)[row],
            "share_of_new": area / shapely.area(after)[column],
        },
    )
    if weights is not None:
        require_same_crs(old, weights, ("old", "weights"))
        table = table.assign(**_population(before, after, row, column, weights))
    shares = [name for name in SHARES if name in table]
    table = table[(table["area_m2"] > 0) & (table[shares] >= min_share).any(axis=1)]

    lost = np.setdiff1d(np.arange(len(old)), table["old"])
    born = np.setdiff1d(np.arange(len(new)), table["new"])
    table = pd.concat([table, _unpaired(table, lost, "old"), _unpaired(table, born, "new")], ignore_index=True)
    names = {
        f"{side}_{what}": values_at(values, table[side].to_numpy(dtype=np.intp))
        for what in ("id", "vintage")
        for side, zones in (("old", old), ("new", new))
        for values in [zones.index.to_series() if what == "id" else zones["vintage"]]
    }
    return pd.concat([pd.DataFrame(names), table.drop(columns=["old", "new"])], axis=1)


def _population(
    before: NDArray[np.object_],
    after: NDArray[np.object_],
    row: Ints,
    column: Ints,
    weights: gpd.GeoDataFrame,
) -> dict[str, Floats]:
    """Return the population of each pair and its shares of both zones."""
    shapes, people = checked_points(weights, "weights"), _people(weights)
    in_old, in_new = _membership(shapes, before, "old"), _membership(shapes, after, "new")
    pairs = in_old.merge(in_new, on="point")
    common = pairs.assign(people=people[pairs["point"]]).groupby(["old", "new"])["people"].sum()
    of_pair = common.reindex(pd.MultiIndex.from_arrays([row, column]), fill_value=0.0).to_numpy(dtype=np.float64)
    of_old = np.bincount(in_old["old"], people[in_old["point"]], minlength=len(before))[row]
    of_new = np.bincount(in_new["new"], people[in_new["point"]], minlength=len(after))[column]
    return {
        "population": of_pair,
        "population_share_of_old": np.divide(of_pair, of_old, out=np.full(len(row), np.nan), where=of_old > 0),
        "population_share_of_new": np.divide(of_pair, of_new, out=np.full(len(row), np.nan), where=of_new > 0),
    }


def _people(weights: gpd.GeoDataFrame) -> Floats:
    """Return the population of each demand point."""
    if "population" not in weights.columns:
        message = "weights: missing column population. Give the residents of each demand point."
        raise SchemaError(message)
    given = weights["population"]
    people: Floats = pd.to_numeric(given, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero(~(np.isfinite(people) & (people >= 0)))
    what = "is not a population; give a number, 0 or more, or drop the point"
    faults = [(weights.index[i], "population", f"'{given.iloc[i]}' {what}") for i in wrong]
    raise_faults("weights", list(faults))
    return people


def _membership(points: NDArray[np.object_], polygons: NDArray[np.object_], side: str) -> pd.DataFrame:
    """Return the positions of the points and of the zones they lie in."""
    zone, point = np.empty((2, 0), dtype=np.intp)
    if len(polygons):
        zone, point = shapely.STRtree(points).query(polygons, predicate="intersects")
    return pd.DataFrame({"point": point, side: zone})


def _unpaired(table: pd.DataFrame, zone: Ints, side: str) -> pd.DataFrame:
    """Return one row per zone without a pair: nothing in common, no share of the other side."""
    other = {"old": "new", "new": "old"}[side]
    columns = {name: np.nan if name.endswith(f"share_of_{other}") else 0.0 for name in table.columns[2:]}
    return pd.DataFrame({side: zone, other: -1, **columns}, index=range(len(zone)))
