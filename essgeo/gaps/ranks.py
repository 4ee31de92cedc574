"""Ranks of gaps with their intervals, ties included, and what the rows of gaps say in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from essgeo.schema.vocabulary import split_codes, theme_in_sentence
from essgeo.text.languages import interval, joined, number, percent, words

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from essgeo.messages import Lang


SILENT = ("none", "none_located", "few_located")
"""Why nothing may be concluded of a theme anywhere in the territory: see :func:`essgeo.gaps.assess_gaps`."""

SURE = 0.95
"""An area is behind, or behind another, where it is in so many of the worlds."""

TIE = 1e-9
"""Shares and gaps that differ by no more are the same: they are sums of thousands of floats, exact to 1e-15 or so."""

DRAWN_TIE = 1e-5
"""The same in a world, whose sums have half as many digits."""


def tie_levels(values: NDArray[np.float64], tie: float = TIE) -> NDArray[np.int64]:
    """Return the place of each value among the distinct ones of its row (last axis), from 0 for the smallest.

    Values within ``tie`` of the next one, and so of each other by a chain, are one; NaN comes before all numbers.

    Examples
    --------
    >>> tie_levels(np.array([0.1 + 0.2, 0.3, np.nan, 0.5])).tolist()
    [1, 1, 0, 2]
    """
    # Along the last axis: sorted, a new level begins wherever a value is more than a tie above the one before, and the
    # levels go back to where the values came from.
    values = np.nan_to_num(values, nan=-np.finfo(np.float64).max)
    order = np.argsort(values, axis=-1)
    steps = np.diff(np.take_along_axis(values, order, axis=-1), axis=-1) > tie
    places = np.zeros(values.shape, dtype=np.int64)
    places[..., 1:] = np.cumsum(steps, axis=-1)
    levels = np.empty_like(places)
    np.put_along_axis(levels, order, places, axis=-1)
    return levels


def rank_intervals(drawn: NDArray[np.floating], level: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the best and the worst rank of each candidate over candidates x worlds, rank 1 for the largest value.

    NaN ranks last; candidates that tie in a world share all the ranks of their tie. Ranks rarer than ``level`` allows
    are left out.

    Examples
    --------
    >>> best, worst = rank_intervals(np.array([[3.0, 2.0], [2.0, 3.0], [1.0, 1.0]]), 0.9)
    >>> best.tolist(), worst.tolist()
    ([1, 1, 3], [2, 2, 3])
    """
    places = tie_levels(drawn.T.astype(np.float64), DRAWN_TIE)[:, :, None]  # worlds x candidates x 1
    others = np.swapaxes(places, 1, 2)  # worlds x 1 x candidates: compared with each candidate in turn
    best = 1 + (others > places).sum(axis=2)
    worst = (others >= places).sum(axis=2)
    # Worlds x candidates. Quantiles are ranks that did occur, not numbers between two of them.
    tail = (1 - level) / 2
    low = np.quantile(best, tail, axis=0, method="inverted_cdf")
    high = np.quantile(worst, 1 - tail, axis=0, method="inverted_cdf")
    return low.astype(np.int64), high.astype(np.int64)


def not_told_apart(value: NDArray[np.float64], drawn: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which areas cannot be told from which: neither has the larger value in :data:`SURE` of the worlds.

    ``drawn`` are areas x worlds; without worlds, those of the same value.

    Examples
    --------
    >>> not_told_apart(np.zeros(2), np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 5.0]]))[0].tolist()
    [False, True]
    """
    if drawn.shape[1]:
        # more[a, b]: in which share of the worlds area a has the larger value; ties count for neither. Area by area, as
        # areas x areas x worlds would be large.
        more = np.stack([(one > drawn + DRAWN_TIE).mean(axis=1) for one in drawn])
        alike = (more < SURE) & (more.T < SURE)
    else:
        places = tie_levels(value)
        alike = places[:, None] == places
    np.fill_diagonal(alike, val=False)
    return alike


def tied_groups(value: NDArray[np.float64], alike: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the group of each area, 1 for the largest values: those that a chain of areas not told apart ties.

    Examples
    --------
    >>> tied_groups(np.array([0.0, 5.0, 1.0]), np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=bool)).tolist()
    [2, 1, 2]
    """
    order = np.argsort(-np.nan_to_num(value, nan=-np.inf), kind="stable")
    linked = alike[np.ix_(order, order)]  # areas x areas, the largest value first
    # A group ends where nobody before is tied to anybody after.
    ends = [not linked[: place + 1, place + 1 :].any() for place in range(len(order))]
    # The group of an area is one more than the ends before it; then back to the order of the areas.
    groups = np.empty(len(order), dtype=np.int64)
    groups[order] = 1 + np.r_[0, np.cumsum(ends[:-1])][: len(order)]
    return groups


def shared_ranks(value: NDArray[np.float64], ranked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the rank of each value among those ranked (last axis), 1 the largest; ties share the best, others 0."""
    places = tie_levels(np.where(ranked, value, np.nan))
    # One axis more: each value beside all those of its row; a rank is how many ranked ones lie above, and one.
    above = (places[..., None, :] > places[..., :, None]) & ranked[..., None, :]
    return np.where(ranked, 1 + above.sum(axis=-1), 0)


def theme_ranks(
    gap: NDArray[np.float64], drawn_gap: NDArray[np.floating], ranked: NDArray[np.bool_], level: float
) -> dict[str, NDArray[np.int64]]:
    """Return the rank of each theme in its area, the widest gap first; 0 where it has none.

    Arrays are areas x themes, ``drawn_gap`` has an axis of worlds after. Themes of the same gap share the best of their
    ranks.
    """
    # Areas differ in the themes that are ranked: each is ranked by itself. Without worlds the ends are the rank.
    rank = shared_ranks(gap, ranked)
    low, high = rank.copy(), rank.copy()
    for area in np.flatnonzero(ranked.any(axis=1)) if drawn_gap.shape[2] else []:
        themes = np.flatnonzero(ranked[area])
        low[area, themes], high[area, themes] = rank_intervals(drawn_gap[area, themes], level)
    return {"rank": rank, "rank_low": low, "rank_high": high}


def zone_ranks(
    table: pd.DataFrame,
    gap: NDArray[np.float64],
    drawn_gap: NDArray[np.floating],
    ranked: NDArray[np.bool_],
    level: float,
) -> dict[str, NDArray[np.generic]]:
    """Return the rank of each area among those of its level, theme by theme, and those it cannot be told from.

    Arrays are areas x themes, ``drawn_gap`` has an axis of worlds after; areas that are not ``ranked`` have rank and
    group 0. Areas whose gaps are the same share the best of their ranks.
    """
    rank, low, high, group = (np.zeros(gap.shape, dtype=np.int64) for _ in range(4))
    alike = np.full(gap.shape, "", dtype=object)
    identifiers = table["zone_id"].to_numpy(dtype=object)
    for level_ in table["level"].unique():
        members = np.flatnonzero(table["level"] == level_)
        for theme in range(gap.shape[1]):
            # rows: the areas of this level that are ranked in this theme; value has one entry each, drawn one a world.
            rows = members[ranked[members, theme]]
            if not len(rows):
                continue
            value, drawn = gap[rows, theme], drawn_gap[rows, theme]
            rank[rows, theme] = low[rows, theme] = high[rows, theme] = shared_ranks(
                value, np.ones(len(rows), dtype=bool)
            )
            if drawn.shape[1]:
                low[rows, theme], high[rows, theme] = rank_intervals(drawn, level)
            tied = not_told_apart(value, drawn)
            group[rows, theme] = tied_groups(value, tied)
            alike[rows, theme] = ["|".join(map(str, identifiers[rows[others]])) for others in tied]
    return {
        "zone_rank": rank,
        "zone_rank_low": low,
        "zone_rank_high": high,
        "group": group,
        "not_distinguishable": alike,
    }


Row: TypeAlias = Mapping[str, Any]

NAMED = 3
"""So many areas are named in a sentence; the others are counted."""


def finding(row: Row, names: Mapping[str, str], lang: Lang, *, level: float = 0.9) -> str:
    """Return what a row of :func:`essgeo.gaps.assess_gaps` says, in plain text; ``names`` are those of all areas.

    Examples
    --------
    >>> row = {"neighbourhood": "Le Morillon", "theme": "mobilite", "residents": 5000, "structures": 3, "minutes": 15,
    ...        "conclusion": "", "share": 0.2, "structures_located": 3, "out_of_reach": 4000,
    ...        "out_of_reach_low": 3000, "out_of_reach_high": 5000,
    ...        "gap_points": 12.0, "low": -2.0, "high": 20.0,
    ...        "zone_rank": 1, "zone_rank_low": 1, "zone_rank_high": 3, "not_distinguishable": "noue"}
    >>> text = finding(row, {"noue": "La Noue Caillet"}, "en")
    >>> text[:79]
    'Le Morillon, mobility: 4,000 of 5,000 residents (90% interval: 3,000 to 5,000) '
    >>> text[-78:]
    ' to 20). Rank 1 (1 to 3); the gap cannot be told from that of La Noue Caillet.'
    """
    said = words(lang)["gaps"]
    place = {"place": row["neighbourhood"], "theme": theme_in_sentence(row["theme"], lang)}
    unknown = row["conclusion"] in {"nobody", "not_measured", *SILENT}
    ends = row["out_of_reach_low"], row["out_of_reach_high"]
    people = row.get("residents_measured", row["residents"])
    if unknown and people > 0:  # the share within reach, since no gap is named
        ends = people - ends[1], people - ends[0]
    out = said[row["conclusion"] if unknown else "out"].format(
        **place,
        out=number(row["out_of_reach"], lang),
        share=percent(row["share"], lang),
        structures=number(row["structures"], lang),
        located=number(row["structures_located"], lang),
        residents=number(people, lang),
        measured=percent(people / row["residents"] if row["residents"] else math.nan, lang),
        spread=said["spread"].format(level=f"{100 * level:g}", interval=_spread(*ends, lang)),
        minutes=row["minutes"],
    )
    if unknown:
        return out
    if row["conclusion"] == "nothing_beside":
        return f"{out} {said['nothing_beside']}"
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
        rank=f"{rank} ({_spread(low, high, lang)})" if low < high else str(rank), others=joined(shown, said["and"])
    )


def _spread(low: float, high: float, lang: Lang) -> str:
    return interval(number(low, lang), number(high, lang), lang)
