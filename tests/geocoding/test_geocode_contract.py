"""What geocode promises, whatever engine is behind it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo import geocode
from essgeo.errors import InputWarning, MissingCRSError
from essgeo.files.addresses import address_columns, addresses_of
from essgeo.files.structures import read_structures
from essgeo.geocoding import review
from essgeo.geocoding.match import Local
from essgeo.register.combine import combine_lists
from essgeo.schema.vocabulary import GEO_REASONS, GEO_STATUSES
from tests.conftest import examples

if TYPE_CHECKING:
    from pathlib import Path

KNOWN = pd.DataFrame(
    {
        "address": ["3bis Rue B", "10 boulevard Chanzy", "12 boulevard Chanzy"],
        "postcode": "93100",
        "city": "Montreuil",
        "citycode": "93048",
        "lon": [2.44, 2.45, 2.46],
        "lat": [48.86, 48.87, 48.88],
    }
)
EMPTY = {"name": "n", "address": "", "postcode": "", "city": "Montreuil", "citycode": "93048", "lon": None, "lat": None}


def table(*rows: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame([EMPTY | {"coord_precision": ""} | row for row in rows])
    return frame.assign(structure_id=[f"s{i}" for i in range(len(frame))]).set_index("structure_id")


@cache
def indexed() -> Local:
    return Local.of(KNOWN)


def corrections(**columns: list[object]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    blank: dict[str, list[object]] = {name: [""] * count for name in ("structure_id", "address", "city")}
    return pd.DataFrame(blank | columns)


def degrees(found: gpd.GeoDataFrame) -> list[tuple[float, float] | None]:
    points = found.geometry.to_crs(4326)
    return [None if p is None else (round(p.x, 6), round(p.y, 6)) for p in points]


def test_the_chain_correction_then_coordinates_then_extract() -> None:
    rows = table(
        {"address": "3 bis, rue B", "lon": 2.5, "lat": 48.9},
        {"address": "3 bis, rue B", "lon": 2.5, "lat": 48.9},
        {"address": "3 bis, rue B"},
    )
    found = geocode(rows, using=KNOWN, corrections=corrections(structure_id=["s0"], lon=[2.4], lat=[48.8]))
    assert found["geo_status"].tolist() == ["corrected", "located", "located"]
    assert found["geo_engine"].tolist() == ["correction", "register", "extract"]
    assert degrees(found) == [(2.4, 48.8), (2.5, 48.9), (2.44, 48.86)]


def test_a_correction_by_address_reaches_every_writing_and_that_by_identifier_wins() -> None:
    rows = table({"address": "10 bd Chanzy"}, {"address": "10, Boulevard de CHANZY"}, {"address": "12 bd Chanzy"})
    settled = corrections(
        structure_id=["", "s1"],
        address=["10 Bld. Chanzy", ""],
        city=["MONTREUIL", ""],
        lon=[2.1, 2.2],
        lat=[48.1, 48.2],
    )
    found = geocode(rows, using=KNOWN, corrections=settled)
    assert degrees(found) == [(2.1, 48.1), (2.2, 48.2), (2.46, 48.88)]
    assert found["geo_status"].tolist() == ["corrected", "corrected", "located"]


def test_a_correction_of_one_commune_is_not_one_of_another() -> None:
    rows = table({"address": "10 bd Chanzy", "city": "Bondy", "citycode": "93010"})
    settled = corrections(address=["10 bd Chanzy"], city=["Montreuil"], lon=[2.1], lat=[48.1])
    assert geocode(rows, using=KNOWN, corrections=settled)["geo_status"].tolist() == ["not_found"]


@pytest.mark.parametrize(
    ("row", "status", "reason"),
    [
        ({}, "not_found", "no_address"),
        ({"address": "1 rue Inconnue"}, "not_found", "street_unknown"),
        ({"address": "1 rue A", "city": "Bondy", "citycode": "93010"}, "not_found", "city_unknown"),
        ({"address": "99 bd Chanzy"}, "imprecise", "number_unknown"),
        ({"address": "bd Chanzy"}, "imprecise", "number_missing"),
        ({"address": "10 ter bd Chanzy"}, "imprecise", "number_unknown"),
        ({"lon": 2.4, "lat": 48.9, "coord_precision": "street"}, "imprecise", "vague_coordinates"),
    ],
)
def test_what_is_not_sure_says_why(row: dict[str, object], status: str, reason: str) -> None:
    found = geocode(table(row), using=KNOWN).iloc[0]
    assert (found["geo_status"], found["geo_reason"]) == (status, reason)


NO_PLACES = {
    "words": ("north", "48.9"), "one alone": ("2.4", ""), "the edges of the world": ("-180", "90"),
    "too large": ("1e999", "48.9"), "metres": ("650000", "12"), "thousands of digits": ("9" * 5000, "9" * 5000),
    "letters of numbers": ("nan", "inf"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::essgeo.errors.InputWarning")
@pytest.mark.parametrize("way", ["study", "geocode", "notebook"])
def test_coordinates_that_are_no_place_say_so_whichever_way_they_come(way: str) -> None:
    given = [(lon, lat, address) for lon, lat in NO_PLACES.values() for address in ("", "10 bd Chanzy")]
    rows = pd.DataFrame([*given, ("", "", "")], columns=["longitude", "latitude", "adresse"], dtype=str)
    named = [f"s{number}" for number in range(len(rows))]
    rows = rows.assign(structure_id=named, nom=[name.upper() for name in named], ville="Montreuil")
    ways = {
        "study": read_structures(rows),
        "geocode": addresses_of(rows, address_columns(rows, source="mine.csv"), source="mine.csv"),
        "notebook": rows.set_index("structure_id"),
    }
    found = geocode(ways[way], using=indexed())
    assert found["geo_reason"].tolist() == [*["bad_coordinates", ""] * len(NO_PLACES), "no_address"]
    assert found["geo_status"].tolist() == [*["not_found", "located"] * len(NO_PLACES), "not_found"]
    assert review(found)["reason"].tolist() == [*["bad_coordinates"] * len(NO_PLACES), "no_address"]


def test_a_place_that_another_list_knows_takes_that_of_coordinates_that_are_none() -> None:
    rows = pd.DataFrame({"nom": ["A"], "siret": ["82821337100014"], "lon": ["north"], "lat": ["48.9"]})
    with pytest.warns(InputWarning, match="north"):
        one = read_structures(rows)
    two = read_structures(rows.assign(lon="2.4", precision="street"))
    with pytest.warns(InputWarning, match="the same"):
        both = geocode(combine_lists({"one": one, "two": two}))
    assert both[["geo_status", "geo_reason", "longitude"]].to_numpy().tolist() == [
        ["imprecise", "vague_coordinates", 2.4]
    ]


def test_a_guess_is_a_candidate_and_no_point() -> None:
    found = geocode(table({"address": "99 bd Chanzy"}), using=KNOWN)
    assert found.geometry.isna().all()
    assert found["geo_radius_m"].isna().all()
    assert found["candidate_longitude"].tolist() == [2.46]
    listed = review(found)
    assert listed["reason"].tolist() == ["number_unknown"]
    assert listed["candidate_label"].tolist() == ["boulevard Chanzy 93100 Montreuil"]


def test_without_an_index_nothing_is_found_but_what_is_known() -> None:
    found = geocode(table({"address": "1 rue A"}, {}, {"lon": 2.4, "lat": 48.9}))
    assert found["geo_reason"].tolist() == ["no_index", "no_address", ""]
    assert found["geo_status"].tolist() == ["not_found", "not_found", "located"]


@pytest.mark.parametrize("column", ["name", "address", "postcode", "city"])
def test_a_masked_row_loses_address_and_coordinates_whatever_is_known(column: str) -> None:
    rows = table({"address": "3 bis rue B", "postcode": "93100", "lon": 2.5, "lat": 48.9} | {column: "[ND]"}, {})
    settled = corrections(structure_id=["s0"], lon=[2.4], lat=[48.8])
    found = geocode(rows, using=KNOWN, corrections=settled)
    row = found.iloc[0]
    assert (row["geo_status"], row["address"], row["postcode"]) == ("masked", "", "")
    assert found.geometry.isna().iloc[0]
    assert pd.isna(row[["longitude", "latitude", "candidate_longitude", "candidate_latitude", "geo_radius_m"]]).all()
    assert not {"lon", "lat"} & set(found.columns)
    assert review(found)["structure_id"].tolist() == ["s1"]


def test_an_address_without_a_commune_says_so_in_a_known_word() -> None:
    found = geocode(table({}, {"address": "10 bd Chanzy", "city": "", "citycode": ""}).iloc[1:], using=KNOWN)
    assert found["geo_reason"].tolist() == ["no_city"]
    assert "no_city" in GEO_REASONS


CHOICE = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["n", "[ND]", "<b>"]),
        "address": st.sampled_from(
            ["", "3 bis rue B", "99 bd Chanzy", "place", "1 rue \x00\u202e🌱", "[ND]", "10 bd Chanzy"]
        ),
        "city": st.sampled_from(["Montreuil", "", "Bondy"]),
        "citycode": st.sampled_from(["93048", "", "93010"]),
        "coord": st.sampled_from([(None, None), (2.4, 48.9)]),
        "coord_precision": st.sampled_from(["", "housenumber", "street", "place", "municipality"]),
    }
)


@examples(20)
@given(st.lists(CHOICE, max_size=4))
def test_every_row_comes_back_once_with_a_status_and_the_input_untouched(choices: list[dict[str, Any]]) -> None:
    rows = table({}, *(row | dict(zip(("lon", "lat"), row["coord"], strict=True)) for row in choices)).iloc[1:]
    before, known_before = rows.copy(deep=True), KNOWN.copy(deep=True)
    found = geocode(rows, using=KNOWN)
    pd.testing.assert_frame_equal(rows, before)
    pd.testing.assert_frame_equal(KNOWN, known_before)
    assert found.index.equals(rows.index)
    assert found.crs.to_epsg() == 2154
    assert set(found["geo_status"]) <= set(GEO_STATUSES)
    assert set(found["geo_reason"]) <= {"", *GEO_REASONS}
    placed = found.geometry.notna()
    assert (found["geo_radius_m"].notna() == placed).all()
    assert found.loc[found["geo_status"].isin(["located", "corrected"]), "geometry"].notna().all()
    assert found.loc[found["geo_status"].isin(["masked", "not_found"]), "geometry"].isna().all()
    alone = [geocode(rows.loc[[i]], using=indexed())["geo_status"].iloc[0] for i in rows.index]
    assert found["geo_status"].tolist() == alone


def test_the_points_of_a_frame_are_kept_and_french_names_are_known(tmp_path: Path) -> None:
    points = gpd.points_from_xy([2.48, 2.45, 0], [48.90, 48.86, 0])
    mine = gpd.GeoDataFrame(
        {"Nom": ["A", "B", "C"], "Adresse": ["", "1 rue Z", "2 rue A"], "Ville": ["", None, "Bondy"]},
        index=["a", "b", "c"], geometry=[*points[:2], None], crs=4326,
    ).to_crs(2154).rename_geometry("ici")  # fmt: skip
    ban = tmp_path / "adresses-93.csv"
    ban.write_text(
        "id;numero;rep;nom_voie;code_postal;code_insee;nom_commune;nom_ancienne_commune;type_position;x;y;lon;lat\n"
        "1;2;;Rue A;93140;93010;Bondy;;entrée;0;0;2.48;48.91\n",
        encoding="utf-8",
    )
    found = geocode(mine, using=ban)
    assert found["geo_status"].to_dict() == {"a": "located", "b": "located", "c": "located"}
    assert found["name"].tolist() == ["A", "B", "C"]
    assert found.distance(mine).iloc[:2].max() < 0.5
    assert found.geometry.loc["c"].distance(gpd.GeoSeries.from_xy([2.48], [48.91], crs=4326).to_crs(2154).iloc[0]) < 1
    with pytest.raises(MissingCRSError, match="table"):
        geocode(mine.set_crs(None, allow_override=True))


def test_degrees_may_be_text_with_a_comma() -> None:
    given = pd.DataFrame({"nom": ["A", "B"], "Longitude": ["2,48", ""], "Latitude": ["48,90", ""], "adresse": ""})
    assert geocode(given)["geo_status"].tolist() == ["located", "not_found"]
