"""The glossary of columns: a name means the same in every table that has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from essgeo.vocabulary import FAMILIES, GEO_STATUSES, STAGES, SUPPORT_ROLES, THEMES

if TYPE_CHECKING:
    from collections.abc import Collection

    from essgeo.vocabulary import Lang

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
        Unit of a number; ``""`` where it has none.
    decimals
        Decimals a published number is rounded to.
    allowed
        The only values it may take, missing aside.
    """

    name: str
    kind: Kind
    description: dict[Lang, str]
    unit: str = ""
    decimals: int = 2
    allowed: Collection[str] | None = None


@dataclass(frozen=True)
class _Measure:
    """What numbers of a sort share: kind, unit, decimals."""

    kind: Kind
    unit: str = ""
    decimals: int = 0


TEXT, FLAG, MONTH, COUNT = _Measure("text"), _Measure("flag"), _Measure("month"), _Measure("integer")
SHARE = _Measure("number", "0-1", 4)
METRES = _Measure("number", "m", 1)
MINUTES = _Measure("number", "min", 1)
RESIDENTS = _Measure("number", "habitants", 1)
EXPECTED = _Measure("number", "structures", 2)
ESTABLISHMENTS = _Measure("number", "établissements", 2)
EMPLOYEES = _Measure("number", "salariés")
DEGREES = _Measure("number", "°, WGS 84", 6)

_TEXTS = (
    ("structure_id", "Identifiant de la structure", "Identifier of the structure"),
    (
        "name",
        "Nom ; [ND] si la diffusion est restreinte par la loi",
        "Name; [ND] where the law restricts its diffusion",
    ),
    ("aliases", "Autres noms, séparés par |", "Other names, separated by |"),
    ("address", "Adresse telle que la source la donne", "Address as the source gives it"),
    ("postcode", "Code postal", "Postcode"),
    ("city", "Commune", "Commune"),
    ("citycode", "Code INSEE de la commune", "INSEE code of the commune"),
    ("siren", "Numéro SIREN", "SIREN number"),
    ("siret", "Numéro SIRET", "SIRET number"),
    ("legal_form", "Forme juridique", "Legal form"),
    ("sectors", "Secteurs, séparés par |", "Sectors, separated by |"),
    ("challenges", "Défis du territoire, séparés par |", "Challenges of the territory, separated by |"),
    ("roles", "Rôles, séparés par |", "Roles, separated by |"),
    (
        "support_stages",
        "Étapes de projet accompagnées ou financées, séparées par |",
        "Project stages supported or funded, separated by |",
    ),
    ("source", "D'où vient la ligne", "Where the row comes from"),
    ("source_2", "Seconde source", "Second source"),
    ("note", "Remarque", "Note"),
    ("geo_precision", "Précision de la position", "Precision of the position"),
    ("geo_label", "Adresse reconnue", "Address that was recognised"),
    ("geo_engine", "D'où vient la position", "Where the position comes from"),
    ("geo_reason", "Pourquoi cet état de localisation", "Why this state of location"),
    (
        "qpv",
        "Code du QPV où est la structure, ou du plus proche",
        "Code of the QPV the structure is in, or of the nearest",
    ),
    ("qpv_name", "Nom de ce QPV", "Name of that QPV"),
    ("qpv_vintage", "Millésime de ce QPV", "Vintage of that QPV"),
    ("layer", "Couche de la zone", "Layer of the zone"),
    ("zone_id", "Identifiant de la zone", "Identifier of the zone"),
    ("zone_name", "Nom de la zone", "Name of the zone"),
    ("vintage", "Millésime des contours", "Vintage of the outlines"),
    ("kind", "Sorte de zone", "Kind of zone"),
    ("cities", "Communes, séparées par |", "Communes, separated by |"),
    (
        "interest",
        "Intérêt du projet NPNRU : national, regional ou none",
        "Interest of the NPNRU project: national, regional or none",
    ),
    ("programme", "Projets NPNRU, séparés par ;", "NPNRU projects, separated by ;"),
    ("confidence", "Sûreté de l'information", "How sure it is"),
    ("neighbourhood_id", "Identifiant du quartier cible", "Identifier of the target neighbourhood"),
    ("neighbourhood", "Nom du quartier cible", "Name of the target neighbourhood"),
    ("iris_codes", "IRIS du quartier, séparés par |", "IRIS of the neighbourhood, separated by |"),
    ("iris_code", "Code de l'IRIS", "Code of the IRIS"),
    ("qpv_2015", "QPV de 2015", "QPV of 2015"),
    ("qpv_2024", "QPV de 2024", "QPV of 2024"),
    ("station_id", "Identifiant de la station", "Identifier of the station"),
    ("mode", "Mode de transport", "Mode of transport"),
    ("line", "Ligne", "Line"),
    ("open_date", "Date d'ouverture", "Opening date"),
    ("site_id", "Identifiant du site", "Identifier of the site"),
    ("state", "État du site", "State of the site"),
    ("owner_type", "Propriétaire", "Owner"),
    ("former_use", "Ancien usage", "Former use"),
    ("ground_floor", "Rez-de-chaussée disponible", "Ground floor available"),
    ("constraints", "Contraintes", "Constraints"),
    ("method", "Comment le chiffre est calculé", "How the figure is computed"),
    ("population_method", "Comment la population est répartie", "How the population is spread"),
    (
        "nearest_structure_id",
        "Structure la plus proche du centre du quartier",
        "Structure nearest to the neighbourhood's centre",
    ),
    ("nearest_name", "Nom de cette structure", "Name of that structure"),
    ("nearest_city", "Commune de cette structure", "Commune of that structure"),
    ("reason", "Pourquoi l'adresse est à revoir", "Why the address needs review"),
    ("candidate_label", "Meilleure adresse candidate", "Best candidate address"),
)

_CHOICES: tuple[tuple[str, Collection[str], str, str], ...] = (
    ("family", (*FAMILIES, "total"), "Famille de l'ESS ; total : toutes", "ESS family; total: all"),
    ("geo_status", GEO_STATUSES, "État de localisation", "State of location"),
    (
        "qpv_relation",
        ("in", "out", "undetermined", "unknown"),
        "Dans ce QPV, dehors, ou indéterminé",
        "In that QPV, out, or undetermined",
    ),
    (
        "relation",
        ("in", "out", "undetermined", "unknown"),
        "Dans la zone, dehors, ou indéterminé",
        "In the zone, out, or undetermined",
    ),
    ("level", ("territory", "commune", "qpv", "neighbourhood"), "Échelle de la zone", "Level of the zone"),
    (
        "theme_kind",
        ("all", "sector", "challenge"),
        "Toute l'ESS, un secteur ou un défi",
        "The whole ESS, a sector or a challenge",
    ),
    (
        "theme",
        THEMES,
        "Code du secteur ou du défi ; all : toute l'ESS",
        "Code of the sector or challenge; all: the whole ESS",
    ),
    ("role", SUPPORT_ROLES, "Accompagnement ou financement", "Support or funding"),
    ("stage", STAGES, "Étape du projet", "Stage of the project"),
)

_MEASURES = (
    ("active_from", MONTH, "Début d'activité", "Active from"),
    ("active_to", MONTH, "Fin d'activité", "Active to"),
    ("as_of", MONTH, "Date de l'information", "What the information is as of"),
    ("available_from", MONTH, "Disponible à partir de", "Available from"),
    ("available_to", MONTH, "Disponible jusqu'à", "Available to"),
    (
        "counted",
        FLAG,
        "Compte dans la couverture : active, ou non vérifiée, à la date de l'étude",
        "Counts in coverage: active, or not verified, on the day of the study",
    ),
    ("inhabited", FLAG, "IRIS habité", "Inhabited IRIS"),
    ("within_300m", FLAG, "À 300 m ou moins de la zone", "Within 300 m of the zone"),
    ("within_500m", FLAG, "À 500 m ou moins de la zone", "Within 500 m of the zone"),
    ("within_reach", FLAG, "Une offre est à portée", "An offer is within reach"),
    ("geo_score", SHARE, "Ressemblance de l'adresse reconnue", "Likeness of the recognised address"),
    ("geo_margin", SHARE, "Avance sur le second candidat", "Lead over the second candidate"),
    (
        "geo_radius_m",
        METRES,
        "Rayon où la position vraie se trouve 9 fois sur 10",
        "Radius that holds the true position 9 times in 10",
    ),
    ("qpv_probability", SHARE, "Probabilité d'être dans ce QPV", "Probability of being in that QPV"),
    (
        "qpv_distance_m",
        METRES,
        "Distance à la limite de ce QPV, négative à l'intérieur",
        "Distance to the boundary of that QPV, negative inside",
    ),
    ("probability", SHARE, "Probabilité d'être dans la zone", "Probability of being in the zone"),
    (
        "distance_m",
        METRES,
        "Distance à la limite de la zone, négative à l'intérieur",
        "Distance to the boundary of the zone, negative inside",
    ),
    ("population", RESIDENTS, "Population", "Population"),
    (
        "median_income",
        _Measure("integer", "EUR/an"),
        "Revenu médian par unité de consommation",
        "Median income per consumption unit",
    ),
    ("residents", RESIDENTS, "Habitants, dans le territoire", "Residents, inside the territory"),
    ("area_ha", _Measure("number", "ha", 2), "Surface", "Area"),
    ("surface_m2", _Measure("integer", "m²"), "Surface", "Area"),
    (
        "structures_in",
        COUNT,
        "Structures dont on est sûr qu'elles sont dans la zone",
        "Structures that are surely in the zone",
    ),
    (
        "structures_undetermined",
        COUNT,
        "Structures dont on ne sait si elles y sont",
        "Structures that may be in the zone",
    ),
    (
        "structures_expected",
        EXPECTED,
        "Nombre attendu de structures dans la zone",
        "Expected count of structures in the zone",
    ),
    ("structures_low", EXPECTED, "Bas de l'intervalle de ce nombre", "Low end of the interval of that count"),
    ("structures_high", EXPECTED, "Haut de l'intervalle de ce nombre", "High end of the interval of that count"),
    ("structures_within_300m", COUNT, "Structures à 300 m ou moins", "Structures within 300 m"),
    ("structures_within_500m", COUNT, "Structures à 500 m ou moins", "Structures within 500 m"),
    ("minutes", COUNT, "Marche au plus, en minutes", "Walk of at most so many minutes"),
    ("reached", RESIDENTS, "Habitants à portée", "Residents within reach"),
    ("share", SHARE, "Part des habitants à portée", "Share of the residents within reach"),
    ("share_low", SHARE, "Bas de l'intervalle de la part", "Low end of the interval of the share"),
    ("share_high", SHARE, "Haut de l'intervalle de la part", "High end of the interval of the share"),
    (
        "share_known_active",
        SHARE,
        "Part à portée d'une structure dont l'activité est vérifiée",
        "Share within reach of a structure known to be active",
    ),
    (
        "structures",
        COUNT,
        "Structures localisées et comptées sur lesquelles la part repose",
        "Located and counted structures that the share rests on",
    ),
    (
        "minutes_median",
        MINUTES,
        "Marche médiane des habitants vers la plus proche ; vide : plus de la moitié n'en a pas à portée",
        "Median walk of the residents to the nearest; empty: more than half have none within reach",
    ),
    ("rank", COUNT, "Rang du manque dans le quartier", "Rank of the gap in the neighbourhood"),
    ("out_of_reach", RESIDENTS, "Habitants hors de portée", "Residents out of reach"),
    ("out_of_reach_low", RESIDENTS, "Bas de l'intervalle", "Low end of the interval"),
    ("out_of_reach_high", RESIDENTS, "Haut de l'intervalle", "High end of the interval"),
    ("territory_share", SHARE, "La même part pour le territoire", "The same share for the territory"),
    ("gap_points", _Measure("number", "points", 1), "Retard sur le territoire", "How far behind the territory"),
    (
        "gap_residents",
        RESIDENTS,
        "Habitants hors de portée au-delà de ce que donnerait la part du territoire",
        "Residents out of reach beyond what the territory's share would give",
    ),
    (
        "nearest_minutes",
        MINUTES,
        "Marche vers cette structure ; vide : aucune n'est localisée",
        "Walk to that structure; empty: none is located",
    ),
    ("structures_in_register", COUNT, "Offres dans le registre", "Offers in the register"),
    ("structures_located", COUNT, "Offres localisées", "Located offers"),
    ("candidate_score", SHARE, "Ressemblance du candidat", "Likeness of the candidate"),
    ("candidate_longitude", DEGREES, "Longitude du candidat", "Longitude of the candidate"),
    ("candidate_latitude", DEGREES, "Latitude du candidat", "Latitude of the candidate"),
    ("longitude", DEGREES, "Longitude ; vide : non localisée", "Longitude; empty: not located"),
    ("latitude", DEGREES, "Latitude ; vide : non localisée", "Latitude; empty: not located"),
    ("seed_enterprises", COUNT, "Entreprises selon le portrait de 2018", "Enterprises in the portrait of 2018"),
    ("seed_employees", COUNT, "Salariés selon ce portrait", "Employees in that portrait"),
    (
        "seed_fte",
        _Measure("number", "ETP", 1),
        "Équivalents temps plein selon ce portrait",
        "Full-time equivalents in that portrait",
    ),
    ("seed_payroll_eur", _Measure("integer", "EUR"), "Masse salariale selon ce portrait", "Payroll in that portrait"),
    ("register_structures", COUNT, "Structures du registre", "Structures in the register"),
    ("register_counted", COUNT, "Structures qui comptent", "Structures that count"),
    ("register_located", COUNT, "Structures localisées", "Structures located"),
    (
        "register_enterprises",
        COUNT,
        "Entreprises du registre qui comptent : SIREN distincts",
        "Enterprises of the register that count: distinct SIREN",
    ),
    (
        "register_employees_low",
        EMPLOYEES,
        "Salariés de ces structures, au moins (bas des tranches)",
        "Employees of these structures, at least (low ends of the bands)",
    ),
    (
        "register_employees_high",
        EMPLOYEES,
        "Salariés de ces structures dont la tranche est connue, au plus",
        "Employees of those whose band is known, at most",
    ),
    (
        "register_employees_unknown",
        COUNT,
        "Structures dont la tranche d'effectif n'est pas connue",
        "Structures whose band of employees is not known",
    ),
    ("enterprises", ESTABLISHMENTS, "Entreprises de l'ESS (SIREN distincts)", "ESS enterprises (distinct SIREN)"),
    (
        "establishments",
        ESTABLISHMENTS,
        "Établissements de l'ESS ; dans un QPV, nombre attendu",
        "ESS establishments; in a QPV, expected count",
    ),
    ("establishments_low", ESTABLISHMENTS, "Bas de l'intervalle de ce nombre", "Low end of the interval"),
    ("establishments_high", ESTABLISHMENTS, "Haut de l'intervalle de ce nombre", "High end of the interval"),
    ("employers", ESTABLISHMENTS, "Dont employeurs", "Of them, employers"),
    ("employees_low", EMPLOYEES, "Salariés, au moins (bas des tranches)", "Employees, at least (low ends of bands)"),
    ("employees_high", EMPLOYEES, "Salariés, au plus (haut des tranches)", "Employees, at most (high ends of bands)"),
    (
        "employees_unknown",
        COUNT,
        "Établissements dont la tranche d'effectif n'est pas connue",
        "Establishments whose band of employees is not known",
    ),
    (
        "economy_establishments",
        COUNT,
        "Établissements actifs de toute l'économie, selon Sirene",
        "Active establishments of the whole economy, in SIRENE",
    ),
    ("economy_employers", COUNT, "Dont employeurs, selon Sirene", "Of them employers, in SIRENE"),
    (
        "share_establishments",
        SHARE,
        "Part de l'ESS dans les établissements actifs",
        "Share of the ESS in active establishments",
    ),
    (
        "share_employers",
        SHARE,
        "Part de l'ESS dans les établissements employeurs",
        "Share of the ESS in employing establishments",
    ),
    (
        "register_share",
        SHARE,
        "Part du portrait que le registre connaît",
        "Share of the portrait that the register knows",
    ),
)

COLUMNS: dict[str, Column] = (
    {name: Column(name, "text", {"fr": fr, "en": en}) for name, fr, en in _TEXTS}
    | {name: Column(name, "text", {"fr": fr, "en": en}, allowed=tuple(codes)) for name, codes, fr, en in _CHOICES}
    | {
        name: Column(name, sort.kind, {"fr": fr, "en": en}, sort.unit, sort.decimals)
        for name, sort, fr, en in _MEASURES
    }
    | {
        "status": Column(
            "status",
            "text",
            {
                "fr": "Activité de la structure, état de la station",
                "en": "Activity of the structure, state of the station",
            },
        )
    }
)
