"""The national register of associations (RNA): those declared in some communes, one file a department."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.sources.catalogue import find_source
from essgeo.sources.readers.database import database, quoted, scan

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import pandas as pd

ACTIVE = "A"
_STREET = ("number", "repetition", "street_type", "street")
_COLUMNS = ("siret", "name", "short_name", "postcode", "city", "citycode", "created_on")


def read_rna(path: Path, *, citycodes: Collection[str]) -> pd.DataFrame:
    """Return the associations that say they are active and are seated in some communes.

    An association is often seated at the home of one of its officers: the list serves to find the same structure in
    another one (:func:`essgeo.structures.suggest_duplicates`), not to put homes on a map. Officers, telephones and mail
    addresses are not read.

    Parameters
    ----------
    path
        A file ``rna_waldec_..._dpt_93.csv``.
    citycodes
        INSEE codes of communes.

    Returns
    -------
    DataFrame
        Index ``structure_id`` (``W931000001``); ``name``, ``aliases``, ``address``, ``postcode``, ``city``,
        ``citycode``, ``siret``, ``active_from``, all text; ``family`` is ``association``.

    Raises
    ------
    SourceChangedError, InputError
        The file is missing, lacks a column, or cannot be read.

    Examples
    --------
    See ``tests/sources/test_registers.py``.
    """
    with database() as base:
        file = scan(base, path, find_source("rna"))
        texts = file.text
        wanted = [f"{texts['rna_id']} AS structure_id", *(f"{texts[name]} AS {name}" for name in _COLUMNS)]
        street = ", ".join(f"nullif({texts[name]}, '')" for name in _STREET)
        wanted.append(f"concat_ws(' ', {street}) AS address")
        codes = ", ".join(map(quoted, sorted(citycodes))) or "NULL"
        where = f"{texts['position']} = {quoted(ACTIVE)} AND {texts['citycode']} IN ({codes})"
        query = f"SELECT {', '.join(wanted)} FROM {file.table} WHERE {where} ORDER BY 1"
        rows = base.execute(query).df()
    none_yet = rows["created_on"].str.startswith("0001")
    table = rows.assign(
        aliases=rows["short_name"].where(rows["short_name"] != rows["name"], ""),
        active_from=rows["created_on"].mask(none_yet, "").str.slice(0, 10),
        family="association",
    )
    return table.set_index("structure_id").drop(columns=["short_name", "created_on"])
