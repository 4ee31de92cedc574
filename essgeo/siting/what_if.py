"""What one place more would bring, wherever in the territory it stood and whatever it hosted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import pandas as pd

from essgeo.access import travel_cost
from essgeo.access.walking import METRES_PER_MINUTE_AT_1_KMH
from essgeo.gaps.reach import THEME_ROWS, known_structures
from essgeo.gaps.shares import street_walks
from essgeo.register.activity import counted_on
from essgeo.siting.candidates import search_areas
from essgeo.siting.conditions import MARGIN
from essgeo.siting.robustness import CHOSEN_ANEW, draw_everything, living_in, near, spots_of
from essgeo.uncertainty import as_flags, ends, reached_squares
from essgeo.uncertainty.counting import POINTS, as_masks, kept_squares, points_in

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import WalkNetwork
    from essgeo.results import Parameters
    from essgeo.uncertainty import Worlds


CELLS = 16
"""Cells are counted so many at a time: more would not stay in the cache."""


class Gains(NamedTuple):
    """Residents whom a place at the centre of a cell would bring within reach who are out of it today.

    Attributes
    ----------
    cells
        From :func:`essgeo.siting.search_areas`.
    themes
        What it may host, the codes of the vocabulary.
    neighbourhoods
        Target neighbourhoods, by their identifiers.
    newly, low, high
        The mean of the worlds and the ends of its interval: cells x themes.
    there
        The part of the mean that lives in each target neighbourhood: cells x themes x neighbourhoods.
    draws
        How many worlds.
    """

    cells: gpd.GeoDataFrame
    themes: tuple[str, ...]
    neighbourhoods: tuple[str, ...]
    newly: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    there: NDArray[np.float64]
    draws: int


def gains_by_cell(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    iris: gpd.GeoDataFrame,
    parameters: Parameters,
    *,
    network: WalkNetwork | None = None,
    worlds: Worlds | None = None,
) -> Gains:
    """Return what a place of each theme would bring in each cell of 200 m, within the walk of a study.

    Each figure is what :func:`essgeo.choose_sites` gives of one site in that cell, over all search areas and in as many
    worlds: those of siting, the first of the study's, but :data:`essgeo.siting.robustness.CHOSEN_ANEW` at most.

    Parameters
    ----------
    demand, structures, iris
        Layers of a study.
    parameters
        Its walk, speed, day, worlds of siting, seed and level.
    network
        The streets to walk on; median walks for straight lines where ``None``.
    worlds
        Those of the study, where they are drawn; else they are drawn again.

    Examples
    --------
    >>> study = small_study()
    >>> iris = study.iris[study.iris["citycode"] == "93010"]  # Bondy
    >>> found = gains_by_cell(study.demand, study.structures, iris, study.parameters)
    >>> found.newly.shape == (len(found.cells), len(found.themes)), bool((found.low <= found.high).all())
    (True, True)
    """
    register = known_structures(structures)
    counted = cast("gpd.GeoDataFrame", register[counted_on(register, None)])
    cells, walk, speed = search_areas(iris), parameters.walk_minutes, parameters.speed_kmh
    longest, draws = MARGIN * walk, min(max(parameters.siting_draws, 1), CHOSEN_ANEW)
    to_cells, to_structures = (
        travel_cost(demand, there, network=network, max_minutes=longest, speed_kmh=speed)
        for there in (cells, counted if network is not None else counted.iloc[:0])
    )
    homes, places, worlds = draw_everything(
        demand,
        counted,
        register,
        as_of=parameters.as_of,
        draws=draws,
        seed=parameters.seed,
        study_draws=parameters.draws,
        worlds=worlds,
    )
    today = living_in(homes, worlds, parameters.seed, {}, {})
    reach = near(today, spots_of(cells, today), to_cells, np.arange(len(cells)), walk, count=today.count)
    # The pairs of a point and a cell that it may be reached from, point after point; ``first`` is where a point begins.
    order = np.argsort(reach.row, kind="stable")
    cell_of = np.repeat(np.arange(len(cells)), np.diff(reach.start))[order]
    first = np.searchsorted(reach.row[order], np.arange(len(demand) + 1))
    bits = reach.bits[order]

    part_of, lives_in = homes.parts(worlds.cell).of, demand["neighbourhood_id"].astype(str)
    names = pd.Index(sorted({*lives_in} - {""}))
    name_of = names.get_indexer(lives_in)  # -1 in none
    # Residents brought within reach: cells x themes x worlds, and of target neighbourhoods the mean of these.
    in_worlds = np.zeros((len(cells), len(THEME_ROWS), today.count), dtype=np.float32)
    there = np.zeros((len(cells), len(THEME_ROWS), len(names)))
    work = np.empty((2, CELLS, *in_worlds.shape[1:]), dtype=np.float32)
    limits = [walk * speed * METRES_PER_MINUTE_AT_1_KMH]
    squares = kept_squares(worlds, limits[0]) or reached_squares(
        homes, places, worlds, limits, measured=street_walks(to_structures)
    )
    for square in squares:
        # Which points of the square each cell near it reaches, and which of them lack each theme: a bit a point.
        ends_of = np.stack([first[square.points], first[square.points + 1]])
        pairs = np.concatenate([np.arange(*of) for of in ends_of.T.tolist()])
        some, place = np.unique(cell_of[pairs], return_inverse=True)
        flags = np.zeros((POINTS, len(some), today.count), dtype=bool)
        flags[np.repeat(np.arange(len(square.points)), np.diff(ends_of, axis=0)[0]), place] = as_flags(bits[pairs])
        reached = as_masks(flags)  # cells x worlds
        lacking = np.full((len(THEME_ROWS), today.count), 0xFFFF, dtype=np.uint16)  # themes x worlds
        lacking[: len(square.masks)] ^= square.masks[:, 0]
        # Points of one part of a cell of residents have as many each: counted, then weighed.
        kinds = [
            (name, lacking & np.uint16(mine), today.living(square.points[[mine.bit_length() - 1]], today.count)[0])
            for name, mine in _bits_of(np.column_stack([part_of[square.points], name_of[square.points]]))
        ]
        for start in range(0, len(some), CELLS):
            to = some[start : start + CELLS]
            newly, total = work[:, : len(to)]  # cells x themes x worlds
            total[:] = 0
            for name, short, each in kinds:
                np.multiply(points_in(reached[start : start + CELLS, None] & short), each, out=newly)
                total += newly
                if name >= 0:
                    there[to, :, name] += newly.mean(axis=2, dtype=np.float64)
            in_worlds[to] += total
    low, high = ends(in_worlds, parameters.level)
    return Gains(
        cells,
        tuple(THEME_ROWS["theme"]),
        tuple(names),
        in_worlds.mean(axis=2, dtype=np.float64),
        low,
        high,
        there,
        today.count,
    )


def _bits_of(kinds: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return, for each kind of point (rows of a part of a cell and a neighbourhood), the neighbourhood and its bits.

    >>> _bits_of(np.array([[7, -1], [8, 0], [7, -1]]))
    [(-1, 5), (0, 2)]
    """
    bits = dict[tuple[int, int], int]()
    for bit, (part, name) in enumerate(kinds.tolist()):
        bits[part, name] = bits.get((part, name), 0) | 1 << bit
    return [(name, mine) for (_, name), mine in bits.items()]
