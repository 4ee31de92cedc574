"""Small files in the official schemas of SIRENE, its geolocation, the ESS France list and the RNA."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

AS_OF = dt.date(2026, 1, 1)
SITE = {
    "siren": "", "nic": "", "siret": "", "statutDiffusionEtablissement": "O", "dateCreationEtablissement": "2010-05-01",
    "trancheEffectifsEtablissement": "NN", "anneeEffectifsEtablissement": "2023",
    "dateDernierTraitementEtablissement": "2026-10-01T00:00:00", "etablissementSiege": "true",
    "complementAdresseEtablissement": None, "numeroVoieEtablissement": "1", "indiceRepetitionEtablissement": None,
    "typeVoieEtablissement": "RUE", "libelleVoieEtablissement": "A", "codePostalEtablissement": "93140",
    "libelleCommuneEtablissement": "BONDY", "codeCommuneEtablissement": "93010", "dateDebut": "2015-01-01",
    "etatAdministratifEtablissement": "A", "enseigne1Etablissement": None, "enseigne2Etablissement": None,
    "enseigne3Etablissement": None, "denominationUsuelleEtablissement": None,
    "activitePrincipaleEtablissement": "94.99Z", "nomenclatureActivitePrincipaleEtablissement": "NAFRev2",
    "caractereEmployeurEtablissement": "N", "activitePrincipaleNAF25Etablissement": None,
    "coordonneeLambertAbscisseEtablissement": None, "coordonneeLambertOrdonneeEtablissement": None,
}  # fmt: skip
UNIT = {
    "siren": "", "statutDiffusionUniteLegale": "O", "dateCreationUniteLegale": "2010-05-01", "sigleUniteLegale": None,
    "prenom1UniteLegale": None, "prenomUsuelUniteLegale": None, "identifiantAssociationUniteLegale": None,
    "trancheEffectifsUniteLegale": "NN", "etatAdministratifUniteLegale": "A", "nomUniteLegale": None,
    "nomUsageUniteLegale": None, "denominationUniteLegale": "ASSOCIATION", "denominationUsuelle1UniteLegale": None,
    "categorieJuridiqueUniteLegale": "9220", "activitePrincipaleUniteLegale": "94.99Z",
    "nomenclatureActivitePrincipaleUniteLegale": "NAFRev2", "nicSiegeUniteLegale": "00011", "categorieEntreprise": None,
    "economieSocialeSolidaireUniteLegale": None, "societeMissionUniteLegale": None,
    "caractereEmployeurUniteLegale": "N",
}  # fmt: skip
PLACE = {
    "siret": "", "x": 660500.0, "y": 6867500.0, "qualite_xy": "11", "epsg": "2154", "plg_iris": None,
    "plg_qp15": "CSZ", "plg_qp24": "CSZ",
    "plg_code_commune": "93010", "distance_precision": 0.0, "x_longitude": 2.46, "y_latitude": 48.9,
}  # fmt: skip


def siren(number: int) -> str:
    return f"{number:09d}"


def siret(number: int, nic: int = 11) -> str:
    return f"{number:09d}{nic:05d}"


def site(number: int, nic: int = 11, **columns: Any) -> dict[str, Any]:
    return SITE | {"siren": siren(number), "nic": f"{nic:05d}", "siret": siret(number, nic)} | columns


def unit(number: int, **columns: Any) -> dict[str, Any]:
    return UNIT | {"siren": siren(number)} | columns


def place(number: int, nic: int = 11, **columns: Any) -> dict[str, Any]:
    return PLACE | {"siret": siret(number, nic)} | columns


def write(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """Write rows as Parquet, with the types of the official files, or as CSV."""
    table = pd.DataFrame(list(rows))
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
        return path
    for name in ("dateCreationEtablissement", "dateDebut", "dateCreationUniteLegale"):
        if name in table:
            table[name] = pd.to_datetime(table[name]).dt.date
    if "etablissementSiege" in table:
        table["etablissementSiege"] = table["etablissementSiege"] == "true"
    empty = [name for name in table if table[name].isna().all()]
    table[empty] = table[empty].astype("string")
    table.to_parquet(path)
    return path
