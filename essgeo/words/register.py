"""What a register of SIRENE is worth: it is no sample, and not every establishment of it is a place to go to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.words.formats import number

if TYPE_CHECKING:
    from essgeo.words.vocabulary import Lang

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
