"""Whether a structure counts on a day, known answers."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from essgeo import choose_sites, coverage, find_gaps, gather_areas, locate_in, travel_cost
from essgeo.errors import InputError
from essgeo.national import coverage_department
from essgeo.register import counted_on, located_here, portrait, portrait_by_area
from essgeo.siting import Assumptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def counts(status: str, start: str, end: str, day: str) -> bool:
    table = pd.DataFrame({"status": [status], "active_from": [start], "active_to": [end]}, index=["x"])
    answer = counted_on(table, dt.date.fromisoformat(day))
    assert answer.index.tolist() == ["x"]
    return bool(answer["x"])


@pytest.mark.parametrize(
    ("status", "start", "end", "day", "expected"),
    [
        ("active", "", "", "2026-01-01", True),
        ("unknown", "", "", "2026-01-01", True),
        ("closed", "", "", "2026-01-01", False),
        ("moved", "", "", "2026-01-01", False),
        ("closed", "2020", "2030", "2026-01-01", False),
        ("active", "2026", "", "2025-12-31", False),
        ("active", "2026", "", "2026-01-01", True),
        ("active", "2026-03", "", "2026-02-28", False),
        ("active", "2026-03", "", "2026-03-01", True),
        ("active", "2026-03-15", "", "2026-03-14", False),
        ("active", "2026-03-15", "", "2026-03-15", True),
        ("active", "", "2026", "2026-12-31", True),
        ("active", "", "2026", "2027-01-01", False),
        ("active", "", "2026-03", "2026-03-31", True),
        ("active", "", "2026-03", "2026-04-01", False),
        ("active", "", "2026-03-15", "2026-03-15", True),
        ("active", "", "2026-03-15", "2026-03-16", False),
        ("active", "2026-03", "2026-03", "2026-03-31", True),
    ],
)
def test_known_answers(status: str, start: str, end: str, day: str, *, expected: bool) -> None:
    assert counts(status, start, end, day) is expected


@given(day=st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)), start=st.dates(), end=st.dates())
def test_full_dates_are_compared_as_dates(day: dt.date, start: dt.date, end: dt.date) -> None:
    assert counts("active", start.isoformat(), end.isoformat(), day.isoformat()) is (start <= day <= end)


DAY = dt.date(2026, 6, 1)
ENDED = {"status": "active", "active_from": "", "active_to": "2025"}


@pytest.mark.parametrize(
    ("columns", "day", "expected"),
    [
        ({}, DAY, True),
        ({"active_to": "2025"}, DAY, False),
        ({"active_from": "2027"}, DAY, False),
        ({"status": "closed"}, DAY, False),
        ({"status": None, "active_from": None, "active_to": None}, DAY, True),
        ({"active_to": 2025.0}, DAY, False),
        ({"active_to": 2026}, DAY, True),
        ({"active_to": pd.Timestamp(2025, 12, 31)}, DAY, False),
        ({"counted": True}, DAY, True),
        ({"counted": False}, None, False),
        ({"counted": None}, None, False),
        ({"counted": "False"}, None, False),
        ({"counted": "True"}, None, True),
        ({"counted": 0.0}, None, False),
        (ENDED, None, False),
        (ENDED | {"counted": True}, None, True),
        (ENDED | {"counted": True}, DAY, False),
    ],
)
def test_a_table_with_or_without_the_column_of_a_study(
    columns: dict[str, object], day: dt.date | None, *, expected: bool
) -> None:
    assert counted_on(pd.DataFrame(columns, index=["x"]), day).tolist() == [expected]


@pytest.mark.parametrize("wrong", [{"active_to": "31/12/2025"}, {"active_from": "septembre"}, {"counted": "peut-être"}])
def test_what_cannot_be_read_is_an_error(wrong: dict[str, str]) -> None:
    with pytest.raises(InputError, match=rf"column '{next(iter(wrong))}': '{next(iter(wrong.values()))}'.*\(x\)"):
        counted_on(pd.DataFrame(wrong, index=["x"]))


def test_located_structures_need_no_more_than_a_point() -> None:
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy([0, 1], [0, 1]), crs=2154)
    assert located_here(points).all()
    assert not located_here(points.assign(**ENDED)).any()


HOMES = gpd.GeoDataFrame(
    {
        "population": [100.0],
        "income": [20_000.0],
        "iris_code": ["930100101"],
        "citycode": ["93010"],
        "neighbourhood_id": ["noue"],
        "method": ["grid"],
    },
    geometry=gpd.points_from_xy([0], [0]),
    crs=2154,
)
TARGETS = gpd.GeoDataFrame({"name": ["La Noue"]}, index=["noue"], geometry=gpd.points_from_xy([0], [0]), crs=2154)
PREMISES = gpd.GeoDataFrame(
    dict.fromkeys(("city", "available_from", "available_to", "state"), "")
    | {"name": ["A"], "kind": "premises", "surface_m2": 100.0, "ground_floor": "yes"},
    index=["a"],
    geometry=gpd.points_from_xy([50], [0]),
    crs=2154,
)


def places(**columns: object) -> gpd.GeoDataFrame:
    """One place, a minute away from the homes."""
    texts = {
        "name": "Le Fournil",
        "city": "Bondy",
        "citycode": "93010",
        "family": "cooperative",
        "siren": "",
        "sectors": "mobilite",
        "challenges": "",
        "roles": "",
        "support_stages": "",
        "status": "active",
        "active_from": "",
        "active_to": "",
        "geo_status": "located",
        "geo_radius_m": 0.0,
    }
    index = pd.Index(["s"], name="structure_id")
    return gpd.GeoDataFrame(texts | columns, index=index, geometry=gpd.points_from_xy([60], [0]), crs=2154)


def found_by_gaps(structures: gpd.GeoDataFrame, day: dt.date | None) -> bool:
    gaps = find_gaps(HOMES, structures, TARGETS, draws=0, as_of=day)
    return bool((gaps.loc[gaps["theme"] == "mobilite", "out_of_reach"] == 0).all())


def found_by_coverage(structures: gpd.GeoDataFrame, day: dt.date | None) -> bool:
    cost = travel_cost(HOMES, structures)
    areas = gather_areas(HOMES, territory="t", communes=NOWHERE, neighbourhoods=TARGETS, qpv=NOWHERE)
    table = coverage(HOMES, structures, areas, cost, draws=0, as_of=day)
    return bool((table.loc[table["theme"] == "mobilite", "share"] == 1).all())


def found_by_choice_of_sites(structures: gpd.GeoDataFrame, day: dt.date | None) -> bool:
    asked = {"count": 1, "sector": "mobilite", "within_minutes": 5, "assumptions": Assumptions(draws=0)}
    return choose_sites(HOMES, PREMISES, structures=structures, as_of=day, **asked).reached_before == 100


def found_by_portrait(structures: gpd.GeoDataFrame, day: dt.date | None) -> bool:
    nothing = pd.DataFrame({"scope": [], "year": [], "key": [], "value": []}, dtype=str)
    table = portrait(structures.assign(counted=counted_on(structures, day)), nothing, scope="t").set_index("family")
    return bool(table.loc["total", "register_counted"] == table.loc["total", "register_located"] == 1)


def found_by_portrait_of_areas(structures: gpd.GeoDataFrame, day: dt.date | None) -> bool:
    qpv = gpd.GeoDataFrame({"vintage": []}, geometry=[], crs=2154)
    bondy = pd.DataFrame({"name": ["Bondy"]}, index=["93010"])
    flagged = structures.assign(counted=counted_on(structures, day))
    table = portrait_by_area(
        flagged, locate_in(structures, qpv), territory="t", communes=bondy, qpv=bondy.iloc[:0].assign(vintage="")
    )
    return bool(table["establishments"].sum() == 4)


NOWHERE = TARGETS.iloc[:0].assign(vintage="")
PUBLIC = [found_by_gaps, found_by_coverage, found_by_choice_of_sites, found_by_portrait, found_by_portrait_of_areas]


@pytest.mark.parametrize("found", PUBLIC)
@pytest.mark.parametrize(
    ("columns", "day", "expected"),
    [
        ({}, DAY, True),
        ({"active_to": "2025"}, DAY, False),
        ({"active_to": "2025"}, None, False),
        ({"active_from": "2027"}, DAY, False),
        ({"status": "closed"}, DAY, False),
        ({"status": "unknown"}, DAY, True),
        ({"counted": False}, None, False),
        ({"counted": True, "active_to": "2025"}, None, True),
        ({"counted": True, "active_to": "2025"}, DAY, False),
    ],
)
def test_every_function_counts_the_same_structures(
    found: Callable[..., bool], columns: dict[str, object], day: dt.date | None, *, expected: bool
) -> None:
    assert found(places(**columns), day) is expected


def test_a_department_counts_the_same_structures(tmp_path: Path) -> None:
    HOMES.to_parquet(tmp_path / "93.parquet")
    for number, (columns, share) in enumerate([({}, 1), ({"active_to": "2025"}, 0), ({"status": "closed"}, 0)]):
        file = tmp_path / f"places-{number}.parquet"
        places(**columns).to_parquet(file, write_covering_bbox=True)
        table = coverage_department("93", demand=tmp_path, structures=[file], as_of=DAY)
        assert (table.loc[table["theme"] == "mobilite", "share"] == share).all()


def test_a_day_may_be_text() -> None:
    table = pd.DataFrame({"status": ["active"] * 2, "active_from": ["2026-09-30", ""], "active_to": ["", "2026-08"]})
    noon = dt.datetime(2026, 9, 30, 12, tzinfo=dt.UTC)
    for day in (noon.date(), noon, "2026-09-30", "30/09/2026", "2026-09", "09/2026"):
        assert counted_on(table, day).tolist() == [True, False]
    assert counted_on(table, "2026-08-31").tolist() == [False, True]
    for wrong in ("2026-13", "31/02/2026", "demain", ""):
        with pytest.raises(InputError, match="is not a date such as"):
            counted_on(table, wrong)
