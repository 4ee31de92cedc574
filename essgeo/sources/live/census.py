"""Who lives where, as IGN and INSEE publish it today: IRIS, their population and income, and the 200 m grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pandas as pd

from essgeo.errors import SourceChangedError
from essgeo.sources.catalogue import find_source
from essgeo.sources.layers import own_layer
from essgeo.sources.live.ask import Live, take
from essgeo.sources.readers import (
    iris_layer,
    read_grid,
    read_iris_income,
    read_iris_outlines,
    read_iris_population,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd
    import shapely

    from essgeo.words.vocabulary import Lang

MOST_APART = 2.0
_MISMATCH: dict[str, dict[Lang, str]] = {
    "absent": {
        "fr": "Communes sans IRIS aujourd'hui, peut-être fusionnées : {}.",
        "en": "Communes without IRIS today, perhaps merged: {}.",
    },
    "without_population": {
        "fr": "IRIS que le recensement ne connaît pas, comptés sans habitant : {}.",
        "en": "IRIS that the census does not know, counted without residents: {}.",
    },
    "unplaced": {
        "fr": "{} habitants du recensement vivent dans des IRIS sans contour aujourd'hui et ne sont pas comptés.",
        "en": "{} residents of the census live in IRIS without an outline today and are not counted.",
    },
    "empty": {"fr": "IRIS au contour vide, écartés : {}.", "en": "IRIS with an empty outline, left out: {}."},
}


def live_iris(live: Live) -> gpd.GeoDataFrame:
    """Return the ``iris`` layer: outlines of the IGN, population and income of INSEE.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> live = Live(load_territory("est-ensemble"), fetch=unreachable)
    >>> len(live_iris(live)), [source.file for source in live.inputs]
    (161, ['iris.geojson'])
    """
    here = live.territory

    def counted(files: Mapping[str, list[Path]]) -> gpd.GeoDataFrame:
        parts = [read_iris_outlines(path, find_source("iris"), communes=here.communes) for path in files["iris"]]
        (path,) = files["iris_population"]
        people = read_iris_population(path, find_source("iris_population"), communes=here.communes)
        return iris_layer(parts, people, None, communes=here.communes, crs=here.crs)

    def income(files: Mapping[str, list[Path]]) -> pd.Series:
        (path,) = files["iris_income"]
        return read_iris_income(path, find_source("iris_income"), communes=here.communes)

    iris = take(live, "iris", ["iris", "iris_population"], counted, lambda: own_layer(here, "iris"))
    if all(source.url == "" for source in live.inputs if source.layer == "iris"):
        return iris
    live.notes.extend(_mismatches(iris, live.lang))
    median = take(
        live,
        "iris",
        ["iris_income"],
        income,
        lambda: own_layer(here, "iris")["median_income"],
        nothing=lambda: pd.Series(dtype=float),
    )
    return iris.assign(median_income=median.reindex(iris.index).to_numpy(dtype=float))


def live_cells(live: Live, *, within: shapely.Geometry, residents: float) -> gpd.GeoDataFrame | None:
    """Return the 200 m population grid of the territory, None where there is none.

    The grid is of another year than the census and counts tax households, so that the two differ by a few per cent. A
    grid that holds less than half or more than twice the residents of the census is of another place.

    Parameters
    ----------
    live
        How sources are asked.
    within
        The territory, in its CRS.
    residents
        Its residents according to the census.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> live_cells(Live(load_territory("est-ensemble"), fetch=unreachable), within=None, residents=438552) is None
    True
    """
    here = live.territory

    def cells(files: Mapping[str, list[Path]]) -> gpd.GeoDataFrame | None:
        parts = [read_grid(path, find_source("grid_200m"), crs=here.crs, within=within) for path in files["grid_200m"]]
        found = pd.concat(parts)
        held = float(found["ind"].sum())
        if not residents / MOST_APART <= held <= residents * MOST_APART:
            message = f"its cells hold {held:,.0f} residents where the census counts {residents:,.0f}"
            raise SourceChangedError(message, cause="elsewhere")
        return cast("gpd.GeoDataFrame", found)

    return take(live, "demand", ["grid_200m"], cells, nothing=lambda: None)


def _mismatches(iris: gpd.GeoDataFrame, lang: Lang) -> list[str]:
    """Return a sentence for each thing that outlines and census do not have in common."""
    found = {
        "absent": ", ".join(iris.attrs["absent"]),
        "without_population": ", ".join(iris.attrs["without_population"]),
        "unplaced": f"{iris.attrs['unplaced']:.0f}" if iris.attrs["unplaced"] else "",
        "empty": ", ".join(iris.attrs["empty"]),
    }
    return [_MISMATCH[what][lang].format(text) for what, text in found.items() if text]
