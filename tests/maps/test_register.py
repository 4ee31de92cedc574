"""The register as columns: read back, it is the register."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from essgeo.maps.drawing import OUTLINE_DIGITS as DIGITS
from essgeo.maps.script_data import ALPHABET, LISTS, PART, packed, register

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from essgeo.results import Study


def _unpacked(column: Any, count: int) -> list[Any]:
    if isinstance(column, list):
        return column
    places = column.get("places", "0" * count)
    return [column["values"][ALPHABET.index(place) if isinstance(places, str) else place] for place in places]


@given(st.lists(st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["a", "b"]), st.integers(0, 90).map(str))))
def test_a_packed_column_gives_its_values_back(values: list[Any]) -> None:
    column = packed(pd.Series(values, dtype=object))
    assert _unpacked(json.loads(json.dumps(column)), len(values)) == values


def test_each_way_of_packing_is_the_lightest_one() -> None:
    assert isinstance(packed(pd.Series([str(number) for number in range(10)])), list)
    assert packed(pd.Series(["a"] * 10)) == {"values": ["a"]}
    few, many = (packed(pd.Series([str(number % count) for number in range(400)])) for count in (3, 120))
    assert isinstance(few, dict)
    assert isinstance(few["places"], str)
    assert isinstance(many, dict)
    assert isinstance(many["places"], list)


def test_the_register_can_be_read_back(large_structures: Callable[[int], gpd.GeoDataFrame]) -> None:
    structures = large_structures(PART + 500)
    made = register(structures)
    rows = structures.loc[made.order]
    assert sorted(made.order) == sorted(structures.index)
    assert made.positions["located"] == structures.geometry.notna().sum()
    assert rows.geometry.notna().tolist() == sorted(rows.geometry.notna(), reverse=True)
    columns = {name: _unpacked(column, len(rows)) for name, column in made.positions["columns"].items()}
    for name in LISTS:
        assert ["|".join(codes) for codes in columns[name]] == rows[name].tolist()
    assert columns["counted"] == rows["counted"].astype(int).tolist()
    assert columns["radius"] == [None if np.isnan(radius) else radius for radius in rows["geo_radius_m"]]
    assert [len(part["id"]) for part in made.texts] == [PART, 500]
    for name in ("name", "address", "source"):
        assert [value for part in made.texts for value in _unpacked(part[name], len(part["id"]))] == rows[name].tolist()


def test_positions_are_a_metre_away_at_most(study: Study) -> None:
    made = register(study.structures)
    points = study.structures.geometry.loc[made.order].dropna().to_crs(4326)
    for axis, truth in (("latitude", points.y), ("longitude", points.x)):
        assert np.abs(np.cumsum(made.positions[axis]) / 10**DIGITS - truth).max() <= 0.5 / 10**DIGITS + 1e-12


def test_neighbours_follow_one_another(large_structures: Callable[[int], gpd.GeoDataFrame]) -> None:
    structures = large_structures(2000)
    made = register(structures)
    placed = structures.geometry.loc[made.order].dropna()
    jumps = placed.iloc[:-1].distance(placed.iloc[1:], align=False)
    assert jumps.median() < 200


def test_a_register_without_a_position_or_a_row(study: Study) -> None:
    nowhere = register(study.structures[study.structures.geometry.isna()])
    assert nowhere.positions["located"] == 0
    assert nowhere.positions["latitude"] == []
    empty = register(study.structures.iloc[:0])
    assert empty.positions["count"] == 0
    assert empty.texts == ()
