"""Read an official file under the names that essgeo gives its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import geopandas as gpd
import pandas as pd
import pyogrio

from essgeo.crs import require_crs
from essgeo.errors import InputError, SchemaError
from essgeo.sources.catalogue import official_columns
from essgeo.sources.tables import as_text, checked_suffix, read_table
from essgeo.validation import ROW

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.sources.catalogue import Source


def official_table(path: Path, source: Source) -> pd.DataFrame:
    r"""Return the table of an official file, its known columns only, as text.

    Parameters
    ----------
    path
        A file that :func:`essgeo.sources.read_table` takes.
    source
        Its entry of the catalogue.

    Returns
    -------
    DataFrame or GeoDataFrame
        Columns of the catalogue; one that is optional and absent is empty.

    Raises
    ------
    SourceChangedError
        A column stands under none of its names.
    InputError
        The file cannot be read, is empty, or is not what its suffix says.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo.sources.catalogue import find_source
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "income.csv"
    ...     _ = path.write_text("IRIS;DISP_MED21;NEW\n930100101;18 320;x\n")
    ...     official_table(path, find_source("iris_income")).to_dict("index")
    {2: {'iris_code': '930100101', 'median_income': '18 320', 'poverty_rate': ''}}
    """
    raw = read_table(path)
    return _named(raw, official_columns(raw.columns, source, file=path.name), source)


def official_outlines(path: Path, source: Source, *, near: gpd.GeoSeries | None = None) -> gpd.GeoDataFrame:
    """Return the shapes of an official file, its known columns only, as text.

    Parameters
    ----------
    path
        A GeoJSON, GeoPackage, GeoParquet or Shapefile.
    source
        Its entry of the catalogue.
    near
        Read only what meets the bounds of these shapes, without loading the rest.

    Returns
    -------
    GeoDataFrame
        Columns of the catalogue and ``geometry``, in the CRS of the file.

    Raises
    ------
    SourceChangedError
        A column stands under none of its names.
    SchemaError, MissingCRSError, InputError
        The file cannot be read, or has no geometry or CRS.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> from essgeo.sources.catalogue import find_source
    >>> path = load_territory("est-ensemble").file("qpv").path
    >>> official_outlines(path, find_source("qpv_2024")).columns.tolist()
    ['zone_id', 'name', 'geometry', 'citycodes', 'cities']
    """
    if checked_suffix(path) in {".parquet", ".geoparquet"}:
        frame = read_table(path, as_is=True)
    else:
        try:
            known = official_columns(pyogrio.read_info(path)["fields"], source, file=path.name)
            frame = gpd.read_file(path, columns=list(known), bbox=near)
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
            message = f"{path.name}: the geographic file cannot be read ({error}). Fetch it again."
            raise InputError(message) from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        message = f"{path.name}: no geometry, where {source.title} has outlines; see {source.page}"
        raise SchemaError(message)
    require_crs(frame, path.name)
    frame = frame if frame.geometry.name == "geometry" else frame.rename_geometry("geometry")
    numbered = as_text(frame.set_axis(pd.RangeIndex(1, len(frame) + 1, name=ROW)))
    plain = [name for name in numbered.columns if name != "geometry"]
    return cast("gpd.GeoDataFrame", _named(numbered, official_columns(plain, source, file=path.name), source))


def _named(raw: pd.DataFrame, columns: dict[str, str], source: Source) -> pd.DataFrame:
    kept = [name for name in raw.columns if name in columns or name == "geometry"]
    named = raw[kept].rename(columns=columns)
    return named.assign(**{name: "" for name in source.optional if name not in named})
