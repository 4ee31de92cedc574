"""Plans drawn as SVG: the overview and the sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import shapely

from essgeo.maps.popups import TOLERANCE_M

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.results import Study


WIDTH, MARGIN = 640, 10

DETAIL_M = 3 * TOLERANCE_M


@dataclass(frozen=True)
class Frame:
    """A plan: its height and its SVG units for one metre, and where the metric origin lies in it."""

    height: int
    scale: float
    shift: tuple[float, float]

    def drawn(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return metric coordinates in SVG units."""
        placed: NDArray[np.float64] = xy * (self.scale, -self.scale) + self.shift
        return placed


@dataclass(frozen=True)
class Place:
    """A polygon of a plan: its name, its SVG path, where its label stands and the page it leads to."""

    name: str
    path: str
    x: float
    y: float
    page: str = ""


def frame(layer: gpd.GeoDataFrame) -> Frame:
    """Return the frame that holds a layer in a metric CRS, :data:`WIDTH` wide.

    Examples
    --------
    >>> import geopandas as gpd
    >>> frame(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 6200, 3100)], crs=2154))
    Frame(height=330, scale=0.1, shift=(10.0, 320.0))
    """
    west, south, east, north = layer.total_bounds.tolist()
    scale = (WIDTH - 2 * MARGIN) / (east - west)
    return Frame(round((north - south) * scale + 2 * MARGIN), scale, (MARGIN - west * scale, MARGIN + north * scale))


def places(layer: gpd.GeoDataFrame, within: Frame, *, linked: bool = False) -> tuple[Place, ...]:
    """Return the polygons of a layer with a name, simplified together so that neighbours stay glued.

    Parameters
    ----------
    layer
        Polygons with ``name``; the index names their pages.
    within
        From :func:`frame`.
    linked
        Whether each leads to its page.
    """
    shapes = shapely.coverage_simplify(layer.geometry.to_numpy(), DETAIL_M)
    shapes = shapely.transform(shapes, within.drawn)
    labels = shapely.point_on_surface(shapes)
    return tuple(
        Place(name, _path(shape), round(label.x, 1), round(label.y, 1), f"{code}.html" if linked else "")
        for code, name, shape, label in zip(layer.index, layer["name"], shapes, labels, strict=True)
    )


def points(layer: gpd.GeoDataFrame, within: Frame) -> NDArray[np.float64]:
    """Return the points of a layer in SVG units, one row each."""
    return within.drawn(shapely.get_coordinates(layer.geometry.to_numpy()))


def _path(shape: shapely.Geometry) -> str:
    rings = [ring for part in shapely.get_parts(shape) for ring in shapely.get_rings(part)]
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in shapely.get_coordinates(ring)[:-1]) + "Z" for ring in rings
    )


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
