"""``essgeo gaps``: the gaps of the target neighbourhoods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from essgeo.cli import options

if TYPE_CHECKING:
    import datetime as dt

SHOWN = 5
EXCESS = "excess: residents out of reach beyond as many as the share of the whole territory would leave."


@click.command()
@click.argument("territory")
@options.structures
@options.corrections
@options.network
@options.walk_minutes
@options.as_of
@options.as_json
def gaps(
    territory: str,
    *,
    structures: str | None,
    corrections: str | None,
    network: str | None,
    walk_minutes: int,
    as_of: dt.date | None,
    as_json: bool,
) -> None:
    """Print where each target neighbourhood of a TERRITORY falls furthest behind it.

    With --json: every target neighbourhood, QPV and commune, with need, poverty of access and ranks.
    """
    from essgeo.cli.summary import caveat, widest_gaps
    from essgeo.cli.text import echo_table
    from essgeo.gaps import find_gaps
    from essgeo.study import set_up

    setting = set_up(
        territory,
        structures=structures,
        corrections=corrections,
        network=network,
        as_of=as_of,
        walk_minutes=walk_minutes,
    )
    found = find_gaps(
        setting.neighbourhoods,
        setting.demand,
        setting.structures,
        qpv=setting.qpv,
        communes=setting.communes,
        network=setting.network,
        within_minutes=walk_minutes,
        as_of=setting.parameters.as_of,
    ).drop(columns="geometry")
    if as_json:
        click.echo(found.to_json(orient="records", force_ascii=False, indent=1))
        return
    echo_table(widest_gaps(found, SHOWN))
    click.echo(f"\n{EXCESS}")
    click.echo(f"{caveat(setting, found['method'].iloc[0])}")
