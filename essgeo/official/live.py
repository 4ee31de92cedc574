"""Ask for a current official file; where it cannot be had, fall back, and say so."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import pandas as pd

from essgeo.errors import InputError, SourceChangedError, SourceError, SourceUnavailableError
from essgeo.files.provenance import Input, sha256_of
from essgeo.messages import tell
from essgeo.official.catalogue import find_source
from essgeo.official.formats import absent_in
from essgeo.official.store import earlier_copies, note_read, put_back
from essgeo.schema.codes import department_of
from essgeo.text.languages import cause_in_words, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from essgeo.messages import Lang
    from essgeo.official.catalogue import Source
    from essgeo.official.store import OfficialFile
    from essgeo.territory import LayerFile, Territory


_GIVEN = "given"
"""Cause of a source that nobody publishes: nothing stands in for a file that does not exist."""

Result = TypeVar("Result")

Value_co = TypeVar("Value_co", covariant=True)


@dataclass(frozen=True)
class Found(Generic[Value_co]):
    """What came of asking for something.

    Attributes
    ----------
    value
        The layer, table or network that was asked for.
    inputs
        Files that it rests on, in order.
    notes
        What could not be had at all, in the language of the study.
    faults
        What went wrong with official files, in full and in English, for a terminal.
    """

    value: Value_co
    inputs: tuple[Input, ...] = ()
    notes: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


def gather(value: Result, *parts: Found[object]) -> Found[Result]:
    """Return a value with the inputs, notes and faults of all that it was made of.

    Examples
    --------
    >>> gather(3, Found(1, notes=("a",)), Found(2, notes=("b",))).notes
    ('a', 'b')
    """
    return Found(
        value,
        tuple(one for part in parts for one in part.inputs),
        tuple(one for part in parts for one in part.notes),
        tuple(one for part in parts for one in part.faults),
    )


class Fetch(Protocol):
    """Returns an official file of a department: :func:`essgeo.official.fetch.fetch`, or a stand-in for it."""

    def __call__(self, source: Source, *, area: str, offline: bool, progress: bool) -> OfficialFile:
        """Return the file."""


def official(source: Source, *, area: str, offline: bool, progress: bool) -> OfficialFile:
    """Return a file of its publisher: :func:`essgeo.official.fetch.fetch`."""
    from essgeo.official.fetch import fetch  # noqa: PLC0415 (a study of its own files does without it)

    return fetch(source, area=area, offline=offline, progress=progress)


@dataclass(frozen=True)
class Live:
    """How the official sources of a territory are asked.

    Attributes
    ----------
    territory
        The territory.
    lang
        Language of the notes.
    offline
        Read the copies on the disk only.
    progress
        Show how far a download is, on a terminal.
    fetch
        How a file is fetched.
    """

    territory: Territory
    lang: Lang = "fr"
    offline: bool = False
    progress: bool = False
    fetch: Fetch = official


def find(
    live: Live,
    layer: str,
    sources: Sequence[str],
    read: Callable[[Mapping[str, list[Path]]], Result | Found[Result]],
    own: Callable[[], Result] | None = None,
    *,
    nothing: Callable[[], Result] | None = None,
) -> Found[Result]:
    """Return what a reader makes of official files; where one fails, its fallback.

    A file may be whole, have its columns, and still be wrong inside, or hold nothing of the territory. The copy that it
    took the place of is then read, and put back for the next run to ask the server again. Where there is none, the
    territory's own file stands in.

    Parameters
    ----------
    live
        How sources are asked.
    layer
        The layer that is read.
    sources
        Identifiers of the sources it needs, the one that names it first.
    read
        Makes the layer of the files of each source, one a department or one for France; what it finds elsewhere on the
        way comes with it.
    own
        Makes it of the territory's own file, where it declares one.
    nothing
        Makes a layer without rows, where a study can do without. Without it, a layer that cannot be had is an error.

    Returns
    -------
    Found
        What the first of ``read``, ``own`` and ``nothing`` that works gives.

    Raises
    ------
    SourceError, InputError
        None of them works: the fault of the official source.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> live = Live(load_territory("est-ensemble"), lang="en", fetch=unreachable)
    >>> found = find(live, "stations", ["stations"], lambda files: 1, lambda: 2)
    >>> found.value, found.faults
    (2, ('stations: no answer.',))
    >>> print(found.inputs[0].note)
    Emplacement des gares d'Île-de-France: stations.csv (vintage 2025) stands in for the official file (the server ...
    """
    title, said = find_source(sources[0]).title, words(live.lang)["live"]
    declared = next((file for file in live.territory.files if own is not None and file.layer == layer), None)
    try:
        fetched = [file for name in sources for file in _files(live, find_source(name))]
        made, used = _read_or_fall_back(live.territory, fetched, read, has_own=declared is not None)
    except (SourceError, InputError) as error:
        faults, reason = (_line(error),), cause_in_words(error, live.lang)
        if own is not None and declared is not None:
            named = {"title": title, "file": declared.path.name, "vintage": declared.vintage, "reason": reason}
            note = said["listed" if getattr(error, "cause", "") == _GIVEN else "own"].format(**named)
            return Found(own(), (dataclasses.replace(input_of(declared), note=note),), (), faults)
        if nothing is not None:
            return Found(nothing(), (), (said["none"].format(title=title, reason=reason),), faults)
        raise
    inputs = tuple(_input(live.lang, layer, file) for file in used)
    return gather(made.value, made, Found(None, inputs, (), tuple(_line(file.stale) for file in used if file.stale)))


def _read_or_fall_back(
    territory: Territory,
    fetched: list[OfficialFile],
    read: Callable[[Mapping[str, list[Path]]], Result | Found[Result]],
    *,
    has_own: bool,
) -> tuple[Found[Result], list[OfficialFile]]:
    """Return what a reader makes of files, and the files: where it fails, with copies before them, one or all.

    A layer without a row is a fault only where the territory's own file may have some (``has_own``).
    """
    made, fault = None, None
    try:
        made = _made(fetched, read)
    except (SourceError, InputError) as error:
        fault = error
    if made is not None and not _is_empty(made.value):
        for file in fetched:
            note_read(file)
        return made, fetched
    why = fault or SourceChangedError(tell("no_row_of", source=fetched[0].source, name=territory.name), cause="empty")
    for instead in _fallbacks({file: earlier_copies(file) for file in fetched}):
        mixed = [_stale(instead[file], why) if file in instead else file for file in fetched]
        with contextlib.suppress(SourceError, InputError):
            earlier = _made(mixed, read)
            if not _is_empty(earlier.value):
                for refused, copy in instead.items():
                    put_back(refused, copy)
                return earlier, mixed
    if made is not None and not has_own:
        return made, fetched
    raise why


def _fallbacks(earlier: Mapping[OfficialFile, Sequence[OfficialFile]]) -> Iterator[dict[OfficialFile, OfficialFile]]:
    """Give what to read instead of files: one of them by each copy behind it, then all by their newest, or oldest."""
    for file, copies in earlier.items():
        yield from ({file: copy} for copy in copies)
    several = {file: copies for file, copies in earlier.items() if copies}
    if len(several) > 1:
        yield {file: copies[0] for file, copies in several.items()}
        yield {file: copies[-1] for file, copies in several.items()}


def _made(
    files: Sequence[OfficialFile], read: Callable[[Mapping[str, list[Path]]], Result | Found[Result]]
) -> Found[Result]:
    paths: dict[str, list[Path]] = {}
    for file in files:
        paths.setdefault(file.source, []).append(file.path)
    made = read(paths)
    return made if isinstance(made, Found) else Found(made)


def _stale(copy: OfficialFile, why: SourceError | InputError) -> OfficialFile:
    """Return an earlier copy with the reason why it is read."""
    stale = tell("content_unusable", source=copy.source, day=copy.day, why=why)
    return dataclasses.replace(copy, stale=stale, fault=why)


def _is_empty(value: object) -> bool:
    first = value[0] if isinstance(value, tuple) else value
    return isinstance(first, pd.DataFrame | pd.Series) and first.empty


def input_of(file: LayerFile) -> Input:
    """Return the lineage of a file that a territory declares."""
    return Input(
        file.layer, file.path.name, sha256_of(file.path), file.title, file.publisher, file.licence, file.vintage
    )


def own_input(territory: Territory, layer: str, found: Found[object]) -> Found[None]:
    """Return the lineage of the territory's own file of a layer, unless what was found of it rests on it already."""
    if not territory.declares(layer):
        return Found(None)
    file = territory.file(layer)
    used = {source.file for source in found.inputs}
    return Found(None, () if file.path.name in used else (input_of(file),))


def _files(live: Live, source: Source) -> list[OfficialFile]:
    """Return the files of a source that cover the territory, each once."""
    files: dict[Path, OfficialFile] = {}
    for department in sorted({department_of(code) for code in live.territory.communes}):
        file = live.fetch(source, area=department, offline=live.offline, progress=live.progress)
        files[file.path] = file
    if not files:
        raise SourceUnavailableError(tell("territory_no_commune", name=live.territory.name))
    return list(files.values())


def _line(message: object) -> str:
    return " ".join(str(message).split())


def _input(lang: Lang, layer: str, file: OfficialFile) -> Input:
    source, said = find_source(file.source), words(lang)["live"]
    reason = cause_in_words(file.fault, lang) if file.fault else ""
    vintage = source.vintage if source.vintage == "latest" and not file.vintage else file.vintage
    notes = [said["stale"].format(title=source.title, day=file.day, reason=reason)] if reason else []
    if absent := absent_in(file.path, source):
        notes.append(said["lacks"].format(title=source.title, columns=", ".join(absent)))
    return Input(
        layer=layer,
        file=file.path.name,
        sha256=file.sha256,
        title=source.title,
        publisher=source.publisher,
        licence=source.licence,
        vintage=file.day if vintage == "latest" else vintage or said["unknown"],
        url=file.url,
        fetched_at=file.fetched_at,
        note=" ; ".join(notes) if lang == "fr" else "; ".join(notes),
    )
