"""The official files that a register is made from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from essgeo.errors import SourceUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = {
    "establishments": "sirene_establishments",
    "legal_units": "sirene_legal_units",
    "geolocation": "sirene_geolocation",
    "ess_list": "ess_france",
}
"""By file, its source in the catalogue."""


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
    """

    establishments: Path
    legal_units: Path
    geolocation: Path | None = None
    ess_list: Path | None = None


def register_files(**given: Path | None) -> RegisterFiles:
    """Return the files that are given by name.

    Raises
    ------
    SourceUnavailableError
        The establishments or the legal units are not given.

    Examples
    --------
    >>> register_files(establishments=None)
    Traceback (most recent call last):
    essgeo.errors.SourceUnavailableError: no file for sirene_establishments, sirene_legal_units: give ...
    """
    known = {field.name: given.get(field.name) for field in fields(RegisterFiles)}
    establishments, legal_units = known["establishments"], known["legal_units"]
    if establishments is None or legal_units is None:
        missing = [name for name in ("establishments", "legal_units") if known[name] is None]
        message = (
            f"no file for {', '.join(SOURCES[name] for name in missing)}: "
            f"give {' and '.join('--' + name.replace('_', '-') + ' FILE' for name in missing)}."
        )
        raise SourceUnavailableError(message)
    return RegisterFiles(establishments, legal_units, known["geolocation"], known["ess_list"])
