"""Entries of the catalogue that a user changes without touching the package: ``sources.toml``."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from essgeo.errors import InputError
from essgeo.sources.download.retries import is_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE = "sources.toml"
"""Name of the file, in the folder where essgeo runs; ``ESSGEO_SOURCES`` names another."""
_TEXTS = ("title", "publisher", "page", "licence", "vintage", "published")
_NUMBERS = ("max_megabytes",)
_PLACES = ("url", "name", "checksum", "member", "dataset", "resource", "title", "format")
_BY_DATASET = ("dataset", "title", "format")


def overrides_file() -> Path | None:
    """Return the file of the user that changes entries of the catalogue, None where there is none.

    Raises
    ------
    InputError
        ``ESSGEO_SOURCES`` names a file that is not there.

    Examples
    --------
    >>> overrides_file() is None
    True
    """
    named = os.environ.get("ESSGEO_SOURCES")
    path = Path(named or FILE)
    if path.is_file():
        return path.resolve()
    if named:
        message = f"{path}: no such file, though ESSGEO_SOURCES names it."
        raise InputError(message)
    return None


def overridden(tables: Mapping[str, dict[str, Any]], path: Path) -> dict[str, dict[str, Any]]:
    r"""Return the tables of the catalogue as a file of the user changes them.

    Parameters
    ----------
    tables
        The catalogue, by source.
    path
        One table a source, with the keys that change: ``title``, ``publisher``, ``page``, ``licence``, ``vintage``,
        ``published``, ``max_megabytes``; ``locate`` with what :class:`essgeo.sources.catalogue.Source` says, of which a
        ``url`` takes the place of a dataset and the other way round; ``columns``, whose names come before those that
        are known.

    Returns
    -------
    dict
        The same sources; those that change have ``changed_by``, the path of the file.

    Raises
    ------
    InputError
        The file is no valid TOML, or names what does not exist. Each fault is said with its key.

    Examples
    --------
    >>> import tempfile
    >>> known = {"iris": {"vintage": "2024", "locate": {"kind": "address", "url": "https://a.fr/2024.csv"}}}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "sources.toml"
    ...     _ = path.write_text('[iris]\nvintage = "2025"\nlocate.url = "https://a.fr/2025.csv"\n')
    ...     changed = overridden(known, path)["iris"]
    >>> changed["vintage"], changed["locate"]["url"]
    ('2025', 'https://a.fr/2025.csv')
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        message = f"{path}: not valid TOML: {error}"
        raise InputError(message) from error
    faults = [fault for name, changes in given.items() for fault in _faults(name, changes, tables)]
    if faults:
        message = f"{path}: " + "; ".join(faults) + "."
        raise InputError(message)
    changed = {name: _changed(tables[name], changes) | {"changed_by": str(path)} for name, changes in given.items()}
    return {**tables, **changed}


def _changed(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    place = changes.get("locate", {})
    kind = "address" if "url" in place else "data.gouv.fr" if "dataset" in place else table["locate"]["kind"]
    before = {key: value for key, value in table["locate"].items() if not ("url" in place and key == "checksum")}
    known = table.get("columns", {})
    added = {column: [*names, *known[column]] for column, names in changes.get("columns", {}).items()}
    return {**table, **changes, "locate": {**before, **place, "kind": kind}, "columns": {**known, **added}}


def _faults(name: str, changes: object, tables: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    if name not in tables:
        yield f"no source {name!r}; known: {', '.join(tables)}"
        return
    if not isinstance(changes, dict):
        yield f"{name} should be a table, opened by [{name}]"
        return
    for key, value in changes.items():
        if key in _TEXTS and not isinstance(value, str):
            yield f"{name}.{key} should be text between quotes"
        elif key in _NUMBERS and (not isinstance(value, int) or value <= 0):
            yield f"{name}.{key} should be a whole number, such as 500"
        elif key == "locate":
            yield from _place_faults(name, value, tables[name]["locate"])
        elif key == "columns":
            yield from _column_faults(name, value, tables[name].get("columns", {}))
        elif key not in (*_TEXTS, *_NUMBERS):
            yield f"{name}.{key} cannot be changed; known: {', '.join((*_TEXTS, *_NUMBERS, 'locate', 'columns'))}"


def _place_faults(name: str, place: object, known: Mapping[str, str]) -> Iterator[str]:
    if not isinstance(place, dict):
        yield f'{name}.locate should be written as locate.url = "https://..."'
        return
    for key, value in place.items():
        if key not in _PLACES:
            yield f"{name}.locate.{key} is not known; known: {', '.join(_PLACES)}"
        elif not isinstance(value, str):
            yield f"{name}.locate.{key} should be text between quotes"
        elif key in {"url", "checksum"} and not is_private(value):
            yield f"{name}.locate.{key} should begin with https://"
    if "dataset" in place and "url" not in place:
        missing = [key for key in _BY_DATASET if key not in {**known, **place}]
        yield from (f"{name}.locate.{key} is missing" for key in missing)


def _column_faults(name: str, columns: object, known: Mapping[str, object]) -> Iterator[str]:
    if not isinstance(columns, dict):
        yield f"{name}.columns should be a table, opened by [{name}.columns]"
        return
    for column, names in columns.items():
        if column not in known or column == "optional":
            yield f"{name}.columns.{column} is not known; known: {', '.join(key for key in known if key != 'optional')}"
        elif not (isinstance(names, list) and all(isinstance(alias, str) for alias in names)):
            yield f'{name}.columns.{column} should be a list of names, such as ["P23_POP"]'
