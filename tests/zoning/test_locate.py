"""locate_in against a naive loop, the laws it must obey, and the cases a planner meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from essgeo.errors import CRSMismatchError, InputError, MissingCRSError, SchemaError
from essgeo.uncertainty import DISCS, STREET_DISCS
from essgeo.zoning import count_in, crosswalk, locate_in
from tests.conftest import examples

if TYPE_CHECKING:
    import geopandas as gpd

RING = shapely.box(0, 0, 100, 100).difference(shapely.box(40, 40, 60, 60))
MANY = shapely.MultiPolygon([shapely.box(0, 0, 50, 50), shapely.box(50, 50, 90, 90), shapely.box(300, 0, 340, 20)])
FEW = examples(15, suppress_health_check=[HealthCheck.function_scoped_fixture])
seeds = st.integers(0, 2**32 - 1)


def star(rng: np.random.Generator, corners: int, size: float) -> Any:
    """Return a star-shaped polygon, sometimes with a hole, somewhere within 1,500 m of the origin."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    around = np.column_stack([np.cos(angle), np.sin(angle)]) * rng.uniform(0.3, 1, corners)[:, None] * size
    shell = shapely.Polygon(around + rng.uniform(-1500, 1500, 2))
    hole = shell.representative_point().buffer(size / 20, quad_segs=2)
    return shell.difference(hole) if shell.is_valid and rng.random() < 0.5 else shell


def random_zones(rng: np.random.Generator) -> list[Any]:
    shapes = [star(rng, int(rng.integers(4, 40)), rng.uniform(20, 700)) for _ in range(rng.integers(1, 8))]
    valid = [shape for shape in shapes if shape.is_valid and shape.area > 0]
    return valid or [shapely.box(0, 0, 10, 10)]


def naive(points: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, near: float) -> dict[tuple[Any, Any], tuple[float, float]]:
    """Return signed distance and probability of every expected pair, one shapely call at a time."""
    expected: dict[tuple[Any, Any], tuple[float, float]] = {}
    for point, place, radius in zip(points.index, points.geometry, points["geo_radius_m"], strict=True):
        rows = {}
        for zone, shape in zones.geometry.items():
            inside = shape.intersects(place)
            share = float(inside)
            if radius > 0:
                known = (
                    STREET_DISCS if "geo_precision" in points and points["geo_precision"][point] == "street" else DISCS
                )
                discs = [(place.buffer(factor * radius, quad_segs=256), odds) for factor, odds in known]
                share = sum(odds * disc.intersection(shape).area / disc.area for disc, odds in discs)
            distance = shape.boundary.distance(place)
            rows[zone] = (-distance if inside else distance, share)
        reached = {zone: row for zone, row in rows.items() if row[0] <= max(near, 1.5 * radius)}
        nearest = min(rows, key=lambda zone: rows[zone][0])
        expected |= {(point, zone): row for zone, row in (reached or {nearest: rows[nearest]}).items()}
    return expected


def as_pairs(located: pd.DataFrame) -> pd.DataFrame:
    return located.set_index([located.columns[0], "zone_id"]).sort_index()


@FEW
@given(seed=seeds, near=st.sampled_from([0, 50, 500]))
def test_every_figure_is_that_of_a_naive_loop(seed: int, near: int, zones_of: Any, points_of: Any) -> None:
    rng = np.random.default_rng(seed)
    zones = zones_of(random_zones(rng))
    corners = shapely.get_coordinates(zones.geometry.to_numpy())[:5]
    points = points_of(np.vstack([rng.uniform(-2500, 2500, (30, 2)), corners]), 0.0)
    points["geo_radius_m"] = rng.choice([0.0, 5.0, 80.0, 900.0], len(points))
    points["geo_precision"] = rng.choice(["housenumber", "street"], len(points))
    located = as_pairs(locate_in(points, zones, near_m=(near,)))
    expected = naive(points, zones, near)
    assert set(located.index) == set(expected)
    for pair, (distance, share) in expected.items():
        row = located.loc[pair]
        assert row["distance_m"] == pytest.approx(distance, abs=1e-3)
        assert row["probability"] == pytest.approx(share, abs=1e-3)
        assert row[f"within_{near}m"] == (row["distance_m"] <= near)
        relation = "in" if row["probability"] == 1 else "out" if row["probability"] == 0 else "undetermined"
        assert row["relation"] == relation


@FEW
@given(seed=seeds)
def test_the_shares_of_a_tiling_add_up_to_one(seed: int, zones_of: Any, points_of: Any) -> None:
    rng = np.random.default_rng(seed)
    seedlings = shapely.MultiPoint(rng.uniform(0, 1000, (12, 2)))
    cells = shapely.voronoi_polygons(seedlings, extend_to=shapely.box(-2000, -2000, 3000, 3000))
    vertices = shapely.get_coordinates(cells)
    corners = vertices[(np.abs(vertices - 500) < 500).all(axis=1)][:5]
    points = points_of(np.vstack([rng.uniform(0, 1000, (20, 2)), corners]), 0.0)
    points["geo_radius_m"] = rng.uniform(0.5, 900, len(points))
    located = locate_in(points, zones_of(shapely.get_parts(cells)))
    assert located["probability"].between(0, 1).all()
    assert located.groupby("structure_id")["probability"].sum().to_numpy() == pytest.approx(1, abs=1e-6)


@FEW
@given(seed=seeds, angle=st.floats(0, 6.28), radius=st.floats(0.1, 200))
def test_moving_out_of_a_convex_zone_never_raises_the_share(
    seed: int, angle: float, radius: float, zones_of: Any, points_of: Any
) -> None:
    rng = np.random.default_rng(seed)
    hull = shapely.MultiPoint(rng.uniform(-100, 100, (12, 2))).convex_hull
    centre = np.array(hull.centroid.coords[0])
    outwards = np.linspace(0, 500, 60)[:, None] * [np.cos(angle), np.sin(angle)]
    # A disc and a convex zone symmetric about its centre: the share falls along every ray (Anderson 1955).
    zone = shapely.MultiPoint(
        np.vstack([shapely.get_coordinates(hull) - centre, centre - shapely.get_coordinates(hull)])
    )
    share = locate_in(points_of(outwards, radius), zones_of([zone.convex_hull]))["probability"]
    assert (np.diff(share) <= 1e-9).all()


@FEW
@given(seed=seeds)
def test_neither_place_nor_order_of_rows_matters(seed: int, zones_of: Any, points_of: Any) -> None:
    rng = np.random.default_rng(seed)
    zones, points = zones_of(random_zones(rng)), points_of(rng.uniform(-2500, 2500, (30, 2)), 60.0)
    here = as_pairs(locate_in(points, zones))
    shuffled = locate_in(points.sample(frac=1, random_state=seed), zones.sample(frac=1, random_state=seed))
    pd.testing.assert_frame_equal(as_pairs(shuffled), here)
    shift = np.array([650_000.0, 6_860_000.0])
    there = locate_in(points.set_geometry(points.translate(*shift)), zones.set_geometry(zones.translate(*shift)))
    moved = as_pairs(there)
    assert moved.index.equals(here.index)
    assert moved["distance_m"].to_numpy() == pytest.approx(here["distance_m"].to_numpy(), abs=1e-6)
    assert moved["probability"].to_numpy() == pytest.approx(here["probability"].to_numpy(), abs=1e-6)


@pytest.mark.parametrize(
    ("shape", "at", "expected"),
    [
        (RING, ((50, 50), 0), ("out", 0, 10)),
        (RING, ((50, 50), 6), ("out", 0, 10)),
        (RING, ((20, 50), 0), ("in", 1, -20)),
        (RING, ((40, 50), 5), ("undetermined", 0.5, 0)),
        (RING, ((40, 40), 5), ("undetermined", 0.75, 0)),
        (RING, ((0, 0), 5), ("undetermined", 0.25, 0)),
        (RING, ((100, 30), 0), ("in", 1, 0)),
        (MANY, ((50, 50), 5), ("undetermined", 0.5, 0)),
        (MANY, ((320, 10), 6), ("in", 1, -10)),
        (MANY, ((60, 40), 0), ("out", 0, 10)),
        (
            RING,
            ((50, 50), 1000),
            ("undetermined", 9600 / np.pi * sum(odds / (1000 * factor) ** 2 for factor, odds in DISCS), 10),
        ),
        (RING, ((0, 50), np.nan), ("in", 1, 0)),
    ],
)
def test_known_answers(shape: Any, at: Any, expected: Any, zones_of: Any, points_of: Any) -> None:
    relation, probability, distance = expected
    row = locate_in(points_of([at[0]], at[1]), zones_of([shape])).iloc[0]
    assert row["relation"] == relation
    assert row["probability"] == pytest.approx(probability, abs=1e-6)
    assert row["distance_m"] == pytest.approx(distance, abs=1e-9)


def test_overlapping_zones_each_have_their_row_nearest_first(zones_of: Any, points_of: Any) -> None:
    zones = zones_of([shapely.box(0, 0, 100, 100), shapely.box(40, 0, 200, 100), shapely.box(350, 0, 400, 100)])
    located = locate_in(points_of([(50, 50), (5000, 50)]), zones)
    assert located["structure_id"].tolist() == ["p0", "p0", "p0", "p1"]
    assert located["zone_id"].tolist() == ["Z0", "Z1", "Z2", "Z2"]
    assert located["distance_m"].tolist() == [-50, -10, 300, 4600]
    assert located["within_300m"].tolist() == [True, True, True, False]
    assert located["within_500m"].tolist() == [True, True, True, False]
    assert located["vintage"].tolist() == ["2024"] * 4


def test_a_tie_for_the_nearest_zone_goes_to_the_first(zones_of: Any, points_of: Any) -> None:
    zones = zones_of([shapely.box(2000, 0, 2100, 100), shapely.box(-2100, 0, -2000, 100)])
    assert locate_in(points_of([(0, 50)]), zones)["zone_id"].tolist() == ["Z0"]


@pytest.mark.parametrize("shape", [None, shapely.Point()])
def test_a_point_without_place_is_unknown(shape: Any, zones_of: Any, points_of: Any) -> None:
    points = points_of([(0, 0), (5, 5)])
    points.geometry = [shape, shapely.Point(5, 5)]
    located = locate_in(points, zones_of([RING]))
    assert located["relation"].tolist() == ["unknown", "in"]
    assert located.iloc[0].drop(["structure_id", "relation"]).isna().all()


def test_without_zones_every_point_is_out(zones_of: Any, points_of: Any) -> None:
    located = locate_in(points_of([(0, 0), None]), zones_of([]))
    assert located["relation"].tolist() == ["out", "unknown"]
    assert located["probability"].tolist()[0] == 0
    assert located["zone_id"].isna().all()
    assert located["distance_m"].isna().all()
    assert located["within_300m"].tolist() == [False, pd.NA]


def test_without_points_there_are_no_rows(zones_of: Any, points_of: Any) -> None:
    located = locate_in(points_of([]), zones_of([RING]))
    assert located.empty
    assert located.columns.tolist()[:3] == ["structure_id", "zone_id", "vintage"]


def test_whole_number_identifiers_stay_whole_and_the_inputs_as_they_were(zones_of: Any, points_of: Any) -> None:
    zones = zones_of([RING]).set_axis(pd.Index([93], name="zone_id"))
    points = points_of([(10, 10), None], 5.0).rename_axis(None)
    before = points.copy(), zones.copy()
    located = locate_in(points, zones, near_m=(), radius_m=3)
    assert located["zone_id"].tolist() == [93, pd.NA]
    assert located.columns[0] == "point_id"
    assert not [name for name in located if str(name).startswith("within")]
    pd.testing.assert_frame_equal(points, before[0])
    pd.testing.assert_frame_equal(zones, before[1])


def test_a_far_reaching_disc_finds_zones_beyond_the_near_distance(zones_of: Any, points_of: Any) -> None:
    zones = zones_of([shapely.box(i * 1000, 0, i * 1000 + 100, 100) for i in range(8)])
    located = locate_in(points_of([(50, 50), (50, 50)], [3000.0, 0.0]), zones)
    assert located.groupby("structure_id").size().to_dict() == {"p0": 5, "p1": 1}


def test_faults_are_named_and_come_together(zones_of: Any, points_of: Any) -> None:
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    zones = zones_of([RING, bow, shapely.Point(0, 0), shapely.Polygon()])
    with pytest.raises(SchemaError, match=r"(?s)3 faults.*Z3.*empty.*Z2.*Point.*Z1.*not valid.*make_valid"):
        locate_in(points_of([(0, 0)]), zones)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"radius_m": "radius"}, "radius"),
        ({"radius_m": -1.0}, r"p0, field radius_m: '-1.0'"),
        ({"radius_m": np.inf}, "inf"),
        ({"near_m": (300, -1)}, "near_m"),
        ({"near_m": (300, 300)}, "near_m"),
    ],
)
def test_senseless_options_are_refused(change: dict[str, Any], message: str, zones_of: Any, points_of: Any) -> None:
    with pytest.raises(InputError, match=message):
        locate_in(points_of([(0, 0)]), zones_of([RING]), **change)


def test_layers_that_break_their_contract_are_refused(zones_of: Any, points_of: Any) -> None:
    zones, points = zones_of([RING]), points_of([(0, 0), (1, 1)])
    with pytest.raises(SchemaError, match="vintage"):
        locate_in(points, zones.drop(columns="vintage"))
    with pytest.raises(SchemaError, match="Z0, field vintage"):
        locate_in(points, zones.assign(vintage=None))
    with pytest.raises(SchemaError, match="a, field structure_id: stands twice"):
        locate_in(points.set_axis(pd.Index(["a", "a"], name="structure_id")), zones)
    with pytest.raises(SchemaError, match="p0, field geometry: is a Polygon"):
        locate_in(points.set_geometry(points.buffer(1)), zones)
    with pytest.raises(SchemaError, match="p1, field geo_radius_m: 'far'"):
        locate_in(points.assign(geo_radius_m=["5", "far"]), zones)
    with pytest.raises(InputError, match="rename_axis"):
        locate_in(points.rename_axis("zone_id"), zones)


def test_coordinate_systems_are_guarded(zones_of: Any, points_of: Any) -> None:
    zones, points = zones_of([RING]), points_of([(0, 0)])
    with pytest.raises(MissingCRSError):
        locate_in(points.set_crs(None, allow_override=True), zones)
    with pytest.raises(CRSMismatchError):
        locate_in(points.to_crs("EPSG:3857"), zones)
    with pytest.raises(CRSMismatchError):
        locate_in(points.to_crs("EPSG:4326"), zones.to_crs("EPSG:4326"))


def test_every_missing_column_is_asked_for_in_one_error(zones_of: Any, points_of: Any) -> None:
    points, zones = points_of([(0, 0)]), zones_of([shapely.box(0, 0, 1, 1)])
    bare = points.drop(columns="geo_radius_m"), zones.drop(columns="vintage")
    with pytest.raises(InputError, match=r"(?s)points: missing column geo_radius_m\..*zones: missing column vintage\."):
        locate_in(*bare)
    with pytest.raises(InputError, match=r"(?s)old: missing column vintage\..*weights: missing column population\."):
        crosswalk(bare[1], zones, weights=points)
    with pytest.raises(InputError, match=r"missing columns zone_id, relation, probability, vintage"):
        count_in(pd.DataFrame({"point_id": ["a"]}))


def test_a_table_without_geometry_is_refused(zones_of: Any) -> None:
    zones = zones_of([shapely.box(0, 0, 1, 1)])
    for bare in (
        pd.DataFrame({"name": ["a"]}),
        zones.drop(columns="geometry"),
        zones[["geometry"]].rename(columns=str.upper),
    ):
        with pytest.raises(InputError, match="points: no geometry"):
            locate_in(bare, zones)
