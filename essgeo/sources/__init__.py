"""Where data come from: files of a territory, of a user, of a publisher."""

from essgeo.sources.layers import npnru_zones, read_layer, read_user_layer
from essgeo.sources.structures import read_structures
from essgeo.sources.tables import read_table

__all__ = ["npnru_zones", "read_layer", "read_structures", "read_table", "read_user_layer"]
