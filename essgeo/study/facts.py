"""The facts of a territory: its layers, register and streets, with where they come from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.access import demand_points, grid_points, read_network
from essgeo.access.base_map import base_of_rail, base_of_streets
from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.files.geographic import LAYERED
from essgeo.files.layers import CONTEXT, read_layers
from essgeo.files.perimeters import empty_layer, read_renewal, renewal_zones
from essgeo.files.provenance import Input, given_input, sha256_of
from essgeo.files.social_needs import read_needs
from essgeo.files.structures import read_structures
from essgeo.files.tables import BOOKS
from essgeo.geocoding import Local, read_corrections
from essgeo.messages import tell
from essgeo.official.catalogue import known_headers
from essgeo.official.live import Found, Live, find, gather, input_of
from essgeo.official.live_layers import (
    RENEWAL_VINTAGE,
    live_cells,
    live_layers,
    live_perimeters,
    live_projects,
    live_qpv,
    read_layer,
)
from essgeo.official.readers import read_ess_list, read_naf_2025, read_official, read_qpv_pairs
from essgeo.official.sirene import read_sirene_geolocation
from essgeo.register import RegisterFiles, build_register, count_economy
from essgeo.register.assemble import with_own_list
from essgeo.register.combine import combine_lists
from essgeo.register.perimeter import NAF_2025, unknown_activities
from essgeo.schema.columns import LAYERS
from essgeo.text.languages import words
from essgeo.zoning import carry_projects, crosswalk

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import shapely

    from essgeo.access import WalkNetwork
    from essgeo.access.base_map import BaseLayer
    from essgeo.geocoding.engines import Engine
    from essgeo.messages import Lang
    from essgeo.register import Economy
    from essgeo.results import Parameters
    from essgeo.territory import Territory


def own_inputs(
    territory: Territory, vintage: str, given: Collection[str], *, layers: Collection[str] | None = None
) -> list[Input]:
    """Return the files of a territory that a study uses, but of layers that the user gave and QPV of other vintages.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> here = load_territory("est-ensemble")
    >>> [source.file for source in own_inputs(here, "2024", {})][:2]
    ['iris.geojson', 'qpv_2024.geojson']
    """
    return [
        input_of(file)
        for file in territory.files
        if file.layer not in (*given, *CONTEXT)
        and (layers is None or file.layer in layers)
        and not (file.layer == "qpv" and file.vintage != vintage)
    ]


def user_inputs(given: Mapping[str, Any], vintage: str, network: WalkNetwork | None, *, lang: Lang) -> list[Input]:
    """Return the files that the user gave, by layer; a network that was read knows its source, licence and day.

    Of a table of a notebook, what it holds stands for the file.
    """
    own, theirs = words(lang)["attributions"], []
    for layer, path in ((name.partition(" ")[0], path) for name, path in given.items()):
        if isinstance(path, pd.DataFrame):
            plain = pd.DataFrame(path).astype(str)
            content = hashlib.sha256(pd.util.hash_pandas_object(plain).to_numpy().tobytes()).hexdigest()
            title = own["user_table"].format(layer=layer)
            theirs.append(Input(layer, FRAME, content, title, own["user"], own["user_licence"], vintage))
        elif layer != "network":
            title = own["user_file"].format(layer=layer)
            theirs.append(given_input(layer, path, title=title, vintage=vintage, lang=lang))
    if network is not None and "network" in given:
        streets, day = given["network"], network.date or own["no_day"]
        origin = (own["streets"], network.source, network.licence, day)
        theirs.append(Input("network", streets.name, sha256_of(streets), *origin))
    return theirs


def vintage_of(inputs: Sequence[Input], layer: str) -> str:
    """Return the vintage of the first file of a layer, ``""`` where there is none."""
    return next((source.vintage for source in inputs if source.layer == layer), "")


FRAME = "table"
"""What a table of a notebook is called where a file has its name."""

LISTS = (
    *("aims", "associations_contrat_de_ville", "iris_indicators", "outside_support", "qpv_indicators", "relations"),
    "seed_figures",
)
"""The tables that a territory may have beside its layers, and that no official file holds."""

_SIRENE = ("sirene_establishments", "sirene_legal_units")


@dataclass(frozen=True)
class Facts:
    """The layers of a territory, its residents and its register, before anything is located or measured.

    Attributes
    ----------
    layers
        ``iris``, ``communes``, ``neighbourhoods``, ``qpv``, ``npnru``, ``sites`` and ``stations``.
    demand
        Residents as points.
    register
        Structures as read, or with positions where SIRENE has them.
    addresses
        Known addresses, or an engine that knows them all; None where there are none.
    lists
        The tables of :data:`LISTS`, each without rows where the territory has none.
    indicators
        Figures of need: a column a figure, by code of IRIS or of zone.
    network, streets
        Streets and the file they are from; None for straight lines.
    inputs, notes, faults
        Files used, what could not be had, and what went wrong in full.
    economy
        All active establishments, where the register comes from SIRENE.
    """

    layers: dict[str, gpd.GeoDataFrame]
    demand: gpd.GeoDataFrame
    register: pd.DataFrame
    addresses: pd.DataFrame | Engine | None
    lists: dict[str, pd.DataFrame]
    indicators: pd.DataFrame
    network: WalkNetwork | None
    streets: Path | None
    inputs: tuple[Input, ...]
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    economy: Economy | None = None


def read_lists(given: Mapping[str, Any], naming: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return the structures of every list that the user gave, as one, see :func:`essgeo.register.combine_lists`.

    ``naming`` says how the lists are read: ``columns`` and ``recode`` of :func:`read_structures`.
    """
    sources = [source for layer, source in given.items() if layer.partition(" ")[0] == "structures"]
    named = {"headers": known_headers(), **(naming or {})}
    lists = [read_structures(source, **_of_parts(source, sources, named)) for source in sources]
    if len(lists) == 1:
        return lists[0]
    frames = [isinstance(source, pd.DataFrame) for source in sources]
    names = [f"{FRAME} {n}" if frames[n - 1] else source.name for n, source in enumerate(sources, start=1)]
    if len(set(names)) < len(names):
        names = [name if frames[n] else str(sources[n]) for n, name in enumerate(names)]
    return combine_lists(dict(zip(names, lists, strict=True)))


def _of_parts(source: object, sources: Sequence[object], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a list is read: a sheet is for the workbooks among the lists, a layer for the GeoPackages."""

    def has(one: object, kinds: Collection[str]) -> bool:
        return isinstance(one, Path) and one.suffix.lower() in kinds

    # Where no list has any, each is told the name all the same, and refuses it in words.
    parts = {"sheet": BOOKS, "layer": LAYERED}
    left = [name for name, kinds in parts.items() if any(has(one, kinds) for one in sources) and not has(source, kinds)]
    return {name: value for name, value in named.items() if name not in left}


def own_register(
    territory: Territory, given: Mapping[str, Any], naming: Mapping[str, Any] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return the structures of the user or of the territory, and the addresses that the territory knows."""
    register = read_lists(given, naming) if "structures" in given else read_layer(territory, "structures")
    return register, read_layer(territory, "addresses") if territory.declares("addresses") else None


def own_facts(
    territory: Territory, parameters: Parameters, given: Mapping[str, Any], naming: Mapping[str, Any] | None = None
) -> Facts:
    """Return what the files of a territory hold; those of the user (by layer) take their place. Nothing is fetched.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> from essgeo.results import Parameters
    >>> facts = own_facts(load_territory("est-ensemble"), Parameters("2024"), {})
    >>> len(facts.register), facts.notes
    (150, ())
    """
    qpv, npnru = given.get("qpv"), given.get("npnru")
    layers = read_layers(territory, vintage=parameters.vintage, qpv=qpv, npnru=npnru, headers=known_headers())
    network = (
        read_network(given["network"], layers["communes"], steps=parameters.profile != "wheelchair")
        if "network" in given
        else None
    )
    register, addresses = own_register(territory, given, naming)
    demand = demand_points(
        layers["iris"],
        spacing_m=parameters.spacing_m,
        neighbourhoods=layers["neighbourhoods"],
        qpv=with_residents(layers["qpv"], layers["communes"], territory),
    )
    lists = own_lists(territory).value
    figures = figures_of_need(lists["iris_indicators"], given)
    return Facts(
        layers=layers,
        demand=with_young(demand, figures),
        register=register,
        addresses=addresses,
        lists=lists,
        indicators=figures,
        network=network,
        streets=given.get("network"),
        notes=elsewhere(figures, layers),
        inputs=tuple(own_inputs(territory, parameters.vintage, given)),
    )


SAME_OUTLINE = "I"
"""The last letter of the code of a QPV of 2024 that kept the outline of 2015."""

WHOLE = 0.95
"""A QPV of which less lies in the territory has no residents there that INSEE counted."""


def with_residents(qpv: gpd.GeoDataFrame, communes: gpd.GeoDataFrame, territory: Territory) -> gpd.GeoDataFrame:
    """Return QPV with the ``residents`` that INSEE counted in that outline, NaN where none are known.

    The territory's table ``qpv_indicators`` names them by the code of 2015; those of 2013 stand for an outline of 2024
    that is the same.
    """
    known = pd.Series(np.nan, index=qpv.index, dtype=float)
    if territory.declares("qpv_indicators") and len(qpv):
        table = read_layer(territory, "qpv_indicators")
        table = table[(table["indicator"] == "population_municipale") & (table["confidence"] == "official")]
        for column, codes in (("qpv_2015", qpv.index), ("qpv_2024", qpv.index[qpv.index.str.endswith(SAME_OUTLINE)])):
            figures = table[table[column].isin(codes)].drop_duplicates(column).set_index(column)["value"]
            known.update(figures.astype(float))
        inside = qpv.intersection(communes.union_all()).area / qpv.area
        known[inside < WHOLE] = np.nan
    return cast("gpd.GeoDataFrame", qpv.assign(residents=known))


def elsewhere(figures: pd.DataFrame, layers: Mapping[str, gpd.GeoDataFrame]) -> tuple[str, ...]:
    """Return that a table of needs has rows of zones that are none of the territory, nothing where it has none."""
    known = {str(code) for name in ("iris", "communes", "qpv", "neighbourhoods") for code in layers[name].index}
    other = [str(code) for code in figures.index if str(code) not in known]
    told = ", ".join(other[:SHOWN_CODES]) + (" ..." if len(other) > SHOWN_CODES else "")
    return (tell("needs_elsewhere", count=len(other), codes=told),) if other else ()


SHOWN_CODES = 5

YOUNG = ("aged_11_17", "aged_18_24")

OF_NEED = {"median_income_2021": "median_income", "pct_overcrowded_2022": "overcrowding_rate"}
"""The figures of ``iris_indicators`` that tell of need, and the official one that takes the place of each."""

RATES = {
    "unemployment_15_64": ("iris_activity", ("unemployed_15_64",), "active_15_64"),
    "no_diploma_rate": ("iris_education", ("without_diploma",), "out_of_school"),
    "one_parent_rate": ("iris_families", ("one_parent_families",), "families"),
    "overcrowding_rate": ("iris_housing", ("overcrowded_moderately", "overcrowded_acutely"), "main_homes"),
}
"""Figures of need of 100 of their kind: the official file, what is counted, and of how many."""


def figures_of_need(
    listed: pd.DataFrame, given: Mapping[str, Any], official: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return all figures of need side by side: of the territory's list, of official files, of the table of the user."""
    newer = pd.DataFrame() if official is None else official
    own = listed.reindex(columns=[name for name, instead in OF_NEED.items() if instead not in newer])
    parts = [own.dropna(axis="columns", how="all"), newer, *([read_needs(given["needs"])] if "needs" in given else [])]
    return pd.concat(parts, axis=1).rename_axis("zone_id")


def with_young(demand: gpd.GeoDataFrame, figures: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return demand points with their residents of 11 to 24 years, where their ages are known by IRIS."""
    if not set(YOUNG) <= set(figures.columns):
        return demand
    young = figures[list(YOUNG)].sum(axis=1, min_count=len(YOUNG))
    people = demand.groupby("iris_code")["population"].sum()
    part = (young.reindex(people.index) / people).clip(0, 1)
    return cast(
        "gpd.GeoDataFrame", demand.assign(aged_11_24=demand["population"] * demand["iris_code"].map(part).fillna(0))
    )


def official_figures(live: Live, iris: pd.Index) -> Found[pd.DataFrame]:
    """Return ages, income and the rates of need of some IRIS from official files, no column of those that fail."""

    def read(name: str) -> Found[pd.DataFrame]:
        def table(files: Mapping[str, list[Path]]) -> pd.DataFrame:
            (path,) = files[name]
            return read_official(name, path, only={"iris_code": iris})

        return find(live, "iris_indicators", [name], table, nothing=pd.DataFrame)

    found = {name: read(name) for name in ("iris_ages", "iris_income", *(name for name, *_ in RATES.values()))}
    figures = {
        column: found[name].value[column]
        for name, columns in (("iris_income", ("median_income", "poverty_rate")), ("iris_ages", YOUNG))
        for column in columns
        if column in found[name].value
    }
    for rate, (name, parts, whole) in RATES.items():
        counts = found[name].value.reindex(columns=[*parts, whole]).astype(float)
        figures[rate] = (
            100 * counts[[*parts]].sum(axis=1, min_count=len(parts)) / counts[whole].where(counts[whole] > 0)
        )
    return gather(pd.DataFrame(figures).dropna(axis="columns", how="all"), *found.values())


def live_facts(
    live: Live, parameters: Parameters, given: Mapping[str, Any], naming: Mapping[str, Any] | None = None
) -> Facts:
    """Return what official files of today hold; files of the user come first, those of the territory stand in.

    Raises
    ------
    SourceError, InputError
        IRIS, QPV or structures can be had from nowhere, or a file of the user cannot be read.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> from essgeo.results import Parameters
    >>> live = Live(load_territory("est-ensemble"), lang="en", fetch=unreachable)
    >>> facts = live_facts(live, Parameters("2024"), {})
    >>> len(facts.layers["npnru"]), [note.split(" ")[0] for note in facts.notes][:4]
    (11, ['Revenus,', 'OpenStreetMap,', 'Population', 'Revenu'])
    """
    found = live_layers(live, vintage=parameters.vintage, qpv=given.get("qpv"))
    layers = found.value
    whole = layers["communes"].union_all()
    cells = live_cells(live, within=whole, residents=float(layers["iris"]["population"].sum()))
    named = layers["neighbourhoods"]
    if cells.value is None:
        in_qpv = with_residents(layers["qpv"], layers["communes"], live.territory)
        demand = demand_points(layers["iris"], spacing_m=parameters.spacing_m, neighbourhoods=named, qpv=in_qpv)
    else:
        demand = grid_points(cells.value, layers["iris"], neighbourhoods=named)
    inhabited = _inhabited(live, named, demand)
    renewal = live_renewal(
        live, layers["qpv"], vintage=parameters.vintage, within=whole, demand=demand, given=given.get("npnru")
    )
    addresses = _addresses(live)
    structures = _register(live, parameters, given, addresses.value, layers, naming=naming or {})
    register, economy = structures.value
    streets = _streets(live, given, layers, steps=parameters.profile != "wheelchair")
    listed, counted = own_lists(live.territory), official_figures(live, layers["iris"].index)
    figures = figures_of_need(listed.value["iris_indicators"], given, counted.value)
    network, file = streets.value
    account = gather(None, found, cells, inhabited, renewal, addresses, structures, streets, listed, counted)
    return Facts(
        layers=layers | {"neighbourhoods": inhabited.value, "npnru": renewal.value},
        demand=with_young(demand, figures),
        register=register,
        addresses=addresses.value,
        lists=listed.value,
        indicators=figures,
        network=network,
        streets=file,
        inputs=tuple(_dated(account.inputs, network)),
        # A file may be asked for twice: incomes are in the layer of IRIS, and tell of need.
        notes=tuple(dict.fromkeys((*account.notes, *elsewhere(figures, layers)))),
        faults=tuple(dict.fromkeys(account.faults)),
        economy=economy,
    )


def live_renewal(
    live: Live,
    qpv: gpd.GeoDataFrame,
    *,
    vintage: str,
    within: shapely.Geometry,
    demand: gpd.GeoDataFrame,
    given: Path | None = None,
) -> Found[gpd.GeoDataFrame]:
    """Return the renewal layer: perimeters of projects, else the QPV of the list that can be had.

    Perimeters that the user gives come first, then those of the territory, then lists. A list that has codes of 2015
    only is carried over to the QPV of the study by the residents that both share.
    """
    perimeters = live_perimeters(live, within=within, given=given)
    if perimeters is not None:
        return perimeters
    old: Found[gpd.GeoDataFrame | None] = Found(None)
    if given is None:
        listed = live_projects(live, within=within)
        projects, qpv_2015 = listed.value
        old = gather(qpv_2015, listed)
    else:
        projects = read_renewal(given, headers=known_headers())
        if f"qpv_{vintage}" not in projects:
            old = live_qpv(live, vintage=RENEWAL_VINTAGE, within=within)
    if old.value is not None and vintage != RENEWAL_VINTAGE:
        pairs = _official_pairs(live)
        projects = carry_projects(projects, crosswalk(old.value, qpv, weights=demand), named=pairs.value)
        if pairs.value is not None:
            old = gather(old.value, old, pairs)
    return gather(renewal_zones(projects, qpv, vintage=vintage), old)


def _official_pairs(live: Live) -> Found[list[tuple[str, str]] | None]:
    """Return the QPV of 2015 and 2024 that the ANCT names as a pair, None where its list cannot be had."""

    def pairs(files: Mapping[str, list[Path]]) -> list[tuple[str, str]] | None:
        return read_qpv_pairs(*files["qpv_correspondence"])

    return find(live, "npnru", ["qpv_correspondence"], pairs, nothing=lambda: None)


def _register(
    live: Live,
    parameters: Parameters,
    given: Mapping[str, Any],
    addresses: pd.DataFrame | Engine | None,
    layers: Mapping[str, gpd.GeoDataFrame],
    *,
    naming: Mapping[str, Any],
) -> Found[tuple[pd.DataFrame, Economy | None]]:
    """Return a list of the user, the register of SIRENE and the economy it is part of, or the territory's own list."""
    if "structures" in given:
        return Found((read_lists(given, naming), None))

    known = Local.of(addresses) if isinstance(addresses, pd.DataFrame) else addresses
    engines = [] if known is None else [known]
    corrections = read_corrections(given["corrections"]) if "corrections" in given else None

    # As far as anybody walks beyond the limit: see :attr:`essgeo.results.Setting.outside`.
    walk_m = max(parameters.thresholds_min) * parameters.speed_kmh * METRES_PER_MINUTE_AT_1_KMH
    whole = layers["communes"].union_all()

    def sirene(files: Mapping[str, list[Path]]) -> Found[tuple[pd.DataFrame, Economy | None]]:
        (establishments,), (units,) = (files[name] for name in _SIRENE)
        geolocation = _one_file(live, "sirene_geolocation", lambda path: read_sirene_geolocation(path, []))
        listed = _one_file(live, "ess_france", read_ess_list)
        naf_2025 = _one_file(live, "naf_2025", read_naf_2025)
        official = RegisterFiles(establishments, units, geolocation.value, listed.value, naf_2025.value)
        register: pd.DataFrame = build_register(
            live.territory,
            official,
            as_of=parameters.as_of,
            using=engines,
            corrections=corrections,
            progress=live.progress,
            around=whole.buffer(walk_m).difference(whole),
        )
        texts = (field.name for field in LAYERS["structures"].fields if field.kind == "text")
        city = register["citycode"].map(layers["communes"]["name"]).fillna(register["city"])
        listing = register.assign(city=city, **{name: "" for name in texts if name not in register})
        economy = count_economy(official, live.territory, layers["qpv"], as_of=parameters.as_of)
        told = gather((listing, economy), geolocation, listed)
        if register["naf_version"].eq(NAF_2025).any():
            told = gather((listing, economy), told, naf_2025)
        unknown = unknown_activities(register, live.lang)
        return gather((listing, economy), told, Found(None, notes=(unknown,) if unknown else ()))

    def own() -> tuple[pd.DataFrame, Economy | None]:
        return read_layer(live.territory, "structures"), None

    found = find(live, "structures", _SIRENE, sirene, own)
    register, economy = found.value
    if not isinstance(register, gpd.GeoDataFrame):
        return found
    completed = with_own_list(live, register, using=engines, corrections=corrections)
    return gather((completed.value, economy), found, completed)


def _one_file(live: Live, source: str, read: Callable[[Path], object]) -> Found[Path | None]:
    """Return the file of a source of the register that it can do without; a file that cannot be read is none."""

    def one(files: Mapping[str, list[Path]]) -> Path | None:
        (path,) = files[source]
        read(path)
        return path

    return find(live, "structures", [source], one, nothing=lambda: None)


def _addresses(live: Live) -> Found[pd.DataFrame | Engine | None]:
    def ban(files: Mapping[str, list[Path]]) -> pd.DataFrame | Engine | None:
        return Local.read(files["ban"])

    return find(live, "addresses", ["ban"], ban, lambda: read_layer(live.territory, "addresses"), nothing=lambda: None)


def _streets(
    live: Live, given: Mapping[str, Any], layers: Mapping[str, gpd.GeoDataFrame], *, steps: bool
) -> Found[tuple[WalkNetwork | None, Path | None]]:
    """Return the streets to walk on and their file."""
    if "network" in given:
        return Found((read_network(given["network"], layers["communes"], steps=steps), given["network"]))

    def streets(files: Mapping[str, list[Path]]) -> tuple[WalkNetwork | None, Path | None]:
        (path,) = files["osm"]
        return read_network(path, layers["communes"], steps=steps), path

    return find(live, "network", ["osm"], streets, nothing=lambda: (None, None))


def base_layers(
    territory: Territory, communes: gpd.GeoDataFrame, streets: Path | None, inputs: Collection[Input]
) -> tuple[BaseLayer, ...]:
    """Return the base of the maps: the rail of the territory, and what the file of streets shows."""
    layers = []
    if own := territory.declares("rail"):
        layers.append(base_of_rail(read_layer(territory, "rail"), input_of(territory.file("rail"))))
    if streets is not None:
        (source,) = (one for one in inputs if one.layer == "network")
        layers.append(base_of_streets(streets, communes.geometry, source, rail=not own))
    return tuple(layers)


def own_lists(territory: Territory) -> Found[dict[str, pd.DataFrame]]:
    """Return the tables that a territory has beside its layers, those it does not have without rows."""
    tables = {
        name: read_layer(territory, name)
        if territory.declares(name)
        else pd.DataFrame(empty_layer(name, territory.crs)).drop(columns="geometry")
        for name in LISTS
    }
    return Found(tables, tuple(own_inputs(territory, "", {}, layers=LISTS)))


def _inhabited(live: Live, neighbourhoods: gpd.GeoDataFrame, demand: gpd.GeoDataFrame) -> Found[gpd.GeoDataFrame]:
    """Return the neighbourhoods that hold residents: a zone smaller than a cell of the grid may hold none."""
    people = demand.groupby("neighbourhood_id")["population"].sum().reindex(neighbourhoods.index, fill_value=0)
    empty = neighbourhoods[people <= 0]
    note = words(live.lang)["live"]["inhabited"].format(names=", ".join(empty["name"]))
    return Found(neighbourhoods[people > 0], notes=(note,) if len(empty) else ())


def _dated(inputs: Sequence[Input], network: WalkNetwork | None) -> Sequence[Input]:
    """Return the inputs with the day that a network says it is of."""
    if network is None or not network.date:
        return inputs
    return [replace(one, vintage=network.date) if one.layer == "network" else one for one in inputs]
