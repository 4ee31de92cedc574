"""Codes of methods, causes and bounds, said in a sentence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from essgeo.text.numbers import number

if TYPE_CHECKING:
    from essgeo.schema.vocabulary import Labels, Lang


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


CAUSES: Labels = {
    "unreachable": {"fr": "le serveur ne répond pas", "en": "the server does not answer"},
    "gone": {"fr": "le fichier n'est plus à cette adresse", "en": "the file is no longer at its address"},
    "changed": {"fr": "le fichier a changé de forme", "en": "the file has another shape"},
    "column": {"fr": "le fichier a changé : il n'a plus {detail}", "en": "the file has changed: it lacks {detail}"},
    "damaged": {"fr": "le fichier reçu est endommagé", "en": "the file that came is damaged"},
    "too_large": {"fr": "le fichier dépasse la taille admise", "en": "the file is larger than it may be"},
    "not_covered": {"fr": "le département {detail} n'y est pas", "en": "it does not cover department {detail}"},
    "never_fetched": {
        "fr": "jamais téléchargé sur ce poste, hors ligne aujourd'hui",
        "en": "never fetched on this computer, offline today",
    },
    "offline": {"fr": "hors ligne, rien de plus récent n'a été cherché", "en": "offline, nothing newer was looked for"},
    "busy": {"fr": "un autre programme est en train de le chercher", "en": "another program is fetching it"},
    "disk": {
        "fr": "le disque de ce poste est plein ou protégé",
        "en": "the disk of this computer is full or protected",
    },
    "unreadable": {"fr": "son contenu ne peut pas être lu", "en": "its content cannot be read"},
    "empty": {"fr": "il ne contient rien de ce territoire", "en": "it holds nothing of this territory"},
    "given": {
        "fr": "personne ne le publie pour toute la France",
        "en": "nobody publishes it for the whole country",
    },
    "elsewhere": {
        "fr": "ses habitants sont trop loin de ceux du recensement",
        "en": "its residents are too far from those of the census",
    },
}
"""By cause of an error, the words for it; ``{detail}`` is what the error adds."""


def cause_in_words(error: Exception, lang: Lang) -> str:
    """Return why a file could not be had or used; a fault of its content where the error names no cause.

    Parameters
    ----------
    error
        A :class:`essgeo.errors.SourceError`, whose ``cause`` is a key of :data:`CAUSES`, or an error of a reader.
    lang
        Language of the words.

    Examples
    --------
    >>> from essgeo.errors import SourceChangedError, SourceUnavailableError
    >>> cause_in_words(SourceUnavailableError("https://a.fr: no answer in time."), "fr")
    'le serveur ne répond pas'
    >>> cause_in_words(SourceChangedError("a.csv: no column for siren.", cause="column", detail="SIREN"), "en")
    'the file has changed: it lacks SIREN'
    """
    cause = getattr(error, "cause", "unreadable")
    return CAUSES[cause][lang].format(detail=getattr(error, "detail", ""))


_BOUND: dict[Lang, str] = {
    "fr": "Ces chiffres reposent sur {located} établissements localisés dans le territoire et comptés, sur les "
    "{listed} du registre, tiré de Sirene. Une adresse déclarée n'accueille pas toujours du public : la desserte peut "
    "être plus faible. Les établissements sans position ne comptent pas : elle peut être plus forte.",
    "en": "These figures rest on {located} establishments located in the territory and counted, of the {listed} "
    "of the register, which comes from SIRENE. A declared address does not always receive the public: access may be "
    "poorer. Establishments "
    "without a position do not count: it may be better.",
}


def register_bound(located: float, listed: float, lang: Lang) -> str:
    """Return what figures of access rest on where structures come from SIRENE.

    Parameters
    ----------
    located
        Establishments that are located in the territory and counted.
    listed
        Establishments of the register.
    lang
        Language of the sentences.

    Examples
    --------
    >>> register_bound(1853, 2392, "en")[:89]
    'These figures rest on 1,853 establishments located in the territory and counted, of the 2'
    """
    return _BOUND[lang].format(located=number(located, lang), listed=number(listed, lang))
