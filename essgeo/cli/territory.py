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
        click.echo(f"{file.layer:<16} {file.vintage:<6} {rows:>6} rows  {file.path.name}  {file.licence}")
    if faults:
        raise SchemaError("\n".join(faults))


@territory.command()
@click.argument("name")
@click.option("--communes", required=True, metavar="CODES", help="INSEE codes, separated by commas: 93001,93027.")
@click.option("--name", "title", help="Name that pages write. Default: NAME with capitals.")
@click.option("--crs", default="auto", show_default=True, help="Metric CRS; auto: the legal one of the department.")
@click.option("--folder", type=click.Path(), help="Folder to make. Default: NAME, here.")
def init(name: str, *, communes: str, title: str | None, crs: str, folder: str | None) -> None:
    """Make the folder of a territory that official sources fill: no data, no code."""
    from essgeo.sources.declare import declare_territory

    made = declare_territory(name, communes.split(","), title=title, crs=crs, folder=folder)
    click.echo(f"{made.name}: {len(made.communes)} communes, {made.crs}, in {made.folder / 'territory.toml'}")
    click.echo(f"Next: essgeo study {made.folder} --live")
