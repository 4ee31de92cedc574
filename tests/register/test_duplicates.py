"""Duplicates across two lists, against the same rule applied to every pair; decisions, and what they leave alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from essgeo.errors import CRSMismatchError, SchemaError
from essgeo.register import apply_decisions, read_decisions, suggest_duplicates
from essgeo.register.duplicates import MIN_NAME, NEAR_M
from tests.conftest import examples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROW = st.tuples(
    st.sampled_from(["le fournil", "fournil du parc", "amap de bondy", "club nautique", "[ND]"]),
    st.sampled_from(["", "le fournil", "amap|club nautique"]),
    st.sampled_from(["", "11111111100011", "11111111100022", "22222222200011", "123"]),
    st.one_of(st.none(), st.tuples(st.integers(0, 500), st.integers(0, 500))),
)


def layer(rows: Sequence[tuple[str, str, str, tuple[int, int] | None]], prefix: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "name": pd.Series([row[0] for row in rows], dtype="object"),
            "aliases": pd.Series([row[1] for row in rows], dtype="object"),
            "siret": pd.Series([row[2] for row in rows], dtype="object"),
        },
        geometry=[shapely.Point(row[3]) if row[3] else None for row in rows],
        crs=2154,
    ).set_axis([f"{prefix}{number}" for number in range(len(rows))])


def every_pair(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> dict[tuple[str, str], float]:
    """Return the score of every pair that the rule suggests, one pair after the other."""
    found = {}
    for one in left.itertuples():
        for two in right.itertuples():
            if "[ND]" in (one.name, two.name):
                continue
            siret = [code if len(code) == 14 else "" for code in (one.siret, two.siret)]
            if siret[0] and siret[0] == siret[1]:
                found[one.Index, two.Index] = 1.0
                continue
            if one.geometry is None or two.geometry is None:
                continue
            names = [[name for name in f"{row.name}|{row.aliases}".split("|") if name] for row in (one, two)]
            alike = max(fuzz.token_sort_ratio(a, b) for a in names[0] for b in names[1]) / 100
            apart = math.dist(one.geometry.coords[0], two.geometry.coords[0])
            same_siren = bool(siret[0]) and siret[0][:9] == siret[1][:9]
            if apart <= NEAR_M and alike >= MIN_NAME and not same_siren:
                found[one.Index, two.Index] = round(min(alike * (1 - apart / (2 * NEAR_M)), 0.99), 4)
    return found


@examples(60)
@given(st.lists(ROW, max_size=7), st.lists(ROW, max_size=7))
def test_suggestions_are_those_of_every_pair(one: list[tuple], two: list[tuple]) -> None:  # type: ignore[type-arg]
    left, right = layer(one, "a"), layer(two, "b")
    before = left.copy(deep=True)
    found = suggest_duplicates(left, right)
    assert left.equals(before)
    pairs = list(zip(found["left"], found["right"], strict=True))
    expected = every_pair(left, right)
    assert len(pairs) == len(set(pairs))
    assert dict(zip(pairs, found["score"], strict=True)) == pytest.approx(expected, abs=1e-4)
    assert found["score"].is_monotonic_decreasing
    assert (found[["decision", "keep", "note"]] == "").all(axis=None)


def test_a_common_siren_without_siret_raises_the_score() -> None:
    left = layer([("le fournil", "", "11111111100011", (0, 0))], "a")
    right = layer([("le fournil", "", "", (60, 0))], "b").assign(siren="111111111")
    found = suggest_duplicates(left, right)
    assert found[["score", "reason"]].to_numpy().tolist() == [[0.99, "name, place and siren"]]
    far = suggest_duplicates(left, right.set_geometry(right.translate(80)))
    assert far["score"].tolist() == [round(1 - 140 / 600 + 0.1, 4)]


def test_at_0_m_only_places_that_are_one_are_near() -> None:
    one = layer([("le fournil", "", "", (0, 0))], "a")
    two = layer([("le fournil", "", "", (0, 0)), ("le fournil", "", "", (1, 0))], "x")
    assert suggest_duplicates(one, two, near_m=0)[["right", "score"]].to_numpy().tolist() == [["x0", 0.99]]


def test_two_lists_in_two_crs_are_refused() -> None:
    left = layer([("a", "", "", (0, 0))], "a")
    with pytest.raises(CRSMismatchError):
        suggest_duplicates(left, left.to_crs(4326))


def test_what_is_settled_is_not_asked_again() -> None:
    rows = [("le fournil", "", "11111111100011", (0, 0))]
    left, right = layer(rows, "a"), layer(rows, "b")
    settled = pd.DataFrame({"left": ["a0"], "right": ["b0"], "decision": ["different"], "keep": [""]})
    assert len(suggest_duplicates(left, right)) == 1
    assert suggest_duplicates(left, right, decisions=settled).empty


def test_nothing_is_merged_without_a_decision() -> None:
    rows = [("le fournil", "", "11111111100011", (0, 0))]
    left, right = layer(rows, "a"), layer(rows, "b")
    for decisions in (None, pd.DataFrame({"left": ["a0"], "right": ["b0"], "decision": ["different"], "keep": [""]})):
        assert apply_decisions(left, right, decisions).index.tolist() == ["a0", "b0"]


def test_decisions_survive_a_refresh_that_drops_and_brings_back_a_row() -> None:
    rows = [("un", "", "", (0, 0)), ("deux", "", "", (9, 9))]
    left, right = layer(rows, "a"), layer(rows, "b")
    settled = pd.DataFrame(
        {"left": ["a0", "a1"], "right": ["b0", "b1"], "decision": ["same", "same"], "keep": ["left", "right"]}
    )
    first = apply_decisions(left, right, settled)
    assert first["same_as"].to_dict() == {"a0": "b0", "b1": "a1"}
    without = apply_decisions(left.iloc[1:], right, settled)
    assert without["same_as"].to_dict() == {"b0": "", "b1": "a1"}
    pd.testing.assert_frame_equal(apply_decisions(left, right, settled), first)
    assert first.crs == left.crs


def test_a_file_of_decisions_says_every_fault_at_once(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(
        "left,right,decision,keep\na,x,same,left\na,x,different,\na,y,same,\nb,z,maybe,\nc,w,same,both\n,v,same,\n",
        encoding="utf-8",
    )
    with pytest.raises(SchemaError) as raised:
        read_decisions(path)
    said = str(raised.value)
    for part in (
        *(
            "row 3, field left, right: are settled in row 2",
            "row 4, field left: 'a' is the same as another in row 2",
        ),
        *("row 5, field decision: unknown value 'maybe'", "row 6, field keep: unknown value 'both'"),
        "row 7, field left, right: name one row of each list",
    ):
        assert part in said
    path.write_text("left,decision\na,same\n", encoding="utf-8")
    with pytest.raises(SchemaError, match="missing column right"):
        read_decisions(path)
