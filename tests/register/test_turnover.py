"""What two registers say of a place, case by case, and that each side counts it as it should."""

from __future__ import annotations

import datetime as dt
from typing import Any

import geopandas as gpd
import pytest
from shapely import Point

from essgeo.register.turnover import changed_places
from essgeo.schema.vocabulary import PLACE_CHANGES

DAYS = (dt.date(2025, 1, 1), dt.date(2026, 1, 1))
HOME = {
    "name": "Le Fournil", "address": "1 rue A", "city": "Bondy", "citycode": "93010", "status": "active",
    "active_from": "", "active_to": "", "counted": True, "geo_radius_m": 85.0, "siret": "", "sectors": "", "source": "",
    "challenges": "", "as_of": "2024", "geo_status": "located",
}  # fmt: skip
HERE, FAR = Point(660_000, 6_867_000), Point(661_000, 6_867_000)
OTHER = HOME | {"name": "La Roue", "address": "9 rue B"}


def register(*rows: dict[str, Any]) -> gpd.GeoDataFrame:
    """Structures; ``at`` is where each is, ``id`` its identifier."""
    table = [HOME | {"id": "fournil", "at": HERE} | row for row in rows]
    layer = gpd.GeoDataFrame(table, geometry=[row["at"] for row in table], crs=2154)
    return layer.drop(columns="at").set_index("id").rename_axis("structure_id")


CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], str, list[tuple[bool, bool]]]] = {
    # Earlier rows, later rows, what is said, and of each row of both sides whether it counts before and after.
    "the same": ([{}], [{}], "", [(True, True)]),
    "another identifier, the same name and address": ([{}], [{"id": "x"}], "", [(True, True)]),
    "the same SIRET": (
        [{"siret": "12345678900011", "address": ""}],
        [{"siret": "12345678900011", "address": "", "id": "x", "name": "Fournil, le"}],
        "",
        [(True, True)],
    ),
    "opened since": ([], [{"active_from": "2025-06"}], "opened", [(False, True)]),
    "listed before it opened": (
        [{"active_from": "2025-06", "counted": False}], [{"active_from": "2025-06"}], "opened", [(False, True)],
    ),
    "new, and nothing says since when": ([], [{}], "listed", [(False, True)]),
    "open already": ([], [{"active_from": "2019"}], "already_open", [(True, True)]),
    "closed": ([{}], [{"status": "closed", "counted": False}], "closed", [(True, False)]),
    "closed since": (
        [{}], [{"status": "closed", "active_to": "2025-06", "counted": False}], "closed", [(True, False)],
    ),
    "closed already": ([{}], [{"status": "closed", "active_to": "2019", "counted": False}], "already_closed", []),
    "no longer listed": ([{}], [], "delisted", [(True, False)]),
    "no longer listed, its end told": ([{"active_to": "2025-06"}], [], "closed", [(True, False)]),
    "moved": ([{}], [{"address": "8 rue Z", "at": FAR}], "moved", [(False, True), (True, False)]),
    "moved to another commune, no one knows where": (
        [{}], [{"address": "", "city": "Pantin", "citycode": "93055", "at": None}], "moved",
        [(False, True), (True, False)],
    ),
    "another number next door": ([{}], [{"address": "3 rue A", "at": Point(660_060, 6_867_000)}], "", [(True, True)]),
    "the same address, found elsewhere": ([{}], [{"at": FAR}], "located", [(True, True)]),
    "found at last": ([{"at": None}], [{}], "located", [(True, True)]),
    "never counted": ([{"counted": False}], [{"counted": False}], "", []),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_place_is_what_both_registers_say_of_it(case: str) -> None:
    earlier, later, said, counts = CASES[case]
    rest = {**OTHER, "id": "roue", "at": FAR}  # neither register is empty
    places, sides = changed_places(register(rest, *earlier), register(rest, *later), DAYS)
    assert places["place_change"].tolist() == ([said] if said else [])
    assert list(zip(sides.before, sides.after, strict=True)) == [(True, True), *counts]
    assert len(sides.structures) == len(sides.years) == len(sides.verified) == 1 + len(counts)
    assert {CASES[name][2] for name in CASES} - {""} == set(PLACE_CHANGES)
    if said == "moved":
        assert sides.same.tolist() == [0, 1, 1], "it exists in both of its places or in none"
        assert places["was"].iloc[0] == HERE
    if said in {"closed", "delisted"}:
        assert places.geometry.iloc[0] is None
        assert places["was"].iloc[0] == HERE


def test_of_one_day_a_place_that_is_new_is_listed_whenever_it_opened() -> None:
    rest = {**OTHER, "id": "roue"}
    places, sides = changed_places(register(rest), register(rest, {"active_from": "2019"}), (DAYS[1], DAYS[1]))
    assert places["place_change"].tolist() == ["listed"]
    assert (sides.before.tolist(), sides.after.tolist()) == ([True, False], [True, True])


def test_a_place_seen_again_is_not_less_sure_on_the_side_where_it_was_seen_long_ago() -> None:
    places, sides = changed_places(register({"as_of": "2020"}), register({"as_of": "2026-01-01"}), DAYS)
    assert places.empty
    assert sides.years.tolist() == [0.0]
