"""Filières: where each sector concentrates, who of it lies near whom, and who works with whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from essgeo.access import travel_cost
from essgeo.gaps.reach import has_point
from essgeo.register.activity import located_here
from essgeo.schema.vocabulary import SECTORS, split_codes

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from essgeo.access import WalkNetwork


LEAST_LOCATED = 10
"""Located structures of a sector in the territory below which nothing is said of where it concentrates."""

PER_RESIDENTS = 10_000

NEAR_MINUTES = 10

MOST_NEIGHBOURS = 10
"""Neighbours of one structure that are named; ``near`` counts them all."""

CONCENTRATION = (
    *("level", "zone_id", "zone_name", "vintage", "sector", "structures_expected", "density", "quotient"),
    *("quotient_low", "quotient_high", "stands_out"),
)


def concentrations(
    structures: gpd.GeoDataFrame, structure_zones: pd.DataFrame, zones: pd.DataFrame, *, level: float = 0.9
) -> pd.DataFrame:
    r"""Return how much each sector concentrates in each commune and QPV: its density and its location quotient.

    .. math:: LQ_{as} = \frac{n_{as} / n_a}{N_s / N}

    with *n* the located structures expected in the area (each by the probability that it lies there), *N* those of the
    territory. The register is a sample: the interval is that of the share :math:`n_{as} / n_a` with Jeffreys' prior, a
    Beta of :math:`n_{as} + 1/2` and :math:`n_a - n_{as} + 1/2`. A sector of fewer than ten located structures has no
    rows: so few concentrate by chance.

    Parameters
    ----------
    structures
        The register: ``sectors``, ``counted``, ``geo_status`` and points.
    structure_zones
        The ``structure_zones`` of a study: the probability that each lies in each zone.
    zones
        ``level``, ``zone_id``, ``zone_name``, ``vintage`` and ``residents`` of the areas.
    level
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row an area and sector: ``level``, ``zone_id``, ``zone_name``, ``vintage``, ``sector``,
        ``structures_expected``, ``density`` (for 10,000 residents), ``quotient`` with ``quotient_low`` and
        ``quotient_high`` (NaN where no structure is expected), ``stands_out`` (the whole interval is above 1).

    Examples
    --------
    >>> import geopandas as gpd
    >>> shops = gpd.GeoDataFrame({"sectors": ["mobilite"] * 9 + ["mobilite|autre"] + ["autre"] * 10, "counted": True,
    ...                           "geo_status": "located"}, geometry=gpd.points_from_xy(range(20), [0] * 20))
    >>> near = pd.DataFrame({"structure_id": range(10), "layer": "commune", "zone_id": "a", "probability": 1.0})
    >>> areas = pd.DataFrame({"level": ["commune"], "zone_id": "a", "zone_name": "A", "vintage": "", "residents": 5e3})
    >>> found = concentrations(shops, near, areas)
    >>> found.loc[found["sector"] == "mobilite", ["density", "quotient", "stands_out"]].values.tolist()
    [[20.0, 2.0, True]]
    """
    placed = structures[located_here(structures)]
    offers = _offers(placed)
    total = offers.sum(axis=0)
    wanted = zones[zones["level"].isin(["commune", "qpv"])].reset_index(drop=True)
    rows = structure_zones[
        structure_zones["layer"].isin(["commune", "qpv"]) & structure_zones["structure_id"].isin(placed.index)
    ]
    # inside: areas x structures, the probability that each lies in each.
    inside = np.zeros((len(wanted), len(placed)))
    area = pd.MultiIndex.from_frame(wanted[["level", "zone_id"]]).get_indexer(
        pd.MultiIndex.from_frame(rows[["layer", "zone_id"]])
    )
    known = area >= 0
    inside[area[known], placed.index.get_indexer(rows["structure_id"])[known]] = rows["probability"].to_numpy()[known]
    # Expected structures: areas x sectors, and areas x 1 of all sectors; share of each sector in the territory. A
    # structure of two sectors counts in both, so that shares may add up to more than 1.
    count, every = inside @ offers, inside.sum(axis=1)[:, None]
    share = np.divide(total, len(placed), out=np.zeros(len(total)), where=len(placed) > 0)

    def over(part: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return shares over those of the territory, NaN where nothing is expected."""
        known = np.full(count.shape, np.nan)
        return np.divide(part, share, out=known, where=(every > 0) & (share > 0))  # type: ignore[no-any-return]

    # Both parameters of the Beta, areas x sectors; rounding must not bring the second below its prior.
    spread = (count + 1 / 2, np.maximum(every - count, 0) + 1 / 2)
    low, high = (over(np.asarray(betaincinv(*spread, end))) for end in ((1 - level) / 2, (1 + level) / 2))
    quotient = over(np.divide(count, every, out=np.zeros_like(count), where=every > 0))
    residents = wanted["residents"].to_numpy(dtype=float)[:, None]
    density = np.divide(PER_RESIDENTS * count, residents, out=np.full(count.shape, np.nan), where=residents > 0)
    tables = [
        wanted.assign(
            sector=sector,
            structures_expected=count[:, place],
            density=density[:, place],
            quotient=quotient[:, place],
            quotient_low=low[:, place],
            quotient_high=high[:, place],
            stands_out=low[:, place] > 1,
        )
        for place, sector in enumerate(SECTORS)
        if total[place] >= LEAST_LOCATED
    ]
    return pd.concat(tables, ignore_index=True)[[*CONCENTRATION]] if tables else pd.DataFrame(columns=[*CONCENTRATION])


def near_each_other(
    structures: gpd.GeoDataFrame, *, network: WalkNetwork | None = None, speed_kmh: float = 4.5
) -> pd.DataFrame:
    """Return, for each located structure and sector, those of its sector within a ten minutes' walk, the nearest first.

    Returns
    -------
    DataFrame
        ``structure_id``, ``sector``, ``near`` (how many) and ``neighbours`` (ten at most, joined by ``|``); no row for
        a structure without any.

    Examples
    --------
    >>> import geopandas as gpd
    >>> known = {"sectors": "mobilite", "counted": True, "geo_status": "located"}
    >>> points = gpd.points_from_xy([0, 300, 5000], [0, 0, 0])
    >>> shops = gpd.GeoDataFrame(known, index=["a", "b", "c"], geometry=points, crs=2154)
    >>> near_each_other(shops).values.tolist()
    [['a', 'mobilite', 1, 'b'], ['b', 'mobilite', 1, 'a']]
    """
    placed = cast("gpd.GeoDataFrame", structures[located_here(structures) & (structures["geo_status"] != "masked")])
    rows = []
    if len(placed) > 1:
        cost = travel_cost(placed, placed, network=network, max_minutes=NEAR_MINUTES, speed_kmh=speed_kmh)
        # Walks by origin, the nearest first: a stable group then names its neighbours in that order.
        offers, order = _offers(placed), np.lexsort((cost.minutes, cost.origin))
        origin, destination = cost.origin[order], cost.destination[order]
        apart = origin != destination
        for place, sector in enumerate(SECTORS):
            own = apart & offers[origin, place].astype(bool) & offers[destination, place].astype(bool)
            pairs = pd.DataFrame({"origin": origin[own], "other": placed.index.to_numpy()[destination[own]]})
            rows += [
                (placed.index[which], sector, len(others), "|".join(map(str, others.iloc[:MOST_NEIGHBOURS])))
                for which, others in pairs.groupby("origin", sort=True)["other"]
            ]
    return pd.DataFrame(rows, columns=["structure_id", "sector", "near", "neighbours"])


def _offers(structures: pd.DataFrame) -> NDArray[np.float64]:
    """Return which structures are of which sector: structures x sectors, 1 or 0."""
    codes = [set(split_codes(cell)) for cell in structures["sectors"]]
    return np.array([[sector in own for sector in SECTORS] for own in codes], dtype=float).reshape(
        len(codes), len(SECTORS)
    )


TIES = (
    "relation_id",
    "party_id",
    "party",
    "role",
    "tie",
    "with_structure_id",
    "with_name",
    "project",
    "since",
    "placed",
    "source",
)


def cooperations(relations: pd.DataFrame, structures: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return who works with whom, on what, since when and how it is known, and whether both ends have a place.

    ``relations`` is the table of a territory; ``party_id`` and ``with_structure_id`` are ``""`` where the register has
    no such structure, which is then shown by its name alone; ``placed``: ``both``, ``one`` or ``none`` of them has a
    position.
    """
    located = set(structures.index[has_point(structures) & (structures["geo_status"] != "masked")])
    table = relations.rename(columns={"structure_id": "party_id", "name": "party", "relation": "tie"})
    table = table.rename_axis("relation_id").reset_index()
    known = table["party_id"].isin(located).astype(int) + table["with_structure_id"].isin(located).astype(int)
    return table.assign(placed=known.map({0: "none", 1: "one", 2: "both"}))[[*TIES]]
