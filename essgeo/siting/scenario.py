"""Scenarios, compared and said."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from essgeo.schema.vocabulary import THEMES, split_codes
from essgeo.text.notebook import Html, paragraphs, table
from essgeo.text.numbers import number, percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from markupsafe import Markup

    from essgeo.schema.months import Period
    from essgeo.schema.vocabulary import Lang


NOTES: dict[str, dict[Lang, str]] = {
    "search_areas": {
        "fr": "Ce sont des zones de recherche (mailles de 200 m), pas des locaux connus : chercher autour.",
        "en": "These are search areas (200 m cells), not known premises: look for premises around these points.",
    },
    "requirements_not_for_areas": {
        "fr": "Surface et rez-de-chaussée ne s'appliquent pas à des zones de recherche.",
        "en": "Surface and ground floor do not apply to search areas.",
    },
    "fewer_candidates": {
        "fr": "Moins de candidats que de sites demandés : tous sont retenus.",
        "en": "Fewer candidates than sites asked for: all of them are chosen.",
    },
    "nothing_more": {
        "fr": "Moins de sites que demandé : un de plus n'ajouterait personne.",
        "en": "Fewer sites than asked for: one more would add nobody.",
    },
    "no_place": {
        "fr": "Aucune structure localisée et en activité de ce secteur : autant qu'on sache, personne n'est à portée.",
        "en": "No located, active structure of this sector: as far as is known, nobody is within reach of one today.",
    },
    "no_structures_given": {
        "fr": "Aucune structure n'a été donnée : tout le monde est compté hors de portée aujourd'hui.",
        "en": "No structures were given: everybody counts as out of reach today.",
    },
    "all_reached": {
        "fr": "Tous les habitants sont déjà à portée : aucun site n'ajoute personne.",
        "en": "All residents are within reach already: no site adds anybody.",
    },
    "targets_reached": {
        "fr": "Tous les habitants des quartiers cibles sont déjà à portée.",
        "en": "All residents of target neighbourhoods are within reach already.",
    },
    "aggregated": {
        "fr": "La demande est regroupée par maille de 200 m et par IRIS pour ce critère.",
        "en": "Demand is grouped by 200 m cell and IRIS for this objective.",
    },
    "not_proven": {
        "fr": "Le temps de calcul n'a pas suffi à prouver que ce choix est le meilleur ; l'écart à la borne est donné.",
        "en": "Time ran out before this choice was proven best; its distance from the bound is given.",
    },
    "register_is_a_sample": {
        "fr": "Les structures connues sont un échantillon : les habitants nouvellement à portée sont un maximum.",
        "en": "The known structures are a sample: the number of residents newly within reach is an upper bound.",
    },
    "register_is_declared": {
        "fr": "Les structures sont les adresses déclarées dans Sirene : toutes n'accueillent pas de public, et celles "
        "sans position ne comptent pas.",
        "en": "The structures are the addresses declared in SIRENE: not all of them receive the public, and those "
        "without a position do not count.",
    },
    "edge": {
        "fr": "Près de la limite du territoire, les structures d'à côté sont inconnues : le besoin y est surestimé.",
        "en": "Near the boundary of the territory, structures across it are not known: need is overstated there.",
    },
    "dates_of_places_not_followed": {
        "fr": "Les structures d'aujourd'hui sont supposées rester ouvertes toute la période.",
        "en": "The places of today are taken to stay open all through the period.",
    },
}
"""What a reader must know, by code."""


FILTERS: dict[str, dict[Lang, str]] = {
    "no_position": {"fr": "sans coordonnées", "en": "no coordinates"},
    "past": {"fr": "occupation terminée ou site fermé", "en": "occupation over, or site closed"},
    "occupied": {"fr": "déjà occupé à la date de la source", "en": "occupied at the date of the source"},
    "converted": {"fr": "friche reconvertie", "en": "site converted already"},
    "never_available": {"fr": "jamais disponible pendant la période", "en": "never available in the period"},
    "surface_unknown": {"fr": "surface inconnue", "en": "surface not known"},
    "too_small": {"fr": "trop petit", "en": "too small"},
    "not_ground_floor": {"fr": "pas de rez-de-chaussée", "en": "not on the ground floor"},
    "floor_unknown": {"fr": "étage inconnu", "en": "floor not known"},
    "far_from_station": {"fr": "trop loin d'une station", "en": "too far from a station"},
}
"""Why a candidate was left out, by code."""


OBJECTIVES: dict[str, dict[Lang, str]] = {
    "coverage": {"fr": "le plus d'habitants à portée", "en": "most residents within reach"},
    "need": {
        "fr": "le plus d'habitants à portée, pondérés par le besoin",
        "en": "most residents within reach, weighted by need",
    },
    "targets": {
        "fr": "le plus d'habitants des quartiers cibles à portée",
        "en": "most residents of target neighbourhoods within reach",
    },
    "median": {"fr": "le moins de minutes jusqu'au lieu le plus proche", "en": "fewest minutes to the nearest place"},
    "set": {"fr": "le moins de sites pour atteindre tout le monde", "en": "fewest sites to reach everybody"},
    "expected": {
        "fr": "le plus d'habitants à portée si un site peut fermer tôt",
        "en": "most residents within reach where a site may close early",
    },
    "person_months": {"fr": "le plus d'habitants-mois à portée", "en": "most person-months within reach"},
}
"""What each objective seeks."""


_SITES: dict[Lang, tuple[str, tuple[str, ...]]] = {
    "fr": (
        "Sites, par gain décroissant",
        ("site", "commune", "habitants de plus", "reste choisi", "ou à 400 m", "secteur le plus utile"),
    ),
    "en": (
        "Sites, by gain",
        ("site", "commune", "more residents", "stays chosen", "or within 400 m", "most useful sector"),
    ),
}


def label(theme: str, lang: Lang) -> str:
    """Return the name of a sector or challenge.

    Examples
    --------
    >>> label("mobilite", "en")
    'Mobility'
    """
    return THEMES[theme][lang] if theme in THEMES else theme


def sites_table(sites: gpd.GeoDataFrame, lang: Lang) -> Markup:
    """Return the sites of a scenario as a table for a notebook.

    Parameters
    ----------
    sites
        ``Scenario.sites``.
    lang
        ``fr`` or ``en``.

    Examples
    --------
    >>> sites_table.__name__
    'sites_table'
    """
    rows = [
        [
            row["name"],
            row["city"],
            number(row["marginal"], lang),
            percent(row["robust"], lang),
            percent(row["robust_nearby"], lang),
            ", ".join(label(code, lang) for code in split_codes(row["best_sectors"])),
        ]
        for row in sites.drop(columns=sites.geometry.name).to_dict("records")
    ]
    return table(*_SITES[lang], rows)


def sentences(scenario: Scenario, lang: Lang) -> list[str]:
    """Return what a scenario found, in words: the choice, whom it reaches, the proof, what comes next, then its notes.

    Parameters
    ----------
    scenario
        From :func:`essgeo.choose_sites`.
    lang
        ``fr`` or ``en``.

    Returns
    -------
    list of str
        Plain text, not escaped.

    Examples
    --------
    >>> sentences.__name__
    'sentences'
    """
    said = [_result(scenario, lang), *_whom(scenario, lang), _proof(scenario, lang)]
    if scenario.next_site:
        more, name = number(scenario.next_site["marginal"], lang), scenario.next_site["name"]
        said.append(
            f"Un site de plus ({name}) ajouterait {more} habitants."
            if lang == "fr"
            else f"One more site ({name}) would add {more} residents."
        )
    if len(scenario.exclusions):
        count = len(scenario.exclusions)
        said.append(
            f"Candidats écartés : {count}, chacun avec sa raison."
            if lang == "fr"
            else f"Candidates left out: {count}, each with its reason."
        )
    return [*said, *(NOTES[note][lang] for note in scenario.notes)]


def _result(scenario: Scenario, lang: Lang) -> str:
    names = " ; ".join(scenario.sites["name"]) or ("aucun site" if lang == "fr" else "no site")
    newly, low, high = (number(v, lang) for v in (scenario.newly_reached, scenario.newly_low, scenario.newly_high))
    minutes, theme, level = (
        f"{scenario.within_minutes:g}",
        label(scenario.sector, lang),
        f"{scenario.parameters['level']:.0%}",
    )
    drawn = not math.isnan(scenario.newly_low)
    if lang == "fr":
        interval = f" (intervalle à {level.replace('%', ' %')} : {low} à {high})" if drawn else ""
        return f"{theme}, {minutes} min à pied : {names}. {newly} habitants nouvellement à portée{interval}."
    interval = f" ({level} interval: {low} to {high})" if drawn else ""
    return f"{theme}, {minutes} min on foot: {names}. {newly} residents newly within reach{interval}."


def _whom(scenario: Scenario, lang: Lang) -> list[str]:
    """Return how many of those newly reached live where the need is: in a target neighbourhood, on a low income."""
    places, incomes = scenario.by_neighbourhood, scenario.by_income
    if not scenario.newly_reached or "neighbourhood_id" not in places or "income" not in incomes:
        return []
    targets = number(places.loc[places["neighbourhood_id"] != "", "newly_reached"].sum(), lang)
    poorest = number(incomes.loc[incomes["income"] == "lower", "newly_reached"].sum(), lang)
    if lang == "fr":
        return [f"Parmi eux, {targets} vivent dans un quartier cible et {poorest} dans le tiers de revenu inférieur."]
    return [f"Of them, {targets} live in a target neighbourhood and {poorest} in the lower third by income."]


def _proof(scenario: Scenario, lang: Lang) -> str:
    aim = OBJECTIVES[scenario.objective][lang]
    gap = f"{scenario.gap:.1%}"
    if lang == "fr":
        return f"Critère : {aim} ; " + (
            "optimum prouvé pour ces structures connues."
            if scenario.proven
            else f"à {gap.replace('%', ' %')} au plus de l'optimum."
        )
    return f"Objective: {aim}; " + (
        "proven optimum for these known structures." if scenario.proven else f"within {gap} of the optimum."
    )


@dataclass(frozen=True)
class Scenario:
    """What one siting question found. Persons are residents; nobody is counted twice.

    Attributes
    ----------
    sector, within_minutes, count, objective, period
        What was asked.
    sites
        The chosen sites, index ``candidate_id``, in order of marginal gain: ``name``, ``kind`` (``premises`` or
        ``search_area``), ``city``, ``surface_m2``, ``available_from``, ``available_to``, ``constraints``, ``marginal``
        (residents it adds to those before it), ``alone`` (residents it would reach alone), ``cumulative``, ``robust``
        (share of the draws in which it stays chosen), ``robust_nearby`` (in which it, or a candidate within 400 m,
        does),
        ``best_sectors`` (codes joined by ``|``; several where they are not distinguishable) and ``best_gain``; points.
    residents, reached_before
        Residents of the territory, and those who reach a place of the sector today.
    newly_reached, newly_low, newly_high
        Residents newly within reach, and the interval of the draws at ``parameters["level"]``.
    person_months
        Residents newly within reach, summed over the months of the period in which a site is available; none without
        one.
    by_neighbourhood, by_income, best_sectors, exclusions
        Tables.
    value, bound, gap, proven
        What the model maximises (or, for set covering, the number of sites), its proven bound, the distance between
        them as a share, and whether that is nothing.
    next_site
        ``candidate_id``, ``name`` and ``marginal`` of what one more site would add; empty where nothing would.
    places
        The counted places of the sector today: ``name`` and points.
    parameters
        Every assumption, by name.
    notes
        Codes of what a reader must know, see :func:`essgeo.siting.scenario.sentences`.
    """

    sector: str
    within_minutes: float
    count: int
    objective: str
    period: Period | None
    sites: gpd.GeoDataFrame
    residents: float
    reached_before: float
    newly_reached: float
    newly_low: float
    newly_high: float
    person_months: float | None
    by_neighbourhood: pd.DataFrame
    by_income: pd.DataFrame
    best_sectors: pd.DataFrame
    exclusions: pd.DataFrame
    value: float
    bound: float
    gap: float
    proven: bool
    next_site: Mapping[str, Any]
    places: gpd.GeoDataFrame
    parameters: Mapping[str, Any]
    notes: tuple[str, ...]

    @property
    def search_areas(self) -> bool:
        """Whether the sites are search areas, rather than premises that are known."""
        return bool((self.sites["kind"] == "search_area").any())

    def sentences(self, lang: Lang = "fr") -> list[str]:
        """Return what was found, how sure it is and what it leaves out, in words."""
        return sentences(self, lang)

    def to_json(self) -> str:
        """Return the whole result as JSON; positions as longitude and latitude, what is not known as ``null``."""
        return json.dumps(_plain(self), ensure_ascii=False, indent=1, allow_nan=False)

    def to_html(self, lang: Lang = "fr") -> Html:
        """Return what was found as HTML for a notebook: the findings in words, then the sites."""
        return Html(str(paragraphs(self.sentences(lang)) + sites_table(self.sites, lang)))

    def _repr_html_(self) -> str:
        return self.to_html().text


def compare(*scenarios: Scenario) -> pd.DataFrame:
    """Return scenarios side by side, one row each.

    Parameters
    ----------
    *scenarios
        From :func:`essgeo.choose_sites`.

    Returns
    -------
    DataFrame
        ``sector``, ``objective``, ``within_minutes``, ``sites`` (names), ``kind``, ``reached_before``,
        ``newly_reached``,
        ``newly_low``, ``newly_high``, ``person_months``, ``lower_third`` (newly reached among the lower third by
        income),
        ``least_robust`` (the lowest ``robust`` of its sites), ``value``, ``bound``, ``proven``, ``next_marginal``; in
        the order given.

    Examples
    --------
    >>> compare().empty
    True
    """
    rows = [
        {
            "sector": one.sector,
            "objective": one.objective,
            "within_minutes": one.within_minutes,
            "sites": " | ".join(one.sites["name"]),
            "kind": "search_area" if one.search_areas else "premises",
            "reached_before": one.reached_before,
            "newly_reached": one.newly_reached,
            "newly_low": one.newly_low,
            "newly_high": one.newly_high,
            "person_months": one.person_months,
            "lower_third": one.by_income.loc[one.by_income["income"] == "lower", "newly_reached"].sum(),
            "least_robust": one.sites["robust"].min(),
            "value": one.value,
            "bound": one.bound,
            "proven": one.proven,
            "next_marginal": one.next_site.get("marginal", 0.0),
        }
        for one in scenarios
    ]
    return pd.DataFrame(rows)


def _plain(scenario: Scenario) -> dict[str, Any]:
    fields = dict(vars(scenario))
    period = fields["period"]
    fields["period"] = {"first": period.first, "last": period.last} if period else None
    for name in ("sites", "places"):
        points = fields[name].geometry.to_crs("EPSG:4326")
        table = pd.DataFrame(fields[name].drop(columns=fields[name].geometry.name)).reset_index()
        fields[name] = _records(
            table.assign(longitude=points.x.round(6).to_numpy(), latitude=points.y.round(6).to_numpy())
        )
    for name in ("by_neighbourhood", "by_income", "best_sectors", "exclusions"):
        fields[name] = _records(fields[name])
    fields["parameters"], fields["next_site"] = dict(fields["parameters"]), dict(fields["next_site"])
    fields["notes"] = list(fields["notes"])
    fields["sentences"] = {"fr": scenario.sentences("fr"), "en": scenario.sentences("en")}
    return {name: None if isinstance(value, float) and value != value else value for name, value in fields.items()}  # noqa: PLR0124 (NaN is the only value unlike itself)


def _records(table: pd.DataFrame) -> Any:  # noqa: ANN401 (what JSON holds)
    return json.loads(table.to_json(orient="records", force_ascii=False))
