"""``essgeo site``: which places to open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from essgeo.cli import options

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd

    from essgeo.results import Setting
    from essgeo.siting import Scenario

_OBJECTIVES = ("coverage", "targets", "need", "median", "set", "expected", "person_months")
MOST_EXCLUSIONS_SHOWN = 10


@click.command()
@click.argument("territory")
@click.option("--count", type=click.IntRange(1, 50), default=2, show_default=True, help="Number of sites.")
@click.option(
    "--sector",
    required=True,
    help="Sector or challenge, by its code or label, for example alimentation_agriculture; or all.",
)
@click.option(
    "--within", type=click.FloatRange(0, 60, min_open=True), default=10, show_default=True, help="Minutes on foot."
)
@click.option("--from", "first", metavar="YYYY-MM", help="First month the sites are needed.")
@click.option("--to", "last", metavar="YYYY-MM", help="Last month the sites are needed.")
@click.option(
    "--candidates",
    help="A file, 'grid' (every 200 m cell) or 'sites'. Default: sites where ten are located, else grid.",
)
@click.option("--min-surface", type=click.FloatRange(0), help="Least surface of premises, m2.")
@click.option("--ground-floor", is_flag=True, help="Premises on the ground floor only.")
@click.option("--max-station-minutes", type=click.FloatRange(0, min_open=True), help="Longest walk to a station.")
@click.option(
    "--objective",
    type=click.Choice(_OBJECTIVES),
    default="coverage",
    show_default=True,
    help="The model; targets: residents of target neighbourhoods only.",
)
@click.option("--draws", type=click.IntRange(0), default=200, show_default=True, help="Random draws behind robustness.")
@click.option("--out", type=click.Path(), help="Folder to write the page and the brief into.")
@options.structures
@options.corrections
@options.network
@options.as_of
@options.as_json
def site(  # noqa: PLR0913 (one argument an option)
    territory: str,
    *,
    count: int,
    sector: str,
    within: float,
    first: str | None,
    last: str | None,
    candidates: str | None,
    min_surface: float | None,
    max_station_minutes: float | None,
    objective: str,
    draws: int,
    out: str | None,
    structures: str | None,
    corrections: str | None,
    network: str | None,
    as_of: dt.date | None,
    ground_floor: bool,
    as_json: bool,
) -> None:
    """Choose sites in a TERRITORY that bring most residents within reach of a sector."""
    from essgeo.siting import Assumptions, Requirements, choose_sites
    from essgeo.sources.lookup import codes_of
    from essgeo.study import measure, set_up
    from essgeo.words.vocabulary import THEMES

    if (first is None) != (last is None):
        message = "--from and --to go together."
        raise click.UsageError(message)
    setting = set_up(territory, structures=structures, corrections=corrections, network=network, as_of=as_of)
    scenario = choose_sites(
        setting.demand,
        _candidates(setting, candidates),
        count=count,
        sector=codes_of([sector], THEMES)[0],
        within_minutes=within,
        period=(first, last) if first and last else None,
        objective=objective,
        structures=setting.structures,
        requirements=Requirements(min_surface, ground_floor, max_station_minutes, setting.stations),
        assumptions=Assumptions(network=setting.network, draws=draws),
    )
    if out is not None:
        from essgeo.maps.siting import build_siting

        build_siting(measure(setting), [scenario], Path(out))
    if as_json:
        click.echo(scenario.to_json())
    else:
        _echo(scenario)


def _candidates(setting: Setting, given: str | None) -> gpd.GeoDataFrame:
    from essgeo.siting import default_candidates, read_candidates, search_areas, site_candidates

    if given is None:
        return default_candidates(setting.sites, setting.iris)
    if given == "grid":
        return search_areas(setting.iris)
    if given == "sites":
        return site_candidates(setting.sites)
    return read_candidates(given, crs=setting.territory.crs)


def _echo(scenario: Scenario) -> None:
    from essgeo.cli.text import echo_table, persons
    from essgeo.siting.words import FILTERS

    sites = scenario.sites
    echo_table(
        sites[["name"]].assign(
            **{
                "adds": sites["marginal"].map(persons),
                "stays chosen": sites["robust"].map("{:.0%}".format),
                "or within 400 m": sites["robust_nearby"].map("{:.0%}".format),
                "best hosts": sites["best_sectors"].map(_hosts),
            }
        )
    )
    click.echo()
    for sentence in scenario.sentences("en"):
        click.echo(sentence)
    for row in scenario.exclusions.head(MOST_EXCLUSIONS_SHOWN).astype(str).to_dict("records"):
        value = f" ({row['value']})" if row["value"] else ""
        click.echo(f"  left out: {row['name']}: {FILTERS[row['reason']]['en']}{value}")
    more = len(scenario.exclusions) - MOST_EXCLUSIONS_SHOWN
    if more > 0:
        click.echo(f"  ... and {more} more, all in --json.")


def _hosts(codes: str) -> str:
    from essgeo.siting.words import label

    first, *others = codes.split("|")
    return f"{label(first, 'en')} (or {len(others)} others)" if others else label(first, "en")
