"""What may name a file, and what a page: a name that leads nowhere else."""

from __future__ import annotations

import re

OWN_PAGES = ("index", "territory", "needs", "actors", "compare", "data", "method", "embed", "siting")
"""Pages of every study; ``brief-1`` and so on are those of its scenarios."""

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""What Windows takes for a device, whatever its suffix."""

_FILE = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|]+")

_MAX_LENGTH = 120


def is_slug(text: str) -> bool:
    """Return whether a text is small letters and digits, with single hyphens between them.

    >>> is_slug("bel-air"), is_slug("Bel Air"), is_slug("../bel-air"), is_slug("nul")
    (True, False, False, False)
    """
    return len(text) <= _MAX_LENGTH and _SLUG.fullmatch(text) is not None and _DEVICE.fullmatch(text) is None


def is_page_name(text: str) -> bool:
    """Return whether a text may name a page of its own.

    >>> is_page_name("bel-air"), is_page_name("index"), is_page_name("brief-1")
    (True, False, False)
    """
    return is_slug(text) and text not in OWN_PAGES and not text.startswith("brief-")


def is_file_name(text: str) -> bool:
    """Return whether a text names a file of a folder on any system: it has no folder of its own and is not hidden.

    >>> is_file_name("Qp 2024.csv"), is_file_name("../x.csv"), is_file_name("/x.csv"), is_file_name("..")
    (True, False, False, False)
    """
    plain = _FILE.fullmatch(text) is not None and not text.startswith((".", "-", " ")) and not text.endswith((".", " "))
    return plain and len(text.encode(errors="replace")) <= _MAX_LENGTH and _DEVICE.fullmatch(text) is None
