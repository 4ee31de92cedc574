"""One assembly: set up, measure, publish."""

from __future__ import annotations

import datetime as dt
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import pandas as pd

from essgeo.access import compare_walking, travel_cost
from essgeo.facts import live_facts, own_facts, vintage_of
from essgeo.files.tables import require_file
from essgeo.gaps import area_coverage, assess_gaps, coverage, draw, gather_areas, horizon, iris_areas, support_chain
from essgeo.geocoding import geocode, read_corrections, review
from essgeo.maps import build_maps
from essgeo.official.live import Live
from essgeo.publish import export
from essgeo.publish.folder import staged
from essgeo.register import OUTSIDE, activity_odds, counted_on, portrait, portrait_by_area
from essgeo.results import Parameters, Setting, Study
from essgeo.siting import default_scenarios
from essgeo.territory import Territory, load_territory
from essgeo.zoning.count import count_zones, overlay, residents_of, zone_layers
from essgeo.zoning.crosswalk import with_programme

if TYPE_CHECKING:
    from essgeo.maps.render import Choice
    from essgeo.schema.vocabulary import Lang


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
        :func:`essgeo.files.perimeters.read_renewal`.
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


def measure(setting: Setting) -> Study:
    """Return a setting with its tables.

    One set of draws stands behind every interval of coverage and gaps, so that the same share has the same interval
    wherever it is shown.

    Parameters
    ----------
    setting
        From :func:`essgeo.study.set_up`.

    Returns
    -------
    Study
        The setting and every table.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> sorted(set(study.gaps["level"]))
    ['commune', 'neighbourhood', 'qpv']
    """
    chosen, here, demand = setting.parameters, setting.territory, setting.demand
    walk, walks = chosen.walk_minutes, chosen.thresholds_min
    counted = cast("gpd.GeoDataFrame", setting.structures[setting.structures["counted"]])
    placed = cast("gpd.GeoDataFrame", counted[counted.geometry.notna()])
    cost = travel_cost(
        demand,
        placed,
        network=setting.network,
        max_minutes=horizon(max(walks)),
        speed_kmh=chosen.speed_kmh,
        detour=chosen.detour,
    )
    layers = {name: getattr(setting, name) for name in ("communes", "neighbourhoods", "qpv", "npnru")}
    areas = gather_areas(
        demand, territory=here.name, **{name: layer for name, layer in layers.items() if name != "npnru"}
    )
    drawn = draw(
        demand,
        placed,
        areas,
        cost,
        within_minutes=walks,
        odds=activity_odds(setting.structures),
        draws=chosen.draws,
        seed=chosen.seed,
    )
    rows = setting.structure_zones
    return Study(
        **vars(setting),
        zones=count_zones(
            zone_layers(layers, iris_vintage=vintage_of(setting.inputs, "iris")),
            rows[rows["structure_id"].isin(counted.index)],
            pd.concat([areas.table, residents_of(demand, setting.npnru)], ignore_index=True),
            near_m=chosen.near_m,
            level=chosen.level,
        ),
        coverage=coverage(
            demand,
            placed,
            areas,
            cost,
            within_minutes=walks,
            drawn=drawn.shares[:, :, : len(areas.table)],
            level=chosen.level,
        ),
        iris_coverage=area_coverage(placed, iris_areas(demand), cost, within_minutes=walk),
        gaps=assess_gaps(
            demand,
            placed,
            areas,
            cost,
            drawn=drawn,
            as_of=chosen.as_of,
            walk=walks.index(walk),
            within_minutes=walk,
            level=chosen.level,
        ),
        support_chain=support_chain(demand, placed, setting.neighbourhoods, cost, register=counted, minutes=walk),
        review=review(setting.structures),
        portrait_areas=portrait_by_area(
            setting.structures,
            rows[rows["layer"] == "qpv"],
            territory=here.name,
            communes=setting.communes,
            qpv=setting.qpv,
            economy=setting.economy,
            seed=setting.portrait,
            level=chosen.level,
        ),
        walking=compare_walking(
            demand, placed, setting.network, within_minutes=walk, speed_kmh=chosen.speed_kmh, detour=chosen.detour
        )
        if setting.network is not None
        else None,
    )


def run_study(  # noqa: PLR0913 (one argument a choice of the user, all but the first by name)
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
    out: Path | str | None = "maps",
    lang: Lang = "fr",
    live: bool = False,
    offline: bool = False,
    background: Choice = "ign",
    single_file: bool = False,
) -> Study:
    """Locate the structures of a territory, measure who reaches them, and publish what that shows.

    Parameters
    ----------
    territory, structures, corrections, qpv, npnru, network, vintage, as_of, walk_minutes, lang, live, offline
        What to look at, see :func:`essgeo.study.set_up`.
    out
        Folder to publish into; ``None`` writes nothing.
    background, single_file
        How pages are written, see :func:`essgeo.build_maps`.

    Returns
    -------
    Study
        Every layer and table.

    Raises
    ------
    UnknownTerritoryError, SourceUnavailableError, InputError
        What was given cannot be read or used; nothing is written then.

    Examples
    --------
    >>> import datetime as dt
    >>> study = run_study("est-ensemble", out=None, as_of=dt.date(2026, 1, 1))
    >>> study.neighbourhoods.index.tolist()
    ['la-noue-caillet', 'bobigny-centre-ville', 'le-morillon', 'bel-air-grands-pechers']
    """
    setting = set_up(
        territory,
        structures=structures,
        corrections=corrections,
        qpv=qpv,
        npnru=npnru,
        network=network,
        vintage=vintage,
        as_of=as_of,
        walk_minutes=walk_minutes,
        lang=lang,
        live=live,
        offline=offline,
    )
    study = measure(setting)
    if out is not None:
        publish(study, Path(out), background=background, single_file=single_file)
    return study


def publish(study: Study, out: Path, *, background: Choice = "ign", single_file: bool = False) -> list[Path]:
    """Write the files and pages of a study into a folder, all of them or none.

    Parameters
    ----------
    study
        From :func:`run_study`.
    out
        The folder. What an earlier run wrote there is replaced; other files stay.
    background, single_file
        As for :func:`run_study`.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    InputError
        The folder cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> study = study_est_ensemble()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = publish(study, pathlib.Path(folder) / "maps")
    >>> "index.html" in {path.name for path in written}
    True
    """
    with staged(out) as staging:
        scenarios = default_scenarios(
            study.demand, study.structures, study.sites, study.iris, study.parameters, network=study.network
        )
        pages = partial(build_maps, background=background, single_file=single_file)
        written = [*export(study, staging), *pages(study, staging, scenarios)]
        names = [path.relative_to(staging) for path in written]
    return [out / name for name in names]
