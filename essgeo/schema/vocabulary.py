"""The closed vocabularies of the register, each code with its French and English label."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from essgeo.messages import Lang

Labels: TypeAlias = dict[str, dict[Lang, str]]


class Symbol(NamedTuple):
    """A shape of the maps and its colour."""

    shape: str
    colour: str


SPEEDS_KMH = {"adult": 4.5, "slow": 3.4, "wheelchair": 3.4}
"""Walking speed by profile: adults; older people and pushchairs; wheelchairs, which take no steps."""


def _labels(table: dict[str, tuple[str, str]]) -> Labels:
    return {code: {"fr": french, "en": english} for code, (french, english) in table.items()}


_SECTORS = {
    "accompagnement": ("Accompagnement de projets", "Project support", "places"),
    "alimentation_agriculture": ("Alimentation et agriculture", "Food and farming", "food"),
    "artisanat_fabrication": ("Artisanat et fabrication", "Crafts and making", "making"),
    "autre": ("Autre", "Other", "places"),
    "culture_sport": ("Culture et sport", "Culture and sport", "youth"),
    "economie_circulaire_reemploi": ("Économie circulaire et réemploi", "Circular economy and reuse", "making"),
    "education_jeunesse": ("Éducation et jeunesse", "Education and youth", "youth"),
    "financement": ("Financement", "Funding", "places"),
    "habitat_urbanisme": ("Habitat et urbanisme", "Housing and urban planning", "making"),
    "insertion_emploi": ("Insertion et emploi", "Integration through work", "work"),
    "mediation_numerique": ("Médiation numérique", "Digital inclusion", "places"),
    "mobilite": ("Mobilité", "Mobility", "making"),
    "numerique": ("Numérique", "Digital", "places"),
    "petite_enfance": ("Petite enfance", "Early childhood", "youth"),
    "sante_social": ("Santé et action sociale", "Health and social care", "care"),
    "solidarite_internationale": ("Solidarité internationale", "International solidarity", "care"),
    "tiers_lieu": ("Tiers-lieu", "Shared third place", "places"),
}
"""Each sector: French, English, and the group whose symbol stands for it on maps."""

SECTORS = _labels({code: (french, english) for code, (french, english, _) in _SECTORS.items()})

_GROUPS = {
    "food": ("Alimentation", "Food", "circle", "#116655"),
    "making": ("Réemploi, fabrication, habitat, mobilité", "Reuse, making, housing, mobility", "square", "#775500"),
    "work": ("Insertion et emploi", "Integration through work", "triangle", "#550000"),
    "youth": ("Jeunesse, éducation, culture, petite enfance", "Youth, education, culture, early childhood", "diamond",
              "#7700ee"),
    "care": ("Santé, social, solidarité", "Health, social care, solidarity", "plus", "#990099"),
    "places": ("Lieux partagés, appui, numérique et autres", "Shared places, support, digital and others", "pentagon",
               "#001144"),
}  # fmt: skip
"""Six groups of sectors: a shape and a colour each. The colours are 29 apart (CIE 1976) at least, in normal sight as in
the three colour deficiencies, and stand out 3 to 1 from every class of the coverage map."""

SYMBOL_GROUPS = _labels({code: (french, english) for code, (french, english, _, _) in _GROUPS.items()})

GROUP_SYMBOLS = {code: Symbol(shape, colour) for code, (_, _, shape, colour) in _GROUPS.items()}

SECTOR_GROUPS = {code: group for code, (_, _, group) in _SECTORS.items()}

SECTOR_SYMBOLS = {code: GROUP_SYMBOLS[group] for code, group in SECTOR_GROUPS.items()}

NO_SECTOR = "autre"
"""The sector that stands for a structure of which none is known."""

CHALLENGES = _labels(
    {
        "transition_ecologique": ("Transition écologique", "Ecological transition"),
        "alimentation_durable": ("Alimentation durable", "Sustainable food"),
        "jeunesse": ("Jeunesse", "Youth"),
    }
)

FAMILIES = _labels(
    {
        "association": ("Associations", "Associations"),
        "cooperative": ("Coopératives", "Cooperatives"),
        "mutuelle": ("Mutuelles", "Mutuals"),
        "fondation": ("Fondations", "Foundations"),
        "entreprise_commerciale_ess": ("Entreprises commerciales de l'ESS", "Commercial social enterprises"),
        "unknown": ("Famille non connue", "Family not known"),
    }
)

ROLES = _labels(
    {
        "operateur": ("Opérateur", "Operator"),
        "tiers_lieu": ("Lieu partagé", "Shared place"),
        "urbanisme_transitoire": ("Urbanisme transitoire", "Temporary occupancy"),
        "accompagnement": ("Accompagnement", "Support"),
        "reseau": ("Réseau", "Network"),
        "financement": ("Financement", "Funding"),
        "entreprise_alliee": ("Entreprise alliée", "Allied company"),
    }
)

STAGES = _labels(
    {
        "emergence": ("Émergence", "Emergence"),
        "lancement": ("Lancement", "Launch"),
        "developpement": ("Développement", "Development"),
        "changement_echelle": ("Changement d'échelle", "Change of scale"),
    }
)

ALLY = "entreprise_alliee"
"""The role of a company that works with the ESS: it is of no family of it, and offers nothing of it."""

SUPPORT_ROLES = ("accompagnement", "financement")

STATUSES = _labels(
    {
        "active": ("En activité", "Active"),
        "unknown": ("Activité non vérifiée", "Activity not verified"),
        "closed": ("Fermée", "Closed"),
        "moved": ("Partie ailleurs", "Moved away"),
    }
)

PLACE_CHANGES = _labels(
    {
        "opened": ("Ouvert", "Opened"),
        "listed": ("Nouveau dans la liste", "New in the list"),
        "closed": ("Fermé ou parti", "Closed or left"),
        "delisted": ("Sorti de la liste", "No longer in the list"),
        "moved": ("Déménagé", "Moved"),
        "already_open": ("Déjà ouvert, mieux connu", "Open already, better known"),
        "already_closed": ("Déjà fermé, mieux connu", "Closed already, better known"),
        "located": ("Mieux situé", "Better located"),
    }
)
"""What two registers say of a place; of one that is new in a list nothing says that it opened since."""

SITE_STATES = _labels(
    {
        "candidate": ("Proposé", "Candidate"),
        "occupied": ("Occupé", "Occupied"),
        "past": ("Terminé", "Past"),
        "vacant": ("Vacant", "Vacant"),
        "negotiated": ("En négociation", "Under negotiation"),
        "active": ("Rez-de-chaussée actif", "Active ground floor"),
    }
)

OWNER_KINDS = _labels(
    {
        "P1b": ("État", "State"),
        "P3a": ("département", "department"),
        "P5a": ("commune", "commune"),
        "F1a": ("organisme de logement social", "social landlord"),
        "F2a": ("établissement public foncier d'État", "public land agency of the State"),
        "F4a": ("société d'économie mixte", "semi-public company"),
        "F6a": ("promoteur immobilier", "property developer"),
        "F6c": ("société civile de construction vente", "building company"),
        "F7b": ("investisseur privé", "private investor"),
        "G1a": ("société civile immobilière", "property holding company"),
        "G1c": ("société civile à vocation d'investissement", "investment company"),
        "G2a": ("copropriété", "co-ownership"),
        "M1a": ("personne morale autre", "other legal person"),
        "R2a": ("SNCF", "SNCF"),
        "X1a": ("personne physique", "natural person"),
    }
)
"""Categories of owners in the land files: the codes that Cartofriches of 2024 has, as it writes them beside these."""

INTERESTS = _labels(
    {"national": ("national", "national"), "regional": ("régional", "regional"), "none": ("aucun", "none")}
)

RELATIONS = _labels(
    {
        "in": ("oui", "yes"),
        "out": ("non", "no"),
        "undetermined": ("indéterminé", "undetermined"),
        "unknown": ("non connu", "not known"),
    }
)

GEO_STATUSES = _labels(
    {
        "located": ("Localisée", "Located"),
        "corrected": ("Corrigée à la main", "Corrected by hand"),
        "imprecise": ("Position imprécise", "Imprecise position"),
        "ambiguous": ("Adresse ambiguë", "Ambiguous address"),
        "not_found": ("Non localisée", "Not located"),
        "masked": ("Diffusion restreinte", "Masked by law"),
        "outside": ("Hors du territoire", "Outside the territory"),
    }
)

GEO_REASONS = _labels(
    {
        "no_address": ("aucune adresse connue", "no known address"),
        "no_index": ("aucun index d'adresses donné", "no address index given"),
        "city_unknown": ("aucune adresse connue dans la commune", "no known address in the commune"),
        "commune_not_covered": (
            "commune absente des fichiers d'adresses donnés",
            "commune not in the address files given",
        ),
        "other_city": ("trouvée dans une autre commune", "found in another commune"),
        "no_city": ("commune non précisée", "no commune given"),
        "place_name": (
            "nom de lieu, et non adresse : la voie de ce nom peut être ailleurs",
            "name of a place, not an address: the street called after it may be elsewhere",
        ),
        "no_answer": ("aucune réponse du service", "no answer from the service"),
        "service_error": ("le service a échoué sur cette adresse", "the service failed on this address"),
        "skipped": ("adresse que le service n'a pas cherchée", "address that the service did not look for"),
        "too_short": ("adresse trop courte", "address too short"),
        "too_long": ("adresse trop longue", "address too long"),
        "street_unknown": ("voie absente de l'index d'adresses", "street not in the address index"),
        "number_unknown": ("numéro absent de l'index d'adresses", "house number not in the address index"),
        "several_places": ("plusieurs adresses possibles", "several addresses are possible"),
        "number_missing": ("adresse sans numéro", "address without a house number"),
        "bad_coordinates": (
            "coordonnées données qui n'en sont pas, sans adresse",
            "coordinates given are none, no address",
        ),
        "vague_coordinates": ("coordonnées données à la voie seulement", "coordinates given for the street only"),
        "masked": ("diffusion restreinte", "masked by law"),
    }
)

THEMES = _labels({"all": ("Toute l'ESS", "The whole ESS")}) | SECTORS | CHALLENGES


def theme_in_sentence(theme: str, lang: Lang) -> str:
    """Return the label of a sector or challenge as it stands within a sentence: in lower case, but for initials.

    Examples
    --------
    >>> theme_in_sentence("jeunesse", "fr")
    'jeunesse'
    """
    label = THEMES[theme][lang]
    return label if label.isupper() else label[0].lower() + label[1:]


def split_codes(value: str | None) -> list[str]:
    """Return the codes of a ``|``-separated cell.

    Examples
    --------
    >>> split_codes("numerique|mobilite")
    ['numerique', 'mobilite']
    >>> split_codes("")
    []
    """
    return [code for code in (value or "").split("|") if code]
