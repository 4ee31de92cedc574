"""Small walking networks, and the streets of Bondy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pyproj
import pytest

from essgeo.access import WalkNetwork, read_network
from essgeo.access.network import UNITS_PER_DEGREE, Ways, build_network

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

ORIGIN = (655_000.0, 6_863_000.0)
TO_DEGREES = pyproj.Transformer.from_crs(2154, 4326, always_xy=True)


def ways_of(lines: Sequence[Sequence[tuple[float, float]]], steps: Sequence[bool] | None = None) -> Ways:
    """Ways drawn in metres around an origin."""
    metres = np.concatenate([np.array(line, dtype=float) for line in lines]) + ORIGIN
    degrees = np.column_stack(TO_DEGREES.transform(metres[:, 0], metres[:, 1]))
    return Ways(
        vertices=np.rint(degrees * UNITS_PER_DEGREE).astype(np.int64),
        way=np.repeat(np.arange(len(lines)), [len(line) for line in lines]),
        steps=np.array(steps if steps is not None else [False] * len(lines)),
        date="2024-01-31",
    )


@pytest.fixture(scope="session")
def draw() -> Callable[..., WalkNetwork]:
    """Network of lines in metres."""

    def network(
        lines: Sequence[Sequence[tuple[float, float]]], steps: Sequence[bool] | None = None, **options: float
    ) -> WalkNetwork:
        return build_network(ways_of(lines, steps), pyproj.CRS(2154), **options)

    return network


@pytest.fixture(scope="session")
def at() -> Callable[..., gpd.GeoDataFrame]:
    """Points in metres around the same origin."""

    def points(*places: tuple[float, float], **columns: Sequence[object]) -> gpd.GeoDataFrame:
        xy = np.array(places, dtype=float).reshape(-1, 2) + ORIGIN
        return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(*xy.T), crs=2154)

    return points


@pytest.fixture(scope="session")
def bondy(shared: Path) -> gpd.GeoDataFrame:
    communes = gpd.read_file(shared / "communes" / "communes93_osm_2025-09-26.geojson").to_crs(2154)
    return communes[communes["insee"] == "93010"]


@pytest.fixture(scope="session")
def streets(shared: Path, bondy: gpd.GeoDataFrame) -> WalkNetwork:
    return read_network(shared / "osm" / "bondy_rue2023_overpass.geojson", bondy)
