"""The difference of two registers, by plain loops over the same worlds."""

from __future__ import annotations

import datetime as dt
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from shapely import Point

from essgeo.gaps import Areas
from essgeo.gaps.difference import findings, reach_difference
from essgeo.gaps.shares import homes_of, places_of
from essgeo.register.turnover import Sides
from essgeo.uncertainty import as_flags, draw_worlds, ends, street_metres
from essgeo.uncertainty.streets import LONGEST_Z, STEPS, single_walks

DRAWS, LIMIT_M = 128, 1125.0


@pytest.fixture(scope="module")
def town() -> tuple[gpd.GeoDataFrame, Areas, Sides]:
    """Two neighbourhoods of a grid; one place on both sides, one new, one gone, one moved, one somewhere."""
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(100, 6100, 400.0), np.arange(100, 1100, 400.0)))
    people = np.random.default_rng(1).uniform(1, 50, len(x))
    demand = gpd.GeoDataFrame(
        {"population": people, "method": "grid", "citycode": "1"}, geometry=gpd.points_from_xy(x, y), crs=2154
    )
    matrix = np.vstack([people, people * (x < 3000), people * (x > 3000), 0 * people])
    table = pd.DataFrame(
        {"level": ["territory", *["neighbourhood"] * 3], "zone_id": list("twen"), "zone_name": list("TWEN"),
         "vintage": "", "residents": matrix.sum(axis=1)}
    )  # fmt: skip
    #       both  new   somewhere  moved to  gone  moved from
    at = [300.0, 3100.0, np.nan, 5900.0, 4600.0, 1700.0]
    structures = gpd.GeoDataFrame(
        {"sectors": ["mobilite", "mobilite", "numerique", "numerique", "mobilite", "numerique"], "challenges": "",
         "citycode": "1", "geo_radius_m": [85.0, 0.0, np.nan, 0.0, 0.0, 85.0]},
        geometry=[None if np.isnan(one) else Point(one, 500) for one in at],
        crs=2154,
    )  # fmt: skip
    flags = np.array([[1, 0, 1, 0, 1, 1], [1, 1, 1, 1, 0, 0]], dtype=bool)
    years = np.array([5.0, 0, 1, 2, 3, 9])
    return demand, Areas(table, sparse.csr_matrix(matrix)), Sides(
        structures, *flags, np.array([1, 1, 0, 1, 1, 1], dtype=bool), years, np.array([0, 1, 2, 3, 4, 3])
    )  # fmt: skip


def measured(town: tuple[gpd.GeoDataFrame, Areas, Sides], sides: Sides | None = None) -> pd.DataFrame:
    demand, areas, both = town
    return reach_difference(
        demand, sides or both, areas, odds=(8.5, 1.5), within_minutes=[15], speed_kmh=4.5, draws=DRAWS
    )


def test_the_difference_is_that_of_a_loop(town: tuple[gpd.GeoDataFrame, Areas, Sides]) -> None:
    demand, areas, sides = town
    homes, places = homes_of(demand, areas), places_of(sides.structures, demand)
    worlds = draw_worlds(
        homes, places._replace(area=np.array([0, 0, 0, 0, -2, -2])), verified=sides.verified, years=sides.years,
        odds=(8.5, 1.5), count=DRAWS,
    )  # fmt: skip
    alive = as_flags(worlds.alive).astype(bool)[[0, 1, 2, 3, 4, 3]]
    square = [tuple(row) for row in np.floor(homes.xy / 200)]
    near = np.zeros((len(demand), 6, DRAWS), dtype=bool)
    for point, (x, y) in enumerate(homes.xy):
        for one in range(6):
            straight = np.hypot(worlds.x[one].astype(float) - x, worlds.y[one].astype(float) - y)
            single = single_walks(square.index(square[point]), one, DRAWS)
            z = (worlds.own[one] + worlds.field[worlds.part[point]] + single) / STEPS - 3 * LONGEST_Z
            near[point, one] = (street_metres(straight, z) <= LIMIT_M) & alive[one]
    found = measured(town)
    people = demand["population"].to_numpy()
    for row in found[found["theme"].isin(["all", "mobilite", "numerique"]) & (found["residents"] > 0)].itertuples():
        offers = np.array([row.theme in ("all", sectors) for sectors in sides.structures["sectors"]])
        who = np.asarray(areas.residents[list("twen").index(row.zone_id)].todense()).ravel() > 0
        shares = [
            (people[who] @ (near[who][:, offers & side]).any(axis=1)) / people[who].sum()
            for side in (sides.before, sides.after)
        ]
        change = shares[1] - shares[0]
        low, high = ends(change)
        assert row.share_before == pytest.approx(shares[0].mean(), abs=1e-3)
        assert row.share_after == pytest.approx(shares[1].mean(), abs=1e-3)
        assert row.change_points == pytest.approx(100 * change.mean(), abs=0.1)
        assert (row.change_low, row.change_high) == pytest.approx((100 * low, 100 * high), abs=0.3)
        assert row.change_residents == pytest.approx(row.residents * change.mean(), rel=1e-2, abs=1)
        likely = (change > 1e-5).mean(), (change < -1e-5).mean()
        said = "more" if likely[0] >= 0.95 else "less" if likely[1] >= 0.95 else "unsure" if any(likely) else "none"
        assert row.change == said
    lived = found["residents"] > 0
    assert set(found.loc[~lived, "change"]) == {"nobody"}
    assert set(found.loc[lived & ~found["theme"].isin(["all", "mobilite", "numerique"]), "change"]) == {"none"}
    assert {"more", "less", "unsure"} & {*found.loc[found["theme"] == "mobilite", "change"]}


def test_a_register_does_not_differ_from_itself_and_the_difference_turns_with_the_sides(
    town: tuple[gpd.GeoDataFrame, Areas, Sides],
) -> None:
    _, _, sides = town
    same = measured(town, sides._replace(before=sides.after))
    assert set(same["change"]) == {"none", "nobody"}
    assert (same[["change_points", "change_low", "change_high"]].fillna(0) == 0).all(axis=None)
    there = measured(town)
    back = measured(town, sides._replace(before=sides.after, after=sides.before))
    kept = sides.after  # the places of the later register are drawn alike on both ways but for who may join whom
    assert kept.any()
    turned = {"more": "less", "less": "more"}
    mobility = [frame[frame["theme"] == "mobilite"] for frame in (there, back)]
    assert mobility[1]["change"].tolist() == [turned.get(code, code) for code in mobility[0]["change"]]
    np.testing.assert_allclose(mobility[1]["change_points"], -mobility[0]["change_points"], atol=1e-6)
    np.testing.assert_allclose(mobility[1]["change_low"], -mobility[0]["change_high"], atol=1e-4)


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("change", ["more", "less", "unsure", "none"])
def test_what_is_found_says_more_or_fewer_and_never_a_minus(change: str, lang: Any) -> None:
    sign = -1 if change == "less" else 1
    row = {
        "level": "territory", "zone_id": "t", "zone_name": "T", "theme": "all", "minutes": 15, "change": change,
        "share_before": 0.5, "share_after": 0.6, "change_points": sign * 10.0, "change_residents": sign * 1240.0,
        "change_low": sign * 5.0, "change_high": sign * 20.0, "change_residents_low": sign * 900.0,
        "change_residents_high": sign * 1500.0,
    }  # fmt: skip
    places = pd.DataFrame({"place_change": ["opened", "located", "delisted"]})
    days = dt.date(2025, 1, 1), dt.date(2026, 1, 1)
    local = row | {"level": "qpv", "zone_name": "Q", "theme": "jeunesse"}
    said = findings(pd.DataFrame([row, local]), places, days=days, minutes=15, lang=lang)
    assert not any("-" in text.replace("tiers-lieu", "") or "\u2212" in text for text in said), said
    assert len(said) == 5 + (change in {"more", "less"})
    assert ("Q" in said[2]) == (change in {"more", "less"})
