"""Scan official files of any size by SQL, without holding them in memory."""

from __future__ import annotations

import codecs
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from essgeo.errors import InputError
from essgeo.messages import tell
from essgeo.official.catalogue import official_columns

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    import duckdb

    from essgeo.official.catalogue import Source


MEMORY = "400MB"
"""What a query may take before it goes to the disk; Python and its libraries take about 300 MB beside it."""

_CSV = "read_csv({path}, header = true, all_varchar = true, encoding = {encoding})"

_FORMATS = {".parquet": "read_parquet({path})", ".csv": _CSV, ".gz": _CSV}

_SAMPLE_BYTES = 4_000_000

_UNREADABLE = {"Error", "IOException", "InvalidInputException", "ConversionException", "BinderException"}
"""What DuckDB raises of a file that is wrong inside: a bare ``Error`` of a damaged page of Parquet.

``BinderException`` is of a column that is no text.
"""


@contextmanager
def database(*, memory: str = MEMORY) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory that neither installs nor loads an extension, and forget it with its overflow.

    Examples
    --------
    >>> with database() as base:
    ...     base.execute("SELECT 6 * 7").fetchall()
    [(42,)]
    """
    import duckdb  # noqa: PLC0415 - slow to import, and only official files need it

    with tempfile.TemporaryDirectory(prefix="essgeo-") as overflow:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "threads": 2,
            "temp_directory": overflow,
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        with duckdb.connect(config=settings) as base:
            try:
                yield base
            except duckdb.Error as error:
                if type(error).__name__ not in _UNREADABLE:
                    raise
                raise InputError(tell("sirene_unreadable", error=str(error).splitlines()[0])) from error


@dataclass(frozen=True)
class Scan:
    """A file in a query.

    Attributes
    ----------
    table
        What stands for the file.
    raw
        By column of the catalogue, the column of the file: a filter on it skips parts of a Parquet file.
    text
        By column of the catalogue, its text, ``''`` where it is missing, also where an optional column is not there.
    """

    table: str
    raw: dict[str, str]
    text: dict[str, str]


def scan(base: duckdb.DuckDBPyConnection, path: Path, source: Source) -> Scan:
    r"""Return what stands for a Parquet or CSV file and its columns in a query.

    Any separator is read; UTF-8, and in ``.csv`` also Latin-1.

    Examples
    --------
    >>> import pathlib
    >>> from essgeo.official.catalogue import find_source
    >>> with tempfile.TemporaryDirectory() as folder, database() as base:
    ...     path = pathlib.Path(folder) / "list.csv"
    ...     _ = path.write_text("SIREN;Region\n005580113;11\n")
    ...     file = scan(base, path, find_source("ess_france"))
    ...     base.execute(f"SELECT {file.text['siren']}, {file.text['name']} FROM {file.table}").fetchall()
    [('005580113', '')]
    """
    if not path.is_file():
        raise InputError(tell("sirene_missing", path=path, id=source.id))
    form = _FORMATS.get(path.suffix.lower())
    if form is None:
        raise InputError(tell("sirene_suffix", path=path, suffix=path.suffix or tell("word_no_suffix")))
    table = form.format(path=sql_text(_literal(str(path))), encoding=sql_text(_encoding(path)))
    described = base.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
    columns = official_columns([str(row[0]) for row in described], source, file=path.name)
    # `raw` is compared (NULL stays NULL, and Parquet skips blocks by it), `text` is what is read: never NULL, whatever
    # type the file gives it.
    raw = {name: sql_name(column) for column, name in columns.items()}
    text = {name: f"coalesce(CAST({column} AS VARCHAR), '')" for name, column in raw.items()}
    return Scan(
        table,
        {name: raw.get(name, "NULL") for name in source.columns},
        {name: text.get(name, "''") for name in source.columns},
    )


def list_texts(base: duckdb.DuckDBPyConnection, table: str, column: str, texts: Collection[str]) -> None:
    """Make a temporary table of one column of texts, to be asked for with ``IN``."""
    base.execute(f"CREATE TEMP TABLE {table} ({column} VARCHAR)")
    if texts:
        base.execute(f"INSERT INTO {table} SELECT unnest(?::VARCHAR[])", [list(texts)])


def sql_text(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def sql_name(column: str) -> str:
    """Return the name of a column as SQL writes it."""
    return '"' + column.replace('"', '""') + '"'


def _literal(path: str) -> str:
    """Return a path in which no character stands for others."""
    return "".join(f"[{character}]" if character in "*?[" else character for character in path)


def _encoding(path: Path) -> str:
    if path.suffix.lower() != ".csv":
        return "utf-8"
    with path.open("rb") as stream:
        sample = stream.read(_SAMPLE_BYTES)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"
