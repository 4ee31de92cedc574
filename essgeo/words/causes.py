"""Why an official file could not be had or used, in a few words for a page; its full message is for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from essgeo.words.vocabulary import Labels, Lang

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
