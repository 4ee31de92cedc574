"""Every column that essgeo reads or publishes, and the layers and tables that they make up.

``columns.csv`` has one row a column, in the order in which tables show them. Where a cell may differ from one layer to
the next, ``families|total; structures: families`` gives what holds everywhere, then what holds for a layer.

``read``
    The layers and official lists that have the column. ``#``: it identifies a row; ``!``: no cell is empty; ``?``: the
    column may be absent.
``published``
    The tables that show it; ``#``: it is part of the key.
``allowed``
    Vocabularies of :mod:`essgeo.schema.vocabulary` and codes, the only values; ``several``: joined by ``|``.
``masked``
    ``yes``: a row that the law restricts keeps its value; ``read``: until it is published; ``published``: in published
    tables only.
``headers``
    What the column is called in files, best first. Layers of essgeo know it by its own name too.

``tables.csv`` has one row a published table.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, cast

from essgeo.schema import vocabulary

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from essgeo.messages import Lang

Kind: TypeAlias = Literal["text", "integer", "number", "flag", "month"]


@dataclass(frozen=True)
class Column:
    """One column, as published or as a layer has it.

    Attributes
    ----------
    name
        Column name.
    kind
        ``text``, ``integer``, ``number``, ``flag`` or ``month`` (``2024``, ``2024-09`` or ``2024-09-30``).
    description
        What it says, in French and in English.
    unit
        Unit of a number, in French and in English; nothing where it has none.
    decimals
        Decimals a published number is rounded to.
    allowed
        The only values it may take, missing aside; with labels where they are a vocabulary.
    many
        Several values, separated by ``|``.
    minimum
        The least value of a number.
    required
        In a layer: a missing value is a fault.
    optional
        In a layer: a missing column is read as empty; any other column must be there.
    """

    name: str
    kind: Kind
    description: Mapping[Lang, str]
    unit: Mapping[Lang, str] = field(default_factory=dict)
    decimals: int = 2
    allowed: Collection[str] | None = None
    many: bool = False
    minimum: float | None = None
    required: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Layer:
    """A layer, table or official list that is read.

    Attributes
    ----------
    name
        Its name.
    index
        The column that identifies a row; ``""`` for an official list.
    fields
        Its other columns.
    polygons
        Whether it has outlines; else it is a table.
    """

    name: str
    index: str
    fields: tuple[Column, ...]
    polygons: bool = False


@dataclass(frozen=True)
class Table:
    """A table or layer that a run publishes.

    Attributes
    ----------
    name
        The attribute of :class:`essgeo.results.Study` or :class:`essgeo.results.Comparison` that holds it.
    title
        What it is, in French and in English.
    key
        The columns that identify a row.
    columns
        Its columns in the order they are written.
    rests_on
        The input layers its figures come from.
    geographic
        It is a layer: it has a geometry, and its key is its index.
    shows_coverage
        Its figures are coverage, so that they mean little without the caveats of :mod:`essgeo.publish.release`.
    of_comparison
        It is one of :class:`essgeo.results.Comparison`, not of a study.
    """

    name: str
    title: Mapping[Lang, str]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rests_on: tuple[str, ...]
    geographic: bool = False
    shows_coverage: bool = False
    of_comparison: bool = False


Headers: TypeAlias = "Mapping[str, Mapping[str, tuple[str, ...]]]"
"""The names that columns carry in files, best first: by layer or list, then by column."""

_MARKS, _BY_LAYER = "#!?", ("type", "allowed", "headers")


class _Row(NamedTuple):
    """A row of ``columns.csv``, its cells as they stand and those that differ by layer or table read once."""

    cells: Mapping[str, str]
    read: Mapping[str, str]
    published: Mapping[str, str]
    kinds: Mapping[str, str]
    allowed: Mapping[str, str]
    headers: Mapping[str, str]


def _records(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((files("essgeo.schema") / name).read_text(encoding="utf-8").splitlines()))


def _marks(cell: str) -> dict[str, str]:
    """Return the mark that stands behind each layer or table of a cell."""
    return {word.rstrip(_MARKS): word[len(word.rstrip(_MARKS)) :] for word in cell.split()}


def _parts(cell: str) -> dict[str, str]:
    """Return what a cell says by layer; ``""`` is what holds everywhere else."""
    pairs = [part.rpartition(":") for part in cell.split(";") if part.strip()]
    return {"": ""} | {layer.strip(): value.strip() for layer, _, value in pairs}


def _allowed(cell: str) -> Collection[str] | None:
    """Return the vocabulary that a cell names, or all codes of several; None for an empty cell."""
    if not cell:
        return None
    listed = [getattr(vocabulary, word.upper(), (word,)) for word in cell.split("|")]
    return cast("Collection[str]", listed[0]) if len(listed) == 1 else tuple(code for some in listed for code in some)


def _column(row: _Row) -> Column:
    """Return a column as it is published."""
    cells = row.cells
    unit = {"fr": cells["unit"], "en": cells["unit_en"] or cells["unit"]} if cells["unit"] else {}
    return Column(
        cells["name"],
        cast("Kind", row.kinds[""]),
        {"fr": cells["fr"], "en": cells["en"]},
        cast("dict[Lang, str]", unit),
        int(cells["decimals"] or Column.decimals),
        _allowed(row.allowed[""]),
        many=cells["several"] == "yes",
        minimum=float(cells["minimum"]) if cells["minimum"] else None,
    )


def _layer(name: str) -> Layer:
    index, fields, polygons = "", [], False
    for row in (row for row in _ROWS if name in row.read):
        column, mark = row.cells["name"], row.read[name]
        if column == "geometry":
            polygons = True
        elif mark == "#":
            index = column
        else:
            kind = cast("Kind", row.kinds.get(name, row.kinds[""]))
            allowed = _allowed(row.allowed.get(name, row.allowed[""]))
            own = replace(COLUMNS[column], kind=kind, allowed=allowed)
            fields.append(replace(own, required=mark == "!", optional=mark == "?"))
    return Layer(name, index, tuple(fields), polygons)


def _table(record: dict[str, str]) -> Table:
    marks = {row.cells["name"]: row.published[record["name"]] for row in _ROWS if record["name"] in row.published}
    key = tuple(name for name, mark in marks.items() if mark == "#")
    # A code stands before the name that it belongs to, whatever comes first in other tables.
    shown = sorted(marks, key=lambda name: name not in key) if len(key) == 1 else list(marks)
    return Table(
        record["name"],
        {"fr": record["fr"], "en": record["en"]},
        key,
        tuple(COLUMNS[name] for name in shown),
        tuple(record["rests_on"].split()),
        geographic=record["geographic"] == "yes",
        shows_coverage=record["shows_coverage"] == "yes",
        of_comparison=record["of"] == "comparison",
    )


def _names(row: _Row, layer: Layer) -> tuple[str, ...]:
    """Return the headers of a column in a layer, its own name first; official lists have their own alone."""
    own = [row.cells["name"]] if layer.index else []
    return tuple(dict.fromkeys([*own, *row.headers[layer.name].split("|")]))


_ROWS: Final = [
    _Row(cells, *(_marks(cells[name]) for name in ("read", "published")), *(_parts(cells[name]) for name in _BY_LAYER))
    for cells in _records("columns.csv")
]

COLUMNS: Final[dict[str, Column]] = {row.cells["name"]: _column(row) for row in _ROWS}

TABLES: Final[dict[str, Table]] = {record["name"]: _table(record) for record in _records("tables.csv")}

STUDY_TABLES: Final = {name: table for name, table in TABLES.items() if not table.of_comparison}
"""Those of a study."""

TITLE_END = re.compile(r" ?[;:] .*")
"""What a description says beyond the name of a column."""


def _titles(lang: Lang) -> dict[str, str]:
    """Return the name in words of each column that is the only one called so."""
    words = {name: TITLE_END.sub("", column.description[lang]) for name, column in COLUMNS.items()}
    counts = Counter(word.casefold() for word in words.values())
    return {name: word for name, word in words.items() if counts[word.casefold()] == 1}


TITLES: Final[Mapping[Lang, Mapping[str, str]]] = {"fr": _titles("fr"), "en": _titles("en")}
"""Columns in words, as a workbook for a reader heads them."""


def in_names(columns: Collection[str]) -> dict[str, str]:
    """Return the columns that stand in words, French or English, and the names of these.

    >>> in_names(["Rue", "État de localisation"])
    {'État de localisation': 'geo_status'}
    """
    known = {word: name for words in TITLES.values() for name, word in words.items()}
    return {column: known[column] for column in columns if known.get(column, column) not in columns}


_READ = [_layer(name) for name in dict.fromkeys(name for row in _ROWS for name in row.read)]

LAYERS: Final[dict[str, Layer]] = {layer.name: layer for layer in _READ if layer.index}
"""What a territory or a user gives."""

LISTS: Final[dict[str, Layer]] = {layer.name: layer for layer in _READ if not layer.index}
"""Lists whose columns a publisher names, such as the RNA."""

HEADERS: Final[Headers] = {
    layer.name: {row.cells["name"]: _names(row, layer) for row in _ROWS if layer.name in row.headers} for layer in _READ
}
"""What files are read by, unless :func:`essgeo.official.catalogue.known_headers` says more."""

SHOWN: Final = frozenset(row.cells["name"] for row in _ROWS if row.cells["masked"] in {"yes", "read"})
"""The only columns in which a masked row keeps its value, so that it is counted: never address, position or name."""

SHOWN_PUBLISHED: Final = frozenset(row.cells["name"] for row in _ROWS if row.cells["masked"] in {"yes", "published"})
"""Those that leave the house: what tells of a masked row where it counts, and neither who it is nor what it does."""

ADDED = (
    "geo_status", "geo_precision", "geo_score", "geo_margin", "geo_radius_m", "geo_label", "geo_ban_id", "geo_citycode",
    "geo_engine", "geo_reason", "longitude", "latitude",
)  # fmt: skip
"""Columns that a geocoded file has more than the file it was made from."""
