"""A download that is under way: what has come of it, and whether the rest may be asked for. Opens no connection."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING

from essgeo.sources.download.manifest import write_json

if TYPE_CHECKING:
    from pathlib import Path

_ABANDONED_S = 86_400


def resume_point(part: Path, url: str) -> tuple[int, str]:
    """Return the bytes that are there of an address, and the mark by which its server knows the same file again.

    ``(0, "")`` where nothing is there, or where nothing proves that the rest would be of the same file.
    """
    try:
        begun = json.loads(_notes(part).read_text(encoding="utf-8"))
        size = part.stat().st_size
    except (OSError, ValueError):
        return 0, ""
    mark = begun.get("mark", "") if isinstance(begun, dict) and begun.get("url") == url else ""
    return (size, str(mark)) if mark and size else (0, "")


def begin(part: Path, url: str, *, etag: str, modified: str) -> None:
    """Note what a download is of, so that another process can go on with it after a kill.

    A weak ETag (``W/``) does not promise the same bytes: the date of the file is taken in its place.
    """
    strong = etag if etag and not etag.startswith("W/") else ""
    write_json(_notes(part), {"url": url, "mark": strong or modified})


def discard(part: Path) -> None:
    """Remove what has come of a download."""
    for path in (part, _notes(part)):
        path.unlink(missing_ok=True)


def sweep(home: Path) -> None:
    """Remove what processes that were killed left half-written beside the copies of a source, once it is a day old."""
    for path in home.rglob("*.tmp"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _ABANDONED_S:
                path.unlink()


def _notes(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")
