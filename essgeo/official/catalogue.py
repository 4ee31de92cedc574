"""The official sources: who publishes what, under which licence, where the current file is found, and its columns."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from essgeo.errors import InputError, SourceChangedError, SourceUnavailableError
from essgeo.messages import tell
from essgeo.official.http import is_private
from essgeo.schema.columns import HEADERS, LAYERS, LISTS
from essgeo.schema.names import is_file_name, simplify

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping

    from essgeo.schema.columns import Headers


FILE = "sources.toml"
"""Name of the file, in the folder where essgeo runs; ``ESSGEO_SOURCES`` names another."""

_TEXTS = ("title", "publisher", "page", "licence", "vintage", "published")

_NUMBERS = ("max_megabytes",)

_PLACES = ("url", "name", "checksum", "member", "dataset", "resource", "title", "format")

_NO_COLUMN = ("optional", "either")
"""What stands among the columns of an entry and is none."""

_BY_DATASET = ("dataset", "title", "format")

REFRESH_DAYS = {"daily": 1.0, "weekly": 7.0, "monthly": 31.0, "quarterly": 92.0, "yearly": 366.0, "never": float("inf")}
"""How long a copy counts as current, by the rhythm at which its publisher renews the file."""

SCOPES = ("france", "region", "department", "territory")

_SHOWN_COLUMNS = 12


def overrides_file() -> Path | None:
    """Return the file of the user that changes entries of the catalogue, None where there is none."""
    named = os.environ.get("ESSGEO_SOURCES")
    path = Path(named or FILE)
    if path.is_file():
        return path.resolve()
    if named:
        raise InputError(tell("sources_file_missing", path=path))
    return None


def apply_overrides(tables: Mapping[str, dict[str, Any]], path: Path) -> dict[str, dict[str, Any]]:
    r"""Return the tables of the catalogue, by source, as a file of the user changes them.

    It has one table a source, with the keys that change. A ``url`` takes the place of a dataset and the other way
    round; names of ``columns`` come before those that are known. Sources that change have ``changed_by``, the path of
    the file.

    Raises
    ------
    InputError
        The file is no valid TOML, or names what does not exist: each fault with its key.

    Examples
    --------
    >>> import tempfile
    >>> known = {"iris": {"vintage": "2024", "locate": {"kind": "address", "url": "https://a.fr/2024.csv"}}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "sources.toml"
    ...     _ = path.write_text('[iris]\nvintage = "2025"\nlocate.url = "https://a.fr/2025.csv"\n')
    ...     changed = apply_overrides(known, path)["iris"]
    >>> changed["vintage"], changed["locate"]["url"]
    ('2025', 'https://a.fr/2025.csv')
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(tell("not_toml", path=path, error=error)) from error
    faults = [fault for name, changes in given.items() for fault in _faults(name, changes, tables)]
    if faults:
        raise InputError(tell("faults_of_file", path=path, faults="; ".join(faults)))
    changed = {name: _changed(tables[name], changes) | {"changed_by": str(path)} for name, changes in given.items()}
    return {**tables, **changed}


def _changed(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    place = changes.get("locate", {})
    kind = "address" if "url" in place else "data.gouv.fr" if "dataset" in place else table["locate"]["kind"]
    of_address = {"checksum", "fallback"} if "url" in place else set()
    before = {key: value for key, value in table["locate"].items() if key not in of_address}
    known = table.get("columns", {})
    added = {column: [*names, *known[column]] for column, names in changes.get("columns", {}).items()}
    # What the user names is no longer unverified: the licence, the address, the columns.
    named = {*changes, *({"address"} if place.keys() & {"url", "dataset"} else ())}
    changed = {**table, **changes, "unverified": [what for what in table.get("unverified", ()) if what not in named]}
    return {**changed, "locate": {**before, **place, "kind": kind}, "columns": {**known, **added}}


def _faults(name: str, changes: object, tables: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    if name not in tables:
        yield tell("toml_no_source", name=name, tables=", ".join(tables))
        return
    if not isinstance(changes, dict):
        yield tell("toml_table", name=name)
        return
    for key, value in changes.items():
        if key in _TEXTS and not isinstance(value, str):
            yield tell("toml_text", name=name, value=key)
        elif key in _NUMBERS and (not isinstance(value, int) or value <= 0):
            yield tell("toml_whole", name=name, value=key)
        elif key == "locate":
            yield from _place_faults(name, value, tables[name]["locate"])
        elif key == "columns":
            yield from _column_faults(name, value, tables[name].get("columns", {}))
        elif key not in (*_TEXTS, *_NUMBERS):
            yield tell("toml_fixed", name=name, value=key, value_2=", ".join((*_TEXTS, *_NUMBERS, "locate", "columns")))


def _place_faults(name: str, place: object, known: Mapping[str, str]) -> Iterator[str]:
    if not isinstance(place, dict):
        yield tell("toml_locate", name=name)
        return
    for key, value in place.items():
        if key not in _PLACES:
            yield tell("toml_locate_unknown", name=name, value=key, places=", ".join(_PLACES))
        elif not isinstance(value, str):
            yield tell("toml_locate_text", name=name, value=key)
        elif key in {"url", "checksum"} and not is_private(value):
            yield tell("toml_locate_https", name=name, value=key)
        elif key == "name" and not is_file_name(value.replace("{area}", "93")):
            yield f"{name}.locate.name: {tell('is_no_file_name', value=value)}"
        elif key == "title" and not _is_pattern(value):
            yield tell("toml_locate_pattern", name=name, value=value)
    if "dataset" in place and "url" not in place:
        missing = [key for key in _BY_DATASET if key not in {**known, **place}]
        yield from (tell("key_missing", value=f"{name}.locate.{key}") for key in missing)


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _column_faults(name: str, columns: object, known: Mapping[str, object]) -> Iterator[str]:
    if not isinstance(columns, dict):
        yield tell("toml_columns", name=name)
        return
    for column, names in columns.items():
        if column not in known or column in _NO_COLUMN:
            there = ", ".join(key for key in known if key not in _NO_COLUMN)
            yield tell("toml_column_unknown", name=name, column=column, known=there)
        elif not (isinstance(names, list) and all(isinstance(alias, str) for alias in names)):
            yield tell("toml_column_names", name=name, column=column)


@dataclass(frozen=True)
class Source:
    """One official source.

    Attributes
    ----------
    id
        Its name in essgeo.
    title, publisher, page, licence
        What it is, who publishes it, its page, its licence; ``unverified`` where nobody has read of any.
    vintage
        What its figures are as of; ``latest`` where the file is renewed in place.
    layer
        The layer it feeds.
    format
        What the file is once out of its archive: ``csv``, ``csv.gz``, ``geojson``, ``gpkg``, ``json``, ``osm.pbf``,
        ``parquet`` or ``shapefile``.
    refresh
        How often it is renewed: a key of ``REFRESH_DAYS``.
    scope
        What one file covers: ``france``, ``region``, ``department`` or ``territory``.
    max_megabytes
        The largest file that is taken, in 10^6 bytes, and the largest that may come out of its archive.
    locate
        How the current file is found. ``kind`` is ``data.gouv.fr`` (then ``dataset``; ``title``, a regular expression;
        ``unlike``, one of what is taken only where there is no other; ``format``, space-separated; ``resource``, an
        identifier that wins over the title while it is there),
        ``address`` (then ``url``; ``name`` of the file; ``checksum``, the address of its sum; ``pages`` where it is the
        first page of a list; ``fallback``, another address, for the day on which the file is gone from the first),
        ``given``: nobody publishes it, the user gives it (``option`` of the command), or ``page``: the file is on the
        ``page`` of the source, under a ``name`` but at an address that nobody has read. ``member`` is the pattern of
        the file wanted from an archive. ``{area}`` stands for the area.
    columns
        The names a column is known under, newest first, by its name in essgeo.
    optional
        Columns that may be absent, which is then said.
    either
        Columns, space-separated, that stand in for each other: one of them at least must be there.
    areas
        The area in addresses, by department (``*``: any other); empty where it is the code of the department.
    only, without
        Departments that it covers (empty: all), and those it leaves out.
    unverified
        What of this entry was neither seen in a published file nor read in public code that uses it.
    published
        Month in which a vintage that is a year appeared, ``2025-10``; ``""`` where it is not known or does not matter.
    index
        A column without two rows alike, for :func:`essgeo.official.readers.read_official`; ``""`` where none is known.
    changed_by
        The ``sources.toml`` of the user that changes this entry; ``""`` for that of the package.
    headers
        The list of :data:`essgeo.schema.columns.HEADERS` that has its columns; ``""`` where the catalogue has them.
    """

    id: str
    title: str
    publisher: str
    page: str
    licence: str
    vintage: str
    layer: str
    format: str
    refresh: str
    scope: str
    max_megabytes: int
    locate: Mapping[str, str]
    columns: Mapping[str, tuple[str, ...]]
    optional: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    areas: Mapping[str, str] | None = None
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()
    published: str = ""
    index: str = ""
    changed_by: str = ""
    headers: str = ""

    @property
    def is_given(self) -> bool:
        """Whether the user gives it, because nobody publishes it, or because nobody has read where."""
        return self.locate["kind"] in {"given", "page"}


def _sources() -> dict[str, Source]:
    path = overrides_file()
    return _read(path, path.stat().st_mtime_ns) if path else _read(None, 0)


@lru_cache(maxsize=4)
def _read(path: Path | None, _changed_ns: int) -> dict[str, Source]:
    """Return the catalogue as the file of a user of that time changes it."""
    text = (files("essgeo.official") / "catalogue.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    for table in tables.values():
        if isinstance(name := table.get("columns"), str):
            optional = [field.name for field in (LISTS | LAYERS)[name].fields if field.optional]
            table |= {"headers": name, "columns": {**HEADERS[name], "optional": optional}}
    changed = apply_overrides(tables, path) if path else tables
    return {name: _source(name, table) for name, table in changed.items()}


def read_catalogue() -> dict[str, Source]:
    """Return every official source by its identifier, as the ``sources.toml`` of the user changes it.

    Examples
    --------
    >>> catalogue = read_catalogue()
    >>> catalogue["ban"].licence, catalogue["ban"].refresh
    ('Licence Ouverte 2.0', 'weekly')
    """
    return dict(_sources())


def known_headers() -> Headers:
    """Return the headers that files are read by, with those that the user's ``sources.toml`` adds to official lists."""
    return {**HEADERS, **{source.headers: source.columns for source in _sources().values() if source.headers}}


def find_source(name: str) -> Source:
    """Return the source of that identifier.

    Raises
    ------
    InputError
        There is no such source.

    Examples
    --------
    >>> find_source("qpv_2024").publisher
    'ANCT'
    """
    sources = _sources()
    if name not in sources:
        raise InputError(tell("source_unknown", name=name, sources=", ".join(sources)))
    return sources[name]


def is_department(code: str) -> bool:
    """Return whether there is a department of that code: the regions of OpenStreetMap name them all."""
    return code in (_sources()["osm"].areas or {})


def area_of(source: Source, department: str) -> str:
    """Return what stands for a department in the addresses of a source, ``""`` where one file covers France.

    Raises
    ------
    InputError
        The source is divided by department and none is given, or there is no department of that code.
    SourceUnavailableError
        The source does not cover that department, or nobody publishes it.

    Examples
    --------
    >>> catalogue = read_catalogue()
    >>> area_of(catalogue["ban"], "93"), area_of(catalogue["osm"], "93"), area_of(catalogue["grid_200m"], "974")
    ('93', 'ile-de-france', 'reun')
    >>> area_of(catalogue["sirene_legal_units"], "93")
    ''
    """
    if department and not is_department(department):
        raise InputError(tell("department_unknown", department=department))
    if source.locate["kind"] == "page":
        raise SourceUnavailableError(to_give(source), cause="page")
    if source.is_given:
        raise SourceUnavailableError(to_give(source), cause="given")
    if department in source.without or (source.only and department and department not in source.only):
        message = tell(
            "department_uncovered", id=source.id, title=source.title, department=department, page=source.page
        )
        raise SourceUnavailableError(message, cause="not_covered", detail=department)
    if source.scope == "france":
        return ""
    if not department:
        raise InputError(tell("needs_department", id=source.id, scope=source.scope))
    areas = source.areas or {}
    return areas.get(department) or areas.get("*") or department


def to_give(source: Source) -> str:
    """Return what to do about a source that nobody publishes, or whose address is not known."""
    if source.locate["kind"] == "page":
        named = {"id": source.id, "name": source.locate["name"], "page": source.page}
        return tell("source_unverified", **named, unverified=", ".join(source.unverified))
    return tell("source_given", id=source.id, option=source.locate["option"], layer=source.layer, page=source.page)


def due_since(source: Source, today: dt.date) -> str:
    """Return the month since which a newer vintage has probably been out, ``""`` if none is due.

    Vintages that are a year appear every year at about the same time, under a new address.

    Examples
    --------
    >>> import datetime as dt
    >>> grid = find_source("grid_200m")
    >>> grid.published, due_since(grid, dt.date(2027, 2, 1)), due_since(grid, dt.date(2027, 3, 1))
    ('2026-02', '', '2027-02')
    """
    if not source.published:
        return ""
    year, _, month = source.published.partition("-")
    due = f"{int(year) + 1}-{month}"
    return due if f"{today:%Y-%m}" > due else ""


def official_columns(found: Iterable[str], source: Source, *, file: str) -> dict[str, str]:
    """Return the columns of an official file by their names in essgeo; those that essgeo does not know are left out.

    Case, accents and punctuation do not matter. Where a file carries several names of one column, the newest is taken.

    Raises
    ------
    SourceChangedError
        A column that is not optional, or each of those that stand in for each other, stands under none of its names.

    Examples
    --------
    >>> official_columns(["CODE_QP", "NOM_QP", "AREA"], read_catalogue()["qpv_2015"], file="qp.dbf")
    {'CODE_QP': 'zone_id', 'NOM_QP': 'name'}
    """
    standing = list(found)
    by_name: dict[str, str] = {}
    for column in standing:
        by_name.setdefault(simplify(column), column)
    chosen: dict[str, str] = {}
    for canonical, names in source.columns.items():
        known = (by_name[simplify(name)] for name in names if simplify(name) in by_name)
        free = next((name for name in known if name not in chosen), None)
        if free is not None:
            chosen[free] = canonical
    there, groups = set(chosen.values()), [group.split() for group in source.either]
    instead = {name for group in groups for name in group}
    lacking = [name for name in source.columns if name not in {*there, *source.optional, *instead}]
    lacking += [name for group in groups if there.isdisjoint(group) for name in group]
    if missing := {name: source.columns[name] for name in lacking}:
        message = _catalogue_changed(source, file, missing, standing)
        raise SourceChangedError(message, cause="column", detail=", ".join(names[0] for names in missing.values()))
    return chosen


def absent_columns(found: Iterable[str], source: Source) -> list[str]:
    """Return the optional columns of a source that a file with these columns has not, by their official names.

    Examples
    --------
    >>> absent_columns(["SIREN"], find_source("ess_france"))
    ["Nom ou raison sociale de l'entreprise", "Famille juridique de l'entreprise"]
    """
    standing = {simplify(column) for column in found}
    optional = (source.columns[name] for name in source.optional)
    absent = [names for names in optional if standing.isdisjoint(map(simplify, names))]
    # Of names that tell a year, that of the vintage.
    return [next((name for name in names if name.endswith(source.vintage[-2:])), names[0]) for names in absent]


def _catalogue_changed(source: Source, file: str, missing: Mapping[str, tuple[str, ...]], standing: list[str]) -> str:
    lacking = "; ".join(
        tell("column_known_as", name=canonical, names=", ".join(names)) for canonical, names in missing.items()
    )
    more = len(standing) - _SHOWN_COLUMNS
    seen = ", ".join(standing[:_SHOWN_COLUMNS]) or tell("word_none")
    there = seen + (tell("and_more", count=more) if more > 0 else "")
    return tell("source_columns_changed", file=file, id=source.id, lacking=lacking, there=there, page=source.page)


def _source(name: str, table: dict[str, object]) -> Source:
    columns = dict(table.pop("columns", {}))  # type: ignore[call-overload]
    optional, either = (tuple(columns.pop(key, ())) for key in _NO_COLUMN)
    lists = {key: tuple(value) for key, value in table.items() if isinstance(value, list)}
    return Source(
        id=name,
        columns={column: tuple(names) for column, names in columns.items()},
        optional=optional,
        either=either,
        **(table | lists),  # type: ignore[arg-type]
    )
