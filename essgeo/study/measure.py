"""Everything that is measured in a setting: who is within reach of what, and where that falls short."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pandas as pd

from essgeo.access import compare_walking, travel_cost
from essgeo.gaps import (
    LONGEST,
    activity_odds,
    area_coverage,
    assess_gaps,
    coverage,
    draw,
    gather_areas,
    iris_areas,
    support_chain,
)
from essgeo.geocoding import review
from essgeo.register import portrait_by_area
from essgeo.results import Study
from essgeo.study.lineage import vintage_of
from essgeo.study.renewal import residents_of
from essgeo.study.zones import count_zones, zone_layers

if TYPE_CHECKING:
    import geopandas as gpd

    from essgeo.results import Setting


def measure(setting: Setting) -> Study:
    """Return a setting with its tables.

    One set of draws stands behind every interval of coverage and gaps, so that the same share has the same interval
    wherever it is shown.

    Parameters
    ----------
    setting
        From :func:`essgeo.study.set_up`.

    Returns
    -------
    Study
        The setting and every table.

    Examples
    --------
    >>> study = study_est_ensemble()
    >>> sorted(set(study.gaps["level"]))
    ['commune', 'neighbourhood', 'qpv']
    """
    chosen, here, demand = setting.parameters, setting.territory, setting.demand
    walk, walks = chosen.walk_minutes, chosen.thresholds_min
    counted = cast("gpd.GeoDataFrame", setting.structures[setting.structures["counted"]])
    placed = cast("gpd.GeoDataFrame", counted[counted.geometry.notna()])
    cost = travel_cost(
        demand,
        placed,
        network=setting.network,
        max_minutes=max(LONGEST * walk, 2 * max(walks)),
        speed_kmh=chosen.speed_kmh,
        detour=chosen.detour,
    )
    layers = {name: getattr(setting, name) for name in ("communes", "neighbourhoods", "qpv", "npnru")}
    areas = gather_areas(
        demand, territory=here.name, **{name: layer for name, layer in layers.items() if name != "npnru"}
    )
    drawn = draw(
        demand,
        cost,
        placed,
        areas,
        within_minutes=walks,
        odds=activity_odds(setting.structures),
        draws=chosen.draws,
        seed=chosen.seed,
    )
    rows = setting.structure_zones
    return Study(
        **vars(setting),
        zones=count_zones(
            zone_layers(layers, iris_vintage=vintage_of(setting.inputs, "iris")),
            rows[rows["structure_id"].isin(counted.index)],
            pd.concat([areas.table, residents_of(setting.npnru, demand)], ignore_index=True),
            near_m=chosen.near_m,
            level=chosen.level,
        ),
        coverage=coverage(
            demand,
            cost,
            placed,
            areas,
            within_minutes=walks,
            drawn=drawn.shares[:, :, : len(areas.table)],
            level=chosen.level,
        ),
        iris_coverage=area_coverage(cost, placed, iris_areas(demand), within_minutes=walk),
        gaps=assess_gaps(
            demand,
            cost,
            placed,
            areas,
            drawn=drawn,
            as_of=chosen.as_of,
            walk=walks.index(walk),
            within_minutes=walk,
            level=chosen.level,
        ),
        support_chain=support_chain(setting.neighbourhoods, demand, cost, placed, counted, minutes=walk),
        review=review(setting.structures),
        portrait_areas=portrait_by_area(
            setting.structures,
            rows[rows["layer"] == "qpv"],
            territory=here.name,
            communes=setting.communes,
            qpv=setting.qpv,
            economy=setting.economy,
            seed=setting.portrait,
            level=chosen.level,
        ),
        walking=compare_walking(
            demand, placed, setting.network, within_minutes=walk, speed_kmh=chosen.speed_kmh, detour=chosen.detour
        )
        if setting.network is not None
        else None,
    )
