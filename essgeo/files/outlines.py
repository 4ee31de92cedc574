"""Read the outlines of zones from the file of a publisher or of a user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.crs import require_crs
from essgeo.errors import SchemaError
from essgeo.files.tables import read_table
from essgeo.schema.columns import HEADERS
from essgeo.schema.headers import guess_columns
from essgeo.schema.validate import validate

if TYPE_CHECKING:
    from numpy.typing import NDArray


LEAST_INSIDE_M2 = 10_000.0

PREFIXES = {"2015": "QP", "2024": "QN"}
"""How the codes of the QPV of a vintage begin."""


def read_zones(path: Path | str, *, crs: str, vintage: str, within: shapely.Geometry | None = None) -> gpd.GeoDataFrame:
    """Return the QPV of a file, for example of the official one of 2015.

    Parameters
    ----------
    path
        A GeoJSON, GeoPackage, GeoParquet or Shapefile with its CRS. Field names of the official releases are known
        (``CODE_QP``, ``code_qp``, ``NOM_QP``, ``lib_qp`` ...).
    crs
        CRS of the result.
    vintage
        The geography the file holds, written on every row.
    within
        A territory, in ``crs``. Zones with neither 1 ha nor half of their area in it are left out: the outlines of
        communes and of zones are drawn apart, so that neighbours overlap by slivers.

    Returns
    -------
    GeoDataFrame
        Polygons indexed by ``zone_id``: name, kind, vintage, cities. Invalid outlines are repaired, empty ones left
        out; ``frame.attrs`` lists the identifiers of those that were: ``repaired``, ``empty`` and ``slivers``, which
        overlap the territory too little.

    Raises
    ------
    InputError
        The file is missing or unreadable, or has no CRS.
    SchemaError
        No column with the code or the name of the zones, a code that stands twice, codes of another vintage, or no zone
        in the territory.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> qpv = read_zones(load_territory("est-ensemble").file("qpv").path, crs="EPSG:2154", vintage="2024")
    >>> len(qpv), qpv.attrs["repaired"]
    (21, [])
    """
    path = Path(path)
    raw = read_outlines(path)
    zones = raw.rename(columns=guess_columns(raw.columns, HEADERS["qpv"]))
    missing = [name for name in ("zone_id", "name") if name not in zones]
    if missing:
        message = (
            f"{path.name}: no column was recognised as {' or '.join(missing)}. Columns seen: {', '.join(raw.columns)}."
        )
        raise SchemaError(message)
    kept = clip_zones(zones, file=path.name, crs=crs, vintage=vintage, within=within)
    if kept.empty:
        message = f"{path.name}: none of its {len(zones)} zones lies in the territory; is it the right file and CRS?"
        raise SchemaError(message)
    return kept


def clip_zones(
    zones: gpd.GeoDataFrame, *, file: str, crs: str, vintage: str, within: shapely.Geometry | None = None
) -> gpd.GeoDataFrame:
    """Return the QPV that lie in a territory, their outlines repaired (see :func:`read_zones`); there may be none.

    Parameters
    ----------
    zones
        ``zone_id``, ``name``, where known ``cities``, and outlines.
    file
        Its name, for messages.
    crs, vintage, within
        As for :func:`read_zones`.

    Raises
    ------
    SchemaError
        A code that stands twice, a zone without code or name, or codes of another vintage.

    Examples
    --------
    >>> square = gpd.GeoDataFrame({"zone_id": ["QN1"], "name": ["Nord"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=2154)
    >>> clip_zones(square, file="qpv.shp", crs="EPSG:2154", vintage="2024")["kind"].tolist()
    ['qpv']
    """
    _refuse_other_vintage(zones["zone_id"], vintage, file)
    absent = zones.geometry.isna() | zones.geometry.is_empty
    near = zones[~absent & _near(zones, crs, within)]
    empty = sorted(zones.loc[absent, "zone_id"])
    zones = near.assign(cities=near.get("cities", ""), kind="qpv", vintage=vintage).to_crs(crs)
    broken = ~zones.geometry.is_valid
    zones.loc[broken, "geometry"] = polygonal(zones.geometry[broken].to_numpy())
    inside = zones.area if within is None else zones.intersection(within).area
    here = (inside > 0) & (inside >= np.minimum(LEAST_INSIDE_M2, zones.area / 2))
    kept = zones.loc[here, ["zone_id", "name", "kind", "vintage", "cities", "geometry"]]
    checked = validate(cast("gpd.GeoDataFrame", kept), "qpv", source=file).sort_index()
    checked.attrs = {
        "repaired": sorted(zones.loc[here & broken, "zone_id"]),
        "empty": empty,
        "slivers": sorted(zones.loc[~here & (inside > 0), "zone_id"]),
    }
    return checked


def read_outlines(path: Path) -> gpd.GeoDataFrame:
    """Return a geographic file with its geometry in the column ``geometry``.

    Raises
    ------
    InputError
        The file is missing or unreadable.
    SchemaError
        It has no geometry.
    MissingCRSError
        It has no CRS.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> read_outlines(load_territory("est-ensemble").file("iris").path).crs.to_epsg()
    4326
    """
    frame = read_table(path)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        message = f"{path.name}: no geometry; give a GeoJSON, GeoPackage, GeoParquet or Shapefile."
        raise SchemaError(message)
    require_crs(frame, path.name)
    return frame if frame.geometry.name == "geometry" else frame.rename_geometry("geometry")


def _refuse_other_vintage(codes: pd.Series, vintage: str, file: str) -> None:
    """Refuse a file whose codes are all of another vintage: figures of one would be joined to the other."""
    for year, prefix in PREFIXES.items():
        if year != vintage and vintage in PREFIXES and codes.str.startswith(prefix).all():
            message = (
                f"{file}: its codes ({codes.iloc[0]} ...) are those of {year}, where QPV of {vintage} are expected. "
                f"Give the file of {vintage}, or say --vintage {year}."
            )
            raise SchemaError(message)


def _near(zones: gpd.GeoDataFrame, crs: str, within: shapely.Geometry | None) -> pd.Series:
    """Return which zones may touch the territory: those of another ocean have no place in its CRS."""
    if within is None:
        return pd.Series(data=True, index=zones.index)
    left, bottom, right, top = gpd.GeoSeries([within], crs=crs).to_crs(zones.crs).total_bounds
    bounds = zones.bounds
    x, y = bounds[["minx", "maxx"]].to_numpy(), bounds[["miny", "maxy"]].to_numpy()
    meet = (x[:, 0] <= right) & (x[:, 1] >= left) & (y[:, 0] <= top) & (y[:, 1] >= bottom)
    return pd.Series(meet, index=zones.index)


def polygonal(shapes: NDArray[np.object_]) -> list[shapely.Geometry]:
    """Return the shapes made valid, without the lines and points that this may leave.

    Examples
    --------
    >>> bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    >>> polygonal(np.array([bow]))[0].area
    2.0
    """
    parts = (shapely.get_parts(shape) for shape in shapely.make_valid(shapes))
    return [shapely.union_all([part for part in some if part.geom_type.endswith("Polygon")]) for some in parts]
