"""A corrections file is read row by row, or refused with the rows that are wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from essgeo.errors import SchemaError
from essgeo.geocoding import read_corrections

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


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
        ("structure_id,lon,lat\nx,48.9,2.4\n", "row 2, field lon and lat: look swapped"),
        ("structure_id,lon,lat\nx,2.4,948.9\n", "row 2, field lon and lat: are not degrees"),
        ("structure_id,lon,lat\nx,2.4,48.9\nx,2.5,48.9\n", "row 3, field structure_id or address: is settled in row 2"),
        (
            "address,city,lon,lat\n1 bd A,Bondy,2.4,48.9\n1 boulevard A,BONDY,2.5,48.9\n",
            "row 3, field structure_id or address: is settled in row 2",
        ),
    ],
)
def test_a_fault_names_file_and_row(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SchemaError) as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith("corrections.csv: ")
    assert said in str(refused.value)
