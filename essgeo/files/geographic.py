"""Read geographic files: their layers, in two dimensions, and the letters of a ``.dbf``."""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pyogrio

from essgeo.errors import InputError
from essgeo.files.encodings import dbf_encoding
from essgeo.files.parts import Part, choose_parts, join_parts
from essgeo.messages import tell

if TYPE_CHECKING:
    from pathlib import Path

LAYERED = frozenset({".gpkg"})

TABLED = frozenset({".shp", ".dbf"})

_POINTS = "Point"

logging.getLogger("pyogrio").addHandler(logging.NullHandler())  # what GDAL has to say is said in our own words, or not


def read_geographic(path: Path, layer: str | None = None) -> pd.DataFrame:
    """Return the layers of a geographic file that list something as one table, records numbered from 1.

    Heights and measures of a geometry are left aside. What a library warns of is not shown; what it cannot read is an
    error.
    """
    suffix = path.suffix.lower()
    if suffix == ".shp":
        there = {file.suffix.lower() for file in path.parent.glob(f"{path.stem}.*")}
        if lacking := [one for one in (".shx", ".dbf") if one not in there]:
            raise InputError(tell("shapefile_lacks", path=path, files=", ".join(lacking)))
    encoding = dbf_encoding(path.with_suffix(".dbf")) if suffix in TABLED else None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pyogrio|geopandas|pandas")
        try:
            names: list[str | None] = [None]
            if suffix in LAYERED:
                parts = [_part(path, str(name), str(kind)) for name, kind in pyogrio.list_layers(path)]
                names = [*choose_parts(path, "layer", parts, layer)]
            frames = {name or "": _read(path, name, encoding) for name in names}
        except InputError:
            raise
        except Exception as error:
            message = tell("geographic_unreadable", path=path, error=error)
            raise InputError(message) from error
    return join_parts(path, "layer", frames)


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame without the heights of its geometry."""
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None or not frame.has_z.any():
        return frame
    plane: pd.DataFrame = frame.assign(**{frame.geometry.name: frame.geometry.force_2d()})
    return plane


def _part(path: Path, name: str, kind: str) -> Part:
    fields = pyogrio.read_info(path, layer=name)
    return Part(name, [*map(str, fields["fields"])] or ["geometry"], points=_POINTS in kind)


def _read(path: Path, name: str | None, encoding: str | None) -> pd.DataFrame:
    frame: pd.DataFrame = gpd.read_file(path, layer=name, encoding=encoding)
    records = pd.RangeIndex(1, len(frame) + 1)
    return flat(frame.set_axis(records))
