"""``essgeo structures``: the register of the ESS of a territory, from the official files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from essgeo.cli import options
from essgeo.cli.outputs import check_outputs
from essgeo.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from essgeo.territory import Territory

_FILE = click.Path(path_type=Path)


class Options(TypedDict):
    """What a user may choose."""

    establishments: Path | None
    legal_units: Path | None
    geolocation: Path | None
    ess_list: Path | None
    live: bool
    ban: tuple[Path, ...]
    corrections: str | None
    others: str | None
    decisions: Path | None
    suggestions: Path | None
    portrait: Path | None
    as_of: dt.date | None
    as_json: bool


@click.command("structures")
@click.argument("territory")
@click.option(
    "-o", "--output", required=True, type=_FILE, help="File to write (.csv, .xlsx, .parquet, .geojson, .gpkg)."
)
@click.option("--establishments", type=_FILE, help="StockEtablissement of SIRENE (.parquet or .csv).")
@click.option("--legal-units", type=_FILE, help="StockUniteLegale of SIRENE (.parquet or .csv).")
@click.option("--geolocation", type=_FILE, help="Geolocation of SIRENE; its houses win over geocoding.")
@click.option("--ess-list", type=_FILE, help="List of ESS France.")
@click.option("--live", is_flag=True, help="Fetch the official files that are not given and not current.")
@click.option("--ban", multiple=True, type=_FILE, help="BAN file of a department (adresses-93.csv.gz), repeatable.")
@options.corrections
@click.option("--others", type=click.Path(), help="Another list of structures, to be added where it is not the same.")
@click.option("--decisions", type=_FILE, help="Which rows of the two lists are the same: left, right, decision, keep.")
@click.option(
    "--suggestions",
    type=_FILE,
    help="Write the likely duplicates here, to fill in; what is filled in there counts and stays.",
)
@click.option("--portrait", type=_FILE, help="Write the ESS by family, commune and QPV here, beside the economy.")
@options.as_of
@options.as_json
def structures(territory: str, output: Path, **given: Unpack[Options]) -> None:
    """Write the structures of the ESS that are active in a TERRITORY, each with the rule that makes it ESS.

    Files that are not given are the last that `essgeo sources fetch` has brought.

    The file goes back into `essgeo study TERRITORY --structures FILE`. What INSEE diffuses in part has neither name nor
    address nor position in it.
    """
    from essgeo.exports.any_format import write_file
    from essgeo.geocoding import read_corrections
    from essgeo.geocoding.cache import default_cache
    from essgeo.geocoding.index import load_index
    from essgeo.geocoding.local import Local
    from essgeo.register import as_table, build_register, register_portrait
    from essgeo.register.files import register_files
    from essgeo.territory import load_territory

    _check(output, given)
    files = register_files(
        establishments=given["establishments"],
        legal_units=given["legal_units"],
        geolocation=given["geolocation"],
        ess_list=given["ess_list"],
        live=given["live"],
    )
    for sentence in files.stale:
        click.echo(sentence, err=True)
    here = load_territory(territory)
    as_of = given["as_of"] or dt.date.today()  # noqa: DTZ011 (the day where the user is)
    found = build_register(
        here,
        files,
        as_of=as_of,
        using=[Local.on_disk(load_index(given["ban"], default_cache().with_name("ban")))] if given["ban"] else [],
        corrections=read_corrections(given["corrections"]) if given["corrections"] else None,
        progress=True,
    )
    if given["portrait"]:
        write_file(register_portrait(found, here, files, as_of=as_of, live=given["live"]), given["portrait"])
    if given["others"]:
        found = _merged(found, here, given)
    write_file(as_table(found), output)
    _summary(found, output, as_json=given["as_json"])


def _check(output: Path, given: Options) -> None:
    if given["others"] is None and (given["decisions"] or given["suggestions"]):
        message = "--decisions and --suggestions are about two lists: name the other one with --others FILE."
        raise InputError(message)
    official = ("establishments", "legal_units", "geolocation", "ess_list")
    read = {f"--{name.replace('_', '-')}": given[name] for name in official}  # type: ignore[literal-required]
    read |= {"--corrections": given["corrections"], "--others": given["others"]}
    read |= {f"--ban ({path.name})": path for path in given["ban"]}
    check_outputs({"-o": output, "--portrait": given["portrait"]}, read | {"--decisions": given["decisions"]})
    check_outputs({"--suggestions": given["suggestions"]}, read | {"-o": output, "--portrait": given["portrait"]})


def _merged(found: gpd.GeoDataFrame, here: Territory, given: Options) -> gpd.GeoDataFrame:
    """Return the register with the other list, and write what a human may settle; what is settled there stays."""
    import pandas as pd

    from essgeo.exports.any_format import write_file
    from essgeo.geocoding import geocode
    from essgeo.sources import read_structures
    from essgeo.structures import apply_decisions, join_decisions, read_decisions, settled_rows, suggest_duplicates

    listed = _of_territory(read_structures(given["others"] or ""), here)
    others = geocode(listed, crs=found.crs.to_string())
    suggestions = given["suggestions"]
    before = suggestions if suggestions and suggestions.exists() else None
    files = {path.resolve(): path for path in (given["decisions"], before) if path}
    decisions = join_decisions(*map(read_decisions, files.values())) if files else None
    if suggestions:
        kept = [settled_rows(before)] if before else []
        fresh = suggest_duplicates(found, others, decisions=decisions)
        write_file(pd.concat([*kept, fresh], ignore_index=True), suggestions)
    return apply_decisions(found, others, decisions)


def _of_territory(listed: pd.DataFrame, here: Territory) -> pd.DataFrame:
    """Return the rows of a list without those whose commune is another: an official list is of a department or more."""
    from essgeo.cli.text import counted
    from essgeo.register.build import sirene_communes

    away = ~listed["citycode"].isin(["", *sirene_communes(here.communes)])
    if away.any():
        click.echo(f"{counted(int(away.sum()), 'row')} of --others: in no commune of {here.name}, left out.", err=True)
    return listed[~away]


def _summary(found: gpd.GeoDataFrame, output: Path, *, as_json: bool) -> None:
    import json

    from essgeo.cli.text import counted

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
