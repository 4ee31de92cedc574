"""Look into a ZIP archive on the web without fetching it: its directory, and the first bytes of a member."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from essgeo.sources.fetch import Web

DIRECTORY_BYTES = 1 << 16
"""Last bytes of an archive that are read at once: they hold the directory of all but the largest."""
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class RemoteFile(io.RawIOBase):
    """A file on the web of which only the parts that are read are fetched.

    Parameters
    ----------
    web
        How the web is asked.
    url
        Its address; the server has to know ranges.
    size
        Its bytes.
    """

    def __init__(self, web: Web, url: str, size: int) -> None:
        self._web, self._url, self._size, self._place = web, url, size, 0
        self._end = self._range(max(0, size - DIRECTORY_BYTES), size)

    def seekable(self) -> bool:
        """Return that any place can be read."""
        return True

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, and return it."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, fewer at the end."""
        stop = self._size if size < 0 else min(self._size, self._place + size)
        kept = self._size - len(self._end)
        if self._place >= stop:
            return b""
        part = self._end[self._place - kept : stop - kept] if self._place >= kept else self._range(self._place, stop)
        self._place += len(part)
        return part

    def _range(self, start: int, stop: int) -> bytes:
        asked = {"Range": f"bytes={start}-{stop - 1}"}
        return self._web.read(self._url, most_bytes=stop - start, headers=asked)[0] if stop > start else b""


def members_of(web: Web, url: str, size: int) -> zipfile.ZipFile | None:
    """Return an archive on the web, opened; None where its directory cannot be read.

    Raises
    ------
    SourceUnavailableError
        The server cannot be asked.
    """
    try:
        return zipfile.ZipFile(RemoteFile(web, url, size))
    except _DAMAGED:
        return None


def head_of(archive: zipfile.ZipFile, member: str, *, most_bytes: int) -> bytes:
    """Return the first bytes of a member as they were before they were packed, ``b""`` where they cannot be read.

    Examples
    --------
    >>> packed = io.BytesIO()
    >>> with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
    ...     archive.writestr("a.csv", "IRIS;COM")
    >>> with zipfile.ZipFile(packed) as archive:
    ...     head_of(archive, "a.csv", most_bytes=4)
    b'IRIS'
    """
    try:
        with archive.open(member) as stream:
            return stream.read(most_bytes)
    except _DAMAGED:
        return b""
