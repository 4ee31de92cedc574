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
    ``yes``: a row that the law restricts keeps its value; ``published``: in published tables only.
``headers``
    What the column is called in files, best first. Layers of essgeo know it by its own name too.

``tables.csv`` has one row a published table.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from essgeo.schema import vocabulary

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from essgeo.schema.vocabulary import Lang

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
        The attribute of :class:`essgeo.results.Study` that holds it.
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
        Its figures are coverage, so that they mean little without the caveats of :mod:`essgeo.publish.licences`.
    """

    name: str
    title: Mapping[Lang, str]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rests_on: tuple[str, ...]
    geographic: bool = False
    shows_coverage: bool = False


Headers: TypeAlias = "Mapping[str, Mapping[str, tuple[str, ...]]]"
"""The names that columns carry in files, best first: by layer or list, then by column."""

_MARKS = "#!?"

_Row: TypeAlias = dict[str, str]


def _rows(name: str) -> list[_Row]:
    return list(csv.DictReader((files("essgeo.schema") / name).read_text(encoding="utf-8").splitlines()))


def _parts(cell: str) -> dict[str, str]:
    """Return what a cell says by layer; ``""`` is what holds everywhere else."""
    pairs = [part.rpartition(":") for part in cell.split(";") if part.strip()]
    return {layer.strip(): value.strip() for layer, _, value in pairs}


def _by_layer(cell: str, layer: str) -> str:
    said = _parts(cell)
    return said.get(layer, said.get("", ""))


def _allowed(cell: str) -> Collection[str] | None:
    """Return the vocabulary that a cell names, or all codes of several; None for an empty cell."""
    if not cell:
        return None
    listed = [getattr(vocabulary, word.upper(), (word,)) for word in cell.split("|")]
    return cast("Collection[str]", listed[0]) if len(listed) == 1 else tuple(code for some in listed for code in some)


def _column(row: _Row) -> Column:
    """Return a column as it is published."""
    unit = {"fr": row["unit"], "en": row["unit_en"] or row["unit"]} if row["unit"] else {}
    return Column(
        row["name"],
        cast("Kind", _by_layer(row["type"], "")),
        {"fr": row["fr"], "en": row["en"]},
        cast("dict[Lang, str]", unit),
        int(row["decimals"] or Column.decimals),
        _allowed(_by_layer(row["allowed"], "")),
        many=row["several"] == "yes",
        minimum=float(row["minimum"]) if row["minimum"] else None,
    )


def _marks(cell: str) -> dict[str, str]:
    """Return the mark that stands behind each layer or table of a cell."""
    return {word.rstrip(_MARKS): word[len(word.rstrip(_MARKS)) :] for word in cell.split()}


def _layer(name: str) -> Layer:
    index, fields, polygons = "", [], False
    for row in (row for row in _ROWS if name in _marks(row["read"])):
        mark = _marks(row["read"])[name]
        if row["name"] == "geometry":
            polygons = True
        elif mark == "#":
            index = row["name"]
        else:
            kind = cast("Kind", _by_layer(row["type"], name))
            allowed = _allowed(_by_layer(row["allowed"], name))
            column = replace(COLUMNS[row["name"]], kind=kind, allowed=allowed)
            fields.append(replace(column, required=mark == "!", optional=mark == "?"))
    return Layer(name, index, tuple(fields), polygons)


def _table(row: _Row) -> Table:
    marks = {column["name"]: _marks(column["published"]).get(row["name"]) for column in _ROWS}
    key = tuple(name for name, mark in marks.items() if mark == "#")
    shown = [name for name, mark in marks.items() if mark is not None]
    if len(key) == 1:  # a code stands before the name that it belongs to, whatever comes first in other tables
        shown.sort(key=lambda name: name not in key)
    return Table(
        row["name"],
        {"fr": row["fr"], "en": row["en"]},
        key,
        tuple(COLUMNS[name] for name in shown),
        tuple(row["rests_on"].split()),
        geographic=row["geographic"] == "yes",
        shows_coverage=row["shows_coverage"] == "yes",
    )


_ROWS: Final = _rows("columns.csv")

COLUMNS: Final[dict[str, Column]] = {row["name"]: _column(row) for row in _ROWS}

TABLES: Final[dict[str, Table]] = {row["name"]: _table(row) for row in _rows("tables.csv")}

_READ = [_layer(name) for name in dict.fromkeys(name for row in _ROWS for name in _marks(row["read"]))]

LAYERS: Final[dict[str, Layer]] = {layer.name: layer for layer in _READ if layer.index}
"""What a territory or a user gives."""

LISTS: Final[dict[str, Layer]] = {layer.name: layer for layer in _READ if not layer.index}
"""Lists whose columns a publisher names, such as the RNA."""

HEADERS: Final[Headers] = {
    layer.name: {
        row["name"]: tuple(
            dict.fromkeys((*[row["name"]][: bool(layer.index)], *_parts(row["headers"])[layer.name].split("|")))
        )
        for row in _ROWS
        if layer.name in _parts(row["headers"])
    }
    for layer in _READ
}
"""What files are read by, unless :func:`essgeo.official.catalogue.known_headers` says more."""

SHOWN: Final = frozenset(row["name"] for row in _ROWS if row["masked"] == "yes")
"""The only columns in which a masked row keeps its value: never its address, its position or a name."""

SHOWN_PUBLISHED: Final = SHOWN | {row["name"] for row in _ROWS if row["masked"] == "published"}
"""The same in published tables, where nothing is what a file of a user called so."""
