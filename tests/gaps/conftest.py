"""A small town with structures, and the embedded territory."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from essgeo import demand_points, geocode, load_territory, read_layer
from essgeo.gaps import Areas

AS_OF = dt.date(2026, 1, 1)


@dataclass(frozen=True)
class Town:
    """Everything a gap is computed from."""

    demand: gpd.GeoDataFrame
    structures: gpd.GeoDataFrame
    areas: Areas


@pytest.fixture(scope="session")
def town() -> Town:
    """Three neighbourhoods along a street; the third is empty."""
    random = np.random.default_rng(3)
    count = 90
    x = random.uniform(0, 6000, count)
    zone = np.minimum(x // 2000, 2).astype(int)
    people = np.where(zone == 2, 0.0, random.uniform(1, 50, count))
    demand = gpd.GeoDataFrame(
        {"population": people, "income": np.where(x % 5 < 1, np.nan, 12_000 + 4 * x), "method": "grid"},
        geometry=gpd.points_from_xy(x, random.uniform(0, 900, count)),
        crs=2154,
    )
    structures = gpd.GeoDataFrame(
        {
            "name": ["=A1", "<b>B</b>", "C", "D"],
            "city": ["Bondy"] * 4,
            "sectors": ["mobilite", "mobilite|numerique", "numerique", "tiers_lieu"],
            "challenges": ["jeunesse", "", "", "jeunesse"],
            "status": ["active", "unknown", "active", "unknown"],
            "geo_radius_m": [0.0, 100.0, 300.0, 0.0],
        },
        geometry=gpd.points_from_xy([300, 1500, 2600, 3900], [400, 200, 700, 100]),
        index=pd.Index(list("abcd"), name="structure_id"),
        crs=2154,
    )
    matrix = np.vstack([people, *(people * (zone == number) for number in range(3))])
    table = pd.DataFrame(
        {
            "level": ["territory"] + ["neighbourhood"] * 3,
            "zone_id": ["t", "west", "middle", "nobody"],
            "zone_name": ["T", "West", "Middle", "Nobody's"],
            "vintage": "",
            "residents": matrix.sum(axis=1),
        }
    )
    return Town(demand, structures, Areas(table, sparse.csr_matrix(matrix)))


@pytest.fixture(scope="session")
def layers() -> dict[str, gpd.GeoDataFrame]:
    """Layers of the embedded territory, with its demand points 400 m apart."""
    here = load_territory("est-ensemble")
    names = ("neighbourhoods", "communes", "qpv", "iris", "addresses")
    found = {name: read_layer(here, name) for name in names}
    found["structures"] = geocode(read_layer(here, "structures"), using=found["addresses"])
    found["demand"] = demand_points(found["iris"], neighbourhoods=found["neighbourhoods"], spacing_m=400)
    return found
