from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Layer = Callable[..., gpd.GeoDataFrame]

LAMBERT_93 = "EPSG:2154"


@pytest.fixture
def zones_of() -> Layer:
    def build(shapes: Iterable[Any], vintage: str = "2024", prefix: str = "Z") -> gpd.GeoDataFrame:
        shapes = list(shapes)
        index = pd.Index([f"{prefix}{i}" for i in range(len(shapes))], name="zone_id", dtype="str")
        return gpd.GeoDataFrame({"vintage": [vintage] * len(shapes)}, index=index, geometry=shapes, crs=LAMBERT_93)

    return build


@pytest.fixture
def points_of() -> Layer:
    def build(coordinates: Any, radius: Any = 0.0) -> gpd.GeoDataFrame:
        shapes = [None if xy is None else shapely.Point(xy) for xy in coordinates]
        index = pd.Index([f"p{i}" for i in range(len(shapes))], name="structure_id", dtype="str")
        return gpd.GeoDataFrame({"geo_radius_m": radius}, index=index, geometry=shapes, crs=LAMBERT_93)

    return build
