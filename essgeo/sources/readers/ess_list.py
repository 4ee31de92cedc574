"""The list of the enterprises of the ESS that ESS France publishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.sources.aliases import simplify
from essgeo.sources.catalogue import find_source
from essgeo.sources.readers.database import database, scan

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

_SIREN_DIGITS = 9
_FAMILIES = {
    "association": "association",
    "cooperative": "cooperative",
    "mutuel": "mutuelle",
    "fond": "fondation",
    "societe": "entreprise_commerciale_ess",
    "entreprise": "entreprise_commerciale_ess",
}
"""How the name of a family begins, and its code."""


def read_ess_list(path: Path) -> pd.Series:
    r"""Return the SIREN of the list, with the family that it names.

    Parameters
    ----------
    path
        The list, in CSV or Parquet.

    Returns
    -------
    Series of str
        Index ``siren`` (nine digits, each once), sorted; a code of :data:`essgeo.words.vocabulary.FAMILIES`, ``""``
        where the list names no family that is known. Rows without a SIREN are left out.

    Raises
    ------
    SourceChangedError, InputError
        The file is missing, lacks the SIREN, or cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "ess.csv"
    ...     _ = path.write_text("SIREN,Famille\n5580113,Coopératives\n,Associations\n")
    ...     read_ess_list(path).to_dict()
    {'005580113': 'cooperative'}
    """
    with database() as base:
        file = scan(base, path, find_source("ess_france"))
        query = f"SELECT {file.text['siren']} AS siren, {file.text['family']} AS family FROM {file.table} ORDER BY ALL"
        rows = base.execute(query).df()
    digits = rows["siren"].str.replace(r"\D", "", regex=True)
    rows = rows.assign(siren=digits.str.zfill(_SIREN_DIGITS))[(digits != "") & (digits.str.len() <= _SIREN_DIGITS)]
    codes = {text: _family(text) for text in rows["family"].unique()}
    families = rows.set_index("siren")["family"].map(codes)
    return families[~families.index.duplicated(keep="last")].sort_index()


def _family(text: str) -> str:
    plain = simplify(text)
    return next((code for start, code in _FAMILIES.items() if plain.startswith(start)), "")
