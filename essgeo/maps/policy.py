"""The Content-Security-Policy of a page: its own scripts and styles, pictures from the host of its background."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from essgeo.maps.background import BACKGROUNDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from essgeo.maps.assets import Asset
    from essgeo.maps.background import Choice


def policy(background: Choice = "none", scripts: Sequence[Asset] = (), styles: Sequence[Asset] = ()) -> str:
    """Return the policy of a page.

    Parameters
    ----------
    background
        Key of the background tiles; the host of the tiles is the only one a page may ask.
    scripts, styles
        What the page carries. One that stands in the page is allowed by its hash, one beside it by its folder.

    Examples
    --------
    >>> policy("osm").split("; ")[3]
    "img-src 'self' data: https://tile.openstreetmap.org"
    >>> "unsafe" in policy()
    False
    """
    tiles = BACKGROUNDS.get(background)
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {_sources(scripts)}",
            f"style-src {_sources(styles)}",
            " ".join(["img-src 'self' data:", *([tiles.host] if tiles else [])]),
            "connect-src 'none'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _sources(assets: Sequence[Asset]) -> str:
    hashes = [base64.b64encode(hashlib.sha256(asset.text.encode()).digest()).decode() for asset in assets if asset.text]
    return " ".join(f"'sha256-{value}'" for value in hashes) or "'self'"
