"""What is done for one department: locate its structures, lay them over zones, measure who reaches them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely
from pyarrow.parquet import read_schema

from essgeo.access import travel_cost
from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.gaps import area_coverage, iris_areas
from essgeo.geocoding import geocode
from essgeo.geocoding.index import load_index
from essgeo.geocoding.local import Local
from essgeo.results import Parameters
from essgeo.structures import counted_on
from essgeo.zoning import locate_in

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

METROPOLITAN = "EPSG:2154"
NOWHERE = "00"
"""The partition of rows that name no department."""
_OF_STRUCTURES = ["sectors", "challenges", "status", "active_from", "active_to", "geometry"]


def split_by_department(table: pd.DataFrame, folder: Path | str) -> list[str]:
    """Write a table as one Parquet file a department, and return the departments.

    Parameters
    ----------
    table
        A DataFrame or GeoDataFrame with ``citycode``; where that is empty, ``postcode`` tells the department if it can.
    folder
        Where ``<department>.parquet`` go, rows in their order; ``00.parquet`` holds those of no known department.

    Examples
    --------
    >>> import tempfile
    >>> table = pd.DataFrame({"citycode": ["93010", "2A004", "", "97411"], "postcode": ["", "", "75011", ""]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     split_by_department(table, folder)
    ['2A', '75', '93', '974']
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    departments = _department(table["citycode"])
    if "postcode" in table:
        # 20 is both of Corsica, where the postcode alone does not tell.
        departments = departments.mask(departments == NOWHERE, _department(table["postcode"]).replace("20", NOWHERE))
    for department, rows in table.groupby(departments.to_numpy(), sort=True):
        rows.to_parquet(folder / f"{department}.parquet")
    return sorted(departments.unique())


def _department(code: pd.Series) -> pd.Series:
    """Return the department that codes of five characters begin with, three characters overseas."""
    text = code.fillna("").astype(str)
    first = text.str[:2].where(~text.str.startswith(("97", "98")), text.str[:3])
    return first.where(text.str.fullmatch(r"(?:\d\d|2[AB])\d{3}"), NOWHERE)


def geocode_department(
    department: str,
    *,
    structures: Path,
    ban: Path,
    index: Path,
    crs_of: Mapping[str, str] | None = None,
) -> gpd.GeoDataFrame:
    """Return the structures of a department with their position, from its file of the Base Adresse Nationale.

    Parameters
    ----------
    department
        Code, such as ``93`` or ``974``.
    structures
        Folder of :func:`split_by_department`.
    ban
        Folder of ``adresses-<department>.csv.gz``; without one, only rows with coordinates are located.
    index
        Folder to build the index of addresses in, once.
    crs_of
        Metric CRS of the departments that have their own; Lambert-93 elsewhere.

    Returns
    -------
    GeoDataFrame
        As :func:`essgeo.geocode` returns it.
    """
    table = pd.read_parquet(structures / f"{department}.parquet")
    files = sorted(ban.glob(f"adresses-{department}*.csv*"))
    engine = Local.on_disk(load_index(files, index)) if files else None
    return geocode(table, using=engine, crs=(crs_of or {}).get(department, METROPOLITAN))


def overlay_department(
    department: str, *, structures: Path, zones: Path, near_m: Sequence[float] = Parameters.near_m
) -> pd.DataFrame:
    """Return the zones of all France that each located structure of a department lies in or near.

    Parameters
    ----------
    department
        Code.
    structures
        Folder of what :func:`geocode_department` returned, by department.
    zones
        GeoParquet file of the zones of all departments: the nearest may lie in the next one.
    near_m
        As for :func:`essgeo.locate_in`.

    Returns
    -------
    DataFrame
        As :func:`essgeo.locate_in` returns it.
    """
    points = gpd.read_parquet(structures / f"{department}.parquet")
    return locate_in(points, gpd.read_parquet(zones).to_crs(points.crs), near_m=near_m)


def coverage_department(
    department: str,
    *,
    demand: Path,
    structures: Sequence[Path],
    as_of: dt.date,
    within_minutes: int = Parameters.walk_minutes,
    speed_kmh: float = Parameters.speed_kmh,
    detour: float = Parameters.detour,
) -> pd.DataFrame:
    """Return the share of the residents of each IRIS of a department within a walk of a structure, by theme.

    Structures of the departments around count where the walk reaches them.

    Parameters
    ----------
    department
        Code.
    demand
        Folder of demand points by department, from :func:`split_by_department`.
    structures
        Files of what :func:`geocode_department` returned, of all departments.
    as_of
        Day on which a structure must be active to count.
    within_minutes, speed_kmh, detour
        The walk, in a straight line.

    Returns
    -------
    DataFrame
        As :func:`essgeo.gaps.area_coverage` returns it: shares without intervals.
    """
    points = gpd.read_parquet(demand / f"{department}.parquet")
    reach_m = within_minutes * speed_kmh * METRES_PER_MINUTE_AT_1_KMH / detour
    counted = _structures_near(points, structures, reach_m)
    counted = counted[counted_on(counted, as_of)]
    cost = travel_cost(points, counted, max_minutes=within_minutes, speed_kmh=speed_kmh, detour=detour)
    return area_coverage(cost, counted, iris_areas(points), within_minutes=within_minutes)


def _structures_near(points: gpd.GeoDataFrame, structures: Sequence[Path], reach_m: float) -> gpd.GeoDataFrame:
    """Return the located structures of any department in the box of these points, widened by the walk."""
    west, south, east, north = points.total_bounds
    box = (west - reach_m, south - reach_m, east + reach_m, north + reach_m)
    touching = [path for path in structures if _touches(path, box)] or structures[:1]
    parts = [gpd.read_parquet(path, columns=_OF_STRUCTURES, bbox=box) for path in touching]
    near = [part for part in parts if part.crs == points.crs and len(part)]
    return pd.concat(near) if near else parts[0].iloc[:0].set_crs(points.crs, allow_override=True)


def _touches(path: Path, box: tuple[float, float, float, float]) -> bool:
    """Tell by the footer of a GeoParquet file whether its points may lie in a box of the same CRS."""
    column = json.loads(read_schema(path).metadata[b"geo"])["columns"]["geometry"]
    bounds = column.get("bbox")
    return not bounds or shapely.box(*box).intersects(shapely.box(*bounds))
