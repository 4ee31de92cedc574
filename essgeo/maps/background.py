"""The background tiles a map may ask for: the only thing a page takes from another host."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import urlencode, urlsplit

Choice: TypeAlias = Literal["ign", "osm", "none"]


class Background(NamedTuple):
    """Address of a tile, with ``{z}``, ``{x}`` and ``{y}``, and the HTML that says whose it is."""

    url: str
    attribution: str

    @property
    def host(self) -> str:
        """Scheme and host of the tiles."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


_PLAN_IGN = {
    "SERVICE": "WMTS",
    "REQUEST": "GetTile",
    "VERSION": "1.0.0",
    "LAYER": "GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2",
    "STYLE": "normal",
    "FORMAT": "image/png",
    "TILEMATRIXSET": "PM",
    "TILEMATRIX": "{z}",
    "TILEROW": "{y}",
    "TILECOL": "{x}",
}

BACKGROUNDS = {
    "ign": Background(
        "https://data.geopf.fr/wmts?" + urlencode(_PLAN_IGN, safe="{}/"),
        '<a href="https://geoservices.ign.fr/">© IGN - Géoplateforme</a>',
    ),
    "osm": Background(
        "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
        '<a href="https://www.openstreetmap.org/copyright">© OpenStreetMap</a>',
    ),
}
"""Plan IGN of the Géoplateforme, and OpenStreetMap; whoever publishes chooses one or none, a reader may hide it."""
