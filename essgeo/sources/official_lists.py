"""Official lists whose columns alone do not say what a structure is: the RNA and the list of the SIAE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.sources.aliases import DIFFUSION, guess_columns, simplify
from essgeo.sources.catalogue import find_source
from essgeo.validation import MONTH

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

ACTIVE = "A"
"""``position`` of an association that did not say it ended; ``D`` is dissolved, ``S`` deleted."""
SIAE_KINDS = ("EI", "AI", "ACI", "ETTI", "EITI", "GEIQ", "EA", "EATT", "OPCS")
_STREET = ("number", "repetition", "street_type", "street")
_NO_DAY = "0001"


def as_known_list(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table under the names of the register where it is an official list, told by its columns; else as it is.

    Parameters
    ----------
    table
        From :func:`essgeo.sources.read_table`.

    Returns
    -------
    DataFrame
        The same rows. Of the RNA: the columns that the catalogue names and no other, as some hold the name of an
        officer or whom mail goes to; an association is ``closed`` where it was dissolved or deleted, and of unknown
        activity else: few say that they ended. Of the SIAE: the list itself says that they are of integration
        through work; their identifier is their SIRET and kind, where that names each one.

    Examples
    --------
    >>> import pandas as pd
    >>> cells = {"id": "W1", "date_creat": "1999-02-03", "date_disso": "2005-01-01", "position": "D", "titre": "ETE",
    ...          "objet": "", "adrs_numvoie": "1", "adrs_typevoie": "RUE", "adrs_libvoie": "A",
    ...          "adrs_codeinsee": "93010", "adrs_codepostal": "93140", "adrs_libcommune": "BONDY", "dir_civilite": "M"}
    >>> found = as_known_list(pd.DataFrame(cells, index=[2]))
    >>> found[["structure_id", "address", "status", "active_to"]].values.tolist(), "dir_civilite" in found
    ([['W1', '1 RUE A', 'closed', '2005-01-01']], False)
    """
    for name, read in _LISTS.items():
        source = find_source(name)
        columns = guess_columns(table.columns, source.columns)
        if {*source.columns} - {*source.optional} <= {*columns.values()}:
            named = table.rename(columns=columns)
            empty = {field: "" for field in source.optional if field not in named}
            restricting = [column for column in named if simplify(str(column)) in DIFFUSION]
            return read(table, named.assign(**empty)[[*source.columns, *restricting]], source.title)
    return table


def _associations(_: pd.DataFrame, rows: pd.DataFrame, title: str) -> pd.DataFrame:
    names = rows["name"].where(rows["name"] != "", rows["short_name"])
    ended = _days(rows["dissolved_on"])
    open_still = rows["position"].str.upper().eq(ACTIVE) & (ended == "")
    parts = rows[list(_STREET)].itertuples(index=False, name=None)
    table = rows.rename(columns={"rna_id": "structure_id"}).assign(
        name=names.where(names != "", rows["rna_id"]),
        aliases=rows["short_name"].where(rows["short_name"] != names, ""),
        address=[" ".join(filter(None, words)) for words in parts],
        active_from=_days(rows["created_on"]),
        active_to=ended,
        status=open_still.map({True: "unknown", False: "closed"}),
        family="association",
        source=title,
    )
    return table.drop(columns=["created_on", "dissolved_on", "short_name", *_STREET])


def _siae(table: pd.DataFrame, rows: pd.DataFrame, title: str) -> pd.DataFrame:
    if not rows["kind"].isin(SIAE_KINDS).all():
        return table
    known = rows.rename(columns={"sign": "aliases"}).assign(sectors="insertion_emploi", source=title)
    identifiers = rows["siret"] + "-" + rows["kind"].str.lower()
    if (rows["siret"] != "").all() and identifiers.is_unique:
        known.insert(0, "structure_id", identifiers)
    taken = guess_columns(table.columns, find_source("siae").columns)
    others = table.drop(columns=list(taken)).drop(columns=list(known), errors="ignore")
    return others.join(known)


def _days(dates: pd.Series) -> pd.Series:
    days = dates.str.slice(0, 10)
    return days.where(days.str.fullmatch(MONTH) & ~days.str.startswith(_NO_DAY), "")


_LISTS: dict[str, Callable[[pd.DataFrame, pd.DataFrame, str], pd.DataFrame]] = {"rna": _associations, "siae": _siae}
