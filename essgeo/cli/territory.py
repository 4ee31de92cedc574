"""``essgeo territory``: which territories there are, and whether their files hold."""

from __future__ import annotations

import click


@click.group()
def territory() -> None:
    """List territories, or check the files of one."""


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
