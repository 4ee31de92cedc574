"""Tell how the text of a file is encoded: UTF-8 where it can be, else what French systems have written."""

from __future__ import annotations

import codecs
import re
import warnings
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from essgeo.errors import InputError, InputWarning
from essgeo.messages import tell

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

CODECS = {"cp1252": "Windows-1252", "iso8859-15": "ISO 8859-15", "mac_roman": "Mac OS Roman", "cp850": "DOS 850"}
"""What a text that is not UTF-8 may be written in, likeliest first."""

SEEN_LINES = 2000
"""Lines with accents that tell one of these from another."""

LETTERS = (
    dict.fromkeys("äæöüÿñáíóúÄÆÖÜŸÑÁÍÓÚ", 1) | dict.fromkeys("âëîïôœùûÂËÎÏÔŒÙÛ", 2) | dict.fromkeys("éèàêçÉÈÀÊÇ", 3)
)
"""How much each letter that French writes tells: the common ones most."""

MARKS = frozenset("«»\u2019\u2018“”\u2013—…€°²³§·•©®ºª\u00a0")

_LEAST = 0.5
"""Least score a letter that a text in French has."""

_BLOCK, _NAMED = 1 << 20, 3

_REPAIR = "essgeo_windows"


class Encoding(NamedTuple):
    """A codec of Python, and how it takes bytes that are none of it."""

    codec: str
    errors: str = "strict"


def encoding_of(path: Path) -> Encoding:
    """Return how a text is encoded, with a warning where that is neither UTF-8, UTF-16 nor Windows-1252 throughout.

    A byte of another encoding changes that of its letter only. Where no encoding makes French of the text, it is
    refused, so that none is published with the wrong letters.
    """
    with path.open("rb") as stream:
        if stream.read(2) in UTF16_MARKS:
            return Encoding("utf-16", "replace")
        stream.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            stream.seek(0)
            lines = ((number, line) for number, line in enumerate(stream, start=1) if not line.isascii())
            return _not_utf8(path, lines)
    return Encoding("utf-8-sig")


def dbf_encoding(path: Path) -> str | None:
    """Return the encoding of a table of attributes by its bytes, where they tell it: a ``.cpg`` may be wrong.

    None where all is ASCII, where there is no table, or where a ``.cpg`` names an encoding that is not UTF-8 and may be
    right.
    """
    if not path.is_file():
        return None
    content = path.read_bytes()
    start = int.from_bytes(content[8:10], "little")
    lines = [(row, line) for row, line in enumerate(content[start:].split(b"  "), start=1) if not line.isascii()]
    if not lines:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)  # a letter that the end of its field cuts is no fault
        utf8 = all(_is_utf8(line) for _, line in lines) or _not_utf8(path, lines).codec == "utf-8-sig"
    if utf8:
        return "utf-8"
    declared = [file for file in path.parent.glob(f"{path.stem}.*") if file.suffix.lower() == ".cpg"]
    if declared and "utf" not in declared[0].read_text(encoding="ascii", errors="replace").lower().replace(
        "65001", "utf"
    ):
        return None
    return _not_utf8(path, lines).codec


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _not_utf8(path: Path, lines: Iterable[tuple[int, bytes]]) -> Encoding:
    """Return the encoding of a text that is not UTF-8 throughout, by its numbered lines that are not ASCII."""
    strange, utf8 = [], False
    for number, line in lines:
        text = line.decode("utf-8", "surrogateescape")
        utf8 = utf8 or any("\u00a0" <= letter <= "\u017f" or "\u2000" <= letter <= "\u20ff" for letter in text)
        if any("\udc80" <= letter <= "\udcff" for letter in text):
            strange.append((number, line))
        if len(strange) > SEEN_LINES:
            break
    if utf8:
        named = [str(number) for number, _ in strange[:_NAMED]] + ["..."] * (len(strange) > _NAMED)
        warnings.warn(tell("read_as_1252", name=path.name, named=", ".join(named)), InputWarning, stacklevel=2)
        return Encoding("utf-8-sig", _REPAIR)
    codec = likeliest([line for _, line in strange])
    if not codec:
        raise InputError(tell("encoding_unknown", path=path))
    if codec != "cp1252":
        warnings.warn(tell("read_as_codec", name=path.name, codecs=CODECS[codec]), InputWarning, stacklevel=2)
    return Encoding(codec, "replace")


def likeliest(lines: Iterable[bytes]) -> str:
    r"""Return the encoding in which lines are French, or nothing where they are in none.

    Examples
    --------
    >>> [likeliest(["Café Été, l'île".encode(codec)]) for codec in CODECS]
    ['cp1252', 'cp1252', 'mac_roman', 'cp850']
    >>> likeliest(["Łódź".encode("cp1250")])
    ''
    """
    seen = list(islice(lines, SEEN_LINES))
    scores = {codec: sum(_french(line.decode(codec, "replace")) for line in seen) for codec in CODECS}
    best = max(scores, key=scores.__getitem__)
    # A text with no letter beyond ASCII, such as a degree sign alone, tells nothing against any.
    letters = sum(
        1 for line in seen for letter in line.decode(best, "replace") if not letter.isascii() and letter not in MARKS
    )
    return best if scores[best] >= _LEAST * letters else ""


def _french(text: str) -> int:
    """Return how far the characters beyond ASCII are French where they stand: each is for it or against it."""
    score = 0
    for place, letter in enumerate(text):
        if letter.isascii() or letter in MARKS:
            continue
        # A capital after a small letter, or a small letter after a capital and before another, is no French word.
        before, after = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
        wrong = (letter.isupper() and before.islower()) or (letter.islower() and before.isupper() and after.isupper())
        score += -2 if wrong else LETTERS.get(letter, -2)
    return score


LOST = "\ufffd"
"""What programs write for a letter that they could not read."""

_DOUBLED = re.compile(
    "[\u00c2\u00c3\u00c5][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]|\u00e2\u20ac"
)


def undouble(text: str) -> str:
    """Return a text that was encoded twice, by way of Windows-1252, as it was meant, and any other as it is.

    Examples
    --------
    >>> undouble("Caf\u00c3\u00a9"), undouble("Caf\u00e9")
    ('Caf\u00e9', 'Caf\u00e9')
    """
    if _DOUBLED.search(text) is None:
        return text
    try:
        # Windows-1252 has no letter for five bytes, which stay as they are.
        return b"".join(_byte(letter) for letter in text).decode()
    except UnicodeError:
        return text


def _byte(letter: str) -> bytes:
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error(_REPAIR, _as_windows)
