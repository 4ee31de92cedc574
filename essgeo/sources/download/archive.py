"""Take a file out of a ZIP archive that may be hostile: no path out of its folder, no link, no bomb."""

from __future__ import annotations

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

if TYPE_CHECKING:
    from collections.abc import Iterable

SIGNATURE = b"PK\x03\x04"
MOST_MEMBERS = 20_000
MOST_RATIO = 200
"""Bytes that may come out of one byte: registers in CSV give 5 to 20, a bomb a thousand."""
_ENCRYPTED = 0x1
_SMALL = 1_000_000


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


def extract(archive: Path, pattern: str, folder: Path, *, most_bytes: int) -> list[Path]:
    """Write the members of an archive that a pattern fits into a folder, whole or not at all, and return their paths.

    Parameters
    ----------
    archive
        A ZIP archive; every member of it is checked, also those that are not wanted.
    pattern
        As of a shell, for the name without its folders, such as ``QP_METROPOLE_LB93.*``.
    folder
        Where they go, without the folders of the archive, with the time of the archive; members that are there with
        their size and that time are left, others are taken out again: somebody changed them.
    most_bytes
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
            _refuse_unsafe(archive, members, most_bytes)
            wanted = matching((member.filename for member in members), pattern)
            if not wanted:
                raise SourceChangedError(_no_member(archive, pattern, [member.filename for member in members]))
            changed_ns = archive.stat().st_mtime_ns
            return [
                _take(opened, opened.getinfo(name), folder / PurePosixPath(name).name, changed_ns) for name in wanted
            ]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        message = f"{archive.name}: the archive is damaged ({error})."
        raise SourceChangedError(message, cause="damaged") from error
    except OSError as error:
        if isinstance(error, SourceChangedError):
            raise
        message = f"{folder}: cannot be written ({error.strerror}); free some space or give another folder."
        raise SourceUnavailableError(message, cause="disk") from error


def _refuse_unsafe(archive: Path, members: list[zipfile.ZipInfo], most_bytes: int) -> None:
    total = sum(member.file_size for member in members)
    fault = next(filter(None, map(_fault, members)), "")
    if len(members) > MOST_MEMBERS:
        fault = f"it has {len(members)} members"
    elif total > most_bytes:
        fault = f"{total} bytes would come out of it, more than the {most_bytes} this source may have"
    elif total > _SMALL and total > MOST_RATIO * archive.stat().st_size:
        fault = f"{total} bytes would come out of {archive.stat().st_size}, as out of a ZIP bomb"
    if fault:
        message = f"{archive.name}: the archive is refused: {fault}."
        raise SourceChangedError(message)


def _fault(member: zipfile.ZipInfo) -> str:
    # orig_filename: zipfile itself turns some separators into others and cuts the name at a NUL.
    name = member.orig_filename
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\x00" in name or name[1:2] == ":":
        return f"the member {name!r} would be written outside its folder"
    if stat.S_ISLNK(member.external_attr >> 16):
        return f"the member {name!r} is a link"
    if member.flag_bits & _ENCRYPTED:
        return f"the member {name!r} is encrypted"
    return ""


def _take(opened: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, changed_ns: int) -> Path:
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
    return f"{archive.name}: no member like {pattern} in the archive. Members there: {there}."
