"""``essgeo doctor``: what the figures of a territory rest on."""

from __future__ import annotations

import click

from essgeo.cli import options


@click.command()
@click.argument("territory", default="est-ensemble")
@options.structures
@options.corrections
@options.network
@options.walk_minutes
@options.as_json
def doctor(
    territory: str,
    *,
    structures: str | None,
    corrections: str | None,
    network: str | None,
    walk_minutes: int,
    as_json: bool,
) -> None:
    """Say what the figures of a TERRITORY rest on: software, data, positions, streets against straight lines."""
    from essgeo.cli.text import harmless
    from essgeo.study import check_up, set_up

    found = check_up(
        set_up(territory, structures=structures, corrections=corrections, network=network, walk_minutes=walk_minutes)
    )
    if as_json:
        click.echo(found.to_json(orient="records", force_ascii=False, indent=1))
        return
    for row in found.itertuples():
        click.echo(f"{row.state:<8} {row.subject:<14} {harmless(str(row.finding))}")
        if row.advice:
            click.echo(f"{'':<23} {harmless(str(row.advice))}")
