"""The portrait of a register beside the whole economy of its communes and QPV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.register.areas import portrait_by_area
from essgeo.register.economy import count_economy
from essgeo.sources import read_layer
from essgeo.sources.layers import communes_of
from essgeo.sources.live.ask import Live
from essgeo.sources.live.census import live_iris
from essgeo.sources.live.zones import live_qpv
from essgeo.structures import counted_on, portrait
from essgeo.zoning import locate_in

if TYPE_CHECKING:
    import datetime as dt

    import geopandas as gpd
    import pandas as pd

    from essgeo.register.files import RegisterFiles
    from essgeo.territory import Territory

SEED = "seed_figures"


def register_portrait(
    register: gpd.GeoDataFrame, territory: Territory, files: RegisterFiles, *, as_of: dt.date, live: bool = False
) -> pd.DataFrame:
    """Return the portrait of a register by commune and QPV, with its share of their economy and the figures of 2018.

    Parameters
    ----------
    register
        From :func:`essgeo.register.build_register`.
    territory
        Its communes and QPV are the areas: its own files, or where it declares none the official ones.
    files
        The establishments are counted, ESS or not.
    as_of
        The day of the register.
    live
        Take the official communes and QPV of today, and fetch them where they are not current.

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
    communes, qpv = _areas(territory, live=live)
    return portrait_by_area(
        counted,
        locate_in(counted, qpv),
        territory=territory.name,
        communes=communes,
        qpv=qpv,
        economy=count_economy(files, territory, qpv, as_of=as_of),
        seed=portrait(counted, read_layer(territory, SEED), scope=territory.name) if territory.declares(SEED) else None,
    )


def _areas(territory: Territory, *, live: bool) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    if not live and territory.declares("iris") and territory.declares("qpv"):
        return read_layer(territory, "communes"), read_layer(territory, "qpv")
    asked = Live(territory, offline=not live)
    communes = communes_of(live_iris(asked))
    return communes, live_qpv(asked, vintage=territory.vintage, within=communes.union_all())
