"""A still plan of the territory as SVG paths: it prints, needs no script, and its neighbourhoods are links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from essgeo.maps.geojson import TOLERANCE_M

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.results import Study

WIDTH = 640
_MARGIN = 10
_DETAIL = 3 * TOLERANCE_M
_DOT = 2


@dataclass(frozen=True)
class Place:
    """A polygon of the plan: its name, its SVG path, where its label stands and the page it leads to."""

    name: str
    path: str
    x: float
    y: float
    page: str = ""


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
    west, south, east, north = study.communes.total_bounds
    scale = (WIDTH - 2 * _MARGIN) / (east - west)
    shift = (_MARGIN - west * scale, _MARGIN + north * scale)

    def places(layer: gpd.GeoDataFrame, *, linked: bool) -> tuple[Place, ...]:
        drawn = shapely.coverage_simplify(layer.geometry.to_numpy(), _DETAIL)
        drawn = shapely.transform(drawn, lambda xy: xy * (scale, -scale) + shift)
        labels = shapely.point_on_surface(drawn)
        return tuple(
            Place(name, _path(shape), round(label.x, 1), round(label.y, 1), f"{code}.html" if linked else "")
            for code, name, shape, label in zip(layer.index, layer["name"], drawn, labels, strict=True)
        )

    counted = study.structures[study.structures["counted"]].geometry.dropna()
    counted = counted[counted.intersects(shapely.box(west, south, east, north))]
    points = shapely.get_coordinates(counted.to_numpy()) * (scale, -scale) + shift
    return Overview(
        WIDTH,
        round((north - south) * scale + 2 * _MARGIN),
        places(study.communes, linked=False),
        places(study.neighbourhoods, linked=True),
        _dots(points),
    )


def _dots(points: NDArray[np.float64]) -> str:
    seen = np.unique(np.rint(points / _DOT).astype(int) * _DOT, axis=0)
    return "".join(f"M{x} {y}h0" for x, y in seen.tolist())


def _path(shape: shapely.Geometry) -> str:
    rings = [ring for part in shapely.get_parts(shape) for ring in shapely.get_rings(part)]
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in shapely.get_coordinates(ring)[:-1]) + "Z" for ring in rings
    )
