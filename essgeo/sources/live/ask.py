"""Ask official sources for what a territory needs, and fall back without hiding it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from essgeo.errors import InputError, SourceError, SourceUnavailableError
from essgeo.provenance import Input, sha256_of
from essgeo.sources.catalogue import department_of, find_source
from essgeo.sources.live.former import read_files
from essgeo.words.causes import cause_in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from essgeo.sources.catalogue import Source
    from essgeo.sources.download.manifest import Fetched
    from essgeo.territory import LayerFile, Territory
    from essgeo.words.vocabulary import Lang

Result = TypeVar("Result")

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
    """Returns an official file of a department: :func:`essgeo.sources.fetch.fetch`, or a stand-in for it."""

    def __call__(self, source: Source, *, area: str, offline: bool, progress: bool) -> Fetched:
        """Return the file."""


def official(source: Source, *, area: str, offline: bool, progress: bool) -> Fetched:
    """Return a file of its publisher: :func:`essgeo.sources.fetch.fetch`, imported when something is asked for.

    Examples
    --------
    >>> from essgeo.sources.catalogue import find_source
    >>> official(find_source("ban"), area="nowhere", offline=True, progress=False)
    Traceback (most recent call last):
    ...
    essgeo.errors.InputError: no department 'nowhere'; give its code, such as 93, 2A or 974.
    """
    from essgeo.sources.fetch import fetch  # noqa: PLC0415 - the HTTP libraries take half a second

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
