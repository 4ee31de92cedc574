"""Read a layer of a territory: from its file, checked against its contract, in the metric CRS of the territory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import shapely

from essgeo.crs import GEOGRAPHIC, require_crs
from essgeo.errors import SchemaError, SourceUnavailableError
from essgeo.layers import LAYERS
from essgeo.sources.aliases import QPV, guess_columns
from essgeo.sources.structures import read_structures
from essgeo.sources.tables import read_table
from essgeo.validation import validate
from essgeo.vocabulary import split_codes

if TYPE_CHECKING:
    import pandas as pd

    from collections.abc import Callable

    from essgeo.territory import Territory


def read_layer(
    territory: Territory, layer: str, *, vintage: str | None = None, offline: bool = True
) -> gpd.GeoDataFrame | pd.DataFrame:
    """Return a layer of a territory, checked against its contract.

    Parameters
    ----------
    territory
        From :func:`essgeo.load_territory`.
    layer
        ``iris``, ``communes``, ``qpv``, ``npnru``, ``neighbourhoods``, ``structures``, ``addresses``, ``stations``, ``sites``,
        ``qpv_indicators`` or ``seed_figures``.
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
    if layer == "communes":
        return _communes(_iris(territory))
    if layer == "qpv":
        file = territory.file("qpv", vintage or territory.vintage)
        return read_user_layer(file.path, "qpv", territory, vintage=file.vintage)
    if layer == "npnru":
        wanted = vintage or territory.vintage
        return npnru_zones(territory, cast("gpd.GeoDataFrame", read_layer(territory, "qpv", vintage=wanted)), wanted)
    if layer not in _READERS:
        message = f"unknown layer {layer!r}; known: communes, npnru, qpv, {', '.join(sorted(_READERS))}."
        raise SchemaError(message)
    return _READERS[layer](territory)


def read_user_layer(path: Path | str, layer: str, territory: Territory, *, vintage: str) -> gpd.GeoDataFrame:
    """Return zones from a file of the user, for example the official QPV of 2015.

    Parameters
    ----------
    path
        A GeoJSON, GeoPackage, GeoParquet or Shapefile with its CRS. Field names of the official releases are known
        (``CODE_QP``, ``code_qp``, ``NOM_QP``, ``lib_qp`` ...).
    layer
        ``qpv``.
    territory
        Its CRS is that of the result, and zones that touch none of its communes are left out.
    vintage
        The geography the file holds, written on every row.

    Returns
    -------
    GeoDataFrame
        Polygons indexed by ``zone_id``: name, kind, vintage, cities. Invalid outlines are repaired, empty ones left out;
        ``frame.attrs["repaired"]`` and ``frame.attrs["empty"]`` list their identifiers.

    Raises
    ------
    SourceUnavailableError, InputError
        The file is missing or unreadable, or has no CRS.
    SchemaError
        No column with the code or the name of the zones, or no zone in the territory.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> territory = load_territory("est-ensemble")
    >>> qpv = read_user_layer(territory.file("qpv").path, "qpv", territory, vintage="2024")
    >>> len(qpv), qpv.attrs["repaired"]
    (21, [])
    """
    path = Path(path)
    zones = _geographic(path)
    renamed = zones.rename(columns=guess_columns(zones.columns, QPV))
    missing = [name for name in ("zone_id", "name") if name not in renamed]
    if missing:
        message = f"{path.name}: no column was recognised as {' or '.join(missing)}. Columns seen: {', '.join(zones.columns)}."
        raise SchemaError(message)
    renamed = renamed.to_crs(territory.crs)
    renamed["cities"] = renamed["cities"] if "cities" in renamed else ""
    renamed["kind"], renamed["vintage"] = layer, vintage
    broken = ~renamed.geometry.is_valid
    repaired = renamed.loc[broken, "zone_id"].tolist()
    renamed.loc[broken, "geometry"] = [_polygonal(shape) for shape in renamed.geometry[broken]]
    nothing = renamed.geometry.isna() | renamed.geometry.is_empty
    empty = renamed.loc[nothing, "zone_id"].tolist()
    renamed = renamed[~nothing]
    outline = _iris(territory).geometry.union_all()
    here = cast("gpd.GeoDataFrame", renamed[renamed.geometry.intersects(outline)])
    if here.empty:
        message = f"{path.name}: none of its {len(renamed)} zones touches {territory.name}; is it the right file and CRS?"
        raise SchemaError(message)
    kept = here[["zone_id", "name", "kind", "vintage", "cities", "geometry"]]
    checked = validate(kept, "qpv", source=path.name, first_row=1).sort_index()
    checked.attrs = {"repaired": repaired, "empty": empty}
    return checked


def _polygonal(shape: shapely.Geometry) -> shapely.Geometry:
    repaired = shapely.make_valid(shape)
    parts = [part for part in shapely.get_parts(repaired) if part.geom_type in {"Polygon", "MultiPolygon"}]
    return shapely.union_all(parts)


def _geographic(path: Path) -> gpd.GeoDataFrame:
    frame = read_table(path)
    if not isinstance(frame, gpd.GeoDataFrame):
        message = f"{path.name}: no geometry; give a GeoJSON, GeoPackage, GeoParquet or Shapefile."
        raise SchemaError(message)
    require_crs(frame, path.name)
    return frame if frame.geometry.name == "geometry" else frame.rename_geometry("geometry")


def _iris(territory: Territory) -> gpd.GeoDataFrame:
    path = territory.file("iris").path
    checked = validate(_geographic(path), "iris", source=path.name, first_row=1)
    strangers = sorted(set(checked["citycode"]) - set(territory.communes))
    if strangers:
        message = f"{path.name}: IRIS of communes that are not in {territory.name}: {', '.join(strangers)}."
        raise SchemaError(message)
    return checked.to_crs(territory.crs).sort_index()


def _communes(iris: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    named = iris.reset_index(drop=True)[["citycode", "city", "population", "geometry"]]
    communes = named.dissolve(by="citycode", aggfunc={"city": "first", "population": "sum"})
    return communes.rename(columns={"city": "name"})[["name", "population", "geometry"]]


def _neighbourhoods(territory: Territory) -> gpd.GeoDataFrame:
    path = territory.file("neighbourhoods").path
    table = validate(read_table(path), "neighbourhoods", source=path.name)
    iris = _iris(territory)
    shapes = []
    for row, (identifier, codes) in enumerate(table["iris_codes"].items(), start=2):
        listed = split_codes(codes)
        unknown = [code for code in listed if code not in iris.index]
        if unknown:
            message = f"{path.name}: row {row}, field iris_codes: {identifier} names IRIS that do not exist here: {', '.join(unknown)}."
            raise SchemaError(message)
        shapes.append(shapely.union_all(iris.geometry.loc[listed].to_numpy()))
    return gpd.GeoDataFrame(table, geometry=shapes, crs=territory.crs)


def npnru_zones(territory: Territory, qpv: gpd.GeoDataFrame, vintage: str) -> gpd.GeoDataFrame:
    """Return the QPV in the urban renewal programme, each outline standing in for the perimeter of its project.

    No project perimeter is published for the whole country; the QPV outline is not it, and pages say so.

    Parameters
    ----------
    territory
        The territory.
    qpv
        Its QPV.
    vintage
        Their vintage: the list names the QPV of 2015 and those of 2024 that carry on their number.

    Returns
    -------
    GeoDataFrame
        Index ``zone_id``: ``name``, ``kind``, ``vintage``, ``cities``, ``programme`` (projects, joined by `` ; ``), ``interest``
        (``national`` if one of them is), ``confidence``.

    Raises
    ------
    SchemaError
        The list has no column for that vintage.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> here = load_territory("est-ensemble")
    >>> npnru_zones(here, read_layer(here, "qpv"), "2024").loc["QN09318M", "interest"]
    'regional'
    """
    table = _table(territory, "npnru")
    code = f"qpv_{vintage}"
    if code not in table:
        message = f"{territory.file('npnru').path.name}: no column {code}; the list names the QPV of 2015 and 2024 only."
        raise SchemaError(message)
    projects = table[(table["interest"] != "none") & (table[code] != "")]
    by_zone = projects.groupby(code).agg(
        programme=("project_name", lambda names: " ; ".join(dict.fromkeys(names))),
        interest=("interest", lambda values: "national" if "national" in set(values) else "regional"),
        confidence=("confidence", lambda values: " ; ".join(dict.fromkeys(values))),
    )
    return cast("gpd.GeoDataFrame", qpv.join(by_zone, how="inner").assign(kind="npnru").rename_axis("zone_id"))


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
    return gpd.GeoDataFrame(table.drop(columns=["lon", "lat"]), geometry=points.where(known, None)).to_crs(territory.crs)


_READERS: dict[str, Callable[[Territory], gpd.GeoDataFrame | pd.DataFrame]] = {
    "iris": _iris,
    "neighbourhoods": _neighbourhoods,
    "structures": lambda territory: read_structures(territory.file("structures").path),
    "addresses": lambda territory: _table(territory, "addresses"),
    "sites": lambda territory: _points(territory, "sites"),
    "stations": lambda territory: _points(territory, "stations"),
    "seed_figures": lambda territory: _table(territory, "seed_figures"),
    "qpv_indicators": lambda territory: _table(territory, "qpv_indicators"),
}
