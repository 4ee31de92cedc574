"""The portrait of a register beside the whole economy of its communes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.register.areas import portrait_by_area
from essgeo.register.build import sirene_communes
from essgeo.sources import read_layer
from essgeo.sources.readers.sirene import count_establishments
from essgeo.structures import counted_on
from essgeo.zoning import locate_in

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    import pandas as pd

    from essgeo.register.files import RegisterFiles
    from essgeo.territory import Territory


def register_portrait(
    register: gpd.GeoDataFrame, territory: Territory, files: RegisterFiles, *, as_of: dt.date
) -> pd.DataFrame:
    """Return the portrait of a register by commune and QPV, with its share of the economy by commune.

    Parameters
    ----------
    register
        From :func:`essgeo.register.build_register`.
    territory
        Its communes and QPV are the areas.
    files
        The establishments are counted, ESS or not.
    as_of
        The day of the register.

    Returns
    -------
    DataFrame
        As :func:`essgeo.register.portrait_by_area`.

    Raises
    ------
    SourceUnavailableError, SourceChangedError, InputError
        A file or layer cannot be read.

    Examples
    --------
    See ``tests/cli/test_structures.py``.
    """
    counted = register.assign(counted=counted_on(register, as_of))
    qpv = read_layer(territory, "qpv")
    return portrait_by_area(
        counted,
        locate_in(counted, qpv),
        territory=territory.name,
        communes=read_layer(territory, "communes"),
        qpv=qpv,
        economy=count_establishments(files.establishments, as_of=as_of, citycodes=sirene_communes(territory.communes)),
    )
