"""One run, from a territory to a folder of pages, tables and layers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pandas as pd

from essgeo.access import demand_points, travel_cost
from essgeo.exports import export
from essgeo.exports.publish import staged
from essgeo.gaps import area_coverage, coverage, gather_areas, iris_areas, rank_gaps, support_chain
from essgeo.geocoding import geocode, read_corrections, review
from essgeo.maps import build_maps
from essgeo.provenance import Input, sha256_of
from essgeo.register import portrait_by_area
from essgeo.results import Parameters, Study
from essgeo.siting import default_scenario
from essgeo.sources import read_layer, read_layers, read_structures
from essgeo.structures import counted_on, portrait
from essgeo.territory import Territory, load_territory
from essgeo.zoning import count_in, locate_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from essgeo.vocabulary import Lang

CORRECTIONS = "corrections.csv"
ZONE_METHOD = "expected count over the positional radius"


def run_study(
    territory: str | Path | Territory,
    *,
    structures: Path | str | None = None,
    corrections: Path | str | None = None,
    qpv: Path | str | None = None,
    vintage: str | None = None,
    as_of: dt.date | None = None,
    walk_minutes: int = 15,
    out: Path | str | None = "maps",
    lang: Lang = "fr",
) -> Study:
    """Locate the structures of a territory, measure who reaches them, and publish what that shows.

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
    vintage
        Vintage of the QPV; by default that of the territory.
    as_of
        Day on which a structure must be active to count; by default today.
    walk_minutes
        The walk that gaps and maps speak of.
    out
        Folder to publish into; ``None`` writes nothing.
    lang
        Language of pages: ``fr`` or ``en``.

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
    >>> study.gaps["neighbourhood_id"].unique().tolist()
    ['la-noue-caillet', 'bobigny-centre-ville', 'le-morillon', 'bel-air-grands-pechers']
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
    given = {"structures": structures, "qpv": qpv, "corrections": corrections}
    files = {layer: Path(path) for layer, path in given.items() if path}
    study = _compute(here, parameters, files, lang)
    if out is not None:
        publish(study, Path(out))
    return study


def publish(study: Study, out: Path) -> list[Path]:
    """Write the files and pages of a study into a folder, all of them or none.

    Parameters
    ----------
    study
        From :func:`run_study`.
    out
        The folder. What an earlier run wrote there is replaced; other files stay.

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
        scenario = default_scenario(study.demand, study.structures, study.sites, study.iris, study.parameters)
        written = [*export(study, staging), *build_maps(study, staging, [scenario])]
        names = [path.relative_to(staging) for path in written]
    return [out / name for name in names]


def _compute(here: Territory, parameters: Parameters, files: Mapping[str, Path], lang: Lang) -> Study:
    vintage = parameters.vintage
    layers = read_layers(here, vintage=vintage, qpv=files.get("qpv"))
    layers["qpv"] = _with_programme(layers["qpv"], layers["npnru"])
    register = read_structures(files["structures"]) if "structures" in files else read_layer(here, "structures")
    structures = geocode(
        register,
        using=read_layer(here, "addresses"),
        corrections=read_corrections(files["corrections"]) if "corrections" in files else None,
        crs=here.crs,
    )
    structures = structures.assign(counted=counted_on(structures, parameters.as_of))
    structures = _mark_outside(structures, layers["communes"])
    zones = _zone_layers(here, layers)
    structure_zones = _overlay(structures, zones, parameters)
    counted = cast("gpd.GeoDataFrame", structures[structures["counted"]])
    placed = cast("gpd.GeoDataFrame", counted[counted.geometry.notna()])
    demand = demand_points(layers["iris"], spacing_m=parameters.spacing_m, neighbourhoods=layers["neighbourhoods"])
    cost = travel_cost(
        demand,
        placed,
        max_minutes=2 * max(parameters.thresholds_min),
        speed_kmh=parameters.speed_kmh,
        detour=parameters.detour,
    )
    areas = gather_areas(
        demand, territory=here.name, **{name: layers[name] for name in ("communes", "neighbourhoods", "qpv")}
    )
    covered = coverage(
        demand,
        cost,
        placed,
        areas,
        within_minutes=parameters.thresholds_min,
        draws=parameters.draws,
        seed=parameters.seed,
        level=parameters.level,
    )
    walk = parameters.walk_minutes
    return Study(
        territory=here,
        parameters=parameters,
        lang=lang,
        inputs=_inputs(here, vintage, files),
        structures=_with_qpv(structures, structure_zones, layers["qpv"]),
        demand=demand,
        structure_zones=structure_zones,
        zones=_count_zones(zones, structure_zones, counted, areas.table, parameters),
        coverage=covered,
        iris_coverage=area_coverage(cost, placed, iris_areas(demand), within_minutes=walk),
        gaps=rank_gaps(covered, demand, placed, cost, minutes=walk),
        support_chain=support_chain(layers["neighbourhoods"], demand, cost, placed, counted, minutes=walk),
        review=review(structures),
        portrait=portrait(structures, read_layer(here, "seed_figures"), scope=here.name),
        portrait_areas=portrait_by_area(
            structures,
            structure_zones[structure_zones["layer"] == "qpv"],
            territory=here.name,
            communes=layers["communes"],
            qpv=layers["qpv"],
            level=parameters.level,
        ),
        **layers,
    )


def _with_programme(qpv: gpd.GeoDataFrame, npnru: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    programmes = npnru[["programme", "interest"]].reindex(qpv.index).fillna("")
    return qpv.assign(programme=programmes["programme"], interest=programmes["interest"])


def _mark_outside(structures: gpd.GeoDataFrame, communes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    away = structures.geometry.notna() & (
        structures.distance(communes.geometry.union_all()) > structures["geo_radius_m"]
    )
    return structures.assign(geo_status=structures["geo_status"].mask(away, "outside"))


def _zone_layers(here: Territory, layers: Mapping[str, gpd.GeoDataFrame]) -> dict[str, gpd.GeoDataFrame]:
    bare = {"programme": "", "interest": "", "vintage": here.file("iris").vintage}
    return {
        "qpv": layers["qpv"],
        "npnru": layers["npnru"],
        "neighbourhood": layers["neighbourhoods"].assign(**bare),
        "commune": layers["communes"].assign(**bare),
    }


def _overlay(
    structures: gpd.GeoDataFrame, zones: Mapping[str, gpd.GeoDataFrame], parameters: Parameters
) -> pd.DataFrame:
    tables = [
        locate_in(structures, layer, near_m=parameters.near_m).assign(layer=name) for name, layer in zones.items()
    ]
    table = pd.concat(tables, ignore_index=True)
    return table[["structure_id", "layer", *(name for name in table.columns if name not in {"structure_id", "layer"})]]


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


def _count_zones(
    zones: Mapping[str, gpd.GeoDataFrame],
    structure_zones: pd.DataFrame,
    counted: gpd.GeoDataFrame,
    areas: pd.DataFrame,
    parameters: Parameters,
) -> pd.DataFrame:
    rows = structure_zones[structure_zones["structure_id"].isin(counted.index)]
    near = [f"within_{metres}m" for metres in parameters.near_m]
    tables = []
    for name, layer in zones.items():
        counts = count_in(rows[rows["layer"] == name], by=["zone_id"], level=parameters.level)
        counts = counts.reindex(layer.index, fill_value=0).rename(
            columns={
                "certain": "structures_in",
                "undetermined": "structures_undetermined",
                "expected": "structures_expected",
                "low": "structures_low",
                "high": "structures_high",
                **{column: f"structures_{column}" for column in near},
            }
        )
        level = "qpv" if name == "npnru" else name
        residents = areas[areas["level"] == level].set_index("zone_id")["residents"]
        described = pd.DataFrame(layer[["name", "vintage", "programme", "interest"]])
        described["residents"] = residents.reindex(layer.index)
        described["area_ha"] = layer.area / 10_000
        joined = described.join(counts).rename_axis("zone_id").reset_index()
        tables.append(joined.assign(layer=name, method=ZONE_METHOD))
    table = pd.concat(tables, ignore_index=True)
    return table[["layer", *(name for name in table.columns if name != "layer")]]


def _inputs(here: Territory, vintage: str, files: Mapping[str, Path]) -> tuple[Input, ...]:
    used = [
        file for file in here.files if file.layer not in files and not (file.layer == "qpv" and file.vintage != vintage)
    ]
    own = [
        Input(file.layer, file.path.name, sha256_of(file.path), file.title, file.publisher, file.licence, file.vintage)
        for file in used
    ]
    theirs = [
        Input(
            layer, path.name, sha256_of(path), f"{layer}, file of the user", "the user", "as given by the user", vintage
        )
        for layer, path in files.items()
    ]
    return (*own, *theirs)
