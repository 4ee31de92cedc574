"""What keeps the user and the machine from harm: files written over, files too large, formulas."""

from __future__ import annotations

import re
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
    """Refuse a compressed file that has given more bytes, whole or so far, than one of its size may."""
    most = min(MAX_BYTES, max(SMALL_BYTES, MAX_RATIO * path.stat().st_size))
    if unpacked > most:
        raise InputError(tell("unpacks_too_large", path=path, most=most // 1_000_000))


FORMULA_STARTS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"

# A cell begins at the start of the text, and after ; or a line end where a spreadsheet splits on ; whatever the quotes.
_CELL = r"(?:^|(?<=[;\r\n]))"

# What Unicode shows nothing of (Default_Ignorable_Code_Point): programs leave it out and come to the = behind it.
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)

_START = f"['{_UNSEEN}]*[{re.escape(FORMULA_STARTS)}]"

_FORMULA, _NEUTRALISED = re.compile(f"{_CELL}({_START})"), re.compile(f"{_CELL}'({_START})")


def is_formula(text: str) -> bool:
    """Return whether a text begins as what a spreadsheet executes.

    >>> is_formula("=1+1"), is_formula("12 rue A")
    (True, False)
    """
    return _FORMULA.match(text) is not None


def neutralised(text: str) -> str:
    r"""Return text that no spreadsheet takes for a formula: an apostrophe before a leading = + - @ tab or CR.

    Excel set to French splits a comma-separated file on ``;`` and line ends, even between quotes; what follows one of
    these is treated as the beginning of a cell. :func:`restored` undoes it exactly.

    Examples
    --------
    >>> neutralised("=1+1"), neutralised("rue A;=1+1"), neutralised("12 rue d'A-B")
    ("'=1+1", "rue A;'=1+1", "12 rue d'A-B")
    """
    return _FORMULA.sub(r"'\1", text)


def restored(text: str) -> str:
    """Return the text that :func:`neutralised` was given.

    Examples
    --------
    >>> restored(neutralised("'=1+1"))
    "'=1+1"
    """
    return _NEUTRALISED.sub(r"\1", text)
