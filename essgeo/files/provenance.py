"""The lineage of a result: which files it rests on, of which vintage and licence, and their hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from essgeo.messages import words

if TYPE_CHECKING:
    from pathlib import Path

    from essgeo.messages import Lang


@dataclass(frozen=True)
class Input:
    """A file that a result rests on.

    Attributes
    ----------
    layer
        The layer it was read as.
    file
        Its name, without the folder.
    sha256
        Hash of its bytes.
    title
        What it is.
    publisher
        Who published it.
    licence
        Licence of the file.
    vintage
        What its figures are as of.
    url
        Where it was fetched; ``""`` for a file that was on the disk.
    fetched_at
        When, in ISO 8601 and UTC; ``""`` for a file that was on the disk.
    note
        Why this file stands in for a newer one, in the language of the study; ``""`` where nothing was wrong.
    """

    layer: str
    file: str
    sha256: str
    title: str
    publisher: str
    licence: str
    vintage: str
    url: str = ""
    fetched_at: str = ""
    note: str = ""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "empty"
    ...     _ = path.write_bytes(b"")
    ...     sha256_of(path)[:8]
    'e3b0c442'
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def given_input(layer: str, path: Path, *, title: str, vintage: str, lang: Lang) -> Input:
    """Return the lineage of a file that the user gives, under the licence that the user knows.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "mine.csv"
    ...     _ = path.write_bytes(b"")
    ...     given_input("structures", path, title="Mine", vintage="2024", lang="en").publisher
    'the user'
    """
    own = words(lang)["attributions"]
    return Input(layer, path.name, sha256_of(path), title, own["user"], own["user_licence"], vintage)
