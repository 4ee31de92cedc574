"""The list of a territory beside the register of SIRENE: matched by SIRET, settled by a human, or left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from essgeo.study import Options, set_up
from tests.made.official import publish_sirene
from tests.made.sirene import place, siret, site, unit

if TYPE_CHECKING:
    from pathlib import Path

OWN = f"""id,nom,address,city,citycode,siret,family,sectors,challenges,roles,etapes,status
fournil,Le Fournil,1 rue A,Bondy,93010,{siret(1)},cooperative,alimentation_agriculture,jeunesse,accompagnement,,active
caisse,La Caisse,,Bondy,93010,{siret(1)},fondation,,,financement,lancement,active
secret,Secret,,Bondy,93010,{siret(5)},association,,,accompagnement,lancement,active
velo,Vélo,3 bis rue B,Montreuil,93048,,association,mobilite,,tiers_lieu,,unknown
fonds,Fonds,,Montreuil,93048,,fondation,financement,,financement,lancement,active
prêt,Prêt,,Montreuil,93048,,fondation,financement,,financement,lancement,active
"""


@pytest.fixture
def served(official: Any, small_territory: Path, tmp_path: Path) -> Path:
    """A territory whose list has SIRET, and a register of four, one of them masked, on the server."""
    sites = [site(1), site(2), site(4), site(5, statutDiffusionEtablissement="P")]
    units = [unit(number, denominationUniteLegale=f"ASSO {number}") for number in (1, 2, 4, 5)]
    places = [place(1), place(2), place(4), place(5)]
    publish_sirene(official, tmp_path, sirene_establishments=sites, sirene_legal_units=units, sirene_geolocation=places)
    (small_territory / "structures.csv").write_text(OWN, encoding="utf-8")
    return small_territory


def test_a_siret_completes_the_row_and_the_others_are_left_out_and_said(served: Path) -> None:
    study = set_up(served, Options(live=True, lang="fr"))
    found = study.structures
    assert found.index.tolist() == [siret(1), siret(2), siret(4), siret(5)]
    assert found[["roles", "support_stages", "challenges"]].to_numpy().tolist() == [
        ["accompagnement|financement", "lancement", "jeunesse"], *[["", "", ""]] * 3,
    ]  # fmt: skip
    assert found["source"].tolist() == ["INSEE, Sirene ; t", *["INSEE, Sirene"] * 3]
    said = "Liste du territoire (structures.csv, 6 structures) : 2 reconnues dans Sirene par leur SIRET, 0 tranchées"
    (note,) = [note for note in study.notes if note.startswith(said)]
    assert "4 laissées de côté" in note
    assert "essgeo structures small -o registre.csv --others structures.csv --suggestions" in note
    assert note in study.shortfalls
    assert "structures.csv" in {source.file for source in study.inputs}


def test_what_a_human_settled_is_applied_at_every_refresh(served: Path) -> None:
    rows = [
        f"{siret(2)},velo,same,right",
        f"{siret(2)},fonds,different,",
        f"{siret(1)},caisse,different,",
        f"{siret(9)},fournil,same,right",
        f"{siret(5)},secret,same,right",
        f"{siret(4)},prêt,same,left",
    ]
    (served / "decisions.csv").write_text("\n".join(["left,right,decision,keep", *rows]), encoding="utf-8")
    for offline in (False, True):
        study = set_up(served, Options(live=True, offline=offline, lang="en"))
        found = study.structures
        assert found.index.tolist() == [siret(1), siret(4), siret(5), "caisse", "velo", "fonds"]
        assert found.loc["velo", ["same_as", "geo_engine", "roles"]].tolist() == [siret(2), "ban", "tiers_lieu"]
        assert found.loc[siret(1), "roles"] == "accompagnement"
        assert found.loc[siret(5), ["name", "roles", "geo_status"]].tolist() == ["[ND]", "", "masked"]
        kept = found.loc[
            siret(4), ["roles", "support_stages", "same_as"]
        ]  # the row of SIRENE, which that decision completes
        assert kept.tolist() == ["financement", "lancement", "prêt"]
        assert any("1 found in SIRENE by their SIRET, 4 settled in decisions.csv, 1 left out" in n for n in study.notes)
        assert {"structures.csv", "decisions.csv"} <= {source.file for source in study.inputs}
