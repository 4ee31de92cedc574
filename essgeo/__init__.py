"""Who is out of reach of the social and solidarity economy, and where the next place would do most good."""

from essgeo.geocoding import geocode
from essgeo.sources import read_layer
from essgeo.territory import load_territory

__all__ = ["geocode", "load_territory", "read_layer"]
