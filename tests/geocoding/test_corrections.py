"""A corrections file is read row by row, or refused with the rows that are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from essgeo import geocode
from essgeo.errors import InputWarning, SchemaError
from essgeo.geocoding import read_corrections
from essgeo.geocoding.corrections import warn_unmatched

if TYPE_CHECKING:
    from pathlib import Path


def read(tmp_path: Path, text: str) -> pd.DataFrame:
    path = tmp_path / "corrections.csv"
    path.write_text(text, encoding="utf-8")
    return read_corrections(path)


def test_identifiers_and_addresses_are_keys(tmp_path: Path) -> None:
    found = read(tmp_path, "structure_id;address;city;lon;lat;note\nx;;;2,4;48,9;vu\n;1 rue A;Bondy;2.5;48.8;\n")
    assert found.to_dict("list") == {
        "structure_id": ["x", ""],
        "address": ["", "1 rue A"],
        "city": ["", "Bondy"],
        "lon": [2.4, 2.5],
        "lat": [48.9, 48.8],
    }


def test_rows_that_are_not_settled_yet_are_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, "structure_id,lon,lat\nx,,\ny,2.4,48.9\n")
    assert found["structure_id"].tolist() == ["y"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("structure_id,lon\nx,2.4\n", "has the columns lon, lat and structure_id"),
        ("name,lon,lat\nx,2.4,48.9\n", "has the columns lon, lat and structure_id"),
        ("structure_id,lon,lat\nx,,\n\n,2.4,48.9\n", "row 4, field structure_id: is empty"),
        ("structure_id,address,city,lon,lat\n,1 rue A,,2.4,48.9\n", "row 2, field structure_id: is empty"),
        ("structure_id,address,city,lon,lat\n,?,Bondy,2.4,48.9\n", "row 2, field structure_id: is empty"),
        ("structure_id,lon,lat\nx,2.4,\n", "row 2, field lat: is empty"),
        ("structure_id,lon,lat\nx,48.9,2.4\n", "row 2, field lon, lat: look swapped"),
        ("structure_id,lon,lat\nx,2.4,948.9\n", "row 2, field lon, lat: are not degrees"),
        ("structure_id,lon,lat\nx,2.4,48.9\nx,2.5,48.9\n", "row 3, field structure_id, address: is settled in row 2"),
        (
            "address,city,lon,lat\n1 bd A,Bondy,2.4,48.9\n1 boulevard A,BONDY,2.5,48.9\n",
            "row 3, field structure_id, address: is settled in row 2",
        ),
    ],
)
def test_a_fault_names_file_and_row(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SchemaError) as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith("corrections.csv: ")
    assert said in str(refused.value)


LIST = pd.DataFrame(
    {
        "name": ["Les Marmites", "Les Marmites", "Le Four"],
        "address": ["1 rue A", "2 rue B", "3 rue C"],
        "city": "Bondy",
    },
    index=["a", "b", "c"],
)


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("structure_id,lon,lat\na,2.4,48.9\n", ["a"]),
        ("structure_id,name,lon,lat\nc,Les Marmites,2.4,48.9\n", []),
        ("structure_id,name,lon,lat\nc,LE FOUR,2.4,48.9\n", ["c"]),
        ("structure_id,name,address,city,lon,lat\nc,Les Marmites,2 rue B,Bondy,2.4,48.9\n", ["b"]),
        ("structure_id,name,address,city,lon,lat\ngone,Les Marmites,2 rue B,Bondy,2.4,48.9\n", ["b"]),
        ("structure_id,address,city,lon,lat\n,2 RUE B,bondy,2.4,48.9\n", ["b"]),
        ("structure_id,name,address,city,lon,lat\n,Autre,2 rue B,Bondy,2.4,48.9\n", []),
    ],
)
def test_a_correction_is_of_the_structure_of_that_name_and_place(
    tmp_path: Path, text: str, corrected: list[str]
) -> None:
    settled = read(tmp_path, text)
    found = geocode(LIST, corrections=settled)
    assert found.index[found["geo_status"] == "corrected"].tolist() == corrected
    if corrected:
        warn_unmatched(found, settled)
    else:
        with pytest.warns(InputWarning, match="0 of 1 corrections applied. No structure of the list is that of: "):
            warn_unmatched(found, settled)
