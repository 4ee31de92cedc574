"""Structures located, laid over the zones, and counted on a day: where the study of a territory begins."""

from __future__ import annotations

import warnings
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.crs import GEOGRAPHIC
from essgeo.errors import InputWarning
from essgeo.files.addresses import ask_again
from essgeo.files.layers import read_layers
from essgeo.files.premises import OWNERS, read_premises, shown_owner
from essgeo.files.structures import read_structures
from essgeo.files.tables import require_file
from essgeo.files.write import write_file
from essgeo.geocoding import Local, Places, geocode, read_corrections, review
from essgeo.geocoding.chain import warn_uncovered
from essgeo.geocoding.corrections import warn_unmatched
from essgeo.geocoding.places import read_named
from essgeo.messages import plural, tell
from essgeo.official.catalogue import known_headers
from essgeo.register import OUTSIDE, counted_on, join_decisions, portrait, read_decisions, settled_rows
from essgeo.register.combine import LIST, same_rows, settle, suggest_pairs
from essgeo.results import Setting
from essgeo.schema.names import simplify
from essgeo.study.facts import own_register, user_inputs, vintage_of
from essgeo.territory import load_territory
from essgeo.text.languages import joined, number, words
from essgeo.zoning.count import overlay, zone_layers
from essgeo.zoning.crosswalk import with_programme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from essgeo.geocoding.engines import Engine
    from essgeo.results import Parameters
    from essgeo.study.inputs import Options
    from essgeo.territory import Territory


class Placed(NamedTuple):
    """Structures with position and QPV, the zones each lies in or near, the layers of these, and what is to review.

    ``engines`` are what knew addresses.
    """

    structures: gpd.GeoDataFrame
    structure_zones: pd.DataFrame
    layers: dict[str, gpd.GeoDataFrame]
    review: pd.DataFrame
    engines: tuple[Engine, ...]


def place(territory: str | Path | Territory, options: Options) -> Placed:
    """Return the structures of a territory, or of the user, located and laid over the zones, and measure nothing.

    Raises
    ------
    UnknownTerritoryError, SourceUnavailableError, InputError
        What was given cannot be read or used.

    Examples
    --------
    >>> from essgeo.study import Options
    >>> found = place("est-ensemble", Options())
    >>> sorted(set(found.structure_zones["layer"]))
    ['commune', 'neighbourhood', 'npnru', 'qpv']
    """
    here = load_territory(territory) if isinstance(territory, str | Path) else territory
    parameters, files = options.parameters(here), options.checked(here)
    register, addresses = own_register(here, options.lists() | files, options.naming)
    iris = here.file("iris")
    qpv, npnru = files.get("qpv"), files.get("npnru")
    return lay_over(
        here,
        options,
        parameters,
        read_layers(here, vintage=parameters.vintage, qpv=qpv, npnru=npnru, headers=known_headers()),
        register,
        using=addresses,
        iris_vintage=iris.vintage,
    )


def named_zones(rows: pd.DataFrame, found: Placed) -> gpd.GeoDataFrame:
    """Return rows of structures and zones with the names of both, and the point of the structure where it has one."""
    identifiers = rows["structure_id"]
    names = {
        (layer, zone): name for layer, zones in found.layers.items() if "name" in zones
        for zone, name in zones["name"].items()
    }  # fmt: skip
    # The layers of a study are plural, what a row says it is of is not.
    keys = zip(rows["layer"].map(lambda layer: _LAYER_OF.get(layer, layer)), rows["zone_id"], strict=True)
    table = rows.copy()
    table.insert(1, "name", identifiers.map(found.structures["name"]).fillna(""))
    table.insert(list(table.columns).index("zone_id") + 1, "zone_name", [names.get(key, "") for key in keys])
    points = found.structures.geometry.reindex(identifiers).set_axis(table.index)
    return gpd.GeoDataFrame(table, geometry=points, crs=found.structures.crs).to_crs(GEOGRAPHIC)


_LAYER_OF = {"commune": "communes", "neighbourhood": "neighbourhoods"}


def _places(
    layers: Mapping[str, gpd.GeoDataFrame], network: Path | None, register: pd.DataFrame, near: Local | None
) -> list[Places]:
    """Return the stations, and what the file of streets names, where an address may be a name."""
    if not register.get("address", pd.Series(dtype="object")).astype("str").str.match(r"\s*[^\W\d]").any():
        return []
    stations = [Places.of(layers["stations"], near)] if "stations" in layers else []
    return [*stations, *([Places.of(read_named(network), near)] if network else [])]


def lay_over(
    here: Territory,
    options: Options,
    parameters: Parameters,
    layers: Mapping[str, gpd.GeoDataFrame],
    register: pd.DataFrame,
    *,
    using: pd.DataFrame | Engine | None,
    iris_vintage: str,
) -> Placed:
    """Return the register located by corrections, addresses and engines, counted on the day, and laid over zones."""
    laid = {**layers, "qpv": with_programme(layers["qpv"], layers["npnru"])}
    files, ban = options.files(here), options.ban_files()
    settled = read_corrections(files["corrections"]) if "corrections" in files else None
    known = Local.of(using) if isinstance(using, pd.DataFrame) else using
    local = Local.read(ban) if ban else None
    engines = [
        *([local] if local else []),
        *([known] if known is not None else []),
        *_places(layers, files.get("network"), register, local),
    ]
    if isinstance(register, gpd.GeoDataFrame):
        structures = register
    else:
        asked = ask_again(register) if ban else register
        structures = geocode(asked, using=engines, corrections=settled, crs=here.crs)
    structures = _settled(structures, options)
    warn_uncovered(structures, live=options.live)
    warn_unmatched(structures, settled)
    laid_over, rows = over_zones(structures, laid, parameters, iris_vintage=iris_vintage)
    return Placed(laid_over, rows, laid, review(laid_over, engines), tuple(engines))


def over_zones(
    structures: gpd.GeoDataFrame, layers: Mapping[str, gpd.GeoDataFrame], parameters: Parameters, *, iris_vintage: str
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return structures counted on the day, each with its QPV, and the zones that each lies in or near."""
    # A structure lies outside where even its radius does not reach the territory.
    away = structures.geometry.notna() & (
        structures.distance(layers["communes"].geometry.union_all()) > structures["geo_radius_m"]
    )
    structures = structures.assign(
        counted=counted_on(structures, parameters.as_of), geo_status=structures["geo_status"].mask(away, OUTSIDE)
    )
    rows = overlay(structures, zone_layers(layers, iris_vintage=iris_vintage), near_m=parameters.near_m)
    # The QPV of a structure is its likeliest, of two as likely the nearest.
    qpv_rows = rows[rows["layer"] == "qpv"]
    likeliest = qpv_rows.sort_values(["probability", "distance_m"], ascending=[False, True], kind="stable")
    best = likeliest.drop_duplicates("structure_id").set_index("structure_id").reindex(structures.index)
    structures = structures.assign(
        qpv=best["zone_id"].fillna(""),
        qpv_name=best["zone_id"].map(layers["qpv"]["name"]).fillna(""),
        qpv_relation=best["relation"],
        qpv_probability=best["probability"],
        qpv_distance_m=best["distance_m"],
        qpv_vintage=best["vintage"].fillna(""),
    )
    return cast("gpd.GeoDataFrame", structures), rows


def add_places(setting: Setting, places: pd.DataFrame | Path | str) -> Setting:
    """Return a setting with places added to its register, see :meth:`essgeo.results.Study.with_places`.

    Every page that is made of it says which were added.

    Raises
    ------
    SchemaError, InputError
        The list has neither addresses nor coordinates, or cannot be read.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> more = add_places(study, pd.DataFrame({"nom": ["La Fabrique"], "adresse": [""], "commune": ["Bondy"]}))
    >>> more.structures.iloc[-1][["name", "geo_status"]].tolist(), bool(more.structures["counted"].iloc[-1])
    (['La Fabrique', 'not_found'], True)
    """
    if not isinstance(places, pd.DataFrame):
        places = Path(places)
        require_file(places)
    base = Setting(**{one.name: getattr(setting, one.name) for one in fields(Setting)})
    here, chosen, known = base.territory, base.parameters, base.structures
    given = read_structures(places, headers=known_headers())
    there = same_rows(known, given)
    if there:
        names = joined([str(known["name"][one]) for one in there.values()], tell("word_and"))
        warnings.warn(plural("places_there", len(there), names=names), InputWarning, stacklevel=2)
    new = given[~given.index.isin(there)]
    new = new.set_axis(new.index.where(~new.index.isin(known.index), tell("word_added") + "-" + new.index.astype(str)))
    if new.empty:
        return base
    new = new.assign(
        status=new["status"].replace("unknown", "active"), as_of=new["as_of"].replace("", chosen.as_of.isoformat())
    )
    located = geocode(new.rename_axis(known.index.name), using=base.engines, crs=here.crs)
    structures = pd.concat([known, located])
    texts = list(known.select_dtypes(["object", "str"]).columns)
    structures = cast("gpd.GeoDataFrame", structures[known.columns].assign(**structures[texts].fillna("")))
    layers = {name: getattr(base, name) for name in ("communes", "neighbourhoods", "qpv", "npnru", "iris")}
    structures, rows = over_zones(structures, layers, chosen, iris_vintage=vintage_of(base.inputs, "iris"))
    added = words(base.lang)["notes"]["added"]
    sources = user_inputs({"structures": places}, chosen.vintage, None, lang=base.lang)
    note = words(base.lang)["notes"]["added_places"].format(
        count=number(len(new), base.lang), names=joined(list(new["name"]), words(base.lang)["findings"]["and"])
    )
    return replace(
        base,
        structures=structures,
        structure_zones=rows,
        portrait=portrait(structures, base.lists["seed_figures"], scope=here.name),
        review=review(structures, base.engines),
        inputs=(*base.inputs, *(replace(source, title=added) for source in sources)),
        notes=(*base.notes, note),
        files=base.files if isinstance(places, pd.DataFrame) else {**base.files, "--add": places},
    )


def locate_premises(premises: gpd.GeoDataFrame, ban: list[Path]) -> gpd.GeoDataFrame:
    """Return premises with the positions of their addresses, and the radius of each, where they had no position.

    ``ban`` are files of addresses; without one nothing is looked up. What is not found keeps no point.
    """
    lacking = premises.geometry.isna()
    if not ban or not lacking.any():
        return premises
    asked = pd.DataFrame(premises.loc[lacking, ["name", "address", "postcode", "city", "citycode"]])
    found = geocode(asked, using=[Local.read(ban)], crs=str(premises.crs))
    radius = premises.get("geo_radius_m", pd.Series(np.nan, index=premises.index)).astype(float)
    located = premises.geometry.where(~lacking, found.geometry.reindex(premises.index))
    return premises.set_geometry(located).assign(
        geo_radius_m=radius.where(~lacking, found["geo_radius_m"].reindex(premises.index))
    )


STATES = {
    "vacant": ("vacant", "libre", "disponible", "inoccupe", "vide", "vacancy", "empty", "available"),
    "negotiated": ("negoci", "en_negociation", "en_cours_de_negociation", "reserve", "negotiat", "under_negotiation"),
    "active": ("actif", "rez_de_chaussee_actif", "rdc_actif", "active", "en_activite"),
    "occupied": ("occupe", "occupied", "en_cours_d_occupation"),
    "past": ("termin", "fini", "past", "acheve"),
}
"""How the state of premises begins in a list, and its code; other words stay as they are."""


def with_premises(sites: gpd.GeoDataFrame, path: Path | None, ban: list[Path]) -> gpd.GeoDataFrame:
    """Return the ``sites`` of a territory and, before them, the premises that a file of the user lists.

    No owner is named who may be a natural person.
    """
    known = sites.assign(**{name: [shown_owner(text) for text in sites[name]] for name in OWNERS})
    if path is None:
        return cast("gpd.GeoDataFrame", known)
    premises = locate_premises(read_premises(path, crs=str(sites.crs)), ban)
    fits = [simplify(state) for state in premises["state"]]
    states = [
        next((code for code, begins in STATES.items() if state.startswith(begins)), given)
        for state, given in zip(fits, premises["state"], strict=True)
    ]
    named = premises.assign(state=states, source=path.name, former_use="", as_of="", note="")
    # An identifier of the list that the territory has too is told apart by the name of the file.
    codes = [f"{path.stem}-{code}" if code in sites.index else str(code) for code in premises.index]
    named = named.set_axis(pd.Index(codes, name=sites.index.name))
    both = pd.concat([named.reindex(columns=[*known.columns, *named.columns.intersection(["geo_radius_m"])]), known])
    return cast("gpd.GeoDataFrame", both.set_geometry(known.geometry.name))


def _settled(structures: gpd.GeoDataFrame, options: Options) -> gpd.GeoDataFrame:
    """Return the structures of several lists with what was decided of likely duplicates; write those left open."""
    if LIST not in structures or len(structures[LIST].unique()) == 1:
        return structures
    fresh = Path(options.suggestions) if options.suggestions else None
    before = fresh if fresh and fresh.exists() else None
    files = {path.resolve(): path for path in (options.decisions and Path(options.decisions), before) if path}
    decisions = join_decisions(*map(read_decisions, files.values())) if files else None
    if fresh:
        kept = [settled_rows(before)] if before else []
        write_file(
            pd.concat([*kept, suggest_pairs(structures, decisions)], ignore_index=True), fresh, excel=options.form
        )
    return settle(structures, decisions)
