"""Where essgeo keeps what it fetched, unless the user says otherwise."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder of all caches: ``ESSGEO_CACHE`` if it is set, else that of the user; nothing is made.

    Examples
    --------
    >>> import os
    >>> os.environ["ESSGEO_CACHE"] = "kept"
    >>> cache_folder().name
    'kept'
    >>> del os.environ["ESSGEO_CACHE"]
    """
    chosen = os.environ.get("ESSGEO_CACHE")
    if chosen:
        return Path(chosen)
    import platformdirs  # noqa: PLC0415 - a plain study needs no cache

    return Path(platformdirs.user_cache_dir("essgeo", appauthor=False))


def sources_folder(folder: Path | str | None = None) -> Path:
    """Return the folder of fetched files.

    Examples
    --------
    >>> sources_folder("kept").name, sources_folder().name
    ('kept', 'sources')
    """
    return Path(folder) if folder is not None else cache_folder() / "sources"
