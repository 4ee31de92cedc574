"""``essgeo study``: everything, from a territory to a folder to publish."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from essgeo.cli import options

if TYPE_CHECKING:
    import datetime as dt

    from essgeo.maps.background import Choice
    from essgeo.words.vocabulary import Lang


@click.command()
@click.argument("territory")
@options.structures
@options.corrections
@options.qpv
@options.npnru
@options.network
@options.vintage
@options.walk_minutes
@options.as_of
@click.option("--live", is_flag=True, help="Take every layer from its official source.")
@click.option("--offline", is_flag=True, help="With --live: use what was fetched before, open no connection.")
@click.option("--out", type=click.Path(), default="maps", show_default=True, help="Folder to publish into.")
@click.option(
    "--background",
    type=click.Choice(["ign", "osm", "none"]),
    default="ign",
    show_default=True,
    help="Background tiles of the maps: Plan IGN, OpenStreetMap or none.",
)
@click.option("--single-file", is_flag=True, help="Write all pages into one index.html, to send by mail.")
@click.option("--lang", type=click.Choice(["fr", "en"]), default="fr", show_default=True, help="Language of the pages.")
def study(  # noqa: PLR0913 (one argument an option)
    territory: str,
    *,
    structures: str | None,
    corrections: str | None,
    qpv: str | None,
    npnru: str | None,
    network: str | None,
    vintage: str | None,
    walk_minutes: int,
    as_of: dt.date | None,
    out: str,
    lang: Lang,
    live: bool,
    offline: bool,
    background: Choice,
    single_file: bool,
) -> None:
    """Study a TERRITORY and publish pages, tables and layers."""
    from essgeo.cli.summary import caveat, neighbourhood_summary, repairs
    from essgeo.cli.text import by_status, counted, echo_table, harmless, persons
    from essgeo.study import run_study

    if offline and not live:
        message = "--offline goes with --live: without it nothing is ever fetched."
        raise click.UsageError(message)
    found = run_study(
        territory,
        structures=structures,
        corrections=corrections,
        qpv=qpv,
        npnru=npnru,
        network=network,
        vintage=vintage,
        as_of=as_of,
        walk_minutes=walk_minutes,
        out=out,
        lang=lang,
        live=live,
        offline=offline,
        background=background,
        single_file=single_file,
    )
    for fault in found.faults:
        click.echo(f"essgeo: {harmless(fault)}", err=True)
    echo_table(neighbourhood_summary(found))
    click.echo(f"\n{caveat(found, found.coverage['method'].iloc[0])}")
    for sentence in (*repairs(found), *found.shortfalls):
        click.echo(harmless(sentence))
    if len(found.review):
        review = Path(out) / "tables" / "review.csv"
        whole = counted(len(found.structures), "structure")
        need = f"need{'s' * (len(found.review) == 1)} a human ({by_status(found.review)})"
        click.echo(f"{persons(len(found.review))} of {whole} {need}: {review}")
    click.echo(f"Pages: {Path(out) / 'index.html'}")
