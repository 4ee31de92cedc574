"""Read a layer of a territory: from its file, checked against its contract, in the metric CRS of the territory."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import geopandas as gpd
import shapely

from essgeo.crs import GEOGRAPHIC
from essgeo.errors import SchemaError, SourceUnavailableError
from essgeo.layers import LAYERS
from essgeo.sources.structures import read_structures
from essgeo.sources.tables import read_table
from essgeo.sources.zones import read_outlines, read_zones
from essgeo.validation import raise_faults, validate
from essgeo.vocabulary import split_codes

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from essgeo.territory import Territory

_TABLES = ("addresses", "qpv_indicators", "seed_figures")
_POINTS = ("sites", "stations")
_OUTLINES = ("communes", "iris", "neighbourhoods", "npnru", "qpv")
LAYER_NAMES = (*_OUTLINES, *_POINTS, "structures", *_TABLES)


def read_layer(
    territory: Territory, layer: str, *, vintage: str | None = None, offline: bool = True
) -> gpd.GeoDataFrame | pd.DataFrame:
    """Return a layer of a territory, checked against its contract.

    Parameters
    ----------
    territory
        From :func:`essgeo.load_territory`.
    layer
        ``iris``, ``communes``, ``qpv``, ``npnru``, ``neighbourhoods``, ``structures``, ``addresses``, ``stations``,
        ``sites``, ``qpv_indicators`` or ``seed_figures``.
    vintage
        For ``qpv`` and ``npnru``: ``2024`` or ``2015``; by default that of the territory.
    offline
        Read only what is on the disk. Nothing else exists yet.

    Returns
    -------
    GeoDataFrame or DataFrame
        Indexed by identifier; geometry in the CRS of the territory (metres). ``structures``, ``addresses``,
        ``qpv_indicators`` and ``seed_figures`` are plain tables.

    Raises
    ------
    SourceUnavailableError
        The territory has no such layer or vintage, or its file is missing.
    SchemaError
        The file breaks the contract of the layer.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> territory = load_territory("est-ensemble")
    >>> read_layer(territory, "communes").loc["93010", "name"]
    'Bondy'
    >>> int(read_layer(territory, "iris")["population"].sum())
    438552
    """
    if not offline:
        message = "no layer can be fetched yet: only the data on the disk are read."
        raise SourceUnavailableError(message)
    if layer not in LAYER_NAMES:
        message = f"unknown layer {layer!r}; known: {', '.join(sorted(LAYER_NAMES))}."
        raise SchemaError(message)
    if layer == "structures":
        return read_structures(territory.file(layer).path)
    if layer in _TABLES:
        return _table(territory, layer)
    if layer in _POINTS:
        return _points(territory, layer)
    return _outlines(territory, layer, _iris(territory), vintage)


def _outlines(territory: Territory, layer: str, iris: gpd.GeoDataFrame, vintage: str | None) -> gpd.GeoDataFrame:
    if layer == "iris":
        return iris
    if layer == "communes":
        return _communes(iris)
    if layer == "neighbourhoods":
        return _neighbourhoods(territory, iris)
    qpv = _qpv(territory, iris, vintage or territory.vintage)
    return qpv if layer == "qpv" else _npnru(territory, qpv, vintage or territory.vintage)


def read_layers(
    territory: Territory, *, vintage: str | None = None, qpv: Path | str | None = None
) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers with a geometry that a study of a territory rests on, each file read once.

    Parameters
    ----------
    territory
        From :func:`essgeo.load_territory`.
    vintage
        Vintage of the QPV; by default that of the territory.
    qpv
        A file with the QPV of that vintage, instead of the territory's own; see :func:`essgeo.sources.read_zones`.

    Returns
    -------
    dict of GeoDataFrame
        ``iris``, ``communes``, ``neighbourhoods``, ``qpv``, ``npnru``, ``sites`` and ``stations``, each as
        :func:`read_layer` returns it.

    Raises
    ------
    SourceUnavailableError, InputError
        As for :func:`read_layer`.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> layers = read_layers(load_territory("est-ensemble"))
    >>> {name: len(layers[name]) for name in ("iris", "communes", "qpv")}
    {'iris': 161, 'communes': 9, 'qpv': 21}
    """
    iris = _iris(territory)
    year = vintage or territory.vintage
    zones = _qpv(territory, iris, year, qpv)
    return {
        "iris": iris,
        "communes": _communes(iris),
        "neighbourhoods": _neighbourhoods(territory, iris),
        "qpv": zones,
        "npnru": _npnru(territory, zones, year),
        **{name: _points(territory, name) for name in _POINTS},
    }


def _iris(territory: Territory) -> gpd.GeoDataFrame:
    path = territory.file("iris").path
    checked = validate(read_outlines(path), "iris", source=path.name)
    strangers = sorted(set(checked["citycode"]) - set(territory.communes))
    if strangers:
        message = f"{path.name}: IRIS of communes that are not in {territory.name}: {', '.join(strangers)}."
        raise SchemaError(message)
    return checked.to_crs(territory.crs).sort_index()


def _communes(iris: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    named = iris.reset_index(drop=True)[["citycode", "city", "population", "geometry"]]
    communes = named.dissolve(by="citycode", aggfunc={"city": "first", "population": "sum"})
    return communes.rename(columns={"city": "name"})[["name", "population", "geometry"]]


def _neighbourhoods(territory: Territory, iris: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    path = territory.file("neighbourhoods").path
    raw = read_table(path)
    table = validate(raw, "neighbourhoods", source=path.name)
    listed = [split_codes(codes) for codes in table["iris_codes"]]
    owner: dict[str, str] = {}
    faults = []
    for row, identifier, codes in zip(raw.index, table.index, listed, strict=True):
        unknown = ", ".join(code for code in codes if code not in iris.index)
        shared = ", ".join(f"{code} (in {owner[code]})" for code in codes if code in owner)
        if unknown:
            faults.append((int(row), "iris_codes", f"names IRIS that do not exist here: {unknown}"))
        if shared:
            faults.append((int(row), "iris_codes", f"names IRIS of another neighbourhood: {shared}"))
        owner |= dict.fromkeys(codes, str(identifier))
    raise_faults(path.name, faults)
    shapes = [shapely.union_all(iris.geometry.loc[codes].to_numpy()) for codes in listed]
    return gpd.GeoDataFrame(table, geometry=shapes, crs=territory.crs)


def _qpv(
    territory: Territory, iris: gpd.GeoDataFrame, vintage: str, path: Path | str | None = None
) -> gpd.GeoDataFrame:
    file = path or territory.file("qpv", vintage).path
    return read_zones(file, crs=territory.crs, vintage=vintage, within=iris.geometry.union_all())


def _npnru(territory: Territory, qpv: gpd.GeoDataFrame, vintage: str) -> gpd.GeoDataFrame:
    """Return the QPV in the urban renewal programme, each outline standing in for the perimeter of its project.

    No project perimeter is published for the whole country; the QPV outline is not it, and pages say so. ``programme``
    joins the names of the projects by ``;`` and ``interest`` is ``national`` if one of them is.
    """
    table = _table(territory, "npnru")
    code = f"qpv_{vintage}"
    if code not in table:
        name = territory.file("npnru").path.name
        known = ", ".join(column.removeprefix("qpv_") for column in table if column in {"qpv_2015", "qpv_2024"})
        message = f"{name}: no column {code}; the list names the QPV of {known} only."
        raise SchemaError(message)
    projects = table[(table["interest"] != "none") & (table[code] != "")]
    by_zone = projects.groupby(code).agg(
        programme=("project_name", lambda names: " ; ".join(dict.fromkeys(names))),
        interest=("interest", lambda values: "national" if "national" in set(values) else "regional"),
        confidence=("confidence", lambda values: " ; ".join(dict.fromkeys(values))),
    )
    joined = qpv.join(by_zone, how="inner").assign(kind="npnru").rename_axis("zone_id")
    return cast("gpd.GeoDataFrame", joined)


def _table(territory: Territory, layer: str) -> pd.DataFrame:
    path = territory.file(layer).path
    table = read_table(path)
    index = LAYERS[layer].index
    if index not in table:
        table.insert(0, index, [f"{layer}-{number}" for number in range(1, len(table) + 1)])
    return validate(table, layer, source=path.name)


def _points(territory: Territory, layer: str) -> gpd.GeoDataFrame:
    table = _table(territory, layer)
    points = gpd.GeoSeries(gpd.points_from_xy(table["lon"], table["lat"]), index=table.index, crs=GEOGRAPHIC)
    known = table["lon"].notna() & table["lat"].notna()
    plain = table.drop(columns=["lon", "lat"])
    return gpd.GeoDataFrame(plain, geometry=points.where(known, None)).to_crs(territory.crs)
