"""Read the layers of a territory: from their files, checked against their contracts, in the metric CRS it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.crs import GEOGRAPHIC, require_crs
from essgeo.errors import SchemaError
from essgeo.files.geographic import is_nowhere
from essgeo.files.perimeters import empty_layer, perimeters_in, read_zones, renewal_projects, renewal_zones
from essgeo.files.structures import structures_of
from essgeo.files.tables import read_outlines, read_table
from essgeo.messages import tell
from essgeo.schema.columns import HEADERS, LAYERS, TABLES
from essgeo.schema.names import guess_columns, simplify
from essgeo.schema.validate import raise_faults, row_label, validate
from essgeo.schema.vocabulary import split_codes
from essgeo.text.languages import words

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.schema.columns import Headers
    from essgeo.territory import Territory

CONTEXT = ("demands", "rail")
"""Layers that are read and checked, and that no figure of a study rests on."""

_LINES = ("LineString", "MultiLineString")

_TABLES = (
    *("addresses", "aims", "associations_contrat_de_ville", "iris_indicators", "outside_support", "qpv_indicators"),
    *("relations", "seed_figures"),
    *(layer for layer in CONTEXT if layer != "rail"),
)

POINT_LAYERS = tuple(
    name
    for name, layer in LAYERS.items()
    if name in TABLES and name != "structures" and any(field.name == "lon" for field in layer.fields)
)
"""Published layers that are read by longitude and latitude: ``stations``, ``sites``; structures may have neither."""

_OUTLINES = ("communes", "iris", "neighbourhoods", "npnru", "qpv")

LAYER_NAMES = (*_OUTLINES, *POINT_LAYERS, "rail", "structures", *_TABLES)


def read_layers(
    territory: Territory,
    *,
    vintage: str | None = None,
    qpv: Path | str | None = None,
    npnru: Path | None = None,
    headers: Headers = HEADERS,
) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers with a geometry that a study of a territory rests on, each file read once.

    Parameters
    ----------
    territory
        From :func:`essgeo.load_territory`.
    vintage
        Vintage of the QPV; by default that of the territory.
    qpv
        A file with the QPV of that vintage, instead of the territory's own; see
        :func:`essgeo.files.perimeters.read_zones`.
    npnru
        Perimeters of renewal projects, or a list of QPV, instead of the territory's own; see
        :func:`essgeo.files.perimeters.read_renewal`.
    headers
        The names that columns carry in files; :func:`essgeo.official.catalogue.known_headers` adds those of the user.

    Returns
    -------
    dict of GeoDataFrame
        ``iris``, ``communes``, ``neighbourhoods``, ``qpv``, ``npnru``, ``sites`` and ``stations``, each as
        :func:`own_layer` returns it.

    Raises
    ------
    SourceUnavailableError, InputError
        As for :func:`own_layer`.

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
        "communes": communes_of(iris),
        "neighbourhoods": _neighbourhoods(territory, zones, iris),
        "qpv": zones,
        "npnru": _renewal(territory, zones, year, iris, given=npnru, headers=headers),
        **{name: _points(territory, name) for name in POINT_LAYERS},
    }


def own_layer(territory: Territory, layer: str, *, vintage: str | None = None) -> gpd.GeoDataFrame | pd.DataFrame:
    """Return a layer of a territory from its own file, as :func:`essgeo.read_layer` does without a network.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> own_layer(load_territory("est-ensemble"), "communes").loc["93010", "name"]
    'Bondy'
    """
    if layer not in LAYER_NAMES:
        raise SchemaError(tell("layer_unknown", layer=layer, layer_names=", ".join(sorted(LAYER_NAMES))))
    if layer == "structures":
        path = territory.file(layer).path
        return structures_of(read_table(path), source=path.name)[0]
    if layer in _TABLES:
        return _table(territory, layer)
    if layer in (*POINT_LAYERS, "rail"):
        return _rail(territory) if layer == "rail" else _points(territory, layer)
    iris, year = _iris(territory), vintage or territory.vintage
    if layer in {"iris", "communes"}:
        return iris if layer == "iris" else communes_of(iris)
    # The outlines of QPV are wanted only where no list of the territory names its neighbourhoods.
    named = layer == "neighbourhoods" and territory.declares(layer)
    qpv = empty_layer("qpv", territory.crs) if named else _qpv(territory, iris, year)
    if layer == "neighbourhoods":
        return _neighbourhoods(territory, qpv, iris)
    return qpv if layer == "qpv" else _renewal(territory, qpv, year, iris)


def own_projects(territory: Territory) -> pd.DataFrame:
    """Return the renewal projects that a territory lists itself, each with its QPV of both vintages."""
    return _table(territory, "npnru")


def areas_as_neighbourhoods(qpv: gpd.GeoDataFrame, communes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the QPV of a territory, or its communes where it has none, as its target neighbourhoods.

    The outline and not a list of IRIS says who lives there: ``iris_codes`` is empty. ``city`` is the commune that holds
    most of it; ``note`` and ``note_fr`` say what stands in.

    Examples
    --------
    >>> from essgeo import load_territory, read_layer
    >>> here = load_territory("est-ensemble")
    >>> areas_as_neighbourhoods(read_layer(here, "qpv"), read_layer(here, "communes")).loc["qn09314m", "city"]
    'Bondy'
    """
    kind, areas = ("qpv", qpv) if len(qpv) else ("commune", communes)
    # One row a pair of an area and a commune that share some ground; of each area the largest stays. Areas are told by
    # their position, because the overlay loses the index.
    shared = gpd.overlay(
        gpd.GeoDataFrame({"area": range(len(areas))}, geometry=areas.geometry.to_numpy(), crs=areas.crs),
        gpd.GeoDataFrame({"citycode": communes.index}, geometry=communes.geometry.to_numpy(), crs=communes.crs),
        keep_geom_type=True,
    )
    largest = shared.assign(size=shared.area).sort_values("size").drop_duplicates("area", keep="last")
    citycodes = largest.set_index("area")["citycode"].sort_index().to_numpy()
    vintages = {f"qpv_{year}": "" for year in ("2015", "2024")}
    if kind == "qpv":
        vintages[f"qpv_{areas['vintage'].iloc[0]}"] = areas.index
    frame = gpd.GeoDataFrame(
        {
            "name": areas["name"].to_numpy(),
            "city": communes["name"].reindex(citycodes).to_numpy(),
            "citycode": citycodes,
            "iris_codes": "",
            **vintages,
            "note": words("en")["notes"][f"each_{kind}"],
            "note_fr": words("fr")["notes"][f"each_{kind}"],
        },
        geometry=areas.geometry.to_numpy(),
        crs=areas.crs,
        index=pd.Index([simplify(str(code)).replace("_", "-") for code in areas.index], name="neighbourhood_id"),
    )
    return cast("gpd.GeoDataFrame", frame)


def communes_of(iris: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the communes that IRIS make up, with their population.

    Examples
    --------
    >>> named = {"citycode": ["93010", "93010"], "city": "Bondy", "population": [1.0, 2.0]}
    >>> squares = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    >>> communes_of(gpd.GeoDataFrame(named, geometry=squares, crs=2154))["population"].to_dict()
    {'93010': 3.0}
    """
    groups = pd.DataFrame(iris).reset_index(drop=True)[["citycode", "city", "population"]].groupby("citycode")
    communes = groups.agg({"city": "first", "population": "sum"}).rename(columns={"city": "name"})
    outlines = iris.geometry.to_numpy()
    shapes = [shapely.union_all(outlines[groups.indices[code]]) for code in communes.index]
    return gpd.GeoDataFrame(communes, geometry=shapes, crs=iris.crs)


def read_neighbourhoods(path: Path, iris: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the target neighbourhoods of a file, each with its own outline or that of its IRIS, in their CRS.

    A neighbourhood that names IRIS that do not exist, or that stand in another one, or that has neither IRIS nor an
    outline, is refused. Its identifier follows from its name, its commune from its IRIS, where the file has none.
    """
    raw = read_table(path)
    raw = raw.rename(columns=guess_columns(raw.columns, HEADERS["neighbourhoods"]))
    outlines: gpd.GeoSeries | None = None
    if isinstance(raw, gpd.GeoDataFrame) and raw.active_geometry_name:
        require_crs(raw, path.name)
        outlines = raw.geometry.to_crs(iris.crs)
        outlines = outlines.mask(is_nowhere(outlines), None)
        raw = pd.DataFrame(raw.drop(columns=outlines.name))
    if "name" in raw and "neighbourhood_id" not in raw:
        raw["neighbourhood_id"] = raw["name"].map(lambda name: simplify(name).replace("_", "-"))
    places = None if {"city", "citycode"} <= set(raw) else _main_iris(raw, outlines, iris)
    if places is not None:
        raw = raw.assign(**{name: places[name].to_numpy() for name in ("city", "citycode") if name not in raw})
    absent = [name for name in ("qpv_2015", "qpv_2024", "note") if name not in raw]
    table = validate(raw.assign(**dict.fromkeys(absent, "")), "neighbourhoods", source=path.name)
    listed = [split_codes(codes) for codes in table["iris_codes"]]
    owner: dict[str, str] = {}
    faults = []
    drawn = np.zeros(len(raw), dtype=bool) if outlines is None else (outlines.notna() & ~outlines.is_empty).to_numpy()
    for row, identifier, codes, shown in zip(raw.index, table.index, listed, drawn, strict=True):
        if not codes and not shown:
            faults.append((row_label(row), "iris_codes", tell("is_without_iris")))
        unknown = ", ".join(code for code in codes if code not in iris.index)
        shared = ", ".join(f"{code} (in {owner[code]})" for code in codes if code in owner)
        if unknown:
            faults.append((row_label(row), "iris_codes", tell("names_no_iris", unknown=unknown)))
        if shared:
            faults.append((row_label(row), "iris_codes", tell("names_shared_iris", shared=shared)))
        owner |= dict.fromkeys(codes, str(identifier))
    raise_faults(path.name, faults)
    shapes = [shapely.union_all(iris.geometry.loc[codes].to_numpy()) for codes in listed]
    if outlines is not None:
        own = outlines.make_valid().to_numpy()
        shapes = [own[i] if drawn[i] else shape for i, shape in enumerate(shapes)]
    return gpd.GeoDataFrame(table, geometry=shapes, crs=iris.crs)


def _main_iris(raw: pd.DataFrame, outlines: gpd.GeoSeries | None, iris: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the IRIS that says the commune of each row: the first that it lists, else the one it covers most."""
    found = []
    for place, codes in enumerate(raw.get("iris_codes", pd.Series("", index=raw.index))):
        known = [code for code in split_codes(codes) if code in iris.index]
        if not known and outlines is not None and outlines.iloc[place] is not None:
            shared = iris.intersection(outlines.iloc[place].buffer(0)).area
            known = [shared.idxmax()] if shared.max() > 0 else []
        found.append(known[0] if known else None)
    return pd.DataFrame(iris[["city", "citycode"]]).reindex(found)


def _neighbourhoods(territory: Territory, qpv: gpd.GeoDataFrame, iris: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the target neighbourhoods of the territory; its QPV, else its communes, stand in where it names none."""
    if territory.declares("neighbourhoods"):
        return read_neighbourhoods(territory.file("neighbourhoods").path, iris)
    return areas_as_neighbourhoods(qpv, communes_of(iris))


def _iris(territory: Territory) -> gpd.GeoDataFrame:
    path = territory.file("iris").path
    checked = validate(_with_known_iris(read_outlines(path)), "iris", source=path.name)
    strangers = sorted(set(checked["citycode"]) - set(territory.communes))
    if strangers:
        message = tell("iris_of_strangers", name=path.name, name_2=territory.name, strangers=", ".join(strangers))
        raise SchemaError(message)
    return checked.to_crs(territory.crs).sort_index()


def _with_known_iris(raw: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return IRIS under the names of the layer: INSEE's are known; commune and inhabited follow from the rest."""
    iris = raw.rename(columns=guess_columns(raw.columns, HEADERS["iris"]))
    if "iris_code" in iris and "citycode" not in iris:
        iris["citycode"] = iris["iris_code"].str[:5]
    if "population" in iris and "inhabited" not in iris:
        people = pd.to_numeric(iris["population"].astype(str).str.replace(",", "."), errors="coerce")
        iris["inhabited"] = (people > 0).map({True: "true", False: "false"})
    return iris


def _qpv(
    territory: Territory, iris: gpd.GeoDataFrame, vintage: str, path: Path | str | None = None
) -> gpd.GeoDataFrame:
    file = path or territory.file("qpv", vintage).path
    whole = iris.geometry.union_all()
    # Most towns have no QPV, and say so by a file without rows; one that is given for the occasion holds some.
    return read_zones(file, crs=territory.crs, vintage=vintage, within=whole, min_rows=int(path is not None))


def _renewal(
    territory: Territory,
    qpv: gpd.GeoDataFrame,
    vintage: str,
    iris: gpd.GeoDataFrame,
    *,
    given: Path | None = None,
    headers: Headers = HEADERS,
) -> gpd.GeoDataFrame:
    """Return the perimeters of a file of the user or of the territory, else the QPV that it lists."""
    if given is None and not territory.declares("npnru"):
        return qpv.iloc[:0].assign(kind="npnru", programme="", interest="", confidence="")
    path = given or territory.file("npnru").path
    table = read_table(path, min_rows=int(given is not None))
    if table.empty:
        return qpv.iloc[:0].assign(kind="npnru", programme="", interest="", confidence="")
    if not given and not (isinstance(table, gpd.GeoDataFrame) and table.active_geometry_name):
        return renewal_zones(_checked(table, "npnru", path.name), qpv, vintage=vintage)
    projects = renewal_projects(table, source=path.name, headers=headers)
    if isinstance(projects, gpd.GeoDataFrame):
        return perimeters_in(projects, file=path.name, crs=territory.crs, within=iris.geometry.union_all())
    return renewal_zones(projects, qpv, vintage=vintage)


def _table(territory: Territory, layer: str) -> pd.DataFrame:
    path = territory.file(layer).path
    table = read_table(path, min_rows=0)
    return _checked(table, layer, path.name) if len(table) else pd.DataFrame(empty_layer(layer, territory.crs))


def _checked(table: pd.DataFrame, layer: str, source: str) -> pd.DataFrame:
    index = LAYERS[layer].index
    if index not in table:
        table.insert(0, index, [f"{layer}-{number}" for number in range(1, len(table) + 1)])
    return validate(table, layer, source=source)


def _rail(territory: Territory) -> gpd.GeoDataFrame:
    """Return the lines of a base map; anything else than a line is refused."""
    path = territory.file("rail").path
    lines = cast("gpd.GeoDataFrame", _checked(read_outlines(path), "rail", path.name))
    other = [(row, kind) for row, kind in enumerate(lines.geom_type, start=1) if kind not in _LINES]
    raise_faults(path.name, [(row, "geometry", tell("is_no_line", kind=kind)) for row, kind in other])
    return lines.to_crs(territory.crs)


def _points(territory: Territory, layer: str) -> gpd.GeoDataFrame:
    if not territory.declares(layer):
        return empty_layer(layer, territory.crs)
    table = _table(territory, layer)
    points = gpd.GeoSeries(gpd.points_from_xy(table["lon"], table["lat"]), index=table.index, crs=GEOGRAPHIC)
    known = table["lon"].notna() & table["lat"].notna()
    plain = table.drop(columns=["lon", "lat"])
    return gpd.GeoDataFrame(plain, geometry=points.where(known, None)).to_crs(territory.crs)
