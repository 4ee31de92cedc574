"""Where data come from: files of a territory, of a user, of a publisher."""

from essgeo.sources.layers import read_layers
from essgeo.sources.live import read_layer
from essgeo.sources.structures import read_structures
from essgeo.sources.tables import read_table
from essgeo.sources.zones import read_zones

__all__ = ["read_layer", "read_layers", "read_structures", "read_table", "read_zones"]
