"""A territory: a folder of data and the TOML file that describes it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyproj import CRS
from pyproj.exceptions import CRSError

from essgeo.errors import InputError, SourceUnavailableError, UnknownTerritoryError
from essgeo.messages import tell
from essgeo.schema.columns import LAYERS
from essgeo.schema.names import is_file_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from essgeo.messages import Lang


_PACKAGED = Path(__file__).parent / "data"

_CHECKED_OUT = Path(__file__).parent.parent / "data"

_WANTED = {"id": str, "name": str, "crs": str, "vintage": str, "communes": list}

_KINDS = {str: "word_text", list: "word_list"}

_LAYER_KEYS = ("layer", "vintage", "file", "title", "publisher", "licence")


_WEB = re.compile(r"https?://[\w.-]+(:\d+)?(/[^\s\"'<>]*)?")

_ADDRESS = {
    "url": re.compile(r"https?://[\w.-]+(:\d+)?(/[^\s\"'<>?#]*)?"),
    **dict.fromkeys(("legal", "statement"), _WEB),
    "contact": re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)*\.[a-zA-Z]{2,}"),
}
"""What the addresses of a publisher look like."""

ACCESSIBILITY = ("full", "partial", "none")
"""How far pages conform to the rules of accessibility (RGAA), as the law makes a publisher say."""


PAPER, INK, QUIET = "#ffffff", "#1e1e2a", "#55555f"
"""What pages are written on and with, whoever publishes them."""

LEGIBLE = 4.5
"""Least contrast of a text with what lies behind it (WCAG 2.2, 1.4.3); it holds for lines and bars too (1.4.11: 3)."""

_PICTURES = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff", ".svg": b"<"}
"""Kinds of logos, and how their files begin."""

_MOST_LOGO = 50_000
"""Bytes of a logo: it stands in every page."""


@dataclass(frozen=True)
class Colours:
    """Two colours of a publisher, as ``#rrggbb``.

    Attributes
    ----------
    accent
        Of links, headings and bars, legible on white and on ``tint``; by default not those of the State, whose design
        system is reserved to it.
    tint
        Behind figures and at the foot of pages; texts are legible on it.
    """

    accent: str = "#0f4c5c"
    tint: str = "#f1f6f7"


DEFAULT = Colours()


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours ``#rrggbb`` (WCAG 2.2): 1 for one colour, 21 for black on white.

    Examples
    --------
    >>> round(contrast("#000000", "#ffffff"), 1)
    21.0
    """
    light = []
    for colour in (one, other):
        channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]  # noqa: PLR2004 - sRGB
        light.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(light) + 0.05) / (min(light) + 0.05)


@dataclass(frozen=True)
class Publisher:
    """Who publishes the pages; what is empty is not shown.

    Attributes
    ----------
    name
        A name in full.
    contact
        An e-mail address, to which readers report errors.
    url
        The folder where the pages are published.
    legal
        Address of the legal notice.
    accessibility
        One of :data:`ACCESSIBILITY`.
    statement
        Address of the statement of accessibility.
    logo
        A PNG, JPEG or SVG file beside ``territory.toml``.
    colours
        Colours of the pages.
    """

    name: str
    contact: str = ""
    url: str = ""
    legal: str = ""
    accessibility: str = ""
    statement: str = ""
    logo: Path | None = None
    colours: Colours = DEFAULT


@dataclass(frozen=True)
class LayerFile:
    """One file of a territory: the layer it holds, its vintage, where it is, who published it under which licence."""

    layer: str
    vintage: str
    path: Path
    title: str
    publisher: str
    licence: str


@dataclass(frozen=True)
class Territory:
    """A territory as described by its ``territory.toml``.

    Attributes
    ----------
    id
        Name of its folder.
    name
        Name as written on pages.
    crs
        Metric CRS of all its layers, for example ``EPSG:2154``.
    vintage
        Default vintage of the QPV.
    communes
        INSEE codes of its communes.
    folder
        Where its data are.
    files
        Every file it declares: none where all comes from official sources.
    name_in
        Its name after its French preposition, as in "who lives ...": ``à Bondy``, ``aux Lilas``, ``dans le Perche``.
    publisher
        Who publishes its pages, where that is said.
    """

    id: str
    name: str
    crs: str
    vintage: str
    communes: tuple[str, ...]
    folder: Path
    files: tuple[LayerFile, ...]
    name_in: str = ""
    publisher: Publisher | None = None

    def place(self, lang: Lang) -> str:
        """Return its name after its preposition; in French its own, or that of a commune.

        Examples
        --------
        >>> load_territory("est-ensemble").place("fr"), load_territory("est-ensemble").place("en")
        ('à Est Ensemble', 'in Est Ensemble')
        """
        return f"in {self.name}" if lang == "en" else self.name_in or in_french(self.name)

    def declares(self, layer: str) -> bool:
        """Return whether the territory has a file of that layer."""
        return any(file.layer == layer for file in self.files)

    def file(self, layer: str, vintage: str | None = None) -> LayerFile:
        """Return the file of a layer, of a vintage where it matters.

        Raises
        ------
        SourceUnavailableError
            The territory declares no such file; the message says which vintages there are.
        """
        declared = [file for file in self.files if file.layer == layer]
        wanted = [file for file in declared if vintage is None or file.vintage == vintage]
        if not wanted:
            vintages = ", ".join(file.vintage for file in declared) or tell("word_none")
            of_vintage = tell("word_of_vintage", vintage=vintage) if vintage else ""
            give = tell("word_give_file", layer=layer) if layer == "qpv" else ""
            message = tell(
                "layer_not_here",
                name=self.name,
                layer=layer,
                of_vintage=of_vintage,
                vintages=vintages,
                folder=self.folder / "territory.toml",
                give=give,
            )
            raise SourceUnavailableError(message)
        return wanted[0]


def in_french(name: str) -> str:
    """Return a name after ``à``, which joins the article of a commune.

    Examples
    --------
    >>> in_french("Bondy"), in_french("Les Lilas"), in_french("Le Pré-Saint-Gervais"), in_french("La Courneuve")
    ('à Bondy', 'aux Lilas', 'au Pré-Saint-Gervais', 'à La Courneuve')
    """
    article, _, rest = name.partition(" ")
    joined = {"Le": "au", "Les": "aux"}.get(article)
    return f"{joined} {rest}" if joined and rest else f"à {name}"


def data_folder() -> Path:
    """Return the folder that holds the territories shipped with essgeo.

    Examples
    --------
    >>> (data_folder() / "est-ensemble" / "territory.toml").is_file()
    True
    """
    return _PACKAGED if _PACKAGED.is_dir() else _CHECKED_OUT


def territory_names() -> list[str]:
    """Return the names of the territories shipped with essgeo, sorted.

    Examples
    --------
    >>> "est-ensemble" in territory_names()
    True
    """
    return sorted(path.parent.name for path in data_folder().glob("*/territory.toml"))


def load_territory(name_or_path: str | Path) -> Territory:
    """Return the territory of that name, or the one described in a folder.

    Parameters
    ----------
    name_or_path
        A name such as ``est-ensemble``, or the path of a folder that holds a ``territory.toml``.

    Returns
    -------
    Territory
        The description; no layer is read yet.

    Raises
    ------
    UnknownTerritoryError
        Neither a shipped territory nor such a folder.
    InputError
        The ``territory.toml`` is not valid TOML, or lacks something.

    Examples
    --------
    >>> load_territory("est-ensemble").crs
    'EPSG:2154'
    """
    for folder in (Path(name_or_path), data_folder() / name_or_path):
        if (folder / "territory.toml").is_file():
            return _read(folder / "territory.toml")
    message = tell("territory_unknown", name_or_path=str(name_or_path), territory_names=", ".join(territory_names()))
    raise UnknownTerritoryError(message)


def _read(path: Path) -> Territory:
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(tell("not_toml", path=path, error=error)) from error
    faults = [*_top_faults(table), *_layer_faults(table.get("layers"))]
    faults += [
        tell("at_line", line=_line_of(text, key), fault=fault)
        for key, fault in _publisher_faults(table.get("publisher"), path.parent)
    ]
    if faults:
        raise InputError(tell("faults_of_file", path=path, faults="; ".join(faults)))
    return Territory(
        id=table["id"],
        name=table["name"],
        crs=table["crs"],
        vintage=table["vintage"],
        communes=tuple(table["communes"]),
        folder=path.parent,
        files=tuple(
            LayerFile(
                entry["layer"],
                entry["vintage"],
                path.parent / entry["file"],
                entry["title"],
                entry["publisher"],
                entry["licence"],
            )
            for entry in table.get("layers", [])
        ),
        name_in=table.get("name_in", ""),
        publisher=_publisher(table["publisher"], path.parent) if "publisher" in table else None,
    )


def _publisher(table: dict[str, Any], folder: Path) -> Publisher:
    logo, colours = table.get("logo"), Colours(**table.get("colours", {}))
    return Publisher(**{**table, "logo": folder / logo if logo else None, "colours": colours})


def _line_of(text: str, key: str) -> int:
    """Return the line of a TOML file where a key of ``[publisher]`` stands, or that of the table itself."""
    lines = text.splitlines()
    start = next((number for number, line in enumerate(lines, 1) if re.match(r"\s*\[?publisher\b", line)), 1)
    found = (
        number
        for number, line in enumerate(lines[start:], start + 1)
        if key and re.match(rf"\s*\"?{re.escape(key)}\b", line)
    )
    return next(found, start)


def _top_faults(table: dict[str, object]) -> Iterator[str]:
    for key, kind in _WANTED.items():
        if key not in table:
            yield tell("key_missing", value=key)
        elif not isinstance(table[key], kind):
            yield tell("key_kind", value=key, kinds=tell(_KINDS[kind]))
    if not isinstance(table.get("name_in", ""), str):
        yield tell("key_kind", value="name_in", kinds=tell(_KINDS[str]))
    if not isinstance(table.get("layers", []), list):
        yield tell("layers_list")
    communes = table.get("communes")
    if isinstance(communes, list) and not all(isinstance(code, str) for code in communes):
        yield tell("communes_quoted")
    crs = table.get("crs")
    if isinstance(crs, str) and not _is_metric(crs):
        yield tell("crs_not_projected", crs=crs)


def _publisher_faults(publisher: object, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield each key of ``[publisher]`` that is not as it should be, and what is wrong with it."""
    keys = [field.name for field in fields(Publisher)]
    if publisher is None:
        return
    if not isinstance(publisher, dict) or not str(publisher.get("name", "")).strip():
        yield "", tell("publisher_table", keys=", ".join(keys))
        return
    for key, value in publisher.items():
        if key not in keys:
            yield key, tell("publisher_key", key=key, keys=", ".join(keys))
        elif key == "colours":
            yield from ((key, fault) for fault in _colour_faults(value))
        elif not isinstance(value, str):
            yield key, tell("key_kind", value=f"publisher.{key}", kinds=tell(_KINDS[str]))
        elif key == "logo" and value:
            yield from ((key, fault) for fault in _logo_faults(value, folder))
        elif key == "accessibility" and value not in ACCESSIBILITY:
            yield key, tell("key_kind", value="publisher.accessibility", kinds=" | ".join(ACCESSIBILITY))
        elif key in _ADDRESS and value and not _ADDRESS[key].fullmatch(value):
            yield key, tell("publisher_address", key=key, value=value)


def _colour_faults(colours: object) -> Iterator[str]:
    names = [field.name for field in fields(Colours)]
    if not isinstance(colours, dict) or not set(colours) <= set(names):
        yield tell("publisher_colours", keys=", ".join(names))
        return
    wrong = [name for name, value in colours.items() if not re.fullmatch("#[0-9a-fA-F]{6}", str(value))]
    yield from (tell("publisher_colour", key=name, value=colours[name]) for name in wrong)
    if wrong:
        return
    chosen = Colours(**colours)
    for text, behind in (
        (INK, chosen.tint),
        (QUIET, chosen.tint),
        (chosen.accent, PAPER),
        (chosen.accent, chosen.tint),
    ):
        if (found := contrast(text, behind)) < LEGIBLE:
            yield tell("publisher_contrast", text=text, behind=behind, found=f"{found:.1f}", least=LEGIBLE)
            return


def _logo_faults(file: str, folder: Path) -> Iterator[str]:
    path = folder / file
    if not all(map(is_file_name, file.split("/"))):
        yield f"publisher.logo: {tell('is_no_file_name', value=file)}"
    elif not path.is_file():
        yield tell("publisher_no_logo", path=path)
    else:
        start = _PICTURES.get(path.suffix.lower())
        whole = path.read_bytes() if path.stat().st_size <= _MOST_LOGO else b""
        if start is None or not whole.removeprefix(b"\xef\xbb\xbf").startswith(start):
            yield tell("publisher_logo", path=path, kinds=", ".join(_PICTURES), most=f"{_MOST_LOGO // 1000}")


def _is_metric(crs: str) -> bool:
    try:
        known = CRS.from_user_input(crs)
    except CRSError:
        return False
    return known.is_projected and all(axis.unit_name == "metre" for axis in known.axis_info[:2])


def _layer_faults(layers: object) -> Iterator[str]:
    for number, entry in enumerate(layers if isinstance(layers, list) else [], start=1):
        if not isinstance(entry, dict):
            yield tell("layer_table", number=number)
            continue
        yield from (
            tell("layer_key", number=number, key=key) for key in _LAYER_KEYS if not isinstance(entry.get(key), str)
        )
        if isinstance(entry.get("file"), str) and not all(map(is_file_name, entry["file"].split("/"))):
            yield f"layers[{number}].file: {tell('is_no_file_name', value=entry['file'])}"
        if isinstance(entry.get("layer"), str) and entry["layer"] not in LAYERS:
            yield tell("layers_unknown", number=number, layer=entry["layer"], layers=", ".join(sorted(LAYERS)))
