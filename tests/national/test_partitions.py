"""Partitions on a cluster give what one process gives, whatever dies on the way, and nothing is done twice."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
from functools import partial
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from essgeo.access import travel_cost
from essgeo.errors import PartitionError
from essgeo.gaps import area_coverage, iris_areas
from essgeo.gaps.reach import THEME_ROWS
from essgeo.geocoding import geocode
from essgeo.geocoding.ban import COLUMNS
from essgeo.geocoding.match import Local
from essgeo.national import (
    MANIFEST,
    _zones_near,
    coverage_department,
    geocode_department,
    open_partitions,
    overlay_department,
    read_partitions,
    run_partitions,
    split_by_department,
)
from essgeo.register import counted_on
from essgeo.zoning import locate_in
from essgeo.zoning.locate import WIDEST
from tests.conftest import examples

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEPARTMENTS = ("75", "93", "94")
STREETS = ("Rue de la Paix", "Avenue Gallieni", "Boulevard Voltaire", "Rue des Lilas", "Place Jean Jaurès")
WEST, SOUTH = 655_000.0, 6_860_000.0
WIDE = 2_000.0
DAY = dt.date(2026, 1, 1)
MINUTES = 4

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore:.*:UserWarning:distributed")


@pytest.fixture(scope="module")
def france(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make three departments side by side, 2 km wide: addresses, structures as typed, zones and residents."""
    folder = tmp_path_factory.mktemp("france")
    random = np.random.default_rng(7)
    (folder / "ban").mkdir()
    typed, people = [], []
    for place, department in enumerate(DEPARTMENTS):
        left = WEST + place * WIDE
        houses = pd.DataFrame(dict.fromkeys(COLUMNS, ""), index=range(400))
        houses["numero"] = random.permutation(400) + 1
        houses["nom_voie"] = random.choice(STREETS, 400)
        houses["id"] = [f"{department}001_{i}" for i in range(400)]
        houses[["code_postal", "code_insee", "nom_commune"]] = [
            f"{department}100",
            f"{department}001",
            f"Ville {place}",
        ]
        spots = gpd.GeoSeries(
            gpd.points_from_xy(left + random.uniform(0, WIDE, 400), SOUTH + random.uniform(0, 1500, 400)), crs=2154
        ).to_crs(4326)
        houses[["lon", "lat"]] = np.column_stack([spots.x, spots.y]).round(6)
        houses.to_csv(folder / "ban" / f"adresses-{department}.csv.gz", sep=";", index=False)
        chosen = houses.sample(60, random_state=place)
        wrong = random.random(60)
        typed.append(
            pd.DataFrame(
                {
                    "name": [f"Structure {i}" for i in range(60)],
                    "address": [
                        f"{number} {street.upper() if odd < 0.5 else street[:-1]}"
                        for number, street, odd in zip(chosen["numero"], chosen["nom_voie"], wrong, strict=True)
                    ],
                    "postcode": f"{department}100",
                    "city": f"Ville {place}",
                    "citycode": np.where(wrong < 0.9, f"{department}001", ""),
                    "sectors": random.choice(["mobilite", "numerique|tiers_lieu", ""], 60),
                    "challenges": "",
                    "status": random.choice(["active", "unknown", "closed"], 60),
                    "active_from": "",
                    "active_to": "",
                },
                index=[f"{department}-{i}" for i in range(60)],
            )
        )
        people.append(
            gpd.GeoDataFrame(
                {
                    "population": random.uniform(0, 50, 300),
                    "iris_code": [f"{department}001{i % 9:04}" for i in range(300)],
                    "citycode": f"{department}001",
                },
                geometry=gpd.points_from_xy(left + random.uniform(0, WIDE, 300), SOUTH + random.uniform(0, 1500, 300)),
                crs=2154,
            )
        )
    structures, demand = pd.concat(typed), pd.concat(people, ignore_index=True)
    structures.to_parquet(folder / "structures.parquet")
    demand.to_parquet(folder / "demand.parquet")
    zones = [shapely.box(WEST + WIDE - 400, SOUTH, WEST + WIDE + 300, SOUTH + 700), shapely.box(0, 0, 1000, 1000)]
    gpd.GeoDataFrame({"vintage": "2024"}, index=["QN1", "QN2"], geometry=zones, crs=2154).to_parquet(
        folder / "zones.parquet"
    )
    assert split_by_department(structures, folder / "structures") == list(DEPARTMENTS)
    assert split_by_department(demand, folder / "demand") == list(DEPARTMENTS)
    return folder


def stages(france: Path, out: Path, client: Any = None) -> dict[str, pd.DataFrame]:
    """Geocode, overlay and cover all departments."""
    located = run_partitions(
        partial(geocode_department, structures=france / "structures", ban=france / "ban", index=out / "index"),
        DEPARTMENTS,
        out / "located",
        inputs=[france / "structures", france / "ban"],
        client=client,
    )
    overlaid = run_partitions(
        partial(overlay_department, structures=out / "located", zones=france / "zones.parquet"),
        DEPARTMENTS,
        out / "zones",
        inputs=[*located, france / "zones.parquet"],
        client=client,
    )
    covered = run_partitions(
        partial(
            coverage_department, demand=france / "demand", structures=tuple(located), as_of=DAY, within_minutes=MINUTES
        ),
        DEPARTMENTS,
        out / "covered",
        inputs=[*located, france / "demand"],
        client=client,
    )
    return {
        name: read_partitions(files)
        for name, files in (("located", located), ("zones", overlaid), ("covered", covered))
    }


@pytest.fixture(scope="module")
def alone(france: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    """What one process finds, department by department."""
    return stages(france, tmp_path_factory.mktemp("alone"))


@pytest.fixture
def cluster() -> Iterator[Any]:
    from distributed import Client, LocalCluster  # noqa: PLC0415 - slow to import, few tests need it

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs="CRITICAL"
        ) as workers,
        Client(workers) as client,
    ):
        yield client


def assert_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    assert_geodataframe_equal(one["located"], other["located"])
    assert_frame_equal(one["zones"], other["zones"])
    assert_frame_equal(one["covered"], other["covered"])


def test_departments_give_what_one_call_over_the_country_gives(
    france: Path, alone: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    structures, demand = pd.read_parquet(france / "structures.parquet"), gpd.read_parquet(france / "demand.parquet")
    located = geocode(structures, using=Local.read(sorted((france / "ban").iterdir()), tmp_path))
    assert located["geo_status"].value_counts()["located"] > 100
    assert_geodataframe_equal(alone["located"], located, check_dtype=False)
    zones = locate_in(located, gpd.read_parquet(france / "zones.parquet"))
    assert zones["relation"].nunique() >= 2
    assert_frame_equal(alone["zones"].reset_index(drop=True), zones, check_dtype=False)
    counted = located[located.geometry.notna() & counted_on(located, DAY)]
    cost = travel_cost(demand, counted, max_minutes=MINUTES)
    everything = np.ones(len(THEME_ROWS), dtype=bool)
    whole = area_coverage(counted, iris_areas(demand), cost, within_minutes=MINUTES, offered=everything)
    assert 0 < whole["share"].mean() < 1
    assert_frame_equal(alone["covered"].reset_index(drop=True), whole, check_dtype=False)


def test_neighbours_of_the_next_department_count(france: Path, alone: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """Without the departments around, fewer are within reach: what the widened box is for."""
    only = run_partitions(
        partial(geocode_department, structures=france / "structures", ban=france / "ban", index=tmp_path / "index"),
        ["93"],
        tmp_path / "located",
    )
    inside = coverage_department("93", demand=france / "demand", structures=only, as_of=DAY, within_minutes=MINUTES)
    everywhere = alone["covered"][alone["covered"]["iris_code"].str.startswith("93")]
    assert inside["reached"].sum() < everywhere["reached"].sum()


@pytest.mark.parametrize(("department", "crs", "at"), [("93", 2154, (2.4, 48.9)), ("974", 2975, (55.5, -21.1))])
def test_a_department_is_measured_in_its_own_metres(
    department: str, crs: int, at: tuple[float, float], tmp_path: Path
) -> None:
    """In Lambert-93 a metre on La Réunion is many: 100 m to the east would not be 100 m there."""
    east = 100 / (111_195 * np.cos(np.radians(at[1])))
    table = pd.DataFrame({"name": ["a", "b"], "citycode": f"{department}100"[:5], "address": "", "city": ""})
    table = table.assign(postcode="", longitude=[at[0], at[0] + east], latitude=at[1])
    split_by_department(table, tmp_path)
    found = geocode_department(department, structures=tmp_path, ban=tmp_path / "none", index=tmp_path / "index")
    assert found.crs.to_epsg() == crs
    assert found.geometry.iloc[0].distance(found.geometry.iloc[1]) == pytest.approx(100, rel=0.01)


def slow_until_killed(department: str, *, france: Path, out: Path, done: Path) -> gpd.GeoDataFrame:
    """Geocode a department; the worker that takes the second one dies half-way, once."""
    found = geocode_department(department, structures=france / "structures", ban=france / "ban", index=out / "index")
    (done / f"{department}-{os.getpid()}").touch()
    if department == DEPARTMENTS[1] and not (done / "killed").exists():
        (done / "killed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return found


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_worker_killed_half_way_changes_nothing(
    france: Path, alone: dict[str, pd.DataFrame], tmp_path: Path, cluster: Any
) -> None:
    (tmp_path / "done").mkdir()
    work = partial(slow_until_killed, france=france, out=tmp_path, done=tmp_path / "done")
    files = run_partitions(work, DEPARTMENTS, tmp_path / "killed", client=cluster)
    assert (tmp_path / "done" / "killed").exists()
    assert len(list((tmp_path / "done").glob(f"{DEPARTMENTS[1]}-*"))) == 2
    assert_geodataframe_equal(read_partitions(files), alone["located"])
    assert not list((tmp_path / "killed").glob(".*.parquet*"))
    assert_same(stages(france, tmp_path, cluster), alone)
    lazy = open_partitions(files)
    assert lazy.npartitions == len(DEPARTMENTS)
    assert (
        lazy["geo_status"].value_counts().compute().to_dict() == alone["located"]["geo_status"].value_counts().to_dict()
    )


def counting(key: str, *, folder: Path) -> pd.DataFrame:
    """Note each call; fail for a key as long as its stone lies in the way."""
    with (folder / "calls").open("a", encoding="utf-8") as calls:
        calls.write(f"{key} ")
    if (folder / f"stone-{key}").exists():
        message = "there is a stone"
        raise ValueError(message)
    return pd.DataFrame({"key": [key] * 3, "value": [1.5, float("nan"), 2.5]})


def calls(folder: Path) -> list[str]:
    made = (folder / "calls").read_text(encoding="utf-8").split()
    (folder / "calls").write_text("", encoding="utf-8")
    return made


def test_a_failed_partition_alone_is_done_again(tmp_path: Path) -> None:
    work, out = partial(counting, folder=tmp_path), tmp_path / "out"
    (tmp_path / "stone-b").touch()
    with pytest.raises(PartitionError, match=r"1 of 3 partitions failed: b \(ValueError: there is a stone\)"):
        run_partitions(work, ["a", "b", "c"], out)
    assert calls(tmp_path) == ["a", "b", "c"]
    (tmp_path / "stone-b").unlink()
    files = run_partitions(work, ["a", "b", "c"], out)
    assert calls(tmp_path) == ["b"]
    assert read_partitions(files)["key"].tolist() == [*"aaabbbccc"]
    assert list(json.loads((out / MANIFEST).read_text(encoding="utf-8"))["parts"]) == ["a", "b", "c"]


def test_a_damaged_or_lost_file_and_a_changed_input_are_done_again(tmp_path: Path) -> None:
    work, out, table = partial(counting, folder=tmp_path), tmp_path / "out", tmp_path / "input.csv"
    table.write_text("1", encoding="utf-8")
    first = run_partitions(work, ["a", "b", "c"], out, inputs=[table])
    first[0].write_bytes(first[0].read_bytes()[:-4])
    first[1].unlink()
    calls(tmp_path)
    run_partitions(work, ["a", "b", "c"], out, inputs=[table])
    assert calls(tmp_path) == ["a", "b"]
    table.write_text("2, changed", encoding="utf-8")
    run_partitions(work, ["a", "b", "c"], out, inputs=[table])
    assert calls(tmp_path) == ["a", "b", "c"]
    (out / MANIFEST).write_text("{", encoding="utf-8")
    run_partitions(work, ["a"], out, inputs=[table])
    assert calls(tmp_path) == ["a"]


def test_a_run_killed_between_two_partitions_goes_on(tmp_path: Path) -> None:
    """What a coordinator that dies leaves: files without a manifest entry, drafts, and a manifest of what was done."""
    work, out = partial(counting, folder=tmp_path), tmp_path / "out"
    run_partitions(work, ["a"], out)
    (out / "b.parquet").write_bytes(b"half")
    (out / ".c.parquet.123").write_bytes(b"half")
    calls(tmp_path)
    files = run_partitions(work, ["a", "b", "c"], out)
    assert calls(tmp_path) == ["b", "c"]
    assert len(read_partitions(files)) == 9


def test_overseas_layers_come_together_in_degrees(tmp_path: Path) -> None:
    for code, name in ((2154, "75"), (2975, "974")):
        frame = gpd.GeoDataFrame(
            geometry=gpd.points_from_xy([2.3 if code == 2154 else 55.5], [48.8 if code == 2154 else -21.1]), crs=4326
        )
        frame.to_crs(code).to_parquet(tmp_path / f"{name}.parquet")
    both = read_partitions([tmp_path / "75.parquet", tmp_path / "974.parquet"])
    assert isinstance(both, gpd.GeoDataFrame)
    assert both.crs == "EPSG:4326"
    assert both.geometry.x.round(3).tolist() == [2.3, 55.5]


@pytest.mark.parametrize(
    ("citycode", "postcode", "department"),
    [
        ("93010", "", "93"),
        ("2B033", "", "2B"),
        ("", "97410", "974"),
        ("", "20000", "00"),
        ("x", "", "00"),
        ("", "75011", "75"),
    ],
)
def test_the_department_of_a_row(citycode: str, postcode: str, department: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"citycode": [citycode], "postcode": [postcode]})
    assert split_by_department(table, tmp_path) == [department]


def test_a_department_without_any_located_structure(france: Path, tmp_path: Path) -> None:
    lost = pd.read_parquet(france / "structures" / "93.parquet").assign(address="nulle part")
    lost.to_parquet(tmp_path / "93.parquet")
    options = {"structures": tmp_path, "ban": france / "ban", "index": tmp_path / "index"}
    located = run_partitions(partial(geocode_department, **options), ["93"], tmp_path / "located")
    assert gpd.read_parquet(located[0]).geometry.isna().all()
    zones = overlay_department("93", structures=tmp_path / "located", zones=france / "zones.parquet")
    assert (zones["relation"] == "unknown").all()
    assert len(zones) == len(lost)
    covered = coverage_department("93", demand=france / "demand", structures=located, as_of=DAY)
    assert (covered["share"] == 0).all()
    assert covered["residents"].sum() > 0


@given(st.integers(0, 10_000), st.sampled_from([100.0, 700.0, 5_000.0]))
@examples(30)
def test_zones_cut_for_a_department_give_the_rows_of_all_zones(seed: int, tile: float) -> None:
    random = np.random.default_rng(seed)
    corners = random.uniform(-20_000, 20_000, (40, 2))
    sides = random.uniform(50, 3_000, (40, 2))
    zones = gpd.GeoDataFrame(
        {"vintage": "2024"}, index=range(40), geometry=shapely.box(*corners.T, *(corners + sides).T), crs=2154
    ).rename_axis("zone")
    xy = random.uniform(0, 6_000, (25, 2))
    points = gpd.GeoDataFrame({"geo_radius_m": random.choice([0.0, 30.0, 2_000.0], 25)}, crs=2154,
                              geometry=gpd.points_from_xy(*xy.T))  # fmt: skip
    reach = max(500.0, WIDEST * points["geo_radius_m"].max())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("essgeo.national.TILE_M", tile)
        cut = _zones_near(points, zones, reach)
    assert_frame_equal(locate_in(points, cut), locate_in(points, zones))
