"""Commands on lists of structures: geocode, structures, zones."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import click

from essgeo.cli.options import (
    as_json,
    as_of,
    ban,
    check_outputs,
    columns,
    corrections,
    excel,
    layer,
    of_study,
    recode,
    sheet,
)
from essgeo.cli.summary import applied, by_status, counted, harmless, repairs, zone_counts
from essgeo.errors import InputError, InputWarning
from essgeo.messages import language, plural, tell

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from essgeo.geocoding.engines import Cache, Engine
    from essgeo.messages import Lang
    from essgeo.study import Options as StudyOptions
    from essgeo.territory import Territory


_FILE = click.Path(path_type=Path)


class Options(TypedDict):
    """What a user may choose."""

    engine: Literal["auto", "local", "geoplateforme"]
    ban: tuple[Path, ...]
    live: bool
    url: str | None
    address: tuple[str, ...]
    postcode: str | None
    city: str | None
    citycode: str | None
    city_default: str
    ignore_coordinates: bool
    places: tuple[Path, ...]
    reverse: bool
    columns: tuple[str, ...]
    sheet: str | None
    layer: str | None
    corrections: str | None
    review: Path | None
    excel: bool
    cache: Path | None
    resume: bool


@click.command("geocode")
@click.argument("file", type=_FILE)
@click.option("-o", "--output", required=True, type=_FILE)
@click.option("--engine", type=click.Choice(["auto", "local", "geoplateforme"]), default="auto", show_default=True)
@ban
@click.option("--live", is_flag=True)
@click.option("--url", metavar="URL")
@click.option("--address", multiple=True, metavar="COL")
@click.option("--postcode", metavar="COL")
@click.option("--city", metavar="COL")
@click.option("--citycode", metavar="COL")
@click.option("--city-default", default="", metavar="NAME")
@click.option("--ignore-coordinates", is_flag=True)
@click.option("--places", multiple=True, type=_FILE)
@click.option("--reverse", is_flag=True)
@columns
@sheet
@layer
@corrections
@click.option("--review", type=_FILE)
@excel
@click.option("--cache", type=_FILE)
@click.option("--resume", is_flag=True)
def geocode_file(file: Path, output: Path, **given: Unpack[Options]) -> None:
    """Write FILE with the position of each address, and how sure it is.

    Addresses are looked up in the files of --ban, or with --live by the national service. Without either, only rows
    with coordinates or a correction get a position; where there is none, nothing is written.

    Answers of a service are kept as they arrive, and those of the last 30 days are not asked again.
    """
    from essgeo.files.addresses import address_columns, addresses_of, with_results, without_results
    from essgeo.files.entries import without_persons
    from essgeo.files.recognise import parse_columns
    from essgeo.files.tables import read_table
    from essgeo.files.write import write_file
    from essgeo.geocoding import geocode, read_corrections
    from essgeo.geocoding.chain import warn_uncovered
    from essgeo.geocoding.corrections import review, warn_unmatched

    read = {"FILE": file, "--corrections": given["corrections"], "--cache": given["cache"]}
    read |= {f"--ban ({path.name})": path for path in given["ban"]}
    read |= {f"--places ({path.name})": path for path in given["places"]}
    check_outputs({"-o": output, "--review": given["review"]}, read)
    engines = _engines(given)
    if not _asks_service(given) and (alone := [f"--{name}" for name in ("cache", "resume") if given[name]]):
        raise click.UsageError(tell("options_of_service", options=", ".join(alone)))
    cache = _cache(given) if _asks_service(given) else None
    settled = read_corrections(given["corrections"]) if given["corrections"] else None
    table = without_results(read_table(file, as_is=True, sheet=given["sheet"], layer=given["layer"]))
    named = parse_columns(given["columns"])
    parts = {"postcode": given["postcode"], "city": given["city"], "citycode": given["citycode"]}
    named |= {name: (column,) for name, column in parts.items() if column}
    named |= {"address": given["address"]} if given["address"] else {}
    reading = address_columns(table, source=file.name, named=named)
    reading.tell(file.name)
    addresses = addresses_of(table, reading, source=file.name)
    if given["ignore_coordinates"]:
        addresses = addresses.assign(lon=float("nan"), lat=float("nan"))
    table = without_persons(table, reading)
    form = language.get() if given["excel"] else None
    if given["reverse"]:
        nearest = _reverse(addresses, given).set_axis(table.index)
        write_file(table.drop(columns=[name for name in nearest if name in table]).join(nearest), output, excel=form)
        near = counted(int(nearest["geo_distance_m"].notna().sum()), "row")
        click.echo(tell("reversed", rows=counted(len(nearest), "row"), near=near, file=output))
        return
    found = geocode(
        addresses, using=engines, corrections=settled, city_default=given["city_default"], progress=True, cache=cache
    )
    warn_uncovered(found)
    warn_unmatched(found, settled)
    unasked = _unasked(found)
    write_file(with_results(table, found), output, excel=form)
    if given["review"]:
        write_file(review(found, engines), given["review"], excel=form)
    _summary(found, output)
    kept = int(found["geo_engine"].isin(["register", "sirene"]).sum())
    if kept:
        click.echo(plural("coordinates_kept", kept, count=kept), err=True)
    if unasked:
        click.echo(f"essgeo: {unasked}", err=True)


def _asks_service(given: Options) -> bool:
    """Return whether a service is to be asked, for which there must be ``--live``."""
    return given["engine"] == "geoplateforme" or given["live"] or given["url"] is not None


def _engines(given: Options) -> list[Engine]:
    from essgeo.geocoding import Local, Places, Service
    from essgeo.geocoding.service import GEOPLATEFORME, Client

    if given["engine"] == "local" and (_asks_service(given) or not given["ban"]):
        raise InputError(tell("engine_local"))
    if _asks_service(given) and not given["live"]:
        raise InputError(tell("engine_live"))
    if given["engine"] == "geoplateforme" and given["ban"]:
        raise InputError(tell("engine_service"))
    engines: list[Engine] = []
    if given["ban"]:
        engines.append(Local.read(given["ban"]))
    if _asks_service(given):
        engines.append(Service(Client(given["url"] or GEOPLATEFORME)))
    if given["places"]:
        near = next((engine for engine in engines if isinstance(engine, Local)), None)
        engines.append(Places.read(given["places"], near))
    return engines


def _reverse(points: pd.DataFrame, given: Options) -> pd.DataFrame:
    from essgeo.geocoding import reverse_geocode

    if not given["ban"] or _asks_service(given) or given["review"] or given["corrections"]:
        raise InputError(tell("reverse_local"))
    if points["lon"].isna().all():
        raise InputError(tell("reverse_nowhere"))
    return reverse_geocode(points, using=given["ban"])


def _cache(given: Options) -> Cache:
    from essgeo.geocoding.engines import FRESH_DAYS, Cache, default_cache

    return Cache(given["cache"] or default_cache(), fresh_days=float("inf") if given["resume"] else FRESH_DAYS)


def _unasked(found: gpd.GeoDataFrame) -> str:
    """Return how many addresses nobody was asked for, or refuse to go on where no row has a position without that."""
    count = int((found["geo_reason"] == "no_index").sum())
    if not count:
        return ""
    message = plural("no_engine", count, rows=counted(count, "row"))
    if found.geometry.notna().any():
        return message
    raise InputError(message)


def _summary(found: gpd.GeoDataFrame, output: Path) -> None:
    click.echo(tell("geocoded", rows=counted(len(found), "row"), statuses=by_status(found), file=output))


class StructuresOptions(TypedDict):
    """What a user may choose."""

    establishments: Path | None
    legal_units: Path | None
    geolocation: Path | None
    ess_list: Path | None
    naf_2025: Path | None
    live: bool
    ban: tuple[Path, ...]
    corrections: str | None
    others: str | None
    columns: tuple[str, ...]
    recode: dict[str, str]
    sheet: str | None
    layer: str | None
    decisions: Path | None
    suggestions: Path | None
    portrait: Path | None
    excel: bool
    as_of: dt.date | None
    as_json: bool


@click.command("structures")
@click.argument("territory")
@click.option("-o", "--output", required=True, type=_FILE)
@click.option("--establishments", type=_FILE)
@click.option("--legal-units", type=_FILE)
@click.option("--geolocation", type=_FILE)
@click.option("--ess-list", type=_FILE)
@click.option("--naf-2025", "naf_2025", type=_FILE)
@click.option("--live", is_flag=True)
@ban
@corrections
@click.option("--others", type=click.Path())
@columns
@recode
@sheet
@layer
@click.option("--decisions", type=_FILE)
@click.option("--suggestions", type=_FILE)
@click.option("--portrait", type=_FILE)
@excel
@as_of
@as_json
def structures(territory: str, output: Path, **given: Unpack[StructuresOptions]) -> None:
    """Write the structures of the ESS that are active in a TERRITORY, each with the rule that makes it ESS.

    Files that are not given are the last that `essgeo sources fetch` has brought.

    The file goes back into `essgeo study TERRITORY --structures FILE`. What INSEE diffuses in part has neither name nor
    address nor position in it.
    """
    from essgeo.files.write import write_file
    from essgeo.geocoding import Local, read_corrections
    from essgeo.geocoding.chain import warn_uncovered
    from essgeo.geocoding.corrections import warn_unmatched
    from essgeo.register import as_table, build_register, register_portrait
    from essgeo.register.assemble import register_files
    from essgeo.register.perimeter import unknown_activities
    from essgeo.territory import load_territory

    _check(output, given)
    files = register_files(**{name: given[name] for name in _OFFICIAL}, live=given["live"])  # type: ignore[literal-required]
    copies = {tell(f"copy_{name}"): getattr(files, name) for name in _OFFICIAL}
    check_outputs({"-o": output, "--portrait": given["portrait"], "--suggestions": given["suggestions"]}, copies)
    for sentence in files.stale:
        click.echo(sentence, err=True)
    here = load_territory(territory)
    settled = read_corrections(given["corrections"]) if given["corrections"] else None
    as_of = given["as_of"] or dt.date.today()  # noqa: DTZ011 (the day where the user is)
    found = build_register(
        here,
        files,
        as_of=as_of,
        using=[Local.read(given["ban"])] if given["ban"] else [],
        corrections=settled,
        progress=True,
    )
    warn_uncovered(found)
    warn_unmatched(found, settled)
    form = language.get() if given["excel"] else None
    if unknown := unknown_activities(found, language.get()):
        warnings.warn(unknown, InputWarning, stacklevel=1)
    if given["portrait"]:
        write_file(
            register_portrait(found, here, files, as_of=as_of, live=given["live"]), given["portrait"], excel=form
        )
    if given["others"]:
        found = _merged(found, here, given, form)
    write_file(as_table(found), output, excel=form)
    _structures_summary(found, output, as_json=given["as_json"])


_OFFICIAL = ("establishments", "legal_units", "geolocation", "ess_list", "naf_2025")

_OF_OTHERS = ("decisions", "suggestions", "columns", "recode", "sheet", "layer")


def _check(output: Path, given: StructuresOptions) -> None:
    if given["others"] is None and any(given[name] for name in _OF_OTHERS):  # type: ignore[literal-required]
        raise InputError(tell("two_lists"))
    read = {f"--{name.replace('_', '-')}": given[name] for name in _OFFICIAL}  # type: ignore[literal-required]
    read |= {"--corrections": given["corrections"], "--others": given["others"]}
    read |= {f"--ban ({path.name})": path for path in given["ban"]}
    check_outputs({"-o": output, "--portrait": given["portrait"]}, read | {"--decisions": given["decisions"]})
    check_outputs({"--suggestions": given["suggestions"]}, read | {"-o": output, "--portrait": given["portrait"]})


def _merged(found: gpd.GeoDataFrame, here: Territory, given: StructuresOptions, form: Lang | None) -> gpd.GeoDataFrame:
    """Return the register with the other list, and write what a human may settle; what is settled there stays."""
    import pandas as pd

    from essgeo.files.structures import read_structures
    from essgeo.files.write import write_file
    from essgeo.geocoding import geocode
    from essgeo.official.catalogue import known_headers
    from essgeo.register import apply_decisions, join_decisions, read_decisions, settled_rows, suggest_duplicates

    whole = read_structures(
        given["others"] or "",
        headers=known_headers(),
        columns=given["columns"],
        recode=given["recode"],
        sheet=given["sheet"],
        layer=given["layer"],
    )
    listed = _of_territory(whole, here)
    others = geocode(listed, crs=found.crs.to_string())
    suggestions = given["suggestions"]
    before = suggestions if suggestions and suggestions.exists() else None
    files = {path.resolve(): path for path in (given["decisions"], before) if path}
    decisions = join_decisions(*map(read_decisions, files.values())) if files else None
    if suggestions:
        kept = [settled_rows(before)] if before else []
        fresh = suggest_duplicates(found, others, decisions=decisions)
        write_file(pd.concat([*kept, fresh], ignore_index=True), suggestions, excel=form)
    return apply_decisions(found, others, decisions)


def _of_territory(listed: pd.DataFrame, here: Territory) -> pd.DataFrame:
    """Return the rows of a list without those whose commune is another: an official list is of a department or more."""
    from essgeo.schema.codes import with_arrondissements

    away = ~listed["citycode"].isin(["", *with_arrondissements(here.communes)])
    if away.any():
        click.echo(tell("others_away", rows=counted(int(away.sum()), "row"), territory=here.name), err=True)
    return listed[~away]


def _structures_summary(found: gpd.GeoDataFrame, output: Path, *, as_json: bool) -> None:
    counts = {
        name: found[name].replace("", "unknown").fillna("unknown").value_counts().to_dict()
        for name in ("geo_status", "ess_rule", "ess_certainty", "family")
        if name in found
    }
    if as_json:
        click.echo(json.dumps({"rows": len(found), "file": str(output), **counts}, ensure_ascii=False, indent=1))
        return
    click.echo(f"{counted(len(found), 'structure')}: {output}")
    for name, values in counts.items():
        click.echo(f"  {name}: {', '.join(f'{count} {value}' for value, count in values.items())}")


@click.command()
@click.argument("file", type=_FILE)
@click.option("-o", "--output", required=True, type=_FILE)
@click.option("--territory", default="est-ensemble", show_default=True)
@of_study("sheet", "layer", "columns", "recode", "corrections", "ban", "excel", "qpv", "npnru", "vintage")
def zones(file: Path, *, output: Path, territory: str, options: StudyOptions) -> None:
    """Write, for each structure of FILE, the zones it lies in or near, with probabilities."""
    from essgeo.files.guard import refuse_overwrite
    from essgeo.files.write import write_file
    from essgeo.publish.release import release_table
    from essgeo.study import named_zones, place
    from essgeo.territory import load_territory

    check_outputs({"-o": output}, {"FILE": file})
    here = load_territory(territory)
    refuse_overwrite({"-o": output}, options.inputs(here) | {"FILE": file})
    found = place(here, replace(options, structures=file))
    table = release_table("structure_zones", found.structure_zones, found.structures)
    write_file(named_zones(table, found), output, excel=options.form)
    for sentence in (*zone_counts(table), *applied(found.structures), *repairs(found.layers["qpv"])):
        click.echo(sentence)
    rows, of = counted(len(table), "row"), counted(len(found.structures), "structure")
    click.echo(tell("zones_written", rows=rows, structures=of, file=output))


@click.command("columns")
@click.argument("file", type=_FILE)
@columns
@sheet
@layer
@click.option("--premises", is_flag=True)
def list_columns(file: Path, columns: tuple[str, ...], sheet: str | None, layer: str | None, *, premises: bool) -> None:
    """Print which column of FILE is read as what, which are not used, and how to name one."""
    import pandas as pd

    from essgeo.files.recognise import parse_columns, recognise
    from essgeo.files.tables import read_table

    table = pd.DataFrame(read_table(file, sheet=sheet, layer=layer)).drop(columns="geometry", errors="ignore")
    kind = "candidates" if premises else "structures"
    reading = recognise(table, source=file.name, layer=kind, named=parse_columns(columns))
    for sentence in (*reading.sentences(file.name), *reading.doubts()):
        click.echo(harmless(sentence))
