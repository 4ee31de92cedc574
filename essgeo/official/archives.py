"""Archives, on the disk and at a distance."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from essgeo.errors import SourceChangedError, SourceUnavailableError
from essgeo.messages import tell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from essgeo.official.http import Web


SIGNATURE = b"PK\x03\x04"

MAX_MEMBERS = 20_000

MAX_RATIO = 200
"""Bytes that may come out of one byte: registers in CSV give 5 to 20, a bomb a thousand."""

_ENCRYPTED = 0x1

_SMALL = 1_000_000

_MAX_PART_BYTES = 1 << 26

DIRECTORY_BYTES = 1 << 16
"""Last bytes of an archive that are read at once: they hold the directory of all but the largest."""

_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


def matching(names: Iterable[str], pattern: str) -> list[str]:
    """Return the names of members that a pattern fits, folders and case left aside.

    Examples
    --------
    >>> matching(["GEOJSON/qp.geojson", "__MACOSX/._qp.geojson", "readme.txt"], "*QP.geojson")
    ['GEOJSON/qp.geojson']
    """
    wanted = pattern.lower()
    return [
        name
        for name in names
        if fnmatchcase(PurePosixPath(name).name.lower(), wanted) and "__MACOSX" not in name and not name.endswith("/")
    ]


def extract(archive: Path, pattern: str, folder: Path, *, max_bytes: int) -> list[Path]:
    """Write the members of an archive that a pattern fits into a folder, whole or not at all; return their paths.

    Every member is checked, also those that are not wanted. Members land without the folders of the archive, with its
    time; those that are there with their size and that time are left, others are taken out again: somebody changed
    them.

    Parameters
    ----------
    pattern
        As of a shell, for the name without its folders, such as ``QP_METROPOLE_LB93.*``.
    max_bytes
        The most that all members may hold together once out.

    Raises
    ------
    SourceChangedError
        It is no archive or a damaged one, no member fits, or one of them is unsafe.
    SourceUnavailableError
        The disk is full or the folder cannot be written.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            _refuse_unsafe(archive, members, max_bytes)
            wanted = matching((member.filename for member in members), pattern)
            if not wanted:
                raise SourceChangedError(_no_member(archive, pattern, [member.filename for member in members]))
            changed_ns = archive.stat().st_mtime_ns
            return [
                _extract_one(opened, opened.getinfo(name), folder / PurePosixPath(name).name, changed_ns)
                for name in wanted
            ]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SourceChangedError(tell("archive_damaged", name=archive.name, error=error), cause="damaged") from error
    except OSError as error:
        if isinstance(error, SourceChangedError):
            raise
        message = tell("cannot_unpack", folder=folder, strerror=error.strerror)
        raise SourceUnavailableError(message, cause="disk") from error


def _refuse_unsafe(archive: Path, members: list[zipfile.ZipInfo], max_bytes: int) -> None:
    total = sum(member.file_size for member in members)
    fault = next(filter(None, map(_fault, members)), "")
    if len(members) > MAX_MEMBERS:
        fault = tell("archive_members", members=len(members))
    elif total > max_bytes:
        fault = tell("archive_too_large", total=total, max_bytes=max_bytes)
    elif total > _SMALL and total > MAX_RATIO * archive.stat().st_size:
        fault = tell("archive_bomb", total=total, st_size=archive.stat().st_size)
    if fault:
        raise SourceChangedError(tell("archive_refused", name=archive.name, fault=fault))


def _fault(member: zipfile.ZipInfo) -> str:
    # orig_filename: zipfile itself turns some separators into others and cuts the name at a NUL.
    name = member.orig_filename
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\x00" in name or name[1:2] == ":":
        return tell("member_outside", name=name)
    if stat.S_ISLNK(member.external_attr >> 16):
        return tell("member_link", name=name)
    if member.flag_bits & _ENCRYPTED:
        return tell("member_encrypted", name=name)
    return ""


def _extract_one(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, changed_ns: int) -> Path:
    if target.is_file():
        there = target.stat()
        if (there.st_size, there.st_mtime_ns) == (member.file_size, changed_ns):
            return target
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", suffix=".tmp", delete=False) as out:
        try:
            with opened.open(member) as content:
                shutil.copyfileobj(content, out, 1 << 20)
            out.close()
            os.utime(out.name, ns=(changed_ns, changed_ns))
            return Path(out.name).replace(target)
        except BaseException:
            Path(out.name).unlink(missing_ok=True)
            raise


def _no_member(archive: Path, pattern: str, names: list[str]) -> str:
    there = ", ".join(names[:8]) or "none"
    return tell("no_member", name=archive.name, pattern=pattern, there=there)


class RemoteFile(io.RawIOBase):
    """A file on the web of which only the parts that are read are fetched; the server has to know ranges."""

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
        if stop - self._place > _MAX_PART_BYTES:
            raise EOFError(self._url)
        kept = self._size - len(self._end)
        if self._place >= stop:
            return b""
        part = self._end[self._place - kept : stop - kept] if self._place >= kept else self._range(self._place, stop)
        self._place += len(part)
        return part

    def _range(self, start: int, stop: int) -> bytes:
        asked = {"Range": f"bytes={start}-{stop - 1}"}
        return self._web.read(self._url, max_bytes=stop - start, headers=asked)[0] if stop > start else b""


def members_of(web: Web, url: str, size: int) -> zipfile.ZipFile | None:
    """Return an archive on the web, opened; None where its directory cannot be read."""
    try:
        return zipfile.ZipFile(RemoteFile(web, url, size))
    except _DAMAGED:
        return None


def head_of(archive: zipfile.ZipFile, member: str, *, max_bytes: int) -> bytes:
    """Return the first bytes of a member as they were before they were packed, ``b""`` where they cannot be read."""
    try:
        with archive.open(member) as stream:
            return stream.read(max_bytes)
    except _DAMAGED:
        return b""
