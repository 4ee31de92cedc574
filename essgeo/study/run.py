"""A territory set up, measured and published, files and pages side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import pandas as pd

from essgeo.access import compare_walking
from essgeo.access.walking import near_network
from essgeo.files.perimeters import listed_zones
from essgeo.gaps import (
    area_coverage,
    assess_gaps,
    challenge_reach,
    concentrations,
    cooperations,
    coverage,
    draw,
    iris_areas,
    iris_supply,
    near_each_other,
    needs,
    needs_supply,
    stacked,
    support_chain,
    support_offers,
)
from essgeo.gaps.areas import gather_measured, measured_areas, require_measured
from essgeo.gaps.reach import trips_to, walks_to_themes
from essgeo.gaps.scenarios import border_shares, reach_if_listed
from essgeo.maps import build_maps
from essgeo.official.live import Live
from essgeo.processes import side_by_side
from essgeo.publish import export
from essgeo.publish.export import export_comparison, exported_files
from essgeo.publish.folder import check_folder, staged
from essgeo.register import activity_odds, portrait, portrait_by_area
from essgeo.register.aims import count_aims, tag_aims
from essgeo.register.evidence import beside_register, beside_today, register_lists
from essgeo.results import Setting, Study
from essgeo.siting import default_scenarios, gains_by_cell
from essgeo.siting.choose import MINUTES
from essgeo.siting.robustness import CHOSEN_ANEW, draw_everything
from essgeo.study.compare import compare_studies
from essgeo.study.facts import base_layers, live_facts, own_facts, user_inputs, vintage_of
from essgeo.study.inputs import Options
from essgeo.study.place import add_places, lay_over, with_premises
from essgeo.territory import Territory, load_territory
from essgeo.uncertainty import FEWER, MANY_STRUCTURES
from essgeo.zoning.count import count_zones, residents_of, zone_layers

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    import geopandas as gpd

    from essgeo.access import CostMatrix
    from essgeo.gaps import Areas
    from essgeo.gaps.shares import Drawn
    from essgeo.maps.render import Choice
    from essgeo.messages import Lang
    from essgeo.results import Comparison
    from essgeo.siting import Gains, Scenario
    from essgeo.uncertainty import Worlds


def set_up(territory: str | Path | Territory, options: Options) -> Setting:
    """Return the layers of a territory, its structures located and laid over the zones, its residents as points.

    Raises
    ------
    UnknownTerritoryError, SourceUnavailableError, InputError
        What was given cannot be read or used.

    Examples
    --------
    >>> import datetime as dt
    >>> setting = set_up("est-ensemble", Options(as_of=dt.date(2026, 1, 1)))
    >>> len(setting.iris), setting.network is None
    (161, True)
    """
    here = load_territory(territory) if isinstance(territory, str | Path) else territory
    parameters, files = options.parameters(here), options.checked(here)
    given = options.lists() | files
    ban = {f"addresses {path.name}": path for path in options.ban_files()}
    if options.live:
        facts = live_facts(
            Live(here, lang=options.lang, offline=options.offline, progress=True), parameters, given, options.naming
        )
    else:
        facts = own_facts(here, parameters, given, options.naming)
    sites = with_premises(facts.layers["sites"], files.get("premises"), options.ban_files())
    placed = lay_over(
        here,
        options,
        parameters,
        facts.layers | {"sites": sites},
        facts.register,
        using=facts.addresses,
        iris_vintage=vintage_of(facts.inputs, "iris"),
    )
    if placed.structures["counted"].sum() > MANY_STRUCTURES:
        parameters = replace(parameters, draws=min(parameters.draws, FEWER))
    theirs = user_inputs(given | ban, parameters.vintage, facts.network, lang=options.lang)
    inputs = (*facts.inputs, *theirs)
    return Setting(
        territory=here,
        parameters=parameters,
        lang=options.lang,
        inputs=inputs,
        structures=placed.structures,
        structure_zones=placed.structure_zones,
        demand=facts.demand,
        portrait=portrait(placed.structures, facts.lists["seed_figures"], scope=here.name),
        network=facts.network,
        notes=facts.notes,
        faults=facts.faults,
        economy=facts.economy,
        lists=facts.lists,
        indicators=facts.indicators,
        review=placed.review,
        files=options.inputs(here),
        engines=placed.engines,
        base=base_layers(here, facts.layers["communes"], facts.streets, inputs),
        **placed.layers,
    )


def draw_once(setting: Setting) -> Worlds | None:
    """Return the worlds that measures and siting read; none where each draws its own.

    Over streets those whom no street leads to are not measured, though sites may reach them: two sets of residents.
    """
    chosen, counted = setting.parameters, setting.structures["counted"]
    if setting.network is not None or not len(setting.demand) or not chosen.draws >= chosen.siting_draws > 0:
        return None
    structures = cast("gpd.GeoDataFrame", setting.structures[counted])
    return draw_everything(
        setting.demand, structures, setting.structures, as_of=chosen.as_of, draws=chosen.draws, seed=chosen.seed
    )[2]


class Reach(NamedTuple):
    """What the tables of a study rest on.

    Attributes
    ----------
    setting
        With the aims of its structures.
    whole, areas, every_iris, by_iris
        Areas of all demand points, and of those that are measured; IRIS likewise.
    demand, structures, cost
        Demand points that are measured, structures that count, and the walks between them.
    drawn
        What all that becomes in the worlds.
    """

    setting: Setting
    whole: Areas
    areas: Areas
    every_iris: Areas
    by_iris: Areas
    demand: gpd.GeoDataFrame
    structures: gpd.GeoDataFrame
    cost: CostMatrix
    drawn: Drawn


def measure(setting: Setting) -> Study:
    """Return a setting with its tables.

    One set of draws stands behind every interval of coverage and gaps, so that the same share has the same interval
    wherever it is shown.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> sorted(set(study.gaps["level"]))
    ['commune', 'neighbourhood', 'qpv']
    """
    return tables_of(reach_of(setting))


def reach_of(setting: Setting, worlds: Worlds | None = None) -> Reach:
    """Return who reaches what; ``worlds`` are those of :func:`draw_once`, drawn here where there are none.

    What siting asks again is kept: its walk, and the walk of the study in the worlds in which sites are chosen anew.
    """
    known = setting.structures.drop(columns=["aims", "aim_rule"], errors="ignore")
    setting = replace(setting, structures=known.join(tag_aims(known, setting.lists["aims"])))
    chosen, here = setting.parameters, setting.territory
    walk, walks = chosen.walk_minutes, chosen.thresholds_min
    counted = cast("gpd.GeoDataFrame", setting.structures[setting.structures["counted"]])
    ranked = {name: getattr(setting, name) for name in ("communes", "neighbourhoods", "qpv")}
    whole, areas, near = gather_measured(setting.demand, setting.network, territory=here.name, **ranked)
    demand = cast("gpd.GeoDataFrame", setting.demand[near])
    require_measured(areas, setting.communes)
    cost = walks_to_themes(
        demand, counted, network=setting.network, longest_walk=max(walks), speed_kmh=chosen.speed_kmh
    )
    every_iris = iris_areas(setting.demand, setting.iris)
    by_iris = measured_areas(every_iris, near)
    drawn = draw(
        demand,
        counted,
        areas,
        cost,
        within_minutes=walks,
        iris=(by_iris, walks.index(walk)),
        worlds=worlds,
        keep=None if worlds is None else {walk: CHOSEN_ANEW, MINUTES: chosen.siting_draws},
        **_chance(setting),
    )
    return Reach(setting, whole, areas, every_iris, by_iris, demand, counted, cost, drawn)


def _chance(setting: Setting) -> dict[str, Any]:
    """Return what worlds are drawn from."""
    chosen = setting.parameters
    return {
        "odds": activity_odds(setting.structures),
        "as_of": chosen.as_of,
        "draws": chosen.draws,
        "seed": chosen.seed,
    }


def tables_of(found: Reach) -> Study:
    """Return the tables of a study from who reaches what."""
    setting, whole, areas, every_iris, by_iris, demand, counted, cost, drawn = found
    chosen, here = setting.parameters, setting.territory
    walk, walks = chosen.walk_minutes, chosen.thresholds_min
    located = counted.geometry.notna().to_numpy()
    placed, to_placed = cast("gpd.GeoDataFrame", counted[located]), trips_to(cost, located)
    layers = {name: getattr(setting, name) for name in ("communes", "neighbourhoods", "qpv", "npnru")}
    rows = setting.structure_zones
    zones = count_zones(
        zone_layers(layers, iris_vintage=vintage_of(setting.inputs, "iris")),
        rows[rows["structure_id"].isin(counted.index)],
        pd.concat([whole.table, residents_of(setting.demand, setting.npnru)], ignore_index=True),
        near_m=chosen.near_m,
        level=chosen.level,
        listed=listed_zones(setting.qpv),
    )
    reached = coverage(demand, counted, areas, cost, within_minutes=walks, drawn=drawn, level=chosen.level)
    behind = assess_gaps(
        demand,
        counted,
        areas,
        cost,
        drawn=drawn,
        as_of=chosen.as_of,
        walk=walks.index(walk),
        within_minutes=walk,
        level=chosen.level,
    )
    by_area = portrait_by_area(
        setting.structures,
        rows[rows["layer"] == "qpv"],
        territory=here.name,
        communes=setting.communes,
        qpv=setting.qpv,
        economy=setting.economy,
        seed=setting.portrait,
        level=chosen.level,
    )
    shown = pd.DataFrame() if setting.indicators is None else setting.indicators
    needed = needs(setting.demand, stacked(whole, every_iris), shown)
    return Study(
        **vars(setting),
        zones=zones,
        coverage=reached,
        borders=border_shares(
            setting.neighbourhoods, setting.iris, by_iris, drawn.iris, coverage=reached, within_minutes=walk
        ),
        if_listed=reach_if_listed(
            demand,
            setting.structures,
            areas,
            setting.portrait,
            within_minutes=walk,
            speed_kmh=chosen.speed_kmh,
            establishments=None
            if setting.economy is None
            else setting.economy.by_commune.groupby("citycode")["establishments"].sum(),
        ),
        iris_coverage=area_coverage(counted, by_iris, cost, within_minutes=walk, drawn=drawn.iris, level=chosen.level),
        gaps=behind,
        support_chain=support_chain(
            demand,
            placed,
            setting.neighbourhoods,
            to_placed,
            register=counted,
            minutes=walk,
            stations=setting.stations,
            qpv=setting.qpv,
        ),
        support_offers=support_offers(
            setting.structures, setting.stations, setting.lists["outside_support"], communes=setting.communes
        ),
        challenge_aims=count_aims(setting.structures, setting.lists["aims"]),
        challenge_reach=challenge_reach(
            demand, counted, areas, cost, coverage=reached, within_minutes=walk, level=chosen.level, **_chance(setting)
        ),
        needs=needed,
        needs_supply=needs_supply(
            needed,
            behind,
            reached,
            iris_supply(counted, by_iris, drawn.iris, level=chosen.level) if chosen.draws else None,
            minutes=walk,
        ),
        figures=beside_today(
            setting.lists["seed_figures"],
            _today(setting, whole, needed, by_area),
            setting.portrait,
            scope=here.name,
            year=str(chosen.as_of.year),
            sample=not setting.from_sirene,
        ),
        qpv_figures=setting.lists["qpv_indicators"].rename_axis("indicator_id").reset_index(),
        cooperations=cooperations(setting.lists["relations"], setting.structures),
        city_contract=beside_register(setting.lists["associations_contrat_de_ville"], setting.structures),
        concentrations=concentrations(setting.structures, rows, areas.table, level=chosen.level),
        neighbours=near_each_other(setting.structures, network=setting.network, speed_kmh=chosen.speed_kmh),
        register_lists=register_lists(setting.structures),
        portrait_areas=by_area,
        walking=compare_walking(
            setting.demand, placed, setting.network, within_minutes=walk, speed_kmh=chosen.speed_kmh
        )
        if setting.network is not None and near_network(placed, setting.network).any()
        else None,
    )


def with_places(study: Setting, places: pd.DataFrame | Path | str) -> Study:
    """Return a study measured anew with places added, see :meth:`essgeo.results.Study.with_places`."""
    return measure(add_places(study, places))


def _census_year(setting: Setting, residents: float) -> str:
    """Return the year of the list of the territory that has these residents; else the vintage of the IRIS."""
    listed = setting.lists["iris_indicators"].filter(regex=r"^population_\d{4}$").sum()
    same = [str(name)[-4:] for name, count in listed.items() if abs(count - residents) < 1]
    return same[0] if same else vintage_of(setting.inputs, "iris")


def _today(
    setting: Setting, areas: Areas, needed: pd.DataFrame, by_area: pd.DataFrame
) -> dict[str, tuple[float, float, str, str]]:
    """Return what the study counts of the figures of the documents: least, most, year, and what keeps the two apart."""
    year, zones = vintage_of(setting.inputs, "iris"), areas.table
    residents = float(zones["residents"].iloc[0])
    in_qpv = float(zones.loc[zones["level"] == "qpv", "residents"].sum())
    planned = setting.stations[(setting.stations["status"] == "planned") & setting.stations["mode"].str.contains("GPE")]
    express = planned.loc[planned.within(setting.communes.union_all()), "name"].nunique()
    whole = needed[(needed["level"] == "territory") & (needed["indicator"] == "unemployment_15_64")]["need_value"]
    total = by_area[(by_area["level"] == "territory") & (by_area["family"] == "total")]
    figures = {
        "population": (residents, _census_year(setting, residents), ""),
        "communes": (len(setting.communes), year, ""),
        "part_habitants_qpv": (100 * in_qpv / residents, setting.parameters.vintage, "then_qpv"),
        "quartiers_politique_ville": (len(setting.qpv), setting.parameters.vintage, "then_qpv"),
        "gares_grand_paris_express": (express, vintage_of(setting.inputs, "stations"), "then_planned"),
        "taux_chomage": (float(whole.iloc[0]) if len(whole) else np.nan, year, "then_census"),
        "ess_part_entreprises": (100 * float(total["share_establishments"].iloc[0]), "", "then_establishments"),
    }
    return {key: (value, value, of, note) for key, (value, of, note) in figures.items() if not np.isnan(value)}


def run_study(  # noqa: PLR0913 (one argument a choice of the user, all but the first by name)
    territory: str | Path | Territory,
    *,
    structures: Path | str | pd.DataFrame | Sequence[Path | str | pd.DataFrame] | None = None,
    sheet: str | None = None,
    layer: str | None = None,
    decisions: Path | str | None = None,
    suggestions: Path | str | None = None,
    columns: Mapping[str, str | Sequence[str]] | str | Sequence[str] | None = None,
    recode: Mapping[str, Mapping[str, str] | Path | str] | None = None,
    corrections: Path | str | None = None,
    ban: Path | str | Sequence[Path | str] = (),
    qpv: Path | str | None = None,
    npnru: Path | str | None = None,
    network: Path | str | None = None,
    needs: Path | str | None = None,
    premises: Path | str | None = None,
    vintage: str | None = None,
    as_of: dt.date | str | None = None,
    walk_minutes: int = 15,
    profile: str = "adult",
    speed_kmh: float | None = None,
    add: pd.DataFrame | Path | str | None = None,
    out: Path | str | None = "maps",
    lang: Lang = "fr",
    live: bool = False,
    offline: bool = False,
    background: Choice = "ign",
    single_file: bool = False,
    excel: bool = False,
) -> Study:
    """Locate the structures of a territory, measure who reaches them, and publish what that shows.

    Parameters
    ----------
    territory
        A name such as ``est-ensemble``, the folder of a territory, or a :class:`Territory`.
    structures, decisions, suggestions, columns, recode
        Your lists, see :class:`essgeo.study.Options`.
    corrections, ban, qpv, npnru, network, needs, premises, vintage, as_of, walk_minutes, profile, speed_kmh, lang
        What to look at, see :class:`essgeo.study.Options`.
    live, offline
        Where layers come from, see :class:`essgeo.study.Options`.
    add
        Places to add to the register, as :meth:`essgeo.Study.with_places` takes them; what they change is published as
        ``change.html``, ``changes.xlsx`` and two tables.
    out
        Folder to publish into; ``None`` writes nothing.
    background, single_file
        How pages are written, see :func:`essgeo.build_maps`.
    excel
        Write CSV as the Excel of France opens it, and head the workbook in words.

    Returns
    -------
    Study
        Every layer and table.

    Raises
    ------
    UnknownTerritoryError, SourceUnavailableError, InputError
        What was given cannot be read or used; nothing is written then.

    Examples
    --------
    >>> import datetime as dt
    >>> study = run_study("est-ensemble", out=None, as_of=dt.date(2026, 1, 1))
    >>> study.neighbourhoods.index.tolist()
    ['la-noue-caillet', 'bobigny-centre-ville', 'le-morillon', 'bel-air-grands-pechers']
    """
    here = load_territory(territory) if isinstance(territory, str | Path) else territory
    options = Options(
        structures=structures,
        sheet=sheet,
        layer=layer,
        decisions=decisions,
        suggestions=suggestions,
        columns=columns,
        recode=recode,
        corrections=corrections,
        ban=ban,
        qpv=qpv,
        npnru=npnru,
        network=network,
        needs=needs,
        premises=premises,
        vintage=vintage,
        as_of=as_of,
        walk_minutes=walk_minutes,
        profile=profile,
        speed_kmh=speed_kmh,
        lang=lang,
        excel=excel,
        live=live,
        offline=offline,
    )
    if out is not None:
        given = {} if add is None or isinstance(add, pd.DataFrame) else {"--add": Path(add)}
        check_folder(Path(out), options.inputs(here) | given)
    without = set_up(here, options)
    setting = without if add is None else add_places(without, add)
    if out is None:
        return measure(setting)
    worlds = draw_once(setting)
    reach = reach_of(setting, worlds)
    if worlds is not None:  # siting reads what was kept, and so begins here
        worlds = replace(worlds, kept=reach.drawn.kept)
    with (
        side_by_side(lambda: _scenarios(setting, worlds)) as scenarios,
        side_by_side(lambda: _gains(setting, worlds)) as gains,
    ):
        study = tables_of(reach)
        compared = None if add is None else compare_studies(without, setting)
        _write(
            study, Path(out), lambda: (scenarios(), gains()), compared,
            background=background, single_file=single_file, excel=excel,
        )  # fmt: skip
    return study


def publish_study(study: Study, out: Path, *, background: Choice = "ign", single_file: bool = False) -> list[Path]:
    """Write the files and pages of a study into a folder, all of them or none.

    Parameters
    ----------
    study
        From :func:`run_study`.
    out
        The folder. What an earlier run wrote there is replaced; other files stay.
    background, single_file
        As for :func:`run_study`.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    InputError
        The folder cannot be written, or a file that the study read would be overwritten.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> study = small_study()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = publish_study(study, pathlib.Path(folder) / "maps")
    >>> "index.html" in {path.name for path in written}
    True
    """
    check_folder(out, study.files)
    return _write(
        study, out, lambda: (_scenarios(study), _gains(study)), background=background, single_file=single_file
    )


def _scenarios(setting: Setting, worlds: Worlds | None = None) -> list[Scenario]:
    """Return the two questions of siting that every study asks, with their answers."""
    return default_scenarios(
        setting.demand, setting.structures, setting.sites, setting.iris, setting.parameters,
        network=setting.network, worlds=worlds,
    )  # fmt: skip


def _gains(setting: Setting, worlds: Worlds | None = None) -> Gains:
    """Return what a place would bring wherever it stood."""
    return gains_by_cell(
        setting.demand, setting.structures, setting.iris, setting.parameters, network=setting.network, worlds=worlds
    )


def _write(
    study: Study,
    out: Path,
    scenarios: Callable[[], tuple[list[Scenario], Gains]],
    compared: Comparison | None = None,
    *,
    background: Choice,
    single_file: bool,
    excel: bool = False,
) -> list[Path]:
    with staged(out) as staging:
        with side_by_side(lambda: export(study, staging, excel=excel)) as exported:
            pages = build_maps(
                study,
                staging,
                background=background,
                single_file=single_file,
                downloads=exported_files(study),
                change=compared,
                answers=scenarios,
            )
            files = exported()
        if compared is not None:
            files += export_comparison(compared, staging, excel=excel)
        names = [path.relative_to(staging) for path in (*files, *pages)]
    return [out / name for name in names]
