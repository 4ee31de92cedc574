"""Readers of official files, one format a module; the names their columns carry stand in the catalogue."""

from essgeo.sources.readers.cartofriches import read_cartofriches
from essgeo.sources.readers.grid import read_grid
from essgeo.sources.readers.iris import iris_layer, read_iris_income, read_iris_outlines, read_iris_population
from essgeo.sources.readers.npnru import read_npnru
from essgeo.sources.readers.qpv import read_qpv
from essgeo.sources.readers.stations import read_stations

__all__ = [
    "iris_layer",
    "read_cartofriches",
    "read_grid",
    "read_iris_income",
    "read_iris_outlines",
    "read_iris_population",
    "read_npnru",
    "read_qpv",
    "read_stations",
]
