"""IRIS: outlines of the IGN, population and income of INSEE, joined into one layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from essgeo.errors import SchemaError, SourceChangedError
from essgeo.sources.readers.official import official_outlines, official_table
from essgeo.sources.zones import polygonal
from essgeo.validation import validate

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from essgeo.sources.catalogue import Source

MASKED = ("ns", "nd", "s", "")
"""How INSEE writes a figure that too few persons stand behind, or that it does not have."""


def read_iris_outlines(path: Path, source: Source, *, communes: Collection[str]) -> gpd.GeoDataFrame:
    """Return the IRIS of some communes, their outlines repaired, in the CRS of the file.

    Parameters
    ----------
    path
        Contours IRIS, of a department or of France.
    source
        ``iris`` of the catalogue.
    communes
        INSEE codes; a commune that is not divided has one IRIS, whose code ends in 0000.

    Returns
    -------
    GeoDataFrame
        ``iris_code``, ``name``, ``citycode``, ``city`` and ``geometry``. ``attrs`` lists ``repaired`` and ``empty``.

    Raises
    ------
    SourceChangedError, SchemaError, InputError
        The file cannot be read, or a column stands under none of its names.

    Examples
    --------
    >>> import pathlib, shapely, tempfile
    >>> from essgeo.sources.catalogue import find_source
    >>> given = {"CODE_IRIS": ["930100101"], "NOM_IRIS": ["Nord"], "INSEE_COM": ["93010"], "NOM_COM": ["Bondy"]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "CONTOURS-IRIS.gpkg"
    ...     gpd.GeoDataFrame(given, geometry=[shapely.box(0, 0, 1, 1)], crs=2154).to_file(path)
    ...     read_iris_outlines(path, find_source("iris"), communes=["93010"])["iris_code"].tolist()
    ['930100101']
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
    r"""Return the residents of each IRIS of some communes.

    Parameters
    ----------
    path
        The census file of INSEE (``base-ic-evol-struct-pop``).
    source
        ``iris_population`` of the catalogue.
    communes
        INSEE codes.

    Returns
    -------
    Series
        Persons, not whole, by ``iris_code``.

    Raises
    ------
    SourceChangedError
        A column stands under none of its names, or a population is not a number.
    InputError
        The file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo.sources.catalogue import find_source
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

    Parameters
    ----------
    path
        The Filosofi file of disposable income by IRIS.
    source
        ``iris_income`` of the catalogue.
    communes
        INSEE codes; an IRIS belongs to the commune its code begins with.

    Returns
    -------
    Series
        EUR a year and consumption unit, by ``iris_code``. IRIS of small communes are not in the file.

    Raises
    ------
    SourceChangedError
        A column stands under none of its names, or an income is neither a number nor a mask.
    InputError
        The file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from essgeo.sources.catalogue import find_source
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
    """Return the ``iris`` layer of a territory.

    Parameters
    ----------
    outlines
        From :func:`read_iris_outlines`, one a department.
    population, income
        From :func:`read_iris_population` and :func:`read_iris_income`; without income, ``median_income`` is NaN.
    communes
        INSEE codes of the territory.
    crs
        CRS of the result.

    Returns
    -------
    GeoDataFrame
        Index ``iris_code``. ``attrs`` lists ``repaired`` and ``empty`` outlines; where the two files are not of one
        geography, ``absent``, communes without IRIS, and ``without_population``, IRIS that the census file does not
        know; ``unplaced`` counts the residents whose IRIS has no outline.

    Raises
    ------
    SchemaError
        None of the communes has an IRIS with a population.

    Examples
    --------
    >>> import shapely
    >>> given = {"iris_code": ["930100101"], "name": ["Nord"], "citycode": ["93010"], "city": ["Bondy"]}
    >>> outlines = gpd.GeoDataFrame(given, geometry=[shapely.box(0, 0, 1, 1)], crs=2154)
    >>> people = pd.Series({"930100101": 1894.5})
    >>> iris_layer([outlines], people, None, communes=["93010"], crs="EPSG:2154")["population"].tolist()
    [1894.5]
    """
    projected = [part.to_crs(crs) for part in outlines]
    frame = pd.concat(projected, ignore_index=True)
    if not frame["iris_code"].isin(population.index).any():
        message = (
            f"IRIS: none of {', '.join(communes)} has an IRIS with an outline and a population. Check the INSEE codes "
            "of these communes: they change with mergers."
        )
        raise SchemaError(message)
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
    values = pd.to_numeric(texts.str.replace(r"\s", "", regex=True).str.replace(",", "."), errors="coerce")
    wrong = texts[values.isna() & texts.notna()]
    if len(wrong):
        message = (
            f"{file}: {wrong.name} of {wrong.index[0]} is {wrong.iloc[0]!r}, not a number ({len(wrong)} such rows)."
        )
        raise SourceChangedError(message)
    return values.astype(float)
