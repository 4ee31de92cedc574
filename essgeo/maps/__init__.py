"""Published pages: a portal, the map of the territory, a page for each target neighbourhood, the method."""

from essgeo.maps.build import build_embed, build_maps

__all__ = ["build_embed", "build_maps"]
