"""The lists that `essgeo sources fetch` brings, in the schemas of their publishers, become the register's columns."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from essgeo.errors import InputError
from essgeo.files.structures import read_structures
from essgeo.files.tables import read_table
from essgeo.study import Options, set_up

if TYPE_CHECKING:
    from pathlib import Path

RNA = (
    "id;id_ex;siret;rup_mi;gestion;date_creat;date_decla;date_publi;date_disso;nature;groupement;titre;"
    "titre_court;objet;objet_social1;objet_social2;adrs_complement;adrs_numvoie;adrs_repetition;adrs_typevoie;"
    "adrs_libvoie;adrs_distrib;adrs_codeinsee;adrs_codepostal;adrs_libcommune;adrg_declarant;adrg_complemid;"
    "adrg_complemgeo;adrg_libvoie;adrg_distrib;adrg_codepostal;adrg_achemine;adrg_pays;dir_civilite;siteweb;"
    "publiweb;observation;position;maj_time"
)
PERSON = "ZZPERSONNE"
"""Whom the mail of an association goes to: the name of an officer."""
DATA_INCLUSION = (
    "id,source,nom,siret,commune,code_postal,code_insee,adresse,complement_adresse,longitude,latitude,"
    "telephone,courriel,site_web,description,lien_source,date_maj,horaires_accueil,accessibilite_lieu,"
    "reseaux_porteurs,score_qualite"
)


def association(number: int, **columns: str) -> dict[str, str]:
    """A row of the Waldec file."""
    return {
        "id": f"W93100000{number}", "date_creat": "1999-02-03", "date_disso": "0001-01-01", "titre": f"L'ÉTÉ {number}",
        "titre_court": "ÉTÉ", "objet": "fête", "adrs_numvoie": "12", "adrs_repetition": "B", "adrs_typevoie": "RUE",
        "adrs_libvoie": "DES LILAS", "adrs_codeinsee": "93010", "adrs_codepostal": "93140", "adrs_libcommune": "BONDY",
        "adrg_declarant": PERSON, "dir_civilite": "PM", "position": "A",
    } | columns  # fmt: skip


def siae(number: int, **columns: Any) -> dict[str, Any]:
    """A record of the interface of the SIAE."""
    return {
        "cree_le": "2020-01-01T00:00:00+01:00", "mis_a_jour_le": "2026-01-01T00:00:00+01:00",
        "siret": f"{number:09d}00011", "type": "ACI", "raison_sociale": f"CHANTIER {number}", "enseigne": "",
        "site_web": "", "description": "", "bloque_candidatures": False, "addresse_ligne_1": "1 rue A",
        "addresse_ligne_2": "", "code_postal": "93140", "ville": "Bondy", "departement": "93",
        "postes": [{"id": 7, "rome": "N1103"}], "id": number, "telephone": PERSON, "courriel": PERSON,
    } | columns  # fmt: skip


def written(path: Path, header: str, rows: list[dict[str, str]], *, separator: str, encoding: str) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, header.split(separator), delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def rna_file(folder: Path, encoding: str = "latin-1") -> Path:
    rows = [
        association(1),
        association(2, position="D", date_disso="2005-01-01"),
        association(3, position="S"),
        association(4, date_disso="2010-06-01"),
        association(5, titre="[ND]", titre_court="ZZSECRET"),
        association(6, titre='<script>alert("zz")</script>', date_creat="0001-01-01", adrs_repetition=""),
        association(7, titre="", titre_court="", adrs_codeinsee="93048", siret="12345678900011"),
    ]
    return written(folder / "rna_waldec_20261101_dpt_93.csv", RNA, rows, separator=";", encoding=encoding)


def siae_file(folder: Path) -> Path:
    rows = [
        siae(1, enseigne="LE FOURNIL"),
        siae(1, type="EI"),
        siae(2, raison_sociale="=cmd|'/c calc'!A1"),
        siae(3, raison_sociale="[ND]", enseigne="ZZSECRET", addresse_ligne_1="ZZSECRET"),
    ]
    path = folder / "siae-93.json"
    path.write_text(json.dumps({"results": rows}, ensure_ascii=False), encoding="utf-8")
    return path


def inclusion_file(folder: Path) -> Path:
    place = {"commune": "Bondy", "code_postal": "93140", "code_insee": "93010", "adresse": "1 rue A"}
    rows = [
        {"id": "dora--1", "source": "dora", "nom": "Régie", "siret": "12345678900011", "longitude": "2.4604",
         "latitude": "48.9064", "date_maj": "2026-01-31", "telephone": PERSON, "courriel": PERSON} | place,
        {"id": "soliguide--1", "source": "soliguide", "nom": "[ND]", "description": "ZZSECRET"} | place,
    ]  # fmt: skip
    return written(folder / "structures.csv", DATA_INCLUSION, rows, separator=",", encoding="utf-8")


FILES = {"rna": rna_file, "siae": siae_file, "data_inclusion": inclusion_file}


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_the_rna_is_read_with_what_ended_and_without_persons(tmp_path: Path, encoding: str) -> None:
    found = read_structures(rna_file(tmp_path, encoding))
    assert found.index.tolist() == [f"W93100000{number}" for number in (1, 2, 3, 4)] + [
        "masked-1", "W931000006", "W931000007",
    ]  # fmt: skip
    assert found["status"].tolist() == ["unknown", *["closed"] * 3, *["unknown"] * 3]
    assert found["active_to"].tolist() == ["", "2005-01-01", "", "2010-06-01", "", "", ""]
    first = found.iloc[0]
    assert first[["name", "aliases", "address", "postcode", "citycode", "active_from", "family"]].tolist() == [
        "L'ÉTÉ 1", "ÉTÉ", "12 B RUE DES LILAS", "93140", "93010", "1999-02-03", "association",
    ]  # fmt: skip
    assert found.loc[["W931000006"], ["address", "active_from"]].to_numpy().tolist() == [["12 RUE DES LILAS", ""]]
    assert found.loc[["W931000007"], ["name", "siren"]].to_numpy().tolist() == [["W931000007", "123456789"]]
    assert found["source"].str.startswith("Répertoire national des associations").all()
    assert PERSON not in found.to_csv()
    assert "ZZSECRET" not in found.to_csv()


def test_the_list_of_siae_is_read_from_the_answer_of_its_interface(tmp_path: Path) -> None:
    found = read_structures(siae_file(tmp_path))
    assert found.index[:3].tolist() == ["00000000100011-aci", "00000000100011-ei", "00000000200011-aci"]
    assert found["name"].tolist() == ["CHANTIER 1", "CHANTIER 1", "=cmd|'/c calc'!A1", "[ND]"]
    one = found.iloc[0]
    assert one[["aliases", "address", "postcode", "city", "siret", "sectors"]].tolist() == [
        "LE FOURNIL", "1 rue A", "93140", "Bondy", "00000000100011", "insertion_emploi",
    ]  # fmt: skip
    assert not {"postes", "description", "telephone", "courriel", "id"} & {*found.columns}
    assert PERSON not in found.to_csv()
    assert "ZZSECRET" not in found.to_csv()


def test_a_sheet_that_looks_like_the_list_of_siae_is_not_taken_for_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("siret;type;nom;adresse;code postal;ville\n;café;A;1 rue A;93140;Bondy\n", encoding="utf-8")
    assert read_structures(path)["sectors"].tolist() == [""]


def test_a_list_of_siae_with_columns_of_ours_too_keeps_its_own_names(tmp_path: Path) -> None:
    path = tmp_path / "siae.csv"
    path.write_text(
        "siret;type;raison_sociale;name;source;addresse_ligne_1;adresse;code_postal;ville\n"
        "00000000100011;ACI;CHANTIER;other;mine;1 rue A;2 rue B;93140;Bondy\n",
        encoding="utf-8",
    )
    one = read_structures(path).loc["00000000100011-aci"]
    assert one[["name", "address", "sectors"]].tolist() == ["CHANTIER", "1 rue A", "insertion_emploi"]
    assert one["source"].startswith("Structures d'insertion")


def test_data_inclusion_is_read_with_its_places(tmp_path: Path) -> None:
    found = read_structures(inclusion_file(tmp_path))
    assert found.index.tolist() == ["dora--1", "masked-1"]
    assert found.iloc[0][["name", "siret", "citycode", "lon", "as_of", "source"]].tolist() == [
        "Régie", "12345678900011", "93010", 2.4604, "2026-01-31", "dora",
    ]  # fmt: skip
    assert not {"telephone", "courriel", "description", "score_qualite"} & {*found.columns}
    assert PERSON not in found.to_csv()
    assert "ZZSECRET" not in found.to_csv()


def test_a_bare_list_of_objects_and_features_of_a_map_are_tables_too(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text('\ufeff[{"nom": "A", "n": 7}, {"nom": null, "ville": "Bondy"}]', encoding="utf-8")
    assert read_table(path).to_dict("index") == {
        1: {"nom": "A", "n": "7", "ville": ""},
        2: {"nom": "", "n": "", "ville": "Bondy"},
    }
    point = {"type": "Point", "coordinates": [2.4, 48.9]}
    feature = {"type": "Feature", "properties": {"nom": "A"}, "geometry": point}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    assert read_structures(path)["lon"].tolist() == [2.4]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"nom": "A"', "is not JSON"),
        ("[1, {}, 2]", "record 1, 3 is no object"),
        ('{"results": ["a"]}', "record 1 is no object"),
        ("[]", "no row"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_a_broken_list_is_one_message(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "list.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read_table(path)


@pytest.mark.parametrize("name", FILES)
def test_a_study_takes_each_official_list(small_territory: Path, tmp_path: Path, name: str) -> None:
    study = set_up(small_territory, Options(structures=FILES[name](tmp_path)))
    assert len(study.structures) == {"rna": 7, "siae": 4, "data_inclusion": 2}[name]
    assert study.structures["geo_status"].eq("masked").sum() == 1
    assert not study.structures.loc[study.structures["status"] == "closed", "counted"].any()
