"""The whole economy of a territory, which the ESS is a share of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from essgeo.register.build import sirene_communes
from essgeo.sources.readers.sirene import count_establishments
from essgeo.sources.readers.sirene_zones import read_zones_of_establishments

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from essgeo.register.files import RegisterFiles
    from essgeo.territory import Territory


@dataclass(frozen=True)
class Economy:
    """The active establishments of a territory, ESS or not.

    Attributes
    ----------
    by_commune
        From :func:`essgeo.sources.readers.sirene.count_establishments`.
    in_qpv
        From :func:`essgeo.sources.readers.sirene_zones.read_zones_of_establishments`; None where INSEE's places are not
        at hand.
    """

    by_commune: pd.DataFrame
    in_qpv: pd.DataFrame | None = None


def count_economy(files: RegisterFiles, territory: Territory, qpv: pd.DataFrame, *, as_of: dt.date) -> Economy:
    """Return the active establishments of the communes and QPV of a territory, from the files of its register.

    Parameters
    ----------
    files
        The establishments, and where INSEE places them.
    territory
        Its communes count.
    qpv
        ``vintage`` by code of the QPV, of one vintage.
    as_of
        The day.

    Raises
    ------
    SourceUnavailableError, SourceChangedError, InputError
        A file cannot be read.

    Examples
    --------
    See ``tests/cli/test_structures.py``.
    """
    communes = sirene_communes(territory.communes)
    in_qpv = None
    if files.geolocation is not None and len(qpv):
        in_qpv = read_zones_of_establishments(
            files.establishments,
            files.geolocation,
            qpv.index.tolist(),
            vintage=str(qpv["vintage"].iloc[0]),
            as_of=as_of,
            citycodes=communes,
        )
    return Economy(count_establishments(files.establishments, as_of=as_of, citycodes=communes), in_qpv)
