"""What a spreadsheet would execute in a text, and how it is kept from that."""

from __future__ import annotations

import re

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
