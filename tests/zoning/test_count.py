"""Counts with an interval, against the enumeration of every outcome."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from essgeo.errors import InputError, SchemaError
from essgeo.zoning import count_in, locate_in
from tests.conftest import examples


def membership_of(probabilities: list[float], zone: str = "QN1") -> pd.DataFrame:
    relation = ["in" if p == 1 else "out" if p == 0 else "undetermined" for p in probabilities]
    return pd.DataFrame(
        {
            "structure_id": range(len(probabilities)),
            "zone_id": zone,
            "vintage": "2024",
            "relation": relation,
            "probability": probabilities,
            "within_300m": pd.array([True] * len(probabilities), dtype="boolean"),
        },
    )


def enumerated(probabilities: list[float], weights: list[int], tail: float) -> int:
    """Return the least total whose cumulative probability is at least ``tail``, over all 2^n outcomes."""
    mass: dict[int, float] = {}
    for outcome in product((0, 1), repeat=len(probabilities)):
        total = sum(w for w, hit in zip(weights, outcome, strict=True) if hit)
        chance = np.prod([p if hit else 1 - p for p, hit in zip(probabilities, outcome, strict=True)])
        mass[total] = mass.get(total, 0.0) + float(chance)
    cumulative = 0.0
    for total in sorted(mass):
        cumulative += mass[total]
        if cumulative >= tail - 1e-12:
            return total
    return max(mass)


shares = st.lists(st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0.01, 0.99)), min_size=1, max_size=8)


@examples(60)
@given(probabilities=shares, level=st.sampled_from([0.5, 0.8, 0.9]), data=st.data())
def test_the_interval_is_that_of_every_outcome(probabilities: list[float], level: float, data: Any) -> None:
    size = len(probabilities)
    weights = data.draw(st.lists(st.integers(0, 6), min_size=size, max_size=size))
    row = count_in(membership_of(probabilities), weights=pd.Series(weights), level=level).iloc[0]
    assert row["low"] == enumerated(probabilities, weights, (1 - level) / 2)
    assert row["high"] == enumerated(probabilities, weights, (1 + level) / 2)
    assert row["expected"] == pytest.approx(np.dot(probabilities, weights))
    assert row["certain"] == sum(w for w, p in zip(weights, probabilities, strict=True) if p == 1)


def test_counts_of_located_points(zones_of: Any, points_of: Any) -> None:
    zones = zones_of([shapely.box(0, 0, 100, 100), shapely.box(200, 0, 300, 100), shapely.box(9000, 0, 9100, 100)])
    points = points_of([(50, 50), (100, 50), (100, 50), (700, 50), None], 10.0)
    counts = count_in(locate_in(points, zones))
    assert counts.index.names == ["zone_id", "vintage"]
    assert counts.index.get_level_values("zone_id").tolist() == ["Z0", "Z1"]
    assert counts["certain"].tolist() == [1, 0]
    assert counts["undetermined"].tolist() == [2, 0]
    assert counts["expected"].tolist() == pytest.approx([2.0, 0.0], abs=1e-6)
    assert counts[["low", "high"]].to_numpy().tolist() == [[1, 3], [0, 0]]
    assert counts["within_300m"].tolist() == [3, 3]
    assert counts["within_500m"].tolist() == [3, 4]


def test_groups_may_have_one_key_or_further_columns() -> None:
    rows = membership_of([1.0, 0.5, 0.5]).assign(sector=["food", "food", "repair"])
    assert count_in(rows, by=("zone_id",)).loc["QN1", "high"] == 3
    by_sector = count_in(rows, by=("zone_id", "sector"))
    assert by_sector["high"].tolist() == [2, 1]
    assert by_sector["low"].tolist() == [1, 0]


def test_no_rows_give_no_counts() -> None:
    assert count_in(membership_of([])).empty


def test_what_cannot_be_counted_is_refused() -> None:
    rows = membership_of([0.5, 0.5])
    with pytest.raises(InputError, match="stands twice"):
        count_in(pd.concat([rows, membership_of([0.5], "QN2")]), by=("vintage",))
    with pytest.raises(InputError, match="level"):
        count_in(rows, level=90)
    with pytest.raises(SchemaError, match="probability"):
        count_in(rows.drop(columns="probability"))
    for weights in (pd.Series([1]), pd.Series([1, -1]), pd.Series([1, 0.5])):
        with pytest.raises(SchemaError, match="1, field weights"):
            count_in(rows, weights=weights)
