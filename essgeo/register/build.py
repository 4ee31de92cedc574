"""From the official files to the structures of a territory, each with a position or the reason why it has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pandas as pd

from essgeo.errors import SourceError, SourceUnavailableError
from essgeo.geocoding import geocode
from essgeo.geocoding.chain import SIRENE
from essgeo.geocoding.verdict import RADIUS_M
from essgeo.official.readers import read_ess_list
from essgeo.official.sirene import read_establishments, read_sirene_geolocation
from essgeo.register.establishments import as_structures
from essgeo.register.perimeter import ess_categories
from essgeo.schema.codes import with_arrondissements

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    import geopandas as gpd

    from essgeo.geocoding.engines import Cache, Engine
    from essgeo.territory import Territory


SOURCES = {
    "establishments": "sirene_establishments",
    "legal_units": "sirene_legal_units",
    "geolocation": "sirene_geolocation",
    "ess_list": "ess_france",
}
"""By file, its source in the catalogue."""

_NEEDED = ("establishments", "legal_units")


@dataclass(frozen=True)
class RegisterFiles:
    """The official files of a register.

    Attributes
    ----------
    establishments, legal_units
        ``StockEtablissement`` and ``StockUniteLegale`` of SIRENE.
    geolocation
        The geolocation of SIRENE; without it every address is geocoded.
    ess_list
        The list of ESS France; without it only the flag and the legal category tell.
    stale
        Why a copy may not be the current one, and which files were not there: to be said beside every figure.
    """

    establishments: Path
    legal_units: Path
    geolocation: Path | None = None
    ess_list: Path | None = None
    stale: tuple[str, ...] = ()


def register_files(
    *,
    establishments: Path | None = None,
    legal_units: Path | None = None,
    geolocation: Path | None = None,
    ess_list: Path | None = None,
    live: bool = False,
    folder: Path | None = None,
) -> RegisterFiles:
    """Return the files that are given, and for the others the last good copies that were fetched.

    Parameters
    ----------
    establishments, legal_units, geolocation, ess_list
        Files to read in place of the official copies.
    live
        Fetch what is not current; else no connection is opened.
    folder
        Where copies are kept, as for :func:`essgeo.official.fetch.fetch`.

    Raises
    ------
    SourceUnavailableError, SourceChangedError, ChecksumError
        The establishments or the legal units are neither given nor fetched, or what came is not what it should be.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     register_files(folder=pathlib.Path(folder))
    Traceback (most recent call last):
    essgeo.errors.SourceUnavailableError: sirene_establishments was never fetched here. ...
    """
    given = {
        "establishments": establishments,
        "legal_units": legal_units,
        "geolocation": geolocation,
        "ess_list": ess_list,
    }
    from essgeo.official.fetch import fetch  # noqa: PLC0415 (requests is loaded when something is asked for)

    found: dict[str, Path] = {}
    stale, missing = [], []
    for name, path in given.items():
        if path is not None:
            found[name] = path
            continue
        try:
            copy = fetch(SOURCES[name], folder=folder, offline=not live, progress=live)
        except SourceError as error:
            if name in _NEEDED:
                missing.append(f"{error} (--{name.replace('_', '-')} FILE)")
            else:
                stale.append(f"{SOURCES[name]}: not used, {error}")
            continue
        found[name] = copy.path
        stale += [copy.stale] if copy.stale else []
    if missing:
        raise SourceUnavailableError("\n".join(missing if live else [*missing, "With --live they are fetched now."]))
    return RegisterFiles(**found, stale=tuple(stale))


HOUSE = "housenumber"

SETTLED = ("located", "corrected", "masked")


def build_register(
    territory: Territory,
    files: RegisterFiles,
    *,
    as_of: dt.date,
    using: Sequence[Engine] = (),
    corrections: pd.DataFrame | None = None,
    cache: Cache | None = None,
    progress: bool = False,
) -> gpd.GeoDataFrame:
    """Return the structures of the ESS that are active in a territory on a day.

    A house that INSEE found wins over geocoding; a place that INSEE drew in a street serves only where geocoding does
    not settle the address. A place in another commune than that of the establishment is not used.

    Parameters
    ----------
    territory
        Its communes count, an arrondissement as part of its city.
    files
        The official files.
    as_of
        The day.
    using, corrections, cache, progress
        As for :func:`essgeo.geocode`.

    Returns
    -------
    GeoDataFrame
        The columns of :func:`essgeo.register.establishments.as_structures` and of :func:`essgeo.geocode`, points in
        the CRS of the territory; ``geo_engine`` is ``sirene`` where INSEE placed it.

    Raises
    ------
    SourceUnavailableError, SourceChangedError, InputError, GeocoderError
        A file or a service cannot be used.

    Examples
    --------
    See ``tests/cli/test_structures.py``.
    """
    listed = read_ess_list(files.ess_list) if files.ess_list else None
    rows = read_establishments(
        files.establishments,
        files.legal_units,
        as_of=as_of,
        citycodes=with_arrondissements(territory.communes),
        categories=ess_categories(),
        listed=() if listed is None else listed.index.tolist(),
    )
    structures = as_structures(rows, as_of=as_of, listed=listed)
    places = _places(structures, files)
    houses = places[places["coord_precision"] == HOUSE]
    found = geocode(
        structures.join(houses),
        using=list(using),
        corrections=corrections,
        crs=territory.crs,
        cache=cache,
        progress=progress,
    )
    streets = places.drop(houses.index)
    waiting = found.index[~found["geo_status"].isin(SETTLED) & found.index.isin(streets.index)]
    drawn = geocode(structures.loc[waiting].join(streets), crs=territory.crs)
    parts = [found.drop(waiting), drawn] if len(waiting) else [found]
    return cast("gpd.GeoDataFrame", pd.concat(parts).reindex(structures.index))


def _places(structures: pd.DataFrame, files: RegisterFiles) -> pd.DataFrame:
    """Return the places of INSEE as columns that :func:`essgeo.geocode` takes, by SIRET."""
    open_rows = structures.index[structures["diffusion"] == "O"]
    if files.geolocation is None:
        return pd.DataFrame(columns=["lon", "lat", "coord_precision", "coord_radius_m", "coord_source"])
    places = read_sirene_geolocation(files.geolocation, open_rows.tolist())
    there = places[places["citycode"] == structures["citycode"].reindex(places.index)]
    radius = pd.concat([there["precision"].map(RADIUS_M), there["precision_m"]], axis=1).max(axis=1)
    return pd.DataFrame(
        {
            "lon": there.geometry.x,
            "lat": there.geometry.y,
            "coord_precision": there["precision"],
            "coord_radius_m": radius,
            "coord_source": SIRENE,
        }
    )
