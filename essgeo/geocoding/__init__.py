"""Where a structure is, and how sure that is."""

from essgeo.geocoding.chain import geocode
from essgeo.geocoding.corrections import read_corrections, review

__all__ = ["geocode", "read_corrections", "review"]
