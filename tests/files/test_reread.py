"""What essgeo wrote goes in again: the same positions, radii, precisions and statuses, to the last row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from essgeo import geocode
from essgeo.errors import InputWarning
from essgeo.files import read_premises
from essgeo.files.addresses import address_columns, addresses_of, with_results
from essgeo.files.structures import read_structures
from essgeo.files.tables import read_table
from essgeo.files.write import write_file

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

KNOWN = pd.DataFrame(
    [
        ["12 avenue A", "93140", "Bondy", "93010", 2.4804, 48.901],
        ["14 avenue A", "93140", "Bondy", "93010", 2.4808, 48.901],
        ["16 avenue A", "93140", "Bondy", "93010", 2.4812, 48.901],
    ],
    columns=["address", "postcode", "city", "citycode", "lon", "lat"],
)

LIST = """nom;adresse;code postal;ville;lat;lng;precision;surface
Le Fournil;12 avenue A;93140;Bondy;;;;80
Le Quai;13 avenue A;93140;Bondy;;;;
La Roue;avenue A;93140;Bondy;;;;
;;;;;;;
Le Four;3 rue Introuvable;93140;Bondy;;;;50
Ici;;93140;Bondy;48.9021;2.4832;;12
Là;;93140;Bondy;48.9031;2.4842;street;
À la main;4 rue Perdue;93140;Bondy;;;;
X;[ND];93140;Bondy;;;;
Total : 8;;;;;;;
"""

CORRECTIONS = pd.DataFrame(
    {"structure_id": "", "address": ["4 rue Perdue"], "city": "Bondy", "lon": [2.485], "lat": [48.905]}
)


@pytest.fixture
def placed(tmp_path: Path) -> gpd.GeoDataFrame:
    """Return a list with every sort of row, as ``essgeo geocode`` writes it."""
    path = tmp_path / "list.csv"
    path.write_text(LIST, encoding="utf-8")
    table = read_table(path, as_is=True)
    with pytest.warns(InputWarning, match="Total : 8"):
        addresses = addresses_of(table, address_columns(table, source="list.csv"), source="list.csv")
    return with_results(table, geocode(addresses, using=KNOWN, corrections=CORRECTIONS))


def results(frame: pd.DataFrame) -> pd.DataFrame:
    names = ["geo_status", "geo_precision", "geo_radius_m", "geo_engine", "geo_reason", "geo_label", "longitude"]
    return frame[[*names, "latitude"]].reset_index(drop=True)


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet", "geojson", "gpkg"])
def test_a_geocoded_list_keeps_every_result(placed: gpd.GeoDataFrame, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"placed.{suffix}"
    write_file(placed, path)
    with pytest.warns(InputWarning, match="Total : 8"):
        again = geocode(read_structures(path), using=KNOWN)
    assert again["name"].tolist() == ["Le Fournil", "Le Quai", "La Roue", "Le Four", "Ici", "Là", "À la main", "[ND]"]
    before = placed[~placed["nom"].str.match("Total|$") | (placed["geo_status"] == "masked")]
    assert set(before["geo_status"]) >= {"located", "imprecise", "not_found", "corrected", "masked"}
    pd.testing.assert_frame_equal(results(again), results(before), check_dtype=False, atol=1e-9)
    assert again.geometry.notna().tolist() == before["longitude"].notna().tolist()


def test_a_result_geocoded_again_in_python_stays(placed: gpd.GeoDataFrame) -> None:
    filled = placed[placed["nom"] != ""]
    pd.testing.assert_frame_equal(results(geocode(filled)), results(filled), check_dtype=False)


def test_what_was_outside_one_territory_is_asked_of_the_next(placed: gpd.GeoDataFrame, tmp_path: Path) -> None:
    before = placed[~placed["nom"].str.match("Total|$")]
    away = before.assign(geo_status=before["geo_status"].where(before["longitude"].isna(), "outside"))
    write_file(away, tmp_path / "away.csv")
    assert geocode(read_structures(tmp_path / "away.csv"))["geo_status"].tolist() == before["geo_status"].tolist()


def test_a_row_that_nobody_was_asked_for_or_that_was_emptied_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "nom,adresse,ville,geo_status,geo_precision,geo_reason,longitude,latitude\n"
        "A,12 avenue A,Bondy,not_found,,no_index,,\n"
        "B,14 avenue A,Bondy,,,,,\n"
        "C,16 avenue A,Bondy,not_found,,street_unknown,,\n"
        "D,16 avenue A,Bondy,not_found,,street_unknown,2.44,48.86\n",
        encoding="utf-8",
    )
    found = geocode(read_structures(path), using=KNOWN)
    assert found["geo_status"].tolist() == ["located", "located", "not_found", "located"]
    assert found["geo_engine"].tolist() == ["extract", "extract", "", "register"]


def test_a_status_of_somebody_else_is_a_column_as_any_other(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("nom,adresse,ville,geo_status,geo_precision\nA,12 avenue A,Bondy,OK,8\n", encoding="utf-8")
    assert geocode(read_structures(path), using=KNOWN)["geo_status"].tolist() == ["located"]


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "parquet", "geojson", "gpkg"])
def test_geocoded_premises_have_a_point_where_they_were_found(
    placed: gpd.GeoDataFrame, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"premises.{suffix}"
    write_file(placed[placed["nom"].isin(["Le Fournil", "Le Four", "Ici"])], path)
    found = read_premises(path).to_crs("EPSG:4326")
    assert found.geometry.notna().tolist() == [True, False, True]
    assert found.geometry.x.iloc[[0, 2]].tolist() == pytest.approx([2.4804, 2.4832])
    assert found["geo_radius_m"].iloc[0] == placed.set_index("nom")["geo_radius_m"]["Le Fournil"]


def test_a_row_that_was_added_to_a_result_gives_its_own_position(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "nom,ville,lon,lat,coord_precision,geo_status,geo_precision,geo_radius_m,longitude,latitude\n"
        "A,Bondy,,,,located,street,130,2.48,48.9\nB,Bondy,2.47,48.91,interpolated,,,,,\n",
        encoding="utf-8",
    )
    found = geocode(read_structures(path), using=KNOWN)
    assert found[["geo_status", "geo_precision", "geo_radius_m", "longitude"]].to_numpy().tolist() == [
        ["located", "street", 130, 2.48],
        ["located", "interpolated", 50, 2.47],
    ]
