"""Who is out of reach of the social and solidarity economy, and where the next place would do most good."""

from essgeo.access import demand_points, travel_cost
from essgeo.exports import export
from essgeo.gaps import coverage, find_gaps, gather_areas
from essgeo.geocoding import geocode
from essgeo.maps import build_maps
from essgeo.results import Study
from essgeo.sources import read_layer
from essgeo.study import run_study
from essgeo.territory import Territory, load_territory
from essgeo.zoning import crosswalk, locate_in

__all__ = [
    "Study",
    "Territory",
    "build_maps",
    "coverage",
    "crosswalk",
    "demand_points",
    "export",
    "find_gaps",
    "gather_areas",
    "geocode",
    "load_territory",
    "locate_in",
    "read_layer",
    "run_study",
    "travel_cost",
]
