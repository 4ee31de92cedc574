"""How a figure was computed, in French: tables carry it in English, as the room that computed it wrote it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from essgeo.words.vocabulary import Lang

_NUMBER = r"(\d[\d.]*)"
_FRENCH: tuple[tuple[str, str], ...] = (
    (f"straight line x {_NUMBER} at {_NUMBER} km/h", r"ligne droite x \1 à \2 km/h"),
    (f"walking network of unknown date at {_NUMBER} km/h", r"réseau piéton de date inconnue à \1 km/h"),
    (f"walking network of (.+?) at {_NUMBER} km/h", r"réseau piéton du \1 à \2 km/h"),
    (r"; too far from it: (\d+) origins, (\d+) destinations", r" ; trop loin de lui : \1 origines, \2 destinations"),
    ("IRIS population spread evenly over the IRIS", "population de l'IRIS répartie également sur l'IRIS"),
    (
        r"200 m grid \(Filosofi\), at the centre of each cell",
        "carroyage de 200 m (Filosofi), au centre de chaque carreau",
    ),
    ("expected count over the positional radius", "nombre attendu sur le rayon de position"),
    ("register: a sample, not comparable", "le registre est un échantillon, non comparable"),
    ("not a family of the portrait", "n'est pas une famille du portrait"),
    (
        "not comparable: the portrait counts .* that ess_rule tells",
        (
            "non comparable : le portrait compte des entreprises de 2018 avec leurs salariés publiés par l'INSEE ; le "
            "registre compte des établissements de Sirene actifs un jour donné, employeurs ou non, chacun de ceux "
            "d'une entreprise, avec leurs tranches de salariés, dans le périmètre que dit ess_rule"
        ),
    ),
    (
        "establishments by the commune they are registered in; share: .* administrations among them",
        (
            "établissements dans la commune où ils sont inscrits ; part : dans les établissements actifs de Sirene, de "
            "toutes formes et activités, administrations comprises"
        ),
    ),
    (
        "; beside the portrait of 2018, which .* no evolution",
        (
            " ; en regard du portrait de 2018, qui compte des entreprises avec leurs salariés publiés par l'INSEE : "
            "autre mesure, autre date, leur différence n'est pas une évolution"
        ),
    ),
    (
        "expected counts over the positional radius; establishments without .* placed the same way",
        (
            "nombres attendus sur le rayon de position ; un établissement sans position n'est dans aucun QPV ; part : "
            "dans les établissements que l'INSEE situe dans ce QPV, ceux de l'ESS situés de même"
        ),
    ),
)
_RULES = tuple((re.compile(english), french) for english, french in _FRENCH)
_DECIMAL_POINT = re.compile(r"(?<=\d)\.(?=\d)")


def said(method: str, lang: Lang) -> str:
    """Return how a figure was computed, in a language; what is not known here stays as it is.

    Examples
    --------
    >>> said("straight line x 1.3 at 4.5 km/h", "fr")
    'ligne droite x 1,3 à 4,5 km/h'
    """
    if lang == "en":
        return method
    french = method
    for english, rule in _RULES:
        french = english.sub(rule, french)
    return _DECIMAL_POINT.sub(",", french) if french != method else method
