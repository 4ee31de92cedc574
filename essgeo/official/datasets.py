"""Any official table by its entry in the catalogue: its known columns, checked, with units, vintage and licence."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from essgeo.crs import GEOGRAPHIC
from essgeo.errors import InputError, SourceChangedError, SourceUnavailableError
from essgeo.messages import tell
from essgeo.official.catalogue import find_source, to_give
from essgeo.official.census import MASKED, official_outlines, official_table
from essgeo.official.formats import absent_in
from essgeo.official.sirene import database, list_texts, scan
from essgeo.schema.columns import COLUMNS, Layer
from essgeo.schema.validate import ROW, validate

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from essgeo.official.catalogue import Source

_NUMBERS = ("number", "integer")

_SAID = ("title", "publisher", "licence", "vintage", "unverified")

_SPACES = "[\\s\u00a0\u202f]"


def read_official(
    name: str, path: Path, *, only: Mapping[str, Collection[str]] | None = None, crs: str = GEOGRAPHIC
) -> pd.DataFrame:
    r"""Return an official file as its entry in the catalogue describes it, its known columns alone.

    No column that the catalogue does not name is read: neither persons nor telephones leave the file. A file of Parquet
    or CSV is never held in memory whole.

    Parameters
    ----------
    name
        A source of the catalogue with columns: ``schools``, ``facilities``, ``social_housing`` ...
    path
        Its file, as :func:`essgeo.official.fetch.fetch` returns it.
    only
        By column, the values to keep: ``{"citycode": ["93010"]}``.
    crs
        The CRS of the points or lines.

    Returns
    -------
    DataFrame or GeoDataFrame
        A column a name of the catalogue, with the type and bounds that ``essgeo/schema/columns.csv`` gives it; an
        optional one that the file has not is empty, and what INSEE masks is missing. The index is the column of the
        entry that no two rows share, else the row. A file with a geometry, or longitudes and latitudes, has it.
        ``attrs``: ``source``, ``title``, ``publisher``, ``licence``, ``vintage``, ``unverified``, ``units`` (by column
        and language), ``absent`` (optional columns that the file should have and has not).

    Raises
    ------
    SourceUnavailableError
        Nobody has read the columns of that source, and the file has not those that are likely: name them in a
        ``sources.toml``.
    SourceChangedError
        A column is not there under any of its names.
    SchemaError
        A value is not what its column holds.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "rpls.csv"
    ...     _ = path.write_text("CodGeo;nbLsPls;other\n930100101;120;x\n930100102;s;x\n")
    ...     homes = read_official("social_housing", path)
    >>> homes["social_dwellings"].tolist(), homes.attrs["units"]["social_dwellings"]["en"]
    ([120.0, nan], 'dwellings')
    """
    source = find_source(name)
    wanted = {column: list(values) for column, values in (only or {}).items()}
    if unknown := sorted(wanted.keys() - source.columns.keys()):
        message = tell("source_no_column", id=name, unknown=", ".join(unknown), known=", ".join(source.columns))
        raise InputError(message)
    try:
        table = _rows(path, source, wanted)
    except SourceChangedError as error:
        if "columns" in source.unverified:  # they have not changed: nobody has read them
            raise SourceUnavailableError(to_give(source), cause="page") from error
        raise
    numbers = [column for column in source.columns if COLUMNS[column].kind in _NUMBERS]
    for column in numbers:
        texts = table[column].str.replace(_SPACES, "", regex=True)
        table[column] = texts.mask(texts.str.lower().isin(MASKED), "")
    checked = validate(table, _contract(source), source=path.name)
    if not isinstance(checked, gpd.GeoDataFrame) and {"lon", "lat"} <= set(checked):
        points = gpd.points_from_xy(checked["lon"], checked["lat"])
        shown = gpd.GeoSeries(points, index=checked.index, crs=GEOGRAPHIC).where(checked["lon"].notna(), None)
        checked = gpd.GeoDataFrame(checked, geometry=shown)
    if isinstance(checked, gpd.GeoDataFrame):
        checked = checked.to_crs(crs)
    checked.attrs = {"source": source.id} | {said: getattr(source, said) for said in _SAID}
    checked.attrs["units"] = {column: dict(COLUMNS[column].unit) for column in numbers if COLUMNS[column].unit}
    checked.attrs["absent"] = absent_in(path, source)
    return checked


def _rows(path: Path, source: Source, wanted: Mapping[str, list[str]]) -> pd.DataFrame:
    """Return the wanted rows of a file as text, numbered from 1."""
    if source.format in {"csv", "csv.gz", "parquet"}:
        with database() as base:
            file = scan(base, path, source)
            columns = ", ".join(f"trim({text}) AS {column}" for column, text in file.text.items())
            kept = []
            for place, (column, values) in enumerate(wanted.items()):
                list_texts(base, f"wanted_{place}", "value", values)
                kept.append(f"trim({file.text[column]}) IN (SELECT value FROM wanted_{place})")
            where = f" WHERE {' AND '.join(kept)}" if kept else ""
            table = base.execute(f"SELECT {columns} FROM {file.table}{where} ORDER BY ALL").df()
    else:
        table = (official_outlines if source.format == "geojson" else official_table)(path, source)
        for column, values in wanted.items():
            table = table[table[column].isin(values)]
    return table.set_axis(pd.RangeIndex(1, len(table) + 1, name=ROW))


def _contract(source: Source) -> Layer:
    """Return what the table of a source must hold: the columns of the catalogue, as the schema types them."""
    fields = tuple(
        replace(COLUMNS[column], optional=column in source.optional, allowed=None)
        for column in source.columns
        if column != source.index
    )
    return Layer(source.id, source.index or ROW, fields)
