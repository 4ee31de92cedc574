"""The scripts and styles that stand beside the pages: Leaflet from its package, and our own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from xstatic.pkg import leaflet

SCRIPTS = (
    "dom.js",
    "symbols.js",
    "register.js",
    "popups.js",
    "layers.js",
    "background.js",
    "link.js",
    "lists.js",
    "page.js",
)
"""Our scripts, in the order they are read."""

_LEAFLET = ("leaflet.js", "leaflet.css")


def write_assets(folder: Path) -> list[Path]:
    """Copy Leaflet and our scripts and style into a folder, and return what was written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     sorted(path.name for path in write_assets(Path(name)))[:3]
    ['background.js', 'dom.js', 'essgeo.css']
    """
    folder.mkdir(parents=True, exist_ok=True)
    package = Path(leaflet.BASE_DIR)
    contents = {name: (package / name).read_bytes() for name in _LEAFLET}
    contents |= {name: (files("essgeo.maps") / "static" / name).read_bytes() for name in (*SCRIPTS, "essgeo.css")}
    written = []
    for name, content in contents.items():
        path = folder / name
        path.write_bytes(content)
        written.append(path)
    return written
