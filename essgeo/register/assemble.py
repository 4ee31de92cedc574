"""From official files and the list of a territory to its structures, each with a position or why it has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from essgeo.crs import GEOGRAPHIC
from essgeo.errors import SourceError, SourceUnavailableError
from essgeo.files.layers import own_layer
from essgeo.files.provenance import given_input
from essgeo.files.redact import restricted_rows
from essgeo.geocoding import geocode
from essgeo.geocoding.chain import SIRENE
from essgeo.geocoding.precision import RADIUS_M
from essgeo.messages import tell
from essgeo.official.catalogue import find_source
from essgeo.official.formats import absent_in
from essgeo.official.live import Found, input_of
from essgeo.official.readers import read_ess_list, read_naf_2025
from essgeo.official.sirene import communes_around, read_establishments, read_sirene_geolocation
from essgeo.register.duplicates import SIDES, apply_decisions, read_decisions
from essgeo.register.establishments import as_structures
from essgeo.register.perimeter import ess_categories
from essgeo.schema.codes import with_arrondissements
from essgeo.schema.vocabulary import split_codes
from essgeo.text.languages import words

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from essgeo.geocoding.engines import Cache, Engine
    from essgeo.official.live import Live
    from essgeo.territory import Territory


SOURCES = {
    "establishments": "sirene_establishments",
    "legal_units": "sirene_legal_units",
    "geolocation": "sirene_geolocation",
    "ess_list": "ess_france",
    "naf_2025": "naf_2025",
}
"""By file, its source in the catalogue."""

_NEEDED = ("establishments", "legal_units")

_QUIET = ("naf_2025",)
"""Files whose absence is told only where something is lost by it, by
:func:`essgeo.register.perimeter.unknown_activities`."""

HOUSE = "housenumber"

SETTLED = ("located", "corrected", "masked")

OWN_LIST_DECISIONS = "decisions.csv"

COMPLETED = ("roles", "support_stages", "challenges")
"""What SIRENE does not say and a list may."""


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
    naf_2025
        INSEE's correspondence of the NAF rév. 2 and the NAF 2025; without it codes of the latter tell little.
    stale
        Why a copy may not be the current one, which files were not there, and which columns a file lacks that it should
        have: to be said beside every figure.
    """

    establishments: Path
    legal_units: Path
    geolocation: Path | None = None
    ess_list: Path | None = None
    naf_2025: Path | None = None
    stale: tuple[str, ...] = ()


def register_files(
    *,
    establishments: Path | None = None,
    legal_units: Path | None = None,
    geolocation: Path | None = None,
    ess_list: Path | None = None,
    naf_2025: Path | None = None,
    live: bool = False,
    folder: Path | None = None,
) -> RegisterFiles:
    """Return the files that are given, and for the others the last good copies that were fetched.

    Parameters
    ----------
    establishments, legal_units, geolocation, ess_list, naf_2025
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
        "naf_2025": naf_2025,
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
                missing.append(tell("register_missing", error=error, value=name.replace("_", "-")))
            elif name not in _QUIET:
                stale.append(tell("register_unused", sources=SOURCES[name], error=error))
            continue
        found[name] = copy.path
        stale += [copy.stale] if copy.stale else []
    if missing:
        raise SourceUnavailableError("\n".join(missing if live else [*missing, tell("live_fetches")]))
    for name, path in found.items():
        absent = ", ".join(absent_in(path, find_source(SOURCES[name])))
        stale += [tell("register_lacks", file=path.name, absent=absent)] if absent else []
    return RegisterFiles(**found, stale=tuple(stale))


def build_register(
    territory: Territory,
    files: RegisterFiles,
    *,
    as_of: dt.date,
    using: Sequence[Engine] = (),
    corrections: pd.DataFrame | None = None,
    cache: Cache | None = None,
    progress: bool = False,
    around: shapely.Geometry | None = None,
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
    around
        Structures of other communes are among them where INSEE places them within it: residents at the limit of the
        territory walk to them, too. In the CRS of the territory.

    Returns
    -------
    GeoDataFrame
        The columns of :func:`essgeo.register.establishments.as_structures` and of :func:`essgeo.geocode`, points in
        the CRS of the territory; ``geo_engine`` is ``sirene`` where INSEE placed it.

    Raises
    ------
    SourceUnavailableError, SourceChangedError, InputError, GeocoderError
        A file or a service cannot be used.
    """
    listed = read_ess_list(files.ess_list) if files.ess_list else None
    here, beyond = with_arrondissements(territory.communes), list[str]()
    if around is not None and files.geolocation is not None:
        beyond = communes_around(files.geolocation, shapely.bounds(around), CRS(territory.crs))
    rows = read_establishments(
        files.establishments,
        files.legal_units,
        as_of=as_of,
        citycodes={*here, *beyond},
        categories=ess_categories(),
        listed=() if listed is None else listed.index.tolist(),
    )
    naf_2025 = read_naf_2025(files.naf_2025) if files.naf_2025 else None
    structures = as_structures(rows, as_of=as_of, listed=listed, naf_2025=naf_2025)
    places = _places(structures, files)
    if beyond:
        points = gpd.GeoSeries(gpd.points_from_xy(places["lon"], places["lat"]), places.index, GEOGRAPHIC)
        near = places.index[points.to_crs(territory.crs).within(around)]
        structures = structures[structures["citycode"].isin(here) | structures.index.isin(near)]
        places = places[places.index.isin(structures.index)]
    # What INSEE places at a house is given as coordinates; everything else is looked up first.
    houses = places[places["coord_precision"] == HOUSE]
    found = geocode(
        structures.join(houses),
        using=list(using),
        corrections=corrections,
        crs=territory.crs,
        cache=cache,
        progress=progress,
    )
    # A point that INSEE drew in a street is used where nothing better was found.
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


def with_own_list(
    live: Live, register: gpd.GeoDataFrame, *, using: Sequence[Engine], corrections: pd.DataFrame | None
) -> Found[gpd.GeoDataFrame]:
    """Return the register of SIRENE with what the list of the territory adds to it.

    A structure of the list whose SIRET stands in the register completes the roles, support stages and challenges of
    that row. The decisions of ``decisions.csv`` in the folder of the territory come before it, see
    :func:`essgeo.register.read_decisions` (``left``: the SIRET, ``right``: the identifier in the list): ``same``
    completes the row, or takes its place where ``keep`` is ``right``; ``different`` adds the structure to the register.
    The others are left out, and a note says how many. Rows that INSEE diffuses in part are never completed: what a list
    says of them would name them.

    Parameters
    ----------
    live
        The territory, and the language of the note.
    register
        From :func:`essgeo.register.build_register`.
    using, corrections
        As for :func:`essgeo.geocode`, for structures that are added.

    Returns
    -------
    Found of GeoDataFrame
        The columns of the register, those of the list, and ``same_as`` where there are decisions; the files of the
        territory that it rests on now.

    Raises
    ------
    InputError
        The list or the decisions cannot be read.
    """
    here = live.territory
    if not here.declares("structures"):
        return Found(register)
    own, path, file = own_layer(here, "structures"), here.folder / OWN_LIST_DECISIONS, here.file("structures")
    open_rows = register.index[~restricted_rows(register)]
    none = pd.DataFrame(columns=[*SIDES, "decision", "keep"], dtype=str)
    decisions = read_decisions(path) if path.is_file() else none
    stands = decisions["left"].isin(open_rows) & decisions["right"].isin(own.index)
    same = decisions[stands & (decisions["decision"] == "same")]
    # Pairs (left in the register, right in the list): those that a SIRET makes and nobody settled, then those settled.
    known = own[own["siret"].isin(open_rows)]
    by_siret = pd.DataFrame({"left": known["siret"].to_numpy(), "right": known.index})
    found_pairs, settled_pairs = (pd.MultiIndex.from_frame(rows[list(SIDES)]) for rows in (by_siret, decisions))
    by_siret = by_siret[~found_pairs.isin(settled_pairs)]
    pairs = pd.concat([by_siret, same.loc[same["keep"] == "left", list(SIDES)]]).drop_duplicates()
    apart = decisions.loc[decisions["decision"] == "different", "right"]
    added = own[own.index.isin([*apart, *same.loc[same["keep"] == "right", "right"]]) & ~own.index.isin(pairs["right"])]
    found = _completed(register, own, pairs, title=file.title)
    inputs = []
    if len(same) or len(added):
        settled = own[own.index.isin([*added.index, *same["right"]])]
        placed = geocode(settled, using=list(using), corrections=corrections, crs=here.crs)
        found = apply_decisions(found, placed, decisions[stands])
        # The texts that one of the two lists does not have.
        texts = [name for name in found.columns.drop("geometry") if not pd.api.types.is_numeric_dtype(found[name])]
        found = found.assign(**{name: found[name].fillna("") for name in texts})
        inputs.append(given_input("structures", path, title="decisions", vintage=here.vintage, lang=live.lang))
    if len(pairs) or len(added):
        inputs.append(input_of(file))
    matched, used = by_siret["right"].nunique(), pairs["right"].nunique() + len(added)
    values = {"file": file.path.name, "total": len(own), "matched": matched, "settled": used - matched}
    values |= {"left": len(own) - used, "territory": here.id, "decisions": OWN_LIST_DECISIONS}
    return Found(found, tuple(inputs), (words(live.lang)["notes"]["own_register"].format(**values),))


def _completed(register: gpd.GeoDataFrame, own: pd.DataFrame, pairs: pd.DataFrame, *, title: str) -> gpd.GeoDataFrame:
    """Return the register with what a list says of its rows; ``pairs`` tells which row of the list is which."""
    # By SIRET, in the order of the register: what all rows of the list that are one structure say, each code once.
    told = own.loc[pairs["right"], list(COMPLETED)].set_axis(pairs["left"])
    joined = told.groupby(level=0).agg("|".join).reindex(register.index).fillna("")
    both = {name: (register[name] + "|" + joined[name]).map(split_codes) for name in COMPLETED}
    codes = {name: lists.map(lambda each: "|".join(dict.fromkeys(filter(None, each)))) for name, lists in both.items()}
    named = register["source"].where(~register.index.isin(pairs["left"]), register["source"] + f" ; {title}")
    return register.assign(**codes, source=named)
