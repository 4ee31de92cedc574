"""Names that columns carry in official files and in the spreadsheets of towns, and how to recognise them."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


QPV = {
    "zone_id": ("zone_id", "code_qp", "code_qpv", "codeqp", "qp", "code", "id_qp"),
    "name": ("name", "lib_qp", "nom_qp", "libelle_qp", "nom_qpv", "libqp", "nom"),
    "cities": ("cities", "commune_qp", "lib_com", "nom_com", "communes", "commune"),
}


DIFFUSION = (
    "diffusion", "statut_diffusion", "statut_de_diffusion", "statutdiffusion", "statutdiffusionetablissement",
    "statut_diffusion_etablissement", "statutdiffusionunitelegale", "statut_diffusion_unite_legale",
)  # fmt: skip


STRUCTURES = {
    "structure_id": ("structure_id", "id", "identifiant"),
    "name": (
        "name", "nom", "nom_structure", "structure", "denomination", "raison_sociale", "nom_du_lieu", "enseigne",
        "libelle", "nom_de_la_structure", "organisme", "association", "titre", "nom_tl",
    ),
    "address": (
        "address", "adresse", "adresse_postale", "rue", "voie", "adresse_complete", "adresse_1", "adresse_ligne_1",
        "numero_et_voie", "street",
    ),
    "postcode": ("postcode", "code_postal", "cp", "codepostal", "code_post"),
    "city": ("city", "ville", "commune", "nom_commune", "nomcom", "localite", "libelle_commune"),
    "citycode": (
        "citycode", "code_insee", "insee", "code_commune", "codeinsee", "code_commune_insee", "depcom", "inseecom",
    ),
    "lon": ("lon", "longitude", "lng", "long", "x_longitude"),
    "lat": ("lat", "latitude", "y_latitude"),
    "coord_precision": ("coord_precision", "precision"),
    "diffusion": DIFFUSION,
    "siren": ("siren", "numero_siren"),
    "siret": ("siret", "numero_siret", "n_siret", "pivot"),
    "family": ("family", "famille", "famille_ess"),
    "legal_form": ("legal_form", "forme_juridique", "statut_juridique", "statut"),
    "sectors": ("sectors", "secteurs", "secteur", "sector", "secteur_d_activite", "domaine"),
    "challenges": ("challenges", "defis", "defi", "challenge"),
    "roles": ("roles", "role"),
    "support_stages": ("support_stages", "etapes", "etape"),
    "active_from": ("active_from", "date_ouverture", "date_debut", "date_creation", "ouverture"),
    "active_to": ("active_to", "date_fermeture", "date_fin", "fermeture"),
    "status": ("status", "etat"),
    "as_of": ("as_of", "date_maj", "mise_a_jour"),
    "source": ("source",),
}  # fmt: skip


def simplify(name: str) -> str:
    """Return a column name in lower case, without accents, words joined by ``_``.

    Examples
    --------
    >>> simplify("Code Postal (N°)")
    'code_postal_n'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def guess_columns(columns: Iterable[str], aliases: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return which column holds which field, by the first alias that a column name equals.

    Parameters
    ----------
    columns
        Column names as they stand in the file.
    aliases
        For each field, the names it is known under, best first.

    Returns
    -------
    dict
        From a column of the file to the field; a column serves one field at most.

    Examples
    --------
    >>> guess_columns(["Nom", "Code Postal", "CODE_QP"], STRUCTURES)
    {'Nom': 'name', 'Code Postal': 'postcode'}
    """
    by_name: dict[str, str] = {}
    for column in sorted(columns, key=lambda name: name != simplify(name)):
        by_name.setdefault(simplify(column), column)
    found: dict[str, str] = {}
    for field, names in aliases.items():
        known = (by_name[name] for name in names if name in by_name)
        free = next((name for name in known if name not in found), None)
        if free is not None:
            found[free] = field
    return found
