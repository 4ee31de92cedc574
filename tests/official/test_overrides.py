"""A file of the user that changes entries of the catalogue, and the warning that a newer vintage is due."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from essgeo.errors import InputError, InputWarning
from essgeo.files.perimeters import read_renewal
from essgeo.files.structures import read_structures
from essgeo.official.catalogue import due_since, find_source, known_headers, official_columns, read_catalogue
from essgeo.official.check import check_source
from essgeo.official.fetch import fetch

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.official.http import Web

Server = Any
NEXT = """\
[iris_population]
vintage = "2023"
published = "2026-10"
page = "https://www.insee.fr/fr/statistiques/9999999"
locate.url = "https://www.insee.fr/fr/statistiques/fichier/9999999/base-ic-evol-struct-pop-2023.csv"

[iris_population.columns]
population = ["POPULATION"]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of the user."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ESSGEO_SOURCES", raising=False)
    return tmp_path


def test_the_next_vintage_needs_no_new_package(folder: Path, server: Server, web: Web) -> None:
    assert find_source("iris_population").vintage == "2022"
    (folder / "sources.toml").write_text(NEXT, encoding="utf-8")
    found = find_source("iris_population")
    assert (found.vintage, found.page[-7:]) == ("2023", "9999999")
    assert found.columns["population"][:2] == ("POPULATION", "P26_POP")
    assert found.optional == ("kind",)
    assert found.changed_by == str(folder / "sources.toml")
    server.files["/www.insee.fr/fr/statistiques/fichier/9999999/base-ic-evol-struct-pop-2023.csv"] = (
        b"IRIS;COM;POPULATION\n930100101;93010;7\n"
    )
    assert fetch(found, folder=folder / "cache", web=web).url.endswith("9999999/base-ic-evol-struct-pop-2023.csv")
    assert "newer one" not in check_source(found, area="93", web=web).said
    assert find_source("iris_income").changed_by == ""
    (folder / "sources.toml").unlink()
    assert find_source("iris_population").vintage == "2022"


def test_a_variable_names_another_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "sources.toml").write_text('[ban]\nlicence = "here"\n')
    (folder / "mine.toml").write_text('[ban]\nlicence = "mine"\n')
    assert find_source("ban").licence == "here"
    monkeypatch.setenv("ESSGEO_SOURCES", str(folder / "mine.toml"))
    assert find_source("ban").licence == "mine"
    monkeypatch.setenv("ESSGEO_SOURCES", str(folder / "none.toml"))
    with pytest.raises(InputError, match=r"none\.toml: no such file, though ESSGEO_SOURCES names it"):
        find_source("ban")


def test_an_address_takes_the_place_of_a_dataset_and_of_nothing(folder: Path) -> None:
    (folder / "sources.toml").write_text(
        '[cartofriches]\nlocate.url = "https://a.fr/friches.csv"\n'
        '[npnru]\nlocate.url = "https://a.fr/npnru.csv"\n'
        '[osm]\nlocate.url = "https://mirror.fr/{area}.osm.pbf"\n'
        '[stations]\nlocate = { dataset = "gares", title = "gares", format = "geojson" }\n'
    )
    kinds = {name: source.locate["kind"] for name, source in read_catalogue().items()}
    assert (kinds["cartofriches"], kinds["npnru"], kinds["stations"]) == ("address", "address", "data.gouv.fr")
    assert not find_source("npnru").is_given
    assert "checksum" not in find_source("osm").locate
    assert next(iter(read_catalogue())) == "qpv_2024"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[iris_popluation]\nvintage = '2023'", "no source 'iris_popluation'; known: qpv_2024"),
        ("iris = 3", r"iris should be a table, opened by \[iris\]"),
        ("[iris]\nvintage = 2025", "iris.vintage should be text between quotes"),
        ("[iris]\nrefresh = 'never'", "iris.refresh cannot be changed; known: title"),
        ("[iris]\nlocate = 'https://a.fr'", "iris.locate should be written as"),
        ("[iris]\nlocate.url = 'http://a.fr/x'", "iris.locate.url should begin with https://"),
        ("[iris]\nlocate.url = 'https://a[/x'", "iris.locate.url should begin with https://"),
        ("[iris]\nlocate.url = 'https://'", "iris.locate.url should begin with https://"),
        ("[iris]\nlocate.file = 'x'", "iris.locate.file is not known; known: url"),
        ("[iris]\nlocate.dataset = 'x'", "iris.locate.title is missing"),
        ("[iris]\ncolumns.size = ['x']", "iris.columns.size is not known; known: iris_code"),
        ("[iris]\ncolumns.name = 'x'", "iris.columns.name should be a list of names"),
        ("[iris]\nmax_megabytes = '9'", "iris.max_megabytes should be a whole number"),
        ("[iris\n", "not valid TOML"),
    ],
)
def test_faults_name_the_file_and_the_key(text: str, said: str, folder: Path) -> None:
    (folder / "sources.toml").write_text(text)
    with pytest.raises(InputError, match=said) as error:
        read_catalogue()
    assert str(error.value).startswith(f"{folder / 'sources.toml'}: ")


def test_every_fault_is_said_at_once(folder: Path) -> None:
    (folder / "sources.toml").write_text("[iris]\nvintage = 1\n[ban]\nscope = 'x'\n")
    with pytest.raises(InputError, match=r"iris\.vintage .*; ban\.scope "):
        read_catalogue()


def test_a_newer_vintage_is_due_a_year_after_the_last(server: Server, web: Web) -> None:
    for source in read_catalogue().values():
        assert bool(source.published) == (
            source.vintage != "latest"
            and source.refresh == "yearly"
            and source.id != "qpv_2024"
            and "published" not in source.unverified
        )
    grid = find_source("grid_200m")
    assert due_since(grid, dt.date(2027, 2, 28)) == ""
    assert due_since(grid, dt.date(2027, 3, 1)) == "2027-02"
    last = find_source("iris_income")
    assert due_since(last, dt.date(2040, 1, 1)) == ""
    aged = dataclasses.replace(last, refresh="yearly", published="2024-12")
    path = "/www.insee.fr/fr/statistiques/fichier/8229323/BASE_TD_FILO_IRIS_2021_DISP_CSV.zip"
    server.files[path] = b"IRIS;DISP_MED21\n1;2\n"
    found = check_source(aged, area="93", web=web)
    assert found.state == "ok"
    assert "not there: DISP_TP6021" in found.said
    assert "a newer one has probably been out since 2025-12. Look at https://www.insee.fr" in found.said


def test_columns_of_coming_years_are_known() -> None:
    found = official_columns(["IRIS", "COM", "P24_POP", "P23_POP"], find_source("iris_population"), file="f")
    assert found["P24_POP"] == "population"


def test_new_names_of_columns_are_read_in_lists_that_a_user_gives(folder: Path) -> None:
    siae, npnru = folder / "siae.csv", folder / "npnru.csv"
    siae.write_text(
        "siret;type;qui_est_ce;addresse_ligne_1;code_postal;ville\n00000000100011;ACI;CHANTIER;1 rue A;93140;Bondy\n"
    )
    npnru.write_text("quartier_2015\nQP093001\n")
    (folder / "sources.toml").write_text(
        '[siae.columns]\nname = ["qui_est_ce"]\n[npnru.columns]\nqpv_2015 = ["quartier_2015"]\n'
    )
    headers = known_headers()
    assert headers["siae"]["name"][:2] == ("qui_est_ce", "raison_sociale")
    assert read_structures(siae, headers=headers).loc["00000000100011-aci", "name"] == "CHANTIER"
    assert read_renewal(npnru, headers=headers)["qpv_2015"].tolist() == ["QP093001"]
    with pytest.warns(InputWarning, match="no column was recognised as the name"):
        read_structures(siae)
    with pytest.raises(InputError, match="no column with codes of QPV"):
        read_renewal(npnru)
