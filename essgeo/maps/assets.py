"""The scripts and styles of the pages: Leaflet from its package, our own, and the data of the maps."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup
from xstatic.pkg import leaflet

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = "assets"
LEAFLET_SCRIPT, LEAFLET_STYLE = "leaflet.js", "leaflet.css"
MAP_SCRIPT, STYLE, COMPARE_SCRIPT, SITING_STYLE = "essgeo.js", "essgeo.css", "compare.js", "siting.css"
LAYERS, REGISTER = "layers.js", "register.js"

_MODULES = (
    "dom.js",
    "register.js",
    "symbols.js",
    "popups.js",
    "layers.js",
    "structures.js",
    "background.js",
    "link.js",
    "lists.js",
    "page.js",
)


class Asset(NamedTuple):
    """A script or a style: the address of its file, or its text where it stands in the page."""

    src: str
    text: Markup = Markup("")


def contents() -> dict[str, str]:
    """Return the text of each script and style by the name of its file; the modules of a map are one script.

    Examples
    --------
    >>> sorted(contents())
    ['compare.js', 'essgeo.css', 'essgeo.js', 'leaflet.css', 'leaflet.js', 'siting.css']
    """
    package, ours = Path(leaflet.BASE_DIR), files("essgeo.maps") / "static"
    texts = {name: (package / name).read_text(encoding="utf-8") for name in (LEAFLET_SCRIPT, LEAFLET_STYLE)}
    texts |= {name: (ours / name).read_text(encoding="utf-8") for name in (STYLE, SITING_STYLE, COMPARE_SCRIPT)}
    texts[MAP_SCRIPT] = "\n".join((ours / name).read_text(encoding="utf-8") for name in _MODULES)
    return texts


def beside(*names: str) -> list[Asset]:
    """Return assets that stand in the folder ``assets`` beside the page.

    Examples
    --------
    >>> beside("leaflet.js")[0].src
    'assets/leaflet.js'
    """
    return [Asset(f"{FOLDER}/{name}") for name in names]


def within(texts: Mapping[str, str], *names: str) -> list[Asset]:
    r"""Return assets that stand in the page itself.

    Examples
    --------
    >>> print(within({"a.js": "'</script>'"}, "a.js")[0].text)
    '<\/script>'
    """
    whole = [texts[name].replace("</script", "<\\/script") for name in names]
    return [Asset("", Markup(text)) for text in whole]  # noqa: S704 - our own, and none can end its element


def write_assets(out: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write scripts and styles into the folder ``assets`` of a published folder, and return their paths.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     [path.name for path in write_assets(Path(name), {"essgeo.css": "a {}"})]
    ['essgeo.css']
    """
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in texts]
