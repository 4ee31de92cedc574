"""Renewal projects (NPNRU) and the QPV that stand in for their perimeters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from essgeo.files.perimeters import read_renewal, renewal_zones
from essgeo.official.catalogue import known_headers
from essgeo.official.live import Found, gather
from essgeo.official.live_layers import RENEWAL_VINTAGE, live_perimeters, live_projects, live_qpv
from essgeo.zoning.crosswalk import carry_projects, crosswalk

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import shapely

    from essgeo.official.live import Live


def live_renewal(
    live: Live,
    qpv: gpd.GeoDataFrame,
    *,
    vintage: str,
    within: shapely.Geometry,
    demand: gpd.GeoDataFrame,
    given: Path | None = None,
) -> Found[gpd.GeoDataFrame]:
    """Return the renewal layer of a live study: perimeters of projects, else the QPV of the list that can be had.

    Perimeters that the user gives come first, then those of the territory, then lists. A list that has codes of 2015
    only is carried over to the QPV of the study by the residents that both share.

    Parameters
    ----------
    live
        How sources are asked.
    qpv
        The QPV of the study.
    vintage
        Their vintage.
    within
        The territory, in the CRS of ``qpv``.
    demand
        Residents.
    given
        A file of the user, see :func:`essgeo.files.perimeters.read_renewal`.

    Returns
    -------
    Found of GeoDataFrame
        As :func:`essgeo.files.perimeters.renewal_zones`; identifiers of perimeters are no codes of QPV.

    Raises
    ------
    SchemaError
        The file of the user has neither perimeters nor codes.
    SourceError, InputError
        It is missing or unreadable, or has codes of 2015 only and the QPV of 2015 cannot be had.

    Examples
    --------
    >>> from essgeo import load_territory, read_layer
    >>> from essgeo.official.catalogue import known_headers
    from essgeo.official.live import Live
    >>> here = load_territory("est-ensemble")
    >>> qpv, whole = read_layer(here, "qpv"), read_layer(here, "communes").union_all()
    >>> len(live_renewal(Live(here), qpv, vintage="2024", within=whole, demand=qpv).value)
    11
    """
    perimeters = live_perimeters(live, within=within, given=given)
    if perimeters is not None:
        return perimeters
    old: Found[gpd.GeoDataFrame | None] = Found(None)
    if given is None:
        listed = live_projects(live, within=within)
        projects, qpv_2015 = listed.value
        old = gather(qpv_2015, listed)
    else:
        projects = read_renewal(given, headers=known_headers())
        if f"qpv_{vintage}" not in projects:
            old = live_qpv(live, vintage=RENEWAL_VINTAGE, within=within)
    if old.value is not None and vintage != RENEWAL_VINTAGE:
        projects = carry_projects(projects, crosswalk(old.value, qpv, weights=demand))
    return gather(renewal_zones(projects, qpv, vintage=vintage), old)
