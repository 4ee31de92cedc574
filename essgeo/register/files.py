"""The official files that a register is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from essgeo.errors import SourceError, SourceUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = {
    "establishments": "sirene_establishments",
    "legal_units": "sirene_legal_units",
    "geolocation": "sirene_geolocation",
    "ess_list": "ess_france",
}
"""By file, its source in the catalogue."""
_NEEDED = ("establishments", "legal_units")


@dataclass(frozen=True)
class RegisterFiles:
    """The official files of a register.

    Attributes
    ----------
    establishments, legal_units
        ``StockEtablissement`` and ``StockUniteLegale`` of SIRENE.
    geolocation
        The geolocation of SIRENE; without it every address is geocoded.
    ess_list
        The list of ESS France; without it only the flag and the legal category tell.
    stale
        Why a copy may not be the current one, and which files were not there: to be said beside every figure.
    """

    establishments: Path
    legal_units: Path
    geolocation: Path | None = None
    ess_list: Path | None = None
    stale: tuple[str, ...] = ()


def register_files(
    *,
    establishments: Path | None = None,
    legal_units: Path | None = None,
    geolocation: Path | None = None,
    ess_list: Path | None = None,
    live: bool = False,
    folder: Path | None = None,
) -> RegisterFiles:
    """Return the files that are given, and for the others the last good copies that were fetched.

    Parameters
    ----------
    establishments, legal_units, geolocation, ess_list
        Files to read in place of the official copies.
    live
        Fetch what is not current; else no connection is opened.
    folder
        Where copies are kept, as for :func:`essgeo.sources.fetch.fetch`.

    Raises
    ------
    SourceUnavailableError, SourceChangedError, ChecksumError
        The establishments or the legal units are neither given nor fetched, or what came is not what it should be.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     register_files(folder=pathlib.Path(folder))
    Traceback (most recent call last):
    essgeo.errors.SourceUnavailableError: sirene_establishments was never fetched here. ...
    """
    given = {
        "establishments": establishments,
        "legal_units": legal_units,
        "geolocation": geolocation,
        "ess_list": ess_list,
    }
    from essgeo.sources.fetch import fetch  # noqa: PLC0415 - the HTTP libraries take half a second

    found: dict[str, Path] = {}
    stale, missing = [], []
    for name, path in given.items():
        if path is not None:
            found[name] = path
            continue
        try:
            copy = fetch(SOURCES[name], folder=folder, offline=not live, progress=live)
        except SourceError as error:
            if name in _NEEDED:
                missing.append(f"{error} (--{name.replace('_', '-')} FILE)")
            else:
                stale.append(f"{SOURCES[name]}: not used, {error}")
            continue
        found[name] = copy.path
        stale += [copy.stale] if copy.stale else []
    if missing:
        raise SourceUnavailableError("\n".join(missing if live else [*missing, "With --live they are fetched now."]))
    return RegisterFiles(**found, stale=tuple(stale))
