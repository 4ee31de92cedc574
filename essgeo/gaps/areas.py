"""Areas of residents, and how much the need of each resident weighs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from essgeo.access.accessibility import weighted_median
from essgeo.access.walking import near_network
from essgeo.errors import InputError
from essgeo.messages import tell
from essgeo.schema.validate import require_columns, with_known_names

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import WalkNetwork


FROM_POINTS = "Take residents from demand_points, which names the place and the method of each point."


@dataclass(frozen=True)
class Areas:
    """Areas and their residents.

    Attributes
    ----------
    table
        One row an area: ``level``, ``zone_id``, ``zone_name``, ``vintage``, ``residents``; from
        :func:`measured_areas` also ``residents_measured``.
    residents
        Sparse matrix, areas x demand points: the persons whose walks are measured.
    """

    table: pd.DataFrame
    residents: sparse.csr_matrix

    @property
    def people(self) -> NDArray[np.float64]:
        """The residents that the figures of each area are of: 0 where it has no figure."""
        return np.asarray(self.residents.sum(axis=1), dtype=np.float64).ravel()


def gather_areas(
    demand: gpd.GeoDataFrame,
    *,
    territory: str,
    communes: gpd.GeoDataFrame,
    neighbourhoods: gpd.GeoDataFrame,
    qpv: gpd.GeoDataFrame,
) -> Areas:
    """Return the territory, its communes, its target neighbourhoods and its QPV with the residents of each.

    Territory, communes and neighbourhoods take demand points by their codes, so that their residents are exactly the
    sum of their IRIS. QPV take the demand points that lie in them: an estimate, and only of the part inside the
    territory.

    Parameters
    ----------
    demand
        From :func:`essgeo.access.demand_points`.
    territory
        Name of the territory.
    communes, neighbourhoods, qpv
        Layers of the territory, in the CRS of ``demand``.

    Returns
    -------
    Areas
        In the order territory, communes, neighbourhoods, QPV.

    Raises
    ------
    SchemaError
        A column is missing: all of them in one message.

    Examples
    --------
    >>> from essgeo import load_territory, read_layer
    >>> from essgeo.access import demand_points
    >>> here = load_territory("est-ensemble")
    >>> layers = {name: read_layer(here, name) for name in ("communes", "neighbourhoods", "qpv")}
    >>> demand = demand_points(read_layer(here, "iris"), neighbourhoods=layers["neighbourhoods"])
    >>> areas = gather_areas(demand, territory=here.name, **layers)
    >>> round(areas.table.set_index("zone_id").loc["bobigny-centre-ville", "residents"])
    15602
    """
    neighbourhoods = with_known_names(neighbourhoods, "neighbourhoods")
    qpv, communes = with_known_names(qpv, "qpv"), with_known_names(communes, "neighbourhoods")
    by_code = {"population": FROM_POINTS, "neighbourhood_id": FROM_POINTS} | (
        {"citycode": FROM_POINTS} if len(communes) else {}
    )
    layers = {"communes": communes, "neighbourhoods": neighbourhoods, "qpv": qpv}
    require_columns(
        ("demand", demand, by_code),
        *((name, layer, {"name": "Give each area a name."}) for name, layer in layers.items()),
        ("qpv", qpv, {"vintage": "Add the year of the zones."}),
    )
    whole = pd.DataFrame({"name": [territory]}, index=[territory])
    levels = [("territory", whole), ("commune", communes), ("neighbourhood", neighbourhoods), ("qpv", qpv)]
    # For the first three levels, the one zone of each demand point (-1: none); QPV may overlap, so they come as pairs.
    owners = [
        np.zeros(len(demand), dtype=np.intp),
        communes.index.get_indexer(demand["citycode"]) if len(communes) else np.full(len(demand), -1),
        neighbourhoods.index.get_indexer(demand["neighbourhood_id"]),
    ]
    in_qpv = shapely.STRtree(qpv.geometry.to_numpy()).query(demand.geometry.to_numpy(), predicate="intersects")
    # Pairs of a point and the zone that holds it, level after level; in the rows of all areas a level begins where the
    # one before ends.
    pairs = [*(((owner >= 0).nonzero()[0], owner[owner >= 0]) for owner in owners), (in_qpv[0], in_qpv[1])]
    first = np.cumsum([0, *(len(zones) for _, zones in levels)])  # row of the first zone of each level
    point = np.concatenate([points for points, _ in pairs])
    area = np.concatenate([zones + start for (_, zones), start in zip(pairs, first[:-1], strict=True)])
    rows = [
        pd.DataFrame({"level": level, "zone_id": zones.index, "zone_name": zones["name"].to_numpy(), "vintage": ""})
        for level, zones in levels
    ]
    rows[-1]["vintage"] = qpv["vintage"].to_numpy()
    return _areas(pd.concat(rows, ignore_index=True), demand, point, area)


def iris_areas(demand: gpd.GeoDataFrame, iris: gpd.GeoDataFrame | None = None) -> Areas:
    """Return each IRIS as an area, under its name where the layer of ``iris`` gives one.

    Parameters
    ----------
    demand
        ``iris_code`` and ``population`` of each demand point.
    iris
        The layer, for names.

    Examples
    --------
    >>> import geopandas as gpd
    >>> demand = gpd.GeoDataFrame({"iris_code": ["b", "a", "b"], "population": [1.0, 2.0, 3.0]},
    ...                           geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0]))
    >>> iris_areas(demand).table[["zone_id", "residents"]].values.tolist()
    [['a', 2.0], ['b', 4.0]]
    """
    codes, area = np.unique(demand["iris_code"].to_numpy(dtype=str), return_inverse=True)
    given = pd.Series(dtype=object) if iris is None else iris["name"].set_axis(iris.index.map(str))
    names = given.reindex(codes).fillna(pd.Series(codes, index=codes)).to_numpy()
    table = pd.DataFrame({"level": "iris", "zone_id": codes, "zone_name": names, "vintage": ""})
    return _areas(table, demand, np.arange(len(demand)), area)


def stacked(first: Areas, second: Areas) -> Areas:
    """Return the areas of both, those of the first before those of the second.

    Examples
    --------
    >>> table = pd.DataFrame({"zone_id": ["a"], "residents": [3.0]})
    >>> one = Areas(table, sparse.csr_matrix([[1.0, 2.0]]))
    >>> stacked(one, one).people.tolist()
    [3.0, 3.0]
    """
    table = pd.concat([first.table, second.table], ignore_index=True)
    return Areas(table, sparse.csr_matrix(sparse.vstack([first.residents, second.residents])))


def _areas(table: pd.DataFrame, demand: pd.DataFrame, point: NDArray[np.intp], area: NDArray[np.intp]) -> Areas:
    """Return areas from the pairs of a demand point and an area that holds it."""
    persons = demand["population"].to_numpy()[point]  # one value a pair: a point of two areas counts whole in both
    matrix = sparse.csr_matrix((persons, (area, point)), shape=(len(table), len(demand)))
    return Areas(table.assign(residents=np.asarray(matrix.sum(axis=1)).ravel()), matrix)


MEASURED = 0.9
"""An area has figures where the walks of such a share of its residents are measured.

What the others would change is bounded by their share: at most 10 points, as wide as the intervals of most areas."""


def measured_areas(areas: Areas, near: NDArray[np.bool_]) -> Areas:
    """Return areas with the residents whose walks over streets are measured, and only the demand points of these.

    Beyond the ends of a file of streets nothing is measured: who lives there is neither within reach nor out of it. An
    area that is measured for less than :data:`MEASURED` of its residents has no figure.

    Parameters
    ----------
    areas
        Of all demand points.
    near
        Which of these the streets come near, see :func:`essgeo.access.walking.near_network`.

    Examples
    --------
    >>> table = pd.DataFrame({"zone_id": ["a", "b"], "residents": [10.0, 4.0]})
    >>> areas = measured_areas(Areas(table, sparse.csr_matrix([[9.0, 1.0], [2.0, 2.0]])), np.array([True, False]))
    >>> areas.table["residents_measured"].tolist(), areas.people.tolist()
    ([9.0, 2.0], [9.0, 0.0])
    """
    # Areas x demand points near streets. Of an area that is measured too little the row is emptied, not taken out, so
    # that rows go on matching the table.
    kept = areas.residents[:, np.flatnonzero(near)]
    measured = np.asarray(kept.sum(axis=1), dtype=np.float64).ravel()
    enough = measured >= MEASURED * areas.table["residents"].to_numpy()
    shown = sparse.csr_matrix(sparse.diags_array(enough.astype(np.float64)) @ kept)
    shown.eliminate_zeros()
    return Areas(areas.table.assign(residents_measured=measured), shown)


def gather_measured(
    demand: gpd.GeoDataFrame, network: WalkNetwork | None, *, territory: str, **layers: gpd.GeoDataFrame
) -> tuple[Areas, Areas, NDArray[np.bool_]]:
    """Return areas from :func:`gather_areas`, the same of those whose walks are measured, and who these are.

    Beyond the ends of a file of streets nothing is measured: those who live there are in no figure of reach.
    """
    whole, near = gather_areas(demand, territory=territory, **layers), near_network(demand, network)
    return whole, measured_areas(whole, near), near


def require_measured(areas: Areas, communes: gpd.GeoDataFrame) -> None:
    """Refuse streets over which no area is measured.

    Raises
    ------
    InputError
        Says which communes a file of streets has to cover.
    """
    if areas.table["residents"].sum() > 0 and not areas.people.any():
        raise InputError(tell("streets_too_short", share=f"{100 * MEASURED:g}", communes=", ".join(communes["name"])))


NEED_LIMITS = (0.5, 2.0)
"""A resident weighs at least half and at most twice as much as one of median income, however far the incomes lie."""


def need_weights(demand: pd.DataFrame) -> NDArray[np.float64]:
    r"""Return how much the need of each resident weighs: the one definition, for gaps and for siting.

    .. math:: w_i = \min\left(2, \max\left(\tfrac12, \frac{\tilde{y}}{y_i}\right)\right)

    with *y* the income at the demand point and :math:`\tilde{y}` the median over residents whose income is known: half
    the median income weighs 2, twice the median 1/2. Where income is not known the weight is 1.

    Parameters
    ----------
    demand
        ``population``, ``income`` (EUR a year, NaN where not known).

    Returns
    -------
    ndarray of float64
        One weight a demand point.

    Examples
    --------
    >>> import pandas as pd
    >>> need_weights(pd.DataFrame({"population": [1.0, 2.0, 1.0], "income": [10e3, 20e3, np.nan]})).tolist()
    [2.0, 1.0, 1.0]
    """
    income = demand["income"].to_numpy(dtype=float)
    known = income > 0
    median = weighted_median(income[known], demand["population"].to_numpy(dtype=float)[known])
    if np.isnan(median):  # nobody's income is known
        return np.ones(len(income))
    ratio = np.divide(median, income, out=np.ones(len(income)), where=known)
    weights: NDArray[np.float64] = np.clip(ratio, *NEED_LIMITS)
    return weights


def resident_weights(areas: Areas, need: NDArray[np.float64] | None = None) -> sparse.csr_array:
    """Return what each demand point weighs in each area, by residents, or by residents times their need.

    Areas x demand points; a row sums to 1, or is empty where nobody lives.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> areas = SimpleNamespace(residents=sparse.csr_matrix([[1.0, 3.0]]))
    >>> resident_weights(areas).toarray().tolist(), resident_weights(areas, np.array([3.0, 1.0])).toarray().tolist()
    ([[0.25, 0.75]], [[0.5, 0.5]])
    """
    people = sparse.csr_array(areas.residents)
    if need is not None:
        people = people @ sparse.diags_array(need)
    total = np.asarray(people.sum(axis=1)).ravel()
    return sparse.csr_array(sparse.diags_array(np.divide(1, total, out=np.zeros(len(total)), where=total > 0)) @ people)
