"""Codes of communes (INSEE and postal) and of companies (SIREN and SIRET)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from essgeo.schema.cells import known, without_decimals

if TYPE_CHECKING:
    from collections.abc import Iterable

ARRONDISSEMENTS = {
    "13055": tuple(str(code) for code in range(13201, 13217)),
    "69123": tuple(str(code) for code in range(69381, 69390)),
    "75056": tuple(str(code) for code in range(75101, 75121)),
}
"""The codes of the arrondissements of Marseille, Lyon and Paris: files know these cities by their code or by those."""

_CITY = {part: city for city, parts in ARRONDISSEMENTS.items() for part in parts}

_OVERSEAS = ("97", "98")

_OWN_POSTCODE = {"97133": "977", "97150": "978"}
"""Saint-Barthélemy and Saint-Martin kept the postcodes they had as communes of Guadeloupe."""


def department_of(citycode: str) -> str:
    """Return the code of the department of a commune: three characters overseas, two elsewhere.

    Examples
    --------
    >>> department_of("93010"), department_of("2A004"), department_of("97411")
    ('93', '2A', '974')
    """
    return citycode[:3] if citycode.startswith(_OVERSEAS) else citycode[:2]


def same_department(citycode: str, postcode: str) -> bool:
    """Return whether a commune and a postcode are of one department; postcodes of Corsica do not tell its two apart.

    Examples
    --------
    >>> same_department("2A004", "20090"), same_department("97411", "97400"), same_department("97105", "97400")
    (True, True, False)
    """
    there = department_of(citycode)
    return ("20" if there in {"2A", "2B"} else there) == _OWN_POSTCODE.get(postcode, department_of(postcode))


def city_of(citycode: str) -> str:
    """Return the commune that an arrondissement is part of, or the commune itself.

    Examples
    --------
    >>> city_of("75118"), city_of("93010")
    ('75056', '93010')
    """
    return _CITY.get(citycode, citycode)


def with_arrondissements(citycodes: Iterable[str]) -> list[str]:
    """Return communes and, for Paris, Lyon and Marseille, their arrondissements too, sorted.

    Examples
    --------
    >>> with_arrondissements(["93010", "69123"])[:3]
    ['69123', '69381', '69382']
    """
    codes = set(citycodes)
    return sorted(codes.union(*(ARRONDISSEMENTS.get(code, ()) for code in codes)))


def commune_code(text: str) -> str:
    """Return a postcode or an INSEE code with the zero in front that a spreadsheet took away; ``0`` is no code.

    Examples
    --------
    >>> commune_code("2820"), commune_code("93 100"), commune_code("2A004"), commune_code("0"), commune_code("93140.0")
    ('02820', '93100', '2A004', '', '93140')
    """
    code = re.sub(r"^(F|FR)-?(?=\d{5}$)", "", "".join(without_decimals(known(text)).split()))
    if not code.strip("0"):
        return ""
    return f"0{code}" if re.fullmatch(r"[0-9]{4}", code) else code


SIREN_DIGITS, SIRET_DIGITS = 9, 14


def siren_and_siret(text: str) -> tuple[str, str]:
    """Return the SIREN and the SIRET that a cell holds: a SIRET begins with its SIREN.

    A zero in front that a spreadsheet took away is put back where the check digit agrees.

    Examples
    --------
    >>> siren_and_siret("828 213 371 00014"), siren_and_siret("828213371"), siren_and_siret("828.213.371.00014")
    (('828213371', '82821337100014'), ('828213371', ''), ('828213371', '82821337100014'))
    >>> siren_and_siret("1"), siren_and_siret("00000000000000"), siren_and_siret("82821337100014.0")
    (('', ''), ('', ''), ('828213371', '82821337100014'))
    """
    digits = re.sub(r"[\s._\-'\u00a0]", "", without_decimals(known(text)))
    if re.fullmatch(r"\d{8}|\d{13}", digits) and _luhn(f"0{digits}"):
        digits = f"0{digits}"
    if not re.fullmatch(r"[0-9]{9}([0-9]{5})?", digits) or not digits.strip("0"):
        return "", ""
    return digits[:SIREN_DIGITS], digits if len(digits) == SIRET_DIGITS else ""


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 * (number > 9) for number in doubled) % 10 == 0  # noqa: PLR2004 (a digit)
