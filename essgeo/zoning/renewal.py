"""Renewal projects (NPNRU) and the QPV that stand in for their perimeters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from essgeo.files.layers import renewal_zones, widest
from essgeo.files.outlines import LEAST_INSIDE_M2
from essgeo.files.perimeters import read_renewal
from essgeo.official.live_layers import RENEWAL_VINTAGE, live_perimeters, live_projects, live_qpv
from essgeo.zoning.crosswalk import crosswalk

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from essgeo.official.live import Live


HALF = 0.5


def carry_projects(projects: pd.DataFrame, pairs: pd.DataFrame, *, min_share: float = HALF) -> pd.DataFrame:
    """Return renewal projects with the QPV of the new vintage that take the place of theirs.

    A zone of the new vintage takes the place of one of the old where at least ``min_share`` of the residents of either
    live in both; where nobody lives, of the ground. A project whose zone has no such successor keeps no code of the new
    vintage: its zone left the geography.

    Parameters
    ----------
    projects
        The ``npnru`` table, with ``qpv_<old vintage>``.
    pairs
        From :func:`essgeo.zoning.crosswalk` with ``weights``.
    min_share
        Least common share, 0 to 1.

    Returns
    -------
    DataFrame
        One row a project and successor: ``qpv_<new vintage>`` is the successor or ``""``, ``confidence`` says by what
        share. A project with two successors has two rows, the second with ``-2`` behind its identifier.

    Examples
    --------
    >>> import pandas as pd
    >>> pairs = pd.DataFrame({"old_id": ["QP1"], "new_id": ["QN1"], "old_vintage": ["2015"], "new_vintage": ["2024"],
    ...     "share_of_old": [0.7], "share_of_new": [0.9], "population_share_of_old": [0.81],
    ...     "population_share_of_new": [0.95]})
    >>> project = pd.DataFrame({"qpv_2015": ["QP1"], "confidence": ["ANRU"]}, index=pd.Index(["a"], name="project_id"))
    >>> carry_projects(project, pairs)[["qpv_2024", "confidence"]].values.tolist()
    [['QN1', 'ANRU; 2015 -> 2024: 81 % of residents of QP1, 95 % of QN1']]
    """
    both = pairs.dropna(subset=["old_id", "new_id"])
    if both.empty:
        return projects
    old, new = both["old_vintage"].iloc[0], both["new_vintage"].iloc[0]
    shares = {side: both[f"population_share_of_{side}"].fillna(both[f"share_of_{side}"]) for side in ("old", "new")}
    successors = both[["old_id", "new_id"]].assign(**shares)[np.maximum(shares["old"], shares["new"]) >= min_share]
    index = str(projects.index.name)
    rows = projects.reset_index().merge(successors, how="left", left_on=f"qpv_{old}", right_on="old_id")
    place = rows.groupby(index).cumcount()
    names = rows[index].where(place == 0, rows[index] + "-" + (place + 1).astype(str))
    told = [
        f"{confidence}; {old} -> {new}: {100 * of_old:.0f} % of residents of {left}, {100 * of_new:.0f} % of {right}"
        for confidence, of_old, left, of_new, right in zip(
            rows["confidence"], rows["old"], rows["old_id"], rows["new"], rows["new_id"], strict=True
        )
    ]
    carried = rows["new_id"].notna()
    return rows.assign(
        **{index: names, f"qpv_{new}": rows["new_id"].fillna(""), "confidence": rows["confidence"].mask(carried, told)}
    ).set_index(index)[list(dict.fromkeys([*projects.columns, f"qpv_{new}"]))]


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
        A file of the user, see :func:`essgeo.files.perimeters.read_renewal`.

    Returns
    -------
    GeoDataFrame
        As :func:`essgeo.files.layers.renewal_zones`; identifiers of perimeters are no codes of QPV.

    Raises
    ------
    SchemaError
        The file of the user has neither perimeters nor codes.
    SourceError, InputError
        It is missing or unreadable, or has codes of 2015 only and the QPV of 2015 cannot be had.

    Examples
    --------
    >>> from essgeo import load_territory, read_layer
    >>> from essgeo.official.live import Live
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
