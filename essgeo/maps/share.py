"""What a page carries out of its folder: whose it is, its address and QR code, the picture that a link to it shows."""

from __future__ import annotations

import base64
import html
import io
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import fontpkg_source_sans_3
import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFont

from essgeo.maps.drawing import fit
from essgeo.maps.fill import colours_of_iris
from essgeo.maps.findings import headline
from essgeo.territory import DEFAULT, INK, PAPER, QUIET
from essgeo.text.languages import texts

if TYPE_CHECKING:
    import geopandas as gpd

    from essgeo.results import Study
    from essgeo.territory import Colours, Publisher, Territory

PICTURE_SIZE = (1200, 630)
"""Pixels of a picture, as most sites show it."""

PICTURES = "pictures"

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="{paper}" '
    'stroke="{accent}" stroke-width="2"/><circle cx="8" cy="8" r="3" fill="{accent}"/></svg>'
)

_SHARP = 2
"""A picture is drawn this many times larger and then reduced, so that its edges are smooth."""


def identity(territory: Territory) -> dict[str, Any]:
    """Return what every page says of who publishes it: the publisher, and its icon and logo as ``data:`` addresses."""
    publisher = territory.publisher
    icon = _ICON.format(paper=PAPER, accent=colours_of(publisher).accent)
    kinds = {".svg": "svg+xml", ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg"}
    logo = publisher.logo if publisher else None
    drawn = base64.b64encode(logo.read_bytes()).decode() if logo else ""
    return {
        "publisher": publisher,
        "icon": f"data:image/svg+xml,{quote(icon)}",
        "logo": f"data:image/{kinds[logo.suffix.lower()]};base64,{drawn}" if logo else "",
    }


def colours_of(publisher: Publisher | None) -> Colours:
    """Return the colours of the pages of a publisher."""
    return publisher.colours if publisher else DEFAULT


def address_of(publisher: Publisher | None, page: str) -> str:
    """Return the address at which a page is published; nothing where that is not known.

    Examples
    --------
    >>> from essgeo.territory import Publisher
    >>> address_of(Publisher("Town", url="https://town.fr/map"), "siting.html")
    'https://town.fr/map/siting.html'
    """
    return f"{publisher.url.rstrip('/')}/{page}" if publisher and publisher.url else ""


def embed_code(title: str) -> str:
    """Return the HTML that puts a map into the page of someone else, ``{src}`` for its address.

    Examples
    --------
    >>> embed_code('A "map"')[:52]
    '<iframe src="{src}" title="A &quot;map&quot;" width='
    """
    return (
        f'<iframe src="{{src}}" title="{html.escape(title)}" width="100%" height="600" loading="lazy" '
        'style="border:0"></iframe>'
    )


def picture(study: Study, title: str, text: str, *, focus: str = "", sites: gpd.GeoDataFrame | None = None) -> bytes:
    """Return the picture that a link to a page shows, as PNG: its title and sentence beside the map of the territory.

    IRIS are filled as on the portal, where anything may be concluded and no ``sites`` are shown; ``focus`` is the
    neighbourhood drawn strongest.
    """
    width, height = (_SHARP * side for side in PICTURE_SIZE)
    colours = colours_of(study.territory.publisher)
    drawn = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((0, 0, width, 12 * _SHARP), fill=colours.accent)
    said, minutes = texts(study.lang)["publisher"], study.parameters.walk_minutes
    _draw_map(pen, study, (0.52 * width, 0.07 * height, 0.97 * width, 0.88 * height), focus, sites)
    key = said["picture_sites" if sites is not None else "picture_key"].format(minutes=minutes)
    font = _font(19 * _SHARP, 400)
    for place, line in enumerate(_broken(key, font, round(0.45 * width), 2)):
        pen.text((0.745 * width, (0.93 + 0.04 * place) * height), line, font=font, fill=QUIET, anchor="mm")
    left, most = 48 * _SHARP, round(0.45 * width)
    whole = [(study.territory.name, 26, 600, colours.accent, 1), (title, 50, 700, INK, 5), (text, 27, 400, QUIET, 5)]
    top = 56 * _SHARP
    for words, size, weight, ink, lines in whole:
        font = _font(size * _SHARP, weight)
        for line in _broken(words, font, most, lines):
            pen.text((left, top), line, font=font, fill=ink)
            top += round(1.25 * size * _SHARP)
        top += 14 * _SHARP
    small = drawn.resize(PICTURE_SIZE, Image.Resampling.LANCZOS).quantize(
        palette=_palette(drawn), dither=Image.Dither.NONE
    )
    made = io.BytesIO()
    small.save(made, "PNG")
    return made.getvalue()


def _palette(drawn: Image.Image) -> Image.Image:
    """Return the 25 colours that cover most of a picture, whole and on their way to white: flat areas keep theirs."""
    # Pixels as one number each, so that they are counted fast; then the most frequent ones, 25 x 3.
    pixels = np.asarray(drawn).reshape(-1, 3) @ np.array([1 << 16, 1 << 8, 1])
    found, counts = np.unique(pixels, return_counts=True)
    most = found[np.argsort(-counts, kind="stable")[:25], None] >> np.array([16, 8, 0]) & 255
    steps = np.arange(10)[:, None, None]
    palette = Image.new("P", (1, 1))
    palette.putpalette((255 - (255 - most) * (10 - steps) // 10).ravel().tolist())
    return palette


@cache
def _font(size: int, weight: int) -> ImageFont.FreeTypeFont:
    (path,) = (one for one in (files(fontpkg_source_sans_3) / "files").iterdir() if "Italic" not in one.name)
    font = ImageFont.truetype(io.BytesIO(path.read_bytes()), size, layout_engine=ImageFont.Layout.BASIC)
    font.set_variation_by_axes([weight])
    return font


def _broken(text: str, font: ImageFont.FreeTypeFont, most: int, lines: int) -> list[str]:
    """Return a text in lines of at most ``most`` pixels, the last one cut with ``…`` where there are too many."""
    broken: list[str] = []
    for word in text.split(" "):
        longer = f"{broken[-1]} {word}" if broken else word
        if broken and font.getlength(longer) <= most:
            broken[-1] = longer
        else:
            broken.append(word)
    if len(broken) > lines:
        broken = [*broken[: lines - 1], f"{broken[lines - 1]}…"]
    return broken


def _draw_map(
    pen: ImageDraw.ImageDraw,
    study: Study,
    within: tuple[float, float, float, float],
    focus: str,
    sites: gpd.GeoDataFrame | None,
) -> None:
    plan = fit(study.communes.total_bounds, within)

    def rings(layer: gpd.GeoDataFrame) -> list[list[tuple[float, float]]]:
        placed = shapely.transform(layer.geometry.to_numpy(), plan.drawn)
        return [
            [tuple(point) for point in shapely.get_coordinates(part.exterior).tolist()]
            for shape in placed
            for part in shapely.get_parts(shape)
        ]

    silent = sites is not None or headline(study, "all").silent
    colours = {} if silent else colours_of_iris(study)["all"]
    for code, shape in study.iris.geometry.items():
        fill = colours.get(code, "#f1f1f5")
        for ring in rings(study.iris.loc[[code]]) if shape is not None else []:
            pen.polygon(ring, fill=fill)
    for ring in rings(study.communes):
        pen.line(ring, fill="#6b6b76", width=2 * _SHARP)
    for code in study.neighbourhoods.index:
        for ring in rings(study.neighbourhoods.loc[[code]]):
            pen.line(ring, fill="#a3003c", width=(6 if code == focus else 3) * _SHARP, joint="curve")
    if sites is not None:
        for place, (x, y) in enumerate(plan.points(sites), start=1):
            pen.circle((x, y), 15 * _SHARP, fill="#a3003c", outline="#ffffff", width=2 * _SHARP)
            pen.text((x, y), str(place), font=_font(20 * _SHARP, 700), fill="#ffffff", anchor="mm")
