"""Look at the current file of a source: does it still have the shape that readers know, by its first and last bytes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from essgeo.errors import ChecksumError, SourceChangedError, SourceError, SourceUnavailableError
from essgeo.messages import tell
from essgeo.official.archives import SIGNATURE, RemoteFile, head_of, matching, members_of
from essgeo.official.catalogue import absent_columns, area_of, due_since, official_columns, to_give
from essgeo.official.fetch import use_file
from essgeo.official.formats import HEAD_BYTES, columns_in, fault_of, missing_part
from essgeo.official.http import GoneError

if TYPE_CHECKING:
    from essgeo.official.catalogue import Source
    from essgeo.official.http import Web
    from essgeo.official.store import OfficialFile


_END_BYTES = 1 << 16


@dataclass(frozen=True)
class Finding:
    """What a look at a source found.

    Attributes
    ----------
    source, area
        What was looked at.
    state
        ``ok``, ``changed``, ``gone``, ``unreachable``: nothing can be said today; ``given``: nobody publishes it;
        ``unverified``: nobody has read where it is.
    said
        What was seen, or what is wrong.
    url, size
        The current file and its bytes; ``""`` and 0 where they are not known.
    """

    source: str
    area: str
    state: str
    said: str
    url: str = ""
    size: int = 0


def check_source(source: Source, *, area: str, web: Web) -> Finding:
    """Return what a look at the current file of a source finds; a few hundred kilobytes are read at most.

    Columns are seen in a table, in GeoJSON, in Parquet and in a Shapefile, also inside an archive, where the server
    gives parts of a file. Those of a GeoPackage are not: of it, its place in the archive and its first bytes are.

    Parameters
    ----------
    source
        From :func:`essgeo.official.catalogue.read_catalogue`.
    area
        Department, where the source is not one file for France.
    web
        How the web is asked.

    Raises
    ------
    InputError
        There is no such department.
    """
    if source.is_given:
        state = "unverified" if source.locate["kind"] == "page" else "given"
        return Finding(source.id, "", state, to_give(source))
    place = ""
    file = None
    try:
        place = area_of(source, area)
        file, (size, said) = use_file(source, place, web, lambda file: _look(source, place, file, web))
    except (ChecksumError, SourceChangedError) as error:
        state, size, said = "changed", 0, str(error)
    except GoneError as error:
        state, size, said = "gone", 0, str(error)
    except SourceUnavailableError as error:
        state, size, said = "unreachable", 0, str(error)
    else:
        state = "ok"
        said += _due(source)
    if state != "ok" and source.unverified:
        said += tell("check_unverified", names=", ".join(source.unverified))
    return Finding(source.id, place, state, said, file.url if file else "", size)


def _due(source: Source) -> str:
    """Return the warning that a newer vintage is probably out, ``""`` if none is due."""
    since = due_since(source, dt.datetime.now(dt.UTC).date())
    seen = {"vintage": source.vintage, "published": source.published, "page": source.page}
    return since and tell("check_due", since=since, **seen)


def _look(source: Source, area: str, file: OfficialFile, web: Web) -> tuple[int, str]:
    head, size = web.read(file.url, max_bytes=HEAD_BYTES, headers={"Range": f"bytes=0-{HEAD_BYTES - 1}"})
    archived = "member" in source.locate and head.startswith(SIGNATURE)
    fault = fault_of(head, source.format, archive=archived)
    if source.format in {"geojson", "json"} and "pages" not in source.locate and not fault:
        fault = missing_part(head, head[-_END_BYTES:])
    if size > source.max_megabytes * 1_000_000:
        fault = tell("too_many_bytes", size=size, max_megabytes=source.max_megabytes)
    if fault:
        raise SourceChangedError(tell("check_changed", name=file.name, id=source.id, fault=fault, page=source.page))
    if archived:
        return size, _look_into(source, area, file, web, size)
    columns = _parquet_columns(file, web, size) if source.format == "parquet" else columns_in(head, source.format)
    if columns is None:
        return size, tell("check_unseen", name=file.name)
    return size, f"{file.name}: {_known(columns, source, file.name)}"


def _look_into(source: Source, area: str, file: OfficialFile, web: Web, size: int) -> str:
    archive = members_of(web, file.url, size)
    if archive is None:
        return tell("archive_unseen", name=file.name)
    with archive:
        pattern = source.locate["member"].replace("{area}", area)
        names = matching(archive.namelist(), pattern)
        if not names:
            there = ", ".join(archive.namelist()[:8])
            raise SourceChangedError(tell("member_changed", name=file.name, id=source.id, pattern=pattern, there=there))
        form, suffix = ("dbf", ".dbf") if source.format == "shapefile" else (source.format, "")
        name = next((name for name in names if name.lower().endswith(suffix)), names[0])
        head = head_of(archive, name, max_bytes=HEAD_BYTES)
    fault = fault_of(head, form) if head else ""
    if fault:
        message = tell("member_fault", name=name, name_2=file.name, id=source.id, fault=fault, page=source.page)
        raise SourceChangedError(message)
    columns = columns_in(head, form)
    if not columns:
        return tell("member_columns_unseen", name=file.name, name_2=name)
    return tell("member_columns_known", name=file.name, name_2=name, known=_known(columns, source, name))


def _known(columns: list[str], source: Source, file: str) -> str:
    """Return that columns are those that readers know, and which of the optional ones are not there."""
    official_columns(columns, source, file=file)
    absent = ", ".join(absent_columns(columns, source))
    return tell("check_absent", absent=absent) if absent else tell("check_known")


def _parquet_columns(file: OfficialFile, web: Web, size: int) -> list[str] | None:
    """Return the columns of a Parquet file by its footer, None where it cannot be read."""
    try:
        return list(pq.read_schema(RemoteFile(web, file.url, size)).names)
    except (pa.ArrowException, EOFError, OSError) as error:
        if isinstance(error, SourceError):
            raise
        return None
