"""However a list says that the law restricts a row, nothing of it leaves that tells who it is or what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from essgeo.files.addresses import address_columns, addresses_of, with_results
from essgeo.files.redact import is_diffusion, redact_identifiers, restricted_rows
from essgeo.files.structures import read_structures
from essgeo.files.tables import read_table
from essgeo.geocoding import geocode

if TYPE_CHECKING:
    from pathlib import Path

DIFFUSION = [
    "statutDiffusionEtablissement", "statutDiffusionEtablissement_2", "etablissement.statutDiffusionEtablissement",
    "Statut de diffusion de l'établissement", "diffusible", "unite_legale_statut_diffusion",
    "STATUTDIFFUSIONUNITELEGALE",
    "uniteLegale.statutDiffusionUniteLegale", "Diffusion", "statut_diffusion_insee", "Code diffusion SIRENE",
    "Statut de diffusion partielle de l'unité légale", "etablissement_statut_diffusion",
]  # fmt: skip


@pytest.mark.parametrize("column", DIFFUSION)
def test_a_column_of_diffusion_is_known_however_it_is_written(column: str) -> None:
    assert is_diffusion(column)
    table = pd.DataFrame({column: ["P", "O", "", "N", "p ", "Non", "oui", "?"], "nom": list("ABCDEFGH")})
    assert restricted_rows(table).tolist() == [True, False, False, True, True, True, False, True]


@pytest.mark.parametrize(
    "column", ["Date de diffusion", "Diffusion du journal", "Rayon de diffusion", "Liste de diffusion"]
)
def test_other_columns_about_diffusion_are_none(column: str) -> None:
    assert not is_diffusion(column)


MASKS = ["[ND]", "[nd]", "[ N.D. ]", "[NON-DIFFUSIBLE]", "[Non diffusible]", "[non diffusé]", "[NON_DIFFUSIBLES]"]


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("column", ["name", "address", "postcode", "city"])
def test_what_stands_for_a_masked_text_is_known_however_it_is_written(column: str, mask: str) -> None:
    table = pd.DataFrame({column: [mask, f"12 {mask}", "A"], "siren": "1"})
    assert restricted_rows(table).tolist() == [True, True, False]


@pytest.mark.parametrize("name", ["ND", "nd", "N.D.", "NON-DIFFUSIBLE", "Non diffusible", "non diffusée"])
def test_a_name_that_is_a_mask_alone_is_one(name: str) -> None:
    assert restricted_rows(pd.DataFrame({"name": [name, f"{name}A", "Randonnées"]})).tolist() == [True, False, False]


HIDDEN = "ZZSECRET"


@pytest.mark.parametrize("column", ["statutDiffusionEtablissement_2", "diffusible"])
def test_a_masked_row_of_a_list_keeps_nothing_that_tells_of_it(tmp_path: Path, column: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        f"id,nom,adresse,ville,source,secteur,statut,date d'ouverture,siren,web,{column}\n"
        f"552100554,{HIDDEN},1 {HIDDEN},Bondy,https://{HIDDEN}.fr,alimentation_agriculture,active,2019-03-07,552100554,{HIDDEN},P\n"
        "b,Open,1 rue A,Bondy,list,alimentation_agriculture,active,2024-01-02,,x,O\n",
        encoding="utf-8",
    )
    assert HIDDEN not in read_structures(path).drop(columns="source").reset_index().to_csv()
    table = read_table(path)
    found = geocode(addresses_of(table, address_columns(table, source="x"), source="x"))
    masked = with_results(table, found).iloc[0]
    told = " ".join(map(str, masked.tolist()))
    for hidden in (HIDDEN, "alimentation", "active", "2019", "https", "552100554"):
        assert hidden not in told.replace(str(masked["id"]), "")
    assert (masked["geo_status"], masked["ville"], masked[column]) == ("masked", "Bondy", "P")


def test_an_identifier_that_names_nobody_is_one_that_no_other_has() -> None:
    identifiers = pd.Series(["masked-1", "55210055400013", "17", "jean"])
    rows = pd.Series([False, True, True, True])
    assert redact_identifiers(identifiers, rows).tolist() == ["masked-1", "55210055400013", "17", "masked-2"]
    assert redact_identifiers(identifiers, rows, r"\d{9}").tolist() == ["masked-1", "masked-2", "17", "jean"]
