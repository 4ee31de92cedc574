"""The 200 m population grid of INSEE (Filosofi)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.errors import SourceChangedError
from essgeo.sources.readers.official import official_outlines, official_table
from essgeo.sources.tables import checked_suffix

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.sources.catalogue import Source

_CELL = re.compile(r"^CRS(\d+)RES(\d+)mN(-?\d+)E(-?\d+)$")
_NUMBERS = {"population": "ind", "living_standard_sum": "ind_snv", "imputed": "i_est_200"}
_GEOGRAPHIC_FILES = frozenset({".gpkg", ".shp", ".geojson", ".geoparquet"})


def read_grid(path: Path, source: Source, *, crs: str, within: shapely.Geometry) -> gpd.GeoDataFrame:
    r"""Return the cells of the grid whose centre lies in a territory.

    Parameters
    ----------
    path
        The GeoPackage of INSEE, of which only the territory is read, or its CSV, whose identifiers say where cells are.
    source
        ``grid_200m`` of the catalogue.
    crs
        Metric CRS of the result.
    within
        The territory, in ``crs``.

    Returns
    -------
    GeoDataFrame
        Squares indexed by ``cell_id``: ``ind`` (persons), ``ind_snv`` (sum of their standard of living, EUR a year),
        ``i_est_200`` (1 where INSEE imputed the cell), as :func:`essgeo.access.grid_points` takes them.

    Raises
    ------
    SourceChangedError
        A column stands under none of its names, a figure is not a number, or an identifier is not one of a cell.
    InputError
        The file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo.sources.catalogue import find_source
    >>> text = "idcar_200m,ind,ind_snv,i_est_200\nCRS2975RES200mN7690000E340000,12.5,100000,0\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "carreaux.csv"
    ...     _ = path.write_text(text)
    ...     whole = shapely.box(339_000, 7_689_000, 341_000, 7_691_000)
    ...     read_grid(path, find_source("grid_200m"), crs="EPSG:2975", within=whole)["ind"].tolist()
    [12.5]
    """
    if checked_suffix(path) in _GEOGRAPHIC_FILES:
        around = gpd.GeoSeries([within], crs=crs)
        cells = official_outlines(path, source, near=around).to_crs(crs)
    else:
        table = official_table(path, source)
        cells = gpd.GeoDataFrame(table, geometry=cell_squares(table["cell_id"], file=path.name).to_crs(crs))
    shapely.prepare(within)
    inside = cells[shapely.intersects(within, cells.geometry.centroid.to_numpy())]
    numbers = {name: _numbers(inside[column], path.name) for column, name in _NUMBERS.items()}
    squares = gpd.GeoDataFrame(numbers, geometry=inside.geometry, crs=crs)
    return squares.set_axis(pd.Index(inside["cell_id"], name="cell_id"))


def cell_squares(cells: pd.Series, *, file: str) -> gpd.GeoSeries:
    """Return the square of each cell, from its identifier: CRS, side, and the lower left corner in metres.

    Parameters
    ----------
    cells
        Identifiers such as ``CRS3035RES200mN2891800E3770600``, all of one CRS.
    file
        Its name, for messages.

    Raises
    ------
    SourceChangedError
        An identifier is of another form, or they are of several CRS.

    Examples
    --------
    >>> squares = cell_squares(pd.Series(["CRS3035RES200mN2891800E3770600"]), file="grid.csv")
    >>> squares.crs.to_epsg(), squares.iloc[0].bounds
    (3035, (3770600.0, 2891800.0, 3770800.0, 2892000.0))
    """
    parts = cells.str.extract(_CELL.pattern)
    wrong = cells[parts.isna().any(axis=1)]
    if len(wrong) or (parts[0] != parts[0].iloc[0]).any():
        what = f"{wrong.iloc[0]!r} is not a cell" if len(wrong) else "cells of several CRS"
        message = f"{file}: {what}; identifiers look like CRS3035RES200mN2891800E3770600."
        raise SourceChangedError(message)
    side, north, east = (parts[place].astype(float).to_numpy() for place in (1, 2, 3))
    squares = shapely.box(east, north, east + side, north + side)
    return gpd.GeoSeries(squares, index=cells.index, crs=int(parts[0].iloc[0]))


def _numbers(texts: pd.Series, file: str) -> pd.Series:
    values = pd.to_numeric(texts.str.replace(",", "."), errors="coerce").astype(float)
    wrong = texts[values.isna() & (texts != "")]
    if len(wrong):
        message = f"{file}: {texts.name} is {wrong.iloc[0]!r} in row {wrong.index[0]}, not a number."
        raise SourceChangedError(message)
    return values.replace([np.inf, -np.inf], np.nan)
