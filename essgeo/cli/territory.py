"""``essgeo territory``: which territories there are, whether their files hold, and how a new one begins."""

from __future__ import annotations

import click


@click.group()
def territory() -> None:
    """List territories, check the files of one, or begin a new one."""


@territory.command("list")
def list_() -> None:
    """Print the territories shipped with essgeo."""
    from essgeo.territory import load_territory, territory_names

    for name in territory_names():
        click.echo(f"{name}  {load_territory(name).name}")


@territory.command()
@click.argument("name")
def check(name: str) -> None:
    """Read every layer of the territory NAME (or folder) and say what it holds, or everything that is wrong."""
    from essgeo.errors import EssgeoError, SchemaError
    from essgeo.sources import read_layer
    from essgeo.territory import load_territory

    here = load_territory(name)
    if not here.files:
        click.echo(f"{here.name} has no file of its own: essgeo study {name} --live fetches every layer.")
    faults = []
    for file in here.files:
        vintage = file.vintage if file.layer == "qpv" else None
        try:
            rows = len(read_layer(here, file.layer, vintage=vintage))
        except EssgeoError as error:
            faults.append(str(error))
            continue
        counts = f"{rows:>6} row{'s' * (rows != 1)}"
        click.echo(f"{file.layer:<16} {file.vintage:<6} {counts:<11}  {file.path.name}  {file.licence}")
    if faults:
        raise SchemaError("\n".join(faults))


@territory.command()
@click.argument("name")
@click.option("--communes", required=True, metavar="CODES", help="INSEE codes, separated by commas: 93001,93027.")
@click.option("--name", "title", help="Name that pages write. Default: NAME with capitals.")
@click.option("--crs", default="auto", show_default=True, help="Metric CRS; auto: the legal one of the department.")
@click.option("--folder", type=click.Path(), help="Folder to make. Default: NAME, here.")
@click.option("--live", is_flag=True, help="Fetch the official list of communes to look the codes up in.")
def init(name: str, *, communes: str, title: str | None, crs: str, folder: str | None, live: bool) -> None:
    """Make the folder of a territory that official sources fill: no data, no code.

    Codes are looked up in the official list of communes where it was fetched (`essgeo sources fetch communes`).
    """
    from essgeo.cli.text import counted, harmless
    from essgeo.sources.declare import declare_territory

    known = _known_communes(live=live)
    made = declare_territory(name, communes.split(","), title=title, crs=crs, folder=folder, known=known)
    click.echo(
        f"{made.name}: {counted(len(made.communes), 'commune')}, {made.crs}, in {made.folder / 'territory.toml'}"
    )
    if known is None:
        click.echo("Not checked: that each code is one of a commune; --live looks them up in the official list.")
    else:
        click.echo(harmless(", ".join(f"{code} {known.get(code, '')}".strip() for code in made.communes)))
    click.echo(f"Next: essgeo study {made.folder} --live")


def _known_communes(*, live: bool) -> dict[str, str] | None:
    """Return the communes by code, from the official file; without ``live`` only if it was fetched before."""
    from essgeo.errors import SourceError
    from essgeo.sources.fetch import fetch
    from essgeo.sources.readers.communes import read_commune_names

    try:
        return read_commune_names(fetch("communes", offline=not live, progress=live).path)
    except SourceError:
        if live:
            raise
        return None
