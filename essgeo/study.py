"""One assembly: gather, locate, measure, publish. Each command takes from it what it needs."""

from __future__ import annotations

import ctypes
import datetime as dt
import multiprocessing
import os
import signal
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

import geopandas as gpd
import pandas as pd

from essgeo.access import compare_walking, travel_cost
from essgeo.crs import GEOGRAPHIC
from essgeo.errors import InputError
from essgeo.facts import ban_inputs, live_facts, own_facts, own_register, vintage_of
from essgeo.files.guard import refuse_overwrite
from essgeo.files.layers import read_layers
from essgeo.files.reread import ask_again
from essgeo.files.tables import require_file
from essgeo.files.write import write_file
from essgeo.gaps import area_coverage, assess_gaps, coverage, draw, gather_areas, horizon, iris_areas, support_chain
from essgeo.geocoding import Local, geocode, read_corrections, review
from essgeo.geocoding.chain import warn_uncovered
from essgeo.geocoding.corrections import warn_unmatched
from essgeo.maps import build_maps
from essgeo.messages import tell
from essgeo.official.catalogue import known_headers
from essgeo.official.live import Live
from essgeo.publish import export
from essgeo.publish.export import exported_files
from essgeo.publish.folder import check_folder, staged
from essgeo.register import (
    OUTSIDE,
    activity_odds,
    as_day,
    counted_on,
    join_decisions,
    portrait,
    portrait_by_area,
    read_decisions,
    settled_rows,
)
from essgeo.register.combine import LIST, settle, suggest_pairs
from essgeo.results import Parameters, Setting, Study
from essgeo.siting import default_scenarios
from essgeo.territory import Territory, load_territory
from essgeo.zoning.count import count_zones, overlay, residents_of, zone_layers
from essgeo.zoning.crosswalk import with_programme

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection

    from essgeo.geocoding.engines import Engine
    from essgeo.maps.render import Choice
    from essgeo.messages import Lang
    from essgeo.siting import Scenario


Result = TypeVar("Result")

CORRECTIONS, DECISIONS = "corrections.csv", "decisions.csv"

_PR_SET_PDEATHSIG = 1
"""Of Linux: the signal that a process gets when the one that started it ends."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a user chooses to look at.

    Attributes
    ----------
    structures
        A list of structures to use instead of the register of the territory, or several, which are merged: see
        :func:`essgeo.register.combine_lists`.
    sheet, layer
        The one sheet of a workbook, or layer of a GeoPackage, that is read of each list that has any.
    decisions
        Which rows of several lists are the same, see :func:`essgeo.register.read_decisions`.
    suggestions
        A file to write the likely duplicates of several lists into, to fill in; what is filled in there counts.
    columns
        Which column of that list holds what, where it is not recognised, see :func:`essgeo.read_structures`.
    recode
        What words of that list stand for, see :func:`essgeo.read_structures`.
    corrections
        A corrections file; by default ``corrections.csv`` in the folder of the territory, where there is one.
    ban
        Files of the Base Adresse Nationale (``adresses-93.csv.gz``), asked before the addresses that a territory knows.
    qpv
        A file of QPV outlines of that ``vintage``, instead of the territory's own.
    npnru
        Perimeters of renewal projects, or a list of QPV in the programme, instead of the territory's own list, see
        :func:`essgeo.files.perimeters.read_renewal`.
    network
        OpenStreetMap streets to walk on, see :func:`essgeo.read_network`; straight lines with a detour where ``None``.
    vintage
        Vintage of the QPV; by default that of the territory.
    as_of
        Day on which a structure must be active to count; by default today.
    walk_minutes
        The walk that gaps and maps speak of.
    lang
        Language of pages and files: ``fr`` or ``en``.
    live
        Take every layer from its official source; the last good copy or the territory's own file stands in for one that
        cannot be had, and every page says so.
    offline
        With ``live``: use the official files fetched before, and open no connection.
    """

    structures: Path | str | pd.DataFrame | Sequence[Path | str | pd.DataFrame] | None = None
    sheet: str | None = None
    layer: str | None = None
    decisions: Path | str | None = None
    suggestions: Path | str | None = None
    columns: Mapping[str, str | Sequence[str]] | str | Sequence[str] | None = None
    recode: Mapping[str, Mapping[str, str] | Path | str] | None = None
    corrections: Path | str | None = None
    ban: Path | str | Sequence[Path | str] = ()
    qpv: Path | str | None = None
    npnru: Path | str | None = None
    network: Path | str | None = None
    vintage: str | None = None
    as_of: dt.date | str | None = None
    walk_minutes: int = 15
    lang: Lang = "fr"
    live: bool = False
    offline: bool = False

    @property
    def naming(self) -> dict[str, object]:
        """How the list of the user is read."""
        return {"columns": self.columns, "recode": self.recode, "sheet": self.sheet, "layer": self.layer}

    def files(self, territory: Territory) -> dict[str, Path]:
        """Return the files of the user by the layer they stand for, and the corrections of the territory's folder."""
        fixed = territory.folder / CORRECTIONS
        given = {
            **{name: source for name, source in self.lists().items() if isinstance(source, Path)},
            "decisions": self.decisions,
            "qpv": self.qpv,
            "npnru": self.npnru,
            "corrections": self.corrections or (fixed if fixed.is_file() else None),
            "network": self.network,
        }
        return {layer: Path(path) for layer, path in given.items() if path}

    def lists(self) -> dict[str, Path | pd.DataFrame]:
        """Return the lists of structures that the user gives, files or tables, each once."""
        one = self.structures is None or isinstance(self.structures, str | Path | pd.DataFrame)
        given = cast("Sequence[Path | str | pd.DataFrame]", [self.structures] if one else self.structures)
        whole: dict[int | Path, Path | pd.DataFrame] = {}
        for number, source in enumerate(source for source in given if source is not None):
            if isinstance(source, pd.DataFrame):
                whole[number] = source
            else:
                whole[Path(source)] = Path(source)
        names = ["structures", *(f"structures {number}" for number in range(2, len(whole) + 1))]
        return dict(zip(names, whole.values(), strict=False))

    def ban_files(self) -> list[Path]:
        """Return the files of addresses that the user gives."""
        return [Path(path) for path in ([self.ban] if isinstance(self.ban, str | Path) else self.ban)]

    def parameters(self, territory: Territory) -> Parameters:
        """Return the parameters of a run, with those that the territory settles."""
        return Parameters(
            vintage=self.vintage or territory.vintage,
            as_of=as_day(self.as_of) or dt.date.today(),  # noqa: DTZ011 (the day where the user is)
            walk_minutes=self.walk_minutes,
            thresholds_min=tuple(sorted({*Parameters.thresholds_min, self.walk_minutes})),
        )

    def inputs(self, territory: Territory) -> dict[str, Path]:
        """Return every file that may be read, by what it is called: nothing may be written over these."""
        own = {f"{file.layer} of {territory.name}": file.path for file in territory.files}
        kept = {name: territory.folder / name for name in ("territory.toml", CORRECTIONS, DECISIONS)}
        return own | kept | {f"ban ({path.name})": path for path in self.ban_files()} | self.files(territory)


class Placed(NamedTuple):
    """Structures with their position and QPV, the zones each lies in or near, and the layers they were laid over."""

    structures: gpd.GeoDataFrame
    structure_zones: pd.DataFrame
    layers: dict[str, gpd.GeoDataFrame]


def set_up(territory: str | Path | Territory, options: Options) -> Setting:
    """Return the layers of a territory, its structures located and laid over the zones, its residents as points.

    Raises
    ------
    UnknownTerritoryError, SourceUnavailableError, InputError
        What was given cannot be read or used.

    Examples
    --------
    >>> setting = set_up("est-ensemble", Options(as_of=dt.date(2026, 1, 1)))
    >>> len(setting.iris), setting.network is None
    (161, True)
    """
    here = load_territory(territory) if isinstance(territory, str | Path) else territory
    parameters, files = options.parameters(here), options.files(here)
    for path in (*files.values(), *options.ban_files()):
        require_file(path)
    given = options.lists() | files
    if options.live:
        facts = live_facts(
            Live(here, lang=options.lang, offline=options.offline, progress=True), parameters, given, options.naming
        )
    else:
        facts = own_facts(here, parameters, given, options.naming)
    placed = _place(
        here,
        parameters,
        facts.layers,
        facts.register,
        using=facts.addresses,
        ban=options.ban_files(),
        corrections=files.get("corrections"),
        options=options,
        iris_vintage=vintage_of(facts.inputs, "iris"),
    )
    return Setting(
        territory=here,
        parameters=parameters,
        lang=options.lang,
        inputs=(*facts.inputs, *ban_inputs(options.ban_files(), parameters.vintage)),
        structures=placed.structures,
        structure_zones=placed.structure_zones,
        demand=facts.demand,
        portrait=portrait(placed.structures, facts.seed_figures, scope=here.name),
        network=facts.network,
        notes=facts.notes,
        faults=facts.faults,
        economy=facts.economy,
        files=options.inputs(here),
        **placed.layers,
    )


def place(territory: str | Path | Territory, options: Options) -> Placed:
    """Return the structures of a territory, or of the user, located and laid over the zones, and measure nothing.

    Raises
    ------
    UnknownTerritoryError, SourceUnavailableError, InputError
        What was given cannot be read or used.

    Examples
    --------
    >>> found = place("est-ensemble", Options())
    >>> sorted(set(found.structure_zones["layer"]))
    ['commune', 'neighbourhood', 'npnru', 'qpv']
    """
    here = load_territory(territory) if isinstance(territory, str | Path) else territory
    parameters, files = options.parameters(here), options.files(here)
    for path in (*files.values(), *options.ban_files()):
        require_file(path)
    register, addresses = own_register(here, options.lists() | files, options.naming)
    iris = here.file("iris")
    qpv, npnru = files.get("qpv"), files.get("npnru")
    return _place(
        here,
        parameters,
        read_layers(here, vintage=parameters.vintage, qpv=qpv, npnru=npnru, headers=known_headers()),
        register,
        using=addresses,
        ban=options.ban_files(),
        corrections=files.get("corrections"),
        options=options,
        iris_vintage=iris.vintage,
    )


def named_zones(rows: pd.DataFrame, found: Placed) -> gpd.GeoDataFrame:
    """Return rows of structures and zones with the names of both, and the point of the structure where it has one."""
    identifiers = rows["structure_id"]
    names = {
        (layer, zone): name for layer, zones in found.layers.items() if "name" in zones
        for zone, name in zones["name"].items()
    }  # fmt: skip
    # The layers of a study are plural, what a row says it is of is not.
    keys = zip(rows["layer"].map(lambda layer: _LAYER_OF.get(layer, layer)), rows["zone_id"], strict=True)
    table = rows.copy()
    table.insert(1, "name", identifiers.map(found.structures["name"]).fillna(""))
    table.insert(list(table.columns).index("zone_id") + 1, "zone_name", [names.get(key, "") for key in keys])
    points = found.structures.geometry.reindex(identifiers).set_axis(table.index)
    return gpd.GeoDataFrame(table, geometry=points, crs=found.structures.crs).to_crs(GEOGRAPHIC)


_LAYER_OF = {"commune": "communes", "neighbourhood": "neighbourhoods"}


def _place(
    here: Territory,
    parameters: Parameters,
    layers: Mapping[str, gpd.GeoDataFrame],
    register: pd.DataFrame,
    *,
    using: pd.DataFrame | Engine | None,
    ban: Sequence[Path],
    corrections: Path | None,
    options: Options,
    iris_vintage: str,
) -> Placed:
    laid = {**layers, "qpv": with_programme(layers["qpv"], layers["npnru"])}
    settled = read_corrections(corrections) if corrections else None
    if isinstance(register, gpd.GeoDataFrame):
        structures = register
    else:
        known = Local.of(using) if isinstance(using, pd.DataFrame) else using
        engines = [*([Local.read(ban)] if ban else []), *([known] if known is not None else [])]
        asked = ask_again(register) if ban else register
        structures = geocode(asked, using=engines, corrections=settled, crs=here.crs)
    structures = _settled(structures, here, options)
    warn_uncovered(structures)
    warn_unmatched(structures, settled)
    # A structure lies outside where even its radius does not reach the territory.
    away = structures.geometry.notna() & (
        structures.distance(laid["communes"].geometry.union_all()) > structures["geo_radius_m"]
    )
    structures = structures.assign(
        counted=counted_on(structures, parameters.as_of), geo_status=structures["geo_status"].mask(away, OUTSIDE)
    )
    rows = overlay(structures, zone_layers(laid, iris_vintage=iris_vintage), near_m=parameters.near_m)
    # The QPV of a structure is its likeliest, of two as likely the nearest.
    qpv_rows = rows[rows["layer"] == "qpv"]
    likeliest = qpv_rows.sort_values(["probability", "distance_m"], ascending=[False, True], kind="stable")
    best = likeliest.drop_duplicates("structure_id").set_index("structure_id").reindex(structures.index)
    structures = structures.assign(
        qpv=best["zone_id"].fillna(""),
        qpv_name=best["zone_id"].map(laid["qpv"]["name"]).fillna(""),
        qpv_relation=best["relation"],
        qpv_probability=best["probability"],
        qpv_distance_m=best["distance_m"],
        qpv_vintage=best["vintage"].fillna(""),
    )
    return Placed(cast("gpd.GeoDataFrame", structures), rows, laid)


def _settled(structures: gpd.GeoDataFrame, here: Territory, options: Options) -> gpd.GeoDataFrame:
    """Return the structures of several lists with what was decided of likely duplicates; write those left open."""
    if LIST not in structures or len(structures[LIST].unique()) == 1:
        if options.decisions or options.suggestions:
            raise InputError(tell("decisions_of_one_list"))
        return structures
    fresh = Path(options.suggestions) if options.suggestions else None
    read = {name: path for name, path in options.inputs(here).items() if name != "decisions"}
    refuse_overwrite({"--suggestions": fresh}, read)
    before = fresh if fresh and fresh.exists() else None
    files = {path.resolve(): path for path in (options.decisions and Path(options.decisions), before) if path}
    decisions = join_decisions(*map(read_decisions, files.values())) if files else None
    if fresh:
        kept = [settled_rows(before)] if before else []
        write_file(pd.concat([*kept, suggest_pairs(structures, decisions)], ignore_index=True), fresh)
    return settle(structures, decisions)


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
    chosen, here, demand = setting.parameters, setting.territory, setting.demand
    walk, walks = chosen.walk_minutes, chosen.thresholds_min
    counted = cast("gpd.GeoDataFrame", setting.structures[setting.structures["counted"]])
    placed = cast("gpd.GeoDataFrame", counted[counted.geometry.notna()])
    cost = travel_cost(
        demand,
        placed,
        network=setting.network,
        max_minutes=horizon(max(walks)),
        speed_kmh=chosen.speed_kmh,
        detour=chosen.detour,
    )
    layers = {name: getattr(setting, name) for name in ("communes", "neighbourhoods", "qpv", "npnru")}
    areas = gather_areas(
        demand, territory=here.name, **{name: layer for name, layer in layers.items() if name != "npnru"}
    )
    drawn = draw(
        demand,
        placed,
        areas,
        cost,
        within_minutes=walks,
        odds=activity_odds(setting.structures),
        draws=chosen.draws,
        seed=chosen.seed,
    )
    rows = setting.structure_zones
    return Study(
        **vars(setting),
        zones=count_zones(
            zone_layers(layers, iris_vintage=vintage_of(setting.inputs, "iris")),
            rows[rows["structure_id"].isin(counted.index)],
            pd.concat([areas.table, residents_of(demand, setting.npnru)], ignore_index=True),
            near_m=chosen.near_m,
            level=chosen.level,
        ),
        coverage=coverage(
            demand,
            placed,
            areas,
            cost,
            within_minutes=walks,
            drawn=drawn.shares[:, :, : len(areas.table)],
            level=chosen.level,
        ),
        iris_coverage=area_coverage(placed, iris_areas(demand), cost, within_minutes=walk),
        gaps=assess_gaps(
            demand,
            placed,
            areas,
            cost,
            drawn=drawn,
            as_of=chosen.as_of,
            walk=walks.index(walk),
            within_minutes=walk,
            level=chosen.level,
        ),
        support_chain=support_chain(demand, placed, setting.neighbourhoods, cost, register=counted, minutes=walk),
        review=review(setting.structures),
        portrait_areas=portrait_by_area(
            setting.structures,
            rows[rows["layer"] == "qpv"],
            territory=here.name,
            communes=setting.communes,
            qpv=setting.qpv,
            economy=setting.economy,
            seed=setting.portrait,
            level=chosen.level,
        ),
        walking=compare_walking(
            demand, placed, setting.network, within_minutes=walk, speed_kmh=chosen.speed_kmh, detour=chosen.detour
        )
        if setting.network is not None
        else None,
    )


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
    vintage: str | None = None,
    as_of: dt.date | str | None = None,
    walk_minutes: int = 15,
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
    corrections, ban, qpv, npnru, network, vintage, as_of, walk_minutes, lang, live, offline
        What to look at, see :class:`essgeo.study.Options`.
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
        vintage=vintage,
        as_of=as_of,
        walk_minutes=walk_minutes,
        lang=lang,
        live=live,
        offline=offline,
    )
    if out is None:
        return measure(set_up(here, options))
    check_folder(Path(out), options.inputs(here))
    setting = set_up(here, options)
    with _side_by_side(lambda: _scenarios(setting)) as scenarios:
        study = measure(setting)
        _write(study, Path(out), scenarios, background=background, single_file=single_file, excel=excel)
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
    >>> study = study_est_ensemble()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = publish_study(study, pathlib.Path(folder) / "maps")
    >>> "index.html" in {path.name for path in written}
    True
    """
    check_folder(out, study.files)
    return _write(study, out, lambda: _scenarios(study), background=background, single_file=single_file)


def _scenarios(setting: Setting) -> list[Scenario]:
    """Return the two questions of siting that every study asks, with their answers."""
    return default_scenarios(
        setting.demand, setting.structures, setting.sites, setting.iris, setting.parameters, network=setting.network
    )


def _write(
    study: Study,
    out: Path,
    scenarios: Callable[[], list[Scenario]],
    *,
    background: Choice,
    single_file: bool,
    excel: bool = False,
) -> list[Path]:
    with staged(out) as staging:
        with _side_by_side(lambda: export(study, staging, excel=excel)) as exported:
            pages = build_maps(
                study,
                staging,
                scenarios(),
                background=background,
                single_file=single_file,
                downloads=exported_files(study),
            )
            files = exported()
        names = [path.relative_to(staging) for path in (*files, *pages)]
    return [out / name for name in names]


@contextmanager
def _side_by_side(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """Do some work in a process of its own while the block runs; what is given waits for it and returns its result.

    The process is a copy of this one (a fork), so that nothing is imported or sent twice. Where a system has no safe
    fork, or one core only, the work is done when it is asked for.
    """
    alone = not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) == 1  # Linux alone has it
    if alone or multiprocessing.current_process().daemon:  # such as a worker of Dask, which may not start another
        yield work
        return
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send_result, args=(work, theirs, os.getpid()), daemon=True)
    with warnings.catch_warnings():
        # Python 3.12 warns of threads at a fork: those of numpy and Arrow are idle then, and made anew in the copy.
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    theirs.close()

    def result() -> Result:
        try:
            found = mine.recv()
        except EOFError:
            process.join()
            message = tell("process_ended", exitcode=process.exitcode)
            raise RuntimeError(message) from None
        if isinstance(found, BaseException):
            raise found
        return cast("Result", found)

    try:
        yield result
    finally:
        process.kill()  # it has sent its result, or nobody waits for that any more
        process.join()
        mine.close()


def _send_result(work: Callable[[], object], to: Connection, parent: int) -> None:
    # It dies with the process that waits for it, so that none is left to write into the folder of a later run.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    try:
        to.send(work())
    except BaseException as error:  # noqa: BLE001 (whatever it is, it is raised where the result is waited for)
        to.send(error)
