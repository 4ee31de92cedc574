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
@options.npnru
@options.vintage
def zones(
    file: str,
    *,
    output: str,
    territory: str,
    corrections: str | None,
    qpv: str | None,
    npnru: str | None,
    vintage: str | None,
) -> None:
    """Write, for each structure of FILE, the zones it lies in or near, with probabilities."""
    from essgeo.cli.summary import repairs
    from essgeo.cli.text import counted
    from essgeo.errors import InputError
    from essgeo.exports.any_format import whole
    from essgeo.exports.csv_tables import write_csv
    from essgeo.exports.release import release
    from essgeo.study import run_study

    path = Path(output)
    if path.suffix.lower() != ".csv" or not path.parent.is_dir():
        message = f"{path}: give the name of a .csv file in a folder that exists."
        raise InputError(message)
    found = run_study(
        territory, structures=file, corrections=corrections, qpv=qpv, npnru=npnru, vintage=vintage, out=None
    )
    table = release(found).tables["structure_zones"]
    with whole(path) as staged:
        write_csv(table, staged)
    for sentence in repairs(found):
        click.echo(sentence)
    click.echo(f"{counted(len(table), 'row')} for {counted(len(found.structures), 'structure')}: {path}")
