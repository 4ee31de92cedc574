"""The errors a user of essgeo may meet: each names what is wrong, where, and what to do next."""

from __future__ import annotations


class EssgeoError(Exception):
    """Base of every error that essgeo raises on purpose."""


class InputError(EssgeoError, ValueError):
    """Something the user gave, a file for example, is missing or cannot be used as it is."""


class InputWarning(UserWarning):
    """Something the user gave was read otherwise than as it stands: what, and how to have it otherwise."""


class SchemaError(InputError):
    """A table or layer breaks its contract: all faults of the file in one message."""


class MissingCRSError(InputError):
    """A layer says nothing of its coordinate reference system."""


class CRSMismatchError(InputError):
    """Two layers, or a layer and its territory, are in different coordinate reference systems."""


class UnknownTerritoryError(InputError):
    """No territory of that name, and no folder with a ``territory.toml`` at that path."""


class SourceError(EssgeoError, OSError):
    """A source of data failed.

    Attributes
    ----------
    cause
        Why: a key of ``[causes]`` in the language files; by default the one that is usual for the class.
    detail
        What the words for the cause add, such as the columns that are missing.
    """

    usual_cause = "unreachable"

    def __init__(self, message: str = "", *, cause: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.cause, self.detail = cause or self.usual_cause, detail


class SourceUnavailableError(SourceError):
    """An official source, or a layer that a territory does not have, is out of reach."""


class ChecksumError(SourceError):
    """A file is not the one that was expected."""

    usual_cause = "damaged"


class SourceChangedError(SourceError):
    """A source no longer has the shape that its reader knows."""

    usual_cause = "changed"


class GeocoderError(EssgeoError, RuntimeError):
    """A geocoding service failed."""


class RateLimitedError(GeocoderError):
    """A geocoding service asks to slow down for longer than essgeo waits."""


class InfeasibleError(EssgeoError, RuntimeError):
    """A question about sites has no answer under its constraints."""


class PartitionError(EssgeoError, RuntimeError):
    """Parts of a run by partition failed; what is finished is kept."""
