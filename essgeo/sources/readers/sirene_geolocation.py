"""Where INSEE places the establishments of SIRENE, and how far each may be from its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from essgeo.crs import GEOGRAPHIC
from essgeo.sources.catalogue import find_source
from essgeo.sources.readers.database import MEMORY, database, list_texts, scan

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

QUALITIES = {
    "11": ("housenumber", "voie sûre, numéro trouvé"),
    "12": ("street", "voie sûre, position aléatoire dans la voie"),
    "21": ("street", "voie probable, numéro trouvé"),
    "22": ("street", "voie probable, position aléatoire dans la voie"),
}
"""Precision that each ``qualite_xy`` of INSEE stands for, and its words for it.

``33`` (unknown street, a random place in the commune) is no position and is never used. ``21`` finds the number in a
street that is only probable: no surer than a street. A house thus gets the radius that was calibrated on BAN, and the
others the radius of a street, which is a choice and not a measure (:data:`essgeo.geocoding.precision.RADIUS_M`); none
of the two was calibrated on this file. Where ``distance_precision`` says more than that radius, it wins.
"""
_MARGIN_DEGREES = 1
_COLUMNS = ("siret", "x", "y", "quality", "epsg", "citycode", "precision_m")


def read_sirene_geolocation(path: Path, sirets: Collection[str], *, memory: str = MEMORY) -> gpd.GeoDataFrame:
    r"""Return the positions of establishments that are fit for use, each from the CRS that its own row names.

    Parameters
    ----------
    path
        The geolocation file of SIRENE, in Parquet or CSV.
    sirets
        The establishments that are wanted. Those that INSEE diffuses in part must not be among them.
    memory
        The most memory the query may take.

    Returns
    -------
    GeoDataFrame
        Index ``siret``; ``quality`` (a key of :data:`QUALITIES`), ``precision`` (``housenumber`` or ``street``),
        ``precision_m`` (metres, NaN where not told), ``citycode``, and points in degrees (EPSG:4326). Rows of quality
        33, of no known quality or CRS, without coordinates, or that are outside what their CRS can hold are left out.

    Raises
    ------
    SourceChangedError, InputError
        The file is missing, lacks a column, or cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "geolocation.csv"
    ...     _ = path.write_text("siret;x;y;qualite_xy;epsg;plg_code_commune\n"
    ...                         "00558011300011;338000;7690000;11;2975;97411\n00558011300029;1;1;33;2154;93010\n")
    ...     places = read_sirene_geolocation(path, ["00558011300011", "00558011300029"])
    >>> places[["precision", "citycode"]].values.tolist(), places.total_bounds[:2].round(1).tolist()
    ([['housenumber', '97411']], [55.4, -20.9])
    """
    with database(memory=memory) as base:
        file = scan(base, path, find_source("sirene_geolocation"))
        list_texts(base, "wanted", "siret", sirets)
        chosen = ", ".join(f"{file.text[name]} AS {name}" for name in _COLUMNS)
        known = f"{file.raw['siret']} IN (SELECT siret FROM wanted)"
        rows = base.execute(f"SELECT {chosen} FROM {file.table} WHERE {known} ORDER BY siret").df()
    rows = rows[rows["quality"].isin(list(QUALITIES))].drop_duplicates("siret").set_index("siret")
    points = _points(rows)
    usable = points.notna()
    return gpd.GeoDataFrame(
        {
            "quality": rows["quality"],
            "precision": rows["quality"].map({code: precision for code, (precision, _) in QUALITIES.items()}),
            "precision_m": pd.to_numeric(rows["precision_m"], errors="coerce"),
            "citycode": rows["citycode"],
        },
        geometry=points,
    )[usable]


def _points(rows: pd.DataFrame) -> gpd.GeoSeries:
    """Return the points of the rows in degrees, none where they cannot be one."""
    x, y = (pd.to_numeric(rows[name].str.replace(",", "."), errors="coerce") for name in ("x", "y"))
    shapes = np.full(len(rows), None, dtype=object)
    for code in rows["epsg"].unique():
        crs = _projected(code)
        there = np.flatnonzero((rows["epsg"] == code) & x.notna() & y.notna())
        if crs is None or crs.area_of_use is None:
            continue
        moved = gpd.GeoSeries(shapely.points(x.iloc[there], y.iloc[there]), crs=crs).to_crs(GEOGRAPHIC)
        west, south, east, north = crs.area_of_use.bounds
        inside = moved.x.between(west - _MARGIN_DEGREES, east + _MARGIN_DEGREES) & moved.y.between(
            south - _MARGIN_DEGREES, north + _MARGIN_DEGREES
        )
        shapes[there[inside]] = moved[inside].to_numpy()
    return gpd.GeoSeries(shapes, index=rows.index, crs=GEOGRAPHIC)


def _projected(code: str) -> CRS | None:
    try:
        crs = CRS.from_epsg(int(float(code)))
    except (CRSError, ValueError):
        return None
    return crs if crs.is_projected else None
