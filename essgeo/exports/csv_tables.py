"""CSV files a spreadsheet cannot be made to execute."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pandas.api.types import is_bool_dtype, is_object_dtype, is_string_dtype

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

FORMULA_STARTS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
# A cell begins at the start of the text, and after ; or a line end where a spreadsheet splits on ; whatever the quotes.
_CELL = r"(?:^|(?<=[;\r\n]))"
_FORMULA = re.compile(f"{_CELL}('*[{re.escape(FORMULA_STARTS)}])")
_NEUTRALISED = re.compile(f"{_CELL}'('*[{re.escape(FORMULA_STARTS)}])")


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    r"""Write a table as CSV: UTF-8, comma, ``\n``, header, columns in the order of the frame, ``true`` and ``false``.

    There is no byte order mark: data.gouv.fr and Table Schema tools expect none, and Excel users have ``study.xlsx``.
    Text that a spreadsheet would execute gets an apostrophe (:func:`neutralised`); numbers, negative ones too, stay.

    Parameters
    ----------
    frame
        A table of a :class:`essgeo.exports.release.Release`.
    path
        File to write.

    Examples
    --------
    >>> import pandas as pd, pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "table.csv"
    ...     write_csv(pd.DataFrame({"name": ["=1+1"], "distance_m": [-2.5], "inside": [True]}), path)
    ...     path.read_text(encoding="utf-8")
    "name,distance_m,inside\n'=1+1,-2.5,true\n"
    """
    safe = frame.copy()
    for name, dtype in frame.dtypes.items():
        if is_object_dtype(dtype) or is_string_dtype(dtype):
            safe[name] = frame[name].map({text: neutralised(text) for text in frame[name].unique()})
        elif is_bool_dtype(dtype):
            safe[name] = frame[name].map({True: "true", False: "false"})
    safe.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


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
