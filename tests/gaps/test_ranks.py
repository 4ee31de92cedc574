"""Ranks with intervals, areas that nothing tells apart, and the sentences that say so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo.gaps.ranks import finding, not_told_apart, rank_intervals, tied_groups

WORLDS = st.integers(1, 8).flatmap(
    lambda areas: st.lists(st.lists(st.integers(0, 9), min_size=areas, max_size=areas), min_size=1, max_size=6)
)


@given(drawn=WORLDS)
def test_groups_by_a_plain_search(drawn: list[list[int]]) -> None:
    worlds = np.array(drawn, dtype=float).T  # areas x worlds
    value = worlds.mean(axis=1)
    alike = not_told_apart(value, worlds)
    for one, mine in enumerate(worlds.tolist()):
        for other, theirs in enumerate(worlds.tolist()):
            more = sum(a > b for a, b in zip(mine, theirs, strict=True)) / len(mine)
            less = sum(a < b for a, b in zip(mine, theirs, strict=True)) / len(mine)
            assert alike[one, other] == (one != other and max(more, less) < 0.95)
    groups = tied_groups(value, alike)
    for one in range(len(value)):
        for other in range(len(value)):
            assert not alike[one, other] or groups[one] == groups[other]
            assert groups[one] >= groups[other] or value[one] >= value[other]


@given(values=st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_ranks_of_one_draw_are_those_of_sorting(values: list[int]) -> None:
    best, worst = rank_intervals(np.array([values], dtype=float).T, 0.9)
    order = sorted(values, reverse=True)
    assert best.tolist() == [order.index(value) + 1 for value in values]
    assert worst.tolist() == [len(order) - order[::-1].index(value) for value in values]


def test_rare_ranks_are_cut_off() -> None:
    drawn = np.array([[2.0, 1.0]] * 99 + [[1.0, 2.0]])
    best, worst = rank_intervals(drawn.T, 0.9)
    assert (best.tolist(), worst.tolist()) == ([1, 2], [1, 2])


ROW = {
    "neighbourhood": "Le Morillon",
    "theme": "mobilite",
    "residents": 5000.0,
    "conclusion": "",
    "share": 0.2,
    "structures": 3,
    "structures_located": 3,
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
        ({"low": -1.0}, "ne se distingue pas de zéro (de \u22121 à 20)", "cannot be told from zero (\u22121 to 20)"),
        ({}, "4\u202f000 habitants sur 5\u202f000", "4,000 of 5,000 residents"),
        ({}, "distinct des autres", "apart from the others"),
        ({"not_distinguishable": "a|b"}, "de celui de A et B.", "from that of A and B."),
        ({"not_distinguishable": "a|b|c|d|e"}, "A, B, C et 2 autres.", "A, B, C and 2 others."),
        ({"conclusion": "none", "structures": 0}, "ne connaît aucun lieu", "knows no place"),
        ({"conclusion": "none_located"}, "aucun des 3 lieux", "of 3 places known to the register none has a position"),
        ({"conclusion": "few_located", "structures_located": 1}, "1 des 3 lieux", "1 have a position, too few"),
        ({"conclusion": "nobody", "residents": 0.0}, "personne n'habite ici", "nobody lives here"),
    ],
)
def test_sentences(changes: dict[str, object], french: str, english: str) -> None:
    names = dict(zip("abcde", "ABCDE", strict=True))
    assert french in finding(ROW | changes, names, "fr")
    assert english in finding(ROW | changes, names, "en")
