"""The chain of support and funding: who offers which link, in the territory and from outside, and who is near."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.spatial import KDTree

from essgeo.access import nearest_minutes
from essgeo.access.walking import walked_minutes
from essgeo.gaps.areas import FROM_POINTS
from essgeo.gaps.reach import HORIZON_MIN, has_point, known_structures
from essgeo.register.activity import located_here
from essgeo.schema.validate import require_columns, with_known_names, with_known_words
from essgeo.schema.vocabulary import STAGES, SUPPORT_ROLES, split_codes

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import CostMatrix


NEAREST = ["nearest_structure_id", "nearest_name", "nearest_city"]

SAME_STATION_M = 400.0
"""Stops of one name that lie closer than this are one station, whose lines are told together."""


def centre_minutes(
    residents: sparse.csr_array, demand: gpd.GeoDataFrame, structures: gpd.GeoDataFrame, cost: CostMatrix
) -> NDArray[np.float64]:
    """Return the walk from the centre of the population of each area to each structure: areas x structures, minutes.

    Over a network it is that of the demand point nearest to the centre. Where ``cost`` holds no such walk, and without
    a network, it is the median walk for the straight line, however long. NaN where nobody lives.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from scipy import sparse
    >>> from essgeo.access import travel_cost
    >>> homes = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0, 4], [0, 0]), crs=2154)
    >>> shop = gpd.GeoDataFrame(geometry=gpd.points_from_xy([303], [0]), crs=2154)
    >>> centre_minutes(sparse.csr_array([[1.0, 3.0]]), homes, shop, travel_cost(homes, shop)).tolist()
    [[6.36]]
    """
    total = np.asarray(residents.sum(axis=1)).ravel()[:, None]
    xy = np.column_stack([demand.geometry.x, demand.geometry.y])
    centres = np.divide(residents @ xy, total, out=np.full((len(total), 2), np.nan), where=total > 0)  # areas x 2
    places = np.column_stack([structures.geometry.x, structures.geometry.y]).reshape(-1, 2)
    metres = np.hypot(*(centres[:, None] - places).transpose(2, 0, 1))  # areas x structures
    minutes = walked_minutes(metres, cost.speed_kmh, cost.detour)
    lived_in = np.flatnonzero(total.ravel() > 0)
    if not cost.network_date or not len(lived_in):
        return minutes
    # Trips are sorted by origin: those of one origin are the run between two places found by bisection.
    _, starts = KDTree(xy).query(centres[lived_in])
    ends = np.searchsorted(cost.origin, [starts, starts + 1]).T
    for area, (first, last) in zip(lived_in, ends, strict=True):
        minutes[area, cost.destination[first:last]] = cost.minutes[first:last]
    return minutes


def nearest_structures(
    minutes: NDArray[np.float64], structures: gpd.GeoDataFrame, offers: NDArray[np.bool_]
) -> pd.DataFrame:
    """Return the structure nearest to each area among those that offer something, for each thing offered.

    ``minutes`` are areas x structures, ``offers`` structures x things. One row an area and thing, area after area:
    ``nearest_structure_id``, ``nearest_name``, ``nearest_city`` and ``nearest_minutes``; ``""`` and NaN where none
    offers it or nobody lives. A walk of over an hour is NaN: nobody takes it, and no figure makes it surer.

    Examples
    --------
    >>> import pandas as pd
    >>> shops = pd.DataFrame({"name": ["A", "B"], "city": ["Bondy"] * 2}, index=["a", "b"])
    >>> nearest_structures(np.array([[5.0, 3.0]]), shops, np.array([[True, True], [True, False]]))[
    ...     ["nearest_name", "nearest_minutes"]].values.tolist()
    [['B', 3.0], ['A', 5.0]]
    """
    shape = (len(minutes), offers.shape[1])
    best, walk = np.zeros(shape, dtype=np.intp), np.full(shape, np.inf)  # areas x things
    known = np.where(np.isnan(minutes), np.inf, minutes)
    for thing in np.flatnonzero(offers.any(axis=0)):
        among = np.where(offers[:, thing], known, np.inf)
        best[:, thing], walk[:, thing] = among.argmin(axis=1), among.min(axis=1)
    found = np.isfinite(walk).ravel()
    nearest = structures.iloc[best.ravel()[found]]
    table = pd.DataFrame("", index=range(len(found)), columns=NEAREST, dtype=object)
    table.loc[found, NEAREST] = nearest[["name", "city"]].assign(id=nearest.index)[["id", "name", "city"]].to_numpy()
    return table.assign(nearest_minutes=np.where(walk.ravel() <= HORIZON_MIN, walk.ravel(), np.nan))


def nearest_stations(places: gpd.GeoDataFrame, stations: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Return the open station nearest to each place, in a straight line, with its lines.

    Columns ``station``, ``station_lines`` (joined by ``|``) and ``station_m``, the index of ``places``; ``""`` and NaN
    where a place has no position or there is no station.

    Examples
    --------
    >>> import geopandas as gpd
    >>> stops = gpd.GeoDataFrame({"name": ["Gare", "Gare"], "line": ["RER E", "TRAM 4"], "status": "open"},
    ...                          geometry=gpd.points_from_xy([0, 60], [0, 0]), crs=2154)
    >>> nearest_stations(gpd.GeoDataFrame(geometry=gpd.points_from_xy([100], [0]), crs=2154), stops).values.tolist()
    [['Gare', 'RER E|TRAM 4', 40.0]]
    """
    table = pd.DataFrame({"station": "", "station_lines": "", "station_m": np.nan}, index=places.index)
    placed = np.flatnonzero(has_point(places))
    known = None if stations is None else stations[(stations["status"] == "open").to_numpy() & has_point(stations)]
    if known is None or known.empty or not len(placed):
        return table.astype({"station": object, "station_lines": object})
    stops = cast("gpd.GeoDataFrame", known)
    points = np.column_stack([places.geometry.iloc[placed].x, places.geometry.iloc[placed].y])
    metres, found_at = KDTree(np.column_stack([stops.geometry.x, stops.geometry.y])).query(points)
    nearest = np.asarray(found_at)
    lines = {
        row: "|".join(sorted(set(stops["line"][(stops["name"] == stops["name"].iloc[row]) & near])))
        for row in set(nearest.tolist())
        for near in [stops.distance(stops.geometry.iloc[row]) <= SAME_STATION_M]
    }
    found = pd.DataFrame(
        {
            "station": stops["name"].to_numpy()[nearest],
            "station_lines": [lines[row] for row in nearest.tolist()],
            "station_m": metres,
        },
        index=places.index[placed],
    )
    return found.reindex(places.index).fillna({"station": "", "station_lines": ""})


HERE, UNPLACED, OUTSIDE_HERE, SOMEWHERE = "here", "unplaced", "outside", "not_known"
"""Where an offer of support is based: in the territory, with or without a position; elsewhere; nothing tells."""


def support_offers(
    structures: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, outside: pd.DataFrame, *, communes: pd.DataFrame
) -> pd.DataFrame:
    """Return who offers which link of the chain: the structures of the register, then those who serve it from outside.

    Parameters
    ----------
    structures
        The register, with ``counted`` and points where positions are known; masked rows are left out.
    stations
        The ``stations`` layer.
    outside
        The ``outside_support`` list: ``name``, ``roles``, ``support_stages``, ``city``, ``source`` and ``as_of`` of
        those who serve the territory from elsewhere.
    communes
        The communes of the territory by INSEE code.

    Returns
    -------
    DataFrame
        One row an offer and link: ``role``, ``stage`` (``""`` where it is not told), ``offer_id``, ``name``,
        ``city``, ``based`` (``here``, ``unplaced``: in the territory, without a position; ``outside``, ``not_known``),
        ``status``, ``station``, ``station_lines``, ``station_m`` (of those with a position), ``source``, ``as_of``.

    Examples
    --------
    >>> import geopandas as gpd
    >>> fund = gpd.GeoDataFrame({"name": ["F"], "city": [""], "citycode": [""], "roles": ["financement"], "source": "",
    ...                          "support_stages": ["lancement|developpement"], "status": ["active"], "as_of": "2020",
    ...                          "counted": [True], "geo_status": ["not_found"]}, index=["f"], geometry=[None])
    >>> nobody = pd.DataFrame(columns=["name", "roles", "support_stages", "city", "source", "as_of"])
    >>> stops = gpd.GeoDataFrame({"name": [], "line": [], "status": []}, geometry=[], crs=2154)
    >>> support_offers(fund, stops, nobody, communes=pd.DataFrame(index=["93010"]))[["stage", "based"]].values.tolist()
    [['lancement', 'not_known'], ['developpement', 'not_known']]
    """
    offering = structures["roles"].map(lambda codes: not set(SUPPORT_ROLES).isdisjoint(split_codes(codes)))
    known = structures[offering & structures["counted"] & (structures["geo_status"] != "masked")]
    here = known["citycode"].isin([*communes.index])
    based = np.select([located_here(known), here, known["citycode"] != ""], [HERE, UNPLACED, OUTSIDE_HERE], SOMEWHERE)
    named = ["name", "city", "roles", "support_stages", "status", "source", "as_of"]
    of_register = pd.DataFrame(known[named]).assign(based=based).join(nearest_stations(known, stations))
    others = outside.reindex(columns=named).assign(
        status="unknown", based=OUTSIDE_HERE, station="", station_lines="", station_m=np.nan
    )
    rows = pd.concat([of_register, others.fillna(dict.fromkeys(named, ""))]).rename_axis("offer_id")
    order = {stage: place for place, stage in enumerate([*STAGES, ""])}
    links = [
        (role, stage, place)
        for place, (roles, stages) in enumerate(zip(rows["roles"], rows["support_stages"], strict=True))
        for role in split_codes(roles)
        if role in SUPPORT_ROLES
        for stage in split_codes(stages) or [""]
    ]
    links.sort(key=lambda link: (SUPPORT_ROLES.index(link[0]), order[link[1]], link[2]))
    table = rows.reset_index().iloc[[place for *_, place in links]].reset_index(drop=True)
    table = table.assign(role=[role for role, *_ in links], stage=[stage for _, stage, _ in links])
    return table[[*OFFER_COLUMNS]]


OFFER_COLUMNS = (
    *("role", "stage", "offer_id", "name", "city", "based", "status", "station", "station_lines", "station_m"),
    *("source", "as_of"),
)


def support_chain(
    demand: gpd.GeoDataFrame,
    structures: gpd.GeoDataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    cost: CostMatrix,
    *,
    register: pd.DataFrame,
    minutes: int,
    stations: gpd.GeoDataFrame | None = None,
    qpv: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Return each link of the support chain as seen from each target neighbourhood and QPV.

    A link is a role (support, funding) at a stage of a project (emergence, launch, development, change of scale).
    Support is not a daily need: a link beyond a walk is far, not absent, and the nearest offer is named with the
    station where one gets off.

    Parameters
    ----------
    demand
        Demand points, with the ``neighbourhood_id`` of each.
    structures
        Structures that count and have a point.
    neighbourhoods
        The ``neighbourhoods`` layer.
    cost
        Minutes from ``demand`` to ``structures``.
    register
        All structures that count, located or not.
    minutes
        The walk.
    stations
        The ``stations`` layer, where there is one.
    qpv
        The ``qpv`` layer, where its chain is wanted too; who lives in a zone is who lives at a point in it.

    Returns
    -------
    DataFrame
        One row an area and link: ``level``, ``neighbourhood_id``, ``neighbourhood``, ``vintage`` (of a QPV), ``role``,
        ``stage``, ``minutes``,
        ``structures_in_register``, ``structures_located``, ``share`` (of residents within the walk, NaN without
        residents), ``within_reach`` (of half of them at least), ``nearest_structure_id``, ``nearest_name``,
        ``nearest_city``, ``nearest_minutes`` (from the population-weighted centre; NaN beyond an hour), ``station``,
        ``station_lines`` and ``station_m`` of the nearest offer.

    Raises
    ------
    SchemaError
        A column is missing: all of them in one message.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from essgeo.access import travel_cost
    >>> places = gpd.GeoDataFrame({"name": ["N"]}, index=["n"], geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> demand = gpd.GeoDataFrame({"population": [10.0], "neighbourhood_id": ["n"]},
    ...                           geometry=gpd.points_from_xy([0], [0]), crs=2154)
    >>> fund = gpd.GeoDataFrame({"name": ["F"], "city": ["Bondy"], "roles": ["financement"],
    ...                          "support_stages": ["lancement"]}, index=["f"],
    ...                         geometry=gpd.points_from_xy([300], [0]), crs=2154)
    >>> chain = support_chain(demand, fund, places, travel_cost(demand, fund), register=fund, minutes=15)
    >>> chain.loc[chain["within_reach"], ["role", "stage", "nearest_name", "nearest_minutes"]].values.tolist()
    [['financement', 'lancement', 'F', 6.36]]
    """
    neighbourhoods, structures = with_known_names(neighbourhoods, "neighbourhoods"), known_structures(structures)
    register = with_known_words(register, "structures")
    of_support = dict.fromkeys(
        ("roles", "support_stages"), "Give the roles and stages of support, codes joined by '|'."
    )
    require_columns(
        ("demand", demand, dict.fromkeys(("population", "neighbourhood_id"), FROM_POINTS)),
        ("structures", structures, of_support | {"name": "Give each structure its own."}),
        ("neighbourhoods", neighbourhoods, {"name": "Give each area a name."}),
        ("register", register, of_support),
    )
    people = demand["population"].to_numpy()
    here = neighbourhoods.index.to_numpy()[:, None] == demand["neighbourhood_id"].to_numpy()  # areas x points
    zones = pd.DataFrame({"neighbourhood": neighbourhoods["name"]}).assign(level="neighbourhood", vintage="")
    if qpv is not None and len(qpv):
        require_columns(("qpv", qpv, {"name": "Give each area a name.", "vintage": "Add the year of the zones."}))
        inside = np.zeros((len(qpv), len(demand)), dtype=bool)
        zone, point = shapely.STRtree(demand.geometry.to_numpy()).query(qpv.geometry.to_numpy(), "intersects")
        inside[zone, point] = True
        here = np.vstack([here, inside])
        of_qpv = pd.DataFrame({"neighbourhood": qpv["name"], "vintage": qpv["vintage"]}).assign(level="qpv")
        zones = pd.concat([zones, of_qpv])
    links = [(role, stage) for role in SUPPORT_ROLES for stage in STAGES]
    offering = np.column_stack([offers(structures, *link) for link in links])  # structures x links
    away = centre_minutes(sparse.csr_array(here * people), demand, structures, cost)
    reached = np.column_stack([nearest_minutes(cost, among) <= minutes for among in offering.T])  # points x links
    residents = (here @ people)[:, None]
    share = np.divide(
        (here * people) @ reached, residents, out=np.full((len(here), len(links)), np.nan), where=residents > 0
    )
    zones = zones.rename_axis("neighbourhood_id").reset_index()
    table = zones.loc[zones.index.repeat(len(links)), ["level", "neighbourhood_id", "neighbourhood", "vintage"]]
    table = table.reset_index(drop=True).assign(
        role=[role for role, _ in links] * len(here),
        stage=[stage for _, stage in links] * len(here),
        minutes=minutes,
        structures_in_register=np.tile([int(offers(register, *link).sum()) for link in links], len(here)),
        structures_located=np.tile(offering.sum(axis=0), len(here)),
        share=share.ravel(),
        within_reach=share.ravel() >= 1 / 2,
    )
    nearest = nearest_structures(away, structures, offering)
    stops = nearest_stations(structures, stations).reindex(nearest["nearest_structure_id"])
    stops = stops.fillna({"station": "", "station_lines": ""}).reset_index(drop=True)
    return pd.concat([table, nearest, stops], axis=1)


def offers(structures: pd.DataFrame, role: str, stage: str) -> NDArray[np.bool_]:
    """Return which structures offer a link of the chain: they have its role, and serve its stage."""
    pairs = zip(structures["roles"], structures["support_stages"], strict=True)
    return np.array(
        [role in split_codes(roles) and stage in split_codes(stages) for roles, stages in pairs], dtype=bool
    )
