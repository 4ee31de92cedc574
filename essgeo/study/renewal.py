"""The renewal perimeters of a study: those of projects where somebody gives them, else the QPV that a list names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from essgeo.sources.layers import renewal_zones, widest
from essgeo.sources.live import RENEWAL_VINTAGE, live_projects
from essgeo.sources.live.zones import live_perimeters, live_qpv
from essgeo.sources.renewal import read_renewal
from essgeo.sources.zones import LEAST_INSIDE_M2
from essgeo.zoning import carry_projects, crosswalk

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from essgeo.sources.live import Live


def live_renewal(
    live: Live,
    qpv: gpd.GeoDataFrame,
    *,
    vintage: str,
    within: shapely.Geometry,
    demand: gpd.GeoDataFrame,
    given: Path | None = None,
) -> gpd.GeoDataFrame:
    """Return the renewal layer of a live study: perimeters of projects, else the QPV of the list that can be had.

    Perimeters that the user gives come first, then those of the territory, then lists. A list that has codes of 2015
    only is carried over to the QPV of the study by the residents that both share.

    Parameters
    ----------
    live
        How sources are asked; it keeps inputs and notes.
    qpv
        The QPV of the study.
    vintage
        Their vintage.
    within
        The territory, in the CRS of ``qpv``.
    demand
        Residents.
    given
        A file of the user, see :func:`essgeo.sources.renewal.read_renewal`.

    Returns
    -------
    GeoDataFrame
        As :func:`essgeo.sources.layers.renewal_zones`; identifiers of perimeters are no codes of QPV.

    Raises
    ------
    SchemaError
        The file of the user has neither perimeters nor codes.
    SourceError, InputError
        It is missing or unreadable, or has codes of 2015 only and the QPV of 2015 cannot be had.

    Examples
    --------
    >>> from essgeo import load_territory, read_layer
    >>> from essgeo.sources.live import Live
    >>> here = load_territory("est-ensemble")
    >>> qpv, whole = read_layer(here, "qpv"), read_layer(here, "communes").union_all()
    >>> len(live_renewal(Live(here), qpv, vintage="2024", within=whole, demand=qpv))
    11
    """
    perimeters = live_perimeters(live, within=within, given=given)
    if perimeters is not None:
        return perimeters
    former = None
    if given is None:
        projects, former = live_projects(live, within=within)
    else:
        projects = read_renewal(given)
        if f"qpv_{vintage}" not in projects:
            former = live_qpv(live, vintage=RENEWAL_VINTAGE, within=within)
    if former is not None and vintage != RENEWAL_VINTAGE:
        projects = carry_projects(projects, crosswalk(former, qpv, weights=demand))
    return renewal_zones(projects, qpv, vintage=vintage)


def with_programme(qpv: gpd.GeoDataFrame, npnru: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return QPV with ``programme`` and ``interest``: those of the projects whose outline is theirs or overlaps them.

    A perimeter of a project overlaps a QPV by 1 ha or by half of itself at least: outlines drawn apart share slivers.

    Parameters
    ----------
    qpv, npnru
        Layers of a study.

    Examples
    --------
    >>> import geopandas as gpd
    >>> block = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 300, 300)], index=["QN1"], crs=2154)
    >>> project = gpd.GeoDataFrame({"programme": ["Les Rives"], "interest": ["national"]},
    ...     geometry=[shapely.box(100, 0, 400, 300)], index=["npnru-1"], crs=2154)
    >>> with_programme(block, project)[["programme", "interest"]].values.tolist()
    [['Les Rives', 'national']]
    """
    same = npnru.index.isin(qpv.index)
    drawn = npnru[~same]
    zone, project = drawn.sindex.query(qpv.geometry, predicate="intersects", sort=True)
    shapes = drawn.geometry.to_numpy()[project]
    shared = shapely.area(shapely.intersection(qpv.geometry.to_numpy()[zone], shapes))
    told = drawn[["programme", "interest"]].iloc[project].set_axis(qpv.index[zone])
    overlapping = told[shared >= np.minimum(LEAST_INSIDE_M2, shapely.area(shapes) / 2)]
    both = pd.concat([pd.DataFrame(npnru.loc[same, ["programme", "interest"]]), pd.DataFrame(overlapping)])
    by_zone = both.groupby(level=0).agg({"programme": _together, "interest": widest})
    found = by_zone.reindex(qpv.index).fillna("")
    return qpv.assign(programme=found["programme"], interest=found["interest"])


def residents_of(npnru: gpd.GeoDataFrame, demand: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the residents of each renewal perimeter, as rows of the table of :class:`essgeo.gaps.Areas`.

    Examples
    --------
    >>> import geopandas as gpd
    >>> project = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 2, 2)], index=["npnru-1"], crs=2154)
    >>> points = gpd.GeoDataFrame({"population": [3.0, 4.0]}, geometry=gpd.points_from_xy([1, 9], [1, 9]), crs=2154)
    >>> residents_of(project, points)[["zone_id", "residents"]].values.tolist()
    [['npnru-1', 3.0]]
    """
    point, zone = npnru.sindex.query(demand.geometry, predicate="intersects")
    held = np.bincount(zone, weights=demand["population"].to_numpy()[point], minlength=len(npnru))
    return pd.DataFrame({"level": "npnru", "zone_id": npnru.index, "residents": held})


def _together(texts: pd.Series) -> str:
    return " ; ".join(dict.fromkeys(filter(None, texts)))
