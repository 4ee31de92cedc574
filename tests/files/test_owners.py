"""Whom to call about premises: bodies and kinds of owners, never the name of a person, wherever it stands in a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
from shapely import Point

from essgeo import load_territory, read_layer, read_premises
from essgeo.files.premises import NOT_NAMED, shown_owner
from essgeo.schema.vocabulary import OWNER_KINDS
from essgeo.study.place import with_premises

if TYPE_CHECKING:
    from pathlib import Path

BODIES = [
    "Ville de Bondy", "commune de Montreuil (et privés)", "SCI Les Lilas", "SCI Jean Dupont",
    "Seine-Saint-Denis Habitat",
    "EPFIF", "SNCF (SNCF Immobilier)", "promoteur privé (SOPIC)", "copropriété", "personne physique", "département", "",
]  # fmt: skip
PERSONS = [
    "M. Dupont", "Mme Dupont", "Mlle Dupont", "Monsieur et Madame Dupont", "Jean Dupont", "DUPONT Jean", "Dupont",
    "consorts Dupont", "indivision Dupont", "succession de Jean Dupont", "Dr Dupont", "Me Jean Dupont, notaire",
    "jean.dupont@mairie.fr", "Dupont 06 12 34 56 78",
]  # fmt: skip


@pytest.mark.parametrize("text", BODIES + [kind["fr"] for kind in OWNER_KINDS.values()])
def test_a_body_or_a_kind_of_owner_is_told_as_it_stands(text: str) -> None:
    assert shown_owner(text) == text


@pytest.mark.parametrize("person", PERSONS)
@pytest.mark.parametrize(
    "around", ["{}", "Ville de Bondy ({})", "Ville de Bondy, {}", "{} ; SEM Sequano", "SCI Halle - {}"]
)
def test_a_person_is_named_nowhere(person: str, around: str) -> None:
    told = shown_owner(around.format(person))
    assert "upont" not in told.casefold()
    assert told == (NOT_NAMED if around == "{}" else around.format("").strip(" (),;-"))


def test_owners_of_the_territory_stand_as_its_sources_say() -> None:
    sites = read_layer(load_territory("est-ensemble"), "sites")
    assert [text for text in sites["owner_type"] if shown_owner(text) != text] == []


def test_premises_of_a_list_stand_beside_the_sites_of_the_territory(tmp_path: Path) -> None:
    path = tmp_path / "locaux.csv"
    path.write_text(
        "Id;Nom;Ville;Lon;Lat;Etat;Propriétaire;Bailleur;Disponible dès;Contraintes;RDC\n"
        "a;Boutique;Bondy;2.48;48.90;libre;Mme Dupont;Seine-Saint-Denis Habitat;01/2027;travaux;oui\n"
        "b;Halle;Bondy;;;En négociation;SCI Halle;;;;non\n",
        encoding="utf-8",
    )
    known = gpd.GeoDataFrame(
        {"name": ["Friche"], "city": ["Bondy"], "owner_type": ["Jean Dupont"], "landlord": [""], "state": ["past"]},
        geometry=[Point(660_000, 6_866_000)],
        index=["a"],
        crs=2154,
    ).rename_axis("site_id")
    both = with_premises(known, path, [])
    assert both.index.tolist() == ["locaux-a", "b", "a"]
    assert both["state"].tolist() == ["vacant", "negotiated", "past"]
    assert both["owner_type"].tolist() == [NOT_NAMED, "SCI Halle", NOT_NAMED]
    assert both["landlord"].tolist() == ["Seine-Saint-Denis Habitat", "", ""]
    assert both.geometry.notna().tolist() == [True, False, True]
    assert read_premises(path)["owner_type"].tolist() == [NOT_NAMED, "SCI Halle"]
