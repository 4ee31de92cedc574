"""``essgeo zones``: which zones each structure of a file lies in or near."""

from __future__ import annotations

from pathlib import Path

import click

from essgeo.cli import options


@click.command()
@click.argument("file", type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(), help="Table to write (.csv).")
@click.option("--territory", default="est-ensemble", show_default=True, help="Territory whose zones count.")
@options.corrections
@options.qpv
@options.vintage
def zones(
    file: str, output: str, territory: str, corrections: str | None, qpv: str | None, vintage: str | None
) -> None:
    """Write, for each structure of FILE, the zones it lies in or near, with probabilities."""
    from essgeo.exports.csv_tables import write_csv
    from essgeo.study import run_study

    found = run_study(
        territory, structures=file, corrections=corrections, qpv=qpv, vintage=vintage, out=None
    )
    write_csv(found.structure_zones, Path(output))
    click.echo(f"{len(found.structure_zones)} rows for {len(found.structures)} structures: {output}")
