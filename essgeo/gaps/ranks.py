"""Ranks of gaps with their intervals, ties included, and what the rows of gaps say in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from essgeo.gaps.reach import THEME_ROWS
from essgeo.schema.vocabulary import THEMES, split_codes
from essgeo.text.languages import words
from essgeo.text.numbers import STABLE, interval, joined, number

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from essgeo.messages import Lang


TIE = 1e-9
"""Shares and gaps that differ by no more are the same: they are sums of thousands of floats, exact to 1e-15 or so."""


def tie_levels(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the place of each value among the distinct ones of its row (last axis), from 0 for the smallest.

    Values within :data:`TIE` of the next one, and so of each other by a chain, are one; NaN comes before all numbers.

    Examples
    --------
    >>> tie_levels(np.array([0.1 + 0.2, 0.3, np.nan, 0.5])).tolist()
    [1, 1, 0, 2]
    """
    values = np.nan_to_num(values, nan=-np.finfo(np.float64).max)
    order = np.argsort(values, axis=-1)
    steps = np.diff(np.take_along_axis(values, order, axis=-1), axis=-1) > TIE
    places = np.zeros(values.shape, dtype=np.int64)
    places[..., 1:] = np.cumsum(steps, axis=-1)
    levels = np.empty_like(places)
    np.put_along_axis(levels, order, places, axis=-1)
    return levels


def rank_intervals(drawn: NDArray[np.float64], level: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the best and the worst rank of each candidate over draws x candidates, rank 1 for the largest value.

    NaN ranks last; candidates that tie in a draw share all the ranks of their tie. Ranks rarer than ``level`` allows
    are left out.

    Examples
    --------
    >>> best, worst = rank_intervals(np.array([[3.0, 2.0, 1.0], [2.0, 3.0, 1.0]]), 0.9)
    >>> best.tolist(), worst.tolist()
    ([1, 1, 3], [2, 2, 3])
    """
    places = tie_levels(drawn)[:, :, None]
    others = np.swapaxes(places, 1, 2)  # draws x 1 x candidates: compared with each candidate in turn
    best = 1 + (others > places).sum(axis=2)
    worst = (others >= places).sum(axis=2)
    tail = (1 - level) / 2
    low = np.quantile(best, tail, axis=0, method="inverted_cdf")
    high = np.quantile(worst, 1 - tail, axis=0, method="inverted_cdf")
    return low.astype(np.int64), high.astype(np.int64)


def overlap_groups(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the group of each interval, 1 for the largest values: intervals that a chain of overlaps ties together.

    Examples
    --------
    >>> overlap_groups(np.array([0.0, 5.0, 1.0]), np.array([2.0, 6.0, 3.0])).tolist()
    [2, 1, 2]
    """
    order = np.argsort(-high, kind="stable")
    reached = np.minimum.accumulate(low[order])  # how far down the intervals so far reach
    apart = np.r_[False, high[order][1:] < reached[:-1] - TIE]
    groups = np.empty(len(low), dtype=np.int64)
    groups[order] = 1 + np.cumsum(apart[: len(low)])
    return groups


def theme_ranks(
    gap: NDArray[np.float64], out_of_reach: NDArray[np.float64], drawn_gap: NDArray[np.float64], level: float
) -> dict[str, NDArray[np.int64]]:
    """Return the rank of each theme in its area, the widest gap first; 0 for the whole ESS.

    Each theme has a rank of its own, since tables are sorted by it: where gaps are the same, the theme that leaves more
    residents out of reach comes first, then the alphabet decides.
    """
    rank = np.zeros(gap.shape, dtype=np.int64)
    low, high = rank.copy(), rank.copy()
    themes = np.flatnonzero(THEME_ROWS["theme_kind"] != "all")
    names = THEME_ROWS["theme"].to_numpy()[themes]
    widest, most = tie_levels(np.nan_to_num(gap[:, themes])), tie_levels(np.nan_to_num(out_of_reach[:, themes]))
    for area in range(len(gap)):
        order = np.lexsort((names, -most[area], -widest[area]))
        rank[area, themes[order]] = 1 + np.arange(len(themes))
        low[area, themes], high[area, themes] = _held(drawn_gap[:, area, themes], rank[area, themes], level)
    return {"rank": rank, "rank_low": low, "rank_high": high}


def zone_ranks(
    table: pd.DataFrame,
    gap: NDArray[np.float64],
    drawn_gap: NDArray[np.float64],
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    level: float,
) -> dict[str, NDArray[np.generic]]:
    """Return the rank of each area among those of its level, theme by theme, and those it cannot be told from.

    Areas whose gaps are the same share the best of their ranks. Arrays are areas x themes, ``drawn_gap`` has an axis of
    draws before, ``ends`` are those of the intervals.
    """
    rank, low, high, group = (np.zeros(gap.shape, dtype=np.int64) for _ in range(4))
    alike = np.full(gap.shape, "", dtype=object)
    identifiers = table["zone_id"].to_numpy(dtype=object)
    for rows in table.groupby("level").indices.values():
        for theme in range(gap.shape[1]):
            places = tie_levels(gap[rows, theme])
            rank[rows, theme] = 1 + (places[None, :] > places[:, None]).sum(axis=1)
            low[rows, theme], high[rows, theme] = _held(drawn_gap[:, rows, theme], rank[rows, theme], level)
            least, most = (np.nan_to_num(end[rows, theme], nan=-np.inf) for end in ends)
            group[rows, theme] = overlap_groups(least, most)
            overlap = (least[:, None] <= most + TIE) & (least <= most[:, None] + TIE)
            np.fill_diagonal(overlap, val=False)
            alike[rows, theme] = ["|".join(map(str, identifiers[rows[others]])) for others in overlap]
    return {
        "zone_rank": rank,
        "zone_rank_low": low,
        "zone_rank_high": high,
        "group": group,
        "not_distinguishable": alike,
    }


def _held(
    drawn: NDArray[np.float64], rank: NDArray[np.int64], level: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the interval of ranks, widened where needed to hold the rank."""
    if not len(drawn):
        return rank, rank
    low, high = rank_intervals(drawn, level)
    return np.minimum(low, rank), np.maximum(high, rank)


Row: TypeAlias = Mapping[str, Any]

NAMED = 3
"""So many areas are named in a sentence; the others are counted."""


def finding(row: Row, names: Mapping[str, str], lang: Lang, *, level: float = 0.9) -> str:
    """Return what a row of :func:`essgeo.gaps.assess_gaps` says, in plain text; ``names`` are those of all areas.

    Examples
    --------
    >>> row = {"neighbourhood": "Le Morillon", "theme": "mobilite", "residents": 5000, "structures": 3, "minutes": 15,
    ...        "out_of_reach": 4000, "out_of_reach_low": 3000, "out_of_reach_high": 5000,
    ...        "gap_points": 12.0, "low": -2.0, "high": 20.0,
    ...        "zone_rank": 1, "zone_rank_low": 1, "zone_rank_high": 3, "not_distinguishable": "noue"}
    >>> text = finding(row, {"noue": "La Noue Caillet"}, "en")
    >>> text[:79]
    'Le Morillon, mobility: 4,000 of 5,000 residents (90% interval: 3,000 to 5,000) '
    >>> text[-78:]
    ' to 20). Rank 1 (1 to 3); the gap cannot be told from that of La Noue Caillet.'
    """
    said = words(lang)["gaps"]
    label = THEMES[row["theme"]][lang]
    place = {"place": row["neighbourhood"], "theme": label if label.isupper() else label[0].lower() + label[1:]}
    if not row["residents"] > 0:
        return said["nobody"].format(**place)
    if not row["structures"]:
        return said["nowhere"].format(**place)
    spread = _spread(row["out_of_reach_low"], row["out_of_reach_high"], lang)
    out = said["out"].format(
        **place,
        out=number(row["out_of_reach"], lang),
        residents=number(row["residents"], lang),
        spread=spread if spread == STABLE[lang] else said["spread"].format(level=f"{100 * level:g}", interval=spread),
        minutes=row["minutes"],
    )
    low, high = row["low"], row["high"]  # percentage points behind the territory
    key = "level"
    if low > 100 * TIE:
        key = "behind"
    elif high < -100 * TIE:
        key, low, high = "ahead", -high, -low
    gap = said[key].format(gap=number(abs(row["gap_points"]), lang), spread=_spread(low, high, lang))
    return " ".join([out, gap, standing(row, names, lang)])


def standing(row: Row, names: Mapping[str, str], lang: Lang) -> str:
    """Return the rank of an area among those of its level, and the areas whose gap cannot be told from its own.

    Parameters
    ----------
    row
        A row of :func:`essgeo.gaps.assess_gaps`.
    names
        Name of each area, by identifier.
    lang
        ``fr`` or ``en``.

    Examples
    --------
    >>> row = {"zone_rank": 1, "zone_rank_low": 1, "zone_rank_high": 1, "not_distinguishable": ""}
    >>> standing(row, {}, "en")
    'Rank 1, apart from the others.'
    """
    said = words(lang)["gaps"]
    others = [names.get(code, code) for code in split_codes(row["not_distinguishable"])]
    shown, rest = others[:NAMED], len(others) - NAMED
    if rest > 0:
        shown.append(said["more"].format(count=rest))
    rank, low, high = row["zone_rank"], row["zone_rank_low"], row["zone_rank_high"]
    return said["alike" if others else "apart"].format(
        rank=f"{rank} ({_spread(low, high, lang)})" if low < high else str(rank),
        others=joined(shown, said["and"]),
    )


def _spread(low: float, high: float, lang: Lang) -> str:
    return interval(number(low, lang), number(high, lang), lang)
