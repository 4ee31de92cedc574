"""SIRENE: the establishments active on a day, with what their legal unit says of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from essgeo.errors import InputError
from essgeo.sources.catalogue import find_source
from essgeo.sources.readers.database import MEMORY, database, list_texts, quoted, scan

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection
    from pathlib import Path

    import pandas as pd

    from essgeo.sources.readers.database import Scan

NATURAL_PERSON = "1000"
"""Legal category of a person in business: its own name is never read, only that of its shop."""
PUBLIC = "O"
_NAMES = ("sign_1", "sign_2", "sign_3", "usual_name")
_ADDRESS = ("number", "repetition", "street_type", "street", "postcode")
_PLAIN = (
    *("siret", "created_on", "employee_band", "naf", "naf_version", "employer", "city", "citycode"),
    "head_office",
)
_UNIT = ("legal_category", "ess", "mission_company")
_UNIT_NAMES = ("name", "acronym", "usual_name")


def read_establishments(
    establishments: Path,
    legal_units: Path,
    *,
    as_of: dt.date,
    citycodes: Collection[str] | None = None,
    categories: Collection[str] | None = None,
    listed: Collection[str] = (),
    memory: str = MEMORY,
) -> pd.DataFrame:
    """Return the establishments active on a day, of some communes or of France, with the facts of their legal unit.

    The files are never held in memory: only the columns and rows that are wanted leave them. Rows that INSEE diffuses
    in part, or whose unit is so, lose their name and address before anything else reads them. Names of persons and the
    complement of the address, which often holds one, are not read at all.

    Parameters
    ----------
    establishments, legal_units
        ``StockEtablissement`` and ``StockUniteLegale``, in Parquet or CSV.
    as_of
        The day. The files tell the present state and since when: active is what was created by then and is open, or
        closed only since. What closed and opened again before the day of the files is taken as open.
    citycodes
        INSEE codes of communes; ``None``: all of France.
    categories
        Keep the units that carry the ESS flag of SIRENE, or one of these legal categories, or stand in ``listed``;
        ``None``: all.
    listed
        SIREN of the ESS France list.
    memory
        The most memory the query may take.

    Returns
    -------
    DataFrame
        One row an establishment, by ``siret``, RangeIndex, every column text (``""`` where nothing is known):
        ``siret``, ``siren``, ``created_on``, ``employee_band``, ``naf``, ``naf_version``, ``employer`` (``O``, ``N``),
        ``city``, ``citycode``, ``head_office`` (``true``, ``false``), ``diffusion`` (``O`` or ``P``), ``sign_1`` to
        ``sign_3``, ``usual_name``, ``number``, ``repetition``, ``street_type``, ``street``, ``postcode``, then of the
        unit ``unit_name``, ``unit_acronym``, ``unit_usual_name``, ``legal_category``, ``ess``, ``mission_company``.
        An establishment whose unit is not in its file is kept without them where ``categories`` is ``None``.

    Raises
    ------
    SourceChangedError
        A file lacks a column.
    InputError
        A code of a commune is none, or a file is missing or cannot be read.

    Examples
    --------
    See :func:`essgeo.structures.establishments.as_structures`.
    """
    with database(memory=memory) as base:
        site = scan(base, establishments, find_source("sirene_establishments"))
        unit = scan(base, legal_units, find_source("sirene_legal_units"))
        list_texts(base, "listed", "siren", listed)
        sites = f"{_sites(site)} WHERE {active_on(site, as_of)} AND {within_communes(site, citycodes)}"
        units = f"{_units(unit)} WHERE {_in_ess(unit, categories)}"
        if citycodes is None:
            base.execute(f"CREATE TEMP TABLE units AS {units}")
            known = "true" if categories is None else f"{_siren(site)} IN (SELECT siren FROM units)"
            base.execute(f"CREATE TEMP TABLE sites AS {sites} AND {known}")
        else:
            base.execute(f"CREATE TEMP TABLE sites AS {sites}")
            base.execute(f"CREATE TEMP TABLE units AS {units} AND {unit.raw['siren']} IN (SELECT siren FROM sites)")
        return base.execute(_joined("LEFT" if categories is None else "INNER")).df()


def count_establishments(
    establishments: Path, *, as_of: dt.date, citycodes: Collection[str], memory: str = MEMORY
) -> pd.DataFrame:
    """Return how many establishments are active on a day in each commune, ESS or not, by band of employees.

    Parameters
    ----------
    establishments, as_of, citycodes, memory
        As for :func:`read_establishments`.

    Returns
    -------
    DataFrame
        RangeIndex; ``citycode``, ``employer`` (``O``, ``N`` or ``""``), ``employee_band`` and ``establishments``.

    Raises
    ------
    SourceChangedError, InputError
        As for :func:`read_establishments`.

    Examples
    --------
    See :func:`essgeo.register.areas.portrait_by_area`.
    """
    with database(memory=memory) as base:
        site = scan(base, establishments, find_source("sirene_establishments"))
        keys = ("citycode", "employer", "employee_band")
        wanted = ", ".join(f"{site.text[name]} AS {name}" for name in keys)
        where = f"{active_on(site, as_of)} AND {within_communes(site, citycodes)}"
        query = f"SELECT {wanted}, count(*) AS establishments FROM {site.table} WHERE {where} GROUP BY ALL ORDER BY ALL"
        return base.execute(query).df()


def active_on(site: Scan, day: dt.date) -> str:
    """Return the condition that an establishment is active on a day, in SQL."""
    date = quoted(day.isoformat())
    created, state, since = (site.raw[name] for name in ("created_on", "state", "period_from"))
    return f"({created} IS NULL OR {created} <= {date}) AND ({state} = 'A' OR ({state} = 'F' AND {since} > {date}))"


def within_communes(site: Scan, citycodes: Collection[str] | None) -> str:
    """Return the condition that an establishment is in some communes, or anywhere, in SQL.

    Raises
    ------
    InputError
        A code is not that of a commune, or there is none.
    """
    if citycodes is None:
        return "true"
    wrong = sorted(code for code in citycodes if not re.fullmatch(r"\d[\dAB]\d{3}", code))
    if wrong or not citycodes:
        message = f"{', '.join(wrong) or 'no code'}: give INSEE codes of communes, such as 93010."
        raise InputError(message)
    return f"{site.raw['citycode']} IN ({', '.join(map(quoted, sorted(citycodes)))})"


def _sites(site: Scan) -> str:
    public = f"coalesce({site.raw['diffusion']} = {quoted(PUBLIC)}, false)"
    wanted = [f"{site.text[name]} AS {name}" for name in _PLAIN]
    wanted += [f"CASE WHEN {public} THEN {site.text[name]} ELSE '' END AS {name}" for name in (*_NAMES, *_ADDRESS)]
    return f"SELECT {', '.join(wanted)}, {_siren(site)} AS siren, {public} AS site_public FROM {site.table}"


def _siren(site: Scan) -> str:
    """Return the SIREN as the start of the SIRET: a column less to read of the whole file."""
    return f"substr({site.raw['siret']}, 1, 9)"


def _units(unit: Scan) -> str:
    public = f"coalesce({unit.raw['diffusion']} = {quoted(PUBLIC)}, false)"
    wanted = [f"{unit.text[name]} AS {name}" for name in ("siren", *_UNIT)]
    wanted += [f"CASE WHEN {public} THEN {unit.text[name]} ELSE '' END AS unit_{name}" for name in _UNIT_NAMES]
    return f"SELECT {', '.join(wanted)}, {public} AS unit_public FROM {unit.table}"


def _in_ess(unit: Scan, categories: Collection[str] | None) -> str:
    if categories is None:
        return "true"
    codes = ", ".join(map(quoted, sorted(categories))) or "NULL"
    in_list = f"{unit.raw['siren']} IN (SELECT siren FROM listed)"
    return f"({unit.raw['ess']} = 'O' OR {unit.text['legal_category']} IN ({codes}) OR {in_list})"


def _joined(kind: str) -> str:
    public = "(site_public AND coalesce(unit_public, true))"
    shown = ", ".join(f"sites.{name}" for name in (*_PLAIN, "siren"))
    hidden = (*_NAMES, *_ADDRESS, *(f"unit_{name}" for name in _UNIT_NAMES))
    texts = ", ".join(f"CASE WHEN {public} THEN coalesce({name}, '') ELSE '' END AS {name}" for name in hidden)
    facts = ", ".join(f"coalesce({name}, '') AS {name}" for name in _UNIT)
    return (
        f"SELECT {shown}, CASE WHEN {public} THEN 'O' ELSE 'P' END AS diffusion, {texts}, {facts} "
        f"FROM sites {kind} JOIN units ON sites.siren = units.siren ORDER BY siret"
    )
