"""A still plan of the territory as SVG paths: it prints, needs no script, and its neighbourhoods are links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import shapely

from essgeo.maps.plan import WIDTH, Place, frame, places, points

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.results import Study

_DOT = 2


@dataclass(frozen=True)
class Overview:
    """The plan: its size in SVG units, its polygons, and its points as one path of dots."""

    width: int
    height: int
    communes: tuple[Place, ...]
    neighbourhoods: tuple[Place, ...]
    structures: str


def overview(study: Study) -> Overview:
    """Return the plan of communes, target neighbourhoods and counted structures, north up.

    Parameters
    ----------
    study
        The run; its layers are in the metric CRS of the territory.

    Returns
    -------
    Overview
        Coordinates in SVG units, one decimal; points that would cover one another are drawn once.
    """
    within = frame(study.communes)
    counted = study.structures[study.structures["counted"] & study.structures.geometry.notna()]
    counted = cast("gpd.GeoDataFrame", counted[counted.intersects(shapely.box(*study.communes.total_bounds))])
    return Overview(
        WIDTH,
        within.height,
        places(study.communes, within),
        places(study.neighbourhoods, within, linked=True),
        _dots(points(counted, within)),
    )


def _dots(xy: NDArray[np.float64]) -> str:
    seen = np.unique(np.rint(xy / _DOT).astype(int) * _DOT, axis=0)
    return "".join(f"M{x} {y}h0" for x, y in seen.tolist())
