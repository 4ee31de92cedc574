"""Structures located, laid over the zones, and counted on a day: where the study of a territory begins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import geopandas as gpd
import pandas as pd

from essgeo.crs import GEOGRAPHIC
from essgeo.files.layers import read_layers
from essgeo.files.reread import ask_again
from essgeo.files.write import write_file
from essgeo.geocoding import Local, Places, geocode, read_corrections, review
from essgeo.geocoding.chain import warn_uncovered
from essgeo.geocoding.corrections import warn_unmatched
from essgeo.geocoding.places import read_named
from essgeo.official.catalogue import known_headers
from essgeo.register import OUTSIDE, counted_on, join_decisions, read_decisions, settled_rows
from essgeo.register.combine import LIST, settle, suggest_pairs
from essgeo.study.facts import own_register
from essgeo.territory import load_territory
from essgeo.zoning.count import overlay, zone_layers
from essgeo.zoning.crosswalk import with_programme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from essgeo.geocoding.engines import Engine
    from essgeo.results import Parameters
    from essgeo.study.inputs import Options
    from essgeo.territory import Territory


class Placed(NamedTuple):
    """Structures with position and QPV, the zones each lies in or near, the layers of these, and what is to review."""

    structures: gpd.GeoDataFrame
    structure_zones: pd.DataFrame
    layers: dict[str, gpd.GeoDataFrame]
    review: pd.DataFrame


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
    # A structure lies outside where even its radius does not reach the territory.
    away = structures.geometry.notna() & (
        structures.distance(laid["communes"].geometry.union_all()) > structures["geo_radius_m"]
    )
    structures = structures.assign(
        counted=counted_on(structures, parameters.as_of), geo_status=structures["geo_status"].mask(away, OUTSIDE)
    )
    rows = overlay(structures, zone_layers(laid, iris_vintage=iris_vintage), near_m=parameters.near_m)
    # The QPV of a structure is its likeliest, of two as likely the nearest.
    qpv_rows = rows[rows["layer"] == "qpv"]
    likeliest = qpv_rows.sort_values(["probability", "distance_m"], ascending=[False, True], kind="stable")
    best = likeliest.drop_duplicates("structure_id").set_index("structure_id").reindex(structures.index)
    structures = structures.assign(
        qpv=best["zone_id"].fillna(""),
        qpv_name=best["zone_id"].map(laid["qpv"]["name"]).fillna(""),
        qpv_relation=best["relation"],
        qpv_probability=best["probability"],
        qpv_distance_m=best["distance_m"],
        qpv_vintage=best["vintage"].fillna(""),
    )
    return Placed(cast("gpd.GeoDataFrame", structures), rows, laid, review(structures, engines))


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
