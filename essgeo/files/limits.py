"""How much a file may hold: a few megabytes can be made to fill any memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.errors import InputError
from essgeo.messages import tell

if TYPE_CHECKING:
    from pathlib import Path

MAX_COLUMNS = 2_000
"""Official tables have up to 400."""

MAX_BYTES, SMALL_BYTES, MAX_RATIO = 1 << 30, 50_000_000, 50
"""The most that may come out of a compressed file, what always may, and how much for each of its bytes.

Workbooks and address files give 5 to 30 for one, a bomb a thousand.
"""


def refuse_width(path: Path, columns: int) -> None:
    """Refuse a table with more columns than any list has."""
    if columns > MAX_COLUMNS:
        raise InputError(tell("too_many_columns", path=path, columns=columns, most=MAX_COLUMNS))


def refuse_size(path: Path, unpacked: int) -> None:
    """Refuse a compressed file that holds this many bytes, or so many up to here, if that is more than it may."""
    most = min(MAX_BYTES, max(SMALL_BYTES, MAX_RATIO * path.stat().st_size))
    if unpacked > most:
        raise InputError(tell("unpacks_too_large", path=path, most=most // 1_000_000))
