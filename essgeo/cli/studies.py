"""Commands on a territory: study, gaps, site, doctor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from essgeo.cli.options import as_json, of_study
from essgeo.cli.summary import (
    applied,
    by_status,
    caveat,
    counted,
    echo_table,
    harmless,
    neighbourhood_summary,
    persons,
    repairs,
    widest_gaps,
)
from essgeo.messages import language, plural, speaking, tell, words
from essgeo.text.languages import method_in_words, percent

if TYPE_CHECKING:
    import geopandas as gpd

    from essgeo.maps.render import Choice
    from essgeo.results import Setting
    from essgeo.siting import Scenario
    from essgeo.study import Options


_LISTS = (
    *("structures", "sheet", "layer", "decisions", "suggestions"),
    *("columns", "recode", "corrections", "ban", "excel"),
)
"""Options of every command that reads lists of structures."""


@click.command()
@click.argument("territory")
@of_study(
    *_LISTS,
    *(
        "qpv",
        "npnru",
        "network",
        "needs",
        "premises",
        "vintage",
        "walk_minutes",
        "profile",
        "speed_kmh",
        "as_of",
        "live",
        "offline",
        "lang",
    ),
)
@click.option("--out", type=click.Path(), default="maps", show_default=True)
@click.option("--background", type=click.Choice(["ign", "osm", "none"]), default="ign", show_default=True)
@click.option("--single-file", is_flag=True)
@click.option("--add", type=click.Path(path_type=Path))
def study(
    territory: str, *, options: Options, out: str, background: Choice, single_file: bool, add: Path | None
) -> None:
    """Study a TERRITORY and publish pages, tables and layers."""
    from essgeo.maps.comparisons import CHANGE
    from essgeo.study import run_study

    if options.offline and not options.live:
        raise click.UsageError(tell("offline_alone"))
    found = run_study(territory, **vars(options), add=add, out=out, background=background, single_file=single_file)
    for fault in found.faults:
        click.echo(f"essgeo: {harmless(fault)}", err=True)
    echo_table(neighbourhood_summary(found))
    click.echo(f"\n{caveat(found, found.coverage['method'].iloc[0])}")
    for sentence in (*applied(found.structures), *repairs(found.qpv), *found.shortfalls):
        click.echo(harmless(sentence))
    if len(found.review):
        review = Path(out) / "tables" / "review.csv"
        whole = counted(len(found.structures), "structure")
        count, statuses = len(found.review), by_status(found.review)
        click.echo(plural("to_review", count, count=persons(count), whole=whole, statuses=statuses, file=review))
    if add is not None:
        page = "index.html#page-change" if single_file else CHANGE
        click.echo(tell("page_of_change", file=Path(out) / page))
    click.echo(tell("pages", file=Path(out) / "index.html"))


@click.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--network", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default="changes", show_default=True)
@click.option("--excel", is_flag=True)
def compare(before: Path, after: Path, *, network: Path | None, out: Path, excel: bool) -> None:
    """Compare two published folders, BEFORE and AFTER: what opened, closed or moved, and what that changes."""
    from essgeo.publish.export import PACKAGE
    from essgeo.publish.folder import check_folder
    from essgeo.study import compare_studies, publish_comparison, read_study

    given = {"BEFORE": before / PACKAGE, "AFTER": after / PACKAGE}
    check_folder(out, given | ({"--network": network} if network else {}))
    found = compare_studies(read_study(before), read_study(after, network=network))
    publish_comparison(found, out, excel=excel)
    for sentence in found.findings:
        click.echo(harmless(sentence))
    click.echo(tell("pages", file=out / "index.html"))


def echo_applied(setting: Setting) -> None:
    """Say how many corrections applied, beside what a command prints."""
    for sentence in applied(setting.structures):
        click.echo(sentence, err=True)


SHOWN = 5


@click.command()
@click.argument("territory")
@of_study(*_LISTS, "network", "walk_minutes", "profile", "speed_kmh", "as_of")
@as_json
def gaps(territory: str, *, options: Options, as_json: bool) -> None:
    """Print where each target neighbourhood of a TERRITORY falls furthest behind it.

    With --json: every target neighbourhood, QPV and commune, with need, poverty of access and ranks.
    """
    from essgeo.gaps import find_gaps
    from essgeo.study import set_up

    setting = set_up(territory, options)
    echo_applied(setting)
    found = find_gaps(
        setting.demand,
        setting.structures,
        setting.neighbourhoods,
        qpv=setting.qpv,
        communes=setting.communes,
        network=setting.network,
        within_minutes=options.walk_minutes,
        speed_kmh=setting.parameters.speed_kmh,
        as_of=setting.parameters.as_of,
    ).drop(columns="geometry")
    if as_json:
        methods = {
            name: found[name].map(lambda code: method_in_words(code, "en")) for name in ("method", "population_method")
        }
        click.echo(found.assign(**methods).to_json(orient="records", force_ascii=False, indent=1))
        return
    echo_table(widest_gaps(found, SHOWN))
    click.echo("\n" + tell("excess"))
    click.echo(f"{caveat(setting, found['method'].iloc[0])}")


_OBJECTIVES = ("targets", "need", "coverage", "backup", "median", "set", "expected", "person_months")

MOST_EXCLUSIONS_SHOWN = 10


@click.command()
@click.argument("territory")
@click.option("--count", type=click.IntRange(1, 50), default=2, show_default=True)
@click.option("--sector", required=True, multiple=True)
@click.option("--within", type=click.FloatRange(0, 60, min_open=True), default=10, show_default=True)
@click.option("--from", "first", metavar="YYYY-MM")
@click.option("--to", "last", metavar="YYYY-MM")
@click.option("--candidates")
@click.option("--candidate-columns", multiple=True, metavar="FIELD=COLUMN,...")
@click.option("--candidate-sheet", metavar="NAME")
@click.option("--candidate-layer", metavar="NAME")
@click.option("--min-surface", type=click.FloatRange(0))
@click.option("--ground-floor", is_flag=True)
@click.option("--max-station-minutes", type=click.FloatRange(0, min_open=True))
@click.option("--objective", type=click.Choice(_OBJECTIVES))
@click.option("--must-include", multiple=True, metavar="NAME[=SECTOR]")
@click.option("--exclude", multiple=True, metavar="NAME")
@click.option("--budget", type=click.FloatRange(0))
@click.option("--draws", type=click.IntRange(0), default=1024, show_default=True)
@click.option("--out", type=click.Path(path_type=Path))
@of_study(*_LISTS, "network", "profile", "speed_kmh", "as_of")
@as_json
def site(  # noqa: PLR0913 (one argument an option)
    territory: str,
    *,
    options: Options,
    count: int,
    sector: tuple[str, ...],
    within: float,
    first: str | None,
    last: str | None,
    candidates: str | None,
    candidate_columns: tuple[str, ...],
    candidate_sheet: str | None,
    candidate_layer: str | None,
    min_surface: float | None,
    max_station_minutes: float | None,
    objective: str | None,
    must_include: tuple[str, ...],
    exclude: tuple[str, ...],
    budget: float | None,
    draws: int,
    out: Path | None,
    ground_floor: bool,
    as_json: bool,
) -> None:
    """Choose sites in a TERRITORY, and what each hosts, for residents out of reach of a sector today."""
    from essgeo.files.guard import refuse_overwrite
    from essgeo.maps.build import build_siting
    from essgeo.publish.folder import check_folder
    from essgeo.schema.cells import code_of
    from essgeo.schema.vocabulary import THEMES
    from essgeo.siting import Assumptions, Requirements, choose_sites
    from essgeo.siting.models import has_targets
    from essgeo.study import measure, set_up
    from essgeo.territory import load_territory

    if (first is None) != (last is None):
        raise click.UsageError(tell("from_to"))
    here = load_territory(territory)
    given = candidates if candidates not in ("grid", "sites") else None
    ways = {"columns": candidate_columns, "sheet": candidate_sheet, "layer": candidate_layer}
    if given is None and (named := [f"--candidate-{name}" for name, way in ways.items() if way]):
        raise click.UsageError(tell("options_of_premises", options=", ".join(named)))
    if out:
        check_folder(out, options.inputs(here))
    refuse_overwrite({"--out": out}, options.inputs(here) | {"--candidates": given})
    options, parts = _parts(given, options, candidate_sheet, candidate_layer)
    setting = set_up(here, options)
    echo_applied(setting)

    def coded(one: str) -> str:
        return code_of(one, THEMES) or one

    told = [text.rpartition("=") for text in must_include]
    hosting: Any = must_include
    if any(sign for _, sign, _ in told):
        hosting = {name if sign else rest: coded(rest if sign else sector[0]) for name, sign, rest in told}
    premises = _candidates(setting, candidates, options, columns=candidate_columns, **parts)
    foremost = "targets" if has_targets(setting.demand) else "need"
    asked = [objective] if objective else ["coverage"] if as_json else [foremost, "coverage"]
    scenarios = [
        choose_sites(
            setting.demand,
            premises,
            count=count,
            sector=[coded(one) for one in sector],
            within_minutes=within,
            period=(first, last) if first and last else None,
            objective=aim,
            structures=setting.structures,
            as_of=setting.parameters.as_of,
            must_include=hosting,
            exclude=exclude,
            budget=budget,
            requirements=Requirements(min_surface, ground_floor, max_station_minutes, setting.stations),
            assumptions=Assumptions(
                network=setting.network,
                speed_kmh=setting.parameters.speed_kmh,
                draws=draws,
                study_draws=setting.parameters.draws,
            ),
        )
        for aim in asked
    ]
    if out is not None:
        build_siting(measure(setting), scenarios, out)
    if as_json:
        click.echo(scenarios[0].to_json())
        return
    for number, scenario in enumerate(scenarios):
        click.echo("\n" if number else "", nl=False)
        _echo(scenario)


def _parts(
    premises: str | None, options: Options, sheet: str | None, layer: str | None
) -> tuple[Options, dict[str, str | None]]:
    """Return the options and the part of the premises to read: a sheet or layer named once is of what has any."""
    from essgeo.files.geographic import LAYERED
    from essgeo.files.tables import BOOKS

    parts, lists = {"sheet": sheet, "layer": layer}, options.lists().values()
    left = {"sheet": options.sheet, "layer": options.layer}
    for name, kinds in (("sheet", BOOKS), ("layer", LAYERED)):
        if left[name] and premises and Path(premises).suffix.lower() in kinds:
            parts[name] = parts[name] or left[name]
            if not any(isinstance(one, Path) and one.suffix.lower() in kinds for one in lists):
                left[name] = None
    return replace(options, sheet=left["sheet"], layer=left["layer"]), parts


def _candidates(
    setting: Setting,
    given: str | None,
    options: Options,
    **read: Any,  # noqa: ANN401 (as it is read)
) -> gpd.GeoDataFrame:
    from essgeo.files import read_premises
    from essgeo.siting import default_candidates, search_areas, site_candidates
    from essgeo.study.place import locate_premises

    if given is None:
        return default_candidates(setting.sites, setting.iris)
    if given == "grid":
        return search_areas(setting.iris)
    if given == "sites":
        return site_candidates(setting.sites)
    return locate_premises(read_premises(given, crs=setting.territory.crs, **read), options.ban_files())


def _echo(scenario: Scenario) -> None:
    sites, reasons = scenario.sites, words(language.get())["siting_filters"]
    echo_table(
        sites[["name"]]
        .set_axis([tell("name")], axis=1)
        .assign(
            **({tell("hosted"): sites["sector"].map(_hosts)} if "|" in scenario.sector else {}),
            **{
                tell("adds"): sites["marginal"].map(persons),
                tell("stays_chosen"): sites["robust"].map(lambda share: percent(share, language.get())),
                tell("or_nearby"): sites["robust_nearby"].map(lambda share: percent(share, language.get())),
                tell("best_hosts"): sites["best_sectors"].map(_hosts),
            },
        )
    )
    click.echo()
    for sentence in scenario.sentences(language.get()):
        click.echo(sentence)
    for row in scenario.exclusions.head(MOST_EXCLUSIONS_SHOWN).astype(str).to_dict("records"):
        value = f" ({row['value']})" if row["value"] else ""
        click.echo(tell("left_out", name=row["name"], why=reasons[row["reason"]] + value))
    more = len(scenario.exclusions) - MOST_EXCLUSIONS_SHOWN
    if more > 0:
        click.echo(tell("more_left_out", count=more))


def _hosts(codes: str) -> str:
    from essgeo.siting.scenario import label

    first, *others = codes.split("|")
    name = label(first, language.get())
    return plural("or_others", len(others), first=name, count=len(others)) if others else name


@click.command()
@click.argument("territory", default="est-ensemble")
@of_study(*_LISTS, "network", "walk_minutes")
@as_json
def doctor(territory: str, *, options: Options, as_json: bool) -> None:
    """Say what the figures of a TERRITORY rest on: software, data, positions, streets against straight lines."""
    from essgeo.study import set_up
    from essgeo.study.doctor import check_up

    setting = set_up(territory, options)
    echo_applied(setting)
    with speaking("en" if as_json else language.get()):
        found = check_up(setting)
    if as_json:
        click.echo(found.to_json(orient="records", force_ascii=False, indent=1))
        return
    for row in found.itertuples():
        click.echo(f"{row.state:<8} {row.subject:<14} {harmless(str(row.finding))}")
        if row.advice:
            click.echo(f"{'':<23} {harmless(str(row.advice))}")
