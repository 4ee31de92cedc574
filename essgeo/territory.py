"""A territory: a folder of data and the TOML file that describes it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

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


_WEB = re.compile(r"https?://[^\s\"'<>]+")

_ADDRESS = {"url": _WEB, "legal": _WEB, "contact": re.compile(r"[^\s@<>\"'?&]+@[^\s@<>\"'?&]+\.[a-zA-Z]+")}
"""What the addresses of a publisher look like."""

ACCESSIBILITY = ("full", "partial", "none")
"""How far pages conform to the rules of accessibility (RGAA), as the law makes a publisher say."""


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
        Where the pages are published.
    legal
        Address of the legal notice.
    accessibility
        One of :data:`ACCESSIBILITY`.
    """

    name: str
    contact: str = ""
    url: str = ""
    legal: str = ""
    accessibility: str = ""


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
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = tell("not_toml", path=path, error=error)
        raise InputError(message) from error
    faults = [*_top_faults(table), *_layer_faults(table.get("layers")), *_publisher_faults(table.get("publisher"))]
    if faults:
        message = tell("faults_of_file", path=path, faults="; ".join(faults))
        raise InputError(message)
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
        publisher=Publisher(**table["publisher"]) if "publisher" in table else None,
    )


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


def _publisher_faults(publisher: object) -> Iterator[str]:
    if publisher is None:
        return
    keys = [field.name for field in fields(Publisher)]
    if not isinstance(publisher, dict) or "name" not in publisher:
        yield tell("publisher_table", keys=", ".join(keys))
        return
    for key, value in publisher.items():
        if key not in keys:
            yield tell("publisher_key", key=key, keys=", ".join(keys))
        elif not isinstance(value, str):
            yield tell("key_kind", value=f"publisher.{key}", kinds=tell(_KINDS[str]))
        elif key == "accessibility" and value not in ACCESSIBILITY:
            yield tell("key_kind", value="publisher.accessibility", kinds=" | ".join(ACCESSIBILITY))
        elif key in _ADDRESS and value and not _ADDRESS[key].fullmatch(value):
            yield tell("publisher_address", key=key, value=value)


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
