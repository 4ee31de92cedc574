"""Whether a structure counts on a day, known answers."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.errors import InputError
from essgeo.register import counted_on, located_here


def counts(status: str, start: str, end: str, day: str) -> bool:
    table = pd.DataFrame({"status": [status], "active_from": [start], "active_to": [end]}, index=["x"])
    answer = counted_on(table, dt.date.fromisoformat(day))
    assert answer.index.tolist() == ["x"]
    return bool(answer["x"])


@pytest.mark.parametrize(
    ("status", "start", "end", "day", "expected"),
    [
        ("active", "", "", "2026-01-01", True),
        ("unknown", "", "", "2026-01-01", True),
        ("closed", "", "", "2026-01-01", False),
        ("moved", "", "", "2026-01-01", False),
        ("closed", "2020", "2030", "2026-01-01", False),
        ("active", "2026", "", "2025-12-31", False),
        ("active", "2026", "", "2026-01-01", True),
        ("active", "2026-03", "", "2026-02-28", False),
        ("active", "2026-03", "", "2026-03-01", True),
        ("active", "2026-03-15", "", "2026-03-14", False),
        ("active", "2026-03-15", "", "2026-03-15", True),
        ("active", "", "2026", "2026-12-31", True),
        ("active", "", "2026", "2027-01-01", False),
        ("active", "", "2026-03", "2026-03-31", True),
        ("active", "", "2026-03", "2026-04-01", False),
        ("active", "", "2026-03-15", "2026-03-15", True),
        ("active", "", "2026-03-15", "2026-03-16", False),
        ("active", "2026-03", "2026-03", "2026-03-31", True),
    ],
)
def test_known_answers(status: str, start: str, end: str, day: str, *, expected: bool) -> None:
    assert counts(status, start, end, day) is expected


@given(day=st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)), start=st.dates(), end=st.dates())
def test_full_dates_are_compared_as_dates(day: dt.date, start: dt.date, end: dt.date) -> None:
    assert counts("active", start.isoformat(), end.isoformat(), day.isoformat()) is (start <= day <= end)


DAY = dt.date(2026, 6, 1)
ENDED = {"status": "active", "active_from": "", "active_to": "2025"}


@pytest.mark.parametrize(
    ("columns", "day", "expected"),
    [
        ({}, DAY, True),
        ({"active_to": "2025"}, DAY, False),
        ({"active_from": "2027"}, DAY, False),
        ({"status": "closed"}, DAY, False),
        ({"status": None, "active_from": None, "active_to": None}, DAY, True),
        ({"active_to": 2025.0}, DAY, False),
        ({"active_to": 2026}, DAY, True),
        ({"active_to": pd.Timestamp(2025, 12, 31)}, DAY, False),
        ({"counted": True}, DAY, True),
        ({"counted": False}, None, False),
        ({"counted": None}, None, False),
        ({"counted": "False"}, None, False),
        ({"counted": "True"}, None, True),
        ({"counted": 0.0}, None, False),
        (ENDED, None, False),
        (ENDED | {"counted": True}, None, True),
        (ENDED | {"counted": True}, DAY, False),
    ],
)
def test_a_table_with_or_without_the_column_of_a_study(
    columns: dict[str, object], day: dt.date | None, *, expected: bool
) -> None:
    assert counted_on(pd.DataFrame(columns, index=["x"]), day).tolist() == [expected]


@pytest.mark.parametrize("wrong", [{"active_to": "31/12/2025"}, {"active_from": "septembre"}, {"counted": "peut-être"}])
def test_what_cannot_be_read_is_an_error(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError, match=rf"column '{next(iter(wrong))}': '{next(iter(wrong.values()))}'.*\(x\)"):
        counted_on(pd.DataFrame(wrong, index=["x"]))


def test_located_structures_need_no_more_than_a_point() -> None:
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0, 1], [0, 1]), crs=2154)
    assert located_here(points).all()
    assert not located_here(points.assign(**ENDED)).any()
