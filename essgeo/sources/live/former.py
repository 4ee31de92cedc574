"""Read official files, or the copies before them where their content is wrong."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from essgeo.errors import InputError, SourceChangedError, SourceError
from essgeo.sources.download.former import formers, note_read, put_back

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from essgeo.sources.download.manifest import Fetched
    from essgeo.sources.live.ask import Live

Result = TypeVar("Result")


def read_files(
    live: Live, fetched: list[Fetched], read: Callable[[Mapping[str, list[Path]]], Result], *, stand_in: bool
) -> tuple[Result, list[Fetched]]:
    """Return what a reader makes of files, and the files: where it fails, with copies before them, one or all.

    Parameters
    ----------
    live
        Where the reader keeps inputs and notes; those of a failed reading are forgotten.
    fetched
        The files. One whose content is wrong is put back for the copy before it.
    read
        Makes something of the paths of each source.
    stand_in
        Whether something else may hold rows: a table without any is then a fault.

    Raises
    ------
    SourceError, InputError
        Neither the files nor copies before them can be read: the fault of the files.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> from essgeo.sources.live import Live
    >>> read_files(Live(load_territory("est-ensemble")), [], lambda files: len(files), stand_in=False)
    (0, [])
    """
    try:
        result, fault = _made(live, fetched, read), None
    except (SourceError, InputError) as error:
        fault = error
    else:
        if not _is_empty(result):
            for file in fetched:
                note_read(file)
            return result, fetched
    why = fault or SourceChangedError(f"{fetched[0].source}: no row of {live.territory.name}.", cause="empty")
    for instead in _choices({file: formers(file) for file in fetched}):
        mixed = [_instead(file, instead[file], why) if file in instead else file for file in fetched]
        with contextlib.suppress(SourceError, InputError):
            earlier = _made(live, mixed, read)
            if not _is_empty(earlier):
                for refused, copy in instead.items():
                    put_back(refused, copy)
                return earlier, mixed
    if fault is None and not stand_in:
        return result, fetched
    raise why


def _choices(before: Mapping[Fetched, Sequence[Fetched]]) -> Iterator[dict[Fetched, Fetched]]:
    """Give what to read instead of files: one of them by each copy behind it, then all by their newest, or oldest."""
    for file, copies in before.items():
        yield from ({file: copy} for copy in copies)
    several = {file: copies for file, copies in before.items() if copies}
    if len(several) > 1:
        yield {file: copies[0] for file, copies in several.items()}
        yield {file: copies[-1] for file, copies in several.items()}


def _made(live: Live, files: Sequence[Fetched], read: Callable[[Mapping[str, list[Path]]], Result]) -> Result:
    """Return what a reader makes of files; what it noted on the way is forgotten where it fails."""
    kept = len(live.inputs), len(live.notes), len(live.faults)
    paths: dict[str, list[Path]] = {}
    for file in files:
        paths.setdefault(file.source, []).append(file.path)
    try:
        return read(paths)
    except (SourceError, InputError):
        del live.inputs[kept[0] :], live.notes[kept[1] :], live.faults[kept[2] :]
        raise


def _instead(file: Fetched, copy: Fetched, why: SourceError | InputError) -> Fetched:
    """Return the copy before a file, with the reason why it is read."""
    day = f"{copy.fetched_at:%Y-%m-%d}"
    stale = f"{file.source}: copy of {day}, because the content of the current file cannot be used: {why}"
    return dataclasses.replace(copy, stale=stale, fault=why)


def _is_empty(result: object) -> bool:
    first = result[0] if isinstance(result, tuple) else result
    return isinstance(first, pd.DataFrame | pd.Series) and first.empty
