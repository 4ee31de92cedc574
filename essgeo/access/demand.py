"""Residents as points: cells of a grid or points spread over IRIS."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from essgeo.crs import require_metric, require_same_crs
from essgeo.errors import InputError, SchemaError
from essgeo.schema.vocabulary import split_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray


METHOD = "IRIS population spread evenly over the IRIS"


def demand_points(
    iris: gpd.GeoDataFrame, *, spacing_m: float = 50.0, neighbourhoods: gpd.GeoDataFrame | None = None
) -> gpd.GeoDataFrame:
    """Return points that carry the population, on a regular grid inside each IRIS.

    Every point of an IRIS carries the same share of its population, so that the sum over the IRIS is the population of
    the IRIS. The grid is aligned on multiples of the spacing; an IRIS too small to hold a grid point gets one point
    inside it. Where people really live in the IRIS is not known: parks, tracks and works are spread over like housing.

    Parameters
    ----------
    iris
        The ``iris`` layer: ``population``, ``median_income``, ``citycode``; metric CRS.
    spacing_m
        Distance between neighbouring points, metres.
    neighbourhoods
        The ``neighbourhoods`` layer, to name the target neighbourhood of each point.

    Returns
    -------
    GeoDataFrame
        Points in the CRS of ``iris``, index ``demand_id``: ``population`` (persons, not whole), ``income`` (EUR a year,
        NaN where masked), ``iris_code``, ``citycode``, ``neighbourhood_id`` (``""`` elsewhere), ``imputed``,
        ``method``.

    Raises
    ------
    InputError
        The spacing is not positive, or an IRIS stands in two neighbourhoods.
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
    if not spacing_m > 0:
        message = f"spacing_m must be positive, not {spacing_m}."
        raise InputError(message)
    owner, points = _grid_points(iris, spacing_m)
    lonely = np.setdiff1d(np.arange(len(iris)), owner)
    owner = np.concatenate([owner, lonely])
    points = np.concatenate([points, shapely.point_on_surface(iris.geometry.to_numpy()[lonely])])
    order = np.argsort(owner, kind="stable")
    owner, points = owner[order], points[order]
    share = 1.0 / np.bincount(owner, minlength=len(iris))
    codes = iris.index.to_numpy()[owner]
    frame = gpd.GeoDataFrame(
        {
            "population": (iris["population"].to_numpy(dtype=float) * share)[owner],
            "income": iris["median_income"].to_numpy(dtype=float)[owner],
            "iris_code": codes,
            "citycode": iris["citycode"].to_numpy()[owner],
            "neighbourhood_id": neighbourhoods_at(points, codes, neighbourhoods),
            "imputed": False,
            "method": METHOD,
        },
        geometry=points,
        crs=iris.crs,
        index=pd.RangeIndex(len(owner), name="demand_id"),
    )
    return cast("gpd.GeoDataFrame", frame)


def _grid_points(iris: gpd.GeoDataFrame, spacing_m: float) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    left, bottom, right, top = iris.total_bounds
    xs = (np.arange(np.floor(left / spacing_m), np.ceil(right / spacing_m)) + 0.5) * spacing_m
    ys = (np.arange(np.floor(bottom / spacing_m), np.ceil(top / spacing_m)) + 0.5) * spacing_m
    grid = shapely.points(*(axis.ravel() for axis in np.meshgrid(xs, ys)))
    point, owner = shapely.STRtree(iris.geometry.to_numpy()).query(grid, predicate="intersects")
    _, first = np.unique(point, return_index=True)
    inside: NDArray[np.object_] = np.asarray(grid)[point[first]]
    return owner[first], inside


def neighbourhoods_at(
    points: NDArray[np.object_], codes: NDArray[np.object_], neighbourhoods: gpd.GeoDataFrame | None
) -> NDArray[np.object_]:
    """Return the target neighbourhood of each demand point, ``""`` where it lies in none.

    A neighbourhood that lists IRIS takes the points of these IRIS, so that its residents are the sum of theirs; one
    that lists none takes the points within its outline.

    Parameters
    ----------
    points
        Demand points.
    codes
        IRIS of each.
    neighbourhoods
        The ``neighbourhoods`` layer, in the CRS of the points.

    Raises
    ------
    InputError
        An IRIS stands in two of them.

    Examples
    --------
    >>> listed = gpd.GeoDataFrame({"iris_codes": ["930100101|930100102"]}, geometry=[None], index=["la-noue"])
    >>> points = shapely.points([[0.0, 0.0], [9.0, 0.0]])
    >>> neighbourhoods_at(points, np.array(["930100102", "930100103"], dtype=object), listed).tolist()
    ['la-noue', '']
    """
    if neighbourhoods is None:
        return np.full(len(points), "", dtype=object)
    named = _by_iris(neighbourhoods)
    found = np.array([named.get(code, "") for code in codes], dtype=object)
    drawn = neighbourhoods[neighbourhoods["iris_codes"] == ""]
    if len(drawn):
        zone, point = shapely.STRtree(points).query(drawn.geometry.to_numpy(), predicate="intersects")
        found[point[::-1]] = drawn.index.to_numpy(dtype=object)[zone[::-1]]
    return found


def _by_iris(neighbourhoods: gpd.GeoDataFrame) -> dict[str, str]:
    named: dict[str, str] = {}
    for identifier, codes in neighbourhoods["iris_codes"].items():
        for code in split_codes(codes):
            if code in named:
                message = (
                    f"neighbourhoods: IRIS {code} stands in {named[code]} and in {identifier}; it can be in one only."
                )
                raise InputError(message)
            named[code] = str(identifier)
    return named


GRID_METHOD = "200 m grid (Filosofi), at the centre of each cell"

CELL_M2 = 200.0 * 200.0

WHOLE = 0.99
"""A cell of this share is whole: the grid is drawn in another projection, which changes areas by less."""

COLUMNS = ("ind", "ind_snv", "i_est_200")


def grid_points(
    cells: gpd.GeoDataFrame, iris: gpd.GeoDataFrame, *, neighbourhoods: gpd.GeoDataFrame | None = None
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
        The ``iris`` layer, in the same CRS.
    neighbourhoods
        The ``neighbourhoods`` layer.

    Returns
    -------
    GeoDataFrame
        The columns of :func:`demand_points`; ``income`` is the mean standard of living of the cell.

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
    missing = [name for name in COLUMNS if name not in cells]
    if missing:
        message = f"population grid: no column {', '.join(missing)}. Give the 200 m grid of INSEE (Filosofi)."
        raise SchemaError(message)
    require_metric(cells, "population grid")
    require_same_crs(cells, iris, ("population grid", "iris"))
    centres = gpd.GeoSeries(cells.geometry.centroid, crs=cells.crs)
    point, owner = iris.sindex.query(centres, predicate="intersects")
    point, first = np.unique(point, return_index=True)
    owner = owner[first]
    inside = cells.iloc[point]
    residents = inside["ind"].to_numpy(dtype=float)
    share = inside.geometry.area.to_numpy() / CELL_M2
    people = residents * np.where(share > WHOLE, 1.0, share)
    codes = iris.index.to_numpy()[owner]
    spots = centres.iloc[point].to_numpy()
    living = inside["ind_snv"].to_numpy(dtype=float)
    income = np.divide(living, residents, out=np.full(len(residents), np.nan), where=residents > 0)
    frame = gpd.GeoDataFrame(
        {
            "population": people,
            "income": income,
            "iris_code": codes,
            "citycode": iris["citycode"].to_numpy()[owner],
            "neighbourhood_id": neighbourhoods_at(spots, codes, neighbourhoods),
            "imputed": inside["i_est_200"].to_numpy() == 1,
            "method": GRID_METHOD,
        },
        geometry=spots,
        crs=cells.crs,
        index=pd.RangeIndex(len(point), name="demand_id"),
    )
    return cast("gpd.GeoDataFrame", frame)
