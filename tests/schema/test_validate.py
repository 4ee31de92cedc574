"""A frame held to its contract: types, missing values, every fault with the row of the file."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.errors import SchemaError
from essgeo.schema.validate import ROW, raise_faults, validate

ADDRESS = {"address": "1 rue A", "postcode": "01000", "city": "Bondy", "citycode": "93010", "lon": "2,4", "lat": "48.9"}


def addresses(*changes: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([{"address_id": f"a{i}"} | ADDRESS | change for i, change in enumerate(changes)])


def test_types_are_those_of_the_contract_and_the_input_stays_as_it_was() -> None:
    frame = addresses({}, {"postcode": None, "extra": "kept"})
    before = frame.copy(deep=True)
    checked = validate(frame, "addresses", source="a.csv")
    pd.testing.assert_frame_equal(frame, before)
    assert checked.index.tolist() == ["a0", "a1"]
    assert checked["lon"].tolist() == [2.4, 2.4]
    assert checked["postcode"].tolist() == ["01000", ""]
    assert checked.loc["a1", "extra"] == "kept"


def test_an_identifier_may_stand_in_the_index_already() -> None:
    frame = addresses({}, {})
    by_index = validate(frame.set_index("address_id"), "addresses", source="a.csv")
    pd.testing.assert_frame_equal(by_index, validate(frame, "addresses", source="a.csv"))


def test_identifiers_lose_the_spaces_around_them() -> None:
    frame = addresses({}).assign(address_id=[" a "])
    assert validate(frame, "addresses", source="a.csv").index.tolist() == ["a"]


@given(rows=st.lists(st.integers(2, 10_000), min_size=3, max_size=3, unique=True).map(sorted))
def test_a_fault_is_told_with_the_row_of_the_file(rows: list[int]) -> None:
    frame = addresses({}, {"lat": "north"}, {"city": ""}).set_axis(pd.Index(rows, name=ROW))
    with pytest.raises(SchemaError) as refused:
        validate(frame, "addresses", source="a.csv")
    assert str(refused.value).splitlines() == [
        "a.csv: 2 faults.",
        f"  row {rows[1]}, field lat: 'north' is not a number",
        f"  row {rows[2]}, field city: is empty",
    ]


def test_a_table_is_no_layer() -> None:
    iris = {
        "iris_code": "1",
        "name": "n",
        "citycode": "c",
        "city": "c",
        "population": 1,
        "median_income": "",
        "inhabited": 1,
    }
    with pytest.raises(SchemaError, match=r"iris.csv: no geometry; a layer of Polygon or MultiPolygon is expected"):
        validate(pd.DataFrame([iris]), "iris", source="iris.csv")


def test_missing_columns_are_named_together() -> None:
    with pytest.raises(SchemaError, match=r"a.csv: missing columns lon, lat. Columns seen: address_id, address"):
        validate(addresses({}).drop(columns=["lon", "lat"]), "addresses", source="a.csv")


def test_hostile_text_in_a_fault_stays_on_its_line() -> None:
    with pytest.raises(SchemaError) as refused:
        validate(addresses({"lat": "x\n\x1b[31mrow 9"}), "addresses", source="a.csv")
    assert len(str(refused.value).splitlines()) == 2
    assert "\x1b" not in str(refused.value)


def test_no_fault_is_no_error() -> None:
    raise_faults("a.csv", [])
