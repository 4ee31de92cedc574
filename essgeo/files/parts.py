"""Which sheets of a workbook or layers of a GeoPackage are read, and how they make one list."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import pandas as pd

from essgeo.crs import require_crs
from essgeo.errors import InputError, InputWarning
from essgeo.files.recognise import recognise
from essgeo.messages import plural, tell
from essgeo.schema.columns import in_names
from essgeo.schema.headers import simplify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

OWN = "structures"
"""The sheet and the layer that essgeo writes structures into: read alone where it has their identifier."""

PLACES = frozenset({"address", "lon"})
"""Fields that say where a structure is: a part with its name and one of these is a list."""


class Part(NamedTuple):
    """A sheet or a layer: its name, its first rows (none where it is blank), whether it holds points, and is hidden."""

    name: str
    table: pd.DataFrame | None
    points: bool = False
    hidden: bool = False

    def columns(self) -> list[str]:
        """Return the names of its columns."""
        return [] if self.table is None else [str(name) for name in self.table.columns]


def choose_parts(path: Path, kind: str, parts: Sequence[Part], named: str | None) -> list[str]:
    """Return the names of the sheets or layers to read, with a warning that says which these are and which not.

    The one that is named; else what essgeo wrote; else every visible one that lists structures, with a name and an
    address or a point, or has the same columns as one that does; else the first that holds anything.

    Parameters
    ----------
    path
        The file.
    kind
        ``sheet`` or ``layer``: what the parts are called, and the option that names one.
    parts
        In the order of the file.
    named
        The one that the user wants, whatever the case of its letters.
    """
    names = [part.name for part in parts]
    if named is not None:
        found = [name for name in names if name == named] or [
            name for name in names if simplify(name) == simplify(named)
        ]
        if not found:
            message = tell("no_part", path=path, kind=tell(f"word_{kind}"), named=named, names=", ".join(names))
            raise InputError(message)
        return found[:1]
    filled = [part for part in parts if part.columns()]
    visible = [part for part in filled if not part.hidden]
    fields = {part.name: {*recognise(part.table, source="").fields} for part in filled if part.table is not None}
    wrote = [part for part in visible if simplify(part.name) == OWN]
    own = [part for part in wrote if "structure_id" in fields[part.name] | set(in_names(part.columns()).values())]
    lists = [part for part in visible if "name" in fields[part.name] and (part.points or fields[part.name] & PLACES)]
    chosen = own[:1] or lists or visible[:1]
    headers = {part.name: (part.points, {*map(simplify, part.columns())}) for part in visible}
    if not own:
        known = [headers[part.name] for part in chosen]
        chosen = [part for part in visible if headers[part.name] in known]
    if not chosen:
        message = tell("no_part_to_read" if filled else "file_empty", path=path, kind=kind)
        raise InputError(message)
    left = [tell("part_hidden", name=part.name) if part.hidden else part.name for part in filled if part not in chosen]
    if left or len(chosen) > 1:
        read = ", ".join(part.name for part in chosen)
        others = tell("parts_left", names=", ".join(left)) if left else ""
        message = tell(f"{kind}_parts_read", name=path.name, read=read, others=others)
        warnings.warn(message, InputWarning, stacklevel=2)
    return [part.name for part in chosen]


def join_parts(path: Path, kind: str, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return sheets or layers as one table; where there are several, a column named after them says which.

    Columns of one meaning get the name they have in the first part. A row that stands whole in an earlier part, as in a
    sheet of everything beside a sheet for each commune, is read once, with a warning. Rows are numbered as a
    spreadsheet names them, ``Bondy!5``.
    """
    first, *others = frames.items()
    if not others:
        return first[1]
    taken = {field: column for column, field in _meanings(first[1]).items()}
    joined = [_marked(*first, kind)]
    for name, frame in others:
        named = frame.rename(columns={column: taken.get(field, column) for column, field in _meanings(frame).items()})
        named = named if named.columns.is_unique else frame
        taken = {field: column for column, field in _meanings(named).items()} | taken
        if isinstance(named, gpd.GeoDataFrame) and isinstance(first[1], gpd.GeoDataFrame):
            require_crs(first[1], f"{path.name}, {tell(f'word_{kind}')} {first[0]}")
            require_crs(named, f"{path.name}, {tell(f'word_{kind}')} {name}")
            shapes = first[1].geometry.name
            named = named if named.geometry.name == shapes else named.rename_geometry(shapes)
            named = named.to_crs(first[1].crs)
        joined.append(_new_rows(path, kind, _marked(name, named, kind), joined))
    whole = pd.concat(joined)
    # What a part lacks is empty text where the others have text.
    lacking = {name for part in joined for name in whole.columns.difference(part.columns)}
    texts = [name for name in lacking if all(isinstance(cell, str) for cell in whole[name].dropna())]
    return whole.assign(**{name: whole[name].fillna("") for name in texts})


def _meanings(frame: pd.DataFrame) -> Mapping[str, str]:
    return recognise(frame, source="").meanings


def _marked(name: str, frame: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return a part with its name in a column, and its rows numbered as a spreadsheet names them."""
    column = kind if kind not in frame.columns else f"{kind}_name"
    return frame.assign(**{column: name}).set_axis([f"{name}!{row}" for row in frame.index])


def _new_rows(path: Path, kind: str, frame: pd.DataFrame, before: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of a part that do not stand whole, in the columns that both have, in one before it."""
    known = pd.Series(data=False, index=frame.index)
    for other in before:
        shared = [name for name in frame.columns if name in other.columns and name not in (kind, f"{kind}_name")]
        if len(shared) * 2 <= len(frame.columns):
            continue
        mine, theirs = (pd.MultiIndex.from_frame(part[shared].astype(str)) for part in (frame, other))
        known |= mine.isin(theirs)
    known &= (frame.drop(columns=[kind], errors="ignore").astype(str) != "").any(axis=1)
    if known.any():
        count, part = int(known.sum()), frame[kind].iloc[0]
        message = plural("rows_of_before", count, name=path.name, count=count, part=part)
        warnings.warn(message, InputWarning, stacklevel=2)
    return frame[~known]
