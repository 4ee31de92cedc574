"""Every column and every table that a run publishes, with type, unit and meaning, as plain data."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from essgeo.schema.vocabulary import FAMILIES, GEO_STATUSES, STAGES, SUPPORT_ROLES, THEMES

if TYPE_CHECKING:
    from collections.abc import Collection

    from essgeo.schema.vocabulary import Lang


Kind: TypeAlias = Literal["text", "integer", "number", "flag", "month"]


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    name
        Column name.
    kind
        ``text``, ``integer``, ``number``, ``flag`` or ``month`` (``2024``, ``2024-09`` or ``2024-09-30``).
    description
        What it says, in French and in English.
    unit
        Unit of a number, in French and in English; nothing where it has none.
    decimals
        Decimals a published number is rounded to.
    allowed
        The only values it may take, missing aside.
    """

    name: str
    kind: Kind
    description: dict[Lang, str]
    unit: dict[Lang, str] = field(default_factory=dict)
    decimals: int = 2
    allowed: Collection[str] | None = None


_DECIMALS = 2

_UNITS_IN_ENGLISH = {
    "habitants": "residents",
    "entreprises": "enterprises",
    "établissements": "establishments",
    "salariés": "employees",
    "ETP": "FTE",
    "EUR/an": "EUR/year",
}

_ALLOWED: dict[str, Collection[str]] = {
    "family": (*FAMILIES, "total"),
    "geo_status": GEO_STATUSES,
    "qpv_relation": ("in", "out", "undetermined", "unknown"),
    "relation": ("in", "out", "undetermined", "unknown"),
    "level": ("territory", "commune", "qpv", "neighbourhood"),
    "theme_kind": ("all", "sector", "challenge"),
    "theme": tuple(THEMES),
    "role": tuple(SUPPORT_ROLES),
    "stage": tuple(STAGES),
}


def _glossary() -> dict[str, Column]:
    text = (files("essgeo.schema") / "glossary.csv").read_text(encoding="utf-8")
    return {
        row["name"]: Column(
            row["name"],
            cast("Kind", row["kind"]),
            {"fr": row["fr"], "en": row["en"]},
            {"fr": row["unit"], "en": _UNITS_IN_ENGLISH.get(row["unit"], row["unit"])} if row["unit"] else {},
            int(row["decimals"] or _DECIMALS),
            _ALLOWED.get(row["name"]),
        )
        for row in csv.DictReader(text.splitlines())
    }


COLUMNS: dict[str, Column] = _glossary()


@dataclass(frozen=True)
class Table:
    """A table or layer that a run publishes.

    Attributes
    ----------
    name
        The attribute of :class:`essgeo.results.Study` that holds it.
    title
        What it is, in French and in English.
    key
        The columns that identify a row.
    columns
        Its columns in the order they are written, the key first.
    rests_on
        The input layers its figures come from.
    geographic
        It is a layer: it has a geometry, and its key is its index.
    shows_coverage
        Its figures are coverage, so that they mean little without the caveats of :mod:`essgeo.publish.licences`.
    """

    name: str
    title: dict[Lang, str]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rests_on: tuple[str, ...]
    geographic: bool = False
    shows_coverage: bool = False


def _columns(names: str) -> tuple[Column, ...]:
    return tuple(COLUMNS[name] for name in names.split())


_REGISTER = ("structures", "addresses")

_COVERAGE = ("iris", *_REGISTER, "network")

_ZONES = ("qpv", "npnru", "neighbourhoods", "iris")


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "structures",
            {
                "fr": "Structures de l'ESS, avec leur position et le QPV où elles sont",
                "en": "ESS structures, located and laid over QPV",
            },
            ("structure_id",),
            _columns(
                "structure_id name aliases address postcode city citycode siren siret siret_as_given family legal_form "
                "sectors challenges roles support_stages active_from active_to status as_of counted source source_2 "
                "note geo_status geo_precision geo_score geo_margin geo_radius_m geo_label geo_engine geo_reason qpv "
                "qpv_name qpv_relation qpv_probability qpv_distance_m qpv_vintage"
            ),
            (*_REGISTER, "qpv"),
            geographic=True,
        ),
        Table(
            "qpv",
            {"fr": "Quartiers prioritaires de la politique de la ville (QPV)", "en": "Priority neighbourhoods (QPV)"},
            ("zone_id",),
            _columns("zone_id name kind vintage cities interest programme"),
            ("qpv", "npnru"),
            geographic=True,
        ),
        Table(
            "npnru",
            {
                "fr": "Projets NPNRU ; sans périmètre donné, le contour du QPV en tient lieu",
                "en": "NPNRU projects; the QPV outline stands in where no perimeter is given",
            },
            ("zone_id",),
            _columns("zone_id name kind vintage programme interest confidence"),
            ("qpv", "npnru"),
            geographic=True,
        ),
        Table(
            "neighbourhoods",
            {
                "fr": "Quartiers cibles, listes d'IRIS (un choix, non un périmètre officiel)",
                "en": "Target neighbourhoods, lists of IRIS (a judgement, not an official perimeter)",
            },
            ("neighbourhood_id",),
            _columns("neighbourhood_id name city citycode iris_codes qpv_2015 qpv_2024 note"),
            ("neighbourhoods", "iris"),
            geographic=True,
        ),
        Table(
            "communes",
            {"fr": "Communes, IRIS réunis", "en": "Communes, dissolved from IRIS"},
            ("citycode",),
            _columns("citycode name population"),
            ("iris",),
            geographic=True,
        ),
        Table(
            "iris",
            {"fr": "IRIS : population et revenu médian", "en": "IRIS: population and median income"},
            ("iris_code",),
            _columns("iris_code name city citycode population median_income inhabited"),
            ("iris",),
            geographic=True,
        ),
        Table(
            "stations",
            {"fr": "Stations et gares", "en": "Stations"},
            ("station_id",),
            _columns("station_id name mode line status open_date"),
            ("stations",),
            geographic=True,
        ),
        Table(
            "sites",
            {"fr": "Sites d'occupation temporaire", "en": "Temporary-occupancy sites"},
            ("site_id",),
            _columns(
                "site_id name address city surface_m2 available_from available_to state owner_type former_use "
                "ground_floor constraints source as_of note"
            ),
            ("sites",),
            geographic=True,
        ),
        Table(
            "structure_zones",
            {
                "fr": "Chaque structure et chaque zone qui la concerne",
                "en": "Each structure and each zone that matters to it",
            },
            ("structure_id", "layer", "zone_id"),
            _columns("structure_id layer zone_id vintage relation probability distance_m within_300m within_500m"),
            (*_REGISTER, *_ZONES),
        ),
        Table(
            "zones",
            {"fr": "Chaque zone et les structures qu'elle contient", "en": "Each zone and the structures in it"},
            ("layer", "zone_id", "vintage"),
            _columns(
                "layer zone_id name vintage programme interest residents area_ha structures_in "
                "structures_undetermined structures_expected structures_low structures_high structures_within_300m "
                "structures_within_500m method"
            ),
            (*_REGISTER, *_ZONES),
        ),
        Table(
            "coverage",
            {
                "fr": "Part des habitants à portée d'une structure",
                "en": "Share of the residents within reach of a structure",
            },
            ("level", "zone_id", "theme_kind", "theme", "minutes"),
            _columns(
                "level zone_id zone_name vintage theme_kind theme minutes residents reached share share_low share_high "
                "share_known_active structures minutes_median method population_method"
            ),
            (*_COVERAGE, "qpv", "neighbourhoods"),
            shows_coverage=True,
        ),
        Table(
            "iris_coverage",
            {
                "fr": "Part des habitants de chaque IRIS à portée d'une structure",
                "en": "Share of the residents of each IRIS within reach",
            },
            ("iris_code", "theme_kind", "theme", "minutes"),
            _columns("iris_code theme_kind theme minutes residents reached share"),
            _COVERAGE,
            shows_coverage=True,
        ),
        Table(
            "gaps",
            {
                "fr": "Manques de couverture par quartier cible, commune et QPV, du plus grand au plus petit",
                "en": "Coverage gaps of the target neighbourhoods, communes and QPV, largest first",
            },
            ("level", "neighbourhood_id", "theme_kind", "theme", "minutes"),
            _columns(
                "level neighbourhood_id neighbourhood vintage rank rank_low rank_high theme_kind theme minutes "
                "residents out_of_reach out_of_reach_low out_of_reach_high share territory_share gap_points low high "
                "gap_residents need_gap need_gap_low need_gap_high need_known "
                "fgt0 fgt0_low fgt0_high fgt1 fgt1_low fgt1_high fgt2 fgt2_low fgt2_high zone_rank zone_rank_low "
                "zone_rank_high group not_distinguishable held_up_by lost_with_first structures nearest_structure_id "
                "nearest_name nearest_city nearest_minutes as_of method population_method finding_fr finding_en"
            ),
            (*_COVERAGE, "qpv", "neighbourhoods"),
            shows_coverage=True,
        ),
        Table(
            "support_chain",
            {
                "fr": "Chaîne d'appui : offres d'accompagnement et de financement à portée, par étape",
                "en": "Support chain: support and funding within reach, by stage",
            },
            ("neighbourhood_id", "role", "stage"),
            _columns(
                "neighbourhood_id neighbourhood role stage minutes structures_in_register structures_located share "
                "within_reach nearest_structure_id nearest_name nearest_city nearest_minutes"
            ),
            (*_COVERAGE, "neighbourhoods"),
            shows_coverage=True,
        ),
        Table(
            "review",
            {"fr": "Adresses qui demandent un œil humain", "en": "Addresses that need a human eye"},
            ("structure_id",),
            _columns(
                "structure_id name address postcode city geo_status reason candidate_label candidate_score "
                "candidate_longitude candidate_latitude"
            ),
            _REGISTER,
        ),
        Table(
            "portrait",
            {
                "fr": "Le registre au regard du portrait de l'ESS de 2018",
                "en": "The register beside the ESS portrait of 2018",
            },
            ("family",),
            _columns(
                "family seed_enterprises seed_employees seed_fte seed_payroll_eur register_structures register_counted "
                "register_located register_enterprises register_employees_low register_employees_high "
                "register_employees_unknown register_share note"
            ),
            ("seed_figures", *_REGISTER),
        ),
        Table(
            "portrait_areas",
            {
                "fr": "L'ESS du registre par commune et par QPV : entreprises, établissements, salariés",
                "en": "The ESS of the register by commune and QPV: enterprises, establishments, employees",
            },
            ("level", "zone_id", "vintage", "family"),
            _columns(
                "level zone_id zone_name vintage family enterprises establishments establishments_low "
                "establishments_high employers employees_low employees_high employees_unknown economy_establishments "
                "economy_employers economy_employees_low economy_employees_high share_establishments share_employers "
                "share_employees_low share_employees_high seed_enterprises seed_employees note"
            ),
            (*_REGISTER, "qpv"),
        ),
    )
}
