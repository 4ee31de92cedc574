"""Residents as points: cells of a grid or points spread over IRIS."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.crs import require_metric, require_same_crs
from essgeo.errors import InputError, InputWarning
from essgeo.messages import tell
from essgeo.schema.validate import require_columns, with_known_names
from essgeo.schema.vocabulary import split_codes
from essgeo.uncertainty import expected_people
from essgeo.zoning.locate import grid_in, owners_of, refuse, residents

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from numpy.typing import NDArray


METHOD = "iris_even"

GRID_METHOD = "grid_200m"

CELL_M2 = 200.0 * 200.0

WHOLE = 0.99
"""A cell of this share is whole: the grid is drawn in another projection, which changes areas by less."""

COLUMNS = ("ind", "ind_snv", "i_est_200")


def demand_points(
    iris: gpd.GeoDataFrame,
    *,
    spacing_m: float = 50.0,
    neighbourhoods: pd.DataFrame | None = None,
    qpv: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Return points that carry the population, on a regular grid inside each IRIS.

    Every point of an IRIS carries the same share of its population, so that the sum over the IRIS is the population of
    the IRIS; inside QPV more, where these are given (:func:`essgeo.uncertainty.expected_people`). The grid is aligned
    on multiples of the spacing; an IRIS too small to hold a grid point gets one point inside it. Where people really
    live in the IRIS is not known: parks, tracks and works are spread over like housing.

    Parameters
    ----------
    iris
        Polygons with ``population``, and where they are known ``median_income`` and ``citycode``; metric CRS. The
        index is their code.
    spacing_m
        Distance between neighbouring points, metres.
    neighbourhoods
        Polygons, lists of IRIS or both, to name the target neighbourhood of each point. One that lists IRIS
        (``iris_codes``, separated by ``|``) takes the points of these IRIS, so that its residents are the sum of
        theirs; else, or where its outline was drawn or moved away from these IRIS, those inside its outline.
    qpv
        Outlines inside which an IRIS is denser; one with ``residents`` has these, as far as its IRIS hold so many.

    Returns
    -------
    GeoDataFrame
        Points in the CRS of ``iris``, index ``demand_id``: ``population`` (persons, not whole), ``income`` (EUR a year,
        NaN where masked), ``iris_code``, ``citycode``, ``neighbourhood_id`` (``""`` elsewhere), ``imputed``,
        ``method``; with ``qpv`` also ``counted_qpv``, the QPV whose residents are known (``""`` elsewhere).

    Raises
    ------
    SchemaError
        No ``population``, or one that is no number; an IRIS without an outline.
    InputError
        No IRIS, the spacing is not positive, or an IRIS stands in two neighbourhoods.
    MissingCRSError, CRSMismatchError
        The layer has no CRS, or not a metric one.

    Examples
    --------
    >>> square = gpd.GeoDataFrame({"population": [90.0], "median_income": [20000.0], "citycode": ["93010"]},
    ...     geometry=[shapely.box(0, 0, 150, 150)], index=pd.Index(["930100101"], name="iris_code"), crs=2154)
    >>> points = demand_points(square)
    >>> len(points), float(points["population"].sum())
    (9, 90.0)
    """
    require_metric(iris, "iris")
    iris = with_known_names(iris, "iris")
    people = residents(iris, "iris")
    absent = (iris.geometry.isna() | iris.geometry.is_empty).to_numpy()
    refuse("iris", iris.index, ("geometry", absent, "is empty; drop the IRIS or give it an outline"))
    if not len(iris):
        message = tell("no_iris")
        raise InputError(message)
    if not spacing_m > 0:
        message = tell("spacing_positive", spacing_m=spacing_m)
        raise InputError(message)
    shapes = iris.geometry.to_numpy()
    # grid and owner: points of the grid and the position of the IRIS each lies in; on a border the first IRIS has it.
    grid, owner = grid_in(shapes, spacing_m)
    lonely = np.setdiff1d(np.arange(len(iris)), owner)  # IRIS without a point of the grid: one inside each
    owner = np.concatenate([owner, lonely])
    points = np.concatenate([grid, shapely.point_on_surface(shapes[lonely])])
    order = np.argsort(owner, kind="stable")
    owner, points = owner[order], points[order]
    # What part of its IRIS a point carries, one value an IRIS; by now each has a point.
    share = 1.0 / np.bincount(owner, minlength=len(iris))
    spread, known = (people * share)[owner], {}
    if qpv is not None:
        require_same_crs(iris, qpv, ("iris", "qpv"))
        spread, known["counted_qpv"] = _denser_in(qpv, points, spread, owner)
    demand = _demand(
        points,
        iris,
        owner,
        neighbourhoods,
        population=spread,
        income=iris.reindex(columns=["median_income"])["median_income"].to_numpy(dtype=float)[owner],
        imputed=False,
        method=METHOD,
    )
    return cast("gpd.GeoDataFrame", demand.assign(**known))


def _denser_in(
    qpv: gpd.GeoDataFrame, points: NDArray[np.object_], people: NDArray[np.float64], iris: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """Return residents of points, more of them in QPV, and the QPV of each whose residents are known."""
    # zone and point: one entry a pair of a QPV and a point in it. counted: the QPV with known residents and a point,
    # ascending; held: for each point, its place among these, -1 for none.
    zone, point = shapely.STRtree(points).query(qpv.geometry.to_numpy(), predicate="intersects")
    residents = qpv.reindex(columns=["residents"])["residents"].to_numpy(dtype=float)
    inside = np.zeros(len(points), dtype=bool)
    inside[point] = True
    counted = np.flatnonzero(~np.isnan(residents) & np.isin(np.arange(len(qpv)), zone))
    of_counted = np.isin(zone, counted)
    held = np.full(len(points), -1)
    held[point[of_counted]] = np.searchsorted(counted, zone[of_counted])
    names = np.append(qpv.index.to_numpy(dtype=object)[counted], "")  # the last is for points in none, -1
    return expected_people(people, iris, inside, held, residents[counted]), names[held]


def grid_points(
    cells: gpd.GeoDataFrame, iris: gpd.GeoDataFrame, *, neighbourhoods: pd.DataFrame | None = None
) -> gpd.GeoDataFrame:
    """Return one demand point a cell of the 200 m grid, as :func:`demand_points` does for IRIS.

    The grid knows where in an IRIS people live, but the figures of small cells are imputed by INSEE. Cells whose centre
    lies in no IRIS of the territory are left out; a cell that was cut along a border keeps the people of the part that
    is left, as if they were spread evenly over it.

    Parameters
    ----------
    cells
        Cells as INSEE publishes them: ``ind`` (persons), ``ind_snv`` (sum of their standard of living, EUR a year),
        ``i_est_200`` (1 where imputed); metric CRS.
    iris
        Polygons of the territory in the same CRS, indexed by code, with ``citycode`` where it is known.
    neighbourhoods
        As for :func:`demand_points`.

    Returns
    -------
    GeoDataFrame
        The columns of :func:`demand_points`; ``income`` is the mean standard of living of the cell. With ``men_pauv``
        in the cells also ``poor_households``.

    Raises
    ------
    SchemaError
        A column is missing.
    MissingCRSError, CRSMismatchError
        No CRS, not a metric one, or not the same.

    Examples
    --------
    >>> import shapely
    >>> iris = gpd.GeoDataFrame({"citycode": ["93010"]}, geometry=[shapely.box(0, 0, 400, 400)],
    ...     index=pd.Index(["930100101"], name="iris_code"), crs=2154)
    >>> cells = gpd.GeoDataFrame({"ind": [50.0], "ind_snv": [900_000.0], "i_est_200": [1]},
    ...     geometry=[shapely.box(0, 0, 200, 200)], crs=2154)
    >>> grid_points(cells, iris)[["population", "income", "imputed"]].values.tolist()
    [[50.0, 18000.0, True]]
    """
    require_columns(("population grid", cells, dict.fromkeys(COLUMNS, "Give the 200 m grid of INSEE (Filosofi).")))
    require_metric(cells, "population grid")
    require_same_crs(cells, iris, ("population grid", "iris"))
    centres = gpd.GeoSeries(cells.geometry.centroid, crs=cells.crs)
    # point and owner: positions of a cell and of the IRIS its centre lies in; on a border the first IRIS has it.
    point, owner = owners_of(centres.to_numpy(), iris.geometry.to_numpy())
    inside = cells.iloc[point]
    residents, living = (inside[name].to_numpy(dtype=float) for name in ("ind", "ind_snv"))
    wrong = ~(np.isfinite(residents) & (residents >= 0))
    refuse("population grid", inside.index, ("ind", wrong, "is not a population; give a number, 0 or more"))
    # Cells: the part that is left of each in the file, and of its people.
    share = inside.geometry.area.to_numpy() / CELL_M2
    part = np.where(share > WHOLE, 1.0, share)
    points = _demand(
        centres.iloc[point].to_numpy(),
        iris,
        owner,
        neighbourhoods,
        population=residents * part,
        income=np.divide(living, residents, out=np.full(len(residents), np.nan), where=residents > 0),
        imputed=inside["i_est_200"].to_numpy() == 1,
        method=GRID_METHOD,
    )
    if "men_pauv" not in inside or inside["men_pauv"].isna().all():
        return points
    return cast("gpd.GeoDataFrame", points.assign(poor_households=np.nan_to_num(inside["men_pauv"] * part)))


def _demand(
    points: NDArray[np.object_],
    iris: gpd.GeoDataFrame,
    owner: NDArray[np.intp],
    neighbourhoods: pd.DataFrame | None,
    *,
    population: NDArray[np.float64],
    income: NDArray[np.float64],
    imputed: bool | NDArray[np.bool_],
    method: str,
) -> gpd.GeoDataFrame:
    """Return demand points; ``owner`` is the position of the IRIS that each lies in."""
    columns = {
        "population": population,
        "income": income,
        "iris_code": iris.index.to_numpy()[owner],
        "citycode": iris["citycode"].to_numpy()[owner] if "citycode" in iris else "",
        "neighbourhood_id": _neighbourhoods_at(points, iris, owner, neighbourhoods),
        "imputed": imputed,
        "method": method,
    }
    index = pd.RangeIndex(len(points), name="demand_id")
    return cast("gpd.GeoDataFrame", gpd.GeoDataFrame(columns, geometry=points, crs=iris.crs, index=index))


def _neighbourhoods_at(
    points: NDArray[np.object_], iris: gpd.GeoDataFrame, owner: NDArray[np.intp], neighbourhoods: pd.DataFrame | None
) -> NDArray[np.object_]:
    """Return the target neighbourhood of each point, by its IRIS or by its place; ``""`` where it lies in none."""
    if neighbourhoods is None:
        return np.full(len(points), "", dtype=object)
    neighbourhoods = with_known_names(neighbourhoods, "neighbourhoods")
    # listed: the codes of each neighbourhood as one text; named: the neighbourhood of each code, no code in two.
    listed = neighbourhoods.reindex(columns=["iris_codes"])["iris_codes"].map(_joined).astype(object)
    named: dict[str, Hashable] = {}
    for identifier, codes_of in listed.items():
        for code in split_codes(codes_of):
            if code in named:
                message = tell("iris_twice", code=code, named=named[code], identifier=identifier)
                raise InputError(message)
            named[code] = identifier
    there = {*map(str, iris.index)}
    # A neighbourhood that has an outline and none of its IRIS here is of another place.
    elsewhere = (
        set()
        if not isinstance(neighbourhoods, gpd.GeoDataFrame)
        else {*named.values()} - {name for code, name in named.items() if code in there}
    )
    if unknown := [code for code, name in named.items() if code not in there and name not in elsewhere]:
        warnings.warn(tell("iris_unknown", codes=", ".join(unknown)), InputWarning, stacklevel=4)
    moved = _moved(neighbourhoods, listed, iris)
    # By IRIS first, one name an IRIS and so a point; then by outline for those that list none or have moved.
    of_iris = [named.get(str(code), "") for code in iris.index]
    found = np.array(["" if name in moved else name for name in of_iris], dtype=object)[owner]
    by_place = (listed == "").to_numpy() | neighbourhoods.index.isin(moved)
    if by_place.any() and not isinstance(neighbourhoods, gpd.GeoDataFrame):
        lost = ", ".join(map(str, neighbourhoods.index[by_place]))
        message = tell("neighbourhood_nowhere", lost=lost)
        raise InputError(message)
    if by_place.any():
        drawn = cast("gpd.GeoDataFrame", neighbourhoods[by_place])
        require_same_crs(iris, drawn, ("iris", "neighbourhoods"))
        zone, point = shapely.STRtree(points).query(drawn.geometry.to_numpy(), predicate="intersects")
        # Written backwards, so that a point in two outlines has the first.
        found[point[::-1]] = drawn.index.to_numpy(dtype=object)[zone[::-1]]
    return found


def _joined(codes: object) -> str:
    """Return the IRIS of a neighbourhood, a list of them or codes joined by ``|``, as the latter."""
    if isinstance(codes, str):
        return codes
    return "" if codes is None or isinstance(codes, float) else "|".join(map(str, cast("Iterable[object]", codes)))


def _moved(neighbourhoods: pd.DataFrame, listed: pd.Series, iris: gpd.GeoDataFrame) -> list[Hashable]:
    """Return the neighbourhoods whose outline is not that of the IRIS they list, with a warning: the outline holds."""
    if not isinstance(neighbourhoods, gpd.GeoDataFrame) or neighbourhoods.active_geometry_name is None:
        return []
    moved: list[Hashable] = []
    for identifier, codes in listed.items():
        known = [code for code in split_codes(codes) if code in iris.index]
        outline = neighbourhoods.geometry.loc[identifier]
        if not known or outline is None or outline.is_empty:
            continue
        require_same_crs(iris, neighbourhoods, ("iris", "neighbourhoods"))
        whole = shapely.union_all(iris.geometry.loc[known].to_numpy())
        if shapely.area(shapely.symmetric_difference(whole, outline)) > (1 - WHOLE) * whole.area:
            moved.append(identifier)
    if moved:
        message = tell("neighbourhood_moved", moved=", ".join(map(str, moved)))
        warnings.warn(message, InputWarning, stacklevel=4)
    return moved
