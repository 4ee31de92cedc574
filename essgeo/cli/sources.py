"""Commands on official sources and territories."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from essgeo.cli.options import as_json
from essgeo.cli.summary import counted, echo_table, harmless
from essgeo.messages import language, speaking, tell

if TYPE_CHECKING:
    from essgeo.official.catalogue import Source


CHECKED_AREA = "93"
"""Department whose files stand for all where a source has one a department."""

_FOLDER = click.option("--folder", type=click.Path(path_type=Path))


@click.group()
def sources() -> None:
    """List the official sources, fetch them, or check that they have not changed."""


@sources.command("list")
@_FOLDER
@as_json
def list_(*, folder: Path | None, as_json: bool) -> None:
    """Print every official source and its copies."""
    import pandas as pd

    from essgeo.official.catalogue import read_catalogue
    from essgeo.official.store import manifest_of, read_copies, sources_folder

    root = sources_folder(folder)
    kept = [(source, read_copies(source, root)) for source in read_catalogue().values()]
    if as_json:
        described = [
            dataclasses.asdict(source) | {"copies": [manifest_of(copy) for copy in copies]} for source, copies in kept
        ]
        click.echo(json.dumps(described, ensure_ascii=False, indent=1))
        return
    rows = [
        {
            tell("head_source"): source.id,
            tell("head_publisher"): source.publisher,
            tell("head_vintage"): source.vintage,
            tell("head_licence"): tell("unverified") if "licence" in source.unverified else source.licence,
            tell("head_refresh"): source.refresh,
            tell("head_by"): source.scope,
            tell("head_copy"): ", ".join(f"{copy.day} ({copy.area})" for copy in copies)
            or {"given": tell("given_by_user", option=source.locate.get("option", "")), "page": tell("unverified")}.get(
                source.locate["kind"], "-"
            ),
        }
        for source, copies in kept
    ]
    echo_table(pd.DataFrame(rows))
    changed = [source for source, _ in kept if source.changed_by]
    if changed:
        named = ", ".join(source.id for source in changed)
        click.echo("\n" + tell("changed_by", option=changed[0].changed_by, sources=named))


@sources.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--territory", metavar="T")
@click.option("--area", "areas", multiple=True, metavar="DEP")
@_FOLDER
@click.option("--offline", is_flag=True)
@click.option("--refresh", is_flag=True)
def fetch(
    *,
    ids: tuple[str, ...],
    territory: str | None,
    areas: tuple[str, ...],
    folder: Path | None,
    offline: bool,
    refresh: bool,
) -> None:
    """Fetch sources whose copy is not current.

    A copy that could not be renewed is kept, and said to be old.
    """
    from essgeo.errors import SourceError, SourceUnavailableError
    from essgeo.official.catalogue import find_source
    from essgeo.official.fetch import fetch as fetch_file
    from essgeo.official.formats import absent_in

    faults = []
    for source in [find_source(name) for name in ids]:
        for area in _areas(source, territory, areas):
            try:
                got = fetch_file(source, area=area, folder=folder, offline=offline, refresh=refresh, progress=True)
            except SourceError as error:
                faults.append(str(error))
                continue
            name = f"{got.source} {got.area}".strip()
            click.echo(f"{name}  {got.day}  {_megabytes(got.size)}  sha256 {got.sha256}  {got.path}")
            if got.stale:
                click.echo(f"essgeo: {got.stale}", err=True)
            if absent := ", ".join(absent_in(got.path, source)):
                click.echo(f"essgeo: {got.path.name}: {tell('check_absent', absent=absent)}", err=True)
    if faults:
        raise SourceUnavailableError("\n".join(faults))


@sources.command()
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--area", metavar="DEP", default=CHECKED_AREA, show_default=True)
@as_json
def check(*, ids: tuple[str, ...], area: str, as_json: bool) -> None:
    """Look whether the current files are as expected.

    All sources, or those named, are looked for, and their first and last bytes read: format, columns, members of an
    archive. Exit code 3 if one changed, is gone or out of reach; one that nobody publishes is said to be given, one
    whose address nobody has read to be unverified.
    """
    from essgeo.errors import SourceChangedError
    from essgeo.official.catalogue import find_source, read_catalogue
    from essgeo.official.check import check_source
    from essgeo.official.http import Web

    web = Web()
    findings = []
    for source in [find_source(name) for name in ids] or read_catalogue().values():
        # What programs read is the same in every language.
        with speaking("en" if as_json else language.get()):
            finding = check_source(source, area=area, web=web)
        findings.append(finding)
        if not as_json:
            click.echo(f"{finding.state:<12} {finding.source:<22} {_megabytes(finding.size):>10}  {finding.said}")
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    fine = {"ok", "given", "unverified"}
    amiss = [f"{finding.source} ({finding.state})" for finding in findings if finding.state not in fine]
    if amiss:
        message = tell("not_as_expected", count=len(amiss), total=len(findings), sources=", ".join(amiss))
        raise SourceChangedError(message)


def _areas(source: Source, territory: str | None, areas: tuple[str, ...]) -> list[str]:
    """Return the departments to fetch a source for, one for each of its files."""
    from essgeo.official.catalogue import area_of
    from essgeo.schema.codes import department_of
    from essgeo.territory import load_territory

    if source.scope == "france":
        return [""]
    of_territory = {department_of(code) for code in load_territory(territory).communes} if territory else set()
    wanted = sorted({*areas, *of_territory}) or [""]
    return list({area_of(source, area): area for area in wanted}.values())


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size else "-"


@click.group()
def territory() -> None:
    """List territories, check the files of one, or begin a new one."""


@territory.command("list")
def territory_list_() -> None:
    """Print the territories shipped with essgeo."""
    from essgeo.territory import load_territory, territory_names

    for name in territory_names():
        click.echo(f"{name}  {load_territory(name).name}")


@territory.command("check")
@click.argument("name")
def territory_check(name: str) -> None:
    """Read every layer of the territory NAME (or folder) and say what it holds, or everything that is wrong."""
    from essgeo.errors import EssgeoError, SchemaError
    from essgeo.official.live_layers import read_layer
    from essgeo.territory import load_territory

    here = load_territory(name)
    if not here.files:
        click.echo(tell("no_own_file", territory=here.name, name=name))
    faults = []
    wide = max((len(file.layer) for file in here.files), default=0)
    for file in here.files:
        vintage = file.vintage if file.layer == "qpv" else None
        try:
            rows = len(read_layer(here, file.layer, vintage=vintage))
        except EssgeoError as error:
            faults.append(str(error))
            continue
        counts = counted(rows, "row")
        click.echo(f"{file.layer:<{wide}}  {file.vintage:<6} {counts:>11}  {file.path.name}  {file.licence}")
    if faults:
        raise SchemaError("\n".join(faults))


@territory.command()
@click.argument("name")
@click.option("--communes", required=True, metavar="CODES")
@click.option("--name", "title")
@click.option("--crs", default="auto", show_default=True)
@click.option("--folder", type=click.Path())
@click.option("--live", is_flag=True)
def init(name: str, *, communes: str, title: str | None, crs: str, folder: str | None, live: bool) -> None:
    """Make the folder of a territory that official sources fill: no data, no code.

    Codes are looked up in the official list of communes where it was fetched (`essgeo sources fetch communes`).
    """
    from essgeo.official.declare import declare_territory

    known = _known_communes(live=live)
    made = declare_territory(name, communes.split(","), title=title, crs=crs, folder=folder, known=known)
    communes_of, file = counted(len(made.communes), "commune"), made.folder / "territory.toml"
    click.echo(tell("territory_made", name=made.name, communes=communes_of, crs=made.crs, file=file))
    if known is None:
        click.echo(tell("codes_unchecked"))
    else:
        click.echo(harmless(", ".join(f"{code} {known.get(code, '')}".strip() for code in made.communes)))
    click.echo(tell("next_study", folder=made.folder))


def _known_communes(*, live: bool) -> dict[str, str] | None:
    """Return the communes by code, from the official file; without ``live`` only if it was fetched before."""
    from essgeo.errors import SourceError
    from essgeo.official.fetch import fetch
    from essgeo.official.readers import read_commune_names

    try:
        return read_commune_names(fetch("communes", offline=not live, progress=live).path)
    except SourceError:
        if live:
            raise
        return None
