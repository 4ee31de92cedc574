"""Templates, scripts, background and content policy of a page."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias
from urllib.parse import urlencode, urlsplit

import segno
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from essgeo.maps.actors import station
from essgeo.maps.findings import Row, interval, walk, walk_to
from essgeo.schema.columns import COLUMNS
from essgeo.schema.vocabulary import (
    CHALLENGES,
    FAMILIES,
    GEO_STATUSES,
    PLACE_CHANGES,
    ROLES,
    SITE_STATES,
    STAGES,
    STATUSES,
    THEMES,
)
from essgeo.territory import DEFAULT, Colours
from essgeo.text import languages
from essgeo.text.languages import method_in_words, texts, typeset

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from essgeo.messages import Lang


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

FOLDER = "assets"

LEAFLET_SCRIPT, LEAFLET_STYLE = "leaflet.js", "leaflet.css"
"""Version 1.9.4 as its authors publish it: ``make check`` compares them with the package."""

MAP_SCRIPT, GROUND_SCRIPT, COMPARE_SCRIPT = "essgeo.js", "ground.js", "compare.js"
TABLES_SCRIPT, SHARE_SCRIPT = "tables.js", "share.js"

STYLE, SITING_STYLE = "essgeo.css", "siting.css"

LAYERS, REGISTER = "layers.js", "register.js"

_MODULES = (
    "dom.js",
    "register.js",
    "symbols.js",
    "popups.js",
    "layers.js",
    "base.js",
    "fill.js",
    "structures.js",
    "whatif.js",
    "address.js",
    "background.js",
    "link.js",
    "lists.js",
    "page.js",
)


class Asset(NamedTuple):
    """A script or a style: the address of its file, or its text where it stands in the page."""

    src: str
    text: Markup = Markup("")


@cache
def asset_texts(colours: Colours = DEFAULT) -> dict[str, str]:
    """Return the text of each script and style by the name of its file; the modules of a map are one script."""
    package, ours = files("essgeo.maps") / "leaflet", files("essgeo.maps") / "static"
    texts = {name: (package / name).read_text(encoding="utf-8") for name in (LEAFLET_SCRIPT, LEAFLET_STYLE)}
    own = (STYLE, SITING_STYLE, GROUND_SCRIPT, COMPARE_SCRIPT, TABLES_SCRIPT, SHARE_SCRIPT)
    texts |= {name: (ours / name).read_text(encoding="utf-8") for name in own}
    texts[STYLE] += f":root {{ --accent: {colours.accent}; --tint: {colours.tint}; }}\n"
    texts[MAP_SCRIPT] = "\n".join((ours / name).read_text(encoding="utf-8") for name in _MODULES)
    return texts


def linked_assets(*names: str) -> list[Asset]:
    """Return assets that stand in the folder ``assets`` beside the page."""
    return [Asset(f"{FOLDER}/{name}") for name in names]


def inline_assets(texts: Mapping[str, str], *names: str) -> list[Asset]:
    """Return assets that stand in the page itself."""
    whole = [texts[name].replace("</script", "<\\/script") for name in names]
    return [Asset("", Markup(text)) for text in whole]  # noqa: S704 - our own, and none can end its element


def write_assets(out: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write scripts and styles into the folder ``assets`` of a published folder, and return their paths."""
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in texts]


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


BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that change the direction of the text around them: they go before anything is shown."""

_UNSAFE = re.compile("[<>&\u2028\u2029]")

_VOCABULARIES = {
    "theme": THEMES,
    "family": FAMILIES,
    "role": ROLES,
    "stage": STAGES,
    "status": STATUSES,
    "geo_status": GEO_STATUSES,
    "site_state": SITE_STATES,
    "challenge": CHALLENGES,
    "place_change": PLACE_CHANGES,
}


def data_block(value: Any) -> Markup:  # noqa: ANN401 - anything JSON can say
    r"""Return JSON that may stand inside a ``<script>`` element, as data or as a literal.

    Raises
    ------
    ValueError
        A number is not finite.

    Examples
    --------
    >>> print(data_block({"name": "</script>"}))
    {"name":"\u003c/script\u003e"}
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    escaped = _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", BIDI_CONTROLS.sub("", text))
    return Markup(escaped)  # noqa: S704 - nothing left that could end the element


def data_script(name: str, value: Any) -> str:  # noqa: ANN401 - anything JSON can say
    r"""Return a script that holds a value for the pages, in a file that opens from the disk as from a server.

    Examples
    --------
    >>> data_script("register", {"count": 2})
    '(self.essgeoData=self.essgeoData||{}).register={"count":2};\n'
    """
    return f"(self.essgeoData=self.essgeoData||{{}}).{name}={data_block(value)};\n"


def web_address(text: str) -> str:
    """Return the text where it is an http or https address, and nothing where it is anything else.

    Examples
    --------
    >>> web_address("https://example.org/a"), web_address("javascript:alert(1)")
    ('https://example.org/a', '')
    """
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return ""
    return text.strip() if parts.scheme in {"http", "https"} and parts.netloc and " " not in text.strip() else ""


def qr_code(address: str) -> Markup:
    """Return an address as a QR code in SVG, with its quiet zone."""
    drawn = segno.make(address, error="m", micro=False).svg_inline(border=4, omitsize=True, svgclass="qr")
    return Markup(drawn)  # noqa: S704 - squares alone: the address is in their places


_BETWEEN_SOURCES = re.compile(r"\s*\|\s*|\s*;\s+")


def source_links(text: str) -> list[tuple[Markup, str]]:
    """Return the parts of a source: the address of each that is one, ``""`` for others, and what is shown of it.

    A link is shown by its host: addresses are long, and a page lists many.

    Examples
    --------
    >>> [shown for _, shown in source_links("INSEE, 2021 ; https://www.pantin.fr/la-ville/friche,05-12.html")]
    ['INSEE, 2021', 'pantin.fr']
    """
    parts = [(web_address(part), part) for part in _BETWEEN_SOURCES.split(text)]
    return [
        (escape(address), urlsplit(address).netloc.removeprefix("www.") if address else part) for address, part in parts
    ]


HUNDRED = 100


def figure(row: Row, lang: Lang) -> tuple[str, str]:
    """Return a figure of need and its interval as a reader writes them.

    Examples
    --------
    >>> row = {"indicator": "pct_overcrowded_2022", "need_value": 0.3187, "need_low": 0.2055, "need_high": 0.4506}
    >>> figure(row, "en")
    ('32%', '21% to 45%')
    """
    share = row["indicator"] in COLUMNS and COLUMNS[row["indicator"]].unit.get("fr") == "0-1"

    def written(value: float) -> str:
        return (
            languages.percent(value, lang)
            if share
            else languages.number(value, lang, 0 if abs(value) >= HUNDRED else 1)
        )

    if math.isnan(row["need_value"]):
        return languages.MISSING, ""
    ends = written(row["need_low"]), written(row["need_high"])
    return written(row["need_value"]), "" if ends[0] == ends[1] else languages.interval(*ends, lang)


@cache
def environment(lang: Lang) -> Environment:
    """Return the templates of a language, with their filters; every value is escaped."""
    made = Environment(
        loader=PackageLoader("essgeo.maps"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=partial(_plain, lang=lang),
    )
    made.globals.update(lang=lang, t=texts(lang))
    made.filters.update(
        number=partial(languages.number, lang=lang),
        percent=partial(languages.percent, lang=lang),
        walk=partial(walk, lang=lang),
        walk_to=partial(walk_to, lang=lang),
        station=partial(station, lang=lang),
        figure=partial(figure, lang=lang),
        day=partial(languages.day, lang=lang),
        placed=languages.placed,
        method=partial(method_in_words, lang=lang),
        links=source_links,
        data_block=data_block,
        qr=qr_code,
        label=lambda code, vocabulary: _VOCABULARIES[vocabulary].get(code, {}).get(lang, code),
    )
    made.filters["interval"] = lambda low, high, share=False: interval(low, high, lang, share=share)
    return made


def render(template: str, lang: Lang, context: Mapping[str, Any]) -> str:
    """Return a page."""
    return environment(lang).get_template(template).render(context)


def block(template: str, name: str, lang: Lang, context: Mapping[str, Any]) -> str:
    """Return what one block of a page says, as text: its title, or its description."""
    page = environment(lang).get_template(template)
    return Markup("".join(page.blocks[name](page.new_context(dict(context))))).unescape()  # noqa: S704 - escaped already


def _plain(value: Any, lang: Lang) -> Any:  # noqa: ANN401 - whatever a template prints
    if type(value) is not str:
        return value
    text = BIDI_CONTROLS.sub("", value)
    return typeset(text) if lang == "fr" else text
