"""Ask for a current official file; where it cannot be had, fall back, and say so."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

import pandas as pd

from essgeo.errors import InputError, SourceChangedError, SourceError, SourceUnavailableError
from essgeo.files.provenance import Input, sha256_of
from essgeo.official.catalogue import find_source
from essgeo.official.store import formers, note_read, put_back
from essgeo.schema.codes import department_of
from essgeo.text.phrases import cause_in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from essgeo.official.catalogue import Source
    from essgeo.official.store import Fetched
    from essgeo.schema.vocabulary import Lang
    from essgeo.territory import LayerFile, Territory


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
    >>> from essgeo.official.live import Live
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


_STALE: dict[Lang, str] = {
    "fr": "{title} : la copie du {day} tient lieu du fichier actuel ({reason})",
    "en": "{title}: the copy of {day} stands in for the current file ({reason})",
}

_OWN: dict[Lang, str] = {
    "fr": "{title} : {file} (millésime {vintage}) tient lieu du fichier officiel ({reason})",
    "en": "{title}: {file} (vintage {vintage}) stands in for the official file ({reason})",
}

_LISTED: dict[Lang, str] = {
    "fr": "{title} : liste propre au territoire, {file} (millésime {vintage}) ; aucun fichier n'est publié pour toute "
    "la France",
    "en": "{title}: the territory's own list, {file} (vintage {vintage}); no file is published for the whole country",
}

_GIVEN = "given"
"""Cause of a source that nobody publishes: nothing stands in for a file that does not exist."""

_NONE: dict[Lang, str] = {
    "fr": "{title} : pas de données pour ce territoire ({reason})",
    "en": "{title}: no data for this territory ({reason})",
}

_UNKNOWN: dict[Lang, str] = {"fr": "inconnu", "en": "unknown"}


class Fetch(Protocol):
    """Returns an official file of a department: :func:`essgeo.official.fetch.fetch`, or a stand-in for it."""

    def __call__(self, source: Source, *, area: str, offline: bool, progress: bool) -> Fetched:
        """Return the file."""


def official(source: Source, *, area: str, offline: bool, progress: bool) -> Fetched:
    """Return a file of its publisher: :func:`essgeo.official.fetch.fetch`, imported when something is asked for.

    Examples
    --------
    >>> from essgeo.official.catalogue import find_source
    >>> official(find_source("ban"), area="nowhere", offline=True, progress=False)
    Traceback (most recent call last):
    ...
    essgeo.errors.InputError: no department 'nowhere'; give its code, such as 93, 2A or 974.
    """
    from essgeo.official.fetch import fetch  # noqa: PLC0415 (requests is loaded when something is asked for)

    return fetch(source, area=area, offline=offline, progress=progress)


@dataclass(frozen=True)
class Live:
    """How the official sources of a territory are asked, and what came of it so far.

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
    inputs
        Files that were used, in order.
    notes
        What could not be had at all.
    faults
        What went wrong with official files, in full and in English, for a terminal.
    """

    territory: Territory
    lang: Lang = "fr"
    offline: bool = False
    progress: bool = False
    fetch: Fetch = official
    inputs: list[Input] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def departments_of(territory: Territory) -> list[str]:
    """Return the departments of the communes of a territory, sorted.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> departments_of(load_territory("est-ensemble"))
    ['93']
    """
    return sorted({department_of(code) for code in territory.communes})


def take(
    live: Live,
    layer: str,
    sources: Sequence[str],
    read: Callable[[Mapping[str, list[Path]]], Result],
    own: Callable[[], Result] | None = None,
    *,
    nothing: Callable[[], Result] | None = None,
) -> Result:
    """Return what a reader makes of official files; where one fails, what stands in for them.

    A file may be whole, have its columns, and still be wrong inside, or hold nothing of the territory. The copy that it
    took the place of is then read, and put back for the next run to ask the server again. Where there is none, the
    territory's own file stands in.

    Parameters
    ----------
    live
        Where inputs and notes are kept.
    layer
        The layer that is read.
    sources
        Identifiers of the sources it needs, the one that names it first.
    read
        Makes the layer of the files of each source, one a department or one for France.
    own
        Makes it of the territory's own file, where it declares one.
    nothing
        Makes a layer without rows, where a study can do without. Without it, a layer that cannot be had is an error.

    Returns
    -------
    Result
        What the first of ``read``, ``own`` and ``nothing`` that works gives.

    Raises
    ------
    SourceError, InputError
        None of them works: the fault of the official source.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> live = Live(load_territory("est-ensemble"), lang="en", fetch=unreachable)
    >>> take(live, "stations", ["stations"], lambda files: 1, lambda: 2)
    2
    >>> print(live.inputs[0].note)
    Emplacement des gares d'Île-de-France: stations.csv (vintage 2025) stands in for the official file (the server ...
    >>> live.faults
    ['stations: no answer.']
    """
    title = find_source(sources[0]).title
    declared = next((file for file in live.territory.files if own is not None and file.layer == layer), None)
    try:
        fetched = [file for name in sources for file in _files(live, find_source(name))]
        result, used = read_files(live, fetched, read, stand_in=declared is not None)
    except (SourceError, InputError) as error:
        live.faults.append(_line(error))
        reason = cause_in_words(error, live.lang)
        if own is not None and declared is not None:
            result = own()
            words = {"title": title, "file": declared.path.name, "vintage": declared.vintage, "reason": reason}
            note = (_LISTED if getattr(error, "cause", "") == _GIVEN else _OWN)[live.lang]
            live.inputs.append(dataclasses.replace(input_of(declared), note=note.format(**words)))
        elif nothing is not None:
            result = nothing()
            live.notes.append(_NONE[live.lang].format(title=title, reason=reason))
        else:
            raise
    else:
        live.faults.extend(_line(file.stale) for file in used if file.stale)
        live.inputs.extend(_input(live, layer, file) for file in used)
    return result


def input_of(file: LayerFile) -> Input:
    """Return the lineage of a file that a territory declares.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> input_of(load_territory("est-ensemble").file("iris")).file
    'iris.geojson'
    """
    return Input(
        file.layer, file.path.name, sha256_of(file.path), file.title, file.publisher, file.licence, file.vintage
    )


def also(live: Live, layer: str) -> None:
    """Keep the lineage of the territory's own file, where a layer was made of it and of an official one.

    Examples
    --------
    >>> from essgeo import load_territory
    >>> live = Live(load_territory("est-ensemble"))
    >>> also(live, "sites")
    >>> [source.file for source in live.inputs]
    ['sites.csv']
    """
    here = live.territory
    if here.declares(layer) and here.file(layer).path.name not in {source.file for source in live.inputs}:
        live.inputs.append(input_of(here.file(layer)))


def _files(live: Live, source: Source) -> list[Fetched]:
    """Return the files of a source that cover the territory, each once."""
    files: dict[Path, Fetched] = {}
    for department in departments_of(live.territory):
        file = live.fetch(source, area=department, offline=live.offline, progress=live.progress)
        files[file.path] = file
    if not files:
        message = f"{live.territory.name} has no commune."
        raise SourceUnavailableError(message)
    return list(files.values())


def _line(message: object) -> str:
    return " ".join(str(message).split())


def _input(live: Live, layer: str, file: Fetched) -> Input:
    source = find_source(file.source)
    day = f"{file.fetched_at:%Y-%m-%d}"
    reason = cause_in_words(file.fault, live.lang) if file.fault else ""
    note = _STALE[live.lang].format(title=source.title, day=day, reason=reason) if reason else ""
    vintage = source.vintage if source.vintage == "latest" and not file.vintage else file.vintage
    return Input(
        layer=layer,
        file=file.path.name,
        sha256=file.sha256,
        title=source.title,
        publisher=source.publisher,
        licence=source.licence,
        vintage=day if vintage == "latest" else vintage or _UNKNOWN[live.lang],
        url=file.url,
        fetched_at=file.fetched_at.isoformat(timespec="seconds"),
        note=note,
    )
