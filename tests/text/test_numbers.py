"""Numbers as each language writes them."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.text.languages import MISSING, day, joined, number, percent


@pytest.mark.parametrize(
    ("value", "digits", "french", "english"),
    [
        (1234567, 0, "1\u202f234\u202f567", "1,234,567"),
        (1234.56, 1, "1\u202f234,6", "1,234.6"),
        (-0.2, 0, "0", "0"),
        (-12.5, 1, "\u221212,5", "\u221212.5"),
        (math.nan, 0, MISSING, MISSING),
    ],
)
def test_number(value: float, digits: int, french: str, english: str) -> None:
    assert number(value, "fr", digits) == french
    assert number(value, "en", digits) == english


def test_no_value_is_missing() -> None:
    assert number(None, "fr") == percent(None, "en") == MISSING


@pytest.mark.parametrize(
    ("share", "english"), [(0, "0%"), (1, "100%"), (0.004, "<1%"), (0.996, ">99%"), (0.995, ">99%"), (0.5, "50%")]
)
def test_percent_keeps_none_and_all_for_none_and_all(share: float, english: str) -> None:
    assert percent(share, "en") == english


@given(st.floats(0, 1))
def test_only_nothing_is_0_and_only_everything_is_100(share: float) -> None:
    assert (percent(share, "en") == "0%") == (share == 0)
    assert (percent(share, "en") == "100%") == (share > 1 - 1e-11)


@given(st.integers(-(10**9), 10**9))
def test_a_number_can_be_read_back(value: int) -> None:
    assert int(number(value, "fr").replace("\u202f", "").replace("\u2212", "-")) == value
    assert int(number(value, "en").replace(",", "").replace("\u2212", "-")) == value


def test_days_and_lists() -> None:
    assert day(dt.date(2026, 8, 1), "fr") == "1er août 2026"
    assert day(dt.date(2026, 8, 2), "fr") == "2 août 2026"
    assert joined([], "et") == ""
    assert joined(["a"], "et") == "a"
