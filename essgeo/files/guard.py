"""No command writes over a file that it reads."""

from __future__ import annotations

from errno import ELOOP
from pathlib import Path
from typing import TYPE_CHECKING

from essgeo.errors import InputError
from essgeo.messages import tell

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_IN_FOLDER = (
    *("*.html", "study*.*", "changes*.xlsx", "layers*.gpkg", "ATTRIBUTIONS.md", "datapackage.json", ".essgeo.json"),
    *("assets/*", "geojson/*", "geoparquet/*", "schemas/*", "tables/*"),
)
"""What a study writes into its folder, or removes there because an earlier run wrote it."""


def refuse_overwrite(outputs: Mapping[str, Path | str | None], inputs: Mapping[str, Path | str | None]) -> None:
    """Refuse an output that is a file the work reads, or another output.

    Two names are one file where they lead to it by a symbolic link, a hard link or a relative path, or where only their
    case differs: some systems take these for one.

    Parameters
    ----------
    outputs, inputs
        Files by the option that names them; None where it is not given. A folder among the outputs stands for every
        file that a study writes or removes there.

    Raises
    ------
    InputError
        Names the file and both options.

    Examples
    --------
    >>> refuse_overwrite({"-o": "list.csv"}, {"FILE": "./list.csv"})
    Traceback (most recent call last):
    ...
    essgeo.errors.InputError: list.csv: -o would overwrite FILE; name another file.
    """
    taken = {mark: option for option, path in inputs.items() if path is not None for mark in _marks(Path(path))}
    for option, path in outputs.items():
        if path is None:
            continue
        folder = Path(path).is_dir()
        targets = [file for pattern in _IN_FOLDER for file in Path(path).glob(pattern)] if folder else [Path(path)]
        for target in targets:
            other = next((taken[mark] for mark in _marks(target) if mark in taken), None)
            if other is not None:
                message = tell(
                    "would_overwrite",
                    target=target,
                    option=option,
                    other=other,
                    said=tell("word_folder" if folder else "word_file"),
                )
                raise InputError(message)
        taken |= {mark: option for target in targets for mark in _marks(target)}


def _marks(path: Path) -> Iterator[object]:
    """Yield what tells a file from every other: its whole path without case, and its place on the disk."""
    yield str(path.resolve()).casefold()
    try:
        found = path.stat()
    except OSError as error:
        if error.errno == ELOOP:  # a link to itself, which Python resolves from 3.13 on
            raise
    else:
        if found.st_ino:
            yield found.st_dev, found.st_ino
