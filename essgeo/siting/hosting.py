"""Which sector a site would serve best: the one most residents around it are out of reach of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from essgeo.gaps.reach import reached_themes
from essgeo.gaps.themes import THEMES, theme_bits, unpack_themes

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from scipy import sparse

    from essgeo.access import CostMatrix

SIMILAR = 0.05


def best_sectors(
    inside: sparse.csr_array,
    residents: NDArray[np.float64],
    to_places: CostMatrix,
    places: gpd.GeoDataFrame,
    *,
    within_minutes: float,
) -> pd.DataFrame:
    """Return, for each site and sector, the residents it would bring within reach if it hosted that sector.

    Sectors of which the register holds no located place are left out: nobody reaches them as far as is known, so they
    say nothing of one site against another. So is "other".

    Parameters
    ----------
    inside
        Sparse matrix of ones, demand x sites: within the walk.
    residents
        Persons of each row of demand.
    to_places
        Travel times to all places of today.
    places
        Their ``sectors`` and ``challenges``.
    within_minutes
        The walk.

    Returns
    -------
    DataFrame
        ``site`` (position), ``sector``, ``newly_reached`` (persons), ``rank`` (1 is best), ``similar``: within 5 % of
        the best, so not distinguishable from it.

    Examples
    --------
    >>> from scipy import sparse
    >>> best_sectors(sparse.csr_array((2, 1)), np.ones(2), None, pd.DataFrame({"sectors": [], "challenges": []}),
    ...              within_minutes=10).empty
    True
    """
    columns = ["site", "sector", "newly_reached", "rank", "similar"]
    known = unpack_themes(theme_bits(places)).any(axis=0) if len(places) else np.zeros(len(THEMES), dtype=bool)
    wanted = known & (THEMES["theme_kind"] == "sector").to_numpy() & (THEMES["theme"] != "autre").to_numpy()
    if not wanted.any() or not inside.shape[1]:
        return pd.DataFrame(columns=columns)
    reached = unpack_themes(reached_themes(to_places, theme_bits(places), within_minutes))[:, wanted]
    gains = inside.T @ (residents[:, None] * (reached == 0))
    site, sector = (axis.ravel() for axis in np.indices(gains.shape))
    table = pd.DataFrame(
        {"site": site, "sector": THEMES["theme"].to_numpy()[wanted][sector], "newly_reached": gains.ravel()}
    ).sort_values(["site", "newly_reached", "sector"], ascending=[True, False, True], ignore_index=True)
    table["rank"] = table.groupby("site").cumcount() + 1
    table["similar"] = table["newly_reached"] >= (1 - SIMILAR) * table.groupby("site")["newly_reached"].transform("max")
    return table[columns]
