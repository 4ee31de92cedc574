"""Compare what two versions of essgeo publish: `python benchmarks/compare_outputs.py BEFORE AFTER`, two study folders.

Tables, workbook and layers are compared value by value to the last digit, columns by name; pages, texts and scripts
with each run of spaces as one; JSON by its content. Hashes and sizes follow from other files, and are left out.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import pyogrio
from openpyxl import load_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SHOWN = 8
"""Differences that are told of one file."""

_FOLLOWS = {"hash", "bytes"}
_SPACES = re.compile(r"\s+")
_HASHES = re.compile(r"sha(256|384)-[A-Za-z0-9+/=]{40,}")
_AROUND = 40

Table = dict[str, list[str]]


def _text(path: Path) -> str:
    found = _HASHES.sub("sha-", path.read_text(encoding="utf-8"))
    return _SPACES.sub(" ", found.replace("><", "> <")).strip()


def _csv(path: Path) -> Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    return {name: [row[column] for row in rows] for column, name in enumerate(header)}


def _frame(frame: pd.DataFrame) -> Table:
    if isinstance(frame, gpd.GeoDataFrame):
        shapes = frame.geometry.to_wkt(rounding_precision=9)
        frame = pd.DataFrame(frame).assign(**{frame.geometry.name: shapes})
    named = frame.reset_index() if frame.index.name else frame
    return {str(name): [repr(value) for value in named[name].tolist()] for name in named}


def _workbook(path: Path) -> dict[str, list[str]]:
    book = load_workbook(path, read_only=True)
    return {sheet.title: [repr(row) for row in sheet.iter_rows(values_only=True)] for sheet in book.worksheets}


def _leaves(value: object, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in _FOLLOWS:
                yield from _leaves(inner, f"{at}/{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{at}/{number}")
    else:
        yield at, repr(value)


def _json(path: Path) -> Table:
    return {at: [leaf] for at, leaf in _leaves(json.loads(path.read_text(encoding="utf-8")))}


def _geopackage(path: Path) -> Table:
    layers = {str(name): gpd.read_file(path, layer=name) for name, kind in pyogrio.list_layers(path) if kind}
    return {f"{name}.{column}": values for name, layer in layers.items() for column, values in _frame(layer).items()}


def _differences(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> Iterator[str]:
    """Say which columns, sheets or keys differ, and the first value that does."""
    for name in before:
        if name not in after:
            yield f"- {name} is gone"
    for name in after:
        if name not in before:
            yield f"+ {name} is new"
    for name in [name for name in before if name in after]:
        old, new = before[name], after[name]
        if len(old) != len(new):
            yield f"{name}: {len(old)} rows, then {len(new)}"
        elif old != new:
            apart = [row for row, (one, other) in enumerate(zip(old, new, strict=True)) if one != other]
            order = " (the same values in another order)" if Counter(old) == Counter(new) else ""
            row = apart[0]
            yield f"{name}: {len(apart)} of {len(old)} differ{order}; row {row}: {old[row][:200]} | {new[row][:200]}"


def _text_difference(before: str, after: str) -> Iterator[str]:
    if before != after:
        pairs = enumerate(zip(before, after, strict=False))
        first = next((place for place, (one, other) in pairs if one != other), min(len(before), len(after)))
        span = slice(max(0, first - _AROUND), first + 3 * _AROUND)
        yield f"at character {first} of {len(before)} and {len(after)}:\n      {before[span]}\n      {after[span]}"


_READERS: dict[str, Callable[[Path], Any]] = {
    ".csv": _csv,
    ".geojson": _json,
    ".gpkg": _geopackage,
    ".json": _json,
    ".parquet": lambda path: _frame(gpd.read_parquet(path)),
    ".umap": _json,
    ".xlsx": _workbook,
}


def compare(before: Path, after: Path) -> dict[str, list[str]]:
    """Return the differences between two folders by file; files without one are not listed."""
    names = {path.relative_to(folder).as_posix() for folder in (before, after) for path in folder.rglob("*.*")}
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        old, new = before / name, after / name
        if old.is_dir() or new.is_dir():
            continue
        if not (old.exists() and new.exists()):
            found[name] = ["is gone" if old.exists() else "is new"]
        elif old.read_bytes() != new.read_bytes():
            read = _READERS.get(old.suffix)
            told = list(_differences(read(old), read(new)) if read else _text_difference(_text(old), _text(new)))
            if told:
                found[name] = told
    return found


def main(before: str, after: str) -> None:
    """Print what differs; exit with 1 where something does."""
    for folder in (before, after):
        if not (Path(folder) / "tables").is_dir():
            sys.exit(f"{folder}: not a folder that `essgeo study` wrote.")
    found = compare(Path(before), Path(after))
    for name, told in found.items():
        print(f"{name}: {len(told)} difference{'s' * (len(told) != 1)}")
        for one in told[:SHOWN]:
            print(f"    {one}")
    print(f"{len(found)} files differ." if found else "No difference.")
    sys.exit(bool(found))


if __name__ == "__main__":
    if len(sys.argv) != 3:  # noqa: PLR2004 (the script and two folders)
        sys.exit(__doc__)
    main(*sys.argv[1:])
