"""Ranks with intervals, groups that overlap, and the sentences that say so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.gaps.ranks import finding, overlap_groups, rank_intervals

INTERVALS = st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 20)), min_size=1, max_size=12)


@given(drawn=INTERVALS)
def test_groups_by_a_plain_search(drawn: list[tuple[int, int]]) -> None:
    low = np.array([start for start, _ in drawn], dtype=float)
    high = low + [length for _, length in drawn]
    groups = overlap_groups(low, high)
    reached = np.eye(len(low), dtype=bool) | ((low[:, None] <= high) & (low <= high[:, None]))
    for _ in low:
        reached = reached @ reached
    np.testing.assert_array_equal(groups[:, None] == groups, reached)
    for one in range(len(low)):
        for other in range(len(low)):
            assert groups[one] >= groups[other] or low[one] > high[other]


@given(values=st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_ranks_of_one_draw_are_those_of_sorting(values: list[int]) -> None:
    best, worst = rank_intervals(np.array([values], dtype=float), 0.9)
    order = sorted(values, reverse=True)
    assert best.tolist() == [order.index(value) + 1 for value in values]
    assert worst.tolist() == [len(order) - order[::-1].index(value) for value in values]


def test_rare_ranks_are_cut_off() -> None:
    drawn = np.array([[2.0, 1.0]] * 99 + [[1.0, 2.0]])
    best, worst = rank_intervals(drawn, 0.9)
    assert (best.tolist(), worst.tolist()) == ([1, 2], [1, 2])


ROW = {
    "neighbourhood": "Le Morillon",
    "theme": "mobilite",
    "residents": 5000.0,
    "structures": 3,
    "minutes": 15,
    "out_of_reach": 4000.0,
    "out_of_reach_low": 3000.0,
    "out_of_reach_high": 5000.0,
    "gap_points": 12.0,
    "low": 4.0,
    "high": 20.0,
    "zone_rank": 1,
    "zone_rank_low": 1,
    "zone_rank_high": 2,
    "not_distinguishable": "",
}


@pytest.mark.parametrize(
    ("changes", "french", "english"),
    [
        ({}, "12 points de moins que le territoire (de 4 à 20)", "12 points behind the territory (4 to 20)"),
        (
            {"gap_points": -9.0, "low": -12.0, "high": -3.0},
            "9 points de mieux",
            "9 points ahead of the territory (3 to 12)",
        ),
        ({"low": -1.0}, "ne se distingue pas de zéro (de -1 à 20)", "cannot be told from zero (-1 to 20)"),
        ({}, "4\u202f000 habitants sur 5\u202f000", "4,000 of 5,000 residents"),
        ({}, "distinct des autres", "apart from the others"),
        ({"not_distinguishable": "a|b"}, "de celui de A et B.", "from that of A and B."),
        ({"not_distinguishable": "a|b|c|d|e"}, "A, B, C et 2 autres.", "A, B, C and 2 others."),
        ({"structures": 0}, "ne localise aucune structure", "locates no structure"),
        ({"residents": 0.0}, "personne n'habite ici", "nobody lives here"),
    ],
)
def test_sentences(changes: dict[str, object], french: str, english: str) -> None:
    names = dict(zip("abcde", "ABCDE", strict=True))
    assert french in finding(ROW | changes, names, "fr")
    assert english in finding(ROW | changes, names, "en")
