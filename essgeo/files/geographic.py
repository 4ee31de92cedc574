"""Read geographic files: the one place where GDAL opens any, with the driver that the suffix names and no other.

GDAL lets the content of a file choose its driver, and some drivers read other files or ask servers. So the first bytes
must be those of the format, GDAL is told the driver where a text could be of several, and it reads plain tables only:
never a view, which is a program of whoever made the file.
"""

from __future__ import annotations

import logging
import sqlite3
import warnings
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.util import vsi_path

from essgeo.crs import GEOGRAPHIC
from essgeo.errors import InputError, InputWarning
from essgeo.files.encodings import dbf_encoding
from essgeo.files.guard import refuse_width
from essgeo.files.rows import MAX_ROWS
from essgeo.files.sheets import Part, choose_parts, join_parts
from essgeo.messages import tell
from essgeo.schema.cells import FRANCE_LAT, FRANCE_LON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

LAYERED = frozenset({".gpkg"})

TABLED = frozenset({".shp", ".dbf"})

_POINTS = "Point"

_UTF8_MARK = b"\xef\xbb\xbf"

_NO_NETWORK = {"CPL_VSIL_CURL_ALLOWED_FILENAME": "none", "GDAL_HTTP_PROXY": "127.0.0.1:9", "GDAL_HTTP_TIMEOUT": "1"}
"""No server, should a driver ask for one all the same."""

_TABLES = """
SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'
AND NOT EXISTS (SELECT 1 FROM pragma_table_xinfo(sqlite_master.name) WHERE hidden > 1)
"""
"""Tables that hold rows: views, virtual tables and computed columns run what the file says."""

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
    names: list[str | None] = [None]
    if suffix in LAYERED:
        parts = [_part(path, name, kind) for name, kind in layers_of(path).items()]
        names = [*choose_parts(path, "layer", parts, layer)]
    frames = {name or "": read_features(path, layer=name, encoding=encoding) for name in names}
    return join_parts(path, "layer", {name: _numbered(flat(frame, path)) for name, frame in frames.items()})


def flat(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Return a frame without the heights of its geometry; one that is nowhere is none, with a warning.

    Degrees of France under a CRS in metres are read as degrees, with a warning: in metres they would lie off Africa.
    """
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        return frame
    west, south, east, north = frame.total_bounds
    in_france = FRANCE_LON[0] <= west <= east <= FRANCE_LON[1] and FRANCE_LAT[0] <= south <= north <= FRANCE_LAT[1]
    if in_france and frame.crs is not None and frame.crs.is_projected:
        warnings.warn(tell("degrees_not_metres", name=path.name, crs=frame.crs.to_string()), InputWarning, stacklevel=2)
        frame = frame.set_crs(GEOGRAPHIC, allow_override=True)
    lost = is_nowhere(frame.geometry)
    shapes: gpd.GeoSeries = frame.geometry.force_2d()
    if lost.any():
        numbers = [*map(str, np.flatnonzero(lost) + 1)]
        rows = numbers[:MAX_ROWS] + ["..."] * (len(numbers) > MAX_ROWS)
        warnings.warn(tell("geometry_lost", name=path.name, rows=", ".join(rows)), InputWarning, stacklevel=2)
    plane: pd.DataFrame = frame.assign(**{str(frame.active_geometry_name): shapes.mask(lost, None)})
    return plane


def is_nowhere(shapes: gpd.GeoSeries) -> NDArray[np.bool_]:
    """Return which geometries have a coordinate that is no number, as one past the pole has in a metric CRS."""
    points, rows = shapely.get_coordinates(shapes.to_numpy(), return_index=True)
    lost = np.zeros(len(shapes), dtype=bool)
    lost[rows[~np.isfinite(points).all(axis=1)]] = True
    return lost


def layers_of(path: Path) -> dict[str, str]:
    """Return the tables of a GeoPackage and what each holds (``Point``, nothing); one whose layers are views has none.

    Raises
    ------
    InputError
        The file cannot be read, or has nothing but views.
    """
    with _opened(path) as opened:
        kinds = {str(name): str(kind) for name, kind in pyogrio.list_layers(opened)}
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            plain = {name for (name,) in connection.execute(_TABLES)}
    if kinds and not plain & kinds.keys():
        raise InputError(tell("only_views", path=path, views=", ".join(kinds)))
    return {name: kind for name, kind in kinds.items() if name in plain}


def describe_features(path: Path, layer: str | None = None) -> dict[str, Any]:
    """Return the ``fields``, ``features`` (how many) and ``crs`` of a layer, by default the first table."""
    layer = layer or _first(path)
    with _opened(path) as opened:
        return dict(pyogrio.read_info(opened, layer=layer))


def read_features(path: Path, *, layer: str | None = None, **wanted: Any) -> pd.DataFrame:  # noqa: ANN401 (as there)
    """Return a layer, by default the first table; ``wanted`` is what :func:`geopandas.read_file` takes."""
    layer = layer or _first(path)
    refuse_width(path, len(describe_features(path, layer)["fields"]))
    with _opened(path) as opened:
        frame: pd.DataFrame = gpd.read_file(opened, layer=layer, **wanted)
        return frame


def refuse_marks(path: Path) -> None:
    """Refuse a path that pyogrio changes: it takes what stands before ``!`` for an archive, and drops line ends."""
    whole = str(path.resolve())
    if vsi_path(whole) != whole:
        raise InputError(tell("name_with_mark", path=path))


@contextmanager
def gdal_options(options: Mapping[str, str]) -> Iterator[None]:
    """Set options of GDAL for a while."""
    before = {name: pyogrio.get_gdal_config_option(name) for name in options}
    pyogrio.set_gdal_config_options(options)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


@contextmanager
def _opened(path: Path) -> Iterator[str]:
    """Yield what GDAL is to open, once the first bytes are those of the format; it may ask no server meanwhile."""
    whole, suffix = str(path.resolve()), path.suffix.lower()
    with path.open("rb") as stream:
        head = stream.read(1024)
    begins = _BEGINS.get(suffix)
    if begins is None or not begins(head):
        message = f"{path}: {tell('head_not', suffix=suffix)}"
        raise InputError(message)
    refuse_marks(path)
    with gdal_options(_NO_NETWORK), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pyogrio|geopandas|pandas|shapely")
        try:
            yield f"GeoJSON:{whole}" if suffix in _JSON else whole
        except (InputError, MemoryError):
            raise
        except Exception as error:
            raise InputError(tell("geographic_unreadable", path=path, error=error)) from error


def _is_json(head: bytes) -> bool:
    return head.removeprefix(_UTF8_MARK).lstrip().startswith(b"{")


def _is_dbf(head: bytes) -> bool:
    """Return whether a table begins with a version of dBASE, and has the two bytes that stay empty."""
    return head[:1] in _DBF_VERSIONS and head[12:14] == b"\x00\x00"


_JSON = (".geojson", ".json")

_DBF_VERSIONS = (b"\x02", b"\x03", b"\x04", b"\x30", b"\x31", b"\x32", b"\x43", b"\x83", b"\x8b", b"\xf5")

_BEGINS: dict[str, Callable[[bytes], bool]] = {
    **dict.fromkeys(_JSON, _is_json),
    ".gpkg": lambda head: head.startswith(b"SQLite format 3\x00"),
    ".shp": lambda head: head.startswith(b"\x00\x00\x27\x0a"),
    ".dbf": _is_dbf,
}
"""Whether the first bytes of a file are those that its suffix promises."""


def _first(path: Path) -> str | None:
    return next(iter(layers_of(path))) if path.suffix.lower() in LAYERED else None


def _part(path: Path, name: str, kind: str) -> Part:
    first = pd.DataFrame(read_features(path, layer=name, rows=MAX_ROWS, ignore_geometry=True))
    table = first.astype(object) if len(first.columns) else pd.DataFrame(columns=["geometry"])
    return Part(name, table, points=_POINTS in kind)


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.set_axis(pd.RangeIndex(1, len(frame) + 1))
