"""SIRENE, its geolocation, the ESS France list and the RNA, in small files of the official schemas."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from essgeo import load_territory
from essgeo.errors import InputError, SourceChangedError
from essgeo.official.readers import read_ess_list
from essgeo.official.sirene import count_establishments, read_establishments, read_sirene_geolocation
from essgeo.register import RegisterFiles, build_register
from essgeo.register.perimeter import ess_categories
from tests.conftest import examples
from tests.made.sirene import AS_OF, place, siren, siret, site, unit, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Files = Callable[..., tuple[Path, Path]]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    def make(
        sites: list[dict[str, object]], units: list[dict[str, object]], kind: str = "parquet"
    ) -> tuple[Path, Path]:
        return write(tmp_path / f"sites.{kind}", sites), write(tmp_path / f"units.{kind}", units)

    return make


ROW = st.fixed_dictionaries(
    {
        "codeCommuneEtablissement": st.sampled_from(["93010", "93048", "75101", "2A004"]),
        "etatAdministratifEtablissement": st.sampled_from(["A", "F"]),
        "dateCreationEtablissement": st.sampled_from([None, "2010-05-01", "2026-01-01", "2026-01-02"]),
        "dateDebut": st.sampled_from(["2015-01-01", "2026-01-01", "2026-01-02"]),
        "statutDiffusionEtablissement": st.sampled_from(["O", "P", "N", None]),
    }
)
UNITS = st.fixed_dictionaries(
    {
        "categorieJuridiqueUniteLegale": st.sampled_from(["9220", "5710", "1000", None]),
        "economieSocialeSolidaireUniteLegale": st.sampled_from(["O", "N", None]),
        "statutDiffusionUniteLegale": st.sampled_from(["O", "P"]),
    }
)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@examples(15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(ROW, UNITS), min_size=1, max_size=12), whole=st.booleans(), ess=st.booleans())
def test_the_query_agrees_with_a_reading_row_by_row(
    files: Files, kind: str, rows: list[tuple[dict[str, str], dict[str, str]]], *, whole: bool, ess: bool
) -> None:
    sites = [site(1000 + number, **columns) for number, (columns, _) in enumerate(rows)]
    units = [unit(1000 + number, **columns) for number, (_, columns) in enumerate(rows)]
    listed = [siren(1000), siren(1003)]
    wanted, day = {"93010", "2A004"}, AS_OF.isoformat()
    expected = {}
    for one, two in zip(sites, units, strict=True):
        born = one["dateCreationEtablissement"] is None or one["dateCreationEtablissement"] <= day
        there = one["etatAdministratifEtablissement"] == "A" or one["dateDebut"] > day
        here = whole or one["codeCommuneEtablissement"] in wanted
        told = two["economieSocialeSolidaireUniteLegale"] == "O" or two["categorieJuridiqueUniteLegale"] == "9220"
        if born and there and here and (not ess or told or two["siren"] in listed):
            public = one["statutDiffusionEtablissement"] == two["statutDiffusionUniteLegale"] == "O"
            expected[one["siret"]] = ("O", "RUE", "ASSOCIATION") if public else ("P", "", "")
    found = read_establishments(
        *files(sites, units, kind),
        as_of=AS_OF,
        citycodes=None if whole else wanted,
        categories=ess_categories() if ess else None,
        listed=listed,
    )
    shown = found.set_index("siret")[["diffusion", "street_type", "unit_name"]]
    assert dict(zip(shown.index, shown.itertuples(index=False, name=None), strict=True)) == expected
    assert found["siret"].is_monotonic_increasing
    assert not found.isna().any().any()


def test_what_a_person_is_called_and_where_one_lives_is_never_read(files: Files) -> None:
    paths = files(
        [site(1, complementAdresseEtablissement="CHEZ ZOE", enseigne1Etablissement="LE BAR")],
        [unit(1, nomUniteLegale="ZOE", prenomUsuelUniteLegale="ZOE", denominationUniteLegale=None)],
    )
    found = read_establishments(*paths, as_of=AS_OF)
    assert "ZOE" not in found.to_csv()
    assert found["sign_1"].tolist() == ["LE BAR"]


def test_an_establishment_whose_unit_is_missing_stays_unless_the_ess_is_asked_for(files: Files) -> None:
    paths = files([site(1), site(2)], [unit(1)])
    assert read_establishments(*paths, as_of=AS_OF)["unit_name"].tolist() == ["ASSOCIATION", ""]
    assert len(read_establishments(*paths, as_of=AS_OF, categories=ess_categories())) == 1


def test_establishments_are_counted_by_commune_and_band(files: Files) -> None:
    sites, _ = files([site(number, trancheEffectifsEtablissement="01") for number in range(3)], [unit(1)])
    table = count_establishments(sites, as_of=AS_OF, citycodes=["93010"])
    assert table.to_numpy().tolist() == [["93010", "N", "01", 3]]


def test_faults_of_the_files_are_named(files: Files, tmp_path: Path) -> None:
    sites, units = files([site(1)], [unit(1)])
    with pytest.raises(InputError, match="9301, bondy: give INSEE codes"):
        read_establishments(sites, units, as_of=AS_OF, citycodes=["bondy", "9301"])
    with pytest.raises(InputError, match="none: give INSEE codes"):
        read_establishments(sites, units, as_of=AS_OF, citycodes=[])
    with pytest.raises(InputError, match="no such file"):
        read_establishments(tmp_path / "none.parquet", units, as_of=AS_OF)
    with pytest.raises(SourceChangedError, match="head_office"):
        read_establishments(write(tmp_path / "old.csv", [{"siret": "1", "siren": "2"}]), units, as_of=AS_OF)
    (tmp_path / "broken.parquet").write_bytes(sites.read_bytes()[:-50])
    with pytest.raises(InputError, match="cannot be read"):
        read_establishments(tmp_path / "broken.parquet", units, as_of=AS_OF)
    (tmp_path / "sites.doc").write_text("")
    with pytest.raises(InputError, match=r"cannot read a \.doc"):
        read_establishments(tmp_path / "sites.doc", units, as_of=AS_OF)


def test_a_path_with_special_characters_is_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "l'été [2026] *"
    folder.mkdir()
    paths = write(folder / "s.parquet", [site(1)]), write(folder / "u.parquet", [unit(1)])
    assert len(read_establishments(*paths, as_of=AS_OF)) == 1


def test_each_place_is_read_in_the_crs_of_its_row(tmp_path: Path) -> None:
    rows = [
        place(1, x=652469.02, y=6862035.26, epsg="2154"),
        place(2, x=338000.0, y=7690000.0, epsg="2975", qualite_xy="12", plg_code_commune="97411"),
        place(3, x=707000.0, y=1615000.0, epsg="5490", qualite_xy="22", distance_precision=350.0),
        place(4, qualite_xy="33"),
        place(5, qualite_xy="99"),
        place(6, epsg="1"),
        place(7, epsg=None),
        place(8, x=float("nan")),
        place(9, x=0.0, y=0.0),
        place(10),
    ]
    wanted = [siret(number) for number in range(1, 10)]
    for path in (write(tmp_path / "geo.parquet", rows), write(tmp_path / "geo.csv", rows)):
        places = read_sirene_geolocation(path, wanted)
        assert places.index.tolist() == wanted[:3]
        assert places["precision"].tolist() == ["housenumber", "street", "street"]
        assert places["precision_m"].tolist() == [0, 0, 350]
        corners = places.geometry.get_coordinates().round(1).to_numpy().tolist()
        assert corners[0] == [2.4, 48.9]
        assert corners[1] == [55.4, -20.9]
        assert corners[2] == [-61.1, 14.6]
    assert isinstance(read_sirene_geolocation(path, []), gpd.GeoDataFrame)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_what_insee_places_beyond_the_limit_is_read_as_far_as_people_walk(
    files: Files, tmp_path: Path, kind: str
) -> None:
    """93057 and 94080 are no communes of the territory: one association of four there is placed near it."""
    rows = [("93010", 660_500), ("93057", 661_300), ("93057", 663_000), ("93057", 0), ("93010", 0), ("94080", 9_000)]
    sites, units = files(
        [site(number, codeCommuneEtablissement=code) for number, (code, _) in enumerate(rows)],
        [unit(number) for number in range(len(rows))],
        kind,
    )
    placed = [
        place(number, x=float(x), y=6_867_500.0, plg_code_commune=code) for number, (code, x) in enumerate(rows) if x
    ]
    official = RegisterFiles(sites, units, write(tmp_path / f"places.{kind}", placed))
    here = load_territory("est-ensemble")
    assert build_register(here, official, as_of=AS_OF).index.tolist() == [siret(0), siret(4)]
    near = shapely.box(659_000, 6_866_000, 662_100, 6_869_000)
    guarded = build_register(here, official, as_of=AS_OF, around=near)
    assert guarded.index.tolist() == [siret(0), siret(1), siret(4)]
    assert guarded.geometry[siret(1)].x == pytest.approx(661_300, abs=1)


def test_the_list_of_ess_france_gives_sirens_and_families(tmp_path: Path) -> None:
    path = tmp_path / "ess.csv"
    path.write_text(
        "SIREN;Famille juridique;Région\n5580113;Associations;11\n005 580 114;Sociétés commerciales;11\n;X;\n"
        "5580113;;11\n1234567890;X;\n",
        encoding="utf-8",
    )
    assert read_ess_list(path).to_dict() == {"005580113": "association", "005580114": "entreprise_commerciale_ess"}


def test_the_day_may_be_any_day(files: Files) -> None:
    paths = files([site(1, dateCreationEtablissement="2020-06-15")], [unit(1)])
    assert [len(read_establishments(*paths, as_of=dt.date(2020, 6, day))) for day in (14, 15)] == [0, 1]
    assert pd.api.types.is_string_dtype(read_establishments(*paths, as_of=AS_OF)["siret"])


def test_a_siret_kept_as_a_number_is_one_clear_error(tmp_path: Path) -> None:
    sites = write(tmp_path / "sites.parquet", [site(1)])
    frame = pd.read_parquet(sites)
    frame.assign(siret=frame["siret"].astype("int64")).to_parquet(sites)
    units = write(tmp_path / "units.parquet", [unit(1)])
    with pytest.raises(InputError, match="an official file cannot be read"):
        read_establishments(sites, units, as_of=AS_OF, citycodes=["93010"], categories=["9220"])
