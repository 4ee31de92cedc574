"""Cells as people write them, brought to the one form that the contracts of layers know."""

from __future__ import annotations

import re

_FRENCH_DATE = re.compile(r"(?:(\d{1,2})/)?(\d{1,2})/(\d{4})")
SIREN_DIGITS = 9


def iso_date(text: str) -> str:
    """Return ``31/12/2027`` or ``12/2027`` as ``2027-12-31`` or ``2027-12``, and anything else as it is.

    Examples
    --------
    >>> iso_date("1/09/2024"), iso_date("2024")
    ('2024-09-01', '2024')
    """
    found = _FRENCH_DATE.fullmatch(str(text).strip())
    if found is None:
        return str(text).strip()
    day, month, year = found.groups()
    return f"{year}-{int(month):02d}" + (f"-{int(day):02d}" if day else "")


def commune_code(text: str) -> str:
    """Return a postcode or an INSEE code with the zero in front that a spreadsheet took away; ``0`` is no code.

    Examples
    --------
    >>> commune_code("2820"), commune_code("93 100"), commune_code("2A004"), commune_code("0")
    ('02820', '93100', '2A004', '')
    """
    code = "".join(text.split())
    if not code.strip("0"):
        return ""
    return f"0{code}" if re.fullmatch(r"[0-9]{4}", code) else code


def siren_and_siret(text: str) -> tuple[str, str]:
    """Return the SIREN and the SIRET that a cell holds: a SIRET begins with its SIREN.

    Examples
    --------
    >>> siren_and_siret("828 213 371 00014"), siren_and_siret("828213371")
    (('828213371', '82821337100014'), ('828213371', ''))
    >>> siren_and_siret("1"), siren_and_siret("00000000000000")
    (('', ''), ('', ''))
    """
    digits = "".join(text.split())
    if not re.fullmatch(r"[0-9]{9}([0-9]{5})?", digits) or not digits.strip("0"):
        return "", ""
    return digits[:SIREN_DIGITS], digits if len(digits) > SIREN_DIGITS else ""
