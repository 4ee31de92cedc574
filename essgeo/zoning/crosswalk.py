"""From the zones of one vintage to those of another, and between the QPV and the renewal projects (NPNRU)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from essgeo.crs import require_same_crs
from essgeo.files.perimeters import MIN_INSIDE_M2, widest_interest
from essgeo.schema.validate import require_columns, with_known_names
from essgeo.zoning.locate import RESIDENTS, VINTAGE, checked_points, residents, values_at, zone_polygons

if TYPE_CHECKING:
    from collections.abc import Collection

    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.zoning.boundary import Floats, Ints


SHARES = ("share_of_old", "share_of_new", "population_share_of_old", "population_share_of_new")

HALF = 0.5

_NAMED, _NOT_NAMED = "; a pair of the ANCT", "; no pair of the ANCT"
"""What the ANCT's correspondence of 2015 and 2024 says of a zone and its successor."""


def crosswalk(
    old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, *, weights: gpd.GeoDataFrame | None = None, min_share: float = 0.001
) -> pd.DataFrame:
    """Return which zones of two vintages share ground and residents, and how much.

    Parameters
    ----------
    old, new
        Valid (Multi)Polygons in one metric CRS, indexed by zone, each with a column ``vintage``.
    weights
        Demand points in the same CRS, with a column ``population``. A point on a boundary counts on both sides.
    min_share
        A pair none of whose shares reaches this is a sliver between two drawings of one limit: it has no row.

    Returns
    -------
    DataFrame
        One row for each pair, by order of ``old`` then ``new``; then one for each old zone without a pair, where
        ``new_id`` and ``new_vintage`` are NA, and one for each new zone without a pair, where ``old_id`` and
        ``old_vintage`` are NA. Columns ``old_id``, ``new_id``, ``old_vintage``, ``new_vintage``; ``area_m2``, the
        common area; ``share_of_old`` and ``share_of_new``, that area over the area of each zone; with ``weights``,
        ``population``, ``population_share_of_old`` and ``population_share_of_new`` likewise. A zone without a pair
        has common area and population 0 and no share of the other side; a population share of a zone where nobody
        lives is NaN. The shares of an old zone add up to less than 1 where it left the geography.

    Raises
    ------
    SchemaError
        A zone without vintage, empty, invalid (the message names it) or not polygonal; ``weights`` without
        ``population``, with one that is missing or negative, or that are not Points (give the centroids of a grid).
    MissingCRSError, CRSMismatchError
        A layer without CRS, not in metres, or in different CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> old = gpd.GeoDataFrame({"vintage": ["2015"]}, index=["QP1"], geometry=[shapely.box(0, 0, 100, 100)], crs=2154)
    >>> new = gpd.GeoDataFrame({"vintage": ["2024"]}, index=["QN1"], geometry=[shapely.box(0, 0, 50, 200)], crs=2154)
    >>> crosswalk(old, new)[["old_id", "new_id", "area_m2", "share_of_old", "share_of_new"]]
      old_id new_id  area_m2  share_of_old  share_of_new
    0    QP1    QN1   5000.0           0.5           0.5
    """
    require_same_crs(old, new, ("old", "new"))
    old, new = with_known_names(old, "qpv"), with_known_names(new, "qpv")
    weights = weights if weights is None else with_known_names(weights, "iris")
    wanted = [("old", old, {"vintage": VINTAGE}), ("new", new, {"vintage": VINTAGE})]
    if weights is not None:
        wanted.append(("weights", weights, {"population": RESIDENTS}))
    require_columns(*wanted)
    before, after = zone_polygons(old, "old"), zone_polygons(new, "new")
    # Parallel arrays, one entry a pair of zones that touch: positions in old and new, in this order.
    row, column = shapely.STRtree(after).query(before, predicate="intersects") if len(before) else np.empty((2, 0), int)
    by_place = np.lexsort((column, row))
    row, column = row[by_place], column[by_place]
    area = shapely.area(shapely.intersection(before[row], after[column]))
    table = pd.DataFrame(
        {
            "old": row,
            "new": column,
            "area_m2": area,
            "share_of_old": area / shapely.area(before)[row],
            "share_of_new": area / shapely.area(after)[column],
        }
    )
    if weights is not None:
        require_same_crs(old, weights, ("old", "weights"))
        table = table.assign(**_population(before, after, row, column, weights))
    shares = [name for name in SHARES if name in table]
    table = table[(table["area_m2"] > 0) & (table[shares] >= min_share).any(axis=1)]

    # A zone without a pair has nothing in common, and no share of the other side.
    parts = [table]
    for side, other, zones in (("old", "new", old), ("new", "old", new)):
        alone = np.setdiff1d(np.arange(len(zones)), table[side])  # positions; -1 stands for no zone
        bare = {name: np.nan if name.endswith(f"share_of_{other}") else 0.0 for name in table.columns[2:]}
        parts.append(pd.DataFrame({side: alone, other: -1, **bare}, index=range(len(alone))))
    table = pd.concat(parts, ignore_index=True)
    names = {
        f"{side}_{what}": values_at(values, table[side].to_numpy(dtype=np.intp))
        for what in ("id", "vintage")
        for side, zones in (("old", old), ("new", new))
        for values in [zones.index.to_series() if what == "id" else zones["vintage"]]
    }
    return pd.concat([pd.DataFrame(names), table.drop(columns=["old", "new"])], axis=1)


def _population(
    before: NDArray[np.object_], after: NDArray[np.object_], row: Ints, column: Ints, weights: gpd.GeoDataFrame
) -> dict[str, Floats]:
    """Return the population of each pair and its shares of both zones."""
    tree, people = shapely.STRtree(checked_points(weights, "weights")), residents(weights, "weights")
    # Pairs of a zone and a point in it, by side; a point may lie in several zones, or on a border.
    sides = {
        side: pd.DataFrame(dict(zip((side, "point"), tree.query(polygons, predicate="intersects"), strict=True)))
        for side, polygons in (("old", before), ("new", after))
    }
    # A row for each point that lies in an old and in a new zone: their residents, summed by pair, live in both.
    pairs = sides["old"].merge(sides["new"], on="point")
    common = pairs.assign(people=people[pairs["point"]]).groupby(["old", "new"])["people"].sum()
    of_pair = common.reindex(pd.MultiIndex.from_arrays([row, column]), fill_value=0.0).to_numpy(dtype=np.float64)
    found: dict[str, Floats] = {"population": of_pair}
    for (side, held), zone in zip(sides.items(), (row, column), strict=True):
        # The residents of each zone of this side, then of the zone of each pair; 0 residents give no share (NaN).
        total = np.bincount(held[side], people[held["point"]], minlength=zone.max(initial=-1) + 1)[zone]
        found[f"population_share_of_{side}"] = np.divide(
            of_pair, total, out=np.full(len(zone), np.nan), where=total > 0
        )
    return found


def carry_projects(
    projects: pd.DataFrame,
    pairs: pd.DataFrame,
    *,
    min_share: float = HALF,
    named: Collection[tuple[str, str]] | None = None,
) -> pd.DataFrame:
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
    named
        Pairs of an old and a new zone that the publisher names itself
        (:func:`essgeo.official.readers.read_qpv_pairs`). It decides nothing, as it names whatever shares some ground:
        ``confidence`` says whether a pair is among them. ``None``: not known.

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
    # By side one value a pair: the share of residents, and where nobody lives (NaN) that of the ground.
    shares = {side: both[f"population_share_of_{side}"].fillna(both[f"share_of_{side}"]) for side in ("old", "new")}
    successors = both[["old_id", "new_id"]].assign(**shares)[np.maximum(shares["old"], shares["new"]) >= min_share]
    index = str(projects.index.name)
    rows = projects.reset_index().merge(successors, how="left", left_on=f"qpv_{old}", right_on="old_id")
    # The place of each row among those of its project: the second successor gets -2 behind the identifier.
    place = rows.groupby(index).cumcount()
    names = rows[index].where(place == 0, rows[index] + "-" + (place + 1).astype(str))
    known = None if named is None else set(named)
    told = [
        f"{confidence}; {old} -> {new}: {100 * of_old:.0f} % of residents of {left}, {100 * of_new:.0f} % of {right}"
        + ("" if known is None else _NAMED if (left, right) in known else _NOT_NAMED)
        for confidence, of_old, left, of_new, right in zip(
            rows["confidence"], rows["old"], rows["old_id"], rows["new"], rows["new_id"], strict=True
        )
    ]
    carried = rows["new_id"].notna()
    return rows.assign(
        **{index: names, f"qpv_{new}": rows["new_id"].fillna(""), "confidence": rows["confidence"].mask(carried, told)}
    ).set_index(index)[list(dict.fromkeys([*projects.columns, f"qpv_{new}"]))]


def with_programme(qpv: gpd.GeoDataFrame, npnru: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return QPV with ``programme`` and ``interest``: those of the projects whose outline is theirs or overlaps them.

    A perimeter of a project overlaps a QPV by 1 ha or by half of itself at least: outlines drawn apart share slivers.
    """
    # A project whose outline is that of a QPV bears its code; of the others the outlines are compared.
    same = npnru.index.isin(qpv.index)
    drawn = npnru[~same]
    # One entry a pair of a QPV and a project that touch: their places in both layers, and the ground they share.
    zone, project = drawn.sindex.query(qpv.geometry, predicate="intersects", sort=True)
    shapes = drawn.geometry.to_numpy()[project]
    shared = shapely.area(shapely.intersection(qpv.geometry.to_numpy()[zone], shapes))
    told = drawn[["programme", "interest"]].iloc[project].set_axis(qpv.index[zone])
    overlapping = told[shared >= np.minimum(MIN_INSIDE_M2, shapely.area(shapes) / 2)]
    both = pd.concat([pd.DataFrame(npnru.loc[same, ["programme", "interest"]]), pd.DataFrame(overlapping)])
    by_zone = both.groupby(level=0)
    programme = by_zone["programme"].agg(lambda texts: " ; ".join(dict.fromkeys(filter(None, texts))))
    found = pd.DataFrame({"programme": programme, "interest": by_zone["interest"].agg(widest_interest)}).reindex(
        qpv.index
    )
    return qpv.assign(programme=found["programme"].fillna(""), interest=found["interest"].fillna(""))
