"""``essgeo gaps``: the gaps of the target neighbourhoods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from essgeo.cli import options

if TYPE_CHECKING:
    import datetime as dt

SHOWN = 5


@click.command()
@click.argument("territory")
@options.structures
@options.corrections
@options.walk_minutes
@options.as_of
@options.as_json
def gaps(
    territory: str,
    *,
    structures: str | None,
    corrections: str | None,
    walk_minutes: int,
    as_of: dt.date | None,
    as_json: bool,
) -> None:
    """Print where each target neighbourhood of a TERRITORY falls furthest behind it."""
    from essgeo.cli.summary import caveat, widest_gaps
    from essgeo.cli.text import echo_table
    from essgeo.study import run_study

    found = run_study(
        territory, structures=structures, corrections=corrections, as_of=as_of, walk_minutes=walk_minutes, out=None
    )
    if as_json:
        click.echo(found.gaps.to_json(orient="records", force_ascii=False, indent=1))
        return
    echo_table(widest_gaps(found, SHOWN))
    click.echo(f"\n{caveat(found)}")
