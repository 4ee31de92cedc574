"""IRIS and the 200 m grid of INSEE: outlines, residents, incomes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.crs import require_crs
from essgeo.errors import SchemaError, SourceChangedError
from essgeo.files.geographic import describe_features, read_features
from essgeo.files.perimeters import polygonal
from essgeo.files.tables import as_text, checked_suffix, read_table
from essgeo.messages import tell
from essgeo.official.catalogue import official_columns
from essgeo.schema.validate import ROW, validate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from essgeo.official.catalogue import Source

MASKED = ("ns", "nd", "s", "")
"""How INSEE writes a figure that too few persons stand behind, or that it does not have."""

_CELL = re.compile(r"^CRS(\d+)RES(\d+)mN(-?\d+)E(-?\d+)$")

_NUMBERS = {
    "population": "ind",
    "living_standard_sum": "ind_snv",
    "imputed": "i_est_200",
    "poor_households": "men_pauv",
}

_GEOGRAPHIC_FILES = frozenset({".gpkg", ".shp", ".geojson", ".geoparquet"})


def official_table(path: Path, source: Source) -> pd.DataFrame:
    r"""Return the table of an official file as text, its known columns only; an optional one that is absent is empty.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo.official.catalogue import find_source
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "income.csv"
    ...     _ = path.write_text("IRIS;DISP_MED21;NEW\n930100101;18 320;x\n")
    ...     official_table(path, find_source("iris_income")).to_dict("index")
    {2: {'iris_code': '930100101', 'median_income': '18 320', 'poverty_rate': ''}}
    """
    raw = read_table(path)
    return _named(raw, official_columns(raw.columns, source, file=path.name), source)


def official_outlines(path: Path, source: Source, *, near: gpd.GeoSeries | None = None) -> gpd.GeoDataFrame:
    """Return the shapes of an official file, its known columns only, as text, in the CRS of the file.

    With ``near``, only what meets the bounds of these shapes is read, without loading the rest.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> from essgeo.official.catalogue import find_source
    >>> path = load_territory("est-ensemble").file("qpv").path
    >>> official_outlines(path, find_source("qpv_2024")).columns.tolist()
    ['zone_id', 'name', 'geometry', 'citycodes', 'cities']
    """
    if checked_suffix(path) in {".parquet", ".geoparquet"}:
        frame = read_table(path, as_is=True)
    else:
        known = official_columns(describe_features(path)["fields"], source, file=path.name)
        frame = read_features(path, columns=list(known), bbox=near)
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise SchemaError(tell("official_no_geometry", name=path.name, title=source.title, page=source.page))
    require_crs(frame, path.name)
    frame = frame if frame.geometry.name == "geometry" else frame.rename_geometry("geometry")
    numbered = as_text(frame.set_axis(pd.RangeIndex(1, len(frame) + 1, name=ROW)))
    plain = [name for name in numbered.columns if name != "geometry"]
    return cast("gpd.GeoDataFrame", _named(numbered, official_columns(plain, source, file=path.name), source))


def _named(raw: pd.DataFrame, columns: dict[str, str], source: Source) -> pd.DataFrame:
    kept = [name for name in raw.columns if name in columns or name == "geometry"]
    named = raw[kept].rename(columns=columns)
    return named.assign(**{name: "" for name in source.optional if name not in named})


def read_iris_outlines(path: Path, source: Source, *, communes: Collection[str]) -> gpd.GeoDataFrame:
    """Return the IRIS of some communes, their outlines repaired, in the CRS of the file.

    ``attrs`` lists ``repaired`` and ``empty``. A commune that is not divided has one IRIS, whose code ends in 0000.
    """
    frame = official_outlines(path, source)
    frame = frame[frame["citycode"].isin(list(communes))]
    absent = frame.geometry.isna() | frame.geometry.is_empty
    shaped = frame[~absent]
    broken = ~shaped.geometry.is_valid
    shaped = shaped.assign(geometry=shaped.geometry.copy())
    shaped.loc[broken, "geometry"] = polygonal(shaped.geometry[broken].to_numpy())
    shaped.attrs = {
        "repaired": sorted(shaped.loc[broken, "iris_code"]),
        "empty": sorted(frame.loc[absent, "iris_code"]),
    }
    return shaped


def read_iris_population(path: Path, source: Source, *, communes: Collection[str]) -> pd.Series:
    r"""Return the residents of each IRIS of some communes: persons, not whole, by ``iris_code``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo.official.catalogue import find_source
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "base-ic.csv"
    ...     _ = path.write_text("IRIS;COM;P21_POP\n930100101;93010;1894,5\n930080101;93008;9\n")
    ...     read_iris_population(path, find_source("iris_population"), communes=["93010"]).to_dict()
    {'930100101': 1894.5}
    """
    table = official_table(path, source)
    here = table[table["citycode"].isin(list(communes))].set_index("iris_code")
    return _numbers(here["population"], path.name)


def read_iris_income(path: Path, source: Source, *, communes: Collection[str]) -> pd.Series:
    r"""Return the median income of each IRIS of some communes, NaN where INSEE masks it.

    EUR a year and consumption unit.

    IRIS of small communes are not in the file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo.official.catalogue import find_source
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "filosofi.csv"
    ...     _ = path.write_text("IRIS;DISP_MED21\n930100101;18320\n930100102;ns\n")
    ...     read_iris_income(path, find_source("iris_income"), communes=["93010"]).tolist()
    [18320.0, nan]
    """
    table = official_table(path, source)
    here = table[table["iris_code"].str[:5].isin(list(communes))].set_index("iris_code")
    return _numbers(here["median_income"].mask(here["median_income"].str.lower().isin(MASKED)), path.name)


def iris_layer(
    outlines: Sequence[gpd.GeoDataFrame],
    population: pd.Series,
    income: pd.Series | None,
    *,
    communes: Collection[str],
    crs: str,
) -> gpd.GeoDataFrame:
    """Return the ``iris`` layer of a territory from outlines, one a department, population and income (else NaN).

    ``attrs`` lists ``repaired`` and ``empty`` outlines; where the two files are not of one geography, ``absent``,
    communes without IRIS, and ``without_population``, IRIS that the census file does not know; ``unplaced`` counts the
    residents whose IRIS has no outline.

    Raises
    ------
    SchemaError
        None of the communes has an IRIS with a population.
    """
    projected = [part.to_crs(crs) for part in outlines]
    frame = pd.concat(projected, ignore_index=True)
    if not frame["iris_code"].isin(population.index).any():
        raise SchemaError(tell("no_census_iris", communes=", ".join(communes)))
    people = frame["iris_code"].map(population)
    layer = frame[["iris_code", "name", "citycode", "city", "geometry"]].assign(
        population=people.fillna(0),
        median_income=float("nan") if income is None else frame["iris_code"].map(income),
        inhabited=people > 0,
    )
    checked = validate(gpd.GeoDataFrame(layer, geometry="geometry", crs=crs), "iris", source="IRIS").sort_index()
    checked.attrs = {
        "repaired": sorted(code for part in outlines for code in part.attrs.get("repaired", [])),
        "empty": sorted(code for part in outlines for code in part.attrs.get("empty", [])),
        "absent": [code for code in communes if code not in set(frame["citycode"])],
        "without_population": sorted(frame.loc[people.isna(), "iris_code"]),
        "unplaced": float(population[~population.index.isin(frame["iris_code"])].sum()),
    }
    return checked


def _numbers(texts: pd.Series, file: str) -> pd.Series:
    """Return texts as numbers, with a comma or a point; NaN only where there is none."""
    values = pd.to_numeric(texts.str.replace(r"\s", "", regex=True).str.replace(",", "."), errors="coerce")
    wrong = texts[values.isna() & texts.notna()]
    if len(wrong):
        message = tell(
            "official_not_number",
            file=file,
            name=wrong.name,
            index=wrong.index[0],
            iloc=wrong.iloc[0],
            wrong=len(wrong),
        )
        raise SourceChangedError(message)
    return values.astype(float)


def read_grid(path: Path, source: Source, *, crs: str, within: shapely.Geometry) -> gpd.GeoDataFrame:
    r"""Return the cells of the 200 m grid whose centre lies in a territory (``within``, in the metric ``crs``).

    Of a GeoPackage only the territory is read; the identifiers of a CSV say where cells are. Squares by ``cell_id``:
    ``ind`` (persons), ``ind_snv`` (sum of their standard of living, EUR a year), ``i_est_200`` (1 where INSEE imputed
    the cell) and ``men_pauv`` (poor households, NaN where the file does not tell), as
    :func:`essgeo.access.grid_points` takes them.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo.official.catalogue import find_source
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
    # A cell belongs to the territory of its centre, so that neighbouring territories share no resident.
    shapely.prepare(within)
    inside = cells[shapely.intersects(within, cells.geometry.centroid.to_numpy())]
    numbers = {name: _grid_numbers(inside[column], path.name) for column, name in _NUMBERS.items()}
    squares = gpd.GeoDataFrame(numbers, geometry=inside.geometry, crs=crs)
    return squares.set_axis(pd.Index(inside["cell_id"], name="cell_id"))


def cell_squares(cells: pd.Series, *, file: str) -> gpd.GeoSeries:
    """Return the square of each cell, from its identifier: CRS, side, and the lower left corner in metres.

    Examples
    --------
    >>> squares = cell_squares(pd.Series(["CRS3035RES200mN2891800E3770600"]), file="grid.csv")
    >>> squares.crs.to_epsg(), squares.iloc[0].bounds
    (3035, (3770600.0, 2891800.0, 3770800.0, 2892000.0))
    """
    parts = cells.str.extract(_CELL.pattern)
    wrong = cells[parts.isna().any(axis=1)]
    if len(wrong) or (parts[0] != parts[0].iloc[0]).any():
        what = tell("is_no_cell", value=wrong.iloc[0]) if len(wrong) else tell("cells_of_several_crs")
        raise SourceChangedError(tell("grid_identifiers", file=file, what=what))
    side, north, east = (parts[place].astype(float).to_numpy() for place in (1, 2, 3))
    squares = shapely.box(east, north, east + side, north + side)
    return gpd.GeoSeries(squares, index=cells.index, crs=int(parts[0].iloc[0]))


def _grid_numbers(texts: pd.Series, file: str) -> pd.Series:
    values = pd.to_numeric(texts.str.replace(",", "."), errors="coerce").astype(float)
    wrong = texts[values.isna() & (texts != "")]
    if len(wrong):
        message = tell("grid_not_number", file=file, name=texts.name, iloc=wrong.iloc[0], index=wrong.index[0])
        raise SourceChangedError(message)
    return values.replace([np.inf, -np.inf], np.nan)
