"""What opened, closed and moved between two registers, and what is only better known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from essgeo.register.activity import counted_on, last_seen
from essgeo.register.combine import same_rows
from essgeo.schema.names import simplify

if TYPE_CHECKING:
    import datetime as dt

    from numpy.typing import NDArray

CHANGED = ("opened", "listed", "closed", "delisted", "moved")
"""Kinds of change of :data:`essgeo.schema.vocabulary.PLACE_CHANGES`; the others say that more is known, not that
anything changed."""

COLUMNS = ("structure_id", "place_change", "name", "address", "city", "citycode", "sectors", "challenges", "status",
           "active_from", "active_to", "moved_m", "source")  # fmt: skip


class Sides(NamedTuple):
    """The places of two registers in one list, as they are drawn: those of the later one first.

    Attributes
    ----------
    structures
        Those that count in the later register, then those that count in the earlier one alone or stood elsewhere.
    before, after
        Which count on each side.
    verified, years
        Of each, whether it is known to be active and how long ago it was last seen, see
        :func:`essgeo.register.activity.last_seen`.
    same
        The row whose existence each shares: a place that moved is two rows, and exists in both or in none.
    """

    structures: gpd.GeoDataFrame
    before: NDArray[np.bool_]
    after: NDArray[np.bool_]
    verified: NDArray[np.bool_]
    years: NDArray[np.float64]
    same: NDArray[np.intp]


def changed_places(
    before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, days: tuple[dt.date, dt.date]
) -> tuple[gpd.GeoDataFrame, Sides]:
    """Return the places that changed between two registers, and the places of both sides.

    A place is the same by its identifier, else by SIRET or by name, address and commune, see
    :func:`essgeo.register.combine.same_rows`. What a register learns is no change: a place that was open already is
    on both sides, one that had closed already on none, and a position that is better known holds for both.

    Parameters
    ----------
    before, after
        Structures as a study has them, with ``counted``, indexed by identifier.
    days
        The days of both.

    Returns
    -------
    places
        One row a place that changed or is better known: its identifier, ``place_change``
        (:data:`essgeo.schema.vocabulary.PLACE_CHANGES`), what is known of it, ``moved_m``; ``was`` is where it stood,
        the geometry where it stands, None where not known or gone.
    sides
        For :func:`essgeo.gaps.difference.reach_difference`.

    Examples
    --------
    >>> import datetime as dt
    >>> shop = {"name": ["A"], "address": [""], "city": ["Bondy"], "citycode": ["93010"], "status": ["active"],
    ...         "active_from": [""], "active_to": [""], "counted": [True], "geo_radius_m": [0.0], "siret": [""],
    ...         "sectors": [""], "challenges": [""], "source": [""], "as_of": [""], "geo_status": ["located"]}
    >>> one = gpd.GeoDataFrame(shop, index=["a"], geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> two = gpd.GeoDataFrame(shop, index=["a"], geometry=gpd.points_from_xy([900], [0]), crs=2154)
    >>> day = dt.date(2026, 1, 1)
    >>> changed_places(one, two, (day, day))[0][["structure_id", "place_change", "moved_m"]].values.tolist()
    [['a', 'moved', 900.0]]
    """
    # `earlier` leads from a later place to the row that it was; `old` has those rows in the order of `after`, all NaN
    # where a place was not listed. The masks below are of the places of `after`, `kind` is the change of each.
    known = after.index.intersection(before.index)
    named = same_rows(before.drop(index=known), after.drop(index=known))
    earlier = pd.Series({**{one: one for one in known}, **named}, dtype=object)  # by later identifier
    old = before.reindex(earlier.reindex(after.index)).set_axis(after.index)  # rows of what was not listed are empty
    listed, was, counts = after.index.isin(earlier.index), _flags(old), _flags(after)
    first, last = days
    # By the dates that the later register gives.
    then = counted_on(after.drop(columns=["counted", "status"]), first).to_numpy()
    dated = {name: (after[name] != "").to_numpy() for name in ("active_from", "active_to")}
    later = last > first
    moved_m = np.nan_to_num(after.distance(old.geometry, align=False).to_numpy(dtype=float))
    moved, located = _moves(old, after, moved_m)
    new = counts & ~listed
    gone = was & ~counts
    kind = np.select(
        [
            new & later & dated["active_from"] & then,
            (new & later & dated["active_from"]) | (counts & listed & ~was),
            new,
            gone & later & dated["active_to"] & ~then,
            gone,
            counts & was & moved,
            counts & was & located,
        ],
        ["already_open", "opened", "listed", "already_closed", "closed", "moved", "located"],
        "",
    ).astype(object)
    # Places that counted and that the later register does not have at all: closed by a date that it tells, else
    # delisted.
    lost = before[_flags(before) & ~before.index.isin(earlier)]
    ended = (lost["active_to"] != "").to_numpy() & ~counted_on(
        lost.drop(columns=["counted", "status"]), last
    ).to_numpy()
    left = lost.assign(place_change=np.where(ended, "closed", "delisted"), moved_m=np.nan)
    rows = after.assign(place_change=kind, moved_m=np.where(kind == "moved", moved_m, np.nan))
    was_at = old.geometry.where(np.isin(kind, ["moved", "closed", "already_closed"]), None)
    table = pd.concat([rows.assign(was=was_at)[kind != ""], left.assign(was=left.geometry)])
    standing = table.geometry.where(~table["place_change"].isin(["closed", "delisted", "already_closed"]), None)
    shown = table.rename_axis("structure_id").reset_index()[[*COLUMNS, "geo_status", "was"]]
    places = gpd.GeoDataFrame(pd.DataFrame(shown), geometry=standing.to_numpy(), crs=after.crs)

    # Later places that count, then where earlier ones stood that count no more, or elsewhere.
    current, gone_now = after[counts], old[gone & (kind != "already_closed")]
    away = old[kind == "moved"]
    extra = pd.concat([gone_now, lost, away])
    count = len(current)
    # `own[i]` is the row whose existence i shares: itself, but for where a place stood before it moved, which shares
    # that of where it stands now.
    own = np.arange(count + len(extra))
    own[len(own) - len(away) :] = current.index.get_indexer(away.index)
    seen = pd.Series(last_seen(before[_flags(before)], first), index=before.index[_flags(before)])
    of_extra = [*earlier.reindex(gone_now.index), *lost.index, *earlier.reindex(away.index)]
    new_here = np.isin(kind[counts], ["opened", "listed", "moved"])
    columns = [name for name in after.columns if name in extra or name == "geometry"]
    sides = Sides(
        cast("gpd.GeoDataFrame", pd.concat([current, extra[columns]], ignore_index=True)),
        before=np.r_[~new_here, np.ones(len(extra), dtype=bool)],
        after=np.r_[np.ones(count, dtype=bool), np.zeros(len(extra), dtype=bool)],
        verified=np.r_[current["status"] == "active", extra["status"] == "active"].astype(bool),
        years=np.r_[last_seen(current, last), seen.reindex(of_extra).to_numpy(dtype=float)],
        same=own,
    )
    return places, sides


def _flags(structures: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which count; a row that is not there does not."""
    flags: NDArray[np.bool_] = structures["counted"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    return flags


def _moves(
    old: gpd.GeoDataFrame, new: gpd.GeoDataFrame, moved_m: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which places moved, and which are only better located: at the same address, or nowhere known before.

    One moved where its positions are farther apart than the radii of both, or where one is not known and the communes
    differ; never where the address is the same.
    """
    texts = [[side[name].fillna("").astype(str).map(simplify) for name in ("address", "city")] for side in (old, new)]
    (address, city), (address_now, city_now) = texts
    here = ((address == address_now) & (city == city_now) & (address_now != "")).to_numpy()
    points = old.geometry.notna().to_numpy(), new.geometry.notna().to_numpy()
    radii = sum(np.nan_to_num(side["geo_radius_m"].to_numpy(dtype=float)) for side in (old, new))
    apart = points[0] & points[1] & (moved_m > radii + 1)
    cities = [side["citycode"].fillna("").astype(str).to_numpy() for side in (old, new)]
    elsewhere = ~(points[0] & points[1]) & (cities[0] != "") & (cities[1] != "") & (cities[0] != cities[1])
    moved = (apart | elsewhere) & ~here
    return moved, ~moved & ((apart & here) | (points[1] & ~points[0]))
