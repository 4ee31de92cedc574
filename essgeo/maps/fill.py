"""The fill of a map: residents as squares, the classes of each theme, and how sure a share is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from essgeo.access.demand import GRID_METHOD
from essgeo.crs import GEOGRAPHIC
from essgeo.maps.drawing import steps_of
from essgeo.maps.findings import where
from essgeo.schema.vocabulary import THEMES
from essgeo.siting.conditions import CELL_M, group_by_cell

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.results import Study


SHARE_COLOURS = ("#e6f4f6", "#f0e6c3", "#f4d39c", "#efb970", "#e4a052")
"""From all within reach to nobody; each darker than the last, and light enough that every symbol stands out on it."""

UNSURE, UNKNOWN = 0.3, 0.7
"""An interval as wide as the first makes a share lighter; of one as wide as the second no share is drawn.

On the IRIS of Est Ensemble, all themes taken together, 40 % of intervals are narrower than the first, and 44 % are as
wide as the second."""

LEAST_CLASS = 10
"""Classes of a theme begin at multiples of this many points, so that none is narrower."""

SHARE_DIGITS = 3

FULL = 0.95
"""A square as large as its cell stands for as many residents as live in fewer than this share of the cells."""


def coverage_themes(study: Study) -> list[str]:
    """Return the themes of the fill, in the order of the vocabulary."""
    known = set(study.iris_coverage["theme"].unique())
    return [code for code in THEMES if code in known]


def fill_content(study: Study) -> dict[str, Any]:
    """Return what the fill of a map is drawn from.

    ``shares`` and ``ends`` are by IRIS and in the order of ``themes``: the share within reach, and the ends of its
    interval in hundredths. ``classes`` are by theme. ``cells`` are columns, one value a square: steps of ``latitude``
    and ``longitude`` from one to the next in 0.00001°, residents, and the place of its IRIS among ``codes``.
    """
    themes, codes, shares, classes = _shares(study)
    return {
        "themes": themes,
        "codes": codes,
        "shares": dict(zip(codes, _known(shares[:, :, 0].round(SHARE_DIGITS)), strict=True)),
        "ends": dict(zip(codes, _known(np.rint(100 * shares[:, :, 1:])), strict=True)),
        "classes": dict(zip(themes, classes, strict=True)),
        "cells": _cells(study.demand, {code: place for place, code in enumerate(codes)}),
        "cell_m": CELL_M,
        "unsure": [UNSURE, UNKNOWN],
        "grid": bool((study.demand["method"] == GRID_METHOD).all()),
    }


def _shares(study: Study) -> tuple[list[str], list[str], NDArray[np.float64], list[dict[str, Any]]]:
    """Return the themes, the codes of the IRIS, the share within reach with the ends of its interval, and the classes.

    Shares are an array of shape (IRIS, themes, 3), NaN where one is not known; classes are by theme.
    """
    table, themes = where(study.iris_coverage, minutes=study.parameters.walk_minutes), coverage_themes(study)
    codes, row = np.unique(table["iris_code"].to_numpy(dtype=str), return_inverse=True)
    place = pd.Index(themes).get_indexer(pd.Index(table["theme"]))
    shares = np.full((len(codes), len(themes), 3), np.nan)
    ends = table[["share", "share_low", "share_high"]].to_numpy(dtype=float)
    shares[row[place >= 0], place[place >= 0]] = ends[place >= 0]
    people = study.iris["population"].reindex(codes).fillna(0).to_numpy(dtype=float)
    return themes, codes.tolist(), shares, [classes_of(shares[:, place, 0], people) for place in range(len(themes))]


def classes_of(shares: NDArray[np.float64], people: NDArray[np.float64]) -> dict[str, Any]:
    """Return the classes of a theme: their lower bounds but that of the last, from the highest, and their first colour.

    Classes hold about as many residents each, five at most. Where there are fewer, their colours lie where their share
    does: a theme that nobody reaches is dark.

    Examples
    --------
    >>> classes_of(np.array([0.05, 0.3, 0.5, 0.7, 0.95]), np.ones(5))
    {'breaks': [0.9, 0.7, 0.5, 0.3], 'first': 0}
    >>> classes_of(np.array([0.01, 0.02]), np.ones(2))
    {'breaks': [], 'first': 4}
    """
    known = (people > 0) & ~np.isnan(shares)
    shares, people = shares[known], people[known]
    if not len(shares):
        return {"breaks": [], "first": 0}
    order = np.argsort(shares)
    below = np.cumsum(people[order]) / people.sum()
    count = len(SHARE_COLOURS)
    middle = [shares[order][np.searchsorted(below - 1e-9, part / count, side="right")] for part in range(1, count)]
    bounds = np.unique(np.floor(100 * np.array(middle) / LEAST_CLASS + 1e-9) * LEAST_CLASS) / 100
    # A class that nobody lives in is none.
    held = np.searchsorted(bounds, shares, side="right")
    breaks = [float(bound) for place, bound in enumerate(bounds) if (held <= place).any() and (held == place + 1).any()]
    out_of_reach = float(1 - np.average(shares, weights=people))
    return {"breaks": breaks[::-1], "first": round((count - 1 - len(breaks)) * out_of_reach)}


def colours_of_iris(study: Study) -> dict[str, dict[str, str]]:
    """Return by theme the colour of each IRIS of which a share is drawn, for a picture: paler where it is not sure."""
    themes, codes, shares, classes = _shares(study)
    colours: dict[str, dict[str, str]] = {theme: {} for theme in themes}
    for place, (theme, of_theme) in enumerate(zip(themes, classes, strict=True)):
        for code, (share, low, high) in zip(codes, shares[:, place].tolist(), strict=True):
            if not math.isnan(share) and not high - low >= UNKNOWN:
                colour = SHARE_COLOURS[of_theme["first"] + sum(share < bound for bound in of_theme["breaks"])]
                colours[theme][code] = _paler(colour) if high - low >= UNSURE else colour
    return colours


def _paler(colour: str) -> str:
    """Return a colour half way to white.

    >>> _paler("#e4a052")
    '#f2d0a9'
    """
    return "#" + "".join(f"{(int(colour[start : start + 2], 16) + 256) // 2:02x}" for start in (1, 3, 5))


def _cells(demand: gpd.GeoDataFrame, iris: dict[str, int]) -> dict[str, list[int] | int]:
    """Return the residents of cells of 200 m, each of one IRIS; points of a grid are cells already."""
    known = demand[demand["iris_code"].isin(list(iris)) & (demand["population"] > 0)]
    if not (known["method"] == GRID_METHOD).all():
        known = group_by_cell(known)
    if len(known):
        known = known.iloc[np.argsort(known.hilbert_distance().to_numpy(), kind="stable")]
    points = known.geometry.to_crs(GEOGRAPHIC)
    people = known["population"].to_numpy(dtype=float)
    return {
        "latitude": steps_of(points.y.to_numpy()),
        "longitude": steps_of(points.x.to_numpy()),
        "people": np.maximum(np.rint(people), 1).astype(int).tolist(),
        "iris": known["iris_code"].map(iris).astype(int).tolist(),
        "full": math.ceil(np.quantile(people, FULL)) if len(people) else 1,
    }


def _known(values: NDArray[np.float64]) -> list[Any]:
    """Return an array as lists, None where a number is not known."""
    known = values.astype(object)
    known[np.isnan(values)] = None
    found: list[Any] = known.tolist()
    return found
