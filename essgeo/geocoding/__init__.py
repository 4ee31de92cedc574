"""Where a structure is, and how sure that is: engines asked in turn, reviews, corrections."""

from essgeo.geocoding.chain import geocode
from essgeo.geocoding.corrections import read_corrections, review
from essgeo.geocoding.match import Local
from essgeo.geocoding.places import Places
from essgeo.geocoding.reverse import reverse_geocode
from essgeo.geocoding.service import Service

__all__ = ["Local", "Places", "Service", "geocode", "read_corrections", "reverse_geocode", "review"]
