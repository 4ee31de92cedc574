"""A territory as official sources publish it today, with what stands in where one cannot be had."""

from essgeo.sources.live.ask import Live, input_of, take
from essgeo.sources.live.census import live_cells
from essgeo.sources.live.layers import live_layers
from essgeo.sources.live.one_layer import read_layer
from essgeo.sources.live.zones import RENEWAL_VINTAGE, live_projects

__all__ = ["RENEWAL_VINTAGE", "Live", "input_of", "live_cells", "live_layers", "live_projects", "read_layer", "take"]
