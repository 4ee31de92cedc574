"""The catalogue: complete, and true to the official files that lie beside the repository."""

from __future__ import annotations

import csv
import gzip
import re
from typing import TYPE_CHECKING

import pyogrio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.errors import InputError, SourceChangedError, SourceUnavailableError
from essgeo.official.catalogue import (
    REFRESH_DAYS,
    SCOPES,
    area_of,
    find_source,
    official_columns,
    read_catalogue,
)

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = read_catalogue()
WANTED = {
    "qpv_2024", "qpv_2015", "npnru", "ban", "iris", "iris_population", "iris_income", "grid_200m",
    "sirene_establishments", "sirene_legal_units", "sirene_geolocation", "ess_france", "rna", "stations", "osm",
    "cartofriches", "data_inclusion", "siae", "communes", "naf_2025",
    "qpv_correspondence", "qpv_population", "qpv_estimates", "qpv_income", "gpe_stops", "gpe_lines", "ademe_circular",
    "third_places", "schools", "social_housing", "facilities", "iris_ages", "iris_activity", "annuaire_units",
    "iris_education", "iris_families", "iris_housing",
}  # fmt: skip


def test_every_source_is_there_and_complete() -> None:
    assert set(CATALOGUE) >= WANTED
    for source in CATALOGUE.values():
        assert source.refresh in REFRESH_DAYS
        assert source.scope in SCOPES
        assert source.page.startswith("https://")
        assert set(source.optional) <= set(source.columns), source.id
        assert source.columns or source.id == "osm"
        assert source.max_megabytes > 0
        assert all((source.title, source.publisher, source.licence, source.vintage, source.layer, source.format))


def test_no_address_of_a_file_that_data_gouv_renames_each_month() -> None:
    for source in CATALOGUE.values():
        if source.locate["kind"] == "data.gouv.fr":
            assert set(source.locate) <= {"kind", "dataset", "resource", "title", "unlike", "format", "member"}
            re.compile(source.locate["title"])
            # A dataset that changed its address more than once is named by its identifier.
            assert source.locate["dataset"] in source.page or re.fullmatch("[0-9a-f]{24}", source.locate["dataset"])
        elif source.is_given:
            assert set(source.locate) == {"kind", "name" if source.locate["kind"] == "page" else "option"}
            assert source.id == "npnru" or {"address", "columns"} <= set(source.unverified)
        else:
            assert source.locate["url"].startswith("https://")
            assert "static.data.gouv.fr" not in source.locate["url"]


def test_every_department_has_an_extract_of_openstreetmap() -> None:
    departments = {f"{number:02}" for number in range(1, 96)} - {"20"}
    assert set(CATALOGUE["osm"].areas or {}) == departments | {"2A", "2B", "971", "972", "973", "974", "976"}


@pytest.mark.parametrize(
    ("source", "file"),
    [
        ("qpv_2015", "qpv-2015/QP_METROPOLE_LB93.shp"),
        ("grid_200m", "population/bondy_carreaux200m_filosofi2019.gpkg"),
        ("stations", "stations/idfm_emplacement-des-gares-idf_2025-07.geojson"),
        ("cartofriches", "friches/cartofriches_est_ensemble_2024-03-10.geojson"),
    ],
)
def test_columns_of_real_layers_are_known(source: str, file: str, shared: Path) -> None:
    found = official_columns(pyogrio.read_info(shared / file)["fields"], CATALOGUE[source], file=file)
    instead = {name for group in CATALOGUE[source].either for name in group.split()}
    assert set(CATALOGUE[source].columns) - {*CATALOGUE[source].optional, *instead} <= set(found.values())


@pytest.mark.parametrize(
    ("source", "file"),
    [("ban", "ban/adresses-93010.csv.gz"), ("npnru", "npnru/npnru_qpv2015_codes_fcu.csv")],
)
def test_columns_of_real_tables_are_known(source: str, file: str, shared: Path) -> None:
    opened = gzip.open if file.endswith(".gz") else open
    with opened(shared / file, "rt", encoding="utf-8-sig") as lines:
        header = next(csv.reader(lines, delimiter=";"))
    assert official_columns(header, CATALOGUE[source], file=file)


@given(case=st.sampled_from([str.upper, str.lower, str.title]), more=st.lists(st.from_regex(r"[a-z]{6,9}_x")))
def test_case_and_new_columns_do_not_matter(case: object, more: list[str]) -> None:
    found = official_columns([case("code_qp"), *more, case("lib_qp")], CATALOGUE["qpv_2024"], file="f")  # type: ignore[operator]
    assert found == {case("code_qp"): "zone_id", case("lib_qp"): "name"}  # type: ignore[operator]


def test_newest_name_wins_where_a_file_carries_several() -> None:
    found = official_columns(["P21_POP", "IRIS", "COM", "P22_POP"], CATALOGUE["iris_population"], file="f")
    assert found["P22_POP"] == "population"
    assert "P21_POP" not in found


def test_a_renamed_column_is_named_with_what_to_do() -> None:
    with pytest.raises(SourceChangedError) as error:
        official_columns(["qp_code", "lib_qp"], CATALOGUE["qpv_2024"], file="QP2024.geojson")
    for said in (
        "QP2024.geojson",
        "qpv_2024",
        "zone_id",
        "code_qp",
        "qp_code, lib_qp",
        "[qpv_2024.columns] in sources.toml",
    ):
        assert said in str(error.value)


def test_every_missing_column_is_named_at_once() -> None:
    with pytest.raises(SourceChangedError) as error:
        official_columns([], CATALOGUE["ban"], file="adresses-93.csv.gz")
    assert "nom_voie" in str(error.value)
    assert "code_insee" in str(error.value)
    assert "none" in str(error.value)


def test_areas() -> None:
    assert area_of(CATALOGUE["osm"], "974") == "reunion"
    assert area_of(CATALOGUE["grid_200m"], "2A") == "met"
    assert area_of(CATALOGUE["stations"], "75") == "ile-de-france"
    with pytest.raises(SourceUnavailableError, match="does not cover department 974"):
        area_of(CATALOGUE["stations"], "974")
    with pytest.raises(SourceUnavailableError, match="does not cover department 67"):
        area_of(CATALOGUE["rna"], "67")
    with pytest.raises(InputError, match="give the department"):
        area_of(CATALOGUE["ban"], "")
    with pytest.raises(InputError, match=r"no department '\.\./93'"):
        area_of(CATALOGUE["ban"], "../93")
    with pytest.raises(InputError, match="no source 'qpv'"):
        find_source("qpv")
    with pytest.raises(SourceUnavailableError, match=r"no file is published .* --npnru FILE, or as the layer npnru"):
        area_of(CATALOGUE["npnru"], "93")


def test_a_licence_that_nobody_has_read_of_is_never_a_name() -> None:
    without = {source.id for source in CATALOGUE.values() if source.licence == "unverified"}
    assert without == {
        "qpv_population", "qpv_estimates", "qpv_income", "gpe_stops", "gpe_lines", "third_places",
    }  # fmt: skip
    assert all("licence" in CATALOGUE[name].unverified for name in without)
