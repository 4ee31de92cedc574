"""Candidates: premises, or search areas; and the hard requirements that rule some of them out, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.access import nearest_minutes, travel_cost
from essgeo.crs import require_crs, require_metric
from essgeo.errors import InfeasibleError, InputError
from essgeo.files.premises import PREMISES, SEARCH_AREA, checked_premises, read_premises
from essgeo.files.recognise import recognise
from essgeo.messages import tell
from essgeo.schema.columns import LAYERS
from essgeo.schema.dates import Period, available_months, month_number
from essgeo.schema.validate import require_columns
from essgeo.zoning.locate import grid_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


CELL_M = 200.0

ENOUGH_PREMISES = 10
"""With fewer located and usable premises a study looks at search areas instead."""


def site_candidates(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the sites of a territory as candidates; those without coordinates keep no point, and say so when filtered.

    Parameters
    ----------
    sites
        The ``sites`` layer.

    Returns
    -------
    GeoDataFrame
        As :func:`essgeo.read_premises`, in the CRS of ``sites``.

    Examples
    --------
    >>> from essgeo import load_territory, read_layer
    >>> sites = site_candidates(read_layer(load_territory("est-ensemble"), "sites"))
    >>> len(sites), int(sites.geometry.notna().sum())
    (22, 9)
    """
    named = (
        pd.DataFrame(sites.drop(columns=sites.geometry.name)).reset_index().rename(columns={"site_id": "candidate_id"})
    )
    crs = require_metric(sites, "sites").to_string()
    return checked_premises(named, sites.geometry.reset_index(drop=True), source="sites", crs=crs)


def search_areas(areas: gpd.GeoDataFrame, *, cell_m: float = CELL_M) -> gpd.GeoDataFrame:
    """Return every cell of a grid whose centre lies in some areas: where to look, not where a place is to let.

    Parameters
    ----------
    areas
        The ``iris`` layer, or any polygons with ``name`` and ``city``; metric CRS.
    cell_m
        Side of a cell; the grid is aligned on multiples of it.

    Returns
    -------
    GeoDataFrame
        As :func:`essgeo.read_premises`, ``kind`` ``search_area``; the point is the centre of the cell.

    Raises
    ------
    InputError
        The side is not positive.

    Examples
    --------
    >>> named = {"name": ["Nord"], "city": ["Bondy"]}
    >>> square = gpd.GeoDataFrame(named, geometry=[shapely.box(0, 0, 400, 200)], crs=2154)
    >>> search_areas(square)["name"].tolist()
    ['Bondy, Nord', 'Bondy, Nord']
    """
    require_metric(areas, "areas")
    if not cell_m > 0:
        message = tell("cell_positive", cell_m=cell_m)
        raise InputError(message)
    # Centres, and the position of the area each lies in; on a border the first area has it.
    points, area = grid_in(areas.geometry.to_numpy(), cell_m)
    owner = areas.iloc[area]
    identifiers = [f"cell-{x:.0f}-{y:.0f}" for x, y in zip(shapely.get_x(points), shapely.get_y(points), strict=True)]
    frame = gpd.GeoDataFrame(
        {
            "name": [f"{city}, {name}" for city, name in zip(owner["city"], owner["name"], strict=True)],
            "kind": SEARCH_AREA,
            "city": owner["city"].to_numpy(),
            "surface_m2": np.nan,
            "available_from": "",
            "available_to": "",
            "ground_floor": "unknown",
            "state": "",
            "constraints": "",
        },
        geometry=points,
        crs=areas.crs,
        index=pd.Index(identifiers, name="candidate_id"),
    )
    return cast("gpd.GeoDataFrame", frame)


UNUSABLE = {"past": "past", "occupied": "occupied", "closed": "past", "friche reconvertie": "converted"}
"""States of a site that rule it out, and the reason given."""


@dataclass(frozen=True)
class Requirements:
    """What a place must have. A value that is not known does not meet a requirement.

    Attributes
    ----------
    min_surface_m2
        Least surface.
    ground_floor
        On the ground floor.
    max_station_minutes
        Longest walk to a station; needs ``stations``.
    stations
        The ``stations`` layer: ``status`` and ``open_date``. A planned one counts if it opens before the period does.
    """

    min_surface_m2: float | None = None
    ground_floor: bool = False
    max_station_minutes: float | None = None
    stations: gpd.GeoDataFrame | None = None


def default_candidates(sites: gpd.GeoDataFrame, iris: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the premises of a territory, or search areas where fewer than ten of them are usable and located.

    Parameters
    ----------
    sites, iris
        Layers of the territory.

    Returns
    -------
    GeoDataFrame
        See :func:`essgeo.read_premises`.

    Examples
    --------
    >>> from essgeo import load_territory, read_layer
    >>> here = load_territory("est-ensemble")
    >>> default_candidates(read_layer(here, "sites"), read_layer(here, "iris"))["kind"].unique().tolist()
    ['search_area']
    """
    premises = site_candidates(sites)
    usable = premises.geometry.notna() & ~premises["state"].isin(list(UNUSABLE))
    return premises if usable.sum() >= ENOUGH_PREMISES else search_areas(iris)


NOT_NEEDED = frozenset(
    {"lon", "lat", "constraints", "cost", "capacity", "address", "postcode", "citycode", "owner_type", "landlord"}
)
"""Columns of premises that candidates may lack."""


def known_candidates(
    candidates: gpd.GeoDataFrame, requirements: Requirements, *, costs: bool = False
) -> gpd.GeoDataFrame:
    """Return premises of a notebook as :func:`essgeo.read_premises` does; those that it gave, and areas, as they are.

    What no requirement asks for need not be there.

    Raises
    ------
    SchemaError
        No column with the name of the premises, or with what a requirement asks for: all of them in one message.
    """
    fields = {field.name for field in LAYERS["candidates"].fields} - NOT_NEEDED
    if costs:
        fields |= {"cost"}
    if fields <= {*candidates.columns}:
        return candidates
    require_crs(candidates, "candidates")
    plain = pd.DataFrame(candidates.drop(columns=candidates.geometry.name))
    read = {*recognise(plain, source="candidates", layer="candidates").fields}
    asked = {
        "name": (tell("advice_name"), True),
        "surface_m2": (tell("advice_surface"), requirements.min_surface_m2 is not None),
        "ground_floor": (tell("advice_floor"), requirements.ground_floor),
        "cost": (tell("advice_cost"), costs),
    }
    wanted = {name: advice for name, (advice, needed) in asked.items() if needed}
    require_columns(("candidates", plain.reindex(columns=[*read]), wanted))
    found = read_premises(candidates, crs=candidates.crs.to_string())
    return found.assign(kind=candidates["kind"].to_numpy()) if "kind" in candidates else found


def apply_filters(
    candidates: gpd.GeoDataFrame,
    requirements: Requirements,
    period: Period | None,
    *,
    exclude: NDArray[np.bool_] | None = None,
    costs: bool = False,
    speed_kmh: float,
    detour: float | None = None,
) -> tuple[NDArray[np.bool_], pd.DataFrame]:
    """Return which candidates meet the requirements, one flag each, and why the others do not.

    Surface and floor are requirements of premises; search areas have neither. Without a period, dates do not count.
    ``exclude`` are those that the user leaves out; with ``costs`` each must have one. Exclusions are ``candidate_id``,
    ``name``, ``filter`` (``excluded``, ``position``, ``state``, ``period``, ``surface``, ``ground_floor``, ``cost``,
    ``station``), ``reason`` and ``value``: the first that rules a candidate out, in that order.
    Where none is left, :class:`essgeo.errors.InfeasibleError` says after which filter.

    Examples
    --------
    >>> hall = {"name": "Halle", "kind": "premises", "surface_m2": 90.0, "available_from": "", "available_to": "",
    ...         "ground_floor": "no", "state": ""}
    >>> halls = gpd.GeoDataFrame([hall, hall | {"surface_m2": 300.0}], index=["a", "b"],
    ...                          geometry=gpd.points_from_xy([0, 0], [0, 0]), crs=2154)
    >>> kept, exclusions = apply_filters(halls, Requirements(min_surface_m2=150), None, speed_kmh=4.5)
    >>> kept.tolist(), exclusions["reason"].tolist()
    ([False, True], ['too_small'])
    """
    premises = (candidates["kind"] == PREMISES).to_numpy()
    surface = candidates["surface_m2"].to_numpy(dtype=float)
    # For each filter the reason why it rules a candidate out ("" where it does not), and the value that it looked at.
    missing = candidates.geometry.isna() | candidates.geometry.is_empty
    verdicts = {} if exclude is None or not exclude.any() else {"excluded": np.where(exclude, "excluded", "")}
    verdicts |= {
        "position": np.where(missing, "no_position", ""),
        "state": candidates["state"].map(UNUSABLE).fillna("").to_numpy(),
    }
    values = {"surface": candidates["surface_m2"].map(lambda value: "" if np.isnan(value) else f"{value:g}")}
    if period is not None:
        verdicts["period"] = np.where(available_months(candidates, period).any(axis=1), "", "never_available")
        values["period"] = candidates["available_from"] + " / " + candidates["available_to"]
    if requirements.min_surface_m2 is not None:
        small = np.where(surface < requirements.min_surface_m2, "too_small", "")
        verdicts["surface"] = np.where(premises, np.where(np.isnan(surface), "surface_unknown", small), "")
    if requirements.ground_floor:
        floor = candidates["ground_floor"].map({"yes": "", "no": "not_ground_floor"}).fillna("floor_unknown")
        verdicts["ground_floor"] = np.where(premises, floor, "")
    if costs:
        verdicts["cost"] = np.where(candidates["cost"].isna(), "cost_unknown", "")
    if requirements.max_station_minutes is not None:
        minutes = _station_minutes(candidates, requirements, period, speed_kmh=speed_kmh, detour=detour)
        verdicts["station"] = np.where(minutes <= requirements.max_station_minutes, "", "far_from_station")

    kept = np.ones(len(candidates), dtype=bool)
    tables, left = [], [f"{len(candidates)} candidates"]
    for name, verdict in verdicts.items():
        out = kept & (verdict != "")
        value = values.get(name, pd.Series("", index=candidates.index))
        table = {"candidate_id": candidates.index[out], "name": candidates["name"][out], "filter": name}
        tables.append(pd.DataFrame(table | {"reason": verdict[out], "value": value[out]}))
        kept &= ~out
        left.append(f"{name}: {int(kept.sum())} left")
        if not kept.any():
            message = tell("no_candidate_left", name=name, left=", ".join(left))
            raise InfeasibleError(message)
    return kept, pd.concat(tables, ignore_index=True)


def _station_minutes(
    candidates: gpd.GeoDataFrame,
    requirements: Requirements,
    period: Period | None,
    *,
    speed_kmh: float,
    detour: float | None,
) -> NDArray[np.float32]:
    stations, longest = requirements.stations, requirements.max_station_minutes
    if stations is None or longest is None:
        message = tell("stations_needed")
        raise InputError(message)
    serving = stations["status"] == "open"
    if period is not None:
        # A planned station serves where its last possible month of opening is not after the first of the period.
        opens = [bool(date) and month_number(date, last=True) <= period.months[0] for date in stations["open_date"]]
        serving |= np.array(opens, dtype=bool)
    near = travel_cost(candidates, stations[serving], max_minutes=longest, speed_kmh=speed_kmh, detour=detour)
    return nearest_minutes(near)


def named_candidates(candidates: gpd.GeoDataFrame, wanted: Sequence[str]) -> NDArray[np.bool_]:
    """Return which candidates are named, by identifier or else by name; one that nobody has is refused."""
    # Flags of the candidates. A name may be that of several, and names them all; an identifier goes before it.
    found = np.zeros(len(candidates), dtype=bool)
    identifiers, names = candidates.index.astype(str), candidates["name"].astype(str).to_numpy()
    for one in wanted:
        here = np.asarray(identifiers == str(one))
        here = here if here.any() else names == str(one)
        if not here.any():
            raise InputError(tell("no_such_candidate", name=one))
        found |= here
    return found
