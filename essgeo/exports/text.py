"""Text that every kind of file can hold."""

from __future__ import annotations

import re

_NOT_FOR_FILES = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def writable(text: str) -> str:
    r"""Return text without the characters no XML, workbook or UTF-8 file holds: control characters, half surrogates.

    Tabs and line ends stay.

    Examples
    --------
    >>> writable("a\x00b\tc")
    'ab\tc'
    """
    return _NOT_FOR_FILES.sub("", text)
