"""``essgeo sources``: the official sources, their copies on this disk, and whether they still are what they were."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from essgeo.cli import options

if TYPE_CHECKING:
    from essgeo.sources.catalogue import Source

CHECKED_AREA = "93"
"""Department whose files stand for all where a source has one a department."""
_FOLDER = click.option(
    "--folder", type=click.Path(path_type=Path), help="Where files are kept. Default: the cache (ESSGEO_CACHE)."
)


@click.group()
def sources() -> None:
    """List the official sources, fetch them, or check that they have not changed."""


@sources.command("list")
@_FOLDER
@options.as_json
def list_(*, folder: Path | None, as_json: bool) -> None:
    """Print every official source and its copies."""
    import pandas as pd

    from essgeo.cli.text import echo_table
    from essgeo.sources.catalogue import read_catalogue
    from essgeo.sources.download.folders import sources_folder
    from essgeo.sources.download.manifest import read_copies

    root = sources_folder(folder)
    kept = [(source, read_copies(source, root)) for source in read_catalogue().values()]
    if as_json:
        described = [
            dataclasses.asdict(source) | {"copies": [dataclasses.asdict(copy) for copy in copies]}
            for source, copies in kept
        ]
        click.echo(json.dumps(described, ensure_ascii=False, indent=1))
        return
    rows = [
        {
            "source": source.id,
            "publisher": source.publisher,
            "vintage": source.vintage,
            "licence": source.licence,
            "refresh": source.refresh,
            "by": source.scope,
            "copy of": ", ".join(f"{copy.day} ({copy.area})" for copy in copies)
            or (f"given by the user ({source.locate['option']})" if source.is_given else "-"),
        }
        for source, copies in kept
    ]
    echo_table(pd.DataFrame(rows))
    changed = [source for source, _ in kept if source.changed_by]
    if changed:
        click.echo(f"\nChanged by {changed[0].changed_by}: {', '.join(source.id for source in changed)}.")


@sources.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--territory", metavar="T", help="Fetch for the departments of this territory.")
@click.option("--area", "areas", multiple=True, metavar="DEP", help="Department (93, 2A, 974), repeatable.")
@_FOLDER
@click.option("--offline", is_flag=True, help="Open no connection: only say what is on this disk.")
@click.option("--refresh", is_flag=True, help="Ask the server even for a copy that is current.")
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
    from essgeo.sources.catalogue import find_source
    from essgeo.sources.fetch import fetch as fetch_file

    faults = []
    for source in [find_source(name) for name in ids]:
        for area in _areas(source, territory, areas):
            try:
                got = fetch_file(source, area=area, folder=folder, offline=offline, refresh=refresh, progress=True)
            except SourceError as error:
                faults.append(str(error))
                continue
            name = f"{got.source} {got.area}".strip()
            click.echo(f"{name}  {got.fetched_at:%Y-%m-%d}  {_megabytes(got.size)}  sha256 {got.sha256}  {got.path}")
            if got.stale:
                click.echo(f"essgeo: {got.stale}", err=True)
    if faults:
        raise SourceUnavailableError("\n".join(faults))


@sources.command()
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option("--area", metavar="DEP", default=CHECKED_AREA, show_default=True, help="Department that is looked at.")
@options.as_json
def check(*, ids: tuple[str, ...], area: str, as_json: bool) -> None:
    """Look whether the current files are as expected.

    All sources, or those named, are looked for, and their first and last bytes read: format, columns, members of an
    archive. Exit code 3 if one changed, is gone or out of reach; one that nobody publishes is said to be given.
    """
    from essgeo.errors import SourceChangedError
    from essgeo.sources.catalogue import find_source, read_catalogue
    from essgeo.sources.check import check_source
    from essgeo.sources.fetch import Web

    web = Web()
    findings = []
    for source in [find_source(name) for name in ids] or read_catalogue().values():
        finding = check_source(source, area=area, web=web)
        findings.append(finding)
        if not as_json:
            click.echo(f"{finding.state:<12} {finding.source:<22} {_megabytes(finding.size):>10}  {finding.said}")
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    amiss = [f"{finding.source} ({finding.state})" for finding in findings if finding.state not in {"ok", "given"}]
    if amiss:
        message = f"{len(amiss)} of {len(findings)} sources are not as expected: {', '.join(amiss)}."
        raise SourceChangedError(message)


def _areas(source: Source, territory: str | None, areas: tuple[str, ...]) -> list[str]:
    """Return the departments to fetch a source for, one for each of its files."""
    from essgeo.sources.catalogue import area_of, department_of
    from essgeo.territory import load_territory

    if source.scope == "france":
        return [""]
    of_territory = {department_of(code) for code in load_territory(territory).communes} if territory else set()
    wanted = sorted({*areas, *of_territory}) or [""]
    return list({area_of(source, area): area for area in wanted}.values())


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size else "-"
