"""Read Parquet and GeoParquet: what the file says of its size, its shapes and its CRS is checked, not trusted."""

from __future__ import annotations

import json
import re
import struct
import warnings
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from pyproj import CRS

from essgeo.errors import InputError, InputWarning
from essgeo.files.guard import refuse_size, refuse_width
from essgeo.messages import tell

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

_LEAST_BYTES = 4
"""What a value takes in memory, however often the file repeats it."""

_OWN_INDEX = re.compile(r"__index_level_\d+__")
"""How pandas calls an index without a name."""

_SHOWN_ROWS, _MAX_DEPTH = 10, 32

_POINT, _LINES, _POLYGONS, _HOLDERS = 1, (2, 8), 3, (4, 5, 6, 7, 9, 10, 11, 12)
"""Kinds of geometry in WKB; the last hold others."""


def read_parquet(path: Path) -> pd.DataFrame:
    """Return a table, or a layer with its geometry and CRS; a geometry that cannot be read is none, with a warning.

    Raises
    ------
    InputError
        The file is damaged, or much larger once unpacked than a list is.
    """
    try:
        table = _load(path)
        geo: dict[str, Any] = json.loads((table.schema.metadata or {}).get(b"geo", b"{}"))
        columns = geo.get("columns", {})
        if any(column["encoding"] != "WKB" for column in columns.values()):
            native: pd.DataFrame = gpd.read_parquet(path)
            return native
        boxes = {column["covering"]["bbox"]["xmin"][0] for column in columns.values() if "covering" in column}
        table = table.drop_columns([name for name in table.column_names if name in boxes or _OWN_INDEX.fullmatch(name)])
        frame = _to_pandas(table.replace_schema_metadata(None))
        shapes = {name: _shapes(path, table[name].to_pylist(), column) for name, column in columns.items()}
        frame = frame.assign(**shapes)
        return gpd.GeoDataFrame(frame, geometry=geo["primary_column"]) if shapes else frame
    except (InputError, MemoryError):
        raise
    except Exception as error:
        raise InputError(tell("parquet_unreadable", path=path, error=error)) from error


def _load(path: Path) -> pa.Table:
    """Return the table of a file, if neither its columns, values nor texts are more than a list of its size has."""
    with pq.ParquetFile(path) as file:
        leaves = [file.schema.column(number) for number in range(len(file.schema))]
        names, stored = file.schema_arrow.names, file.metadata
    refuse_width(path, len(names))
    chunks = [
        stored.row_group(group).column(leaf) for group in range(stored.num_row_groups) for leaf in range(len(leaves))
    ]
    # A lower bound of what the table takes in memory, from the footer alone: values of each column and row group
    # times their width. Only columns of a fixed length tell it; texts are counted below.
    widths = [max(leaf.length, _LEAST_BYTES) for leaf in leaves] * stored.num_row_groups
    size = sum(width * chunk.num_values for width, chunk in zip(widths, chunks, strict=True))
    refuse_size(path, max(size, sum(chunk.total_uncompressed_size for chunk in chunks)))
    # A text that stands in every row is in the file once: it stays so in memory until the sum of all is known.
    encoded = pq.read_table(path, read_dictionary=[leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY"])
    refuse_size(path, size + sum(_text_bytes(chunk) for column in encoded.columns for chunk in column.chunks))
    return pq.read_table(path)


def _text_bytes(cells: pa.Array) -> int:
    """Return the bytes of the texts in cells, however deep they are nested, each counted where it stands."""
    if pa.types.is_dictionary(cells.type):
        # The length of each different text, taken as often as it stands.
        return pc.sum(pc.binary_length(cells.dictionary).take(cells.indices)).as_py() or 0
    if pa.types.is_struct(cells.type):
        return sum(map(_text_bytes, cells.flatten()))
    return _text_bytes(cells.values) if pa.types.is_nested(cells.type) else 0


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return a table of pandas: days and hours that Python has none of as text, bytes that are no letter as lost."""
    for place, field in enumerate(table.schema):
        column = table.column(place)
        is_text = pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        try:
            column.validate(full=is_text)
            table.select([place]).to_pandas()
        # A day after the year 9999, half a microsecond, a time zone of nowhere (for pytz a key that is not there).
        except (pa.ArrowException, ValueError, ImportError, KeyError):
            try:
                table = table.set_column(place, field.name, _decoded(column) if is_text else column.cast(pa.string()))
            except pa.ArrowException as error:
                message = f"{field.name}: {error}"
                raise ValueError(message) from error
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _decoded(column: pa.ChunkedArray) -> pa.Array:
    """Return the texts of a column, bytes that are no letter of UTF-8 as lost."""
    cells = column.cast(pa.large_binary()).to_pylist()
    return pa.array([cell if cell is None else cell.decode("utf-8", "replace") for cell in cells], pa.string())


def _shapes(path: Path, cells: list[bytes | None], column: dict[str, Any]) -> gpd.GeoSeries:
    """Return the geometries of a column; what is none, and what is nested too deep, is missing."""
    shapes = shapely.from_wkb([None if cell is None or _is_deep(cell) else cell for cell in cells], on_invalid="ignore")
    lost = [str(row) for row, (cell, shape) in enumerate(zip(cells, shapes, strict=True), 1) if cell and shape is None]
    if lost:
        rows = ", ".join(lost[:_SHOWN_ROWS]) + " ..." * (len(lost) > _SHOWN_ROWS)
        warnings.warn(tell("geometry_lost", name=path.name, rows=rows), InputWarning, stacklevel=2)
    crs = column.get("crs", "OGC:CRS84")
    return gpd.GeoSeries(shapes, crs=None if crs is None else CRS.from_user_input(crs))


def _is_deep(cell: bytes) -> bool:
    """Return whether a geometry in WKB nests collections deeper than any map does.

    GEOS calls itself for each level, and would run out of its stack.
    """
    place, order, waiting = 0, "<", [1]  # waiting: at each level, how many geometries are still to come
    try:
        while waiting:
            if not waiting[-1]:
                waiting.pop()
                continue
            waiting[-1] -= 1
            order = {0: ">", 1: "<"}.get(cell[place], order)
            (code,) = struct.unpack_from(f"{order}I", cell, place + 1)
            # ISO adds 1000 for Z, 2000 for M and 3000 for both; EWKB sets one of the three highest bits: Z, M, and an
            # SRID of 4 bytes that follows the code.
            kind, range_ = (code & 0xFFFF) % 1000, (code & 0xFFFF) // 1000
            dimensions = 2 + (range_ in (1, 3) or code >> 31) + (range_ in (2, 3) or code >> 30 & 1)
            place += 5 + 4 * (code >> 29 & 1)
            if kind == _POINT:
                place += 8 * dimensions
                continue
            (count,) = struct.unpack_from(f"{order}I", cell, place)
            place += 4
            if kind in _LINES:
                place += 8 * dimensions * count
            elif kind == _POLYGONS:
                for _ in range(count):
                    place += 4 + 8 * dimensions * struct.unpack_from(f"{order}I", cell, place)[0]
            elif kind in _HOLDERS:
                waiting.append(count)
                if len(waiting) > _MAX_DEPTH:
                    return True
            else:
                return False
    except (IndexError, struct.error):  # it is cut short, as GEOS will say
        return False
    return False
