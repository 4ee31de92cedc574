"""Whether a structure counts on a day, known answers."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.register import counted_on


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
