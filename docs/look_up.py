"""Write the pages that are looked up, each from the one place that says it: code, schema, catalogue, words."""

from __future__ import annotations

import inspect
from functools import partial
from importlib import import_module
from itertools import pairwise
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import click
from house import layers as floors
from run_notebooks import ROOT

import essgeo
from essgeo.cli.main import BUG, CODES, INPUT, STOPPED, cli
from essgeo.cli.options import describe
from essgeo.messages import speaking, words
from essgeo.official.catalogue import read_catalogue
from essgeo.schema import vocabulary
from essgeo.schema.columns import COLUMNS, HEADERS, LAYERS, LISTS, TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from essgeo.messages import Lang
    from essgeo.schema.columns import Column, Layer

MARKUP = str.maketrans({sign: f"\\{sign}" for sign in "\\*_[]<>|#{}$~"})

SAYS: dict[str, dict[Lang, str]] = {
    "command": {"en": "The command line", "fr": "La ligne de commande"},
    "options": {"en": "option", "fr": "option"},
    "what": {"en": "what it does", "fr": "ce qu'elle fait"},
}

NAMES = "Public names in the order in which data flows, then what each room exports beside them, for who builds on it."

READ = (
    "From `essgeo/schema/columns.csv`. *Must*: no cell may be empty; *may*: the column may be absent. A header counts "
    "in any case, with or without accents and punctuation; `--columns FIELD=COLUMN` names any other."
)

PUBLISHED = """From `essgeo/schema/tables.csv` and `columns.csv`, as `schemas/` beside each study has them."""

OTHERS = "What `geocode`, `structures`, `zones` and layers of a study have beside the columns above."

TOLD = (
    "`ESSGEO_DEBUG=1` shows where an error comes from. Every message exists in both languages; what stands in braces "
    "is filled in."
)

PARTS = {
    "messages": "Messages",
    "causes": "Why a file could not be had or used",
    "gap_conclusions": "Why no gap is named",
    "siting_filters": "Why a candidate is left out",
    "siting_notes": "Notes of a choice of sites",
}
"""Of the words of essgeo, those that somebody looks up."""


def plain(text: object) -> str:
    """Return a text of data as one cell of a table, with no markup but what stands between backticks."""
    parts = " ".join(str(text).split()).split("`")
    if len(parts) % 2 == 0:
        return "\\`".join(part.translate(MARKUP) for part in parts)
    return "".join(
        part.translate(MARKUP) if at % 2 == 0 else "`" + part.replace("|", "\\|") + "`" for at, part in enumerate(parts)
    )


def code(text: str) -> str:
    """Return a name as code, nothing for none."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table of cells that are markup already."""
    lines = [list(header), *map(list, rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def rooms() -> dict[str, tuple[str, list[str]]]:
    """Return what each room of the package exports and the first line of its documentation, without public names."""
    found = {}
    public = {getattr(essgeo, name) for name in essgeo.__all__}
    for name in sorted(module.name for module in iter_modules(essgeo.__path__) if module.ispkg):
        room = import_module(f"essgeo.{name}")
        exported = {known: getattr(room, known) for known in getattr(room, "__all__", ())}
        own = [
            known
            for known, value in exported.items()
            if (inspect.isclass(value) or inspect.isfunction(value)) and value not in public
        ]
        if own:
            found[name] = ((room.__doc__ or "").splitlines()[0], own)
    return found


def api() -> str:
    """Return the page of public names, by the room that has them, then of what rooms export beside them."""
    blocks = ["# Python", NAMES]
    by_room: dict[str, list[str]] = {}
    for name in essgeo.__all__:
        by_room.setdefault(getattr(essgeo, name).__module__.split(".")[1], []).append(name)
    for room in (room for floor in reversed(floors()) for room in floor if room in by_room):
        blocks += [f"## {first_line(room)}", summary("essgeo", by_room[room])]
    blocks.append("## What rooms export")
    for room, (says, names) in rooms().items():
        blocks += [f"### `essgeo.{room}`", says, summary(f"essgeo.{room}", names)]
    faults = [name for name, value in vars(import_module("essgeo.errors")).items() if inspect.isclass(value)]
    blocks += ["## Errors", first_line("errors"), summary("essgeo.errors", faults)]
    return "\n\n".join(blocks)


def first_line(room: str) -> str:
    """Return what a room is, as its documentation begins."""
    return str(import_module(f"essgeo.{room}").__doc__).splitlines()[0].rstrip(".")


def summary(module: str, names: Iterable[str]) -> str:
    """Return a table of names, each with a page of its own."""
    listed = "\n".join(f"   {name}" for name in names)
    return f"```{{eval-rst}}\n.. currentmodule:: {module}\n\n.. autosummary::\n   :toctree: api\n\n{listed}\n```"


def kind(column: Column) -> str:
    """Return the type of a column, its unit and the values it may have."""
    unit = f" ({column.unit['en']})" if column.unit else ""
    values = "" if column.allowed is None else ": " + ", ".join(sorted(map(str, column.allowed)))
    several = ", several with |" if column.many else ""
    return plain(f"{column.kind}{unit}{several}{values}")


def layers() -> str:
    """Return the page of what is read: every layer and list, with the headers that each column is known by."""
    blocks = [
        "# Layers and lists that are read",
        READ,
    ]
    for layer in [*LAYERS.values(), *LISTS.values()]:
        headers = HEADERS.get(layer.name, {})
        rows = [[code(layer.index), "identifies a row", "", plain(", ".join(headers.get(layer.index, ())[1:]))]] * bool(
            layer.index
        )
        rows += [
            [
                code(column.name),
                "must" if column.required else "may" if column.optional else "",
                kind(column),
                plain(", ".join(name for name in headers.get(column.name, ()) if name != column.name)),
            ]
            for column in layer.fields
        ]
        outlines = " Polygons." if layer.polygons else ""
        blocks += [
            f"## `{layer.name}`",
            f"{'A layer of a territory.' if layer.index else 'An official list.'}{outlines}",
            table(("column", "there", "type", "headers it is known by"), rows),
        ]
    return "\n\n".join(blocks)


def columns_of(one: Layer | Table) -> tuple[Column, ...]:
    """Return the columns of a layer, its identifier among them, or of a table."""
    if isinstance(one, Table):
        return one.columns
    return (*([COLUMNS[one.index]] if one.index else []), *one.fields)


def described(column: Column) -> list[str]:
    """Return a column as a row of a table, in both languages."""
    return [code(column.name), kind(column), plain(column.description["en"]), plain(column.description["fr"])]


def tables() -> str:
    """Return the page of what is published: every table, in both languages."""
    blocks = [
        "# Tables that are published",
        "From `essgeo/schema/tables.csv` and `columns.csv`, as `schemas/` beside each study has them.",
    ]
    header = ("column", "type", "what", "en français")
    for one in TABLES.values():
        says = [f"{plain(one.title['en'])}. *{plain(one.title['fr'])}.*"]
        says += [f"Key: {', '.join(map(code, one.key))}."] * bool(one.key)
        says.append(f"Rests on: {', '.join(map(code, one.rests_on))}.")
        blocks += [f"## `{one.name}`", " ".join(says), table(header, map(described, one.columns))]
    shown = {column.name for one in [*TABLES.values(), *LAYERS.values(), *LISTS.values()] for column in columns_of(one)}
    others = [column for name, column in COLUMNS.items() if name not in shown]
    blocks += ["## Columns of files that commands write", OTHERS, table(header, map(described, others))]
    return "\n\n".join(blocks)


def codes() -> str:
    """Return the page of the vocabulary: every code with its labels."""
    blocks = ["# Codes", "Values of columns, with their labels; lists that are read may hold either."]
    for name, listed in vars(vocabulary).items():
        if (
            name.isupper()
            and isinstance(listed, dict)
            and listed
            and all(isinstance(labels, dict) and {"fr", "en"} <= labels.keys() for labels in listed.values())
        ):
            rows = [[code(str(key)), plain(labels["en"]), plain(labels["fr"])] for key, labels in listed.items()]
            blocks += [f"## {name.lower().replace('_', ' ')}", table(("code", "English", "français"), rows)]
    return "\n\n".join(blocks)


def sources() -> str:
    """Return the table of the official sources."""
    rows = []
    for source in read_catalogue().values():
        doubts = f" Not verified: {', '.join(source.unverified)}." if source.unverified else ""
        rows.append(
            [
                code(source.id),
                f"[{plain(source.title)}]({source.page}), {plain(source.publisher)}",
                plain(source.licence),
                plain(source.vintage),
                plain(f"{source.refresh}; a file a {source.scope}.{doubts}"),
            ]
        )
    return table(("source", "what, and who publishes it", "licence", "vintage", "renewed"), rows)


def commands(lang: Lang) -> str:
    """Return the page of every command and option, as the command line itself says them."""
    with speaking(lang):
        describe(cli)
        blocks = [f"# {SAYS['command'][lang]}", *_commands(cli, click.Context(cli, info_name="essgeo"), lang)]
    with speaking("en"):
        describe(cli)
    return "\n\n".join(blocks)


def _commands(command: click.Command, context: click.Context, lang: Lang) -> Iterator[str]:
    yield f"## `{context.command_path}`"
    yield "\n\n".join(plain(part) for part in (command.help or "").split("\n\n"))
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```"
    rows = [
        [code(" ".join([", ".join(one.opts), *[one.make_metavar(context)] * (not one.is_flag)])), plain(one.help or "")]
        for one in command.params
        if isinstance(one, click.Option) and one.name != "lang"
    ]
    if rows:
        yield table((SAYS["options"][lang], SAYS["what"][lang]), rows)
    for name, below in command.commands.items() if isinstance(command, click.Group) else ():
        yield from _commands(below, click.Context(below, info_name=name, parent=context), lang)


def messages() -> str:
    """Return the page of exit codes, errors and messages."""
    exits = [(INPUT, "`InputError`"), *((number, code(kind.__name__)) for kind, number in CODES.items())]
    exits += [(BUG, "any other: a bug"), (STOPPED, "stopped by the user")]
    blocks = [
        "# Messages and exit codes",
        table(("exit code", "error"), ([str(number), name] for number, name in sorted(exits))),
        TOLD,
    ]
    english, french = words("en"), words("fr")
    for part, title in PARTS.items():
        rows = [[code(key), plain(text), plain(french[part][key])] for key, text in english[part].items()]
        blocks += [f"## {title}", table(("key", "English", "français"), rows)]
    return "\n\n".join(blocks)


MEASURED = {
    "residents": ("residents",),
    "walking": ("walking", "stations"),
    "zones": ("p in a QPV",),
    "worlds": ("positions", "speed"),
    "intervals": ("positions", "residents", "walking", "stability"),
    "sites": ("`bench_siting.py`",),
}
"""What stands on each page that explains, of `benchmarks/README.md`: how the first cell of a row begins."""


def measured(page: str) -> str:
    """Return the rows of the benchmarks that are about a page, under the header of their table."""
    lines = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8").splitlines()
    header, kept = "", []
    for before, line in pairwise(["", *lines]):
        if line.startswith("|---"):
            header = before
        elif line.removeprefix("| ").startswith(MEASURED[page]):
            kept += [line] if kept else [header, "|---" * (header.count("|") - 1) + "|", line]
    return "\n".join(kept)


PAGES: dict[str, Callable[[], str]] = {
    "api.md": api,
    "layers.md": layers,
    "tables.md": tables,
    "codes.md": codes,
    "sources.md": sources,
    "command.md": partial(commands, "en"),
    "commande.md": partial(commands, "fr"),
    "messages.md": messages,
    **{f"measured_{page}.md": partial(measured, page) for page in MEASURED},
}


def write_pages(folder: Path) -> None:
    """Write all; a page that says the same stays untouched, so that it is not built again."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in PAGES.items():
        text, path = made() + "\n", folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
