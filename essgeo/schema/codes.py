"""INSEE codes: the department of a commune, and the arrondissements of Paris, Lyon and Marseille."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
