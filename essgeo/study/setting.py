"""What a study looks at, before anything is measured: who lives where, and what stands where."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, cast

import geopandas as gpd

from essgeo.geocoding import geocode, read_corrections
from essgeo.results import Parameters, Setting
from essgeo.sources.live import Live
from essgeo.sources.tables import require_file
from essgeo.structures import OUTSIDE, counted_on, portrait
from essgeo.study.facts import live_facts, own_facts
from essgeo.study.lineage import vintage_of
from essgeo.study.renewal import with_programme
from essgeo.study.zones import overlay, zone_layers
from essgeo.territory import Territory, load_territory

if TYPE_CHECKING:
    import pandas as pd

    from essgeo.words.vocabulary import Lang

CORRECTIONS = "corrections.csv"


def set_up(  # noqa: PLR0913 (one argument a choice of the user, all but the first by name)
    territory: str | Path | Territory,
    *,
    structures: Path | str | None = None,
    corrections: Path | str | None = None,
    qpv: Path | str | None = None,
    npnru: Path | str | None = None,
    network: Path | str | None = None,
    vintage: str | None = None,
    as_of: dt.date | None = None,
    walk_minutes: int = 15,
    lang: Lang = "fr",
    live: bool = False,
    offline: bool = False,
) -> Setting:
    """Return the layers of a territory, its structures located and laid over the zones, its residents as points.

    Parameters
    ----------
    territory
        A name such as ``est-ensemble``, the folder of a territory, or a :class:`Territory`.
    structures
        A list of structures to use instead of the register of the territory.
    corrections
        A corrections file; by default ``corrections.csv`` in the folder of the territory, where there is one.
    qpv
        A file of QPV outlines of that ``vintage``, instead of the territory's own.
    npnru
        Perimeters of renewal projects, or a list of QPV in the programme, instead of the territory's own list, see
        :func:`essgeo.sources.renewal.read_renewal`.
    network
        OpenStreetMap streets to walk on, see :func:`essgeo.read_network`; straight lines with a detour where ``None``.
    vintage
        Vintage of the QPV; by default that of the territory.
    as_of
        Day on which a structure must be active to count; by default today.
    walk_minutes
        The walk that gaps and maps speak of.
    lang
        Language of pages and files: ``fr`` or ``en``.
    live
        Take every layer from its official source; the last good copy or the territory's own file stands in for one that
        cannot be had, and every page says so.
    offline
        With ``live``: use the official files fetched before, and open no connection.

    Returns
    -------
    Setting
        Every layer.

    Raises
    ------
    UnknownTerritoryError, SourceUnavailableError, InputError
        What was given cannot be read or used.

    Examples
    --------
    >>> import datetime as dt
    >>> setting = set_up("est-ensemble", as_of=dt.date(2026, 1, 1))
    >>> len(setting.iris), setting.network is None
    (161, True)
    """
    here = territory if isinstance(territory, Territory) else load_territory(territory)
    parameters = Parameters(
        vintage=vintage or here.vintage,
        as_of=as_of or dt.date.today(),  # noqa: DTZ011 (the day where the user is)
        walk_minutes=walk_minutes,
        thresholds_min=tuple(sorted({*Parameters.thresholds_min, walk_minutes})),
    )
    fixed = here.folder / CORRECTIONS
    corrections = corrections or (fixed if fixed.is_file() else None)
    given = {"structures": structures, "qpv": qpv, "npnru": npnru, "corrections": corrections, "network": network}
    files = {layer: Path(path) for layer, path in given.items() if path}
    for path in files.values():
        require_file(path)
    if live:
        facts = live_facts(Live(here, lang=lang, offline=offline, progress=True), parameters, files)
    else:
        facts = own_facts(here, parameters, files)
    layers = facts.layers | {"qpv": with_programme(facts.layers["qpv"], facts.layers["npnru"])}
    register = facts.register
    if not isinstance(register, gpd.GeoDataFrame):
        register = geocode(
            register,
            using=facts.addresses,
            corrections=read_corrections(corrections) if corrections else None,
            crs=here.crs,
        )
    register = register.assign(counted=counted_on(register, parameters.as_of))
    register = _mark_outside(register, layers["communes"])
    zones = zone_layers(layers, iris_vintage=vintage_of(facts.inputs, "iris"))
    rows = overlay(register, zones, near_m=parameters.near_m)
    return Setting(
        territory=here,
        parameters=parameters,
        lang=lang,
        inputs=facts.inputs,
        structures=_with_qpv(register, rows, layers["qpv"]),
        structure_zones=rows,
        demand=facts.demand,
        portrait=portrait(register, facts.seed_figures, scope=here.name),
        network=facts.network,
        notes=facts.notes,
        faults=facts.faults,
        economy=facts.economy,
        **layers,
    )


def _mark_outside(structures: gpd.GeoDataFrame, communes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    away = structures.geometry.notna() & (
        structures.distance(communes.geometry.union_all()) > structures["geo_radius_m"]
    )
    return structures.assign(geo_status=structures["geo_status"].mask(away, OUTSIDE))


def _with_qpv(structures: gpd.GeoDataFrame, structure_zones: pd.DataFrame, qpv: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    rows = structure_zones[structure_zones["layer"] == "qpv"]
    likeliest = rows.sort_values(["probability", "distance_m"], ascending=[False, True], kind="stable")
    best = likeliest.drop_duplicates("structure_id").set_index("structure_id").reindex(structures.index)
    return cast(
        "gpd.GeoDataFrame",
        structures.assign(
            qpv=best["zone_id"].fillna(""),
            qpv_name=best["zone_id"].map(qpv["name"]).fillna(""),
            qpv_relation=best["relation"],
            qpv_probability=best["probability"],
            qpv_distance_m=best["distance_m"],
            qpv_vintage=best["vintage"].fillna(""),
        ),
    )
