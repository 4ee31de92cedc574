"""The layers of a territory from official files."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import geopandas as gpd
import pandas as pd

from essgeo.errors import InputError, SourceChangedError, SourceUnavailableError
from essgeo.files.layers import (
    POINT_LAYERS,
    areas_as_neighbourhoods,
    communes_of,
    own_layer,
    own_projects,
    read_neighbourhoods,
)
from essgeo.files.perimeters import empty_layer, perimeters_in, read_renewal, read_zones, renewal_zones
from essgeo.files.provenance import given_input
from essgeo.messages import language, tell
from essgeo.official.catalogue import find_source, known_headers, read_catalogue
from essgeo.official.census import iris_layer, read_grid, read_iris_income, read_iris_outlines, read_iris_population
from essgeo.official.live import Found, Live, find, gather, input_of, own_input
from essgeo.official.readers import read_cartofriches, read_npnru, read_qpv, read_stations
from essgeo.schema.columns import LAYERS
from essgeo.text.languages import number, words

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import shapely

    from essgeo.messages import Lang
    from essgeo.territory import Territory


MAX_RATIO_TO_CENSUS = 2.0

NEIGHBOURHOODS = "neighbourhoods.csv"

RENEWAL_VINTAGE = "2015"
"""Vintage of the QPV that the renewal programme names."""

OFFICIAL = ("iris", "communes", "qpv", "npnru", "neighbourhoods", "sites", "stations")


def live_iris(live: Live) -> Found[gpd.GeoDataFrame]:
    """Return the ``iris`` layer: outlines of the IGN, population and income of INSEE.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> found = live_iris(Live(load_territory("est-ensemble"), fetch=unreachable))
    >>> len(found.value), [source.file for source in found.inputs]
    (161, ['iris.geojson'])
    """
    here = live.territory

    def counted(files: Mapping[str, list[Path]]) -> tuple[gpd.GeoDataFrame, list[str] | None]:
        parts = [read_iris_outlines(path, find_source("iris"), communes=here.communes) for path in files["iris"]]
        (path,) = files["iris_population"]
        people = read_iris_population(path, find_source("iris_population"), communes=here.communes)
        iris = iris_layer(parts, people, None, communes=here.communes, crs=here.crs)
        return iris, _mismatches(iris, live.lang)

    outlines = find(live, "iris", ["iris", "iris_population"], counted, lambda: (own_layer(here, "iris"), None))
    iris, mismatches = outlines.value
    if mismatches is None:  # the territory's own file, which has incomes
        return gather(iris, outlines)
    income = find_source("iris_income")
    median = find(
        live,
        "iris",
        ["iris_income"],
        lambda files: read_iris_income(files[income.id][0], income, communes=here.communes),
        lambda: own_layer(here, "iris")["median_income"],
        nothing=lambda: pd.Series(dtype=float),
    )
    with_income = iris.assign(median_income=median.value.reindex(iris.index).to_numpy(dtype=float))
    return gather(with_income, outlines, Found(None, notes=tuple(mismatches)), median)


def live_cells(live: Live, *, within: shapely.Geometry, residents: float) -> Found[gpd.GeoDataFrame | None]:
    """Return the 200 m population grid of the territory (``within``, in its CRS), None where there is none.

    The grid is of another year than the census and counts tax households, so that the two differ by a few per cent. A
    grid that holds less than half or more than twice the ``residents`` of the census is of another place.
    """
    here = live.territory

    def cells(files: Mapping[str, list[Path]]) -> gpd.GeoDataFrame | None:
        parts = [read_grid(path, find_source("grid_200m"), crs=here.crs, within=within) for path in files["grid_200m"]]
        found = pd.concat(parts)
        held = float(found["ind"].sum())
        if not residents / MAX_RATIO_TO_CENSUS <= held <= residents * MAX_RATIO_TO_CENSUS:
            message = tell("grid_total", held=number(held, language.get()), residents=number(residents, language.get()))
            raise SourceChangedError(message, cause="elsewhere")
        return cast("gpd.GeoDataFrame", found)

    return find(live, "demand", ["grid_200m"], cells, nothing=lambda: None)


def _mismatches(iris: gpd.GeoDataFrame, lang: Lang) -> list[str]:
    """Return a sentence for each thing that outlines and census do not have in common."""
    found = {
        "absent": ", ".join(iris.attrs["absent"]),
        "without_population": ", ".join(iris.attrs["without_population"]),
        "unplaced": f"{iris.attrs['unplaced']:.0f}" if iris.attrs["unplaced"] else "",
        "empty": ", ".join(iris.attrs["empty"]),
    }
    return [words(lang)["live"][what].format(which=text) for what, text in found.items() if text]


def live_sites(live: Live) -> Found[gpd.GeoDataFrame]:
    """Return the territory's own sites, if it has some, and the brownfield sites of Cartofriches."""
    here, source = live.territory, find_source("cartofriches")
    found = find(
        live,
        "sites",
        ["cartofriches"],
        lambda files: read_cartofriches(files[source.id][0], source, communes=here.communes, crs=here.crs),
        lambda: own_layer(here, "sites"),
        nothing=lambda: empty_layer("sites", here.crs),
    )
    joined = _joined(own_layer(here, "sites"), found.value) if here.declares("sites") else found.value
    return gather(joined, found, own_input(here, "sites", found))


def live_stations(live: Live, *, within: shapely.Geometry) -> Found[gpd.GeoDataFrame]:
    """Return the stations that are open, and those that the territory's own file says are planned."""
    here, source = live.territory, find_source("stations")
    found = find(
        live,
        "stations",
        ["stations"],
        lambda files: read_stations(files[source.id][0], source, crs=here.crs, within=within),
        lambda: own_layer(here, "stations"),
        nothing=lambda: empty_layer("stations", here.crs),
    )
    if not here.declares("stations"):
        return found
    own = own_layer(here, "stations")
    joined = _joined(found.value, own[own["status"] == "planned"])
    return gather(joined, found, own_input(here, "stations", found))


def _joined(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if not len(second):
        return first
    fresh = second[~second.index.isin(first.index)]
    joined = pd.concat([first, fresh])
    text = [name for name in joined if joined[name].dtype == object and name != joined.geometry.name]
    return cast("gpd.GeoDataFrame", joined.assign(**{name: joined[name].fillna("") for name in text}))


def live_qpv(live: Live, *, vintage: str, within: shapely.Geometry) -> Found[gpd.GeoDataFrame]:
    """Return the QPV of a vintage that lie in the territory.

    Raises
    ------
    InputError
        There is no official source of that vintage.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> live_qpv(Live(load_territory("est-ensemble")), vintage="2030", within=None)
    Traceback (most recent call last):
    ...
    essgeo.errors.InputError: no official QPV of vintage 2030; known: 2015, 2024. Give a file (--qpv FILE).
    """
    here, name = live.territory, f"qpv_{vintage}"
    known = [source.vintage for source in read_catalogue().values() if source.layer == "qpv"]
    if vintage not in known:
        raise InputError(tell("qpv_vintage_unknown", vintage=vintage, known=", ".join(sorted(known))))

    source = find_source(name)
    return find(
        live,
        "qpv",
        [name],
        lambda files: read_qpv(files[name][0], source, crs=here.crs, within=within),
        lambda: own_layer(here, "qpv", vintage=vintage),
    )


def live_perimeters(
    live: Live, *, within: shapely.Geometry, given: Path | None = None
) -> Found[gpd.GeoDataFrame] | None:
    """Return the perimeters of renewal projects of the user, else of the territory; None where their file is a list.

    As :func:`essgeo.files.perimeters.perimeters_in`. A file that is missing, unreadable, or of which no perimeter lies
    in the territory, is an error.
    """
    here = live.territory
    own = here.file("npnru") if given is None and here.declares("npnru") else None
    path = own.path if own else given
    projects = read_renewal(path, headers=known_headers()) if path else None
    if path is None or not isinstance(projects, gpd.GeoDataFrame):
        return None
    found = perimeters_in(projects, file=path.name, crs=here.crs, within=within)
    return Found(found, (input_of(own),) if own else ())


def live_projects(live: Live, *, within: shapely.Geometry) -> Found[tuple[pd.DataFrame, gpd.GeoDataFrame | None]]:
    """Return the renewal projects of the territory and, where they come from the official list, their QPV of 2015.

    The official list has codes of the geography of 2015 only. Names and interests of projects that it does not say are
    those of the territory's own table, where it has one; a table that is all its own names the QPV of both vintages,
    and comes without those of 2015.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> live = Live(load_territory("est-ensemble"), fetch=unreachable)
    >>> projects, qpv_2015 = live_projects(live, within=None).value
    >>> len(projects), qpv_2015 is None
    (20, True)
    """
    here, qpv_source = live.territory, f"qpv_{RENEWAL_VINTAGE}"

    def official(files: Mapping[str, list[Path]]) -> tuple[pd.DataFrame, gpd.GeoDataFrame | None]:
        (zones,), (projects,) = files[qpv_source], files["npnru"]
        qpv = read_qpv(zones, find_source(qpv_source), crs=here.crs, within=within)
        return read_npnru(projects, find_source("npnru"), qpv_2015=qpv), qpv

    def none() -> tuple[pd.DataFrame, gpd.GeoDataFrame | None]:
        contract = LAYERS["npnru"]
        empty = pd.DataFrame({field.name: pd.Series(dtype=str) for field in contract.fields})
        return empty.rename_axis(contract.index), None

    found = find(live, "npnru", ["npnru", qpv_source], official, lambda: (own_projects(here), None), nothing=none)
    projects, qpv_2015 = found.value
    if qpv_2015 is None or not here.declares("npnru"):
        return found
    detailed = _with_details(projects, own_projects(here))
    return gather((detailed, qpv_2015), found, Found(None, (input_of(here.file("npnru")),)))


def live_neighbourhoods(
    live: Live, iris: gpd.GeoDataFrame, qpv: gpd.GeoDataFrame, communes: gpd.GeoDataFrame
) -> Found[gpd.GeoDataFrame]:
    """Return the target neighbourhoods that the territory names, or its QPV where it names none.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> here = load_territory("est-ensemble")
    >>> layers = [own_layer(here, name) for name in ("iris", "qpv", "communes")]
    >>> len(live_neighbourhoods(Live(here), *layers).value)
    4
    """
    here = live.territory
    if here.declares("neighbourhoods"):
        file = here.file("neighbourhoods")
        return Found(read_neighbourhoods(file.path, iris), (input_of(file),))
    path = here.folder / NEIGHBOURHOODS
    if path.is_file():
        title = words(live.lang)["messages"]["layer_neighbourhood"]
        used = given_input("neighbourhoods", path, title=title, vintage=here.vintage, lang=live.lang)
        return Found(read_neighbourhoods(path, iris), (used,))
    note = words(live.lang)["live"]["neighbourhoods"].format(areas="QPV" if len(qpv) else "communes")
    return Found(areas_as_neighbourhoods(qpv, communes), notes=(note,))


def _with_details(projects: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    known = own[own["interest"] != "none"].drop_duplicates("qpv_2015").set_index("qpv_2015")
    names = projects["qpv_2015"].map(known["project_name"]).fillna("")
    interests = projects["qpv_2015"].map(known["interest"]).fillna("unknown")
    return projects.assign(
        project_name=projects["project_name"].where(projects["project_name"] != "", names),
        interest=projects["interest"].where(projects["interest"] != "unknown", interests),
    )


def live_layers(live: Live, *, vintage: str, qpv: Path | str | None = None) -> Found[dict[str, gpd.GeoDataFrame]]:
    """Return the layers of a territory but ``npnru`` from official files, in its CRS.

    ``iris``, ``communes``, ``neighbourhoods``, ``qpv`` (of a file of the user where ``qpv`` is given), ``sites`` and
    ``stations``; other points are the territory's own, as no official file holds them.

    Raises
    ------
    SourceError, InputError
        IRIS or QPV can be had neither from their source nor from a file of the territory.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> from essgeo.official.live import Live
    >>> live = Live(load_territory("est-ensemble"), fetch=unreachable)
    >>> {name: len(layer) for name, layer in live_layers(live, vintage="2024").value.items()}
    {'iris': 161, 'communes': 9, 'neighbourhoods': 4, 'qpv': 21, 'sites': 22, 'stations': 68}
    """
    iris = live_iris(live)
    communes = communes_of(iris.value)
    whole = communes.union_all()
    if qpv is not None:
        zones = Found(read_zones(qpv, crs=live.territory.crs, vintage=vintage, within=whole))
    else:
        zones = live_qpv(live, vintage=vintage, within=whole)
    named = live_neighbourhoods(live, iris.value, zones.value, communes)
    sites, stations = live_sites(live), live_stations(live, within=whole)
    own = [name for name in POINT_LAYERS if name not in OFFICIAL]
    layers = {
        "iris": iris.value,
        "communes": communes,
        "neighbourhoods": named.value,
        "qpv": zones.value,
        "sites": sites.value,
        "stations": stations.value,
        **{name: own_layer(live.territory, name) for name in own},
    }
    return gather(
        layers, iris, zones, named, sites, stations, *(own_input(live.territory, name, sites) for name in own)
    )


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
        ``sites``, ``qpv_indicators``, ``seed_figures``, or what no study rests on: ``iris_indicators``, ``rail``,
        ``relations``, ``aims``, ``demands``, ``associations_contrat_de_ville``.
    vintage
        For ``qpv`` and ``npnru``: ``2024`` or ``2015``; by default that of the territory.
    offline
        Read the territory's own file. Otherwise fetch the official one; where that cannot be had, the last good copy or
        the territory's own file stands in; ``frame.attrs["notes"]`` says so, and ``frame.attrs["faults"]`` what
        went wrong, in full.

    Returns
    -------
    GeoDataFrame or DataFrame
        Indexed by identifier; geometry in the CRS of the territory (metres): polygons, points of ``sites`` and
        ``stations``, lines of ``rail``. ``structures``, ``addresses`` and lists without position are plain tables.

    Raises
    ------
    SourceUnavailableError
        The territory has no such layer or vintage, its file is missing, or no official source holds that layer.
    SchemaError
        The file breaks the contract of the layer.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> territory = load_territory("est-ensemble")
    >>> read_layer(territory, "communes").loc["93010", "name"]
    'Bondy'
    >>> int(read_layer(territory, "iris")["population"].sum())
    441045
    """
    if offline:
        return own_layer(territory, layer, vintage=vintage)
    if layer not in OFFICIAL:
        raise SourceUnavailableError(tell("no_official_layer", layer=layer, official=", ".join(OFFICIAL)))
    found = _official(Live(territory), layer, vintage or territory.vintage)
    found.value.attrs["notes"] = [*found.notes, *(source.note for source in found.inputs if source.note)]
    found.value.attrs["faults"] = list(found.faults)
    return found.value


def _official(live: Live, layer: str, vintage: str) -> Found[gpd.GeoDataFrame]:
    if layer == "sites":
        return live_sites(live)
    iris = live_iris(live)
    if layer == "iris":
        return iris
    communes = communes_of(iris.value)
    if layer == "communes":
        return gather(communes, iris)
    whole = communes.union_all()
    if layer == "stations":
        found = live_stations(live, within=whole)
    elif layer == "npnru":
        found = live_perimeters(live, within=whole) or _official_projects(live, vintage, within=whole)
    else:
        found = live_qpv(live, vintage=vintage, within=whole)
        if layer == "neighbourhoods":
            named = live_neighbourhoods(live, iris.value, found.value, communes)
            found = gather(named.value, found, named)
    return gather(found.value, iris, found)


def _official_projects(live: Live, vintage: str, *, within: shapely.Geometry) -> Found[gpd.GeoDataFrame]:
    qpv, listed = live_qpv(live, vintage=vintage, within=within), live_projects(live, within=within)
    projects, qpv_2015 = listed.value
    if qpv_2015 is not None and vintage != RENEWAL_VINTAGE:
        raise SourceUnavailableError(tell("npnru_official_vintage", renewal_vintage=RENEWAL_VINTAGE, vintage=vintage))
    return gather(renewal_zones(projects, qpv.value, vintage=vintage), qpv, listed)
