"""The copy before the last: read where the content of the last one turns out to be wrong. Opens no connection."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from essgeo.errors import SourceError
from essgeo.sources.catalogue import find_source
from essgeo.sources.download.accept import usable
from essgeo.sources.download.manifest import file_of, is_intact, read_copy, write_copy

if TYPE_CHECKING:
    from essgeo.sources.download.manifest import Fetched


def former(file: Fetched) -> Fetched | None:
    """Return the copy that a fetched file took the place of, None where there is none that can be read.

    Parameters
    ----------
    file
        From :func:`essgeo.sources.fetch.fetch`.

    Examples
    --------
    >>> import pathlib
    >>> from essgeo.sources.download.manifest import Fetched
    >>> now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> former(Fetched("ban", "93", pathlib.Path("ban/93/0a/f.csv.gz"), "", 0, "", now, "", "")) is None
    True
    """
    home = file.path.parent.parent
    copy = read_copy(home)
    before = copy.previous if copy else None
    if copy is None or copy.sha256 != file.sha256 or before is None or not is_intact(home, before):
        return None
    try:
        path = usable(file_of(home, before), find_source(file.source), file.area)
    except SourceError:
        return None
    return dataclasses.replace(
        file,
        path=path,
        sha256=before.sha256,
        size=before.size,
        url=before.url,
        fetched_at=dt.datetime.fromisoformat(before.fetched_at),
        etag=before.etag,
        vintage=before.vintage,
    )


def put_back(refused: Fetched) -> None:
    """Make the copy before a file the last good one again, and have the server asked at the next occasion.

    Nothing is done where another process is asking it already, or where the disk cannot be written: the content is
    then found wrong again.

    Parameters
    ----------
    refused
        The file whose content cannot be used.
    """
    import filelock  # noqa: PLC0415 (a study of its own files does without it)

    home = refused.path.parent.parent
    with contextlib.suppress(OSError), filelock.FileLock(home / "lock", timeout=0):
        copy = read_copy(home)
        if copy is not None and copy.sha256 == refused.sha256 and copy.previous is not None:
            write_copy(home, dataclasses.replace(copy.previous, refused=refused.sha256))
