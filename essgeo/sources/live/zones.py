"""The zones of a territory as their publishers give them today: QPV, renewal projects, target neighbourhoods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from essgeo.errors import InputError
from essgeo.layers import LAYERS
from essgeo.provenance import given_input
from essgeo.sources.catalogue import find_source, read_catalogue
from essgeo.sources.layers import own_layer, own_projects, read_neighbourhoods
from essgeo.sources.live.ask import Live, input_of, take
from essgeo.sources.neighbourhoods import areas_as_neighbourhoods
from essgeo.sources.readers import (
    read_npnru,
    read_qpv,
)
from essgeo.sources.renewal import perimeters_in, read_renewal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import shapely

    from essgeo.words.vocabulary import Lang

NEIGHBOURHOODS = "neighbourhoods.csv"
RENEWAL_VINTAGE = "2015"
"""Vintage of the QPV that the renewal programme names."""
_NO_NEIGHBOURHOODS: dict[Lang, str] = {
    "fr": "Aucun quartier cible n'est nommé : les {areas} en tiennent lieu. "
    "Un fichier neighbourhoods.csv dans le dossier du territoire en nomme, par liste d'IRIS.",
    "en": "No target neighbourhood is named: {areas} stand in. "
    "A file neighbourhoods.csv in the folder of the territory names some, as lists of IRIS.",
}
_AREAS: dict[bool, dict[Lang, str]] = {True: {"fr": "QPV", "en": "QPV"}, False: {"fr": "communes", "en": "communes"}}


def live_qpv(live: Live, *, vintage: str, within: shapely.Geometry) -> gpd.GeoDataFrame:
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
        message = f"no official QPV of vintage {vintage}; known: {', '.join(sorted(known))}. Give a file (--qpv FILE)."
        raise InputError(message)

    def zones(files: Mapping[str, list[Path]]) -> gpd.GeoDataFrame:
        (path,) = files[name]
        return read_qpv(path, find_source(name), crs=here.crs, within=within)

    return take(live, "qpv", [name], zones, lambda: own_layer(here, "qpv", vintage=vintage))


def live_perimeters(live: Live, *, within: shapely.Geometry, given: Path | None = None) -> gpd.GeoDataFrame | None:
    """Return the perimeters of renewal projects of the user, else of the territory; None where their file is a list.

    Parameters
    ----------
    live
        How sources are asked; keeps the lineage of the territory's own file.
    within
        The territory, in its CRS.
    given
        A file of the user, see :func:`essgeo.sources.renewal.read_renewal`.

    Returns
    -------
    GeoDataFrame or None
        As :func:`essgeo.sources.renewal.perimeters_in`.

    Raises
    ------
    SourceUnavailableError, InputError
        The file is missing, unreadable, or none of its perimeters lies in the territory.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> live_perimeters(Live(load_territory("est-ensemble")), within=None) is None
    True
    """
    here = live.territory
    own = here.file("npnru") if given is None and here.declares("npnru") else None
    path = own.path if own else given
    projects = read_renewal(path) if path else None
    if path is None or not isinstance(projects, gpd.GeoDataFrame):
        return None
    live.inputs.extend(input_of(file) for file in [own] if file is not None)
    return perimeters_in(projects, file=path.name, crs=here.crs, within=within)


def live_projects(live: Live, *, within: shapely.Geometry) -> tuple[pd.DataFrame, gpd.GeoDataFrame | None]:
    """Return the renewal projects of the territory and, where they come from the official list, their QPV of 2015.

    The official list has codes of the geography of 2015 only. Names and interests of projects that it does not say are
    those of the territory's own table, where it has one.

    Parameters
    ----------
    live
        How sources are asked.
    within
        The territory, in its CRS.

    Returns
    -------
    tuple of DataFrame and GeoDataFrame or None
        The ``npnru`` table, and the QPV of 2015; None where the table is the territory's own, which names the QPV of
        both vintages itself.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> projects, qpv_2015 = live_projects(Live(load_territory("est-ensemble"), fetch=unreachable), within=None)
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

    projects, qpv_2015 = take(
        live, "npnru", ["npnru", qpv_source], official, lambda: (own_projects(here), None), nothing=none
    )
    if qpv_2015 is None or not here.declares("npnru"):
        return projects, qpv_2015
    live.inputs.append(input_of(here.file("npnru")))
    return _with_details(projects, own_projects(here)), qpv_2015


def live_neighbourhoods(
    live: Live, iris: gpd.GeoDataFrame, qpv: gpd.GeoDataFrame, communes: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return the target neighbourhoods that the territory names, or its QPV where it names none.

    Parameters
    ----------
    live
        How sources are asked; says what stands in.
    iris, qpv, communes
        Layers of the territory.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> here = load_territory("est-ensemble")
    >>> layers = [own_layer(here, name) for name in ("iris", "qpv", "communes")]
    >>> len(live_neighbourhoods(Live(here), *layers))
    4
    """
    here = live.territory
    if here.declares("neighbourhoods"):
        file = here.file("neighbourhoods")
        live.inputs.append(input_of(file))
        return read_neighbourhoods(file.path, iris)
    path = here.folder / NEIGHBOURHOODS
    if path.is_file():
        live.inputs.append(given_input("neighbourhoods", path, title="Target neighbourhoods", vintage=here.vintage))
        return read_neighbourhoods(path, iris)
    live.notes.append(_NO_NEIGHBOURHOODS[live.lang].format(areas=_AREAS[len(qpv) > 0][live.lang]))
    return areas_as_neighbourhoods(qpv, communes)


def _with_details(projects: pd.DataFrame, own: pd.DataFrame) -> pd.DataFrame:
    known = own[own["interest"] != "none"].drop_duplicates("qpv_2015").set_index("qpv_2015")
    names = projects["qpv_2015"].map(known["project_name"]).fillna("")
    interests = projects["qpv_2015"].map(known["interest"]).fillna("unknown")
    return projects.assign(
        project_name=projects["project_name"].where(projects["project_name"] != "", names),
        interest=projects["interest"].where(projects["interest"] != "unknown", interests),
    )
