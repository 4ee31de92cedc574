"""Read what a town counted of the needs of its residents: a table by IRIS, by QPV or by commune."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from essgeo.errors import SchemaError
from essgeo.files.tables import read_table
from essgeo.messages import tell
from essgeo.schema.cells import known, number_of
from essgeo.schema.validate import Fault, raise_faults, row_label

ZONE = re.compile(r"\d[\dAB]\d{7}|\d[\dAB]\d{3}|Q[PN]\w{6}", re.IGNORECASE)
"""The code of an IRIS, of a commune or of a QPV."""

MASKED = {"ns", "nd", "s"}
"""How INSEE writes a figure that too few persons stand behind, or that it does not have."""

MOST_OTHER = 0.2
"""Share of the cells of a column of codes that may hold something else: each of them is a fault, told by its row."""


def read_needs(path: Path | str) -> pd.DataFrame:
    r"""Return the figures of a table of needs, by the code of their zone.

    Parameters
    ----------
    path
        A CSV, XLSX or ODS file with a column of codes (of IRIS, QPV or communes) and a column for each figure, under
        the heads that a reader shall see.

    Returns
    -------
    DataFrame
        A column a figure, NaN where a cell is empty or masked by its publisher; the index is the code of the zone.
        Columns without a number, such as names, are left out.

    Raises
    ------
    SchemaError
        No column of codes, none of figures, a code that is none or stands twice, or a cell that is no number.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "abs.csv"
    ...     _ = path.write_text("IRIS;Quartier;Taux de pauvreté\n930100101;Nord;31,5\n930100102;Sud;ns\n")
    ...     read_needs(path).to_dict("index")
    {'930100101': {'Taux de pauvreté': 31.5}, '930100102': {'Taux de pauvreté': nan}}
    """
    path = Path(path)
    raw = pd.DataFrame(read_table(path))
    cells = {str(name): raw[name].astype(str).str.strip() for name in raw.columns}
    codes = [name for name, column in cells.items() if _codes(column) >= 1 - MOST_OTHER]
    if not codes:
        raise SchemaError(tell("needs_without_zone", source=path.name, seen=", ".join(cells)))
    zones = cells[codes[0]].str.upper()
    twice = zones.duplicated(keep=False)
    faults: list[Fault] = [
        (row_label(row), codes[0], tell("is_given_twice" if double else "is_no_zone", value=code))
        for row, code, double in zip(raw.index, cells[codes[0]], twice, strict=True)
        if double or not ZONE.fullmatch(code)
    ]
    figures: dict[str, list[float | None]] = {}
    for name, column in cells.items():
        told = [text if known(text) and text.lower() not in MASKED else "" for text in column]
        values = [number_of(text) for text in told]
        if name in codes or all(value is None for value in values):
            continue
        figures[name] = values
        faults += [
            (row_label(row), name, tell("is_no_number", value=text))
            for row, text, value in zip(raw.index, told, values, strict=True)
            if text and value is None
        ]
    raise_faults(path.name, faults)
    if not figures:
        raise SchemaError(tell("needs_without_figure", source=path.name, seen=", ".join(cells)))
    return pd.DataFrame(figures, index=pd.Index(zones, name="zone_id"), dtype=float)


def _codes(cells: pd.Series) -> float:
    """Return the share of the cells that say something and are codes of zones."""
    said = cells[cells.map(known) != ""]
    return float(said.str.fullmatch(ZONE).mean()) if len(said) else 0.0
